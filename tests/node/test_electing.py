"""Offices change hands: officers are asked once, and the last word puts it in force."""

import pytest

from model.events import OfficerProposed
from model.offices import holder
from node.electing import of_newcomer
from node.errors import CommandRefused
from tests.node.officers import Village, hand_over, village

__all__ = ["village"]

BARAKA = b"treasurer".ljust(16, b".").hex()


def test_an_election_takes_two_acts(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    asked = secretary.propose("officer", title="key_holder", person="Baraka")
    code = asked["receipt"]
    assert asked["sentence"] == (
        "You ask the officers to elect Baraka as key holder. One more officer must agree, on their "
        f"own phone: mkutano approve {code}"
    )
    assert holder(secretary.at.group.book, "key_holder") == ""
    hand_over(secretary, chairperson)
    assert chairperson.agree(code) == "Baraka holds the office of key holder now."
    village.meet()
    for officer in village.officers:
        assert holder(officer.at.group.book, "key_holder") == BARAKA
    assert treasurer.phones()["Asha's phone"]["titles"] == ["treasurer", "key_holder"]
    with pytest.raises(CommandRefused, match="holds that office already"):
        secretary.propose("officer", title="treasurer", person="Baraka")


def test_an_office_falls_vacant(village: Village) -> None:
    secretary, treasurer, _ = village.officers
    code = secretary.propose("officer", title="treasurer", vacant=True)["receipt"]
    hand_over(secretary, treasurer)
    assert treasurer.agree(code) == "The office of treasurer is vacant now."
    hand_over(secretary, treasurer)
    for officer in (secretary, treasurer):
        assert holder(officer.at.group.book, "treasurer") == ""
    with pytest.raises(CommandRefused, match="Nobody holds that office"):
        secretary.propose("officer", title="treasurer", vacant=True)


def test_a_person_is_removed_with_the_phones_by_one_word_each(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    tried = secretary.propose("removal", person="treasurer", reason="took money", dry_run=True)
    assert tried["what"] == [
        "let the office of treasurer fall vacant (Baraka holds it)",
        "revoke “Asha's phone” of Baraka (treasurer) for good (took money)",
    ]
    asked = secretary.propose("removal", person="treasurer", reason="took money")
    code = asked["receipt"]
    assert f"(the chairperson), on their own phone: mkutano approve {code}" in asked["sentence"]
    hand_over(secretary, chairperson)
    said = chairperson.agree(code)
    assert "Enough officers agree: it holds now. The office of treasurer is vacant now." in said
    hand_over(secretary, chairperson)
    for officer in (secretary, chairperson):
        assert officer.state_of(treasurer) == "revoked"
        assert holder(officer.at.group.book, "treasurer") == ""
        assert "proposal_waits" not in officer.findings()
        assert "waits_for_approval" not in officer.findings()
    with pytest.raises(CommandRefused, match="That is you"):
        secretary.propose("removal", person="secretary")


def test_a_newcomer_is_elected_by_those_who_let_the_phone_in(village: Village) -> None:
    group = village.secretary.at.group
    person = b"new".ljust(16, b".")
    (asked,) = of_newcomer(group, "key_holder", person, b"")
    assert isinstance(asked, OfficerProposed)
    assert asked.seat == 1
    (asked,) = of_newcomer(group, "treasurer", person, b"")  # replaces who holds it, if they agree
    assert isinstance(asked, OfficerProposed)
    assert of_newcomer(group, "treasurer", b"treasurer".ljust(16, b"."), b"") == ()


def test_a_title_with_several_seats_is_filled_seat_by_seat(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    for seat, who in ((1, "Baraka"), (2, "chairperson")):
        code = secretary.propose("officer", title="key_holder", person=who)["receipt"]
        hand_over(secretary, treasurer)
        treasurer.agree(code)
        hand_over(secretary, treasurer)
        office = "key_holder" if seat == 1 else f"key_holder_{seat}"
        assert holder(secretary.at.group.book, office)
    for seat in (3, 4, 5):
        event = of_newcomer(secretary.at.group, "key_holder", bytes([seat]) * 16, b"")[0]
        assert isinstance(event, OfficerProposed)
        assert event.seat == 3
    hand_over(secretary, chairperson)
