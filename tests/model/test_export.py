"""Exported journals pass the checkers of Beancount and hledger with the totals of the book.

Both run as programs. `bean-check` comes with the test dependencies; hledger is a system package,
and where it is missing these tests say so: they fail under CI and are skipped elsewhere.
"""

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.accounts import CASH_BOX, CHART, FINES, LOANS, MEMBER_SHARES, SOCIAL_FUND
from model.export import (
    CSV_COLUMNS,
    Balance,
    ExportError,
    Money,
    account_name,
    closing_balances,
    to_beancount,
    to_csv,
    to_hledger,
)
from model.journal_entry import JournalEntry, Line
from tests.accounting_programs import bean_check, hledger_complains, run_hledger

KES = Money("KES", 2)

SHARES = JournalEntry(
    "7KQ2M4X9AB",
    "2026-01-05",
    "Shares bought",
    "1/1",
    (Line(CASH_BOX, None, 50_000), Line(MEMBER_SHARES, "12", -50_000)),
)
LOAN = JournalEntry(
    "9ZZ2M4X9AB-1",
    "2026-01-12",
    "Loan disbursed",
    "1/2",
    (Line(LOANS, "9ZZ2M4X9AB", 30_000), Line(CASH_BOX, None, -30_000)),
)

FINE = JournalEntry("AAA", "2026-01-12", "", "", (Line(CASH_BOX, None, 5), Line(FINES, None, -5)))
VILLAGE = (SHARES, LOAN, FINE)

HOSTILE_TEXTS = (
    'say "hi" \\',
    "back\\slash\\",
    "two\nlines\r\n2026-01-01 open Assets:Stolen",
    "; a comment",
    "payee | note",
    "* ! (code) = 5",
    "Wanjikũ 😀 \u2028 \x00 \x1b[31m",
    "#tag ^link key: value",
    "=1+1",
    "",
    "lone \ud800 surrogate",
    "date:2026-13-45, amount:9",
    "x" * 3_000,
)
CLEAN_NEVER = ("\n", "\r", "\x00", "\x1b", "\u2028", "\ud800")

subjects = st.one_of(st.none(), st.integers(1, 99).map(str), st.text(max_size=8))
codes = st.sampled_from([account.code for account in CHART])


@st.composite
def balanced_entries(draw: st.DrawFn) -> JournalEntry:
    lines = draw(
        st.lists(st.builds(Line, codes, subjects, st.integers(-(10**9), 10**9)), max_size=4)
    )
    rest = Line(draw(codes), draw(subjects), -sum(line.amount_minor for line in lines))
    text = st.one_of(st.text(max_size=30), st.sampled_from(HOSTILE_TEXTS))
    day = draw(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
    return JournalEntry(draw(text), day.isoformat(), draw(text), draw(text), (*lines, rest))


def beancount_of(entries: tuple[JournalEntry, ...], money: Money = KES) -> str:
    return to_beancount(entries, money, closing_balances(entries), "Umoja")


def hledger_of(entries: tuple[JournalEntry, ...], money: Money = KES) -> str:
    return to_hledger(entries, money, closing_balances(entries), "Umoja")


def test_bean_check_accepts_the_village(tmp_path: Path) -> None:
    assert bean_check(tmp_path, beancount_of(VILLAGE)) == ""


def test_hledger_accepts_the_village(hledger: str) -> None:
    assert hledger_complains(hledger, hledger_of(VILLAGE)) == ""


@pytest.mark.parametrize("money", [Money("UGX", 0), Money("TND", 3)])
def test_other_decimals_are_accepted_too(tmp_path: Path, hledger: str, money: Money) -> None:
    assert bean_check(tmp_path, beancount_of(VILLAGE, money)) == ""
    assert hledger_complains(hledger, hledger_of(VILLAGE, money)) == ""


@pytest.mark.parametrize("wrong", [Balance(CASH_BOX, None, 1), Balance(MEMBER_SHARES, "12", 0)])
def test_a_wrong_total_is_found_by_both(tmp_path: Path, hledger: str, wrong: Balance) -> None:
    assert "Balance failed" in bean_check(tmp_path, to_beancount(VILLAGE, KES, [wrong], "Umoja"))
    assert "assertion" in hledger_complains(hledger, to_hledger(VILLAGE, KES, [wrong], "Umoja"))


@pytest.mark.parametrize("money", [KES, Money("UGX", 0), Money("TND", 3)])
def test_a_total_that_is_off_by_one_unit_is_found_by_both(
    tmp_path: Path, hledger: str, money: Money
) -> None:
    right = closing_balances(VILLAGE)[0]
    wrong = right._replace(amount_minor=right.amount_minor + 1)
    assert "Balance failed" in bean_check(tmp_path, to_beancount(VILLAGE, money, [wrong], "Umoja"))
    assert "assertion" in hledger_complains(hledger, to_hledger(VILLAGE, money, [wrong], "Umoja"))


def test_hledger_reads_back_our_balances(hledger: str) -> None:
    arguments = ("balance", "--flat", "--empty", "-O", "json")
    run = run_hledger(hledger, hledger_of(VILLAGE), *arguments)
    found = {}
    for name, _, _, amounts in json.loads(run.stdout)[0]:
        quantity = amounts[0]["aquantity"] if amounts else {"decimalMantissa": 0}
        places = quantity.get("decimalPlaces", 2)
        found[name] = quantity["decimalMantissa"] * 10 ** (2 - places)
    expected = {
        account_name(balance.account_code, balance.subject): balance.amount_minor
        for balance in closing_balances(VILLAGE)
        if balance.subject or balance.account_code in (CASH_BOX, FINES)
    }
    assert {name: found.get(name, 0) for name in expected} == expected


def test_nothing_recorded_yet_is_a_valid_journal(tmp_path: Path, hledger: str) -> None:
    assert bean_check(tmp_path, beancount_of(())) == ""
    assert hledger_complains(hledger, hledger_of(())) == ""
    assert to_csv((), KES) == ",".join(CSV_COLUMNS) + "\r\n"


def test_no_text_can_break_out(tmp_path: Path, hledger: str) -> None:
    entries = tuple(
        JournalEntry(text, "2026-01-05", text, text, SHARES.lines) for text in HOSTILE_TEXTS
    )
    assert bean_check(tmp_path, to_beancount(entries, KES, (), HOSTILE_TEXTS[2])) == ""
    text = to_hledger(entries, KES, closing_balances(entries), HOSTILE_TEXTS[2])
    assert hledger_complains(hledger, text) == ""
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())
    counted = run_hledger(hledger, text, "stats").stdout
    assert f"Transactions             : {len(entries) + 1} " in counted


def test_hledger_keeps_the_whole_narration_and_the_receipt_code(hledger: str) -> None:
    entry = FINE._replace(id="A(B)", narration="* late; twice | noted")
    run = run_hledger(hledger, hledger_of((entry,)), "print", "-O", "json")
    printed = json.loads(run.stdout)[0]
    assert (printed["tdescription"], printed["tcode"]) == ("* late, twice / noted", "AB")
    assert printed["tcomment"].strip() == ""


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(balanced_entries(), min_size=5, max_size=40))
def test_any_balanced_journal_is_accepted_by_both(
    tmp_path_factory: pytest.TempPathFactory, hledger: str, entries: list[JournalEntry]
) -> None:
    journal = tuple(entries)
    assert bean_check(tmp_path_factory.mktemp("journal"), beancount_of(journal)) == ""
    assert hledger_complains(hledger, hledger_of(journal)) == ""


def test_closing_balances_count_each_account_once_and_each_subject() -> None:
    assert closing_balances(VILLAGE) == (
        Balance(CASH_BOX, None, 20_005),
        Balance(LOANS, None, 30_000),
        Balance(LOANS, "9ZZ2M4X9AB", 30_000),
        Balance(MEMBER_SHARES, None, -50_000),
        Balance(MEMBER_SHARES, "12", -50_000),
        Balance(FINES, None, -5),
    )


def test_an_empty_subject_is_none(tmp_path: Path) -> None:
    lines = tuple(line._replace(subject=line.subject or "") for line in SHARES.lines)
    entries = (SHARES._replace(lines=lines),)
    assert closing_balances(entries) == closing_balances((SHARES,))
    assert beancount_of(entries) == beancount_of((SHARES,))
    assert bean_check(tmp_path, beancount_of(entries)) == ""


@given(st.sets(st.text(max_size=12), max_size=20))
def test_two_subjects_never_share_an_account(names: set[str]) -> None:
    exported = {account_name(MEMBER_SHARES, name) for name in names | {"Hex-61", "a", "Hex"}}
    assert len(exported) == len(names | {"Hex-61", "a", "Hex"})


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_csv_has_a_row_for_each_posting() -> None:
    head, first, *_ = read_csv(to_csv(VILLAGE, KES))
    assert tuple(head) == CSV_COLUMNS
    texts = "7KQ2M4X9AB|2026-01-05|1/1|Shares bought|1010|Cash box, loan fund||500.00||KES"
    assert first == texts.split("|")


@given(st.lists(balanced_entries(), max_size=10))
def test_csv_debits_equal_credits_and_no_cell_is_a_formula(entries: list[JournalEntry]) -> None:
    _, *rows = read_csv(to_csv(entries, KES))
    assert len(rows) == sum(len(entry.lines) for entry in entries)
    columns = [[int((row[i] or "0").replace(".", "")) for row in rows] for i in (7, 8)]
    assert sum(columns[0]) == sum(columns[1])
    for cell in (cell for row in rows for cell in row):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert not any(mark in cell for mark in CLEAN_NEVER)


def test_what_does_not_balance_is_not_exported() -> None:
    broken = SHARES._replace(lines=SHARES.lines[:1])
    unknown = SHARES._replace(lines=(Line("1", None, 1), Line(SOCIAL_FUND, None, -1)))
    for entries, reason in (((broken,), "does not balance"), ((unknown,), "unknown account")):
        with pytest.raises(ExportError, match=reason):
            to_beancount(entries, KES, (), "")
        with pytest.raises(ExportError, match=reason):
            to_hledger(entries, KES, (), "")
        with pytest.raises(ExportError, match=reason):
            to_csv(entries, KES)
    with pytest.raises(ExportError, match="currency"):
        to_csv((), Money("K;S", 2))
