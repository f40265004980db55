"""What only the whole of the books shows is asked about before it is signed; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from model import events as e
from node import commands, desk
from node.commands import Terms
from node.errors import CommandRefused
from node.node import Node
from node.plan import Plan
from tests.node.phones import NOW_MS
from tests.node.test_commands import Office, secretary

__all__ = ["secretary"]


def asked(office: Office, *events: e.Event) -> list[str]:
    """Codes of what a person is told who is about to record these; the books stay as they were."""
    before = office.at.group.book.digest()
    plan = Plan(office.at.group)
    for event in events:
        plan.add(event)
    codes = [trouble.code for trouble in plan.trial()]
    assert office.at.group.book.digest() == before
    return codes


def member(office: Office) -> bytes:
    return desk.member(office.at.group, "Amina").id


def saved(office: Office, amount_minor: int) -> e.Event:
    return e.SharePurchased(1, 1, member(office), amount_minor // 10_000, amount_minor)


def test_money_that_is_not_there_is_asked_about(secretary: Office) -> None:
    spent = e.ExpensePaid(1, 1, "stationery", 4_000)
    assert asked(secretary, spent) == ["overdrawn"]
    assert asked(secretary, saved(secretary, 10_000), spent) == []
    commands.pay_expense(secretary.at._replace(anyway=True), "stationery", "40")
    assert asked(secretary, e.ExpensePaid(1, 1, "fare", 4_000)) == []  # was below zero before


def test_a_loan_that_the_box_can_not_pay_is_asked_about_when_it_is_approved(
    secretary: Office,
) -> None:
    commands.buy_shares(secretary.at, "Amina", "200")
    plan = Plan(secretary.at.group)
    loan = plan.add(e.LoanApplied(1, 1, member(secretary), 30_000, "seed", 2))
    plan.add(e.LoanApproved(1, 1, loan, 30_000, "flat", 0, 2))
    troubles = plan.trial()
    assert [trouble.code for trouble in troubles] == ["terms_differ", "loans_unfunded"]
    with pytest.raises(CommandRefused, match="--anyway"):
        plan.require()


def test_a_count_that_differs_is_asked_about(secretary: Office) -> None:
    commands.buy_shares(secretary.at, "Amina", "200")
    assert asked(secretary, e.CashCounted(1, 1, "close", "box", 20_000)) == []
    assert asked(secretary, e.CashCounted(1, 1, "close", "box", 19_000)) == ["cash_differs"]


def test_a_decision_without_a_quorum_is_asked_about(tmp_path: Path) -> None:
    with Node.create(tmp_path / "s", "Secretary's phone") as node:
        terms = Terms("100", quorum_percent=60)
        group, _ = commands.found_group(node, "Umoja", "KES", terms, NOW_MS)
        office = Office(node, group)
        commands.add_member(office.at, "Amina", joined_on="2026-01-01")
        commands.add_member(office.at, "Baraka", joined_on="2026-01-01")
        commands.open_meeting(office.at, "2026-01-07")
        decided = e.ResolutionRecorded(1, 1, 1, "rule", "Nobody comes late.")
        came = [
            e.AttendanceMarked(1, 1, bytes.fromhex(name), "present")
            for name, _ in office.at.group.book.members.rows()
        ]
        assert asked(office, decided) == ["no_quorum"]
        assert asked(office, *came[:1], decided) == ["no_quorum"]
        assert asked(office, *came, decided) == []


def test_what_a_proper_record_leaves_to_do_is_not_asked_about(secretary: Office) -> None:
    commands.buy_shares(secretary.at, "Amina", "200")
    assert asked(secretary, e.MeetingClosed(1, 1, (), shares_minor=20_000)) == []
    assert asked(secretary, e.MeetingClosed(1, 1, (), shares_minor=10_000)) == ["close_differs"]
    receipt = e.PaymentReceived("mpesa", "QX1", 500, "2026-01-07", 1, 1)
    assert asked(secretary, receipt) == []
