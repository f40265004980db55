"""A schedule says what to bring on which day; it follows from the terms and from nothing else.

The same terms give the same schedule on every phone, so it is never stored, only its terms are.
Every instalment carries the time its interest is for, so that members can check the figures against
the paper that was read out. Schedules are remembered for a while, because a group's loans are
looked at far more often than agreed.

What a spreadsheet calls PMT, IPMT and PPMT are the total, interest and principal of a row of
`reducing_instalment`; its future value is `balloon_minor`, its type 1 is `pay_at` start, and both
together are a `whole` balloon with one instalment more. A sheet prints rounded figures and carries
unrounded ones on, so its later rows can differ by a unit from amounts that were really paid, as
here.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from model.days import DayError
from model.money import Minor, divide
from model.reckoning.amortisation import Row, amortised, principals, rounded
from model.reckoning.calendar import Period, periods_of
from model.reckoning.rates import PeriodRates, RateError, period_rates
from model.reckoning.terms import PERIODS_MAX, Fee, LoanTerms, TermsError, check_terms, count_of
from model.reckoning.timed_interest import compounded, service_charge_rows

SCHEDULES_KEPT: Final = 1_024
"""Schedules remembered between calls: more than a large group has loans open."""


class Instalment(NamedTuple):
    """One row of a schedule; `number` counts from 1.

    `balance_minor`: principal still owed once it is paid. `starts_on`, `ends_on`: the time that
    its interest is for; `due_on` may be later (a meeting day). Days are empty without a calendar.
    """

    number: int
    principal_minor: Minor
    interest_minor: Minor
    fee_minor: Minor = 0
    penalty_minor: Minor = 0
    due_on: str = ""
    balance_minor: Minor = 0
    starts_on: str = ""
    ends_on: str = ""

    @property
    def total_minor(self) -> Minor:
        """What the member is to bring for this instalment."""
        return self.penalty_minor + self.fee_minor + self.interest_minor + self.principal_minor


class Schedule(NamedTuple):
    """Everything the terms ask for.

    `interest_at_disbursement_minor`, `fee_at_disbursement_minor`: paid or held back when the money
    is handed over, not part of any instalment. `handed_over_minor`: cash that the member takes
    away, held-back parts left out. `capitalised_minor`: interest of a grace that joined the
    principal, so that the instalments' principal adds up to what was lent and this.
    """

    instalments: tuple[Instalment, ...]
    handed_over_minor: Minor
    interest_at_disbursement_minor: Minor = 0
    fee_at_disbursement_minor: Minor = 0
    capitalised_minor: Minor = 0

    @property
    def principal_minor(self) -> Minor:
        """Principal of all instalments."""
        return sum(row.principal_minor for row in self.instalments)

    @property
    def interest_minor(self) -> Minor:
        """Interest of all instalments and at disbursement."""
        return self.interest_at_disbursement_minor + sum(r.interest_minor for r in self.instalments)

    @property
    def fee_minor(self) -> Minor:
        """Fees of all instalments and at disbursement."""
        return self.fee_at_disbursement_minor + sum(row.fee_minor for row in self.instalments)

    @property
    def total_minor(self) -> Minor:
        """Everything that instalments bring; what was settled at disbursement is left out."""
        return sum(row.total_minor for row in self.instalments)


@lru_cache(maxsize=SCHEDULES_KEPT)
def schedule(terms: LoanTerms) -> Schedule:
    """The schedule of a loan; raises `TermsError` when the terms are out of bounds, never repay the
    principal, or an instalment would not cover its interest."""
    check_terms(terms)
    periods = loan_periods(terms)
    try:
        rates = loan_rates(terms, periods)
    except RateError as error:
        raise TermsError(str(error)) from error
    rest = terms._replace(principal_minor=terms.principal_minor - terms.down_payment_minor)
    found, interest, capitalised = _amounts(rest, rates, periods)
    held_back, fee_now = _fees_at_disbursement(terms)
    rows = _instalments(terms, periods, found, capitalised)
    if terms.method == "upfront" and terms.upfront_interest == "deducted":
        held_back += interest
    if held_back >= terms.principal_minor:
        raise TermsError("What is held back would leave nothing to hand over.")
    handed_over = terms.principal_minor - held_back
    return Schedule(rows, handed_over, interest, fee_now, capitalised)


def _amounts(
    terms: LoanTerms, rates: PeriodRates, periods: tuple[Period, ...]
) -> tuple[tuple[Row, ...], Minor, Minor]:
    """Rows (one alone for `bullet` and `compound`), interest at disbursement, and capitalised."""
    lent = terms.principal_minor
    if terms.method == "compound":
        return ((lent, compounded(terms, rates)),), 0, 0
    if terms.method == "service_charge":
        return service_charge_rows(terms, periods), 0, 0
    if terms.method in ("bullet", "upfront"):
        whole = rounded(terms, lent * sum(rates.numerators), rates.denominator)
        if terms.method == "bullet":
            return ((lent, whole),), 0, 0
        return tuple((share, 0) for share in principals(terms, len(periods), lent)), whole, 0
    rows, capitalised = amortised(terms, rates)
    return rows, 0, capitalised


def loan_periods(terms: LoanTerms, count: int = 0) -> tuple[Period, ...]:
    """The loan's periods, or the first `count` of them; raises `TermsError` for impossible days."""
    if not count:
        count = PERIODS_MAX if terms.method == "fixed_instalment" else count_of(terms)
    try:
        ahead = 1 if terms.pay_at == "start" else 0
        periods = periods_of(terms.disbursed_on, terms.due, max(1, count - ahead))
    except DayError as error:
        raise TermsError(str(error)) from error
    if terms.first_period == "full" and terms.day_count == "nominal":
        periods = (periods[0]._replace(regular=True), *periods[1:])
    if terms.pay_at == "start":
        day = terms.disbursed_on
        return (Period(day, day, day, regular=False), *periods)[:count]
    last = count_of(terms) - 1
    if terms.day_count == "30_360_isda" and terms.method != "fixed_instalment" and last < count:
        periods = (*periods[:last], periods[last]._replace(is_last=True), *periods[last + 1 :])
    return periods


def loan_rates(terms: LoanTerms, periods: tuple[Period, ...]) -> PeriodRates:
    """What each period costs, nothing for those free of interest; raises `RateError`."""
    rates = period_rates(terms.rate, periods, terms.due.unit, terms.due.every, terms.day_count)
    free = terms.grace.interest_free
    if not free:
        return rates
    return rates._replace(numerators=((0,) * free + rates.numerators[free:])[: len(periods)])


def _instalments(
    terms: LoanTerms,
    periods: tuple[Period, ...],
    rows: tuple[Row, ...],
    capitalised_minor: Minor,
) -> tuple[Instalment, ...]:
    if len(rows) == 1:  # one payment is for the whole time
        periods = (periods[-1]._replace(starts_on=periods[0].starts_on),)
        if terms.method == "fixed_instalment":
            periods = (loan_periods(terms, 1)[0],)
    fees = _fees(terms, len(rows))
    owed = terms.principal_minor + capitalised_minor
    instalments = []
    if down := terms.down_payment_minor:
        day = terms.disbursed_on
        owed -= down
        instalments.append(
            Instalment(1, down, 0, due_on=day, balance_minor=owed, starts_on=day, ends_on=day)
        )
    for place, (principal, interest) in enumerate(rows):
        period = periods[place]
        owed -= principal
        instalments.append(
            Instalment(
                len(instalments) + 1,
                principal,
                interest,
                fees[place],
                0,
                period.due_on,
                owed,
                period.starts_on,
                period.ends_on,
            )
        )
    return tuple(instalments)


def fee_amount(terms: LoanTerms, fee: Fee) -> Minor:
    """What a fee comes to: its amount, or its rate of the principal rounded once."""
    if fee.rate is None:
        return fee.amount_minor
    return rounded(terms, terms.principal_minor * fee.rate.numerator, fee.rate.denominator)


def _fees_at_disbursement(terms: LoanTerms) -> tuple[Minor, Minor]:
    """Held back from the money, and all that is settled when it is handed over."""
    deducted = sum(fee_amount(terms, fee) for fee in terms.fees if fee.at == "deducted")
    paid = sum(fee_amount(terms, fee) for fee in terms.fees if fee.at == "disbursement")
    return deducted, deducted + paid


def _fees(terms: LoanTerms, count: int) -> list[Minor]:
    """Fees by instalment; of a spread fee the last instalment takes what rounding leaves."""
    fees = [0] * count
    for fee in terms.fees:
        left = fee_amount(terms, fee)
        if fee.at == "first":
            fees[0] += left
        elif fee.at == "each":
            fees = [each + left for each in fees]
        elif fee.at == "spread":
            share = divide(left, count, terms.rounding.mode)
            for k in range(count - 1):
                part = min(share, left)
                fees[k] += part
                left -= part
            fees[-1] += left
    return fees
