"""Questions about the group's own money, a provider's statement, and a pocket that is reconciled.

Amounts are whole numbers of the currency's smallest unit; ids are hex; names are there where this
phone may know them.
"""

from pathlib import Path
from typing import Annotated, Any, get_args

from msgspec import Meta

from model import events as e
from model.funds_view import funds_view, reconciled_view
from node import desk
from node.answers import Answer, GroupRequest, choose_group
from node.choosing import choice
from node.funds import state_balance
from node.node import Group, Node
from node.recording import Context
from node.statement_import import import_statement

Words = Annotated[str, Meta(max_length=200)]


class ProviderStatementRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A provider's or bank's statement on this phone."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]
    """Absolute path of a .csv, .xlsx or .xls file."""
    provider: Words = ""
    """mpesa, airtel, or the bank; may be left out where the file says it."""
    channel: Words = ""
    """mobile or bank, where the provider's name does not say it."""
    dry_run: bool = False
    """Only say what it would do."""


class ReconcileRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a statement says that a pocket holds at the end of a day."""

    pocket: Words
    amount: Words
    date: Words = ""
    """The day of the open meeting unless said."""
    comment: Words = ""


def funds(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Partners, funding, investments, payments without a purpose, requests, what is promised."""
    group = choose_group(node, asked.group)
    view = funds_view(group.book)
    return Answer({**_money(group), **view, "names": _names(group, view)})


def _names(group: Group, view: dict[str, Any]) -> dict[str, str]:
    """The members whom the answer names, as far as this phone knows them."""
    members = {row["member"] for row in view["withdrawals"]}
    members |= {row["member"] for row in view["receipts"]["open"]}
    called = {one.id.hex(): desk.called(one) for one in desk.members(group, merged=True)}
    return {member: called[member] for member in sorted(members & called.keys())}


def take_statement(node: Node, asked: ProviderStatementRequest, now_ms: int) -> Answer:
    """Take a statement's payments into the books, all of them or nothing."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms, anyway=True)
    pocket = choice(asked.channel, ("mobile", "bank"), "pocket") if asked.channel else ""
    done = import_statement(at, Path(asked.path), asked.provider, pocket, asked.dry_run)
    statement = done.statement
    body = {
        **_money(group),
        "provider": done.provider,
        "pocket": done.channel,
        "payments": len(statement.lines),
        "added": done.added,
        "added_minor": done.added_minor,
        "known": done.known,
        "out": statement.out_count,
        "out_minor": statement.out_minor,
        "unfinished": statement.unfinished,
        "balance_minor": statement.balance_minor,
        "until": statement.until,
        "notes": list(done.notes),
        "dry_run": asked.dry_run,
        "changes": done.step.changes if done.step else 0,
    }
    return Answer(body, done.step)


def reconcile(node: Node, asked: ReconcileRequest, now_ms: int) -> Answer:
    """Write down what a statement says, and compare it with the books."""
    group = choose_group(node, asked.group)
    pocket: e.Channel = choice(asked.pocket, get_args(e.Channel), "pocket")
    at = Context(node, group, now_ms)
    done = state_balance(at, pocket, asked.amount, asked.date, asked.comment)
    rows = [row for row in reconciled_view(group.book) if row["pocket"] == pocket]
    body = {**_money(group), "receipt": done.code, "sentence": done.sentence, "pockets": rows}
    return Answer(body, done.step)


def reconciled(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The newest statement of every pocket beside the books."""
    group = choose_group(node, asked.group)
    return Answer({**_money(group), "pockets": reconciled_view(group.book)})


def _money(group: Group) -> dict[str, Any]:
    page = desk.described(group.book)
    return {"currency": page.currency, "exponent": page.exponent}
