"""Payments that touch no cash: from savings, shares, what is payable, or open receipts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.accounts import ACCOUNTS, POCKETS
from model.journal import balance
from model.sources import account_of, paid_from
from tests.strategies import Village, findings, share, sums


@pytest.mark.parametrize("pocket", sorted(POCKETS))
def test_without_a_source_it_is_the_pocket(pocket: str) -> None:
    assert account_of(pocket, "", "ab") == (POCKETS[pocket], "")


@pytest.mark.parametrize("source", ["savings", "shares", "payable"])
def test_a_members_source_is_a_liability_to_that_member(source: str) -> None:
    account, subject = account_of("box", source, "ab")
    assert subject == "ab"
    assert (ACCOUNTS[account].kind, ACCOUNTS[account].subledger) == ("liability", "member")


def test_receipts_are_nobodys() -> None:
    assert account_of("mobile", "receipts", "ab") == ("2070", "")
    assert paid_from("mobile", "receipts", "ab", 5) == ("2070", "", 5)


@given(
    paid=st.integers(1, 1000),
    there=st.integers(0, 1000),
    source=st.sampled_from(("savings", "shares")),
)
def test_a_fine_paid_from_a_source_lowers_it_and_no_cash(
    paid: int, there: int, source: e.Source
) -> None:
    village = Village()
    one = village.members[0]
    if there and source == "savings":
        village.secretary.record(e.SavingsDeposited(1, 1, one, there))
    elif there:
        village.secretary.record(e.SharePurchased(1, 1, one, 1, there))
    village.secretary.record(e.FineLevied(1, 1, one, "noise", 400))
    village.secretary.record(e.FinePaid(1, 1, one, paid, 1, "box", source))
    book = village.secretary.book
    account, subject = account_of("box", source, one.hex())
    assert balance(book, account, subject) == paid - there
    assert balance(book, "1010") == there
    assert balance(book, "4030") == -min(paid, 400)
    assert all(sums(page.lines) == 0 for _, page in book.entries.rows())
    short = findings(book, "source_too_small")
    assert [finding.amounts for finding in short] == ([(paid - there,)] if paid > there else [])


def test_more_taken_from_receipts_than_there_were() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.secretary.record(e.FinePaid(1, 1, one, 50, 1, "box", "receipts"))
    (short,) = findings(village.secretary.book, "receipts_too_small")
    assert short.amounts == (50,)


def test_late_cash_that_is_kept_aside_is_no_receipt() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(share(one, 300))
    village.treasurer.record(e.SocialPaidOut(1, 1, one, 100, "ill"))  # unknown to the close
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    assert balance(village.book, "2070") == 100
    assert not findings(village.book, "receipts_too_small")
