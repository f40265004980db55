"""A whole is divided by weights, and what does not divide evenly is named, never lost.

Three ways are in use, and each group says which is its own:

- **largest remainder** (the default): every part is rounded down, then the units that are left go
  one by one to the parts that lost most. Ties go to the larger weight, then to the earlier place
  (or by `ties` to the earlier place alone), so members are put in the order of their numbers first.
  The parts add up to the whole. Known as
  the Hamilton or Hare method (https://electowiki.org/wiki/Hamilton_method).
- **floor**: every part is rounded down and the rest is the *residue*, which stays with the group:
  the practice of groups that keep their books on paper.
- **by value**: the worth of one unit is worked out first and rounded to a money step, and each
  part is the weight times that value: how a share-out is announced ("a share is worth 2,850").

In each of them: parts + residue = whole.

Weights can count shares, money, or money * time. With the last, a coin saved in January weighs
more than one saved in December, as in groups where members save what they can.
"""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import parse_day
from model.money import AMOUNT_MINOR_MAX, TIES, Minor, Rounding, Ties, divide

Residue: TypeAlias = Literal["largest_remainder", "floor"]
RESIDUES: Final[tuple[Residue, ...]] = ("largest_remainder", "floor")

PARTS_MAX: Final = 10_000
"""Most parts in one division: far above the largest group, and it bounds the work."""
WEIGHT_MAX: Final = 2**80
"""A full purse kept for three hundred years weighs less than this in coins * days."""


class SplitError(ValueError):
    """The whole cannot be divided so; the message says why."""


class Parts(NamedTuple):
    """The parts in the order of their weights, and what stays undivided (`residue_minor`)."""

    parts: tuple[Minor, ...]
    residue_minor: Minor


class Valued(NamedTuple):
    """Parts by the value of one unit; `value` is what one unit of weight is paid, in minor units.

    The residue is negative when the value was rounded up, so that more is paid than there is.
    """

    parts: tuple[Minor, ...]
    residue_minor: Minor
    value: Fraction


class Deposit(NamedTuple):
    """Money that came in on a day (ISO text); negative when it was taken out."""

    day: str
    amount_minor: Minor


def split_pool(
    whole_minor: Minor,
    weights: Sequence[int],
    *,
    residue: Residue = "largest_remainder",
    step_minor: Minor = 1,
    ties: Ties = "larger",
) -> Parts:
    """`whole_minor` in proportion to `weights`, each part a multiple of `step_minor`.

    With a step above 1 (the smallest coin that the box holds) only whole steps are handed out and
    what is below one step is residue, also with the largest remainder; every part is then less
    than one step away from its exact share of the whole. `ties`: equal remainders go to the
    `larger` weight and then to the earlier place, or to the `earlier` place whatever the weights. A
    negative whole (a loss) is divided as its mirror image. Raises `SplitError` when no weight is
    positive or one is negative, or beyond the bounds of this module.
    """
    _check(weights)
    if ties not in TIES:
        raise SplitError("Equal remainders go to the larger weight or to the earlier place.")
    if residue not in RESIDUES:
        raise SplitError("What is left over goes to the largest remainders or stays undivided.")
    if not 1 <= step_minor <= AMOUNT_MINOR_MAX:
        raise SplitError("Parts are rounded to at least the smallest unit.")
    sign = -1 if whole_minor < 0 else 1
    counts = _steps_of(abs(whole_minor), weights, residue, step_minor, ties)
    parts = tuple(sign * step_minor * count for count in counts)
    return Parts(parts, whole_minor - sum(parts))


def _steps_of(
    whole_minor: Minor, weights: Sequence[int], residue: Residue, step_minor: Minor, ties: Ties
) -> list[int]:
    """Steps of each part: its share of the whole rounded down, then what is left by remainder."""
    one = sum(weights) * step_minor
    counts = [whole_minor * weight // one for weight in weights]
    left_over = 0 if residue == "floor" else whole_minor // step_minor - sum(counts)
    if left_over:
        larger = weights if ties == "larger" else (0,) * len(weights)
        order = sorted(
            range(len(weights)),
            key=lambda i: (-(whole_minor * weights[i] % one), -larger[i], i),
        )
        for i in order[:left_over]:
            counts[i] += 1
    return counts


def split_equally(
    whole_minor: Minor,
    count: int,
    *,
    residue: Residue = "largest_remainder",
    step_minor: Minor = 1,
) -> Parts:
    """`whole_minor` in `count` equal parts; the first ones take the units that are left over."""
    if not 1 <= count <= PARTS_MAX:
        raise SplitError(f"There must be 1 to {PARTS_MAX} parts.")
    return split_pool(whole_minor, (1,) * count, residue=residue, step_minor=step_minor)


def split_by_value(
    whole_minor: Minor,
    weights: Sequence[int],
    *,
    value_step: Fraction | int = 1,
    value_rounding: Rounding = "floor",
    part_rounding: Rounding = "floor",
    step_minor: Minor = 1,
) -> Valued:
    """Each part is weight * the value of one unit, the value being rounded to `value_step` first.

    `value_step` is in minor units and may be a fraction (1/100 of one when shares are small and
    the value is written with two more decimals). With the defaults the value is rounded down, as
    on paper, and nobody is promised more than there is. `part_rounding` and `step_minor` apply to
    each part. Raises `SplitError` as `split_pool` does, and for a negative whole.
    """
    _check(weights)
    step = Fraction(value_step)
    if not 0 < step <= AMOUNT_MINOR_MAX or step.denominator > AMOUNT_MINOR_MAX:
        raise SplitError("The value of a share is rounded to a step above nothing.")
    if not 1 <= step_minor <= AMOUNT_MINOR_MAX:
        raise SplitError("Parts are rounded to at least the smallest unit.")
    if whole_minor < 0:
        raise SplitError("A loss has no value for each share: divide it by weight.")
    value = round_fraction(Fraction(whole_minor, sum(weights)), value_rounding, step)
    parts = tuple(
        int(round_fraction(value * weight, part_rounding, Fraction(step_minor)))
        for weight in weights
    )
    return Valued(parts, whole_minor - sum(parts), value)


def round_fraction(exact: Fraction, rounding: Rounding, step: Fraction) -> Fraction:
    """The multiple of `step` that `rounding` picks; `step` must be positive."""
    steps = exact * Fraction(step.denominator, step.numerator)
    return divide(steps.numerator, steps.denominator, rounding) * step


def amount_days(deposits: Sequence[Deposit], through: str) -> int:
    """Σ amount * days kept, from the day it came (not counted) to `through` (counted).

    The weight of a member where savings earn by amount and time. What came after `through` has no
    weight. Raises `SplitError` when more was taken out than put in, `DayError` for a bad day.
    """
    end = parse_day(through).toordinal()
    return _weighed(deposits, lambda day: end - day.toordinal())


def amount_months(deposits: Sequence[Deposit], through: str, *, month_of_deposit: int = 1) -> int:
    """Σ amount * months kept, counting calendar months up to that of `through`.

    `month_of_deposit` is 1 when the month in which the money came counts (12 months for January in
    a year that ends in December) and 0 when interest begins with the month after: both are
    practised, as 12/12 and 11/12. Raises as `amount_days` does.
    """
    if month_of_deposit not in (0, 1):
        raise SplitError("The month of a deposit counts (1) or does not count (0).")
    last = parse_day(through)
    end = last.year * 12 + last.month

    def months(day: date) -> int:
        return end - (day.year * 12 + day.month) + month_of_deposit if day <= last else 0

    return _weighed(deposits, months)


def _weighed(deposits: Sequence[Deposit], length: Callable[[date], int]) -> int:
    balance = weight = 0
    for deposit in sorted(deposits):
        balance += deposit.amount_minor
        weight += deposit.amount_minor * max(0, length(parse_day(deposit.day)))
    if balance < 0 or weight < 0:
        raise SplitError("A member cannot have taken out more than was put in.")
    return weight


def _check(weights: Sequence[int]) -> None:
    if not 1 <= len(weights) <= PARTS_MAX:
        raise SplitError(f"There must be 1 to {PARTS_MAX} parts.")
    if min(weights) < 0 or max(weights) > WEIGHT_MAX:
        raise SplitError("A weight must not be negative, nor too large to be true.")
    if max(weights) == 0:
        raise SplitError("Nobody has a weight, so there is nothing to divide by.")
