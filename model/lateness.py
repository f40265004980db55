"""What came too late for its meeting: officers accept it in the meeting they are in, or reject it.

Until then it is kept aside with its cash in suspense. A verdict is about what is said, like a
reversal: it reaches every entry that says the same and that its author knew of, and officers who
give it on two of them agree. Of an acceptance and a rejection that did not know of each other the
rejection holds, unless three officers want it in; a contrary one that knew another takes its place,
whether two officers wrote it apart or one agreed to the other's. What officers chose between
entries that differ (resolving.py) is in, whoever rejected it before or apart; who knows of such a
choice chooses again instead. An accepted entry keeps its own meeting; its money belongs to the
totals of the meeting that accepted it (`agreement.verdict_on`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.agreement import claimants, first_alike, known_choice
from model.approvals import propose
from model.book import Book
from model.claims import said
from model.derived import Work
from model.entry import Entry
from model.journal import entry_page
from model.notes import void
from model.pages import NO_MEETING
from model.standing import UNGATED, settle_any
from model.suspense import judge_one


def accept_late_entry(book: Book, entry: Entry, event: e.LateEntryAccepted, keeper: bool) -> None:
    """Ask officers to post a late entry in this meeting."""
    _judge_late(book, entry, event, keeper, "late_entry.accepted", "accepted")


def reject_late_entry(book: Book, entry: Entry, event: e.LateEntryRejected, keeper: bool) -> None:
    """Ask officers to leave a late entry out for good."""
    _judge_late(book, entry, event, keeper, "late_entry.rejected", "rejected")


def _judge_late(
    book: Book,
    entry: Entry,
    event: e.LateEntryAccepted | e.LateEntryRejected,
    keeper: bool,
    kind: str,
    detail: str,
) -> None:
    target = event.target.hex()
    page = book.entries.find(target)
    if page is None or page.cycle == NO_MEETING or page.kind in UNGATED:
        code = "unknown_reference" if page is None else "never_late"
        void(book, entry, kind, code, text=event.reason)
        return
    if detail == "rejected" and known_choice(book, target, entry.past):
        void(book, entry, kind, "chosen_before", text=event.reason)
        return
    first, name = first_alike(book, target), entry.id.hex()
    propose(
        book, entry, keeper, kind, event.cycle, event.session, first, 1, page.amount, detail,
        slot="late", once=f"late {first}", member=page.member or page.subject, text=event.reason,
        targets=(target,),
    )  # fmt: skip
    right = said(page)
    reached = {
        other
        for other in claimants(book, target)
        if bytes.fromhex(other) in entry.past and said(entry_page(book, other)) == right
    }
    verdict = entry_page(book, name)
    book.entries.put(name, replace(verdict, knew=(*verdict.knew, *sorted(reached | {target}))))
    judge_one(book, entry, page)


def _derive_late(book: Book, target: str) -> None:
    """Let a late entry stand as officers decided."""
    if book.entries.find(target) is not None:
        settle_any(book, target)


RULES: Final = {
    e.LateEntryAccepted: accept_late_entry,
    e.LateEntryRejected: reject_late_entry,
}
WORK: Final[Mapping[str, Work]] = {
    "late_entry.accepted": _derive_late,
    "late_entry.rejected": _derive_late,
}
