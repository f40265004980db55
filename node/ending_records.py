"""What can be recorded of cycles, settlements and merry-go-rounds: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from node import commands, ending, rotating
from node.choosing import choice
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]


def _pocket(r: RecordRequest) -> e.Channel:
    channel: e.Channel = choice(r.channel or "box", get_args(e.Channel), "pocket")
    return channel


def _opening(at: Context, r: RecordRequest) -> Receipt:
    account = choice(r.account, get_args(e.OpeningAccount), "account of an opening balance")
    return commands.set_opening_balance(at, account, r.amount, r.date, r.member, r.shares)


ROWS: Final[Mapping[str, Row]] = {
    "cycle": (
        "A savings cycle begins",
        ("cycle", "date", "until"),
        lambda at, r: commands.open_cycle(at, r.cycle, r.date, r.until),
        "",
    ),
    "cycle-close": (
        "A savings cycle ends, when officers agree",
        (),
        lambda at, r: ending.close_cycle(at, r.cycle, r.date),
        "the end of a cycle",
    ),
    "exit": (
        "A member leaves with a settlement, when officers agree",
        ("member",),
        lambda at, r: ending.settle_exit(at, r.member, r.reason, _pocket(r), r.name),
        "a settlement",
    ),
    "reinvest": (
        "A member buys shares out of what the share-out owes",
        ("member", "shares"),
        lambda at, r: ending.reinvest(at, r.member, r.shares),
        "shares bought out of the share-out",
    ),
    "set-aside": (
        "Surplus becomes reserve or social fund, or comes back",
        ("channel", "to", "amount"),
        lambda at, r: ending.move_surplus(at, r.channel, r.to, r.amount, r.reason),
        "what is set aside",
    ),
    "tax-payment": (
        "Tax that was withheld is passed on",
        ("amount",),
        lambda at, r: ending.pay_tax(at, r.amount, _pocket(r), r.reference),
        "",
    ),
    "opening-balance": (
        "What there was before these books",
        ("account", "amount", "date"),
        _opening,
        "an opening balance",
    ),
    "rotation": (
        "A merry-go-round begins, when officers agree",
        ("members", "amount"),
        lambda at, r: rotating.start_rotation(
            at, r.members, r.amount, r.order, r.seed, r.fee, r.covers
        ),
        "a merry-go-round",
    ),
    "rotation-draw": (
        "The order of a merry-go-round is drawn",
        ("seed",),
        lambda at, r: rotating.draw(at, r.seed, r.rotation),
        "a draw",
    ),
    "rotation-pay-in": (
        "A member pays into a round",
        ("member",),
        lambda at, r: rotating.pay_in(at, r.member, r.amount, r.round, r.rotation, _pocket(r)),
        "a contribution to a merry-go-round",
    ),
    "rotation-pay-out": (
        "The pot of a round is paid out",
        (),
        lambda at, r: rotating.pay_out(
            at, r.member, r.amount, r.round, r.rotation, r.discount, _pocket(r)
        ),
        "a pot",
    ),
}
"""Kind of record -> its row."""
