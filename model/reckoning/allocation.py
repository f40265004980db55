"""Where a payment goes: bucket by bucket, instalment by instalment, always derived.

By default the oldest instalment comes first, and within it penalty, fee, interest, principal; what
is left after the last instalment is overpaid, never negative debt and never another loan. That
order never asks for a date, so the state after some payments is a function of their **sum**, and
the split of one payment is the difference of two such states: leaving an old payment out splits
every later one afresh without any bookkeeping. Rules that do ask for the date (interest of all due
instalments first, advances on the last instalment) go through `allocate`, which knows the day.

Sources: Apache Fineract's payment strategies (default penalties, fees, interest, principal) and its
Advanced Payment Allocation: past due, then due, then in advance, each by order; `instalment` is its
HORIZONTAL processing, `bucket` its VERTICAL, and the advance rules are its NEXT_INSTALLMENT,
LAST_INSTALLMENT and REAMORTIZATION. Two of the strategies ("due penalty, fee, interest, principal;
in advance principal, penalty, fee, interest") have another order for advances. Interest of all
instalments before any principal is the order that the Reserve Bank of India's rules for arrears
ask for.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from model.money import Minor, divide
from model.reckoning.schedules import SCHEDULES_KEPT, Schedule, schedule
from model.reckoning.terms import LoanTerms

Bucket: TypeAlias = Literal["penalty", "fee", "interest", "principal"]
BUCKETS: Final[tuple[Bucket, ...]] = ("penalty", "fee", "interest", "principal")
"""The four things that can be owed; positions in every `Split`."""

_PLACE: Final = {bucket: place for place, bucket in enumerate(BUCKETS)}


class Split(NamedTuple):
    """Where an amount went, in the default order of allocation."""

    penalty_minor: Minor = 0
    fee_minor: Minor = 0
    interest_minor: Minor = 0
    principal_minor: Minor = 0
    overpaid_minor: Minor = 0


class AllocationRule(NamedTuple):
    """How payments are poured.

    `order`: the four buckets, first to last. `by`: `instalment` finishes one instalment before the
    next; `bucket` takes one bucket of all instalments that are past due, then of those due today,
    then of those in advance, before the next bucket. `advance`: what is paid before its day goes to
    the `next_instalment`, to the `last_instalment` first, or is divided evenly over all that are to
    come (`reamortise`). `advance_order`: the four buckets for what is paid before its day; empty
    means the same as `order`. `odd_units`: of an even division go one by one to the `earlier`
    instalments, or each part is rounded half to even and the `last` takes what that leaves
    (Fineract).
    """

    order: tuple[Bucket, ...] = BUCKETS
    by: Literal["instalment", "bucket"] = "instalment"
    advance: Literal["next_instalment", "last_instalment", "reamortise"] = "next_instalment"
    advance_order: tuple[Bucket, ...] = ()
    odd_units: Literal["earlier", "last"] = "earlier"


DEFAULT_ALLOCATION: Final = AllocationRule()
"""Oldest instalment first, penalty before fee before interest before principal."""


class AllocationError(ValueError):
    """The rule of allocation is not known, or an amount is negative; the message says which."""


def check_rule(rule: AllocationRule) -> None:
    """Raise `AllocationError` unless the rule names every bucket once and known options."""
    for order in (rule.order, rule.advance_order or rule.order):
        if sorted(order) != sorted(BUCKETS):
            raise AllocationError("An order names penalty, fee, interest and principal once each.")
    if rule.by not in ("instalment", "bucket"):
        raise AllocationError("Payments are poured by instalment or by bucket.")
    if rule.advance not in ("next_instalment", "last_instalment", "reamortise"):
        raise AllocationError("An advance goes to the next or last instalment, or is spread.")
    if rule.odd_units not in ("earlier", "last"):
        raise AllocationError("Odd units go to the earlier instalments or to the last one.")


def is_sum_function(rule: AllocationRule) -> bool:
    """Does the state under this rule depend on the sum paid alone, and not on any day?"""
    same_order = not rule.advance_order or rule.advance_order == rule.order
    return rule.by == "instalment" and rule.advance == "next_instalment" and same_order


# By the sum alone.


class Waterfall(NamedTuple):
    """A schedule as cumulative sums, so that any paid sum is placed by one binary search.

    `before[k]`: penalty, fee, interest, principal of the first k instalments. `parts[k]`: (place,
    amount) of instalment k in the order of allocation.
    """

    ends: tuple[Minor, ...]
    before: tuple[tuple[Minor, Minor, Minor, Minor], ...]
    parts: tuple[tuple[tuple[int, Minor], ...], ...]


@lru_cache(maxsize=SCHEDULES_KEPT)
def waterfall(terms: LoanTerms, order: tuple[Bucket, ...] = BUCKETS) -> Waterfall:
    """The cumulative sums of the terms' schedule; raises `TermsError` as `schedule` does."""
    check_rule(AllocationRule(order))
    return waterfall_of(schedule(terms), order)


def waterfall_of(plan: Schedule, order: tuple[Bucket, ...] = BUCKETS) -> Waterfall:
    """The cumulative sums of a schedule."""
    before = [(0, 0, 0, 0)]
    parts = []
    for row in plan.instalments:
        owed = (row.penalty_minor, row.fee_minor, row.interest_minor, row.principal_minor)
        last = before[-1]
        before.append((last[0] + owed[0], last[1] + owed[1], last[2] + owed[2], last[3] + owed[3]))
        parts.append(tuple((_PLACE[bucket], owed[_PLACE[bucket]]) for bucket in order))
    ends = tuple(accumulate(row.total_minor for row in plan.instalments))
    return Waterfall(ends, tuple(before), tuple(parts))


def poured(falls: Waterfall, paid_minor: Minor) -> Split:
    """Where the first `paid_minor` go, all payments together: one binary search."""
    return Split(*_poured(falls, paid_minor))


def _poured(falls: Waterfall, paid_minor: Minor) -> Sequence[Minor]:
    ends, before, parts = falls
    full = bisect_right(ends, paid_minor)
    left = paid_minor - (ends[full - 1] if full else 0)
    if full == len(ends):
        return (*before[full], left)
    if not left:
        return (*before[full], 0)
    went = [*before[full], 0]
    for place, amount in parts[full]:
        part = min(left, amount)
        went[place] += part
        left -= part
    return went


def paid_split(terms: LoanTerms, paid_minor: Minor, order: tuple[Bucket, ...] = BUCKETS) -> Split:
    """Where the first `paid_minor` paid on this loan go, oldest instalment first."""
    return poured(waterfall(terms, order), paid_minor)


def split_payment(
    terms: LoanTerms,
    paid_before_minor: Minor,
    amount_minor: Minor,
    order: tuple[Bucket, ...] = BUCKETS,
) -> Split:
    """The split of one payment that follows payments of `paid_before_minor` altogether."""
    return split_between(waterfall(terms, order), paid_before_minor, amount_minor)


def split_between(falls: Waterfall, paid_before_minor: Minor, amount_minor: Minor) -> Split:
    """The same, of terms whose cumulative sums are at hand."""
    then = _poured(falls, paid_before_minor)
    now = _poured(falls, paid_before_minor + amount_minor)
    return difference(now, then)


def owed(terms: LoanTerms) -> Minor:
    """Everything that the instalments ask for, interest and fees included."""
    return waterfall(terms).ends[-1]


def difference(now: Sequence[Minor], then: Sequence[Minor]) -> Split:
    """What went where between two states."""
    return Split(
        now[0] - then[0], now[1] - then[1], now[2] - then[2], now[3] - then[3], now[4] - then[4]
    )


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
        return sum(self[:4])


def position(
    terms: LoanTerms, payments: Iterable[Minor], order: tuple[Bucket, ...] = BUCKETS
) -> Position:
    """What the loan still owes after `payments` (minor units, in the shared order), recomputed.

    Leave a reversed payment out of the list, and every later one is allocated afresh. Raises
    `TermsError` for terms without a schedule and `AllocationError` for a negative payment.
    """
    falls = waterfall(terms, order)
    splits, paid_minor = [], 0
    state = poured(falls, 0)
    for amount_minor in payments:
        if amount_minor < 0:
            raise AllocationError("A payment cannot be negative.")
        paid_minor += amount_minor
        now = poured(falls, paid_minor)
        splits.append(difference(now, state))
        state = now
    whole = falls.before[-1]
    return Position(
        whole[3] - state[3],
        whole[2] - state[2],
        whole[1] - state[1],
        whole[0] - state[0],
        state.overpaid_minor,
        tuple(splits),
    )


# By the day.


class Due(NamedTuple):
    """What one instalment still asks for, and when."""

    number: int
    due_on: str
    penalty_minor: Minor = 0
    fee_minor: Minor = 0
    interest_minor: Minor = 0
    principal_minor: Minor = 0

    @property
    def total_minor(self) -> Minor:
        """Everything that it still asks for."""
        return sum(self[2:])


class Part(NamedTuple):
    """One piece of a payment: which instalment, which bucket, how much."""

    number: int
    bucket: Bucket
    amount_minor: Minor


class Allocation(NamedTuple):
    """Where one payment went, piece by piece, and what is still asked for."""

    split: Split
    parts: tuple[Part, ...]
    left: tuple[Due, ...]


def allocate(
    dues: Sequence[Due], amount_minor: Minor, on: str, rule: AllocationRule = DEFAULT_ALLOCATION
) -> Allocation:
    """Pour one payment of the day `on` into what is asked for; `dues` in the order of their days.

    Raises `AllocationError` for a negative amount or an unknown rule.
    """
    if amount_minor < 0:
        raise AllocationError("A payment cannot be negative.")
    check_rule(rule)
    owing = [list(due[2:]) for due in dues]
    pieces, left = pour(owing, [due.due_on for due in dues], amount_minor, on, rule)
    went = [0, 0, 0, 0]
    for _, place, amount in pieces:
        went[place] += amount
    parts = tuple(Part(dues[k].number, BUCKETS[place], amount) for k, place, amount in pieces)
    after = tuple(Due(due.number, due.due_on, *rest) for due, rest in zip(dues, owing, strict=True))
    return Allocation(Split(went[0], went[1], went[2], went[3], left), parts, after)


def pour(
    owing: list[list[Minor]],
    due_days: Sequence[str],
    amount_minor: Minor,
    on: str,
    rule: AllocationRule,
    start: int = 0,
) -> tuple[list[tuple[int, int, Minor]], Minor]:
    """Take `amount_minor` out of `owing` (changed in place); pieces (row, place, amount), the rest.

    `owing[k]` is penalty, fee, interest, principal of row k; rows before `start` owe nothing.
    """
    places = [_PLACE[bucket] for bucket in rule.order]
    past, today, later = _phases(due_days, on, start)
    pieces: list[tuple[int, int, Minor]] = []
    left = amount_minor
    for rows in (past, today):
        left = _pour_rows(owing, rows, places, left, rule.by, pieces)
    places = [_PLACE[bucket] for bucket in rule.advance_order or rule.order]
    if rule.advance == "reamortise":
        left = _pour_evenly(owing, later, places, left, rule.odd_units, pieces)
    elif rule.advance == "last_instalment":
        left = _pour_rows(owing, later[::-1], places, left, rule.by, pieces)
    else:
        left = _pour_rows(owing, later, places, left, rule.by, pieces)
    return pieces, left


def _phases(due_days: Sequence[str], on: str, start: int) -> tuple[range, range, range]:
    """Rows past due, due on the day and due later; days never decrease."""
    first_today = start
    while first_today < len(due_days) and due_days[first_today] < on:
        first_today += 1
    first_later = first_today
    while first_later < len(due_days) and due_days[first_later] == on:
        first_later += 1
    return (
        range(start, first_today),
        range(first_today, first_later),
        range(first_later, len(due_days)),
    )


def _pour_rows(
    owing: list[list[Minor]],
    rows: range,
    places: list[int],
    left: Minor,
    by: str,
    pieces: list[tuple[int, int, Minor]],
) -> Minor:
    if by == "instalment":
        for k in rows:
            if not left:
                break
            left = _pour_one(owing[k], k, places, left, pieces)
        return left
    for place in places:
        for k in rows:
            if not left:
                return 0
            left = _pour_one(owing[k], k, [place], left, pieces)
    return left


def _pour_one(
    row: list[Minor], k: int, places: list[int], left: Minor, pieces: list[tuple[int, int, Minor]]
) -> Minor:
    for place in places:
        part = min(left, row[place])
        if part:
            row[place] -= part
            left -= part
            pieces.append((k, place, part))
    return left


def _pour_evenly(
    owing: list[list[Minor]],
    rows: range,
    places: list[int],
    left: Minor,
    odd_units: str,
    pieces: list[tuple[int, int, Minor]],
) -> Minor:
    """Equal parts for all rows that ask for something; what one cannot take, the others do."""
    open_rows = [k for k in rows if any(owing[k])]
    while left and open_rows:
        unplaced = 0
        for share, k in zip(_even_parts(left, len(open_rows), odd_units), open_rows, strict=True):
            unplaced += _pour_one(owing[k], k, places, share, pieces)
        left = unplaced
        open_rows = [k for k in open_rows if any(owing[k])]
    return left


def _even_parts(whole: Minor, count: int, odd_units: str) -> list[Minor]:
    """`whole` in `count` equal parts; where the odd units go is the rule's."""
    each, odd = divmod(whole, count)
    if odd_units == "earlier":
        return [each + (place < odd) for place in range(count)]
    each = divide(whole, count, "half_even")
    # Rounded up, the parts before the last may be more than there is: then the later ones get none.
    parts = [max(0, min(each, whole - place * each)) for place in range(count - 1)]
    return [*parts, whole - sum(parts)]


# Over several loans.


class LoanDebt(NamedTuple):
    """One loan of a member: its name, when it was handed over, and all that is owed on it."""

    name: str
    disbursed_on: str
    outstanding_minor: Minor


class LoanShare(NamedTuple):
    """What one loan gets of a payment."""

    name: str
    amount_minor: Minor


def share_over_loans(
    debts: Iterable[LoanDebt], amount_minor: Minor
) -> tuple[tuple[LoanShare, ...], Minor]:
    """Divide a member's payment over several loans, the oldest first; the rest is overpaid.

    By day of disbursement, then by name, so that every phone divides alike. Raises
    `AllocationError` for a negative amount.
    """
    if amount_minor < 0:
        raise AllocationError("A payment cannot be negative.")
    shares = []
    for debt in sorted(debts, key=lambda debt: (debt.disbursed_on, debt.name)):
        share = min(amount_minor, max(0, debt.outstanding_minor))
        if share:
            shares.append(LoanShare(debt.name, share))
            amount_minor -= share
    return tuple(shares), amount_minor
