"""Commands of an organisation that reads: which relays it looks at, which groups it reads there."""

from typing import Any

import click

from node.cli import Asker, json_option, show
from node.cli_screen import counted, paragraph, table
from node.following_views import FollowingRequest, UnfollowRequest
from node.reader_words import SHORT
from node.tables import moment


@click.command("follow")
@click.argument("address", required=False, default="")
@json_option
@click.pass_obj
def follow_command(asker: Asker, address: str, as_json: bool) -> None:
    """Look at the relay at ADDRESS for groups that let this device read; once is enough.

    Every group that lets it read there, now or later, is found without typing more. Without an
    ADDRESS: look at all followed relays now. “mkutano run” keeps looking.
    """
    from node.follow_exchanges import FollowRequest

    show(asker.ask("follow", FollowRequest(url=address)), as_json, _looked)


def _looked(answer: dict[str, Any]) -> str:
    return "\n".join(line for one in answer["relays"] for line in _at_one(one))


def _at_one(one: dict[str, Any]) -> list[str]:
    if one["fault"]:
        return [paragraph(f"! {one['name']}: {one['fault']}", "  ")]
    count = counted(one["groups"], "group")
    lets = "lets" if one["groups"] == 1 else "let"
    lines = [paragraph(f"{one['name']}: {count} {lets} this device read.")]
    lines += [paragraph(f"  New: {name}", "    ") for name in one["fresh"]]
    lines += [
        paragraph(f"  Ended: {name}. What was read stays here.", "    ") for name in one["ended"]
    ]
    lines += [
        paragraph(
            f"! More than one backup says that it is {name}. Nothing is taken from the later one. "
            "Compare the letters with the officers: mkutano following",
            "  ",
        )
        for name in one["double"]
    ]
    lines += [paragraph(f"! {sentence}", "  ") for sentence in dict.fromkeys(one["wrong"])]
    came = []
    if one["summaries"]:
        came.append(counted(one["summaries"], "signed summary", "signed summaries"))
    if one["changes"]:
        came.append(counted(one["changes"], "change"))
    if came or one["groups"]:
        lines.append(f"  Came: {' and '.join(came)}." if came else "  Nothing new came.")
    else:
        lines.append(
            paragraph(
                "No group there lets this device read yet. Show officers its code: mkutano reader "
                "code"
            )
        )
    lines.append(paragraph(f"  Number of the relay: {one['number']}", "    "))
    return lines


@click.command("following")
@click.argument("name", nargs=-1)
@json_option
@click.pass_obj
def following_command(asker: Asker, name: tuple[str, ...], as_json: bool) -> None:
    """The groups that this device reads, what of them, until when, and who stands behind it.

    With a group's NAME or letters: all that is known of that one. The figures: mkutano portfolio
    """
    asked = FollowingRequest(name=" ".join(name))
    show(asker.ask("following", asked), as_json, _one_by_one if name else _following)


_STATES = {"active": "reads", "ended": "ended", "left": "left", "double": "set aside"}


def _following(answer: dict[str, Any]) -> str:
    if not answer["relays"] and not answer["groups"]:
        return paragraph("This device follows no relay yet. Begin with: mkutano follow ADDRESS")
    parts = []
    if answer["groups"]:
        rows = [
            (
                one["name"],
                SHORT[one["scope"]],
                one["until"],
                _STATES[one["state"]] + (f" {one['ended_on']}" if one["ended_on"] else ""),
                one["newest"]["day"] if one["newest"] else "",
                one["newest"]["officers"] if one["newest"] else "",
                one["relay"],
                one["letters"],
            )
            for one in answer["groups"]
        ]
        heads = ("Group", "Sees", "Until", "It", "Sealed meeting", "Signed by", "At", "Letters")
        parts.append(table(heads, rows))
    else:
        parts.append("No group lets this device read yet.")
    for one in answer["groups"]:
        parts += [paragraph(f"! {sentence}", "  ") for sentence in one["alarms"]]
        parts += [paragraph(f"! {one['name']}: {fault}", "  ") for fault in one["faults"]]
        if one["state"] == "double":
            parts.append(paragraph(f"! {_double(one)}", "  "))
    parts += [_relay(one) for one in answer["relays"]]
    return "\n".join(parts)


def _double(one: dict[str, Any]) -> str:
    return (
        f"What has the letters {one['letters']} says that it is {one['name']}, and other phones "
        "write there. Nothing is taken from it. Officers see their letters with: mkutano readers"
    )


def _relay(one: dict[str, Any]) -> str:
    if one["fault"]:
        return paragraph(f"! {one['name']}: {one['fault']}", "  ")
    when = f"last looked at {moment(one['heard_ms'])} (UTC)" if one["heard_ms"] else "not reached"
    return paragraph(f"{one['name']}: {when}.")


def _one_by_one(answer: dict[str, Any]) -> str:
    return "\n\n".join(_in_full(one) for one in answer["groups"])


def _in_full(one: dict[str, Any]) -> str:
    until = f" until {one['until']}" if one["until"] else ""
    lines = [f"{one['name']} at {one['relay']}, letters {one['letters']}"]
    lines.append(f"This device sees {SHORT[one['scope']]}{until}; it {_STATES[one['state']]}.")
    newest = one["newest"]
    if newest:
        anew = f", closed for the {newest['revision']}. time" if newest["revision"] > 1 else ""
        lines.append(
            f"Newest sealed meeting: {newest['session']} of cycle {newest['cycle']}, on "
            f"{newest['day']}{anew}. {newest['signed_by']}"
        )
    lines += [one["waiting"]] if one["waiting"] else []
    lines += one["corrections"]
    if one["heard_ms"]:
        lines.append(f"Last heard {moment(one['heard_ms'])} (UTC).")
    lines += [f"! {sentence}" for sentence in (*one["alarms"], *one["faults"])]
    if one["state"] == "double":
        lines.append(f"! {_double(one)}")
    return "\n".join(paragraph(line, "  ") for line in lines)


@click.command("unfollow")
@click.argument("name", nargs=-1, required=True)
@json_option
@click.pass_obj
def unfollow_command(asker: Asker, name: tuple[str, ...], as_json: bool) -> None:
    """Look no more at the relay or group called NAME. A ledger that was read stays."""
    answer = asker.ask("unfollow", UnfollowRequest(name=" ".join(name)))
    show(answer, as_json, lambda told: paragraph(told["sentence"]))
