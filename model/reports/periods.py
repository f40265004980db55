"""Periods of a report: two days, both inside, with a name that people and programs can give.

`2026-03` is a month, `2026-q1` a quarter, `2026` a year, `2026-01-05..2026-02-10` any two days. No
clock decides which: whoever asks names the period, or the day that it is to hold.
"""

import re
from calendar import monthrange
from typing import Final, Literal, NamedTuple

from model.days import days_between, parse_day

PeriodKind = Literal["month", "quarter", "year", "days"]

_YEAR: Final = re.compile(r"([0-9]{4})")
_QUARTER: Final = re.compile(r"([0-9]{4})-?[qQ]([1-4])")
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_SPAN: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")


class PeriodError(ValueError):
    """The text names no period; the message says how to write one."""


class ReportPeriod(NamedTuple):
    """Days from `first_day` to `last_day` (ISO), both inside; `label` names it: `2026-q1`."""

    kind: PeriodKind
    label: str
    first_day: str
    last_day: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return days_between(self.first_day, self.last_day) + 1

    def holds(self, day: str) -> bool:
        """Is this ISO day inside?"""
        return self.first_day <= day <= self.last_day


def parse_period(text: str) -> ReportPeriod:
    """The period that a text names; `PeriodError` (a ValueError) with a sentence when none."""
    typed = text.strip()
    if found := _YEAR.fullmatch(typed):
        return _months("year", typed, int(found[1]), 1, 12)
    if found := _QUARTER.fullmatch(typed):
        quarter = int(found[2])
        label = f"{found[1]}-q{quarter}"
        return _months("quarter", label, int(found[1]), 3 * quarter - 2, 3 * quarter)
    if found := _MONTH.fullmatch(typed):
        return _months("month", typed, int(found[1]), int(found[2]), int(found[2]))
    if found := _SPAN.fullmatch(typed):
        return between(found[1], found[2])
    raise PeriodError(
        f"“{typed[:40]}” is not a period. Write a year (2026), a quarter (2026-q1), a month "
        "(2026-03) or two days (2026-01-05..2026-02-10)."
    )


def between(first_day: str, last_day: str) -> ReportPeriod:
    """Any two days; `PeriodError` when the second is before the first, `DayError` for no day."""
    if parse_day(first_day) > parse_day(last_day):
        raise PeriodError(f"The period ends ({last_day}) before it begins ({first_day}).")
    return ReportPeriod("days", f"{first_day}..{last_day}", first_day, last_day)


def period_holding(kind: PeriodKind, day: str) -> ReportPeriod:
    """The month, quarter or year that an ISO day is in; of kind `days` the day alone."""
    found = parse_day(day)
    if kind == "days":
        return between(day, day)
    if kind == "year":
        return parse_period(f"{found.year:04}")
    if kind == "quarter":
        return parse_period(f"{found.year:04}-q{(found.month + 2) // 3}")
    return parse_period(f"{found.year:04}-{found.month:02}")


def _months(
    kind: PeriodKind, label: str, year: int, first_month: int, last_month: int
) -> ReportPeriod:
    first = f"{year:04}-{first_month:02}-01"
    parse_day(first)  # DayError outside the calendar of a person's life
    last = f"{year:04}-{last_month:02}-{monthrange(year, last_month)[1]:02}"
    return ReportPeriod(kind, label, first, last)
