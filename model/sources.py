"""Where a payment comes from: a pocket of the group, or money that the group already owes.

A member may repay a loan, pay a fine or buy shares without touching cash: out of voluntary
savings, the member's own shares, what the share-out owes the member, or receipts that nobody had
allocated yet. Such a payment is a statement of fact like one in cash: it counts even when there
was less than it says, and who took more than there was is pointed out for as long as that is so,
whoever wrote first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.accounts import (
    CASH_IN_TRANSIT,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    POCKETS,
    SHAREOUT_PAYABLE,
    UNALLOCATED_RECEIPTS,
)
from model.book import Book
from model.journal import balance
from model.pages import FindingPage, Posting

OF_MEMBER: Final[dict[str, str]] = {
    "savings": MEMBER_SAVINGS,
    "shares": MEMBER_SHARES,
    "payable": SHAREOUT_PAYABLE,
}
"""Sources that are owed to one member -> the account, kept by member."""


def account_of(channel: str, source: str, member: str) -> tuple[str, str]:
    """Account and subject that a payment is debited to: the pocket, unless a source is named.

    `member` (hex) is whose money the source is; receipts that were not allocated are nobody's.
    """
    if not source:
        return POCKETS[channel], ""
    if source == "receipts":
        return UNALLOCATED_RECEIPTS, ""
    return OF_MEMBER[source], member


def paid_from(channel: str, source: str, member: str, amount_minor: int) -> Posting:
    """The debit line of a payment: what lies in the pocket now, or is owed no longer."""
    account, subject = account_of(channel, source, member)
    return account, subject, amount_minor


def watch_sources(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Members, and the receipts, out of which more was taken than there was."""
    for member, _ in book.members.rows():
        for source, account in OF_MEMBER.items():
            short = balance(book, account, member)  # a debit: the member owes it back
            if short > 0:
                about = f"{member}.{source}"
                page = FindingPage(subject=member, amounts=(short,), detail=f"source_{source}")
                yield "source_too_small", about, page
    # Late cash is parked there and in transit with opposite signs, and is no receipt.
    short = balance(book, UNALLOCATED_RECEIPTS) + balance(book, CASH_IN_TRANSIT)
    if short > 0:
        page = FindingPage(amounts=(short,), detail="source_receipts")
        yield "receipts_too_small", "receipts", page
