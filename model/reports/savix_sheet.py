"""The collection sheet of savings-group projects, filled in from the book; see reckoning/savix.py.

The cycle's first day is that of the cycle that the last day of the period is in; weeks are counted
from there. Women are those whose profile says so. Property is not kept in these books: it is 0.
"""

from __future__ import annotations

from model.accounts import (
    BAD_DEBT,
    BANK,
    CASH_BOX,
    CASH_SOCIAL,
    EXTERNAL_LOANS,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    MOBILE_MONEY,
)
from model.days import days_between
from model.reckoning.movements import Movement
from model.reckoning.savix import CollectionSheet, savix_ratios
from model.reports.measures import Facts, ratio_view
from model.reports.reading import Plain, Reading, currency_of


def collection_sheet(reading: Reading, facts: Facts) -> CollectionSheet:
    """The sheet at the end of the days that the books know; overdrawn pockets are shown as 0."""

    def closing(*codes: str) -> int:
        return sum(facts.moved.get(code, Movement()).closing_minor for code in codes)

    owing = [loan for loan in facts.loans if loan.standing.principal_outstanding_minor > 0]
    late = [loan for loan in owing if loan.standing.late]
    last = facts.meetings[-1] if facts.meetings else None
    gone = facts.members_at_start - facts.members
    return CollectionSheet(
        members_at_start=len(facts.members_at_start),
        members=len(facts.members),
        women=len(facts.women & facts.members),
        attending=min(last.in_person if last else 0, len(facts.members)),
        dropouts=len(gone),
        savings=max(0, -closing(MEMBER_SHARES, MEMBER_SAVINGS)),
        loans=len(owing),
        loans_outstanding=sum(loan.standing.principal_outstanding_minor for loan in owing),
        late_balance=sum(loan.standing.principal_outstanding_minor for loan in late),
        written_off=max(0, facts.moved.get(BAD_DEBT, Movement()).change_minor),
        loan_fund_cash=max(0, closing(CASH_BOX, BANK, MOBILE_MONEY)),
        other_cash=max(0, closing(CASH_SOCIAL)),
        debts=max(0, -closing(EXTERNAL_LOANS)),
        weeks=_weeks(reading, facts),
    )


def _weeks(reading: Reading, facts: Facts) -> int:
    """Weeks since the cycle began, the one that has begun included."""
    day = facts.days.last_day
    starts = [page.starts_on for _, page in reading.book.cycles.rows() if page.starts_on <= day]
    return days_between(max(starts), day) // 7 + 1 if starts else 0


def savix_view(reading: Reading, facts: Facts) -> Plain:
    """The sheet and the project ratios, as plain data."""
    sheet = collection_sheet(reading, facts)
    exponent = currency_of(reading.book)["exponent"]
    counts = {"members_at_start", "members", "women", "attending", "dropouts", "loans", "weeks"}
    return {
        "sheet": {
            name if name in counts else f"{name}_minor": figure
            for name, figure in sheet._asdict().items()
        },
        "ratios": [ratio_view(found, exponent) for found in savix_ratios(sheet)],
    }
