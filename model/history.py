"""The audit trail: who recorded, corrected or was refused what, on which device, and what it did.

Each row says how the entry stands now and why, and what every balance that it touches was before
and after it, going through the history in the order that all replicas share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model.accounts import OPENING_BALANCES
from model.book import Book
from model.findings import receipt, who
from model.journal_entry import JournalEntry, Line
from model.pages import NO_MEETING, EntryPage

FIRST_DAY = "1900-01-01"  # of an entry whose meeting nobody opened, in a group with no cycle


def entries_in_order(book: Book) -> list[tuple[str, EntryPage]]:
    """Every entry's page in the shared order; reads the whole history."""
    return sorted(book.entries.rows(), key=lambda row: (row[1].lamport, row[0]))


def audit_view(book: Book, member: str = "") -> list[dict[str, Any]]:
    """The audit trail, of one member (hex id) or of the whole group.

    `time_ms` is what the device's clock claimed. `changes`: account, subject, before, after.
    """
    running: dict[tuple[str, str], int] = {}
    rows = []
    for name, page in entries_in_order(book):
        changes = _changes(running, page)
        if member and member not in (page.member, page.subject):
            continue
        meeting = page.cycle != NO_MEETING
        rows.append(
            {
                "id": name,
                "receipt": receipt(name),
                "kind": page.kind,
                "device": page.device,
                "person": page.person,
                "time_ms": page.time_ms,
                "lamport": page.lamport,
                "cycle": page.cycle if meeting else None,
                "session": page.session if meeting else None,
                "subject": page.subject,
                "who": who(book, page.member or page.subject),
                "amount_minor": page.amount or None,
                "detail": page.detail,
                "text": page.text,
                "status": page.status,
                "reasons": list(page.reasons),
                "reverses": list(page.targets),
                "reversed_by": list(page.reversals),
                "changes": changes,
            }
        )
    return rows


def _changes(running: dict[tuple[str, str], int], page: EntryPage) -> list[dict[str, Any]]:
    changes = []
    for account, subject, amount in page.lines:
        before = running.get((account, subject), 0)
        running[account, subject] = before + amount
        changes.append(
            {"account": account, "subject": subject, "before": before, "after": before + amount}
        )
    return changes


def journal(book: Book) -> Iterator[JournalEntry]:
    """Every entry that posts something, as double entry, in the shared order; memos left out."""
    for name, page in entries_in_order(book):
        lines = tuple(
            Line(account, subject or None, amount)
            for account, subject, amount in page.lines
            if account[0].isdigit()
        )
        if lines:
            meeting = f"{page.cycle}/{page.session}" if page.cycle != NO_MEETING else ""
            yield JournalEntry(name, _day(book, page), _narration(book, page), meeting, lines)


def _day(book: Book, page: EntryPage) -> str:
    """The meeting's day; else the cycle's first, else the day that the entry names itself."""
    meeting = book.meetings.find((page.cycle, page.session))
    if meeting is not None and meeting.held_on:
        return meeting.held_on
    if page.kind == "opening_balance.set":
        return page.text
    cycle = book.cycles.find(str(page.cycle))
    return cycle.starts_on if cycle is not None else FIRST_DAY


def _narration(book: Book, page: EntryPage) -> str:
    words = page.kind.replace(".", " ").replace("_", " ")
    if any(account == OPENING_BALANCES for account, _, _ in page.lines):
        words = "opening balance"
    subject = page.member or page.subject
    return f"{words}, {who(book, subject)}" if subject else words
