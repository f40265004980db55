"""The eight kinds of report, each a plain dict: parameters, definitions and figures.

A report says what it covers and of which books (their digest), so that it can be made again and
compared; what a figure means stands in `definitions`. Equal books and parameters give equal
reports, byte for byte. `report_digest` is what `report.shared` records of one that left the group.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from model.book import Book
from model.findings import NameOf, who
from model.history import audit_view
from model.proceedings import proceedings_view
from model.reckoning.ratios import AgeBand, age_bands
from model.reports.activity import (
    activity_by_day,
    activity_by_meeting,
    activity_by_member,
    activity_by_month,
    activity_total,
)
from model.reports.counts import counted_of, meeting_counts
from model.reports.ledger import (
    balance_sheet_view,
    cash_view,
    funds_view,
    income_view,
    subledgers_view,
    trial_balance_view,
)
from model.reports.measures import (
    Facts,
    gather,
    health_of,
    health_view,
    ratio_view,
    ratios_of,
)
from model.reports.member import member_statement
from model.reports.periods import ReportPeriod, between
from model.reports.portfolio import PAR_DEFINITIONS, loan_plain, loans_on, portfolio_view
from model.reports.reading import Plain, Reading, currency_of, withheld_if
from model.statements import meeting_view

ReportKind = Literal[
    "meeting", "monthly", "quarterly", "annual", "member", "loan", "impact", "audit"
]
REPORT_KINDS: Final[tuple[ReportKind, ...]] = (
    "meeting",
    "monthly",
    "quarterly",
    "annual",
    "member",
    "loan",
    "impact",
    "audit",
)
REPORT_VERSION: Final = 1


class ReportError(ValueError):
    """A report needs another parameter; the message says which."""


class Asked(NamedTuple):
    """What a report is to be about.

    `period`: needed by every kind but `meeting`. `meeting`: cycle and session. `member`, `loan`:
    hex ids. `name_of`: names that this phone may know.
    """

    kind: ReportKind
    period: ReportPeriod | None = None
    meeting: tuple[int, int] | None = None
    member: str = ""
    loan: str = ""
    name_of: NameOf | None = None


def make_report(reading: Reading, asked: Asked) -> Plain:
    """The report that is asked for.

    Raises `ReportError` when a parameter is missing, `LookupError` for a member, meeting or loan
    that is not there.
    """
    if asked.kind not in _MAKERS:
        raise ReportError(f"There is no report “{asked.kind}”: {', '.join(REPORT_KINDS)}.")
    if asked.kind == "meeting":
        if asked.meeting is None:
            raise ReportError("Say which meeting the report is about.")
        held_on = _held_on(reading.book, asked.meeting)
        asked = asked._replace(period=between(held_on, held_on))
    if asked.period is None:
        raise ReportError("Say which days the report is about.")
    figures = _MAKERS[asked.kind](reading, asked, asked.period)
    group = reading.book.group.find("group")
    report = {
        "report": asked.kind,
        "version": REPORT_VERSION,
        "group": group.name if group is not None else "",
        **currency_of(reading.book),
        "parameters": _parameters(reading.book, asked, asked.period),
        "withheld": reading.withheld,
        "definitions": _definitions(asked.kind),
        "figures": figures,
    }
    return withheld_if(reading.withheld, report)


def _held_on(book: Book, key: tuple[int, int]) -> str:
    page = book.meetings.find(key)
    if page is None:
        raise LookupError("There is no such meeting in this group.")
    return page.held_on


def _parameters(book: Book, asked: Asked, period: ReportPeriod) -> Plain:
    parameters: Plain = {
        "period": period.label,
        "from": period.first_day,
        "to": period.last_day,
        "book_digest": book.digest(),
    }
    if asked.meeting is not None:
        parameters["meeting"] = f"{asked.meeting[0]}/{asked.meeting[1]}"
    if asked.member:
        parameters["member"] = asked.member
    if asked.loan:
        parameters["loan"] = asked.loan
    return parameters


_ALWAYS: Final = {
    "amounts": "whole numbers of the currency's smallest unit; keys that end in _minor",
    "counted": "entries that stand; what was taken back, contested or waits is not counted",
}
_OF_LOANS: Final = {
    "par": "; ".join(f"PAR {one.days}: {one.sentence()}" for one in PAR_DEFINITIONS),
    "days_past_due": "days from the due day of the oldest instalment not fully paid",
    "repayment_rate": "collected of what fell due / what fell due; nothing paid ahead of its day",
}
_OF_MONEY: Final = {
    "opening": "at the end of the day before the period",
    "closing": "at the end of the last day of the period",
    "result": "income less expenses, when they were paid (cash basis)",
    "average": "balances are averaged over the days that the books know within the period",
}


def _definitions(kind: ReportKind) -> Plain:
    if kind in ("audit", "meeting"):
        return dict(_ALWAYS)
    if kind == "loan":
        return {**_ALWAYS, **_OF_LOANS}
    return {**_ALWAYS, **_OF_MONEY, **_OF_LOANS}


def _meeting(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    key = asked.meeting or (0, 0)  # asked for before
    counted = [one for one in meeting_counts(reading, period) if one.key == key]
    own = [
        entry
        for entry in reading.entries
        if entry.date != period.first_day or entry.meeting == f"{key[0]}/{key[1]}"
    ]
    return {
        "meeting": meeting_view(reading.book, *key),
        "proceedings": proceedings_view(reading.book, *key),
        "counts": activity_by_meeting(reading, counted),
        "cash": cash_view(own, period),
    }


def _period(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    """Monthly, quarterly and annual: the same page over other days."""
    facts = gather(reading, period)
    exponent = currency_of(reading.book)["exponent"]
    entries = reading.entries
    return {
        "members": _members(facts),
        "meetings": activity_by_meeting(reading, facts.meetings),
        "activity": activity_total(reading, period),
        "by_month": activity_by_month(reading, period),
        "by_day": activity_by_day(reading, period) if asked.kind == "monthly" else [],
        "cash": cash_view(entries, period),
        "funds": funds_view(entries, period),
        "income_statement": income_view(entries, period),
        "balance_sheet": balance_sheet_view(entries, period),
        "trial_balance": trial_balance_view(entries, period),
        "subledgers": _subledgers(reading, period.last_day),
        "portfolio": _portfolio(reading, asked, period),
        "ratios": [ratio_view(found, exponent) for found in ratios_of(reading, facts)],
        "health": health_view(health_of(reading, facts)),
    }


def _members(facts: Facts) -> Plain:
    return {
        "at_start": len(facts.members_at_start),
        "joined": facts.joined,
        "left": len(facts.members_at_start - facts.members),
        "at_end": len(facts.members),
        "known_from": facts.days.first_day,
        "known_to": facts.days.last_day,
    }


def _subledgers(reading: Reading, day: str) -> list[Plain]:
    """Control accounts against their members and loans; loans also against their schedules."""
    kept = {
        loan.name: loan.standing.principal_outstanding_minor
        for loan in loans_on(reading, day)
        if loan.standing.principal_outstanding_minor
    }
    return subledgers_view(reading.entries, day, {"1100": kept})


def _portfolio(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    constitution = reading.book.constitution.find("current")
    days = constitution.terms.default_after_days if constitution is not None else 90
    return portfolio_view(reading, period.last_day, days, asked.name_of)


def _member(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    if not asked.member:
        raise ReportError("Say which member the report is about.")
    statement = member_statement(reading, asked.member, period)
    meetings = meeting_counts(reading, period)
    attended: Counter[str] = Counter(
        meeting.register.get(asked.member, "not_marked")
        for meeting in meetings
        if asked.member in meeting.expected
    )
    return {
        "who": who(reading.book, asked.member, asked.name_of),
        "statement": statement,
        "activity": activity_by_member(reading, period).get(asked.member),
        "attendance": dict(sorted(attended.items())),
        "meetings_saved": sum(asked.member in meeting.saved for meeting in meetings),
        "meetings": sum(asked.member in meeting.expected for meeting in meetings),
        "loans": [
            loan_plain(loan)
            for loan in loans_on(reading, period.last_day)
            if loan.member == asked.member
        ],
    }


def _loan(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    loans = loans_on(reading, period.last_day)
    if asked.loan:
        loans = [loan for loan in loans if loan.name == asked.loan]
        if not loans:
            raise LookupError("There is no such loan by that day.")
    rows = []
    for loan in loans:
        row = {**loan_plain(loan), "who": who(reading.book, loan.member, asked.name_of)}
        if asked.loan and loan.account is not None:
            row["account"] = [one._asdict() for one in loan.account.rows]
            row["instalments"] = [one._asdict() for one in loan.account.instalments]
        rows.append(row)
    return {
        "portfolio": _portfolio(reading, asked, period),
        "loans": rows,
        "lent_in_period": sum(period.holds(loan.page.starts_on) for loan in loans),
    }


def _impact(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    facts = gather(reading, period)
    exponent = currency_of(reading.book)["exponent"]
    in_period = [loan for loan in facts.loans if period.holds(loan.page.starts_on)]
    purposes: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for loan in in_period:
        purpose = loan.page.purpose.strip().casefold() or "not said"
        purposes[purpose] += 1
        amounts[purpose] += loan.standing.released_minor
    helped = counted_of(reading, {"social.paid_out"}, period)
    return {
        "members": _members(facts),
        "women": len(facts.women & facts.members),
        "ages": _ages(reading, facts),
        "meetings": len(facts.meetings),
        "activity": activity_total(reading, period),
        "borrowers": len({loan.member for loan in in_period}),
        "loans": len(in_period),
        "loan_purposes": [
            {"purpose": purpose, "loans": count, "lent_minor": amounts[purpose]}
            for purpose, count in sorted(purposes.items(), key=lambda row: (-row[1], row[0]))
        ],
        "members_helped": len({told.page.member or told.page.subject for told in helped} - {""}),
        "ratios": [ratio_view(found, exponent) for found in ratios_of(reading, facts)],
        "health": health_view(health_of(reading, facts)),
    }


def _ages(reading: Reading, facts: Facts) -> dict[AgeBand, int]:
    """Members by age band in the last year of the period, from years of birth."""
    year = int(facts.days.last_day[:4])
    born = {name: page.birth_year for name, page in reading.book.members.rows()}
    ages = [year - born[member] if born[member] else None for member in sorted(facts.members)]
    return age_bands([age if age is None or 0 <= age <= 130 else None for age in ages])


def _audit(reading: Reading, asked: Asked, period: ReportPeriod) -> Plain:
    days = {told.name: told.day for told in reading.told}
    rows = [
        {"day": days[row["id"]], **row}
        for row in audit_view(reading.book, asked.member)
        if period.holds(days[row["id"]])
    ]
    return {
        "entries": len(rows),
        "by_action": dict(sorted(Counter(row["action"] for row in rows).items())),
        "by_severity": dict(sorted(Counter(row["severity"] for row in rows).items())),
        "by_status": dict(sorted(Counter(row["status"] for row in rows).items())),
        "by_person": dict(sorted(Counter(row["person"] for row in rows).items())),
        "by_device": dict(sorted(Counter(row["device"] for row in rows).items())),
        "rows": rows,
    }


_MAKERS: Final[Mapping[ReportKind, Callable[[Reading, Asked, ReportPeriod], Plain]]] = {
    "meeting": _meeting,
    "monthly": _period,
    "quarterly": _period,
    "annual": _period,
    "member": _member,
    "loan": _loan,
    "impact": _impact,
    "audit": _audit,
}


def report_digest(report: Mapping[str, Any]) -> bytes:
    """SHA-256 of a report as canonical JSON: what is recorded when it leaves the group."""
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(b"mkutano/report/1" + text.encode("utf-8", "surrogatepass")).digest()
