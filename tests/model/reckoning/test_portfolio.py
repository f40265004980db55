"""Lateness and portfolio at risk by named definitions, against published tables and by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.account import account
from model.reckoning.arrears import (
    AgeError,
    LatePart,
    Standing,
    ageing,
    delinquent_days,
    is_default,
    standing,
    standing_by_sum,
)
from model.reckoning.happenings import Payment, Reschedule, WriteOff
from model.reckoning.portfolio import (
    ParDefinition,
    cumulative_repayment_rate,
    portfolio_at_risk,
    portfolio_quality,
    repayment_rate,
)
from model.reckoning.rates import percent
from model.reckoning.terms import LoanTerms

# 390, 360, 330 on 28 Feb, 31 Mar, 30 Apr 2026.
TERMS = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")


@pytest.mark.parametrize(
    ("paid", "on", "overdue", "days"),
    [
        (0, "2026-02-28", 0, 0),  # due today is not late
        (0, "2026-03-01", 39_000, 1),
        (39_000, "2026-03-15", 0, 0),
        (38_999, "2026-03-15", 1, 15),
        (0, "2026-04-01", 75_000, 32),
        (39_000, "2026-04-01", 36_000, 1),
        (0, "2030-01-01", 108_000, 1_403),
        (200_000, "2030-01-01", 0, 0),
    ],
)
def test_days_past_due_run_from_the_oldest_unpaid_instalment(
    paid: int, on: str, overdue: int, days: int
) -> None:
    found = standing_by_sum(TERMS, paid, on)
    assert (found.overdue_minor, found.days_past_due) == (overdue, days)


@given(st.integers(0, 120_000), st.integers(1, 9))
def test_by_the_sum_and_by_the_account_a_loan_stands_alike(paid: int, month: int) -> None:
    on = f"2026-{month:02}-20"
    by_account = standing(account(TERMS, [Payment("2026-01-31", paid)], max(on, "2026-02-01")))
    assert standing_by_sum(TERMS, paid, max(on, "2026-02-01")) == by_account


def test_what_is_due_today_is_not_late() -> None:
    assert standing(account(TERMS, [], "2026-02-28")).late == ()
    assert standing(account(TERMS, [], "2026-03-01")).principal_overdue_minor == 300_00


def late(name: str, principal: int, days: int, overdue: int | None = None) -> Standing:
    parts = (
        (LatePart(1, "2026-01-01", days, principal if overdue is None else overdue, 0, 0),)
        if days
        else ()
    )
    return Standing(name, 2 * principal, principal, principal, parts)


# Sa-Dhan, "Tracking Financial Performance Standards", ageing of outstanding loans (March 2003):
# regular 128,000, then 17,500, 10,000, 5,000, 3,500, 2,500 and 1,500; 168,000 altogether.
SA_DHAN = [
    late("regular", 128_000, 0),
    late("to 30", 17_500, 30),
    late("to 60", 10_000, 31),
    late("to 90", 5_000, 90),
    late("to 180", 3_500, 91),
    late("to 365", 2_500, 365),
    late("above", 1_500, 366),
]


def test_a_published_ageing_and_its_portfolio_at_risk() -> None:
    bands = ageing(SA_DHAN)
    assert [band.amount_minor for band in bands] == [
        128_000,
        17_500,
        10_000,
        5_000,
        3_500,
        2_500,
        1_500,
    ]
    assert [(band.first, band.last) for band in bands][-2:] == [(181, 365), (366, None)]
    any_day = portfolio_at_risk(SA_DHAN, ParDefinition(0)).ratio
    assert any_day is not None
    assert round(any_day * 10_000) == 2381  # printed: 23.81 %
    above_30 = portfolio_at_risk(SA_DHAN).ratio
    assert above_30 is not None
    assert round(above_30 * 10_000) == 1339  # printed: 5.95 + 2.98 + 2.08 + 1.49 + 0.89


def test_the_four_definitions_in_the_field_differ() -> None:
    loans = [late("a", 600, 30, 100), late("b", 400, 31, 50), late("c", 1_000, 0)]
    assert portfolio_at_risk(loans).ratio == Fraction(400, 2_000)
    assert portfolio_at_risk(loans, ParDefinition(comparison="at_least")).ratio == Fraction(1, 2)
    assert portfolio_at_risk(loans, ParDefinition(numerator="overdue")).ratio == Fraction(50, 2_000)
    released = ParDefinition(denominator="released")
    assert portfolio_at_risk(loans, released).ratio == Fraction(400, 4_000)
    assert portfolio_at_risk(loans, ParDefinition(grace_days=1)).ratio == 0
    assert portfolio_at_risk([], released).ratio is None
    assert "at least 30 days" in ParDefinition(comparison="at_least").sentence()
    assert "originally released" in released.sentence()


def test_restructured_and_written_off_loans() -> None:
    new = LoanTerms(1, "flat", percent("5 % a month"), 2)
    again = standing(account(TERMS, [Reschedule("2026-03-15", 1, new)], "2026-03-20"))
    gone = standing(account(TERMS, [WriteOff("2026-03-15")], "2026-12-31"))
    fine = late("c", 900_00, 0)
    assert again.restructured
    assert again.days_past_due == 0
    loans = [again, gone, fine]
    assert portfolio_at_risk(loans).ratio == 0
    always = ParDefinition(restructured="always")
    assert portfolio_at_risk(loans, always).ratio == Fraction(1, 2)
    left_out = ParDefinition(restructured="left_out")
    assert portfolio_at_risk(loans, left_out).denominator_minor == 900_00
    quality = portfolio_quality(loans)
    assert (quality.active_loans, quality.written_off_loans) == (2, 1)
    assert quality.written_off_minor == 900_00
    assert [par.definition.days for par in quality.par] == [0, 30, 90]


@given(
    st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 400)), max_size=12),
    st.integers(0, 120),
)
def test_par_falls_as_days_rise_and_ageing_is_a_partition(
    drawn: list[tuple[int, int]], grace: int
) -> None:
    loans = [late(str(k), principal, days) for k, (principal, days) in enumerate(drawn)]
    at_risk = [portfolio_at_risk(loans, ParDefinition(n)).numerator_minor for n in range(0, 400, 7)]
    assert at_risk == sorted(at_risk, reverse=True)
    for by in ("loan", "instalment"):
        bands = ageing(loans, by, (7, 14, 200), grace)
        assert sum(band.amount_minor for band in bands) == sum(p for p, _ in drawn)


def test_ageing_by_instalment_puts_each_into_its_own_band() -> None:
    found = standing(account(TERMS, [], "2026-04-15"))  # 46 and 15 days late
    by_loan = ageing([found], "loan", (30, 60))
    assert [band.amount_minor for band in by_loan] == [0, 0, 900_00, 0]
    by_instalment = ageing([found], "instalment", (30, 60))
    assert [band.amount_minor for band in by_instalment] == [300_00, 300_00, 300_00, 0]
    with pytest.raises(AgeError):
        ageing([found], "loan", (30, 30))


def test_grace_and_default() -> None:
    assert delinquent_days(10, 3) == 7
    assert delinquent_days(2, 3) == 0
    assert not is_default(late("a", 1, 90))
    assert is_default(late("a", 1, 91))


def test_repayment_rates_leave_prepayments_out() -> None:
    paid = [Payment("2026-02-28", 390_00), Payment("2026-03-10", 500_00)]
    found = account(TERMS, paid, "2026-03-31")
    # March: 360 fell due and was paid; the 140 more are for April.
    march = repayment_rate([found], "2026-03-01", "2026-03-31")
    assert (march.due_minor, march.collected_minor) == (360_00, 360_00)
    assert march.ratio == 1
    whole = cumulative_repayment_rate([account(TERMS, paid[:1], "2026-03-31")], "2026-03-31")
    assert whole.ratio == Fraction(390, 750)
    april = account(TERMS, paid, "2026-04-30")
    counted = repayment_rate([april], "2026-04-01", "2026-04-30")
    assert counted.ratio == Fraction(140, 330)
    left_out = repayment_rate([april], "2026-04-01", "2026-04-30", "left_out")
    assert (left_out.due_minor, left_out.collected_minor) == (190_00, 0)
    assert repayment_rate([], "2026-04-01", "2026-04-30").ratio is None
