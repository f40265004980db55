"""What is divided adds up, in published tables and for any numbers."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.money import AMOUNT_MINOR_MAX
from model.reckoning.splitting import (
    PARTS_MAX,
    RESIDUES,
    Deposit,
    Residue,
    SplitError,
    amount_days,
    amount_months,
    split_by_value,
    split_equally,
    split_pool,
)

wholes = st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX)
weights = st.lists(st.integers(0, 2**53), min_size=1, max_size=40).filter(any)


def test_largest_remainder_gives_the_seats_of_1790() -> None:
    # https://electowiki.org/wiki/Hamilton_method: sixty seats by the populations of fifteen states.
    populations = (630560, 475327, 432879, 353523, 331589, 278514, 236841, 206236, 179570, 141822)
    small = (85533, 70835, 68705, 68446, 55540)
    seats = (11, 8, 7, 6, 6, 5, 4, 3, 3, 2, 1, 1, 1, 1, 1)
    assert split_pool(60, populations + small) == (seats, 0)


def test_a_catch_is_divided_on_the_boat_and_the_odd_dollar_stays_with_it() -> None:
    # "Splitting profit into shares", commercial fishing vessel: the owner's hundred shares and
    # three deck hands with one each; value of a share to four decimals, dollars only, the digits
    # after them dropped, the missing dollar for the general costs.
    catch = split_by_value(150_000, (100, 1, 1, 1), value_step=Fraction(1, 10_000))
    assert catch.parts == (145_631, 1_456, 1_456, 1_456)
    assert catch.value == Fraction(14_563_106, 10_000)
    assert catch.residue_minor == 1
    # Its second voyage: 500,000 by 210 shares, two of them one person's.
    second = split_by_value(500_000, (2, 208), value_step=Fraction(1, 10_000))
    assert second.value == Fraction(23_809_523, 10_000)
    assert second.parts[0] == 4_761


def test_profits_of_a_building_and_loan_association() -> None:
    # Ninth Annual Report of the Commissioner of Labor (1893), Building and Loan Associations, plan
    # 5 of chapter IV (https://books.google.ca/books?id=BOIqAAAAMAAJ&pg=PA444): $3,000 by the
    # capital of four series at 4.7225 %; cents rounded half up, $0.03 "profits undivided".
    series = split_by_value(
        300_000,
        (25_435, 22_362, 9_728, 6_000),
        value_step=Fraction(1, 10_000),
        part_rounding="half_up",
    )
    assert series.value == Fraction(47_225, 10_000)
    assert series.parts == (120_117, 105_605, 45_940, 28_335)
    assert series.residue_minor == 3


@pytest.mark.parametrize(
    ("pool", "part", "total", "expected"),
    [
        # github.com/Chrisphine10/intellicash, apps/api/tests/share-out-maths.test.ts
        (1_000_000, 500_000, 1_500_000, 333_333),
        (1_000_000, 1, 3, 333_333),
        (10, 1, 3, 3),
        (200_000_000, 99_999_999, 300_000_001, 200_000_000 * 99_999_999 // 300_000_001),
        (999, 2, 3, 666),
    ],
)
def test_rounded_down_as_on_paper(pool: int, part: int, total: int, expected: int) -> None:
    assert split_pool(pool, (part, total - part), residue="floor").parts[0] == expected


def test_equal_parts_give_the_odd_units_to_the_first() -> None:
    assert split_equally(100, 3) == ((34, 33, 33), 0)
    assert split_equally(100, 3, residue="floor") == ((33, 33, 33), 1)
    assert split_equally(-100, 3) == ((-34, -33, -33), 0)


def test_whole_coins_only() -> None:
    # 1,000 by three in coins of 50: twenty coins, seven, seven and six.
    assert split_equally(1_000, 3, step_minor=50) == ((350, 350, 300), 0)
    assert split_equally(1_049, 3, step_minor=50) == ((350, 350, 300), 49)
    assert split_equally(1_049, 3, step_minor=50, residue="floor") == ((300, 300, 300), 149)


@given(wholes, weights, st.sampled_from(RESIDUES), st.sampled_from((1, 5, 100, 5_000)))
@example(7_890_249_554, [1, 10], "largest_remainder", 5)  # ten elevenths are whole steps exactly
def test_parts_and_residue_are_the_whole(
    whole: int, weights: list[int], residue: Residue, step: int
) -> None:
    parts, left = split_pool(whole, weights, residue=residue, step_minor=step)
    assert sum(parts) + left == whole
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part % step == 0
        assert abs(part - Fraction(whole * weight, total)) < step
        assert part * whole >= 0
    if residue == "largest_remainder":
        assert abs(left) == abs(whole) % step
    else:
        assert 0 <= abs(left) < step * len(weights)


@given(
    st.integers(0, AMOUNT_MINOR_MAX),
    weights,
    st.fractions(Fraction(1, 10_000), 10_000, max_denominator=10_000),
)
def test_by_value_never_promises_more_than_there_is(
    whole: int, weights: list[int], step: Fraction
) -> None:
    parts, left, value = split_by_value(whole, weights, value_step=step)
    assert sum(parts) + left == whole
    assert left >= 0
    assert (value / step).denominator == 1
    assert 0 <= Fraction(whole, sum(weights)) - value < step
    assert parts == tuple(int(value * weight) for weight in weights)


@given(st.integers(1, AMOUNT_MINOR_MAX), weights)
def test_a_value_rounded_up_says_what_is_short(whole: int, weights: list[int]) -> None:
    parts, left, value = split_by_value(whole, weights, value_rounding="ceiling")
    assert sum(parts) + left == whole
    assert value >= Fraction(whole, sum(weights))
    assert left <= 0


@pytest.mark.parametrize(
    ("weights", "reason"),
    [((), "1 to"), ((0, 0), "Nobody"), ((1, -1), "negative"), ((2**81,), "too large")],
)
def test_weights_that_cannot_be_are_refused(weights: tuple[int, ...], reason: str) -> None:
    with pytest.raises(SplitError, match=reason):
        split_pool(100, weights)
    with pytest.raises(SplitError, match=reason):
        split_by_value(100, weights)


def test_hostile_figures_are_refused() -> None:
    for step in (0, -1, AMOUNT_MINOR_MAX + 1):
        with pytest.raises(SplitError):
            split_pool(1, (1,), step_minor=step)
        with pytest.raises(SplitError):
            split_by_value(1, (1,), step_minor=step)
        with pytest.raises(SplitError):
            split_by_value(1, (1,), value_step=step)
    with pytest.raises(SplitError):
        split_by_value(1, (1,), value_step=Fraction(1, 2**60))
    with pytest.raises(SplitError):
        split_by_value(-1, (1,))
    with pytest.raises(SplitError):
        split_equally(1, PARTS_MAX + 1)


@pytest.mark.parametrize(
    ("profit", "partners", "shares"),
    [
        # https://www.math-for-all-grades.com/Partnership.html: 2,000 for 12 months, 2,500 for 8.
        (550, ((2_000, 12), (2_500, 8)), (300, 250)),
        # https://sarkariresult-exam.com/partnership/ example 2 (in rupees: 585 by 12 : 28 : 25).
        (585, ((1_200, 4), (1_400, 8), (1_000, 10)), (108, 252, 225)),
        # http://www.gkplanet.in/2015/02/partnership.html: half of 12,000 withdrawn after 6 months.
        (4_600, ((9_000, 12), (12_000, 6, 6_000, 6)), (2_300, 2_300)),
    ],
)
def test_profit_by_money_and_months(
    profit: int, partners: tuple[tuple[int, ...], ...], shares: tuple[int, ...]
) -> None:
    weights = [
        sum(amount * months for amount, months in zip(each[::2], each[1::2], strict=True))
        for each in partners
    ]
    assert split_pool(profit, weights) == (shares, 0)


def test_months_of_savings() -> None:
    # Dues of one a month for a year: 78 months of one, "the average time" of textbooks, or 66 when
    # the month of the deposit does not count.
    dues = [Deposit(f"2026-{month:02}-15", 1) for month in range(1, 13)]
    assert amount_months(dues, "2026-12-31") == 78
    assert amount_months(dues, "2026-12-31", month_of_deposit=0) == 66
    assert amount_months(dues, "2027-12-31") == 78 + 12 * 12
    assert amount_months([*dues, Deposit("2027-01-01", 50)], "2026-12-31") == 78
    halved = [Deposit("2026-01-01", 12_000), Deposit("2026-07-01", -6_000)]
    assert amount_months(halved, "2026-12-31") == 12_000 * 6 + 6_000 * 6


def test_days_of_savings() -> None:
    assert amount_days([Deposit("2026-01-01", 100)], "2026-01-31") == 3_000
    assert amount_days([Deposit("2026-01-01", 100), Deposit("2026-01-11", -40)], "2026-01-31") == (
        100 * 10 + 60 * 20
    )
    with pytest.raises(SplitError, match="taken out"):
        amount_days([Deposit("2026-01-01", 100), Deposit("2026-01-11", -140)], "2026-01-31")


@given(
    st.lists(
        st.tuples(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.integers(0, 10**9)),
        max_size=12,
    ),
)
def test_weights_of_deposits_do_not_depend_on_their_order(
    deposits: list[tuple[date, int]],
) -> None:
    listed = [Deposit(str(day), amount) for day, amount in deposits]
    mixed = list(reversed(listed))
    assert amount_days(listed, "2199-12-31") == amount_days(mixed, "2199-12-31")
    assert amount_months(listed, "2199-12-31") == amount_months(mixed, "2199-12-31")
