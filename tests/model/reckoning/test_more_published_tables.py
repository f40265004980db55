"""More schedules that others published, row by row, by the conventions that each source states.

Many sheets print rounded figures and carry unrounded ones on. `carried` reckons such a table in
millionths of the unit it is printed in and rounds what is compared; every other table posts its
rounded amounts, as a book does. Sources stand beside their tables.
"""

from typing import NamedTuple

import pytest

from model.money import divide
from model.reckoning.calendar import DuePlan
from model.reckoning.rates import Rate, percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms, RoundingRule

MILLIONTHS = 10**6


class Table(NamedTuple):
    """Terms, and rows of "number principal interest balance"; a dash is not compared.

    `printed_in`: minor units of what is printed (100: whole rupees of a book in paise).
    """

    case: str
    terms: LoanTerms
    rows: str
    carried: bool = False
    printed_in: int = 1


def level(
    principal: int, rate: str, periods: int, unit: str = "month", per: str = "year"
) -> LoanTerms:
    return LoanTerms(
        principal,
        "reducing_instalment",
        percent(rate, per),  # type: ignore[arg-type]
        periods,
        due=DuePlan(unit),  # type: ignore[arg-type]
    )


def carried(terms: LoanTerms) -> LoanTerms:
    """The same loan in millionths, so that nothing that is printed was rounded before."""
    return terms._replace(
        principal_minor=terms.principal_minor * MILLIONTHS,
        instalment_minor=terms.instalment_minor * MILLIONTHS,
        principal_minor_each=terms.principal_minor_each * MILLIONTHS,
    )


# github.com/apache/fineract: EMICalculation-Part2.feature (C3237, C4648) of
# fineract-e2e-tests-runner and LoanScheduleGeneratorTest of fineract-progressive-loan.
BROKEN_FIRST = LoanTerms(
    192_22,
    "reducing_instalment",
    percent("9.99 % a year"),
    6,
    "2024-01-15",
    DuePlan(first_due_on="2024-02-01"),
    level_fit="closest",
)
# simontreanor/FSharp.Finance.Personal, its tests: interest rounded down, the level payment rounded
# up to the cent, the last payment lower.
UP_TO_A_CENT = RoundingRule("floor")
CAR_LOAN = LoanTerms(
    10_000_00,
    "reducing_instalment",
    percent("6.9 % a year"),
    36,
    "2024-02-07",
    day_count="days_365",
    rounding=UP_TO_A_CENT,
    instalment_minor=308_29,
)
DAILY = LoanTerms(
    1_000_00,
    "reducing_instalment",
    Rate(8, 1_000, "day"),
    6,
    "2024-05-08",
    DuePlan(first_due_on="2024-05-18"),
    "days_365",
    UP_TO_A_CENT,
    instalment_minor=290_73,
)

TABLES = (
    Table(
        "Fineract C4648: 100 at 7 %, the last instalment evened out",
        level(100_00, "7", 6)._replace(
            disbursed_on="2024-01-01", day_count="30_360", level_fit="closest"
        ),
        """1 16.43 0.58 -
        2 16.52 0.49 -
        3 16.62 0.39 -
        4 16.72 0.29 -
        5 16.81 0.20 -
        6 16.90 0.10 0.00""",
    ),
    Table(
        "Fineract LoanScheduleGeneratorTest: a broken first period",
        BROKEN_FIRST,
        """1 31.97 0.88 -
        2 31.52 1.33 -
        3 31.78 1.07 -
        4 32.04 0.81 -
        5 32.31 0.54 -
        6 32.60 0.27 0.00""",
    ),
    Table(
        "Fineract LoanScheduleGeneratorTest: a quarter paid down first",
        BROKEN_FIRST._replace(principal_minor=75_00, disbursed_on="2024-01-01", due=DuePlan()),
        """1 12.25 0.62 -
        2 12.35 0.52 -
        3 12.45 0.42 -
        4 12.55 0.32 -
        5 12.66 0.21 -
        6 12.74 0.11 0.00""",
    ),
    Table(
        "Fineract LoanScheduleGeneratorTest: on the 15th and the last of the month",
        LoanTerms(
            1_000_00,
            "reducing_instalment",
            percent("1"),
            4,
            "2023-01-15",
            DuePlan(
                "fortnight", meeting_days=("2023-01-31", "2023-02-15", "2023-02-28", "2023-03-15")
            ),
        ),
        """1 246.28 10.00 -
        2 248.74 7.54 -
        3 251.23 5.05 -
        4 253.75 2.54 0.00""",
    ),
    Table(
        # frappe/lending, test_loan.py: actual days over 365, whole rupees.
        "Frappe Lending: 280,000 at 8.4 % by 15,052 a month",
        LoanTerms(
            280_000_00,
            "reducing_instalment",
            percent("8.4 % a year"),
            20,
            "2025-01-27",
            day_count="days_365",
            instalment_minor=15_052_00,
        ),
        """4 13392 1660 226979
        18 14745 307 29715
        20 14875 106 0""",
        printed_in=100,
    ),
    Table(
        # docs.frappe.io/lending, proposed repayment schedule: after a first instalment of
        # principal alone on the day of disbursement.
        "Frappe Lending: the rest of 25,000 at 12 %",
        LoanTerms(
            20_686_00,
            "reducing_instalment",
            percent("12 % a year"),
            5,
            "2026-02-27",
            day_count="days_365",
            instalment_minor=4_314_00,
        ),
        """1 4123.58 190.42 16562.42
        2 4145.20 168.80 12417.22""",
    ),
    Table(
        # sapling.com/8703730, "How to calculate a loan payoff".
        "Sapling: 1,000 at 2 % a month",
        level(1_000_00, "2 % a month", 6),
        """1 158.53 20.00 841.47
        2 161.70 16.83 679.77""",
    ),
    Table(
        # scribd.com/document/331253763: 10,598 a month.
        "400,000 at 20 % over 60 months",
        level(400_000, "20", 60),
        """1 3931 6667 396069
        2 3996 6601 392073
        3 4063 6535 388010
        4 4131 6467 383879
        5 4200 6398 379679
        6 4270 6328 375410
        7 4341 6257 -
        8 4413 6184 -
        9 4487 6111 -
        10 4561 6036 -
        11 4637 5960 -
        12 4715 5883 348256
        24 - - 285160
        59 10253 345 -
        60 10424 174 0""",
        True,
    ),
    Table(
        # loanustad.com/emi-calculator.
        "2,00,000 at 9 % over 12 months",
        level(2_00_000_00, "9", 12),
        """1 15990.30 1500.00 -
        2 16110.22 1380.07 -
        3 16231.05 1259.25 -
        4 16352.78 1137.51 -
        5 16475.43 1014.87 -
        6 16598.99 891.30 -
        7 16723.49 766.81 -
        8 16848.91 641.38 -
        9 16975.28 515.02 -
        10 17102.59 387.70 -
        11 17230.86 259.43 -
        12 17360.09 130.20 0.00""",
        True,
    ),
    Table(
        # cropwatch.unl.edu (University of Nebraska, 2023): 18,555.32 a year.
        "100,000 at 7 % by the year",
        level(100_000_00, "7", 7, "year"),
        """1 11555.32 7000.00 88444.68
        2 12364.19 6191.13 76080.48
        3 13229.69 5325.63 62850.80
        4 14155.77 4399.56 48695.03
        5 15146.67 3408.65 33548.36""",
        True,
    ),
    Table(
        # Colorado Water Conservation Board, dnrweblink.state.co.us/CWCB/0/doc/69405.
        "75,000 at 4.25 % over 30 years",
        level(75_000_00, "4.25", 30, "year"),
        """1 1282.37 3187.50 73717.63
        2 1336.87 3133.00 72380.76
        3 1393.69 3076.18 -
        10 1865.08 2604.79 59424.07
        20 2827.86 1642.01 35807.61
        29 4112.85 357.02 4287.64
        30 4287.64 182.22 0.00""",
        True,
    ),
    Table(
        # coursehero.com/file/5806892: 17,590.27 a quarter.
        "250,000 at 3.5 % a quarter",
        level(250_000_00, "3.5", 20, "quarter", "quarter")._replace(instalment_minor=17_590_27),
        """1 8840.27 8750.00 241159.73
        2 9149.68 8440.59 232010.05
        3 9469.92 8120.35 -
        14 13825.79 3764.48 93730.67""",
        True,
    ),
    Table(
        # coursehero.com/file/5999634: 179.24 a month.
        "10,000 at 2.9 % over 60 months",
        level(10_000_00, "2.9", 60),
        """1 155.08 24.17 9844.92
        2 155.45 23.79 9689.47
        3 155.83 23.42 9533.65
        12 159.25 19.99 8114.15
        24 163.93 15.31 6172.88
        33 167.53 11.71 4679.58""",
        True,
    ),
    Table(
        # simontreanor/FSharp.Finance.Personal, a car loan of 36 payments of 308.29.
        "10,000 at 6.9 % by days, interest rounded down",
        CAR_LOAN,
        """1 253.47 54.82 9746.53
        2 251.18 57.11 9495.35
        3 254.44 53.85 9240.91
        4 254.14 54.15 8986.77
        5 257.33 50.96 8729.44
        6 257.14 51.15 8472.30
        7 258.65 49.64 8213.65""",
    ),
    Table(
        # The same, PaymentScheduleTest003: 0.8 % a day, a short first period.
        "1,000 at 0.8 % a day",
        DAILY,
        """1 210.73 80.00 789.27
        2 95.00 195.73 694.27
        3 124.11 166.62 570.16
        4 149.34 141.39 420.82
        5 186.37 104.36 234.45
        6 234.45 56.26 0.00""",
    ),
    Table(
        # The same, PaymentScheduleTest "interest first": five payments from 2 August.
        "1,000 at 0.8 % a day, five payments",
        DAILY._replace(
            periods=5,
            disbursed_on="2024-07-23",
            due=DuePlan(first_due_on="2024-08-02"),
            instalment_minor=319_26,
        ),
        """1 239.26 80.00 -
        2 130.60 188.66 -
        3 168.03 151.23 -
        4 204.66 114.60 -
        5 257.45 61.78 0.00""",
    ),
    Table(
        # Sa-Dhan, Table 9 (yumpu.com/en/document/read/45882903): 50 weeks of 20 and 3.
        "Sa-Dhan: 1,000 in 50 weeks at 15 % flat",
        LoanTerms(1_000, "flat", percent("0.3"), 50, "2002-07-23", DuePlan("week")),
        """1 20 3 980
        5 20 3 900
        50 20 3 0""",
    ),
    Table(
        # Ninth Annual Report of the Commissioner of Labor (1893), plan 41: 100 a year.
        "Building association: 1,000 at 6 %, 100 a year",
        LoanTerms(1_000_00, "reducing", percent("6"), 10, due=DuePlan("year")),
        """1 100.00 60.00 900.00
        2 100.00 54.00 800.00
        10 100.00 6.00 0.00""",
    ),
)


def cents(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.case)
def test_a_published_table_comes_out(table: Table) -> None:
    instalments = schedule(carried(table.terms) if table.carried else table.terms).instalments
    assert len(instalments) == table.terms.periods
    for line in table.rows.splitlines():
        number, *printed = line.split()
        row = instalments[int(number) - 1]
        whole = (row.principal_minor, row.interest_minor, row.balance_minor)
        scale = MILLIONTHS if table.carried else table.printed_in
        for text, amount in zip(printed, whole, strict=True):
            if text != "-":
                assert divide(amount, scale, "half_up") == cents(text), line


def test_twice_a_month_on_fixed_days() -> None:
    terms = next(table.terms for table in TABLES if "on the 15th" in table.case)
    assert [row.due_on for row in schedule(terms).instalments] == [
        "2023-01-31",
        "2023-02-15",
        "2023-02-28",
        "2023-03-15",
    ]
