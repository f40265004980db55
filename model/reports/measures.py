"""Ratios and the health score of the book over a period, each with the evidence it was made of.

Balances are averaged over the days that the books know within the period: from its first day, or
the group's first if that is later, to the newest meeting in it. So a year that has only begun is
not diluted by the months to come. Definitions stand in reckoning/ratios.py and loan_ratios.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from model.accounts import (
    BAD_DEBT,
    BANK,
    CASH_BOX,
    CASH_SOCIAL,
    FEES,
    LOAN_INTEREST,
    LOANS,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    MOBILE_MONEY,
    PENALTIES,
    Account,
)
from model.agreement import agreeing
from model.decisions import outcome
from model.findings import amount_text
from model.journal import SHARES
from model.pages import NO_MEETING
from model.reckoning import loan_ratios, ratios
from model.reckoning.accounts_statements import balance_sheet, fund_balances, income_statement
from model.reckoning.health import OFFICES, Health, HealthFacts, health_score
from model.reckoning.movements import Movement, movements
from model.reckoning.ratio import Ratio
from model.reports.counts import MeetingCount, meeting_counts, place_of, standings
from model.reports.ledger import daily_balances
from model.reports.periods import ReportPeriod, between
from model.reports.portfolio import LoanOnDay, collected, loans_on
from model.reports.reading import Plain, Reading
from model.resolutions import resolutions_of

_LOAN_FUND_CASH: Final = (CASH_BOX, BANK, MOBILE_MONEY)
_ON_LOANS: Final = frozenset({LOAN_INTEREST, PENALTIES, FEES})


class Facts(NamedTuple):
    """What the ratios of a period are made of; amounts in minor units at the end of `days`."""

    period: ReportPeriod
    days: ReportPeriod
    members_at_start: frozenset[str]
    members: frozenset[str]
    joined: int
    women: frozenset[str]
    gender_known: frozenset[str]
    meetings: tuple[MeetingCount, ...]
    loans: tuple[LoanOnDay, ...]
    moved: dict[str, Movement]
    shares: int
    collected_minor: int
    due_minor: int


def gather(reading: Reading, period: ReportPeriod) -> Facts:
    """Count everything once."""
    days = known_days(reading, period)
    who = standings(reading)
    at_start = who.active(days.first_day, place_of(reading, days.first_day))
    at_end = who.active(days.last_day, place_of(reading, days.last_day))
    shares = sum(
        amount
        for told in reading.told
        if told.day <= days.last_day
        for account, _, amount in told.page.lines
        if account == SHARES
    )
    genders = {name: page.gender for name, page in reading.book.members.rows() if page.gender}
    got, due = collected(reading, days)
    return Facts(
        period,
        days,
        at_start,
        at_end,
        sum(days.first_day < day <= days.last_day for day in who.joined.values()),
        frozenset(name for name, gender in genders.items() if gender == "female"),
        frozenset(genders),
        tuple(meeting_counts(reading, period)),
        tuple(loans_on(reading, days.last_day)),
        movements(reading.entries, days.first_day, days.last_day, with_closing=False),
        shares,
        got,
        due,
    )


def known_days(reading: Reading, period: ReportPeriod) -> ReportPeriod:
    """The part of a period that the books tell of; the period itself when they tell of none."""
    days = [told.day for told in reading.told if told.key[0] != NO_MEETING]
    first = max(period.first_day, min(days, default=period.first_day))
    last = min(period.last_day, max(days, default=period.last_day))
    return between(first, last) if first <= last else period


def ratios_of(reading: Reading, facts: Facts) -> tuple[Ratio, ...]:
    """Every ratio of a group, in the order of a report."""
    return (*_of_members(facts), *_of_money(reading, facts), *_of_loans(reading, facts))


def _of_members(facts: Facts) -> tuple[Ratio, ...]:
    members, start = len(facts.members), len(facts.members_at_start)
    stayed = len(facts.members_at_start & facts.members)
    attended = [meeting.attended for meeting in facts.meetings if meeting.register]
    borrowers = {loan.member for loan in facts.loans}
    owing = {loan.member for loan in facts.loans if loan.standing.principal_outstanding_minor > 0}
    return (
        ratios.attendance_in_person(attended),
        ratios.attendance_by_representative(attended),
        ratios.retention(start, stayed),
        ratios.dropout(start, start - stayed),
        ratios.membership_growth(start, members),
        ratios.women(len(facts.women & facts.members), len(facts.gender_known & facts.members)),
        ratios.members_who_borrowed(len(borrowers & facts.members), members),
        ratios.members_with_loan(len(owing & facts.members), members),
    )


def _of_money(reading: Reading, facts: Facts) -> tuple[Ratio, ...]:
    members, days = len(facts.members), facts.days
    entries = reading.entries
    sheet = balance_sheet(entries, days.first_day, days.last_day)
    profit = income_statement(entries, days.first_day, days.last_day).result_minor
    funds = {
        row.fund: row.closing_minor
        for row in fund_balances(entries, days.first_day, days.last_day).rows
    }
    savings = -_closing(facts, MEMBER_SHARES, MEMBER_SAVINGS)
    pool = funds.get("loan_fund", 0)
    assets = sheet.total_assets.closing_minor
    equity = assets - sheet.total_liabilities.closing_minor + savings
    cash = _closing(facts, *_LOAN_FUND_CASH)
    return (
        ratios.total_assets(cash, _closing(facts, LOANS), _closing(facts, CASH_SOCIAL)),
        ratios.savings_per_member(savings, members),
        ratios.equity_per_member(equity, members),
        ratios.social_fund_per_member(funds.get("social_fund", 0), members),
        ratios.profit_per_member(profit, members),
        ratios.share_out_per_share(pool, max(0, facts.shares)),
        ratios.share_out_per_member(pool, members),
        loan_ratios.return_on_savings(profit, _daily(reading, days, _is_savings), days.days),
        loan_ratios.return_on_assets(profit, _daily(reading, days, _is_asset), days.days),
        loan_ratios.fund_utilisation(_lent_of_loan_fund(facts), cash),
        loan_ratios.loans_to_assets(_closing(facts, LOANS), assets),
    )


def _of_loans(reading: Reading, facts: Facts) -> tuple[Ratio, ...]:
    owing = [loan for loan in facts.loans if loan.standing.principal_outstanding_minor > 0]
    outstanding = sum(loan.standing.principal_outstanding_minor for loan in owing)
    at_risk = {
        days: sum(
            loan.standing.principal_outstanding_minor
            for loan in owing
            if loan.standing.days_past_due > days
        )
        for days in (0, 30, 90)
    }
    lost = facts.moved.get(BAD_DEBT, Movement()).change_minor
    earned = _earned_on_loans(reading, facts.days)
    portfolio = _daily(reading, facts.days, _is_loan)
    lent = sum(loan.standing.released_minor for loan in facts.loans)
    given_up = sum(loan.standing.written_off_minor > 0 for loan in facts.loans)
    return (
        loan_ratios.average_loan_size(lent, len(facts.loans)),
        loan_ratios.average_outstanding_loan(outstanding, len(owing)),
        loan_ratios.loans_past_due(sum(bool(loan.standing.late) for loan in owing), len(owing)),
        *(loan_ratios.portfolio_at_risk(late, outstanding, n) for n, late in at_risk.items()),
        loan_ratios.repayment_rate(facts.collected_minor, facts.due_minor),
        loan_ratios.loans_written_off(given_up, len(facts.loans)),
        loan_ratios.loan_loss(lost, portfolio),
        loan_ratios.portfolio_yield(earned, portfolio, facts.days.days),
    )


def _earned_on_loans(reading: Reading, days: ReportPeriod) -> int:
    """Interest, penalties and fees that were paid on loans; what was taken back is taken off."""
    return -sum(
        amount
        for told in reading.told
        if days.holds(told.day)
        and (told.page.kind.startswith("loan.") or told.page.detail.startswith("loan."))
        for account, _, amount in told.page.lines
        if account in _ON_LOANS
    )


def _lent_of_loan_fund(facts: Facts) -> int:
    """Principal outstanding of loans that the loan fund gave, not the social fund."""
    return sum(
        loan.standing.principal_outstanding_minor for loan in facts.loans if not loan.page.social
    )


def _closing(facts: Facts, *codes: str) -> int:
    return sum(facts.moved.get(code, Movement()).closing_minor for code in codes)


def _is_savings(account: Account) -> bool:
    return account.code in (MEMBER_SHARES, MEMBER_SAVINGS)


def _is_asset(account: Account) -> bool:
    return account.kind == "asset"


def _is_loan(account: Account) -> bool:
    return account.code == LOANS


def _daily(reading: Reading, days: ReportPeriod, wanted: Any) -> list[int]:
    sign = -1 if wanted is _is_savings else 1
    return [sign * balance for balance in daily_balances(reading.entries, days, wanted)]


def ratio_view(found: Ratio, exponent: int) -> Plain:
    """A ratio as plain data: exact value as [numerator, denominator], and how it is read."""
    exact = found.value
    return {
        "code": found.code,
        "name": found.name,
        "unit": found.unit,
        "value": None if exact is None else [exact.numerator, exact.denominator],
        "text": found.text(1, exponent),
        "numerator_name": found.numerator_name,
        "numerator": [found.numerator.numerator, found.numerator.denominator],
        "denominator_name": found.denominator_name,
        "denominator": [found.denominator.numerator, found.denominator.denominator],
        "definition": found.definition,
    }


def health_of(reading: Reading, facts: Facts) -> Health:
    """The health score over a period, from counted facts."""
    meetings = facts.meetings
    decisions, agreed = _decisions(reading, facts)
    constitution = reading.book.constitution.find("current")
    contested = reading.book.findings.find(("contested_constitution", "current")) is not None
    titles = {
        title.rstrip("_23456789")
        for title, page in reading.book.offices.rows()
        if page.holder and not page.rivals
    }
    counted = HealthFacts(
        meetings=len(meetings),
        closed_meetings=sum(meeting.closed for meeting in meetings),
        keyed_meetings=sum(meeting.keyed for meeting in meetings),
        offices_filled=min(OFFICES, len(titles)),
        constitution_in_force=constitution is not None and not contested,
        decisions=decisions,
        decisions_agreed=agreed,
        due_minor=facts.due_minor,
        repaid_minor=facts.collected_minor,
        expected=sum(len(meeting.expected) for meeting in meetings),
        saved=sum(len(meeting.saved & meeting.expected) for meeting in meetings),
        attended=sum(meeting.in_person for meeting in meetings),
        social_fund_agreed=constitution is not None and constitution.terms.social_fund_minor > 0,
        social_paid=sum(len(meeting.social & meeting.expected) for meeting in meetings),
        closed_ever=_closed_ever(reading, facts.days.last_day),
    )
    return health_score(counted, lambda minor: amount_text(reading.book, minor))


def _decisions(reading: Reading, facts: Facts) -> tuple[int, int]:
    """Decisions of the period, and those that have the votes they need.

    A decision of officers that was declined is settled and left out; a resolution of the meeting
    has what it needs when its votes were counted, whichever way they went.
    """
    book = reading.book
    total = agreed = 0
    for told in reading.told:
        page = book.decisions.find(told.name)
        sealing = told.page.kind == "meeting.closed"  # counted among the meetings
        if page is None or page.needed < 2 or sealing or not facts.period.holds(told.day):
            continue
        state = outcome(book, agreeing(book, told.name))
        if state == "declined" or told.page.status in ("void", "corroborating"):
            continue
        total += 1
        agreed += state == "approved"
    for meeting in facts.meetings:
        for resolution in resolutions_of(book, meeting.key):
            total += 1
            agreed += resolution.votes > 0
    return total, agreed


def _closed_ever(reading: Reading, day: str) -> int:
    return sum(
        bool(page.closes) and page.held_on <= day for _, page in reading.book.meetings.rows()
    )


def health_view(found: Health) -> Plain:
    """The score as plain data, with the facts that anyone can count again."""
    return {
        "version": found.version,
        "score": found.score,
        "band": found.band,
        "governance": {"points": found.governance, "of": 40},
        "compliance": {"points": found.compliance, "of": 60},
        "factors": [factor._asdict() for factor in found.factors],
        "facts": found.facts._asdict(),
    }
