"""Commands for reports, members' statements and messages."""

import re
from collections.abc import Sequence
from typing import Any

import click

from model.reports.tables import ReportTable, cell_text, report_tables
from node.cli import Asker, Whole, json_option, show
from node.cli_screen import counted, paragraph, table
from node.reporting import (
    REPORT_KINDS,
    NoticesRequest,
    ReportRequest,
    SentRequest,
    ShareRequest,
    StatementRequest,
)
from node.tables import amount

_DAYS = (
    click.option(
        "--period", default="", help="2026, 2026-q1, 2026-03 or two days with .. between."
    ),
    click.option("--from", "from_day", default="", help="First day, such as 2026-01-01."),
    click.option("--to", "to_day", default="", help="Last day, such as 2026-03-31."),
)


def _days_options(command: Any) -> Any:
    """--period, or --from and --to; without any of them the days around the newest meeting."""
    for option in reversed(_DAYS):
        command = option(command)
    return command


@click.command("report")
@click.argument("kind", type=click.Choice([*REPORT_KINDS, "partner"]))
@_days_options
@click.option(
    "--cycle", default=0, type=Whole(), help="The days of a cycle; of a meeting: its cycle."
)
@click.option("--session", default=0, type=Whole(), help="Which meeting; else the newest.")
@click.option("--member", default="", help="Number or name, for the report on a member.")
@click.option("--loan", default="", help="Receipt of one loan, for its whole account.")
@click.option("--scope", type=click.Choice(["aggregate", "pseudonym"]), default="aggregate",
              show_default=True, help="For a partner: sums, or rows without names.")  # fmt: skip
@click.option("--csv", is_flag=True, help="Tables for a spreadsheet.")
@click.option(
    "--share-with", default="", help="Note in the books that it was given to this partner."
)
@json_option
@click.pass_obj
def report_command(
    asker: Asker,
    kind: Any,
    period: str,
    from_day: str,
    to_day: str,
    cycle: int,
    session: int,
    member: str,
    loan: str,
    scope: Any,
    csv: bool,
    share_with: str,
    as_json: bool,
) -> None:
    """A report of the books: meeting, monthly, quarterly, annual, member, loan, impact, audit.

    The report `partner` has no names and no member numbers.
    """
    asked = {
        "group": asker.group,
        "kind": kind,
        "period": period,
        "from_day": from_day,
        "to_day": to_day,
        "cycle": cycle,
        "session": session,
        "member": member,
        "loan": loan,
        "scope": scope,
        "csv": csv and not share_with,
    }
    if share_with:
        request: Any = ShareRequest(**asked, recipient=share_with)
        answer = asker.ask("share-report", request)
    else:
        answer = asker.ask("report", ReportRequest(**asked))
    words = (lambda told: told["text"]) if asked["csv"] else _report
    show(answer, as_json, words)


def _report(answer: dict[str, Any]) -> str:
    days = answer.get("parameters", answer)
    of_whom = answer.get("figures", {}).get("who", "")
    title = f"{answer['group']} · {answer.get('report', 'partner')} report"
    title += f" on {of_whom}" if of_whom else ""
    parts = [
        paragraph(f"{title} · {days['from']} to {days['to']} · amounts in {answer['currency']}")
    ]
    if answer["withheld"]:
        parts.append(
            paragraph(
                "Amounts are withheld: the books hold an entry of a newer Mkutano. "
                "Update this phone."
            )
        )
    parts += [_table(one, answer["exponent"]) for one in report_tables(answer)]
    health = answer.get("figures", answer).get("health")
    if health:
        score = "not rated yet" if health["score"] is None else f"{health['score']} of 100"
        parts.append(paragraph(f"Health score: {score}, {health['band']}."))
    shared = answer.get("shared")
    if shared:
        parts.append(
            paragraph(
                f"Noted that it was given to {shared['recipient']}. Receipt {shared['receipt']}."
            )
        )
    return "\n\n".join(parts)


def _table(one: ReportTable, exponent: int) -> str:
    rows = [[_shortened(cell_text(cell, exponent)) for cell in row] for row in one.rows]
    return f"{one.title}\n{table(one.heads, rows)}"


def _shortened(text: str) -> str:
    """As a person reads it: a phone by the first letters of its key, a kind without dots."""
    if re.fullmatch("[0-9a-f]{64}", text):
        return text[:8]
    return re.sub("[._]", " ", text) if re.fullmatch(r"[a-z_]+\.[a-z_]+", text) else text


@click.command("statement")
@click.argument("member")
@_days_options
@json_option
@click.pass_obj
def statement_command(
    asker: Asker, member: str, period: str, from_day: str, to_day: str, as_json: bool
) -> None:
    """A member's statement with the balance before and after each entry. MEMBER: number or name."""
    asked = StatementRequest(
        group=asker.group, member=member, period=period, from_day=from_day, to_day=to_day
    )
    show(asker.ask("statement", asked), as_json, _statement)


def _statement(answer: dict[str, Any]) -> str:
    number = answer["member"]["number"]
    who = answer["name"] or f"member {number}"
    rows = [
        (
            row["day"],
            row["receipt"],
            row["what"],
            "" if row["amount_minor"] is None else amount(answer, row["amount_minor"]),
            amount(answer, row["holds_after_minor"]),
            amount(answer, row["owes_after_minor"]),
            "" if row["status"] == "counted" else row["status"],
        )
        for row in answer["rows"]
    ]
    heads = ("Date", "Receipt", "What", "Amount", "Holds", "Owes", "Counts as")
    now = answer["now"]
    to_pay = amount(answer, now["to_pay_minor"])
    parts = [
        paragraph(f"{number} {who} · {answer['from']} to {answer['to']} · {answer['currency']}"),
        paragraph(_balance(answer, "Before", answer["opening"])),
        table(heads, rows) if rows else "Nothing moved in these days.",
        paragraph(_balance(answer, "After", answer["closing"])),
        paragraph(f"{_balance(answer, 'Today', now)} To pay: {to_pay}."),
        _holdings(answer, now["accounts"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _balance(answer: dict[str, Any], when: str, state: dict[str, Any]) -> str:
    holds, owes = amount(answer, state["holds_minor"]), amount(answer, state["owes_minor"])
    return f"{when}: holds {holds}, owes {owes}."


def _holdings(answer: dict[str, Any], accounts: Sequence[dict[str, Any]]) -> str:
    rows = [
        (
            row["name"],
            row["shares"] if "shares" in row else amount(answer, row["balance_minor"]),
        )
        for row in accounts
    ]
    return table(("Account", "Balance"), rows) if rows else ""


@click.command("notices")
@click.option("--kind", "kinds", multiple=True,
              type=click.Choice(["summary", "receipt", "nudge", "security"]),
              help="Only these; repeatable. Receipts only when asked for.")  # fmt: skip
@click.option("--masked", is_flag=True, help="Without amounts, for phones that are shared.")
@click.option("--language", type=click.Choice(["en", "sw"]), default="en", show_default=True,
              help="English or Kiswahili.")  # fmt: skip
@click.option("--unasked", is_flag=True, help="To members whom nobody asked yet, too.")
@click.option("--all", "every", is_flag=True, help="Those that were sent, too.")
@click.option("--send", is_flag=True, help="Note that they were sent from this phone.")
@click.option("--only", default="", help="First letters of the ids to note, with commas.")
@click.option("--channel", type=click.Choice(["sms", "app", "email", "print"]), default="sms",
              show_default=True, help="How they were sent.")  # fmt: skip
@json_option
@click.pass_obj
def notices_command(
    asker: Asker,
    kinds: Sequence[str],
    masked: bool,
    language: Any,
    unasked: bool,
    every: bool,
    send: bool,
    only: str,
    channel: Any,
    as_json: bool,
) -> None:
    """Messages to the group and its members that nobody sent yet, each at most one SMS."""
    asked = {
        "group": asker.group,
        "kinds": ",".join(kinds),
        "masked": masked,
        "language": language,
        "unasked": unasked,
        "every": every,
    }
    if send:
        sent: Any = SentRequest(**asked, channel=channel, ids=only)
        show(asker.ask("send-notices", sent), as_json, _sent)
        return
    request: Any = NoticesRequest(**asked)
    show(asker.ask("notices", request), as_json, _notices)


def _notices(answer: dict[str, Any]) -> str:
    silent = ""
    if answer["not_asked"]:
        silent = paragraph(
            f"Nobody asked {counted(answer['not_asked'], 'member')} about messages yet. Ask, and "
            "record the answer: mkutano record consent --member 7 --code messages --status yes"
        )
    if not answer["notices"]:
        return "\n".join(filter(None, ("No message is due.", silent)))
    lines = [
        paragraph(
            f"{one['id'][:8]}  {one['to']}{'  (sent)' if one['sent'] else ''}: {one['text']}",
            "          ",
        )
        for one in answer["notices"]
    ]
    total = counted(answer["count"], "message")
    lines.append(paragraph(f"{total}, {counted(answer['sms'], 'SMS', 'SMS')} to known phones."))
    return "\n".join(filter(None, (*lines, silent)))


def _sent(answer: dict[str, Any]) -> str:
    told = counted(len(answer["notices"]), "message")
    left = f" {answer['left']} more are due: send them in the same way." if answer["left"] else ""
    return paragraph(f"Noted as sent: {told}. Receipt {answer['receipt']}.{left}")
