"""The command `mkutano`: what is asked in words, answered in tables, or in JSON with --json.

Commands are imported when they are called, so that `mkutano --help` is quick on a small phone.

Exit codes: 0 done · 1 refused, or differences found · 2 not understood as a command · 3 another
program holds the home · 4 the other phone can't be reached · 5 the home or its ledger is damaged ·
6 the phone is locked · 130 stopped by Ctrl-C.
"""

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from node import interpreter

T = TypeVar("T")

EXIT_REFUSED: Final = 1
EXIT_BUSY: Final = 3
EXIT_UNREACHABLE: Final = 4
EXIT_DAMAGED: Final = 5
EXIT_LOCKED: Final = 6

_EXIT_CODES: Final[Mapping[str, int]] = {
    "home_busy": EXIT_BUSY,
    "unreachable": EXIT_UNREACHABLE,
    "peer_gone": EXIT_UNREACHABLE,
    "connection_lost": EXIT_UNREACHABLE,
    "no_address": EXIT_UNREACHABLE,
    "relay_gone": EXIT_UNREACHABLE,
    "home_damaged": EXIT_DAMAGED,
    "store_damaged": EXIT_DAMAGED,
    "store_too_new": EXIT_DAMAGED,
    "store_failed": EXIT_DAMAGED,
    "storage_full": EXIT_DAMAGED,
    "home_too_new": EXIT_DAMAGED,
    "locked": EXIT_LOCKED,
    "wrong_pin": EXIT_LOCKED,
    "wait": EXIT_LOCKED,
}

_TOPICS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    # topic: name: (module, one line of help)
    "Every meeting": {
        "record": ("node.cli_record", "Record a payment, fine, loan, meeting …"),
        "book": ("node.cli_books", "Members, balances and what needs attention."),
        "passbook": ("node.cli_books", "One member's page."),
        "members": ("node.cli_books", "The members by number."),
        "findings": ("node.cli_books", "What needs a person's attention."),
        "proceedings": ("node.cli_deciding", "A meeting's keys, agenda, votes, tasks, minutes."),
        "seal": ("node.cli_seal", "Who signed a meeting's close; sign it, or check it."),
        "notices": ("node.cli_reports", "Messages to members that are due."),
    },
    "Officers who decide": {
        "decisions": ("node.cli_deciding", "What waits for officers, tasks, planned meetings."),
        "approve": ("node.cli_propose", "What waits for you and the others; agree to it."),
        "propose": ("node.cli_propose", "Ask the officers: revoke, enrol, quorum, officer …"),
        "officers": ("node.cli_officers", "Who decides, with which phones; what is lacking."),
        "cards": ("node.cli_cards", "The three paper cards: check, vote, replace, restore."),
        "readers": ("node.cli_readers", "Who outside sees what, until when; add one, end one."),
        "decline": ("node.cli_deciding", "Say no to a decision that waits."),
        "withdraw-approval": ("node.cli_deciding", "Take your own word back."),
        "ratify": ("node.cli_ratify", "What a stopped phone wrote: let it count, or not."),
        "resolve": ("node.cli_deciding", "Choose which of several entries is right."),
        "accept-late": ("node.cli_deciding", "Let in what came too late for its meeting."),
        "reject-late": ("node.cli_deciding", "Leave out what came too late for its meeting."),
        "constitution": ("node.cli_deciding", "The group's rules, and what would change."),
    },
    "Members and loans": {
        "statement": ("node.cli_reports", "A member's statement with running balances."),
        "member": ("node.cli_members", "Who a member is: roles, status, what is owed, consent."),
        "goals": ("node.cli_members", "What members and the group want to reach."),
        "loans": ("node.cli_loans", "What is outstanding, what a loan would cost, who is late."),
        "exit": ("node.cli_ending", "What a member who leaves would take along."),
    },
    "Money and the end of a cycle": {
        "funds": ("node.cli_funds", "Partners, funding, investments, payments, requests."),
        "import-statement": ("node.cli_funds", "Take over a provider's or bank's statement."),
        "reconcile": ("node.cli_funds", "Compare a pocket with its statement."),
        "shareout": ("node.cli_ending", "Work out, declare and pay the share-out of a cycle."),
        "dividend": ("node.cli_ending", "Work out and declare a dividend."),
        "rotations": ("node.cli_ending", "The merry-go-rounds."),
    },
    "Reports and proofs": {
        "report": ("node.cli_reports", "Reports: meeting, monthly, annual, member, loan, audit …"),
        "portfolio": ("node.cli_portfolio", "The groups that this device follows, with totals."),
        "audit": ("node.cli_books", "Every entry: who recorded what, when."),
        "journal": ("node.cli_books", "The journal for beancount, hledger or a spreadsheet."),
        "verify": ("node.cli_books", "Work everything out again from the signed changes."),
        "export": ("node.cli_books", "Hand the books over to other programs."),
    },
    "To begin": {
        "init": ("node.cli_setup", "Make this phone a Mkutano device."),
        "found": ("node.cli_found", "Found a group; this phone is its first device."),
        "invite": ("node.cli_invite", "Invite one more phone, with a text and QR code."),
        "admit": ("node.cli_invite", "Say whether a phone that you invited may come in."),
        "join": ("node.cli_join", "Use an invitation, and fetch the group's books."),
        "import": ("node.cli_record", "Take over a passbook sheet (.csv, .xlsx, .xls)."),
        "lock": ("node.cli_lock", "Lock this phone; set a PIN; encrypt the books."),
        "unlock": ("node.cli_lock", "Open this phone for a while with its PIN."),
        "demo": ("node.cli_setup", "Play a meeting of three phones on this machine."),
    },
    "For an organisation that reads": {
        "reader": ("node.cli_readers", "Show this device's reader code, for groups to let it in."),
        "follow": ("node.cli_follow", "Look at a relay for the groups that let this device read."),
        "following": ("node.cli_follow", "The groups that this device reads, and until when."),
        "unfollow": ("node.cli_follow", "Look no more at a relay or a group."),
    },
    "Cloud backup": {
        "cloud": ("node.cli_cloud", "Back up where nobody can read it; see and check that."),
        "relay": ("node.cli_cloud", "For operators: run a relay that keeps groups' backups."),
    },
    "Between phones": {
        "run": ("node.cli_setup", "Find the other phones and keep in step, until stopped."),
        "sync": ("node.cli_setup", "Exchange what is new with one phone, then stop."),
        "links": ("node.cli_setup", "Which phones are connected now, and what was refused."),
        "devices": ("node.cli_phones", "The group's phones: whose, what each may do and holds."),
        "suspend": ("node.cli_phones", "Stop a lost phone at once; --lift ends that."),
        "forks": ("node.cli_forks", "Phones restored from a backup, or copied: see and answer."),
        "groups": ("node.cli_join", "The groups of this phone, and what it is in each."),
        "status": ("node.cli_books", "Who holds the group's books, as they signed for."),
    },
}
_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    name: row for rows in _TOPICS.values() for name, row in rows.items()
}


class Lazy(click.Group):
    """A group of commands, each imported when it is first used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names by topic, those of every meeting first."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        module, _ = _COMMANDS[cmd_name]
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(module), f"{name}_command")
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; a misspelt one is answered with the nearest."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            from node.kinds import KINDS

            if name in KINDS:
                raise click.UsageError(f"Record it with: mkutano record {name}", ctx)
            raise click.exceptions.NoSuchCommand(name, possibilities=_COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        for topic, rows in _TOPICS.items():
            with formatter.section(topic):
                formatter.write_dl([(name, line) for name, (_, line) in rows.items()])


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"mkutano {version('mkutano')}")
        ctx.exit()


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 refused or differences, 2 not understood, 3 the home is in use, "
    "4 the other phone can't be reached, 5 the home is damaged, 6 the phone is locked.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="MKUTANO_HOME",
    default=lambda: Path.home() / ".mkutano",
    show_default="~/.mkutano",
    help="The folder of this phone's key and books.",
)
@click.option("--group", default="", help="Which group, when this phone holds several.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def cli(ctx: click.Context, home: Path, group: str) -> None:
    """The books of a village savings group, on every officer's phone.

    Begin with: mkutano init --name "Secretary's phone"
    """
    ctx.obj = Asker(home, group, ctx.get_parameter_source("home") is ParameterSource.COMMANDLINE)


class Asker:
    """Which home and group the commands are about."""

    def __init__(self, home: Path, group: str, home_was_typed: bool = False) -> None:
        self.home = home
        self.group = group
        self.program = f"mkutano --home {shlex.quote(str(home))}" if home_was_typed else "mkutano"
        """How the next command on this phone begins."""

    def ask(self, name: str, request: Any) -> dict[str, Any]:
        """The answer of this phone; NodeError with what is wrong."""
        from node.asking import ask

        return self.unlocking(lambda: ask(self.home, name, request))

    def unlocking(self, work: Callable[[], T]) -> T:
        """Do something with this phone; where it is locked and a person is here, with its PIN."""
        from node.errors import NodeError

        try:
            return work()
        except NodeError as error:
            if error.code != "locked":
                raise
            from node.cli_lock import unlocked_by_hand

            if not unlocked_by_hand(self.home):  # nobody is here to type the PIN
                raise
        return work()


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command answer for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(command)


class Whole(click.ParamType[int]):
    """A whole number within a range, refused in words that are no programmer's."""

    name = "number"

    def __init__(self, least: int = 0, most: int | None = None) -> None:
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that was typed."""
        text = str(value).strip()
        fits = text.isascii() and text.isdigit() and int(text) >= self.least
        if not fits or (self.most is not None and int(text) > self.most):
            most = f" to {self.most}" if self.most is not None else " upwards"
            self.fail(f"“{text}” is not a whole number from {self.least}{most}.", param, ctx)
        return int(text)


def code_of(text: str) -> str:
    """The code that a person means: "Came late" is came_late."""
    code = re.sub(r"[\s-]+", "_", text.strip().lower())
    if code and not re.fullmatch(r"[a-z0-9_]{1,32}", code):
        raise click.BadParameter(
            f"“{text}” can't be a code. A code has up to 32 letters and digits, such as late or "
            "stationery."
        )
    return code


def show(answer: Mapping[str, Any], as_json: bool, words: Callable[[Any], str]) -> None:
    """Print an answer for machines or for people."""
    text = json.dumps(answer, ensure_ascii=False, indent=1) if as_json else words(answer)
    click.echo(text.rstrip("\n"))


def main(arguments: list[str] | None = None) -> None:
    """Entry point: every refusal is one sentence on stderr, and an exit code."""
    interpreter.prepare()
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without “ or █ shows ? instead
    sys.exit(_run(arguments, "--json" in arguments))


def _run(arguments: list[str], as_json: bool) -> int:
    """The exit code."""
    from node.errors import NodeError

    try:
        left = cli.main(args=arguments, prog_name="mkutano", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        if as_json:
            _tell_machine("not_understood", error.format_message())
        error.show()
        _tell_where_it_belongs(error)
        return error.exit_code
    except NodeError as error:
        if as_json:
            _tell_machine(error.code, error.sentence)
        from node.cli_screen import paragraph

        click.echo(paragraph(error.sentence), err=True)
        return _EXIT_CODES.get(error.code, EXIT_REFUSED)
    except BrokenPipeError:
        _write_no_more()  # `mkutano audit | head`
        return EXIT_REFUSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sentence = f"This machine refused: {where}{error.strerror or error}."
        if as_json and error.filename:
            _tell_machine("machine_refused", sentence)
        click.echo(sentence, err=True)
        _write_no_more()
        return EXIT_REFUSED
    return left if isinstance(left, int) else 0  # what a command gave to ctx.exit


def _tell_machine(code: str, message: str) -> None:
    click.echo(json.dumps({"code": code, "message": message}, ensure_ascii=False))


def _tell_where_it_belongs(error: click.ClickException) -> None:
    """--home and --group stand before the command; whoever puts them behind it is told."""
    if isinstance(error, click.NoSuchOption) and error.option_name in ("--home", "--group"):
        option = error.option_name
        click.echo(f"Write {option} before the command: mkutano {option} … book", err=True)


def _write_no_more() -> None:
    """When standard output is gone or full, let Python not try it again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
