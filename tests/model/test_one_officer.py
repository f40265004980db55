"""What one officer can do alone for his own good: it is refused, or a finding names it."""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from model.journal import balance
from model.offices import holder
from tests.strategies import CONSTITUTION, Phone, Village, elect, findings, savings, share


def lend(village: Village, member: bytes, rate_ppm: int = 100_000, periods: int = 2) -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
    village.meet()
    approved = e.LoanApproved(1, 1, loan, 500, "flat", rate_ppm, periods)
    village.chairperson.record(approved)
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
    village.meet()
    return loan


def test_nobody_elects_himself_once_the_group_is_founded() -> None:
    village = Village()
    alone = village.secretary
    proposals = {
        title: alone.record(e.OfficerProposed(title, alone.person))
        for title in ("chairperson", "treasurer")
    }
    for title, proposal in proposals.items():
        alone.record(e.OfficerElected(title, alone.person))  # type: ignore[arg-type]
        elect(alone, proposal)
    assert len(findings(alone.book, "needs_election")) == 4
    assert holder(alone.book, "treasurer") == village.treasurer.person.hex()


def test_one_to_whom_the_officers_gave_every_office_lends_to_himself_and_is_named() -> None:
    village = Village()
    alone = village.secretary
    village.elect("chairperson", alone.person)
    village.elect("key_holder", village.chairperson.person)
    village.elect("treasurer", alone.person)
    loan = alone.record(e.LoanApplied(1, 1, village.members[0], 500, "a motorbike", 3))
    alone.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 600))
    alone.record(e.LoanDisbursed(1, 1, loan, 500))
    book = alone.book
    (combined,) = findings(book, "offices_combined")
    assert "The treasurer is also chairperson and secretary" in combined.sentence
    assert findings(book, "one_hand")
    (terms,) = findings(book, "terms_differ")
    assert "with lower interest and more instalments than the constitution says" in terms.sentence


def test_a_second_election_does_not_hide_whose_loan_it_is() -> None:
    village = Village()
    borrower, other, _ = village.members
    for member in (borrower, other):
        village.elect("chairperson", village.chairperson.person, member)
    village.meet()
    lend(village, borrower)
    assert findings(village.book, "own_loan")


def test_a_loan_on_the_terms_of_the_constitution_by_two_hands_needs_no_word() -> None:
    village = Village()
    village.treasurer.record(share(village.members[1], 500))
    lend(village, village.members[0])
    assert village.treasurer.codes() == []


def test_an_opening_balance_after_the_first_meeting_is_named_until_it_is_reversed() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(e.OpeningBalanceSet(member, "savings", 200, 2, "2026-01-01"))
    assert not findings(village.secretary.book, "late_opening")
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    opening = e.OpeningBalanceSet(village.members[1], "savings", 900_000, 9_000, "2026-01-01")
    late = village.treasurer.record(opening)
    (finding,) = findings(village.treasurer.book, "late_opening")
    assert "the savings of member 2, KES 9,000.00," in finding.sentence
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 2, late, "not on paper"))
    assert not findings(village.chairperson.book, "late_opening")
    assert savings(village.chairperson.book, village.members[1]) == 0


def test_opening_shares_without_money_are_named() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(e.OpeningBalanceSet(member, "savings", 0, 9_000, "2026-01-01"))
    (finding,) = findings(village.secretary.book, "amount_mismatch")
    assert finding.amounts == (0, 900_000)


def test_a_social_fund_that_helps_with_money_it_does_not_have_is_overdrawn() -> None:
    village = Village()
    village.treasurer.record(share(village.members[0], 500))
    village.treasurer.record(e.SocialPaidOut(1, 1, b"", 400, "a friend", 1, "box"))
    (finding,) = findings(village.treasurer.book, "overdrawn")
    assert finding.sentence.startswith("Social fund is below zero by KES 4.00")
    village.treasurer.record(e.SocialContributed(1, 1, village.members[0], 400))
    assert not findings(village.treasurer.book, "overdrawn")


def test_nobody_puts_an_entry_back_that_another_officer_took_from_him() -> None:
    village = Village()
    spent = village.treasurer.record(e.ExpensePaid(1, 1, "travel", 500))
    village.meet()
    reversal = village.secretary.record(e.EntryReversed(1, 1, spent, "never happened"))
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, reversal, "it did"))
    assert balance(village.treasurer.book, "5010") == 0
    assert findings(village.treasurer.book, "restores_own_entry")
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, reversal, "I saw the receipt"))
    assert balance(village.chairperson.book, "5010") == 500


def test_taking_back_money_that_another_officer_received_is_named() -> None:
    village = Village()
    received = village.secretary.record(share(village.members[0], 500))
    village.meet()
    reversal = village.treasurer.record(e.EntryReversed(1, 1, received, ""))
    (finding,) = findings(village.treasurer.book, "receipt_reversed")
    assert "the share purchase of member 1, KES 5.00" in finding.sentence
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, reversal, "it was paid"))
    assert not findings(village.chairperson.book, "receipt_reversed")


def test_totals_read_out_otherwise_than_the_books_have_them_are_named() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    village.secretary.record(e.MeetingClosed(1, 1, (), shares_minor=999))
    (finding,) = findings(village.secretary.book, "close_differs")
    assert finding.amounts == (999, 300)


def test_a_close_over_what_was_read_out_needs_no_word() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    village.secretary.record(e.MeetingClosed(1, 1, (), shares_minor=300))
    assert village.secretary.codes() == ["social_missed"]  # nobody brought anything to that


def test_a_constitution_that_changes_money_is_read_out_to_all() -> None:
    village = Village()
    dearer = replace(CONSTITUTION, version=2, interest_ppm=125_000, social_fund_minor=50)
    village.adopt(dearer)
    (finding,) = findings(village.secretary.book, "constitution_changed")
    assert (
        "It changes what each member pays into the social fund from KES 0.20 to KES 0.50; "
        "the interest from 10 % to 12.5 %." in finding.sentence
    )
    village.adopt(replace(dearer, version=3))
    assert not findings(village.secretary.book, "constitution_changed")


def test_no_officer_alone_puts_a_constitution_in_force_once_the_group_is_founded() -> None:
    village = Village()
    village.secretary.record(replace(CONSTITUTION, version=2, share_value_minor=1))
    (finding,) = findings(village.secretary.book, "needs_approval")
    assert finding.weight == "task"
    current = village.secretary.book.constitution.find("current")
    assert current is not None
    assert current.terms == CONSTITUTION


def test_a_wrong_approval_is_reversed_by_another_officer_and_approved_anew() -> None:
    village = Village()
    loan = lend(village, village.members[0], rate_ppm=50_000)
    (wrong,) = (
        identity
        for identity, entry in village.chairperson.known.items()
        if isinstance(entry.event, e.LoanApproved)
    )
    village.secretary.record(e.EntryReversed(1, 1, wrong, "5 % for 10 %"))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 100_000, 2))
    village.meet()
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 600))
    assert balance(village.treasurer.book, "4010") == -100
    assert not findings(village.treasurer.book, "terms_differ")


def test_of_two_approvals_the_lower_interest_counts() -> None:
    village = Village()
    loan = lend(village, village.members[0])
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 50_000, 2))
    village.meet()
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 600))
    assert balance(village.treasurer.book, "4010") == -50
    (finding,) = findings(village.treasurer.book, "disputed_amount")
    assert "flat, 10 % a month, 2 instalments" in finding.sentence
    assert "flat, 5 % a month, 2 instalments" in finding.sentence


def test_books_keep_the_currency_that_they_were_begun_in() -> None:
    village = Village()
    village.chairperson.record(e.GroupDescribed("Umoja", "UGX", 0))
    group = village.chairperson.book.group.find("group")
    assert group is not None
    assert (group.currency, group.exponent) == ("KES", 2)
    assert findings(village.chairperson.book, "currency_kept")


def test_a_flood_of_one_officer_silences_nobody() -> None:
    village = Village()
    member = village.members[0]
    for _ in range(200):
        village.treasurer.record(share(member, 100))
    village.secretary.lamport += 300
    village.secretary.record(share(member, 300))
    assert savings(village.book, member) == 300
    assert findings(village.book, "too_many")
    assert findings(village.book, "disputed_amount")


def test_many_requests_for_one_loan_are_one_loan() -> None:
    village = Village()
    requests = [
        village.secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
        for _ in range(90)
    ]
    village.meet()
    for loan in (requests[0], requests[-1]):
        village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
    assert len(list(village.treasurer.book.loans.rows())) == 1
    assert balance(village.treasurer.book, "1010") == -500


def test_a_late_attendance_names_no_amount_and_says_what_to_do() -> None:
    village = Village()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.treasurer.record(e.AttendanceMarked(1, 1, village.members[0], "present"))
    (finding,) = findings(village.book, "late_entry")
    assert finding.sentence.startswith(
        "The attendance of member 1 belongs to meeting 1 of cycle 1, which was closed without it."
    )
    assert "accept it with: mkutano accept-late" in finding.sentence


def test_entries_that_differ_in_the_pocket_alone_say_so() -> None:
    village = Village()
    second = Phone("second phone", "Otieno")
    second.learns_from(village.treasurer)
    village.phones.append(second)
    member = village.members[0]
    village.treasurer.record(e.SharePurchased(1, 1, member, 3, 300, 1, "box"))
    second.record(e.SharePurchased(1, 1, member, 3, 300, 1, "mobile"))
    (finding,) = findings(village.book, "disputed_amount")
    assert "KES 3.00, the loan-fund box (entry " in finding.sentence
    assert "KES 3.00, the mobile money (entry " in finding.sentence
