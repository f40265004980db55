"""Seals: who signs, what a seal keeps, what is posted elsewhere, and what is pointed out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.closing import state_of
from model.fingerprint import fingerprint
from model.history import journal
from model.journal import balance, entry_page
from model.pages import MeetingPage
from model.postings import NOWHERE, Postings
from model.statements import meeting_view
from tests.model.apart import lent
from tests.model.seals import book_of, close_meeting, closing, rows, seal
from tests.strategies import CONSTITUTION, Phone, Village, findings, share


def meeting(book: Book, session: int = 1) -> MeetingPage:
    page = book.meetings.find((1, session))
    assert page is not None
    return page


def state(book: Book, session: int = 1) -> str:
    return state_of(meeting(book, session))


def opened(village: Village, session: int) -> None:
    village.secretary.record(e.MeetingOpened(1, session, f"2026-01-{7 * session:02}"))
    village.meet()


# Who signs


def test_a_close_is_sealed_by_a_second_officer_and_not_by_its_author_alone() -> None:
    village = Village()
    close = close_meeting(village.secretary)
    village.secretary.record(e.ApprovalGiven(close, 1, 1))
    assert state(book_of(village.entries)) == "closed"
    village.meet()
    village.treasurer.record(e.ApprovalGiven(close, 1, 1))
    assert state(book_of(village.entries)) == "sealed"


def test_two_phones_of_one_person_are_one_signature() -> None:
    village = Village()
    close = close_meeting(village.secretary)
    second = Phone("secretary's old phone", "Wanjiru")
    second.learns_from(village.secretary)
    second.record(e.ApprovalGiven(close, 1, 1))
    village.phones.append(second)
    assert state(book_of(village.entries)) == "closed"


def test_a_stranger_signs_nothing() -> None:
    village = Village()
    close = close_meeting(village.secretary)
    stranger = Phone("stranger", "Mallory")
    stranger.learns_from(village.secretary)
    stranger.record(e.ApprovalGiven(close, 1, 1))
    village.phones.append(stranger)
    assert state(book_of(village.entries)) == "closed"


@pytest.mark.parametrize("word", [e.ApprovalWithdrawn, e.RequestDeclined])
def test_a_signature_is_never_taken_back(
    word: type[e.ApprovalWithdrawn] | type[e.RequestDeclined],
) -> None:
    village = Village()
    close = close_meeting(village.secretary)
    before = Phone("treasurer's copied phone", "Otieno")
    before.learns_from(village.secretary)
    village.meet()
    village.treasurer.record(e.ApprovalGiven(close, 1, 1))
    for phone in (before, village.secretary):  # neither knows that it is sealed
        event = word(close) if word is e.ApprovalWithdrawn else e.RequestDeclined(close, 1, 1)
        phone.record(event)
    village.phones.append(before)
    assert state(book_of(village.entries)) == "sealed"
    told = findings(book_of(village.entries), "signed_for_good")
    assert told or word is e.RequestDeclined


def test_the_constitution_may_name_offices_that_sign_every_close() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, seal_offices=("treasurer", "chairperson")))
    village.meet()
    close = close_meeting(village.secretary)
    village.meet()
    village.treasurer.record(e.ApprovalGiven(close, 1, 1))
    village.meet()
    (finding,) = findings(book_of(village.entries), "not_sealed")
    assert "until 1 officer more sign it, among them the chairperson" in finding.sentence
    assert state(book_of(village.entries)) == "closed"
    village.chairperson.record(e.ApprovalGiven(close, 1, 1))
    assert state(book_of(village.entries)) == "sealed"
    assert not findings(book_of(village.entries), "not_sealed")


def test_an_office_that_nobody_holds_holds_no_seal_up() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, seal_offices=("key_holder", "treasurer")))
    seal(village)
    assert state(book_of(village.entries)) == "sealed"


# What a seal keeps


def test_what_officers_choose_after_the_seal_is_posted_in_the_meeting_that_chose() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    other = village.treasurer.record(share(amina, 500))
    close = seal(village)
    sealed = rows(book_of(village.entries))
    opened(village, 2)
    choice = village.chairperson.record(e.ConflictResolved(other, 1, 2))
    village.agree(choice)
    book = book_of(village.entries)
    assert rows(book) == sealed
    assert -balance(book, "2010", amina.hex()) == 500
    first, second = (meeting_view(book, 1, session)["totals"] for session in (1, 2))
    assert (first["savings_minor"], first["cash_minor"]) == (300, 300)
    assert (second["savings_minor"], second["cash_minor"]) == (200, 200)
    assert meeting(book).closes == (close.hex(),)
    (finding, *_) = findings(book, "sealed_corrected")
    assert "changed after meeting 1 of cycle 1 was sealed" in finding.sentence
    posted = [(one.meeting, one.narration.split(" ")[0]) for one in journal(book)]
    assert ("1/2", "correction") in posted or ("1/2", "share") in posted


def test_a_reversal_lets_the_next_of_them_step_in_where_it_was_decided() -> None:
    village = Village()
    amina = village.members[0]
    wrong = village.secretary.record(share(amina, 300))
    village.treasurer.record(share(amina, 500))
    seal(village)
    sealed = rows(book_of(village.entries))
    opened(village, 2)
    village.chairperson.record(e.EntryReversed(1, 2, wrong, "it was 500"))
    book = book_of([*village.entries, *village.chairperson.known.values()])
    assert rows(book) == sealed
    assert -balance(book, "2010", amina.hex()) == 500
    assert meeting_view(book, 1, 2)["totals"]["savings_minor"] == 200


def test_what_officers_agree_to_after_the_seal_is_posted_where_they_agreed() -> None:
    village = Village()
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 50))
    asked = village.treasurer.record(e.VariancePosted(1, 1, "close", "box", "over", 50, "found"))
    seal(village)
    assert not rows(book_of(village.entries))
    opened(village, 2)
    village.meet()
    village.chairperson.record(e.ApprovalGiven(asked, 1, 2))
    village.meet()
    book = book_of(village.entries)
    assert balance(book, "1010") == 50
    assert not rows(book)
    assert set(rows(book, (1, 2))) == {asked.hex()}


def test_a_second_handing_over_in_another_meeting_changes_no_sealed_one() -> None:
    village = Village()
    loan = lent(village)
    seal(village)
    sealed = rows(book_of(village.entries))
    opened(village, 2)
    village.treasurer.record(e.LoanDisbursed(1, 2, loan, 100))
    village.meet()
    book = book_of(village.entries)
    assert rows(book) == sealed
    assert balance(book, "1100", loan.hex()) == 500
    assert findings(book, "disputed_amount")


@pytest.mark.parametrize("ahead", ["seal", "apart"])
def test_what_was_written_apart_from_a_seal_changes_it_in_neither_order(ahead: str) -> None:
    """A phone that does not know the close claims the loan in a meeting nobody held, for less."""
    village = Village()
    loan = lent(village)
    apart = Phone("treasurer's copied phone", "Otieno")
    apart.learns_from(village.treasurer)
    if ahead == "seal":
        apart.lamport += 100
    else:
        for phone in village.phones:
            phone.lamport += 100
    apart.record(e.LoanDisbursed(1, 9, loan, 100))
    village.secretary.record(share(village.members[2], 100))
    close = seal(village)
    sealed = rows(book_of(village.secretary.known.values()))
    village.phones.append(apart)
    book = book_of(village.entries)
    assert rows(book) == sealed
    assert balance(book, "1100", loan.hex()) == 500
    assert meeting(book).closes == (close.hex(),)
    assert not findings(book, "digest_differs")


def test_when_every_meeting_is_sealed_what_is_decided_waits_for_the_next_one() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    right = village.treasurer.record(share(amina, 500))
    seal(village)
    choice = village.chairperson.record(e.ConflictResolved(right, 1, 1))
    village.agree(choice)
    book = book_of(village.entries)
    assert [one.name for one in Postings(book).of(NOWHERE)]
    assert [one.meeting for one in journal(book)].count("") == 2
    opened(village, 2)
    book = book_of(village.entries)
    assert not list(Postings(book).of(NOWHERE))
    corrected = rows(book, (1, 2))
    seal(village, 2)
    opened(village, 3)
    book = book_of(village.entries)
    assert rows(book, (1, 2)) == corrected
    assert not rows(book, (1, 3))


def test_a_late_entry_that_a_sealed_meeting_accepted_stays_there_when_it_is_taken_back() -> None:
    village = Village()
    apart = village.treasurer
    village.secretary.record(share(village.members[0], 300))
    close_meeting(village.secretary)
    late = apart.record(share(village.members[1], 200))
    village.meet()
    opened(village, 2)
    asked = village.secretary.record(e.LateEntryAccepted(late, 1, 2))
    village.agree(asked, village.chairperson)
    assert set(rows(book_of(village.entries), (1, 2))) == {late.hex()}
    seal(village, 2)
    opened(village, 3)
    taken_back = village.treasurer.record(e.EntryReversed(1, 3, asked, "it was nobody's"))
    village.agree(taken_back, village.chairperson)
    book = book_of(village.entries)
    assert entry_page(book, late.hex()).status == "suspense"
    assert set(rows(book, (1, 2))) == {late.hex()}
    assert meeting_view(book, 1, 2)["totals"]["savings_minor"] == 200
    assert meeting_view(book, 1, 3)["totals"]["savings_minor"] == -200
    assert [one.session for one in findings(book, "sealed_corrected")] == [2]


# Closes apart


def test_a_close_that_nobody_signed_adds_nothing_to_a_sealed_meeting() -> None:
    village = Village()
    apart = Phone("chairperson's copied phone", "Achieng")
    apart.learns_from(village.chairperson)
    village.secretary.record(share(village.members[0], 300))
    close = seal(village)
    sealed = rows(book_of(village.entries))
    apart.lamport += 50
    added = apart.record(e.FineLevied(1, 1, village.members[1], "late", 50))
    apart.record(e.MeetingClosed(1, 1, ()))
    village.phones.append(apart)
    book = book_of(village.entries)
    assert (rows(book), meeting(book).closes) == (sealed, (close.hex(),))
    assert entry_page(book, added.hex()).late
    (finding,) = findings(book, "close_outranked")
    assert "changes nothing in the sealed books" in finding.sentence


def test_officers_choose_between_closes_apart_by_signing_one() -> None:
    village = Village()
    secretary, treasurer = village.secretary, village.treasurer
    secretary.record(share(village.members[0], 300))
    treasurer.record(share(village.members[1], 200))
    first, second = close_meeting(secretary), close_meeting(treasurer)
    village.meet()
    book = book_of(village.entries)
    assert findings(book, "contested_close")
    assert set(meeting(book).closes) == {first.hex(), second.hex()}
    village.chairperson.record(e.ApprovalGiven(second, 1, 1))
    village.meet()
    book = book_of(village.entries)
    assert not findings(book, "contested_close")
    assert meeting(book).closes == (second.hex(),)
    assert len(findings(book, "late_entry")) == 1
    assert state(book) == "sealed"


def test_officers_choose_by_a_new_close_of_one_who_knows_both() -> None:
    village = Village()
    secretary, treasurer = village.secretary, village.treasurer
    secretary.record(share(village.members[0], 300))
    treasurer.record(share(village.members[1], 200))
    close_meeting(secretary)
    close_meeting(treasurer)
    late = treasurer.record(share(village.members[2], 100))
    village.meet()
    chosen = close_meeting(village.chairperson)
    village.meet()
    book = book_of(village.entries)
    assert meeting(book).closes == (chosen.hex(),)
    assert not findings(book, "contested_close")
    assert entry_page(book, late.hex()).late, "closing anew lets nothing in that was late"
    village.secretary.record(e.ApprovalGiven(chosen, 1, 1))
    assert state(book_of(village.entries)) == "sealed"


def contested_seals(village: Village) -> tuple[bytes, bytes]:
    """Two closes apart over different entries, each signed by an officer who knew only that one."""
    secretary, treasurer, chairperson = village.phones[:3]
    other = Phone("chairperson's second phone", "Achieng")
    other.learns_from(chairperson)
    village.phones.append(other)
    secretary.record(share(village.members[0], 300))
    treasurer.record(share(village.members[1], 200))
    closes = close_meeting(secretary), close_meeting(treasurer)
    chairperson.learns_from(secretary)
    chairperson.record(e.ApprovalGiven(closes[0], 1, 1))
    other.learns_from(treasurer)
    other.record(e.ApprovalGiven(closes[1], 1, 1))
    return closes


def test_two_seals_apart_are_contested_until_officers_sign_a_third_close() -> None:
    village = Village()
    closes = contested_seals(village)
    village.meet()
    book = book_of(village.entries)
    assert set(meeting(book).closes) == {close.hex() for close in closes}
    assert findings(book, "contested_close")
    chosen = close_meeting(village.secretary)
    assert set(meeting(book_of(village.entries)).closes) == {close.hex() for close in closes}
    village.meet()
    village.treasurer.record(e.ApprovalGiven(chosen, 1, 1))
    book = book_of(village.entries)
    assert (meeting(book).closes, state(book)) == ((chosen.hex(),), "sealed")
    assert not findings(book, "contested_close")


def test_who_knows_of_a_seal_changes_nothing_by_closing_again() -> None:
    village = Village()
    close = seal(village)
    again = close_meeting(village.chairperson)
    village.meet()
    village.secretary.record(e.ApprovalGiven(again, 1, 1))
    book = book_of(village.entries)
    assert meeting(book).closes == (close.hex(),)
    assert entry_page(book, again.hex()).reasons == ("already_closed",)


# Opening again


def test_a_sealed_meeting_that_was_opened_again_says_so_for_ever() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    first = seal(village)
    asked = village.secretary.record(e.MeetingReopened(1, 1, "forgot Amina"))
    village.meet()
    village.treasurer.record(e.ApprovalGiven(asked, 1, 1))
    village.meet()
    assert state(book_of(village.entries)) == "sealed", "two officers are not enough"
    village.chairperson.record(e.ApprovalGiven(asked, 1, 1))
    village.meet()
    book = book_of(village.entries)
    assert state(book) == "reopened"
    assert findings(book, "was_reopened")
    village.secretary.record(share(village.members[1], 200))
    second = seal(village)
    book = book_of(village.entries)
    assert state(book) == "sealed"
    assert findings(book, "was_reopened")
    one, two = (book.closings.find(close.hex()) for close in (first, second))
    assert one is not None
    assert two is not None
    assert one.fingerprint != two.fingerprint
    assert len(rows(book)) == 2


# What is pointed out


def test_the_digest_of_a_close_is_reckoned_again_by_everybody() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    close = seal(village)
    book = book_of(village.entries)
    page = book.closings.find(close.hex())
    assert page is not None
    assert page.digest == page.claimed != ""
    assert not findings(book, "digest_differs")


def test_a_digest_that_nobody_comes_to_is_an_alarm() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    honest = closing(village.secretary.book, 1, 1)
    close = village.secretary.record(replace(honest, journal_digest=bytes(32)))
    village.meet()
    village.treasurer.record(e.ApprovalGiven(close, 1, 1))
    assert findings(book_of(village.entries), "digest_differs")


def test_two_phones_that_reckon_differently_are_named_with_their_rules() -> None:
    village = Village()
    for phone, version in ((village.secretary, 3), (village.treasurer, 4)):
        honest = closing(phone.book, 1, 1)
        claimed = bytes((version,)) * 32
        phone.record(replace(honest, journal_digest=claimed, reducer_version=version))
    (finding,) = findings(book_of(village.entries), "reckoned_differently")
    assert "by rules 3 and 4" in finding.sentence or "by rules 4 and 3" in finding.sentence


def test_a_fingerprint_has_nine_digits_and_follows_what_a_close_says() -> None:
    close = e.MeetingClosed(1, 1, ())
    digits = fingerprint(bytes(17), close)
    assert len(digits) == 11
    assert digits.replace(" ", "").isdigit()
    others = {
        fingerprint(bytes(16) + b"\1", close),
        fingerprint(bytes(17), replace(close, journal_digest=bytes(32))),
        fingerprint(bytes(17), replace(close, covers=(e.CoveredTip(bytes(32), 1, bytes(32)),))),
    }
    assert len(others | {digits}) == 4
