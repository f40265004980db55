"""Commands of a cycle's end: share-out, dividend, a member who leaves, merry-go-rounds."""

from typing import Any

import click

from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_screen import paragraph, table
from node.ending_views import (
    BASES,
    CAPITALS,
    FIRST_MONTHS,
    CommitRequest,
    DeclareRequest,
    DividendRequest,
    ExitRequest,
    PayRequest,
    ShareoutRequest,
)
from node.tables import amount

_POCKETS = click.Choice(["box", "social", "bank", "mobile"])


def _said(answer: dict[str, Any]) -> str:
    return f"{answer['sentence']}\nReceipt {answer['receipt']}"


def _how(command: Any) -> Any:
    """Options that say how to share out."""
    for option in (
        click.option("--capital", type=click.Choice(CAPITALS), default="in_pool",
                     help="in_pool: savings and profit as one; returned_first: savings back, "
                     "then the profit."),
        click.option("--basis", type=click.Choice(BASES), default="shares",
                     help="By shares, by amount saved, by amount and time, or equally."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("shareout")
def shareout_command() -> None:
    """Work out, declare and pay what the cycle gives to each member."""


@shareout_command.command("preview")
@_how
@click.option("--cycle", default=0, type=Whole(), help="Which cycle; the newest unless said.")
@json_option
@click.pass_obj
def preview(asker: Asker, basis: Any, capital: Any, cycle: int, as_json: bool) -> None:
    """What a share-out held now would pay; records nothing."""
    asked = ShareoutRequest(group=asker.group, cycle=cycle, basis=basis, capital=capital)
    show(asker.ask("shareout", asked), as_json, _shareout)


def _shareout(answer: dict[str, Any]) -> str:
    heads = ("No", "Name", "Shares", "Saved", "Worth", "Social", "To pay back", "Gets", "Owes")
    rows = [
        (
            row["number"],
            row["name"] or f"member {row['number']}",
            row["shares"],
            amount(answer, row["paid_in_minor"]),
            amount(answer, row["gross_minor"]),
            amount(answer, row["welfare_minor"]) if row["welfare_minor"] else "",
            amount(answer, row["deductions_minor"]) if row["deductions_minor"] else "",
            amount(answer, row["paid_minor"]),
            amount(answer, row["debt_minor"]) if row["debt_minor"] else "",
        )
        for row in answer["rows"]
    ]
    profit = answer["profit_minor"]
    result = "profit" if profit >= 0 else "loss"
    lines = [
        f"Share-out of cycle {answer['cycle']}: {amount(answer, answer['pool_minor'])} "
        f"{answer['currency']} to divide, {amount(answer, answer['capital_minor'])} saved, "
        f"{amount(answer, abs(profit))} {result}.",
        table(heads, rows),
        f"{amount(answer, answer['paid_minor'])} goes out in cash; "
        f"{amount(answer, answer['carried_minor'])} stays with the group.",
    ]
    if answer["short_minor"]:
        lines.append(
            f"The box lacks {amount(answer, answer['short_minor'])} to pay everybody: collect "
            "what members owe first."
        )
    lines.append(
        "Read it out, count the money, and declare it with: mkutano shareout commit --digest "
        f"{answer['digest'][:12]}"
    )
    return "\n\n".join(line if "\n" in line else paragraph(line) for line in lines)


@shareout_command.command("commit")
@_how
@click.option("--digest", default="", help="Of the preview: refused if the figures changed since.")
@click.option("--anyway", is_flag=True, help="Although a rule speaks against it.")
@json_option
@click.pass_obj
def commit(
    asker: Asker, basis: Any, capital: Any, digest: str, anyway: bool, as_json: bool
) -> None:
    """Declare the share-out; it counts when officers agree."""
    asked = CommitRequest(
        group=asker.group, basis=basis, capital=capital, digest=digest, anyway=anyway
    )
    show(asker.ask("shareout_commit", asked), as_json, _said)


@shareout_command.command("pay")
@click.option("--member", default="", help="Only this member (number or name).")
@click.option("--from", "channel", type=_POCKETS, default="box", help="Which money pays.")
@click.option("--no-cash", is_flag=True, help="Only pay loans and fines out of what is owed.")
@click.option("--anyway", is_flag=True, help="It happened, although a rule speaks against it.")
@json_option
@click.pass_obj
def pay(
    asker: Asker, member: str, channel: Any, no_cash: bool, anyway: bool, as_json: bool
) -> None:
    """Pay members what a share-out, a dividend or an exit owes them."""
    asked = PayRequest(
        group=asker.group, member=member, channel=channel, in_cash=not no_cash, anyway=anyway
    )
    show(asker.ask("shareout_pay", asked), as_json, _said)


def _rates(command: Any) -> Any:
    """Options that say how a dividend is worked out."""
    for option in (
        click.option("--truncate", is_flag=True, help="Round down, not half up."),
        click.option("--first-month", type=click.Choice(FIRST_MONTHS), default="full",
                     help="Does the month of a deposit count: full (12/12), half, next (11/12)."),
        click.option("--tax", default="0", help="Percent withheld."),
        click.option("--pool", default="", help="Amount to divide, instead of a rate."),
        click.option("--rate", default="", help="Percent a year."),
        click.option("--on", type=click.Choice(["shares", "savings"]), default="shares",
                     help="On shares held, or on voluntary savings by month."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("dividend")
def dividend_command() -> None:
    """Work out and declare a dividend or interest on savings."""


@dividend_command.command("preview")
@_rates
@json_option
@click.pass_obj
def dividend_preview(asker: Asker, /, as_json: bool, **how: Any) -> None:
    """What each member would get; records nothing."""
    show(asker.ask("dividend", DividendRequest(group=asker.group, **how)), as_json, _dividend)


def _dividend(answer: dict[str, Any]) -> str:
    rows = [
        (
            row["number"],
            row["name"] or f"member {row['number']}",
            amount(answer, row["gross_minor"]),
            amount(answer, row["tax_minor"]) if row["tax_minor"] else "",
            amount(answer, row["net_minor"]),
        )
        for row in answer["rows"]
    ]
    total = f"{amount(answer, answer['net_minor'])} {answer['currency']} in all"
    return f"{table(('No', 'Name', 'Dividend', 'Tax', 'Gets'), rows)}\n\n{total}"


@dividend_command.command("commit")
@_rates
@click.option("--kind", type=click.Choice(["dividend", "interest", "bonus"]), default="dividend",
              help="What it is called; once for a cycle and kind.")  # fmt: skip
@click.option("--to", type=click.Choice(["payable", "savings"]), default="payable",
              help="Owed to the member, or added to savings.")  # fmt: skip
@click.option("--anyway", is_flag=True, help="Although a rule speaks against it.")
@json_option
@click.pass_obj
def dividend_commit(asker: Asker, /, as_json: bool, **how: Any) -> None:
    """Declare it in the meeting that is open; it counts when officers agree."""
    show(asker.ask("dividend_declare", DeclareRequest(group=asker.group, **how)), as_json, _said)


@click.command("exit")
@click.argument("member")
@click.option("--reason", default="left", help="left, expelled, died or moved.")
@click.option("--from", "channel", type=_POCKETS, default="box", help="Which money pays.")
@json_option
@click.pass_obj
def exit_command(asker: Asker, member: str, reason: str, channel: Any, as_json: bool) -> None:
    """What a member who leaves now would take along; records nothing. MEMBER: number or name."""
    asked = ExitRequest(group=asker.group, member=member, reason=reason, channel=channel)
    show(asker.ask("exit", asked), as_json, _exit)


def _exit(answer: dict[str, Any]) -> str:
    named = {
        "Savings in shares": "shares_minor",
        "Part of the profit": "profit_minor",
        "Voluntary savings": "savings_minor",
        "Loans": "principal_minor",
        "Interest": "interest_minor",
        "Penalties and fees": "penalty_minor",
        "Fines": "fines_minor",
        "Exit fee": "fee_minor",
        "Paid now": "paid_minor",
        "Stays owed to the member": "payable_minor",
        "Debt to the group": "debt_minor",
    }
    rows = [(what, amount(answer, answer[field])) for what, field in named.items() if answer[field]]
    who = answer["name"] or f"member {answer['number']}"
    end = f"Record it with: mkutano record exit --member {answer['number']}"
    return f"{who} · amounts in {answer['currency']}\n\n{table(('What', 'Amount'), rows)}\n\n{end}"


@click.command("rotations")
@json_option
@click.pass_obj
def rotations_command(asker: Asker, as_json: bool) -> None:
    """The merry-go-rounds: whose turn it is, what came in and went out."""
    show(asker.ask("rotations", GroupRequest(group=asker.group)), as_json, _rotations)


def _rotations(answer: dict[str, Any]) -> str:
    if not answer["rotations"]:
        return "No merry-go-round yet. Start one with: mkutano record rotation"
    return "\n\n".join(_rotation(answer, one) for one in answer["rotations"])


def _rotation(answer: dict[str, Any], one: dict[str, Any]) -> str:
    rows = [
        (
            row["number"],
            _called(row["turn"]),
            amount(answer, row["collected_minor"]) if row["collected_minor"] else "",
            _called(row["paid_to"]),
            amount(answer, row["paid_minor"]) if row["paid_minor"] else "",
        )
        for row in one["rounds"]
    ]
    state = "" if one["agreed"] else ", not agreed yet"
    head = (
        f"{amount(answer, one['contribution_minor'])} {answer['currency']} a round and place, "
        f"{one['order']} order{state}"
    )
    return f"{paragraph(head)}\n\n{table(('Round', 'Turn', 'Paid in', 'Paid to', 'Pot'), rows)}"


def _called(who: dict[str, Any] | None) -> str:
    if who is None:
        return ""
    return str(who["name"]) or f"member {who['number']}"
