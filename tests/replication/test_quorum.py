"""Officers decide about phones: who votes, how many it takes, and what a single phone can't do."""

import pytest

from replication.agenda import proposals, suspensions
from replication.control import CardsIssued, FoundingEnded, QuorumSet, VoteCast, encode_record
from replication.errors import LocalError
from replication.roster import votes_needed
from tests.replication.councils import (
    CARDS,
    A,
    B,
    C,
    Council,
    D,
    E,
    X,
    Y,
    enrolled,
    lifted,
    officers,
    revoked,
    roster_everywhere,
    state,
    suspended,
    write_money,
)
from tests.replication.phones import KEYS, PERSONS, sync

NEEDED = {1: 1, 2: 2, 3: 2, 4: 3, 5: 3}


@pytest.mark.parametrize(("count", "needed"), NEEDED.items())
def test_a_strict_majority_lets_a_phone_in_and_one_fewer_does_not(count: int, needed: int) -> None:
    council = Council(count)
    asked = council.ask(A, enrolled(X))
    for number, name in enumerate(council.names[1:], start=1):
        expected = "active" if number >= needed else "unknown"
        assert state(roster_everywhere(council), X) == expected
        council.meet(A, name)
        council.vote(name, asked)
        council.meet(A, name)
    assert state(roster_everywhere(council), X) == "active"
    assert roster_everywhere(council).votes_needed == votes_needed(count + 1, 0)


def test_a_higher_quorum_is_decided_and_never_locks_a_group() -> None:
    council = Council(3)
    asked = council.ask(A, QuorumSet(3))
    council.meet(A, B)
    council.vote(B, asked)
    council.meet(A, B, C)
    assert council[C].replica.roster.votes_needed == 3
    asked = council.ask(A, enrolled(X))
    council.meet(A, B)
    council.vote(B, asked)
    council.meet(A, B, C)
    assert state(roster_everywhere(council), X) == "unknown"
    council.vote(C, asked)
    assert state(roster_everywhere(council), X) == "active"
    assert votes_needed(2, 100) == 2


def test_two_phones_of_one_person_are_one_vote() -> None:
    council = Council(3, ended=False)
    council.ask(A, enrolled(X, person=B))
    council.ask(A, FoundingEnded())
    council.join(X, A)
    council.meet(A, B, X)
    asked = council.ask(B, enrolled(Y))
    council.meet(B, X)
    council.vote(X, asked)
    council.meet(X, B, A)
    roster = roster_everywhere(council)
    assert officers(roster) == {A, B, C}
    assert state(roster, Y) == "unknown"
    council.vote(A, asked)
    assert state(roster_everywhere(council), Y) == "active"


def test_a_reader_has_no_vote_and_a_new_officer_none_on_what_was_asked_before() -> None:
    council = Council(3)
    first = council.ask(A, enrolled(X))
    asked = council.ask(A, enrolled(Y))
    council.meet(A, B)
    council.vote(B, first)
    council.join(X, B)
    council.vote(X, asked)
    assert state(roster_everywhere(council), Y) == "unknown"


def test_a_vote_for_what_its_author_did_not_know_counts_for_nothing() -> None:
    council = Council(2)
    asked = council.ask(A, enrolled(X))
    council[B].write(encode_record(VoteCast(asked, True)))
    assert state(roster_everywhere(council), X) == "unknown"


def test_nobody_is_left_alone_by_a_decision_unless_there_was_one() -> None:
    council = Council(2)
    asked = council.ask(A, revoked(B))
    council.meet(A, B)
    council.vote(B, asked)
    assert officers(roster_everywhere(council)) == {A, B}
    assert [one.state for one in proposals(council[B].replica.decisions)] == ["void"]
    asked = council.ask(A, revoked(B), enrolled(X))
    council.meet(A, B)
    council.show_card(A, 1, asked)
    assert officers(roster_everywhere(council)) == {A, X}


def test_a_group_of_one_officer_works_and_the_second_ends_that() -> None:
    council = Council(1)
    council.ask(A, enrolled(B))
    council.ask(A, enrolled(C))
    assert officers(roster_everywhere(council)) == {A, B}


def test_a_lost_phone_is_stopped_at_once_and_only_officers_lift_it() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    assert state(roster_everywhere(council), B) == "suspended"
    council.meet(A, C)
    asked = council.ask(C, lifted(B))
    assert state(roster_everywhere(council), B) == "suspended"
    council.meet(A, C)
    council.vote(A, asked)
    roster = roster_everywhere(council)
    assert state(roster, B) == "active"
    assert suspensions(council[A].replica.decisions) == []


def test_who_ordered_a_suspension_takes_it_back_alone() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    council.ask(A, lifted(B))
    assert state(roster_everywhere(council), B) == "active"


def test_a_lifted_suspension_can_be_ordered_again() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    council.ask(A, lifted(B))
    council.ask(A, suspended(B))
    assert state(roster_everywhere(council), B) == "suspended"


def test_a_suspended_phones_vote_counts_only_from_before() -> None:
    for knew in (True, False):
        council = Council(3)
        asked = council.ask(C, enrolled(X))
        council.meet(C, B)
        if knew:
            council.vote(B, asked)
            council.meet(B, A)
        council.ask(A, suspended(B))
        if not knew:
            council.vote(B, asked)
        assert state(roster_everywhere(council), X) == ("active" if knew else "unknown")


def test_a_revoked_phone_is_hung_up_on_and_records_nothing_once_it_knows() -> None:
    council = Council(3)
    asked = council.ask(A, revoked(B))
    council.meet(A, C)
    council.vote(C, asked)
    assert state(roster_everywhere(council), B) == "revoked"
    with pytest.raises(AssertionError, match="revoked"):
        sync(council[B], council[C])
    council.tell(C, B)
    with pytest.raises(LocalError, match="right"):
        write_money(council[B], 1)


def test_a_revocation_is_taken_back_by_an_enrolment_that_knew_it() -> None:
    council = Council(4)
    asked = council.ask(A, revoked(B))
    council.meet(A, C, D)
    council.vote(C, asked)
    council.meet(C, D)
    council.vote(D, asked)
    council.meet(A, C, D)
    assert state(roster_everywhere(council), B) == "revoked"
    asked = council.ask(A, enrolled(B))
    council.meet(A, C)
    council.vote(C, asked)
    assert state(roster_everywhere(council), B) == "active"


def test_a_card_stands_in_for_one_vote_and_never_for_two() -> None:
    council = Council(5)
    asked = council.ask(A, enrolled(X))
    for number in (1, 2, 3):
        council.show_card(A, number, asked)
    assert state(roster_everywhere(council), X) == "unknown"
    council.meet(A, E)
    council.vote(E, asked)
    assert state(roster_everywhere(council), X) == "active"


def test_cards_are_replaced_by_officers_and_the_old_ones_are_worth_nothing() -> None:
    council = Council(2)
    asked = council.ask(A, CardsIssued(KEYS[X].public, KEYS[Y].public, CARDS[2].public))
    council.meet(A, B)
    council.vote(B, asked)
    council.meet(A, B)
    asked = council.ask(A, enrolled(X))
    council.show_card(A, 1, asked)
    assert state(roster_everywhere(council), X) == "unknown"
    council.show_card(A, 3, asked)
    assert state(roster_everywhere(council), X) == "active"


def test_persons_of_the_roster_are_those_who_were_enrolled() -> None:
    roster = roster_everywhere(Council(5))
    assert set(roster.officers) == {PERSONS[name] for name in (A, B, C, D, E)}
