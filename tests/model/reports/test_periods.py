"""A period is named, has both its days inside, and months add up to quarters and years."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import DayError, add_days
from model.reports.periods import PeriodError, between, parse_period, period_holding

days = st.dates().filter(lambda day: 1900 <= day.year <= 2199).map(lambda day: day.isoformat())


@pytest.mark.parametrize(
    ("text", "kind", "first", "last", "length"),
    [
        ("2026", "year", "2026-01-01", "2026-12-31", 365),
        ("2024", "year", "2024-01-01", "2024-12-31", 366),
        ("2026-q1", "quarter", "2026-01-01", "2026-03-31", 90),
        ("2026Q4", "quarter", "2026-10-01", "2026-12-31", 92),
        (" 2026-02 ", "month", "2026-02-01", "2026-02-28", 28),
        ("2028-02", "month", "2028-02-01", "2028-02-29", 29),
        ("2026-01-31..2026-02-01", "days", "2026-01-31", "2026-02-01", 2),
    ],
)
def test_a_period_by_name(text: str, kind: str, first: str, last: str, length: int) -> None:
    found = parse_period(text)
    assert (found.kind, found.first_day, found.last_day, found.days) == (kind, first, last, length)
    assert found.holds(first)
    assert found.holds(last)
    assert not found.holds(add_days(last, 1))
    assert parse_period(found.label) == found


@pytest.mark.parametrize(
    "text", ["", "march", "2026-13", "2026-q5", "2026-1", "26-01", "2026-01-01"]
)
def test_what_names_no_period_is_answered_with_how_to(text: str) -> None:
    with pytest.raises(PeriodError, match="Write a year"):
        parse_period(text)


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(PeriodError, match="before it begins"):
        between("2026-02-01", "2026-01-31")
    with pytest.raises(DayError):
        parse_period("2026-02-30..2026-03-01")
    with pytest.raises(DayError):
        parse_period("1066")


@given(day=days)
def test_every_day_is_in_one_month_of_one_quarter_of_one_year(day: str) -> None:
    month, quarter, year = (period_holding(kind, day) for kind in ("month", "quarter", "year"))
    for inner, outer in ((month, quarter), (quarter, year)):
        assert inner.holds(day)
        assert outer.holds(inner.first_day)
        assert outer.holds(inner.last_day)
    assert period_holding("days", day).days == 1
    following = period_holding("month", add_days(month.last_day, 1)) if day < "2199-12" else None
    assert following is None or following.first_day == add_days(month.last_day, 1)
