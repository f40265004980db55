"""A report as tables: what is printed for people, and written as CSV for a spreadsheet.

A table has a title, column heads and rows; an amount stays whole minor units in a `Money` cell
until it is written, so that a screen groups its digits and a file does not. In a file no text can
run as a formula (the rule of export.py), and each table begins with its title on a line of its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from model.money import format_amount

Plain = Mapping[str, Any]
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


class Money(NamedTuple):
    """An amount in minor units; None is withheld."""

    minor: int | None


Cell = str | int | Money | None


class ReportTable(NamedTuple):
    """One table of a report."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def _table(title: str, rows: Iterable[Plain], columns: Mapping[str, str]) -> ReportTable:
    """Columns by key; a key that ends in _minor holds an amount."""
    return ReportTable(
        title,
        tuple(columns.values()),
        tuple(tuple(_cell(row, key) for key in columns) for row in rows),
    )


def _cell(row: Plain, key: str) -> Cell:
    value = row.get(key)
    if key.endswith("_minor"):
        return Money(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return value if isinstance(value, int) else "" if value is None else str(value)


_STATEMENT: Final = {
    "code": "Code",
    "name": "Account",
    "opening_minor": "Before",
    "change_minor": "Change",
    "closing_minor": "After",
}
_MEETINGS: Final = {
    "meeting": "Meeting",
    "held_on": "Date",
    "members_expected": "Members",
    "in_person": "Came",
    "by_representative": "Sent",
    "saved_minor": "Saved",
    "social_minor": "Social",
    "repaid_minor": "Repaid",
    "lent_minor": "Lent",
    "fines_paid_minor": "Fines paid",
    "spent_minor": "Spent",
    "closed": "Closed",
}
_ACTIVITY: Final = {
    "saved_minor": "Saved",
    "withdrawn_minor": "Taken back",
    "social_minor": "Social",
    "help_minor": "Help",
    "lent_minor": "Lent",
    "repaid_minor": "Repaid",
    "fines_paid_minor": "Fines paid",
    "spent_minor": "Spent",
    "earned_minor": "Earned",
    "entries": "Entries",
}
_LOANS: Final = {
    "receipt": "Loan",
    "who": "Member",
    "lent_on": "Lent on",
    "lent_minor": "Lent",
    "principal_outstanding_minor": "Principal left",
    "outstanding_minor": "To repay",
    "overdue_minor": "Late",
    "days_past_due": "Days late",
    "written_off_minor": "Given up",
}


def report_tables(report: Plain) -> list[ReportTable]:
    """The tables of any report of report.py, or of a summary of summary.py."""
    figures = report.get("figures", report)
    found = []
    for make in (_of_meeting, _of_member, _of_period, _of_loans, _of_measures, _of_audit):
        found += make(figures)
    return [table for table in found if table.rows]


def _of_meeting(figures: Plain) -> list[ReportTable]:
    meeting = figures.get("meeting")
    if meeting is None:
        return []
    totals = [
        {"what": _words(key), "amount_minor": amount}
        for key, amount in meeting["totals"].items()
        if key.endswith("_minor") and amount != 0
    ]
    proceedings = figures["proceedings"]
    decided = {
        "line": "No",
        "text": "Resolution",
        "votes_for": "For",
        "votes_against": "Against",
        "abstained": "Abstained",
        "carried": "Carried",
    }
    counted = {
        "moment": "Counted at",
        "pocket": "Money in",
        "counted_minor": "Counted",
        "expected_minor": "Expected",
        "difference_minor": "Difference",
    }
    return [
        _table("Register", figures["counts"], _MEETINGS),
        _table("Resolutions", proceedings["resolutions"], decided),
        _table("To do", proceedings["actions"], {"text": "What", "due_on": "Until"}),
        _table("Cash counts", proceedings["counts"], counted),
        _table("Totals", totals, {"what": "What", "amount_minor": "Amount"}),
        _cash(figures),
        _table(
            "Entries",
            meeting["entries"],
            {"receipt": "Receipt", "kind": "What", "amount_minor": "Amount", "status": "Counts as"},
        ),
    ]


def _of_member(figures: Plain) -> list[ReportTable]:
    statement = figures.get("statement")
    if statement is None:
        return []
    columns = {
        "day": "Date",
        "meeting": "Meeting",
        "receipt": "Receipt",
        "what": "What",
        "amount_minor": "Amount",
        "holds_before_minor": "Held before",
        "holds_after_minor": "Held after",
        "owes_before_minor": "Owed before",
        "owes_after_minor": "Owed after",
    }
    return [_table("Statement", statement["rows"], columns)]


def _of_period(figures: Plain) -> list[ReportTable]:
    if "activity" not in figures or figures["activity"] is None:
        return []
    activity = figures["activity"]
    tables = [_table("Activity", [activity], _ACTIVITY)]
    if isinstance(figures.get("meetings"), Sequence):
        tables.append(_table("Meetings", figures["meetings"], _MEETINGS))
    tables.append(_table("By month", figures.get("by_month", ()), {"month": "Month", **_ACTIVITY}))
    tables.append(_table("By day", figures.get("by_day", ()), {"day": "Date", **_ACTIVITY}))
    if "cash" in figures:
        tables.append(_cash(figures))
    if "funds" in figures:
        columns = {
            "name": "Fund",
            "opening_minor": "Before",
            "into_minor": "In",
            "out_of_minor": "Out",
            "closing_minor": "After",
        }
        tables.append(_table("Funds", figures["funds"]["rows"], columns))
    if "income_statement" in figures:
        tables += _statements(figures)
    if "loan_purposes" in figures:
        columns = {"purpose": "Purpose", "loans": "Loans", "lent_minor": "Lent"}
        tables.append(_table("What loans were for", figures["loan_purposes"], columns))
    return tables


def _cash(figures: Plain) -> ReportTable:
    columns = {
        "name": "Money in",
        "opening_minor": "Before",
        "received_minor": "Received",
        "paid_minor": "Paid",
        "closing_minor": "After",
    }
    return _table("Cash", figures.get("cash", ()), columns)


def _statements(figures: Plain) -> list[ReportTable]:
    income, sheet = figures["income_statement"], figures["balance_sheet"]
    earned = (
        *income["income"],
        income["total_income"],
        *income["expense"],
        income["total_expense"],
        income["result"],
    )
    standing = (
        *sheet["assets"],
        sheet["total_assets"],
        *sheet["liabilities"],
        sheet["total_liabilities"],
        *sheet["funds"],
        sheet["result"],
        sheet["total_funds"],
    )
    tables = [
        _table("Income and expenses", earned, _STATEMENT),
        _table("Balance sheet", standing, _STATEMENT),
    ]
    if "trial_balance" in figures:
        columns = {
            "code": "Code",
            "name": "Account",
            "opening_minor": "Before",
            "debits_minor": "Debits",
            "credits_minor": "Credits",
            "closing_minor": "After",
        }
        tables.append(_table("Trial balance", figures["trial_balance"]["rows"], columns))
    if "subledgers" in figures:
        columns = {
            "code": "Code",
            "name": "Account",
            "kept_by": "Kept by",
            "control_minor": "Account",
            "subledger_minor": "Sum of them",
            "holds": "Equal",
        }
        tables.append(_table("Sub-ledgers", figures["subledgers"], columns))
    return tables


def _of_loans(figures: Plain) -> list[ReportTable]:
    portfolio = figures.get("portfolio")
    tables = []
    if isinstance(figures.get("loans"), Sequence):
        tables.append(_table("Loans", figures["loans"], _LOANS))
    if portfolio is None:
        return tables
    tables.append(_table("Late loans", portfolio.get("late", ()), _LOANS))
    ages = [
        {**band, "days": _days(band["first"], band["last"])} for band in portfolio["ages"]["bands"]
    ]
    columns = {"days": "Days late", "how_many": "Loans", "amount_minor": "Principal"}
    tables.append(_table("Age of loans", ages, columns))
    return tables


def _days(first: int, last: int | None) -> str:
    if last == 0:
        return "not late"
    return f"{first} and more" if last is None else f"{first} to {last}"


def _of_measures(figures: Plain) -> list[ReportTable]:
    tables = []
    if "ratios" in figures:
        columns = {"name": "Ratio", "text": "Value", "definition": "Definition"}
        tables.append(_table("Ratios", figures["ratios"], columns))
    if "health" in figures:
        columns = {
            "name": "Part of the score",
            "points": "Points",
            "weight": "of",
            "evidence": "Evidence",
            "fix": "What would raise it",
        }
        tables.append(_table("Health score", figures["health"]["factors"], columns))
    return tables


def _of_audit(figures: Plain) -> list[ReportTable]:
    if "by_action" not in figures:
        return []
    columns = {
        "day": "Date",
        "receipt": "Receipt",
        "kind": "What",
        "who": "Who",
        "amount_minor": "Amount",
        "action": "Action",
        "severity": "Severity",
        "status": "Counts as",
        "reasons": "Why",
        "device": "Device",
    }
    return [_table("Entries", figures["rows"], columns)]


def _words(key: str) -> str:
    return key.removesuffix("_minor").replace("_", " ").capitalize()


def cell_text(cell: Cell, exponent: int, grouping: str = ",") -> str:
    """A cell in words; a withheld amount says so, and no amount is empty text."""
    if isinstance(cell, Money):
        return "" if cell.minor is None else format_amount(cell.minor, exponent, grouping)
    return "" if cell is None else str(cell)


def tables_csv(tables: Iterable[ReportTable], exponent: int) -> str:
    """Every table as CSV, one after the other with an empty line between them."""
    out = io.StringIO()
    writer = csv.writer(out)
    for number, table in enumerate(tables):
        if number:
            writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.heads)
        for row in table.rows:
            writer.writerow([_safe(cell, exponent) for cell in row])
    return out.getvalue()


def _safe(cell: Cell, exponent: int) -> str:
    text = cell_text(cell, exponent, "")
    if isinstance(cell, str):
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        if text.startswith(_FORMULA_STARTS):
            return f"'{text}"
    return text
