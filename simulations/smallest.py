"""The smallest season that still shows something, and its story in a few lines.

When two reckonings differ over three hundred entries, nobody sees why; over twelve, everybody does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model import events as e
from model.codec import Unreadable
from model.entry import Entry

_ALWAYS_KEPT: Final = (
    *(e.GroupDescribed, e.ConstitutionAdopted, e.CycleOpened, e.OfficerElected),
    *(e.MemberAdded, e.MeetingOpened),
)


def without(entries: list[Entry], gone: set[bytes]) -> list[Entry]:
    """The entries but for some, as if those had never been written."""
    return [
        entry._replace(past=frozenset(_known(entry) - gone))
        for entry in entries
        if entry.id not in gone
    ]


def _known(entry: Entry) -> frozenset[bytes]:
    assert isinstance(entry.past, frozenset), "only pasts that can be listed can be made smaller"
    return entry.past


def smallest(entries: list[Entry], shows: Callable[[list[Entry]], bool]) -> list[Entry]:
    """Leave out what is not needed for `shows` to stay true; the founding and the meetings stay."""
    kept = {entry.id for entry in entries if isinstance(entry.event, _ALWAYS_KEPT)}
    size = max(1, len(entries) // 2)
    while size:
        at = len(entries)
        while at > 0:
            gone = {entry.id for entry in entries[max(0, at - size) : at]} - kept
            fewer = without(entries, gone) if gone else entries
            if gone and shows(fewer):
                entries = fewer
            at -= size
        size //= 2
    return entries


def story(entries: list[Entry]) -> str:
    """A line an entry: who wrote what, and which earlier entries the author did not know."""
    numbers = {entry.id: f"#{number}" for number, entry in enumerate(entries, 1)}
    titles = {
        entry.event.person: entry.event.title
        for entry in entries
        if isinstance(entry.event, e.OfficerElected)
    }
    lines = []
    for at, entry in enumerate(entries):
        if isinstance(entry.event, _ALWAYS_KEPT):
            continue
        apart = [numbers[other.id] for other in entries[:at] if other.id not in entry.past]
        unknown = f"  (did not know {' '.join(apart)})" if apart else ""
        who = titles.get(entry.person, "somebody")
        held = " (held)" if entry.held else ""
        lines.append(f"{numbers[entry.id]} {who}{held}: {_told(entry, numbers)}{unknown}")
    return "\n".join(lines)


def _told(entry: Entry, numbers: dict[bytes, str]) -> str:
    event = entry.event
    if isinstance(event, Unreadable):
        return f"something unreadable ({event.kind})"
    values = [
        f"{field}={numbers.get(value, value) if isinstance(value, bytes) else value}"
        for field in event.__struct_fields__
        if (value := getattr(event, field)) not in ("", b"", (), 0, e.LoanRules())
    ]
    return f"{type(event).__name__} {' '.join(values)}"
