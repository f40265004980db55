"""Commands of the group's own money: what there is beside the boxes, statements, reconciling."""

from pathlib import Path
from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_screen import counted, paragraph, table
from node.fund_views import ProviderStatementRequest, ReconcileRequest
from node.tables import amount, percent

_NOTHING = (
    "No partner, investment, payment without a purpose, or request yet.\n"
    "Record one with: mkutano record partner, investment, payment or withdrawal"
)


@click.command("funds")
@json_option
@click.pass_obj
def funds_command(asker: Asker, as_json: bool) -> None:
    """Partners, funding, investments, payments without a purpose, requests to pay out."""
    show(asker.ask("funds", GroupRequest(group=asker.group)), as_json, _funds)


def _funds(answer: dict[str, Any]) -> str:
    parts = [
        _part("Partners", ("Name", "Kind", "Contact", "State", "Receipt"), _partners(answer)),
        _part(
            "Funding",
            ("From", "Kind", "Promised", "Came", "Went back", "Given up", "Owed", "Expected",
             "Due", "Receipt"),
            _funding(answer),
        ),
        _part(
            "Investments",
            ("What", "Cost", "Value", "On", "Income", "Return", "Matures", "Receipt"),
            _investments(answer),
        ),
        _part(
            "Payments without a purpose",
            ("Received", "Provider", "Reference", "Amount", "From", "State", "Receipt"),
            _receipts(answer),
        ),
        _part(
            "Requests to pay out",
            ("Amount", "For", "To", "State", "Last day", "Attempts", "Receipt"),
            _requests(answer),
        ),
        _part("Promised", ("Pocket", "Holds", "Promised", "Free"), _promised(answer)),
        _reconciled(answer) if answer["reconciled"] else "",
    ]  # fmt: skip
    told = "\n\n".join(part for part in parts if part)
    return f"Amounts in {answer['currency']}\n\n{told}" if told else _NOTHING


def _part(title: str, heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    return f"{title}\n{table(heads, rows)}" if rows else ""


def _partners(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (row["name"], row["kind"], row["contact"], row["state"], row["receipt"])
        for row in answer["partners"]
    ]


def _funding(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    def money(minor: int) -> str:
        return amount(answer, minor) if minor else ""

    return [
        (
            row["party"],
            row["kind"].replace("_", " "),
            money(row["promised_minor"]),
            money(row["received_minor"]),
            money(row["repaid_minor"] + row["interest_minor"]),
            money(row["released_minor"]),
            money(row["owed_minor"]),
            percent(row["expected_return_ppm"]) if row["expected_return_ppm"] else "",
            row["due_on"] or "",
            row["receipt"],
        )
        for row in answer["funding"]
    ]


def _investments(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            row["title"],
            amount(answer, row["cost_left_minor"]),
            amount(answer, row["value_minor"]) if row["value_minor"] is not None else "",
            row["valued_on"] or "",
            amount(answer, row["income_minor"] + row["gain_minor"]),
            _percentage(row["return"]),
            row["matures_on"] or "",
            row["receipt"],
        )
        for row in answer["investments"]
    ]


def _percentage(fraction: list[int] | None) -> str:
    """A fraction as a percentage with one digit, rounded half up."""
    if fraction is None:
        return ""
    tenths = (2000 * fraction[0] + fraction[1]) // (2 * fraction[1])
    whole, part = divmod(abs(tenths), 10)
    return f"{'-' * (tenths < 0)}{whole}.{part} %"


def _receipts(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            row["received_on"],
            row["provider"],
            row["reference"],
            amount(answer, row["left_minor"] or row["amount_minor"]),
            answer["names"].get(row["member"], ""),
            row["state"],
            row["receipt"],
        )
        for row in answer["receipts"]["open"]
    ]


def _requests(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            amount(answer, row["amount_minor"]),
            row["purpose"].replace("_", " "),
            answer["names"].get(row["member"], row["payee"]),
            row["state"],
            row["expires_on"] or "",
            ", ".join(f"{one['client_ref']} {one['state']}" for one in row["attempts"]),
            row["receipt"],
        )
        for row in answer["withdrawals"]
    ]


def _promised(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            row["pocket"],
            amount(answer, row["held_minor"]),
            amount(answer, row["promised_minor"]),
            amount(answer, row["free_minor"]),
        )
        for row in answer["promised"]
        if row["promised_minor"]
    ]


def _reconciled(answer: dict[str, Any], pockets: str = "reconciled") -> str:
    lines = []
    for row in answer[pockets]:
        said = f"{row['pocket']}: the statement of {row['as_of']} says "
        said += amount(answer, row["stated_minor"])
        if row["booked_minor"] is None:
            said += "; too many meetings were held since to compare it with the books."
        elif row["variance_minor"]:
            booked = amount(answer, row["booked_minor"])
            more = amount(answer, abs(row["variance_minor"]))
            which = "more" if row["variance_minor"] > 0 else "less"
            said += f", {more} {which} than the books ({booked})."
        elif row["disputes"]:
            count = counted(row["disputes"], "dispute")
            said += f", like the books, but {count} must be settled first."
        else:
            said += ", like the books: reconciled."
        lines.append(paragraph(said, "   "))
    return "\n".join(lines)


@click.command("import-statement")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--provider", default="", help="mpesa, airtel, or the bank's name.")
@click.option("--pocket", "channel", default="", help="mobile or bank.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@json_option
@click.pass_obj
def import_statement_command(
    asker: Asker, file: Path, provider: str, channel: str, dry_run: bool, as_json: bool
) -> None:
    """Take over the payments of a provider's or bank's statement (.csv, .xlsx or .xls).

    All or nothing: a line that can't be right is named, and nothing is recorded. The same statement
    twice adds nothing, and neither does a payment that was recorded with its reference.
    """
    asked = ProviderStatementRequest(
        group=asker.group, path=str(file.absolute()), provider=provider, channel=channel,
        dry_run=dry_run,
    )  # fmt: skip
    show(asker.ask("import-statement", asked), as_json, _taken)


def _taken(answer: dict[str, Any]) -> str:
    verb = "would be added" if answer["dry_run"] else "added"
    total = f"{answer['currency']} {amount(answer, answer['added_minor'])}"
    lines = [
        f"{counted(answer['payments'], 'payment')} into {answer['pocket']}: {answer['added']} "
        f"{verb} ({total}), {counted(answer['known'], 'was', 'were')} in the books already."
    ]
    if answer["out"]:
        out = f"{answer['currency']} {amount(answer, answer['out_minor'])}"
        went = counted(answer["out"], "payment")
        lines.append(
            f"{went} out, {out} in all, {'is' if answer['out'] == 1 else 'are'} not taken over: "
            "record each for what it was."
        )
    if answer["unfinished"]:
        what = counted(answer["unfinished"], "line")
        lines.append(f"{what} that failed or came to nothing {_left(answer)} left out.")
    if answer["balance_minor"] is not None:
        plain = amount(answer, answer["balance_minor"])
        lines.append(
            f"The statement ends on {answer['until']} with {plain}. Compare with: mkutano "
            f"reconcile {answer['pocket']} {plain} --date {answer['until']}"
        )
    if answer["notes"]:
        lines += ["To look at:", *(f" · {note}" for note in answer["notes"])]
    return "\n".join(paragraph(line, "   ") for line in lines)


def _left(answer: dict[str, Any]) -> str:
    return "was" if answer["unfinished"] == 1 else "were"


@click.command("reconcile")
@click.argument("pocket", default="")
@click.argument("stated", default="")
@click.option("--date", default="", help="The day of the statement, such as 2026-01-31.")
@click.option("--comment", default="", help="What is to be said about it.")
@json_option
@click.pass_obj
def reconcile_command(
    asker: Asker, pocket: str, stated: str, date: str, comment: str, as_json: bool
) -> None:
    """Compare a pocket with its statement: mkutano reconcile mobile 12,500 --date 2026-01-31.

    Without a pocket: how every pocket stands.
    """
    if not pocket:
        answer = asker.ask("reconciled", GroupRequest(group=asker.group))
        show(answer, as_json, _all_reconciled)
        return
    if not stated:
        raise click.UsageError(
            "Give the pocket and what its statement says, such as: mobile 12,500"
        )
    asked = ReconcileRequest(
        group=asker.group, pocket=pocket, amount=stated, date=date, comment=comment
    )
    show(asker.ask("reconcile", asked), as_json, _reconcile)


def _all_reconciled(answer: dict[str, Any]) -> str:
    if not answer["pockets"]:
        return "No statement was written down yet. Do it with: mkutano reconcile mobile 12,500"
    return _reconciled(answer, "pockets")


def _reconcile(answer: dict[str, Any]) -> str:
    told = _reconciled(answer, "pockets")
    return f"{answer['sentence']}\n{told}\nReceipt {answer['receipt']}"
