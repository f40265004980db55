"""What there was before these books began, brought over from paper against account 3090.

Each balance can be set once; the same from two officers corroborates, another amount is a dispute.
"""

from __future__ import annotations

from typing import Final

from model import events as e
from model.accounts import (
    BANK,
    CASH_BOX,
    CASH_SOCIAL,
    LOANS,
    MEMBER_SHARES,
    MOBILE_MONEY,
    OPENING_BALANCES,
    RETAINED_SURPLUS,
    SOCIAL_FUND,
)
from model.book import Book
from model.derived import derive
from model.entry import Entry
from model.fine_ledger import note_fine, note_levied
from model.journal import FINES_DUE, SHARES
from model.lending import add_loan
from model.meetings import has_begun
from model.notes import void
from model.pages import NO_MEETING, NO_TERMS, FindingPage, LoanPage, Posting
from model.permissions import constitution
from model.standing import enter

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
    member = book.hexed[event.member]
    of_member = event.account not in _OF_GROUP
    if of_member != bool(member) or (member and book.members.find(member) is None):
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
        book,
        entry,
        keeper,
        "opening_balance.set",
        NO_MEETING,
        NO_MEETING,
        subject,
        1,
        event.amount_minor,
        event.account,
        lines,
        lines,
        count=event.shares,
        member=member,
        once=once,
        text=event.as_of,
    )
    if event.account == "loan":
        derive(book, "loan.applied", subject)
    elif event.account == "fines" and alone and note_levied(book, member, event.amount_minor):
        derive(book, "fine.levied", member)


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


def _loan(book: Book, entry: Entry, event: e.OpeningBalanceSet, once: str) -> str:
    """Name of the loan brought over: the first entry about it."""
    name = entry.id.hex()
    for _, _, first in book.sheets.find((NO_MEETING, NO_MEETING, once)) or ():
        known = book.aliases.find(first) or first
        book.aliases.put(name, known)
        return known
    loan = LoanPage(
        book.hexed[event.member], event.amount_minor, "", NO_MEETING, NO_MEETING, 1, *NO_TERMS, once
    )
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
    if event.account == "loan":
        return ((LOANS, subject, amount), (OPENING_BALANCES, "", -amount))
    if event.account == "fines":
        return ((FINES_DUE, subject, amount),)
    account, sign = _OF_GROUP[event.account]
    return ((account, "", sign * amount), (OPENING_BALANCES, "", -sign * amount))
