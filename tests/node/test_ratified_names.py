"""What a stopped phone says a member is called is shown once officers ratified it, not before."""

from __future__ import annotations

from tests.node.officers import Officer, Village, hand_over, village

__all__ = ["village"]


def names(officer: Officer) -> list[str]:
    """The members' names as an officer's phone shows them."""
    group = officer.at.group
    return [group.people.name_by_hex(member) for member, _ in group.book.members.rows()]


def test_a_name_is_shown_from_the_last_word_that_ratifies_it(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    treasurer.record("details", member="Amina", name="Zuri")
    secretary.suspend("treasurer")
    hand_over(secretary, treasurer)
    hand_over(secretary, chairperson)
    verdict = secretary.ratify(every=True)
    hand_over(secretary, chairperson)
    assert "Amina" in names(secretary), "one officer alone ratifies nothing"
    chairperson.agree(verdict["receipt"])
    hand_over(secretary, chairperson)
    assert "Zuri" in names(secretary)
    assert "Zuri" in names(chairperson)
