"""`mkutano portfolio`: every group that this device follows, with totals, and for other programs.

Figures are brought up to date first, some groups at a time, and somebody who waits is told how far
it is. On a phone a group takes a few short lines; a file or a wide screen gets one line a group.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

import click

from node.cli import Asker, Whole, json_option, show
from node.cli_screen import counted, paragraph, table
from node.errors import NodeError
from node.portfolio import RefreshRequest
from node.portfolio_choice import PortfolioRequest, Sort
from node.portfolio_table import table_rows, to_csv
from node.portfolio_words import amount, in_percent, notes, one_group, percent, saved, score
from node.private_file import write_private

AT_ONCE: Final = 50
"""Groups worked out between two words on how far it is."""
AT_RISK_PERCENT: Final = 10
"""Above this a portfolio at risk (PAR 30) is commonly a cause for concern (CGAP)."""
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("portfolio")
@click.option(
    "--group", "name", default="", help="One group in detail: its name, or letters of its id."
)
@click.option("--sort", type=click.Choice(get_args(Sort)), default="name", show_default=True,
              help="What needs a look first: risk, score, heard, sealed, until …")  # fmt: skip
@click.option("--at-risk", is_flag=False, flag_value=str(AT_RISK_PERCENT), type=Whole(0, 100),
              metavar="[%]", help="Only groups with a PAR 30 above 10 %, or so many.")  # fmt: skip
@click.option("--not-heard", default=0, type=Whole(0, 36_500), metavar="DAYS",
              help="Only groups not heard for so many days.")  # fmt: skip
@click.option(
    "--currency", default="", help="Only groups that keep their books in it, such as KES."
)
@click.option("--ended", is_flag=True, help="Only groups that this device may not follow any more.")
@click.option("--update", is_flag=True, help="Only groups that need a newer Mkutano here.")
@click.option("--csv", "csv_file", type=FILE, help="Write the groups to a file for a spreadsheet.")
@click.option("--parquet", "parquet_file", type=FILE,
              help="Write the groups to a Parquet file (needs DuckDB).")  # fmt: skip
@json_option
@click.pass_obj
def portfolio_command(
    asker: Asker,
    name: str,
    sort: Any,
    at_risk: int | None,
    not_heard: int,
    currency: str,
    ended: bool,
    update: bool,
    csv_file: Path | None,
    parquet_file: Path | None,
    as_json: bool,
) -> None:
    """The groups that this device follows: members, savings, loans, what is at risk, who is silent.

    An organisation's device follows groups that let it read their totals or their books.
    """
    _refresh(asker)
    request = PortfolioRequest(
        group=name or asker.group,
        sort=sort,
        at_risk=-1 if at_risk is None else at_risk,
        not_heard=not_heard,
        currency=currency,
        ended=ended,
        update=update,
    )
    answer = asker.ask("portfolio", request)
    groups = [answer] if request.group else answer["groups"]
    written = _write_files(groups, csv_file, parquet_file)
    if written and not as_json:
        click.echo("\n".join(written))
        return
    show(answer, as_json, one_group if request.group else shown)


def _refresh(asker: Asker) -> None:
    """Bring the figures up to date; without room for them what is at hand is shown."""
    total = left = 0
    while True:
        try:
            step = asker.ask("portfolio-refresh", RefreshRequest(most=AT_ONCE))
        except NodeError as error:
            if error.code not in ("store_failed", "storage_full"):
                raise
            click.echo(paragraph(f"{error.sentence} Older figures are shown."), err=True)
            return
        total = total or step["done"] + step["left"]
        if not step["left"] or step["left"] == left:
            return
        left = step["left"]
        if sys.stderr.isatty():
            click.echo(f"\rWorking out figures: {total - left:,} of {total:,} groups", err=True)


def _write_files(
    groups: list[Mapping[str, Any]], csv_file: Path | None, parquet_file: Path | None
) -> list[str]:
    """Write what was asked for; a sentence for each file."""
    written = []
    rows = table_rows(groups)
    if csv_file is not None:
        try:
            write_private(csv_file, to_csv(rows))
        except OSError as error:
            raise NodeError(
                f"{csv_file} can't be written: {error.strerror}.", "cannot_write"
            ) from error
        written.append(f"{csv_file}: {counted(len(rows), 'group')}.")
    if parquet_file is not None:
        from node.portfolio_parquet import write_parquet

        write_parquet(parquet_file, rows)
        written.append(f"{parquet_file}: {counted(len(rows), 'group')}.")
    return written


# The table


def shown(answer: Mapping[str, Any]) -> str:
    """The portfolio as a table, totals by currency, and what a table can't say."""
    rows = answer["groups"]
    if not answer["followed"]:
        return paragraph(
            "This device follows no group yet. Show the officers of a group its code: mkutano "
            "reader code. Once they let it read: mkutano follow ADDRESS"
        )
    parts = [paragraph(f"Figures of {answer['day']}; of groups that send totals only, those of "
                       "their last sealed meeting.")]  # fmt: skip
    parts.append(table(_HEADS, [_line(row) for row in rows]) if rows else "No group is like that.")
    parts += [_total(one) for one in answer["totals"]]
    said = [note for row in rows for note in notes(row)]
    more = len(said) - NOTES_MAX
    if more > 0:
        said[NOTES_MAX:] = [f" · … and {more:,} more like these: see --ended and --update"]
    return "\n\n".join(filter(None, [*parts, "\n".join(said)]))


_HEADS: Final = ("Group", "Members", "Money", "Saved", "On loan", "PAR 30 %", "Repaid %", "Came %",
                 "Score", "Heard", "Sealed", "Reads", "Until")  # fmt: skip
NOTES_MAX: Final = 20
"""Sentences below the table; the filters show whom the rest is about."""


def _line(row: Mapping[str, Any]) -> tuple[object, ...]:
    figures, heard = row["figures"], row["heard"]
    known = ("", "", "", "", "", "", "", "")
    sealed = ""
    if figures is not None:
        known = (
            figures["members"],
            figures["currency"],
            amount(figures, saved(figures)),
            amount(figures, figures["loans_minor"]),
            percent(figures["par30"]),
            percent(figures["repayment"]),
            percent(figures["attendance"]),
            score(figures),
        )
        sealed = figures["sealed_on"]
    said = "never" if heard is None else heard["on"]
    return (row["name"], *known, said, sealed, row["scope"], row["until"] or "")


def _total(one: Mapping[str, Any]) -> str:
    text = (
        f"{one['currency']}: {counted(one['groups'], 'group')}, "
        f"{counted(one['members'], 'member')}, saved {amount(one, saved(one))}, social funds "
        f"{amount(one, one['social_minor'])}, on loan {amount(one, one['loans_minor'])} in "
        f"{counted(one['loans'], 'loan')}, PAR 30 {in_percent(one['par30'])}, repaid "
        f"{in_percent(one['repayment'])}, came {in_percent(one['attendance'])}."
    )
    if one["withheld"]:
        text += f" Amounts of {counted(one['withheld'], 'group')} are not in it."
    return paragraph(text, "   ")
