"""Questions about one member beside money in the passbook, and about goals.

Answers are values that become JSON: amounts in the smallest unit, ids as hex. Nothing here writes.
"""

from typing import Annotated, Any

from msgspec import Meta

from model.findings import receipt
from model.goals import consents_of, goals_view
from model.journal import FINES_DUE, balance
from model.members import names_of, roles_of, status_history
from model.payables import CLAIMS, owed_by, owed_to
from node import desk
from node.answers import Answer, GroupRequest, choose_group
from node.node import Group, Node
from node.views import MemberRequest


class GoalsRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goals of one member, or of the group and every member."""

    member: Annotated[str, Meta(max_length=200)] = ""


def member(node: Node, asked: MemberRequest, now_ms: int) -> Answer:
    """Who a member is: other numbers, roles, status and how it changed, what is owed, consent."""
    group = choose_group(node, asked.group)
    one = desk.member(group, asked.member)
    book, name = group.book, one.id.hex()
    page = book.members.find(name)
    known = group.people.names().get(one.id)
    others = [other for other in names_of(book, name) if other != name]
    numbers = {row.id.hex(): row.number for row in desk.members(group, merged=True)}
    return Answer(
        {
            **_money(group),
            "id": name,
            "number": one.number,
            "name": one.name,
            "phone": known.phone if known else "",
            "joined_on": page.joined_on if page else "",
            "status": page.status if page else "",
            "exited": bool(page and page.exited),
            "gender": page.gender if page else "",
            "birth_year": (page.birth_year or None) if page else None,
            "other_numbers": [numbers[other] for other in others],
            "roles": roles_of(book, name),
            "history": _history(group, name),
            "voluntary_savings_minor": -balance(book, "2020", name),
            "fines_due_minor": balance(book, FINES_DUE, name),
            "owed_to_member_minor": {claim: owed_to(book, name, claim) for claim in CLAIMS},
            "owed_by_member_minor": owed_by(book, name),
            "goals": goals_view(book, name),
            "consents": consents_of(book, name),
        }
    )


def _history(group: Group, name: str) -> list[dict[str, Any]]:
    labels = {device.hex(): known.label for device, known in group.roster.devices.items()}
    return [
        {
            "receipt": receipt(entry),
            "status": page.detail,
            "reason": page.text,
            "device": page.device,
            "device_name": labels.get(page.device, ""),
        }
        for entry, page in status_history(group.book, name)
    ]


def goals(node: Node, asked: GoalsRequest, now_ms: int) -> Answer:
    """Goals with how far they are reached."""
    group = choose_group(node, asked.group)
    whose = [desk.member(group, asked.member)] if asked.member else desk.members(group)
    rows = [] if asked.member else [{"who": "", **row} for row in goals_view(group.book)]
    for one in whose:
        shown = desk.called(one)
        rows += [{"who": shown, **row} for row in goals_view(group.book, one.id.hex())]
    return Answer({**_money(group), "goals": rows})


def _money(group: Group) -> dict[str, Any]:
    page = desk.described(group.book)
    return {"currency": page.currency, "exponent": page.exponent}
