"""Who may do what: offices, the constitution, members, and phones of different versions."""

from msgspec.structs import replace

from model import events as e
from model.codec import Unreadable
from model.journal import entry_page
from model.views import book_view, is_withheld
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


def test_only_the_right_office_and_nobody_else_moves_money() -> None:
    village = Village()
    amina = village.members[0]
    stranger = Phone("stranger", "Mallory")
    village.phones.append(stranger)
    village.meet()
    stranger.record(share(amina, 300))
    village.secretary.record(e.ExpensePaid(1, 1, "stationery", 100))
    stranger.record(Unreadable("wallet.opened", "unknown"))
    book = village.book
    assert not list(book.accounts.rows())
    assert len(findings(book, "not_permitted")) == 3
    assert not is_withheld(book)


def test_an_entry_of_a_newer_version_withholds_totals_until_it_is_reversed() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    unknown = village.secretary.record(Unreadable("wallet.opened", "unknown"))
    view = book_view(village.book)
    assert view["withheld"]
    assert view["members"][0]["savings"] is None
    assert {row["balance_minor"] for row in view["accounts"]} == {None}
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, unknown, ""))
    view = book_view(village.book)
    assert not view["withheld"]
    assert view["members"][0]["savings"] == 300


def test_an_officer_who_did_not_know_of_the_end_of_office_still_counts() -> None:
    village = Village()
    proposal = village.candidate("treasurer", Phone("deputy", "Kamau").person)
    village.treasurer.lamport += 100
    elect(village.secretary, proposal)
    village.treasurer.record(share(village.members[0], 300))
    assert savings(village.book, village.members[0]) == 300
    assert findings(village.book, "after_office")
    village.meet()
    village.treasurer.record(share(village.members[1], 300))
    assert savings(village.book, village.members[1]) == 0


def test_two_elections_apart_leave_the_office_to_its_holder() -> None:
    village = Village()
    old_phone = Phone("old phone", "Wanjiru")
    village.phones.append(old_phone)
    deputies = [Phone("deputy", "Kamau").person, Phone("other", "Njeri").person]
    proposals = [village.candidate("treasurer", person) for person in deputies]
    elect(village.secretary, proposals[0])
    elect(old_phone, proposals[1])
    office = village.book.offices.find("treasurer")
    assert office is not None
    assert office.holder == village.treasurer.person.hex()
    assert findings(village.book, "contested_office")
    village.meet()
    elect(village.secretary, proposals[0])
    assert findings(village.secretary.book, "office_moved_on")
    assert findings(village.secretary.book, "contested_office")
    village.elect("treasurer", village.treasurer.person)
    assert not findings(village.book, "contested_office")


def test_two_constitutions_apart_leave_the_older_one_in_force() -> None:
    for second_is_dear in (True, False):
        village = Village()
        old_phone = Phone("old phone", "Wanjiru")
        village.phones.append(old_phone)
        village.meet()
        values = (10, 90) if second_is_dear else (90, 10)
        terms = [replace(CONSTITUTION, version=2, social_fund_minor=value) for value in values]
        proposals = [village.propose(one) for one in terms]
        village.meet()
        adopt(village.secretary, proposals[0], terms[0])
        adopt(old_phone, proposals[1], terms[1])
        current = village.book.constitution.find("current")
        assert current is not None
        assert current.terms == CONSTITUTION
        assert findings(village.book, "contested_constitution")
        village.meet()
        again = adopt(village.secretary, proposals[0], terms[0])
        assert "constitution_moved_on" in entry_page(village.book, again.hex()).reasons
        village.adopt(replace(CONSTITUTION, version=2, social_fund_minor=30))
        current = village.book.constitution.find("current")
        assert current is not None
        assert current.terms.social_fund_minor == 30
        assert not findings(village.book, "contested_constitution")


def test_a_cycle_opened_twice_takes_the_longer_span() -> None:
    village = Village()
    old_phone = Phone("old phone", "Wanjiru")
    old_phone.learns_from(village.secretary)
    village.phones.append(old_phone)
    village.secretary.record(e.CycleOpened(2, "2027-01-01", "2027-11-30"))
    old_phone.record(e.CycleOpened(2, "2027-02-01", "2027-12-31"))
    cycle = village.book.cycles.find("2")
    assert cycle is not None
    assert (cycle.starts_on, cycle.ends_on) == ("2027-01-01", "2027-12-31")
    assert findings(village.book, "contested_cycle")


def test_members_with_one_number_or_phone_are_pointed_out() -> None:
    village = Village()
    village.secretary.record(e.MemberAdded(9, "2026-01-01", b"", b"phone--1"))
    village.treasurer.record(e.MemberAdded(9, "2026-01-01", b"", b"phone--1"))
    assert len(findings(village.book, "possible_duplicate_member")) == 2
