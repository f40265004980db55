"""Commands of the phone that invites: the invitation, its QR code, and letting the other phone in.

An invitation is a secret that works once: whoever reads it first may use it, and the text says so.
Without a camera two people compare six digits. What a phone asks for is shown before it gets it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_found import TITLES
from node.cli_pairing import YES_HELP, facts, hours, minutes_of, person_says, reads
from node.cli_phones import MAY
from node.cli_readers import sure_of_people
from node.cli_screen import paragraph, screen_width, table
from node.cli_setup import not_started
from node.errors import NodeError
from node.joining import must_agree
from node.reader_words import SHORT, till
from node.tables import moment

if TYPE_CHECKING:
    from node.conversing import Conversation

LOOK_S = 20.0  # one look at what waits; then again
OF_ONE_CALL = frozenset(
    {"not_admitted", "declined", "not_same", "not_answered", "nothing_asked", "no_such_pairing"}
    | {"peer_gone", "peer_refused"}
)
"""Ends of one phone's call, after which another may come."""

reach_options = [
    click.option("--host", default="", envvar="MKUTANO_HOST",
                 help="One IP address of this phone to answer at, unless “mkutano run” is on."),
    click.option("--port", default=0, type=Whole(0, 65535), help="Port to answer at, likewise."),
]  # fmt: skip


def reachable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where this phone answers when nothing else runs on it."""
    for option in reversed(reach_options):
        command = option(command)
    return command


@click.command("invite")
@click.option("--read-only", is_flag=True, help="The phone sees the books and records nothing.")
@click.option("--reader", is_flag=True, help="For somebody outside, who reads until a day.")
@click.option("--scope", type=click.Choice(["summary", "ledger", "people"]), default="summary",
              show_default=True, help="What a reader sees: totals, entries, names.")  # fmt: skip
@click.option("--until", default="", metavar="DAY",
              help="A reader's last day; a year unless said; or never.")  # fmt: skip
@click.option("--yes", is_flag=True, help="A reader may see names: don't ask again.")
@click.option("--name", default="", help="Whom it is for; the other phone shows it.")
@click.option("--title", type=click.Choice(TITLES), help="The office that its owner holds.")
@click.option("--member", default=0, type=Whole(), help="Its owner's member number.")
@click.option("--phone-of", default="", metavar="PHONE",
              help="One more phone for its owner; they vote as one person.")  # fmt: skip
@click.option("--confirm", is_flag=True, help="Ask here before the phone is let in.")
@click.option("--numbers", is_flag=True, help="Without a camera: both screens show six digits.")
@click.option("--expires", default="", metavar="MINUTES",
              help="How long it is good; a day, by numbers ten minutes.")  # fmt: skip
@click.option("--address", "addresses", multiple=True, help="HOST:PORT of this phone.")
@click.option("--list", "wants_list", is_flag=True, help="Show the invitations made here.")
@click.option("--withdraw", default="", metavar="NUMBER", help="Make an unused one worthless.")
@click.option("--no-qr", is_flag=True, help="Only the text.")
@reachable
@json_option
@click.pass_obj
def invite_command(asker: Asker, /, wants_list: bool, withdraw: str, **options: Any) -> None:
    """Make an invitation for one more phone, as text and as a QR code. It works once.

    The other phone shows which group it is, as whom and with which right before it joins. With
    --confirm or --numbers this phone waits for it and asks you first.
    """
    from node.pairing_exchanges import InviteRequest, WithdrawRequest

    as_json = options["as_json"]
    if wants_list:
        answer = asker.ask("invitations", GroupRequest(group=asker.group))
        show(answer, as_json, _invitations)
        return
    if withdraw:
        asked = WithdrawRequest(group=asker.group, invitation=_number(withdraw))
        show(asker.ask("withdraw", asked), as_json, lambda _: "The invitation is worthless now.")
        return
    scope: Any = options["scope"] if options["reader"] else ""
    if scope == "people":
        sure_of_people(options["yes"])
    request = InviteRequest(
        group=asker.group,
        right="read" if options["read_only"] else "write",
        scope=scope,
        until=options["until"],
        name=options["name"],
        title=options["title"],
        member=options["member"],
        phone_of=options["phone_of"],
        addresses=options["addresses"],
        way="numbers" if options["numbers"] else "secret",
        confirm=options["confirm"],
        expires_minutes=minutes_of(options["expires"]),
    )
    if as_json or not (request.confirm or request.way == "numbers"):
        answer = asker.ask("invite", request)
        show(answer, as_json, lambda told: _invitation(asker, told, not options["no_qr"]))
        return
    with _conversation(asker, options) as talk:
        told = talk.ask("invite", request)
        click.echo(_invitation(asker, told, not options["no_qr"]))
        _wait_and_admit(asker, talk, told["invitation"])


def _conversation(asker: Asker, options: dict[str, Any]) -> "Conversation":
    """This phone, open to others' calls while the command lasts."""
    from node.conversing import Conversation
    from node.running import Options

    reach = Options(options["port"], options["host"])
    try:
        return asker.unlocking(lambda: Conversation.begin(asker.home, reach))
    except OSError as error:
        raise not_started(error) from error


def _number(text: str) -> str:
    number = text.strip().lower()
    if len(number) != 16 or any(letter not in "0123456789abcdef" for letter in number):
        raise click.BadParameter("An invitation's number has 16 letters; see invite --list.")
    return number


# What is shown of an invitation


def _invitation(asker: Asker, told: dict[str, Any], with_qr: bool) -> str:
    by_numbers = told["way"] == "numbers"
    lines = _by_numbers(told) if by_numbers else _by_secret(told, with_qr)
    good_for = hours(told["expires_minutes"])
    lines.append(
        paragraph(f"Good once, for {good_for} by this phone's clock. Three wrong tries burn it.")
    )
    if told["others"]:
        agree = must_agree(told["others"])
        lines.append(paragraph(f"Before the phone gets any books, {agree}"))
    if told["right"] == "write" and not told["title"]:
        lines.append(
            paragraph(
                "It gives no office, and without one that phone can record nothing. Invite with "
                "--title treasurer, or give the office later with “mkutano record officer”."
            )
        )
    lines.append(
        paragraph(f"To withdraw it: {asker.program} invite --withdraw {told['invitation']}")
    )
    return "\n".join(lines)


def _by_secret(told: dict[str, Any], with_qr: bool) -> list[str]:
    from node.invitation import qr_for_terminal

    may = reads(told)
    lines = [paragraph(f"For one phone that {may} in {told['group_name']}. Keep it from others.")]
    lines.append("")
    if with_qr:
        lines.append(qr_for_terminal(told["uri"], screen_width()) or paragraph(_TOO_NARROW))
    lines += [told["uri"], "", "On the other phone, with the line above:"]
    lines.append("  mkutano join 'MKUTANO:…'")
    if told["addresses"]:
        lines.append(paragraph(f"It calls this phone at {', '.join(told['addresses'])}."))
    else:
        lines.append(
            paragraph(
                "Start “mkutano run” here first, so that the other phone can reach this one; the "
                "invitation then carries the address."
            )
        )
    return lines


def _by_numbers(told: dict[str, Any]) -> list[str]:
    may = reads(told)
    lines = [paragraph(f"One phone that {may} in {told['group_name']} may call now."), ""]
    lines.append("On the other phone:")
    lines += [f"  mkutano join --numbers {address}" for address in told["addresses"]]
    lines.append(paragraph("Both screens then show six digits. Compare them before you say yes."))
    return lines


_TOO_NARROW = "This screen is too narrow for the QR code. Copy the text instead."


def _invitations(answer: dict[str, Any]) -> str:
    if not answer["invitations"]:
        return "No invitation was made here."
    rows = [
        (
            row["invitation"],
            {"open": "not used yet"}.get(row["state"], row["state"]),
            _does(row),
            row["title"].replace("_", " "),
            row["name"],
            moment(row["made_ms"]),
            moment(row["expires_ms"]) if row["state"] == "open" else "",
        )
        for row in answer["invitations"]
    ]
    heads = ("Number", "State", "Its phone", "Office", "For", "Made (UTC)", "Good until (UTC)")
    return table(heads, rows)


def _does(row: dict[str, Any]) -> str:
    """What the phone that is invited will do, in a word or two."""
    if row["scope"]:
        return f"reads {SHORT[row['scope']]} {till(row['until'])}"
    return str(MAY.get(row["right"], row["right"]))


# Letting in


@click.command("admit")
@click.option("--yes", "yes", default="", metavar="PAIRING", help="Let it in, without asking.")
@click.option("--no", "no", default="", metavar="PAIRING", help="Turn it away, without asking.")
@reachable
@json_option
@click.pass_obj
def admit_command(asker: Asker, /, yes: str, no: str, as_json: bool, **options: Any) -> None:
    """Wait for a phone that was invited with --confirm or --numbers, and say whether it comes in.

    With --json it only tells which phones ask now; --yes and --no answer one of them by its number.
    """
    from node.pairing_exchanges import AnswerRequest, PairingsRequest

    if yes or no:
        answer = asker.ask("answer", AnswerRequest(pairing=_pairing(yes or no), yes=bool(yes)))
        show(answer, as_json, let_in)
        return
    if as_json:
        show(asker.ask("pairings", PairingsRequest()), as_json, str)
        return
    with _conversation(asker, options) as talk:
        _wait_and_admit(asker, talk, "")


def _pairing(text: str) -> str:
    number = text.strip().lower()
    if len(number) != 8 or any(letter not in "0123456789abcdef" for letter in number):
        raise click.BadParameter("A pairing's number has 8 letters; see admit --json.")
    return number


def _wait_and_admit(asker: Asker, talk: "Conversation", invitation: str) -> None:
    """Ask about each phone that calls, until one is in or the invitation is over."""
    from node.pairing_exchanges import PairingsRequest

    click.echo(
        paragraph(
            "Waiting for the other phone. Ctrl-C stops waiting; go on later with: "
            f"{asker.program} admit"
        )
    )
    while not (over := _over(asker, talk, invitation)):
        asking = talk.ask("pairings", PairingsRequest(seconds=LOOK_S))["pairings"]
        if asking and _admitted(talk, asking[0]):
            return
    raise NodeError(over, "invitation_over")


def _admitted(talk: "Conversation", asked: dict[str, Any]) -> bool:
    """Ask this phone's owner about one phone; whether it was let in."""
    from node.pairing_exchanges import AnswerRequest

    click.echo("")
    click.echo(paragraph(f"{asked['phone']} asks to be let in."))
    click.echo(facts(asked, "inviter"))
    click.echo(paragraph("Look at its screen: the number must be the same there."))
    yes = person_says("Let this phone in?", YES_HELP)
    try:
        answer = talk.ask("answer", AnswerRequest(pairing=asked["pairing"], yes=yes))
    except NodeError as error:
        if error.code not in OF_ONE_CALL:
            raise
        click.echo(paragraph(error.sentence))
        return False
    click.echo(let_in(answer))
    return True


def let_in(answer: dict[str, Any]) -> str:
    """How it ended, for the owner of the phone that invited."""
    phone, group = answer["phone"], answer["group_name"]
    if answer["state"] == "waiting":
        agree = must_agree(answer["others"])
        return paragraph(f"{phone} is proposed for {group}. Before it gets any books, {agree}")
    books = " and holds the books" if answer.get("synced") else ""
    return paragraph(f"{phone} is in {group} now{books}.")


_OVER = {
    "expired": "Nobody came in time, and the invitation has expired. Make a new one.",
    "burned": "The invitation is burned: there were three wrong tries. If they were not yours, "
    "somebody on this network tried. Make a new one, best with a QR code.",
    "withdrawn": "The invitation was withdrawn.",
    "used": "The invitation was used.",
}


def _over(asker: Asker, talk: "Conversation", invitation: str) -> str:
    """Why it is of no use to wait on; "" while it is."""
    if not invitation:
        return ""
    rows = talk.ask("invitations", GroupRequest(group=asker.group))["invitations"]
    state = next((row["state"] for row in rows if row["invitation"] == invitation), "withdrawn")
    return _OVER.get(state, "")
