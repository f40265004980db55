"""What there was before these books began, brought over from paper against account 3090.

Each balance can be set once; the same from two officers corroborates, another amount is a dispute.
Once the group is founded a second officer has to agree to each (it counts meanwhile): so a group
that begins its books in the middle of a cycle, or takes in a member with savings from elsewhere,
compares them with the paper together. A wrong one is reversed and then set anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.accounts import (
    BANK,
    CASH_BOX,
    CASH_SOCIAL,
    LOANS,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    MOBILE_MONEY,
    OPENING_BALANCES,
    RETAINED_SURPLUS,
    SOCIAL_FUND,
)
from model.agreement import agreeing, claimants, note_decision
from model.book import Book
from model.decisions import decision, needed, open_decision, outcome
from model.derived import Work, derive
from model.entry import Entry
from model.fine_ledger import derive_fines, note_fine, note_levied
from model.journal import FINES_DUE, SHARES
from model.lending import add_loan
from model.loan_ledger import derive_loan
from model.meetings import has_begun
from model.members import member_named
from model.notes import void
from model.offered import offer_loan, take_up
from model.pages import NO_MEETING, NO_TERMS, FindingPage, LoanPage, Posting
from model.permissions import constitution
from model.sheets import claims_once
from model.standing import enter

OFFICERS: Final = 2  # that have to agree to a balance, at least

_OF_GROUP: Final = {
    "box": (CASH_BOX, 1),
    "social_box": (CASH_SOCIAL, 1),
    "bank": (BANK, 1),
    "mobile": (MOBILE_MONEY, 1),
    "social_fund": (SOCIAL_FUND, -1),
    "surplus": (RETAINED_SURPLUS, -1),
}
"""Account and sign of a balance of the group itself: 1 for what it has, -1 for where it is from."""


def set_opening_balance(book: Book, entry: Entry, event: e.OpeningBalanceSet, keeper: bool) -> None:
    """Post an opening balance against 3090, or note a loan or fines that were already due."""
    member = member_named(book, event.member)
    of_member = event.account not in _OF_GROUP
    if of_member != bool(event.member) or bool(event.member) != bool(member):
        void(book, entry, "opening_balance.set", "unknown_reference")
        return
    once = f"opening {event.account} {member}"
    subject = member
    if event.account == "loan":
        subject = _loan(book, entry, event, once)
    elif event.account == "fines":
        note_fine(book, member, entry.id.hex())
    _point_out(book, entry, event)
    lines = _lines(event, subject)
    alone = enter(
        book, entry, keeper, "opening_balance.set", NO_MEETING, NO_MEETING, subject, 1,
        event.amount_minor, event.account, lines, lines,
        count=event.shares, member=member, once=once, text=event.as_of,
    )  # fmt: skip
    _ask_another(book, entry, event.amount_minor, member)
    if event.account == "loan":
        derive(book, "loan.applied", subject)
    elif event.account == "fines":
        note_levied(book, entry, member, event.amount_minor, alone=alone)


def _ask_another(book: Book, entry: Entry, amount_minor: int, member: str) -> None:
    """Ask a second officer's word, once the group is founded; the balance counts meanwhile."""
    kind, name = "opening_balance.set", entry.id.hex()
    wanted = needed(book, kind, entry.past, member, amount_minor, OFFICERS)
    if wanted > 1 and not entry.held:
        open_decision(book, entry, kind, member, "", amount_minor)
        book.decisions.put(name, replace(decision(book, name), needed=wanted))
        note_decision(book, claimants(book, name))  # another officer may have recorded the same


def _point_out(book: Book, entry: Entry, event: e.OpeningBalanceSet) -> None:
    """Point out what paper from before the first meeting would not say."""
    name, member = entry.id.hex(), book.hexed[event.member]
    if has_begun(book, entry.past):
        page = FindingPage((name,), member, amounts=(event.amount_minor,), detail=event.account)
        book.findings.put(("late_opening", name), page)
    rules = constitution(book, entry.past)
    if event.shares and not event.amount_minor and rules is not None:
        amounts = (0, event.shares * rules.terms.share_value_minor)
        page = FindingPage((name,), member, amounts=amounts, detail=str(event.shares))
        book.findings.put(("amount_mismatch", name), page)


def is_agreed(book: Book, code: str, finding: FindingPage) -> bool:
    """Have officers agreed to a balance that was set after the first meeting?"""
    name = finding.entries[0] if code == "late_opening" else ""
    return (
        bool(name)
        and book.decisions.find(name) is not None
        and (outcome(book, agreeing(book, name)) == "approved")
    )


def _loan(book: Book, entry: Entry, event: e.OpeningBalanceSet, once: str) -> str:
    """Name of the loan brought over: the first entry about it."""
    name = entry.id.hex()
    for _, _, first in claims_once(book, once):
        known = book.aliases.find(first) or first
        book.aliases.put(name, known)
        take_up(book, known, listed=not entry.held)
        return known
    loan = LoanPage(
        book.hexed[event.member], event.amount_minor, "", NO_MEETING, NO_MEETING, 1, *NO_TERMS, once
    )
    if entry.held:
        offer_loan(book, name, loan)
        take_up(book, name, listed=False)
    else:
        add_loan(book, name, loan)
    return name


def _lines(event: e.OpeningBalanceSet, subject: str) -> tuple[Posting, ...]:
    amount = event.amount_minor
    if event.account == "savings":
        posted: tuple[Posting, ...] = (
            (OPENING_BALANCES, "", amount),
            (MEMBER_SHARES, subject, -amount),
            (SHARES, subject, event.shares),
        )
        return posted
    if event.account == "voluntary":
        return ((OPENING_BALANCES, "", amount), (MEMBER_SAVINGS, subject, -amount))
    if event.account == "loan":
        return ((LOANS, subject, amount), (OPENING_BALANCES, "", -amount))
    if event.account == "fines":
        return ((FINES_DUE, subject, amount),)
    account, sign = _OF_GROUP[event.account]
    return ((account, "", sign * amount), (OPENING_BALANCES, "", -sign * amount))


def _derive_opening(book: Book, subject: str) -> None:
    if book.loans.find(subject) is not None:
        derive_loan(book, subject)
    else:
        derive_fines(book, subject)


RULES: Final = {e.OpeningBalanceSet: set_opening_balance}
WORK: Final[Mapping[str, Work]] = {"opening_balance.set": _derive_opening}
