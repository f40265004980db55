"""The command by which officers go through what a stopped phone wrote."""

import sys
from typing import Any

import click

from model.wording import KINDS
from node.cli import Asker, json_option, show
from node.cli_phones import told
from node.cli_propose import sure
from node.cli_screen import counted, paragraph, table
from node.desk import receipt_letters
from node.ratifying import NOTHING, RatifyRequest, SuspenseRequest
from node.tables import amount


@click.command("ratify")
@click.argument("words", nargs=-1, metavar="[PHONE] [ENTRY]...")
@click.option("--all", "every", is_flag=True, help="All of that phone that waits.")
@click.option("--reject", is_flag=True, help="It did not happen so: leave it out for good.")
@click.option("--decided", is_flag=True, help="Also list what was decided about before.")
@click.option("--reason", default="", help="Why.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def ratify_command(
    asker: Asker, /, words: tuple[str, ...], every: bool, reject: bool, **options: Any
) -> None:
    """List what stopped phones wrote, and say which of it counts.

    Without an ENTRY (its receipt) or --all it only lists. What you say counts when enough other
    officers agree: mkutano approve.
    """
    as_json = options["as_json"]
    shown = asker.ask("suspense", SuspenseRequest(group=asker.group, every=options["decided"]))
    entries, phone = _sorted_out(shown, words)
    if not entries and not every:
        if phone:
            asked = SuspenseRequest(group=asker.group, phone=phone, every=options["decided"])
            shown = asker.ask("suspense", asked)
        show(shown, as_json, _suspense)
        return
    if not as_json and sys.stdin.isatty():
        click.echo(_chosen(shown, phone, entries), err=True)
        sure(
            "Should this be left out for good?" if reject else "Should this count?", options["yes"]
        )
    request = RatifyRequest(
        group=asker.group,
        phone=phone,
        entries=entries,
        every=every,
        reject=reject,
        reason=options["reason"],
    )
    show(asker.ask("ratify", request), as_json, told)


def _sorted_out(shown: dict[str, Any], words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Receipts of entries, and what is left: the name of a phone."""
    receipts = {
        receipt_letters(row["receipt"]) for one in shown["phones"] for row in one["entries"]
    }
    entries = tuple(word for word in words if _is_receipt(word, receipts))
    return entries, " ".join(word for word in words if word not in entries)


def _is_receipt(word: str, known: set[str]) -> bool:
    letters = receipt_letters(word)
    return letters in known or (len(letters) == 10 and any(map(str.isdigit, letters)))


def _chosen(shown: dict[str, Any], phone: str, entries: tuple[str, ...]) -> str:
    """The entries that a verdict would be about."""
    wanted = {receipt_letters(word) for word in entries}
    parts = []
    for one in shown["phones"]:
        rows = [
            row
            for row in one["entries"]
            if row["verdict"] == "waits"
            and (not wanted or receipt_letters(row["receipt"]) in wanted)
        ]
        if rows:
            parts.append(_rows(shown, rows))
    return "\n".join(parts) or paragraph(NOTHING)


def _suspense(answer: dict[str, Any]) -> str:
    if not answer["phones"]:
        return paragraph(NOTHING)
    return "\n\n".join(_phone(answer, one) for one in answer["phones"])


def _phone(answer: dict[str, Any], one: dict[str, Any]) -> str:
    """A stopped phone: what waits in sum, entry by entry, and what to type."""
    cash = [
        f"{answer['currency']} {amount(answer, one[key])} {how}"
        for key, how in (("received_minor", "received"), ("paid_out_minor", "paid out"))
        if one[key]
    ]
    waits = counted(one["waiting"], "entry waits", "entries wait")
    in_sum = f": {', '.join(cash)}" if cash else ""
    lines = [paragraph(f"{one['called']}: {waits}{in_sum}.")]
    lines.append(_rows(answer, one["entries"]))
    if one["unfollowed"]:
        more = counted(one["unfollowed"], "entry", "entries")
        lines.append(paragraph(f"{more} more of a flood are kept and not listed."))
    for asked in one["asked"]:
        verb = "count" if asked["kind"] == "suspense.ratified" else "be left out"
        told_of = counted(asked["count"], "entry", "entries")
        lines.append(
            paragraph(
                f"An officer wants {told_of} to {verb}. To agree: mkutano approve "
                f"{asked['receipt']}",
                "  ",
            )
        )
    if one["waiting"]:
        typed = one["typed"]
        lines.append(paragraph(f"To let all of it count: mkutano ratify {typed} --all", "  "))
        lines.append(
            paragraph("Single entries: mkutano ratify ENTRY …; add --reject to leave out", "  ")
        )
    return "\n".join(lines)


def _rows(answer: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    return table(
        ("Entry", "What", "Of", "Cash", "Meeting", "Remark"),
        [
            (
                row["receipt"],
                KINDS.get(row["kind"], row["kind"].replace(".", " ").replace("_", " ")),
                row["who"],
                _cash(answer, row),
                f"{row['cycle']}/{row['session']}" if row["session"] else "",
                _remark(row),
            )
            for row in rows
        ],
    )


def _cash(answer: dict[str, Any], row: dict[str, Any]) -> str:
    if row["cash_minor"]:
        return amount(answer, row["cash_minor"])
    return amount(answer, row["amount_minor"]) if row["amount_minor"] else ""


def _remark(row: dict[str, Any]) -> str:
    if row["verdict"] in ("ratified", "rejected"):
        return str(row["verdict"])
    if row["verdict"] == "waits" and not row["can_be_ratified"]:
        return "to be decided anew"
    resting = row["resting"]
    return f"{counted(resting, 'entry rests', 'entries rest')} on it" if resting else ""
