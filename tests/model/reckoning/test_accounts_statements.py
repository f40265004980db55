"""Statements of account balance in every column, join without a gap, and agree with others' books.

hledger's `sample.journal` and the figures that its manual prints for it are the published example;
the second reckoning adds up every account line by line with nothing of ours.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.accounts import ACCOUNTS, CHART, RETAINED_SURPLUS
from model.days import DayError, add_days
from model.journal_entry import JournalEntry, Line
from model.reckoning.accounts_statements import (
    FUNDS,
    balance_sheet,
    cash_balances,
    fund_balances,
    fund_of,
    income_statement,
    trial_balance,
)
from model.reckoning.movements import StatementError, is_closing, movements

# github.com/simonmichael/hledger, examples/sample.journal, in dollars. Its accounts on ours:
# assets:bank:checking 1030, assets:bank:saving 1180, assets:cash 1010, expenses:food 5010,
# expenses:supplies 5060, income:salary 4010, income:gifts 4050, liabilities:debts 2040.
CHECKING, SAVING, CASH, FOOD, SUPPLIES = "1030", "1180", "1010", "5010", "5060"
SALARY, GIFTS, DEBTS = "4010", "4050", "2040"


def entry(name: str, day: str, *lines: tuple[str, int]) -> JournalEntry:
    return JournalEntry(name, day, name, "", tuple(Line(code, None, n) for code, n in lines))


SAMPLE = [
    entry("income", "2008-01-01", (CHECKING, 1), (SALARY, -1)),
    entry("gift", "2008-06-01", (CHECKING, 1), (GIFTS, -1)),
    entry("save", "2008-06-02", (SAVING, 1), (CHECKING, -1)),
    entry("eat & shop", "2008-06-03", (FOOD, 1), (SUPPLIES, 1), (CASH, -2)),
    entry("pay off", "2008-12-31", (DEBTS, 1), (CHECKING, -1)),
]


def test_the_income_statement_that_the_hledger_manual_prints() -> None:
    # hledger.org/hledger.html, "incomestatement": gifts 1, salary 1, revenues 2; food 1,
    # supplies 1, expenses 2; total 0.
    found = income_statement(SAMPLE, "2008-01-01", "2008-12-31")
    assert {row.code: row.closing_minor for row in found.income} == {SALARY: 1, GIFTS: 1}
    assert {row.code: row.closing_minor for row in found.expense} == {FOOD: 1, SUPPLIES: 1}
    assert (found.total_income.closing_minor, found.total_expense.closing_minor) == (2, 2)
    assert found.result_minor == 0


def test_the_balance_sheet_that_the_hledger_manual_prints() -> None:
    # hledger.org/hledger.html, "balancesheet": bank:saving 1, cash -2, assets -1; debts owed -1;
    # net assets 0. The bank's checking account is empty and yet it moved.
    found = balance_sheet(SAMPLE, "2008-01-01", "2008-12-31")
    assets = {row.code: row.closing_minor for row in found.assets}
    assert assets == {CASH: -2, CHECKING: 0, SAVING: 1}
    assert (found.total_assets.closing_minor, found.total_liabilities.closing_minor) == (-1, -1)
    assert found.total_funds.closing_minor == 0


def test_the_second_half_of_the_sample_opens_where_the_first_ends() -> None:
    # Of the year to 31 May only the salary is there: checking 1, salary -1.
    found = trial_balance(SAMPLE, "2008-06-01", "2008-12-31")
    by_code = {row.account.code: row[1:] for row in found.rows}
    assert by_code[CHECKING] == (1, 1, 2, 0)
    assert by_code[SALARY] == (-1, 0, 0, -1)
    assert by_code[CASH] == (0, 0, 2, -2)
    assert (found.opening, found.period, found.closing) == ((1, 1), (5, 5), (4, 4))


def test_a_closing_entry_moves_the_surplus_and_not_what_was_earned() -> None:
    cycle = [
        entry("shares", "2026-01-05", ("1010", 1_000), ("2010", -1_000)),
        entry("interest", "2026-02-02", ("1010", 90), ("4010", -90)),
        entry("expense", "2026-03-02", ("5010", 20), ("1010", -20)),
    ]
    close = entry("close", "2026-12-20", ("4010", 90), ("5010", -20), ("3020", -70))
    assert is_closing(close)
    assert not any(is_closing(one) for one in cycle)
    for entries in (cycle, [*cycle, close]):
        assert income_statement(entries, "2026-01-01", "2026-12-31").result_minor == 70
        sheet = balance_sheet(entries, "2026-01-01", "2026-12-31")
        assert sheet.total_assets.closing_minor == 1_070
        assert sheet.total_funds.closing_minor == 70
        funds = fund_balances(entries, "2026-01-01", "2026-12-31")
        assert [row.fund for row in funds.rows] == ["loan_fund"]
        assert (funds.rows[0].into_minor, funds.rows[0].out_of_minor) == (1_090, 20)
        assert funds.closing_minor == 1_070
    assert balance_sheet([*cycle, close], "2026-01-01", "2026-12-31").result.closing_minor == 0


def test_pockets_show_what_came_in_and_what_went_out() -> None:
    rows = {
        row.pocket: (row.opening_minor, row.received_minor, row.paid_minor, row.closing_minor)
        for row in cash_balances(SAMPLE, "2008-06-02", "2008-12-31")
    }
    assert rows == {
        "box": (0, 0, 2, -2),
        "social": (0, 0, 0, 0),
        "bank": (2, 0, 2, 0),
        "mobile": (0, 0, 0, 0),
    }


def test_every_account_that_is_not_an_asset_belongs_to_one_fund() -> None:
    for account in CHART:
        assert (fund_of(account) in FUNDS) == (account.kind != "asset")


def test_all_accounts_are_listed_on_demand() -> None:
    found = trial_balance([], "2026-01-01", "2026-01-31", empty=True)
    assert [row.account for row in found.rows] == list(CHART)
    assert trial_balance([], "2026-01-01", "2026-01-31").rows == ()


@pytest.mark.parametrize(
    ("entries", "first", "last", "error", "says"),
    [
        (SAMPLE, "2008-02-01", "2008-01-31", StatementError, "before it begins"),
        (SAMPLE, "2008-02-30", "2008-03-31", DayError, "not a date"),
        (
            [entry("off", "2026-01-01", ("1010", 1))],
            "2026-01-01",
            "2026-12-31",
            StatementError,
            "1",
        ),
        (
            [entry("odd", "2026-01-01", ("9999", 1), ("1010", -1))],
            "2026-01-01",
            "2026-12-31",
            StatementError,
            "9999",
        ),
        ([entry("late", "1/2/26", ("1010", 0))], "2026-01-01", "2026-12-31", DayError, "1/2/26"),
    ],
    ids=["turned round", "no such day", "unbalanced", "unknown account", "no date"],
)
def test_what_is_no_journal_or_no_period_is_refused(
    entries: list[JournalEntry], first: str, last: str, error: type[ValueError], says: str
) -> None:
    with pytest.raises(error, match=says):
        movements(entries, first, last)


CODES = sorted(ACCOUNTS)
FIRST = "2025-12-20"


@st.composite
def journals(draw: st.DrawFn) -> list[JournalEntry]:
    entries = []
    for number in range(draw(st.integers(0, 12))):
        lines = draw(
            st.lists(
                st.tuples(st.sampled_from(CODES), st.integers(-(2**53), 2**53)),
                min_size=1,
                max_size=4,
            )
        )
        rest = -sum(amount for _, amount in lines)
        lines.append((draw(st.sampled_from(CODES)), rest))
        day = add_days(FIRST, draw(st.integers(0, 30)))
        entries.append(entry(f"e{number}", day, *lines))
    return entries


days = st.integers(0, 30).map(lambda n: add_days(FIRST, n))


@given(entries=journals(), ends=st.tuples(days, days).map(sorted))
def test_every_statement_balances_in_every_column(
    entries: list[JournalEntry], ends: list[str]
) -> None:
    first, last = ends
    trial = trial_balance(entries, first, last)
    assert all(debit == credit for debit, credit in (trial.opening, trial.period, trial.closing))
    assert trial.closing[0] == sum(max(row.closing_minor, 0) for row in trial.rows)
    assert trial.opening[1] == -sum(min(row.opening_minor, 0) for row in trial.rows)
    sheet = balance_sheet(entries, first, last)
    funds = fund_balances(entries, first, last)
    for column in ("opening_minor", "change_minor", "closing_minor"):
        owed = getattr(sheet.total_liabilities, column) + getattr(sheet.total_funds, column)
        assert getattr(sheet.total_assets, column) == owed
    assert funds.opening_minor == sheet.total_assets.opening_minor
    assert funds.closing_minor == sheet.total_assets.closing_minor


@given(entries=journals(), ends=st.tuples(days, days).map(sorted))
def test_a_second_reckoning_line_by_line(entries: list[JournalEntry], ends: list[str]) -> None:
    first, last = ends
    for row in trial_balance(entries, first, last, empty=True).rows:
        lines = [
            (one.date, line.amount_minor)
            for one in entries
            for line in one.lines
            if line.account_code == row.account.code
        ]
        assert row.opening_minor == sum(amount for day, amount in lines if day < first)
        inside = [amount for day, amount in lines if first <= day <= last]
        assert row.debits_minor == sum(amount for amount in inside if amount > 0)
        assert row.credits_minor == -sum(amount for amount in inside if amount < 0)
        assert row.closing_minor == sum(amount for day, amount in lines if day <= last)


@given(entries=journals(), cut=st.integers(0, 29), data=st.data())
def test_periods_that_follow_each_other_join(
    entries: list[JournalEntry], cut: int, data: st.DataObject
) -> None:
    middle, end = add_days(FIRST, cut), add_days(FIRST, 30)
    shuffled = data.draw(st.permutations(entries))
    one = income_statement(entries, FIRST, middle).result_minor
    other = income_statement(shuffled, add_days(middle, 1), end).result_minor
    assert one + other == income_statement(entries, FIRST, end).result_minor
    before = trial_balance(entries, FIRST, middle, empty=True)
    after = trial_balance(shuffled, add_days(middle, 1), end, empty=True)
    assert [row.closing_minor for row in before.rows] == [row.opening_minor for row in after.rows]


@given(entries=journals())
def test_closing_a_cycle_changes_no_result_no_asset_and_no_fund(
    entries: list[JournalEntry],
) -> None:
    last = add_days(FIRST, 30)
    earned = [one for one in entries if not is_closing(one)]
    rows = trial_balance(earned, FIRST, last).rows
    kinds = ("income", "expense")
    close = [(row.account.code, -row.closing_minor) for row in rows if row.account.kind in kinds]
    total = -sum(amount for _, amount in close)
    closed = [*earned, entry("close", last, *close, (RETAINED_SURPLUS, total))]
    was, now = (income_statement(one, FIRST, last) for one in (earned, closed))
    assert was == now
    sheet, after = (balance_sheet(one, FIRST, last) for one in (earned, closed))
    assert sheet.assets == after.assets
    assert sheet.total_funds == after.total_funds
    assert after.result.closing_minor == 0
    assert fund_balances(earned, FIRST, last) == fund_balances(closed, FIRST, last)
