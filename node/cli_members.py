"""Commands about members beside money: who somebody is, and what people want to reach."""

from typing import Any

import click

from node.cli import Asker, json_option, show
from node.cli_screen import paragraph, table
from node.member_views import GoalsRequest
from node.tables import amount
from node.views import MemberRequest


@click.command("member")
@click.argument("member")
@json_option
@click.pass_obj
def member_command(asker: Asker, /, member: str, as_json: bool) -> None:
    """Who a member is. MEMBER is a number or a name."""
    asked = MemberRequest(group=asker.group, member=member)
    show(asker.ask("member", asked), as_json, _member)


def _member(answer: dict[str, Any]) -> str:
    facts = {
        "Phone": answer["phone"],
        "Joined": answer["joined_on"],
        "Status": "left" if answer["exited"] else answer["status"],
        "Gender": answer["gender"],
        "Born": answer["birth_year"] or "",
        "Roles": ", ".join(role.replace("_", " ") for role in answer["roles"]),
        "Also number": ", ".join(map(str, answer["other_numbers"])),
        "Allows": _allowed(answer["consents"], True),
        "Forbids": _allowed(answer["consents"], False),
    }
    owed = {
        "Voluntary savings": answer["voluntary_savings_minor"],
        "Fines due": answer["fines_due_minor"],
        "Debt": answer["owed_by_member_minor"],
        **{
            f"To be paid: {claim.replace('_', ' ')}": minor
            for claim, minor in answer["owed_to_member_minor"].items()
        },
    }
    rows = [(name, value) for name, value in facts.items() if value]
    rows += [(name, amount(answer, minor)) for name, minor in owed.items() if minor]
    changes = [(row["status"], row["reason"], row["device_name"]) for row in answer["history"]]
    parts = [
        paragraph(f"Member {answer['number']}, {answer['name'] or 'without a name here'}"),
        table(("What", "Is"), rows),
    ]
    if changes:
        parts.append(table(("Status became", "Why", "Recorded on"), changes))
    if answer["goals"]:
        parts.append(_goals({**answer, "goals": [{"who": "", **g} for g in answer["goals"]]}))
    return "\n\n".join(parts)


def _allowed(consents: dict[str, bool], wanted: bool) -> str:
    return ", ".join(name.replace("_", " ") for name, said in consents.items() if said is wanted)


@click.command("goals")
@click.option("--member", default="", help="Number or name; else everybody's and the group's.")
@json_option
@click.pass_obj
def goals_command(asker: Asker, /, member: str, as_json: bool) -> None:
    """What members and the group want to reach, and how far they are."""
    asked = GoalsRequest(group=asker.group, member=member)
    show(asker.ask("goals", asked), as_json, _goals)


def _goals(answer: dict[str, Any]) -> str:
    if not answer["goals"]:
        return paragraph(
            "No goals yet. Set one with: mkutano record goal --member 7 --name "
            '"School fees" --amount 5,000'
        )
    rows = [
        (
            row["who"] or "the group",
            row["title"],
            _figure(answer, row, row["progress"]),
            _figure(answer, row, row["target"]),
            _figure(answer, row, row["each_meeting"]),
            row["until"] or "",
            row["state"],
        )
        for row in answer["goals"]
    ]
    heads = ("Whose", "Goal", "Reached", "Of", "Each meeting", "Until", "State")
    keep = [
        place
        for place, head in enumerate(heads)
        if head not in ("Whose", "Each meeting", "Until")
        or any(row[place] not in ("", "the group") for row in rows)
    ]
    return table([heads[at] for at in keep], [[row[at] for at in keep] for row in rows])


def _figure(answer: dict[str, Any], row: dict[str, Any], figure: int | None) -> str:
    """Money, or people of a goal that counts members; empty where the books can't tell."""
    if figure is None:
        return ""
    return str(figure) if row["kind"] == "membership" else amount(answer, figure)
