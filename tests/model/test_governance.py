"""Who may do what: offices, the constitution, members, and phones of different versions."""

from msgspec.structs import replace

from model import amendments
from model import events as e
from model.alone import witnesses
from model.codec import Unreadable
from model.journal import entry_page
from model.views import book_view, is_withheld
from tests.model.apart import told
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


# When the value of a share may change


def test_the_value_of_a_share_changes_between_two_cycles() -> None:
    """Not while one is open as far as the author knew; the second of two may be open still."""
    dearer = replace(CONSTITUTION, version=2, share_value_minor=200)
    village = Village()
    proposal = village.propose(dearer)
    early = adopt(village.secretary, proposal, dearer)
    village.agree(village.secretary.record(e.MeetingClosed(1, 1, ())))
    village.agree(village.secretary.record(e.CycleClosed(1, "2026-12-31")))
    between = adopt(village.secretary, proposal, dearer)
    book = told(village)
    assert entry_page(book, early.hex()).reasons == ("share_value_in_cycle",)
    assert entry_page(book, between.hex()).status == "counted"
    current = book.constitution.find("current")
    assert current is not None
    assert current.terms.share_value_minor == 200
    village.secretary.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
    village.meet()
    other = replace(CONSTITUTION, version=3, share_value_minor=300)
    late = village.adopt(other)
    assert entry_page(told(village), late.hex()).reasons == ("share_value_in_cycle",)


def test_rules_that_one_officer_agreed_to_alone_are_over_once_there_are_two() -> None:
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    for title in ("chairperson", "treasurer", "secretary"):
        phone.record(e.OfficerElected(title, phone.person))
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = phone.record(e.ConstitutionProposed(terms))
    asked = phone.record(e.OfficerProposed("treasurer", Phone("", "Otieno").person))
    elected = elect(phone, asked)
    adopted = adopt(phone, proposal, terms)
    book = phone.book
    assert entry_page(book, elected.hex()).status == "counted"
    assert entry_page(book, adopted.hex()).reasons == ("needs_approval",)


def test_a_stranger_bears_no_witness_that_the_group_is_founded() -> None:
    village = Village()
    stranger = Phone("stranger", "Mallory")
    village.phones.append(stranger)
    village.meet()
    stranger.record(share(village.members[0], 300))
    assert witnesses(village.book) == ()
    first = village.treasurer.record(share(village.members[0], 200))
    assert witnesses(village.book) == (first.hex(),)


def test_every_rule_that_is_told_in_words_is_one() -> None:
    """What a new constitution changes is told by the names of its fields; the two must agree."""
    fields = {*e.ConstitutionAdopted.__struct_fields__, *e.LoanRules.__struct_fields__}
    assert amendments._RULES.keys() <= fields
    loan = e.LoanRules(penalty_ppm=20_000, fee_minor=500)
    (fee, penalty) = amendments.changes(
        CONSTITUTION, replace(CONSTITUTION, loan=loan), lambda minor: f"KES {minor // 100}"
    )
    assert (fee.label, fee.after) == ("the fee of a loan", "KES 5")
    fines = {**CONSTITUTION.fines, "no_show": 900}
    (fine,) = amendments.changes(CONSTITUTION, replace(CONSTITUTION, fines=fines), str)
    assert (fine.label, fine.before) == ("the fine “no show”", "no rule")
    asks = replace(CONSTITUTION, approvals={"expense.paid": 2})
    (asked,) = amendments.changes(CONSTITUTION, asks, str)
    assert (asked.label, asked.after) == ("how many approve “expense paid”", "2")
    assert (penalty.label, penalty.after) == (
        "the penalty for paying late, as a percentage",
        "2 %",
    )
