"""Statements that are read aloud: a member's passbook, and what happened in a meeting.

Both read the sheets of the meetings concerned, never the whole history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from model.book import Book
from model.findings import receipt
from model.journal import CASH, SHARES, entry_page
from model.pages import EntryPage
from model.views import findings_view, is_withheld, members_view

Plain = dict[str, Any]

# What a passbook adds up, by kind of entry.
_COLUMNS = {
    "share.purchased": "savings_minor",
    "social.contributed": "social_minor",
    "social.paid_out": "help_minor",
    "fine.levied": "fines_minor",
    "fine.paid": "fines_paid_minor",
    "loan.disbursed": "lent_minor",
    "loan.repaid": "repaid_minor",
}


def passbook_view(book: Book, member: str) -> Plain:
    """One member's passbook, a line per meeting with every entry; LookupError for a stranger."""
    page = book.members.find(member)
    if page is None:
        raise LookupError("There is no such member in this group.")
    withheld = is_withheld(book)
    figures = next(row for row in members_view(book, withheld) if row["id"] == member)
    subjects = (member, *(book.member_loans.find(member) or ()))
    lines = []
    for key, meeting in sorted(book.meetings.rows()):
        entries = list(_sheet_entries(book, key, subjects))
        if entries:
            line = {"cycle": key[0], "session": key[1], "held_on": meeting.held_on}
            lines.append({**line, **_sums(entries, withheld), "entries": _plain(book, entries)})
    return {"member": figures, "withheld": withheld, "lines": lines}


def meeting_view(book: Book, cycle: int, session: int) -> Plain:
    """One meeting: register, totals by kind, every entry, findings; LookupError when unknown."""
    key = (cycle, session)
    meeting = book.meetings.find(key)
    if meeting is None:
        raise LookupError("There is no such meeting in this group.")
    withheld = is_withheld(book)
    entries = list(_sheet_entries(book, key, book.roll.find(key) or ()))
    register = {
        page.subject: page.detail
        for _, page in entries
        if page.kind == "attendance.marked" and page.status == "counted"
    }
    return {
        "cycle": cycle,
        "session": session,
        "held_on": meeting.held_on,
        "closed": bool(meeting.closes),
        "withheld": withheld,
        "register": register,
        "totals": _sums(entries, withheld),
        "entries": _plain(book, entries),
        "findings": [
            finding
            for finding in findings_view(book)
            if (finding["cycle"], finding["session"]) == key
        ],
    }


def _sheet_entries(
    book: Book, key: tuple[int, int], subjects: Iterable[str]
) -> Iterator[tuple[str, EntryPage]]:
    for subject in subjects:
        for _, _, name in book.sheets.find((*key, subject)) or ():
            yield name, entry_page(book, name)


def _sums(entries: Iterable[tuple[str, EntryPage]], withheld: bool) -> Plain:
    """Counted amounts by column; a reversal takes its own off again."""
    sums = dict.fromkeys(("shares", *_COLUMNS.values(), "cash_minor", "suspense_minor"), 0)
    for _, page in entries:
        cash = sum(amount for account, _, amount in page.lines if account in CASH)
        sums["cash_minor"] += cash
        sums["shares"] += sum(amount for account, _, amount in page.lines if account == SHARES)
        if page.status == "suspense":
            sums["suspense_minor"] += max(0, *(amount for *_, amount in page.lines), 0)
        elif page.lines and page.kind in _COLUMNS:
            sums[_COLUMNS[page.kind]] += page.amount
        elif page.lines and page.detail in _COLUMNS:
            sums[_COLUMNS[page.detail]] -= page.amount
    return dict.fromkeys(sums) if withheld else sums


def _plain(book: Book, entries: Iterable[tuple[str, EntryPage]]) -> list[Plain]:
    rows = sorted(entries, key=lambda row: (row[1].lamport, row[0]))
    return [
        {
            "id": name,
            "receipt": receipt(name),
            "kind": page.kind,
            "member": page.member or (page.subject if book.members.find(page.subject) else ""),
            "amount_minor": page.amount or None,
            "count": page.count or None,
            "detail": page.detail,
            "status": page.status,
            "reasons": list(page.reasons),
            "person": page.person,
        }
        for name, page in rows
    ]
