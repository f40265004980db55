"""What can be recorded of shares, the social fund and fines: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from node import commands
from node.choosing import choice
from node.errors import CommandRefused
from node.member_records import source_of
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]


def _pocket(r: RecordRequest, default: str = "box") -> e.Channel:
    channel: e.Channel = choice(r.channel or default, get_args(e.Channel), "pocket")
    return channel


def _shares(at: Context, r: RecordRequest) -> Receipt:
    if not r.amount and not r.shares:
        raise CommandRefused(
            "To record a contribution, --amount or --shares is needed.", "incomplete"
        )
    return commands.buy_shares(at, r.member, r.amount, r.shares, _pocket(r), source_of(r))


def _help(at: Context, r: RecordRequest) -> Receipt:
    pocket = _pocket(r, "social")
    return commands.help_from_social(at, r.amount, r.reason, r.member, pocket, r.payee)


_PAID = ("member", "amount")
ROWS: Final[Mapping[str, Row]] = {
    "contribution": ("A member buys shares", ("member",), _shares, ""),
    "social": (
        "A member pays into the social fund",
        _PAID,
        lambda at, r: commands.pay_social(at, r.member, r.amount, _pocket(r, "social")),
        "a payment into the social fund",
    ),
    "fine": (
        "A member is fined",
        ("member",),
        lambda at, r: commands.levy_fine(at, r.member, r.code, r.amount),
        "",
    ),
    "fine-payment": (
        "A member pays on fines",
        _PAID,
        lambda at, r: commands.pay_fine(at, r.member, r.amount, _pocket(r), source_of(r)),
        "",
    ),
    "social-help": (
        "The social fund helps someone",
        ("amount", "reason"),
        _help,
        "help from the social fund",
    ),
}
"""Kind of record -> its row, in the order in which a meeting needs them."""
