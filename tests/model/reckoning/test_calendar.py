"""Due days: nothing drifts, months clamp without sticking, moving never touches interest."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import DayError, add_days, days_between
from model.reckoning.calendar import UNITS, DuePlan, counted_day, moved_days, periods_of
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms

days = st.dates(
    min_value=date(1900, 1, 1),
    max_value=date(2199, 12, 31),
).map(lambda day: day.isoformat())
plans = st.tuples(
    st.sampled_from(UNITS), st.integers(1, 13), st.sampled_from(["clamp", "roll"])
).map(lambda drawn: DuePlan(drawn[0], drawn[1], month_end=drawn[2]))  # type: ignore[arg-type]


def due_days(disbursed_on: str, plan: DuePlan, count: int) -> list[str]:
    return [period.due_on for period in periods_of(disbursed_on, plan, count)]


def test_a_months_end_does_not_stick() -> None:
    assert due_days("2026-01-31", DuePlan(), 3) == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert due_days("2024-01-31", DuePlan(), 2) == ["2024-02-29", "2024-03-31"]
    rolled = due_days("2026-01-31", DuePlan(month_end="roll"), 3)
    assert rolled == ["2026-03-01", "2026-03-31", "2026-05-01"]


def test_every_unit_and_number() -> None:
    day = "2026-03-10"
    assert due_days(day, DuePlan("day", 10), 2) == ["2026-03-20", "2026-03-30"]
    assert due_days(day, DuePlan("week", 3), 2) == ["2026-03-31", "2026-04-21"]
    assert due_days(day, DuePlan("fortnight"), 2) == ["2026-03-24", "2026-04-07"]
    assert due_days(day, DuePlan("quarter"), 2) == ["2026-06-10", "2026-09-10"]
    assert due_days(day, DuePlan("half_year"), 2) == ["2026-09-10", "2027-03-10"]
    assert due_days(day, DuePlan("year"), 2) == ["2027-03-10", "2028-03-10"]


def test_a_given_first_due_day_makes_a_broken_period() -> None:
    plan = DuePlan(first_due_on="2026-02-05")
    first, second = periods_of("2026-01-20", plan, 2)
    assert (first.days, first.regular, first.regular_days) == (16, False, 31)
    assert (second.due_on, second.regular) == ("2026-03-05", True)
    same = periods_of("2026-01-05", plan, 1)[0]
    assert same.regular  # exactly a month: not broken at all


def test_a_seed_day_keeps_its_place_in_the_month() -> None:
    plan = DuePlan(first_due_on="2026-02-28", seed_on="2026-01-31")
    assert due_days("2026-01-31", plan, 3) == ["2026-02-28", "2026-03-31", "2026-04-30"]
    later = DuePlan(seed_on="2000-12-31")
    assert due_days("2026-01-15", later, 2) == ["2026-02-28", "2026-03-31"]


def test_moving_to_the_next_meeting_leaves_interest_alone() -> None:
    terms = LoanTerms(1_000_00, "reducing", percent("12 % a year"), 3, "2026-01-31")
    by_days = terms._replace(day_count="days_365")
    saturday = DuePlan(meeting_weekday=5)
    moved = schedule(by_days._replace(due=saturday)).instalments
    still = schedule(by_days).instalments
    assert [row.due_on for row in moved] == ["2026-02-28", "2026-04-04", "2026-05-02"]
    assert [row[1:3] for row in moved] == [row[1:3] for row in still]
    named = DuePlan(meeting_days=("2026-04-20", "2026-03-05"))
    assert moved_days(["2026-02-28", "2026-03-31", "2026-06-30"], named) == (
        "2026-03-05",
        "2026-04-20",
        "2026-06-30",
    )


def test_holidays_and_a_moratorium() -> None:
    plan = DuePlan(holidays=(("2026-02-27", "2026-03-03"), ("2026-03-04", "2026-03-05")))
    assert due_days("2026-01-31", plan, 1) == ["2026-03-06"]
    postponed = DuePlan(postponed=(("2026-03-01", 2),))
    assert due_days("2026-01-31", postponed, 3) == ["2026-02-28", "2026-05-31", "2026-06-30"]


@given(days, plans, st.integers(1, 40))
def test_due_days_rise_and_each_period_begins_where_the_last_ended(
    day: str, plan: DuePlan, count: int
) -> None:
    periods = periods_of(day, plan, count)
    assert len(periods) == count
    ends = [day, *(period.ends_on for period in periods)]
    assert ends == sorted(set(ends))
    assert [period.starts_on for period in periods] == ends[:-1]
    # Twice a month on named days, a loan handed over between two of them begins with a broken time.
    whole = periods[1:] if plan.unit == "half_month" else periods
    assert all(period.days == period.regular_days and period.regular for period in whole)
    assert ends[-1] == counted_day(day, plan, count)


@given(days, st.integers(1, 27), st.integers(1, 30), st.integers(1, 5), st.integers(-50, 50))
def test_twice_a_month_is_on_the_named_days(
    day: str, first: int, later: int, every: int, number: int
) -> None:
    """Independent: every day of the calendar is looked at and the named ones are counted."""
    plan = DuePlan("half_month", every, days_of_month=(first, min(31, first + later)))

    def is_named(text: str) -> bool:
        last = (date.fromisoformat(text) + timedelta(1)).day == 1
        return int(text[8:]) in plan.days_of_month or (
            last and int(text[8:]) < plan.days_of_month[1]
        )

    near = add_days("2026-01-31", number * 7)
    found = counted_day(near, plan, 1)
    assert is_named(found)
    between = (add_days(near, step) for step in range(1, days_between(near, found) + 1))
    assert sum(is_named(each) for each in between) == every
    assert counted_day(counted_day(found, plan, number), plan, -number) == found
    ends = due_days(day, plan, 8)
    assert all(is_named(each) for each in ends)


def test_twice_a_month_from_a_named_day_is_even() -> None:
    plan = DuePlan("half_month")
    assert due_days("2024-01-31", plan, 4) == [
        "2024-02-15",
        "2024-02-29",
        "2024-03-15",
        "2024-03-31",
    ]
    assert all(period.regular for period in periods_of("2024-01-31", plan, 4))
    between = periods_of("2024-01-20", plan, 2)
    assert [period.regular for period in between] == [False, True]
    assert (between[0].days, between[0].regular_days) == (11, 16)
    named = DuePlan("half_month", days_of_month=(1, 16), first_due_on="2024-02-16")
    assert due_days("2024-01-20", named, 2) == ["2024-02-16", "2024-03-01"]


@given(days, st.integers(0, 40), plans, st.lists(st.tuples(days, st.integers(0, 20)), max_size=3))
def test_moving_is_forward_only_and_in_order(
    day: str, weekday: int, plan: DuePlan, breaks: list[tuple[str, int]]
) -> None:
    holidays = tuple((first, add_days(first, length)) for first, length in breaks)
    moved = plan._replace(meeting_weekday=weekday % 7, holidays=holidays)
    periods = periods_of(day, moved, 12)
    dues = [period.due_on for period in periods]
    assert dues == sorted(dues)
    assert all(period.due_on >= period.ends_on for period in periods)


@given(days, days, plans)
def test_the_first_day_by_a_seed_is_at_least_a_period_away(
    day: str, seed: str, plan: DuePlan
) -> None:
    first = periods_of(day, plan._replace(seed_on=seed), 1)[0]
    if seed == day:
        return
    assert days_between(day, first.ends_on) >= days_between(day, counted_day(day, plan, 1)) - 3


@pytest.mark.parametrize(
    "plan",
    [
        DuePlan("moon"),  # type: ignore[arg-type]
        DuePlan(every=0),
        DuePlan(every=367),
        DuePlan("year", 300),
        DuePlan(month_end="stick"),  # type: ignore[arg-type]
        DuePlan(first_due_on="2026-02-30"),
        DuePlan(first_due_on="2025-12-31"),
        DuePlan(seed_on="yesterday"),
        DuePlan(meeting_weekday=7),
        DuePlan("half_month", days_of_month=(15, 15)),
        DuePlan("half_month", days_of_month=(28, 30)),
        DuePlan("half_month", days_of_month=(0, 15)),
        DuePlan("half_month", days_of_month=(15, 32)),
        DuePlan("half_month", first_due_on="2026-01-14"),
        DuePlan(holidays=(("2026-01-01", "later"),)),
        DuePlan(holidays=(("2026-01-01", "2026-01-02"),) * 3_000),
        DuePlan(postponed=(("2026-01-01", 10**9),)),
    ],
)
def test_impossible_plans_are_refused(plan: DuePlan) -> None:
    with pytest.raises(DayError):
        periods_of("2026-01-01", plan, 600)


def test_without_a_day_there_are_periods_without_days() -> None:
    assert {period.ends_on for period in periods_of("", DuePlan(), 3)} == {""}
    with pytest.raises(DayError):
        periods_of("", DuePlan(first_due_on="2026-01-01"), 1)
