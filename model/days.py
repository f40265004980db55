"""Meeting days are plain calendar dates in ISO form; no rule here asks a clock.

Days are kept as text (`2026-01-31`), which sorts as it should. Due days are always counted from
the seed day, never from the previous due day, so that a loan of 31 January falls due on
28 February and then on 31 March: clamping at a month's end does not stick.
"""

import re
from calendar import monthrange
from datetime import date
from typing import Final, Literal, TypeAlias

Period: TypeAlias = Literal["week", "month"]

YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2199
"""Years that a person may type: any other is a slip of the pen."""

_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DayError(ValueError):
    """The text is not a day; the message says how to write one."""


def parse_day(text: str) -> date:
    """The date of `2026-01-31`; `DayError` for any other form, or years outside 1900..2199."""
    day = _date_or_none(text)
    if day is None or not YEAR_MIN <= day.year <= YEAR_MAX:
        raise DayError(
            f"“{text[:40]}” is not a date. Write year-month-day, for example 2026-01-31."
        )
    return day


def is_day(text: str) -> bool:
    """Is this a date that `parse_day` takes?"""
    day = _date_or_none(text)
    return day is not None and YEAR_MIN <= day.year <= YEAR_MAX


def _date_or_none(text: str) -> date | None:
    # date.fromisoformat alone also takes 20260131 and 2026-W05-6.
    if not _ISO_DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def add_days(day: str, days: int) -> str:
    """The day `days` later (or earlier, when negative); stops at the ends of the calendar."""
    ordinal = date.fromisoformat(day).toordinal() + days
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal())).isoformat()


def add_weeks(day: str, weeks: int) -> str:
    """The same weekday, `weeks` later; stops at the ends of the calendar."""
    return add_days(day, 7 * weeks)


def add_months(day: str, months: int) -> str:
    """The same day of the month `months` later, or that month's last day when it is shorter.

    Stops at the ends of the calendar, so that no recorded date makes a rule raise.
    """
    seed = date.fromisoformat(day)
    years, month0 = divmod(seed.month - 1 + months, 12)
    year, month = seed.year + years, month0 + 1
    if not date.min.year <= year <= date.max.year:
        return (date.max if months > 0 else date.min).isoformat()
    return date(year, month, min(seed.day, monthrange(year, month)[1])).isoformat()


def due_day(seed: str, period: Period, number: int) -> str:
    """Due day of instalment `number` (from 1) of a loan that was disbursed on the day `seed`."""
    return add_weeks(seed, number) if period == "week" else add_months(seed, number)


def days_between(first: str, last: str) -> int:
    """Days from `first` to `last`; negative when `last` is earlier."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
