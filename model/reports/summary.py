"""What a partner organisation may see: figures of the group, and no person.

`aggregate` has sums and counts alone. `pseudonym` adds one row a member under a number that means
nothing outside this summary, so that a partner can follow spread and fairness without knowing who.
The health score comes with the facts that it was made of, so that a partner can work it out anew.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

from model.findings import list_findings
from model.reports.activity import activity_by_member, activity_total
from model.reports.ledger import balance_sheet_view, funds_view, income_view
from model.reports.measures import gather, health_of, health_view, ratio_view, ratios_of
from model.reports.periods import ReportPeriod
from model.reports.portfolio import portfolio_view
from model.reports.reading import Plain, Reading, currency_of, withheld_if
from model.reports.savix_sheet import savix_view

Scope = Literal["aggregate", "pseudonym"]
SUMMARY_VERSION: Final = 1


def partner_summary(reading: Reading, period: ReportPeriod, scope: Scope = "aggregate") -> Plain:
    """Figures of a period for a partner; equal books, period and scope give an equal summary."""
    book = reading.book
    group = book.group.find("group")
    facts = gather(reading, period)
    exponent = currency_of(book)["exponent"]
    portfolio = portfolio_view(reading, period.last_day)
    del portfolio["late"]  # loan by loan, with members
    counts: dict[str, int] = {}
    for finding in list_findings(book):
        counts[finding.code] = counts.get(finding.code, 0) + 1
    summary: Plain = {
        "summary": "partner",
        "version": SUMMARY_VERSION,
        "scope": scope,
        "group": group.name if group is not None else "",
        "kind": group.kind if group is not None else "",
        "place": [part for part in group.place if part] if group is not None else [],
        **currency_of(book),
        "from": period.first_day,
        "to": period.last_day,
        "book_digest": book.digest(),
        "withheld": reading.withheld,
        "members": {
            "at_start": len(facts.members_at_start),
            "at_end": len(facts.members),
            "joined": facts.joined,
        },
        "meetings": {
            "held": len(facts.meetings),
            "closed": sum(meeting.closed for meeting in facts.meetings),
        },
        "activity": activity_total(reading, period),
        "funds": funds_view(reading.entries, period),
        "income_statement": income_view(reading.entries, period),
        "balance_sheet": balance_sheet_view(reading.entries, period),
        "portfolio": portfolio,
        "ratios": [ratio_view(found, exponent) for found in ratios_of(reading, facts)],
        "project_ratios": savix_view(reading, facts),
        "health": health_view(health_of(reading, facts)),
        "findings": dict(sorted(counts.items())),
    }
    if scope == "pseudonym":
        summary["rows"] = _pseudonyms(reading, period)
    return withheld_if(reading.withheld, summary)


def _pseudonyms(reading: Reading, period: ReportPeriod) -> list[Plain]:
    """What each member moved, under a name made from the group's books and the period alone."""
    salt = f"{reading.book.digest()} {period.label}"
    rows = []
    for member, row in activity_by_member(reading, period).items():
        hashed = hashlib.sha256(f"mkutano/pseudonym/1 {salt} {member}".encode()).hexdigest()
        rows.append({"pseudonym": hashed[:12], **row})
    return sorted(rows, key=lambda row: row["pseudonym"])
