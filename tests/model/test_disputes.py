"""Disputes, verdicts and reversals among officers who said the same thing apart, or changed it.

What officers decide is about what is said, whoever of them wrote it down, and reaches what they
knew; two ways of saying one decision end alike. Every test runs with each of two phones ahead.
"""

from __future__ import annotations

import pytest

from model import events as e
from model.findings import list_findings
from model.journal import balance, entry_page
from tests.model.apart import Apart, told
from tests.strategies import Phone, Village, elect, findings, savings, share

LOAN_MINOR = 3000


def _owing(village: Village) -> bytes:
    """A loan from before these books, that everybody knows."""
    loan = village.secretary.record(
        e.OpeningBalanceSet(village.members[0], "loan", LOAN_MINOR, 0, "2026-01-01")
    )
    village.meet()
    return loan


def _owed(village: Village, loan: bytes) -> int:
    return balance(told(village), "1100", loan.hex())


def _known(village: Village, phone: Phone, event: e.Event) -> bytes:
    """An entry that everybody knows."""
    entry = phone.record(event)
    village.meet()
    return entry


def test_officers_who_resolve_alike_apart_agree(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    chosen = secretary.record(e.SocialContributed(1, 1, member, 40))
    treasurer.record(e.SocialContributed(1, 1, member, 31))
    village.meet()
    treasurer.record(e.ConflictResolved(chosen, 1, 1))
    village.chairperson.record(e.ConflictResolved(chosen, 1, 1))
    village.meet()
    assert balance(told(village), "3010") == -40
    assert not findings(told(village), "disputed_amount")


def test_an_approval_of_what_has_no_effect_has_none(apart: Apart) -> None:
    village, secretary, treasurer = apart
    open_still = _known(village, secretary, e.MeetingReopened(1, 1, "forgotten"))
    treasurer.record(e.ApprovalGiven(open_still, 1, 1))
    village.meet()
    assert entry_page(told(village), open_still.hex()).status == "void"


def test_a_reversal_of_what_its_author_did_not_know_has_no_effect(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    bought = secretary.record(share(member, 300))
    unknowing = treasurer.record(e.EntryReversed(1, 1, bought, "mistake"))
    village.meet()
    assert entry_page(told(village), unknowing.hex()).reasons == ("unknown_reference",)
    assert savings(told(village), member) == 300


def test_a_rejection_leaves_in_suspense_what_it_did_not_know(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    _known(village, village.chairperson, e.MeetingClosed(1, 1, ()))
    late = _known(village, treasurer, share(member, 500))
    rejection = treasurer.record(e.LateEntryRejected(late, 1, 2))
    secretary.record(share(member, 500))
    village.chairperson.learns_from(treasurer)
    village.chairperson.record(e.ApprovalGiven(rejection, 1, 2))
    village.meet()
    book = told(village)
    assert len(findings(book, "late_entry")) == 1
    assert balance(book, "1090") == 500
    assert savings(book, member) == 0


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_reversal_of_a_reversal_takes_back_every_one_that_it_knew(
    apart: Apart, levels: int
) -> None:
    village, _, treasurer = apart
    member = village.members[0]
    for person in ("Wanjiru", "Otieno", "Achieng"):
        village.phones.append(Phone(f"{person}'s other phone", person))
    village.meet()
    taken = _known(village, treasurer, share(member, 500))
    for level in range(levels * 2):
        back = village.phones[(2, 0, 1)[level % 3] :: 3]
        names = [phone.record(e.EntryReversed(1, 1, taken, "mistake")) for phone in back]
        village.meet()
        taken = names[level % 3 % 2]
        counts = level % 2 == 1
        assert savings(told(village), member) == 500 * counts, level
        assert balance(told(village), "1010") == 500 * counts


def test_a_reversal_that_the_next_one_did_not_know_goes_on_acting(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    bought = _known(village, treasurer, share(member, 500))
    taken_back = secretary.record(e.EntryReversed(1, 1, bought, "mistake"))
    village.chairperson.learns_from(secretary)
    another = Phone("Wanjiru's other phone", "Wanjiru")
    another.learns_from(treasurer)
    another.record(e.EntryReversed(1, 1, bought, "mistake"))
    village.chairperson.record(e.EntryReversed(1, 1, taken_back, "it was right"))
    village.phones.append(another)
    village.meet()
    assert savings(told(village), member) == 0


@pytest.mark.parametrize("named", [0, 1])
@pytest.mark.parametrize("knowing", [True, False])
def test_a_verdict_reaches_every_word_of_a_payment_that_it_knew(
    apart: Apart, named: int, knowing: bool
) -> None:
    village, secretary, treasurer = apart
    loan = _owing(village)
    _known(village, secretary, e.MeetingClosed(1, 1, ()))
    words = [secretary.record(e.LoanRepaid(1, 1, loan, 747))]
    if knowing:
        village.meet()
    words.append(treasurer.record(e.LoanRepaid(1, 1, loan, 747)))
    village.meet()
    for phone in (village.chairperson, treasurer):
        phone.record(e.LateEntryAccepted(words[named], 1, 3))
    village.meet()
    assert _owed(village, loan) == LOAN_MINOR - 747
    assert balance(told(village), "1090") == 0
    assert not findings(told(village), "late_entry")


def test_accepting_one_word_reaches_another_that_nobody_knew(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    _known(village, village.chairperson, e.MeetingClosed(1, 1, ()))
    old_phone = Phone("secretary's old phone", "Wanjiru")
    old_phone.learns_from(secretary)
    secretary.record(share(member, 300))
    second = old_phone.record(share(member, 300, 1))
    for phone in (treasurer, village.chairperson):
        phone.learns_from(old_phone)
        phone.record(e.LateEntryAccepted(second, 1, 2))
    village.phones.append(old_phone)
    village.meet()
    assert savings(told(village), member) == 300
    assert balance(told(village), "1090") == 0


@pytest.mark.parametrize("named", [0, 1])
def test_a_rejection_reaches_every_word_that_it_knew(apart: Apart, named: int) -> None:
    village, secretary, treasurer = apart
    loan = _owing(village)
    _known(village, village.chairperson, e.MeetingClosed(1, 1, ()))
    words = [phone.record(e.LoanRepaid(1, 1, loan, 300)) for phone in (secretary, treasurer)]
    village.meet()
    rejection = _known(village, treasurer, e.LateEntryRejected(words[named], 1, 2))
    village.agree(rejection, village.chairperson)
    book = told(village)
    assert balance(book, "1090") == 0
    assert _owed(village, loan) == LOAN_MINOR
    assert not findings(book, "late_entry")


def _covered_and_late(
    village: Village, secretary: Phone, treasurer: Phone
) -> tuple[bytes, bytes, bytes]:
    """A repayment that a close covers, and another amount for it that came too late."""
    loan = _owing(village)
    covered = secretary.record(e.LoanRepaid(1, 1, loan, 776))
    late = treasurer.record(e.LoanRepaid(1, 1, loan, 103))
    secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    return loan, covered, late


def test_what_was_rejected_and_then_chosen_counts_once(apart: Apart) -> None:
    village, secretary, treasurer = apart
    loan, _, late = _covered_and_late(village, secretary, treasurer)
    for phone in (village.chairperson, treasurer):
        _known(village, phone, e.LateEntryRejected(late, 1, 2))
    assert _owed(village, loan) == LOAN_MINOR - 776
    for phone in (secretary, treasurer):
        _known(village, phone, e.ConflictResolved(late, 1, 2))
    assert _owed(village, loan) == LOAN_MINOR - 103
    assert balance(told(village), "1010") == 103


def test_what_was_chosen_is_not_rejected_but_chosen_otherwise(apart: Apart) -> None:
    village, secretary, treasurer = apart
    loan, covered, late = _covered_and_late(village, secretary, treasurer)
    for phone in (village.chairperson, treasurer):
        _known(village, phone, e.ConflictResolved(late, 1, 2))
    assert _owed(village, loan) == LOAN_MINOR - 103
    rejection = _known(village, treasurer, e.LateEntryRejected(late, 1, 2))
    assert entry_page(told(village), rejection.hex()).reasons == ("chosen_before",)
    assert _owed(village, loan) == LOAN_MINOR - 103
    for phone in (treasurer, village.chairperson):
        _known(village, phone, e.ConflictResolved(covered, 1, 2))
    assert _owed(village, loan) == LOAN_MINOR - 776
    assert balance(told(village), "1010") == 776


def test_a_choice_and_a_rejection_apart_lose_nothing(apart: Apart) -> None:
    village, secretary, treasurer = apart
    loan, _, late = _covered_and_late(village, secretary, treasurer)
    rejection = secretary.record(e.LateEntryRejected(late, 1, 2))
    choice = treasurer.record(e.ConflictResolved(late, 1, 2))
    village.meet()
    village.agree(rejection, village.chairperson)
    village.agree(choice, village.chairperson)
    assert _owed(village, loan) == LOAN_MINOR - 103
    assert balance(told(village), "1010") == 103


def _accepted_by_three(village: Village, late: bytes) -> bytes:
    acceptance = _known(village, village.treasurer, e.LateEntryAccepted(late, 1, 2))
    village.agree(acceptance)
    return acceptance


@pytest.mark.parametrize("apart_words", [True, False])
def test_a_later_rejection_takes_the_place_of_an_acceptance_however_it_is_said(
    apart: Apart, apart_words: bool
) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    _known(village, secretary, e.MeetingClosed(1, 1, ()))
    late = _known(village, treasurer, share(member, 500))
    _accepted_by_three(village, late)
    assert savings(told(village), member) == 500
    rejection = secretary.record(e.LateEntryRejected(late, 1, 2))
    if apart_words:
        village.chairperson.record(e.LateEntryRejected(late, 1, 2))
        village.meet()
    else:
        village.agree(rejection, village.chairperson)
    assert savings(told(village), member) == 0
    assert not findings(told(village), "contested_verdict")


def test_rejections_apart_of_which_one_knew_both_acceptances(apart: Apart) -> None:
    village, secretary, treasurer = apart
    member = village.members[0]
    chairperson = village.chairperson
    _known(village, secretary, e.MeetingClosed(1, 1, ()))
    late = _known(village, treasurer, share(member, 500))
    chairperson.record(e.LateEntryAccepted(late, 1, 2))
    second = secretary.record(e.LateEntryAccepted(late, 1, 2))
    treasurer.learns_from(secretary)
    treasurer.record(e.ApprovalGiven(second, 1, 2))
    secretary.learns_from(treasurer)
    chairperson.meets(treasurer)
    chairperson.record(e.LateEntryRejected(late, 1, 2))
    secretary.learns_from(treasurer)
    secretary.record(e.LateEntryRejected(late, 1, 2))
    village.meet()
    assert savings(told(village), member) == 0


@pytest.mark.parametrize("ahead", ["secretary", "treasurer"])
def test_what_was_recorded_apart_from_the_end_of_an_office_is_pointed_out(ahead: str) -> None:
    village = Village()
    secretary, treasurer, member = village.secretary, village.treasurer, village.members[0]
    before = _known(village, treasurer, share(member, 100))
    proposal = village.candidate("treasurer", Phone("deputy", "Kamau").person)
    getattr(village, ahead).lamport += 100
    elect(secretary, proposal)
    beside = treasurer.record(share(member, 300, 2))
    village.meet()
    (found,) = findings(told(village), "after_office")
    assert found.entries == (beside.hex(),) != (before.hex(),)
    assert savings(told(village), member) == 400


def test_what_is_below_zero_names_what_was_paid_out_whoever_wrote_first(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(share(village.members[0], 300))
    paid = [
        treasurer.record(e.ExpensePaid(1, 1, "fare", amount, "box", line))
        for line, amount in enumerate((200, 50, 900, 400), start=1)
    ]
    village.meet()
    (found,) = findings(told(village), "overdrawn")
    assert found.entries == tuple(paid[at].hex() for at in (2, 3, 0))
    assert "is below zero by KES 12.50; paid out last with entry" in found.sentence


def test_a_dispute_is_told_alike_in_both_orders() -> None:
    found = []
    for ahead in ("secretary", "treasurer"):
        village = Village()
        getattr(village, ahead).lamport += 100
        member = village.members[0]
        for phone, amount in ((village.secretary, 300), (village.treasurer, 200)):
            phone.record(share(member, amount))
            phone.record(e.SocialContributed(1, 1, member, 20))
            phone.record(e.MemberAdded(9, "2026-01-07"))
        book = told(village)
        shown = list_findings(book)
        counted = {name for name, page in book.entries.rows() if page.status == "counted"}
        told_of = [(one.code, one.about, one.entries, one.amounts) for one in shown]
        found.append((told_of, counted))
    assert found[0] == found[1]
    assert {code for code, *_ in found[0][0]} >= {"disputed_amount", "corroborated"}


def _asked_on_two_phones(apart: Apart) -> tuple[bytes, bytes]:
    """One choice between 40 and 31, for the 40, by one officer on two phones."""
    village, secretary, treasurer = apart
    other = Phone("secretary's other phone", "Wanjiru")
    village.phones.append(other)
    village.meet()
    member = village.members[0]
    chosen = secretary.record(e.SocialContributed(1, 1, member, 40))
    treasurer.record(e.SocialContributed(1, 1, member, 31, channel="mobile"))
    village.meet()
    asked = secretary.record(e.ConflictResolved(chosen, 1, 1))
    again = other.record(e.ConflictResolved(chosen, 1, 1))
    village.meet()
    return asked, again


def test_a_later_word_on_the_same_said_twice_replaces_the_earlier_one(apart: Apart) -> None:
    village, _, treasurer = apart
    asked, again = _asked_on_two_phones(apart)
    _known(village, treasurer, e.RequestDeclined(asked, 1, 1, "not so"))
    assert findings(told(village), "declined")
    _known(village, treasurer, e.ApprovalGiven(again, 1, 1))
    assert not findings(told(village), "declined")
    assert not findings(told(village), "disputed_amount")


def test_a_no_on_the_same_said_twice_holds_beside_a_yes_that_did_not_know_it(apart: Apart) -> None:
    village, _, treasurer = apart
    asked, again = _asked_on_two_phones(apart)
    treasurer.record(e.RequestDeclined(asked, 1, 1, "not so"))
    village.chairperson.record(e.ApprovalGiven(again, 1, 1))
    village.meet()
    assert findings(told(village), "declined")


def test_who_takes_back_what_they_asked_twice_takes_back_both(apart: Apart) -> None:
    village, secretary, treasurer = apart
    asked, again = _asked_on_two_phones(apart)
    _known(village, secretary, e.ApprovalWithdrawn(asked, "not sure"))
    _known(village, treasurer, e.ApprovalGiven(again, 1, 1))
    assert findings(told(village), "disputed_amount")
    _known(village, village.chairperson, e.ApprovalGiven(again, 1, 1))
    assert not findings(told(village), "disputed_amount")
