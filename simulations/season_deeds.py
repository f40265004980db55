"""What members' money does in a meeting: shares, savings, the social fund, fines and loans.

A deed looks at the table and gives the fact that an officer of that title writes down, or nothing
when there is nothing to write about. Amounts are any: people pay too much and too little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from model import events as e
from simulations.season_table import Table

SHARE_VALUE_MINOR: Final = 100


class Deed(NamedTuple):
    """Something that happens at the table, and who writes it down."""

    titles: tuple[e.Title, ...]
    """Officers whose office it is."""
    often: int
    """How often, beside the others."""
    kind: type[e.Event]
    write: Callable[[Table], e.Event | None]


def _share(table: Table) -> e.Event:
    member, shares = table.member(), table.chance.randint(1, 5)
    line = table.line(e.SharePurchased, member=member)
    amount = shares * SHARE_VALUE_MINOR
    if table.happens(10):
        source: e.Source = table.pick(("savings", "payable"))
        return e.SharePurchased(*table.at, member, shares, amount, line, source=source)
    return e.SharePurchased(*table.at, member, shares, amount, line, table.pocket())


def _social(table: Table) -> e.Event:
    member = table.member()
    line = table.line(e.SocialContributed, member=member)
    return e.SocialContributed(*table.at, member, table.amount(50), line, table.pocket())


def _help(table: Table) -> e.Event:
    member = table.member() if table.happens(80) else b""
    line = table.line(e.SocialPaidOut, member=member)
    return e.SocialPaidOut(*table.at, member, table.amount(300), "illness", line, table.pocket())


def _deposit(table: Table) -> e.Event:
    member = table.member()
    line = table.line(e.SavingsDeposited, member=member)
    return e.SavingsDeposited(*table.at, member, table.amount(), line, table.pocket())


def _withdrawal(table: Table) -> e.Event:
    member = table.member()
    line = table.line(e.SavingsWithdrawn, member=member)
    return e.SavingsWithdrawn(*table.at, member, table.amount(900), line, table.pocket())


def _fine(table: Table) -> e.Event:
    code = table.pick(("late", "absent", "noise", "phone"))
    return e.FineLevied(*table.at, table.member(), code, table.pick((20, 50, 50, 75)))


def _fine_paid(table: Table) -> e.Event:
    member = table.member()
    line = table.line(e.FinePaid, member=member)
    source: e.Source = "savings" if table.happens(10) else ""
    pocket: e.Channel = "box" if source else table.pocket()
    return e.FinePaid(*table.at, member, table.amount(90), line, pocket, source)


def _fine_waived(table: Table) -> e.Event | None:
    fine = table.newest([identity for identity, _ in table.phone.heard(e.FineLevied)])
    return e.FineWaived(fine, *table.at, "was ill") if fine else None


def _application(table: Table) -> e.Event:
    member, amount = table.member(), table.amount()
    line = table.line(e.LoanApplied, member=member)
    periods = table.chance.randint(1, 7)
    fund: e.Fund = "social_fund" if table.happens(15) else "loan_fund"
    return e.LoanApplied(*table.at, member, amount, "seed", periods, line, fund)


def _approval(table: Table) -> e.Event | None:
    answered = {event.loan for _, event in table.phone.heard(e.LoanApproved)}
    asked = [item for item in table.phone.heard(e.LoanApplied) if item[0] not in answered]
    request = table.newest(asked)
    if request is None:
        return None
    loan, applied = request
    rules = table.pick(LOAN_RULES) if applied.periods > 1 else e.LoanRules()
    method: Any = "flat" if rules.principal_at_end else table.pick(METHODS)
    stepped = table.happens(33) and applied.amount_minor > 1000 and not rules.interest_grace
    rounding: Any = table.pick(("half_even", "half_up", "ceiling", "floor"))
    return e.LoanApproved(
        *table.at,
        loan,
        applied.amount_minor,
        method,
        table.pick((0, 33_333, 50_000, 100_000)),
        applied.periods,
        step_minor=50 if stepped else 1,
        rounding=rounding,
        rules=rules,
    )


def _disbursement(table: Table) -> e.Event | None:
    lent = set(table.loans())
    open_requests = [item for item in table.phone.heard(e.LoanApplied) if item[0] not in lent]
    request = table.newest(open_requests)
    if request is None:
        return None
    loan, applied = request
    amounts = [event.amount_minor for _, event in table.phone.heard(e.LoanApproved)]
    amount = applied.amount_minor
    if table.happens(5) and amounts:
        amount = table.pick(amounts)
    fee, interest = (table.pick((0, 0, 3)), table.pick((0, 0, 5))) if amount > 100 else (0, 0)
    return e.LoanDisbursed(
        *table.at, loan, amount, table.pocket(), fee_minor=fee, interest_minor=interest
    )


def _repayment(table: Table) -> e.Event | None:
    loan = table.newest(table.loans(), most=9)
    if loan is None:
        return None
    line = table.line(e.LoanRepaid, loan=loan)
    if table.happens(15):
        reference = f"QX{table.chance.randrange(30)}"
        return e.LoanRepaid(*table.at, loan, table.amount(900), line, "mobile", reference)
    if table.happens(10):
        return e.LoanRepaid(*table.at, loan, table.amount(200), line, source="savings")
    return e.LoanRepaid(*table.at, loan, table.amount(900), line, table.pocket())


def _charge(table: Table) -> e.Event | None:
    loan = table.newest(table.loans())
    if loan is None:
        return None
    kind: Any = table.pick(("penalty", "penalty", "fee", "interest"))
    instalment = 1
    for _, event in table.phone.heard(e.LoanApproved):
        plain = event.rules.method not in ("fixed_instalment", "bullet")
        if event.loan == loan and plain and _is_of_no_officer(table, loan):
            instalment = table.chance.randint(1, event.periods)
    line = table.line(e.LoanCharged, loan=loan, kind=kind, instalment=instalment)
    return e.LoanCharged(loan, *table.at, kind, table.amount(50), instalment, line)


def _is_of_no_officer(table: Table, loan: bytes) -> bool:
    """Can nobody have approved a loan of their own, so that its terms surely hold?"""
    officers = {event.member for _, event in table.phone.heard(e.OfficerElected)}
    requests = dict(table.phone.heard(e.LoanApplied))
    merged = table.phone.heard(e.MemberMerged)
    return loan in requests and requests[loan].member not in officers and not merged


def _waiver(table: Table) -> e.Event | None:
    loan = table.newest(table.loans())
    if loan is None:
        return None
    kind: Any = table.pick(("penalty", "fee", "interest"))
    line = table.line(e.LoanWaived, loan=loan, kind=kind)
    return e.LoanWaived(loan, *table.at, kind, table.amount(50), line)


def _write_off(table: Table) -> e.Event | None:
    gone = {event.loan for _, event in table.phone.heard(e.LoanWrittenOff)}
    left = [loan for loan in table.loans() if loan not in gone]
    return e.LoanWrittenOff(table.pick(left), *table.at, table.amount(900)) if left else None


def _rescheduling(table: Table) -> e.Event | None:
    """What is left is agreed upon anew, once, and never from before the first instalment."""
    again = {event.loan for _, event in table.phone.heard(e.LoanRescheduled)}
    agreed = [
        event
        for _, event in table.phone.heard(e.LoanApproved)
        if event.loan in table.loans() and event.loan not in again and event.periods > 1
    ]
    terms = table.newest([event for event in agreed if event.rules == e.LoanRules()])
    if terms is None:
        return None
    start = table.chance.randint(1, terms.periods)
    periods = table.chance.randint(1, 5)
    rate = table.pick((0, 20_000, 50_000))
    method: Any = table.pick(METHODS)
    return e.LoanRescheduled(terms.loan, *table.at, start, method, rate, periods)


def _default(table: Table) -> e.Event | None:
    loan = table.newest(table.loans())
    return e.LoanDefaulted(loan, *table.at, "nobody came") if loan else None


def _recovery(table: Table) -> e.Event | None:
    lost = [event.loan for _, event in table.phone.heard(e.LoanWrittenOff)]
    loan = table.newest(lost)
    if loan is None:
        return None
    line = table.line(e.LoanRecovered, loan=loan)
    return e.LoanRecovered(loan, *table.at, table.amount(90), line, table.pocket())


def _guarantee(table: Table) -> e.Event | None:
    asked = table.newest([identity for identity, _ in table.phone.heard(e.LoanApplied)])
    return e.GuaranteeGiven(asked, table.member(), table.amount()) if asked else None


def _refusal(table: Table) -> e.Event | None:
    asked = table.newest([identity for identity, _ in table.phone.heard(e.LoanApplied)])
    return e.LoanRefused(asked, *table.at, "rejected", "too much") if asked else None


METHODS: Final = ("flat", "reducing", "reducing_instalment")
LOAN_RULES: Final = (
    e.LoanRules(),
    e.LoanRules(),
    e.LoanRules(principal_grace=1),
    e.LoanRules(interest_grace=1),
    e.LoanRules(interest_free=1),
    e.LoanRules(method="interest_only"),
    e.LoanRules(method="upfront"),
    e.LoanRules(method="bullet"),
    e.LoanRules(principal_at_end=True),
    e.LoanRules(method="fixed_instalment", instalment_minor=400),
    e.LoanRules(rate_per="year"),
    e.LoanRules(money_step_minor=5),
    e.LoanRules(allocation="principal_interest_penalty_fee"),
    e.LoanRules(allocation="penalty_interest_principal_fee"),
)
"""Terms whose rows follow from the agreement alone, whatever day it is."""
_MONEY: Final[tuple[e.Title, ...]] = ("treasurer", "secretary")

DEEDS: Final[tuple[Deed, ...]] = (
    Deed(_MONEY, 12, e.SharePurchased, _share),
    Deed(_MONEY, 5, e.SocialContributed, _social),
    Deed(("treasurer",), 3, e.SocialPaidOut, _help),
    Deed(_MONEY, 4, e.SavingsDeposited, _deposit),
    Deed(("treasurer",), 3, e.SavingsWithdrawn, _withdrawal),
    Deed(("secretary", "chairperson"), 5, e.FineLevied, _fine),
    Deed(_MONEY, 5, e.FinePaid, _fine_paid),
    Deed(("chairperson",), 2, e.FineWaived, _fine_waived),
    Deed(("secretary",), 5, e.LoanApplied, _application),
    Deed(("chairperson",), 5, e.LoanApproved, _approval),
    Deed(("treasurer",), 5, e.LoanDisbursed, _disbursement),
    Deed(_MONEY, 10, e.LoanRepaid, _repayment),
    Deed(("treasurer",), 3, e.LoanCharged, _charge),
    Deed(("chairperson",), 2, e.LoanWaived, _waiver),
    Deed(("chairperson",), 3, e.LoanWrittenOff, _write_off),
    Deed(("chairperson",), 2, e.LoanRescheduled, _rescheduling),
    Deed(("chairperson",), 1, e.LoanDefaulted, _default),
    Deed(("treasurer",), 2, e.LoanRecovered, _recovery),
    Deed(("secretary",), 1, e.GuaranteeGiven, _guarantee),
    Deed(("chairperson",), 1, e.LoanRefused, _refusal),
)
"""Rights are those that the field gives: money in by treasurer or secretary, out by treasurer."""
