"""Rates are exact, and a period's part of a year is what the day count says."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.calendar import DuePlan, Period, periods_of
from model.reckoning.rates import (
    Rate,
    RateError,
    nominal_rate,
    percent,
    period_rates,
    ppm,
    year_part,
)

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))


@pytest.mark.parametrize(
    ("text", "value", "per"),
    [
        ("10", Fraction(1, 10), "period"),
        ("9.4822", Fraction(94822, 10**6), "period"),
        ("2 % a month", Fraction(2, 100), "month"),
        ("24% p.a.", Fraction(24, 100), "year"),
        ("1.5 % per week", Fraction(3, 200), "week"),
        ("5 % monthly", Fraction(5, 100), "month"),
        ("1 % a half month", Fraction(1, 100), "half_month"),
        ("0", Fraction(0), "period"),
        ("1000 % a year", Fraction(10), "year"),
    ],
)
def test_a_percentage_is_read_exactly(text: str, value: Fraction, per: str) -> None:
    rate = percent(text)
    assert (rate.value, rate.per) == (value, per)


@pytest.mark.parametrize("text", ["", "ten", "-1", "1,5", "1000.1", "10 % a moon", "1" * 50, "1e3"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RateError):
        percent(text)


def test_parts_per_million() -> None:
    assert ppm(100_000, "month") == Rate(100_000, 1_000_000, "month")
    with pytest.raises(RateError):
        ppm(-1)
    with pytest.raises(RateError):
        ppm(10_000_001)


@pytest.mark.parametrize(
    ("per", "unit", "every", "part"),
    [
        ("year", "month", 1, Fraction(1, 12)),
        ("year", "half_month", 1, Fraction(1, 24)),
        ("half_month", "month", 1, Fraction(2)),
        ("year", "week", 1, Fraction(7, 364)),  # 52 weeks
        ("year", "fortnight", 1, Fraction(14, 364)),
        ("year", "day", 1, Fraction(1, 365)),
        ("year", "quarter", 1, Fraction(1, 4)),
        ("month", "week", 1, Fraction(12, 52)),
        ("month", "month", 2, Fraction(2)),
        ("week", "month", 1, Fraction(52, 12)),
        ("quarter", "month", 1, Fraction(1, 3)),
        ("half_year", "year", 1, Fraction(2)),
        ("period", "week", 3, Fraction(1)),
    ],
)
def test_nominal_rates(per: str, unit: str, every: int, part: Fraction) -> None:
    rate = Rate(24, 100, per)  # type: ignore[arg-type]
    assert nominal_rate(rate, unit, every) == Fraction(24, 100) * part


def part_of(first: str, last: str, day_count: str, regular: bool = False) -> Fraction:
    period = Period(first, last, last, regular)
    return year_part(period, "month", 1, day_count)  # type: ignore[arg-type]


def test_day_counts_by_hand() -> None:
    # ISDA's own example of actual/actual: 1 November 2003 to 1 May 2004 is 61/365 + 121/366
    # (www.isda.org, "EMU and market conventions", case of a regular half-year).
    assert part_of("2003-11-01", "2004-05-01", "actual_actual") == Fraction(61, 365) + Fraction(
        121, 366
    )
    assert part_of("2023-12-12", "2024-01-12", "actual_actual") == Fraction(20, 365) + Fraction(
        11, 366
    )
    assert part_of("2023-12-12", "2024-01-12", "actual_actual_day_end") == Fraction(
        19, 365
    ) + Fraction(12, 366)
    assert part_of("2024-02-01", "2024-03-01", "days_360") == Fraction(29, 360)
    assert part_of("2024-02-01", "2024-03-01", "days_364") == Fraction(29, 364)
    assert part_of("2024-01-31", "2024-02-29", "30_360") == Fraction(29, 360)
    assert part_of("2024-01-31", "2024-02-29", "30_360", regular=True) == Fraction(1, 12)
    assert part_of("2024-01-01", "2024-02-18", "30_360") == Fraction(47, 360)


@given(days, st.integers(0, 4_000))
def test_actual_over_actual_is_a_sum_over_nights(first: date, nights: int) -> None:
    last = min(first + timedelta(nights), date(2199, 12, 31))
    begun = ended = Fraction(0)
    day = first
    while day < last:
        begun += Fraction(1, _length(day.year))
        day += timedelta(1)
        ended += Fraction(1, _length(day.year))
    found = [
        part_of(first.isoformat(), last.isoformat(), count)
        for count in ("actual_actual", "actual_actual_day_end")
    ]
    assert found == [begun, ended]


def _length(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def test_a_broken_period_costs_its_days_part() -> None:
    plan = DuePlan(first_due_on="2026-02-05")
    rates = period_rates(percent("10"), periods_of("2026-01-20", plan, 2), "month", 1, "nominal")
    assert Fraction(rates.numerators[0], rates.denominator) == Fraction(1, 10) * Fraction(16, 31)
    assert Fraction(rates.numerators[1], rates.denominator) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("rate", "day_count"),
    [
        (percent("10"), "days_365"),  # a rate for each instalment has no days
        (percent("10", "year"), "by the moon"),
        (Rate(11), "nominal"),
        (Rate(-1, 2), "nominal"),
        (Rate(1, 10**13), "nominal"),
        (Rate(1, 2, "century"), "nominal"),  # type: ignore[arg-type]
    ],
)
def test_rates_that_mean_nothing_are_refused(rate: Rate, day_count: str) -> None:
    periods = periods_of("2026-01-01", DuePlan(), 2)
    with pytest.raises(RateError):
        period_rates(rate, periods, "month", 1, day_count)  # type: ignore[arg-type]


def test_counting_days_needs_days() -> None:
    with pytest.raises(RateError):
        period_rates(percent("1", "year"), (Period(),), "month", 1, "days_365")
