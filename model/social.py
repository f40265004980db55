"""The social fund: what members bring, and how it helps.

It is no profit and no savings: it is the group's. Help says who got it and why; without that, or
to somebody who is nobody of the group, it counts all the same (the money is gone) and is pointed
out. The fund never goes below zero unseen (journal.py).
"""

from __future__ import annotations

from typing import Final

from model import events as e
from model.accounts import POCKETS, SOCIAL_FUND
from model.approvals import ask
from model.book import Book
from model.entry import Entry
from model.members import member_named, point_out_status
from model.notes import void
from model.pages import FindingPage
from model.standing import enter


def pay_into_social_fund(
    book: Book, entry: Entry, event: e.SocialContributed, keeper: bool
) -> None:
    """Dr pocket, Cr social fund; what the member gave so far beside it."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "social.contributed", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (SOCIAL_FUND, "", -amount))
    enter(
        book, entry, keeper, "social.contributed", event.cycle, event.session, member, event.line,
        amount, event.channel, lines, lines,
    )  # fmt: skip
    point_out_status(book, entry, member, (event.cycle, event.session), amount)


def pay_from_social_fund(book: Book, entry: Entry, event: e.SocialPaidOut, keeper: bool) -> None:
    """Dr social fund, Cr pocket."""
    member = member_named(book, event.member)
    if event.member and not member:
        void(book, entry, "social.paid_out", "unknown_reference")
        return
    name, amount, meeting = entry.id.hex(), event.amount_minor, (event.cycle, event.session)
    reason, payee = event.reason.strip(), event.payee.strip()
    lines = ((SOCIAL_FUND, "", amount), (POCKETS[event.channel], "", -amount))
    enter(
        book, entry, keeper, "social.paid_out", *meeting, member, event.line,
        amount, event.channel, lines, lines, text=f"{payee}: {reason}" if payee else reason,
    )  # fmt: skip
    ask(book, entry, "social.paid_out", amount, member)
    if not reason or not (member or payee):
        what = "why" if not reason else "to whom"
        finding = FindingPage((name,), member, *meeting, (amount,), what)
        book.findings.put(("help_unexplained", name), finding)
    if member:
        point_out_status(book, entry, member, meeting, amount)


RULES: Final = {
    e.SocialContributed: pay_into_social_fund,
    e.SocialPaidOut: pay_from_social_fund,
}
