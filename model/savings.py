"""Shares and voluntary savings: what members put aside, and what they take back.

A share costs what the constitution in force says; another amount, or more shares in one meeting
than it allows, is counted (the money is in the box) and pointed out. Shares may be bought out of
voluntary savings or out of what the share-out owes the member. Voluntary savings are the member's
own: they can be taken back at any meeting, and who takes more than there is owes it (sources.py).
"""

from __future__ import annotations

from typing import Final

from model import events as e
from model.accounts import MEMBER_SAVINGS, MEMBER_SHARES, POCKETS
from model.approvals import ask
from model.book import Book
from model.entry import Entry
from model.journal import SHARES
from model.members import member_named, point_out_status
from model.notes import void
from model.pages import FindingPage
from model.permissions import constitution
from model.share_limit import add_to_share_limit, limit_text
from model.sources import paid_from
from model.standing import enter


def buy_shares(book: Book, entry: Entry, event: e.SharePurchased, keeper: bool) -> None:
    """Dr pocket or source, Cr member shares; the count of shares beside it."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "share.purchased", "unknown_reference")
        return
    if event.source == "shares":
        void(book, entry, "share.purchased", "same_source")
        return
    amount, shares = event.amount_minor, event.shares
    lines = (
        paid_from(event.channel, event.source, member, amount),
        (MEMBER_SHARES, member, -amount),
        (SHARES, member, shares),
    )
    reasons: tuple[str, ...] = ()
    limit = ""
    rules = constitution(book, entry.past)
    if rules is not None:
        terms = rules.terms
        limit = limit_text(terms)
        if shares * terms.share_value_minor != amount:
            reasons = ("amount_mismatch",)
            _point_out_amount(book, entry, event, shares * terms.share_value_minor)
    alone = enter(
        book, entry, keeper, "share.purchased", event.cycle, event.session, member, event.line,
        amount, event.source or event.channel, lines, lines,
        count=shares, reasons=reasons, text=limit,
    )  # fmt: skip
    if alone and limit and rules is not None:
        add_to_share_limit(book, entry, event, member, rules.terms.shares_max)
    point_out_status(book, entry, member, (event.cycle, event.session), amount)


def _point_out_amount(
    book: Book, entry: Entry, event: e.SharePurchased, expected_minor: int
) -> None:
    name = entry.id.hex()
    page = FindingPage(
        (name,),
        book.hexed[event.member],
        event.cycle,
        event.session,
        (event.amount_minor, expected_minor),
        str(event.shares),
    )
    book.findings.put(("amount_mismatch", name), page)


def deposit_savings(book: Book, entry: Entry, event: e.SavingsDeposited, keeper: bool) -> None:
    """Dr pocket or source, Cr the member's voluntary savings."""
    member = member_named(book, event.member)
    if not member or event.source == "savings":
        code = "same_source" if member else "unknown_reference"
        void(book, entry, "savings.deposited", code)
        return
    amount = event.amount_minor
    lines = (
        paid_from(event.channel, event.source, member, amount),
        (MEMBER_SAVINGS, member, -amount),
    )
    enter(
        book, entry, keeper, "savings.deposited", event.cycle, event.session, member, event.line,
        amount, event.source or event.channel, lines, lines,
    )  # fmt: skip
    point_out_status(book, entry, member, (event.cycle, event.session), amount)


def withdraw_savings(book: Book, entry: Entry, event: e.SavingsWithdrawn, keeper: bool) -> None:
    """Dr the member's voluntary savings, Cr pocket; it left the box, so it counts."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "savings.withdrawn", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((MEMBER_SAVINGS, member, amount), (POCKETS[event.channel], "", -amount))
    enter(
        book, entry, keeper, "savings.withdrawn", event.cycle, event.session, member, event.line,
        amount, event.channel, lines, lines,
    )  # fmt: skip
    ask(book, entry, "savings.withdrawn", amount, member)
    point_out_status(book, entry, member, (event.cycle, event.session), amount)


RULES: Final = {
    e.SharePurchased: buy_shares,
    e.SavingsDeposited: deposit_savings,
    e.SavingsWithdrawn: withdraw_savings,
}
