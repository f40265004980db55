"""The audit trail: who recorded, corrected or was refused what, on which device, and what it did.

Each row says how the entry stands now and why, and what every balance that it touches was before
and after it, going through the history in the order that all replicas share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from model.accounts import OPENING_BALANCES
from model.agreement import meeting_of
from model.book import Book
from model.findings import receipt, who
from model.identifiers import CHANGE_PREFIX_BYTES
from model.journal_entry import JournalEntry, Line
from model.pages import NO_MEETING, EntryPage
from model.postings import Postings

FIRST_DAY = "1900-01-01"  # of an entry whose meeting nobody opened, in a group with no cycle


def entries_in_order(book: Book) -> list[tuple[str, EntryPage]]:
    """Every entry's page in the shared order; reads the whole history."""
    return sorted(book.entries.rows(), key=lambda row: row[1].place(row[0]))


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
                "action": action_of(page),
                "severity": severity_of(page),
                "correlation": name[: 2 * CHANGE_PREFIX_BYTES],
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
                "accepted_in": _accepted_in(book, name, page),
                "reverses": list(page.targets) if page.kind == "entry.reversed" else [],
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


def _accepted_in(book: Book, name: str, page: EntryPage) -> str | None:
    """The meeting that a late entry was accepted in, e.g. `1/12`; None for any other."""
    if not page.late or page.status != "counted":
        return None
    cycle, session = meeting_of(book, name, page)
    return f"{cycle}/{session}"


_ACTIONS: Final[dict[str, str]] = {
    "approval.given": "approve",
    "approval.withdrawn": "withdraw",
    "request.declined": "reject",
    "loan.refused": "reject",
    "loan.approved": "approve",
    "late_entry.accepted": "approve",
    "late_entry.rejected": "reject",
    "suspense.ratified": "approve",
    "suspense.rejected": "reject",
    "entry.reversed": "reverse",
    "entry.disputed": "dispute",
    "conflict.resolved": "resolve",
    "member.exited": "leave",
    "member.merged": "merge",
    "constitution.adopted": "update",
    "person.sealed": "update",
    "person.erased": "erase",
    "meeting.reopened": "reopen",
    "meeting.closed": "close",
    "cycle.closed": "close",
}


def action_of(page: EntryPage) -> str:
    """What was done, in one word that programs can sort by: create, update, approve, reverse …"""
    if page.kind == "member.status_set":
        return {"active": "activate", "suspended": "suspend"}.get(page.detail, "update")
    if page.kind.endswith("_set") or page.kind.endswith(".described"):
        return "update"
    return _ACTIONS.get(page.kind, "create")


def severity_of(page: EntryPage) -> str:
    """`warning`: it has no effect, is in suspense or takes something back; `notice`: officers
    differ or it decides who may do what; else `info`.
    """
    if page.status in ("void", "suspense") or page.kind in _WARN:
        return "warning"
    return "notice" if page.reasons or page.kind in _NOTICE else "info"


_WARN: Final = frozenset(
    {"entry.reversed", "entry.disputed", "meeting.reopened", "loan.written_off"}
)
_NOTICE: Final = frozenset(
    {"constitution.proposed", "constitution.adopted", "officer.elected", "member.status_set"}
    | {"officer.proposed"}
    | {"member.merged", "member.exited", "person.erased", "conflict.resolved"}
    | {"suspense.ratified", "suspense.rejected"}
)


def journal(book: Book) -> Iterator[JournalEntry]:
    """Every entry that posts something, as double entry, in the shared order; memos left out.

    What an entry came to post after its meeting was sealed follows it, in the meeting that decided.
    """
    postings = Postings(book)
    for name, page in entries_in_order(book):
        for number, part in enumerate(postings.parts(name, page)):
            lines = tuple(
                Line(account, subject or None, amount)
                for account, subject, amount in part.lines
                if account[0].isdigit()
            )
            if lines:
                cycle, session = part.key
                meeting = f"{cycle}/{session}" if cycle != NO_MEETING else ""
                words = ("correction of " if number else "") + _narration(book, page)
                yield JournalEntry(name, _day_in(book, part.key, page), words, meeting, lines)


def day_of(book: Book, name: str, page: EntryPage) -> str:
    """The meeting's day; else the cycle's first, else the day that the entry names itself."""
    return _day_in(book, meeting_of(book, name, page), page)


def _day_in(book: Book, key: tuple[int, int], page: EntryPage) -> str:
    """The day of a meeting; of what belongs to none yet, but was recorded in one, the newest."""
    if NO_MEETING in key and page.session != NO_MEETING:
        key = book.latest.find("meeting") or key
    meeting = book.meetings.find(key)
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
