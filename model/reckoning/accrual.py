"""Interest that comes with time: on which days it accrues, and on what.

The schedule's own interest needs none of this. Three agreements do: interest on what is **really**
still owed (so that paying early saves and paying late costs), the monthly `service_charge`, and
`compound` interest. Each accrues on known days, at the end of a period or of a month of 30 days,
never in between, and an accrual is one rounded amount. A fourth, interest to the day of each
payment, accrues on those days as well: what is unpaid is kept aside and bears no interest.

Sources: Fineract's "interest recalculation" by repayment period or day; the United States rule and
the Merchants' rule for partial payments, in school books since the 19th century; the service charge
of village savings groups as counted by 30 days, stopping at the term; simple and compound interest
of textbooks, the cap in duplum of South African law (interest never above the principal).
"""

from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import add_days, days_between
from model.reckoning.calendar import Period
from model.reckoning.rates import part_by_days
from model.reckoning.schedules import SCHEDULES_KEPT, loan_periods, loan_rates, schedule
from model.reckoning.terms import DYNAMIC_METHODS, PERIODS_MAX, LoanTerms, TermsError, count_of
from model.reckoning.timed_interest import charged_months, term_months

Basis: TypeAlias = Literal[
    "schedule", "opening_balance", "daily_balance", "payment_day", "compound", "service_charge"
]
"""What interest is reckoned on."""

EarlyPolicy: TypeAlias = Literal["to_date", "to_period", "sum_of_digits", "full"]
"""What settles a loan early, see early_settlement.py."""


class InterestRule(NamedTuple):
    """Whether interest is owed as scheduled or on the actual balance.

    `basis`: `schedule` (default; a group counts periods); `opening_balance`: at each period's end,
    on the principal still owed after the day that the period began; `daily_balance`: on the
    principal owed each night of it; `payment_day`: to the day of each payment and at each period's
    end, on the principal owed since the last of these (US rule; for `bullet`, too). `paid`: with
    `payment_day`, a payment goes to all accrued interest `first` (US rule), or where the allocation
    rule sends it `in_turn` (Fineract's interest recalculation; with an order that begins with
    principal, the Merchants' rule). `after_term`: go on accruing for periods after the last due day
    while principal is owed (compound and actual balance alone). `early`: a payment that covers
    what settles the loan by this policy (early_settlement.py) settles it, and the scheduled
    interest that is then not asked is waived.
    """

    basis: Literal["schedule", "opening_balance", "daily_balance", "payment_day"] = "schedule"
    after_term: bool = False
    early: EarlyPolicy = "full"
    paid: Literal["first", "in_turn"] = "first"


AS_SCHEDULED: Final = InterestRule()
"""Interest is owed as the schedule says, whenever it is paid."""


class Accrual(NamedTuple):
    """Interest that falls on one day: of the period, at `numerator / denominator`.

    `months` counts the service charge so far instead (0 for the others). `kind` says on what.
    """

    on: str
    kind: Basis
    starts_on: str
    number: int
    numerator: int = 0
    denominator: int = 1
    months: int = 0


_REDUCING = frozenset({"reducing", "reducing_instalment", "fixed_instalment", "interest_only"})


def accrues(terms: LoanTerms, rule: InterestRule) -> bool:
    """Is interest of these terms reckoned as time passes?"""
    if terms.method in DYNAMIC_METHODS:
        return True
    if terms.method == "bullet":
        return rule.basis == "payment_day"
    return rule.basis != "schedule" and terms.method in _REDUCING


@lru_cache(maxsize=SCHEDULES_KEPT)
def accruals(terms: LoanTerms, rule: InterestRule) -> tuple[Accrual, ...]:
    """The days on which interest accrues, in order; none for scheduled interest.

    Raises `TermsError` when interest that time brings is to be deferred by a grace.
    """
    if not accrues(terms, rule):
        return ()
    if terms.method == "service_charge":
        return _monthly(terms)
    if terms.grace.interest:
        raise TermsError("Interest that time brings cannot be deferred: it stands when it accrues.")
    count = count_of(terms)
    if terms.method == "fixed_instalment":
        count = len(schedule(terms).instalments) - (terms.down_payment_minor > 0)
    if rule.after_term:
        count = PERIODS_MAX
    periods = loan_periods(terms, count)
    return _at_period_ends(terms, periods, "compound" if terms.method == "compound" else rule.basis)


def _at_period_ends(
    terms: LoanTerms, periods: tuple[Period, ...], kind: Basis
) -> tuple[Accrual, ...]:
    rates = loan_rates(terms, periods)
    return tuple(
        Accrual(period.ends_on, kind, period.starts_on, number, numerator, rates.denominator)
        for number, (period, numerator) in enumerate(zip(periods, rates.numerators, strict=True), 1)
        if numerator
    )


def broken_off(terms: LoanTerms, accrual: Accrual, on: str) -> tuple[Accrual, Accrual]:
    """An accrual up to a day within it, and the rest of it; together they are the whole.

    The part is what the day count gives for its days; counting periods, its share of the nights.
    """
    whole = Fraction(accrual.numerator, accrual.denominator)
    if terms.day_count == "nominal":
        nights = days_between(accrual.starts_on, accrual.on)
        part = whole * Fraction(days_between(accrual.starts_on, on), nights)
    else:
        days = Period(accrual.starts_on, on, regular=False)
        part = min(whole, part_by_days(terms.rate, days, terms.due.unit, terms.day_count))
    rest = whole - part
    return (
        accrual._replace(on=on, numerator=part.numerator, denominator=part.denominator),
        accrual._replace(starts_on=on, numerator=rest.numerator, denominator=rest.denominator),
    )


def _monthly(terms: LoanTerms) -> tuple[Accrual, ...]:
    count = len(schedule(terms).instalments)
    last = term_months(terms, (Period(),) * count)
    found = []
    counted = 0
    for month in range(last + 1):
        day = add_days(terms.disbursed_on, month * terms.month_days)
        months = charged_months(terms, last, days_between(terms.disbursed_on, day))
        if months > counted:
            found.append(Accrual(day, "service_charge", terms.disbursed_on, month, months=months))
            counted = months
    return tuple(found)
