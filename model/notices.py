"""Messages that were sent and reports that left the group: kept, so that nobody sends them twice.

A message has an id that every phone works out for itself (reports/notices.py); the first phone that
sends it says so, and the others leave it. Two phones that sent one apart are both kept in the
history: a message can't be taken back, and no money or right follows from it.
"""

from __future__ import annotations

from typing import Any, Final

from model import events as e
from model import listing
from model.book import Book
from model.entry import Entry
from model.findings import receipt
from model.journal import entry_page
from model.notes import note

CLAIMS_MAX: Final = 16  # entries that are kept about one message: more say nothing new
SHARED: Final = "reports shared"


def send_notice(book: Book, entry: Entry, event: e.NoticeSent, _keeper: bool) -> None:
    """Note that a message was sent; a second phone that sent it too is beside it."""
    notice, name = event.notice.hex(), entry.id.hex()
    claims = book.notices.find(notice) or ()
    if len(claims) < CLAIMS_MAX:
        book.notices.put(notice, (*claims, name))
    status: Any = "corroborating" if claims else "counted"
    note(book, entry, "notice.sent", status, subject=notice, detail=event.channel)


def share_report(book: Book, entry: Entry, event: e.ReportShared, _keeper: bool) -> None:
    """Note which report went to whom, with its digest."""
    name = entry.id.hex()
    listing.add(book, SHARED, name)
    days = f"{event.from_on}..{event.to_on}"
    note(
        book, entry, "report.shared", "counted",
        subject=event.digest.hex(), detail=event.kind, text=f"{days} {event.recipient}".rstrip(),
    )  # fmt: skip


def was_sent(book: Book, notice: str) -> bool:
    """Did any phone say that it sent the message with this id (hex)?"""
    return bool(book.notices.find(notice))


def shared_reports_view(book: Book) -> list[dict[str, Any]]:
    """Every report that was shared: kind, days, recipient, digest, and who shared it."""
    rows = []
    for name in listing.every(book, SHARED):
        page = entry_page(book, name)
        days, _, recipient = page.text.partition(" ")
        first_day, _, last_day = days.partition("..")
        rows.append(
            {
                "id": name,
                "receipt": receipt(name),
                "kind": page.detail,
                "from": first_day,
                "to": last_day,
                "recipient": recipient,
                "digest": page.subject,
                "person": page.person,
                "time_ms": page.time_ms,
            }
        )
    return rows


RULES: Final = {e.NoticeSent: send_notice, e.ReportShared: share_report}
