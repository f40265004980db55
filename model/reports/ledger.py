"""Statements of account of the book, as plain data: the reckoning of accounts_statements.py.

Every figure comes from the journal, the same that is exported for other programs. Columns have
their names: `opening_minor` stood before the first day, `closing_minor` stands after the last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model.accounts import ACCOUNTS, Account
from model.days import add_days
from model.journal_entry import JournalEntry
from model.reckoning.accounts_statements import (
    StatementRow,
    balance_sheet,
    cash_balances,
    fund_balances,
    income_statement,
    trial_balance,
)
from model.reckoning.subledgers import SubledgerProof, prove_subledgers
from model.reports.periods import ReportPeriod

Plain = dict[str, Any]


def trial_balance_view(entries: Sequence[JournalEntry], period: ReportPeriod) -> Plain:
    """Every account with both sides of the period; the totals of each pair are equal."""
    found = trial_balance(entries, period.first_day, period.last_day)
    rows = [
        {
            "code": row.account.code,
            "name": row.account.name,
            "kind": row.account.kind,
            "opening_minor": row.opening_minor,
            "debits_minor": row.debits_minor,
            "credits_minor": row.credits_minor,
            "closing_minor": row.closing_minor,
        }
        for row in found.rows
    ]
    totals = {
        column: {"debit_minor": debit, "credit_minor": credit}
        for column, (debit, credit) in (
            ("opening", found.opening),
            ("period", found.period),
            ("closing", found.closing),
        )
    }
    return {"rows": rows, "totals": totals}


def income_view(entries: Sequence[JournalEntry], period: ReportPeriod) -> Plain:
    """Income, expenses and the surplus: `change_minor` is the period's, `closing_minor` to date."""
    found = income_statement(entries, period.first_day, period.last_day)
    return {
        "income": _plain(found.income),
        "expense": _plain(found.expense),
        "total_income": found.total_income._asdict(),
        "total_expense": found.total_expense._asdict(),
        "result": found.result._asdict(),
        "result_minor": found.result_minor,
    }


def balance_sheet_view(entries: Sequence[JournalEntry], period: ReportPeriod) -> Plain:
    """What the group has = what it owes + its funds, in every column."""
    found = balance_sheet(entries, period.first_day, period.last_day)
    return {
        "assets": _plain(found.assets),
        "liabilities": _plain(found.liabilities),
        "funds": _plain(found.funds),
        "result": found.result._asdict(),
        "total_assets": found.total_assets._asdict(),
        "total_liabilities": found.total_liabilities._asdict(),
        "total_funds": found.total_funds._asdict(),
    }


def _plain(rows: Sequence[StatementRow]) -> list[Plain]:
    return [row._asdict() for row in rows]


def funds_view(entries: Sequence[JournalEntry], period: ReportPeriod) -> Plain:
    """What each fund held before and holds after; together they are the assets."""
    found = fund_balances(entries, period.first_day, period.last_day)
    return {
        "rows": [row._asdict() for row in found.rows],
        "opening_minor": found.opening_minor,
        "closing_minor": found.closing_minor,
    }


def cash_view(entries: Sequence[JournalEntry], period: ReportPeriod) -> list[Plain]:
    """Receipts and payments of every pocket."""
    return [
        {**row._asdict(), "name": ACCOUNTS[row.code].name}
        for row in cash_balances(entries, period.first_day, period.last_day)
    ]


def subledgers_view(
    entries: Sequence[JournalEntry],
    last_day: str,
    kept: Mapping[str, Mapping[str, int]] | None = None,
) -> list[Plain]:
    """Each account that is kept by member or by loan against its sub-ledger; see subledgers.py."""
    return [_proof(proof) for proof in prove_subledgers(entries, last_day, kept)]


def _proof(proof: SubledgerProof) -> Plain:
    return {
        "code": proof.account.code,
        "name": proof.account.name,
        "kept_by": proof.account.subledger,
        "control_minor": proof.control_minor,
        "subledger_minor": proof.subledger_minor,
        "without_subject_minor": proof.without_subject_minor,
        "holds": proof.holds,
        "subjects": [
            {"subject": subject, "balance_minor": amount} for subject, amount in proof.subjects
        ],
        "differences": [
            {"subject": subject, "journal_minor": journal, "kept_minor": other}
            for subject, journal, other in proof.differences
        ],
    }


def daily_balances(
    entries: Sequence[JournalEntry], period: ReportPeriod, wanted: Callable[[Account], bool]
) -> list[int]:
    """The balance of some accounts together, debit positive, at the end of each day of the period.

    The first figure is that of the day before the period. Their mean weighs every day the same,
    however unevenly meetings fall.
    """
    moves: dict[str, int] = {}
    for entry in entries:
        amount = sum(
            line.amount_minor for line in entry.lines if wanted(ACCOUNTS[line.account_code])
        )
        if amount:
            moves[entry.date] = moves.get(entry.date, 0) + amount
    days = sorted(moves)
    sums = [0]
    for day in days:
        sums.append(sums[-1] + moves[day])
    return [
        sums[bisect_right(days, add_days(period.first_day, number))]
        for number in range(-1, period.days)
    ]
