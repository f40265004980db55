"""Elections and constitutions written apart: who knew what decides, and never who came first."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.entry import Entry
from model.journal import balance
from model.offices import holder
from model.permissions import constitution
from model.reducer import fold
from model.succession import QUARREL_MAX
from model.timeline import Timeline
from model.views import is_withheld
from tests.strategies import (
    CONSTITUTION,
    Phone,
    Village,
    adopt,
    elect,
    findings,
    savings,
    share,
)


@pytest.fixture(params=[0, 50], ids=["election-first", "election-last"])
def lead(request: pytest.FixtureRequest) -> int:
    """How far one phone's place in the shared order is ahead."""
    ahead: int = request.param
    return ahead


def second_phone(village: Village) -> Phone:
    """Another phone of the secretary, which knows all there is."""
    phone = Phone("second phone", "Wanjiru")
    village.phones.append(phone)
    village.meet()
    return phone


def test_a_record_keeper_who_loses_the_office_meanwhile_keeps_what_was_written(lead: int) -> None:
    village = Village()
    other = second_phone(village)
    proposal = village.candidate("secretary", Phone("new", "Kamau").person)
    village.secretary.lamport += lead
    elect(other, proposal)
    village.secretary.record(share(village.members[0], 300))
    village.treasurer.record(share(village.members[0], 200))
    assert savings(village.book, village.members[0]) == 300


def test_both_of_two_elected_apart_recorded_what_they_might(lead: int) -> None:
    village = Village()
    other = second_phone(village)
    elected = [Phone("a", "Kamau"), Phone("b", "Njeri")]
    village.phones += elected
    proposals = [village.candidate("treasurer", phone.person) for phone in elected]
    village.secretary.lamport += lead
    for by, phone, proposal, member in zip(
        (village.secretary, other), elected, proposals, village.members[:2], strict=True
    ):
        elect(by, proposal)
        phone.learns_from(by)
        phone.record(share(member, 300))
    assert [savings(village.book, member) for member in village.members] == [300, 300, 0]
    village.meet()
    elected[0].record(share(village.members[2], 100))
    assert savings(village.book, village.members[2]) == 0  # the office is contested now


def test_an_election_that_its_officer_did_not_know_of_gives_nothing(lead: int) -> None:
    village = Village()
    new = Phone("new", "Kamau")
    village.phones.append(new)
    proposal = village.candidate("treasurer", new.person)
    new.lamport += lead
    elect(village.secretary, proposal)
    new.record(share(village.members[0], 300))
    assert savings(village.book, village.members[0]) == 0
    assert findings(village.book, "not_permitted")


def test_a_newer_entry_of_an_officer_withholds_totals_whatever_happens_meanwhile(lead: int) -> None:
    village = Village()
    proposal = village.candidate("treasurer", Phone("new", "Kamau").person)
    village.treasurer.lamport += lead
    elect(village.secretary, proposal)
    village.treasurer.record(Unreadable("wallet.opened", "unknown"))
    assert is_withheld(village.book)


def test_a_fine_goes_where_the_constitution_says_that_its_author_knew(lead: int) -> None:
    village = Village()
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    social = replace(CONSTITUTION, version=2, fines_to="social_fund")
    proposal = village.propose(social)
    village.treasurer.lamport += lead
    adopt(village.secretary, proposal, social)
    village.treasurer.record(e.FinePaid(1, 1, village.members[0], 50))
    assert (balance(village.book, "4030"), balance(village.book, "3010")) == (-50, 0)
    village.meet()
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "noise", 30))
    village.meet()
    village.treasurer.record(e.FinePaid(1, 1, village.members[0], 30, 2))
    assert (balance(village.book, "4030"), balance(village.book, "3010")) == (-50, -30)


def test_a_fine_and_its_payment_written_apart_meet(lead: int) -> None:
    village = Village()
    village.treasurer.lamport += lead
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.treasurer.record(e.FinePaid(1, 1, village.members[0], 50))
    assert balance(village.book, "4030") == -50
    assert balance(village.book, "fines_due", village.members[0].hex()) == 0
    assert not findings(village.book, "overpaid_fine")


def test_of_payments_to_two_funds_the_same_one_is_too_much_in_every_order(lead: int) -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(e.FineLevied(1, 1, member, "late", 50))
    social = replace(CONSTITUTION, version=2, fines_to="social_fund")
    proposal = village.propose(social)
    village.treasurer.lamport += lead
    adopt(village.secretary, proposal, social)
    village.secretary.record(e.FinePaid(1, 1, member, 50, 2))
    village.treasurer.record(e.FinePaid(1, 1, member, 50))
    assert (balance(village.book, "4030"), balance(village.book, "3010")) == (-50, 0)
    assert balance(village.book, "2030", member.hex()) == -50


def test_of_statuses_written_apart_the_most_careful_holds(lead: int) -> None:
    village = Village()
    member = village.members[0]
    other = Phone("second phone", "Achieng")
    village.phones.append(other)
    village.meet()
    other.lamport += lead
    village.chairperson.record(e.MemberStatusSet(member, "suspended"))
    village.chairperson.record(e.MemberStatusSet(member, "active"))
    other.record(e.MemberStatusSet(member, "suspended"))
    page = village.book.members.find(member.hex())
    assert page is not None
    assert page.status == "suspended"


def test_a_third_election_written_apart_leaves_the_same_officer_in_every_order() -> None:
    holders = set()
    for lead in (0, 1, 50):
        village = Village()
        other = second_phone(village)
        barasa = village.candidate("treasurer", Phone("", "Barasa").person)
        kamau = village.candidate("treasurer", Phone("", "Kamau").person)
        other.lamport += lead
        elect(village.secretary, kamau)
        # Njeri is proposed on top of Kamau, and agreed to by officers who know nothing of Barasa.
        njeri = village.secretary.record(
            e.OfficerProposed("treasurer", Phone("", "Njeri").person, reason="again")
        )
        village.chairperson.learns_from(village.secretary)
        village.chairperson.record(e.ApprovalGiven(njeri, 1, 1))
        village.secretary.learns_from(village.chairperson)
        elect(village.secretary, njeri)
        assert holder(village.secretary.book, "treasurer") == Phone("", "Njeri").person.hex()
        elect(other, barasa)
        holders.add(holder(village.book, "treasurer"))
        assert findings(village.book, "contested_office")
    assert holders == {village.treasurer.person.hex()}


def test_the_same_election_on_two_phones_is_no_quarrel() -> None:
    village = Village()
    other = second_phone(village)
    deputy = Phone("", "Kamau").person
    proposal = village.candidate("treasurer", deputy)
    for phone in (village.secretary, other):
        elect(phone, proposal)
    assert holder(village.book, "treasurer") == deputy.hex()
    assert not findings(village.book, "contested_office")


def test_a_founder_whose_two_phones_disagree_can_elect_again() -> None:
    founder, second = Phone("one", "Wanjiru"), Phone("two", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    for title, person in (("chairperson", "Achieng"), ("treasurer", "Otieno")):
        founder.record(e.OfficerElected(title, Phone("", person).person))  # type: ignore[arg-type]
    second.learns_from(founder)
    founder.record(e.OfficerElected("secretary", founder.person))
    second.record(e.OfficerElected("secretary", Phone("", "Njeri").person))
    founder.meets(second)
    assert findings(founder.book, "contested_office")
    founder.record(e.OfficerElected("secretary", founder.person))
    assert holder(founder.book, "secretary") == founder.person.hex()
    assert not findings(founder.book, "contested_office")


def test_a_quarrel_without_end_is_not_followed_and_can_be_ended() -> None:
    village = Village()
    other = second_phone(village)
    people = [Phone("", name).person for name in ("Kamau", "Njeri")]
    village.chairperson.record(e.NoticeSent(bytes(16), "sms"))
    seconds = [Phone(f"chairperson's phone {number}", "Achieng") for number in (2, 3)]
    for second in seconds:
        second.learns_from(village.chairperson)
    village.meet()
    for _ in range(QUARREL_MAX // 2):
        for phone, second, person in zip((village.secretary, other), seconds, people, strict=True):
            second.learns_from(phone)
            proposal = second.record(e.OfficerProposed("treasurer", person))
            phone.learns_from(second)
            phone.record(e.ApprovalGiven(proposal, 1, 1))
            elect(phone, proposal)
    timeline = Timeline()  # each of these entries is slow: once is enough
    timeline.advance(village.entries)
    assert holder(timeline.book, "treasurer") == village.treasurer.person.hex()
    assert findings(timeline.book, "contested_office")
    village.meet()
    village.elect("treasurer", people[0])
    timeline.advance(village.entries)
    assert holder(timeline.book, "treasurer") == people[0].hex()
    assert not findings(timeline.book, "contested_office")


def newest_settled(entries: list[Entry], knows: frozenset[bytes] | None) -> bytes:
    """By the definition: the last that knows or is known to every other; else all that agree."""
    seen = [entry for entry in entries if knows is None or entry.id in knows]
    heads = [one for one in seen if not any(one.id in other.past for other in seen)]
    if heads and len({str(one.event) for one in heads}) == 1:
        return min(one.id for one in heads)
    settled = [
        one
        for one in seen
        if all(one is other or one.id in other.past or other.id in one.past for other in seen)
    ]
    return max(settled, key=lambda one: one.lamport).id if settled else b""


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_what_is_in_force_follows_from_who_knew_what(seed: int, moves: int) -> None:
    chance = random.Random(seed)
    # Before the offices are held the founder decides alone, on as many phones as there are.
    phones = [Phone(f"phone {number}", "Wanjiru") for number in range(4)]
    phones[0].record(e.GroupDescribed("Umoja", "KES", 2))
    phones[0].record(CONSTITUTION)
    for phone in phones[1:]:
        phone.learns_from(phones[0])
    for _ in range(moves):
        first, second = chance.sample(phones, 2)
        if chance.random() < 0.5:
            first.learns_from(second)
        else:
            first.record(replace(CONSTITUTION, version=chance.randint(2, 4)))
    known: dict[bytes, Entry] = {}
    for phone in phones:
        known.update(phone.known)
    entries = sorted(known.values(), key=lambda entry: (entry.lamport, entry.id))
    adopted = [entry for entry in entries if isinstance(entry.event, e.ConstitutionAdopted)]
    book = fold(entries)
    assert in_force(book, None) == newest_settled(adopted, None)
    for phone in phones:
        past = frozenset(phone.known)
        assert in_force(book, past) == newest_settled(adopted, past)


def in_force(book: Book, past: frozenset[bytes] | None) -> bytes:
    page = constitution(book, past)
    return bytes.fromhex(page.entry) if page is not None else b""
