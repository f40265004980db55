"""Movements of accounts: what a list of journal entries did to every account in a period.

A period is two days, both inside it. For each account there is the balance before the first day
and both sides of what was posted up to the last; every statement of account is made of these, so
that statements of periods that follow each other join without a gap.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from model.accounts import ACCOUNTS, RETAINED_SURPLUS
from model.days import parse_day
from model.journal_entry import JournalEntry
from model.money import Minor


class StatementError(ValueError):
    """No statement can be made of these entries or for this period; the message says why."""


class Movement(NamedTuple):
    """One account over a period: balance before it (debit positive), then both sides of it."""

    opening_minor: Minor = 0
    debits_minor: Minor = 0
    credits_minor: Minor = 0

    @property
    def change_minor(self) -> Minor:
        """What the period added to the balance, debit positive."""
        return self.debits_minor - self.credits_minor

    @property
    def closing_minor(self) -> Minor:
        """Balance after the period, debit positive."""
        return self.opening_minor + self.change_minor


Movements = Mapping[str, Movement]
"""Account code -> its movement; an account that never moved may be missing."""


def check_period(first_day: str, last_day: str) -> None:
    """Raise `StatementError` unless the days are a period: ISO dates, the first not after the last.

    A text that is no date raises `DayError` (also a `ValueError`).
    """
    if parse_day(first_day) > parse_day(last_day):
        raise StatementError(f"The period ends ({last_day}) before it begins ({first_day}).")


def is_closing(entry: JournalEntry) -> bool:
    """Does this entry close a cycle: income and expense to the retained surplus, nothing else?"""
    codes = {line.account_code for line in entry.lines}
    return RETAINED_SURPLUS in codes and all(
        code == RETAINED_SURPLUS or _is_result(code) for code in codes
    )


def _is_result(code: str) -> bool:
    account = ACCOUNTS.get(code)
    return account is not None and account.kind in ("income", "expense")


def movements(
    entries: Iterable[JournalEntry], first_day: str, last_day: str, *, with_closing: bool = True
) -> dict[str, Movement]:
    """Every account's movement over the period, from entries in any order; later ones are left out.

    Days are compared as dates, both ends inside. `with_closing=False` leaves entries that close a
    cycle out. Raises `StatementError` when an entry does not balance, names an unknown account or
    has no date.
    """
    check_period(first_day, last_day)
    sums: dict[str, list[Minor]] = {}
    for entry in entries:
        check_entry(entry)
        if entry.date > last_day or (not with_closing and is_closing(entry)):
            continue
        before = entry.date < first_day
        for code, _, amount_minor in entry.lines:
            row = sums.setdefault(code, [0, 0, 0])
            if before:
                row[0] += amount_minor
            elif amount_minor > 0:
                row[1] += amount_minor
            else:
                row[2] -= amount_minor
    return {code: Movement(*sums[code]) for code in sorted(sums)}


def check_entry(entry: JournalEntry) -> None:
    """Raise `StatementError` unless the entry balances on accounts of the chart on a real day."""
    parse_day(entry.date)  # then ISO text compares as the days do
    for line in entry.lines:
        if line.account_code not in ACCOUNTS:
            raise StatementError(f"Entry {entry.id} names {line.account_code!r}: no such account.")
    off = sum(line.amount_minor for line in entry.lines)
    if off:
        raise StatementError(f"Entry {entry.id} does not balance: its lines add up to {off}.")
