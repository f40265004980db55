"""A named last payment, payment at the start of a period, and a down payment.

Each is asked for by a named field; the figures are those that others printed.
"""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.money import divide
from model.reckoning.account import account
from model.reckoning.accrual import InterestRule
from model.reckoning.happenings import Payment
from model.reckoning.rates import Rate, percent
from model.reckoning.schedules import Instalment, schedule
from model.reckoning.terms import Grace, LoanTerms, TermsError

LEVEL = LoanTerms(1_000_00, "reducing_instalment", percent("8"), 10)
TEN = LoanTerms(10_000_00, "reducing_instalment", percent("8 % a year"), 10)
FIFTEEN = LoanTerms(5_000_00, "reducing_instalment", percent("6 % a year"), 15)


def rows_of(terms: LoanTerms) -> tuple[Instalment, ...]:
    return schedule(terms).instalments


# A named last payment, and payments at the start of a period.


def test_a_balloon_a_month_after_the_last_regular_payment() -> None:
    # formsbirds.com, balloon payment calculator: 500,000 at 6 %, 59 payments as over 180 months
    # and 384,265.10 "with rounding". The regular payment is found from the balloon.
    terms = LoanTerms(
        500_000_00,
        "reducing_instalment",
        percent("6 % a year"),
        60,
        "2009-10-15",
        balloon_minor=384_265_10,
        balloon="whole",
    )
    rows = rows_of(terms)
    assert {row.total_minor for row in rows[:-1]} == {4_219_28}
    assert rows[-1].total_minor == 384_265_10
    printed = """1719.28 2500.00
    1727.88 2491.40
    1736.52 2482.76
    1745.20 2474.08
    1753.92 2465.36
    1762.69 2456.59
    1771.51 2447.77
    1780.36 2438.92
    1789.27 2430.01
    1798.21 2421.07
    1807.20 2412.08
    1816.24 2403.04"""
    for line, row in zip(printed.splitlines(), rows, strict=False):
        principal, interest = (int(text.replace(".", "")) for text in line.split())
        assert (row.principal_minor, row.interest_minor) == (principal, interest), row.number


@pytest.mark.parametrize(
    ("terms", "printed"),
    [
        # rdrr.io/cran/FinCal, pmt(0.08, 10, -1000, ...) with a future value of 10 and of none,
        # and with type 1: future value and payment in advance are one more, whole instalment.
        (LEVEL._replace(balloon_minor=10_00), "148.3392"),
        (LEVEL, "149.0295"),
        (
            LEVEL._replace(periods=11, balloon_minor=10_00, balloon="whole", pay_at="start"),
            "137.3511",
        ),
        # support.sas.com, PMT(0.08/12, 10, 10000, 0, 0 and 1).
        (TEN, "1037.03"),
        (TEN._replace(pay_at="start"), "1030.16"),
        # developer.mescius.com, PMT(6%/12, 15, 5000) and with type 1.
        (FIFTEEN, "346.82"),
        (FIFTEEN._replace(pay_at="start"), "345.10"),
    ],
)
def test_the_payment_function_of_spreadsheets(terms: LoanTerms, printed: str) -> None:
    whole, decimals = printed.split(".")
    finer = 10 ** (len(decimals) - 2)
    fine = terms._replace(
        principal_minor=terms.principal_minor * finer, balloon_minor=terms.balloon_minor * finer
    )
    assert rows_of(fine)[0].total_minor == int(whole + decimals)


def test_a_balloon_of_all_that_was_lent_leaves_interest_alone() -> None:
    rows = rows_of(LEVEL._replace(balloon_minor=1_000_00))
    assert {(row.principal_minor, row.interest_minor) for row in rows[:-1]} == {(0, 80_00)}
    assert rows[-1].total_minor == 1_080_00


def test_in_advance_the_first_instalment_is_principal_on_the_day_of_disbursement() -> None:
    terms = LEVEL._replace(disbursed_on="2026-01-31", periods=3, pay_at="start")
    rows = rows_of(terms)
    assert [row.due_on for row in rows] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert (rows[0].interest_minor, rows[0].principal_minor) == (0, rows[0].total_minor)
    single = rows_of(terms._replace(periods=1))
    assert [(row.principal_minor, row.due_on) for row in single] == [(1_000_00, "2026-01-31")]
    by_days = terms._replace(rate=percent("8 % a year"), day_count="days_365")
    owed = 1_000_00 - rows_of(by_days)[0].principal_minor
    assert rows_of(by_days)[1].interest_minor == divide(owed * 8 * 28, 365 * 100, "half_even")


@given(
    st.integers(1_000, 10**9),
    st.integers(0, 3_000),
    st.integers(2, 40),
    st.integers(0, 10**9),
    st.sampled_from(["added", "whole"]),
    st.sampled_from(["end", "start"]),
)
def test_discounted_payments_are_worth_what_was_lent(
    lent: int, basis_points: int, periods: int, balloon: int, kind: str, pay_at: str
) -> None:
    """Independent: every payment brought back to the first day, without a formula for annuities."""
    rate = Fraction(basis_points, 10_000)
    terms = LoanTerms(
        lent,
        "reducing_instalment",
        Rate(basis_points, 10_000),
        periods,
        balloon_minor=balloon,
        balloon=kind,  # type: ignore[arg-type]
        pay_at=pay_at,  # type: ignore[arg-type]
    )
    try:
        rows = rows_of(terms)
    except TermsError:
        # Only when the balloon alone is too much for the principal to go down.
        assert balloon > lent // 2 or lent < 10**6
        assume(False)
    worth, value = Fraction(0), Fraction(1)
    for row in rows:
        value /= 1 if pay_at == "start" and row.number == 1 else 1 + rate
        worth += row.total_minor * value
    assert abs(worth - lent) <= periods  # half a unit of rounding for each interest
    regular = {row.total_minor for row in rows[:-1]}
    assert len(regular) == 1 or rows[-1].total_minor == 0
    if rows[-1].total_minor:
        named = balloon if kind == "whole" and balloon else balloon + rows[0].total_minor
        grown = (1 + rate) ** periods
        assert abs(rows[-1].total_minor - named) <= periods * grown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"balloon_minor": 1, "method": "reducing"}, "named with equal instalments"),
        ({"balloon_minor": 1, "instalment_minor": 200_00}, "named with equal instalments"),
        ({"balloon_minor": -1}, "ordinary size"),
        ({"balloon_minor": 1, "balloon": "half"}, "balloon"),
        ({"balloon_minor": 1, "balloon": "whole", "periods": 1}, "at least one instalment"),
        ({"balloon_minor": 5_000_00}, "cover the interest"),
        ({"pay_at": "noon"}, "at its start"),
        ({"pay_at": "start", "method": "flat"}, "on the balance"),
        ({"pay_at": "start", "grace": Grace(1)}, "on the balance"),
        ({"down_payment_minor": 1_000_00}, "smaller than the loan"),
        ({"down_payment_minor": 1, "method": "bullet"}, "goes with instalments"),
        ({"flat_interest": "moons"}, "sum of digits"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TermsError, match=reason):
        schedule(LEVEL._replace(**changes))  # type: ignore[arg-type]


@given(
    st.sampled_from(["reducing", "reducing_instalment", "fixed_instalment"]),
    st.sampled_from(["opening_balance", "daily_balance", "payment_day"]),
    st.sampled_from(["end", "start"]),
    st.sampled_from([0, 100_00, 400_00]),
    st.sampled_from([0, 250_00]),
)
def test_paid_in_time_the_actual_balance_costs_the_same(
    method: str, basis: str, pay_at: str, balloon: int, down: int
) -> None:
    terms = LEVEL._replace(
        method=method,  # type: ignore[arg-type]
        disbursed_on="2026-01-31",
        instalment_minor=210_00 if method == "fixed_instalment" else 0,
        balloon_minor=balloon if method == "reducing_instalment" else 0,
        pay_at=pay_at,  # type: ignore[arg-type]
        down_payment_minor=down,
    )
    plan = schedule(terms)
    paid = [Payment(row.due_on, row.total_minor) for row in plan.instalments]
    rule = InterestRule(basis)  # type: ignore[arg-type]
    found = account(terms, paid, "2027-12-31", interest=rule)
    assert found.paid.interest_minor == plan.interest_minor
    assert (found.outstanding_minor, found.overpaid_minor) == (0, 0)


# A down payment.


def test_a_down_payment_comes_before_the_instalments() -> None:
    # Apache Fineract, LoanReAgingPreview.feature C4098: 1,000 without interest, a quarter at once.
    terms = LoanTerms(1_000_00, "flat", Rate(0), 3, "2025-01-01", down_payment_minor=250_00)
    rows = [(row.number, row.due_on, row.total_minor, row.balance_minor) for row in rows_of(terms)]
    assert rows == [
        (1, "2025-01-01", 250_00, 750_00),
        (2, "2025-02-01", 250_00, 500_00),
        (3, "2025-03-01", 250_00, 250_00),
        (4, "2025-04-01", 250_00, 0),
    ]
    # Its LoanScheduleGeneratorTest: 100 at 9.99 %, a quarter at once, six instalments.
    level = LoanTerms(
        100_00,
        "reducing_instalment",
        percent("9.99 % a year"),
        6,
        "2024-01-01",
        level_fit="closest",
        down_payment_minor=25_00,
    )
    assert [(row.principal_minor, row.interest_minor) for row in rows_of(level)] == [
        (25_00, 0),
        (12_25, 62),
        (12_35, 52),
        (12_45, 42),
        (12_55, 32),
        (12_66, 21),
        (12_74, 11),
    ]


@given(
    st.sampled_from(["flat", "reducing", "reducing_instalment", "interest_only"]),
    st.integers(1, 90_000),
    st.sampled_from(["schedule", "opening_balance", "daily_balance", "payment_day"]),
)
def test_with_a_down_payment_the_rest_is_a_smaller_loan(method: str, down: int, basis: str) -> None:
    terms = LoanTerms(1_000_00, method, percent("2 % a month"), 5, "2026-01-31")  # type: ignore[arg-type]
    smaller = rows_of(terms._replace(principal_minor=1_000_00 - down))
    rows = rows_of(terms._replace(down_payment_minor=down))
    assert [row[1:3] for row in rows[1:]] == [row[1:3] for row in smaller]
    paid = [Payment(row.due_on, row.total_minor) for row in rows]
    found = account(
        terms._replace(down_payment_minor=down),
        paid,
        "2027-01-01",
        interest=InterestRule(basis),  # type: ignore[arg-type]
    )
    assert (found.outstanding_minor, found.overpaid_minor) == (0, 0)


def test_a_down_payment_adds_no_period_of_interest() -> None:
    terms = LEVEL._replace(
        method="fixed_instalment",
        instalment_minor=210_00,
        disbursed_on="2026-01-31",
        down_payment_minor=250_00,
    )
    found = account(terms, [], "2028-01-31", interest=InterestRule("opening_balance"))
    assert sum(row.kind == "interest" for row in found.rows) == len(rows_of(terms)) - 1
