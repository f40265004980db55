"""Commands that record: one entry at a time, or a whole passbook sheet."""

from pathlib import Path
from typing import Any

import click

from node.cli import Asker, json_option, show
from node.records import KINDS, ImportRequest, RecordRequest

_KIND_LINES = "\n".join(f"  {name:<16} {kind.summary}" for name, kind in KINDS.items())


@click.command(
    "record",
    help=f"Record one fact of a meeting; prints the receipt.\n\n\b\nKINDS\n{_KIND_LINES}\n\n"
    "Amounts are typed as people write them: 1,500 or 1500.50. Example:\n\n"
    "    mkutano record contribution --member 7 --amount 500",
)
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@click.option("--member", default="", help="Number or name.")
@click.option("--amount", default="", help="In the group's currency, such as 1,500.")
@click.option("--shares", default=0, type=click.IntRange(min=0), help="How many shares.")
@click.option("--code", default="", help="Code of a fine, or category of an expense.")
@click.option("--reason", "--purpose", "reason", default="", help="Why.")
@click.option("--status", default="", help="present, late, absent … or active, suspended.")
@click.option("--title", default="", help="Office: chairperson, secretary, treasurer …")
@click.option("--name", default="", help="A member's name.")
@click.option("--phone", default="", help="A member's phone.")
@click.option("--number", default=0, type=click.IntRange(min=0), help="A new member's number.")
@click.option("--periods", default=0, type=click.IntRange(min=0), help="How long a loan runs.")
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
@click.option("--cycle", default=0, type=click.IntRange(min=0), help="Which cycle.")
@click.option("--session", "--meeting", "session", default=0, type=click.IntRange(min=0),
              help="Which meeting; the open one unless said.")  # fmt: skip
@click.option("--anyway", is_flag=True, help="It happened, although a rule speaks against it.")
@json_option
@click.pass_obj
def record_command(asker: Asker, /, kind: str, as_json: bool, **details: Any) -> None:
    """Record one fact."""
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
        f"{answer['rows']} rows: {answer['added']} entries {verb}, "
        f"{answer['known']} were in the books already."
    ]
    if answer["notes"]:
        lines += ["To look at:", *(f" · {note}" for note in answer["notes"])]
    return "\n".join(lines)
