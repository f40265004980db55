"""Shares and the social fund: what members bring, and how the social fund helps.

A share costs what the constitution in force says; another amount, or more shares in one meeting
than it allows, is counted (the money is in the box) and pointed out. The social fund is no profit
and no savings: it is the group's.
"""

from __future__ import annotations

from model import events as e
from model.accounts import MEMBER_SHARES, POCKETS, SOCIAL_FUND
from model.book import Book
from model.entry import Entry
from model.journal import SHARES
from model.notes import void
from model.pages import FindingPage
from model.permissions import constitution
from model.share_limit import add_to_share_limit
from model.standing import enter


def buy_shares(book: Book, entry: Entry, event: e.SharePurchased, keeper: bool) -> None:
    """Dr pocket, Cr member shares; the count of shares beside it."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "share.purchased", "unknown_reference")
        return
    amount, shares = event.amount_minor, event.shares
    lines = (
        (POCKETS[event.channel], "", amount),
        (MEMBER_SHARES, member, -amount),
        (SHARES, member, shares),
    )
    reasons: tuple[str, ...] = ()
    rules = constitution(book, entry.past)
    if rules is not None:
        terms = rules.terms
        if shares * terms.share_value_minor != amount:
            reasons = ("amount_mismatch",)
            _point_out_amount(book, entry, event, shares * terms.share_value_minor)
    alone = enter(
        book,
        entry,
        keeper,
        "share.purchased",
        event.cycle,
        event.session,
        member,
        event.line,
        amount,
        event.channel,
        lines,
        lines,
        count=shares,
        reasons=reasons,
    )
    if rules is not None and alone:
        add_to_share_limit(book, entry.id.hex(), (event.cycle, event.session), member, shares)


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


def pay_into_social_fund(
    book: Book, entry: Entry, event: e.SocialContributed, keeper: bool
) -> None:
    """Dr pocket, Cr social fund; what the member gave so far beside it."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "social.contributed", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (SOCIAL_FUND, "", -amount))
    enter(
        book,
        entry,
        keeper,
        "social.contributed",
        event.cycle,
        event.session,
        member,
        event.line,
        amount,
        event.channel,
        lines,
        lines,
    )


def pay_from_social_fund(book: Book, entry: Entry, event: e.SocialPaidOut, keeper: bool) -> None:
    """Dr social fund, Cr pocket."""
    member = book.hexed[event.member]
    if member and book.members.find(member) is None:
        void(book, entry, "social.paid_out", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((SOCIAL_FUND, "", amount), (POCKETS[event.channel], "", -amount))
    enter(
        book,
        entry,
        keeper,
        "social.paid_out",
        event.cycle,
        event.session,
        member,
        event.line,
        amount,
        event.channel,
        lines,
        lines,
        text=event.reason,
    )
