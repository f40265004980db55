"""Commands that record: one entry at a time, or a whole passbook sheet."""

from pathlib import Path
from typing import Any

import click

from node.cli import Asker, Whole, code_of, json_option, show
from node.cli_screen import counted, paragraph
from node.records import KINDS, TYPED_AS, ImportRequest, RecordRequest

_OR = {
    "contribution": " and --amount or --shares",
    "fine": " and --code or --amount",
}
"""What else a kind needs, where one thing or another will do."""


def _kind_lines() -> str:
    """What can be recorded, and what each kind needs, within 80 columns."""
    lines = []
    for name, kind in KINDS.items():
        needs = " ".join(f"--{TYPED_AS.get(field, field)}" for field in kind.needs)
        lines.append(f"  {name:<16} {kind.summary}")
        lines += [f"  {'':<16}   needs {needs}{_OR.get(name, '')}"] if needs else []
    return "\n".join(lines)


class KindOfRecord(click.Choice[str]):
    """One of the kinds; a misspelt one is answered with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What to type instead."""
        from difflib import get_close_matches

        near = get_close_matches(str(value), KINDS, 3)
        if near:
            return f"“{value}” is not one of them. Did you mean {' or '.join(near)}?"
        return f"“{value}” is not one of: {', '.join(KINDS)}."


@click.command(
    "record",
    help=f"Record one fact of a meeting; prints the receipt.\n\n\b\nKINDS\n{_kind_lines()}\n\n"
    "Amounts are typed as people write them: 1,500 or 1500.50. Example:\n\n"
    "    mkutano record contribution --member 7 --amount 500",
)
@click.argument("kind", type=KindOfRecord(list(KINDS)), metavar="KIND")
@click.option("--member", default="", help="Number or name.")
@click.option("--amount", default="", help="In the group's currency, such as 1,500.")
@click.option("--shares", default=0, type=Whole(), help="How many shares.")
@click.option("--code", default="", help="Code of a fine, or category of an expense.")
@click.option("--reason", "--purpose", "reason", default="", help="Why.")
@click.option("--status", default="", help="present, late, absent … or active, suspended.")
@click.option("--title", default="", help="Office: chairperson, secretary, treasurer …")
@click.option("--name", default="", help="A member's name.")
@click.option("--phone", default="", help="A member's phone.")
@click.option("--number", default=0, type=Whole(), help="A new member's number.")
@click.option("--periods", default=0, type=Whole(), help="How long a loan runs.")
@click.option("--loan", default="", help="Receipt of the loan, when there are several.")
@click.option("--receipt", default="", help="Receipt of the entry that is taken back.")
@click.option("--reference", default="", help="The mobile-money provider's reference.")
@click.option("--channel", "--from", "--pocket", "channel", default="",
              help="Which money: box, social, bank, mobile.")  # fmt: skip
@click.option("--to", default="", help="Where a transfer goes.")
@click.option("--moment", default="spot", help="Of a count: open, close, spot.")
@click.option("--account", default="", help="Of an opening balance: savings, loan, box …")
@click.option("--device", default="", help="Which phone: its name or first letters of its key.")
@click.option("--date", "--from-date", "date", default="", help="A day, such as 2026-01-31.")
@click.option("--until", default="", help="Last day of a cycle.")
@click.option("--cycle", default=0, type=Whole(), help="Which cycle.")
@click.option("--session", "--meeting", "session", default=0, type=Whole(),
              help="Which meeting; the open one unless said.")  # fmt: skip
@click.option("--anyway", is_flag=True, help="It happened, although a rule speaks against it.")
@json_option
@click.pass_obj
def record_command(asker: Asker, /, kind: str, as_json: bool, **details: Any) -> None:
    """Record one fact."""
    details["code"] = code_of(details["code"])
    asked = RecordRequest(group=asker.group, kind=kind, **details)
    show(asker.ask("record", asked), as_json, _recorded)


def _recorded(answer: dict[str, Any]) -> str:
    return f"{answer['sentence']}\nReceipt {answer['receipt']}"


@click.command("import")
@click.argument("sheet", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@json_option
@click.pass_obj
def import_command(asker: Asker, sheet: Path, dry_run: bool, as_json: bool) -> None:
    """Take over a passbook sheet (.csv, .xlsx or .xls): a row for every member and meeting.

    All or nothing: a row that can't be right is named with its line, and nothing is recorded.
    The same sheet twice adds nothing.
    """
    asked = ImportRequest(group=asker.group, path=str(sheet.absolute()), dry_run=dry_run)
    show(asker.ask("import", asked), as_json, _imported)


def _imported(answer: dict[str, Any]) -> str:
    verb = "would be added" if answer["dry_run"] else "added"
    lines = [
        f"{counted(answer['rows'], 'row')}: {counted(answer['added'], 'entry', 'entries')} {verb}, "
        f"{counted(answer['known'], 'was', 'were')} in the books already."
    ]
    if answer["notes"]:
        lines += ["To look at:", *(paragraph(f" · {note}", "   ") for note in answer["notes"])]
    return "\n".join(lines)
