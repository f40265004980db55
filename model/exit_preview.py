"""What a member would take along who left today, from the books as they stand.

The rules are the constitution's: savings at par, a part of the profit only where it says so, the
exit fee. Loans, interest, fines are netted; what is left is paid from the pocket as far as it goes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from model import events as e
from model.accounts import MEMBER_SAVINGS, MEMBER_SHARES, POCKETS
from model.book import Book
from model.journal import SHARES, balance
from model.permissions import constitution
from model.reckoning.settlement import (
    Departure,
    ExitRules,
    Settlement,
    SettlementError,
    settle_exit,
)
from model.shareout_preview import preview_shareout
from model.views import members_view

Reason = Literal["left", "expelled", "died", "moved"]


class ExitPreview(NamedTuple):
    """A settlement as it would be, and the shares that are given back."""

    member: str
    shares: int
    settlement: Settlement


def preview_exit(
    book: Book, member: str, cycle: int, reason: Reason, channel: e.Channel, nominee: str = ""
) -> ExitPreview:
    """Work a member's settlement out; `SettlementError` (or ShareOutError) when it can't be."""
    rules = constitution(book)
    row = next((row for row in members_view(book) if row["id"] == member), None)
    if rules is None or row is None:
        raise SettlementError("The group has no constitution, or the member is not in the books.")
    terms = rules.terms
    worth = _worth(book, member, cycle) if terms.exit_profit else None
    departure = Departure(
        max(0, -balance(book, MEMBER_SHARES, member)),
        worth,
        max(0, -balance(book, MEMBER_SAVINGS, member)),
        max(0, row["outstanding_loan"]),
        max(0, row["outstanding_interest"]),
        max(0, row.get("outstanding_penalty", 0) + row.get("outstanding_fee", 0)),
        max(0, row["fines_due"]),
        0,
        max(0, balance(book, POCKETS[channel])),
        "left" if reason == "moved" else reason,
        member,
        nominee,
    )
    agreed = ExitRules(profit_part=int(terms.exit_profit), fee_minor=terms.exit_fee_minor)
    shares = max(0, balance(book, SHARES, member))
    return ExitPreview(member, shares, settle_exit(departure, agreed))


def _worth(book: Book, member: str, cycle: int) -> int:
    """What the member's shares would be paid at a share-out held today."""
    for row in preview_shareout(book, cycle).result.rows:
        if row.member == member:
            return row.gross_minor
    return 0


def settled(
    preview: ExitPreview,
    where: tuple[int, int],
    reason: Reason,
    channel: e.Channel,
    nominee: str = "",
) -> e.MemberExited:
    """The fact that settles as previewed, in a meeting."""
    sums = preview.settlement
    owed = sums.deductions_minor - sums.fee_minor
    return e.MemberExited(
        *where,
        bytes.fromhex(preview.member),
        reason,
        preview.shares,
        sums.shares_minor,
        sums.savings_minor,
        max(0, sums.profit_minor),
        min(owed, sums.entitlement_minor - sums.fee_minor),
        sums.fee_minor,
        sums.paid_minor,
        channel,
        nominee,
    )
