"""What moved in a period, kind by kind: by day, by month, by meeting, by member.

Amounts are what entries say that count, added up by kind; what was taken back is in none of them.
The words for kinds are those that people use: saved, repaid, lent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from model.accounts import FINES, LOAN_INTEREST, PENALTIES
from model.members import kept_member
from model.reports.counts import MeetingCount
from model.reports.periods import ReportPeriod
from model.reports.reading import Plain, Reading, Told

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "saved_minor": ("share.purchased", "savings.deposited"),
    "withdrawn_minor": ("savings.withdrawn", "claim.paid"),
    "social_minor": ("social.contributed",),
    "help_minor": ("social.paid_out",),
    "fined_minor": ("fine.levied",),
    "fines_paid_minor": ("fine.paid",),
    "lent_minor": ("loan.disbursed",),
    "repaid_minor": ("loan.repaid",),
    "recovered_minor": ("loan.recovered", "debt.collected"),
    "written_off_minor": ("loan.written_off",),
    "spent_minor": ("expense.paid",),
    "funding_minor": ("funding.received",),
    "funding_repaid_minor": ("funding.repaid",),
    "received_minor": ("payment.received",),
}
"""Column -> the kinds of entries that it adds up."""

_COLUMN_OF: Final = {kind: column for column, kinds in COLUMNS.items() for kind in kinds}
_EARNED: Final = frozenset({LOAN_INTEREST, PENALTIES, FINES})


def activity(
    reading: Reading, period: ReportPeriod, key_of: Callable[[Told], str]
) -> dict[str, Plain]:
    """Sums of a period by whatever `key_of` gives; entries with an empty key are left out.

    Beside the columns: how many `entries`, and `earned_minor` (interest, penalties and fines that
    were paid).
    """
    found: dict[str, Plain] = {}
    for told in reading.told:
        if not told.counts or not period.holds(told.day):
            continue
        column = _COLUMN_OF.get(told.page.kind)
        key = key_of(told) if column else ""
        if not column or not key:
            continue
        row = found.setdefault(key, _empty())
        row["entries"] += 1
        row[column] += told.page.amount
        row["earned_minor"] -= sum(
            amount for account, _, amount in told.page.lines if account in _EARNED
        )
    return dict(sorted(found.items()))


def _empty() -> Plain:
    return {"entries": 0, **dict.fromkeys(COLUMNS, 0), "earned_minor": 0}


def activity_by_day(reading: Reading, period: ReportPeriod) -> list[Plain]:
    """Transactions of each day on which anything moved."""
    rows = activity(reading, period, lambda told: told.day)
    return [{"day": day, **row} for day, row in rows.items()]


def activity_by_month(reading: Reading, period: ReportPeriod) -> list[Plain]:
    """The same by month (`2026-03`)."""
    rows = activity(reading, period, lambda told: told.day[:7])
    return [{"month": month, **row} for month, row in rows.items()]


def activity_total(reading: Reading, period: ReportPeriod) -> Plain:
    """The same for the whole period."""
    rows = activity(reading, period, lambda _: "all")
    return rows.get("all", _empty())


def activity_by_meeting(reading: Reading, meetings: Iterable[MeetingCount]) -> list[Plain]:
    """Each meeting with its register in counts and what moved in it."""
    period = ReportPeriod("days", "all", "0001-01-01", "9999-12-31")
    rows = activity(reading, period, lambda told: f"{told.key[0]}/{told.key[1]}")
    return [
        {
            "meeting": (name := f"{meeting.key[0]}/{meeting.key[1]}"),
            "held_on": meeting.held_on,
            "closed": meeting.closed,
            "members_expected": len(meeting.expected),
            "in_person": meeting.in_person,
            "by_representative": meeting.by_representative,
            "saved_members": len(meeting.saved),
            **rows.get(name, _empty()),
        }
        for meeting in meetings
    ]


def activity_by_member(reading: Reading, period: ReportPeriod) -> dict[str, Plain]:
    """What each member (hex id) moved in the period."""
    book = reading.book

    def member_of(told: Told) -> str:
        loan = book.loans.find(told.page.subject)
        member = loan.member if loan is not None else told.page.member or told.page.subject
        member = kept_member(book, member)
        return member if book.members.find(member) is not None else ""

    return activity(reading, period, member_of)
