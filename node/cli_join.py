"""Commands of the phone that joins, and what it is in each of its groups.

Nothing is joined before the owner has seen what it is and said yes.
"""

from typing import TYPE_CHECKING, Any

import click

from node.cli import Asker, json_option, show
from node.cli_pairing import facts, person_says
from node.cli_screen import paragraph, table
from node.cli_setup import moved
from replication.comparison import grouped

if TYPE_CHECKING:
    from node.conversing import Conversation

NOBODY = (
    "Nobody answered the question, so nothing was joined. For programs: add --yes, which takes "
    "what the invitation offers."
)


@click.command("join")
@click.argument("invitation", nargs=-1)
@click.option("--numbers", is_flag=True,
              help="Without a camera: compare six digits with the other phone.")  # fmt: skip
@click.option("--address", "addresses", multiple=True, help="HOST:PORT, as the other phone shows.")
@click.option("--yes", is_flag=True, help="Take what is offered without being asked; for programs.")
@json_option
@click.pass_obj
def join_command(
    asker: Asker,
    invitation: tuple[str, ...],
    numbers: bool,
    addresses: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Use an INVITATION (the MKUTANO line), and fetch the group's books.

    Before anything is joined you see which group it is, who invites, as whom and with which right.
    Without a camera: mkutano join --numbers HOST:PORT
    """
    from node.pairing_exchanges import JoinRequest

    if not invitation and not numbers:
        raise click.UsageError(
            "Give the INVITATION (its MKUTANO line), or --numbers and the address that the other "
            "phone shows."
        )
    if numbers:  # what stands where the invitation would is the address
        asked = JoinRequest(addresses=(*invitation, *addresses), yes=yes)
    else:
        asked = JoinRequest(invitation="".join(invitation), addresses=addresses, yes=yes)
    with _conversation(asker, find=numbers and not asked.addresses) as talk:
        told = _joined(talk, asked, as_json)
    show(told, as_json, _outcome)


def _conversation(asker: Asker, find: bool) -> "Conversation":
    from node.conversing import Conversation
    from node.running import Options

    reach = Options() if find else None
    return asker.unlocking(lambda: Conversation.begin(asker.home, reach))


def _joined(talk: "Conversation", asked: Any, as_json: bool) -> dict[str, Any]:
    """Ask the owner whatever comes up; how it ended."""
    from node.pairing_exchanges import AnswerRequest

    told = talk.ask("join", asked)
    while told.get("asks"):
        yes = _says(told, as_json)
        if yes:
            click.echo(paragraph("Waiting for the other phone …"), err=as_json)
        told = talk.ask("answer", AnswerRequest(pairing=told["pairing"], yes=yes))
    return told


def _says(told: dict[str, Any], as_json: bool) -> bool:
    """Show what is asked and take the answer; on standard error when the rest is for machines."""
    if told["asks"] == "number":
        click.echo(f"\n    {grouped(told['number'])}\n", err=as_json)
        click.echo(
            paragraph("Look at the other phone: it must show the same six digits."), err=as_json
        )
        return person_says("Are they the same?", NOBODY, as_json)
    click.echo(paragraph(f"You are invited to {told['group_name']}."), err=as_json)
    click.echo(facts(told, "joiner"), err=as_json)
    return person_says(f"Join {told['group_name']} with this phone?", NOBODY, as_json)


def _outcome(told: dict[str, Any]) -> str:
    if told["state"] in ("waiting", "reader"):
        return paragraph(told["sentence"])
    return f"{paragraph(_in(told['group_name']))}\n{moved(told)}"


def _in(group: str) -> str:
    return f"This phone is in {group} now."


@click.command("groups")
@json_option
@click.pass_obj
def groups_command(asker: Asker, as_json: bool) -> None:
    """The groups of this phone, and what it is in each."""
    from node.views import NoRequest

    show(asker.ask("groups", NoRequest()), as_json, _groups)


def _groups(answer: dict[str, Any]) -> str:
    if not answer["groups"]:
        return "This phone holds no group yet."
    rows = [
        (
            row["name"],
            _ROLES.get(row["state"]) or _RIGHTS.get(row["right"], row["right"]),
            ", ".join(office.replace("_", " ") for office in row["offices"]),
            row["devices"] or "",
            row["group"][:8],
        )
        for row in answer["groups"]
    ]
    return table(("Group", "This phone", "Its owner", "Phones", "Letters"), rows)


_RIGHTS = {"write": "records", "read": "reads", "pull": "carries"}
_ROLES = {
    "waiting": "waits to be let in",
    "suspended": "is stopped",
    "revoked": "was put out",
    "unreadable": "can't be read",
}
