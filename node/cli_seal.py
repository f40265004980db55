"""The command `mkutano seal`: how far the meetings' seals are, signing one, checking one."""

from typing import Any

import click

from node.cli import EXIT_REFUSED, Asker, Whole, json_option, show
from node.cli_screen import paragraph, table
from node.seal_check import LABELS
from node.seal_views import SealRequest, SealsRequest, SignRequest
from node.tables import amount

_STATES = {
    "open": "open",
    "closed": "closed, not sealed",
    "sealed": "sealed",
    "reopened": "opened again",
}


@click.command("seal")
@click.option("--sign", is_flag=True, help="Sign the close of a meeting, after looking at it.")
@click.option("--verify", is_flag=True, help="Reckon a closed meeting again and compare.")
@click.option("--meeting", "session", default=0, type=Whole(), help="Which meeting.")
@click.option("--cycle", default=0, type=Whole(), help="Of which cycle; the newest unless said.")
@click.option("--close", default="", help="Receipt of a close, where a meeting has several.")
@click.option("--every", is_flag=True, help="All meetings, not only the newest.")
@click.option("--yes", is_flag=True, help="Sign without being asked: the figures were compared.")
@json_option
@click.pass_context
def seal_command(
    ctx: click.Context,
    sign: bool,
    verify: bool,
    session: int,
    cycle: int,
    close: str,
    every: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """The seals of the meetings. A close that a second officer signs can't be altered any more."""
    asker: Asker = ctx.obj
    if sign and verify:
        raise click.UsageError("Say either --sign or --verify.", ctx)
    one = SealRequest(group=asker.group, cycle=cycle, session=session, close=close)
    if sign:
        _sign(asker, one, yes, as_json)
    elif verify:
        answer = asker.ask("seal-verify", one)
        show(answer, as_json, _verified)
        if not answer["agrees"]:
            ctx.exit(EXIT_REFUSED)
    else:
        asked = SealsRequest(group=asker.group, cycle=cycle, session=session, every=every)
        show(asker.ask("seals", asked), as_json, _status)


def _sign(asker: Asker, one: SealRequest, yes: bool, as_json: bool) -> None:
    """Show what is signed, ask, and sign."""
    if as_json and not yes:
        raise click.UsageError(
            "With --json nobody can be asked. Look at the close with: mkutano seal --verify --json "
            "and then sign it with --yes."
        )
    shown = asker.ask("seal-to-sign", one)
    if not yes:
        click.echo(_close(shown))
        click.echo()
        question = "Are these the figures and the fingerprint that were read out in the meeting?"
        if not click.confirm(paragraph(question)):
            click.echo(paragraph("Nothing was signed. Settle what differs in the meeting first."))
            return
    signed = asker.ask("seal-sign", SignRequest(group=asker.group, close=shown["id"]))
    show(signed, as_json, lambda answer: f"{answer['sentence']}\nReceipt {answer['receipt']}")


def _status(answer: dict[str, Any]) -> str:
    if not answer["meetings"]:
        return "No meeting was closed yet. Close one with: mkutano record close"
    return "\n\n".join(_meeting(one) for one in answer["meetings"])


def _meeting(one: dict[str, Any]) -> str:
    state = _STATES[one["state"]]
    if one["contested"]:
        state += ", and officers have to choose between its closes"
    again = ", after it had been opened again" if one["reopened"] and one["closes"] else ""
    where = f"Meeting {one['session']} of cycle {one['cycle']}"
    held_on = f" ({one['held_on']})" if one["held_on"] else ""
    lines = [paragraph(f"{where}{held_on}: {state}{again}.")]
    lines += [paragraph(f"  {_told(close)}", "    ") for close in one["closes"]]
    return "\n".join(lines)


def _told(close: dict[str, Any]) -> str:
    """One close in words: its fingerprint, who signed, and who still has to."""
    text = f"{close['fingerprint']}  closed by {close['closed_by']}"
    if close["signed_by"]:
        text += f", signed by {' and '.join(close['signed_by'])}"
    text += f". Receipt {close['receipt']}."
    if close["undone"]:
        return f"{text} Undone when the meeting was opened again."
    if not close["holds"]:
        return f"{text} It changes nothing: another close holds."
    if not close["missing"] and not close["offices_missing"]:
        return text
    return f"{text} {close['told']}"


def _close(one: dict[str, Any]) -> str:
    """A close as it is shown before it is signed."""
    where = f"Meeting {one['session']} of cycle {one['cycle']}"
    rows = [
        (LABELS[row["what"]].capitalize(), _amount(one, row["claimed_minor"]))
        for row in one["rows"]
        if row["claimed_minor"] or row["here_minor"]
    ]
    figures = table(("What", f"{one['currency']}"), rows) if rows else "Nothing was paid."
    checked = (
        "This phone reckoned it again from what that phone knew, and comes to the same."
        if one["digest"]
        else "The close names no digest: only its totals could be compared."
    )
    return "\n\n".join(
        (
            paragraph(f"{where}, closed by {one['closed_by']}."),
            figures,
            paragraph(checked),
            f"Fingerprint  {one['fingerprint']}",
        )
    )


def _verified(answer: dict[str, Any]) -> str:
    return "\n\n".join(_one_verified(one) for one in answer["closes"])


def _one_verified(one: dict[str, Any]) -> str:
    where = f"Meeting {one['session']} of cycle {one['cycle']}, closed by {one['closed_by']}"
    lines = [paragraph(f"{where}. Fingerprint {one['fingerprint']}.")]
    differ = [row for row in one["rows"] if row["claimed_minor"] != row["here_minor"]]
    if differ:
        told = [
            (LABELS[row["what"]].capitalize(), _amount(one, row["claimed_minor"]),
             _amount(one, row["here_minor"]))
            for row in differ
        ]  # fmt: skip
        lines.append(table(("What", "At the close", "This phone"), told))
    if one["digest"] and one["digest"] != one["digest_here"]:
        lines.append(
            paragraph(
                f"The journal differs: {one['digest'][:16]} by rules {one['rules']} at the close, "
                f"{one['digest_here'][:16]} by rules {one['rules_here']} on this phone. Update "
                "Mkutano on both phones and compare again; keep both phones as they are."
            )
        )
    if one["unchanged"] is False:
        lines.append(
            paragraph(
                "What this phone shows of the meeting is not what was sealed. Run: mkutano verify"
            )
        )
    if one["agrees"]:
        lines.append(paragraph("Every figure was reckoned again and agrees with what was signed."))
    return "\n\n".join(lines)


def _amount(answer: dict[str, Any], amount_minor: int | None) -> str:
    return "not counted" if amount_minor is None else amount(answer, amount_minor)
