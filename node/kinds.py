"""Everything that can be recorded, by topic: in each topic what every meeting needs comes first.

`KINDS` has what a kind needs and the command behind it. What a kind takes beside that is read off
its command, so that its help names just the details that the command looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from node import (
    ending_records,
    fund_records,
    loan_records,
    meeting_records,
    member_records,
    savings_records,
)
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest


class Kind(NamedTuple):
    """One kind of record: which details it needs, and the command behind it."""

    summary: str
    needs: tuple[str, ...]
    run: Callable[[Context, RecordRequest], Receipt]
    called: str
    """What it is in a sentence; when empty, "a loan request" for loan-request."""


TOPICS: Final[Mapping[str, tuple[str, ...]]] = {
    "A meeting": (
        *("meeting", "attendance", "count", "close"),
        *("agenda", "minutes", "resolution", "ballot", "action", "action-done"),
        *("schedule", "variance", "reopening"),
    ),
    "Savings, social fund and fines": (
        *("contribution", "social", "fine", "fine-payment", "savings"),
        *("social-help", "savings-withdrawal", "fine-waiver", "refund", "goal", "goal-end"),
    ),
    "Loans": (
        *("loan", "repayment", "loan-request", "loan-approval", "loan-handover", "loan-refusal"),
        *("guarantee", "guarantee-call", "loan-charge", "loan-waiver", "loan-reschedule"),
        *("loan-default", "write-off", "recovery"),
    ),
    "Money of the group": (
        *("expense", "transfer", "payment", "match"),
        *("withdrawal", "withdrawal-paid", "payout", "payout-result", "cancel"),
        *("partner", "funding", "funding-received", "funding-repaid", "funding-released"),
        *("investment", "investment-value", "investment-income", "investment-sale"),
    ),
    "Members and officers": (
        *("member", "details", "profile", "member-status", "officer", "consent", "merge"),
    ),
    "Beginning and end of a cycle": (
        *("opening-balance", "cycle", "cycle-close", "exit", "reinvest", "debt-payment"),
        *("set-aside", "tax-payment"),
    ),
    "Merry-go-round": ("rotation", "rotation-pay-in", "rotation-pay-out", "rotation-draw"),
    "Correcting and deciding": (
        *("reversal", "objection", "approval", "decline", "withdrawn-approval"),
        *("choice", "late-accepted", "late-rejected", "rules", "group-profile", "group-status"),
    ),
}
"""Topic -> its kinds."""

_ROWS: Final = {
    **meeting_records.ROWS,
    **savings_records.ROWS,
    **loan_records.ROWS,
    **fund_records.ROWS,
    **member_records.ROWS,
    **ending_records.ROWS,
}
KINDS: Final[Mapping[str, Kind]] = {
    name: Kind(*_ROWS[name]) for name in chain.from_iterable(TOPICS.values())
}
"""Everything that can be recorded."""


def details_of(name: str) -> tuple[str, ...]:
    """The fields of a request that the command of this kind looks at; what it needs first."""
    from node.records import RecordRequest

    looked_at = {*_names_in(KINDS[name].run)} - {"group"}  # `group` is the group itself there
    needs = KINDS[name].needs
    more = (field for field in RecordRequest.__struct_fields__ if field in looked_at)
    return tuple(dict.fromkeys((*needs, *more)))


def _names_in(command: Callable[..., object]) -> Iterator[str]:
    """The names that a command of a table of rows uses, through the others of its module."""
    code = getattr(command, "__code__", None)
    if code is None:
        return
    for name in code.co_names:
        yield name
        other = command.__globals__.get(name)
        if callable(other) and other.__module__.endswith("_records"):
            yield from _names_in(other)
