"""The common end of every command: plan, try, sign, and a receipt to read out."""

from typing import NamedTuple

from model.accounts import OVERPAYMENTS
from model.agreement import agreeing
from model.decisions import missing
from model.events import Event
from model.identifiers import receipt_code
from model.journal import entry_page
from node import desk, founding_period
from node.desk import Meeting
from node.node import Group, Node, Step
from node.plan import Plan


class Receipt(NamedTuple):
    """What was recorded."""

    code: str
    """Ten letters that name the first entry; people read them to each other."""
    sentence: str
    entries: tuple[bytes, ...]
    step: Step
    """What peers should hear of."""


class Context(NamedTuple):
    """Where and when a command is given."""

    node: Node
    group: Group
    now_ms: int
    anyway: bool = False
    """Record it although a rule of the group speaks against it, because it happened."""
    meeting: Meeting | None = None
    """Which meeting it belongs to; None: the one that is open."""


def record(at: Context, event: Event, sentence: str) -> Receipt:
    """Record one event. Raises CommandRefused before anything is signed."""
    plan = Plan(at.group)
    plan.add(event)
    return done(at, plan, sentence)


def done(at: Context, plan: Plan, sentence: str) -> Receipt:
    """Record a plan. Raises CommandRefused before anything is signed."""
    plan.require(at.anyway)
    ends = founding_period.is_due(at.group, tuple(planned.event for planned in plan.events))
    step = plan.record(at.node, at.now_ms, ends_founding=ends)
    told = f"{sentence} {founding_period.ENDED}".lstrip() if ends else sentence
    return Receipt(receipt_code(step.receipts[0]), told, step.receipts, step)


def decided(at: Context, event: Event, sentence: str) -> Receipt:
    """Record what officers decide on; as long as it waits for them, the sentence says so."""
    given = record(at, event, sentence)
    book, name = at.group.book, given.entries[0].hex()
    if book.waiting.find(name) is None:
        return given
    left = missing(book, agreeing(book, name))
    who = "one more officer agrees" if left == 1 else f"{left} more officers agree"
    waits = f"It counts when {who}: mkutano approve {given.code}"
    return given._replace(sentence=f"{sentence} {waits}")


def with_excess(at: Context, given: Receipt) -> Receipt:
    """Say what of a payment was more than the member owed: it is kept, not lost."""
    page = entry_page(at.group.book, given.entries[0].hex())
    excess = -sum(amount for account, _, amount in page.lines if account == OVERPAYMENTS)
    if excess <= 0:
        return given
    more = (
        f"{desk.money(at.group, excess)} of it is more than was owed, and is kept for the member."
    )
    return given._replace(sentence=f"{given.sentence} {more}")


def in_meeting(where: Meeting) -> str:
    """The end of a sentence."""
    return f" in meeting {where[1]} of cycle {where[0]}"
