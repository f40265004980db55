"""The project ratios of a collection sheet, by the formulas of a project that collected it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.ratio import RatioError
from model.reckoning.savix import CollectionSheet, savix_ratios

# Formulas: github.com/dimagi/dca-reports, dca/reports.py (class LendingGroupAggregate). Figures
# ours, worked by hand: a group of 25 that began with 24, in its 26th week.
SHEET = CollectionSheet(
    members_at_start=24,
    members=25,
    women=20,
    attending=23,
    dropouts=2,
    savings=500_000,
    loans=10,
    loans_outstanding=400_000,
    late_balance=30_000,
    written_off=5_000,
    loan_fund_cash=160_000,
    other_cash=40_000,
    property_at_start=10_000,
    property_now=25_000,
    debts=15_000,
    weeks=26,
)


def test_assets_profit_and_equity_of_the_sheet() -> None:
    assert SHEET.assets == 160_000 + 400_000 + 40_000 + 25_000
    assert SHEET.profit == 160_000 + 400_000 + 25_000 - 500_000 - 10_000 - 15_000 == 60_000
    assert SHEET.equity == SHEET.assets - SHEET.debts


def test_the_set_by_hand() -> None:
    assert {found.code: found.value for found in savix_ratios(SHEET)} == {
        "attendance_rate": Fraction(23, 25),
        "retention_rate": Fraction(23, 25),
        "dropout_rate": Fraction(2, 25),
        "growth_rate": Fraction(1, 24),
        "women": Fraction(4, 5),
        "savings_per_member": 20_000,
        "equity_per_member": 24_400,
        "profit_per_member": 2_400,
        "average_outstanding_loan": 40_000,
        "portfolio_at_risk": Fraction(3, 40),
        "write_offs": 5_000,
        "members_with_loans": Fraction(2, 5),
        "loans_to_assets": Fraction(16, 25),
        "fund_utilisation": Fraction(5, 7),
        "return_on_savings": Fraction(3, 25),
        "return_on_assets": Fraction(12, 125),
        "return_on_assets_a_year": Fraction(24, 125),
    }


def test_an_empty_sheet_has_no_ratio_but_says_why() -> None:
    found = savix_ratios(CollectionSheet(*[0] * 16))
    assert {row.code for row in found if row.value is not None} == {"write_offs"}
    assert all(row.value is not None or row.missing for row in found)


def test_a_sheet_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(RatioError, match="below 0"):
        savix_ratios(SHEET._replace(loans=-1))
    with pytest.raises(RatioError, match="members attending"):
        savix_ratios(SHEET._replace(attending=26))


@given(figures=st.lists(st.integers(0, 2**53), min_size=16, max_size=16))
def test_assets_are_always_debts_and_equity(figures: list[int]) -> None:
    sheet = CollectionSheet(*figures)
    assert sheet.assets == sheet.debts + sheet.equity
