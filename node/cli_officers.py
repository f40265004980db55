"""The command about officers: who decides, with which phones, what waits and what is lacking."""

from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_propose import sure
from node.cli_screen import paragraph, table


@click.command("officers")
@click.option("--end-founding", is_flag=True, help="Let officers decide together from now on.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def officers_command(asker: Asker, end_founding: bool, yes: bool, as_json: bool) -> None:
    """The officers, their phones, how many decide, and what the group lacks."""
    if not end_founding:
        show(asker.ask("officers", GroupRequest(group=asker.group)), as_json, _officers)
        return
    if not as_json:
        sure(
            "From then on no phone is let in or out by the founder's phone alone; that can't be "
            "undone. End the founding?",
            yes,
        )
    answer = asker.ask("end-founding", GroupRequest(group=asker.group))
    show(answer, as_json, lambda told: paragraph(told["sentence"]))


def _officers(answer: dict[str, Any]) -> str:
    rows = [
        (
            row["name"] or (f"member {row['member']}" if row["member"] else ""),
            ", ".join(office.replace("_", " ") for office in row["offices"]),
            ", ".join(_phone(one) for one in row["phones"]) or "no phone",
            "" if row["heard"] else "no" if not row["votes"] else "not heard now",
        )
        for row in answer["officers"]
    ]
    parts = [table(("Name", "Office", "Phones", "Votes"), rows)]
    parts.append(paragraph(_decide(answer)))
    if answer["lacks"]:
        parts.append("\n".join(paragraph(f"! {line}", "  ") for line in answer["lacks"]))
    asked_with = {entry for row in answer["waiting"] for entry in row["entries"]}
    waits = len(answer["waiting"])
    waits += sum(row["id"] not in asked_with for row in answer["decisions"])
    if waits:
        one = waits == 1
        parts.append(f"{waits} matter{'s' * (not one)} wait{'s' * one}: mkutano approve")
    return "\n\n".join(parts)


def _phone(one: dict[str, Any]) -> str:
    return f"{one['name']}{_STATES.get(one['state'], '')}"


_STATES = {
    "suspended": " (suspended)",
    "revoked": " (shut out)",
    "displaced": " (set aside by paper cards)",
}


def _decide(answer: dict[str, Any]) -> str:
    """How many decide, in a sentence or two."""
    needed = answer["votes_needed"]
    people = sum(row["votes"] for row in answer["officers"])
    if needed == 1:
        told = "One officer has a phone, and decides alone until a second is let in."
    else:
        told = (
            f"{needed} of {people} officers decide together about phones, and about offices and "
            "rules as the constitution says."
        )
    if answer["founding"]:
        whose = "this phone" if answer["founder_here"] else "the founder's phone"
        told += f" The group is being founded: until its first meeting {whose} lets phones in."
    cards = "There are three paper cards." if answer["cards"] else ""
    return f"{told} {cards}".strip()
