"""The surplus: dividends declared out of it, reserves set aside, tax that was withheld passed on.

A dividend is declared once for a cycle and kind, and owed to the members or added to their savings;
the tax that is withheld is owed to the authority. Part of the surplus can be kept as a reserve or
given to the social fund, and brought back. All of this is decided by officers together; only the
tax, once withheld, is simply paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from model import events as e
from model.accounts import (
    MEMBER_SAVINGS,
    POCKETS,
    RESERVE,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
    TAX_WITHHELD,
)
from model.approvals import ask, propose
from model.book import Book
from model.entry import Entry
from model.journal import balance
from model.members import member_named
from model.notes import void
from model.pages import FindingPage, Posting
from model.standing import enter

FUNDS: Final = {"surplus": RETAINED_SURPLUS, "reserve": RESERVE, "social_fund": SOCIAL_FUND}


def declare_dividend(book: Book, entry: Entry, event: e.DividendDeclared, keeper: bool) -> None:
    """Ask officers to agree to a dividend: Dr surplus, Cr members and the tax withheld."""
    members = [member_named(book, row.member) for row in event.rows]
    if "" in members:
        void(book, entry, "dividend.declared", "unknown_reference")
        return
    if any(row.tax_minor > row.gross_minor for row in event.rows):
        void(book, entry, "dividend.declared", "dividend_arithmetic")
        return
    gross = sum(row.gross_minor for row in event.rows)
    propose(
        book, entry, keeper, "dividend.declared", event.cycle, event.session,
        f"dividend {event.kind}", 1, gross, _said(event, members), _dividend_lines(event, members),
        once=f"dividend {event.cycle} {event.kind}", count=len(event.rows), text=event.basis,
    )  # fmt: skip


def _said(event: e.DividendDeclared, members: list[str]) -> str:
    """What two officers must agree on: every row, in short."""
    rows = [
        f"{member}/{row.gross_minor}/{row.tax_minor}"
        for member, row in zip(members, event.rows, strict=True)
    ]
    return sha256("\n".join((event.to, *rows)).encode()).hexdigest()


def _dividend_lines(event: e.DividendDeclared, members: list[str]) -> tuple[Posting, ...]:
    account = MEMBER_SAVINGS if event.to == "savings" else SHAREOUT_PAYABLE
    gross = tax = 0
    net: dict[str, int] = {}
    for member, row in zip(members, event.rows, strict=True):
        gross += row.gross_minor
        tax += row.tax_minor
        net[member] = net.get(member, 0) + row.gross_minor - row.tax_minor
    owed = tuple((account, member, -amount) for member, amount in net.items())
    lines = ((RETAINED_SURPLUS, "", gross), *owed, (TAX_WITHHELD, "", -tax))
    return tuple(line for line in lines if line[2])


def move_surplus(book: Book, entry: Entry, event: e.SurplusMoved, keeper: bool) -> None:
    """Ask officers to set part of a fund aside, or to bring it back."""
    if event.source == event.target:
        void(book, entry, "surplus.moved", "same_fund", text=event.reason)
        return
    subject = f"{event.source}-{event.target}"
    lines = (
        (FUNDS[event.source], "", event.amount_minor),
        (FUNDS[event.target], "", -event.amount_minor),
    )
    propose(
        book, entry, keeper, "surplus.moved", event.cycle, event.session, subject, event.line,
        event.amount_minor, subject, lines, text=event.reason,
    )  # fmt: skip


def pay_tax(book: Book, entry: Entry, event: e.TaxPaid, keeper: bool) -> None:
    """Dr tax withheld, Cr pocket."""
    amount = event.amount_minor
    lines = ((TAX_WITHHELD, "", amount), (POCKETS[event.channel], "", -amount))
    enter(
        book, entry, keeper, "tax.paid", event.cycle, event.session, "tax", event.line, amount,
        event.channel, lines, lines, text=event.reference,
    )  # fmt: skip
    ask(book, entry, "tax.paid", amount)


def watch_surplus(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """A reserve that was used beyond what was set aside, and tax passed on that nobody withheld."""
    for account, code in ((RESERVE, "fund_below_zero"), (TAX_WITHHELD, "tax_overpaid")):
        below = balance(book, account)
        if below > 0:
            yield code, account, FindingPage(amounts=(below,), detail=account)


RULES: Final = {
    e.DividendDeclared: declare_dividend,
    e.SurplusMoved: move_surplus,
    e.TaxPaid: pay_tax,
}
