"""Disputes: officers choose between entries that differ; anybody's objection is kept in sight.

A choice is of what is said, not of who wrote it: officers who choose entries that say the same
agree. It passes over the other entries that they knew. What comes to light afterwards and differs
is a new dispute. Choices that differ, and did not know of each other, choose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.agreement import claimants
from model.approvals import propose
from model.book import Book
from model.derived import Work
from model.entry import Entry
from model.journal import entry_page
from model.members import member_named
from model.notes import note, void
from model.pages import FindingPage
from model.sheets import add_claim
from model.standing import settle_any
from model.suspense import judge_one


def resolve_conflict(book: Book, entry: Entry, event: e.ConflictResolved, keeper: bool) -> None:
    """Ask officers to agree which of several entries about one thing is right."""
    target, name = event.target.hex(), entry.id.hex()
    page = book.entries.find(target)
    rivals = claimants(book, target) if page is not None else []
    known = tuple(rival for rival in rivals if bytes.fromhex(rival) in entry.past)
    if page is None or len(known) < 2:
        code = "unknown_reference" if page is None else "nothing_to_resolve"
        void(book, entry, "conflict.resolved", code, text=event.reason)
        return
    propose(
        book, entry, keeper, "conflict.resolved", event.cycle, event.session, rivals[0], 1,
        page.amount, f"{page.detail} {page.subject}".strip(), once=f"choice {rivals[0]}",
        count=page.count, member=page.member or page.subject, text=event.reason, targets=(target,),
    )  # fmt: skip
    choice = entry_page(book, name)
    book.entries.put(name, replace(choice, knew=(*choice.knew, *known)))
    judge_one(book, entry, page)


def _derive_choice(book: Book, thing: str) -> None:
    """Let the entries about one thing stand as officers chose."""
    if book.entries.find(thing) is not None:
        settle_any(book, thing)


def dispute_entry(book: Book, entry: Entry, event: e.EntryDisputed, _keeper: bool) -> None:
    """Keep an objection; it is shown until it, or what it is about, is reversed."""
    target, name = event.target.hex(), entry.id.hex()
    page = book.entries.find(target)
    member = member_named(book, event.member) if event.member else ""
    if page is None or (event.member and not member):
        void(book, entry, "entry.disputed", "unknown_reference", text=event.reason)
        return
    note(
        book, entry, "entry.disputed", "counted", event.cycle, event.session,
        subject=target, amount=page.amount, detail=page.kind, member=member, text=event.reason,
    )  # fmt: skip
    add_claim(book, event.cycle, event.session, target, ("entry.disputed", 0, name))
    finding = FindingPage(
        (name, target), page.member or page.subject, page.cycle, page.session, (page.amount,),
        page.kind,
    )  # fmt: skip
    book.findings.put(("disputed_entry", name), finding)


RULES: Final = {e.ConflictResolved: resolve_conflict, e.EntryDisputed: dispute_entry}
WORK: Final[Mapping[str, Work]] = {"conflict.resolved": _derive_choice}
