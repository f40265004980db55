"""Sub-ledgers: what is kept by member or by loan adds up to its account, row by row.

A control account (loans to members, member shares) is only as good as the list of people behind
it. The proof compares the account with the sum of its members or loans, and with a reckoning that
was kept apart, such as the loans' own schedules; a statement of account shows one member's rows
with the balance before and after each.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from model.accounts import ACCOUNTS, CHART, Account
from model.days import parse_day
from model.journal_entry import JournalEntry
from model.money import Minor
from model.reckoning.movements import StatementError, check_entry, check_period


class SubledgerProof(NamedTuple):
    """A control account against its sub-ledger at the end of a day, debit positive.

    `without_subject_minor`: posted to the account and to nobody. `differences`: (subject, balance
    by the journal, balance as kept) wherever a sub-ledger that was kept apart says otherwise.
    """

    account: Account
    control_minor: Minor
    subledger_minor: Minor
    without_subject_minor: Minor
    differences: tuple[tuple[str, Minor, Minor], ...]
    subjects: tuple[tuple[str, Minor], ...]

    @property
    def holds(self) -> bool:
        """Is every unit of the control account some member's or some loan's, as it was kept?"""
        return not self.without_subject_minor and not self.differences


def prove_subledgers(
    entries: Iterable[JournalEntry],
    last_day: str,
    kept: Mapping[str, Mapping[str, Minor]] | None = None,
) -> tuple[SubledgerProof, ...]:
    """Compare each account that is kept by member or by loan with its sub-ledger.

    `kept`: account code -> subject -> balance (debit positive) from another reckoning, such as the
    loans' own schedules; an account that it does not name is compared with nothing. Accounts
    without a figure are left out. Raises as `movements`, and `StatementError` when `kept` names an
    account that has no sub-ledger.
    """
    parse_day(last_day)
    for code in kept or {}:
        if code not in ACCOUNTS or ACCOUNTS[code].subledger is None:
            raise StatementError(f"Account {code!r} is not kept by member or by loan.")
    by_subject: dict[str, dict[str, Minor]] = {}
    for entry in entries:
        check_entry(entry)
        if entry.date <= last_day:
            for code, subject, amount_minor in entry.lines:
                if ACCOUNTS[code].subledger is not None:
                    row = by_subject.setdefault(code, {})
                    row[subject or ""] = row.get(subject or "", 0) + amount_minor
    return tuple(
        _proof(account, by_subject.get(account.code, {}), (kept or {}).get(account.code))
        for account in CHART
        if account.code in by_subject or account.code in (kept or {})
    )


def _proof(
    account: Account, posted: Mapping[str, Minor], kept: Mapping[str, Minor] | None
) -> SubledgerProof:
    subjects = {subject: amount for subject, amount in sorted(posted.items()) if subject}
    differences = []
    if kept is not None:
        for subject in sorted({*subjects, *kept}):
            pair = (subjects.get(subject, 0), kept.get(subject, 0))
            if pair[0] != pair[1]:
                differences.append((subject, *pair))
    return SubledgerProof(
        account,
        sum(posted.values()),
        sum(subjects.values()),
        posted.get("", 0),
        tuple(differences),
        tuple((subject, amount) for subject, amount in subjects.items() if amount),
    )


class RunningRow(NamedTuple):
    """One posting of a statement of account with the balance before and after it."""

    entry: JournalEntry
    before_minor: Minor
    amount_minor: Minor
    after_minor: Minor


def running_balance(
    entries: Iterable[JournalEntry],
    account_code: str,
    subject: str | None,
    first_day: str,
    last_day: str,
) -> tuple[RunningRow, ...]:
    """Statement of one account (of one member or loan, when `subject` is given), row by row.

    Amounts have the account's usual sign. Rows come by day, and within a day in the order given.
    The first row's `before_minor` is the opening balance. Raises as `movements`.
    """
    check_period(first_day, last_day)
    if account_code not in ACCOUNTS:
        raise StatementError(f"There is no account {account_code!r}.")
    sign = 1 if ACCOUNTS[account_code].normal_side == "debit" else -1
    rows: list[RunningRow] = []
    balance = 0
    for entry in sorted(entries, key=lambda entry: entry.date):
        check_entry(entry)
        amount = sign * sum(
            line.amount_minor
            for line in entry.lines
            if line.account_code == account_code and subject in (None, line.subject)
        )
        if not amount or entry.date > last_day:
            continue
        if entry.date >= first_day:
            rows.append(RunningRow(entry, balance, amount, balance + amount))
        balance += amount
    return tuple(rows)
