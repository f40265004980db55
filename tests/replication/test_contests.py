"""Decisions that did not know each other come to one outcome, in every order, and to a safe one.

One test a row of `QUORUM.md`, for two to five officers where the row allows. `roster_everywhere`
takes the changes in, in many orders, and checks that all come to the same.
"""

from itertools import pairwise

import pytest

from replication.agenda import proposals, suspensions
from replication.cards import sign_vote
from replication.control import (
    CardsIssued,
    CardVoted,
    ForkJudged,
    FoundingEnded,
    MeetingSealed,
    QuorumSet,
)
from replication.suspense import limits
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
    orders,
    restoring,
    revoked,
    roster_everywhere,
    state,
    suspended,
    taken_in,
    write_money,
)
from tests.replication.phones import KEYS


def decide(council: Council, asked: bytes, *voters: str) -> None:
    """The asking phone and these meet one after the other, and each votes."""
    for before, name in pairwise(voters):
        council.meet(before, name)
        council.vote(name, asked)


def test_enrolments_apart_both_stand() -> None:
    council = Council(4)
    council.copy(B, "B2"), council.copy(C, "C2")
    decide(council, council.ask(A, enrolled(X)), A, B, C)
    decide(council, council.ask(D, enrolled(Y)), D, "B2", "C2")
    assert officers(roster_everywhere(council)) == {A, B, C, D, X, Y}


def test_a_removal_and_an_enrolment_anew_apart_leave_the_phone_out() -> None:
    council = Council(4)
    council.copy(C, "C2"), council.copy(D, "D2")
    decide(council, council.ask(A, revoked(B)), A, C, D)
    decide(council, council.ask(B, enrolled(B)), B, "C2", "D2")
    assert state(roster_everywhere(council), B) == "revoked"


@pytest.mark.parametrize("count", [3, 4, 5])
def test_officers_who_remove_each_other_stay_until_others_decide_knowing_both(count: int) -> None:
    council = Council(count)
    voters = council.names[2:]
    for name in voters:
        council.copy(name, f"{name} 2")
    decide(council, council.ask(A, revoked(B)), A, *voters)
    decide(council, council.ask(B, revoked(A)), B, *(f"{name} 2" for name in voters))
    roster = roster_everywhere(council)
    if count == 5:  # the three others suffice for either, without the one who is removed
        assert officers(roster) == {*voters}
        return
    assert officers(roster) == set(council.names)
    for name in council.names:
        for other in council.phones:
            council.tell(other, name)
    states = {one.state for one in proposals(council[B].replica.decisions)}
    assert states == {"contested"}
    for name in voters:
        del council.phones[f"{name} 2"]
    decide(council, council.ask(voters[0], revoked(A)), *voters, B)
    assert officers(roster_everywhere(council)) == set(council.names) - {A}


def test_two_officers_of_two_remove_nobody() -> None:
    council = Council(2)
    for one, other in ((A, B), (B, A)):
        council.show_card(one, 1, council.ask(one, revoked(other)))
    assert officers(roster_everywhere(council)) == {A, B}


def test_removals_apart_by_one_officer_and_one_card_leave_nobody_alone() -> None:
    council = Council(3)
    council.copy(C, "C2")
    council.show_card(C, 1, council.ask(C, revoked(A)))
    council.show_card("C2", 1, council.ask("C2", revoked(B)))
    assert officers(roster_everywhere(council)) == {A, B, C}


def test_a_vote_of_one_who_is_removed_apart_is_missing_elsewhere() -> None:
    council = Council(3)
    council.copy(A, "A2")
    decide(council, council.ask(A, revoked(B)), A, C)
    asked = council.ask("A2", enrolled(X))
    council.meet("A2", B)
    council.vote(B, asked)
    roster = roster_everywhere(council)
    assert officers(roster) == {A, C}
    assert state(roster, X) == "unknown"


def test_a_vote_that_the_removal_knew_stays() -> None:
    council = Council(3)
    asked = council.ask(A, enrolled(X))
    council.meet(A, B)
    council.vote(B, asked)
    council.meet(A, B, C)
    decide(council, council.ask(A, revoked(B)), A, C)
    council.join(X, C)
    asked = proposals(council[C].replica.decisions)[-1].change_hash
    council.meet(C, X)
    council.vote(X, asked)
    assert officers(roster_everywhere(council)) == {A, C, X}


def test_quorums_set_apart_come_to_the_higher() -> None:
    council = Council(5)
    for name in (B, C):
        council.copy(name, f"{name} 2")
    decide(council, council.ask(A, QuorumSet(5)), A, B, C)
    decide(council, council.ask(D, QuorumSet(4)), D, f"{B} 2", f"{C} 2")
    assert roster_everywhere(council).quorum_min == 5


def test_cards_issued_apart_leave_the_old_ones_in_force() -> None:
    council = Council(2)
    council.copy(A, "A2"), council.copy(B, "B2")
    decide(council, council.ask(A, CardsIssued(*(KEYS[n].public for n in (X, Y, E)))), A, B)
    decide(
        council, council.ask("A2", CardsIssued(*(KEYS[n].public for n in (C, D, E)))), "A2", "B2"
    )
    assert roster_everywhere(council).cards == tuple(card.public for card in CARDS)


def test_officers_who_suspend_each_other_are_both_suspended() -> None:
    for count in (2, 3, 4, 5):
        council = Council(count)
        council.ask(A, suspended(B))
        council.ask(B, suspended(A))
        roster = roster_everywhere(council)
        assert state(roster, A) == state(roster, B) == "suspended"
        assert officers(roster) == set(council.names)


def test_officers_who_suspended_each_other_take_it_back() -> None:
    for count in (2, 3, 4, 5):
        council = Council(count)
        council.ask(A, suspended(B))
        council.ask(B, suspended(A))
        council.ask(A, lifted(B))
        assert state(roster_everywhere(council), B) == "active"
        council.ask(B, lifted(A))
        assert state(roster_everywhere(council), A) == "active"


def test_a_stolen_phone_gains_no_voice_by_suspending_who_reported_it() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    council.ask(B, suspended(A))
    for other in (A, B, C):
        for name in (A, B, C):
            council.tell(other, name)
    asked = council.ask(C, enrolled(X), revoked(A))
    council.tell(C, B)
    council.vote(B, asked)
    roster = roster_everywhere(council)
    assert officers(roster) == {A, B, C}
    assert state(roster, X) == "unknown"


def test_suspensions_in_a_ring_are_contested_and_cards_resolve_them() -> None:
    council = Council(3)
    for one, other in ((A, B), (B, C), (C, A)):
        council.ask(one, suspended(other))
    roster = roster_everywhere(council)
    assert {state(roster, name) for name in (A, B, C)} == {"suspended"}
    ancestry = taken_in(council.group, council.everything())
    assert all(one.is_contested for one in suspensions(ancestry.decisions))
    council.restore(X, A)
    assert officers(roster_everywhere(council)) == {X}


def test_an_officer_agrees_to_lose_a_phone_and_is_heard() -> None:
    council = Council(3)
    asked = council.ask(A, revoked(B))
    council.meet(A, B)
    council.vote(B, asked)
    assert officers(roster_everywhere(council)) == {A, C}


def test_a_lift_does_not_touch_a_suspension_that_it_did_not_know() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    council.copy(A, "A2")
    council.ask("A2", suspended(B))  # says nothing new: the first still holds
    council.ask(C, suspended(B))
    council.ask(A, lifted(B))
    assert state(roster_everywhere(council), B) == "suspended"
    assert state(roster_everywhere(council, names=(A, B)), B) == "active"


def test_restored_and_copied_apart_come_to_copied() -> None:
    council = Council(3)
    council.ask(A, ForkJudged(KEYS[B].public, 1, "restored"))
    council.ask(C, ForkJudged(KEYS[B].public, 1, "copied"))
    assert state(roster_everywhere(council), B) == "suspended"


def test_a_restoration_and_what_officers_decide_apart() -> None:
    council = Council(3)
    council.restore(X, A)
    assert officers(roster_everywhere(council)) == {X}
    asked = council.ask(A, enrolled(Y))
    council.meet(A, B)
    council.vote(B, asked)
    assert officers(roster_everywhere(council)) == {X}


def test_an_officers_device_objects_to_a_restoration_and_then_officers_decide() -> None:
    council = Council(3)
    asked = council.restore(X, A)
    council.tell(X, A)
    council.vote(A, asked, approve=False)
    assert officers(roster_everywhere(council)) == {A, B, C}
    assert [one.state for one in proposals(council[A].replica.decisions)] == ["open"]
    council.meet(A, B, C)
    for name in (B, C):
        council.vote(name, asked)
        council.meet(A, B, C)
    assert officers(roster_everywhere(council)) == {X}


def test_a_restoration_against_which_a_phone_objects_stands_with_the_third_card() -> None:
    council = Council(3)
    asked = council.restore(X, A)
    council.tell(X, A)
    council.vote(A, asked, approve=False)
    council.tell(A, X)
    council.ask(X, restoring(council[X]))  # again, and in vain
    assert officers(roster_everywhere(council)) == {A, B, C}
    third = CardVoted(3, asked, sign_vote(CARDS[2], council.group, asked))
    council.ask(X, restoring(council[X]), third)
    assert officers(roster_everywhere(council)) == {X}


# Attacks: each with a key that the group let in


def rogue_alone(count: int) -> Council:
    """The last officer tries everything by itself."""
    council = Council(count)
    rogue = council.names[-1]
    others = [name for name in council.names if name != rogue]
    asked = [
        council.ask(rogue, enrolled(X)),
        council.ask(rogue, *(revoked(name) for name in others)),
        council.ask(rogue, enrolled(X), *(revoked(name) for name in others)),
        council.ask(rogue, *(enrolled(name, "read") for name in others)),
        council.ask(rogue, *(enrolled(name, person=rogue) for name in others)),
        council.ask(rogue, QuorumSet(1)),
        council.ask(rogue, CardsIssued(*(KEYS[n].public for n in (X, Y, E)))),
    ]
    council.ask(rogue, FoundingEnded())
    for name in others:
        council.ask(rogue, suspended(name))
        council.ask(rogue, ForkJudged(KEYS[name].public, 1, "copied"))
    for one in asked:
        council.vote(rogue, one)
    return council


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_one_officer_takes_nothing_over(count: int) -> None:
    council = rogue_alone(count)
    roster = roster_everywhere(council)
    assert officers(roster) == set(council.names)
    assert roster.cards == tuple(card.public for card in CARDS)
    assert roster.quorum_min == 0
    assert state(roster, X) == "unknown"


@pytest.mark.parametrize("count", [3, 4, 5])
def test_officers_whom_one_suspended_remove_that_one(count: int) -> None:
    council = rogue_alone(count)
    *honest, rogue = council.names
    for name in honest:  # all know that they are suspended
        council.tell(rogue, name)
    asked = council.ask(honest[0], revoked(rogue), *(lifted(name) for name in honest))
    council.meet(*honest)
    for name in honest[1:]:
        council.vote(name, asked)
        council.meet(*honest)
    roster = roster_everywhere(council)
    assert officers(roster) == set(honest)
    assert {state(roster, name) for name in honest} == {"active"}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_founders_phone_from_before_the_end_removes_nobody(count: int) -> None:
    council = Council(count, ended=False)
    stolen = council.copy(A, "thief")
    council.ask(A, FoundingEnded())
    council.meet(*council.names)
    others = council.names[1:]
    council.ask("thief", enrolled(X), enrolled(Y))
    council.ask("thief", *(revoked(name) for name in others))
    council.ask("thief", *(suspended(name) for name in others))
    council.ask("thief", CardsIssued(*(KEYS[n].public for n in (X, Y, E))))
    accomplice = council.join(X, "thief")
    asked = council.ask(X, *(revoked(name) for name in others))
    council.meet("thief", X)
    council.vote("thief", asked)
    write_money(accomplice, 1), write_money(stolen, 2)
    roster = roster_everywhere(council)
    assert officers(roster) == set(council.names)
    assert state(roster, X) == state(roster, Y) == "unknown"
    assert roster.cards == tuple(card.public for card in CARDS)
    for order in orders(council.everything(), 4):
        ancestry = taken_in(council.group, order)
        devices = [branch.device for branch in ancestry.branches]
        held = limits(ancestry.decisions, devices)
        lanes = [lane for lane, device in enumerate(devices) if device == accomplice.keys.public]
        assert [held[lane] for lane in lanes] == [0]


def test_a_removed_officer_lets_nobody_in_apart() -> None:
    council = Council(3)
    decide(council, council.ask(A, revoked(B)), A, C)
    council.ask(B, enrolled(X), revoked(A), revoked(C))
    roster = roster_everywhere(council)
    assert officers(roster) == {A, C}
    assert state(roster, X) == "unknown"


def test_with_a_card_a_removed_officer_delays_the_removal_once() -> None:
    council = Council(3)
    decide(council, council.ask(A, revoked(B)), A, C)
    council.show_card(B, 1, council.ask(B, enrolled(X), revoked(A), revoked(C)))
    roster = roster_everywhere(council)
    assert officers(roster) == {A, B, C}
    assert state(roster, X) == "unknown"
    for name in (A, C):
        council.tell(B, name)
    council.meet(A, C)
    decide(council, council.ask(A, revoked(B)), A, C)
    council.show_card(B, 1, council.ask(B, enrolled(Y), revoked(A), revoked(C)))
    roster = roster_everywhere(council)
    assert state(roster, X) == state(roster, Y) == "unknown"


def test_a_backdated_suspension_does_not_reach_behind_a_seal() -> None:
    council = Council(3)
    council.copy(A, "stale")
    money = [write_money(council[B], number) for number in range(3)]
    close = write_money(council[B], 99)
    council.meet(B, C)
    council.ask(C, MeetingSealed(close.change.change_hash))
    late = write_money(council[B], 100)
    council.ask("stale", suspended(B))
    for order in orders(council.everything(), 6):
        ancestry = taken_in(council.group, order)
        devices = [branch.device for branch in ancestry.branches]
        (lane,) = ancestry.lanes_of(council[B].keys.public)
        limit = limits(ancestry.decisions, devices)[lane]
        assert money[-1].change.n < close.change.n == limit < late.change.n


def test_votes_that_all_others_sealed_outlast_a_backdated_suspension() -> None:
    for sealers, expected in ((("cha", "sec"), "active"), (("cha",), "unknown")):
        council = Council(3)
        council.copy(A, "stale")
        asked = council.ask(C, enrolled(X))
        council.meet(C, B)
        council.vote(B, asked)
        close = write_money(council[B], 99)
        council.meet(A, B, C)
        for name in sealers:
            council.ask(name, MeetingSealed(close.change.change_hash))
        council.ask("stale", suspended(B))
        assert state(roster_everywhere(council), X) == expected


def test_one_officer_gives_a_stopped_phone_neither_its_votes_nor_its_money_back() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    asked = council.ask(B, enrolled(X), revoked(A))
    money = write_money(council[B], 1)
    council.meet(B, C)
    council.tell(A, C)
    council.vote(C, asked)
    council.ask(C, MeetingSealed(money.change.change_hash))
    roster = roster_everywhere(council)
    assert officers(roster) == {A, B, C}
    ancestry = taken_in(council.group, council.everything())
    devices = [branch.device for branch in ancestry.branches]
    (lane,) = ancestry.lanes_of(council[B].keys.public)
    assert limits(ancestry.decisions, devices)[lane] < money.change.n


def test_a_stolen_phones_week_waits_and_what_was_known_stands() -> None:
    council = Council(3)
    known = write_money(council[B], 1)
    council.meet(B, A)
    week = [write_money(council[B], number) for number in range(2, 9)]
    council.ask(A, suspended(B))
    for order in orders(council.everything(), 6):
        ancestry = taken_in(council.group, order)
        devices = [branch.device for branch in ancestry.branches]
        (lane,) = ancestry.lanes_of(council[B].keys.public)
        assert limits(ancestry.decisions, devices)[lane] == known.change.n
    assert len(week) == 7
