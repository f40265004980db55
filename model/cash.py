"""The group's own money: expenses, transfers between pockets, and counts of what is really there.

A count posts nothing. It is compared with what the books expect in the pocket at its place in the
shared order; a difference beyond the constitution's tolerance is pointed out.
"""

from __future__ import annotations

from model import events as e
from model.accounts import GROUP_EXPENSES, POCKETS
from model.book import Book
from model.entry import Entry
from model.journal import balance
from model.pages import FindingPage
from model.standing import enter


def pay_expense(book: Book, entry: Entry, event: e.ExpensePaid, keeper: bool) -> None:
    """Dr group expenses, Cr pocket."""
    amount = event.amount_minor
    lines = ((GROUP_EXPENSES, "", amount), (POCKETS[event.pocket], "", -amount))
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
        event.pocket,
        lines,
        lines,
    )


def transfer(book: Book, entry: Entry, event: e.TransferMade, keeper: bool) -> None:
    """Dr the pocket the money went to, Cr the one it came from."""
    amount = event.amount_minor
    lines = ((POCKETS[event.target], "", amount), (POCKETS[event.source], "", -amount))
    reference = f"transfer {event.reference}" if event.reference else ""
    enter(
        book,
        entry,
        keeper,
        "transfer.made",
        event.cycle,
        event.session,
        f"{event.source}-{event.target}",
        1 if reference else event.line,
        amount,
        f"{event.source}-{event.target}",
        lines,
        lines,
        once=reference,
        text=event.reference,
    )


def count_cash(book: Book, entry: Entry, event: e.CashCounted, keeper: bool) -> None:
    """Keep a count and point out a difference from the books."""
    enter(
        book,
        entry,
        keeper,
        "cash.counted",
        event.cycle,
        event.session,
        f"{event.moment}-{event.pocket}",
        1,
        event.amount_minor,
        "",
        (),
        (),
    )
    expected = balance(book, POCKETS[event.pocket])
    constitution = book.constitution.find("current")
    tolerance = constitution.terms.cash_tolerance_minor if constitution else 0
    key = ("cash_differs", f"{event.cycle}/{event.session}/{event.moment}-{event.pocket}")
    page = None
    if abs(event.amount_minor - expected) > tolerance:
        amounts = (event.amount_minor, expected)
        page = FindingPage((entry.id.hex(),), "", event.cycle, event.session, amounts, event.pocket)
    if page != book.findings.find(key):
        book.findings.put(key, page)
