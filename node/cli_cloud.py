"""The commands about a group's cloud backups, and the door to the relay's own program."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_propose import sure
from node.cli_screen import counted, paragraph
from node.errors import NodeError
from node.tables import moment

PIECES_A_ROUND = 8
"""Pieces of up to 256 KiB between two lines that say how far a long backup is."""
PAGES_A_ROUND = 8
"""Replies of up to 512 KiB, the same of a long download."""


@click.group("cloud", invoke_without_command=True)
@json_option
@click.pass_context
def cloud_command(ctx: click.Context, as_json: bool) -> None:
    """Back the group up at a relay: whoever runs it can't read a name or an amount.

    Alone, it says how the backups stand.
    """
    if ctx.invoked_subcommand is None:
        _show_status(ctx.obj, as_json)


@cloud_command.command("status", short_help="What relays have confirmed.")
@json_option
@click.pass_obj
def status(asker: Asker, as_json: bool) -> None:
    """What relays have confirmed, and what was wrong with them."""
    _show_status(asker, as_json)


def _show_status(asker: Asker, as_json: bool) -> None:
    show(asker.ask("cloud", GroupRequest(group=asker.group)), as_json, _status)


@cloud_command.command("add", short_help="Back up at a relay from now on.")
@click.argument("address")
@click.option("--token", default="", help="What its operator gave you, if it is needed.")
@click.option("--yes", is_flag=True, help="Don't ask whether it is the right relay.")
@json_option
@click.pass_obj
def add(asker: Asker, address: str, token: str, yes: bool, as_json: bool) -> None:
    """Back up at the relay at ADDRESS, such as relay.example.org, from now on."""
    from node.cloud_exchanges import CloudAddRequest, CloudLookRequest

    found = asker.ask("cloud-look", CloudLookRequest(url=address))
    if not as_json:
        click.echo(paragraph(f"At {found['name']} answers the relay with this number:"))
        click.echo(f"  {found['number']}")
        sure("Is that the number that its operator tells?", yes)
    elif not yes:
        raise NodeError(
            f"The relay's number is {found['number']}. If its operator tells the same: --yes",
            "compare_number",
        )
    asked = CloudAddRequest(group=asker.group, url=found["url"], relay=found["relay"], token=token)
    show(asker.ask("cloud-add", asked), as_json, _synced)


@cloud_command.command("sync", short_help="Exchange with the relays now.")
@click.argument("relay", default="")
@json_option
@click.pass_obj
def sync(asker: Asker, relay: str, as_json: bool) -> None:
    """Exchange what is new with the relays, or with one of them, now."""
    from node.cloud_exchanges import CloudSyncRequest

    asked = CloudSyncRequest(
        group=asker.group, relay=relay, blobs_max=PIECES_A_ROUND, pages_max=PAGES_A_ROUND
    )
    came: dict[str, int] = {}
    while True:
        answer = asker.ask("cloud-sync", asked)
        for one in answer["backups"]:
            came[one["url"]] = came.get(one["url"], 0) + one["changes_received"]
            one["changes_received"] = came[one["url"]]
        if not any(one["more"] for one in answer["backups"]):
            break
        if not as_json:
            for one in answer["backups"]:
                click.echo(paragraph(_still_to_go(one)))
    show(answer, as_json, lambda told: "\n".join(_synced(one) for one in told["backups"]))


def _still_to_go(told: dict[str, Any]) -> str:
    if told["reading"]:
        done, total = told["entries_read"], told["entries_there"]
        return f"{told['name']}: {done:,} of {total:,} pieces read …"
    return f"{told['name']}: {counted(told['changes_lacking'], 'change')} still to go …"


@cloud_command.command("check", short_help="Read everything back and compare.")
@click.argument("relay", default="")
@json_option
@click.pass_context
def check(ctx: click.Context, relay: str, as_json: bool) -> None:
    """Read the whole backup back and compare it with this phone; exit 1 if anything lacks."""
    from node.cloud_exchanges import CloudRequest

    asker: Asker = ctx.obj
    answer = asker.ask("cloud-check", CloudRequest(group=asker.group, relay=relay))
    show(answer, as_json, lambda told: paragraph(told["sentence"]))
    if not answer["good"]:
        ctx.exit(1)


@cloud_command.command("compact", short_help="Put a short copy of everything there.")
@click.argument("relay", default="")
@json_option
@click.pass_obj
def compact(asker: Asker, relay: str, as_json: bool) -> None:
    """Put a short copy of everything there, so that the relay may let older pieces go.

    Phones do that by themselves when it pays. Another officer's phone compares it first.
    """
    from node.cloud_exchanges import CloudRequest

    asked = CloudRequest(group=asker.group, relay=relay)
    show(asker.ask("cloud-compact", asked), as_json, lambda told: paragraph(told["sentence"]))


@cloud_command.command("proof", short_help="Write, or check, proof that a relay lied.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--check", "is_check", is_flag=True, help="Check the proof in FILE.")
@json_option
@click.pass_obj
def proof(asker: Asker, file: str, is_check: bool, as_json: bool) -> None:
    """Write to FILE the proof that a relay told two stories, for others to check.

    With --check, check such a FILE: it takes nothing else, and no network.
    """
    from node import relay_proof

    if is_check:
        found = relay_proof.check(_read(file))
        shown = [{"relay": one.relay.hex(), "sentence": relay_proof.words(one)} for one in found]
        show({"proven": shown}, as_json, lambda told: "\n".join(
            paragraph(one["sentence"]) for one in told["proven"]
        ))  # fmt: skip
        return
    answer = asker.ask("cloud-proof", GroupRequest(group=asker.group))
    try:
        with Path(file).open("x", encoding="utf-8") as opened:
            opened.write(relay_proof.as_file(answer["file"]))
    except OSError as error:
        raise NodeError(f"{file} could not be written: {error.strerror}.", "not_written") from error
    names = " and ".join(answer["names"])
    told = {"file": file, "names": answer["names"]}
    words = f"The proof against {names} is in {file}. Anybody checks it with: mkutano cloud proof "
    show(told, as_json, lambda _: paragraph(f"{words}--check {file}"))


def _read(file: str) -> bytes:
    from node.relay_proof import FILE_BYTES_MAX

    try:
        with Path(file).open("rb") as opened:
            return opened.read(FILE_BYTES_MAX)
    except OSError as error:
        raise NodeError(f"{file} can't be read: {error.strerror}.", "not_read") from error


@cloud_command.command("remove", short_help="Back up at a relay no more.")
@click.argument("relay", default="")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def remove(asker: Asker, relay: str, yes: bool, as_json: bool) -> None:
    """Back up at a relay no more, on all phones of the group."""
    from node.cloud_exchanges import CloudRequest

    used = asker.ask("cloud", GroupRequest(group=asker.group))["backups"]
    if used and not as_json:
        last = "It is the only one. " if len(used) == 1 else ""
        where = relay or " and ".join(one["name"] for one in used)
        sure(f"{last}Stop backing up at {where}, on all phones of the group?", yes)
    asked = CloudRequest(group=asker.group, relay=relay)
    show(asker.ask("cloud-remove", asked), as_json, lambda told: paragraph(told["sentence"]))


def _status(answer: dict[str, Any]) -> str:
    if not answer["backups"]:
        return paragraph(
            f"{answer['group_name']} has no cloud backup: if all phones are lost, so are the "
            "books. Add one: mkutano cloud add ADDRESS"
        )
    notices = [paragraph(f" ! {sentence}", "   ") for sentence in answer["notices"]]
    return "\n".join([*(_standing(one) for one in answer["backups"]), *notices])


def _standing(backup: dict[str, Any]) -> str:
    lines = [paragraph(backup["sentence"]), f"   Its number: {backup['number']}"]
    if backup["room"]:
        lines.append(paragraph(f"   {backup['room']}", "   "))
    for one in backup["wrong"]:
        when = moment(one["last_ms"])
        times = f", {one['times']:,} times" if one["times"] > 1 else ""
        lines.append(paragraph(f" ! {when}{times}: {one['sentence']}", "   "))
    return "\n".join(lines)


def _synced(told: dict[str, Any]) -> str:
    lines = [told["sentence"]]
    if told["changes_received"]:
        lines.append(f"{counted(told['changes_received'], 'change')} came from there.")
    if told["failed"]:
        lines.append(told["failed"])
    return "\n".join(map(paragraph, lines))


@click.command(
    "relay",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def relay_command(arguments: tuple[str, ...]) -> None:
    """For operators: run a relay that keeps groups' sealed backups."""
    if find_spec("aiosqlite") is None:
        raise NodeError(
            "The relay is not installed here. Its operator installs it with the extra “relay” of "
            "Mkutano.",
            "no_relay_program",
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "relay", *arguments])
