"""What can be recorded of members, their savings and what is owed: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from model.events.members import GoalKind, GoalOutcome
from node import commands, member_facts, owed
from node.choosing import choice
from node.phones import phone
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]


def _pocket(r: RecordRequest) -> e.Channel:
    channel: e.Channel = choice(r.channel or "box", get_args(e.Channel), "pocket")
    return channel


def source_of(r: RecordRequest) -> e.Source:
    """What a payment is taken from instead of a pocket, if that was said."""
    sources = [source for source in get_args(e.Source) if source]
    source: e.Source = choice(r.source, tuple(sources), "source of money") if r.source else ""
    return source


def _status(at: Context, r: RecordRequest) -> Receipt:
    status = choice(r.status, get_args(e.MemberStatus), "member status")
    return commands.set_member_status(at, r.member, status, r.reason)


def _officer(at: Context, r: RecordRequest) -> Receipt:
    title = choice(r.title, get_args(e.Title), "office")
    return commands.elect(at, title, phone(at.group, r.device).key, r.member)


def _goal(at: Context, r: RecordRequest) -> Receipt:
    kind: GoalKind = choice(r.code or "savings", get_args(GoalKind), "kind of goal")
    return member_facts.set_goal(at, r.name, r.amount, r.member, kind, r.each, r.until)


def _goal_end(at: Context, r: RecordRequest) -> Receipt:
    outcome: GoalOutcome = choice(r.status or "reached", get_args(GoalOutcome), "end of a goal")
    return member_facts.end_goal(at, r.name, r.member, outcome)


def _consent(at: Context, r: RecordRequest) -> Receipt:
    allowed = choice(r.status, ("yes", "no"), "answer") == "yes"
    return member_facts.record_consent(at, r.member, r.code, allowed, r.witness)


def _refund(at: Context, r: RecordRequest) -> Receipt:
    claim: owed.Claim = choice(r.account or "overpayment", get_args(owed.Claim), "claim")
    return owed.refund(at, r.member, r.amount, claim, _pocket(r))


ROWS: Final[Mapping[str, Row]] = {
    "member": (
        "A member joins",
        ("name",),
        lambda at, r: commands.add_member(at, r.name, r.phone, r.number, r.date),
        "",
    ),
    "details": (
        "A member's name or phone is corrected",
        ("member", "name"),
        lambda at, r: commands.set_details(at, r.member, r.name, r.phone),
        "a member's details",
    ),
    "member-status": ("A member rests or is suspended", ("member", "status"), _status, ""),
    "officer": ("A phone's owner takes an office", ("title", "device"), _officer, "an officer"),
    "savings": (
        "A member saves beside the shares",
        ("member", "amount"),
        lambda at, r: owed.deposit(at, r.member, r.amount, _pocket(r), source_of(r)),
        "savings",
    ),
    "savings-withdrawal": (
        "A member takes voluntary savings back, in cash",
        ("member", "amount"),
        lambda at, r: owed.withdraw(at, r.member, r.amount, _pocket(r)),
        "a withdrawal of savings",
    ),
    "fine-waiver": (
        "A fine need not be paid, when officers agree",
        (),
        lambda at, r: owed.waive_fine(at, r.receipt, r.member, r.reason),
        "a waiver",
    ),
    "refund": (
        "The group gives back what it owes a member",
        ("member",),
        _refund,
        "a refund",
    ),
    "debt-payment": (
        "A member pays a debt that a share-out or an exit left",
        ("member",),
        lambda at, r: owed.collect_debt(at, r.member, r.amount, _pocket(r)),
        "a payment of a debt",
    ),
    "merge": (
        "Two members are one person, when officers agree",
        ("member", "keep"),
        lambda at, r: member_facts.merge(at, r.member, r.keep, r.reason),
        "a merge",
    ),
    "profile": (
        "A member's number is corrected, or gender, birth year, role noted",
        ("member",),
        lambda at, r: member_facts.set_profile(at, r.member, r.number, r.gender, r.born, r.role),
        "a member's profile",
    ),
    "goal": (
        "What a member, or the group, wants to reach",
        ("name", "amount"),
        _goal,
        "a goal",
    ),
    "goal-end": ("A goal is reached or dropped", ("name",), _goal_end, "the end of a goal"),
    "consent": (
        "A member allows a use of personal details, or not",
        ("member", "code", "status"),
        _consent,
        "a consent",
    ),
}
"""Kind of record -> its row, in the order in which a meeting needs them."""
