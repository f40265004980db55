"""Payments by a provider: unknown is no failure, success outweighs it, two are a double pay."""

from itertools import permutations
from typing import Literal

import pytest

from model import events as e
from model.journal import balance, entry_page
from tests.model.test_withdrawals import agree, ask, only
from tests.strategies import Phone, Village, findings

Status = Literal["success", "failed", "unknown"]


def attempt(
    asked: bytes, ref: str = "P1", channel: Literal["mobile", "bank"] = "mobile"
) -> e.PayoutAttempted:
    return e.PayoutAttempted(asked, ref, "mpesa", 1, 1, channel)


def result(asked: bytes, status: Status, ref: str = "P1", fee: int = 0) -> e.PayoutResult:
    return e.PayoutResult(asked, ref, status, 1, 1, fee_minor=fee)


def village_with_request() -> tuple[Village, bytes]:
    village = Village()
    asked = ask(village)
    agree(village, asked)
    return village, asked


def state(village: Village, ref: str = "P1") -> str:
    page = village.book.attempts.find(ref)
    return page.state if page is not None else ""


def test_a_success_pays_the_request_from_the_pocket_of_the_attempt() -> None:
    village, asked = village_with_request()
    village.treasurer.record(attempt(asked, channel="bank"))
    assert state(village) == "attempted"
    village.treasurer.record(result(asked, "success", fee=15))
    book = village.book
    assert (balance(book, "1030"), balance(book, "5060")) == (-615, 15)
    assert balance(book, "2020", village.members[0].hex()) == 600
    assert only(book).state == "paid"


def test_success_outweighs_every_other_answer_in_any_order() -> None:
    for order in permutations(("unknown", "failed", "success")):
        village, asked = village_with_request()
        village.treasurer.record(attempt(asked))
        for status in order:
            village.treasurer.record(result(asked, status))  # type: ignore[arg-type]
        assert state(village) == "success"
        assert balance(village.book, "1040") == -600


@pytest.mark.parametrize("ahead", [0, 1])
def test_success_outweighs_a_failure_written_apart(ahead: int) -> None:
    village, asked = village_with_request()
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.treasurer.record(attempt(asked))
    village.meet()
    (village.treasurer, old_phone)[ahead].lamport += 20
    village.treasurer.record(result(asked, "failed"))
    old_phone.record(result(asked, "success"))
    assert (state(village), balance(village.book, "1040")) == ("success", -600)
    assert findings(village.book, "payout_answers_differ")


def test_no_answer_is_no_failure_and_a_failure_can_be_tried_again() -> None:
    village, asked = village_with_request()
    village.treasurer.record(attempt(asked))
    village.treasurer.record(result(asked, "unknown"))
    assert state(village) == "unknown"
    (finding,) = findings(village.book, "payout_unknown")
    assert "Ask the provider before anything is paid again." in finding.sentence
    village.treasurer.record(result(asked, "failed"))
    assert state(village) == "failed"
    assert findings(village.book, "payout_failed")
    village.treasurer.record(attempt(asked))
    assert state(village) == "attempted"
    assert not findings(village.book, "payout_failed")
    assert balance(village.book, "1040") == 0
    assert not findings(village.book, "recorded_twice")


def test_a_failure_and_no_answer_written_apart_stay_open() -> None:
    for ahead in (0, 1):
        village, asked = village_with_request()
        old_phone = Phone("old phone", "Otieno")
        village.phones.append(old_phone)
        village.treasurer.record(attempt(asked))
        village.meet()
        (village.treasurer, old_phone)[ahead].lamport += 20
        village.treasurer.record(result(asked, "failed"))
        old_phone.record(result(asked, "unknown"))
        assert state(village) == "unknown"


def test_a_failure_that_is_taken_back_is_none() -> None:
    village, asked = village_with_request()
    village.treasurer.record(attempt(asked))
    failed = village.treasurer.record(result(asked, "failed"))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, failed, "another payment's"))
    assert state(village) != "failed"


@pytest.mark.parametrize("ahead", [0, 1])
def test_two_references_that_both_succeeded_are_both_counted(ahead: int) -> None:
    village, asked = village_with_request()
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    phones = (village.treasurer, old_phone)
    phones[ahead].lamport += 20
    for phone, ref in zip(phones, ("P1", "P2"), strict=True):
        phone.record(attempt(asked, ref))
        phone.record(result(asked, "success", ref))
    book = village.book
    assert balance(book, "1040") == -1_200
    (finding,) = findings(book, "double_pay")
    assert finding.amounts == (600, 1_200)


def test_cash_and_a_provider_both_paying_is_a_double_pay_until_one_is_taken_back() -> None:
    village, asked = village_with_request()
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    village.treasurer.record(attempt(asked))
    paid = village.treasurer.record(result(asked, "success"))
    assert findings(village.book, "double_pay")
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, paid, "it failed"))
    assert not findings(village.book, "double_pay")
    assert (balance(village.book, "1010"), balance(village.book, "1040")) == (-600, 0)


@pytest.mark.parametrize("ahead", [0, 1])
def test_the_pocket_is_that_of_the_attempt_even_when_it_is_heard_of_later(ahead: int) -> None:
    village, asked = village_with_request()
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    (village.treasurer, old_phone)[ahead].lamport += 20
    village.treasurer.record(result(asked, "success"))
    old_phone.record(attempt(asked, channel="bank"))
    assert (balance(village.book, "1030"), balance(village.book, "1040")) == (-600, 0)


def test_a_success_told_twice_is_one_payment() -> None:
    village, asked = village_with_request()
    village.treasurer.record(attempt(asked))
    village.treasurer.record(result(asked, "success"))
    again = village.treasurer.record(result(asked, "success"))
    assert balance(village.book, "1040") == -600
    assert entry_page(village.book, again.hex()).status == "corroborating"


def test_one_reference_for_two_requests_is_a_dispute_and_pays_once() -> None:
    village, asked = village_with_request()
    other = ask(village, line=2)
    agree(village, other)
    village.treasurer.record(attempt(asked))
    village.treasurer.record(attempt(other))
    village.treasurer.record(result(asked, "success"))
    village.treasurer.record(result(other, "success"))
    book = village.book
    assert balance(book, "1040") == -600
    assert len(findings(book, "disputed_amount")) == 2
    assert sorted(page.state for _, page in book.withdrawals.rows()) == ["approved", "paid"]


def test_money_that_a_provider_paid_without_agreement_counts() -> None:
    village = Village()
    asked = ask(village)
    village.treasurer.record(result(asked, "success"))
    assert balance(village.book, "1040") == -600
    assert findings(village.book, "paid_without_approval")
