"""Commands about readers: who outside sees what until when, letting one in, and ending that."""

import sys
from typing import Any

import click

from node.cli import Asker, json_option, show
from node.cli_phones import told
from node.cli_propose import sure
from node.cli_screen import paragraph, screen_width, table
from node.reader_words import SHORT, till
from node.readers import (
    AddReaderRequest,
    EndReaderRequest,
    ReaderCodeRequest,
    ReadersRequest,
)
from node.tables import moment

PEOPLE_WARNING = (
    "This reader will see the names and phone numbers of all members. What it has read can't be "
    "taken back, even when its grant ends. Did the members agree to that?"
)


class Readers(click.Group):
    """What can be done about readers; without a word, who they are."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage in one line."""
        formatter.write_usage(ctx.command_path, "[--history | add CODE … | end NAME]")


@click.group("readers", cls=Readers, invoke_without_command=True)
@click.option("--history", is_flag=True, help="Every grant that was ever asked for or ended.")
@json_option
@click.pass_context
def readers_command(ctx: click.Context, history: bool, as_json: bool) -> None:
    """Who outside the group reads its books, what each sees, until when, and by whose word."""
    asker: Asker = ctx.obj
    if ctx.invoked_subcommand is None:
        asked = ReadersRequest(group=asker.group, history=history)
        show(asker.ask("readers", asked), as_json, _history if history else _readers)


def _readers(answer: dict[str, Any]) -> str:
    parts = []
    if answer["readers"]:
        rows = [
            (
                row["name"],
                SHORT[row["scope"]],
                row["until"] or "no end",
                "" if row["days_left"] is None else max(0, row["days_left"]),
                _state(row),
                row["device"][:8],
            )
            for row in answer["readers"]
        ]
        parts.append(table(("Reader", "Sees", "Until", "Days left", "It", "Key"), rows))
        parts += [paragraph(f"· {line}", "  ") for line in _notes(answer)]
    else:
        parts.append("Nobody outside reads this group's books.")
    parts += [
        paragraph(
            f"Asked by {row['by']}: {'; '.join(row['what'])}. It waits for {row['missing']} more: "
            f"mkutano approve {row['code']}",
            "  ",
        )
        for row in answer["waiting"]
    ]
    parts += [
        paragraph(
            f"Letters of this group at {one['relay']}: {one['letters']}, as its readers see them.",
            "  ",
        )
        for one in answer["letters"]
        if answer["readers"]
    ]
    return "\n".join(parts)


def _state(row: dict[str, Any]) -> str:
    states = {"active": "reads", "ended": "is over", "revoked": "was ended"}
    return states.get(row["state"], f"is {row['state']}")


def _notes(answer: dict[str, Any]) -> list[str]:
    notes = []
    for row in answer["readers"]:
        by = " and ".join([*row["agreed"], *(["a paper card"] if row["card"] else [])])
        when = f" on {moment(row['granted_ms'])[:10]}" if row["granted_ms"] else ""
        if row["state"] in ("active", "ended") and by:
            notes.append(f"{row['name']} may see {row['sees']}. Given{when} by {by}.")
        if row["state"] == "active" and row["acknowledged"]:
            notes.append(row["holds"])
    return notes


_DID = {"granted": "let in", "ended": "ended", "suspended": "suspended", "lifted": "let go on"}


def _history(answer: dict[str, Any]) -> str:
    return history_table(answer["history"]) or "Nobody outside was ever let in to read."


def history_table(rows: list[dict[str, Any]]) -> str:
    """Every grant there ever was; "" when there was none."""
    if not rows:
        return ""
    shown = [
        (
            row["receipt"],
            row["name"],
            _DID[row["what"]] if row["holds"] else f"asked: {_DID[row['what']]}",
            SHORT.get(row["scope"], ""),
            (row["until"] or "no end") if row["scope"] else "",
            ", ".join([*row["agreed"], *(["a paper card"] if row["card"] else [])]),
            moment(row["time_ms"]),
        )
        for row in rows
    ]
    return table(("Receipt", "Reader", "Was", "Sees", "Until", "By", "Device's clock"), shown)


@readers_command.command("add")
@click.argument("code", nargs=-1, required=True)
@click.option("--scope", type=click.Choice(["summary", "ledger", "people"]), default="summary",
              show_default=True, help="Totals, every entry, or names too.")  # fmt: skip
@click.option("--until", default="", metavar="DAY",
              help="Last day, such as 2027-12-31; a year unless said; or never.")  # fmt: skip
@click.option("--name", default="", help="What the group calls the reader.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def add_command(
    asker: Asker, code: tuple[str, ...], scope: str, until: str, name: str, yes: bool, as_json: bool
) -> None:
    """Let the reader with this CODE (its MKREAD line) read, or change what it was given.

    An organisation shows its code with “mkutano reader code”. Officers agree as for a new phone.
    """
    import msgspec.structs

    asked = AddReaderRequest(
        group=asker.group, code="".join(code), scope=scope, until=until, name=name
    )
    tried = asker.ask("readers-add", msgspec.structs.replace(asked, dry_run=True))
    if not as_json:
        click.echo(_asks(tried))
    if scope == "people":
        sure_of_people(yes)
    if not as_json:
        sure("Ask the officers?" if tried["others_needed"] else "Do it?", yes)
    show(asker.ask("readers-add", asked), as_json, told)


def sure_of_people(yes: bool) -> None:
    """Names go out only when a person says so, or a program says --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            "--scope people gives the names and phone numbers of all members away. Say --yes as "
            "well, if the members agreed to that."
        )
    click.echo(paragraph(PEOPLE_WARNING), err=True)
    sure("They agreed?", yes=False)


def _asks(tried: dict[str, Any]) -> str:
    others = tried["others_needed"]
    who = f"{others} more officer{'s' * (others != 1)} must agree"
    if not others:
        who = "Nobody else has to agree: it holds at once"
    lines = [
        f"{tried['reader']} would see: {tried['sees']}.",
        f"It ends: {tried['until'] or 'never, unless officers end it'}.",
        f"Key of the reader: {tried['device'][:8]}. {who}.",
    ]
    if tried["elsewhere"]:
        lines.append(
            "! By its code it looks at other relays than the group's "
            f"({', '.join(tried['elsewhere'])}): tell it to follow there."
        )
    return "\n".join(paragraph(line, "  ") for line in lines)


@readers_command.command("end")
@click.argument("name", nargs=-1, required=True)
@click.option("--reason", default="", help="Why.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def end_command(asker: Asker, name: tuple[str, ...], reason: str, yes: bool, as_json: bool) -> None:
    """End what the reader called NAME may see, for good. Officers decide together.

    It gets nothing new from then on; what it read it has. At once, by one officer: mkutano suspend
    """
    said = " ".join(name)
    if not as_json:
        sure(f"Ask the officers to end what {said} may see?", yes)
    asked = EndReaderRequest(group=asker.group, reader=said, reason=reason)
    show(asker.ask("readers-end", asked), as_json, told)


@click.group("reader")
def reader_command() -> None:
    """For an organisation that reads: its code, which groups need to let it in."""


@reader_command.command("code")
@click.option(
    "--name", default="", help="What the groups should read; the phone's name unless said."
)
@click.option("--relay", "relays", multiple=True, metavar="ADDRESS", help="Where it looks.")
@click.option("--no-qr", is_flag=True, help="Only the text.")
@json_option
@click.pass_obj
def code_command(
    asker: Asker, name: str, relays: tuple[str, ...], no_qr: bool, as_json: bool
) -> None:
    """Show this device's reader code, as text and as a QR code. It is no secret.

    One leaflet serves all groups: with it officers let this device read what they decide.
    """
    answer = asker.ask("reader-code", ReaderCodeRequest(name=name, relays=relays))
    show(answer, as_json, lambda shown: _code(shown, not no_qr))


def _code(answer: dict[str, Any], with_qr: bool) -> str:
    from node.invitation import qr_for_terminal

    lines = [f"Reader code of {answer['name']}:", ""]
    if with_qr:
        narrow = paragraph("This screen is too narrow for the QR code. Copy the text instead.")
        lines.append(qr_for_terminal(answer["code"], screen_width()) or narrow)
    lines += [answer["code"], "", "An officer of a group types or scans it:"]
    lines.append("  mkutano readers add 'MKREAD:…'")
    lines.append(paragraph("Then here, once for each relay: mkutano follow ADDRESS"))
    return "\n".join(lines)


def readers_in_short(rows: list[dict[str, Any]]) -> str:
    """One line on who reads, for screens about other things; "" when nobody does."""
    now = [row for row in rows if row["state"] == "active"]
    if not now:
        return ""
    named = ", ".join(f"{row['name']} ({SHORT[row['scope']]}, {till(row['until'])})" for row in now)
    return paragraph(f"Readers: {named}. More: mkutano readers", "  ")
