"""Closing a meeting, sealing the close, and opening the meeting again.

A close holds exactly the entries that its author knew; closes that did not know of each other hold
what any of them knew, and say so. A close by someone who knew of one that holds changes nothing.
A close to which a second officer agrees is sealed. Officers together may reopen a meeting, unless
they knew that a later one is closed: then it takes entries again until it is closed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import agreeing
from model.approvals import propose
from model.book import Book
from model.decisions import agreed, decision, needed
from model.derived import Work
from model.entry import Entry, Past
from model.journal import entry_page, reversed_by
from model.known import known_to_hold
from model.meetings import BEGUN
from model.notes import note, too_many, void
from model.pages import ClosingPage, DecisionPage, EntryPage, FindingPage, MeetingPage, Status
from model.permissions import offices_of
from model.sheets import claims_on, sheet_entries, subjects_of
from model.standing import is_gated, open_unannounced, set_late

Key = tuple[int, int]
"""Cycle and session of a meeting."""

State = Literal["open", "closed", "sealed", "reopened"]
"""Of a meeting that something was recorded in; one that is only planned has no page yet."""

CLOSES_MAX: Final = 32  # closes and reopenings of one meeting that are followed
SEAL_BY: Final = 2  # officers who seal a close, unless the constitution asks for more


def close_meeting(book: Book, entry: Entry, event: e.MeetingClosed, _keeper: bool) -> None:
    """Close a meeting: what the author did not know of becomes late."""
    name = entry.id.hex()
    key = (event.cycle, event.session)
    page = book.meetings.find(key) or open_unannounced(book, *key)
    if any(known_to_hold(book, page, close, entry.past) for close in page.closings):
        note(book, entry, "meeting.closed", "corroborating", *key, reasons=("already_closed",))
        return
    if len(page.closings) >= CLOSES_MAX:
        too_many(book, entry, "meeting.closed")
        return
    listing.add(book, BEGUN, name)
    read_out = tuple((total, amount) for total in READ_OUT if (amount := getattr(event, total)))
    book.closings.put(name, ClosingPage(left_out(book, key, entry.past), read_out))
    book.meetings.put(key, replace(page, closings=(*page.closings, name)))
    status: Status = "corroborating" if page.closes else "counted"
    note(book, entry, "meeting.closed", status, *key, subject=_about(key))
    _ask_for_seal(book, entry)
    _cover(book, key)


READ_OUT: Final = (
    "shares_minor",
    "social_minor",
    "fines_minor",
    "repaid_minor",
    "lent_minor",
    "spent_minor",
)
"""Totals that a close can read out."""


def left_out(book: Book, key: Key, past: Past) -> tuple[str, ...]:
    """Entries of a meeting that are in the book, and that an author with this past did not know."""
    recorded = (name for name, _ in sheet_entries(book, *key, subjects_of(book, *key)))
    return tuple(name for name in recorded if bytes.fromhex(name) not in past)


def _ask_for_seal(book: Book, entry: Entry) -> None:
    """Remember how many officers seal this close; it holds without them."""
    person = entry.person.hex()
    wanted = needed(book, "meeting.closed", entry.past, at_least=SEAL_BY)
    author = person if offices_of(book, person, entry.past) or wanted == 1 else ""
    book.decisions.put(entry.id.hex(), DecisionPage("meeting.closed", wanted, author, ""))


def is_sealed(book: Book, page: MeetingPage) -> bool:
    """Did enough officers agree to every close that holds?

    Closes that cover the same entries are one, so that two officers who close apart seal.
    """
    if not page.closes:
        return False
    first = entry_page(book, page.closes[0])
    about = _about((first.cycle, first.session))
    wanted = max(decision(book, close).needed for close in page.closes)
    if book.findings.find(("contested_close", about)) is None:
        return len(agreed(book, page.closes)) >= wanted
    return all(len(agreed(book, (close,))) >= wanted for close in page.closes)


def state_of(book: Book, page: MeetingPage) -> State:
    """How far a meeting has come."""
    if page.closes:
        return "sealed" if is_sealed(book, page) else "closed"
    return "reopened" if page.closings else "open"


def reopen_meeting(book: Book, entry: Entry, event: e.MeetingReopened, keeper: bool) -> None:
    """Ask officers to let a closed meeting take entries again."""
    key = (event.cycle, event.session)
    page = book.meetings.find(key)
    if page is None or not (known := _known_closes(book, page, entry.past)):
        void(book, entry, "meeting.reopened", "not_closed", text=event.reason)
        return
    if _later_closed(book, key, entry.past):
        void(book, entry, "meeting.reopened", "later_closed", text=event.reason)
        return
    if len(page.reopenings) >= CLOSES_MAX:
        too_many(book, entry, "meeting.reopened")
        return
    book.meetings.put(key, replace(page, reopenings=(*page.reopenings, entry.id.hex())))
    # To undo these closes is one request, whoever makes it; to undo others is another.
    undone = hashlib.sha256("".join(known).encode()).hexdigest()[:16]
    propose(
        book, entry, keeper, "meeting.reopened", *key, _about(key), 1, 0, "",
        slot=f"meeting.reopened {undone}", text=event.reason, targets=known,
    )  # fmt: skip


def _known_closes(book: Book, page: MeetingPage, past: Past) -> tuple[str, ...]:
    """The closes that held as far as an author knew, in an order that depends on nobody."""
    held = (close for close in page.closings if known_to_hold(book, page, close, past))
    return tuple(sorted(held))


def _later_closed(book: Book, key: Key, past: Past) -> bool:
    return any(
        other > key and _known_closes(book, page, past) for other, page in book.meetings.rows()
    )


def _about(key: Key) -> str:
    return f"{key[0]}/{key[1]}"


def _derive_closes(book: Book, about: str) -> None:
    """Which closes of a meeting hold now, and what that leaves out."""
    cycle, _, session = about.partition("/")
    _cover(book, (int(cycle), int(session)))


def _cover(book: Book, key: Key) -> None:
    """Take every entry of a meeting out of it, or back in, as its closes have it."""
    page = book.meetings.find(key)
    if page is None:
        return
    closes = _holding(book, page)
    book.meetings.put(key, replace(page, closes=closes))
    bounds = [Bound(book, name) for name in closes]
    contested = False
    for subject in subjects_of(book, *key):
        moves: dict[str, bool] = {}
        for _, _, name in claims_on(book, *key, subject):
            one = book.entries.find(name)
            if one is None or not is_gated(book, one):
                continue
            held = {bound.knew(name, one.lamport) for bound in bounds}
            contested |= len(held) > 1
            moves[name] = bool(bounds) and True not in held
        set_late(book, moves)
    finding = FindingPage(closes, cycle=key[0], session=key[1]) if contested else None
    if finding != book.findings.find(("contested_close", _about(key))):
        book.findings.put(("contested_close", _about(key)), finding)


class Bound:
    """What the author of a close or a count knew of its meeting."""

    def __init__(self, book: Book, name: str) -> None:
        self._book = book
        self._place = (entry_page(book, name).lamport, name)
        self._left_out = frozenset((book.closings.find(name) or ClosingPage()).left_out)

    def knew(self, name: str, lamport: int) -> bool:
        """Did the author know of this entry of the meeting?"""
        return (lamport, name) < self._place and name not in self._left_out

    def knew_of(self, name: str, page: EntryPage) -> bool:
        """Did the author know of this entry, or of one in the meeting that says the same?"""
        if self.knew(name, page.lamport):
            return True
        twins = agreeing(self._book, name)
        if page.kind == "entry.reversed":
            twins = list(entry_page(self._book, page.targets[0]).reversals)
        alike = ((twin, entry_page(self._book, twin)) for twin in twins)
        return any(
            self.knew(twin, one.lamport)
            for twin, one in alike
            if (one.cycle, one.session) == (page.cycle, page.session)
        )


def _holding(book: Book, page: MeetingPage) -> tuple[str, ...]:
    """The closes that no reopening undoes."""
    undone = {
        close
        for name in page.reopenings
        if (one := entry_page(book, name)).status == "counted" and not reversed_by(book, one)
        for close in one.targets
    }
    return tuple(close for close in page.closings if close not in undone)


RULES: Final = {e.MeetingClosed: close_meeting, e.MeetingReopened: reopen_meeting}
WORK: Final[Mapping[str, Work]] = {"meeting.reopened": _derive_closes}
