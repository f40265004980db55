"""What can be recorded of loans: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from model.days import Period
from node import lending, running_loans
from node.choosing import choice
from node.lending import Terms, Wish
from node.member_records import source_of
from node.recording import Context, Receipt
from node.running_loans import Charged

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]
_OUTCOMES = ("rejected", "withdrawn", "cancelled")


def _pocket(r: RecordRequest) -> e.Channel | None:
    """The pocket that was named; None: that of the fund which lends."""
    if not r.channel:
        return None
    channel: e.Channel = choice(r.channel, get_args(e.Channel), "pocket")
    return channel


def _wish(r: RecordRequest) -> Wish:
    fund: e.Fund = choice(r.fund or "loan_fund", get_args(e.Fund), "fund")
    return Wish(fund, r.guarantors, r.collateral, r.worth)


def _terms(r: RecordRequest) -> Terms:
    method = choice(r.method, get_args(e.Method), "interest method") if r.method else ""
    period = choice(r.period, get_args(Period), "period") if r.period else ""
    return Terms(r.interest, method, r.periods, period, r.date)


def _charged(r: RecordRequest, otherwise: str = "penalty") -> Charged:
    kind: Charged = choice(r.code or otherwise, get_args(Charged), "charge")
    return kind


ROWS: Final[Mapping[str, Row]] = {
    "loan": (
        "A loan is asked for, approved and handed over at once",
        ("member", "amount"),
        lambda at, r: lending.give_loan(
            at, r.member, r.amount, r.periods, r.reason, _pocket(r), _wish(r)
        ),
        "",
    ),
    "loan-request": (
        "A member asks for a loan",
        ("member", "amount"),
        lambda at, r: lending.apply_for_loan(at, r.member, r.amount, r.periods, r.reason, _wish(r)),
        "",
    ),
    "guarantee": (
        "A member answers for a part of another's loan",
        ("member", "payer", "amount"),
        lambda at, r: running_loans.guarantee(at, r.member, r.payer, r.amount, r.loan),
        "",
    ),
    "loan-approval": (
        "The group approves a loan",
        ("member",),
        lambda at, r: lending.approve_loan(at, r.member, r.loan, r.amount, _terms(r)),
        "",
    ),
    "loan-refusal": (
        "A request for a loan ends: rejected, withdrawn or cancelled",
        ("member",),
        lambda at, r: lending.refuse_loan(
            at, r.member, r.loan, choice(r.status or "rejected", _OUTCOMES, "end"), r.reason
        ),
        "",
    ),
    "loan-handover": (
        "The money of an approved loan is handed over",
        ("member",),
        lambda at, r: lending.hand_over_loan(at, r.member, r.loan, _pocket(r), r.witness),
        "",
    ),
    "repayment": (
        "A member pays back on a loan",
        ("member", "amount"),
        lambda at, r: lending.repay_loan(
            at, r.member, r.amount, r.loan, _pocket(r), r.reference, source_of(r), r.payer
        ),
        "",
    ),
    "loan-charge": (
        "A penalty, fee or interest is put on a loan",
        ("member", "amount"),
        lambda at, r: running_loans.charge(
            at, r.member, r.amount, _charged(r), r.loan, r.instalment
        ),
        "",
    ),
    "loan-waiver": (
        "Interest, a penalty or a fee is forgiven, when officers agree",
        ("member", "amount"),
        lambda at, r: running_loans.waive(
            at, r.member, r.amount, _charged(r, "interest"), r.loan, r.reason
        ),
        "",
    ),
    "loan-reschedule": (
        "What is left of a loan gets a new plan, when officers agree",
        ("member", "periods"),
        lambda at, r: running_loans.reschedule(
            at, r.member, r.instalment, _terms(r), r.loan, r.status == "joined", r.reason
        ),
        "a new plan of a loan",
    ),
    "loan-default": (
        "A loan is in default, when officers agree",
        ("member",),
        lambda at, r: running_loans.confirm_default(at, r.member, r.loan, r.reason),
        "",
    ),
    "guarantee-call": (
        "A guarantor is asked to pay, when officers agree",
        ("member", "payer", "amount"),
        lambda at, r: running_loans.call_guarantor(at, r.member, r.payer, r.amount, r.loan),
        "a call on a guarantor",
    ),
    "write-off": (
        "A loan, or a part of it, is given up, when officers agree",
        ("member",),
        lambda at, r: running_loans.write_off(at, r.member, r.amount, r.loan, r.reason),
        "",
    ),
    "recovery": (
        "Something comes back on a loan that was written off",
        ("member", "amount"),
        lambda at, r: running_loans.recover(
            at, r.member, r.amount, r.loan, _pocket(r) or "box", r.reference
        ),
        "",
    ),
}
