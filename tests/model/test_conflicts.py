"""Officers who write apart: what counts, what is pointed out, and never who wrote first."""

from collections.abc import Callable

import pytest

from model import events as e
from model.book import Book
from model.journal import balance, entry_page
from model.reducer import fold
from model.views import book_view
from tests.strategies import Phone, Village, findings, savings, share

FIRST_PAIRS = [("secretary", "treasurer"), ("treasurer", "secretary")]


def status(book: Book, entry: bytes) -> str:
    return entry_page(book, entry.hex()).status


@pytest.fixture(params=FIRST_PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[Village, Phone, Phone]:
    """A village, the one whose entry comes first in the shared order, and the other."""
    village = Village()
    first, second = (getattr(village, name) for name in request.param)
    second.lamport += 100
    return village, first, second


Pair = tuple[Village, Phone, Phone]


def test_the_same_payment_by_two_officers_counts_once(pair: Pair) -> None:
    village, first, second = pair
    amina = village.members[0]
    first.record(share(amina, 300))
    second.record(share(amina, 300))
    assert savings(village.book, amina) == 300
    assert balance(village.book, "shares", amina.hex()) == 3
    assert balance(village.book, "1010") == 300
    (finding,) = findings(village.book, "corroborated")
    assert finding.weight == "notice"
    assert finding.sentence == (
        "Two officers recorded the share purchase of member 1 in meeting 1 of cycle 1 with the "
        "same amount, KES 3.00: it counts once."
    )


def test_different_amounts_count_at_the_record_keepers(pair: Pair) -> None:
    village, _, _ = pair
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    village.treasurer.record(share(amina, 200))
    assert savings(village.book, amina) == 300
    (finding,) = findings(village.book, "disputed_amount")
    assert set(finding.amounts) == {200, 300}
    assert finding.weight == "task"


def test_without_one_record_keeper_the_lower_amount_counts() -> None:
    for low_first in (True, False):
        village = Village()
        old_phone = Phone("old phone", "Wanjiru")
        village.phones.append(old_phone)
        village.meet()
        amina = village.members[0]
        amounts = (200, 300) if low_first else (300, 200)
        village.secretary.record(share(amina, amounts[0]))
        old_phone.record(share(amina, amounts[1]))
        assert savings(village.book, amina) == 200
        assert findings(village.book, "disputed_amount")


def test_three_authors_agree_two_to_one_and_the_record_keeper_decides() -> None:
    village = Village()
    deputy = Phone("deputy", "Kamau")
    village.elect("treasurer", deputy.person)
    village.phones.append(deputy)
    amina = village.members[0]
    village.treasurer.record(share(amina, 200))  # does not know yet that the office ended
    deputy.learns_from(village.secretary)
    deputy.record(share(amina, 200))
    village.secretary.record(share(amina, 400))
    assert savings(village.book, amina) == 400
    assert balance(village.book, "1010") == 400


def test_a_repeat_on_the_same_line_by_one_who_knew_counts_once() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    village.meet()
    village.treasurer.record(share(amina, 300))
    assert savings(village.book, amina) == 300
    assert findings(village.book, "recorded_twice")
    village.treasurer.record(share(amina, 200, line=2))
    assert savings(village.book, amina) == 500


def test_one_person_with_two_phones_counts_once() -> None:
    village = Village()
    old_phone = Phone("old phone", "Wanjiru")
    village.phones.append(old_phone)
    village.meet()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    old_phone.record(share(amina, 300))
    assert savings(village.book, amina) == 300
    assert findings(village.book, "recorded_twice")
    assert not findings(village.book, "corroborated")


def test_a_dispute_ends_when_another_officer_reverses_the_wrong_one(pair: Pair) -> None:
    village, _, _ = pair
    amina = village.members[0]
    wrong = village.secretary.record(share(amina, 300))
    village.treasurer.record(share(amina, 200))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, wrong, "counted badly"))
    book = village.book
    assert savings(book, amina) == 200
    assert balance(book, "1010") == 200
    assert not findings(book, "disputed_amount")


def test_attendance_marked_differently_takes_the_most_present(pair: Pair) -> None:
    village, first, second = pair
    amina = village.members[0]
    absent = first.record(e.AttendanceMarked(1, 1, amina, "absent"))
    late = second.record(e.AttendanceMarked(1, 1, amina, "late"))
    book = village.book
    assert (status(book, absent), status(book, late)) == ("corroborating", "counted")
    assert findings(book, "disputed_attendance")
    village.meet()
    final = village.secretary.record(e.AttendanceMarked(1, 1, amina, "absent"))
    assert status(village.book, final) == "counted"
    assert not findings(village.book, "disputed_attendance")


def test_a_meeting_opened_by_two_phones_is_one(pair: Pair) -> None:
    village, first, second = pair
    amina = village.members[0]
    first.record(e.MeetingOpened(1, 2, "2026-01-14"))
    second.record(e.MeetingOpened(1, 2, "2026-01-15"))
    first.record(share(amina, 100, session=2))
    second.record(e.SocialContributed(1, 2, amina, 20))
    book = village.book
    page = book.meetings.find((1, 2))
    assert page is not None
    assert page.held_on == "2026-01-14"
    assert findings(book, "meeting_dates_differ")
    assert savings(book, amina) == 100


def test_what_a_close_did_not_know_is_late_and_in_suspense(pair: Pair) -> None:
    village, first, second = pair
    amina, baraka, _ = village.members
    inside = first.record(share(amina, 300))
    village.meet()
    first.record(e.MeetingClosed(1, 1, ()))
    late = second.record(share(baraka, 200))
    late_mark = second.record(e.AttendanceMarked(1, 1, baraka, "present"))
    book = village.book
    assert status(book, inside) == "counted"
    assert status(book, late) == status(book, late_mark) == "suspense"
    assert savings(book, baraka) == 0
    assert (balance(book, "1010"), balance(book, "1090"), balance(book, "2070")) == (300, 200, -200)
    assert len(findings(book, "late_entry")) == 2


def test_a_late_copy_of_what_is_inside_parks_no_money() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.lamport += 50
    village.treasurer.record(share(amina, 300))
    book = village.book
    assert savings(book, amina) == 300
    assert balance(book, "1090") == 0
    assert findings(book, "corroborated")
    assert not findings(book, "late_entry"), "to record it again would count it twice"


def test_a_late_entry_that_differs_is_a_dispute_until_what_is_inside_is_taken_back() -> None:
    village = Village()
    amina = village.members[0]
    inside = village.secretary.record(share(amina, 300))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.lamport += 50
    village.treasurer.record(share(amina, 500))
    assert findings(village.book, "disputed_amount")
    assert not findings(village.book, "late_entry")
    village.meet()
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.treasurer.record(e.EntryReversed(1, 2, inside, "wrong amount"))
    assert len(findings(village.book, "late_entry")) == 1
    assert balance(village.book, "1090") == 500


def test_closes_apart_hold_what_either_covers(pair: Pair) -> None:
    village, first, second = pair
    amina, baraka, chebet = village.members
    first.record(share(amina, 300))
    second.record(share(baraka, 200))
    first.record(e.MeetingClosed(1, 1, ()))
    second.record(e.MeetingClosed(1, 1, ()))
    second.record(share(chebet, 100))
    book = village.book
    assert (savings(book, amina), savings(book, baraka), savings(book, chebet)) == (300, 200, 0)
    assert findings(book, "contested_close")
    assert len(findings(book, "late_entry")) == 1


def test_closes_over_the_same_entries_are_one() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    village.meet()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.record(e.MeetingClosed(1, 1, ()))
    assert not findings(village.book, "contested_close")


def test_closing_again_does_not_let_late_entries_in() -> None:
    village = Village()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.record(share(village.members[0], 300))
    village.meet()
    village.treasurer.record(e.MeetingClosed(1, 1, ()))
    assert savings(village.book, village.members[0]) == 0
    assert len(findings(village.book, "late_entry")) == 1


def lend(village: Village, member: bytes, amount: int, channel: str = "box") -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, member, amount, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", 100_000, 2))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, amount))
    village.meet()
    return loan


def test_cash_below_zero_is_counted_and_named_until_it_is_covered() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    lend(village, amina, 1000)
    (finding,) = findings(village.book, "overdrawn")
    assert "Cash box, loan fund is below zero by KES 7.00" in finding.sentence
    village.treasurer.record(share(village.members[1], 700))
    assert not findings(village.book, "overdrawn")


def test_a_loan_asked_for_by_two_officers_is_one_and_paid_once(pair: Pair) -> None:
    village, first, second = pair
    amina = village.members[0]
    loans = [phone.record(e.LoanApplied(1, 1, amina, 1000, "seed", 2)) for phone in (first, second)]
    village.meet()
    for loan in loans:
        village.chairperson.record(e.LoanApproved(1, 1, loan, 1000, "flat", 100_000, 2))
        village.treasurer.record(e.LoanDisbursed(1, 1, loan, 1000))
    book = village.book
    assert len(list(book.loans.rows())) == 1
    assert balance(book, "1010") == -1000
    assert book_view(book)["members"][0]["outstanding_loan"] == 1000


def test_a_repayment_with_one_reference_counts_once_wherever_it_is_recorded(pair: Pair) -> None:
    village, first, second = pair
    amina = village.members[0]
    loan = lend(village, amina, 1000)
    first.record(e.LoanRepaid(1, 1, loan, 300, 1, "mobile", "QX12"))
    second.record(e.LoanRepaid(1, 2, loan, 300, 2, "mobile", "QX12"))
    book = village.book
    assert balance(book, "1040") == 300
    assert findings(book, "corroborated")


def test_a_reversed_repayment_splits_the_later_ones_anew() -> None:
    village = Village()
    amina = village.members[0]
    loan = lend(village, amina, 1000)  # 100 interest and 500 principal in each of two instalments
    first = village.treasurer.record(e.LoanRepaid(1, 1, loan, 100))
    second = village.treasurer.record(e.LoanRepaid(1, 1, loan, 300, 2))
    assert entry_page(village.book, second.hex()).lines == (
        ("1010", "", 300),
        ("1100", loan.hex(), -300),
    )
    village.meet()
    reversal = village.secretary.record(e.EntryReversed(1, 1, first, "not paid"))
    book = village.book
    assert entry_page(book, second.hex()).lines == (
        ("1010", "", 300),
        ("4010", "", -100),
        ("1100", loan.hex(), -200),
    )
    assert balance(book, "4010") == -100
    assert entry_page(book, reversal.hex()).lines == (("1010", "", -100), ("4010", "", 100))


def test_a_reversal_needs_another_officer_and_several_are_one() -> None:
    village = Village()
    amina = village.members[0]
    entry = village.treasurer.record(share(amina, 300))
    own = village.treasurer.record(e.EntryReversed(1, 1, entry, ""))
    assert status(village.book, own) == "void"
    assert findings(village.book, "needs_another_officer")
    village.meet()
    village.secretary.record(e.EntryReversed(1, 1, entry, ""))
    village.chairperson.record(e.EntryReversed(1, 1, entry, ""))
    assert savings(village.book, amina) == 0
    assert balance(village.book, "1010") == 0


def test_reversing_a_reversal_restores() -> None:
    village = Village()
    amina = village.members[0]
    entry = village.treasurer.record(share(amina, 300))
    village.meet()
    reversal = village.secretary.record(e.EntryReversed(1, 1, entry, ""))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, reversal, ""))
    assert savings(village.book, amina) == 300
    village.meet()
    village.secretary.record(e.EntryReversed(1, 1, entry, "really"))
    assert savings(village.book, amina) == 0


def test_reversing_a_confirmed_payment_takes_both_records_back() -> None:
    village = Village()
    amina = village.members[0]
    entry = village.treasurer.record(share(amina, 300))
    village.secretary.record(share(amina, 300))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, entry, ""))
    assert savings(village.book, amina) == 0


def test_a_reversed_levy_makes_the_payment_an_overpayment() -> None:
    village = Village()
    amina = village.members[0]
    levy = village.secretary.record(e.FineLevied(1, 1, amina, "late", 50))
    village.meet()
    village.chairperson.record(e.FineLevied(1, 1, amina, "late", 50))  # the same absence
    village.treasurer.record(e.FinePaid(1, 1, amina, 50))
    assert balance(village.book, "fines_due", amina.hex()) == 0
    assert balance(village.book, "4030") == -50
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, levy, ""))
    book = village.book
    # The chairperson's own levy did not know of a reversal, but its author asked for this one.
    assert balance(book, "2030", amina.hex()) == -50
    assert findings(book, "overpaid_fine")


def test_amounts_and_limits_of_the_constitution_are_pointed_out_and_counted() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(e.SharePurchased(1, 1, amina, 3, 250))
    village.secretary.record(e.SharePurchased(1, 1, amina, 4, 400, 2))
    book = village.book
    assert savings(book, amina) == 650
    (mismatch,) = findings(book, "amount_mismatch")
    assert mismatch.sentence == (
        "member 1 paid KES 2.50 for 3 shares in meeting 1 of cycle 1; they cost KES 3.00. "
        "The amount paid counts; correct it if it is wrong."
    )
    (cap,) = findings(book, "cap_exceeded")
    assert cap.amounts == (7, 5)


def test_an_unknown_reference_has_no_effect() -> None:
    village = Village()
    village.secretary.record(share(bytes(17), 300))
    village.treasurer.record(e.LoanRepaid(1, 1, bytes(17), 300))
    village.secretary.record(e.EntryReversed(1, 1, bytes(17), ""))
    assert not list(village.book.accounts.rows())
    assert len(findings(village.book, "unknown_reference")) == 3


def test_a_flood_of_copies_counts_once() -> None:
    village = Village()
    amina = village.members[0]
    for _ in range(200):
        village.secretary.record(share(amina, 300))
    assert savings(village.book, amina) == 300
    assert findings(village.book, "too_many")


@pytest.mark.parametrize(
    "writes",
    [
        lambda p, m: p.record(share(m, 300)),
        lambda p, m: p.record(e.FineLevied(1, 1, m, "late", 50)),
        lambda p, m: p.record(e.AttendanceMarked(1, 1, m, "present")),
        lambda p, m: p.record(e.OpeningBalanceSet(m, "savings", 300, 3, "2026-01-01")),
    ],
    ids=["share", "fine", "attendance", "opening"],
)
def test_a_copy_changes_no_balance(writes: Callable[[Phone, bytes], bytes]) -> None:
    village = Village()
    writes(village.secretary, village.members[0])
    alone = dict(village.book.accounts.rows())
    old_phone = Phone("old phone", "Wanjiru")
    old_phone.learns_from(village.chairperson)
    writes(old_phone, village.members[0])
    village.phones.append(old_phone)
    assert dict(fold(village.entries).accounts.rows()) == alone
