"""A ratio is an exact fraction with a named numerator and denominator, or says why there is none.

Nothing here divides by zero: without evidence `value` is None and `missing` is one sentence that
says what is not there. What is shown is rounded once, half away from zero, from the exact value.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from model.money import Minor, divide, format_amount

Unit = Literal["percent", "amount", "number"]
DIGITS_MAX: Final = 9
YEAR_DAYS: Final = 365


class RatioError(ValueError):
    """The figures contradict each other; the message says how."""


class Ratio(NamedTuple):
    """One ratio of a group. value = numerator / denominator x factor, exactly, or None.

    `numerator` and `denominator` are named; an amount is in minor units. `factor` is 1, or what
    brings a period to a year. `definition` says in words what is divided by what.
    """

    code: str
    name: str
    unit: Unit
    numerator_name: str
    numerator: Fraction
    denominator_name: str
    denominator: Fraction
    factor: Fraction
    value: Fraction | None
    missing: str
    definition: str

    def rounded(self, digits: int) -> int | None:
        """The value in units of the last shown digit (percent: of a hundredth), half up.

        E.g. 11/12 as a percentage with one digit is 917, shown as 91.7 %. None when there is no
        value; `RatioError` for digits outside 0..9.
        """
        if not 0 <= digits <= DIGITS_MAX:
            raise RatioError(f"A ratio is shown with 0 to {DIGITS_MAX} digits.")
        if self.value is None:
            return None
        scaled = self.value * 10**digits * (100 if self.unit == "percent" else 1)
        return divide(scaled.numerator, scaled.denominator, "half_up")

    def text(self, digits: int = 1, exponent: int = 0) -> str:
        """As people read it: `91.7 %`, an amount `1,250.50` (its `exponent`), a number `2.5`.

        Without a value it is the sentence in `missing`. An amount is rounded to the minor unit.
        """
        if self.value is None:
            return self.missing
        if self.unit == "amount":
            return format_amount(self.rounded(0) or 0, exponent)
        shown = format_amount(self.rounded(digits) or 0, digits, "")
        return f"{shown} %" if self.unit == "percent" else shown

    @property
    def amount_minor(self) -> Minor | None:
        """The value of an amount as whole minor units, half up; None when there is none."""
        return self.rounded(0)


def ratio(
    code: str,
    name: str,
    unit: Unit,
    top: tuple[str, int | Fraction],
    bottom: tuple[str, int | Fraction],
    definition: str,
    factor: Fraction = Fraction(1),
) -> Ratio:
    """Make a ratio of `(name, figure)` pairs; a denominator that is not above zero gives None."""
    numerator, denominator = Fraction(top[1]), Fraction(bottom[1])
    value = numerator * factor * _inverse(denominator) if denominator > 0 else None
    missing = "" if denominator > 0 else f"There is nothing to divide by: {bottom[0]} is 0."
    if denominator < 0:
        missing = f"There is nothing to divide by: {bottom[0]} is below 0."
    return Ratio(
        code,
        name,
        unit,
        top[0],
        numerator,
        bottom[0],
        denominator,
        factor,
        value,
        missing,
        definition,
    )


def _inverse(number: Fraction) -> Fraction:
    return Fraction(number.denominator, number.numerator)


def part_of(
    code: str, name: str, part: tuple[str, int], whole: tuple[str, int], definition: str
) -> Ratio:
    """A percentage of a whole; `RatioError` when the part is below 0 or more than the whole."""
    if part[1] < 0 or whole[1] < 0:
        raise RatioError(f"{name}: a count or an amount is below 0.")
    if part[1] > whole[1]:
        raise RatioError(f"{name}: {part[0]} ({part[1]}) is more than {whole[0]} ({whole[1]}).")
    return ratio(code, name, "percent", part, whole, definition)


def average(code: str, name: str, top: tuple[str, Minor], bottom: tuple[str, int]) -> Ratio:
    """An amount for each member, loan or share; `RatioError` when the count is below 0."""
    if bottom[1] < 0:
        raise RatioError(f"{name}: {bottom[0]} is below 0.")
    return ratio(code, name, "amount", top, bottom, f"{top[0]} / {bottom[0]}")


def mean(figures: Sequence[int]) -> Fraction:
    """The plain mean of balances at equal distances; 0 when there are none.

    CGAP (2003, "Averaging"): with two points it is the mean of the opening and the closing
    balance; more points, such as each month's end, follow growth and seasons better.
    """
    return Fraction(sum(figures), len(figures)) if figures else Fraction(0)


def to_a_year(days: int, year_days: int = YEAR_DAYS) -> Fraction:
    """Factor that brings a period of `days` to a year, without compounding: year / days.

    CGAP (2003, "Annualizing"): a flow of a part of a year is multiplied by what makes it a year.
    Raises `RatioError` unless both are above 0.
    """
    if days <= 0 or year_days <= 0:
        raise RatioError("A period has one day or more.")
    return Fraction(year_days, days)
