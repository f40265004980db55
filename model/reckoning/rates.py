"""An interest rate is an exact fraction of time: it names what it is paid for (a month, a year).

What one instalment period costs follows from the rate by one of two roads. **Nominal**: a year is
12 months, 52 weeks, 26 fortnights, 365 days, so 24 % a year is 2 % a month and 24/52 % a week; this
is what groups and textbooks do, and what Apache Fineract calls "same as repayment period". **By
days**: the yearly rate times the days of the period over the days of a year, by a named day count.
A rate for each instalment period (`per="period"`) is taken as it is.

Sources: Apache Fineract's `LoanApplicationTerms` (annual nominal rate = 12 months, 52 weeks, 365
days) and its EMICalculation features (30/360, actual/365, actual/actual); ISDA 2006 Definitions,
section 4.16 (actual/actual, actual/360, actual/365 fixed, 30/360, 30E/360 and 30E/360 ISDA).

Actual/actual ICMA (ISMA) needs no entry of its own: with a rate for a year it is what `nominal` is,
for regular periods of months and for a first period shorter than one. A first period longer than
one is split there at the regular day before it, which is not done here.
"""

import re
from calendar import monthrange
from datetime import date
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import add_months, days_between
from model.reckoning.calendar import DAYS_OF, MONTHS_OF, Period, Unit

RatePeriod: TypeAlias = Literal[
    "period", "day", "week", "fortnight", "half_month", "month", "quarter", "half_year", "year"
]
"""What a rate is paid for; `period` is the instalment period, whatever its length."""

DayCount: TypeAlias = Literal[
    "nominal",
    "days_365",
    "days_360",
    "days_364",
    "30_360",
    "30_360_us",
    "30_360_isda",
    "30_360_month_part",
    "actual_actual",
    "actual_actual_day_end",
]
"""How a period's part of a year is counted.

`nominal`: by the calendar's units, no days. `days_365`, `days_360`, `days_364`: days of the period
over that number (364 = 52 weeks). `30_360`: every month has 30 days of 360, the 31st counting as
the 30th (30E/360). `30_360_us`: the same, but a last day on the 31st counts as the 30th only when
the first day is the 30th or 31st (30/360, bond basis). `30_360_isda`: as `30_360`, and the last day
of February counts as the 30th, unless the loan ends on it (30E/360 ISDA). `30_360_month_part`:
whole months from the first day have 30 days, the days that are left are their part of the next
month (Apache Fineract). `actual_actual`: days in leap years over
366, others over 365, each night belonging to the day it begins on (ISDA). `actual_actual_day_end`:
the same, each night belonging to the day it ends on (Apache Fineract).
"""
DAY_COUNTS: Final[tuple[DayCount, ...]] = (
    "nominal",
    "days_365",
    "days_360",
    "days_364",
    "30_360",
    "30_360_us",
    "30_360_isda",
    "30_360_month_part",
    "actual_actual",
    "actual_actual_day_end",
)

RATE_MAX: Final = 10
"""A thousand percent a period: more is a typing mistake."""
TERM_MAX: Final = 10**12
"""Largest numerator or denominator of a rate: bounds every power that is taken of it."""
RATE_TEXT_MAX: Final = 40

PPM: Final = 1_000_000

_PER_YEAR: Final[dict[str, int]] = {
    "day": 365,
    "week": 52,
    "fortnight": 26,
    "half_month": 24,
    "month": 12,
    "quarter": 4,
    "half_year": 2,
    "year": 1,
}
_DAYS_OF: Final[dict[DayCount, int]] = {"days_365": 365, "days_360": 360, "days_364": 364}
_PERCENT: Final = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,9}))?\s*%?\s*(.*)")
_PER_WORDS: Final[dict[str, RatePeriod]] = {
    "day": "day",
    "week": "week",
    "fortnight": "fortnight",
    "half month": "half_month",
    "half-month": "half_month",
    "month": "month",
    "quarter": "quarter",
    "half year": "half_year",
    "half-year": "half_year",
    "year": "year",
    "period": "period",
    "instalment": "period",
}


class RateError(ValueError):
    """The rate cannot be understood or is out of bounds; the message says how to write it."""


class Rate(NamedTuple):
    """`numerator / denominator` of the amount per `per`: 10 % a month is `Rate(1, 10, "month")`.

    Whole numbers only, so that terms can be compared, kept and hashed cheaply.
    """

    numerator: int
    denominator: int = 1
    per: RatePeriod = "period"

    @property
    def value(self) -> Fraction:
        """The rate as an exact fraction (1/10 for 10 %)."""
        return Fraction(self.numerator, self.denominator)


def check_rate(rate: Rate) -> None:
    """Raise `RateError` unless the rate is between 0 and 1000 percent and its numbers are small."""
    if not 0 <= rate.numerator <= TERM_MAX or not 1 <= rate.denominator <= TERM_MAX:
        raise RateError("The rate is not a fraction of ordinary size.")
    if rate.numerator > RATE_MAX * rate.denominator:
        raise RateError("The rate must be between 0 and 1000 percent.")
    if rate.per != "period" and rate.per not in _PER_YEAR:
        raise RateError("A rate is for a day, a week, a fortnight, half a month, a month … a year.")


def percent(text: str, per: RatePeriod = "period") -> Rate:
    """The exact rate of a percentage as people write it: `10`, `9.4822`, `2 % a month`, `24 % p.a.`

    Words after the number say what it is for and stand above `per`. Raises `RateError`.
    """
    match = _PERCENT.fullmatch(text.strip().lower()) if len(text) <= RATE_TEXT_MAX else None
    if match is None:
        raise RateError("Write a rate as a percentage, for example 10 or 2.5 % a month.")
    whole, decimals, words = match[1], match[2] or "", match[3]
    exact = Fraction(int(whole + decimals), 100 * 10 ** len(decimals))
    rate = Rate(exact.numerator, exact.denominator, _per(words) or per)
    check_rate(rate)
    return rate


def _per(words: str) -> RatePeriod | None:
    if not words:
        return None
    if words in ("p.a.", "pa", "annually", "yearly"):
        return "year"
    if words in ("p.m.", "pm", "monthly"):
        return "month"
    if words == "weekly":
        return "week"
    for joint in ("a ", "per ", "each ", "every ", "/"):
        if words.startswith(joint) and words.removeprefix(joint).strip() in _PER_WORDS:
            return _PER_WORDS[words.removeprefix(joint).strip()]
    raise RateError("Say what the rate is for: a week, a month, a year.")


def ppm(parts: int, per: RatePeriod = "period") -> Rate:
    """The rate of `parts` per million (100,000 = 10 %); raises `RateError` when out of bounds."""
    rate = Rate(parts, PPM, per)
    check_rate(rate)
    return rate


class PeriodRates(NamedTuple):
    """Rates of consecutive periods over one common denominator, so that no rounding creeps in."""

    numerators: tuple[int, ...]
    denominator: int


def period_rates(
    rate: Rate, periods: tuple[Period, ...], unit: Unit, every: int, day_count: DayCount
) -> PeriodRates:
    """What each period costs as a part of the balance.

    `periods` with empty days are taken as regular ones. A broken period (`Period.regular` false)
    costs its days' part of a regular one in `nominal` counting. Raises `RateError` when a rate per
    instalment period is to be counted by days, or days are asked for and there are none.
    """
    check_rate(rate)
    if day_count not in DAY_COUNTS:
        raise RateError("The way of counting days is not known here.")
    if day_count != "nominal" and rate.per == "period":
        raise RateError("To count days the rate must be for a week, a month or a year.")
    parts = [_part(rate, period, unit, every, day_count) for period in periods]
    common = lcm(*(part.denominator for part in parts)) if parts else 1
    return PeriodRates(
        tuple(part.numerator * (common // part.denominator) for part in parts), common
    )


@lru_cache(maxsize=1_024)
def nominal_rate(rate: Rate, unit: Unit, every: int) -> Fraction:
    """The rate of one regular period of `every` units: a year is 12 months, 24 half months,
    52 weeks, 26 fortnights, 365 days."""
    if rate.per == "period":
        return rate.value
    return rate.value * Fraction(_PER_YEAR[rate.per] * every, _PER_YEAR[unit])


def _part(rate: Rate, period: Period, unit: Unit, every: int, day_count: DayCount) -> Fraction:
    if day_count == "nominal":
        regular = nominal_rate(rate, unit, every)
        if period.regular:
            return regular
        return regular * Fraction(period.days, max(1, period.regular_days))
    if not period.ends_on:
        raise RateError("To count days the loan needs the day on which it was handed over.")
    return part_by_days(rate, period, unit, day_count, every)


def part_by_days(
    rate: Rate, period: Period, unit: Unit, day_count: DayCount, every: int = 1
) -> Fraction:
    """What a period costs as a part of the balance, by a day count other than `nominal`."""
    return rate.value * _PER_YEAR[rate.per] * year_part(period, unit, every, day_count)


def year_part(period: Period, unit: Unit, every: int, day_count: DayCount) -> Fraction:
    """The period's part of a year by a day count other than `nominal`.

    Counts of 30/360: a regular period of months has 30 days for each month even when its due day
    was moved to a month's end, a half month 15; a broken one goes by its dates. Periods of days and
    weeks go by their nights over 360.
    """
    if day_count in _DAYS_OF:
        return Fraction(period.days, _DAYS_OF[day_count])
    if day_count.startswith("30_360"):
        if unit in DAYS_OF:
            return Fraction(period.days, 360)
        if period.regular:
            months = Fraction(1, 2) if unit == "half_month" else MONTHS_OF[unit]
            return Fraction(months * every, 12)
        if day_count == "30_360_month_part":
            return _months_and_part(period) * Fraction(1, 12)
        return Fraction(_days_30_360(period, day_count), 360)
    later = 1 if day_count == "actual_actual_day_end" else 0
    return _leap_split(period.starts_on, period.ends_on, later)


def _days_30_360(period: Period, day_count: DayCount) -> int:
    first, last = date.fromisoformat(period.starts_on), date.fromisoformat(period.ends_on)
    months = 12 * (last.year - first.year) + last.month - first.month
    first_day, last_day = min(first.day, 30), min(last.day, 30)
    if day_count == "30_360_us" and first.day < 30:
        last_day = last.day
    if day_count == "30_360_isda":
        first_day = 30 if _ends_february(first) else first_day
        last_day = 30 if _ends_february(last) and not period.is_last else last_day
    return 30 * months + last_day - first_day


def _ends_february(day: date) -> bool:
    return day.month == 2 and day.day == monthrange(day.year, 2)[1]


def _months_and_part(period: Period) -> Fraction:
    """Months from the first day on, the last one in part by its nights."""
    first, last = period.starts_on, period.ends_on
    months = 12 * (int(last[:4]) - int(first[:4])) + int(last[5:7]) - int(first[5:7])
    if add_months(first, months) > last:
        months -= 1
    whole_until = add_months(first, months)
    month = max(1, days_between(whole_until, add_months(first, months + 1)))
    return months + Fraction(days_between(whole_until, last), month)


def _leap_split(start: str, end: str, later: int) -> Fraction:
    """Days of every year over that year's length; `later` = 1 counts each day at its end."""
    first = date.fromisoformat(start).toordinal() + later
    last = date.fromisoformat(end).toordinal() + later
    leap = _leap_days_before(last) - _leap_days_before(first)
    return Fraction(leap, 366) + Fraction(last - first - leap, 365)


def _leap_days_before(ordinal: int) -> int:
    """Days of leap years before a day: whole leap years of 366, and this year's if it is one."""
    day = date.fromordinal(min(ordinal, date.max.toordinal()))
    before = day.year - 1
    leap_years = before // 4 - before // 100 + before // 400
    is_leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    return 366 * leap_years + (day.timetuple().tm_yday - 1 if is_leap else 0)
