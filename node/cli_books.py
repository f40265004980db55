"""Commands that show the books: tables for people, JSON for machines."""

import base64
from pathlib import Path
from typing import Any

import click

from node.answers import GroupRequest
from node.cli import EXIT_REFUSED, Asker, json_option, show
from node.cli_erasing import erase_command, erased_command
from node.cli_readers import history_table, readers_in_short
from node.cli_screen import counted, paragraph, sentences, table
from node.errors import NodeError
from node.tables import amount, moment
from node.views import AuditRequest, JournalRequest, MemberRequest, NoRequest

_NO_MEMBERS = (
    'No members yet. Add one with: mkutano record member --name "Amina"\n'
    "or take over a passbook sheet: mkutano import SHEET.csv"
)


@click.command("book")
@json_option
@click.pass_obj
def book_command(asker: Asker, as_json: bool) -> None:
    """Members, balances and what needs attention."""
    show(asker.ask("book", GroupRequest(group=asker.group)), as_json, _book)


def _book(answer: dict[str, Any]) -> str:
    group = answer["group"]
    if group is None:
        return "This phone has not received the group's books yet. Sync with another phone."
    money = {"exponent": group["exponent"]}
    heads = ("No", "Name", "Shares", "Savings", "Loan", "Fines due", "Status")
    rows = [
        (
            row["number"],
            row["name"] or f"member {row['number']}",
            row["shares"],
            amount(money, row["savings"]),
            amount(money, row["outstanding_loan"]),
            amount(money, row["fines_due"]),
            "" if row["status"] == "active" else row["status"],
        )
        for row in answer["members"]
    ]
    cash = [(name, amount(money, minor)) for name, minor in answer["cash"].items()]
    met = answer["meeting"]
    parts = [
        paragraph(f"{group['name']} · amounts in {group['currency']}"),
        table(heads, rows) if rows else _NO_MEMBERS,
        table(("Money in", "Amount"), cash),
        _newest(met) if met else "No meeting yet.",
        sentences(answer["findings"]),
        paragraph(
            f"Digest {answer['digest'][:16]}, the same on every phone that holds the same entries."
        ),
    ]
    return "\n\n".join(parts)


def _newest(met: dict[str, Any]) -> str:
    state = "closed" if met["closed"] else "open"
    newest = f"Meeting {met['session']} of cycle {met['cycle']}, {met['held_on']}, is {state}."
    return paragraph(newest)


@click.group("members", invoke_without_command=True)
@json_option
@click.pass_context
def members_command(ctx: click.Context, as_json: bool) -> None:
    """The members by number; or erase one who must be forgotten."""
    asker: Asker = ctx.obj
    if ctx.invoked_subcommand is None:
        show(asker.ask("members", GroupRequest(group=asker.group)), as_json, _members)


members_command.add_command(erase_command)
members_command.add_command(erased_command)


def _members(answer: dict[str, Any]) -> str:
    rows = [
        (row["number"], row["name"], row["phone"], row["joined_on"], _state_of(row))
        for row in answer["members"]
    ]
    return table(("No", "Name", "Phone", "Joined", "Status"), rows) if rows else _NO_MEMBERS


def _state_of(row: dict[str, Any]) -> str:
    """What a member is now, in a word or two."""
    if row["merged_into"] is not None:
        return f"merged into {row['merged_into']}"
    if row["erased"]:
        return "erased"
    return "left" if row["exited"] else row["status"]


@click.command("passbook")
@click.argument("member")
@json_option
@click.pass_obj
def passbook_command(asker: Asker, member: str, as_json: bool) -> None:
    """One member's page. MEMBER is a number or a name."""
    asked = MemberRequest(group=asker.group, member=member)
    show(asker.ask("passbook", asked), as_json, _passbook)


def _passbook(answer: dict[str, Any]) -> str:
    figures = answer["member"]
    columns = {
        "savings_minor": "Saved",
        "social_minor": "Social",
        "fines_minor": "Fined",
        "fines_paid_minor": "Fines paid",
        "lent_minor": "Lent",
        "repaid_minor": "Repaid",
    }
    rows = [
        (
            f"{line['cycle']}/{line['session']}",
            line["held_on"],
            *(amount(answer, line[column]) if line[column] != 0 else "" for column in columns),
        )
        for line in answer["lines"]
    ]
    totals = (
        f"{figures['shares']} shares, {amount(answer, figures['savings'])} saved, "
        f"{amount(answer, figures['outstanding_loan'])} of loans to pay back, "
        f"{amount(answer, figures['fines_due'])} of fines to pay."
    )
    who = answer["name"] or f"member {figures['number']}"
    return (
        f"{figures['number']} {who} · amounts in {answer['currency']}\n\n"
        + table(("Meeting", "Date", *columns.values()), rows)
        + f"\n\n{paragraph(totals)}"
    )


@click.command("audit")
@click.option("--member", default="", help="Only what concerns this member (number or name).")
@json_option
@click.pass_obj
def audit_command(asker: Asker, member: str, as_json: bool) -> None:
    """Every entry: who recorded what, when."""
    show(asker.ask("audit", AuditRequest(group=asker.group, member=member)), as_json, _audit)


def _audit(answer: dict[str, Any]) -> str:
    grants = history_table(answer["readers"])
    if not answer["entries"]:
        return grants or "Nothing was recorded yet."
    all_count = all(row["status"] == "counted" for row in answer["entries"])
    rows = [
        (
            row["receipt"],
            f"{row['cycle']}/{row['session']}" if row["session"] else "",
            _WHAT.get(row["kind"]) or row["kind"].replace(".", " ").replace("_", " "),
            row["who"],
            "" if row["amount_minor"] is None else amount(answer, row["amount_minor"]),
            row["device_name"] or row["device"][:8],
            moment(row["time_ms"]),
            "" if all_count else _standing(row),
        )
        for row in answer["entries"]
    ]
    heads = ("Receipt", "Meeting", "What", "Who", "Amount", "Recorded on", "Device's clock",
             "Counts as")  # fmt: skip
    counting = ". Every entry counts." if all_count else ""
    above = paragraph(f"Amounts in {answer['currency']}, times in UTC{counting}")
    told = f"{above}\n\n{table(heads, rows)}"
    return f"{told}\n\nWho was let in to read:\n{grants}" if grants else told


_WHAT = {"person.sealed": "name and phone set"}
"""Kinds of entries whose own name would say nothing to a person."""


def _standing(row: dict[str, Any]) -> str:
    reasons = ", ".join(row["reasons"]).replace("_", " ")
    return f"{row['status']} ({reasons})" if reasons else str(row["status"])


@click.command("findings")
@json_option
@click.pass_obj
def findings_command(asker: Asker, as_json: bool) -> None:
    """What needs a person's attention."""
    answer = asker.ask("findings", GroupRequest(group=asker.group))
    show(answer, as_json, lambda shown: sentences(shown["findings"]))


@click.command("journal")
@click.option(
    "--format", "form", type=click.Choice(["beancount", "hledger", "csv"]), default="csv",
    show_default=True, help="For which program.",
)  # fmt: skip
@json_option
@click.pass_obj
def journal_command(asker: Asker, form: Any, as_json: bool) -> None:
    """The journal for beancount, hledger or a spreadsheet."""
    asked = JournalRequest(group=asker.group, format=form)
    show(asker.ask("journal", asked), as_json, lambda answer: answer["text"])


@click.command("status")
@json_option
@click.pass_obj
def status_command(asker: Asker, as_json: bool) -> None:
    """Who holds the group's books, as they signed for."""
    show(asker.ask("status", GroupRequest(group=asker.group)), as_json, _status)


def _status(answer: dict[str, Any]) -> str:
    holders = [paragraph(f" · {holder['sentence']}", "   ") for holder in answer["holders"]]
    reads = readers_in_short(answer["readers"])
    forgets = [paragraph(sentence) for sentence in answer["erasures"]]
    holders += [
        paragraph(f" ! {backup['name']}: {one['sentence']}", "   ")
        for backup in answer["backups"]
        for one in backup["wrong"]
    ]
    return "\n".join([paragraph(answer["sentence"]), *holders, *filter(None, [reads]), *forgets])


@click.command("verify")
@json_option
@click.pass_context
def verify_command(ctx: click.Context, as_json: bool) -> None:
    """Derive everything again from the signed changes and compare; exit 1 on any difference."""
    asker: Asker = ctx.obj
    answer = asker.ask("verify", NoRequest())
    show(answer, as_json, _verified)
    if not answer["ok"]:
        ctx.exit(EXIT_REFUSED)


def _verified(answer: dict[str, Any]) -> str:
    lines = []
    for group in answer["groups"]:
        changes = counted(group["changes"], "signed change")
        found = f"{group['name']}: {changes}, {counted(group['entries'], 'entry', 'entries')}"
        if not group["differences"]:
            lines.append(f"{found}. Everything is as it was signed.")
            continue
        lines.append(f"{found}. Differences:")
        lines += [paragraph(f" ! {one['sentence']}", "   ") for one in group["differences"]]
        lines.append(
            "Keep a copy of this folder, then make a new phone from an invitation: the other "
            "phones hold the entries."
        )
    return "\n".join(lines) or "This phone holds no group yet."


@click.group("export")
def export_command() -> None:
    """Hand the books over to other programs."""


@export_command.command("automerge", short_help="Write the group's document to FILE.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def export_automerge(asker: Asker, file: Path, as_json: bool) -> None:
    """Write the group's document to FILE; any Automerge opens it, JavaScript's included."""
    answer = asker.ask("automerge", GroupRequest(group=asker.group))
    document = base64.b64decode(answer["document"])
    try:
        file.write_bytes(document)
    except OSError as error:
        raise NodeError(f"{file} can't be written: {error.strerror}.", "cannot_write") from error
    told = {"file": str(file), "bytes": len(document), "heads": answer["heads"]}
    show(told, as_json, lambda _: f"{file}: {len(document):,} bytes.")
