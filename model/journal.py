"""Postings: every entry's lines sum to zero, and a balance is the sum of its lines.

`post` adds lines to the balances; `restate` replaces the lines of an entry that stands otherwise
than before, by posting the difference. Cash is always counted, even below zero: the pocket and
the entry that took it there become a finding, which goes when the pocket is no longer below zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from model.accounts import CASH_IN_TRANSIT, POCKETS, SOCIAL_FUND, UNALLOCATED_RECEIPTS
from model.book import Book
from model.pages import EntryPage, FindingPage, Posting

SHARES: Final = "shares"  # memo, member: how many shares
FINES_DUE: Final = "fines_due"  # memo, member: levied and not yet paid
CASH: Final = frozenset(POCKETS.values())


def post(book: Book, entry: str, lines: Iterable[Posting]) -> None:
    """Add an entry's lines to the balances."""
    find = book.accounts.find
    put = book.accounts.put
    for account, subject, amount in lines:
        key = (account, subject)
        before = find(key) or 0
        after = before + amount
        put(key, after)
        if (after < 0 or before < 0) and account in CASH:
            _watch(book, entry, account, before, after)
        elif account == SOCIAL_FUND and (after > 0 or before > 0):
            _watch(book, entry, account, -before, -after)


def _watch(book: Book, entry: str, account: str, before: int, after: int) -> None:
    if before >= 0:
        page = FindingPage((entry,), detail=account)
        book.findings.put(("overdrawn", account), page)
    elif after >= 0:
        book.findings.put(("overdrawn", account), None)


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
    post(book, name, difference(page.lines, old.lines))
    for reversal in page.reversals:
        remirror(book, reversal)


def remirror(book: Book, reversal: str) -> None:
    """Make a reversal post the opposite of what the entries that it takes back post now."""
    page = entry_page(book, reversal)
    taken: list[Posting] = []
    if page.status == "counted":
        for target in page.targets:
            if reversed_by(book, entry_page(book, target)) == reversal:
                taken.extend(entry_page(book, target).lines)
    restate(book, reversal, replace(page, lines=mirrored(taken)))


def reversed_by(book: Book, page: EntryPage) -> str:
    """The reversal that takes this entry back: the first that holds; empty when none does."""
    for reversal in page.reversals:
        if _holds(book, entry_page(book, reversal)):
            return reversal
    return ""


def _holds(book: Book, reversal: EntryPage) -> bool:
    return not reversal.late and not reversed_by(book, reversal)
