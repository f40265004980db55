"""Due days are counted from a seed day, never from the due day before, so nothing drifts.

A loan of 31 January falls due on 28 February and then on 31 March: clamping at a month's end does
not stick. Interest follows these counted days; a due day may then be **moved** (to the group's next
meeting, past a holiday, by a moratorium) without changing any interest, because members agreed on
periods and not on nights. Moved days never stand before the counted ones, nor out of order.

Sources: Apache Fineract's LoanMonthEndDueDateStrategy.feature (`clamp` is its LAST_DAY_OF_MONTH,
`roll` its FIRST_DAY_OF_NEXT_MONTH) and its holiday and meeting options ("reschedule to the next
repayment or meeting day"); its semi-monthly loans (two named days of every month).
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import YEAR_MAX, YEAR_MIN, DayError, add_days, add_months, days_between, parse_day

Unit: TypeAlias = Literal[
    "day", "week", "fortnight", "half_month", "month", "quarter", "half_year", "year"
]
UNITS: Final[tuple[Unit, ...]] = (
    "day",
    "week",
    "fortnight",
    "half_month",
    "month",
    "quarter",
    "half_year",
    "year",
)
MONTHS_OF: Final[dict[str, int]] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
DAYS_OF: Final[dict[str, int]] = {"day": 1, "week": 7, "fortnight": 14}

MonthEnd: TypeAlias = Literal["clamp", "roll"]
"""A month too short for the seed day: its last day, or the first day of the next month."""

EVERY_MAX: Final = 366
"""Largest number of units in one period: a year of days."""
SPAN_YEARS_MAX: Final = 700
"""Years after the last that a person may type: 600 yearly instalments fit, the calendar's end
does not come near."""
MOVES_MAX: Final = 2_000
"""Meeting days or holidays that one plan may name."""


class DuePlan(NamedTuple):
    """When instalments fall due: every `every` `unit`s from the day the money was handed over.

    `first_due_on` fixes the first due day instead (the first period is then broken, longer or
    shorter). `seed_on` is the day whose place in the month is kept, when that is neither: 31 for a
    first due day of 28 February. Moving, in this order, interest unaffected: `postponed` pairs
    (from a day, by so many units), `holidays` pairs (first, last day; on to the day after),
    `meeting_days` (sorted days; on to the next) or `meeting_weekday` (0 Monday .. 6 Sunday).
    `half_month` is twice a month on the two `days_of_month`: the 15th and the last unless others
    are named, a day that a month lacks being its last. The time between two of them is half a
    month for `nominal` and 30/360 interest; a loan handed over on another day begins with a broken
    one.
    """

    unit: Unit = "month"
    every: int = 1
    first_due_on: str = ""
    seed_on: str = ""
    month_end: MonthEnd = "clamp"
    postponed: tuple[tuple[str, int], ...] = ()
    holidays: tuple[tuple[str, str], ...] = ()
    meeting_days: tuple[str, ...] = ()
    meeting_weekday: int | None = None
    days_of_month: tuple[int, int] = (15, 31)


class Period(NamedTuple):
    """The time that one instalment's interest is for, and the day it is to be paid.

    `regular`: exactly one counted period. `regular_days`: days of the regular period that ends on
    the same day, to compare a broken one with. `is_last`: the loan ends with it, where a day count
    asks for that. Days are empty when no calendar was given.
    """

    starts_on: str = ""
    ends_on: str = ""
    due_on: str = ""
    regular: bool = True
    regular_days: int = 0
    is_last: bool = False

    @property
    def days(self) -> int:
        """Nights between the two ends; 0 without a calendar."""
        return days_between(self.starts_on, self.ends_on) if self.ends_on else 0


def counted_day(seed: str, plan: DuePlan, number: int) -> str:
    """The day `number` periods after `seed` (before it, when negative), unmoved.

    Twice a month they are counted from the named day that `seed` is or that came last before it.
    """
    if plan.unit == "half_month":
        return _half_month(seed, plan.days_of_month, plan.every * number)
    if plan.unit in DAYS_OF:
        return add_days(seed, DAYS_OF[plan.unit] * plan.every * number)
    day = add_months(seed, MONTHS_OF[plan.unit] * plan.every * number)
    if plan.month_end == "roll" and day[8:] != seed[8:] and day < date.max.isoformat():
        return add_days(day, 1)
    return day


def _half_month(seed: str, days_of_month: tuple[int, int], number: int) -> str:
    """The named day `number` half months after the one on or before `seed`."""
    first_of_month = seed[:8] + "01"
    passed = sum(seed >= _on_day(first_of_month, day) for day in days_of_month)
    months, half = divmod(passed - 1 + number, 2)
    return _on_day(add_months(first_of_month, months), days_of_month[half])


def _on_day(first_of_month: str, day: int) -> str:
    """That day of the month, or the last one of a shorter month."""
    return min(add_days(first_of_month, day - 1), add_days(add_months(first_of_month, 1), -1))


def check_plan(plan: DuePlan, disbursed_on: str) -> None:
    """Raise `DayError` unless the plan is of a known form and its days are on the calendar."""
    if plan.unit not in UNITS or plan.month_end not in ("clamp", "roll"):
        raise DayError("Instalments fall due by the day, week, fortnight, month, quarter or year.")
    first, second = plan.days_of_month
    if not 1 <= first <= 27 or not first < second <= 31:
        raise DayError("Twice a month is on a day from 1 to 27 and on a later one up to 31.")
    if not 1 <= plan.every <= EVERY_MAX:
        raise DayError(f"Instalments fall due every 1 to {EVERY_MAX} of these.")
    if plan.meeting_weekday is not None and not 0 <= plan.meeting_weekday <= 6:
        raise DayError("A weekday is a number from 0 (Monday) to 6 (Sunday).")
    if max(len(plan.holidays), len(plan.meeting_days), len(plan.postponed)) > MOVES_MAX:
        raise DayError("These are too many meeting days, holidays or postponements.")
    if any(not 0 <= number <= 1_200 for _, number in plan.postponed):
        raise DayError("Instalments are postponed by 0 to 1200 weeks, months or years.")
    for day in (disbursed_on, plan.first_due_on, plan.seed_on, *plan.meeting_days):
        if day:
            parse_day(day)
    for day in (*(day for pair in plan.holidays for day in pair), *(d for d, _ in plan.postponed)):
        parse_day(day)
    if plan.first_due_on and not disbursed_on:
        raise DayError("A first due day needs the day on which the loan was handed over.")
    if plan.first_due_on and plan.first_due_on < disbursed_on:
        raise DayError("The first instalment cannot fall due before the loan is handed over.")
    named = plan.first_due_on if plan.unit == "half_month" else ""
    if named and named != _half_month(named, plan.days_of_month, 0):
        raise DayError("Twice a month the first due day is one of the two named days.")


def periods_of(disbursed_on: str, plan: DuePlan, count: int) -> tuple[Period, ...]:
    """The first `count` periods of a loan; without a day of disbursement they have no days.

    Raises `DayError` (see `check_plan`, and when the last due day is centuries away).
    """
    check_plan(plan, disbursed_on)
    if not disbursed_on:
        return (Period(),) * count
    seed = plan.seed_on or plan.first_due_on or disbursed_on
    offset = _offset(seed, disbursed_on, plan)
    ends = [counted_day(seed, plan, offset + number) for number in range(count)]
    if int(ends[-1][:4]) > YEAR_MAX + SPAN_YEARS_MAX or int(ends[0][:4]) < YEAR_MIN:
        raise DayError("The last instalment would fall due centuries from now.")
    moved = moved_days(ends, plan)
    periods = []
    starts_on = disbursed_on
    for number, (ends_on, due_on) in enumerate(zip(ends, moved, strict=True)):
        regular_start = counted_day(seed, plan, offset + number - 1)
        regular = starts_on == regular_start or number > 0
        regular_days = days_between(regular_start, ends_on)
        periods.append(Period(starts_on, ends_on, due_on, regular, regular_days))
        starts_on = ends_on
    return tuple(periods)


def _offset(seed: str, disbursed_on: str, plan: DuePlan) -> int:
    """Which counted day from the seed is the first due day."""
    if not plan.first_due_on:
        if seed == disbursed_on:
            return 1
        # The first counted day that is a full period after the disbursement.
        target = counted_day(disbursed_on, plan._replace(month_end="clamp"), 1)
        return _first_at_or_after(seed, plan, target)
    if seed == plan.first_due_on:
        return 0
    return _first_at_or_after(seed, plan, plan.first_due_on)


def _first_at_or_after(seed: str, plan: DuePlan, target: str) -> int:
    days = DAYS_OF.get(plan.unit, 0) or 30 * MONTHS_OF.get(plan.unit, 0) or 15
    number = days_between(seed, target) // (days * plan.every)  # close: months are a little longer
    while counted_day(seed, plan, number - 1) >= target:
        number -= 1
    while counted_day(seed, plan, number) < target:
        number += 1
    return number


def moved_days(days: Sequence[str], plan: DuePlan) -> tuple[str, ...]:
    """The days on which instalments are to be paid, after postponement, holidays and meetings.

    Each move keeps the order of days, so instalments never overtake each other.
    """
    meetings, holidays = sorted(plan.meeting_days), sorted(plan.holidays)
    moved = []
    for day in days:
        shifted = day
        for from_day, number in plan.postponed:
            if day >= from_day:
                shifted = counted_day(shifted, plan._replace(every=1), number)
        shifted = _past_holidays(shifted, holidays)
        moved.append(_next_meeting(shifted, meetings, plan.meeting_weekday))
    return tuple(moved)


def _past_holidays(day: str, holidays: Sequence[tuple[str, str]]) -> str:
    for first, last in holidays:
        if first <= day <= last:
            day = add_days(last, 1)
    return day


def _next_meeting(day: str, meetings: Sequence[str], weekday: int | None) -> str:
    if meetings:
        place = bisect_left(meetings, day)
        return meetings[place] if place < len(meetings) else day
    if weekday is None:
        return day
    return add_days(day, (weekday - date.fromisoformat(day).weekday()) % 7)
