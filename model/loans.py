"""What a loan owes is fixed by its schedule; what was paid is allocated from scratch each time.

Terms are copied into the loan when it is approved, and the schedule follows from them alone. The
interest of each instalment is **owed as scheduled**: paying early does not lower it and paying late
does not raise it, because a group that meets counts periods, not days; lateness is punished by
fines. So a reducing loan is reducing along its agreed schedule, and every member can check the
figures against the paper that was read out.

Payments are poured into the schedule in one order: the oldest instalment first, and within it
penalty, fee, interest, principal. What is left after the last instalment is overpaid. Since that
order never depends on dates, the state after some payments is a function of their sum, and the
split of each payment is the difference of two such states: reversing an old payment re-allocates
every later one without any bookkeeping. Penalties and fees are zero until charges are introduced.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import Period, days_between, due_day
from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Minor, Rounding, divide

Method: TypeAlias = Literal["flat", "reducing", "reducing_instalment"]
METHODS: Final[tuple[Method, ...]] = ("flat", "reducing", "reducing_instalment")
"""`flat`: interest on the first principal; `reducing`: equal principal, interest on the balance;
`reducing_instalment`: equal instalments, interest on the balance."""

PPM: Final = 1_000_000
RATE_PPM_MAX: Final = 10 * PPM
"""A thousand percent a period: more is a typing mistake."""
PERIODS_MAX: Final = 600
"""Fifty years of months; bounds the work of one schedule."""
_SCHEDULES_KEPT: Final = 1_024
"""Schedules remembered between calls: more than a large group has loans open."""


class TermsError(ValueError):
    """The loan's terms give no schedule; the message says what to change."""


class Terms(NamedTuple):
    """What was agreed. `rate_ppm` is per period in millionths (10 % = 100_000); `step_minor` rounds
    the instalment, never the interest (100 = whole shillings of KES)."""

    principal_minor: Minor
    method: Method
    rate_ppm: int
    periods: int
    period: Period = "month"
    step_minor: Minor = 1
    rounding: Rounding = "half_even"


class Instalment(NamedTuple):
    """One row of a schedule; `number` counts from 1."""

    number: int
    principal_minor: Minor
    interest_minor: Minor
    fee_minor: Minor = 0
    penalty_minor: Minor = 0

    @property
    def total_minor(self) -> Minor:
        """What the member is to bring for this instalment."""
        return self.penalty_minor + self.fee_minor + self.interest_minor + self.principal_minor


class Split(NamedTuple):
    """Where an amount went, in the order of allocation."""

    penalty_minor: Minor
    fee_minor: Minor
    interest_minor: Minor
    principal_minor: Minor
    overpaid_minor: Minor


class Position(NamedTuple):
    """What is still owed after some payments, and how each payment was split."""

    principal_outstanding_minor: Minor
    interest_outstanding_minor: Minor
    fee_outstanding_minor: Minor
    penalty_outstanding_minor: Minor
    overpaid_minor: Minor
    splits: tuple[Split, ...]

    @property
    def outstanding_minor(self) -> Minor:
        """Everything still owed under the schedule, whether due yet or not."""
        return (
            self.principal_outstanding_minor
            + self.interest_outstanding_minor
            + self.fee_outstanding_minor
            + self.penalty_outstanding_minor
        )


class Arrears(NamedTuple):
    """What should have been paid by a day and was not; `days_past_due` is of the oldest part."""

    overdue_minor: Minor
    days_past_due: int


def check_terms(terms: Terms) -> None:
    """Raise `TermsError` unless the terms are within bounds; `schedule` does this itself."""
    if not 0 < terms.principal_minor <= AMOUNT_MINOR_MAX:
        raise TermsError("A loan must be larger than nothing.")
    if terms.method not in METHODS or terms.rounding not in ROUNDINGS:
        raise TermsError("The loan's interest method or rounding is not known here.")
    if terms.period not in ("week", "month"):
        raise TermsError("A loan's period is a week or a month.")
    if not 0 <= terms.rate_ppm <= RATE_PPM_MAX:
        raise TermsError("The interest must be between 0 and 1000 percent a period.")
    if not 1 <= terms.periods <= PERIODS_MAX:
        raise TermsError(f"A loan is repaid in 1 to {PERIODS_MAX} instalments.")
    if not 1 <= terms.step_minor <= AMOUNT_MINOR_MAX:
        raise TermsError("Instalments are rounded to at least the smallest unit.")


@lru_cache(maxsize=_SCHEDULES_KEPT)
def schedule(terms: Terms) -> tuple[Instalment, ...]:
    """The instalments of a loan; principal adds up to what was lent, the last takes the remainder.

    Interest is rounded to the minor unit each period by `terms.rounding`. With `step_minor` above 1
    each instalment but the last is rounded to that step and its principal is what the interest
    leaves. Raises `TermsError` when terms are out of bounds or would never repay the principal.
    """
    check_terms(terms)
    rows = _flat(terms) if terms.method == "flat" else _reducing(terms)
    return tuple(
        Instalment(number, principal_minor, interest_minor)
        for number, (principal_minor, interest_minor) in enumerate(rows, 1)
    )


def _flat(terms: Terms) -> Iterator[tuple[Minor, Minor]]:
    """Interest of every period on the first principal; the last one takes what rounding left."""
    owed = terms.principal_minor
    earned = owed * terms.rate_ppm
    interest_left = divide(earned * terms.periods, PPM, terms.rounding)
    each = divide(earned, PPM, terms.rounding)
    level = _rounded_to_step(owed + interest_left, terms.periods, terms)
    for number in range(1, terms.periods + 1):
        last = number == terms.periods
        # Rounding every period up may use up the whole interest early: never go below zero.
        interest = interest_left if last else min(each, interest_left)
        wanted = level - interest if terms.step_minor > 1 else _equal_principal(terms)
        principal = owed if last else max(0, min(wanted, owed))
        yield principal, interest
        owed -= principal
        interest_left -= interest


def _reducing(terms: Terms) -> Iterator[tuple[Minor, Minor]]:
    """Interest of every period on what the schedule still owes."""
    owed = terms.principal_minor
    level = _equal_instalment(terms) if terms.method == "reducing_instalment" else None
    for number in range(1, terms.periods + 1):
        interest = divide(owed * terms.rate_ppm, PPM, terms.rounding)
        if level is not None:
            wanted = level - interest
        elif terms.step_minor > 1:
            exact = terms.principal_minor + interest * terms.periods
            wanted = _rounded_to_step(exact, terms.periods, terms) - interest
        else:
            wanted = _equal_principal(terms)
        principal = owed if number == terms.periods else max(0, min(wanted, owed))
        yield principal, interest
        owed -= principal


def _rounded_to_step(numerator: int, denominator: int, terms: Terms) -> Minor:
    """`numerator / denominator` rounded once, to the terms' instalment step."""
    return divide(numerator, denominator * terms.step_minor, terms.rounding) * terms.step_minor


def _equal_principal(terms: Terms) -> Minor:
    return divide(terms.principal_minor, terms.periods, terms.rounding)


def _equal_instalment(terms: Terms) -> Minor:
    """`P·r / (1 - (1+r)^-n)`, computed in whole numbers and rounded once, to the step."""
    if terms.rate_ppm == 0:
        return _rounded_to_step(terms.principal_minor, terms.periods, terms)
    grown = (PPM + terms.rate_ppm) ** terms.periods
    ungrown = PPM**terms.periods
    numerator = terms.principal_minor * terms.rate_ppm * grown
    level = _rounded_to_step(numerator, PPM * (grown - ungrown), terms)
    first_interest = divide(terms.principal_minor * terms.rate_ppm, PPM, terms.rounding)
    if terms.periods > 1 and level <= first_interest:
        raise TermsError(
            "Rounded like this the instalment would not even cover the interest. "
            "Choose a smaller rounding step or fewer instalments."
        )
    return level


class _Waterfall(NamedTuple):
    """A schedule as cumulative sums, so that any paid sum is placed by one binary search."""

    ends: tuple[Minor, ...]
    before: tuple[tuple[Minor, Minor, Minor, Minor], ...]
    rows: tuple[Instalment, ...]


@lru_cache(maxsize=_SCHEDULES_KEPT)
def _waterfall(terms: Terms) -> _Waterfall:
    rows = schedule(terms)
    before = [(0, 0, 0, 0)]
    for row in rows:
        penalty, fee, interest, principal = before[-1]
        before.append(
            (
                penalty + row.penalty_minor,
                fee + row.fee_minor,
                interest + row.interest_minor,
                principal + row.principal_minor,
            )
        )
    return _Waterfall(tuple(accumulate(row.total_minor for row in rows)), tuple(before), rows)


def paid_split(terms: Terms, paid_minor: Minor) -> Split:
    """Where the first `paid_minor` paid on this loan go, all payments together.

    Oldest instalment first, penalty -> fee -> interest -> principal in each (the default order of
    Apache Fineract), then the overpaid rest. Costs one binary search over the instalments.
    """
    return _poured(_waterfall(terms), paid_minor)


def owed(terms: Terms) -> Minor:
    """Everything that the terms ask for, interest included."""
    return _waterfall(terms).ends[-1]


def _poured(waterfall: _Waterfall, paid_minor: Minor) -> Split:
    ends, before, rows = waterfall
    full = bisect_right(ends, paid_minor)
    penalty, fee, interest, principal = before[full]
    left = paid_minor - (ends[full - 1] if full else 0)
    if full == len(rows):
        return Split(penalty, fee, interest, principal, left)
    row = rows[full]
    to_penalty = min(left, row.penalty_minor)
    left -= to_penalty
    to_fee = min(left, row.fee_minor)
    left -= to_fee
    to_interest = min(left, row.interest_minor)
    left -= to_interest
    return Split(penalty + to_penalty, fee + to_fee, interest + to_interest, principal + left, 0)


def split_payment(terms: Terms, paid_before_minor: Minor, amount_minor: Minor) -> Split:
    """The split of one payment that follows payments of `paid_before_minor` altogether."""
    waterfall = _waterfall(terms)
    then = _poured(waterfall, paid_before_minor)
    return _difference(_poured(waterfall, paid_before_minor + amount_minor), then)


def _difference(now: Split, then: Split) -> Split:
    return Split(
        now[0] - then[0], now[1] - then[1], now[2] - then[2], now[3] - then[3], now[4] - then[4]
    )


def position(terms: Terms, payments: Iterable[Minor]) -> Position:
    """What the loan still owes after `payments` (minor units, in the shared order), recomputed.

    Leave a reversed payment out of the list, and every later one is allocated afresh. Raises
    `TermsError` for terms without a schedule and `ValueError` for a negative payment.
    """
    splits = []
    paid_minor = 0
    state = paid_split(terms, 0)
    for amount_minor in payments:
        if amount_minor < 0:
            raise ValueError("a payment cannot be negative")
        paid_minor += amount_minor
        now = paid_split(terms, paid_minor)
        splits.append(_difference(now, state))
        state = now
    penalty, fee, interest, principal = _waterfall(terms).before[-1]
    return Position(
        principal - state.principal_minor,
        interest - state.interest_minor,
        fee - state.fee_minor,
        penalty - state.penalty_minor,
        state.overpaid_minor,
        tuple(splits),
    )


def arrears(terms: Terms, starts_on: str, paid_minor: Minor, on: str) -> Arrears:
    """What instalments due before the day `on` still lack, for a loan disbursed on `starts_on`."""
    ends = _waterfall(terms).ends
    due_minor = 0
    oldest_days = 0
    for number, end_minor in enumerate(ends, 1):
        late_days = days_between(due_day(starts_on, terms.period, number), on)
        if late_days <= 0:
            break
        due_minor = end_minor
        if end_minor > paid_minor and not oldest_days:
            oldest_days = late_days
    return Arrears(max(0, due_minor - paid_minor), oldest_days)
