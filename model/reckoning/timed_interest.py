"""Interest that depends on when a loan is paid, planned as if every instalment came in time.

A service charge is counted by months of 30 days, each begun month that has passed, at most the
term; lateness beyond it is punished by fines and not by more charge. Compound interest joins the
debt at every period's end. What really accrues as time passes is reckoned in account.py; here are
the formulas, and the plan that is read out when the loan is agreed.

Sources: the monthly service charge of VSL Associates' guides and its counting by 30 days; compound
interest of any textbook, and the cap in duplum (interest never above the principal).
"""

from itertools import pairwise

from model.money import Minor
from model.reckoning.amortisation import Row, RunningInterest, principals, rounded
from model.reckoning.calendar import DAYS_OF, MONTHS_OF, Period
from model.reckoning.rates import PeriodRates, nominal_rate
from model.reckoning.terms import LoanTerms, TermsError


def compounded(terms: LoanTerms, rates: PeriodRates) -> Minor:
    """Compound interest of the whole term, each period's rounded; capped in duplum if agreed."""
    owed, interest = terms.principal_minor, RunningInterest(terms, rates)
    ceiling = 2 * terms.principal_minor if terms.in_duplum else None
    for numerator in rates.numerators:
        owed += interest.of(owed, numerator)
        if ceiling is not None and owed >= ceiling:
            return terms.principal_minor
        if owed.bit_length() > 128:
            raise TermsError("At this rate the loan would grow beyond every purse.")
    return owed - terms.principal_minor


def term_months(terms: LoanTerms, periods: tuple[Period, ...]) -> int:
    """Months of the service charge that the term allows."""
    if terms.due.unit in MONTHS_OF:
        return len(periods) * terms.due.every * MONTHS_OF[terms.due.unit]
    if terms.due.unit == "half_month":
        return max(1, len(periods) * terms.due.every // 2)
    days = DAYS_OF[terms.due.unit]
    return max(1, len(periods) * terms.due.every * days // terms.month_days)


def charged_months(terms: LoanTerms, months_max: int, days: int) -> int:
    """Months charged after `days`: whole months of `month_days`, at most the term.

    Source: the service charge of village savings groups as counted by month (30 days); the option
    `first_month_at_once` charges the first month on the day of disbursement.
    """
    months = max(0, days) // terms.month_days
    return min(months_max, max(months, 1) if terms.first_month_at_once else months)


def service_charge(terms: LoanTerms, base_minor: Minor, months: int) -> Minor:
    """The charge of `months` months on `base_minor`, rounded once."""
    rate = nominal_rate(terms.rate, "month", 1)
    return rounded(terms, base_minor * rate.numerator * months, rate.denominator)


def service_charge_rows(terms: LoanTerms, periods: tuple[Period, ...]) -> tuple[Row, ...]:
    """The plan of a service-charge loan: every month's charge, principal as agreed."""
    shares = principals(terms, len(periods), terms.principal_minor)
    months = [0, *_planned_months(terms, periods)]
    owed = terms.principal_minor
    rows: list[Row] = []
    for share, (before, now) in zip(shares, pairwise(months), strict=True):
        if terms.charge_on == "balance":
            charge = service_charge(terms, owed, now - before)
        else:
            charge = service_charge(terms, terms.principal_minor, now)
            charge -= service_charge(terms, terms.principal_minor, before)
        rows.append((share, charge))
        owed -= share
    return tuple(rows)


def _planned_months(terms: LoanTerms, periods: tuple[Period, ...]) -> list[int]:
    """Months charged by each due day; a month's instalment counts as a month, however short."""
    last = term_months(terms, periods)
    if terms.due.unit in MONTHS_OF:
        each = terms.due.every * MONTHS_OF[terms.due.unit]
        return [each * number for number in range(1, len(periods) + 1)]
    if terms.due.unit == "half_month":
        months = [terms.due.every * number // 2 for number in range(1, len(periods))]
        return [*months, last]
    days = DAYS_OF[terms.due.unit] * terms.due.every
    planned = [charged_months(terms, last, days * k) for k in range(1, len(periods) + 1)]
    planned[-1] = last
    return planned
