"""Commands by which officers ask each other and agree, about phones, votes and what waits."""

import sys
from typing import Any

import click

from model.wording import KINDS
from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_phones import told
from node.cli_screen import paragraph
from node.council_actions import OneProposalRequest, ProposalKind, ProposalRequest, ProposeRequest
from node.desk import receipt_letters
from node.errors import NodeError
from node.records import RecordRequest
from node.tables import amount


def sure(question: str, yes: bool) -> bool:
    """Whether the person at the terminal says yes; where nobody sits there, who typed it meant it.

    Raises click.Abort when the answer is no.
    """
    if not yes and sys.stdin.isatty():
        click.confirm(question, default=False, abort=True, err=True)
    return True


class Propose(click.Group):
    """The things that can be proposed; without one, what was proposed."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage in one line."""
        formatter.write_usage(ctx.command_path, "[--list | --object CODE | WHAT …]")


@click.group("propose", cls=Propose, invoke_without_command=True)
@click.option("--list", "wants_list", is_flag=True, help="Show every proposal there was.")
@click.option("--object", "against", default="", metavar="CODE", help="Say no to a proposal.")
@json_option
@click.pass_context
def propose_command(ctx: click.Context, wants_list: bool, against: str, as_json: bool) -> None:
    """Ask the officers: revoke a phone, let one in, say how many decide, elect, change rules.

    It holds when more than half of all officers agree, at least two; you agree by asking.
    """
    asker: Asker = ctx.obj
    if ctx.invoked_subcommand is not None:
        return
    if against:
        answer = asker.ask("object", ProposalRequest(group=asker.group, proposal=against))
        show(answer, as_json, told)
        return
    show(
        asker.ask("proposals", OneProposalRequest(group=asker.group)),
        as_json,
        lambda answer: _every(answer["proposals"] if wants_list else _open(answer["proposals"])),
    )


def _open(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["state"] in ("open", "contested")]


_STATES = {
    "open": "waits",
    "passed": "holds",
    "contested": "contested: does not hold",
    "void": "no effect",
    "declined": "declined",
    "settled": "settled otherwise",
}


def _every(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return paragraph("Nothing waits. What can be proposed: mkutano propose --help")
    return "\n".join(line for row in rows for line in _proposal(row))


def _proposal(row: dict[str, Any]) -> list[str]:
    """A proposal as two or three lines."""
    state = _STATES[row["state"]]
    if row["missing"]:
        state += f" for {row['missing']} more"
    lines = [paragraph(f"{row['code']}  {row['by']} asks to {'; '.join(row['what'])}.", "    ")]
    said = [f"Agree: {', '.join(row['agreed'])}{' and a paper card' if row['card'] else ''}"]
    if row["against"]:
        said.append(f"Against: {', '.join(row['against'])}")
    if row["missing_people"] and row["state"] == "open":
        said.append(f"Not yet: {', '.join(row['missing_people'])}")
    lines.append(paragraph(f"    It {state}. {'. '.join(said)}.", "    "))
    return lines


def _asking(asker: Asker, kind: ProposalKind, yes: bool, as_json: bool, **details: Any) -> None:
    """Try a proposal, show what it asks, have the person say yes, and sign it."""
    asked = ProposeRequest(group=asker.group, kind=kind, **details)
    tried = _tried(asker, asked, yes)
    asked, preview = tried
    if not as_json:
        others = preview["others_needed"]
        who = (
            f"{others} more officer{'s' * (others != 1)} must agree"
            if others
            else ("Nobody else has to agree: it holds at once")
        )
        click.echo(paragraph(f"You ask to {'; '.join(preview['what'])}. {who}."))
        sure("Ask the officers?" if others else "Do it?", yes)
    answer = asker.ask("propose", asked)
    show(answer, as_json, told)


def _tried(asker: Asker, asked: ProposeRequest, yes: bool) -> tuple[ProposeRequest, dict[str, Any]]:
    """What would be asked; whether suspensions by a revoked phone end is asked of the person."""
    import msgspec.structs

    try:
        return asked, asker.ask("propose", msgspec.structs.replace(asked, dry_run=True))
    except NodeError as error:
        if error.code != "lift_or_keep" or yes or not sys.stdin.isatty():
            raise
        question = error.sentence.partition(" Say --lift")[0]
        wish = "lift" if click.confirm(question, default=True, err=True) else "keep"
    asked = msgspec.structs.replace(asked, suspended=wish)
    return asked, asker.ask("propose", msgspec.structs.replace(asked, dry_run=True))


_yes = click.option("--yes", is_flag=True, help="Don't ask again.")


@propose_command.command("revoke")
@click.argument("phone", nargs=-1, required=True)
@click.option("--reason", default="", help="Why.")
@click.option("--lift", "suspended", flag_value="lift", help="End what the phone suspended, too.")
@click.option("--keep", "suspended", flag_value="keep", help="Keep what the phone suspended.")
@_yes
@json_option
@click.pass_obj
def revoke_command(
    asker: Asker, phone: tuple[str, ...], reason: str, suspended: str, yes: bool, as_json: bool
) -> None:
    """Take a PHONE out of the group for good."""
    details = {"phones": (" ".join(phone),), "reason": reason, "suspended": suspended or ""}
    _asking(asker, "revoke", yes, as_json, **details)


@propose_command.command("enrol")
@click.argument("phone", nargs=-1)
@click.option("--right", default="write", type=click.Choice(["pull", "read", "write"]),
              help="pull: carries, read: sees the books, write: records.")  # fmt: skip
@_yes
@json_option
@click.pass_obj
def enrol_command(
    asker: Asker, phone: tuple[str, ...], right: str, yes: bool, as_json: bool
) -> None:
    """Let a PHONE in again, or change its right.

    Without PHONE: those that wait to be let in. A new one needs an invitation: mkutano invite
    """
    if phone:
        _asking(asker, "enrol", yes, as_json, phones=(" ".join(phone),), right=right)
        return
    answer = asker.ask("devices", GroupRequest(group=asker.group))
    show({"waiting": answer["waiting"]}, as_json, _waiting_phones)


def _waiting_phones(answer: dict[str, Any]) -> str:
    if not answer["waiting"]:
        return paragraph("No phone waits to be let in. Invite one with: mkutano invite")
    return _every(answer["waiting"])


@propose_command.command("quorum")
@click.argument("officers", type=Whole(1))
@_yes
@json_option
@click.pass_obj
def quorum_command(asker: Asker, officers: int, yes: bool, as_json: bool) -> None:
    """Say how many OFFICERS must agree to a decision.

    More than half of them, and two, must agree in any case.
    """
    _asking(asker, "quorum", yes, as_json, officers=officers)


@propose_command.command("officer")
@click.argument("title")
@click.argument("person", nargs=-1)
@click.option("--vacant", is_flag=True, help="Nobody: the office falls vacant.")
@click.option("--member", default="", help="Which member the person is: number or name.")
@click.option("--seat", default=0, type=Whole(0, 5), help="Which money counter or key holder.")
@click.option("--reason", default="", help="Why.")
@_yes
@json_option
@click.pass_obj
def officer_command(
    asker: Asker, /, title: str, person: tuple[str, ...], yes: bool, as_json: bool, **details: Any
) -> None:
    """Elect a PERSON to an office, or let it fall vacant.

    TITLE is chairperson, secretary, treasurer, money_counter or key_holder; PERSON an office, a
    member's number or name, or the name of a phone.
    """
    if bool(person) == details["vacant"]:
        raise click.UsageError("Say who is elected, or --vacant.")
    _asking(asker, "officer", yes, as_json, title=title, person=" ".join(person), **details)


@propose_command.command("remove")
@click.argument("person", nargs=-1, required=True)
@click.option("--reason", default="", help="Why.")
@click.option("--lift", "suspended", flag_value="lift", help="End what they suspended, too.")
@click.option("--keep", "suspended", flag_value="keep", help="Keep what they suspended.")
@_yes
@json_option
@click.pass_obj
def remove_command(
    asker: Asker, person: tuple[str, ...], reason: str, suspended: str, yes: bool, as_json: bool
) -> None:
    """Take a PERSON's offices and phones.

    The offices fall vacant and the phones are shut out, in one decision.
    """
    details = {"person": " ".join(person), "reason": reason, "suspended": suspended or ""}
    _asking(asker, "removal", yes, as_json, **details)


@propose_command.command("constitution")
@click.option(
    "--set", "rules", multiple=True, required=True, help="A rule that changes: name=value."
)
@click.option("--reason", default="", help="Why.")
@json_option
@click.pass_context
def rules_command(ctx: click.Context, rules: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Change rules of the group.

    The same as: mkutano constitution --set … --propose
    """
    from node.cli_deciding import constitution_command

    ctx.invoke(constitution_command, rules=rules, reason=reason, propose=True, as_json=as_json)


@click.command("approve")
@click.argument("code", required=False, default="")
@click.option("--cycle", default=0, type=Whole(), help="Of the meeting.")
@click.option("--session", "--meeting", "session", default=0, type=Whole(),
              help="In which meeting it is said; the newest unless said.")  # fmt: skip
@_yes
@json_option
@click.pass_obj
def approve_command(
    asker: Asker, code: str, cycle: int, session: int, yes: bool, as_json: bool
) -> None:
    """Agree to what has this CODE; without one: everything that waits for you and the others."""
    waiting = asker.ask("waiting", GroupRequest(group=asker.group))
    if not code:
        show(waiting, as_json, _waiting)
        return
    letters = receipt_letters(code)
    proposals = [row for row in waiting["proposals"] if row["code"] == letters]
    if not as_json:
        _shown_before(waiting, proposals, letters, yes)
    if proposals:
        answer = asker.ask("agree", ProposalRequest(group=asker.group, proposal=code))
    else:
        asked = RecordRequest(
            group=asker.group, kind="approval", receipt=code, cycle=cycle, session=session
        )
        answer = asker.ask("record", asked)
    show(answer, as_json, told)


def _shown_before(
    waiting: dict[str, Any], proposals: list[dict[str, Any]], letters: str, yes: bool
) -> None:
    """Show what is agreed to and have the person say yes; nothing, where nobody sits there."""
    lines = [line for row in proposals for line in _proposal(row)]
    lines += [
        _decision(waiting, row)
        for row in waiting["decisions"]
        if receipt_letters(row["receipt"]) == letters
    ]
    if lines and not yes and sys.stdin.isatty():
        click.echo("\n".join(lines), err=True)
        sure("Do you agree?", yes)


def _waiting(answer: dict[str, Any]) -> str:
    """What waits for this officer first, then what waits for others."""
    with_proposals = {entry for row in answer["proposals"] for entry in row["entries"]}
    decisions = [row for row in answer["decisions"] if row["id"] not in with_proposals]
    mine = [line for row in answer["proposals"] if row["may_agree"] for line in _proposal(row)]
    mine += [_decision(answer, row) for row in decisions if not row["mine"]]
    others = [
        line for row in answer["proposals"] if not row["may_agree"] for line in _proposal(row)
    ]
    others += [_decision(answer, row) for row in decisions if row["mine"]]
    parts = []
    if mine:
        parts.append("\n".join(["Waits for you:", *mine]))
        parts.append("To agree: mkutano approve CODE")
    if others:
        parts.append("\n".join(["Waits for the others:", *others]))
    return "\n\n".join(parts) or "Nothing waits for the officers."


def _decision(answer: dict[str, Any], row: dict[str, Any]) -> str:
    """A decision of the books on a line."""
    money = f", {amount(answer, row['amount_minor'])}" if row["amount_minor"] else ""
    kind = KINDS.get(row["kind"], row["kind"].replace(".", " ").replace("_", " "))
    why = f" “{row['reason']}”" if row["reason"] else ""
    what = row["what"] or f"{kind} of {row['who']}{money}"
    more = f"waits for {row['missing']} more" if row["waits"] else f"wants {row['missing']} more"
    text = f"{row['receipt']}  {what}: {more}.{why}"
    return paragraph(text, "    ")
