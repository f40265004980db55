"""The table of conflicts, each rule in both orders of writing and in any order of delivery.

`apart` is a village and two phones of which one is ahead in the shared order: every test runs with
each of the two ahead. `told` folds what was written, and lets it arrive in other orders, too.
"""

from __future__ import annotations

from model import events as e
from model.journal import balance, entry_page
from model.offices import holder
from model.reducer import fold
from tests.model.apart import Apart, late_share, lent, status, told
from tests.strategies import Phone, elect, findings, savings, share

# --- The same money recorded twice -----------------------------------------------------------


def test_the_same_key_and_amount_by_two_officers_corroborate(apart: Apart) -> None:
    village, secretary, treasurer = apart
    for phone in (secretary, treasurer):
        phone.record(share(village.members[0], 300))
    assert savings(told(village), village.members[0]) == 300
    assert findings(told(village), "corroborated")


def test_different_amounts_are_in_dispute_until_officers_choose(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    secretary.record(share(amina, 300))
    right = treasurer.record(share(amina, 200))
    assert savings(told(village), amina) == 300  # the record keeper's meanwhile
    assert findings(told(village), "disputed_amount")
    village.meet()
    choice = treasurer.record(e.ConflictResolved(right, 1, 1))
    assert savings(told(village), amina) == 300
    village.agree(choice, secretary)
    assert savings(told(village), amina) == 200
    assert not findings(told(village), "disputed_amount")


def test_what_comes_to_light_after_a_choice_is_a_new_dispute(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    third = Phone("secretary's old phone", "Wanjiru")
    third.learns_from(village.chairperson)
    right = secretary.record(share(amina, 300))
    treasurer.record(share(amina, 200))
    village.meet()
    village.agree(treasurer.record(e.ConflictResolved(right, 1, 1)), secretary)
    assert not findings(told(village), "disputed_amount")
    third.record(share(amina, 500))
    village.phones.append(third)
    assert findings(told(village), "disputed_amount")
    assert savings(told(village), amina) == 300


def test_officers_who_choose_twins_choose_the_same(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    twins = [secretary.record(share(amina, 200)), treasurer.record(share(amina, 200))]
    village.chairperson.record(share(amina, 100))
    village.meet()
    for phone, twin in zip((secretary, treasurer), twins, strict=True):
        phone.record(e.ConflictResolved(twin, 1, 1))
    assert not findings(told(village), "contested_resolution")
    assert not findings(told(village), "disputed_amount")
    assert savings(told(village), amina) == 200


def test_choices_that_differ_choose_nothing(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    names = [secretary.record(share(amina, 300)), treasurer.record(share(amina, 200))]
    village.meet()
    before = [village.chairperson.known.copy(), village.chairperson.known.copy()]
    choices = [
        phone.record(e.ConflictResolved(name, 1, 1))
        for phone, name in zip((secretary, treasurer), names, strict=True)
    ]
    # Two pairs of officers agree to different entries, and do not know of each other.
    for phone, known, choice in zip((secretary, treasurer), before, choices, strict=True):
        second = Phone(f"second officer beside {phone.name}", "Achieng")
        second.known = known
        second.learns_from(phone)
        second.record(e.ApprovalGiven(choice, 1, 1))
        village.phones.append(second)
    assert findings(told(village), "contested_resolution")
    assert findings(told(village), "disputed_amount")
    assert savings(told(village), amina) == 300


def test_a_blind_second_line_with_another_amount_is_in_dispute_and_never_summed(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    secretary.record(share(amina, 100))
    village.meet()
    secretary.record(share(amina, 100, line=2))
    treasurer.record(share(amina, 200, line=2))
    assert savings(told(village), amina) == 200
    assert findings(told(village), "disputed_amount")


def test_a_payment_by_reference_and_by_hand_is_pointed_out(apart: Apart) -> None:
    village, secretary, treasurer = apart
    loan = secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 100_000, 2))
    village.meet()
    treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
    village.meet()
    secretary.record(e.LoanRepaid(1, 1, loan, 100, 1, "mobile", "QX12"))
    treasurer.record(e.LoanRepaid(1, 1, loan, 100, 1, "mobile"))
    assert balance(told(village), "1040") == 200
    assert findings(told(village), "possible_duplicate_payment")


# --- More money than there is ----------------------------------------------------------------


def test_both_of_two_loans_beyond_the_cash_are_kept_and_the_box_is_below_zero(apart: Apart) -> None:
    village, _, treasurer = apart
    treasurer.record(share(village.members[0], 500))
    village.meet()
    second = Phone("treasurer's second phone", "Otieno")
    village.phones.append(second)
    loans = []
    for member in village.members[:2]:
        loans.append(village.secretary.record(e.LoanApplied(1, 1, member, 400, "seed", 2)))
    village.meet()
    for loan in loans:
        village.chairperson.record(e.LoanApproved(1, 1, loan, 400, "flat", 100_000, 2))
    village.meet()
    for phone, loan in zip((treasurer, second), loans, strict=True):
        phone.record(e.LoanDisbursed(1, 1, loan, 400))
    assert balance(told(village), "1010") == -300
    assert findings(told(village), "overdrawn")


# --- Other cases -----------------------------------------------------------------------------


def test_a_late_entry_is_in_suspense_until_it_is_accepted(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    late = late_share(village, secretary, treasurer)
    assert (savings(told(village), amina), balance(told(village), "1090")) == (0, 300)
    verdict = secretary.record(e.LateEntryAccepted(late, 1, 2))
    assert savings(told(village), amina) == 0
    village.agree(verdict, treasurer)
    book = told(village)
    assert (savings(book, amina), balance(book, "1090"), balance(book, "1010")) == (300, 0, 300)
    assert entry_page(book, late.hex()).reasons == ("accepted_late",)
    assert not findings(book, "late_entry")


def test_a_late_entry_that_is_rejected_stays_visible_and_counts_nowhere(apart: Apart) -> None:
    village, secretary, treasurer = apart
    late = late_share(village, secretary, treasurer)
    village.agree(secretary.record(e.LateEntryRejected(late, 1, 2)), treasurer)
    book = told(village)
    assert balance(book, "1090") == balance(book, "2070") == savings(book, village.members[0]) == 0
    assert entry_page(book, late.hex()).reasons == ("rejected_late",)


def test_accepted_and_rejected_apart_is_left_out_unless_three_want_it(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    late = late_share(village, secretary, treasurer)
    accepted = secretary.record(e.LateEntryAccepted(late, 1, 2))
    rejected = treasurer.record(e.LateEntryRejected(late, 1, 2))
    village.agree(rejected, village.chairperson)
    village.agree(accepted, treasurer)
    assert savings(told(village), amina) == 0
    assert findings(told(village), "contested_verdict")
    village.agree(accepted, village.chairperson)
    assert savings(told(village), amina) == 300
    assert not findings(told(village), "contested_verdict")


def test_an_accepted_late_entry_is_reversed_like_any_other(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    late = late_share(village, secretary, treasurer)
    village.agree(secretary.record(e.LateEntryAccepted(late, 1, 2)), treasurer)
    village.chairperson.record(e.EntryReversed(1, 2, late, "not paid"))
    book = told(village)
    assert savings(book, amina) == balance(book, "1010") == balance(book, "1090") == 0


def test_a_verdict_is_taken_back_by_as_many_as_gave_it(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    late = late_share(village, secretary, treasurer)
    verdict = secretary.record(e.LateEntryAccepted(late, 1, 2))
    village.agree(verdict, treasurer)
    reversal = treasurer.record(e.EntryReversed(1, 2, verdict, "we were wrong"))
    assert savings(told(village), amina) == 300
    village.agree(reversal, village.chairperson)
    assert (savings(told(village), amina), balance(told(village), "1090")) == (0, 300)


def test_a_late_reversal_acts_once_it_is_accepted(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    entry = village.chairperson.record(e.FineLevied(1, 1, amina, "late", 50))
    village.meet()
    treasurer.record(e.MeetingClosed(1, 1, ()))
    reversal = secretary.record(e.EntryReversed(1, 1, entry, "was there"))
    village.meet()
    assert balance(told(village), "fines_due", amina.hex()) == 50
    treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.agree(treasurer.record(e.LateEntryAccepted(reversal, 1, 2)), secretary)
    assert balance(told(village), "fines_due", amina.hex()) == 0
    assert not findings(told(village), "late_entry")


def test_reversal_and_amendment_apart_leave_the_amendment_alone(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    wrong = village.chairperson.record(e.FineLevied(1, 1, amina, "late", 80))
    village.meet()
    treasurer.record(e.EntryReversed(1, 1, wrong, "too much"))
    secretary.record(e.FineLevied(1, 1, amina, "late", 50))
    assert balance(told(village), "fines_due", amina.hex()) == 50


def test_approval_and_decline_apart_is_declined(apart: Apart) -> None:
    village, secretary, treasurer = apart
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 100))
    asked = village.treasurer.record(
        e.VariancePosted(1, 1, "close", "box", "over", 100, "found in the box")
    )
    village.meet()
    secretary.record(e.ApprovalGiven(asked, 1, 1))
    village.chairperson.lamport = treasurer.lamport
    village.chairperson.record(e.RequestDeclined(asked, 1, 1, "count again"))
    assert status(village, asked) == "void"
    assert findings(told(village), "declined")
    assert balance(told(village), "1010") == 0


def test_who_knew_it_approved_cannot_decline_it(apart: Apart) -> None:
    village, secretary, _ = apart
    asked = village.treasurer.record(
        e.VariancePosted(1, 1, "close", "box", "over", 100, "found in the box")
    )
    village.agree(asked, secretary)
    no = village.chairperson.record(e.RequestDeclined(asked, 1, 1))
    assert status(village, asked) == "counted"
    assert entry_page(told(village), no.hex()).reasons == ("already_decided",)


def test_an_officer_who_did_not_know_of_the_end_of_office_counts_and_is_named(apart: Apart) -> None:
    village, secretary, treasurer = apart
    ahead = max((secretary, treasurer), key=lambda phone: phone.lamport)
    proposal = village.candidate("treasurer", Phone("deputy", "Kamau").person)
    ahead.lamport += 100
    elect(secretary, proposal)
    treasurer.record(share(village.members[0], 300))
    assert savings(told(village), village.members[0]) == 300


def test_officers_who_vote_each_other_out_apart_both_stay(apart: Apart) -> None:
    village, secretary, treasurer = apart
    second = Phone("chairperson's second phone", "Achieng")
    second.learns_from(village.chairperson)
    village.phones.append(second)
    ahead = max((secretary, treasurer), key=lambda phone: phone.lamport)
    for author, friend, title in (
        (secretary, village.chairperson, "treasurer"),
        (treasurer, second, "secretary"),
    ):
        proposal = author.record(e.OfficerProposed(title, b""))  # type: ignore[arg-type]
        friend.learns_from(author)
        friend.record(e.ApprovalGiven(proposal, 1, 1))
        author.learns_from(friend)
        elect(author, proposal)
    assert ahead.lamport > 100
    book = told(village)
    assert holder(book, "treasurer") == treasurer.person.hex()
    assert holder(book, "secretary") == secretary.person.hex()
    assert findings(book, "removed_apart")


def test_in_an_election_a_no_is_only_a_word_that_is_missing(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    proposal = village.chairperson.record(e.OfficerProposed("money_counter", bytes(16)))
    for phone in (secretary, treasurer):
        phone.learns_from(village.chairperson)
    secretary.record(e.ApprovalGiven(proposal, 1, 1))
    treasurer.record(e.RequestDeclined(proposal, 1, 1))
    assert status(village, proposal) == "counted"


def test_two_members_with_one_phone_both_live_and_are_pointed_out(apart: Apart) -> None:
    village, secretary, treasurer = apart
    for phone in (secretary, treasurer):
        phone.record(e.MemberAdded(9, "2026-01-01", b"", b"phone--1"))
    book = told(village)
    assert len(list(book.members.rows())) == 5
    assert findings(book, "possible_duplicate_member")


def test_a_clock_that_is_wrong_by_decades_changes_nothing(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(share(village.members[0], 300))
    treasurer.record(share(village.members[0], 200))
    expected = told(village)
    for time_ms in (0, 4_102_444_800_000):
        wrong = [entry._replace(time_ms=time_ms) for entry in village.entries]
        assert fold(wrong).digest() == expected.digest()


def test_shares_above_the_cap_stay_and_are_named(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    secretary.record(share(amina, 300))
    village.meet()
    secretary.record(share(amina, 300, line=2))
    treasurer.record(share(amina, 300, line=3))
    assert savings(told(village), amina) == 900
    assert findings(told(village), "cap_exceeded")


def test_a_fine_for_one_absence_by_two_officers_counts_once(apart: Apart) -> None:
    village, secretary, _ = apart
    for phone in (secretary, village.chairperson):
        phone.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    assert balance(told(village), "fines_due", village.members[0].hex()) == 50


def test_an_entry_apart_from_the_end_of_a_cycle_goes_into_the_next_ones_surplus(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.meet()
    for phone in (secretary, treasurer, village.chairperson):
        phone.record(e.MeetingClosed(1, 1, ()))
        village.meet()
    closing = secretary.record(e.CycleClosed(1, "2026-12-31"))
    treasurer.record(e.FinePaid(1, 1, village.members[0], 50))
    village.agree(closing)
    assert told(village).cycles.find("1") is not None
    assert balance(told(village), "3020") == 0  # what the closer did not know is not swept


# --- Money that ends, and people who leave ---------------------------------------------------


def test_a_repayment_apart_from_a_write_off_is_kept_and_the_write_off_shrinks(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    loan = lent(village)
    asked = secretary.record(e.LoanWrittenOff(loan, 1, 1, 500, "she moved away"))
    treasurer.record(e.LoanRepaid(1, 1, loan, 200))
    village.agree(asked)
    book = told(village)
    assert balance(book, "1100", loan.hex()) == 0
    assert balance(book, "5020") == 300
    assert balance(book, "1010") == 1000 - 500 + 200


def test_suspended_wins_over_active(apart: Apart) -> None:
    village, _, _ = apart
    other = Phone("chairperson's second phone", "Achieng")
    other.learns_from(village.chairperson)
    other.lamport = village.treasurer.lamport
    village.phones.append(other)
    member = village.members[0]
    village.chairperson.record(e.MemberStatusSet(member, "active"))
    other.record(e.MemberStatusSet(member, "suspended"))
    page = told(village).members.find(member.hex())
    assert page is not None
    assert page.status == "suspended"


def test_no_wins_over_yes_where_consent_was_recorded_apart(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    yes = secretary.record(e.ConsentRecorded(member, "sms", True))
    no = treasurer.record(e.ConsentRecorded(member, "sms", False))
    assert (status(village, yes) == "counted", status(village, no)) == (False, "counted")


def test_one_reference_is_one_payment_whoever_imports_it(apart: Apart) -> None:
    village, secretary, treasurer = apart
    for phone in (secretary, treasurer):
        phone.record(e.PaymentReceived("mpesa", "QX 12", 300, "2026-01-07", 1, 1))
    assert balance(told(village), "1040") == 300
    assert balance(told(village), "2070") == -300


def test_promises_beyond_the_cash_are_named_together_and_none_of_them_wins(apart: Apart) -> None:
    village, secretary, treasurer = apart
    treasurer.record(share(village.members[2], 500))
    loans = [
        phone.record(e.LoanApplied(1, 1, member, 400, "seed", 2))
        for phone, member in zip((secretary, treasurer), village.members, strict=False)
    ]
    village.meet()
    for loan in loans:
        village.chairperson.record(e.LoanApproved(1, 1, loan, 400, "flat", 0, 2))
    village.meet()
    book = told(village)
    named = [*findings(book, "loans_unfunded"), *findings(book, "unfunded")]
    assert named
    for finding in named:
        about = {entry_page(book, name).subject for name in finding.entries} | {*finding.entries}
        assert {loan.hex() for loan in loans} <= about


def test_the_same_request_by_two_officers_is_one(apart: Apart) -> None:
    village, secretary, treasurer = apart
    for phone in (secretary, treasurer):
        phone.record(e.LoanApplied(1, 1, village.members[0], 400, "seed", 2))
    assert len(list(told(village).loans.rows())) == 1


def test_two_merges_in_any_order_keep_one_member(apart: Apart) -> None:
    village, secretary, treasurer = apart
    first, second, third = village.members
    treasurer.record(share(third, 300))
    village.meet()
    merges = [
        secretary.record(e.MemberMerged(first, second, 1, 1)),
        treasurer.record(e.MemberMerged(second, third, 1, 1)),
    ]
    for merge in merges:
        village.agree(merge)
    book = told(village)
    kept = {page.merged_into or name for name, page in book.members.rows()}
    assert len(kept) == 1
    assert balance(book, "2010", kept.pop()) == -300
