"""Members: added by an officer, never removed; two that may be one person are pointed out.

A member is named by the entry that added him or her. Equal numbers, or equal keyed hashes of a
name or a phone, are a finding; both members stay until officers merge them.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.entry import Entry
from model.journal import entry_page
from model.notes import note, void
from model.pages import FindingPage, MemberPage

ALIKE_MAX: Final = 64  # members with one number, name or phone that a finding names
APART_MAX: Final = 64  # newest statuses of one member that did not know of each other


def add_member(book: Book, entry: Entry, event: e.MemberAdded, _keeper: bool) -> None:
    """Add a member, and point out another with the same number, name or phone."""
    name = entry.id.hex()
    page = MemberPage(
        event.number, event.joined_on, "active", event.name_tag.hex(), event.phone_tag.hex()
    )
    book.members.put(name, page)
    note(book, entry, "member.added", "counted", subject=name, count=event.number)
    for what, value in (
        ("number", str(event.number)),
        ("name", page.name_tag),
        ("phone", page.phone_tag),
    ):
        if not value:
            continue
        alike = (*(book.tags.find((what, value)) or ()), name)[:ALIKE_MAX]
        book.tags.put((what, value), alike)
        if len(alike) > 1:
            finding = FindingPage(alike, name, detail=what)
            book.findings.put(("possible_duplicate_member", f"{what}.{value}"), finding)


def seal_person(book: Book, entry: Entry, event: e.PersonSealed, _keeper: bool) -> None:
    """Note that a member's sealed details changed; what they are is no part of the books."""
    member = event.member.hex()
    if book.members.find(member) is None:
        void(book, entry, "person.sealed", "unknown_reference")
        return
    note(book, entry, "person.sealed", "counted", subject=member)


def set_member_status(book: Book, entry: Entry, event: e.MemberStatusSet, _keeper: bool) -> None:
    """Set a member's status; of those that did not know of each other the most careful holds."""
    member, name = event.member.hex(), entry.id.hex()
    page = book.members.find(member)
    if page is None:
        void(book, entry, "member.status_set", "unknown_reference")
        return
    note(
        book,
        entry,
        "member.status_set",
        "counted",
        subject=member,
        detail=event.status,
        text=event.reason,
    )
    apart = tuple(other for other in page.status_entries if bytes.fromhex(other) not in entry.past)
    newest = (*apart, name)[-APART_MAX:]
    status = max((entry_page(book, other).detail for other in newest), key=_CARE.__getitem__)
    book.members.put(member, replace(page, status=status, status_entries=newest))


_CARE = {"active": 0, "inactive": 1, "suspended": 2}
