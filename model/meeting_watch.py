"""What is missing or odd in the newest meetings, worked out when it is shown.

Keys, quorum, votes and totals depend on all that is known of a meeting, so that they are judged
over the union of what every phone wrote down, and nothing depends on who wrote first. Only the
newest meetings are looked at: what was left in older ones was read out long ago.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from model.actions import open_actions
from model.book import Book
from model.claims import DISPUTES
from model.closing import READ_OUT, Bound
from model.counts import newest_meetings, watch_counts
from model.decisions import DECISIONS
from model.journal import entry_page, reversed_by
from model.meetings import jumped
from model.members import kept_member
from model.offices import officers
from model.pages import ClosingPage, EntryPage, FindingPage, MeetingPage
from model.postings import Posted, Postings
from model.resolutions import resolutions_of
from model.sheets import sheet_entries, subjects_of

Key = tuple[int, int]
"""Cycle and session."""
Row = tuple[str, EntryPage]
Seen = tuple[str, str, FindingPage]

MEETINGS_MAX: Final = 4  # newest meetings that are looked at
STAND_IN: Final = 2  # so many more members open a meeting when no officer brought a key
_DISPUTED: Final = frozenset({*DISPUTES.values(), "disputed_amount", "disputed_entry"}) - {
    "contested_verdict",  # about another meeting than the one in which they were recorded
    "contested_resolution",
}
_DECIDES: Final = frozenset({*DECISIONS, "loan.approved", "resolution.recorded"})


def watch_meetings(book: Book) -> Iterator[Seen]:
    """Everything that is odd in the newest meetings, and actions whose day is over."""
    meetings, postings = newest_meetings(book, MEETINGS_MAX), Postings(book)
    keys = [key for key, _ in meetings]
    for key, page in meetings:
        rows = list(sheet_entries(book, *key, subjects_of(book, *key)))
        yield from _opening(book, key, page)
        yield from _voting(book, key, page, rows)
        yield from _closing(book, key, page, postings)
    yield from _reopened(book, keys)
    yield from _closed_in_dispute(book)
    yield from _overdue(book, keys)


def _opening(book: Book, key: Key, page: MeetingPage) -> Iterator[Seen]:
    about = f"{key[0]}/{key[1]}"
    if not enough_keys(book, page):
        amounts = (len(page.keys), page.keys_wanted)
        yield "too_few_keys", about, FindingPage(page.opened, "", *key, amounts)
    left_out = jumped(book, key)
    if left_out:
        words = ", ".join(item.replace("_", " ") for item in left_out)
        yield "agenda_jumped", about, FindingPage((), "", *key, detail=words)


def enough_keys(book: Book, page: MeetingPage) -> bool:
    """Were there keys enough to open the meeting, on all phones together?

    So many officers' keys as the constitution asks for, or two more members, or every active member
    of a small group: the rule of three padlocks, three officials or five members, of village
    savings and loan associations (VSL Associates' method; and the meeting rule of Intelli-Cash).
    Where no officer is known as a member every key is an officer's.
    """
    wanted, keys = page.keys_wanted, {kept_member(book, key) for key in page.keys}
    if not wanted or not page.opened:
        return True
    named = {
        kept_member(book, member)
        for person in officers(book, None)
        if (known := book.persons.find(person)) is not None
        for _, member in known.named
    }
    brought = len(keys & named) if named else len(keys)
    return brought >= wanted or len(keys) >= min(wanted + STAND_IN, _active(book))


def _active(book: Book) -> int:
    """How many members are active now."""
    return sum(
        page.status == "active" and not page.merged_into and not page.exited
        for _, page in book.members.rows()
    )


def present_in(book: Book, rows: Sequence[Row]) -> set[str]:
    """The members who came themselves."""
    return {
        kept_member(book, page.subject)
        for _, page in rows
        if page.kind == "attendance.marked"
        and page.status == "counted"
        and page.detail in ("present", "late")
    }


def _voting(book: Book, key: Key, page: MeetingPage, rows: Sequence[Row]) -> Iterator[Seen]:
    """Decisions without a quorum, and resolutions with more votes than members who came."""
    present, about = len(present_in(book, rows)), f"{key[0]}/{key[1]}"
    decided = tuple(
        name for name, one in rows if one.kind in _DECIDES and one.status in ("counted", "suspense")
    )
    active = _active(book)
    if decided and present * 100 < page.quorum_percent * active:
        amounts = (present, -(-page.quorum_percent * active // 100))
        yield "no_quorum", about, FindingPage(decided[:16], "", *key, amounts)
    for one in resolutions_of(book, key):
        if one.votes > present:
            values = FindingPage((one.name,), "", *key, (one.votes, present))
            yield "votes_exceed_present", one.name, values


def _closing(book: Book, key: Key, page: MeetingPage, postings: Postings) -> Iterator[Seen]:
    """Totals that were read out otherwise than the books have them."""
    for close in page.closes:
        read_out = dict((book.closings.find(close) or ClosingPage()).read_out)
        totals = _totals(postings.of(key), Bound(book, close))
        for total, amount in totals.items() if read_out else ():
            if read_out.get(total, 0) != amount:
                amounts = (read_out.get(total, 0), amount)
                about = f"{close}.{total}"
                yield "close_differs", about, FindingPage((close,), "", *key, amounts, total)


_ADDED: Final = dict(
    zip(
        (
            "share.purchased",
            "social.contributed",
            "fine.paid",
            "loan.repaid",
            "loan.disbursed",
            "expense.paid",
        ),
        READ_OUT,
        strict=True,
    )
)
"""Kinds of money, and the total that it is part of."""


def _totals(posted: Iterable[Posted], bound: Bound) -> dict[str, int]:
    """What the books have for each total that a close could read out; reversals are taken off."""
    totals = dict.fromkeys(READ_OUT, 0)
    for name, page, part, own in posted:
        if not own or not bound.knew_of(name, page):
            continue
        if page.kind in _ADDED:
            totals[_ADDED[page.kind]] += page.amount * part.weight
        elif page.kind == "entry.reversed" and page.detail in _ADDED:
            totals[_ADDED[page.detail]] -= page.amount * part.weight
    return totals


def _reopened(book: Book, keys: Sequence[Key]) -> Iterator[Seen]:
    """A meeting that is open again although a later one is closed."""
    closed = [key for key in keys if (page := book.meetings.find(key)) is not None and page.closes]
    for key in keys:
        page = book.meetings.find(key)
        if (
            page is not None
            and page.closings
            and not page.closes
            and max(closed, default=key) > key
        ):
            yield "reopened_behind", f"{key[0]}/{key[1]}", FindingPage((), "", *key)


def _closed_in_dispute(book: Book) -> Iterator[Seen]:
    """Closed meetings in which something is still disputed, or a count differs."""
    for key, count in sorted(_disputes(book).items()):
        meeting = book.meetings.find(key)
        if meeting is not None and meeting.closes:
            values = FindingPage((), "", *key, (count,))
            yield "close_with_disputes", f"{key[0]}/{key[1]}", values


def disputes_in(book: Book, key: Key) -> int:
    """How many things are disputed in a meeting, counts that differ among them."""
    return _disputes(book)[key]


def _disputes(book: Book) -> Counter[Key]:
    noted = (
        page
        for (code, _), page in book.findings.rows()
        if code in _DISPUTED
        and not any(reversed_by(book, entry_page(book, name)) for name in page.entries)
    )
    differs = (page for code, _, page in watch_counts(book) if code == "cash_differs")
    return Counter((page.cycle, page.session) for page in (*noted, *differs))


def _overdue(book: Book, keys: Sequence[Key]) -> Iterator[Seen]:
    """Actions whose day was over when the group last met."""
    newest = book.meetings.find(keys[0]) if keys else None
    today = newest.held_on if newest is not None else ""
    for one in open_actions(book):
        if one.due_on and one.due_on < today:
            values = FindingPage((one.name,), one.member, one.cycle, one.session, detail=one.due_on)
            yield "action_overdue", one.name, values
