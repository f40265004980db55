"""Who is late, by how many days, and with what: counted from the oldest unpaid instalment.

An instalment due today is not late. Days past due run from the due day of the oldest instalment
that still lacks something; days of grace are taken off afterwards, never added to due days. A loan
is put into an age band as a whole, by its days past due, or instalment by instalment: the two give
different tables, so the table says which it is.

Sources: Apache Fineract's delinquency ("days past due" from the oldest unpaid instalment, grace
days, delinquency buckets); Sa-Dhan's ageing of portfolio at risk (1-30, 31-60, 61-90, 91-180,
181-365, above 365 days).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from model.days import days_between
from model.money import Minor
from model.reckoning.account import Account
from model.reckoning.allocation import BUCKETS, Bucket, poured, waterfall
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms

AGE_BOUNDS: Final = (30, 60, 90, 180, 365)
"""Upper bounds of the usual age bands in days; above the last is a band of its own."""

BOUNDS_MAX: Final = 64


class AgeError(ValueError):
    """The bounds of age bands do not rise, or are too many; the message says so."""


class LatePart(NamedTuple):
    """What one instalment that fell due still lacks, and for how many days."""

    number: int
    due_on: str
    days_past_due: int
    principal_minor: Minor
    interest_minor: Minor
    other_minor: Minor

    @property
    def total_minor(self) -> Minor:
        """Everything that it lacks."""
        return self.principal_minor + self.interest_minor + self.other_minor


class Standing(NamedTuple):
    """How one loan stands on a day, in the numbers that a portfolio is judged by.

    `released_minor`: principal handed over. `restructured`: a new agreement replaced the first.
    `written_off_minor`: principal given up; it is in no other number here.
    """

    name: str
    released_minor: Minor
    principal_outstanding_minor: Minor
    outstanding_minor: Minor
    late: tuple[LatePart, ...]
    restructured: bool = False
    written_off_minor: Minor = 0
    recovered_minor: Minor = 0

    @property
    def days_past_due(self) -> int:
        """Days since the oldest unpaid instalment fell due; 0 when nothing is late."""
        return max((part.days_past_due for part in self.late), default=0)

    @property
    def principal_overdue_minor(self) -> Minor:
        """Principal that fell due and was not paid."""
        return sum(part.principal_minor for part in self.late)

    @property
    def overdue_minor(self) -> Minor:
        """Everything that fell due and was not paid."""
        return sum(part.total_minor for part in self.late)


def standing(found: Account, name: str = "") -> Standing:
    """How a loan stands, from its account, on the account's day."""
    late = []
    for row in found.instalments:
        days = days_between(row.due_on, found.on)
        if days > 0 and row.owed_minor:
            penalty, fee, interest, principal = row.owed
            late.append(LatePart(row.number, row.due_on, days, principal, interest, penalty + fee))
    return Standing(
        name,
        found.versions[0].terms.principal_minor,
        found.principal_outstanding_minor,
        found.outstanding_minor,
        tuple(late),
        found.rescheduled,
        found.written_off_minor,
        found.recovered_minor,
    )


def standing_by_sum(
    terms: LoanTerms,
    paid_minor: Minor,
    on: str,
    name: str = "",
    order: tuple[Bucket, ...] = BUCKETS,
) -> Standing:
    """How a loan with nothing but payments stands: a function of the sum paid (see allocation.py).

    Costs one binary search and the instalments that fell due; raises `TermsError` as `schedule`.
    """
    falls, rows = waterfall(terms, order), schedule(terms).instalments
    paid = poured(falls, paid_minor)
    fallen = bisect_left([row.due_on for row in rows], on)
    late = []
    for k in range(bisect_right(falls.ends, paid_minor), fallen):
        before = falls.ends[k - 1] if k else 0
        left = max(0, paid_minor - before)
        lacking = [0, 0, 0, 0]
        for place, amount in falls.parts[k]:
            part = min(left, amount)
            lacking[place] = amount - part
            left -= part
        days = days_between(rows[k].due_on, on)
        if any(lacking):
            late.append(
                LatePart(
                    k + 1,
                    rows[k].due_on,
                    days,
                    lacking[3],
                    lacking[2],
                    lacking[0] + lacking[1],
                )
            )
    whole = falls.before[-1]
    principal = whole[3] - paid.principal_minor
    outstanding = max(0, falls.ends[-1] - paid_minor)
    return Standing(name, terms.principal_minor, principal, outstanding, tuple(late))


def delinquent_days(days_past_due: int, grace_days: int = 0) -> int:
    """Days past due less the grace, never below 0."""
    return max(0, days_past_due - grace_days)


def is_default(loan: Standing, default_after_days: int = 90) -> bool:
    """Is the loan in default by age: more than so many days past due? People confirm it."""
    return loan.days_past_due > default_after_days


# Ageing.


class AgeBand(NamedTuple):
    """Loans or instalments that are `first`..`last` days late (`last` None: and more; 0..0: none).

    `how_many`: loans, or late instalments.
    """

    first: int
    last: int | None
    how_many: int
    amount_minor: Minor


AgeBy: TypeAlias = Literal["loan", "instalment"]


def ageing(
    loans: Iterable[Standing],
    by: AgeBy = "loan",
    bounds: Sequence[int] = AGE_BOUNDS,
    grace_days: int = 0,
) -> tuple[AgeBand, ...]:
    """Principal by age: the band 0 of what is not late first, then one band a bound, and above.

    By `loan`: all principal of a loan in the band of its days past due. By `instalment`: overdue
    principal in the band of each instalment's own days, everything else in band 0 (counted there as
    loans without lateness). Written-off principal is in no band. Raises `AgeError`.
    """
    if len(bounds) > BOUNDS_MAX or any(b <= a for a, b in zip((0, *bounds), bounds, strict=False)):
        raise AgeError("The bounds of age bands must rise, from at least one day.")
    counts, amounts = [0] * (len(bounds) + 2), [0] * (len(bounds) + 2)
    for loan in loans:
        if not loan.principal_outstanding_minor and not loan.late:
            continue
        if by == "loan":
            place = _band(delinquent_days(loan.days_past_due, grace_days), bounds)
            counts[place] += 1
            amounts[place] += loan.principal_outstanding_minor
            continue
        current = loan.principal_outstanding_minor
        for part in loan.late:
            place = _band(delinquent_days(part.days_past_due, grace_days), bounds)
            if place:
                counts[place] += 1
                amounts[place] += part.principal_minor
                current -= part.principal_minor
        counts[0] += not loan.late
        amounts[0] += current
    firsts = (0, 1, *(bound + 1 for bound in bounds))
    lasts = (0, *bounds, None)
    return tuple(AgeBand(*row) for row in zip(firsts, lasts, counts, amounts, strict=True))


def _band(days: int, bounds: Sequence[int]) -> int:
    return 0 if days <= 0 else 1 + bisect_left(bounds, days)
