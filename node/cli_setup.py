"""Commands of a phone's life: made, founding or joining a group, running, meeting other phones."""

import asyncio
from pathlib import Path
from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.tables import moment, table

TITLES = ("chairperson", "secretary", "treasurer", "money_counter", "key_holder")


@click.command("init")
@click.option("--name", required=True, help='What to call this phone, e.g. "Secretary\'s phone".')
@json_option
@click.pass_obj
def init_command(asker: Asker, name: str, as_json: bool) -> None:
    """Make this phone a Mkutano device: a folder with its key and, later, the books."""
    from node.node import Node

    with Node.create(asker.home, name) as node:
        answer = {"home": str(asker.home), "name": name, "device": node.device.hex()}
    show(
        answer,
        as_json,
        lambda told: (
            f"{told['name']} is ready in {told['home']}.\n"
            "Next: mkutano found, or mkutano join with an invitation."
        ),
    )


@click.command("found")
@click.argument("name")
@click.option("--currency", required=True, help="Three letters: KES, UGX, TZS …")
@click.option("--share-value", required=True, help="What one share costs.")
@click.option("--shares-max", default=5, show_default=True, type=click.IntRange(min=1),
              help="Most shares of one member in one meeting.")  # fmt: skip
@click.option("--social-fund", default="0", help="What each member pays into the social fund.")
@click.option("--loan-multiplier", default=3, show_default=True, type=click.IntRange(min=0),
              help="A loan is at most so many times the savings.")  # fmt: skip
@click.option("--loan-periods-max", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--interest", default="0", help="Percent a period, such as 10 or 2.5.")
@click.option("--method", type=click.Choice(["flat", "reducing"]), default="flat",
              show_default=True, help="How interest is reckoned.")  # fmt: skip
@click.option("--period", type=click.Choice(["month", "week"]), default="month", show_default=True)
@click.option("--fine", "fines", multiple=True, help="CODE=AMOUNT, such as late=50; repeatable.")
@click.option("--title", type=click.Choice(TITLES), default="secretary", show_default=True,
              help="Your own office.")  # fmt: skip
@json_option
@click.pass_obj
def found_command(asker: Asker, /, name: str, as_json: bool, **terms: Any) -> None:
    """Found the group NAME; this phone is its first device. Prints the group id."""
    from node.records import FoundRequest

    asked = FoundRequest(
        name=name,
        currency=terms["currency"].upper(),
        share_value=terms["share_value"],
        shares_max=terms["shares_max"],
        social_fund=terms["social_fund"],
        loan_multiplier=terms["loan_multiplier"],
        loan_periods_max=terms["loan_periods_max"],
        interest_percent=terms["interest"],
        interest_method=terms["method"],
        period=terms["period"],
        fines=dict(_fine(text) for text in terms["fines"]),
        title=terms["title"],
    )
    answer = asker.ask("found", asked)
    show(answer, as_json, lambda told: f"{told['sentence']}\nGroup {told['group']}")


def _fine(text: str) -> tuple[str, str]:
    code, equals, amount = text.partition("=")
    if not (code.strip() and equals and amount.strip()):
        raise click.BadParameter(f"“{text}” is not CODE=AMOUNT, such as late=50.")
    return code.strip().lower().replace(" ", "_"), amount.strip()


@click.command("invite")
@click.option("--read-only", is_flag=True, help="The phone sees the books and records nothing.")
@click.option("--name", default="", help="Whom it is for, as a note to yourself.")
@click.option("--title", type=click.Choice(TITLES), help="The office that its owner holds.")
@click.option("--member", default=0, type=click.IntRange(min=0), help="Its owner's member number.")
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
    show(answer, as_json, lambda told: _invitation(told, not options["no_qr"]))


def _number(text: str) -> str:
    number = text.strip().lower()
    if len(number) != 16 or any(letter not in "0123456789abcdef" for letter in number):
        raise click.BadParameter("An invitation's number has 16 letters; see invite --list.")
    return number


def _invitation(told: dict[str, Any], with_qr: bool) -> str:
    from node.invitation import qr_for_terminal

    may = "may record" if told["right"] == "write" else "may read"
    lines = [f"For one phone that {may} in {told['group_name']}. Keep it from others.", ""]
    if with_qr:
        lines.append(qr_for_terminal(told["uri"]))
    lines += [told["uri"], "", "On the other phone: mkutano join 'MKUTANO:…' (the line above)"]
    if told["addresses"]:
        lines.append(f"It calls this phone at {', '.join(told['addresses'])}.")
    else:
        lines.append(
            "Start “mkutano run” here first, so that the other phone can reach this one; the "
            "invitation then carries the address."
        )
    lines.append(f"To withdraw it: mkutano invite --withdraw {told['invitation']}")
    return "\n".join(lines)


def _invitations(answer: dict[str, Any]) -> str:
    if not answer["invitations"]:
        return "No invitation was made here."
    rows = [
        (row["invitation"], row["state"], row["right"], row["name"], moment(row["made_ms"]))
        for row in answer["invitations"]
    ]
    return table(("Number", "State", "Right", "For", "Made (UTC)"), rows)


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
    show(
        answer, as_json, lambda told: f"This phone is in {told['group_name']} now.\n{_moved(told)}"
    )


@click.command("sync")
@click.argument("address")
@json_option
@click.pass_obj
def sync_command(asker: Asker, address: str, as_json: bool) -> None:
    """Exchange what is new with the phone at ADDRESS (HOST:PORT), then stop."""
    from node.exchanges import SyncRequest

    answer = asker.ask("sync", SyncRequest(group=asker.group, address=address))
    show(answer, as_json, _moved)


def _moved(told: dict[str, Any]) -> str:
    return (
        f"Received {told['changes_received']} changes ({told['bytes_received']:,} bytes), "
        f"sent {told['changes_sent']} ({told['bytes_sent']:,} bytes), "
        f"in {told['milliseconds']} ms. Both phones hold the same now."
    )


@click.command("links")
@json_option
@click.pass_obj
def links_command(asker: Asker, as_json: bool) -> None:
    """Which phones are connected now, and what was refused lately."""
    from node.exchanges import LinksRequest

    show(asker.ask("links", LinksRequest()), as_json, _links)


def _links(answer: dict[str, Any]) -> str:
    if not answer["listening"]:
        return "Mkutano does not run on this phone now. Start it with: mkutano run"
    heads = ("Phone", "Received", "Sent")
    rows = [
        (link["device"][:16], link["changes_received"], link["changes_sent"])
        for link in answer["links"]
    ]
    parts = [f"Reached at {', '.join(answer['listening'])}"]
    parts.append(table(heads, rows) if rows else "No phone is connected.")
    if answer["refused"]:
        refused = [
            (moment(one["at_ms"]), one["who"], one["code"], one["detail"])
            for one in answer["refused"]
        ]
        parts.append(table(("Refused (UTC)", "Who", "Code", "Why"), refused))
    return "\n\n".join(parts)


@click.command("devices")
@json_option
@click.pass_obj
def devices_command(asker: Asker, as_json: bool) -> None:
    """The group's phones and what each may do."""
    show(asker.ask("devices", GroupRequest(group=asker.group)), as_json, _devices)


def _devices(answer: dict[str, Any]) -> str:
    may = {"write": "records", "read": "reads", "pull": "carries"}
    rows = [
        (
            row["device"][:16],
            row["name"] + (" (this phone)" if row["this_phone"] else ""),
            may.get(row["right"], row["right"]),
            row["title"].replace("_", " "),
        )
        for row in answer["devices"]
    ]
    return table(("Key", "Phone", "It", "Its owner"), rows)


@click.command("run")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port for other phones.")
@click.option("--host", default="", envvar="MKUTANO_HOST",
              help="One IP address of this phone; every network unless said.")  # fmt: skip
@click.option("--no-lan", is_flag=True, help="Neither announce nor look for phones.")
@click.option("--peer", "peers", multiple=True, help="HOST:PORT to call as well; repeatable.")
@click.option("--address-file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write HOST:PORT here once it answers.")  # fmt: skip
@click.pass_obj
def run_command(
    asker: Asker,
    port: int,
    host: str,
    no_lan: bool,
    peers: tuple[str, ...],
    address_file: Path | None,
) -> None:
    """Find the other phones and keep in step with them, until stopped with Ctrl-C."""
    import logging

    from node.address import parse_address
    from node.errors import NodeError
    from node.running import Options, run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    addresses = tuple(parse_address(peer) for peer in peers)
    options = Options(port, host, not no_lan, addresses, address_file)
    try:
        asyncio.run(run(asker.home, options, _say))
    except OSError as error:
        raise NodeError(
            f"Mkutano can't listen there: {error.strerror or error}. Choose another --port or "
            "--host.",
            "cannot_listen",
        ) from error


def _say(line: str) -> None:
    click.echo(line)


@click.command("demo")
@json_option
@click.pass_context
def demo_command(ctx: click.Context, as_json: bool) -> None:
    """Play a season and a market-day meeting of three phones on this machine."""
    import subprocess
    import sys
    from importlib.util import find_spec

    from node.errors import NodeError

    if find_spec("simulations") is None:
        raise NodeError("The demo is not installed here.", "no_demo")
    # A program of its own: it drives phones from outside, and nothing of a phone depends on it.
    options = ["--json"] if as_json else []
    ctx.exit(subprocess.run([sys.executable, "-m", "simulations.demo", *options]).returncode)
