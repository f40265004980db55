"""A pocket beside its statement: differences are told, and disputes keep it open."""

import pytest

from model import events as e
from model.book import Book
from model.reconciling import Reconciliation, booked_on, reconciliations
from tests.model.test_receipts import receipt
from tests.strategies import Phone, Village, findings


def only(book: Book) -> Reconciliation:
    (one,) = reconciliations(book)
    return one


def stated(amount: int, day: str = "2026-01-07", session: int = 1) -> e.Reconciled:
    return e.Reconciled("mobile", day, amount, 1, session)


def test_what_agrees_is_reconciled() -> None:
    village = Village()
    village.treasurer.record(receipt(500))
    village.treasurer.record(stated(500))
    assert only(village.book).is_reconciled
    assert not findings(village.book, "not_reconciled")


def test_what_differs_is_told_with_both_amounts() -> None:
    village = Village()
    village.treasurer.record(receipt(500))
    village.treasurer.record(stated(450))
    (finding,) = findings(village.book, "not_reconciled")
    assert finding.amounts == (450, 500)
    assert only(village.book).variance_minor == -50


def test_what_moved_after_the_day_is_left_out_and_receipts_go_by_their_own_day() -> None:
    village = Village()
    village.treasurer.record(receipt(500))
    village.treasurer.record(stated(500))
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    village.treasurer.record(e.TransferMade(1, 2, "mobile", "bank", 100))
    village.treasurer.record(receipt(40, "EARLY", 2))  # received on the 5th, recorded later
    book = village.book
    assert booked_on(book, "mobile", "2026-01-07") == 540
    assert booked_on(book, "mobile", "2026-01-04") == 0
    assert booked_on(book, "mobile", "2026-01-14") == 440
    assert only(book).variance_minor == -40


def test_a_dispute_about_money_keeps_it_open() -> None:
    village = Village()
    village.secretary.record(receipt(500))
    village.treasurer.record(receipt(400))
    village.meet()
    village.treasurer.record(stated(500))
    one = only(village.book)
    assert (one.variance_minor, one.disputes, one.is_reconciled) == (0, 1, False)
    assert findings(village.book, "reconcile_disputes")


@pytest.mark.parametrize("ahead", [0, 1])
def test_two_statements_of_a_day_are_told_until_one_is_written_down_again(ahead: int) -> None:
    village = Village()
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    (village.treasurer, old_phone)[ahead].lamport += 20
    village.treasurer.record(stated(500))
    old_phone.record(stated(400))
    assert only(village.book).stated_minor == 400
    assert findings(village.book, "disputed_statement")
    village.meet()
    village.treasurer.record(stated(500))
    assert only(village.book).stated_minor == 500
    assert not findings(village.book, "disputed_statement")


def test_the_newest_day_is_shown_whenever_it_was_written_down() -> None:
    village = Village()
    village.treasurer.record(stated(7, "2026-01-06"))
    newest = village.treasurer.record(stated(9, "2026-01-07"))
    village.treasurer.record(stated(5, "2026-01-05"))
    assert only(village.book).as_of == "2026-01-07"
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, newest, "wrong pocket"))
    assert only(village.book).as_of == "2026-01-06"
