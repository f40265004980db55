"""May this member borrow so much, and may these members stand for it: numbers, never a bare no.

The answer is a list of reasons, each with the limit and what was asked for, so that the group sees
what would make it possible. An empty list means that nothing stands against it. The group decides;
a rule that it waives stays in the record as a reason.

Sources: VSL Associates (loans up to three times savings, terms of at most three months, nothing
beyond the cycle's end, money in the box); Ledger Link (no second loan while one is open);
guarantors of savings and credit cooperatives (nobody stands for more than his own savings).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from model.money import Minor

Rule: TypeAlias = Literal[
    "multiple_of_savings",
    "cash_available",
    "term",
    "cycle_end",
    "open_loan",
    "guarantor_savings",
    "guarantee_short",
    "guarantor_is_borrower",
]


class LendingLimits(NamedTuple):
    """The group's rules. A multiplier or count of None is no limit.

    `savings_multiplier`: times of savings that may be owed. `open_loans_max`: loans a member may
    have at once, the new one included. `own_exposure_counts`: what a guarantor owes himself lowers
    what he can stand for. `guarantee_part_ppm`: part of the loan that guarantors must cover.
    """

    savings_multiplier: int | None = 3
    periods_max: int | None = None
    open_loans_max: int | None = 1
    own_exposure_counts: bool = False
    guarantee_part_ppm: int = 0


class Borrower(NamedTuple):
    """The member who asks: savings, principal owed on all loans, and how many are open."""

    savings_minor: Minor
    principal_outstanding_minor: Minor = 0
    open_loans: int = 0


class Guarantor(NamedTuple):
    """A member who would stand for a part of the loan.

    `guaranteed_minor`: what he stands for already (still outstanding), this part left out.
    """

    name: str
    savings_minor: Minor
    guaranteed_minor: Minor = 0
    part_minor: Minor = 0
    principal_outstanding_minor: Minor = 0
    is_borrower: bool = False


class Request(NamedTuple):
    """What is asked for. Days may be empty when the cycle's end is no limit."""

    principal_minor: Minor
    periods: int
    last_due_on: str = ""
    cash_available_minor: Minor | None = None
    cycle_ends_on: str = ""


class Reason(NamedTuple):
    """One rule that stands against it: what it allows, what was asked, and what is missing.

    `who` names a guarantor. For `cycle_end` the days stand in `detail` and the numbers are 0.
    """

    rule: Rule
    allowed: int
    asked: int
    who: str = ""
    detail: str = ""

    @property
    def short(self) -> int:
        """How much is missing."""
        return max(0, self.asked - self.allowed)


def most_to_borrow(borrower: Borrower, limits: LendingLimits) -> Minor | None:
    """Savings times the multiplier, less principal still owed, never below 0; None: no limit."""
    if limits.savings_multiplier is None:
        return None
    most = borrower.savings_minor * limits.savings_multiplier
    return max(0, most - borrower.principal_outstanding_minor)


def most_to_guarantee(guarantor: Guarantor, limits: LendingLimits) -> Minor:
    """Own savings less what he stands for already (and owes, when that counts), never below 0."""
    own = guarantor.principal_outstanding_minor if limits.own_exposure_counts else 0
    return max(0, guarantor.savings_minor - guarantor.guaranteed_minor - own)


def reasons_against(
    request: Request,
    borrower: Borrower,
    limits: LendingLimits,
    guarantors: Sequence[Guarantor] = (),
) -> tuple[Reason, ...]:
    """Every rule that stands against the loan, with its numbers; empty when none does."""
    found = []
    asked = request.principal_minor
    most = most_to_borrow(borrower, limits)
    if most is not None and asked > most:
        found.append(Reason("multiple_of_savings", most, asked))
    cash = request.cash_available_minor
    if cash is not None and asked > cash:
        found.append(Reason("cash_available", cash, asked))
    if limits.periods_max is not None and request.periods > limits.periods_max:
        found.append(Reason("term", limits.periods_max, request.periods))
    if request.cycle_ends_on and request.last_due_on > request.cycle_ends_on:
        days = f"{request.last_due_on} is after {request.cycle_ends_on}"
        found.append(Reason("cycle_end", 0, 0, detail=days))
    if limits.open_loans_max is not None and borrower.open_loans >= limits.open_loans_max:
        found.append(Reason("open_loan", limits.open_loans_max, borrower.open_loans + 1))
    return (*found, *_of_guarantors(request, limits, guarantors))


def _of_guarantors(
    request: Request, limits: LendingLimits, guarantors: Sequence[Guarantor]
) -> tuple[Reason, ...]:
    found = []
    for guarantor in guarantors:
        if guarantor.is_borrower:
            found.append(Reason("guarantor_is_borrower", 0, guarantor.part_minor, guarantor.name))
            continue
        most = most_to_guarantee(guarantor, limits)
        if guarantor.part_minor > most:
            found.append(Reason("guarantor_savings", most, guarantor.part_minor, guarantor.name))
    needed = -(-request.principal_minor * limits.guarantee_part_ppm // 1_000_000)
    covered = sum(each.part_minor for each in guarantors if not each.is_borrower)
    if covered < needed:
        found.append(Reason("guarantee_short", covered, needed))
    return tuple(found)
