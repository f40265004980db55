"""How the open loans will age if nothing more is heard: what is at risk on any later day.

Principal does not move by itself, and what fell due stays due until somebody pays. So the day on
which the oldest unpaid instalment falls due, known beforehand, says how many days past due a loan
is on every day to come, until the books say something new. Loans with the same such day are one
row: who watches a thousand groups looks at a few rows a group each morning, not at their books.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from model.days import add_days, days_between
from model.loan_account import loan_account
from model.reports.portfolio import LoanOnDay
from model.reports.reading import Reading


class Age(NamedTuple):
    """Open loans whose oldest unpaid instalment falls due on one day.

    `due_on`: ISO day, already past or still to come; "" when nothing falls due (terms that give no
    schedule). `loans`: how many. `principal_minor`: what is outstanding of them, in minor units.
    """

    due_on: str
    loans: int
    principal_minor: int


class AtRisk(NamedTuple):
    """Loans more than some days past due: how many, and their outstanding principal."""

    loans: int
    principal_minor: int


def ages_of(reading: Reading, loans: Iterable[LoanOnDay]) -> tuple[Age, ...]:
    """The ages of loans as they stood on a day (reports/portfolio.py), by day; "" comes first."""
    found: dict[str, tuple[int, int]] = {}
    for loan in loans:
        left = loan.standing.principal_outstanding_minor
        if left:
            day = _oldest_unpaid(reading, loan)
            count, principal = found.get(day, (0, 0))
            found[day] = (count + 1, principal + left)
    return tuple(Age(day, *row) for day, row in sorted(found.items()))


def _oldest_unpaid(reading: Reading, loan: LoanOnDay) -> str:
    """The day on which the first instalment falls due that nobody has paid whole; "" for none.

    Asked of the account as it will be when all of it is due: by then an instalment that is paid
    now may have been asked for interest (a service charge, say) that accrues before its day.
    """
    if loan.account is None:
        return ""
    last_due = max((row.due_on for row in loan.account.instalments), default="")
    if last_due < loan.account.on:
        end = loan.account
    else:
        after = loan_account(reading.book, loan.name, loan.page, add_days(last_due, 1))
        end = after or loan.account
    return min((row.due_on for row in end.instalments if row.owed_minor), default="")


def at_risk(ages: Sequence[Age], day: str, days: int) -> AtRisk:
    """What is more than `days` days past due at the end of an ISO day: the numerator of PAR.

    The definition is that of reckoning/portfolio.py: the whole outstanding principal of the loan.
    """
    late = [age for age in ages if age.due_on and days_between(age.due_on, day) > days]
    return AtRisk(sum(age.loans for age in late), sum(age.principal_minor for age in late))
