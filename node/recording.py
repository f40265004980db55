"""The common end of every command: plan, try, sign, and a receipt to read out."""

from typing import NamedTuple

from model.events import Event
from model.identifiers import receipt_code
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
    step = plan.record(at.node, at.now_ms)
    return Receipt(receipt_code(step.receipts[0]), sentence, step.receipts, step)


def in_meeting(where: Meeting) -> str:
    """The end of a sentence."""
    return f" in meeting {where[1]} of cycle {where[0]}"
