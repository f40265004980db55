"""Loans as they stood at the end of a day: accounts, arrears and what is at risk.

Only what had happened by that day counts: a loan handed over later is not there, a payment that
came later was not made. The figures are those of the reckoning (reckoning/arrears.py, portfolio.py)
and every one carries its definition.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from model.accounts import LOANS
from model.findings import NameOf, receipt, who
from model.loan_account import loan_account
from model.members import kept_member
from model.pages import LoanPage
from model.reckoning.account import Account
from model.reckoning.arrears import Standing, ageing, standing
from model.reckoning.portfolio import Par, ParDefinition, portfolio_quality, repayment_rate
from model.reports.periods import ReportPeriod
from model.reports.reading import Plain, Reading

PAR_DEFINITIONS: tuple[ParDefinition, ...] = (
    ParDefinition(0),
    ParDefinition(30),
    ParDefinition(90),
)


class LoanOnDay(NamedTuple):
    """One loan that had been handed over by a day; `account` is None when it can't be reckoned."""

    name: str
    member: str
    page: LoanPage
    account: Account | None
    standing: Standing


def loans_on(reading: Reading, day: str) -> list[LoanOnDay]:
    """Every loan handed over by the end of an ISO day, repaid ones too, by day and id."""
    found = [
        _on_day(reading, name, page, day)
        for name, page in reading.book.loans.rows()
        if page.principal_minor and page.starts_on and page.starts_on <= day
    ]
    return sorted(found, key=lambda loan: (loan.page.starts_on, loan.name))


def _on_day(reading: Reading, name: str, page: LoanPage, day: str) -> LoanOnDay:
    member = kept_member(reading.book, page.member)
    reckoned = loan_account(reading.book, name, page, day)
    if reckoned is not None:
        return LoanOnDay(name, member, page, reckoned, standing(reckoned, name))
    left = max(0, _posted(reading, name, day))
    return LoanOnDay(name, member, page, None, Standing(name, page.principal_minor, left, left, ()))


def _posted(reading: Reading, name: str, day: str) -> int:
    """Principal outstanding by the journal, of a loan that has no account of its own."""
    return sum(
        line.amount_minor
        for entry in reading.entries
        if entry.date <= day
        for line in entry.lines
        if line.account_code == LOANS and line.subject == name
    )


def portfolio_view(
    reading: Reading, day: str, default_after_days: int = 90, name_of: NameOf | None = None
) -> Plain:
    """The portfolio on a day: counts, sums, ages, PAR by three definitions, and each late loan."""
    loans = loans_on(reading, day)
    standings = [loan.standing for loan in loans]
    found = portfolio_quality(standings, PAR_DEFINITIONS, default_after_days)
    sums = found._asdict()
    del sums["par"]
    return {
        "on": day,
        "default_after_days": default_after_days,
        **sums,
        "par": [par_view(par) for par in found.par],
        "ages": {
            "by": "loan",
            "bands": [band._asdict() for band in ageing(standings)],
        },
        "late": [
            {"who": who(reading.book, loan.member, name_of), **_late(loan)}
            for loan in loans
            if loan.standing.late
        ],
    }


def par_view(par: Par) -> Plain:
    """A portfolio-at-risk figure with its definition in words."""
    ratio = par.ratio
    return {
        "days": par.definition.days,
        "definition": par.definition.sentence(),
        "numerator_minor": par.numerator_minor,
        "denominator_minor": par.denominator_minor,
        "loans_at_risk": par.loans_at_risk,
        "value": None if ratio is None else [ratio.numerator, ratio.denominator],
    }


def _late(loan: LoanOnDay) -> Plain:
    return {
        **loan_plain(loan),
        "oldest_due_on": loan.standing.late[0].due_on,
        "parts": [part._asdict() for part in loan.standing.late],
    }


def loan_plain(loan: LoanOnDay) -> dict[str, Any]:
    """One loan on a day, in figures."""
    found = loan.standing
    return {
        "id": loan.name,
        "receipt": receipt(loan.name),
        "member": loan.member,
        "purpose": loan.page.purpose,
        "lent_on": loan.page.starts_on,
        "lent_minor": found.released_minor,
        "principal_outstanding_minor": found.principal_outstanding_minor,
        "outstanding_minor": found.outstanding_minor,
        "principal_overdue_minor": found.principal_overdue_minor,
        "overdue_minor": found.overdue_minor,
        "days_past_due": found.days_past_due,
        "written_off_minor": found.written_off_minor,
        "recovered_minor": found.recovered_minor,
        "restructured": found.restructured,
    }


def collected(reading: Reading, period: ReportPeriod) -> tuple[int, int]:
    """Collected of what fell due in a period, and what fell due; prepayments in neither."""
    accounts = [loan.account for loan in loans_on(reading, period.last_day) if loan.account]
    found = repayment_rate(accounts, period.first_day, period.last_day)
    return found.collected_minor, found.due_minor
