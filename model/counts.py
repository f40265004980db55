"""Counts of what is really in a pocket, and differences from the books that officers accept.

A count posts nothing. At the opening it is compared with the closing count of the meeting before;
at any other moment with what the books hold: the balance before the meeting and all that moved in
it, or, in the middle of a meeting, as much of that as the one who counted knew. All of it is worked
out when it is shown, over the newest meetings, so that no order of writing changes it. A variance
that officers agree to brings the books to the count: short is a loss, over is income.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final, NamedTuple

from model import events as e
from model.accounts import CASH_OVER, CASH_SHORT, POCKETS
from model.approvals import propose
from model.book import Book
from model.closing import Bound, left_out
from model.entry import Entry
from model.journal import balance, entry_page, reversed_by
from model.members import member_named
from model.money import format_amount
from model.notes import void
from model.pages import ClosingPage, EntryPage, FindingPage, MeetingPage, Posting
from model.postings import NOWHERE, Postings
from model.sheets import claims_on
from model.standing import enter

Key = tuple[int, int]
"""Cycle and session."""
MEETINGS_MAX: Final = 4  # newest meetings whose counts are compared


def count_cash(book: Book, entry: Entry, event: e.CashCounted, keeper: bool) -> None:
    """Keep a count, with the coins it was made of and who counted."""
    counters = [member_named(book, member) for member in event.counted_by]
    if not all(counters):
        void(book, entry, "cash.counted", "unknown_reference", text=event.comment)
        return
    key, name = (event.cycle, event.session), entry.id.hex()
    enter(
        book, entry, keeper, "cash.counted", *key, f"{event.moment}-{event.pocket}", 1,
        event.amount_minor, "", (), (), text=_told(book, event, counters),
    )  # fmt: skip
    if event.moment == "spot" and "too_many" not in entry_page(book, name).reasons:
        book.closings.put(name, ClosingPage(left_out(book, key, entry.past)))


def _told(book: Book, event: e.CashCounted, counters: list[str]) -> str:
    """The coins, who counted and the comment, in words."""
    group = book.group.find("group")
    exponent = group.exponent if group is not None else 0
    coins = ", ".join(
        f"{note.count} x {format_amount(note.value_minor, exponent)}" for note in event.coins
    )
    numbers = [page.number for one in counters if (page := book.members.find(one)) is not None]
    by_whom = f"counted by {', '.join(map(str, numbers))}" if numbers else ""
    return "; ".join(filter(None, (coins, by_whom, event.comment)))


def post_variance(book: Book, entry: Entry, event: e.VariancePosted, keeper: bool) -> None:
    """Ask officers to bring the books to a count: Dr cash short Cr pocket; Dr pocket Cr over."""
    pocket, amount = POCKETS[event.pocket], event.amount_minor
    lines = ((pocket, "", amount), (CASH_OVER, "", -amount))
    if event.direction == "short":
        lines = ((CASH_SHORT, "", amount), (pocket, "", -amount))
    propose(
        book, entry, keeper, "variance.posted", event.cycle, event.session,
        f"{event.moment}-{event.pocket}", 1, amount, event.direction, lines, text=event.comment,
    )  # fmt: skip


class Moved(NamedTuple):
    """What one entry moved in the pockets, by account, in the meeting that its money belongs to."""

    name: str
    page: EntryPage
    lines: tuple[Posting, ...]

    def in_pocket(self, account: str) -> int:
        """Minor units that came in, less those that went out."""
        return sum(amount for one, _, amount in self.lines if one == account)


class Counted(NamedTuple):
    """A count beside what was expected; a variance is signed: over is above zero."""

    key: Key
    moment: str
    pocket: str
    name: str
    counted_minor: int
    expected_minor: int
    variance: str
    variance_minor: int

    @property
    def difference_minor(self) -> int:
        """What is more (or, below zero, less) in the pocket than expected, variance included."""
        return self.counted_minor - self.expected_minor


def newest_keys(book: Book, most: int = MEETINGS_MAX) -> list[Key]:
    """The newest meetings, the newest first."""
    return nlargest(most, (key for key, _ in book.meetings.unsorted()))


def newest_meetings(book: Book, most: int = MEETINGS_MAX) -> list[tuple[Key, MeetingPage]]:
    """The newest meetings with their pages, the newest first."""
    return nlargest(most, book.meetings.unsorted())


def compared_counts(book: Book) -> Iterator[Counted]:
    """The counts of the newest meetings beside what was expected, the newest first."""
    keys = newest_keys(book, MEETINGS_MAX + 1)
    postings = Postings(book)
    moved = {key: _moved_in(postings, key) for key in (*keys, NOWHERE)}
    for pocket, account in POCKETS.items():
        after = balance(book, account) - sum(one.in_pocket(account) for one in moved[NOWHERE])
        for place, key in enumerate(keys[:MEETINGS_MAX]):
            entries = moved[key]
            before = after - sum(one.in_pocket(account) for one in entries)
            previous = _previous_close(book, keys[place + 1 :], pocket)
            yield from _compared(book, key, pocket, before, after, previous, entries)
            after = before


def _moved_in(postings: Postings, key: Key) -> list[Moved]:
    """Entries that moved cash in a meeting; a late one, where it was accepted."""
    return [Moved(one.name, one.page, one.lines) for one in postings.of(key)]


def closing_counts(book: Book, key: Key) -> dict[str, int]:
    """What was counted at the end of a meeting, by pocket, in minor units."""
    counted = {pocket: _holding(book, key, f"close-{pocket}", "cash.counted") for pocket in POCKETS}
    return {pocket: found[1].amount for pocket, found in counted.items() if found is not None}


def _previous_close(book: Book, keys: list[Key], pocket: str) -> int | None:
    """What was in a pocket at the end of the last meeting before in which it was counted."""
    for key in keys:
        meeting = book.meetings.find(key)
        counted = _holding(book, key, f"close-{pocket}", "cash.counted")
        if counted is not None and meeting is not None and meeting.closes:
            return counted[1].amount
    return None


def _holding(book: Book, key: Key, subject: str, kind: str) -> tuple[str, EntryPage] | None:
    """The count, or the variance, of one moment and pocket that counts."""
    for slot, _, name in claims_on(book, *key, subject):
        page = entry_page(book, name)
        if slot == kind and page.status == "counted" and not reversed_by(book, page):
            return name, page
    return None


def _compared(
    book: Book, key: Key, pocket: str, before: int, after: int, previous: int | None,
    entries: list[Moved],
) -> Iterator[Counted]:  # fmt: skip
    account = POCKETS[pocket]
    for moment in ("close", "spot", "open"):
        subject = f"{moment}-{pocket}"
        counted = _holding(book, key, subject, "cash.counted")
        posted = _holding(book, key, subject, "variance.posted")
        variance = 0
        if posted is not None:
            variance = Moved(*posted, posted[1].lines).in_pocket(account)
        if counted is None:
            if posted is not None:
                yield Counted(key, moment, pocket, "", 0, variance, posted[0], variance)
            continue
        if moment == "close":
            expected = after
        elif moment == "open":
            expected = (before if previous is None else previous) + variance
        else:
            others = [one for one in entries if posted is None or one.name != posted[0]]
            expected = before + variance + _known_to(book, counted[0], account, others)
        yield Counted(
            key, moment, pocket, counted[0], counted[1].amount, expected,
            posted[0] if posted is not None else "", variance,
        )  # fmt: skip


def _known_to(book: Book, count: str, account: str, entries: list[Moved]) -> int:
    """What moved in a meeting as far as the one who counted knew."""
    bound = Bound(book, count)
    return sum(one.in_pocket(account) for one in entries if bound.knew_of(one.name, one.page))


def watch_counts(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Counts that differ from the books, and variances that are not the difference.

    A close that agrees with the books ends what was said about the pocket before it.
    """
    rules = book.constitution.find("current")
    tolerance = rules.terms.cash_tolerance_minor if rules is not None else 0
    agreed: set[str] = set()
    for one in compared_counts(book):
        if one.pocket in agreed:
            continue
        about = f"{one.key[0]}/{one.key[1]}/{one.moment}-{one.pocket}"
        if not one.name:
            values = FindingPage((one.variance,), "", *one.key, (abs(one.variance_minor),))
            yield "variance_without_count", about, values
        elif one.variance and one.difference_minor:
            wanted = abs(one.variance_minor + one.difference_minor)
            amounts = (abs(one.variance_minor), wanted)
            values = FindingPage((one.variance, one.name), "", *one.key, amounts, one.pocket)
            yield "variance_differs", about, values
        elif abs(one.difference_minor) > tolerance:
            amounts = (one.counted_minor, one.expected_minor)
            yield "cash_differs", about, FindingPage((one.name,), "", *one.key, amounts, one.pocket)
        elif one.moment == "close":
            agreed.add(one.pocket)


RULES: Final = {e.CashCounted: count_cash, e.VariancePosted: post_variance}
