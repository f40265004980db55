"""Members: alike or not, their details, their status as others knew it, and what they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry
from model.members import member_named, roles_of, status_history, status_known
from model.pages import MemberPage
from tests.strategies import Phone, Village, findings, share


def page(book: Book, member: bytes) -> MemberPage:
    """A member's page."""
    found = book.members.find(member.hex())
    assert found is not None
    return found


def test_a_reference_names_a_member_or_nobody() -> None:
    village = Village()
    book, one = village.book, village.members[0]
    assert member_named(book, one) == one.hex()
    assert member_named(book, b"") == member_named(book, bytes(17)) == ""


def test_a_corrected_number_is_no_longer_that_of_another() -> None:
    village = Village()
    again = village.secretary.record(e.MemberAdded(1, "2026-02-01"))
    assert len(findings(village.secretary.book, "possible_duplicate_member")) == 1
    village.secretary.record(e.MemberProfileSet(again, 2))
    (alike,) = findings(village.secretary.book, "possible_duplicate_member")
    assert alike.about == "number.2"
    village.secretary.record(e.MemberProfileSet(again, 4))
    assert not findings(village.secretary.book, "possible_duplicate_member")
    assert page(village.secretary.book, again).number == 4


def test_details_left_empty_stay_as_they_are() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.MemberProfileSet(one, 0, "female", 1990))
    village.secretary.record(e.MemberProfileSet(one, 7, "", 0, "hostess"))
    found = page(village.secretary.book, one)
    assert (found.number, found.gender, found.birth_year, found.role) == (
        7,
        "female",
        1990,
        "hostess",
    )
    village.secretary.record(e.MemberProfileSet(bytes(17), 8))
    assert village.secretary.codes() == ["unknown_reference"]


@pytest.mark.parametrize("offset", [0, 300])
def test_numbers_given_apart_do_not_depend_on_who_wrote_first(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.secretary.lamport += offset
    village.secretary.record(e.MemberProfileSet(one, 12, "female"))
    village.treasurer.record(e.MemberProfileSet(one, 9))
    village.meet()
    assert page(village.book, one).number == 9
    village.secretary.record(e.MemberProfileSet(one, 12))  # who knew both decides
    assert page(village.secretary.book, one).number == 12


def test_a_suspended_member_who_pays_is_pointed_out_and_the_money_counts() -> None:
    village = Village()
    one = village.members[0]
    village.chairperson.record(e.MemberStatusSet(one, "suspended", "did not come"))
    village.meet()
    paid = village.secretary.record(share(one, 100))
    village.treasurer.record(e.FinePaid(1, 1, one, 20))
    village.meet()
    told = findings(village.book, "not_active")
    assert [finding.amounts for finding in told] in ([(100,), (20,)], [(20,), (100,)])
    assert "was suspended as far as" in told[0].sentence
    assert village.book.accounts.find(("2010", one.hex())) == -100
    village.chairperson.record(e.EntryReversed(1, 1, paid))
    assert len(findings(village.chairperson.book, "not_active")) == 1


@pytest.mark.parametrize("offset", [0, 300])
def test_who_did_not_know_of_a_suspension_is_not_blamed(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.secretary.lamport += offset
    village.chairperson.record(e.MemberStatusSet(one, "suspended"))
    village.secretary.record(share(one, 100))
    village.meet()
    assert not findings(village.book, "not_active")
    village.chairperson.record(e.MemberStatusSet(one, "active"))
    village.meet()
    village.secretary.record(share(one, 100, 2))
    assert not findings(village.secretary.book, "not_active")


@pytest.mark.parametrize("knew", [True, False])
def test_who_pays_for_somebody_who_left_is_told_if_that_was_known(knew: bool) -> None:
    village = Village()
    one = village.members[0]
    left = village.secretary.record(e.MemberExited(1, 1, one, "left", 0, 0))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(left, 1, 1))
    if knew:
        village.meet()
    village.treasurer.record(e.FinePaid(1, 1, one, 20))
    village.meet()
    sentences = [finding.sentence for finding in findings(village.book, "not_active")]
    assert len(sentences) == knew
    assert all("no longer a member" in sentence for sentence in sentences)


class _Known:
    """The past of an author who knew these entries."""

    def __init__(self, names: frozenset[bytes]) -> None:
        self.names = names

    def __contains__(self, entry_id: object, /) -> bool:
        return entry_id in self.names


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(("active", "inactive", "suspended")),
            st.integers(0, 3),
        ),
        max_size=8,
    )
)
def test_a_status_as_somebody_knew_it(moves: list[tuple[int, e.MemberStatus, int]]) -> None:
    """Against the facts that nobody known to that person had known of when writing."""
    village = Village()
    one = village.members[0]
    phones = [Phone(name, "Achieng") for name in ("first", "second", "third")]
    for phone in phones:
        phone.learns_from(village.chairperson)
    for who, status, other in moves:
        phones[who].record(e.MemberStatusSet(one, status))
        if other < 3:
            phones[other].learns_from(phones[who])
    village.phones += phones
    care = ("active", "inactive", "suspended")
    for phone in phones:
        facts: list[Entry] = [
            entry for entry in phone.known.values() if isinstance(entry.event, e.MemberStatusSet)
        ]
        heads = [
            entry.event.status
            for entry in facts
            if isinstance(entry.event, e.MemberStatusSet)
            and not any(entry.id in other.past for other in facts)
        ]
        expected = max(heads, key=care.index, default="active")
        known = _Known(frozenset(phone.known))
        assert status_known(village.book, one.hex(), known) == expected
        assert page(phone.book, one).status == expected


def test_the_history_of_a_status_names_who_and_why() -> None:
    village = Village()
    one = village.members[0]
    village.chairperson.record(e.MemberStatusSet(one, "inactive", "travels"))
    village.chairperson.record(e.MemberStatusSet(one, "active", "is back"))
    rows = status_history(village.chairperson.book, one.hex())
    assert [(entry.detail, entry.text) for _, entry in rows] == [
        ("inactive", "travels"),
        ("active", "is back"),
    ]
    assert {entry.person for _, entry in rows} == {village.chairperson.person.hex()}


def test_what_a_member_does_for_the_group() -> None:
    village = Village()
    one, two, _ = village.members
    village.elect("treasurer", village.treasurer.person, one)
    village.secretary.record(e.MemberProfileSet(one, 0, "", 0, "trainer"))
    assert roles_of(village.secretary.book, one.hex()) == ["treasurer", "trainer"]
    assert roles_of(village.secretary.book, two.hex()) == []
    other = Phone("x", "Njeri").person
    village.elect("treasurer", other, two)
    assert roles_of(village.secretary.book, one.hex()) == ["trainer"]
    assert roles_of(village.secretary.book, two.hex()) == ["treasurer"]
