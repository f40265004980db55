"""The group's own money: expenses, and transfers between pockets.

Money that was spent is gone and counts; the constitution may ask for officers' word on it. An
expense is the loan fund's loss, unless it was the social fund's: then it lowers that fund. A bank's
reference counts once. Nothing moves from a pocket to itself.
"""

from __future__ import annotations

from typing import Final

from model import events as e
from model.accounts import GROUP_EXPENSES, POCKETS, SOCIAL_FUND
from model.approvals import ask
from model.book import Book
from model.entry import Entry
from model.notes import void
from model.references import plain_reference
from model.standing import enter


def pay_expense(book: Book, entry: Entry, event: e.ExpensePaid, keeper: bool) -> None:
    """Dr group expenses, or the social fund whose expense it was; Cr pocket."""
    amount, of_social_fund = event.amount_minor, event.fund == "social_fund"
    account = SOCIAL_FUND if of_social_fund else GROUP_EXPENSES
    lines = ((account, "", amount), (POCKETS[event.pocket], "", -amount))
    enter(
        book,
        entry,
        keeper,
        "expense.paid",
        event.cycle,
        event.session,
        event.category,
        event.line,
        amount,
        f"{event.pocket}, for the social fund" if of_social_fund else event.pocket,
        lines,
        lines,
        text=event.payee or event.note,
    )
    ask(book, entry, "expense.paid", amount)


def transfer(book: Book, entry: Entry, event: e.TransferMade, keeper: bool) -> None:
    """Dr the pocket the money went to, Cr the one it came from."""
    if event.source == event.target:
        void(book, entry, "transfer.made", "same_pocket")
        return
    amount, pockets = event.amount_minor, f"{event.source}-{event.target}"
    lines = ((POCKETS[event.target], "", amount), (POCKETS[event.source], "", -amount))
    reference = plain_reference(event.reference)
    enter(
        book,
        entry,
        keeper,
        "transfer.made",
        event.cycle,
        event.session,
        pockets,
        1 if reference else event.line,
        amount,
        pockets,
        lines,
        lines,
        once=f"transfer {reference}" if reference else "",
        text=event.reference,
    )
    ask(book, entry, "transfer.made", amount)


RULES: Final = {
    e.ExpensePaid: pay_expense,
    e.TransferMade: transfer,
}
