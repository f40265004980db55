"""What a majority of all officers decides: the rules; and what a paper card adds to a vote."""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from model.journal import entry_page
from model.permissions import constitution
from tests.model.committees import Committee, asked, enact, held_by, show_card
from tests.strategies import CONSTITUTION, Phone, Village, findings

NEW = Phone("a newcomer", "Kamau")
MAIN = {"chairperson", "secretary", "treasurer"}


def test_one_card_stands_in_for_one_missing_word_and_never_for_two() -> None:
    committee = Committee(5)
    author, second = committee.phones[:2]
    proposal = asked(committee, author, "treasurer", NEW.person)
    show_card(author, proposal, 1)
    show_card(author, proposal, 2)
    assert findings(author.book, "second_card")
    assert entry_page(author.book, proposal.hex()).status == "suspense"
    second.learns_from(author)
    second.record(e.ApprovalGiven(proposal, 1, 1))
    assert entry_page(second.book, proposal.hex()).status == "counted"
    election = enact(second, proposal)
    assert entry_page(second.book, election.hex()).status == "counted"


def test_two_cards_shown_apart_are_one_word() -> None:
    committee = Committee(5)
    author, tablet = committee.phones[0], committee.tablets[0]
    proposal = author.record(e.OfficerProposed("treasurer", NEW.person))
    tablet.learns_from(author)
    for number, phone in enumerate((author, tablet), 1):
        show_card(phone, proposal, number)
    author.learns_from(tablet)
    assert entry_page(author.book, proposal.hex()).status == "suspense"


def test_a_card_never_decides_alone() -> None:
    committee = Committee(2)
    author, second = committee.phones[:2]
    proposal = author.record(e.OfficerProposed("key_holder", NEW.person))
    author.record(e.ApprovalWithdrawn(proposal))
    second.learns_from(author)
    show_card(second, proposal)
    assert entry_page(second.book, proposal.hex()).status == "suspense"
    enact(second, proposal)
    assert findings(second.book, "needs_election")
    second.record(e.ApprovalGiven(proposal, 1, 1))
    assert entry_page(second.book, proposal.hex()).status == "counted"


def test_a_card_that_nobody_saw_has_no_effect() -> None:
    committee = Committee(2)
    author = committee.phones[0]
    proposal = author.record(e.OfficerProposed("key_holder", NEW.person))
    author.record(e.ApprovalGiven(proposal, 1, 1, card=1))
    assert findings(author.book, "card_not_shown")
    assert entry_page(author.book, proposal.hex()).status == "suspense"


def test_a_card_is_for_offices_and_rules_alone() -> None:
    village = Village()
    variance = village.secretary.record(
        e.VariancePosted(1, 1, "close", "box", "over", 100, "found")
    )
    show_card(village.secretary, variance)
    assert findings(village.secretary.book, "no_card_here")
    rules = village.secretary.record(e.ConstitutionProposed(replace(CONSTITUTION, version=2)))
    show_card(village.secretary, rules)
    assert entry_page(village.secretary.book, rules.hex()).status == "counted"


def test_taking_back_a_word_takes_back_the_card_that_was_shown() -> None:
    committee = Committee(3)
    author, second = committee.phones[:2]
    proposal = author.record(e.OfficerProposed("key_holder", NEW.person))
    author.record(e.ApprovalWithdrawn(proposal))
    second.learns_from(author)
    second.record(e.ApprovalGiven(proposal, 1, 1))
    tablet = committee.tablets[2]
    tablet.learns_from(second)
    show_card(tablet, proposal)
    tablet.record(e.ApprovalWithdrawn(proposal))
    assert entry_page(tablet.book, proposal.hex()).status == "counted"  # it was decided before
    committee = Committee(5)
    author, second = committee.phones[:2]
    proposal = author.record(e.OfficerProposed("key_holder", NEW.person))
    second.learns_from(author)
    show_card(second, proposal)
    second.record(e.ApprovalGiven(proposal, 1, 1))
    assert entry_page(second.book, proposal.hex()).status == "counted"


def test_more_than_half_of_all_officers_change_the_constitution() -> None:
    committee = Committee(5)
    author, *others = committee.phones[:5]
    mains = [phone for phone in committee.phones[:5] if set(held_by(committee, phone)) & MAIN]
    author = mains[0]
    terms = replace(CONSTITUTION, version=2)
    proposal = author.record(e.ConstitutionProposed(terms))
    for phone in [phone for phone in committee.phones[:5] if phone is not author][:2]:
        assert entry_page(author.book, proposal.hex()).status == "suspense"
        phone.learns_from(author)
        phone.record(e.ApprovalGiven(proposal, 1, 1))
        author.learns_from(phone)
    assert entry_page(author.book, proposal.hex()).status == "counted"
    last = others[-1]
    last.learns_from(author)
    last.record(replace(terms, proposal=proposal))  # a key holder may, who knows that they agreed
    rules = constitution(last.book)
    assert rules is not None
    assert rules.terms.version == 2


def test_one_officer_stops_no_proposal_by_reversing_it() -> None:
    village = Village()
    asked_for = [
        village.secretary.record(e.OfficerProposed("treasurer", NEW.person)),
        village.secretary.record(e.ConstitutionProposed(replace(CONSTITUTION, version=2))),
    ]
    village.meet()
    for proposal in asked_for:
        village.treasurer.record(e.EntryReversed(1, 1, proposal, "no"))
        village.agree(proposal, village.chairperson)
        assert entry_page(village.book, proposal.hex()).status == "counted"
    assert len(findings(village.book, "not_reversible")) == 2


def test_a_constitution_adopted_twice_gives_no_power_years_later() -> None:
    village = Village()
    hidden = Phone("secretary's old phone", "Wanjiru")
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = village.propose(terms)
    hidden.learns_from(village.secretary)
    village.secretary.record(replace(terms, proposal=proposal))
    village.meet()
    third = replace(CONSTITUTION, version=3, shares_max=9)
    village.adopt(third)
    village.phones.append(hidden)
    hidden.record(replace(terms, proposal=proposal))
    rules = constitution(village.book)
    assert rules is not None
    assert rules.terms.shares_max == 9
    assert not findings(village.book, "contested_constitution")
