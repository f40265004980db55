"""What can be recorded of the group's own money: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from node import commands, funds, withdrawals
from node.choosing import choice
from node.errors import CommandRefused
from node.providers import provider_code
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]


def _pocket(r: RecordRequest, default: str = "bank") -> e.Channel:
    channel: e.Channel = choice(r.channel or default, get_args(e.Channel), "pocket")
    return channel


def _provided(r: RecordRequest) -> funds.Provided:
    channel: funds.Provided = choice(
        r.channel or "mobile", get_args(funds.Provided), "pocket of a provider"
    )
    return channel


def _named(r: RecordRequest) -> str:
    """A funding or investment by its receipt, its partner or its name."""
    return r.receipt or r.partner or r.name or r.payee


def _transfer(at: Context, r: RecordRequest) -> Receipt:
    target: e.Channel = choice(r.to, get_args(e.Channel), "pocket")
    return commands.transfer(at, _pocket(r), target, r.amount, r.reference)


def _expense(at: Context, r: RecordRequest) -> Receipt:
    """The group spends money on itself, or on what its social fund is for."""
    fund: e.Fund = choice(r.fund or "loan_fund", get_args(e.Fund), "fund")
    pocket = _pocket(r, "social" if fund == "social_fund" else "box")
    return commands.pay_expense(at, r.code, r.amount, pocket, r.payee, fund, r.reason)


def _partner(at: Context, r: RecordRequest) -> Receipt:
    kind: funds.PartnerKind = choice(r.code or "ngo", get_args(funds.PartnerKind), "partner")
    states = ("registered", "verified", "inactive")
    status = choice(r.status, states, "state of a partner") if r.status else ""
    return funds.set_partner(at, r.name, kind, r.contact, r.country, status, r.partner)


def _funding(at: Context, r: RecordRequest) -> Receipt:
    kind: funds.FundingKind = choice(r.code or "grant", get_args(funds.FundingKind), "funding")
    return funds.promise_funding(
        at, r.amount, kind, r.partner, r.payee, r.reason, r.percent, r.until
    )


def _released(at: Context, r: RecordRequest) -> Receipt:
    outcome: funds.Outcome = choice(r.code, get_args(funds.Outcome), "outcome of a funding")
    return funds.release_funding(at, _named(r), r.amount, outcome)


def _investment(at: Context, r: RecordRequest) -> Receipt:
    kinds = get_args(funds.InvestmentKind)
    kind: funds.InvestmentKind = choice(r.code or "other", kinds, "investment")
    risks = ("low", "medium", "high")
    risk: funds.Risk = choice(r.status, risks, "risk") if r.status else ""
    return funds.buy_investment(at, r.name, r.amount, kind, _pocket(r), risk, r.until)


def _payment(at: Context, r: RecordRequest) -> Receipt:
    provider = provider_code(r.provider)
    return funds.receive_payment(
        at, provider, r.reference, r.amount, r.date, _provided(r), r.fee, r.phone
    )


def _request(at: Context, r: RecordRequest) -> Receipt:
    default = "savings" if r.member else "expense"
    purpose: withdrawals.Purpose = choice(
        r.account or default, withdrawals.PURPOSES, "purpose of a request"
    )
    pocket = _pocket(r, "social" if purpose == "social" else "box")
    return withdrawals.request_withdrawal(
        at, r.amount, purpose, r.member, r.payee, r.reason, r.until, pocket
    )


def _paid(at: Context, r: RecordRequest) -> Receipt:
    return withdrawals.pay_withdrawal(at, r.receipt, _pocket(r, "box") if r.channel else "")


def _payout(at: Context, r: RecordRequest) -> Receipt:
    return withdrawals.attempt_payout(
        at, r.receipt, provider_code(r.provider), _provided(r), r.attempt
    )


def _result(at: Context, r: RecordRequest) -> Receipt:
    status: withdrawals.Status = choice(
        r.status, get_args(withdrawals.Status), "answer of a provider"
    )
    return withdrawals.note_result(at, r.receipt, status, r.attempt, r.reference, r.fee, r.reason)


def _repaid(at: Context, r: RecordRequest) -> Receipt:
    if not r.amount and not r.interest_amount:
        raise CommandRefused(
            "How much goes back? Give --amount or --interest-amount.", "incomplete"
        )
    return funds.repay_funding(at, _named(r), r.amount, r.interest_amount, _pocket(r), r.reference)


ROWS: Final[Mapping[str, Row]] = {
    "expense": ("The group spends money on itself", ("amount",), _expense, "an expense"),
    "transfer": ("Money moves between pockets", ("channel", "to", "amount"), _transfer, ""),
    "partner": ("An organisation that the group works with", ("name",), _partner, "a partner"),
    "funding": ("A partner promises money", ("amount",), _funding, "a promise of funding"),
    "funding-received": (
        "Money that was promised arrives",
        ("amount",),
        lambda at, r: funds.receive_funding(at, _named(r), r.amount, _pocket(r), r.reference),
        "funding that arrived",
    ),
    "funding-repaid": ("The group pays a partner back", (), _repaid, "funding paid back"),
    "funding-released": (
        "A partner gives up what it is owed, or a grant is earned, when officers agree",
        ("amount", "code"),
        _released,
        "funding given up",
    ),
    "investment": (
        "The group buys something to keep",
        ("name", "amount"),
        _investment,
        "an investment",
    ),
    "investment-value": (
        "What an investment is worth on a day",
        ("amount",),
        lambda at, r: funds.value_investment(at, _named(r), r.amount, r.date, r.reason),
        "the value of an investment",
    ),
    "investment-income": (
        "An investment brings interest, a dividend or rent",
        ("amount",),
        lambda at, r: funds.receive_income(at, _named(r), r.amount, _pocket(r)),
        "income of an investment",
    ),
    "investment-sale": (
        "An investment is sold, or a part of it",
        ("amount",),
        lambda at, r: funds.sell_investment(at, _named(r), r.amount, r.cost, _pocket(r)),
        "the sale of an investment",
    ),
    "payment": (
        "A provider told of a payment",
        ("provider", "reference", "amount"),
        _payment,
        "a payment received",
    ),
    "match": (
        "Which entry a payment is that a provider told of",
        ("receipt", "match"),
        lambda at, r: funds.match_payment(at, r.receipt, r.match),
        "a match",
    ),
    "withdrawal": (
        "Money is to be paid out, when officers agree",
        ("amount",),
        _request,
        "a request to pay out",
    ),
    "withdrawal-paid": (
        "The money of a request is handed over in cash",
        ("receipt",),
        _paid,
        "the payment of a request",
    ),
    "payout": (
        "A provider is asked to pay a request",
        ("receipt", "provider"),
        _payout,
        "an attempt to pay",
    ),
    "payout-result": (
        "What the provider says of an attempt",
        ("receipt", "status"),
        _result,
        "a provider's answer",
    ),
    "cancel": (
        "A request to pay out is no longer wanted",
        ("receipt",),
        lambda at, r: withdrawals.cancel_withdrawal(at, r.receipt, r.reason),
        "a cancellation",
    ),
}
"""Kind of record -> its row, in the order in which a meeting needs them."""
