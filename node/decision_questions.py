"""Questions about meetings and decisions: what waits, the rules, the course of a meeting."""

from typing import Annotated, Any

from msgspec import Meta

from model.proceedings import (
    constitutions_view,
    disputes_view,
    offices_view,
    open_actions_view,
    planned_view,
    proceedings_view,
)
from node import agreeing, desk, governing
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.node import Node
from node.recording import Context

Words = Annotated[str, Meta(max_length=200)]


class ProceedingsRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One meeting; the newest unless said."""

    cycle: Annotated[int, Meta(ge=0, le=10_000)] = 0
    session: Annotated[int, Meta(ge=0, le=10_000)] = 0


class AmendmentRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules that would change, each as name=value; none: the rules as they are."""

    rules: Annotated[tuple[Words, ...], Meta(max_length=64)] = ()


def _money(node: Node, asked: GroupRequest) -> dict[str, Any]:
    group = desk.described(choose_group(node, asked.group).book)
    return {"currency": group.currency, "exponent": group.exponent}


def decisions(node: Node, asked: GroupRequest, _now_ms: int) -> Answer:
    """What waits for officers, and what members were asked to do."""
    group = choose_group(node, asked.group)
    name_of = group.people.name_by_hex
    body = {
        **_money(node, asked),
        "proposals": agreeing.waiting(group),
        "decisions": agreeing.decisions(group),
        "disputes": disputes_view(group.book, name_of),
        "actions": open_actions_view(group.book, name_of),
        "planned": planned_view(group.book),
    }
    return Answer(body)


def proceedings(node: Node, asked: ProceedingsRequest, _now_ms: int) -> Answer:
    """One meeting as it was planned and held."""
    group = choose_group(node, asked.group)
    newest = group.book.latest.find("meeting") or (1, 1)
    key = (asked.cycle or newest[0], asked.session or newest[1])
    try:
        found = proceedings_view(group.book, *key)
    except LookupError as error:
        raise CommandRefused(str(error), "no_meeting") from error
    numbers = {one.id.hex(): one.number for one in desk.members(group)}
    names = {one.id.hex(): desk.called(one) for one in desk.members(group)}
    body = {**_money(node, asked), **found, "numbers": numbers, "names": names}
    return Answer(body)


def constitution(node: Node, asked: AmendmentRequest, now_ms: int) -> Answer:
    """The rules in force, what would change, every version, and who held which office."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms)
    changes = governing.changed(at, governing.amended(at, asked.rules)) if asked.rules else []
    body = {
        **_money(node, asked),
        "rules": governing.rules_in_force(at),
        "changes": [one._asdict() for one in changes],
        "versions": constitutions_view(group.book),
        "offices": offices_view(group.book),
    }
    return Answer(body)
