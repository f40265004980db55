"""Elections and removals: a majority of all officers, one paper card, and nobody alone."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.elections import office_history
from model.identifiers import receipt_code
from model.journal import entry_page
from model.offices import founded, holder, officers, seating
from model.permissions import constitution
from model.reducer import fold
from tests.model.committees import Committee, asked, enact, held_by, show_card
from tests.model.laws import another_order
from tests.strategies import CONSTITUTION, Phone, Village, elect, findings

NEW = Phone("a newcomer", "Kamau")


def book_of(committee: Committee) -> Book:
    return fold(committee.entries)


# --- How many ------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "needed"), [(2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_of_all_officers_elect_and_never_fewer_than_two(
    count: int, needed: int
) -> None:
    committee = Committee(count)
    author, *others = committee.phones[:count]
    for friends in range(count):
        proposal = asked(committee, author, "key_holder", NEW.person, *others[:friends])
        election = enact(author, proposal)
        reached = 1 + friends >= needed
        page = entry_page(author.book, election.hex())
        assert (page.status == "counted") == reached, friends
        if reached:
            break
        assert findings(author.book, "needs_election")
        author.record(e.ApprovalWithdrawn(proposal))


def test_nobody_elects_alone_on_two_phones_of_one_person() -> None:
    committee = Committee(3)
    phone, tablet = committee.phones[1], committee.tablets[1]
    proposal = asked(committee, phone, "treasurer", phone.person, tablet)
    enact(tablet, proposal)
    assert findings(tablet.book, "needs_election")


def test_who_is_to_lose_the_office_may_speak_and_needs_not_agree() -> None:
    committee = Committee(3)
    first, second, third = committee.phones[:3]
    office: e.Title = held_by(committee, third)[0]
    proposal = asked(committee, first, office, b"", second)
    third.learns_from(second)
    third.record(e.RequestDeclined(proposal, 1, 1, "I want to stay"))
    first.learns_from(third)
    enact(first, proposal)
    assert holder(first.book, office) == ""
    assert founded(first.book, None)
    (finding,) = findings(first.book, "office_vacant")
    assert f"The group has no {office}" in finding.sentence


def test_a_no_is_a_word_that_is_missing_and_enough_of_them_decline() -> None:
    committee = Committee(5)
    author, second, third, fourth, fifth = committee.phones[:5]
    proposal = asked(committee, author, "treasurer", NEW.person)
    for phone in (second, third):
        phone.learns_from(author)
        phone.record(e.RequestDeclined(proposal, 1, 1))
        author.learns_from(phone)
    assert entry_page(author.book, proposal.hex()).status == "suspense"
    fourth.learns_from(author)
    fourth.record(e.RequestDeclined(proposal, 1, 1))
    assert entry_page(fourth.book, proposal.hex()).status == "void"
    fourth.record(e.ApprovalGiven(proposal, 1, 1))  # a change of mind
    fifth.learns_from(fourth)
    fifth.record(e.ApprovalGiven(proposal, 1, 1))
    assert entry_page(fifth.book, proposal.hex()).status == "counted"


def test_who_said_no_and_then_proposes_the_same_has_changed_the_mind() -> None:
    committee = Committee(5)
    author, second, third = committee.phones[:3]
    proposal = asked(committee, author, "treasurer", NEW.person, third)
    second.learns_from(author)
    second.record(e.RequestDeclined(proposal, 1, 1))
    assert entry_page(second.book, proposal.hex()).status == "suspense"
    second.record(e.OfficerProposed("treasurer", NEW.person, reason="after all"))
    assert entry_page(second.book, proposal.hex()).status == "counted"


def test_who_says_yes_and_no_on_two_phones_has_said_neither() -> None:
    committee = Committee(3)
    author, second, tablet = committee.phones[0], committee.phones[1], committee.tablets[1]
    proposal = author.record(e.OfficerProposed("treasurer", NEW.person))
    for phone in (second, tablet):
        phone.learns_from(author)
    second.record(e.ApprovalGiven(proposal, 1, 1))
    tablet.record(e.RequestDeclined(proposal, 1, 1))
    author.learns_from(second)
    author.learns_from(tablet)
    assert entry_page(author.book, proposal.hex()).status == "suspense"


def test_only_those_count_who_were_officers_when_it_was_proposed() -> None:
    committee = Committee(3)
    author, second, _, newcomer = committee.phones[:4]
    proposal = author.record(e.OfficerProposed("money_counter", NEW.person))
    committee.meet()
    enact(author, asked(committee, author, "key_holder", newcomer.person, second))
    newcomer.learns_from(author)
    word = newcomer.record(e.ApprovalGiven(proposal, 1, 1))
    book = newcomer.book
    assert entry_page(book, word.hex()).reasons == ("not_asked",)
    assert entry_page(book, proposal.hex()).status == "suspense"


def test_an_old_proposal_that_many_were_asked_for_asks_no_more_of_the_few_who_are_left() -> None:
    committee = Committee(5)
    author, second, third, *others = committee.phones[:5]
    author.record(e.OfficerProposed("key_holder", NEW.person))  # nobody else agrees
    for phone in others:
        for title in held_by(committee, phone):
            enact(author, asked(committee, author, title, b"", second, third))
    assert len(officers(author.book, None)) == 3
    enact(second, asked(committee, second, "key_holder", NEW.person, third))
    assert holder(second.book, "key_holder") == NEW.person.hex()


def test_the_constitution_may_ask_for_more_officers_and_never_for_fewer() -> None:
    for asks, needed in ((3, 3), (1, 2)):
        village = Village()
        village.adopt(replace(CONSTITUTION, version=2, approvals={"officer.proposed": asks}))
        village.meet()
        proposal = village.secretary.record(e.OfficerProposed("treasurer", NEW.person))
        village.agree(proposal, village.treasurer)
        assert (entry_page(village.book, proposal.hex()).status == "counted") == (needed == 2)


def test_what_was_proposed_before_another_election_to_the_office_is_proposed_anew() -> None:
    village = Village()
    old = village.candidate("treasurer", NEW.person)
    village.elect("treasurer", village.chairperson.person)
    village.meet()
    elect(village.chairperson, old)
    assert findings(village.chairperson.book, "office_moved_on")
    assert holder(village.chairperson.book, "treasurer") == village.chairperson.person.hex()


def test_a_waiting_election_says_who_must_still_agree() -> None:
    village = Village()
    member = village.members[0]
    proposal = village.secretary.record(e.OfficerProposed("treasurer", NEW.person, member))
    (finding,) = findings(village.secretary.book, "election_waits")
    assert "proposes the election of member 1 as treasurer in place of somebody" in finding.sentence
    assert "until 1 officer more agree, of: the chairperson and the treasurer." in finding.sentence
    village.agree(proposal, village.chairperson)
    (finding,) = findings(village.book, "not_elected")
    assert finding.sentence.endswith(
        "Put it in force with: mkutano approve " + receipt_code(proposal)
    )
    elect(village.chairperson, proposal)
    assert not findings(village.book, "not_elected")


# --- Nobody is left alone -------------------------------------------------------------------


def test_no_election_leaves_one_person_to_decide() -> None:
    committee = Committee(2)
    first, second = committee.phones[:2]
    for office in held_by(committee, second):
        title: e.Title = office
        first.record(e.OfficerProposed(title, first.person))
    assert findings(first.book, "too_few_left") or len(held_by(committee, second)) > 1
    enact(first, asked(committee, first, "key_holder", NEW.person, second))
    for office in held_by(committee, second):
        title = office
        enact(first, asked(committee, first, title, first.person, second))
    assert officers(first.book, None) == [first.person.hex(), NEW.person.hex()]


def test_what_was_agreed_to_does_not_hold_when_it_would_leave_one_person_by_now() -> None:
    committee = Committee(3)
    one, other, third = committee.phones[:3]
    proposals = [
        asked(committee, third, held_by(committee, phone)[0], b"", one, other)
        for phone in (one, other)
    ]
    for proposal in proposals:
        enact(third, proposal)
    assert officers(third.book, None) == [other.person.hex(), third.person.hex()]
    (finding,) = findings(third.book, "too_few_left")
    assert "one of them to decide alone" in finding.sentence


def test_the_founder_has_no_more_rights_again_when_a_main_office_falls_vacant() -> None:
    village = Village()
    proposal = village.chairperson.record(e.OfficerProposed("treasurer", b""))
    village.agree(proposal, village.treasurer)  # who resigns
    elect(village.chairperson, proposal)
    village.meet()
    village.secretary.record(e.ExpensePaid(1, 1, "travel", 500))
    village.secretary.record(e.OfficerElected("treasurer", village.secretary.person))
    book = village.secretary.book
    assert findings(book, "not_permitted")
    assert findings(book, "needs_election")
    assert holder(book, "treasurer") == ""


def test_people_who_resign_apart_stay_when_too_few_would_be_left() -> None:
    for order in permutations(range(3)):
        committee = Committee(3)
        phones = [committee.phones[place] for place in order]
        titles = [held_by(committee, phone)[0] for phone in phones]
        proposals = [
            asked(committee, phone, title, b"", *(other for other in phones if other is not phone))
            for phone, title in zip(phones, titles, strict=True)
        ]
        committee.meet()
        for phone, proposal in zip(phones[:2], proposals, strict=False):
            enact(phone, proposal)
        book = book_of(committee)
        assert len(officers(book, None)) == 3
        (finding,) = findings(book, "too_few_left_apart")
        assert "None of them holds" in finding.sentence
        committee.meet()
        again = asked(committee, phones[2], titles[0], b"", phones[1])
        enact(phones[2], again)
        assert len(officers(phones[2].book, None)) == 2
        assert not findings(phones[2].book, "too_few_left_apart")


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("fills", [False, True])
def test_two_officers_who_remove_each_other_both_stay_in_every_order(
    count: int, fills: bool
) -> None:
    """Of two each with a paper card; of more each with all the others, who agreed to both."""
    committee = Committee(count)
    one, other, *rest = committee.phones[:count]
    before = {office: held for office, (held, _) in seating(book_of(committee)).seats.items()}
    titles: list[e.Title] = [held_by(committee, phone)[0] for phone in (other, one)]
    tablets = committee.tablets[2:count]
    instead = NEW.person if fills or count == 2 else b""
    removals = []
    for author, title, friends in zip((one, other), titles, (rest, tablets), strict=True):
        proposal = asked(committee, author, title, instead, *friends)
        if not friends:
            show_card(author, proposal)
        removals.append(enact(author, proposal))
    assert holder(one.book, titles[0]) == instead.hex()
    assert holder(other.book, titles[1]) == instead.hex()
    entries = committee.entries
    for turn in range(6):
        arranged = another_order(entries, random.Random(turn).randrange)
        book = fold(arranged)
        if len(officers(book, None)) == count:
            held = {office: person for office, (person, _) in seating(book).seats.items()}
            assert held == before
        assert {one.person.hex(), other.person.hex()} <= set(officers(book, None))
    assert findings(book_of(committee), "removed_apart")
    # Officers who know of both decide: now it holds.
    committee.meet()
    again = asked(committee, one, titles[0], instead, *rest)
    if not rest:
        show_card(one, again)
    enact(one, again)
    assert holder(one.book, titles[0]) == instead.hex()
    assert not findings(one.book, "removed_apart")


def test_what_was_built_on_a_removal_by_who_did_not_know_the_other_waits_too() -> None:
    committee = Committee(3)
    one, other, third = committee.phones[:3]
    titles: list[e.Title] = [held_by(committee, phone)[0] for phone in (other, one)]
    enact(one, asked(committee, one, titles[0], b"", third))
    enact(one, asked(committee, one, titles[0], NEW.person, third))
    enact(other, asked(committee, other, titles[1], b"", committee.tablets[2]))
    book = book_of(committee)
    assert holder(book, titles[0]) == other.person.hex()
    assert holder(book, titles[1]) == one.person.hex()


def test_officers_who_agree_to_their_successors_are_followed_apart() -> None:
    committee = Committee(3)
    one, other, third = committee.phones[:3]
    titles: list[e.Title] = [held_by(committee, phone)[0] for phone in (other, one)]
    successors = [Phone("", "Kamau").person, Phone("", "Mwende").person]
    proposals = [
        asked(committee, one, title, person, other, third)
        for title, person in zip(titles, successors, strict=True)
    ]
    committee.meet()
    for phone, proposal in zip((one, other), proposals, strict=True):
        enact(phone, proposal)
    book = book_of(committee)
    assert [holder(book, title) for title in titles] == [person.hex() for person in successors]


def test_putting_one_decision_in_force_twice_gives_no_power_years_later() -> None:
    committee = Committee(3)
    one, other, third = committee.phones[:3]
    title: e.Title = held_by(committee, one)[0]
    stays = asked(committee, one, title, one.person, other)
    hidden = committee.tablets[0]
    hidden.learns_from(one)
    enact(one, stays)
    committee.phones[0].meets(other, third)
    enact(other, asked(committee, other, title, NEW.person, third))
    enact(hidden, stays)  # apart from all that
    assert holder(book_of(committee), title) == NEW.person.hex()


# --- Who was alone --------------------------------------------------------------------------


def test_the_founders_old_phone_takes_no_office_from_anybody() -> None:
    committee = Committee(3, drawer=1)
    before = [holder(book_of(committee), title) for title in ("chairperson", "treasurer")]
    for phone in committee.phones[1:3]:
        phone.record(e.NoticeSent(phone.device[:16], "sms"))
    stolen = [
        committee.drawer.record(e.OfficerElected(title, committee.drawer.person))
        for title in ("chairperson", "treasurer")
    ]
    committee.drawer.record(replace(CONSTITUTION, version=2, share_value_minor=1))
    committee.drawer.record(e.OfficerElected("secretary", committee.drawer.person))
    for turn in range(4):
        book = fold(another_order(committee.entries, random.Random(turn).randrange))
        assert [holder(book, title) for title in ("chairperson", "treasurer")] == before
        rules = constitution(book)
        assert rules is not None
        assert rules.terms == CONSTITUTION
    book = book_of(committee)
    assert entry_page(book, stolen[0].hex()).reasons == ("founding_over",)
    assert len(findings(book, "founding_over")) == 4
    for title in ("chairperson", "treasurer"):
        people = [person for _, person, _ in office_history(book, title)]
        assert people == [holder(book, title)]


def test_the_founders_old_phone_makes_nobody_another_member() -> None:
    village = Village()
    drawer = Phone("phone in the drawer", "Wanjiru")
    for name, entry in village.secretary.known.items():
        if not isinstance(entry.event, e.OfficerElected | e.MeetingOpened):
            drawer.known[name] = entry
    village.treasurer.record(e.NoticeSent(bytes(16), "sms"))
    drawer.record(e.OfficerElected("treasurer", village.treasurer.person, village.members[0]))
    village.meet()
    village.secretary.learns_from(drawer)
    village.meet()
    fine = village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.meet()
    waiver = village.chairperson.record(e.FineWaived(fine, 1, 1))
    village.agree(waiver, village.treasurer)
    assert entry_page(village.book, waiver.hex()).status == "counted"


def test_an_only_officer_decides_alone_until_there_is_a_second_one() -> None:
    alone = Phone("one", "Wanjiru")
    alone.record(e.GroupDescribed("Umoja", "KES", 2))
    alone.record(CONSTITUTION)
    for title in ("chairperson", "treasurer", "secretary"):
        alone.record(e.OfficerElected(title, alone.person))
    (finding,) = findings(alone.book, "one_officer")
    assert "decides alone" in finding.sentence
    kept = alone.record(e.OfficerProposed("money_counter", alone.person))
    second = Phone("two", "Otieno")
    elect(alone, alone.record(e.OfficerProposed("treasurer", second.person)))
    assert officers(alone.book, None) == [alone.person.hex(), second.person.hex()]
    assert not findings(alone.book, "one_officer")
    elect(alone, alone.record(e.OfficerProposed("treasurer", alone.person)))
    elect(alone, kept)  # what one decided alone is no stock for later
    assert len(findings(alone.book, "needs_election")) == 2
    again = alone.record(e.OfficerProposed("money_counter", alone.person))
    assert entry_page(alone.book, again.hex()).status == "suspense"
    proposal = alone.record(e.ConstitutionProposed(replace(CONSTITUTION, version=2)))
    alone.record(replace(CONSTITUTION, version=2, proposal=proposal))
    assert findings(alone.book, "needs_approval")


def test_elections_of_old_by_the_secretary_alone_have_no_effect_and_break_nothing() -> None:
    village = Village()
    for person in ("Kamau", "Njeri"):
        village.secretary.record(e.OfficerElected("treasurer", Phone("", person).person))
    village.secretary.record(e.OfficerElected("key_holder", NEW.person, village.members[0], 2))
    village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 1, 100))
    book = village.book
    assert len(findings(book, "needs_election")) == 3
    assert holder(book, "treasurer") == village.treasurer.person.hex()
    assert book.accounts.find(("1010", "")) == 100
