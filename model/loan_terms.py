"""What was agreed about a loan in the book, as the reckoning understands it.

Terms are complete in the approval and copied into the loan's page; the constitution is not looked
up again. The names of the events and those of the reckoning meet here and nowhere else.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, Literal

import msgspec

from model.days import Period
from model.events import LoanApproved, LoanRescheduled, LoanRules, Method
from model.money import Rounding
from model.pages import LoanPage
from model.reckoning.accrual import AS_SCHEDULED, EarlyPolicy, InterestRule
from model.reckoning.allocation import (
    BUCKETS,
    DEFAULT_ALLOCATION,
    AllocationRule,
    Bucket,
    Waterfall,
    is_sum_function,
    waterfall,
)
from model.reckoning.calendar import DuePlan
from model.reckoning.penalties import PenaltyRule
from model.reckoning.rates import PPM, DayCount, Rate
from model.reckoning.terms import DYNAMIC_METHODS, Fee, Grace, LoanTerms, RoundingRule

PLAIN_RULES: Final = LoanRules()
"""Of a loan with nothing agreed beyond its rate and its instalments."""

_DAY_COUNTS: Final[dict[str, DayCount]] = {
    "periods": "nominal",
    "actual_365": "days_365",
    "actual_360": "days_360",
    "actual_364": "days_364",
    "actual_actual": "actual_actual",
    "30_360": "30_360",
}
_ORDERS: Final[dict[str, tuple[Bucket, ...]]] = {
    "penalty_fee_interest_principal": ("penalty", "fee", "interest", "principal"),
    "penalty_interest_principal_fee": ("penalty", "interest", "principal", "fee"),
    "interest_principal_penalty_fee": ("interest", "principal", "penalty", "fee"),
    "principal_interest_penalty_fee": ("principal", "interest", "penalty", "fee"),
}
_EARLY: Final[dict[str, EarlyPolicy]] = {
    "scheduled": "full",
    "to_date": "to_date",
    "to_period": "to_period",
}
_ADVANCES: Final[dict[str, Literal["next_instalment", "last_instalment", "reamortise"]]] = {
    "next": "next_instalment",
    "last": "last_instalment",
    "reamortise": "reamortise",
}
_METHODS: Final[dict[str, Method]] = {
    "flat": "flat",
    "reducing": "reducing",
    "reducing_instalment": "reducing_instalment",
}
_PERIODS: Final[dict[str, Period]] = {"week": "week", "month": "month"}
_KEPT: Final = 1_024
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(LoanRules)


@lru_cache(maxsize=_KEPT)
def _plain(
    principal_minor: int,
    method: Method,
    rate_ppm: int,
    periods: int,
    period: Period,
    step_minor: int,
    rounding: Rounding,
    starts_on: str,
) -> LoanTerms:
    return LoanTerms(
        principal_minor,
        method,
        Rate(rate_ppm, PPM),
        periods,
        starts_on,
        DuePlan(period),
        rounding=RoundingRule(rounding, 1, step_minor),
    )


def terms_of(loan: LoanPage) -> LoanTerms | None:
    """Terms for the principal that was handed over, with its days; None before that."""
    if not loan.principal_minor:
        return None
    return _terms(loan, loan.starts_on)


def amounts_of(loan: LoanPage) -> LoanTerms | None:
    """Terms that give the same amounts, without days where no amount depends on them: loans of one
    kind are then reckoned once. None before the money was handed over."""
    if not loan.principal_minor:
        return None
    plain = loan.rules is None and not loan.first_due_on
    return _terms(loan, "" if plain else loan.starts_on)


def rules_of(loan: LoanPage) -> LoanRules:
    """What was agreed beyond rate and instalments; the plain rules when nothing was."""
    return loan.rules or PLAIN_RULES


def falls_of(loan: LoanPage) -> Waterfall | None:
    """The cumulative sums of the loan's schedule; None before the money was handed over.

    Looked up by a plain loan's few figures: to hash whole terms for every payment takes longer
    than to split it.
    """
    if not loan.principal_minor:
        return None
    if loan.rules is None and not loan.first_due_on:
        return _plain_falls(
            loan.principal_minor,
            loan.method,
            loan.rate_ppm,
            loan.periods,
            loan.period,
            loan.step_minor,
            loan.rounding,
        )
    return waterfall(_terms(loan, loan.starts_on), order_of(loan))


@lru_cache(maxsize=_KEPT)
def _plain_falls(
    principal_minor: int,
    method: Method,
    rate_ppm: int,
    periods: int,
    period: Period,
    step_minor: int,
    rounding: Rounding,
) -> Waterfall:
    terms = _plain(principal_minor, method, rate_ppm, periods, period, step_minor, rounding, "")
    return waterfall(terms)


def _terms(loan: LoanPage, starts_on: str) -> LoanTerms:
    terms = _plain(
        loan.principal_minor,
        loan.method,
        loan.rate_ppm,
        loan.periods,
        loan.period,
        loan.step_minor,
        loan.rounding,
        starts_on,
    )
    if loan.first_due_on:
        terms = terms._replace(due=terms.due._replace(first_due_on=loan.first_due_on))
    if loan.rules is None:
        return terms
    return with_rules(terms, loan.rules)


def with_rules(terms: LoanTerms, rules: LoanRules) -> LoanTerms:
    """Plain terms with everything that a group may have agreed beyond them."""
    day_count = _DAY_COUNTS[rules.day_count]
    rate = Rate(terms.rate.numerator, PPM, rules.rate_per)
    if day_count != "nominal" and rules.rate_per == "period":
        # A rate for each instalment period, counted by days, is that of the period's units.
        rate = Rate(terms.rate.numerator, PPM * rules.every, terms.due.unit)
    due = terms.due._replace(every=rules.every)
    if rules.meeting_days and terms.disbursed_on:
        due = due._replace(meeting_weekday=date.fromisoformat(terms.disbursed_on).weekday())
    return terms._replace(
        method=rules.method or terms.method,
        rate=rate,
        due=due,
        day_count=day_count,
        rounding=terms.rounding._replace(money_step=rules.money_step_minor),
        grace=Grace(rules.principal_grace, rules.interest_grace, rules.interest_free),
        instalment_minor=rules.instalment_minor,
        principal_due="at_end" if rules.principal_at_end else "spread",
        upfront_interest=rules.upfront,
        first_month_at_once=rules.first_month_at_once,
        charge_on="balance" if rules.charge_on_balance else "principal",
        in_duplum=rules.interest_cap,
    )


def fees_of(rules: LoanRules) -> tuple[Fee, ...]:
    """What is held back from the money when it is handed over."""
    fees = []
    if rules.fee_minor:
        fees.append(Fee(rules.fee_minor, at="deducted"))
    if rules.fee_ppm:
        fees.append(Fee(rate=Rate(rules.fee_ppm, PPM), at="deducted"))
    return tuple(fees)


def agreement_text(event: LoanRescheduled) -> str:
    """A new agreement as text that two officers must agree on; `agreement_from` reads it."""
    words = (
        event.arrears,
        event.method,
        f"{event.rate_ppm:07}",
        f"{event.periods:03}",
        event.period,
        event.first_due_on or "-",
        _json(event.rules),
    )
    return " ".join(words)


def agreement_from(text: str, old: LoanTerms) -> tuple[Literal["kept", "joined"], LoanTerms]:
    """What becomes of arrears, and terms for what will be left, rounded as before."""
    arrears, method, rate_ppm, periods, period, first_due_on, rules = text.split(" ")
    plain = LoanTerms(
        1,
        _METHODS[method],
        Rate(int(rate_ppm), PPM),
        int(periods),
        "",
        DuePlan(_PERIODS[period], first_due_on="" if first_due_on == "-" else first_due_on),
        rounding=old.rounding,
    )
    agreed = rules_from(rules)
    terms = plain if agreed == PLAIN_RULES else with_rules(plain, agreed)
    return ("joined" if arrears == "joined" else "kept"), terms


def allocation_of(loan: LoanPage) -> AllocationRule:
    """How payments are poured."""
    rules = loan.rules
    if rules is None:
        return DEFAULT_ALLOCATION
    return AllocationRule(
        _ORDERS[rules.allocation],
        "bucket" if rules.bucket_by_bucket else "instalment",
        _ADVANCES[rules.advance],
    )


def interest_of(loan: LoanPage) -> InterestRule:
    """Whether interest is owed as scheduled, by the real balance, and when paid early."""
    rules = loan.rules
    if rules is None:
        return AS_SCHEDULED
    compound = rules.method == "compound"
    return InterestRule(rules.interest_on, after_term=compound, early=_EARLY[rules.early])


def penalty_of(loan: LoanPage) -> PenaltyRule:
    """What lateness costs, as a suggestion to officers."""
    rules = rules_of(loan)
    basis: Literal["principal", "principal_interest", "total"] = "principal_interest"
    if rules.penalty_basis != "principal_and_interest":
        basis = rules.penalty_basis
    return PenaltyRule(
        rules.penalty,
        rules.penalty_minor,
        Rate(rules.penalty_ppm, PPM),
        basis,
        rules.penalty_grace_days,
        "period" if rules.penalty_repeats else "instalment",
        loan.period,
        rules.every,
        rounding=loan.rounding,
        money_step=rules.money_step_minor,
    )


def is_by_sum(loan: LoanPage) -> bool:
    """Do payments alone decide, by their sum, where each of them goes?"""
    rules = loan.rules
    if rules is None:
        return True
    return (
        rules.method not in DYNAMIC_METHODS
        and rules.interest_on == "schedule"
        and rules.early == "scheduled"
        and is_sum_function(allocation_of(loan))
    )


def order_of(loan: LoanPage) -> tuple[Bucket, ...]:
    """The order of the four things that can be owed."""
    return BUCKETS if loan.rules is None else _ORDERS[loan.rules.allocation]


def terms_text(event: LoanApproved) -> str:
    """Terms as text that two approvals must agree on; of a fixed width, so that the lowest terms
    are the first as text. Rules beyond the plain ones follow as JSON, which has no space."""
    words = [
        event.method,
        f"{event.rate_ppm:07}",
        f"{event.periods:03}",
        event.period,
        str(event.step_minor),
        event.rounding,
    ]
    if event.rules != PLAIN_RULES or event.first_due_on:
        words += [event.first_due_on or "-", _json(event.rules)]
    return " ".join(words)


def _json(rules: LoanRules) -> str:
    return _ENCODER.encode(rules).decode("ascii")


def rules_from(text: str) -> LoanRules:
    """Rules from their JSON."""
    return _DECODER.decode(text)
