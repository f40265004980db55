"""Commands that bring one more phone into a group: the invitation, its QR code, and joining.

An invitation is a secret that works once: whoever reads it first may use it, and the text says so.
"""

from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_found import TITLES
from node.cli_screen import paragraph, screen_width, table
from node.cli_setup import MAY, moved
from node.tables import moment


@click.command("invite")
@click.option("--read-only", is_flag=True, help="The phone sees the books and records nothing.")
@click.option("--name", default="", help="Whom it is for, as a note to yourself.")
@click.option("--title", type=click.Choice(TITLES), help="The office that its owner holds.")
@click.option("--member", default=0, type=Whole(), help="Its owner's member number.")
@click.option("--address", "addresses", multiple=True, help="HOST:PORT of this phone.")
@click.option("--list", "wants_list", is_flag=True, help="Show the invitations made here.")
@click.option("--withdraw", default="", metavar="NUMBER", help="Make an unused one worthless.")
@click.option("--no-qr", is_flag=True, help="Only the text.")
@json_option
@click.pass_obj
def invite_command(asker: Asker, /, wants_list: bool, withdraw: str, **options: Any) -> None:
    """Make an invitation for one more phone, as text and as a QR code. It works once."""
    from node.exchanges import InviteRequest, WithdrawRequest

    as_json = options["as_json"]
    if wants_list:
        answer = asker.ask("invitations", GroupRequest(group=asker.group))
        show(answer, as_json, _invitations)
        return
    if withdraw:
        asked = WithdrawRequest(group=asker.group, invitation=_number(withdraw))
        show(asker.ask("withdraw", asked), as_json, lambda _: "The invitation is worthless now.")
        return
    request = InviteRequest(
        group=asker.group,
        right="read" if options["read_only"] else "write",
        name=options["name"],
        title=options["title"],
        member=options["member"],
        addresses=options["addresses"],
    )
    answer = asker.ask("invite", request)
    show(answer, as_json, lambda told: _invitation(asker, told, not options["no_qr"]))


def _number(text: str) -> str:
    number = text.strip().lower()
    if len(number) != 16 or any(letter not in "0123456789abcdef" for letter in number):
        raise click.BadParameter("An invitation's number has 16 letters; see invite --list.")
    return number


def _invitation(asker: Asker, told: dict[str, Any], with_qr: bool) -> str:
    from node.invitation import qr_for_terminal

    may = "may record" if told["right"] == "write" else "may read"
    lines = [f"For one phone that {may} in {told['group_name']}. Keep it from others.", ""]
    if with_qr:
        lines.append(_fitting(qr_for_terminal(told["uri"])))
    lines += [told["uri"], "", "On the other phone: mkutano join 'MKUTANO:…' (the line above)"]
    if told["addresses"]:
        lines.append(paragraph(f"It calls this phone at {', '.join(told['addresses'])}."))
    else:
        lines.append(
            paragraph(
                "Start “mkutano run” here first, so that the other phone can reach this one; the "
                "invitation then carries the address."
            )
        )
    if told["right"] == "write" and not told["title"]:
        lines.append(
            paragraph(
                "It gives no office, and without one that phone can record nothing. Invite with "
                "--title treasurer, or give the office later with “mkutano record officer”."
            )
        )
    lines.append(f"To withdraw it: {asker.program} invite --withdraw {told['invitation']}")
    return "\n".join(lines)


def _fitting(code: str) -> str:
    """The QR code, or why there is none: a broken one would be scanned in vain."""
    needs = max(map(len, code.splitlines()))
    if not 0 < screen_width() < needs:
        return code
    return paragraph(f"This screen is too narrow for the QR code, which takes {needs} columns.\n")


def _invitations(answer: dict[str, Any]) -> str:
    if not answer["invitations"]:
        return "No invitation was made here."
    rows = [
        (
            row["invitation"],
            {"open": "not used yet"}.get(row["state"], row["state"]),
            MAY.get(row["right"], row["right"]),
            row["title"].replace("_", " "),
            row["name"],
            moment(row["made_ms"]),
        )
        for row in answer["invitations"]
    ]
    return table(("Number", "State", "Its phone", "Office", "For", "Made (UTC)"), rows)


@click.command("join")
@click.argument("invitation", nargs=-1, required=True)
@click.option("--address", "addresses", multiple=True, help="HOST:PORT, as the other phone shows.")
@json_option
@click.pass_obj
def join_command(
    asker: Asker, invitation: tuple[str, ...], addresses: tuple[str, ...], as_json: bool
) -> None:
    """Use an INVITATION (the MKUTANO line), and fetch the group's books."""
    from node.exchanges import JoinRequest

    asked = JoinRequest(invitation="".join(invitation), addresses=addresses)
    answer = asker.ask("join", asked)
    show(answer, as_json, lambda told: f"This phone is in {told['group_name']} now.\n{moved(told)}")
