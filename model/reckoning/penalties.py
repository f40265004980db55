"""What lateness costs by the group's rule: suggestions with keys, never charges by themselves.

An officer puts a penalty on a loan; the rule only says how much would be right and since when.
A payment within the days of grace is in time. Each suggestion has a key that says which instalment
and which period it is for, so that the same lateness is charged once, whoever charges it.

Sources: Apache Fineract's overdue charges (flat or percent of principal, principal and interest, or
all that is overdue; grace days; once or again each period); the late fees of savings groups; the
penal interest of banks by the year and the days late (amount * rate * days / 360, rounded once).
"""

from typing import Final, Literal, NamedTuple

from model.days import add_days
from model.money import Minor, Rounding, divide
from model.reckoning.account import Account, InstalmentState
from model.reckoning.calendar import DuePlan, Unit, counted_day
from model.reckoning.happenings import Charge
from model.reckoning.rates import Rate, RateError, check_rate, nominal_rate

PENALTIES_MAX: Final = 2_000
"""Suggestions for one loan; a rule that asks for more is a mistake."""


class PenaltyRule(NamedTuple):
    """`none`, a `flat` amount, or a `percent` of what is overdue.

    `basis`: overdue principal; principal and interest; or everything overdue on the instalment,
    fees and earlier penalties too. `grace_days`: a payment so many days late is in time.
    `once_per`: one penalty for each late instalment, or again for every begun period of lateness
    (`every` `unit`s). `rate`: of what is overdue, each time; one for a year, a month … is brought
    to the period of lateness (11 % a year by the day is 11/36,500) and needs `once_per="period"`.
    `most_minor`: of one loan altogether, 0 for no limit. `rounded`: each penalty by itself, or the
    `cumulative` total of an instalment, so that many small ones come to the whole rounded once.
    """

    kind: Literal["none", "flat", "percent"] = "none"
    amount_minor: Minor = 0
    rate: Rate = Rate(0)
    basis: Literal["principal", "principal_interest", "total"] = "principal_interest"
    grace_days: int = 0
    once_per: Literal["instalment", "period"] = "instalment"
    unit: Unit = "month"
    every: int = 1
    most_minor: Minor = 0
    rounding: Rounding = "half_even"
    money_step: Minor = 1
    rounded: Literal["each", "cumulative"] = "each"


class PenaltyDue(NamedTuple):
    """One suggested penalty: instalment, which period of lateness (0 the first), from which day."""

    instalment: int
    period: int
    on: str
    overdue_minor: Minor
    amount_minor: Minor
    key: str

    def as_charge(self) -> Charge:
        """The happening that charges it, once."""
        return Charge(self.on, "penalty", self.amount_minor, self.instalment, self.key)


def penalties_due(found: Account, rule: PenaltyRule) -> tuple[PenaltyDue, ...]:
    """Penalties that the rule asks for up to the account's day, in the order of their days.

    What was overdue is looked up at the end of the last day of grace, and then at the end of each
    further period. Raises `RateError` for a rate out of bounds or one for a time that is charged
    only once, `ValueError` for a negative grace.
    """
    if rule.grace_days < 0 or not 1 <= rule.every <= 366 or rule.money_step < 1:
        raise ValueError("A grace is 0 days or more, a period at least one unit.")
    if rule.kind == "none":
        return ()
    rule = rule._replace(rate=_rate_each_time(rule))
    suggested: list[PenaltyDue] = []
    for row in found.instalments:
        suggested.extend(_of_instalment(row, rule, found.on, PENALTIES_MAX - len(suggested)))
    suggested.sort(key=lambda due: (due.on, due.instalment))
    return tuple(_capped(suggested, rule.most_minor))


def _rate_each_time(rule: PenaltyRule) -> Rate:
    check_rate(rule.rate)
    if rule.rate.per == "period" or rule.kind == "flat":
        return rule.rate
    if rule.once_per == "instalment":
        raise RateError("A penalty rate for a time needs a penalty for each period of lateness.")
    exact = nominal_rate(rule.rate, rule.unit, rule.every)
    return Rate(exact.numerator, exact.denominator)


def _of_instalment(row: InstalmentState, rule: PenaltyRule, on: str, room: int) -> list[PenaltyDue]:
    found: list[PenaltyDue] = []
    last_in_time = add_days(row.due_on, rule.grace_days)
    plan = DuePlan(rule.unit, rule.every)
    reckoned = posted = 0
    for period in range(max(0, room)):
        checked_on = counted_day(last_in_time, plan, period)
        if checked_on >= on:
            break
        overdue = overdue_at(row, checked_on, rule.basis)
        if not overdue:
            break
        reckoned += overdue
        if rule.rounded == "each" or rule.kind == "flat":
            amount = _amount(overdue, rule)
        else:
            amount = _amount(reckoned, rule) - posted
        posted += amount
        if amount:
            key = f"late {row.number} {period}"
            first_late = add_days(checked_on, 1)
            found.append(PenaltyDue(row.number, period, first_late, overdue, amount, key))
        if rule.once_per == "instalment":
            break
    return found


def overdue_at(
    row: InstalmentState, day: str, basis: Literal["principal", "principal_interest", "total"]
) -> Minor:
    """What an instalment that fell due lacked at the end of a day; waived parts are not asked."""
    places = {"principal": (3,), "principal_interest": (2, 3), "total": (0, 1, 2, 3)}[basis]
    asked = sum(row.asked[place] - row.waived[place] for place in places)
    paid = sum(amount for on, place, amount in row.payments if on <= day and place in places)
    return max(0, asked - paid)


def _amount(overdue_minor: Minor, rule: PenaltyRule) -> Minor:
    if rule.kind == "flat":
        return rule.amount_minor
    step = rule.money_step
    numerator = overdue_minor * rule.rate.numerator
    return divide(numerator, rule.rate.denominator * step, rule.rounding) * step


def _capped(suggested: list[PenaltyDue], most_minor: Minor) -> list[PenaltyDue]:
    if not most_minor:
        return suggested
    left, kept = most_minor, []
    for due in suggested:
        amount = min(due.amount_minor, left)
        if amount:
            kept.append(due._replace(amount_minor=amount))
            left -= amount
    return kept
