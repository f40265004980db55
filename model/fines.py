"""Fines: levied is one fact, paid another, waived a decision; unpaid ones stay due, block nothing.

A fine costs what the constitution's table says for its code; another amount is counted and pointed
out, because a meeting may decide so. Officers waive a fine together, and the one who was fined is
not asked. A fine that was waived and paid apart from each other is paid back (`refund_due`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model import events as e
from model.approvals import propose
from model.book import Book
from model.derived import Work
from model.entry import Entry
from model.fine_ledger import (
    derive_fines,
    due_of,
    fines_of,
    note_fine,
    note_levied,
    note_paid,
    paid_lines,
    waiver_of,
)
from model.journal import FINES_DUE
from model.members import member_named, point_out_status
from model.notes import void
from model.pages import FindingPage
from model.permissions import constitution
from model.sources import paid_from
from model.standing import enter


def levy_fine(book: Book, entry: Entry, event: e.FineLevied, keeper: bool) -> None:
    """Note that a member owes a fine; one of a code in one meeting, whoever wrote it."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "fine.levied", "unknown_reference")
        return
    lines = ((FINES_DUE, member, event.amount_minor),)
    note_fine(book, member, entry.id.hex())
    alone = enter(
        book, entry, keeper, "fine.levied", event.cycle, event.session, member, 1,
        event.amount_minor, event.code, lines, lines, slot=f"fine.levied.{event.code}",
    )  # fmt: skip
    note_levied(book, entry, member, event.amount_minor, alone=alone)
    _compare_with_table(book, entry, event, member)


def _compare_with_table(book: Book, entry: Entry, event: e.FineLevied, member: str) -> None:
    """Point out a fine of another amount than the constitution says for its code."""
    rules = constitution(book, entry.past)
    agreed = rules.terms.fines.get(event.code) if rules is not None else None
    if agreed is not None and agreed != event.amount_minor:
        name = entry.id.hex()
        amounts = (event.amount_minor, agreed)
        finding = FindingPage((name,), member, event.cycle, event.session, amounts, event.code)
        book.findings.put(("fine_differs", name), finding)


def pay_fine(book: Book, entry: Entry, event: e.FinePaid, keeper: bool) -> None:
    """Dr pocket or source, Cr where the fines go that were levied, the excess an overpayment."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "fine.paid", "unknown_reference")
        return
    amount = event.amount_minor
    source = paid_from(event.channel, event.source, member, amount)
    due = due_of(fines_of(book, member))
    note_fine(book, member, entry.id.hex())
    alone = enter(
        book, entry, keeper, "fine.paid", event.cycle, event.session, member, event.line, amount,
        event.source or event.channel, paid_lines(member, (), amount, source),
        paid_lines(member, due, amount, source),
    )  # fmt: skip
    if alone:
        note_paid(book, member, amount)
    point_out_status(book, entry, member, (event.cycle, event.session), amount)


def waive_fine(book: Book, entry: Entry, event: e.FineWaived, keeper: bool) -> None:
    """Ask officers to let a member off a fine, or off the fines brought over from paper."""
    page = book.entries.find(event.fine.hex())
    lines = page.held if page is not None else ()
    if page is None or not any(account == FINES_DUE and due > 0 for account, _, due in lines):
        void(book, entry, "fine.waived", "unknown_reference", text=event.reason)
        return
    member, name = page.subject, entry.id.hex()
    note_fine(book, member, name)
    propose(
        book, entry, keeper, "fine.waived", event.cycle, event.session, member, 1, page.amount,
        page.detail, member=member, beneficiary=member, once=waiver_of(page), text=event.reason,
    )  # fmt: skip


RULES: Final = {e.FineLevied: levy_fine, e.FinePaid: pay_fine, e.FineWaived: waive_fine}
WORK: Final[Mapping[str, Work]] = dict.fromkeys(
    ("fine.levied", "fine.paid", "fine.waived"), derive_fines
)
