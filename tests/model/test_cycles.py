"""A cycle ends when officers agree; income is swept as they knew it, whoever wrote beside them."""

import pytest

from model import events as e
from model.accounts import FINES, GROUP_EXPENSES, RETAINED_SURPLUS
from model.book import Book
from model.cycles import open_cycles
from model.journal import balance
from model.reducer import fold
from tests.strategies import Phone, Village, findings


def fined(village: Village, member: bytes, amount: int = 50, session: int = 1) -> None:
    village.secretary.record(e.FineLevied(1, session, member, "late", amount))
    village.secretary.record(e.FinePaid(1, session, member, amount))


def agree(village: Village, target: bytes, *phones: Phone) -> None:
    for phone in phones or (village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(target, 1, 1))
    village.meet()


def closed(village: Village) -> bytes:
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    close = village.secretary.record(e.CycleClosed(1, "2026-12-31"))
    village.meet()
    return close


def cycle_closed(book: Book) -> bool:
    page = book.cycles.find("1")
    assert page is not None
    return bool(page.closed)


def test_income_and_expenses_go_to_the_surplus_when_all_agree() -> None:
    village = Village()
    fined(village, village.members[0])
    village.treasurer.learns_from(village.secretary)
    village.treasurer.record(e.ExpensePaid(1, 1, "stationery", 20))
    village.meet()
    close = closed(village)
    assert not cycle_closed(village.book)
    assert balance(village.book, FINES) == -50
    agree(village, close, village.treasurer)
    assert [found.code for found in findings(village.book, "waits_for_approval")]
    agree(village, close, village.chairperson)
    book = village.book
    assert cycle_closed(book)
    assert (balance(book, FINES), balance(book, GROUP_EXPENSES)) == (0, 0)
    assert balance(book, RETAINED_SURPLUS) == -30
    assert open_cycles(book) == []


def test_not_while_a_meeting_is_known_to_be_open() -> None:
    village = Village()
    village.secretary.record(e.CycleClosed(1, "2026-12-31"))
    assert findings(village.secretary.book, "meeting_still_open")
    # Nor with the wrong number.
    village.secretary.record(e.CycleClosed(7, "2026-12-31"))
    assert findings(village.secretary.book, "cycle_not_opened")


@pytest.mark.parametrize("first", [True, False])
def test_a_fine_that_the_closer_did_not_know_is_not_swept(first: bool) -> None:
    # The treasurer holds a second meeting apart; its income stays for the next cycle, whether it
    # stands before the close in the order or after it.
    village = Village()
    fined(village, village.members[0])
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    village.treasurer.lamport += 0 if first else 50
    village.secretary.lamport += 50 if first else 0
    close = village.secretary.record(e.CycleClosed(1, "2026-12-31"))
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-02-07"))
    village.treasurer.record(e.FinePaid(1, 2, village.members[1], 30))
    village.chairperson.record(e.MeetingOpened(1, 2, "2026-02-07"))
    village.chairperson.record(e.FineLevied(1, 2, village.members[1], "late", 30))
    village.meet()
    agree(village, close)
    book = village.book
    assert balance(book, RETAINED_SURPLUS) == -50
    assert balance(book, FINES) == -30
    assert findings(book, "meeting_after_cycle")


def test_two_officers_who_close_it_close_it_once() -> None:
    village = Village()
    fined(village, village.members[0])
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    for phone in (village.secretary, village.treasurer, village.chairperson):
        phone.record(e.CycleClosed(1, "2026-12-31"))
    village.meet()
    book = village.book
    assert cycle_closed(book)  # each word is an agreement
    assert balance(book, RETAINED_SURPLUS) == -50


def test_taking_the_decision_back_opens_the_cycle_again() -> None:
    village = Village()
    fined(village, village.members[0])
    close = closed(village)
    agree(village, close)
    taken = village.treasurer.record(e.EntryReversed(1, 2, close, "mistake"))
    village.meet()
    assert cycle_closed(village.book)  # what three decided, three take back
    for phone in (village.secretary, village.chairperson):
        phone.record(e.ApprovalGiven(taken, 1, 1))
    village.meet()
    book = village.book
    assert not cycle_closed(book)
    assert balance(book, FINES) == -50
    assert balance(book, RETAINED_SURPLUS) == 0


def test_a_cycle_that_was_left_open_is_pointed_out() -> None:
    village = Village()
    village.secretary.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
    assert [found.about for found in findings(village.secretary.book, "cycle_left_open")] == ["1"]
    close = closed(village)
    agree(village, close)
    assert not findings(village.book, "cycle_left_open")


def test_opening_a_closed_cycle_again_forgets_nothing() -> None:
    village = Village()
    close = closed(village)
    agree(village, close)
    village.chairperson.learns_from(village.secretary)
    village.secretary.record(e.CycleOpened(1, "2025-12-01", "2026-12-31"))
    book = village.secretary.book
    page = book.cycles.find("1")
    assert page is not None
    assert page.closed == close.hex()
    assert page.starts_on == "2025-12-01"


def test_the_next_cycle_begins_at_nothing() -> None:
    village = Village()
    fined(village, village.members[0])
    agree(village, closed(village))
    village.secretary.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
    village.secretary.record(e.MeetingOpened(2, 1, "2027-01-07"))
    village.secretary.record(e.FineLevied(2, 1, village.members[0], "late", 70))
    village.secretary.record(e.FinePaid(2, 1, village.members[0], 70))
    village.secretary.record(e.MeetingClosed(2, 1, ()))
    village.meet()
    close = village.secretary.record(e.CycleClosed(2, "2027-12-31"))
    village.meet()
    agree(village, close)
    book = village.book
    assert balance(book, RETAINED_SURPLUS) == -120
    assert book.digest() == fold(reversed(village.entries)).digest()
