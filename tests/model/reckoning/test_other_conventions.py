"""Conventions beside the common ones: digits, half months, day counts, ties.

Each is asked for by a named field; the figures are those that others printed.
"""

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import add_days, add_months
from model.money import split
from model.reckoning.account import account
from model.reckoning.accrual import InterestRule
from model.reckoning.calendar import DuePlan, Period, periods_of
from model.reckoning.early_settlement import early_settlement
from model.reckoning.happenings import Payment
from model.reckoning.rates import DayCount, Rate, percent, period_rates, year_part
from model.reckoning.schedules import Instalment, schedule
from model.reckoning.splitting import SplitError, split_pool
from model.reckoning.terms import LoanTerms, RoundingRule, TermsError


def rows_of(terms: LoanTerms) -> tuple[Instalment, ...]:
    return schedule(terms).instalments


# The sum of digits.


def test_the_rule_of_78() -> None:
    # financial-dictionary.thefreedictionary.com: 12/78, then 11/78 ... of the interest.
    terms = LoanTerms(1_200_00, "flat", percent("0.5417"), 12, flat_interest="sum_of_digits")
    year = terms._replace(rate=Rate(78, 14_400))  # interest of 78.00 altogether
    assert [row.interest_minor for row in rows_of(year)] == [100 * k for k in range(12, 0, -1)]
    assert {row.total_minor for row in rows_of(year)} == {106_50}
    # HP-12C handbook: interest of period k is 2 (n - k + 1) / (n (n + 1)) of the finance charge.
    charge = schedule(terms).interest_minor
    for row in rows_of(terms)[:-1]:
        exact = Fraction(charge * 2 * (12 - row.number + 1), 12 * 13)
        assert abs(row.interest_minor - exact) <= 1


@pytest.mark.parametrize(
    ("lent", "charge", "periods", "after", "rebate"),
    [
        # easycalculation.com: twelve months, 100.00 of interest, paid off after three.
        (1_000_00, 100_00, 12, 3, 57_69),
        # codingace.net: 10,000 and 1,800 over 24 months.
        (10_000_00, 1_800_00, 24, 6, 1_026_00),
        (10_000_00, 1_800_00, 24, 12, 468_00),
        (10_000_00, 1_800_00, 24, 18, 126_00),
        # 1,297.65 over 24 months: 30 % is earned after four (389.30 of it).
        (10_000_00, 1_297_65, 24, 4, 908_36),
    ],
)
@pytest.mark.parametrize("planned", ["equal", "sum_of_digits"])
def test_the_rebate_of_the_rule_of_78(
    lent: int, charge: int, periods: int, after: int, rebate: int, planned: str
) -> None:
    """By the rebate rule, whatever the instalments say that each pays of the interest."""
    terms = LoanTerms(
        lent,
        "flat",
        Rate(charge, lent * periods),
        periods,
        "2026-01-01",
        rounding=RoundingRule("half_up"),
        flat_interest=planned,  # type: ignore[arg-type]
    )
    rows = rows_of(terms)
    paid = [Payment(row.due_on, row.total_minor) for row in rows[:after]]
    on = rows[after - 1].due_on
    quote = early_settlement(terms, paid, on, "sum_of_digits")
    left = sum(row.total_minor for row in rows[after:])
    assert abs(left - quote.total_minor - rebate) <= 1
    by_digits = InterestRule(early="sum_of_digits")
    settled = account(terms, [*paid, Payment(on, quote.total_minor)], on, interest=by_digits)
    assert (settled.outstanding_minor, settled.overpaid_minor) == (0, 0)
    assert settled.waived_minor == quote.saved_minor


@given(st.integers(1, 10**7), st.integers(0, 2_000), st.integers(1, 36), st.booleans())
def test_digits_share_out_the_same_flat_interest(
    lent: int, basis_points: int, periods: int, cumulative: bool
) -> None:
    rounding = RoundingRule(interest="cumulative" if cumulative else "per_period")
    plain = LoanTerms(lent, "flat", Rate(basis_points, 10_000), periods, rounding=rounding)
    digits = plain._replace(flat_interest="sum_of_digits")
    assert schedule(digits).interest_minor == schedule(plain).interest_minor
    interests = [row.interest_minor for row in rows_of(digits)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(interests[:-1]))


def test_what_time_brings_has_no_digits() -> None:
    terms = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")
    with pytest.raises(TermsError, match="scheduled interest"):
        early_settlement(
            terms, [], "2026-02-14", "sum_of_digits", interest=InterestRule("payment_day")
        )


# Twice a month.


def test_twice_a_month_is_a_unit_of_its_own() -> None:
    # Apache Fineract, LoanScheduleGeneratorTest: on the 15th and the last, 24 % a year.
    terms = LoanTerms(
        1_000_00,
        "reducing_instalment",
        percent("24 % a year"),
        4,
        "2023-01-15",
        DuePlan("half_month"),
    )
    rows = [(row.due_on, row.principal_minor, row.interest_minor) for row in rows_of(terms)]
    assert rows == [
        ("2023-01-31", 246_28, 10_00),
        ("2023-02-15", 248_74, 7_54),
        ("2023-02-28", 251_23, 5_05),
        ("2023-03-15", 253_75, 2_54),
    ]
    assert rows_of(terms._replace(day_count="30_360"))[3].interest_minor == 2_54
    charge = terms._replace(method="service_charge", rate=percent("5 % a month"))
    assert [row.interest_minor for row in rows_of(charge)] == [0, 50_00, 0, 50_00]


# Day counts.

# QuantLib, test-suite/daycounters.cpp, after the sheet of isda.org (30/360 day count conventions):
# the day on which the loan ends, then periods and their days.
ISDA = """2009-08-20
2006-08-20 2007-02-20 180
2007-02-20 2007-08-20 180
2007-08-20 2008-02-20 180
2012-02-29
2006-02-28 2006-08-31 180
2006-08-31 2007-02-28 180
2007-08-31 2008-02-29 180
2008-02-29 2008-08-31 180
2008-08-31 2009-02-28 180
2010-08-31 2011-02-28 180
2011-08-31 2012-02-29 179
2008-02-29
2006-01-31 2006-02-28 30
2006-01-30 2006-02-28 30
2006-02-28 2006-03-03 3
2006-02-14 2006-02-28 16
2006-09-30 2006-10-31 30
2006-10-31 2006-11-28 28
2007-08-31 2008-02-28 178
2008-02-28 2008-08-28 180
2008-02-28 2008-08-30 182
2008-02-28 2008-08-31 182
2007-02-28 2008-02-28 358
2007-02-28 2008-02-29 359
2008-02-29 2009-02-28 360
2008-02-29 2008-03-30 30
2008-02-29 2008-03-31 30"""


def part_of(period: Period, day_count: DayCount) -> Fraction:
    return year_part(period, "month", 1, day_count)


def test_months_of_thirty_days_by_isda() -> None:
    ends_on = ""
    for line in ISDA.splitlines():
        first, *others = line.split()
        if not others:
            ends_on = first
            continue
        last, days = others
        period = Period(first, last, regular=False, is_last=last == ends_on)
        assert part_of(period, "30_360_isda") * 360 == int(days), line


def test_a_loan_that_ends_with_february_has_no_thirtieth() -> None:
    terms = LoanTerms(
        3_600_00,
        "interest_only",
        percent("10 % a year"),
        1,
        "2026-02-14",
        DuePlan(first_due_on="2026-02-28"),
        "30_360_isda",
    )
    assert schedule(terms).interest_minor == 14_00
    assert rows_of(terms._replace(periods=2))[0].interest_minor == 16_00


def test_a_broken_first_month_of_fineract() -> None:
    # EMICalculation-Part1.feature, C3156: 100 at 9.4822 %, the first due day moved from 1 to 18
    # February; the instalment stays as it was.
    terms = LoanTerms(
        100_00,
        "reducing_instalment",
        percent("9.4822 % a year"),
        6,
        "2024-01-01",
        DuePlan(first_due_on="2024-02-18"),
        "30_360_month_part",
        instalment_minor=17_13,
    )
    rows = [(row.due_on, row.principal_minor, row.interest_minor) for row in rows_of(terms)]
    assert rows == [
        ("2024-02-18", 15_88, 1_25),
        ("2024-03-18", 16_47, 66),
        ("2024-04-18", 16_60, 53),
        ("2024-05-18", 16_73, 40),
        ("2024-06-18", 16_86, 27),
        ("2024-07-18", 17_46, 14),
    ]


DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))


@given(DAYS, st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_part_of_a_month_never_goes_back(first: date, nights: int, more: int) -> None:
    """A later day costs no less, and a whole month from the first day is a twelfth of the year."""
    days = [first.isoformat(), *(add_days(first.isoformat(), n) for n in (nights, nights + more))]
    parts = [part_of(Period(days[0], day, regular=False), "30_360_month_part") for day in days]
    assert parts == sorted(parts)
    month = Period(days[0], add_months(days[0], 1), regular=False)
    assert part_of(month, "30_360_month_part") == Fraction(1, 12)


@pytest.mark.parametrize(
    ("first", "due", "unit", "printed"),
    [
        # QuantLib, test-suite/daycounters.cpp, ISMA: a regular half-year, a short first year.
        ("2003-11-01", "2004-05-01", "half_year", 500000000000),
        ("1999-02-01", "1999-07-01", "year", 410958904110),
        ("1999-07-01", "2000-07-01", "year", 1000000000000),
        ("1999-07-30", "2000-01-30", "half_year", 500000000000),
    ],
)
def test_counting_periods_is_actual_over_actual_of_icma(
    first: str, due: str, unit: str, printed: int
) -> None:
    plan = DuePlan(unit, first_due_on=due)  # type: ignore[arg-type]
    rates = period_rates(
        Rate(1, 1, "year"),
        periods_of(first, plan, 1),
        unit,  # type: ignore[arg-type]
        1,
        "nominal",
    )
    part = Fraction(rates.numerators[0], rates.denominator)
    assert abs(part * 10**12 - printed) < 1


# Ties.


def test_equal_remainders_may_go_to_the_earlier_part() -> None:
    # 5 over 1, 3, 1 and 5: remainders are a half each, two units are left.
    assert split(5, (1, 3, 1, 5)) == (0, 2, 0, 3)
    assert split(5, (1, 3, 1, 5), ties="earlier") == (1, 2, 0, 2)
    assert split(-5, (1, 3, 1, 5), ties="earlier") == (-1, -2, 0, -2)
    assert split_pool(5, (1, 3, 1, 5), ties="earlier").parts == (1, 2, 0, 2)
    assert split_pool(50, (1, 3, 1, 5), step_minor=10, ties="earlier").parts == (10, 20, 0, 20)
    with pytest.raises(ValueError, match="ties"):
        split(1, (1,), ties="older")  # type: ignore[arg-type]
    with pytest.raises(SplitError, match="earlier place"):
        split_pool(1, (1,), ties="older")  # type: ignore[arg-type]


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any),
)
def test_ties_change_only_who_gets_the_odd_units(whole: int, weights: list[int]) -> None:
    larger, earlier = split(whole, weights), split(whole, weights, ties="earlier")
    assert sum(earlier) == sum(larger) == whole
    exact = [Fraction(whole * weight, sum(weights)) for weight in weights]
    assert all(abs(part - each) < 1 for part, each in zip(earlier, exact, strict=True))
    for i, part in enumerate(earlier):
        for k in range(i):
            if exact[i] % 1 == exact[k] % 1 and whole >= 0:
                assert earlier[k] - exact[k] >= part - exact[i]
