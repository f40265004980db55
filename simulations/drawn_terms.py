"""What belongs together on a page, brought together after a draw, so that most are taken.

A plan whose days come before the loan says nothing, nor does an instalment larger than what was
lent; a few stay as they were drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from model.days import add_days
from model.reckoning.auction import Auction
from model.reckoning.calendar import UNITS, DuePlan
from model.reckoning.dividends import Holding
from model.reckoning.health import HealthFacts
from model.reckoning.penalties import PenaltyRule
from model.reckoning.rates import Rate
from model.reckoning.ratios import Attended
from model.reckoning.rotation import Rotation
from model.reckoning.savix import CollectionSheet
from model.reckoning.shareout_terms import ShareOutRules
from model.reckoning.terms import Grace, LoanTerms
from simulations.drawn_pages import NAMES, Pages, fields

_DAYS_OF_LOANS: Final = ("2023-12-30", "2024-01-01", "2024-01-31", "2024-02-29", "2024-03-15")
_PERCENT: Final = (
    (1, 100), (1, 10), (3, 200), (12, 100), (24, 100), (7, 300), (1, 3), (94_822, 10**6), (0, 1),
)  # fmt: skip
_LENT: Final = (100, 999, 1_000, 10_000, 12_345, 33_333, 100_001, 1_200_000, 5_000)


_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "flat": ("flat_interest", "principal_due", "rounding", "day_count"),
    "reducing": ("pay_at", "rounding", "day_count", "principal_minor_each"),
    "reducing_instalment": ("level_fit", "rounding", "balloon", "balloon_minor", "pay_at"),
    "fixed_instalment": ("rounding", "down_payment_minor"),
    "interest_only": ("rounding", "day_count"),
    "bullet": ("day_count", "rounding"),
    "upfront": ("upfront_interest", "principal_due"),
    "service_charge": ("charge_on", "first_month_at_once", "month_days", "principal_due"),
    "compound": ("in_duplum", "rounding"),
}
"""Options that say something for a method, drawn more often there."""


def _terms(draw: Pages, terms: LoanTerms) -> LoanTerms:
    pick, lent = draw.chance.choice, draw.chance.choice(_LENT)
    if draw.chance.random() < 0.15:
        terms = terms._replace(method="reducing_instalment")
    if draw.chance.random() < 0.3:
        terms = terms._replace(due=terms.due._replace(unit=pick(UNITS)))
    if draw.chance.random() < 0.04:
        return terms
    each = lent // terms.periods
    own = {
        name: draw.value(fields(LoanTerms)[name], name)
        for name in _OPTIONS.get(terms.method, ())
        if draw.chance.random() < 0.5
    }
    terms = terms._replace(**own)
    terms = terms._replace(
        principal_minor=lent, disbursed_on=terms.disbursed_on or pick(_DAYS_OF_LOANS)
    )
    if terms.rate.per == "period" and terms.day_count != "nominal":
        terms = terms._replace(rate=terms.rate._replace(per="year"))
    if terms.instalment_minor or terms.method == "fixed_instalment":
        terms = terms._replace(instalment_minor=each + each * pick((1, 2, 10)) // 20 + 1)
    if terms.principal_minor_each:
        terms = terms._replace(principal_minor_each=max(1, each + pick((-7, -1, 0, 1, 5, 50))))
    on_balance = terms.method in ("reducing", "reducing_instalment", "fixed_instalment")
    one_payment = terms.method in ("bullet", "compound", "service_charge", "upfront")
    if terms.down_payment_minor:
        down = 0 if one_payment else lent // pick((3, 5, 10))
        terms = terms._replace(down_payment_minor=down)
    if terms.balloon_minor:
        equal = terms.method == "reducing_instalment" and not terms.instalment_minor
        terms = terms._replace(balloon_minor=lent // pick((2, 3, 7)) if equal else 0)
    if one_payment:
        terms = terms._replace(grace=Grace())
    if terms.pay_at == "start" and (max(terms.grace[:3]) or not on_balance):
        terms = terms._replace(pay_at="end")
    fees = tuple(fee._replace(amount_minor=fee.amount_minor % lent // 7) for fee in terms.fees)
    return terms._replace(due=_due(draw, terms.due, terms.disbursed_on), fees=fees)


def _due(draw: Pages, due: DuePlan, start: str) -> DuePlan:
    pick = draw.chance.choice
    first, second = sorted(due.days_of_month)
    if not (1 <= first <= 27 and first < second <= 31):
        due = due._replace(days_of_month=pick(((1, 15), (10, 25), (5, 31), (15, 31), (14, 28))))
    if due.first_due_on:
        first_due = start if draw.chance.random() < 0.1 else draw.after(start, 70)
        if due.unit == "half_month" and draw.chance.random() < 0.9:
            first_due = f"{first_due[:8]}{due.days_of_month[0]:02}"
        elif draw.chance.random() < 0.3:
            first_due = "2024-02-29" if start < "2024-02-29" else "2025-02-28"
        due = due._replace(first_due_on=first_due)
    if due.seed_on:
        due = due._replace(seed_on=pick((start, draw.after(start), due.first_due_on or draw.day())))
    if due.meeting_days:
        step = pick((7, 11, 30))
        days = [add_days(start, step * number) for number in range(1, pick((4, 9, 30)))]
        draw.chance.shuffle(days)
        due = due._replace(meeting_days=tuple(days))
    holidays = tuple((day, add_days(day, pick((0, 3, 20)))) for day, _ in due.holidays)
    postponed = tuple((draw.after(start), pick((0, 1, 2))) for _ in due.postponed)
    return due._replace(holidays=holidays, postponed=postponed)


def _rate(draw: Pages, rate: Rate) -> Rate:
    return Rate(*draw.chance.choice(_PERCENT), rate.per)


def _penalties(draw: Pages, rule: PenaltyRule) -> PenaltyRule:
    if rule.kind == "flat":
        return rule._replace(amount_minor=rule.amount_minor or 50)
    if rule.rate.per != "period" and draw.chance.random() < 0.9:
        return rule._replace(once_per="period")
    return rule


def _holding(draw: Pages, holding: Holding) -> Holding:
    most = holding.opening_minor
    monthly = []
    for _ in holding.monthly_minor:
        monthly.append(draw.chance.choice((-most, -most // 2, 100, 2_500, 12_345, 0)))
        most += monthly[-1]
    return holding._replace(monthly_minor=tuple(monthly))


def _share_rules(draw: Pages, rules: ShareOutRules) -> ShareOutRules:
    step = rules.share_value_step
    if step is not None:
        step = draw.chance.choice((1, 5, 50, Fraction(1, 100), Fraction(1, 3)))
    if rules.capital == "returned_first" and draw.chance.random() < 0.95:
        step = None
    return rules._replace(share_value_step=step)


def _facts(draw: Pages, facts: HealthFacts) -> HealthFacts:
    def of(total: int) -> int:
        return draw.chance.choice((0, total // 3, total - 1 if total else 0, total, total))

    return facts._replace(
        closed_meetings=of(facts.meetings), keyed_meetings=of(facts.meetings),
        decisions_agreed=of(facts.decisions), repaid_minor=of(facts.due_minor),
        saved=of(facts.expected), attended=of(facts.expected), social_paid=of(facts.expected),
    )  # fmt: skip


def _sheet(draw: Pages, sheet: CollectionSheet) -> CollectionSheet:
    def of(total: int) -> int:
        return draw.chance.choice((0, total // 3, total // 2, total))

    return sheet._replace(
        members_at_start=draw.chance.choice((0, 4, 10, 25)), women=of(sheet.members),
        attending=of(sheet.members), dropouts=draw.chance.choice((0, 1, 5, 20)),
        loans=of(sheet.members), late_balance=of(sheet.loans_outstanding),
    )  # fmt: skip


def _attended(draw: Pages, seen: Attended) -> Attended:
    came = draw.chance.randint(0, seen.members)
    return seen._replace(in_person=came, by_representative=(seen.members - came) // 2)


def _rotation(draw: Pages, rotation: Rotation) -> Rotation:
    contribution = draw.chance.choice((1, 7, 100, 2_500))
    order = tuple(draw.chance.choice(NAMES[:3]) for _ in range(draw.chance.choice((2, 3, 4, 5))))
    fee = min(rotation.fee_minor, contribution * draw.chance.choice((0, 1, len(order))))
    return rotation._replace(contribution_minor=contribution, order=order, fee_minor=fee)


def _auction(draw: Pages, auction: Auction) -> Auction:
    return auction._replace(
        contribution_minor=draw.chance.choice((7, 100, 2_500)),
        slots=tuple(draw.chance.choices(NAMES, k=draw.chance.choice((1, 2, 3, 5, 5)))),
    )


TOGETHER: Final[dict[Any, Callable[[Pages, Any], Any]]] = {
    LoanTerms: _terms, Rate: _rate, PenaltyRule: _penalties, Holding: _holding,
    ShareOutRules: _share_rules, HealthFacts: _facts, CollectionSheet: _sheet,
    Attended: _attended, Rotation: _rotation, Auction: _auction,
    DuePlan: lambda draw, due: _due(draw, due, draw.day()),
}  # fmt: skip
"""Page -> how it is brought together."""
