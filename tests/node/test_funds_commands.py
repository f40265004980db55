"""The group's own money as officers tell it: partners, investments, payments, requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.journal import balance
from node import commands, fund_views, records
from node.answers import GroupRequest
from node.commands import Context, Terms
from node.errors import CommandRefused
from node.node import Node
from node.records import RecordRequest
from tests.node.phones import NOW_MS
from tests.node.test_cli import Type, founded, typing

__all__ = ["founded"]


class Desk:
    """The founder at a phone: one person, who may record everything."""

    def __init__(self, node: Node, group: bytes) -> None:
        self.node = node
        self.group_id = group

    @property
    def at(self) -> Context:
        return Context(self.node, self.node.group(self.group_id), NOW_MS)

    def record(self, kind: str, **details: Any) -> dict[str, Any]:
        answer = records.record(self.node, RecordRequest(kind=kind, **details), NOW_MS)
        return dict(answer.body)

    def refused(self, kind: str, **details: Any) -> str:
        with pytest.raises(CommandRefused) as refusal:
            self.record(kind, **details)
        return str(refusal.value)

    def balance(self, account: str, subject: str = "") -> int:
        return balance(self.at.group.book, account, subject)

    def funds(self) -> dict[str, Any]:
        return dict(fund_views.funds(self.node, GroupRequest(), NOW_MS).body)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Node.create(tmp_path / "s", "Secretary's phone") as node:
        terms = Terms("100", social_fund="20", interest_percent="10")
        group, _ = commands.found_group(node, "Umoja", "KES", terms, NOW_MS)
        office = Desk(node, group)
        commands.add_member(office.at, "Amina", joined_on="2026-01-01")
        commands.open_meeting(office.at, "2026-01-07")
        yield office


def test_a_partner_and_its_money(desk: Desk) -> None:
    told = desk.record("partner", name="Tujenge", contact="Neema", country="Kenya")
    assert told["sentence"] == "The partner Tujenge is registered."
    desk.record("partner", name="Tujenge", partner="tujenge", status="verified")
    (partner,) = desk.funds()["partners"]
    assert (partner["state"], partner["contact"]) == ("verified", "Neema")
    told = desk.record(
        "funding", partner="Tujenge", amount="50,000", code="loan", percent="5", until="2026-12-31"
    )
    assert told["sentence"] == "Tujenge promises KES 50,000.00 (loan)."
    desk.record("funding-received", partner="Tujenge", amount="30,000", reference="FT1")
    told = desk.record("funding-repaid", partner="Tujenge", amount="10,000", interest_amount="500")
    assert told["sentence"].endswith("KES 20,000.00 are still owed.")
    (row,) = desk.funds()["funding"]
    assert (row["to_come_minor"], row["owed_minor"], row["interest_minor"]) == (
        2_000_000,
        2_000_000,
        50_000,
    )
    assert row["expected_return_minor"] == 150_000
    assert desk.balance("2040") == -2_000_000
    desk.record("funding-released", partner="Tujenge", amount="20,000", code="written-off")
    assert desk.balance("2040") == 0
    assert desk.funds()["funding"][0]["state"] == "written_off"


def test_an_investment_from_purchase_to_sale(desk: Desk) -> None:
    desk.record("contribution", member="1", shares=5)
    desk.record(
        "investment", name="Sacco deposit", amount="400", code="fixed deposit", channel="box",
        status="low", until="2026-06-30",
    )  # fmt: skip
    told = desk.record("investment-value", name="sacco deposit", amount="420")
    assert told["sentence"] == (
        "Sacco deposit is worth KES 420.00 on 2026-01-07; it cost KES 400.00."
    )
    desk.record("investment-income", name="Sacco deposit", amount="10")
    (row,) = desk.funds()["investments"]
    assert (row["unrealised_minor"], row["income_minor"]) == (2_000, 1_000)
    assert row["return"] == [3, 40]
    told = desk.record("investment-sale", name="Sacco deposit", amount="390")
    assert told["sentence"].endswith("a loss of KES 10.00.")
    assert (desk.balance("1180"), desk.balance("4050")) == (0, 0)
    assert "Nothing is left" in desk.refused("investment-sale", name="Sacco deposit", amount="1")


def test_two_purchases_of_a_kind_in_one_meeting_are_two(desk: Desk) -> None:
    desk.record("contribution", member="1", shares=5)
    for name in ("KenGen", "Safaricom"):
        desk.record("investment", name=name, amount="100", code="stocks", channel="box")
    assert desk.balance("1180") == 20_000


def test_a_payment_is_matched_with_an_entry_by_hand(desk: Desk) -> None:
    bought = desk.record("contribution", member="1", amount="500", channel="mobile")
    told = desk.record("payment", provider="M-Pesa", reference="qx1", amount="500", fee="5")
    assert desk.balance("1040") == 99_500
    desk.record("match", receipt=told["receipt"], match=bought["receipt"])
    assert (desk.balance("1040"), desk.balance("2070")) == (49_500, 0)
    assert desk.funds()["receipts"]["open"] == []


def test_a_request_is_paid_once_and_only_when_it_is_agreed(desk: Desk) -> None:
    desk.record("savings", member="1", amount="500")
    asked = desk.record("withdrawal", member="1", amount="300", reason="school fees")
    # The only officer decides alone: nobody is asked to approve.
    assert asked["sentence"] == "KES 300.00 for Amina (savings) is asked for."
    desk.record("withdrawal-paid", receipt=asked["receipt"])
    assert desk.balance("1010") == 20_000
    why = desk.refused("withdrawal-paid", receipt=asked["receipt"])
    assert why.startswith("It was paid already.")
    why = desk.refused("cancel", receipt=asked["receipt"])
    assert "paid" in why
    assert "Whose money is it" in desk.refused("withdrawal", amount="1", account="savings")


def test_a_provider_is_tried_again_under_the_same_reference(desk: Desk) -> None:
    desk.record("savings", member="1", amount="500", channel="mobile")
    asked = desk.record("withdrawal", member="1", amount="300", channel="mobile")
    receipt = asked["receipt"]
    told = desk.record("payout", receipt=receipt, provider="mpesa")
    assert told["sentence"].endswith(f"under the reference {receipt}-1.")
    desk.record("payout-result", receipt=receipt, status="unknown")
    why = desk.refused("payout", receipt=receipt, provider="mpesa")
    assert "has not answered" in why
    desk.record("payout-result", receipt=receipt, status="failed")
    (row,) = desk.funds()["withdrawals"]
    assert row["attempts"][0]["retry"] is True
    told = desk.record("payout", receipt=receipt, provider="mpesa")
    assert told["sentence"].endswith(f"under the reference {receipt}-1.")
    desk.record("payout-result", receipt=receipt, status="success", reference="SJ1", fee="3")
    assert (desk.balance("1040"), desk.balance("5060")) == (19_700, 300)
    (row,) = desk.funds()["withdrawals"]
    assert row["state"] == "paid"


def test_an_expense_of_the_social_fund(desk: Desk) -> None:
    desk.record("social", member="1", amount="100")
    told = desk.record("expense", amount="40", code="transport", fund="social-fund", payee="taxi")
    assert told["sentence"].startswith("The social fund spent KES 40.00 on transport, to taxi")
    assert (desk.balance("3010"), desk.balance("1020")) == (-6_000, 6_000)


@pytest.mark.parametrize(
    ("kind", "details", "told"),
    [
        ("funding-received", {"amount": "5"}, "There is no funding"),
        ("funding", {"amount": "5"}, "Who promises it"),
        ("funding", {"amount": "5", "partner": "Nobody"}, "There is no partner “Nobody”"),
        ("funding", {"amount": "5", "payee": "x", "percent": "101"}, "at most 100"),
        ("funding-repaid", {}, "--interest-amount"),
        ("investment-value", {"amount": "5", "name": "x"}, "There is no investment"),
        ("payment", {"provider": "!", "reference": "x", "amount": "5"}, "Whose statement is it"),
        ("withdrawal", {"amount": "5"}, "Who is to get it"),
        ("transfer", {"channel": "box", "to": "box", "amount": "5"}, "itself"),
    ],
)
def test_what_is_not_there_is_said(
    desk: Desk, kind: str, details: dict[str, Any], told: str
) -> None:
    assert told in desk.refused(kind, **details)


MPESA = "Receipt No.,Completion Time,Paid In,Withdrawn,Balance\nQX1,2026-01-06 09:00,500,,500\n"


def test_a_statement_and_its_balance_as_they_are_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secretary: Type = typing(tmp_path / "secretary", capsys)
    founded(secretary)
    sheet = tmp_path / "mpesa.csv"
    sheet.write_text(MPESA)
    for words in ("record member --name Amina", "record meeting --date 2026-01-07"):
        assert secretary(*words.split()).code == 0
    assert "No partner, investment" in secretary("funds").out
    tried = secretary("import-statement", str(sheet), "--dry-run")
    assert "1 would be added (KES 500.00)" in tried.out, tried.err
    assert secretary("import-statement", str(sheet)).code == 0
    assert secretary("import-statement", str(sheet), "--json").json()["added"] == 0
    done = secretary("reconcile", "mobile", "500", "--date", "2026-01-07")
    assert "like the books: reconciled." in done.out, done.err
    done = secretary("reconcile", "mobile", "450", "--date", "2026-01-08")
    assert "50.00 less than the books (500.00)" in done.out, done.err
    assert "450.00" in secretary("reconcile").out
    shown = secretary("funds")
    assert "Payments without a purpose" in shown.out
    assert "QX1" in shown.out
    assert secretary("reconcile", "mobile").code == 2
