"""Dividends as societies publish them, to the cent."""

from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import add_days
from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Rounding
from model.reckoning.dividends import (
    DividendError,
    DividendTerms,
    FirstMonth,
    Holding,
    appropriate,
    dividends_at_rate,
    dividends_from_pool,
    interest_by_days,
    month_weights,
)
from model.reckoning.splitting import (
    RESIDUES,
    Deposit,
    Residue,
    amount_days,
    amount_months,
    split_pool,
)

# One member: 100,000 of deposits when the year began, 5,000 every month, 20,000 of share capital.
TEACHER = Holding(1, "", 100_000_00, (5_000_00,) * 12, 20_000_00)


def test_mwalimu_2021() -> None:
    # https://www.onana.co.ke/how-to-calculate-your-2021-mwalimu-sacco-dividends/: rebates 10.2 %,
    # dividend 11.2 %, tax 5 %; 10,200 + 2,240 + 510 … 42.50 = 15,755; 14,967.25 received.
    terms = DividendTerms(102_000, 112_000, deposit_tax_ppm=50_000, capital_tax_ppm=50_000)
    row = dividends_at_rate([TEACHER], terms).rows[0]
    assert row.dividend_minor == 2_240_00
    assert row.interest_minor == 15_755_00 - 2_240_00
    assert (row.gross_minor, row.tax_minor, row.net_minor) == (15_755_00, 787_75, 14_967_25)
    by_month = dividends_at_rate([TEACHER], terms._replace(round_each="month"))
    assert by_month.rows == (row,)


def test_mwalimu_2022() -> None:
    # https://www.citizennewsline.co.ke/mwalimu-sacco-dividends-rebates-2022/: 12 % and 13 %,
    # 12,000 + 2,600 + 3,900 = 18,500, less 5 % 17,575.
    terms = DividendTerms(120_000, 130_000, deposit_tax_ppm=50_000, capital_tax_ppm=50_000)
    row = dividends_at_rate([TEACHER], terms).rows[0]
    assert (row.interest_minor, row.dividend_minor) == (12_000_00 + 3_900_00, 2_600_00)
    assert (row.gross_minor, row.net_minor) == (18_500_00, 17_575_00)


@pytest.mark.parametrize(
    ("holding", "rate_ppm", "exact"),
    [
        # https://wapeek.io/post/67c3512fcb74b943cba8128f (Hazina SACCO, 2024): 200,000 + 5,000 a
        # month at 10.85 %, January 11/12 … December 0.
        (
            Holding(1, "", 200_000_00, (5_000_00,) * 12),
            108_500,
            Fraction(108_500, 10**6) * (200_000_00 + 5_000_00 * Fraction(66, 12)),
        ),
        # https://kenyattamatibabusacco.or.ke/dividend-calculation/: 100,000 + 2,000 at 10.1 %.
        (
            Holding(1, "", 100_000_00, (2_000_00,) * 12),
            101_000,
            Fraction(101, 1000) * (100_000_00 + 2_000_00 * Fraction(66, 12)),
        ),
    ],
)
def test_societies_that_begin_with_the_next_month(
    holding: Holding, rate_ppm: int, exact: Fraction
) -> None:
    terms = DividendTerms(rate_ppm, first_month="next")
    assert dividends_at_rate([holding], terms).gross_minor == exact
    assert exact.denominator == 1


def test_weights_of_the_months() -> None:
    twelfths = [Fraction(month, 12) for month in range(12, -1, -1)]
    assert month_weights() == tuple(twelfths[:12])
    assert month_weights(first_month="next") == tuple(twelfths[1:])
    assert month_weights(first_month="half")[0] == Fraction(23, 24)
    assert month_weights(3, "half") == (Fraction(5, 6), Fraction(3, 6), Fraction(1, 6))
    assert sum(month_weights(first_month="half")) == 6


@pytest.mark.parametrize(
    ("balance", "days", "paid"),
    [(1_000_00, 90, 9_86), (1_009_86, 91, 10_07), (1_019_93, 92, 10_28), (1_030_21, 92, 10_39)],
)
def test_a_credit_unions_quarters(balance: int, days: int, paid: int) -> None:
    # https://studylib.net/doc/8251984/calculation-of-dividends-for-shares-and: $1,000 at 4 %, by
    # quarters of 90, 91, 92 and 92 days: 9.86 + 10.07 + 10.28 + 10.39 = 40.60.
    earned = interest_by_days(
        [Deposit("2025-12-01", balance)],
        start="2026-01-01",
        end=add_days("2026-01-01", days),
        rate_ppm=40_000,
    )
    assert earned == paid


def test_average_daily_balance() -> None:
    # Portico, "Calculating Dividends Using DOD/DOW": 2 days of 150.00 at 3 % are .0246575.
    held = [Deposit("2016-01-01", 150_00)]
    cents = interest_by_days(
        [held[0]._replace(amount_minor=150_00 * 10**5)],
        start="2016-01-01",
        end="2016-01-03",
        rate_ppm=30_000,
    )
    assert cents == 2_46575
    # An overdrawn day counts as nothing, as there.
    overdrawn = [Deposit("2016-01-01", -150_00), Deposit("2016-01-11", 300_00)]
    assert interest_by_days(
        overdrawn, start="2016-01-01", end="2016-01-21", rate_ppm=365_000
    ) == interest_by_days(held, start="2016-01-01", end="2016-01-11", rate_ppm=365_000)


def test_reserves_come_first() -> None:
    # Philippine Cooperative Code (RA 9520) art. 86: 10 % reserve fund, 10 % training fund.
    assert appropriate(100_000, (100_000, 100_000)) == ((10_000, 10_000), 80_000)
    assert appropriate(-500, (100_000,)) == ((0,), -500)
    with pytest.raises(DividendError, match="more than the whole"):
        appropriate(1, (600_000, 600_000))


@pytest.mark.parametrize(
    ("rounding", "paid"), [("floor", 33), ("half_up", 33), ("ceiling", 34), ("half_even", 33)]
)
def test_rounding_is_the_societys_own(rounding: Rounding, paid: int) -> None:
    # 10 % of 3.33: a third of a cent that some pay and some drop.
    terms = DividendTerms(capital_rate_ppm=100_000, rounding=rounding)
    assert dividends_at_rate([Holding(1, capital_minor=333)], terms).gross_minor == paid
    half = dividends_at_rate([Holding(1, capital_minor=325)], terms).gross_minor
    assert half == {"floor": 32, "half_up": 33, "ceiling": 33, "half_even": 32}[rounding]
    whole = terms._replace(step_minor=100, capital_rate_ppm=1_000_000)
    steps = dividends_at_rate([Holding(1, capital_minor=150)], whole).gross_minor
    assert steps == {"floor": 100, "half_up": 200, "ceiling": 200, "half_even": 200}[rounding]


first_months = st.sampled_from(get_args(FirstMonth))
holdings = st.lists(
    st.builds(
        Holding,
        st.integers(1, 99),
        st.just(""),
        st.integers(1, 10**11),
        st.lists(st.integers(0, 10**10), max_size=12).map(tuple),
        st.integers(1, 10**11),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.number,
)
terms = st.builds(
    DividendTerms,
    st.integers(0, 500_000),
    st.integers(0, 500_000),
    first_months,
    st.just(12),
    st.sampled_from(ROUNDINGS),
    st.sampled_from(("sum", "month")),
    st.sampled_from((1, 100)),
    st.integers(0, 300_000),
    st.integers(0, 300_000),
    st.sampled_from(ROUNDINGS),
)


@given(holdings, terms)
def test_rows_add_up_and_are_near_the_exact_sum(
    group: list[Holding], agreed: DividendTerms
) -> None:
    result = dividends_at_rate(group, agreed)
    assert result == dividends_at_rate(group[::-1], agreed)
    assert [row.number for row in result.rows] == sorted(each.number for each in group)
    assert result.gross_minor - result.tax_minor == result.net_minor
    by_number = {each.number: each for each in group}
    late = {"full": Fraction(0), "half": Fraction(1, 2), "next": Fraction(1)}[agreed.first_month]
    for row in result.rows:
        each = by_number[row.number]
        exact = Fraction(each.opening_minor * agreed.deposit_rate_ppm, 10**6)
        for month, amount in enumerate(each.monthly_minor):
            exact += Fraction(amount * agreed.deposit_rate_ppm, 10**6) * (12 - month - late) / 12
        roundings = 13 if agreed.round_each == "month" else 1
        assert abs(row.interest_minor - exact) <= roundings * agreed.step_minor
        assert row.gross_minor == row.interest_minor + row.dividend_minor
        taxed = row.interest_minor * agreed.deposit_tax_ppm
        taxed += row.dividend_minor * agreed.capital_tax_ppm
        assert abs(row.tax_minor - Fraction(taxed, 10**6)) < 1
        assert row.gross_minor - row.tax_minor == row.net_minor >= 0


@given(holdings, first_months, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_pool_is_divided_to_the_last_unit(
    group: list[Holding], first_month: FirstMonth, interest: int, dividend: int
) -> None:
    agreed = DividendTerms(first_month=first_month, deposit_tax_ppm=50_000)
    result = dividends_from_pool(
        group, deposit_pool_minor=interest, capital_pool_minor=dividend, terms=agreed
    )
    assert result.gross_minor == interest + dividend
    assert sum(row.interest_minor for row in result.rows) == interest
    assert result == dividends_from_pool(
        group[::-1], deposit_pool_minor=interest, capital_pool_minor=dividend, terms=agreed
    )


@given(holdings, st.integers(0, 10**12), st.sampled_from(RESIDUES))
def test_flat_is_by_closing_balance(group: list[Holding], pool: int, residue: Residue) -> None:
    flat = [each._replace(opening_minor=each.closing_minor, monthly_minor=()) for each in group]
    result = dividends_from_pool(
        flat, deposit_pool_minor=pool, terms=DividendTerms(), residue=residue
    )
    ordered = sorted(group, key=lambda each: each.number)
    parts = split_pool(pool, [each.closing_minor for each in ordered], residue=residue)
    assert tuple(row.gross_minor for row in result.rows) == parts.parts
    assert result.gross_minor + result.residue_minor == pool


@given(st.lists(st.integers(0, 10**9), min_size=12, max_size=12), st.integers(0, 300_000))
def test_monthly_balances_and_weights_are_the_same_rule(monthly: list[int], rate_ppm: int) -> None:
    # A twelfth of the rate on each month's closing balance (saccotrend.co.ke) is 12/12 … 1/12.
    closing = [sum(monthly[: month + 1]) for month in range(12)]
    exact = Fraction(sum(closing) * rate_ppm, 12 * 10**6)
    paid = dividends_at_rate([Holding(1, "", 0, tuple(monthly))], DividendTerms(rate_ppm))
    assert abs(paid.gross_minor - exact) <= Fraction(1, 2)
    deposits = [Deposit(f"2026-{month:02}-10", each) for month, each in enumerate(monthly, 1)]
    assert amount_months(deposits, "2026-12-31") == sum(closing)


@given(
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 10**10)), max_size=10),
    st.integers(0, 300_000),
)
def test_days_agree_with_the_weights_of_a_share_out(
    changes: list[tuple[int, int]], rate_ppm: int
) -> None:
    deposits = [Deposit(add_days("2026-01-01", day), each) for day, each in changes]
    earned = interest_by_days(
        deposits, start="2026-01-01", end="2027-01-01", rate_ppm=rate_ppm, rounding="floor"
    )
    assert earned == amount_days(deposits, "2027-01-01") * rate_ppm // (365 * 10**6)


@pytest.mark.parametrize(
    ("group", "agreed", "reason"),
    [
        ([], DividendTerms(), "1 to 10000"),
        ([Holding(1), Holding(1)], DividendTerms(), "stands in the list twice"),
        ([Holding(1, monthly_minor=(1,) * 13)], DividendTerms(), "12 months"),
        ([Holding(1, monthly_minor=(1, -2))], DividendTerms(), "more than was there"),
        ([Holding(1, opening_minor=-1)], DividendTerms(), "deposits of member 1"),
        ([Holding(1, capital_minor=2**53 + 1)], DividendTerms(), "share capital of member 1"),
        ([Holding(1)], DividendTerms(deposit_rate_ppm=10**7 + 1), "1000 percent"),
        ([Holding(1)], DividendTerms(capital_tax_ppm=-1), "tax"),
        ([Holding(1)], DividendTerms(months=121), "1 to 120"),
        ([Holding(1)], DividendTerms(step_minor=0), "smallest unit"),
    ],
)
def test_figures_that_cannot_be_are_refused(
    group: list[Holding], agreed: DividendTerms, reason: str
) -> None:
    with pytest.raises(DividendError, match=reason):
        dividends_at_rate(group, agreed)
    with pytest.raises(DividendError, match=reason):
        dividends_from_pool(group, terms=agreed)


def test_a_pool_for_nobody_is_refused() -> None:
    with pytest.raises(DividendError, match="nobody holds"):
        dividends_from_pool([Holding(1)], deposit_pool_minor=1, terms=DividendTerms())
    with pytest.raises(DividendError, match="pool"):
        dividends_from_pool([Holding(1)], capital_pool_minor=-1, terms=DividendTerms())
    with pytest.raises(DividendError, match="start before"):
        interest_by_days([], start="2026-01-02", end="2026-01-01", rate_ppm=1)


def test_ten_thousand_members() -> None:
    group = [
        Holding(number, "", AMOUNT_MINOR_MAX - 12, (1,) * 12, AMOUNT_MINOR_MAX)
        for number in range(10_000)
    ]
    pool = dividends_from_pool(group, capital_pool_minor=AMOUNT_MINOR_MAX, terms=DividendTerms())
    assert pool.gross_minor == AMOUNT_MINOR_MAX
