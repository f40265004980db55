"""What is promised: reserved from the approval on, named whole when the pocket holds too little."""

import pytest

from model import events as e
from model.reserves import free_minor, reserved_minor, reserves
from tests.model.test_withdrawals import agree, ask
from tests.strategies import Village, findings, share


def approved_loan(village: Village, amount: int) -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[1], amount, "stock", 3))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", 0, 3))
    village.meet()
    return loan


def test_an_approved_request_reserves_until_it_is_paid() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 500))
    asked = ask(village, 300)
    assert reserved_minor(village.book, "box") == 0
    agree(village, asked)
    assert (reserved_minor(village.book, "box"), free_minor(village.book, "box")) == (300, 200)
    village.treasurer.record(e.WithdrawalPaid(asked, 1, 1))
    assert (reserved_minor(village.book, "box"), free_minor(village.book, "box")) == (0, 200)


def test_what_is_cancelled_or_over_is_not_reserved() -> None:
    village = Village()
    cancelled = ask(village, 300)
    agree(village, cancelled)
    expired = ask(village, 200, line=2, expires_on="2026-01-10")
    agree(village, expired)
    assert reserved_minor(village.book, "box") == 500
    village.secretary.record(e.WithdrawalCancelled(cancelled, 1, 1))
    assert reserved_minor(village.book, "box") == 200
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    assert reserved_minor(village.book, "box") == 0


@pytest.mark.parametrize("loan_first", [True, False])
def test_promises_beyond_the_box_are_all_named_and_none_is_preferred(loan_first: bool) -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 500))
    village.meet()
    if loan_first:
        approved_loan(village, 400)
    asked = ask(village, 300)
    agree(village, asked)
    if not loan_first:
        approved_loan(village, 400)
    book = village.book
    (finding,) = findings(book, "unfunded")
    assert finding.amounts == (700, 500)
    assert set(finding.entries) == {one.entry for one in reserves(book)}
    assert len(finding.entries) == 2
    assert finding.sentence.startswith(
        "KES 7.00 are promised from the loan fund, which holds KES 5.00: "
    )
    assert "KES 4.00" in finding.sentence
    assert "KES 3.00" in finding.sentence


def test_money_in_the_bank_is_the_loan_funds_and_money_of_the_social_fund_is_not() -> None:
    village = Village()
    village.secretary.record(e.SharePurchased(1, 1, village.members[0], 5, 500, 1, "bank"))
    agree(village, ask(village, 500))
    assert not findings(village.book, "unfunded")
    agree(village, ask(village, 100, purpose="social", pocket="social", line=2))
    (finding,) = findings(village.book, "unfunded")
    assert (finding.about, finding.amounts) == ("social_fund", (100, 0))


def test_loans_alone_are_told_of_as_loans() -> None:
    village = Village()
    approved_loan(village, 400)
    assert not findings(village.book, "unfunded")
    assert findings(village.book, "loans_unfunded")


def test_promises_that_the_box_can_keep_need_no_words() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 500))
    approved_loan(village, 200)
    asked = ask(village, 300)
    agree(village, asked)
    assert not findings(village.book, "unfunded")
    assert free_minor(village.book, "box") == 0


def test_no_promise_is_told_twice() -> None:
    village = Village()
    approved_loan(village, 500)
    assert findings(village.book, "loans_unfunded")
    agree(village, ask(village, 300))
    (finding,) = findings(village.book, "unfunded")
    assert finding.amounts == (800, 0)
    assert not findings(village.book, "loans_unfunded")
