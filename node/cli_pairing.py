"""What both phones' screens show of a pairing, and how their owners are asked. Forty columns do."""

import sys
from typing import Any

import click

from node.cli import Whole
from node.cli_screen import paragraph
from node.errors import NodeError
from node.reader_words import granted
from replication.comparison import grouped

LABEL_CHARS = 9
YES_HELP = "Nobody answered here. Run the command where a person can type y or n."
MINUTES_MAX = 44_640


def facts(asked: dict[str, Any], side: str) -> str:
    """Group, who, as whom, which right, and the number: one line each."""
    you = "You are" if side == "joiner" else "It is"
    rows = [
        ("Group", asked["group_name"]),
        ("From", _inviter(asked)),
        (you, _guest(asked)),
        ("Office", asked["title"].replace("_", " ")),
        ("It may" if side == "inviter" else "You may", _may(asked)),
        ("Number", grouped(asked["number"])),
    ]
    if asked["others"]:
        officers = "1 more officer" if asked["others"] == 1 else f"{asked['others']} more officers"
        rows.append(("Needs", f"{officers} to agree"))
    lines = [f"{label:<{LABEL_CHARS}}{value}" for label, value in rows if value]
    return "\n".join(paragraph(line, " " * LABEL_CHARS) for line in lines)


def _inviter(asked: dict[str, Any]) -> str:
    offices = " and ".join(office.replace("_", " ") for office in asked["offices"])
    who = ", ".join(filter(None, (asked["inviter"], offices)))
    return f"{asked['inviter_phone']} ({who})" if who else asked["inviter_phone"]


def _guest(asked: dict[str, Any]) -> str:
    member = f"member {asked['member']}" if asked["member"] else ""
    name = asked["name"] or asked["member_name"]
    return ", ".join(filter(None, (name, member)))


def _may(asked: dict[str, Any]) -> str:
    if asked.get("scope"):
        return f"read {granted(asked['scope'], asked['until'])}"
    return "record and read" if asked["right"] == "write" else "read, not record"


def reads(told: dict[str, Any]) -> str:
    """What a phone may do, in a sentence about it."""
    if told.get("scope"):
        return f"may read {granted(told['scope'], told['until'])},"
    return "may record" if told["right"] == "write" else "may read"


def person_says(question: str, if_nobody: str, to_stderr: bool = False) -> bool:
    """A yes or no from whoever types; NodeError when nobody can. Ctrl-C is neither."""
    try:
        return click.confirm(question, default=False, err=to_stderr)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise NodeError(if_nobody, "not_answered") from None


def minutes_of(text: str) -> int:
    """Minutes as typed; 0 when nothing was."""
    return Whole(1, MINUTES_MAX).convert(text, None, None) if text else 0


def hours(minutes: int) -> str:
    """A length of time in words: 10 minutes, 24 hours, 3 days."""
    for size, noun in ((1440, "day"), (60, "hour")):
        if minutes % size == 0 and minutes > size:
            return f"{minutes // size} {noun}s"
    if minutes == 1440:
        return "24 hours"
    return "1 hour" if minutes == 60 else "1 minute" if minutes == 1 else f"{minutes} minutes"
