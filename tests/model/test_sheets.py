"""A meeting's sheets and its roll say what a plain list of all claims would say."""

import json
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry
from model.loan_ledger import owed_minor
from model.pages import NO_MEETING, Claim
from model.reducer import fold
from model.sheets import add_claim, claims_on, count_of, has_claim, subjects_of
from model.standing import CLAIMS_EACH
from tests.model.laws import StoredPages, everything
from tests.strategies import Village, histories

Told = tuple[int, str, Claim]

# A subject may be empty (money for nobody) or be written as a kind of entry is.
subjects = st.sampled_from(["", "aa", "bb", "box-bank", "food", "share.purchased"])
kinds = st.sampled_from(["share.purchased", "loan.repaid", "fine.levied.late"])
claims = st.tuples(kinds, st.integers(0, 3), st.sampled_from(["e1", "e2", "share.purchased"]))
tellings = st.lists(st.tuples(st.integers(1, 2), subjects, claims), max_size=25)


def listed(book: Book) -> list[tuple[int, str, tuple[Claim, ...]]]:
    return [
        (session, subject, claims_on(book, 1, session, subject))
        for session in (1, 2)
        for subject in subjects_of(book, 1, session)
    ]


def plainly(told: Iterable[Told]) -> list[tuple[int, str, tuple[Claim, ...]]]:
    found: dict[tuple[int, str], tuple[Claim, ...]] = {}
    for session, subject, claim in told:
        found[session, subject] = (*found.get((session, subject), ()), claim)
    by_session = sorted(found.items(), key=lambda row: row[0][0])
    return [(session, subject, claims) for (session, subject), claims in by_session]


@given(tellings)
def test_sheets_and_roll_are_a_list_in_order(told: list[Told]) -> None:
    book = Book()
    for session, subject, claim in told:
        add_claim(book, 1, session, subject, claim)
    assert listed(book) == plainly(told)
    for session, subject, claims in plainly(told):
        for slot in ("share.purchased", "loan.repaid"):
            same = [line for kind, line, _ in claims if kind == slot]
            assert count_of(book, 1, session, subject, slot) == len(same)
            sheet = book.sheets.find((1, session, subject)) or ()
            assert [line for line in range(4) if has_claim(sheet, slot, line)] == sorted(set(same))


@settings(max_examples=50)
@given(tellings, st.integers(0, 25))
def test_sheets_are_undone_and_read_page_by_page(told: list[Told], stored_after: int) -> None:
    pages = StoredPages()
    book = Book(pages)
    steps = []
    for number, (session, subject, claim) in enumerate(told):
        book.record()
        before = listed(book)
        add_claim(book, 1, session, subject, claim)
        steps.append((before, json.loads(json.dumps(book.take_undo()))))
        if number == stored_after:
            pages.store(book)
            book.trim()
    pages.store(book)
    again = Book(pages)
    assert listed(again) == plainly(told)
    for before, step in reversed(steps):
        again.restore(step)
        assert listed(again) == before
    assert everything(again) == everything(Book())


def test_one_more_subject_costs_the_same_however_many_there_are() -> None:
    book = Book()
    kept = []
    for number in range(400):
        book.record()
        add_claim(book, 1, 1, f"category {number:03}", ("expense.paid", 1, f"{number:03}"))
        kept.append(len(json.dumps(book.take_undo())))
    assert kept[-1] == kept[10]
    assert len(subjects_of(book, 1, 1)) == 400


def test_what_belongs_to_no_meeting_is_on_no_roll() -> None:
    book = Book()
    add_claim(book, NO_MEETING, NO_MEETING, "aa", ("opening_balance.set", 0, "e1"))
    assert subjects_of(book, NO_MEETING, NO_MEETING) == ()
    assert claims_on(book, NO_MEETING, NO_MEETING, "aa") == (("opening_balance.set", 0, "e1"),)


def test_a_reference_given_too_often_lists_its_pocket_once() -> None:
    village = Village()
    for line in range(1, CLAIMS_EACH + 1):
        village.treasurer.record(e.TransferMade(1, 1, "box", "bank", 100, line, "slip 1"))
    village.treasurer.record(e.TransferMade(1, 1, "bank", "box", 100, 1, "slip 1"))  # too many
    village.treasurer.record(e.TransferMade(1, 1, "bank", "box", 50, 1, "slip 2"))
    assert subjects_of(village.book, 1, 1) == ("box-bank", "bank-box")


@settings(max_examples=60, deadline=None)
@given(histories())
def test_a_loan_page_says_what_its_terms_ask_for(entries: list[Entry]) -> None:
    book = fold(entries)
    for name, loan in book.loans.rows():
        assert loan.owed_minor == owed_minor(loan)
        is_open = not loan.principal_minor or loan.paid_minor < owed_minor(loan)
        assert (book.open_loans.find(name) == loan.member) is is_open
