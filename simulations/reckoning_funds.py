"""The group's own money by the chart of accounts: funding, investments, receipts, withdrawals.

A provider's reference names the money wherever it was told; a receipt that an entry tells of as
well is counted once. Money that left without enough words, or after a no, has left all the same.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from model import events as e

Place = tuple[str, str]
Totals = Counter[Place]

_POCKET: Final = {"box": "1010", "social": "1020", "bank": "1030", "mobile": "1040"}
_FUNDING: Final = {
    "grant": "3040",
    "conditional_grant": "2050",
    "loan": "2040",
    "returnable": "2040",
}
_PURPOSE: Final = {
    "savings": "2020",
    "overpayment": "2030",
    "shareout": "2080",
    "former_member": "2060",
    "social": "3010",
    "expense": "5010",
}
_OF_A_MEMBER: Final = frozenset({"2020", "2030", "2080", "2060"})


def _move(totals: Totals, debit: Place, credit: Place, minor: int) -> None:
    totals[debit] += minor
    totals[credit] -= minor


def add_fund(totals: Totals, event: Any, about: Any = None) -> None:
    """Money of the group; `about` is what the event names: a promise, a request."""
    pocket = (_POCKET[getattr(event, "channel", "box")], "")
    match event:
        case e.FundingReceived():
            _move(totals, pocket, (_FUNDING[about.kind], ""), event.amount_minor)
        case e.FundingRepaid():
            _move(totals, ("2040", ""), pocket, event.principal_minor)
            _move(totals, ("5030", ""), pocket, event.interest_minor)
        case e.FundingReleased(outcome="condition_met"):
            _move(totals, ("2050", ""), ("3040", ""), event.amount_minor)
        case e.FundingReleased():
            _move(totals, ("2040", ""), ("3040", ""), event.amount_minor)
        case e.InvestmentBought():
            _move(totals, ("1180", ""), pocket, event.cost_minor)
        case e.InvestmentPaid():
            _move(totals, pocket, ("4050", ""), event.amount_minor)
        case e.InvestmentSold():
            _move(totals, pocket, ("1180", ""), event.cost_minor)
            _move(totals, pocket, ("4050", ""), event.proceeds_minor - event.cost_minor)
        case e.PaymentReceived():
            _move(totals, pocket, ("2070", ""), event.amount_minor)
            _move(totals, ("5060", ""), pocket, event.fee_minor)
        case e.WithdrawalPaid():
            _move(totals, _purpose(about), pocket, about.amount_minor)
        case e.PayoutResult(status="success"):
            request, channel = about
            paid_from = (_POCKET[channel], "")
            _move(totals, _purpose(request), paid_from, request.amount_minor)
            _move(totals, ("5060", ""), paid_from, event.fee_minor)


def _purpose(request: e.WithdrawalRequested) -> Place:
    account = _PURPOSE[request.purpose]
    return account, request.member.hex() if account in _OF_A_MEMBER else ""
