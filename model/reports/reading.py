"""One reading of the history for a report: every entry once, with its day and whether it counts.

A report is about days, and the history is in the order that all phones share; both are kept here.
Entries come in the shared order. An entry counts when it stands and nobody took it back; what a
rival, an entry that waits or a reversal says is in the audit trail and not in a report's figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from model.agreement import meeting_of
from model.book import Book
from model.history import day_of, entries_in_order, journal
from model.journal import reversed_by
from model.journal_entry import JournalEntry
from model.pages import NO_MEETING, EntryPage
from model.views import is_withheld

Plain = dict[str, Any]
Key = tuple[int, int]
"""Cycle and session of a meeting."""


class Told(NamedTuple):
    """An entry of the history: `place` in the shared order, ISO `day`, and whether it counts.

    `key`: the meeting that it belongs to, see `meeting`. A late entry belongs to the meeting in
    which officers accepted it.
    """

    place: int
    name: str
    page: EntryPage
    day: str
    key: Key
    counts: bool

    @property
    def meeting(self) -> Key | None:
        """The meeting that it belongs to, if any."""
        return None if NO_MEETING in self.key else self.key


class Reading(NamedTuple):
    """A book read for a report; `withheld`: amounts must not be shown, see views.py."""

    book: Book
    told: tuple[Told, ...]
    entries: tuple[JournalEntry, ...]
    withheld: bool


def read(book: Book) -> Reading:
    """Read the whole history once."""
    told = tuple(
        Told(
            place,
            name,
            page,
            day_of(book, name, page),
            meeting_of(book, name, page),
            _counts(book, page),
        )
        for place, (name, page) in enumerate(entries_in_order(book))
    )
    return Reading(book, told, tuple(journal(book)), is_withheld(book))


def _counts(book: Book, page: EntryPage) -> bool:
    return page.status == "counted" and not reversed_by(book, page)


def currency_of(book: Book) -> Plain:
    """The currency that amounts are in, and its digits after the point."""
    group = book.group.find("group")
    if group is None:
        return {"currency": "", "exponent": 0}
    return {"currency": group.currency, "exponent": group.exponent}


def withheld_if(withheld: bool, plain: Plain) -> Plain:
    """The same report with every amount and everything worked out of amounts as None."""
    return _withheld(plain) if withheld else plain


_WORKED_OUT = frozenset(
    {"shares", "value", "numerator", "denominator", "text", "score", "points", "good", "total"}
)


def _withheld(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: None if key.endswith("_minor") or key in _WORKED_OUT else _withheld(inner)
            for key, inner in value.items()
        }
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_withheld(inner) for inner in value]
    return value
