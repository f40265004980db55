"""Commands about phones: which there are, and stopping one that is lost."""

from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_screen import counted, paragraph, table
from node.council_actions import LiftRequest, SuspendRequest
from node.reader_words import SHORT

MAY = {"write": "records", "read": "reads", "pull": "carries"}
"""What a right allows a phone, in one word."""


@click.command("devices")
@json_option
@click.pass_obj
def devices_command(asker: Asker, as_json: bool) -> None:
    """Every phone of the group: whose it is, what it may do, what it holds, what of it waits."""
    show(asker.ask("devices", GroupRequest(group=asker.group)), as_json, _devices)


def _devices(answer: dict[str, Any]) -> str:
    rows = [
        (
            row["name"] + (" (this phone)" if row["this_phone"] else ""),
            row["owner"],
            _does(row),
            row["device"][:8],
        )
        for row in answer["devices"]
    ]
    parts = [table(("Phone", "Of", "It", "Key"), rows)]
    notes = [line for row in answer["devices"] for line in _notes(row)]
    notes += [
        f"{' and '.join(one['phones'])} wants to come in; asked by {one['by']}: mkutano approve "
        f"{one['code']}"
        for one in answer["waiting"]
    ]
    parts += [paragraph(f"· {line}", "  ") for line in notes]
    return "\n".join(parts)


def _does(row: dict[str, Any]) -> str:
    if row["state"] == "revoked":
        return "is shut out"
    if row["state"] == "suspended":
        return "is suspended"
    if row["state"] == "displaced":
        return "is set aside"
    if row["until"]:
        return f"reads {SHORT[row['scope']]} until {row['until']}"
    if row["scope"]:
        return f"reads {SHORT[row['scope']]}"
    return MAY.get(row["right"]) or str(row["right"])


def _notes(row: dict[str, Any]) -> list[str]:
    """What is to be known of a phone beside its row in the table."""
    notes = []
    if row["suspended_by"]:
        by = " and ".join(dict.fromkeys(row["suspended_by"]))
        doubt = ", which is contested" if row["contested"] else ""
        notes.append(f"{row['name']} is suspended by {by} ({row['reason']}){doubt}.")
    if row["in_suspense"]:
        entries = counted(row["in_suspense"], "entry waits", "entries wait")
        notes.append(f"{entries} in suspense of {row['name']}: mkutano ratify")
    if row["state"] == "active" and row["holds"] and row["changes_lacking"]:
        notes.append(row["holds"])
    notes += [
        f"The officers are asked about {row['name']}: mkutano approve {code}"
        for code in row["proposals"]
    ]
    return notes


@click.command("suspend")
@click.argument("phone", nargs=-1, required=True)
@click.option("--reason", default="lost", show_default=True, help="Why: lost, stolen, misused …")
@click.option("--lift", is_flag=True, help="End a suspension, or ask the officers to.")
@click.option("--anyway", is_flag=True, help="Although it is this very phone.")
@json_option
@click.pass_obj
def suspend_command(
    asker: Asker, phone: tuple[str, ...], reason: str, lift: bool, anyway: bool, as_json: bool
) -> None:
    """Stop a PHONE at once, because it is lost or misused. Nobody else has to agree.

    PHONE is its name, its owner's office, number or name, or the first letters of its key; see
    them with: mkutano devices
    """
    said = " ".join(phone)
    if lift:
        answer = asker.ask("lift", LiftRequest(group=asker.group, phone=said))
    else:
        asked = SuspendRequest(group=asker.group, phone=said, reason=reason, anyway=anyway)
        answer = asker.ask("suspend", asked)
    show(answer, as_json, told)


def told(answer: dict[str, Any]) -> str:
    """The sentence of what was signed, and its receipt."""
    return f"{paragraph(answer['sentence'])}\nReceipt {answer['receipt']}"
