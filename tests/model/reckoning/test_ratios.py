"""Ratios are exact, named, never a division by zero, and shown rounded once, half up."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from inspect import getdoc, getmembers, isfunction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.money import AMOUNT_MINOR_MAX
from model.reckoning import loan_ratios, ratios
from model.reckoning.loan_ratios import (
    average_loan_size,
    average_outstanding_loan,
    debt_to_equity,
    fund_utilisation,
    loan_loss,
    loans_past_due,
    loans_per_group,
    loans_to_assets,
    loans_written_off,
    portfolio_at_risk,
    portfolio_yield,
    repayment_rate,
    return_on_assets,
    return_on_savings,
)
from model.reckoning.ratio import DIGITS_MAX, Ratio, RatioError, mean, ratio, to_a_year
from model.reckoning.ratios import (
    Attended,
    age_bands,
    attendance_by_representative,
    attendance_in_person,
    dropout,
    equity_per_member,
    members_per_group,
    members_who_borrowed,
    members_with_loan,
    membership_growth,
    profit_per_member,
    retention,
    retention_of_all,
    savings_per_member,
    share_out_per_member,
    share_out_per_share,
    social_fund_per_member,
    total_assets,
    women,
)

amounts = st.integers(0, AMOUNT_MINOR_MAX)

# Worked by hand from the definitions in the glossary of DreamSave Insights
# (support.dreamstartlabs.com/portal/en/kb/articles/dreamsave-insights-glossary) and from CGAP,
# "Microfinance Consensus Guidelines", 2003. A group of 24: shares of 240,000 and 480,000 at both
# ends of 182 days, 300,000 lent in 8 loans.
BY_HAND = [
    (total_assets(120_000, 300_000, 60_000), Fraction(480_000), "4,800.00"),
    (members_who_borrowed(8, 24), Fraction(1, 3), "33.3 %"),
    (members_with_loan(6, 24), Fraction(1, 4), "25.0 %"),
    (women(19, 24), Fraction(19, 24), "79.2 %"),
    (average_loan_size(300_000, 8), Fraction(37_500), "375.00"),
    (average_outstanding_loan(200_000, 6), Fraction(100_000, 3), "333.33"),
    (loans_written_off(1, 8), Fraction(1, 8), "12.5 %"),
    (loan_loss(20_000, (100_000, 300_000)), Fraction(1, 10), "10.0 %"),
    (loans_past_due(2, 6), Fraction(1, 3), "33.3 %"),
    (portfolio_at_risk(50_000, 200_000), Fraction(1, 4), "25.0 %"),
    (repayment_rate(95_000, 100_000), Fraction(19, 20), "95.0 %"),
    (fund_utilisation(300_000, 100_000), Fraction(3, 4), "75.0 %"),
    (fund_utilisation(300_000, -50_000), Fraction(6, 5), "120.0 %"),
    (loans_to_assets(300_000, 480_000), Fraction(5, 8), "62.5 %"),
    # 36,000 / ((240,000 + 480,000) / 2) x 365 / 182
    (return_on_savings(36_000, (240_000, 480_000), 182), Fraction(365, 1820), "20.1 %"),
    (return_on_assets(-36_000, (240_000, 480_000), 365), Fraction(-1, 10), "-10.0 %"),
    (return_on_savings(36_000, (240_000, 480_000), 364, 364), Fraction(1, 10), "10.0 %"),
    (portfolio_yield(30_000, (100_000, 200_000, 300_000), 73), Fraction(3, 4), "75.0 %"),
    (savings_per_member(480_000, 24), Fraction(20_000), "200.00"),
    (equity_per_member(500_001, 24), Fraction(500_001, 24), "208.33"),
    (social_fund_per_member(60_000, 24), Fraction(2_500), "25.00"),
    (profit_per_member(-36_000, 24), Fraction(-1_500), "-15.00"),
    (share_out_per_share(516_000, 480), Fraction(1_075), "10.75"),
    (share_out_per_member(516_000, 24), Fraction(21_500), "215.00"),
    (members_per_group(250, 11), Fraction(250, 11), "22.7"),
    (loans_per_group(30, 4), Fraction(15, 2), "7.5"),
    (retention(24, 22), Fraction(11, 12), "91.7 %"),
    (dropout(24, 2), Fraction(1, 12), "8.3 %"),
    (retention_of_all(24, 4, 26), Fraction(13, 14), "92.9 %"),
    (membership_growth(24, 26), Fraction(1, 12), "8.3 %"),
    (membership_growth(24, 18), Fraction(-1, 4), "-25.0 %"),
    (debt_to_equity(100_000, 400_000), Fraction(1, 4), "25.0 %"),
]


@pytest.mark.parametrize(
    ("found", "value", "text"), BY_HAND, ids=[f"{row[0].code} {row[2]}" for row in BY_HAND]
)
def test_a_ratio_by_hand(found: Ratio, value: Fraction, text: str) -> None:
    assert found.value == value
    assert found.text(1, 2) == text
    assert found.numerator * found.factor == value * found.denominator


def test_every_ratio_was_worked_by_hand_and_has_a_docstring() -> None:
    made = {row[0].code for row in BY_HAND} | {"attendance_in_person", "portfolio_at_risk"}
    for module in (ratios, loan_ratios):
        for name, function in getmembers(module, isfunction):
            if function.__module__ != module.__name__ or name.startswith("_"):
                continue
            assert getdoc(function)
            if name not in {"age_bands", "attendance_by_representative"}:
                code = {"total_assets": "assets"}.get(name, name)
                assert code in made, name


MEETINGS = [
    Attended(20, 1),
    Attended(20, 18, 1),
    Attended(20, 16, 2),
    Attended(25, 20),
    Attended(25, 25),
]


def test_attendance_is_the_mean_of_the_rates_of_the_last_four_meetings() -> None:
    # Glossary: "(# members attended in person / # total members * 100) averaged over past 4
    # meetings": 90, 80, 80 and 100 per cent. All who came over all who could would be 79/90.
    assert attendance_in_person(MEETINGS).value == Fraction(7, 8)
    assert attendance_by_representative(MEETINGS).text(2) == "3.75 %"
    assert attendance_in_person(MEETINGS, over=1).value == 1
    assert attendance_in_person(MEETINGS, over=9).numerator == Fraction(7, 2) + Fraction(1, 20)


def test_a_meeting_without_members_is_no_evidence() -> None:
    assert attendance_in_person([Attended(0, 0)]).value is None
    assert attendance_in_person([]).text() == "There is nothing to divide by: meetings is 0."


@pytest.mark.parametrize(
    "contradiction",
    [
        lambda: attendance_in_person([Attended(5, 4, 2)]),
        lambda: attendance_in_person([Attended(5, -1)]),
        lambda: attendance_in_person([], over=0),
        lambda: members_with_loan(25, 24),
        lambda: retention(24, -1),
        lambda: membership_growth(-1, 3),
        lambda: savings_per_member(10, -1),
        lambda: to_a_year(0),
        lambda: age_bands([131]),
        lambda: women(1, 2).text(DIGITS_MAX + 1),
    ],
    ids=range(10),
)
def test_figures_that_contradict_each_other_are_refused(
    contradiction: Callable[[], object],
) -> None:
    with pytest.raises(RatioError):
        contradiction()


@given(top=st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), bottom=st.integers(-9, 0))
def test_without_a_denominator_there_is_no_value_and_it_says_so(top: int, bottom: int) -> None:
    found = ratio("x", "X", "percent", ("tops", top), ("bottoms", bottom), "tops / bottoms")
    assert found.value is None
    assert found.rounded(3) is None
    assert "bottoms" in found.text()


def test_a_half_is_rounded_away_from_zero() -> None:
    assert loans_written_off(1, 8).text(0) == "13 %"
    assert membership_growth(8, 7).text(0) == "-13 %"
    assert savings_per_member(5, 2).amount_minor == 3


@given(part=amounts, rest=amounts, digits=st.integers(0, DIGITS_MAX))
def test_percentages_are_rounded_once_and_half_up(part: int, rest: int, digits: int) -> None:
    found = repayment_rate(part, part + rest)
    if part + rest == 0:
        assert found.value is None
        return
    context = Context(prec=80)
    exact = context.divide(Decimal(100 * part), Decimal(part + rest))
    shown = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, context)
    # 80 digits tell every quotient of two 54-bit numbers from a half.
    assert found.text(digits) == f"{shown:f} %"
    assert found.value is not None
    assert 0 <= found.value <= 1


@given(start=st.integers(1, 10_000), data=st.data())
def test_who_stayed_and_who_left_are_all_who_were_there(start: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, start))
    stayed, gone = retention(start, start - left).value, dropout(start, left).value
    assert stayed is not None
    assert gone is not None
    assert stayed + gone == 1


@given(balances=st.lists(amounts, min_size=1, max_size=13), days=st.integers(1, 4_000))
def test_a_yearly_return_says_what_a_day_earned(balances: list[int], days: int) -> None:
    found = return_on_assets(1_000, balances, days)
    if found.value is not None:
        assert found.value * days * sum(balances) == 1_000 * 365 * len(balances)
        assert mean(balances) * len(balances) == sum(balances)


@pytest.mark.parametrize(
    ("age", "band"),
    [
        *((17, "under_18"), (18, "18_34"), (34, "18_34"), (35, "35_45"), (45, "35_45")),
        *((46, "46_and_over"), (None, "not_known")),
    ],
)
def test_an_age_band_begins_where_it_says(age: int | None, band: str) -> None:
    assert [name for name, count in age_bands([age]).items() if count] == [band]


@given(ages=st.lists(st.none() | st.integers(0, 130), max_size=50))
def test_everybody_is_in_one_age_band(ages: list[int | None]) -> None:
    bands = age_bands(ages)
    assert sum(bands.values()) == len(ages)
    assert bands["not_known"] == ages.count(None)
    assert bands["under_18"] + bands["18_34"] == sum(age is not None and age < 35 for age in ages)
    assert bands["46_and_over"] == sum(age is not None and age > 45 for age in ages)
