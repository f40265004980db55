"""Postings: every entry's lines sum to zero, and a balance is the sum of its lines.

`post` adds lines to the balances; `restate` replaces the lines of an entry that stands otherwise
than before, by posting the difference. Cash is always counted, even below zero; what is below zero
when the book is shown is pointed out (cash_watch.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from model.accounts import CASH_IN_TRANSIT, POCKETS, UNALLOCATED_RECEIPTS
from model.book import Book
from model.decisions import waits
from model.pages import AlteredPage, EntryPage, Posting

SHARES: Final = "shares"  # memo, member: how many shares
FINES_DUE: Final = "fines_due"  # memo, member: levied and not yet paid
CASH: Final = frozenset(POCKETS.values())
_SUSPENSE: Final = frozenset({CASH_IN_TRANSIT, UNALLOCATED_RECEIPTS})
ACCEPTED_LATE: Final = "accepted_late"  # reason of what came too late and counts nevertheless


def post(book: Book, lines: Iterable[Posting]) -> None:
    """Add an entry's lines to the balances."""
    accounts = book.accounts
    find = accounts.find
    for account, subject, amount in lines:
        key = (account, subject)
        accounts[key] = (find(key) or 0) + amount


def difference(new: Iterable[Posting], old: Iterable[Posting]) -> tuple[Posting, ...]:
    """Lines that turn the balances of `old` into those of `new`."""
    sums: dict[tuple[str, str], int] = {}
    for account, subject, amount in new:
        sums[account, subject] = sums.get((account, subject), 0) + amount
    for account, subject, amount in old:
        sums[account, subject] = sums.get((account, subject), 0) - amount
    return tuple((*key, amount) for key, amount in sums.items() if amount)


def mirrored(lines: Iterable[Posting]) -> tuple[Posting, ...]:
    """The same lines with the opposite sign, added up by account."""
    return difference((), lines)


def parked(lines: Iterable[Posting]) -> tuple[Posting, ...]:
    """The cash of `lines` in suspense: moved, but not yet part of the group's totals."""
    cash = sum(amount for account, _, amount in lines if account in CASH)
    if not cash:
        return ()
    return ((CASH_IN_TRANSIT, "", cash), (UNALLOCATED_RECEIPTS, "", -cash))


def counts_as_posted(lines: Iterable[Posting]) -> bool:
    """Are these lines part of the totals? Not when they only hold cash in suspense."""
    return any(account not in _SUSPENSE for account, _, _ in lines)


def balance(book: Book, account: str, subject: str = "") -> int:
    """Balance in minor units (or a count, for a memo), debit positive."""
    return book.accounts.find((account, subject)) or 0


def entry_page(book: Book, name: str) -> EntryPage:
    """The page of an entry that is in the book."""
    page = book.entries.find(name)
    if page is None:
        raise LookupError(name)  # a page names only entries that were folded before it
    return page


def restate(book: Book, name: str, page: EntryPage) -> None:
    """Let an entry stand as `page` says; balances and its reversals follow its lines."""
    old = entry_page(book, name)
    if page == old:
        return
    book.entries.put(name, page)
    if page.lines == old.lines:
        return
    if counts_as_posted(old.lines) or counts_as_posted(page.lines):
        _keep_closed(book, name, old)
    post(book, difference(page.lines, old.lines))
    for reversal in page.reversals:
        remirror(book, reversal)


def _keep_closed(book: Book, name: str, old: EntryPage) -> None:
    """Keep what an entry posted when its meeting was closed, before it comes to post other lines.

    A close that is just being folded has not seen it stand yet.
    """
    meeting = book.meetings.find((old.cycle, old.session))
    if meeting is None or not meeting.closings:
        return
    known = book.altered.find(name)
    before = known.before if known is not None else ()
    seen = {*book.closing, *(close for close, _ in before)}
    fresh = tuple((close, old.lines) for close in meeting.closings if close not in seen)
    if fresh or known is None:
        book.altered.put(name, AlteredPage((*before, *fresh)))


def remirror(book: Book, reversal: str, acting: dict[str, bool] | None = None) -> None:
    """Make a reversal post the opposite of what the entries that it takes back post now.

    `acting`: as in `reversed_by`.
    """
    page = entry_page(book, reversal)
    taken: list[Posting] = []
    if page.status == "counted":
        for target in page.targets:
            if reversed_by(book, entry_page(book, target), acting) == reversal:
                taken.extend(entry_page(book, target).lines)
    restate(book, reversal, replace(page, lines=mirrored(taken)))


def reversed_by(book: Book, page: EntryPage, acting: dict[str, bool] | None = None) -> str:
    """The reversal that takes this entry back; empty when none does.

    Of several the one of the earliest meeting whose author knew of none of them, or the lowest.
    `acting`: reversals that were looked at on the way; several ways may lead to one.
    """
    if not page.reversals:
        return ""
    acting = {} if acting is None else acting
    holding = {
        reversal: one
        for reversal in page.reversals
        if _acts(book, reversal, one := entry_page(book, reversal), acting)
    }
    return min(
        holding,
        key=lambda name: (
            holding[name].cycle,
            holding[name].session,
            not holding.keys().isdisjoint(holding[name].knew),
            name,
        ),
        default="",
    )


def _acts(book: Book, reversal: str, page: EntryPage, acting: dict[str, bool]) -> bool:
    known = acting.get(reversal)
    if known is None:
        in_time = not (page.late or page.stopped) or ACCEPTED_LATE in page.reasons
        known = in_time and not waits(book, (reversal,)) and not reversed_by(book, page, acting)
        acting[reversal] = known
    return known
