"""Requests to pay out: agreed first, paid once; money that left counts and is pointed out."""

from typing import Any

import pytest

from model import events as e
from model.book import Book
from model.fund_pages import WithdrawalPage
from model.journal import balance, entry_page
from model.withdrawals import derive_request
from tests.strategies import Phone, Village, findings


def ask(village: Village, amount: int = 600, **details: Any) -> bytes:
    """The secretary asks for Amina's own savings; everybody knows it."""
    fields = {"purpose": "savings", "member": village.members[0], **details}
    asked = village.secretary.record(e.WithdrawalRequested(1, 1, amount, **fields))
    village.meet()
    return asked


def agree(village: Village, asked: bytes, session: int = 1) -> None:
    village.treasurer.record(e.ApprovalGiven(asked, 1, session))
    village.meet()


def only(book: Book) -> WithdrawalPage:
    ((_, page),) = book.withdrawals.rows()
    return page


@pytest.mark.parametrize(
    ("purpose", "account", "of_member"),
    [
        ("savings", "2020", True),
        ("overpayment", "2030", True),
        ("shareout", "2080", True),
        ("former_member", "2060", True),
        ("social", "3010", False),
        ("expense", "5010", False),
    ],
)
def test_a_payment_is_posted_by_the_purpose_of_its_request(
    purpose: str, account: str, of_member: bool
) -> None:
    village = Village()
    asked = ask(village, purpose=purpose)
    assert only(village.book).state == "waiting"
    agree(village, asked)
    assert only(village.book).state == "approved"
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    book = village.book
    amina = village.members[0].hex()
    assert balance(book, account, amina if of_member else "") == 600
    assert balance(book, "1010") == -600
    assert only(book).state == "paid"
    for code in ("double_pay", "paid_without_approval", "unfunded", "waits_for_approval"):
        assert not findings(book, code), code


def test_the_money_of_a_member_needs_the_member() -> None:
    village = Village()
    asked = ask(village, member=b"", payee="Amina")
    page = entry_page(village.book, asked.hex())
    assert (page.status, page.reasons) == ("void", ("no_beneficiary",))
    village.secretary.record(e.WithdrawalRequested(1, 1, 5, "expense", b"", "landlord"))
    assert only(village.book).payee == "landlord"


def test_paid_in_cash_by_two_officers_is_paid_once() -> None:
    village = Village()
    old_phone = Phone("old phone", "Otieno")
    asked = ask(village)
    agree(village, asked)
    village.phones.append(old_phone)
    village.meet()
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    old_phone.record(e.WithdrawalPaid(asked, 1, 1))
    assert balance(village.book, "1010") == -600
    assert not findings(village.book, "double_pay")


def test_money_that_left_without_agreement_counts_and_is_told_until_officers_agree() -> None:
    village = Village()
    asked = ask(village)
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    book = village.book
    assert balance(book, "1010") == -600
    (finding,) = findings(book, "paid_without_approval")
    assert finding.sentence.startswith("KES 6.00 was paid to member 1 although")
    agree(village, asked)
    assert not findings(village.book, "paid_without_approval")


@pytest.mark.parametrize("ahead", ["treasurer", "chairperson"])
def test_a_payment_and_a_decline_that_did_not_know_of_each_other(ahead: str) -> None:
    village = Village()
    asked = ask(village)
    getattr(village, ahead).lamport += 20
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    village.chairperson.record(e.RequestDeclined(asked, 1, 1, "not now"))
    book = village.book
    assert balance(book, "1010") == -600
    assert findings(book, "paid_after_decline")
    assert only(book).state == "paid"


@pytest.mark.parametrize("ahead", ["treasurer", "secretary"])
def test_a_payment_and_a_cancellation_that_did_not_know_of_each_other(ahead: str) -> None:
    village = Village()
    asked = ask(village)
    agree(village, asked)
    getattr(village, ahead).lamport += 20
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    village.secretary.record(e.WithdrawalCancelled(asked, 1, 1, "stays in"))
    assert balance(village.book, "1010") == -600
    assert findings(village.book, "paid_after_cancel")


def test_what_is_known_to_be_paid_can_not_be_cancelled() -> None:
    village = Village()
    asked = ask(village)
    agree(village, asked)
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    village.meet()
    late = village.secretary.record(e.WithdrawalCancelled(asked, 1, 1))
    assert entry_page(village.book, late.hex()).reasons == ("already_paid",)
    assert only(village.book).state == "paid"


def test_a_request_is_over_after_its_last_day_by_the_days_of_the_meetings() -> None:
    village = Village()
    asked = ask(village, expires_on="2026-01-10")
    agree(village, asked)
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    assert findings(village.book, "approval_expired")
    village.meet()
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 2))
    book = village.book
    assert balance(book, "1010") == -600
    assert findings(book, "paid_after_expiry")
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-09"))  # the earlier day is used
    assert not findings(village.book, "paid_after_expiry")


def test_an_agreement_after_the_last_day_is_none() -> None:
    village = Village()
    asked = ask(village, expires_on="2026-01-10")
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    agree(village, asked, session=2)
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 2))
    assert findings(village.book, "paid_without_approval")


def test_an_agreement_in_a_meeting_that_is_opened_afterwards_goes_by_its_day() -> None:
    village = Village()
    asked = ask(village, expires_on="2026-01-10")
    village.treasurer.record(e.ApprovalGiven(asked, 1, 2))
    assert only(village.book).state == "approved"
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    assert only(village.book).state == "waiting"


def test_two_officers_who_ask_for_the_same_agree_with_each_other() -> None:
    village = Village()
    event = e.WithdrawalRequested(1, 1, 600, "savings", village.members[0])
    village.secretary.record(event)
    twin = village.treasurer.record(event)
    village.meet()
    assert only(village.book).state == "approved"
    village.treasurer.record(e.WithdrawalPaid(twin, 1, 1))
    assert balance(village.book, "1010") == -600


def test_a_payment_follows_the_amount_that_officers_settle_on() -> None:
    village = Village()
    high = village.secretary.record(e.WithdrawalRequested(1, 1, 900, "savings", village.members[0]))
    village.treasurer.record(e.WithdrawalRequested(1, 1, 600, "savings", village.members[0]))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(high, 1, 1))
    village.meet()
    village.treasurer.record(e.WithdrawalPaid(high, 1, 1))
    assert balance(village.book, "1010") == -900
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, high, "600 was asked"))
    village.chairperson.record(e.ApprovalGiven(high, 1, 1))
    village.meet()
    reversal = findings(village.book, "waits_for_approval")
    for finding in reversal:
        village.chairperson.record(e.ApprovalGiven(bytes.fromhex(finding.about), 1, 1))
    assert balance(village.book, "1010") == -600
    assert balance(village.book, "2020", village.members[0].hex()) == 600


def test_the_one_who_gains_does_not_agree() -> None:
    village = Village()
    treasurer = village.treasurer.person
    village.elect("treasurer", treasurer, village.members[0])
    village.meet()
    asked = ask(village)
    village.treasurer.record(e.ApprovalGiven(asked, 1, 1))
    assert only(village.book).state == "waiting"
    village.meet()
    village.chairperson.record(e.ApprovalGiven(asked, 1, 1))
    assert only(village.book).state == "approved"


def test_reckoning_anew_changes_nothing() -> None:
    village = Village()
    asked = ask(village)
    agree(village, asked)
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    book = village.book
    ((thing, page),) = book.withdrawals.rows()
    derive_request(book, thing)
    assert book.withdrawals.find(thing) == page
