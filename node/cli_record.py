"""Commands that record: one entry at a time, or a whole passbook sheet."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from node.cli import Asker, Whole, code_of, json_option, show
from node.cli_screen import counted, paragraph
from node.kinds import KINDS, TOPICS, details_of
from node.records import TYPED_AS, ImportRequest, RecordRequest

_OR = {
    "meeting": "--date, or --keys for the one that is open",
    "count": "--amount or --coins",
    "fine-waiver": "--receipt or --member",
    "profile": "--number, --gender, --born or --role",
    "contribution": "--amount or --shares",
    "fine": "--code or --amount",
    "funding-repaid": "--amount or --interest-amount",
}
"""What else a kind needs, where one thing or another will do."""
_FOR_ALL = ("session", "cycle", "anyway", "as_json", "help")


def _needs(name: str) -> str:
    """What must be said to record this kind, in words; empty when nothing must be."""
    needs = [f"--{TYPED_AS.get(field, field)}" for field in KINDS[name].needs]
    needs += [_OR[name]] if name in _OR else []
    return f"Needs {' and '.join(needs)}." if needs else ""


class KindOfRecord(click.Choice[str]):
    """One of the kinds; a misspelt one is answered with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What to type instead."""
        from difflib import get_close_matches

        near = get_close_matches(str(value), KINDS, 3, 0.85) or get_close_matches(value, KINDS, 3)
        if near:
            return f"“{value}” is not one of them. Did you mean {' or '.join(near)}?"
        return f"“{value}” is not one of: {', '.join(KINDS)}."


class RecordCommand(click.Command):
    """Help in two steps: the kinds by topic, and then the details of one kind."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the kind for the help, which is shown before anything is understood."""
        ctx.meta["kind"] = next((word for word in args if word in KINDS), "")
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How it is typed."""
        formatter.write_usage(ctx.command_path, f"{ctx.meta['kind'] or 'KIND'} [OPTIONS]")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The kinds by topic, or what one kind is and needs."""
        kind = ctx.meta["kind"]
        if not kind:
            super().format_help_text(ctx, formatter)
            for topic, names in TOPICS.items():
                with formatter.section(topic):
                    formatter.write_dl([(name, KINDS[name].summary) for name in names])
            return
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"{KINDS[kind].summary}. {_needs(kind)}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options that this kind looks at; without a kind, those that all take."""
        kind = ctx.meta["kind"]
        shown = (*(details_of(kind) if kind else ()), *_FOR_ALL)
        known = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        rows = [row for name in dict.fromkeys(shown) if (row := known.get(name)) is not None]
        with formatter.section("Options" if kind else "Options of every kind"):
            formatter.write_dl(rows)


@click.command(
    "record",
    cls=RecordCommand,
    help="Record one fact; prints its receipt.\n\nKIND is one of those below; what each takes is "
    "shown by, for one:\n\n    mkutano record contribution --help\n\nAmounts are typed as people "
    "write them, 1,500 or 1500.50:\n\n    mkutano record contribution --member 7 --amount 500",
)
@click.argument("kind", type=KindOfRecord(list(KINDS)), metavar="KIND")
@click.option("--member", default="", help="Number or name.")
@click.option("--amount", default="", help="In the group's currency, such as 1,500.")
@click.option("--shares", default=0, type=Whole(), help="How many shares.")
@click.option("--code", "--item", "code", default="",
              help="Code of a fine, category of an expense, item of an agenda.")  # fmt: skip
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
@click.option("--members", default="", help="Places of a merry-go-round in order: 3,1,2.")
@click.option("--order", default="", help="Of a merry-go-round: fixed, drawn or bid.")
@click.option("--seed", default="", help="Secret words of a draw, 16 letters or more.")
@click.option("--fee", default="", help="What the group keeps of each pot.")
@click.option("--discount", default="", help="What the winner of a bid forgoes.")
@click.option("--round", "round", default=0, type=Whole(), help="The next one unless said.")
@click.option("--rotation", default="", help="Receipt of a merry-go-round, when there are several.")
@click.option("--covers", is_flag=True, help="The group makes up what is missing in a pot.")
@click.option("--payee", default="", help="Who got it, when it is nobody of the group.")
@click.option("--keep", default="", help="Of a merge: the member who is kept.")
@click.option("--source", default="", help="What pays instead of cash: savings, payable, receipts.")
@click.option("--gender", default="", help="female, male or other.")
@click.option("--born", default=0, type=Whole(), help="A member's year of birth.")
@click.option("--role", default="", help="What a member does for the group.")
@click.option("--each", default="", help="Of a goal: what each meeting should bring.")
@click.option("--witness", default="", help="Before whom a member consented.")
@click.option("--fund", default="", help="Which fund lends or pays: loan_fund, social_fund.")
@click.option("--guarantors", default="", help="Who answers for a loan: “3: 5000, Amina: 2000”.")
@click.option("--collateral", default="", help="What stands for a loan.")
@click.option("--worth", default="", help="What the collateral is worth.")
@click.option("--payer", "--guarantor", "payer", default="",
              help="Who pays for another member, or answers for the loan.")  # fmt: skip
@click.option("--instalment", default=0, type=Whole(), help="Number of an instalment.")
@click.option("--interest", default="", help="Percent each period, such as 5 or 2.5.")
@click.option("--method", default="", help="flat, reducing, reducing_instalment.")
@click.option("--period", default="", help="week or month.")
@click.option("--partner", default="", help="A partner's name, or the receipt of its entry.")
@click.option("--contact", default="", help="Whom to ask for at a partner.")
@click.option("--country", default="", help="Of a partner.")
@click.option("--percent", default="", help="What a partner expects back beyond the money.")
@click.option("--interest-amount", default="", help="Interest paid to a partner.")
@click.option("--cost", default="", help="What the sold part of an investment had cost.")
@click.option("--provider", default="", help="mpesa, airtel, or the bank.")
@click.option("--with", "match", default="", help="Receipt of the entry that a payment is.")
@click.option("--attempt", default="", help="Our reference of an attempt to pay.")
@click.option("--text", default="", help="Of minutes, a resolution, a task, a description.")
@click.option("--votes", default="", help="For, against and abstained: 12,3,1.")
@click.option("--agenda", default="", help="Items in their order: shares,loans,closing.")
@click.option("--at", "at", default="", help="A time: when it begins, or a member came: 14:30.")
@click.option("--left", default="", help="When a member left: 16:00.")
@click.option("--instead", default="", help="Who came instead of a member.")
@click.option("--keys", default="", help="Who brought a key: 1,4,7.")
@click.option("--coins", default="", help="What was counted: “3x100, 20x5”.")
@click.option("--counted-by", default="", help="Who counted: 4,7.")
@click.option("--place", "--village", "place", default="", help="Where, or the group's village.")
@click.option("--district", default="", help="Of the group.")
@click.option("--county", default="", help="Of the group.")
@click.option("--timezone", default="", help="Of the group, such as Africa/Nairobi.")
@click.option("--set", "rules", multiple=True, help="A rule that changes, as name=value.")
@click.option("--all", "every", is_flag=True, help="Close every meeting that is open.")
@click.option("--anyway", is_flag=True, help="It happened, although a rule speaks against it.")
@json_option
@click.pass_context
def record_command(ctx: click.Context, /, kind: str, as_json: bool, **details: Any) -> None:
    """Record one fact."""
    asker: Asker = ctx.obj
    _refuse_unread(ctx, kind)
    details["code"] = code_of(details["code"])
    asked = RecordRequest(group=asker.group, kind=kind, **details)
    show(asker.ask("record", asked), as_json, _recorded)


def _refuse_unread(ctx: click.Context, kind: str) -> None:
    """Refuse a detail that this kind would leave unread: what was typed was meant."""
    read = {*details_of(kind), *_FOR_ALL, "kind"}
    for param in ctx.command.params:
        typed = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if typed and param.name not in read:
            what = KINDS[kind].called or f"a {kind.replace('-', ' ')}"
            raise click.UsageError(
                f"{what[0].upper()}{what[1:]} takes no {param.opts[0]}. What it takes: "
                f"mkutano record {kind} --help"
            )


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
