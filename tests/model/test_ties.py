"""Who wins never hangs on a tie: facts that officers wrote apart, in every order of writing.

Each story is put into many orders that causality allows: the same is counted, the same is found,
and findings name the same entries.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from model import events as e
from model.agreement import claimants
from model.alone import witnesses
from model.book import Book
from model.entry import Entry
from model.findings import list_findings
from model.journal import entry_page
from model.limits import PHONES_APART, said_enough
from model.reducer import fold
from model.standing import CLAIMS_EACH
from model.timeline import Timeline
from tests.model.laws import another_order, everything, totals
from tests.model.stopped_phones import held
from tests.strategies import CONSTITUTION, Phone, Village, findings, share


def told(book: Book) -> Counter[tuple[object, ...]]:
    """Findings, and what they name; of a loan that was asked for apart one name for all."""

    def named(about: str) -> str:
        loan, dot, rest = about.partition(".")
        first = book.aliases.find(loan) or loan
        known = book.loans.find(first) is not None
        return (min(claimants(book, first), default=loan) if known else loan) + dot + rest

    return Counter(
        (one.code, named(one.about), frozenset(one.entries), one.amounts)
        for one in list_findings(book)
    )


def second_phone(village: Village) -> Phone:
    """Another phone of the secretary."""
    phone = Phone("secretary's second phone", "Wanjiru")
    village.phones.append(phone)
    village.meet()
    return phone


def two_phones_that_choose(village: Village) -> None:
    """One person changes her mind six times on each of two phones; it is her own words alone."""
    second, member = second_phone(village), village.members[0]
    low = village.secretary.record(share(member, 100))
    high = village.treasurer.record(share(member, 300))
    village.meet()
    for phone, last in ((village.secretary, low), (second, high)):
        for target in (low, high) * 3:
            choice = phone.record(e.ConflictResolved(target, 1, 1, "asked the member"))
        village.treasurer.learns_from(phone)
        village.treasurer.record(e.ApprovalGiven(choice, 1, 1))
        phone.record(e.ConflictResolved(last, 1, 1, "asked the member"))
    village.meet()


def two_phones_that_speak(village: Village) -> None:
    """One person's words on one decision, often, on two phones."""
    second = second_phone(village)
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    asked = village.treasurer.record(e.MeetingReopened(1, 1, "something was forgotten"))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(asked, 1, 1))
    for phone in (village.secretary, second):
        for _ in range(6):
            phone.record(e.ApprovalGiven(asked, 1, 1))
            phone.record(e.ApprovalWithdrawn(asked, "not yet"))
    second.record(e.ApprovalGiven(asked, 1, 1))
    second.meets(village.secretary, village.chairperson)


def a_flood(village: Village) -> None:
    """Far too much about one payment, beside what another officer says."""
    for _ in range(2 * CLAIMS_EACH):
        village.secretary.record(share(village.members[0], 100))
    village.treasurer.record(share(village.members[0], 100))


def one_promise_twice(village: Village) -> None:
    """Two officers write down a promise of money; more comes in."""
    village.secretary.record(e.FundingPromised(b"", "Amani", "grant", 100))
    village.treasurer.record(e.FundingPromised(b"", "Amani", "grant", 100))
    village.meet()
    promise = next(
        name
        for name, one in village.treasurer.known.items()
        if isinstance(one.event, e.FundingPromised)
    )
    village.treasurer.record(e.FundingReceived(promise, 1, 1, 300))


def one_promise_of_two_kinds(village: Village) -> None:
    """Officers differ on whether money is given or lent, and both words are taken back."""
    given = village.secretary.record(e.FundingPromised(b"", "Amani", "grant", 100))
    lent = village.treasurer.record(e.FundingPromised(b"", "Amani", "loan", 100))
    village.meet()
    village.treasurer.record(e.FundingReceived(given, 1, 1, 100))
    for promise in (given, lent):
        by = village.treasurer if promise == given else village.secretary
        by.record(e.EntryReversed(1, 1, promise, "mistake"))


def one_request_twice(village: Village) -> None:
    """Two officers ask for one payment, which is paid before anybody agreed."""
    member = village.members[0]
    asked = e.WithdrawalRequested(1, 1, 100, "overpayment", member)
    request = village.secretary.record(asked)
    village.treasurer.record(asked)
    village.treasurer.learns_from(village.secretary)
    village.treasurer.record(e.WithdrawalPaid(request, 1, 1))


def a_loan_of_one_hand(village: Village) -> None:
    """The treasurer hands over a loan that two people approved, of whom he is one."""
    village.elect("chairperson", village.treasurer.person)
    village.meet()
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    village.meet()
    old = Phone("treasurer's old phone", "Otieno")
    old.learns_from(village.treasurer)
    village.phones.append(old)
    village.treasurer.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    old.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    old.record(e.LoanDisbursed(1, 1, loan, 400))
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))


def paid_in_by_one_who_left(village: Village) -> None:
    """An officer who knew that a member left takes her money, while another takes the exit back."""
    member = village.members[0]
    left = village.secretary.record(e.MemberExited(1, 1, member, "moved", 0, 0))
    village.agree(left)
    village.treasurer.record(share(member, 100))
    reversal = village.chairperson.record(e.EntryReversed(1, 1, left, "mistake"))
    village.secretary.learns_from(village.chairperson)
    village.secretary.record(e.ApprovalGiven(reversal, 1, 1))


def called_by_one_who_did_not_know(village: Village) -> None:
    """A guarantee is called on a phone that has not heard of it."""
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    village.meet()
    village.secretary.record(e.GuaranteeGiven(loan, village.members[1], 100))
    village.treasurer.record(e.GuaranteeCalled(loan, 1, 1, village.members[1], 100))


def two_requests_with_other_guarantors(village: Village) -> None:
    """Two officers write down one request, and remember the guarantor otherwise."""
    borrower, friend, other = village.members
    for phone, guarantor in ((village.secretary, friend), (village.treasurer, other)):
        guarantees = (e.Guarantee(guarantor, 400),)
        phone.record(e.LoanApplied(1, 1, borrower, 500, "seed", 2, guarantors=guarantees))


def a_cycle_opened_three_times(village: Village) -> None:
    """Phones open one cycle with different days, and one closes it that heard of none."""
    second = second_phone(village)
    third = Phone("secretary's third phone", "Wanjiru")
    third.learns_from(second)
    village.phones.append(third)
    village.secretary.record(e.CycleOpened(2, "2027-01-01", "2027-06-30"))
    second.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
    third.record(e.CycleOpened(2, "2027-02-01", "2027-12-31"))
    village.chairperson.record(e.CycleClosed(2, "2027-12-20"))


def one_payment_taken_back_twice(village: Village) -> None:
    """Two officers take back what was never in the box, and the box is below nothing."""
    paid = village.treasurer.record(share(village.members[0], 100))
    village.meet()
    village.treasurer.record(e.ExpensePaid(1, 1, "transport", 100, "box"))
    for phone in (village.secretary, village.chairperson):
        phone.record(e.EntryReversed(1, 1, paid, "mistake"))


def rule_after_rule_proposed(village: Village) -> None:
    """Three officers propose rule after rule, each at home, and all of them are agreed to."""
    village.meet()
    proposals = [
        phone.record(e.ConstitutionProposed(replace(CONSTITUTION, shares_max=10 * time + number)))
        for time in range(1, 6)
        for number, phone in enumerate(village.phones[:3])
    ]
    village.meet()
    for proposal in proposals:
        village.agree(proposal)


STORIES: tuple[Callable[[Village], None], ...] = (
    *(two_phones_that_choose, two_phones_that_speak, a_flood, one_promise_twice),
    *(one_promise_of_two_kinds, one_request_twice, a_loan_of_one_hand, paid_in_by_one_who_left),
    *(two_requests_with_other_guarantors, called_by_one_who_did_not_know),
    *(a_cycle_opened_three_times, one_payment_taken_back_twice, rule_after_rule_proposed),
)


def in_every_order(entries: list[Entry]) -> Book:
    """The book of these entries: the same in many orders of writing."""
    book = fold(entries)
    for seed in range(24):
        again = fold(another_order(entries, random.Random(seed).randrange))
        assert totals(again) == totals(book)
        assert told(again) == told(book)
    return book


@pytest.mark.parametrize("story", STORIES)
def test_facts_that_were_written_apart_come_out_alike(story: Callable[[Village], None]) -> None:
    village = Village()
    story(village)
    in_every_order(village.entries)


def test_a_stopped_phone_may_start_a_round_with_a_member_of_its_own() -> None:
    village = Village()
    thief, spared = village.secretary, set(village.secretary.known)
    added = thief.record(e.MemberAdded(9, "2026-01-07"))
    thief.record(e.LoanApplied(1, 1, added, 500, "seed", 2))
    round_of = thief.record(e.RotationStarted(1, 1, 50, (added, village.members[0]), "fixed"))
    village.treasurer.known[added] = thief.known[added]
    village.treasurer.lamport = max(village.treasurer.lamport, thief.known[added].lamport)
    village.treasurer.record(share(added, 100))
    book = in_every_order(held(village.entries, thief.device, spared))
    assert entry_page(book, round_of.hex()).status == "suspense"


def test_a_guarantor_who_is_named_twice_answers_for_the_sum() -> None:
    village = Village()
    borrower, friend, _ = village.members
    twice = (e.Guarantee(friend, 100), e.Guarantee(friend, 50))
    loan = village.secretary.record(e.LoanApplied(1, 1, borrower, 500, "seed", 2, guarantors=twice))
    village.meet()
    for _ in range(2):  # as it is written down, and when its loan is read anew
        page = village.book.loans.find(loan.hex())
        assert page is not None
        assert page.guarantors == ((friend.hex(), 150),)
        village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))


@pytest.mark.parametrize("seed", range(6))
def test_both_copies_of_a_cloned_phone_see_that_the_group_is_founded(seed: int) -> None:
    """A witness (alone.py) is one whether the book was folded at once or step by step."""
    village = Village()
    clone = Phone("the copy", "Otieno")
    clone.device = village.treasurer.device
    clone.learns_from(village.treasurer)
    village.phones.append(clone)
    for phone in (village.treasurer, clone):
        phone.record(share(village.members[0], 100))
        phone.record(share(village.members[1], 100))
    entries, timeline = village.entries, Timeline()
    for entry in random.Random(seed).sample(entries, len(entries)):
        timeline.advance([entry])
    assert everything(timeline.book) == everything(fold(entries))
    assert len(witnesses(timeline.book)) == 2


def test_fines_of_nothing_from_paper_leave_no_page() -> None:
    village = Village()
    village.secretary.record(e.OpeningBalanceSet(village.members[0], "fines", 0, 0, "2026-01-01"))
    assert list(village.book.fines.rows()) == []


def test_the_flood_of_one_person_is_found_once_under_the_lowest_name() -> None:
    village = Village()
    a_flood(village)
    (flood,) = findings(village.book, "too_many")
    followed = [
        name
        for name, page in village.book.entries.rows()
        if page.kind == "share.purchased" and "too_many" not in page.reasons
    ]
    assert flood.about == min(followed)


def test_what_is_enough_is_what_the_author_knew() -> None:
    own = [bytes([number] * 17).hex() for number in range(8)]
    everything = frozenset(map(bytes.fromhex, own))
    assert not said_enough(own[:7], everything, 8)
    assert said_enough(own, everything, 8)
    assert not said_enough(own, frozenset(), 8)
    assert said_enough(own * PHONES_APART, frozenset(), 8)
