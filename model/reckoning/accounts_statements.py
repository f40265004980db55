"""Statements of account from plain journal entries: what a double-entry book says about a period.

Every statement has a column for what stood before the first day and one for what stands after the
last. Amounts are whole minor units; a trial balance shows debits as positive, and the other
statements give an amount the sign that its account usually has (income of 500 is 500).

Two rules hold for whatever is given: debits equal credits in every column of a trial balance, and
assets equal what the group owes plus its funds plus the result that is not yet closed. Entries
that close a cycle (they move income and expense to the retained surplus) are left out of an
income statement, because they would empty the very cycle that it tells about.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from model.accounts import (
    ACCOUNTS,
    CHART,
    CONDITIONAL_GRANTS,
    GRANT_EQUITY,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    OPENING_BALANCES,
    POCKETS,
    RESERVE,
    RETAINED_SURPLUS,
    SOCIAL_FUND,
    SOCIAL_PAYOUTS,
    Account,
)
from model.journal_entry import JournalEntry
from model.money import Minor
from model.reckoning.movements import Movement, Movements, movements


class TrialRow(NamedTuple):
    """One account of a trial balance; `opening_minor` and `closing_minor` are debit positive."""

    account: Account
    opening_minor: Minor
    debits_minor: Minor
    credits_minor: Minor
    closing_minor: Minor


class TrialBalance(NamedTuple):
    """Every account that moved or has a balance, in the order of the chart, and the totals.

    The totals are (debit, credit) of each pair of columns; the two of a pair are always equal.
    """

    first_day: str
    last_day: str
    rows: tuple[TrialRow, ...]
    opening: tuple[Minor, Minor]
    period: tuple[Minor, Minor]
    closing: tuple[Minor, Minor]


def trial_balance(
    entries: Iterable[JournalEntry], first_day: str, last_day: str, *, empty: bool = False
) -> TrialBalance:
    """The trial balance of a period with opening and closing balances.

    `empty` also lists accounts that have no balance and did not move. Raises as `movements`.
    """
    found = movements(entries, first_day, last_day)
    rows = []
    for account in CHART:
        moved = found.get(account.code, Movement())
        if empty or any(moved):
            rows.append(TrialRow(account, *moved, moved.closing_minor))
    return TrialBalance(
        first_day,
        last_day,
        tuple(rows),
        _sides(row.opening_minor for row in rows),
        (sum(row.debits_minor for row in rows), sum(row.credits_minor for row in rows)),
        _sides(row.closing_minor for row in rows),
    )


def _sides(balances: Iterable[Minor]) -> tuple[Minor, Minor]:
    """Sum of the debit balances and of the credit balances."""
    debit = credit = 0
    for balance in balances:
        debit += max(balance, 0)
        credit += max(-balance, 0)
    return debit, credit


class StatementRow(NamedTuple):
    """A line of a statement with the sign that is usual for it; closing = opening + change."""

    code: str
    name: str
    opening_minor: Minor
    change_minor: Minor
    closing_minor: Minor


class IncomeStatement(NamedTuple):
    """Income less expense. `opening`: earned before the period and not left out; `change`: in it.

    `result_minor` is the surplus (or, below zero, the loss) of the period alone, `closing` columns
    are to date.
    """

    first_day: str
    last_day: str
    income: tuple[StatementRow, ...]
    expense: tuple[StatementRow, ...]
    total_income: StatementRow
    total_expense: StatementRow
    result: StatementRow

    @property
    def result_minor(self) -> Minor:
        """Surplus of the period; below zero it is a loss."""
        return self.result.change_minor


def income_statement(
    entries: Iterable[JournalEntry], first_day: str, last_day: str
) -> IncomeStatement:
    """What the group earned and spent in a period, on a cash basis. Raises as `movements`."""
    found = movements(entries, first_day, last_day, with_closing=False)
    income = _rows(found, "income")
    expense = _rows(found, "expense")
    total_income = _total("", "Total income", income)
    total_expense = _total("", "Total expense", expense)
    result = _minus("Surplus of the period", total_income, total_expense)
    return IncomeStatement(
        first_day, last_day, income, expense, total_income, total_expense, result
    )


def _rows(found: Movements, kind: str) -> tuple[StatementRow, ...]:
    """Accounts of a kind with any figure, with the sign that is usual for them."""
    return tuple(
        _row(account, found[account.code])
        for account in CHART
        if account.kind == kind and any(found.get(account.code, ()))
    )


def _row(account: Account, moved: Movement) -> StatementRow:
    sign = 1 if account.normal_side == "debit" else -1
    figures = (moved.opening_minor, moved.change_minor, moved.closing_minor)
    return StatementRow(account.code, account.name, *(sign * figure for figure in figures))


def _total(code: str, name: str, rows: Sequence[StatementRow]) -> StatementRow:
    return StatementRow(
        code,
        name,
        sum(row.opening_minor for row in rows),
        sum(row.change_minor for row in rows),
        sum(row.closing_minor for row in rows),
    )


def _minus(name: str, first: StatementRow, second: StatementRow) -> StatementRow:
    return StatementRow(
        "",
        name,
        first.opening_minor - second.opening_minor,
        first.change_minor - second.change_minor,
        first.closing_minor - second.closing_minor,
    )


class BalanceSheet(NamedTuple):
    """Assets = liabilities + funds + result not closed, in every column.

    `opening` is the end of the day before `first_day`, `closing` the end of `last_day`.
    """

    first_day: str
    last_day: str
    assets: tuple[StatementRow, ...]
    liabilities: tuple[StatementRow, ...]
    funds: tuple[StatementRow, ...]
    result: StatementRow
    total_assets: StatementRow
    total_liabilities: StatementRow
    total_funds: StatementRow


def balance_sheet(entries: Iterable[JournalEntry], first_day: str, last_day: str) -> BalanceSheet:
    """What the group has, what it owes and whose it is. Raises as `movements`.

    Members' shares are listed with what is owed, because members can take them back; `result` is
    income less expense that no closing entry has moved to the retained surplus yet, and it is part
    of `total_funds`.
    """
    found = movements(entries, first_day, last_day)
    assets, liabilities, funds = (_rows(found, kind) for kind in ("asset", "liability", "fund"))
    income, expense = (_total("", "", _rows(found, kind)) for kind in ("income", "expense"))
    result = _minus("Result not closed yet", income, expense)
    return BalanceSheet(
        first_day,
        last_day,
        assets,
        liabilities,
        funds,
        result,
        _total("", "Total assets", assets),
        _total("", "Total owed", liabilities),
        _total("", "Total funds", (*funds, result)),
    )


Fund = Literal[
    "loan_fund",
    "member_savings",
    "social_fund",
    "reserve",
    "grants",
    "opening_balances",
    "owed_to_members",
    "owed_to_others",
]

FUNDS: Final[dict[Fund, str]] = {
    "loan_fund": "Loan fund: shares and surplus",
    "member_savings": "Voluntary savings",
    "social_fund": "Social fund",
    "reserve": "Reserve",
    "grants": "Grants",
    "opening_balances": "Opening balances not matched",
    "owed_to_members": "Owed to members",
    "owed_to_others": "Owed to others",
}
"""Every fund with its name, in the order of a statement."""

_FUND_OF: Final[dict[str, Fund]] = {
    MEMBER_SHARES: "loan_fund",
    RETAINED_SURPLUS: "loan_fund",
    MEMBER_SAVINGS: "member_savings",
    SOCIAL_FUND: "social_fund",
    SOCIAL_PAYOUTS: "social_fund",
    RESERVE: "reserve",
    CONDITIONAL_GRANTS: "grants",
    GRANT_EQUITY: "grants",
    OPENING_BALANCES: "opening_balances",
}


def fund_of(account: Account) -> Fund | None:
    """Whose money an account is about; None for an asset, which is where the money is.

    Income and expense belong to the loan fund, social payouts to the social fund; any other
    liability is owed to members when it is kept by member, else to others.
    """
    if account.kind == "asset":
        return None
    if account.code in _FUND_OF:
        return _FUND_OF[account.code]
    if account.kind != "liability":
        return "loan_fund"
    return "owed_to_members" if account.subledger == "member" else "owed_to_others"


class FundRow(NamedTuple):
    """One fund over a period; closing = opening + into - out_of."""

    fund: Fund
    name: str
    opening_minor: Minor
    into_minor: Minor
    out_of_minor: Minor
    closing_minor: Minor


class FundBalances(NamedTuple):
    """Every fund with a figure; together they are exactly the assets, in both columns."""

    first_day: str
    last_day: str
    rows: tuple[FundRow, ...]
    opening_minor: Minor
    closing_minor: Minor


def fund_balances(entries: Iterable[JournalEntry], first_day: str, last_day: str) -> FundBalances:
    """What each fund of the group holds before and after a period. Raises as `movements`.

    Closing entries are left out of what goes in and out: a surplus stays in the loan fund.
    """
    found = movements(entries, first_day, last_day, with_closing=False)
    sums = {fund: [0, 0, 0] for fund in FUNDS}
    for code, moved in found.items():
        fund = fund_of(ACCOUNTS[code])
        if fund is not None:
            row = sums[fund]
            row[0] -= moved.opening_minor
            row[1] += moved.credits_minor
            row[2] += moved.debits_minor
    rows = tuple(
        FundRow(fund, FUNDS[fund], opening, into, out_of, opening + into - out_of)
        for fund, (opening, into, out_of) in sums.items()
        if opening or into or out_of
    )
    return FundBalances(
        first_day,
        last_day,
        rows,
        sum(row.opening_minor for row in rows),
        sum(row.closing_minor for row in rows),
    )


class PocketRow(NamedTuple):
    """One place where money is kept; closing = opening + received - paid."""

    pocket: str
    code: str
    opening_minor: Minor
    received_minor: Minor
    paid_minor: Minor
    closing_minor: Minor


def cash_balances(
    entries: Iterable[JournalEntry], first_day: str, last_day: str
) -> tuple[PocketRow, ...]:
    """Receipts and payments of every pocket (box, social fund bag, bank, mobile money)."""
    found = movements(entries, first_day, last_day)
    rows = []
    for pocket, code in POCKETS.items():
        moved = found.get(code, Movement())
        rows.append(PocketRow(pocket, code, *moved, moved.closing_minor))
    return tuple(rows)
