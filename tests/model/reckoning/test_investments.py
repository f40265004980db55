"""Returns against published worked examples, and what must hold of every figure."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.investments import (
    InvestmentError,
    cost_of_part,
    gain_on_sale,
    return_a_year,
    return_on_investment,
    unrealised_gain,
)

MONEY = st.integers(0, 2**53)

PUBLISHED = [
    # (cost, income, proceeds, left, percent as printed, digits printed), amounts in cents
    # https://www.calcufinance.com/finance/investment/stock-return: 50 shares, fees in both
    pytest.param(601_000, 4_800, 889_000, 0, "48.7", id="fees at buying and at selling"),
    # http://www.internetdict.com/answers/how-to-calculate-roi.html: $99 + $1, sold $120 - $1
    pytest.param(10_000, 0, 11_900, 0, "19", id="a plain sale"),
    # http://www.themoneysprout.com/return-on-investment: still held, at $20.50, dividend $25
    pytest.param(50_000, 2_500, 0, 51_250, "7.5", id="still held at its value"),
    # https://cryptolad.co/how-to-calculate-return-on-investment-roi/: 2,500 shares $10 to $15,
    # dividends $1,000, commissions $200 off the return
    pytest.param(2_500_000, 100_000, 3_750_000 - 20_000, 0, "53.2", id="dividends"),
]


@pytest.mark.parametrize(("cost", "income", "proceeds", "left", "printed"), PUBLISHED)
def test_published_returns(cost: int, income: int, proceeds: int, left: int, printed: str) -> None:
    digits = len(printed.partition(".")[2])
    percent = return_on_investment(cost, income, proceeds, left) * 100
    assert abs(percent - Fraction(printed)) <= Fraction(1, 2 * 10**digits)


@given(MONEY.filter(bool), MONEY, MONEY, MONEY)
def test_a_return_gives_back_what_came_in(cost: int, income: int, sold: int, left: int) -> None:
    total = return_on_investment(cost, income, sold, left)
    assert cost * (1 + total) == income + sold + left
    assert total >= -1


@given(MONEY, MONEY)
def test_gain_and_unrealised_gain_are_differences(cost: int, value: int) -> None:
    assert cost + gain_on_sale(cost, value) == value
    assert cost + unrealised_gain(cost, value) == value


@given(MONEY, st.integers(1, 10_000), st.data())
def test_the_parts_of_a_cost_are_near_their_share_and_all_is_all(
    cost: int, whole: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, whole))
    assert abs(cost_of_part(cost, part, whole) - Fraction(cost * part, whole)) <= Fraction(1, 2)
    assert cost_of_part(cost, whole, whole) == cost
    assert cost_of_part(cost, 0, whole) == 0


def test_a_year_of_two_years_is_half() -> None:
    assert return_a_year(Fraction(3, 10), 730) == Fraction(3, 20)


@pytest.mark.parametrize("part", [(-1, 4), (5, 4), (0, 0)])
def test_a_part_outside_the_whole_is_refused(part: tuple[int, int]) -> None:
    with pytest.raises(InvestmentError, match="between nothing and all of it"):
        cost_of_part(100, *part)


def test_no_cost_and_no_days_have_no_return() -> None:
    with pytest.raises(InvestmentError, match="cost nothing"):
        return_on_investment(0, 1, 1, 1)
    with pytest.raises(InvestmentError, match="one day or more"):
        return_a_year(Fraction(1), 0)
