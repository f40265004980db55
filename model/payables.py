"""What the group owes a member beside savings is paid out; what a member owes it is collected.

An overpayment, a share-out and a former member's rest are liabilities by member: paying one is a
statement of fact and counts, and who was paid more than was owed is pointed out for as long as
that is so. A debt that a share-out or an exit left behind stands in account 1170.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model import events as e
from model.accounts import (
    DUE_FROM_MEMBERS,
    DUE_TO_FORMER_MEMBERS,
    OVERPAYMENTS,
    POCKETS,
    SHAREOUT_PAYABLE,
)
from model.approvals import ask
from model.book import Book
from model.entry import Entry
from model.journal import balance
from model.members import kept_member, member_named
from model.notes import void
from model.pages import FindingPage
from model.standing import enter

CLAIMS: Final[dict[str, str]] = {
    "overpayment": OVERPAYMENTS,
    "shareout": SHAREOUT_PAYABLE,
    "former_member": DUE_TO_FORMER_MEMBERS,
}
"""What can be claimed -> the account in which it is owed."""

_REFUNDED: Final = frozenset({"overpaid_loan"})
"""Findings that end when nothing is kept for the member any longer."""


def owed_to(book: Book, member: str, claim: str) -> int:
    """What the group owes a member of one kind of claim, in minor units; below 0: paid too much."""
    return -balance(book, CLAIMS[claim], kept_member(book, member))


def owed_by(book: Book, member: str) -> int:
    """The debt of a member that a share-out or an exit left, in minor units."""
    return balance(book, DUE_FROM_MEMBERS, kept_member(book, member))


def pay_claim(book: Book, entry: Entry, event: e.ClaimPaid, keeper: bool) -> None:
    """Dr what was owed to the member, Cr pocket."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "claim.paid", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((CLAIMS[event.account], member, amount), (POCKETS[event.channel], "", -amount))
    enter(
        book, entry, keeper, "claim.paid", event.cycle, event.session, member, event.line,
        amount, f"{event.account} {event.channel}", lines, lines,
    )  # fmt: skip
    ask(book, entry, "claim.paid", amount, member)


def collect_debt(book: Book, entry: Entry, event: e.DebtCollected, keeper: bool) -> None:
    """Dr pocket, Cr due from members."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "debt.collected", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (DUE_FROM_MEMBERS, member, -amount))
    enter(
        book, entry, keeper, "debt.collected", event.cycle, event.session, member, event.line,
        amount, event.channel, lines, lines,
    )  # fmt: skip


def is_refunded(book: Book, code: str, finding: FindingPage) -> bool:
    """Was everything given back that a finding says is kept for a member?"""
    return code in _REFUNDED and owed_to(book, finding.subject, "overpayment") <= 0


def watch_claims(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Members who were paid more than was owed to them, or who paid more than they owed."""
    for member, _ in book.members.rows():
        for claim in ("overpayment", "former_member"):  # the share-out is a source, see sources.py
            short = balance(book, CLAIMS[claim], member)
            if short > 0:
                page = FindingPage(subject=member, amounts=(short,), detail=claim)
                yield "claim_too_large", f"{member}.{claim}", page
        over = -balance(book, DUE_FROM_MEMBERS, member)
        if over > 0:
            yield "debt_overpaid", member, FindingPage(subject=member, amounts=(over,))


RULES: Final = {e.ClaimPaid: pay_claim, e.DebtCollected: collect_debt}
