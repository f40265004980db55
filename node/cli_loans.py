"""Commands about loans: which are open, what one would cost, who is late."""

from typing import Any

import click

from model.money import ROUNDINGS
from model.reckoning.calendar import UNITS
from model.reckoning.rates import DAY_COUNTS
from model.reckoning.terms import METHODS
from node.cli import Asker, Whole, json_option, show
from node.cli_screen import counted, paragraph, table
from node.loan_questions import FEE_TIMES, ArrearsRequest, plain_quote, request_of
from node.tables import amount, percent
from node.views import LoansRequest


@click.group("loans", invoke_without_command=True)
@click.option("--all", "every", is_flag=True, help="Repaid loans too.")
@json_option
@click.pass_context
def loans_command(context: click.Context, every: bool, as_json: bool) -> None:
    """Loans and what is outstanding; `quote` reckons a new one, `arrears` says who is late."""
    if context.invoked_subcommand is None:
        asker: Asker = context.obj
        asked = LoansRequest(group=asker.group, every=every)
        show(asker.ask("loans", asked), as_json, _loans)


def _loans(answer: dict[str, Any]) -> str:
    if not answer["loans"]:
        return "No loan is open."
    rates = [f"{percent(row['rate_ppm'])} {row['method']}" for row in answer["loans"]]
    one_rate = len(set(rates)) == 1
    rows = [
        (
            row["receipt"],
            row["who"],
            "" if row["state"] in ("active", "overdue") else row["state"],
            amount(answer, row["principal_minor"]),
            "" if one_rate else rate,
            amount(answer, row["principal_outstanding_minor"]),
            amount(answer, row["interest_outstanding_minor"]),
            _next_due(row["instalments"]),
        )
        for row, rate in zip(answer["loans"], rates, strict=True)
    ]
    heads = ("Loan", "Member", "State", "Lent", "Interest", "To repay", "Interest due", "Next due")
    terms = f", interest {rates[0]}" if one_rate else ""
    return paragraph(f"Amounts in {answer['currency']}{terms}") + "\n\n" + table(heads, rows)


def _next_due(instalments: list[dict[str, Any]]) -> str:
    for one in instalments:
        if one["owed_minor"]:
            return one["due_on"] or ""
    return ""


_GRACES = ("at_end", "spread", "capitalised")


@loans_command.command("quote")
@click.argument("amount", metavar="AMOUNT")
@click.option("--interest", default="0", help="10 for each instalment, or “24 % a year”.")
@click.option("--instalments", "--periods", "instalments", default=1, type=Whole(1, 600),
              help="How many.")  # fmt: skip
@click.option("--method", type=click.Choice(METHODS), default="flat", help="How it is reckoned.")
@click.option("--unit", type=click.Choice(UNITS), default="month", help="Instalments by the …")
@click.option("--every", default=1, type=Whole(1, 366), help="Every so many of these.")
@click.option("--start", default="", help="Day on which the money is handed over.")
@click.option("--first-due", default="", help="First due day, where it is another.")
@click.option("--month-end", type=click.Choice(("clamp", "roll")), default="clamp",
              help="A month too short: its last day, or the next month's first.")  # fmt: skip
@click.option("--day-count", type=click.Choice(DAY_COUNTS), default="nominal",
              help="How days are counted.")  # fmt: skip
@click.option("--rounding", type=click.Choice(ROUNDINGS), default="half_even", help="Of an amount.")
@click.option("--interest-rounded", type=click.Choice(("per_period", "cumulative")),
              default="per_period", help="Each period, or by the running total.")  # fmt: skip
@click.option("--residue", type=click.Choice(("last", "first")), default="last",
              help="Which instalment takes what rounding leaves.")  # fmt: skip
@click.option("--money-step", default="", help="Interest and principal are multiples of it.")
@click.option("--instalment-step", default="", help="Instalments are multiples of it.")
@click.option("--instalment", default="", help="The agreed instalment.")
@click.option("--principal-each", default="", help="The agreed principal of an instalment.")
@click.option("--principal-at-end", is_flag=True, help="All principal with the last.")
@click.option("--principal-grace", default=0, type=Whole(), help="Periods without principal.")
@click.option("--interest-grace", default=0, type=Whole(), help="Periods whose interest waits.")
@click.option("--interest-free", default=0, type=Whole(), help="Periods without interest.")
@click.option("--grace-collected", type=click.Choice(_GRACES), default="at_end",
              help="When interest that waited is collected.")  # fmt: skip
@click.option("--grace-added", is_flag=True, help="Grace comes before the instalments.")
@click.option("--level-fit", type=click.Choice(("formula", "closest")), default="formula",
              help="closest evens out the last instalment.")  # fmt: skip
@click.option("--first-period", type=click.Choice(("by_days", "full")), default="by_days",
              help="What a broken first period costs.")  # fmt: skip
@click.option("--flat-interest", type=click.Choice(("equal", "by_period")), default="equal",
              help="Flat interest by days: the same each time, or each period's own.")  # fmt: skip
@click.option("--upfront", type=click.Choice(("paid", "deducted")), default="paid",
              help="Upfront interest beside the money, or kept back.")  # fmt: skip
@click.option("--cap-interest", is_flag=True, help="Compound interest never above the principal.")
@click.option("--month-days", default=30, type=Whole(1, 366), help="Of a service charge.")
@click.option("--first-month-at-once", is_flag=True, help="Of a service charge.")
@click.option("--charge-on", type=click.Choice(("principal", "balance")), default="principal",
              help="What a service charge is of.")  # fmt: skip
@click.option("--fee", default="", help="A fee.")
@click.option("--fee-percent", default="", help="A fee as a part of the loan, such as 2.")
@click.option("--fee-at", type=click.Choice(FEE_TIMES), default="disbursement",
              help="When fees are paid.")  # fmt: skip
@click.option("--decimals", default=2, type=Whole(0, 4), help="Of the currency.")
@click.option("--group-terms", is_flag=True, help="On the terms of the group's constitution.")
@json_option
@click.pass_obj
def quote_command(asker: Asker, /, as_json: bool, group_terms: bool, **details: Any) -> None:
    """What a loan would cost; records nothing, needs no group.

    \b
    mkutano loans quote 12,000 --interest "2 % a month" --instalments 4
        --method reducing_instalment --start 2026-01-31
    """
    asked = request_of({**details, "group": asker.group, "group_terms": group_terms})
    answer = asker.ask("loan-quote", asked) if group_terms else plain_quote(asked)
    show(answer, as_json, _quoted)


def _quoted(answer: dict[str, Any]) -> str:
    dated = any(row["due_on"] for row in answer["instalments"])
    fees = any(row["fee_minor"] for row in answer["instalments"])
    rows = [
        (
            row["number"],
            row["due_on"] or "",
            amount(answer, row["principal_minor"]),
            amount(answer, row["interest_minor"]),
            amount(answer, row["fee_minor"]) if fees else "",
            amount(answer, row["total_minor"]),
            amount(answer, row["balance_minor"]),
        )
        for row in answer["instalments"]
    ]
    heads = ("No", "Due" if dated else "", "Principal", "Interest", "Fee" if fees else "", "To pay",
             "Left")  # fmt: skip
    shown = [at for at, head in enumerate(heads) if head]
    grid = table([heads[at] for at in shown], [[row[at] for at in shown] for row in rows])
    at_once = answer["principal_minor"] - answer["handed_over_minor"]
    told = [
        f"{counted(len(rows), 'instalment')}, {amount(answer, answer['total_minor'])} to pay, "
        f"{amount(answer, answer['interest_minor'])} of it interest."
    ]
    if answer["interest_at_disbursement_minor"] or at_once:
        told.append(
            f"{amount(answer, answer['handed_over_minor'])} is handed over, "
            f"{amount(answer, answer['interest_at_disbursement_minor'])} of interest is due then."
        )
    return grid + "\n\n" + paragraph(" ".join(told))


@loans_command.command("arrears")
@click.option("--on", default="", help="Day; that of the newest meeting unless said.")
@click.option("--days", default=30, type=Whole(0, 3660), help="At risk beyond so many days.")
@click.option("--numerator", type=click.Choice(("outstanding", "overdue")), default="outstanding",
              help="The whole balance of late loans, or what is overdue.")  # fmt: skip
@click.option("--comparison", type=click.Choice(("more_than", "at_least")), default="more_than",
              help="More than so many days, or at least.")  # fmt: skip
@click.option("--denominator", type=click.Choice(("outstanding", "released")),
              default="outstanding", help="What is owed, or what was lent.")  # fmt: skip
@click.option("--restructured", type=click.Choice(("by_days", "always", "left_out")),
              default="by_days", help="Loans with a new plan.")  # fmt: skip
@click.option("--by", type=click.Choice(("loan", "instalment")), default="loan",
              help="Ages of loans, or of instalments.")  # fmt: skip
@json_option
@click.pass_obj
def arrears_command(asker: Asker, /, as_json: bool, **details: Any) -> None:
    """Who is late, by how much, and what is at risk."""
    asked = ArrearsRequest(group=asker.group, **details)
    show(asker.ask("loan-arrears", asked), as_json, _arrears)


def _arrears(answer: dict[str, Any]) -> str:
    lines = [f"On {answer['on']}, amounts in {answer['currency']}"]
    if answer["late"]:
        rows = [
            (
                row["receipt"],
                row["who"],
                row["days_past_due"],
                amount(answer, row["overdue_minor"]),
                amount(answer, row["outstanding_minor"]),
            )
            for row in answer["late"]
        ]
        lines += ["", table(("Loan", "Member", "Days late", "Overdue", "To repay"), rows)]
    else:
        lines += ["", "Nobody is late."]
    bands = [
        (_band(band), band["how_many"], amount(answer, band["amount_minor"]))
        for band in answer["ages"]
        if band["how_many"] or band["amount_minor"]
    ]
    if bands:
        noun = "Loans" if answer["ages_by"] == "loan" else "Instalments"
        lines += ["", table(("Days late", noun, "Principal"), bands)]
    for par in answer["par"]:
        shown = "none" if par["basis_points"] is None else f"{par['basis_points'] / 100:.2f} %"
        lines += ["", paragraph(f"{shown}: {par['definition']}.")]
    return "\n".join(lines)


def _band(band: dict[str, Any]) -> str:
    if not band["first"]:
        return "not late"
    return f"{band['first']}-{band['last']}" if band["last"] else f"{band['first']} and more"
