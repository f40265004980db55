"""Schedules agree, to the minor unit, with tables that others published.

Apache Fineract's numbers are what its own tests assert (github.com/apache/fineract, Apache-2.0):
EMICalculation-Part1.feature, LoanMonthEndDueDateStrategy.feature and LoanBulletBalloon.feature in
fineract-e2e-tests-runner, named here by their case; ClientLoanIntegrationTest and
LoanFixedPrincipalPercentageAmortizationTest in integration-tests.
"""

from typing import NamedTuple

import pytest

from model.reckoning.account import account
from model.reckoning.accrual import InterestRule
from model.reckoning.calendar import DuePlan
from model.reckoning.happenings import Payment
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import Grace, LoanTerms, RoundingRule

YEARLY_12 = percent("12 % a year")
MONTHLY = DuePlan()


class Published(NamedTuple):
    """Terms, and rows of (due day, principal, interest) with two decimals."""

    case: str
    terms: LoanTerms
    rows: str


def progressive(
    principal: int, rate: str, periods: int, day: str, day_count: str, due: DuePlan = MONTHLY
) -> LoanTerms:
    return LoanTerms(
        principal,
        "reducing_instalment",
        percent(rate, "year"),
        periods,
        day,
        due,
        day_count,  # type: ignore[arg-type]
        level_fit="closest",
    )


TABLES = (
    Published(
        "C3152 actual/actual across a leap year",
        progressive(10_000_00, "12", 6, "2023-12-12", "actual_actual_day_end"),
        """2024-01-12 1623.75 101.81
        2024-02-12 1640.42 85.14
        2024-03-12 1661.51 64.05
        2024-04-12 1673.98 51.58
        2024-05-12 1692.11 33.45
        2024-06-12 1708.23 17.36""",
    ),
    Published(
        "C3153 actual/actual, a rate with decimals",
        progressive(10_000_00, "9.4822", 6, "2023-12-12", "actual_actual_day_end"),
        """2024-01-12 1632.67 80.45
        2024-02-12 1645.92 67.20
        2024-03-12 1662.62 50.50
        2024-04-12 1672.49 40.63
        2024-05-12 1686.80 26.32
        2024-06-12 1699.50 13.65""",
    ),
    Published(
        "C3164 actual/actual, the last instalment evened out",
        progressive(331_77, "10.65", 5, "2023-12-12", "actual_actual_day_end"),
        """2024-01-12 65.14 3.00
        2024-02-12 65.73 2.41
        2024-03-12 66.44 1.70
        2024-04-12 66.93 1.21
        2024-05-12 67.53 0.59""",
    ),
    Published(
        "C3154 30/360",
        progressive(100_00, "12", 6, "2024-01-01", "30_360"),
        """2024-02-01 16.25 1.00
        2024-03-01 16.41 0.84
        2024-04-01 16.58 0.67
        2024-05-01 16.74 0.51
        2024-06-01 16.91 0.34
        2024-07-01 17.11 0.17""",
    ),
    Published(
        "C3155 30/360, a rate with decimals",
        progressive(100_00, "9.4822", 6, "2024-01-01", "30_360"),
        """2024-02-01 16.34 0.79
        2024-03-01 16.47 0.66
        2024-04-01 16.60 0.53
        2024-05-01 16.73 0.40
        2024-06-01 16.86 0.27
        2024-07-01 17.00 0.13""",
    ),
    Published(
        "C3165 30/360, evened out",
        progressive(75_00, "12.3", 5, "2024-01-01", "30_360"),
        """2024-02-01 14.70 0.77
        2024-03-01 14.85 0.62
        2024-04-01 15.00 0.47
        2024-05-01 15.16 0.31
        2024-06-01 15.29 0.16""",
    ),
    Published(
        "C3157 30/360, every second month",
        progressive(100_00, "12", 3, "2024-01-01", "30_360", DuePlan("month", 2)),
        """2024-03-01 32.68 2.00
        2024-05-01 33.33 1.35
        2024-07-01 33.99 0.68""",
    ),
    Published(
        "C3158 30/360, every second week",
        progressive(100_00, "9.4822", 6, "2024-01-01", "30_360", DuePlan("fortnight")),
        """2024-01-15 16.51 0.37
        2024-01-29 16.57 0.31
        2024-02-12 16.63 0.25
        2024-02-26 16.69 0.19
        2024-03-11 16.76 0.12
        2024-03-25 16.84 0.06""",
    ),
    Published(
        "C3159 actual/365",
        progressive(100_00, "12", 6, "2024-01-01", "days_365"),
        """2024-02-01 16.23 1.02
        2024-03-01 16.45 0.80
        2024-04-01 16.56 0.69
        2024-05-01 16.75 0.50
        2024-06-01 16.90 0.35
        2024-07-01 17.11 0.17""",
    ),
    Published(
        "C3160 actual/365, a rate with decimals",
        progressive(100_00, "9.4822", 6, "2024-01-01", "days_365"),
        """2024-02-01 16.32 0.81
        2024-03-01 16.50 0.63
        2024-04-01 16.59 0.54
        2024-05-01 16.74 0.39
        2024-06-01 16.86 0.27
        2024-07-01 16.99 0.13""",
    ),
    Published(
        "C3166 actual/365, every 15 days, evened out",
        progressive(100_00, "9.4822", 6, "2024-01-01", "days_365", DuePlan("day", 15)),
        """2024-01-16 16.51 0.39
        2024-01-31 16.57 0.33
        2024-02-15 16.64 0.26
        2024-03-01 16.70 0.20
        2024-03-16 16.77 0.13
        2024-03-31 16.81 0.07""",
    ),
    Published(
        "C3167 actual/365, evening out would not help",
        progressive(100_00, "15.678", 6, "2024-01-01", "days_365"),
        """2024-02-01 16.10 1.33
        2024-03-01 16.38 1.05
        2024-04-01 16.53 0.90
        2024-05-01 16.77 0.66
        2024-06-01 16.97 0.46
        2024-07-01 17.25 0.22""",
    ),
    Published(
        "C111043 a month too short: on to the first of the next",
        progressive(
            10_000_00, "12", 3, "2025-01-31", "actual_actual_day_end", DuePlan(month_end="roll")
        ),
        """2025-03-01 3303.22 95.34
        2025-03-31 3332.51 66.05
        2025-05-01 3364.27 34.29""",
    ),
    Published(
        "C111045 30/360: the same interest when due days roll",
        progressive(10_000_00, "12", 3, "2025-01-31", "30_360", DuePlan(month_end="roll")),
        """2025-03-01 3300.22 100.00
        2025-03-31 3333.22 67.00
        2025-05-01 3366.56 33.67""",
    ),
    Published(
        "C111045 30/360: and when they are clamped",
        progressive(10_000_00, "12", 3, "2025-01-31", "30_360"),
        """2025-02-28 3300.22 100.00
        2025-03-31 3333.22 67.00
        2025-04-30 3366.56 33.67""",
    ),
    Published(
        "C111047 actual/actual: clamped to the month's last day",
        progressive(10_000_00, "12", 3, "2025-01-31", "actual_actual_day_end"),
        """2025-02-28 3305.77 92.05
        2025-03-31 3329.59 68.23
        2025-04-30 3364.64 33.19""",
    ),
    Published(
        "BL01 principal grace up to the last instalment",
        progressive(100_00, "30", 8, "2024-01-01", "30_360")._replace(grace=Grace(principal=7)),
        "".join(f"2024-{month:02}-01 0.00 2.50\n" for month in range(2, 9))
        + "2024-09-01 100.00 2.50",
    ),
    Published(
        "ClientLoanIntegrationTest, declining balance, 2 % a month",
        LoanTerms(12_000_00, "reducing_instalment", percent("2 % a month"), 4, "2011-09-20"),
        """2011-10-20 2911.49 240.00
        2011-11-20 2969.72 181.77
        2011-12-20 3029.11 122.38
        2012-01-20 3089.68 61.79""",
    ),
)


def cents(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.parametrize("published", TABLES, ids=lambda published: published.case)
def test_a_published_table_comes_out_to_the_cent(published: Published) -> None:
    wanted = [
        (day, cents(principal), cents(interest))
        for day, principal, interest in map(str.split, published.rows.strip().splitlines())
    ]
    found = [
        (row.due_on, row.principal_minor, row.interest_minor)
        for row in schedule(published.terms).instalments
    ]
    assert found == wanted


# ClientLoanIntegrationTest.verifyLoanRepaymentScheduleForEqualPrincipal (and ...WithGrace):
# 10,000,000 over 24 months at 2 % a month, every amount a multiple of 100.
EQUAL_PRINCIPAL = LoanTerms(
    10_000_000_00,
    "reducing",
    percent("2 % a month"),
    24,
    "2014-06-02",
    rounding=RoundingRule(money_step=100_00),
)
NO_GRACE = {
    1: ("2014-07-02", 416_700, 200_000),
    2: ("2014-08-02", 416_700, 191_700),
    3: ("2014-09-02", 416_700, 183_300),
    4: ("2014-10-02", 416_700, 175_000),
    5: ("2014-11-02", 416_700, 166_700),
    6: ("2014-12-02", 416_700, 158_300),
    10: ("2015-04-02", 416_700, 125_000),
    20: ("2016-02-02", 416_700, 41_700),
    24: ("2016-06-02", 415_900, 8_300),
}
FIVE_MONTHS_GRACE = {
    1: ("2014-07-02", 0, 200_000),
    5: ("2014-11-02", 0, 200_000),
    6: ("2014-12-02", 526_300, 200_000),
    7: ("2015-01-02", 526_300, 189_500),
    10: ("2015-04-02", 526_300, 157_900),
    20: ("2016-02-02", 526_300, 52_600),
    24: ("2016-06-02", 526_600, 10_500),
}
# LoanFixedPrincipalPercentageAmortizationTest: 5 % of the principal each month, the rest with the
# last; 2 % a month counted by days over 365.
FIXED_PRINCIPAL = LoanTerms(
    100_000_00,
    "reducing",
    percent("2 % a month"),
    13,
    "2011-09-20",
    day_count="days_365",
    principal_minor_each=5_000_00,
)
FIXED_PRINCIPAL_ROWS = {
    1: ("2011-10-20", 5_000, 1972.60),
    2: ("2011-11-20", 5_000, 1936.44),
    3: ("2011-12-20", 5_000, 1775.34),
    12: ("2012-09-20", 5_000, 917.26),
    13: ("2012-10-20", 40_000, 789.04),
}
FIXED_PRINCIPAL_GRACE_ROWS = {
    1: ("2011-10-20", 0, 1972.60),
    6: ("2012-03-20", 0, 1906.85),
    7: ("2012-04-20", 5_000, 2038.36),
    18: ("2013-03-20", 5_000, 828.49),
    19: ("2013-04-20", 40_000, 815.34),
}
FLAT_BY_DAYS_ROWS = {
    1: ("2011-10-20", 5_000, 2002.95),
    2: ("2011-11-20", 5_000, 2002.95),
    12: ("2012-09-20", 5_000, 2002.95),
    13: ("2012-10-20", 40_000, 2002.96),
}


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [
        (EQUAL_PRINCIPAL, NO_GRACE),
        (EQUAL_PRINCIPAL._replace(grace=Grace(principal=5)), FIVE_MONTHS_GRACE),
        (FIXED_PRINCIPAL, FIXED_PRINCIPAL_ROWS),
        (
            FIXED_PRINCIPAL._replace(periods=19, grace=Grace(principal=6)),
            FIXED_PRINCIPAL_GRACE_ROWS,
        ),
        (FIXED_PRINCIPAL._replace(method="flat"), FLAT_BY_DAYS_ROWS),
    ],
)
def test_chosen_rows_of_long_tables_come_out(
    terms: LoanTerms, wanted: dict[int, tuple[str, int, float]]
) -> None:
    rows = schedule(terms).instalments
    assert len(rows) == terms.periods
    for number, (day, principal, interest) in wanted.items():
        row = rows[number - 1]
        assert (row.due_on, row.principal_minor, row.interest_minor) == (
            day,
            principal * 100,
            round(interest * 100),
        )


def test_an_indian_term_loan_by_the_quarter() -> None:
    # my.msme.gov.in, MSME project profile 12_17: 216,825 rupees at 13.5 %, 7,740 each quarter,
    # interest in whole rupees (its first six years; the seventh is printed at another rate).
    terms = LoanTerms(
        216_825,
        "reducing",
        percent("13.5 % a year"),
        28,
        due=DuePlan("quarter"),
        principal_minor_each=7_740,
    )
    printed = """7318 7057 6795 6534 6273 6012 5750 5489 5228 4967 4706 4444
        4183 3922 3661 3399 3138 2877 2616 2355 2093 1832 1571 1310"""
    rows = schedule(terms).instalments
    assert [row.interest_minor for row in rows[:24]] == list(map(int, printed.split()))
    assert rows[23].balance_minor == 31_065
    assert rows[-1].principal_minor == 7_845


def test_a_published_mortgage_payment() -> None:
    # MathWorks, "amortize": 100,000 at 12 % for 30 years is 1,028.61 a month, more than 270,000
    # of interest altogether.
    plan = schedule(LoanTerms(100_000_00, "reducing_instalment", YEARLY_12, 360))
    assert {row.total_minor for row in plan.instalments[:-1]} == {1_028_61}
    assert plan.interest_minor > 270_000_00


def test_flat_loans_of_village_size() -> None:
    # sinkingfund.app, "How loan interest is calculated": 10,000 at 3 % a month for 3 months.
    fund = schedule(LoanTerms(10_000_00, "flat", percent("3 % a month"), 3))
    assert fund.interest_minor == 900_00
    assert [row.total_minor for row in fund.instalments] == [3_633_33, 3_633_33, 3_633_34]
    # Wikipedia, "Flat rate (finance)": 1,200 in 12 instalments of 100 and 1 % a month: 112.
    twelve = schedule(LoanTerms(1_200_00, "flat", percent("1 % a month"), 12))
    assert {row.total_minor for row in twelve.instalments} == {112_00}
    # The same page's contract from Cambodia: 400,000 riels over 4 months, 16,000 (4 %) a month,
    # principal in a single payment at the end.
    riels = schedule(LoanTerms(400_000, "interest_only", percent("4 % a month"), 4))
    assert [row.total_minor for row in riels.instalments] == [16_000, 16_000, 16_000, 416_000]


def test_equal_principal_of_an_employees_loan() -> None:
    # SAP community, "Interest Bearing Normal Loan": 1,000 in 5 instalments at 1 %.
    rows = schedule(LoanTerms(1_000, "reducing", percent("1"), 5)).instalments
    assert [row.total_minor for row in rows] == [210, 208, 206, 204, 202]


def test_a_fortnightly_first_instalment() -> None:
    # mifos.org, "Declining Balance Interest Calculation with Equal Principal Installment": 15,000
    # at 25 % in 25 fortnights: 600 and 143.83 (143.8356 cut off).
    terms = LoanTerms(
        15_000_00,
        "reducing",
        percent("25 % a year"),
        25,
        "2007-11-01",
        DuePlan("fortnight"),
        "days_365",
        RoundingRule("floor"),
    )
    first = schedule(terms).instalments[0]
    assert (first.principal_minor, first.interest_minor) == (600_00, 143_83)


def test_interest_on_what_is_really_owed() -> None:
    # MIFOS-5182, "monthly interest calculation": 40,00,000 rupees at 2 % a month, paid back in
    # pieces; each month's interest is on the principal of that month.
    terms = LoanTerms(40_00_000, "interest_only", percent("2 % a month"), 12, "2011-05-05")
    paid = {
        "2011-06-05": 80_000,
        "2011-07-05": 80_000,
        "2011-08-05": 80_000 + 5_00_000,
        "2011-09-05": 70_000 + 10_00_000,
        "2011-10-05": 50_000 + 15_00_000,
        "2011-11-05": 20_000,
    }
    found = account(
        terms,
        [Payment(day, amount) for day, amount in paid.items()],
        "2011-11-30",
        interest=InterestRule("opening_balance"),
    )
    accrued = [row.amount_minor for row in found.rows if row.kind == "interest"]
    assert accrued == [80_000, 80_000, 80_000, 70_000, 50_000, 20_000]
    assert found.principal_outstanding_minor == 10_00_000
    assert found.outstanding_minor == 10_00_000


def test_two_months_of_interest_alone() -> None:
    # MIFOS-5182, loan 1: 10,00,000 at 2 % a month with two periods of principal grace.
    terms = LoanTerms(
        10_00_000, "reducing_instalment", percent("2 % a month"), 3, grace=Grace(principal=2)
    )
    rows = schedule(terms).instalments
    assert [row.total_minor for row in rows] == [20_000, 20_000, 10_20_000]
