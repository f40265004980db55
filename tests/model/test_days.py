"""Due days keep the seed day, and only real days in one form are taken."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import (
    DayError,
    add_days,
    add_months,
    add_weeks,
    days_between,
    due_day,
    is_day,
    parse_day,
)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def test_a_month_end_does_not_stick() -> None:
    due = [due_day("2026-01-31", "month", number) for number in range(1, 6)]
    assert due == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]


def test_a_leap_day_comes_back() -> None:
    assert add_months("2024-02-29", 12) == "2025-02-28"
    assert add_months("2024-02-29", 48) == "2028-02-29"


def test_weeks_cross_the_year() -> None:
    assert due_day("2026-12-28", "week", 1) == "2027-01-04"
    assert add_weeks("2027-01-04", -1) == "2026-12-28"


@given(days, st.integers(-500, 500))
def test_adding_months_keeps_the_day_or_clamps_to_the_last(day: date, months: int) -> None:
    later = date.fromisoformat(add_months(day.isoformat(), months))
    assert (later.year - day.year) * 12 + later.month - day.month == months
    month_is_over = (later + timedelta(days=1)).month != later.month
    assert later.day == day.day or (later.day < day.day and month_is_over)


@given(days, st.integers(-10_000, 10_000))
def test_days_added_are_days_between(day: date, count: int) -> None:
    assert days_between(day.isoformat(), add_days(day.isoformat(), count)) == count


def test_the_calendars_end_stops_and_does_not_raise() -> None:
    assert add_days("9999-12-30", 500) == "9999-12-31"
    assert add_months("9999-12-30", 600) == "9999-12-31"
    assert add_months("0001-01-02", -1) == add_days("0001-01-02", -9) == "0001-01-01"


@given(days)
def test_iso_days_are_taken(day: date) -> None:
    assert parse_day(day.isoformat()) == day
    assert is_day(day.isoformat())


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-2-1", "20260201", "2026-W05-6", "2026-02-30", "01/02/2026", "0026-02-01"),
        *("2026-02-01T00:00", "2026-02-01\n", "\u0662026-02-01", "9999-12-31", "x" * 100_000),
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    assert not is_day(text)
    with pytest.raises(DayError, match="for example 2026-01-31") as refused:
        parse_day(text)
    assert len(str(refused.value)) < 150
