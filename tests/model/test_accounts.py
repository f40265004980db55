"""The chart is closed, ordered, and every export name is one that Beancount takes."""

import re

import pytest

from model import accounts
from model.accounts import ACCOUNTS, CHART, POCKETS, ROOTS, Account

BEANCOUNT_NAME = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


def test_codes_are_unique_and_in_order() -> None:
    codes = [account.code for account in CHART]
    assert codes == sorted(set(codes))
    assert list(ACCOUNTS) == codes


def test_codes_never_change_because_journals_carry_them() -> None:
    assert " ".join(ACCOUNTS) == (
        "1010 1020 1030 1040 1090 1100 1150 1160 1170 1180 "
        "2010 2020 2030 2040 2050 2060 2070 2080 2090 2095 3010 3020 3030 3040 3090 "
        "4010 4020 4030 4040 4050 4060 4070 5010 5020 5030 5040 5050 5060"
    )


def test_every_named_code_is_in_the_chart_once() -> None:
    named = [
        value
        for name, value in vars(accounts).items()
        if name.isupper() and isinstance(value, str) and value.isdigit()
    ]
    assert sorted(named) == list(ACCOUNTS)


@pytest.mark.parametrize("account", CHART, ids=lambda account: account.code)
def test_the_first_digit_tells_the_kind_and_the_side(account: Account) -> None:
    kinds = {"1": "asset", "2": "liability", "3": "fund", "4": "income", "5": "expense"}
    assert account.kind == kinds[account.code[0]]
    assert account.normal_side == ("debit" if account.code[0] in "15" else "credit")


@pytest.mark.parametrize("account", CHART, ids=lambda account: account.code)
def test_export_names_are_beancounts(account: Account) -> None:
    assert BEANCOUNT_NAME.fullmatch(account.ledger_name)
    assert account.ledger_name.startswith(f"{ROOTS[account.kind]}:{account.code}-")


def test_members_and_loans_have_sub_ledgers() -> None:
    assert ACCOUNTS[accounts.MEMBER_SHARES].subledger == "member"
    assert ACCOUNTS[accounts.LOANS].subledger == "loan"
    assert ACCOUNTS[accounts.CASH_BOX].subledger is None


def test_every_pocket_holds_money() -> None:
    assert {ACCOUNTS[code].kind for code in POCKETS.values()} == {"asset"}
    assert len(set(POCKETS.values())) == 4
