"""Receipts of a provider: told often, counted once, never cash twice, never overwritten."""

from itertools import permutations

import pytest

from model import events as e
from model.book import Book
from model.findings import list_findings
from model.fund_pages import ReceiptPage
from model.journal import balance, entry_page
from tests.strategies import Phone, Village, findings, share

MOBILE, UNALLOCATED = "1040", "2070"


def receipt(
    amount: int = 500,
    reference: str = "QX1",
    session: int = 1,
    provider: str = "mpesa",
    fee: int = 0,
    origin: str = "statement",
) -> e.PaymentReceived:
    return e.PaymentReceived(
        provider, reference, amount, "2026-01-05", 1, session, fee_minor=fee,
        origin=origin,  # type: ignore[arg-type]
    )  # fmt: skip


def only(book: Book) -> ReceiptPage:
    ((_, page),) = book.receipts.rows()
    return page


def lend(village: Village, member: bytes, amount: int = 1_000) -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, member, amount, "stock", 3))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", 0, 3))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, amount))
    village.meet()
    return loan


def test_a_receipt_stands_unallocated_until_its_purpose_is_known() -> None:
    village = Village()
    village.treasurer.record(receipt())
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, -500)
    (finding,) = findings(book, "unmatched_receipt")
    assert finding.sentence.startswith("KES 5.00 came with reference QX1")


def test_message_statement_and_hand_are_one_payment_in_any_order() -> None:
    tellings = (receipt(origin="webhook"), receipt(500, "qx 1", 2), receipt(500, " Qx1", 3))
    for order in permutations(tellings):
        village = Village()
        for phone, event in zip(village.phones[:2] * 2, order, strict=False):
            phone.record(event)
        book = village.book
        assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, -500)
        assert only(book).left_minor == 500
        noisy = {"corroborated", "recorded_twice", "disputed_amount"}
        assert not noisy & codes_of(book)


def codes_of(book: Book) -> set[str]:
    return {finding.code for finding in list_findings(book)}


def test_the_same_reference_of_two_providers_is_two_payments() -> None:
    village = Village()
    village.treasurer.record(receipt())
    village.treasurer.record(receipt(provider="airtel"))
    assert balance(village.book, MOBILE) == 1_000


@pytest.mark.parametrize("ahead", ["secretary", "treasurer"])
def test_another_amount_is_a_dispute_and_overwrites_nothing(ahead: str) -> None:
    village = Village()
    getattr(village, ahead).lamport += 20
    village.secretary.record(receipt(500))
    village.treasurer.record(receipt(400, origin="hand"))
    book = village.book
    assert balance(book, MOBILE) == 500  # the record keeper's
    assert findings(book, "disputed_amount")


def test_the_fee_counts_once_and_from_whoever_knew_it() -> None:
    for fees in ((0, 9), (9, 0), (9, 9)):
        village = Village()
        village.secretary.record(receipt(fee=fees[0], origin="webhook"))
        village.treasurer.record(receipt(fee=fees[1]))
        book = village.book
        assert (balance(book, "5060"), balance(book, MOBILE)) == (9, 491)


@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_repayment_with_the_reference_holds_the_cash_itself(receipt_first: bool) -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 500))
    loan = lend(village, amina)
    before = balance(village.book, MOBILE)
    by_hand = e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1")
    told: list[e.Event] = [receipt(fee=7), by_hand]
    for event in told if receipt_first else told[::-1]:
        village.treasurer.record(event)
    book = village.book
    assert balance(book, MOBILE) - before == 493
    assert balance(book, UNALLOCATED) == 0
    assert balance(book, "1100", loan.hex()) == 500
    assert only(book).state == "recorded"
    assert not findings(book, "unmatched_receipt")


def test_a_repayment_that_is_taken_back_leaves_the_receipt_without_a_purpose() -> None:
    village = Village()
    amina = village.members[0]
    loan = lend(village, amina)
    repaid = village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    village.treasurer.record(receipt())
    village.meet()
    undo = village.chairperson.record(e.EntryReversed(1, 1, repaid, "another member's"))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, -500)
    assert findings(book, "unmatched_receipt")
    village.meet()
    village.secretary.record(e.EntryReversed(1, 1, undo, "it was right"))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, 0)


def test_another_amount_by_hand_counts_and_is_told() -> None:
    village = Village()
    loan = lend(village, village.members[0])
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 400, 1, "mobile", "QX1"))
    village.treasurer.record(receipt(500))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (400, 0)
    (finding,) = findings(book, "receipt_differs")
    assert finding.amounts == (500, 400)


def test_another_pocket_by_hand_is_told() -> None:
    village = Village()
    loan = lend(village, village.members[0])
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "box", "QX1"))
    village.treasurer.record(receipt(500))
    assert balance(village.book, MOBILE) == 0
    assert findings(village.book, "receipt_elsewhere")


def test_a_match_with_an_entry_by_hand_takes_the_cash_out_of_the_receipt() -> None:
    village = Village()
    amina = village.members[0]
    bought = village.secretary.record(e.SharePurchased(1, 1, amina, 5, 500, 1, "mobile"))
    told = village.secretary.record(receipt())
    assert balance(village.book, MOBILE) == 1_000
    assert findings(village.book, "receipt_maybe_known")
    match = village.secretary.record(e.PaymentMatched(told, bought, 1, 1))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, 0)
    assert not findings(book, "receipt_maybe_known")
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, match, "no"))
    assert balance(village.book, MOBILE) == 1_000


def test_when_the_matched_entry_is_taken_back_the_receipt_is_open_again() -> None:
    village = Village()
    amina = village.members[0]
    bought = village.secretary.record(e.SharePurchased(1, 1, amina, 5, 500, 1, "mobile"))
    told = village.secretary.record(receipt())
    village.secretary.record(e.PaymentMatched(told, bought, 1, 1))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, bought, "another member"))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, -500)
    assert only(book).state == "unmatched"


def test_what_is_paid_from_receipts_is_taken_from_there() -> None:
    village = Village()
    amina = village.members[0]
    told = village.secretary.record(receipt())
    bought = village.secretary.record(
        e.SharePurchased(1, 1, amina, 3, 300, 1, "mobile", "receipts")
    )
    village.secretary.record(e.PaymentMatched(told, bought, 1, 1))
    book = village.book
    assert (balance(book, MOBILE), balance(book, UNALLOCATED)) == (500, -200)
    page = only(book)
    assert (page.state, page.left_minor) == ("matched", 200)


@pytest.mark.parametrize("ahead", ["secretary", "treasurer"])
def test_two_targets_are_contested_and_nobody_wins(ahead: str) -> None:
    village = Village()
    amina, baraka = village.members[:2]
    first = village.secretary.record(e.SharePurchased(1, 1, amina, 5, 500, 1, "mobile"))
    second = village.secretary.record(e.SharePurchased(1, 1, baraka, 5, 500, 1, "mobile"))
    told = village.secretary.record(receipt())
    village.meet()
    getattr(village, ahead).lamport += 20
    village.secretary.record(e.PaymentMatched(told, first, 1, 1))
    village.treasurer.record(e.PaymentMatched(told, second, 1, 1))
    book = village.book
    assert balance(book, UNALLOCATED) == -500
    assert only(book).state == "contested"
    assert findings(book, "contested_match")
    assert not findings(book, "contested_receipt")
    village.meet()
    village.treasurer.record(e.PaymentMatched(told, second, 1, 1))
    assert balance(village.book, UNALLOCATED) == 0
    assert not findings(village.book, "contested_match")


def test_one_entry_for_two_receipts_is_contested() -> None:
    village = Village()
    bought = village.secretary.record(
        e.SharePurchased(1, 1, village.members[0], 5, 500, 1, "mobile")
    )
    for reference in ("QX1", "QX2"):
        told = village.secretary.record(receipt(reference=reference))
        village.secretary.record(e.PaymentMatched(told, bought, 1, 1))
    book = village.book
    assert {page.state for _, page in book.receipts.rows()} == {"contested"}
    assert balance(book, UNALLOCATED) == -1_000
    assert len(findings(book, "contested_receipt")) == 2


def test_one_entry_by_reference_and_by_match_for_two_receipts_is_contested() -> None:
    village = Village()
    loan = lend(village, village.members[0])
    repaid = village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    village.treasurer.record(receipt(reference="QX1"))
    other = village.treasurer.record(receipt(reference="QX2"))
    village.treasurer.record(e.PaymentMatched(other, repaid, 1, 1))
    book = village.book
    assert states_of(book) == {"QX1": "recorded", "QX2": "contested"}
    assert balance(book, UNALLOCATED) == -500  # QX1 is in the repayment, once


def states_of(book: Book) -> dict[str, str]:
    return {page.reference: page.state for _, page in book.receipts.rows()}


@pytest.mark.parametrize("match_first", [True, False])
def test_a_receipt_that_comes_after_the_match_contests_it_too(match_first: bool) -> None:
    village = Village()
    loan = lend(village, village.members[0])
    repaid = village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    other = village.treasurer.record(receipt(reference="QX2"))
    told: list[e.Event] = [e.PaymentMatched(other, repaid, 1, 1), receipt(reference="QX1")]
    for event in told if match_first else told[::-1]:
        village.treasurer.record(event)
    assert states_of(village.book) == {"QX1": "recorded", "QX2": "contested"}
    assert balance(village.book, UNALLOCATED) == -500


@pytest.mark.parametrize("ahead", ["secretary", "treasurer"])
def test_a_receipt_matched_elsewhere_never_counts_beside_an_entry_with_its_reference(
    ahead: str,
) -> None:
    village = Village()
    amina = village.members[0]
    loan = lend(village, amina)
    before = balance(village.book, MOBILE)
    village.secretary.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    village.meet()
    getattr(village, ahead).lamport += 20
    told = village.treasurer.record(receipt())
    saved = village.treasurer.record(e.SavingsDeposited(1, 1, amina, 500, 1, "mobile", "receipts"))
    village.secretary.record(e.SavingsDeposited(1, 1, amina, 1_322))  # counts: the keeper's word
    village.treasurer.record(e.PaymentMatched(told, saved, 1, 1))
    book = village.book
    assert (balance(book, MOBILE) - before, balance(book, UNALLOCATED)) == (500, 0)
    assert (only(book).state, only(book).left_minor) == ("contested", 0)
    (finding,) = findings(book, "contested_receipt")
    assert finding.sentence.startswith("The payment with reference QX1, KES 5.00, is said to be")


def test_matches_that_are_contested_add_nothing_to_an_entry_with_the_reference() -> None:
    village = Village()
    amina, baraka = village.members[:2]
    loan = lend(village, amina)
    before = balance(village.book, MOBILE)
    village.secretary.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    told = village.secretary.record(receipt())
    bought = [
        village.secretary.record(e.SharePurchased(1, 1, member, 5, 500, 1, "box"))
        for member in (amina, baraka)
    ]
    village.meet()
    village.secretary.record(e.PaymentMatched(told, bought[0], 1, 1))
    village.treasurer.record(e.PaymentMatched(told, bought[1], 1, 1))
    book = village.book
    assert (balance(book, MOBILE) - before, balance(book, UNALLOCATED)) == (500, 0)
    assert findings(book, "contested_match")


def test_a_late_receipt_does_not_contest_a_match() -> None:
    village = Village()
    loan = lend(village, village.members[0])
    repaid = village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    other = village.treasurer.record(receipt(reference="QX2"))
    village.treasurer.record(e.PaymentMatched(other, repaid, 1, 1))
    village.meet()
    village.chairperson.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.record(receipt(reference="QX1"))
    states = {page.reference: page.state for _, page in village.book.receipts.rows()}
    assert states["QX1"] == "waiting"


def test_a_match_with_no_payment_has_no_effect() -> None:
    village = Village()
    told = village.secretary.record(receipt())
    fined = village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 500))
    nothing = bytes(17)
    wrong = [(told, fined, "no_payment"), (told, told, "no_payment")]
    wrong += [(told, nothing, "unknown_reference"), (fined, fined, "unknown_reference")]
    for payment, target, code in wrong:
        entry = village.secretary.record(e.PaymentMatched(payment, target, 1, 1))
        page = entry_page(village.book, entry.hex())
        assert (page.status, page.reasons) == ("void", (code,))
    assert balance(village.book, UNALLOCATED) == -500


def test_a_reference_of_blanks_is_none() -> None:
    village = Village()
    entry = village.secretary.record(receipt(reference=" \t"))
    assert entry_page(village.book, entry.hex()).reasons == ("no_reference",)


def test_many_unmatched_receipts_are_one_task() -> None:
    village = Village()
    for number in range(15):
        village.secretary.record(receipt(reference=f"R{number}"))
    book = village.book
    assert not findings(book, "unmatched_receipt")
    (finding,) = findings(book, "unmatched_receipts")
    assert finding.sentence.startswith("Nobody said what 15 payments, KES 75.00 in all")


@pytest.mark.parametrize("own", [0, 1])
def test_the_payer_that_anybody_knew_is_kept(own: int) -> None:
    village = Village()
    old_phone = Phone("old phone", "Wanjiru")
    village.phones.append(old_phone)
    village.meet()
    phones = (village.secretary, old_phone)
    phones[own].lamport += 20
    for tags in ((b"", b"\x07" * 8), (b"\x08" * 8, b"\x09" * 8)):
        for phone, tag in zip(phones, tags, strict=True):
            phone.record(e.PaymentReceived("mpesa", "QX1", 5, "2026-01-05", 1, 1, payer_tag=tag))
        assert only(village.book).payer_tag == "07" * 8


def test_a_late_receipt_is_parked_until_officers_accept_it() -> None:
    village = Village()
    told = village.treasurer.record(receipt())
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    book = village.book
    assert (balance(book, MOBILE), balance(book, "1090")) == (0, 500)
    assert only(book).state == "waiting"
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    accepted = village.secretary.record(e.LateEntryAccepted(told, 1, 2))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(accepted, 1, 2))
    book = village.book
    assert (balance(book, MOBILE), balance(book, "1090")) == (500, 0)
    assert only(book).state == "unmatched"
