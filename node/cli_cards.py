"""The three paper cards on the screen: printed once, checked, typed for a vote, and for restoring.

Rule: words are typed where nobody sees them, or read from a file; never from the command line,
which other programs can read. What a card is typed for is shown before it is asked for.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_screen import counted, paragraph
from node.errors import CommandRefused, NodeError
from node.private_file import FILE_MODE
from node.tables import moment

if TYPE_CHECKING:
    from node.card_exchanges import RestoreRequest

_PAGES_A_ROUND: Final = 8
"""Replies of up to 512 KiB between two lines that say how far a long download is."""
_FILE_BYTES_MAX: Final = 4_096
_ASKED: Final = ("The first card's twelve words", "The second card's", "The third card's")
_RESTORE, _CHECK, _REPLACE = "restore", "check", "replace"

cards_to_option = click.option(
    "--cards-to", default="", metavar="FILE",
    help="Write the cards to FILE for printing (.html or text) instead of the screen.",
)  # fmt: skip


@click.command("cards")
@click.option("--vote", "vote", default="", metavar="CODE", help="Let a card vote for a proposal.")
@click.option("--check", "what", flag_value=_CHECK, help="See which card of the group one is.")
@click.option("--replace", "what", flag_value=_REPLACE, help="Make three new cards.")
@click.option("--restore", "what", flag_value=_RESTORE,
              help="On a new phone, when all officers' phones are gone.")  # fmt: skip
@click.option("--address", default="", help="HOST:PORT of a phone that holds the books.")
@click.option("--from", "copy", default="", metavar="FOLDER", help="A copy of an old phone's home.")
@click.option("--relay", default="", metavar="ADDRESS", help="The group's cloud backup.")
@click.option("--as", "officer", default="", metavar="OFFICE", help="Who goes on with this phone.")
@click.option("--third", is_flag=True, help="Restore with all three, where an officer objected.")
@click.option("--words", default="", metavar="FILE",
              help="Read the words from FILE, one card a line; - is standard input.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Ask nothing.")
@cards_to_option
@json_option
@click.pass_obj
def cards_command(
    asker: Asker, /, vote: str, what: str | None, words: str, as_json: bool, **options: Any
) -> None:
    """How the group's three paper cards stand; or use one.

    A card is one vote on paper: it stands in for one missing officer. Any two cards let a new phone
    go on when the phones of all officers are gone. Cards are typed in a meeting, with everybody
    looking on, and replaced afterwards.
    """
    if bool(vote) + bool(what) > 1:
        raise click.UsageError("Ask for one thing at a time.")
    if vote:
        _vote(asker, vote, words, bool(options["yes"]), as_json)
    elif what == _CHECK:
        _check(asker, words, as_json)
    elif what == _REPLACE:
        _replace(asker, str(options["cards_to"]), as_json)
    elif what == _RESTORE:
        _restore(asker, words, options, as_json)
    else:
        show(asker.ask("cards", GroupRequest(group=asker.group)), as_json, _status)


def _status(told: Mapping[str, Any]) -> str:
    lines = []
    if told["made"]:
        when = f"{told['group_name']} has three paper cards, made on {moment(told['since_ms'])}"
        lines.append(f"{when} (UTC) with {told['by']}.")
    for use in told["uses"]:
        did = "helped to restore the officers" if use["restored"] else "voted"
        lines.append(
            f"Card {use['number']} {did} on {moment(use['time_ms'])}, typed on {use['phone']}."
        )
    if told["made"] and not told["uses"]:
        lines.append("None of them was used. Look now and then whether their holders have them.")
    for one in told["waiting"]:
        lines.append(
            f"{one['by']} asks to replace the cards; {counted(one['missing'], 'officer')} must "
            f"still agree: mkutano approve {one['code']}"
        )
    lines.append(told["advice"] or "See which card one is with: mkutano cards --check")
    return "\n".join(paragraph(line, "") for line in lines)


def _check(asker: Asker, words: str, as_json: bool) -> None:
    from node.card_exchanges import CardCheckRequest

    (typed,) = _typed(words, ("The card's twelve words",))
    answer = asker.ask("card-check", CardCheckRequest(group=asker.group, card=typed))
    show(
        answer,
        as_json,
        lambda told: paragraph(
            f"This is card {told['number']} of {told['group_name']}, and it is in force. Nothing "
            "was recorded."
        ),
    )


def _vote(asker: Asker, code: str, words: str, yes: bool, as_json: bool) -> None:
    from node.card_exchanges import CardQuestion, CardVoteRequest

    asked = asker.ask("card-question", CardQuestion(group=asker.group, proposal=code))
    if not as_json:
        click.echo(paragraph(f"This card would vote for: {'; '.join(asked['what'])}."), err=True)
    if not yes and _somebody_is_here() and not click.confirm("Type a card for that?", err=True):
        raise CommandRefused("No card was typed, and nothing was recorded.", "declined")
    (typed,) = _typed(words, ("The card's twelve words",))
    request = CardVoteRequest(group=asker.group, proposal=code, card=typed)
    show(asker.ask("card-vote", request), as_json, _recorded)


def _replace(asker: Asker, cards_to: str, as_json: bool) -> None:
    with page_for(cards_to) as page:
        answer = asker.ask("cards-replace", GroupRequest(group=asker.group))
        page.keep(answer)
    show(answer, as_json, lambda told: f"{page.words(told)}\n\n{_recorded(told)}")


def _recorded(told: Mapping[str, Any]) -> str:
    return f"{paragraph(told['sentence'])}\nReceipt {told['receipt']}"


def _restore(asker: Asker, words: str, options: Mapping[str, Any], as_json: bool) -> None:
    from node.card_exchanges import RestoreRequest

    first, second, *third = _typed(words, _ASKED[: 3 if options["third"] else 2])
    where = str(Path(options["copy"]).absolute()) if options["copy"] else ""
    request = RestoreRequest(
        first=first,
        second=second,
        third="".join(third),
        address=options["address"],
        copy=where,
        relay=options["relay"],
        pages_max=_PAGES_A_ROUND if options["relay"] else 0,
    )
    told = _fetched(asker, request)
    officer = options["officer"]
    if not as_json:
        click.echo(_books(told), err=True)
    if not officer:
        if not _somebody_is_here():
            raise CommandRefused("Say who goes on with this phone: --as OFFICE", "which_officer")
        officer = click.prompt("Who are you? Type the number", err=True)
    if not options["yes"]:
        _confirm(told, _called(told, officer))
    from msgspec.structs import replace

    answer = _fetched(asker, replace(request, officer=officer))
    show(answer, as_json, _restored)


def _fetched(asker: Asker, request: "RestoreRequest") -> dict[str, Any]:
    """The books, or what was restored; of a long download it is told how far it is."""
    while True:
        told = asker.ask("restore", request)
        if told["state"] != "fetching":
            return told
        done, total = told["entries_read"], told["entries_there"]
        click.echo(paragraph(f"{done:,} of {total:,} pieces of the books are here …"), err=True)


def _books(told: Mapping[str, Any]) -> str:
    last = f", last meeting {told['last_meeting']}" if told["last_meeting"] else ""
    lines = [f"The books of {told['group_name']}: {counted(told['members'], 'member')}{last}."]
    if "named" in told:
        lines.append(_named(told))
    lines += [f"  {one['number']} {one['called']}" for one in told["officers"]]
    return "\n".join(lines)


def _named(told: Mapping[str, Any]) -> str:
    """How many names the cloud backup had keys for."""
    if told["named"] == told["members"]:
        return "All names are here."
    return paragraph(
        f"Of {counted(told['members'], 'member')} {told['named']} have a name here; the others are "
        "numbers. Write the names down again: mkutano record details"
    )


def _called(told: Mapping[str, Any], said: str) -> str:
    """The officer of a number in the list that was shown; or what was typed, as it is."""
    for one in told["officers"]:
        if said.strip() == str(one["number"]):
            return str(one["called"])
    return said


def _confirm(told: Mapping[str, Any], called: str) -> None:
    if not _somebody_is_here():
        raise CommandRefused(
            "Nobody is here to be asked. If it is meant, say it again with --yes.", "not_asked"
        )
    question = (
        f"This phone becomes the only officers' phone of {told['group_name']}, that of {called}. "
        "The phones of all officers are shut out. Is everybody agreed?"
    )
    if not click.confirm(paragraph(question), err=True):
        raise CommandRefused("Nothing was signed.", "declined")


def _restored(told: Mapping[str, Any]) -> str:
    lines: tuple[str, ...] = (
        f"This phone is the officers' phone of {told['group_name']} now; it is that of "
        f"{told['officer']}. All other officers' phones are shut out.",
        "Next, while everybody is here:",
        "1. Let in the other officers' new phones, each as a phone of the same officer: mkutano "
        "invite --phone-of OFFICE, such as treasurer",
        "2. Make new cards, for these two have been seen: mkutano cards --replace",
        "3. Look at the books: mkutano book, mkutano findings",
    )
    if "backed_up" in told:
        lines += (_BACKED_UP if told["backed_up"] else _NOT_BACKED_UP,)
    return "\n".join(paragraph(line, "   ") for line in lines)


_BACKED_UP: Final = "Everything is at the cloud backup again, under new keys."
_NOT_BACKED_UP: Final = "The cloud backup has not confirmed everything yet. See: mkutano cloud"


# Typing


def _typed(words: str, asked: tuple[str, ...]) -> list[str]:
    """The words of so many cards: typed unseen, or a line each from a file."""
    if words:
        lines = [line for line in _read(words).splitlines() if line.strip()]
        if len(lines) != len(asked):
            raise CommandRefused(
                f"{words} has {counted(len(lines), 'line')}, and {counted(len(asked), 'card')} "
                "must stand in it, one a line.",
                "card_words",
            )
        return lines
    if not _somebody_is_here():
        raise CommandRefused(
            "Nobody is here to type a card. Put its words into a file and name it with --words.",
            "nobody_here",
        )
    return [click.prompt(question, hide_input=True, err=True) for question in asked]


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read(_FILE_BYTES_MAX)
        with open(name, encoding="utf-8", errors="replace") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise NodeError(f"{name} can't be read: {error.strerror}.", "cannot_read") from error


def _somebody_is_here() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


# Printing


class Page:
    """Where new cards are printed to: the screen, or a file that nobody else can read."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self._number = number
        """Of the opened file, for the system; -1: the screen."""
        self.is_kept = False
        """Whether the cards are in the file, and need not be shown."""

    def keep(self, answer: dict[str, Any]) -> None:
        """Write the cards in an answer, and take them out of it.

        A file that can't take them leaves them to the screen.
        """
        if self._number < 0 or not answer["cards"]:
            return
        from node.card_page import page_of

        try:
            content = page_of(_cards(answer), self.name).encode()
            while content:
                content = content[os.write(self._number, content) :]
            os.fsync(self._number)
        except OSError:
            return
        self.is_kept = True
        answer["cards"] = []

    def words(self, answer: Mapping[str, Any]) -> str:
        """What the screen says of the cards: themselves, or where they are."""
        if self.is_kept:
            return paragraph(
                f"The three paper cards are in {self.name}. Print them, then delete the file: this "
                "phone keeps no other copy. Give each card to a member who is no officer."
            )
        from node.card_page import text_page

        failed = f"{self.name} could not be written.\n" if self.name else ""
        told = paragraph(
            "THE THREE PAPER CARDS. They are shown this once, and this phone keeps no copy. Write "
            "each down on a paper of its own now; then clear the screen. Give each to a member who "
            "is no officer."
        )
        return f"{failed}{told}\n\n{text_page(_cards(answer))}"


@contextlib.contextmanager
def page_for(name: str) -> Iterator[Page]:
    """A file for cards, opened before there are any, so that none are made that nobody gets.

    NodeError when it can't be written or is there already. Where no cards came, the file goes.
    """
    if not name:
        yield Page("", -1)
        return
    try:
        number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    except FileExistsError:
        raise NodeError(f"{name} is there already. Name a new file.", "file_exists") from None
    except OSError as error:
        raise NodeError(f"{name} can't be written: {error.strerror}.", "cannot_write") from error
    page = Page(name, number)
    try:
        yield page
    finally:
        os.close(number)
        if not page.is_kept:
            with contextlib.suppress(OSError):
                os.unlink(name)


def _cards(answer: Mapping[str, Any]) -> Any:
    from node.card_page import Card

    return [
        Card(one["number"], one["group_name"], one["group"], one["made_on"], tuple(one["words"]))
        for one in answer["cards"]
    ]
