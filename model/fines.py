"""Fines: levied is one fact, paid another; unpaid ones stay due and block nothing."""

from __future__ import annotations

from model import events as e
from model.accounts import POCKETS
from model.book import Book
from model.derived import derive
from model.entry import Entry
from model.fine_ledger import (
    fines_of,
    income_account,
    note_fine,
    note_levied,
    note_paid,
    paid_lines,
)
from model.journal import FINES_DUE
from model.notes import void
from model.permissions import constitution
from model.standing import enter


def levy_fine(book: Book, entry: Entry, event: e.FineLevied, keeper: bool) -> None:
    """Note that a member owes a fine; one of a code in one meeting, whoever wrote it."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "fine.levied", "unknown_reference")
        return
    lines = ((FINES_DUE, member, event.amount_minor),)
    note_fine(book, member, entry.id.hex())
    alone = enter(
        book,
        entry,
        keeper,
        "fine.levied",
        event.cycle,
        event.session,
        member,
        1,
        event.amount_minor,
        event.code,
        lines,
        lines,
        slot=f"fine.levied.{event.code}",
    )
    if alone and note_levied(book, member, event.amount_minor):
        derive(book, "fine.levied", member)


def pay_fine(book: Book, entry: Entry, event: e.FinePaid, keeper: bool) -> None:
    """Dr pocket, Cr fines (or the social fund, by the constitution), the excess an overpayment."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "fine.paid", "unknown_reference")
        return
    rules = constitution(book, entry.past)
    income = income_account(rules.terms.fines_to if rules else "loan_fund")
    amount = event.amount_minor
    held = ((POCKETS[event.channel], "", amount), (income, "", -amount))
    known = fines_of(book, member)
    due = known.levied_minor - known.paid_minor
    note_fine(book, member, entry.id.hex())
    alone = enter(
        book,
        entry,
        keeper,
        "fine.paid",
        event.cycle,
        event.session,
        member,
        event.line,
        amount,
        event.channel,
        held,
        paid_lines(member, due, amount, held),
    )
    if alone and note_paid(book, member, entry.id.hex(), amount):
        derive(book, "fine.paid", member)
