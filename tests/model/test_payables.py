"""What is owed to members and by members: paid out, collected, too much of it, given back."""

from __future__ import annotations

import pytest

from model import events as e
from model.journal import balance
from model.payables import owed_by, owed_to
from tests.strategies import Village, findings


def test_an_overpayment_is_given_back_in_parts_and_then_no_longer_told() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.meet()
    village.treasurer.record(e.FinePaid(1, 1, one, 130))
    assert owed_to(village.treasurer.book, one.hex(), "overpayment") == 80
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", 30))
    assert len(findings(village.treasurer.book, "overpaid_fine")) == 1
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", 50, 2))
    book = village.treasurer.book
    assert not findings(book, "overpaid_fine")
    assert owed_to(book, one.hex(), "overpayment") == 0
    assert balance(book, "1010") == 50


@pytest.mark.parametrize("offset", [0, 300])
def test_who_is_paid_too_much_is_told_whoever_wrote_first(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.secretary.lamport += offset
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", 90))
    village.secretary.record(e.FinePaid(1, 1, one, 60))  # no fine is due: kept for the member
    village.meet()
    (told,) = findings(village.book, "claim_too_large")
    assert told.amounts == (30,)
    village.chairperson.record(e.EntryReversed(1, 1, list(village.treasurer.known)[-1]))


def test_claims_of_two_accounts_on_one_line_are_a_dispute_not_one_claim() -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", 90))
    village.treasurer.record(e.ClaimPaid(1, 1, one, "former_member", 90))
    assert "disputed_amount" in village.treasurer.codes()


def test_a_debt_is_collected() -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.record(e.DebtCollected(1, 1, one, 40))
    village.treasurer.record(e.DebtCollected(1, 1, bytes(17), 40))
    book = village.treasurer.book
    assert owed_by(book, one.hex()) == -40
    assert balance(book, "1010") == 40
    (over,) = findings(book, "debt_overpaid")
    assert over.amounts == (40,)
    assert "unknown_reference" in village.treasurer.codes()
