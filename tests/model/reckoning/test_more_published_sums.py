"""Totals, spreadsheet functions, flat and simple interest and day counts as others publish them.

Sources stand beside their figures.
"""

from fractions import Fraction

import pytest

from model.money import Rounding, divide
from model.reckoning.account import account
from model.reckoning.accrual import InterestRule
from model.reckoning.allocation import position
from model.reckoning.calendar import DuePlan, Period
from model.reckoning.happenings import Payment
from model.reckoning.rates import DayCount, Rate, percent, year_part
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms, RoundingRule
from tests.model.reckoning.test_more_published_tables import MILLIONTHS, carried, level


def rows_of(terms: LoanTerms) -> list[tuple[int, int]]:
    return [(row.principal_minor, row.interest_minor) for row in schedule(terms).instalments]


def test_level_instalments_and_totals() -> None:
    # The pages named in test_more_published_tables.py print these beside their tables.
    for terms, printed in (
        (level(1_000_00, "2 % a month", 6), 178_53),
        (level(100_000_00, "7", 7, "year"), 18_555_32),
        (level(75_000_00, "4.25", 30, "year"), 4_469_87),
        (level(250_000_00, "3.5", 20, "quarter", "quarter"), 17_590_27),
        (level(10_000_00, "2.9", 60), 179_24),
        # cloudAndMonkey/kcode, LoanTest.rb.
        (level(1_200_00, "12", 12), 106_62),
        # calcamo.net, "Loan with deferral".
        (level(100_000_00, "5", 240), 659_96),
    ):
        assert schedule(terms).instalments[0].total_minor == printed
    assert schedule(level(100_000_00, "5", 240)).interest_minor == 58_388_59
    for terms, interest in (
        (level(1_000_00, "2 % a month", 6), 71_15),
        (level(75_000_00, "4.25", 30, "year"), 59_096_05),
    ):
        whole = schedule(carried(terms)).interest_minor
        assert divide(whole, MILLIONTHS, "half_up") == interest


def test_frappes_fixed_amount_ends_when_nothing_is_left() -> None:
    # frappe/lending, test_loan.py: 280,000 at 8.4 % by 14,000 a month takes 22 months.
    fixed = LoanTerms(
        280_000_00,
        "reducing_instalment",
        percent("8.4 % a year"),
        22,
        "2020-10-01",
        day_count="days_365",
        instalment_minor=14_000_00,
    )
    plan = schedule(fixed)
    assert divide(plan.interest_minor, 100, "half_up") == 22_708
    assert divide(plan.total_minor, 100, "half_up") == 302_708
    assert len(schedule(fixed._replace(method="fixed_instalment", periods=60)).instalments) == 22
    printed = schedule(
        fixed._replace(disbursed_on="2025-01-27", periods=20, instalment_minor=15_052_00)
    )
    assert divide(printed.interest_minor, 100, "half_up") == 20_970


def test_the_functions_of_a_spreadsheet() -> None:
    # support.microsoft.com, CUMIPMT and CUMPRINC: 125,000 at 9 % for 30 years, the second year.
    house = carried(level(125_000_00, "9", 360))
    second = rows_of(house)[12:24]
    assert abs(sum(interest for _, interest in second) - 11_135_232130_00) < 10**3
    assert abs(sum(principal for principal, _ in second) - 934_107123_40) < 10**3
    principal, interest = rows_of(house)[0]
    assert abs(principal - 68_278270_00) < 10**3
    assert interest == 937_50 * MILLIONTHS
    # christianguevara/financial.js: PPMT(8 %, 10, 10, 200,000), IPMT(10 %/12, 3, 3, 8,000) and
    # ISPMT(10 %, 1, 3, 8,000,000), which is the second year of equal principal.
    # The NExS manual: PPMT(10 %/12, 1, 60, 55,000). w3resource: ppmt(8.5 %/12, 1, 144, 100,000).
    spread = LoanTerms(8_000_000, "reducing", percent("10"), 3, due=DuePlan("year"))
    for terms, number, part, printed in (
        (level(200_000, "8", 10, "year"), 10, 0, 27_598_053500),
        (level(8_000, "10", 3), 3, 1, 22_406900),
        (spread, 2, 1, 533_333_000000),
        (level(55_000, "10", 60), 1, 0, 710_254100),
        (level(100_000, "8.5", 144), 1, 0, 401_722200),
    ):
        places = 500_000 if terms is spread else 50  # half of the last digit that is printed
        found = rows_of(carried(terms))[number - 1][part]
        assert abs(found - printed) <= places


def test_a_house_of_thirty_years_posted_in_cents() -> None:
    # The wiki of the tiko language, LoanRowAt: 400,000 at 5.95 %, rounded as it is posted.
    rows = schedule(level(400_000_00, "5.95", 360)).instalments
    assert rows[0].interest_minor == 1_983_33
    assert rows[179].balance_minor == 283_580_13
    assert rows[-1].total_minor == 2_384_39


def test_whole_pesos() -> None:
    # npmjs.com/package/@danacita/loanjs: 1,375,000 at 10 % over 7 months.
    rows = schedule(level(1_375_000_00, "10", 7)).instalments
    assert divide(rows[0].total_minor, 100, "half_up") == 203_031
    printed = ((191_572, 11_458, 1_183_428), (193_169, 9_862, 990_259), (194_778, 8_252, 795_481))
    for row, wanted in zip(rows, printed, strict=False):
        whole = (row.principal_minor, row.interest_minor, row.balance_minor)
        assert tuple(divide(amount, 100, "half_up") for amount in whole) == wanted


def test_flat_loans_by_rounded_up_instalments() -> None:
    # Ushravan/The-Ledger-Co-Problem, its tests: instalments are rounded up to whole rupees.
    up = RoundingRule("ceiling", instalment_step=100)
    five_years = LoanTerms(10_000_00, "flat", percent("4 % a year"), 60, rounding=up)
    assert {row.total_minor for row in schedule(five_years).instalments} == {200_00}
    after_five = position(five_years, [200_00] * 5)
    assert after_five.outstanding_minor == 55 * 200_00
    two_years = LoanTerms(15_000_00, "flat", percent("9 % a year"), 24, "2025-01-01", rounding=up)
    assert schedule(two_years).instalments[0].total_minor == 738_00
    # 12 instalments and 7,000 at once: 15,856 paid, three instalments left.
    paid = [738_00] * 12 + [7_000_00]
    assert sum(paid) == 15_856_00
    found = account(two_years, [Payment("2026-01-01", amount) for amount in paid], "2026-01-01")
    assert sum(row.owed_minor > 0 for row in found.instalments) == 3


def test_flat_interest_of_other_guides() -> None:
    # interest.calculators.ro: 1,000 at 9 % flat is 7.50 a month.
    flat = LoanTerms(1_000_00, "flat", percent("9 % a year"), 12)
    assert {row.interest_minor for row in schedule(flat).instalments} == {7_50}
    # indiamicrocredit.org on Grameen loans: 1,000 over 50 weeks at 10 % flat is 100 of interest.
    assert schedule(LoanTerms(1_000, "flat", percent("0.2"), 50)).interest_minor == 100
    # livemint.com: three months' interest on 30 lakh at 8.5 %.
    quarter = LoanTerms(
        30_00_000, "interest_only", percent("8.5", "year"), 1, due=DuePlan("quarter")
    )
    assert schedule(quarter).interest_minor == 63_750


@pytest.mark.parametrize(
    ("principal", "rate", "first", "last", "day_count", "interest"),
    [
        # ipracticemath.com, simple interest by exact and by ordinary days.
        (15_000_00, "6", "2015-05-30", "2015-08-10", "days_360", 180_00),
        (1_800_00, "8", "2015-12-25", "2016-02-14", "days_365", 20_12),
        # ehow.com, 200 days of 10,000 at 5 %.
        (10_000_00, "5", "2015-01-01", "2015-07-20", "days_365", 273_97),
        (10_000_00, "5", "2015-01-01", "2015-07-20", "days_360", 277_78),
    ],
)
def test_simple_interest_by_days(
    principal: int, rate: str, first: str, last: str, day_count: str, interest: int
) -> None:
    terms = LoanTerms(
        principal,
        "interest_only",
        percent(rate, "year"),
        1,
        first,
        DuePlan(first_due_on=last),
        day_count,  # type: ignore[arg-type]
    )
    assert schedule(terms).interest_minor == interest


@pytest.mark.parametrize(("paid", "second"), [(262_64, 14_96), (280_00, 14_62), (550_00, 9_29)])
def test_paying_more_lowers_the_next_interest(paid: int, second: int) -> None:
    # Mifos head's ScheduleCalculatorTest: 1,000 at 0.0658 % a day from 25 August, 262.64 a month.
    terms = LoanTerms(
        1_000_00,
        "reducing_instalment",
        Rate(658, 10**6, "day"),
        4,
        "2010-08-25",
        day_count="days_365",
        instalment_minor=262_64,
    )
    assert [interest for _, interest in rows_of(terms)] == [20_40, 14_96, 10_40, 5_09]
    found = account(
        terms,
        [Payment("2010-09-25", paid)],
        "2010-10-25",
        interest=InterestRule("daily_balance"),
    )
    accrued = [row.amount_minor for row in found.rows if row.kind == "interest"]
    assert accrued == [20_40, second]


def test_fineract_reckons_on_what_is_still_owed() -> None:
    # EMICalculation-Part2.feature C3237: nothing is paid on 1 March, so the third month's
    # interest is on the same principal as the second's.
    terms = level(100_00, "7", 6)._replace(
        disbursed_on="2024-01-01", day_count="30_360", level_fit="closest"
    )
    found = account(
        terms,
        [Payment("2024-02-01", 17_01)],
        "2024-04-01",
        interest=InterestRule("opening_balance"),
    )
    accrued = [row.amount_minor for row in found.rows if row.kind == "interest"]
    assert accrued == [58, 49, 49]


# QuantLib, test-suite/daycounters.cpp, after the sheets of isda.org: days by 30/360 (bond basis,
# United States) and by 30E/360 (Eurobond, Europe).
THIRTY_DAYS = """2006-08-20 2007-02-20 180 180
2007-02-20 2007-08-20 180 180
2006-08-31 2007-02-28 178 178
2007-02-28 2007-08-31 183 182
2007-08-31 2008-02-29 179 179
2008-02-29 2008-08-31 182 181
2008-08-31 2009-02-28 178 178
2009-02-28 2009-08-31 183 182
2006-01-31 2006-02-28 28 28
2006-01-30 2006-02-28 28 28
2006-02-28 2006-03-03 5 5
2006-02-14 2006-02-28 14 14
2006-09-30 2006-10-31 30 30
2006-10-31 2006-11-28 28 28
2007-08-31 2008-02-28 178 178
2008-02-28 2008-08-28 180 180
2008-02-28 2008-08-30 182 182
2008-02-28 2008-08-31 183 182
2007-02-26 2008-02-28 362 362
2007-02-26 2008-02-29 363 363
2008-02-29 2009-02-28 359 359
2008-02-28 2008-03-30 32 32
2008-02-28 2008-03-31 33 32"""


def part_of(first: str, last: str, day_count: DayCount) -> Fraction:
    return year_part(Period(first, last, last, regular=False), "month", 1, day_count)


@pytest.mark.parametrize("line", THIRTY_DAYS.splitlines())
def test_months_of_thirty_days_in_the_united_states_and_in_europe(line: str) -> None:
    first, last, bond_basis, eurobond = line.split()
    assert part_of(first, last, "30_360_us") * 360 == int(bond_basis)
    assert part_of(first, last, "30_360") * 360 == int(eurobond)


@pytest.mark.parametrize(
    ("first", "last", "day_count", "printed"),
    [
        ("2003-11-01", "2004-05-01", "actual_actual", 497724380567),
        ("1999-02-01", "1999-07-01", "actual_actual", 410958904110),
        ("1999-07-01", "2000-07-01", "actual_actual", 1001377348600),
        ("2002-08-15", "2003-07-15", "actual_actual", 915068493151),
        ("2003-07-15", "2004-01-15", "actual_actual", 504004790778),
        ("1999-07-30", "2000-01-30", "actual_actual", 503892506924),
        ("2000-01-30", "2000-06-30", "actual_actual", 415300546448),
        # finrmsoft.com, day count conventions.
        ("2006-08-20", "2007-02-20", "days_360", 511111111111),
        ("2007-02-20", "2007-08-20", "days_360", 502777777778),
    ],
)
def test_published_parts_of_a_year(
    first: str, last: str, day_count: DayCount, printed: int
) -> None:
    # QuantLib, test-suite/daycounters.cpp: ten or twelve places of ISDA's "EMU and market
    # conventions".
    assert abs(part_of(first, last, day_count) * 10**12 - printed) < 10


def test_a_school_book_counts_the_days_between() -> None:
    # prezi.com, exact and approximate time: 12 November 2014 to 6 May 2015 is 175 or 174 days.
    assert part_of("2014-11-12", "2015-05-06", "days_365") * 365 == 175
    assert part_of("2014-11-12", "2015-05-06", "30_360_us") * 360 == 174


# EIDTech's RC8 manual, rounding half to even, in ten-thousandths.
HALF_EVEN = """4000 0
5000 0
5001 1
6000 1
14000 1
15000 2
16000 2
25000 2
35000 4
45000 4
-5000 0
-15000 -2
-25000 -2
-35000 -4
-45000 -4"""


def test_published_roundings() -> None:
    for line in HALF_EVEN.splitlines():
        tenthousandths, printed = map(int, line.split())
        assert divide(tenthousandths, 10_000, "half_even") == printed
    # Halves away from zero: gter.net, and Polish tax rounded to whole zlotys.
    half_up: Rounding = "half_up"
    assert [divide(n, 10, half_up) for n in (235, -365)] == [24, -37]
    assert divide(123_985, 10, half_up) == 12_399
    assert [divide(n, 100, half_up) for n in (23_34, 23_50)] == [23, 24]
