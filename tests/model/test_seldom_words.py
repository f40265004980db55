"""Verdicts, requests and elections where they are rare: contrary, asked anew, moot, apart."""

from __future__ import annotations

from model import events as e
from model.agreement import ACCEPT_WINS
from model.alone import witnesses
from model.findings import list_findings
from model.journal import entry_page
from model.loan_account import loan_account
from model.offered import RESTS
from model.offices import holder
from model.reducer import fold
from model.rotations import is_agreed
from model.stopped import FOLLOWED_MAX
from model.suspense import is_moot
from tests.model.apart import lent, told
from tests.model.laws import assert_balanced, assert_shown
from tests.model.stopped_phones import Stolen
from tests.strategies import CONSTITUTION, Phone, Village, findings, savings, share

# Of a stopped phone


def test_three_who_want_an_entry_of_a_stopped_phone_in_outvote_two_who_do_not() -> None:
    world = Stolen()
    village, member = world.village, world.village.members[0]
    entry = world.thief.record(share(member, 300))
    owner = world.second_phone()
    village.meet()
    apart = Phone("second phone", "Achieng")
    apart.learns_from(village.chairperson)
    other = Phone("third phone", "Otieno")
    other.learns_from(village.chairperson)
    village.phones += [apart, other]
    no = apart.record(e.SuspenseRejected(world.thief.device, (entry,), 1, 1))
    other.learns_from(apart)
    other.record(e.ApprovalGiven(no, 1, 1))
    yes = village.secretary.record(e.SuspenseRatified(world.thief.device, (entry,), 1, 1))
    village.chairperson.learns_from(village.secretary)
    village.chairperson.record(e.ApprovalGiven(yes, 1, 1))
    assert savings(world.book, member) == 0  # two against two: the no holds
    owner.learns_from(village.chairperson)
    owner.record(e.ApprovalGiven(yes, 1, 1))
    assert ACCEPT_WINS == 3
    assert savings(world.book, member) == 300
    assert_balanced(world.book)


def test_nobody_is_asked_about_what_stands_already_as_is_asked() -> None:
    world = Stolen()
    village = world.village
    entries = [world.thief.record(share(village.members[0], 300, line)) for line in (1, 2)]
    village.meet()
    third = Phone("second phone", "Wanjiru")
    third.learns_from(village.secretary)
    village.phones.append(third)
    both = third.record(e.SuspenseRatified(world.thief.device, tuple(entries), 1, 1))
    assert "waits_for_approval" in {one.code for one in list_findings(world.book)}
    for one in entries:
        verdict = village.secretary.record(e.SuspenseRatified(world.thief.device, (one,), 1, 1))
        village.chairperson.learns_from(village.secretary)
        village.chairperson.record(e.ApprovalGiven(verdict, 1, 1))
    book = world.book
    assert savings(book, village.members[0]) == 600
    assert book.waiting.find(both.hex()) is not None
    assert is_moot(book, both.hex(), entry_page(book, both.hex()))
    assert "waits_for_approval" not in {one.code for one in list_findings(book)}


def test_what_builds_on_two_held_entries_waits_until_both_are_ratified() -> None:
    world = Stolen("secretary")
    village = world.village
    added = [world.thief.record(e.MemberAdded(number, "2026-01-01")) for number in (8, 9)]
    village.meet()
    rotation = village.treasurer.record(e.RotationStarted(1, 1, 100, tuple(added)))
    assert world.page(rotation).reasons[0] == RESTS
    for one, reason in zip(added, (RESTS, "waits_for_approval"), strict=True):
        verdict = village.chairperson.record(e.SuspenseRatified(world.thief.device, (one,), 1, 1))
        village.agree(verdict, village.treasurer)
        assert world.page(one).status == "counted"
        assert world.page(rotation).reasons[0] == reason


def test_a_rotation_of_a_stopped_phone_is_agreed_to_when_officers_say_so() -> None:
    world = Stolen("secretary")
    village = world.village
    rotation = world.thief.record(e.RotationStarted(1, 1, 100, tuple(village.members)))
    village.meet()
    assert not is_agreed(world.book, rotation.hex())
    owner = world.second_phone()
    for phone in (village.treasurer, village.chairperson, owner):
        village.meet()
        phone.record(e.ApprovalGiven(rotation, 1, 1))
    assert is_agreed(world.book, rotation.hex())
    taken_back = village.chairperson
    village.meet()
    reversal = taken_back.record(e.EntryReversed(1, 1, rotation, "not so"))
    for phone in (village.treasurer, owner):
        village.meet()
        phone.record(e.ApprovalGiven(reversal, 1, 1))
    assert_shown(world.book)


def test_only_what_waits_is_counted_of_a_flood_that_is_not_followed() -> None:
    world = Stolen()
    for _ in range(FOLLOWED_MAX):
        world.thief.record(e.NoticeSent(b"n" * 16, "sms"))
    sealed = (bytes(16), bytes(24), bytes(40))
    nobody = world.thief.record(e.PersonSealed(world.village.members[0], *sealed))
    void = world.thief.record(e.PersonSealed(nobody, *sealed))
    last = world.thief.record(e.MemberAdded(8, "2026-01-01"))
    book = fold(world.entries)
    page = book.stopped.find(world.thief.device.hex())
    assert page is not None
    waiting = [
        one for one in (nobody, void, last) if entry_page(book, one.hex()).status == "suspense"
    ]
    assert entry_page(book, void.hex()).status == "void"
    assert page.unfollowed == len(waiting)


# Merges and elections


def test_a_merge_that_was_declined_and_asked_anew_counts_by_its_own_words() -> None:
    """Whoever is one of the two by then neither approves a loan to the other."""
    village = Village()
    first, second, _ = village.members
    village.elect("chairperson", village.chairperson.person, first)
    village.meet()
    village.secretary.record(share(second, 500))
    loan = village.secretary.record(e.LoanApplied(1, 1, second, 300, "seed", 3))
    village.meet()
    asked = village.secretary.record(e.MemberMerged(first, second, 1, 1, "one person"))
    village.meet()
    village.treasurer.record(e.RequestDeclined(asked, 1, 1))
    village.chairperson.learns_from(village.treasurer)
    declined = village.chairperson.record(e.LoanApproved(1, 1, loan, 300, "flat", 0, 3))
    village.meet()
    anew = village.secretary.record(e.MemberMerged(first, second, 1, 1, "truly one person"))
    village.meet()
    assert village.book.decisions.find(anew.hex()) is not None
    village.treasurer.record(e.ApprovalGiven(anew, 1, 1))
    third = Phone("old phone", "Wanjiru")
    third.learns_from(village.treasurer)
    village.phones.append(third)
    village.meet()
    own = village.chairperson.record(e.LoanApproved(1, 1, loan, 300, "flat", 0, 3))
    book = told(village)
    assert entry_page(book, declined.hex()).status != "void"
    assert entry_page(book, own.hex()).reasons == ("own_loan",)


def test_of_what_witnesses_differ_on_nobody_holds_the_office() -> None:
    """The founder's two phones gave one key to two people before anybody else wrote a word."""
    founder, chairperson, treasurer = (
        Phone(name, person)
        for name, person in (("new", "Wanjiru"), ("chair", "Achieng"), ("till", "Otieno"))
    )
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(CONSTITUTION)
    member = founder.record(e.MemberAdded(1, "2026-01-01"))
    founder.record(e.OfficerElected("chairperson", chairperson.person))
    founder.record(e.OfficerElected("treasurer", treasurer.person))
    old = Phone("old", "Wanjiru")
    old.learns_from(founder)
    for phone, holds, officer in (
        (founder, "Akinyi", chairperson),
        (old, "Kamau", treasurer),
    ):
        phone.record(e.OfficerElected("key_holder", Phone("", holds).person))
        phone.record(e.OfficerElected("secretary", founder.person))
        officer.learns_from(phone)
        officer.record(e.NoticeSent(b"n" * 16, "sms"))
        assert holder(officer.book, "key_holder") == Phone("", holds).person.hex()
    founder.meets(old, chairperson, treasurer)
    book = founder.book
    assert member.hex() in {name for name, _ in book.members.rows()}
    assert len(witnesses(book)) == 2
    assert holder(book, "key_holder") == ""
    assert [one.code for one in findings(book, "contested_office")] == ["contested_office"]
    assert holder(book, "treasurer") == treasurer.person.hex()


# Loans


def test_a_guarantor_who_turns_out_to_be_the_borrower_has_no_finding_of_savings() -> None:
    village = Village()
    first, second, _ = village.members
    for member in (first, second):
        village.secretary.record(share(member, 500))
    asked = e.LoanApplied(1, 1, first, 400, "seed", 3, guarantors=(e.Guarantee(second, 100),))
    village.secretary.record(asked)
    village.agree(village.secretary.record(e.MemberMerged(first, second, 1, 1, "one person")))
    book = told(village)
    assert not findings(book, "guarantor_overcommitted")
    assert_shown(book)


def test_a_loan_has_no_account_to_a_day_that_is_none() -> None:
    village = Village()
    loan = lent(village)
    book = told(village)
    page = book.loans.find(loan.hex())
    assert page is not None
    assert loan_account(book, loan.hex(), page, "2026-12-31") is not None
    for day in ("9999-12-31", "2026-13-01", "tomorrow"):
        assert loan_account(book, loan.hex(), page, day) is None
