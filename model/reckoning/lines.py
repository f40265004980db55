"""One instalment while a loan is reckoned, and what of its interest an early settlement asks for.

A line has four buckets. What a plan or time asks for stands in `asked`, what is still lacking in
`owing`. The rebate by the sum of digits (Rule of 78): of n periods of which u have not begun,
u·(u + 1) / (n·(n + 1)) of the whole interest is not asked for. Sources: lenders' handbooks and the
HP-12C's solutions handbook; Apache Fineract's prepayment options for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.days import days_between
from model.money import Minor
from model.reckoning.accrual import EarlyPolicy
from model.reckoning.amortisation import rounded
from model.reckoning.schedules import Schedule
from model.reckoning.terms import LoanTerms

INTEREST = 2
"""The place of interest among the buckets."""


@dataclass(slots=True)
class Line:
    """One instalment while it is reckoned: penalty, fee, interest, principal in every list."""

    number: int
    due_on: str
    starts_on: str
    ends_on: str
    asked: list[Minor]
    owing: list[Minor] = field(init=False)
    waived: list[Minor] = field(default_factory=lambda: [0, 0, 0, 0])
    payments: list[tuple[str, int, Minor]] = field(default_factory=list)
    changed_on: str = ""

    def __post_init__(self) -> None:
        """At first everything that is asked for is owed."""
        self.owing = list(self.asked)


def interest_due(
    terms: LoanTerms, lines: Sequence[Line], on: str, policy: EarlyPolicy
) -> list[Minor]:
    """Scheduled interest of each line that settling the loan on a day asks for, less what was paid
    on it (below 0: paid ahead for a time that is now left out)."""
    if policy == "sum_of_digits" and (terms.method, terms.flat_interest) == ("flat", policy):
        policy = "to_period"  # the plan itself follows the digits, rounded as it was agreed
    if policy != "sum_of_digits":
        return [_interest_needed(terms, line, on, policy) for line in lines]
    due = [line.owing[INTEREST] for line in lines]
    rebate = _rebate(terms, lines, on)
    for k in reversed(range(len(due))):
        spared = min(rebate, due[k])
        due[k] -= spared
        rebate -= spared
    if due:
        due[-1] -= rebate
    return due


def _rebate(terms: LoanTerms, lines: Sequence[Line], on: str) -> Minor:
    """Interest that the sum of digits leaves for the periods that have not begun."""
    periods = [line for line in lines if line.starts_on < line.ends_on]
    count, left = len(periods), sum(line.starts_on >= on for line in periods)
    whole = sum(line.asked[INTEREST] - line.waived[INTEREST] for line in lines)
    return rounded(terms, whole * left * (left + 1), max(1, count * (count + 1)))


def _interest_needed(terms: LoanTerms, line: Line, on: str, policy: EarlyPolicy) -> Minor:
    """Scheduled interest of one instalment that settling the loan on a day asks for, less what was
    paid on it (below 0: paid ahead for a time that is now left out)."""
    if policy == "full" or line.ends_on <= on:
        return line.owing[INTEREST]
    asked = line.asked[INTEREST]
    if line.starts_on >= on:
        needed = 0
    elif policy == "to_period":
        needed = asked
    else:
        nights = days_between(line.starts_on, line.ends_on)
        needed = rounded(terms, asked * days_between(line.starts_on, on), nights)
    paid = sum(amount for _, place, amount in line.payments if place == INTEREST)
    return max(0, min(needed, asked) - line.waived[INTEREST]) - paid


def level_of(terms: LoanTerms, plan: Schedule) -> Minor:
    """The equal instalment that principal is fitted to, or 0 for other methods."""
    if terms.method not in ("reducing_instalment", "fixed_instalment"):
        return 0
    first = terms.grace.principal + (terms.down_payment_minor > 0)
    place = min(first, len(plan.instalments) - 1)
    row = plan.instalments[place]
    return row.principal_minor + row.interest_minor
