"""A provider's statement into the books: each payment in once, however often the file is read.

All of it or nothing. What the books know by its reference is skipped when the amount is the same,
and recorded beside it when it is not: a dispute that officers settle, never an overwriting. What
went out is counted and left to officers to record for what it was.
"""

from pathlib import Path
from typing import NamedTuple

from model import events as e
from model.journal import entry_page
from model.receipts import RECEIVED, fee_told, receipt_thing
from model.references import tellers
from node import desk
from node.funds import Provided, payer_tag
from node.node import Step
from node.plan import Plan
from node.providers import pocket_of, provider_code
from node.recording import Context
from node.sheet import Problem, SheetError
from node.statement import Statement, StatementLine, read_statement

NOTES_MAX = 50
"""Findings listed beside an import; the rest is in the books."""


class ImportedStatement(NamedTuple):
    """What a statement brought, or would bring. Imported again, its `added` are `known`."""

    provider: str
    channel: str
    statement: Statement
    added: int
    added_minor: int
    known: int
    notes: tuple[str, ...]
    step: Step | None


def import_statement(
    at: Context, path: Path, provider: str = "", channel: str = "", dry_run: bool = False
) -> ImportedStatement:
    """Take a statement's payments into the books. SheetError with every problem, CommandRefused."""
    where = desk.meeting(at.group, at.meeting)
    statement = read_statement(path, desk.described(at.group.book).exponent)
    provider = provider_code(provider or statement.provider)
    pocket: Provided = "bank" if (channel or pocket_of(provider)) == "bank" else "mobile"
    plan, known = Plan(at.group), 0
    for line in statement.lines:
        if _is_known(at, provider, line):
            known += 1
        else:
            plan.add(_event(at, where, provider, pocket, line), line.line)
    troubles = plan.trial()
    final = [Problem(t.line, "", t.sentence) for t in troubles if t.final]
    if final:
        raise SheetError(final)
    added = len(plan.events)
    step = None if dry_run or not added else plan.record(at.node, at.now_ms)
    planned = {one.line for one in plan.events}
    total = sum(line.amount_minor for line in statement.lines if line.line in planned)
    notes = tuple(f"Line {t.line}: {t.sentence}" for t in troubles[:NOTES_MAX])
    return ImportedStatement(provider, pocket, statement, added, total, known, notes, step)


def _is_known(at: Context, provider: str, line: StatementLine) -> bool:
    """Has anybody told of this payment with this amount and fee already?"""
    book = at.group.book
    thing = receipt_thing(provider, line.reference)
    told = [entry_page(book, name) for name in tellers(book, thing, RECEIVED)]
    return any(
        page.amount == line.amount_minor and fee_told(page) >= line.fee_minor for page in told
    )


def _event(
    at: Context, where: desk.Meeting, provider: str, pocket: Provided, line: StatementLine
) -> e.PaymentReceived:
    return e.PaymentReceived(
        provider, line.reference, line.amount_minor, line.day, *where, pocket,
        payer_tag(at, line.phone), line.fee_minor, line.digest,
    )  # fmt: skip
