"""The command that erases a person, and the page that says how far it has come.

Rule: what goes, what stays and what can't be reached is shown before it is asked for.
"""

import sys
from typing import Any

import click
from msgspec.structs import replace

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_screen import counted, paragraph
from node.erasing import EraseRequest
from node.errors import CommandRefused


@click.command("erase")
@click.argument("member")
@click.option("--reason", default="", help="Why; it stays in the books, so leave out the name.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@json_option
@click.pass_obj
def erase_command(asker: Asker, /, member: str, reason: str, yes: bool, as_json: bool) -> None:
    """Forget a member's name and phone number, when officers agree.

    MEMBER is a number or a name. The number and all amounts stay.
    """
    asked = EraseRequest(group=asker.group, member=member, reason=reason)
    told = asker.ask("erase", replace(asked, dry_run=True))
    if not as_json:
        click.echo(_before(told), err=True)
    if not yes:
        _confirm(told)
    show(asker.ask("erase", asked), as_json, _asked)


def _before(told: dict[str, Any]) -> str:
    lines = [
        f"Member {told['number']} becomes a number: the name and the phone number are forgotten on "
        "every phone and at every cloud backup of the group. This is for good.",
        told["stays"],
        told["unreachable"],
    ]
    if told["names"] > 1:
        lines.append(f"This person stands under {told['names']} numbers; all of them go.")
    if told["texts"]:
        entries = counted(told["texts_count"], "entry has", "entries have")
        lines.append(
            f"{entries} the name in a text that somebody typed, and stays as it was signed: "
            f"{', '.join(told['texts'])}."
        )
    return "\n".join(paragraph(line, "") for line in lines)


def _confirm(told: dict[str, Any]) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandRefused(
            "Nobody is here to be asked. If it is meant, say it again with --yes.", "not_asked"
        )
    if not click.confirm(f"Ask to erase member {told['number']}?", err=True):
        raise CommandRefused("Nothing was recorded.", "declined")


def _asked(told: dict[str, Any]) -> str:
    return f"{paragraph(told['sentence'])}\nReceipt {told['receipt']}"


@click.command("erased")
@json_option
@click.pass_obj
def erased_command(asker: Asker, /, as_json: bool) -> None:
    """Who was erased, and which phones and cloud backups have not confirmed it."""
    show(asker.ask("erased", GroupRequest(group=asker.group)), as_json, _erased)


def _erased(told: dict[str, Any]) -> str:
    if not told["erasures"]:
        return paragraph("Nobody was erased. Ask for it with: mkutano members erase MEMBER")
    lines = [_line(row) for row in told["erasures"]]
    return "\n".join(paragraph(line, "  ") for line in [*lines, told["unreachable"]])


def _line(row: dict[str, Any]) -> str:
    if row["state"] == "waiting":
        codes = " and ".join(f"mkutano approve {code}" for code in row["receipts"])
        return f"Member {row['number']} is to be erased. {row['left']} {codes}"
    left = row["left"] or "Every phone and cloud backup that can be reached has confirmed it."
    return f"Member {row['number']} is erased ({', '.join(row['receipts'])}). {left}"
