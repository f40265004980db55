"""Entries that post nothing of their own: kept in the history, with the reason when void."""

from __future__ import annotations

from typing import Any

from model.book import Book
from model.entry import Entry
from model.pages import NO_MEETING, EntryPage, FindingPage, Status
from model.stopped import STOPPED, place_of


def void(book: Book, entry: Entry, kind: str, code: str, text: str = "") -> None:
    """Keep an entry that has no effect, and say why."""
    name = entry.id.hex()
    cycle = getattr(entry.event, "cycle", NO_MEETING)
    session = getattr(entry.event, "session", NO_MEETING)
    amount = getattr(entry.event, "amount_minor", 0)
    note(book, entry, kind, "void", cycle, session, amount=amount, reasons=(code,), text=text)
    if entry.held:
        return  # one finding speaks of all that its device wrote
    finding = FindingPage((name,), "", cycle, session, (amount,) if amount else (), kind)
    book.findings.put((code, name), finding)


def note_held(book: Book, entry: Entry, kind: str, *reasons: str) -> None:
    """Keep an entry of a stopped device that has no effect but to be shown."""
    event: Any = entry.event
    note(
        book,
        entry,
        kind,
        "suspense",
        getattr(event, "cycle", NO_MEETING),
        getattr(event, "session", NO_MEETING),
        amount=getattr(event, "amount_minor", 0),
        detail=str(getattr(event, "title", "")),
        member=getattr(event, "member", b"").hex(),
        reasons=(STOPPED, *reasons),
        text=getattr(event, "reason", ""),
    )


def too_many(book: Book, entry: Entry, kind: str) -> None:
    """Keep an entry that is one of so many that it is not followed."""
    void(book, entry, kind, "too_many")


def note(
    book: Book,
    entry: Entry,
    kind: str,
    status: Status,
    cycle: int = NO_MEETING,
    session: int = NO_MEETING,
    *,
    subject: str = "",
    amount: int = 0,
    detail: str = "",
    reasons: tuple[str, ...] = (),
    targets: tuple[str, ...] = (),
    count: int = 0,
    member: str = "",
    text: str = "",
) -> None:
    """Put an entry that posts nothing of its own into the history."""
    page = EntryPage(
        kind=kind,
        lamport=entry.lamport,
        device=entry.device.hex(),
        person=entry.person.hex(),
        time_ms=entry.time_ms,
        cycle=cycle,
        session=session,
        subject=subject,
        line=0,
        amount=amount,
        detail=detail,
        status=status,
        lines=(),
        held=(),
        keeper=False,
        count=count,
        member=member,
        reasons=reasons,
        targets=targets,
        text=text,
        stopped=place_of(book, entry) if entry.held else 0,
        behind=entry.behind,
    )
    book.entries.put(entry.id.hex(), page)
