"""Commands of a phone's life: made, founding a group, running, meeting other phones."""

import asyncio
import contextlib
import os
import select
from pathlib import Path
from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_screen import counted, paragraph, table
from node.errors import NodeError
from node.tables import moment


@click.command("init")
@click.option("--name", required=True, help='What to call this phone, e.g. "Secretary\'s phone".')
@click.option("--encrypted", is_flag=True, help="Encrypt the books; asks for a PIN or passphrase.")
@click.option(
    "--pin-file", default="", help="File that holds the PIN, with --encrypted; - reads it."
)
@json_option
@click.pass_obj
def init_command(asker: Asker, name: str, encrypted: bool, pin_file: str, as_json: bool) -> None:
    """Make this phone a Mkutano device: a folder with its key and, later, the books."""
    from node.node import Node

    pin = ""
    if encrypted or pin_file:
        from node.cli_lock import chosen_pin

        pin = chosen_pin(pin_file)
    with Node.create(asker.home, name, pin, encrypted) as node:
        home = node.home
        answer = {
            "home": str(home.path),
            "name": home.name,
            "device": node.device.hex(),
            "pin": home.sealed is not None,
            "encrypted": bool(home.ledger_key),
        }
    show(
        answer,
        as_json,
        lambda told: (
            f"{told['name']} is ready in {told['home']}.\n"
            f"{_locked_from_the_start(pin, asker.program) if pin else ''}"
            f'Next: {asker.program} found "Umoja" --currency KES --share-value 100\n'
            f"or, with an invitation: {asker.program} join 'MKUTANO:…'"
        ),
    )


def _locked_from_the_start(pin: str, program: str) -> str:
    from node.lock_words import paragraphs, warnings

    return paragraphs(f"It is locked. Open it with: {program} unlock", *warnings(pin)) + "\n"


@click.command("sync")
@click.argument("address")
@json_option
@click.pass_obj
def sync_command(asker: Asker, address: str, as_json: bool) -> None:
    """Exchange what is new with the phone at ADDRESS (HOST:PORT), then stop."""
    from node.exchanges import SyncRequest

    answer = asker.ask("sync", SyncRequest(group=asker.group, address=address))
    show(answer, as_json, moved)


def moved(told: dict[str, Any]) -> str:
    """What an exchange moved, in one sentence."""
    return paragraph(
        f"Received {counted(told['changes_received'], 'change')} "
        f"({told['bytes_received']:,} bytes), sent {told['changes_sent']:,} "
        f"({told['bytes_sent']:,} bytes), in {told['milliseconds']} ms. "
        "Both phones hold the same now."
    )


@click.command("links")
@json_option
@click.pass_obj
def links_command(asker: Asker, as_json: bool) -> None:
    """Which phones are connected now, and what was refused lately."""
    from node.exchanges import LinksRequest

    answer = asker.ask("links", LinksRequest())
    show(answer, as_json, lambda told: _links(told, _names(asker, told["links"])))


def _names(asker: Asker, links: list[dict[str, Any]]) -> dict[str, str]:
    """What the groups call the phones that are connected."""
    groups = {link["group"] for link in links}
    found = (asker.ask("devices", GroupRequest(group=group)) for group in groups)
    return {one["device"]: one["name"] for answer in found for one in answer["devices"]}


def _links(answer: dict[str, Any], names: dict[str, str]) -> str:
    if not answer["listening"]:
        return "Mkutano does not run on this phone now. Start it with: mkutano run"
    rows = [
        (
            names.get(link["device"]) or link["device"][:16],
            link["changes_received"],
            link["changes_sent"],
        )
        for link in answer["links"]
    ]
    parts = [paragraph(f"Reached at {', '.join(answer['listening'])}")]
    heads = ("Phone", "Changes received", "Sent")
    parts.append(table(heads, rows) if rows else _nobody(answer["listening"][0]))
    refused = [
        (moment(one["at_ms"]), one["who"], one["detail"] or one["code"])
        for one in answer["refused"]
        if one["code"] != "already_connected"  # two phones that called each other at once
    ]
    if refused:
        parts.append(table(("Refused (UTC)", "Who", "Why"), refused))
    return "\n\n".join(parts)


def _nobody(address: str) -> str:
    """Many hotspots keep phones from finding each other; an address gets through."""
    return paragraph(
        "No phone is connected. Other phones find this one by themselves when they run Mkutano on "
        "the same network and it lets them. If they don't, type on another phone: mkutano sync "
        f"{address}"
    )


@click.command("run")
@click.option("--port", default=0, type=Whole(0, 65535), help="Port for other phones.")
@click.option("--host", default="", envvar="MKUTANO_HOST",
              help="One IP address of this phone; every network unless said.")  # fmt: skip
@click.option("--no-lan", is_flag=True, help="Neither announce nor look for phones.")
@click.option("--peer", "peers", multiple=True, help="HOST:PORT to call as well; repeatable.")
@click.option("--address-file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write HOST:PORT here once it answers.")  # fmt: skip
@click.option("--pin-file", default="", help="File that holds the PIN of this phone; - reads it.")
@click.pass_obj
def run_command(
    asker: Asker,
    port: int,
    host: str,
    no_lan: bool,
    peers: tuple[str, ...],
    address_file: Path | None,
    pin_file: str,
) -> None:
    """Find the other phones and keep in step with them, until stopped with Ctrl-C."""
    import logging

    from node.address import parse_address
    from node.cli_lock import pin_to_start
    from node.running import Options, run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    addresses = tuple(parse_address(peer) for peer in peers)
    options = Options(port, host, not no_lan, addresses, address_file)
    pin = pin_to_start(asker.home, pin_file)
    try:
        asyncio.run(run(asker.home, options, _say, pin))
    except OSError as error:
        raise not_started(error) from error


def not_started(error: OSError) -> NodeError:
    """Why this phone can't listen, in words."""
    if error.filename:  # of --address-file
        return NodeError(f"{error.filename} can't be written: {error.strerror}.", "cannot_write")
    known = error.errno is not None and error.errno > 0
    why = os.strerror(error.errno) if known and error.errno else str(error.strerror or error)
    return NodeError(
        f"Mkutano can't listen there: {why}. Choose another --port or --host.", "cannot_listen"
    )


_STANDARD_OUTPUT = 1  # its number for the system, whatever Python has in its place


def _say(line: str) -> None:
    """Print a line, unless nobody takes it: a phone must not stop for a full pipe or a held screen.

    A terminal that is gone is no reason to stop either.
    """
    with contextlib.suppress(OSError):
        if select.select([], [_STANDARD_OUTPUT], [], 0)[1]:
            click.echo(line)


@click.command("demo")
@json_option
@click.pass_context
def demo_command(ctx: click.Context, as_json: bool) -> None:
    """Play a season and a market-day meeting of three phones on this machine."""
    import subprocess
    import sys
    from importlib.util import find_spec

    if find_spec("simulations") is None:
        raise NodeError("The demo is not installed here.", "no_demo")
    # A program of its own: it drives phones from outside, and nothing of a phone depends on it.
    options = ["--json"] if as_json else []
    with subprocess.Popen([sys.executable, "-m", "simulations.demo", *options]) as play:
        while True:
            try:
                ctx.exit(play.wait())
            except KeyboardInterrupt:  # the play heard it too: it stops its phones, then ends
                continue
