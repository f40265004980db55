"""Two reckonings that share no code come to the same, whatever officers do to each other.

Also the shortest stories in which they once did not, and floods of control changes: what each
further one costs is counted in acts that are weighed, never in time.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from replication import exchange
from replication.control import (
    DeviceEnrolled,
    ForkJudged,
    FoundingEnded,
    HeadsJoined,
    MeetingSealed,
    QuorumSet,
    Record,
    VoteCast,
)
from replication.council import FOUNDING_MOTIONS_MAX, REPEATS_MAX
from replication.suspense import limits
from tests.replication.councils import (
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
    revoked,
    roster_everywhere,
    state,
    suspended,
    taken_in,
    write_money,
)
from tests.replication.phones import KEYS, PERSONS, Wire
from tests.replication.second_council import SecondCouncil
from tests.replication.test_contests import decide
from tests.replication.test_council_properties import play, steps

COPIED_APART = [("copied", 5, 0, 3), ("tell", 3, 4, 3), ("narrow", 0, 5, 1), ("lift", 4, 4, 3)]
STOPPED_ITSELF = [
    ("copied", 0, 1, 1),
    ("suspend", 4, 4, 1),
    ("lift", 2, 3, 3),
    ("suspend", 3, 0, 2),
]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 5), st.booleans(), steps)
@example(3, True, [("swap", 2, 2, 1), ("card", 2, 0, 2)])
@example(2, False, [("swap", 4, 5, 3), ("lift", 2, 1, 3)])
@example(2, False, COPIED_APART)
@example(
    2, True, [("copied", 0, 1, 1), ("suspend", 4, 4, 1), ("lift", 2, 3, 3), ("suspend", 3, 0, 2)]
)
def test_a_second_reckoning_comes_to_the_same(
    count: int, ended: bool, story: list[tuple[str, int, int, int]]
) -> None:
    council = Council(count, ended=ended)
    play(council, story)
    (order,) = orders(council.everything(), 1)
    ancestry = taken_in(council.group, order)
    roster, second = ancestry.decisions.roster, SecondCouncil(council.group, order).everything()
    assert set(roster.officers) == second.officers
    assert {key: one.state for key, one in roster.devices.items()} == second.states
    rights = {key: one.right for key, one in roster.devices.items() if one.state != "revoked"}
    assert rights == {key: second.rights[key] for key in rights}
    assert (roster.cards, roster.quorum_min) == (second.cards, second.quorum)
    assert roster.votes_needed == second.needed
    held = limits(ancestry.decisions, [branch.device for branch in ancestry.branches])
    waiting = {
        one.change.change_hash
        for lane, limit in held.items()
        for one in ancestry.run(lane, limit + 1, ancestry.tips[lane].change.n)
    }
    assert waiting == second.held


# Stories in which they differed, or both were wrong


def test_an_officer_with_a_card_brings_no_removed_phone_back() -> None:
    council = Council(5)
    for name in (A, B, C):
        council.copy(name, f"{name} 2")
    decide(council, council.ask(A, revoked(E)), A, B, C)
    decide(council, council.ask(f"{A} 2", revoked(D)), *(f"{name} 2" for name in (A, B, C)))
    assert officers(roster_everywhere(council)) == {A, B, C}
    for name in (A, B, C):
        for other in tuple(council.phones):
            council.tell(other, name)
    council.copy(C, "C apart")
    council.show_card(C, 1, council.ask(C, revoked(A)))
    council.show_card("C apart", 1, council.ask("C apart", revoked(B)))
    assert officers(roster_everywhere(council)) == {A, B, C}


def test_an_officer_replaces_its_own_phone_with_a_card_shown_on_the_old_one() -> None:
    council = Council(3)
    council.show_card(C, 1, council.ask(C, revoked(C), enrolled(X)))
    assert officers(roster_everywhere(council)) == {A, B, X}


def test_lifting_a_suspension_takes_no_revocation_back() -> None:
    council = Council(3)
    council.ask(A, suspended(B))
    asked = council.ask(A, revoked(B))
    lift = council.ask(A, lifted(B))
    council.meet(A, C)
    council.vote(C, lift)
    council.vote(C, asked)
    assert state(roster_everywhere(council), B) == "revoked"


def test_a_suspended_phone_objects_first_and_hides_no_objection_of_its_owner() -> None:
    council = Council(3, ended=False)
    council.ask(A, enrolled(Y, person=B))
    council.ask(A, FoundingEnded())
    council.join(Y, A)
    council.meet(A, B, C)
    council.ask(A, suspended(Y))
    asked = council.restore(X, A)
    for name in (Y, B):
        council.tell(X, name)
        council.vote(name, asked, approve=False)
    assert officers(roster_everywhere(council)) == {A, B, C}


# Floods


def flooded(council: Council, name: str, record: Callable[[int], Record], count: int) -> int:
    """One phone writes so many; how many acts the group weighs more than before."""
    before = len(council[name].replica.decisions.now.case.acts)
    for number in range(count):
        council.ask(name, record(number))
    assert council[name].replica.decisions.count > count
    return len(council[name].replica.decisions.now.case.acts) - before


FLOODS: dict[str, Callable[[int], Record]] = {
    "joins": lambda _: HeadsJoined(),
    "acquittals": lambda number: ForkJudged(KEYS[A].public, 1 + number, "restored"),
    "verdicts": lambda number: ForkJudged(KEYS[A].public, 1 + number, "copied"),
    "stops and lifts": lambda number: suspended(A) if number % 2 else lifted(A),
    "enrolments": lambda _: enrolled(X),
    "quorums": lambda _: QuorumSet(1),
    "votes": lambda _: VoteCast(bytes(32), True),
    "seals": lambda _: MeetingSealed(bytes(32)),
    "ends": lambda _: FoundingEnded(),
}


@pytest.mark.parametrize("record", FLOODS.values(), ids=FLOODS.keys())
def test_one_officers_flood_is_hardly_weighed(record: Callable[[int], Record]) -> None:
    assert flooded(Council(3), C, record, 60) <= 2 * REPEATS_MAX


def test_what_a_founder_decides_alone_is_bounded() -> None:
    council = Council(3, ended=False)
    weighed = flooded(council, A, lambda _: QuorumSet(2), FOUNDING_MOTIONS_MAX + 20)
    assert weighed <= FOUNDING_MOTIONS_MAX
    council.ask(A, FoundingEnded())
    asked = council.ask(A, enrolled(X))
    council.meet(A, B)
    council.vote(B, asked)
    assert state(roster_everywhere(council, 1), X) == "active"


# Several against the others, for the README's table


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_what_one_officer_with_a_stolen_card_can_do(count: int) -> None:
    council = Council(count)
    last = council.names[-1]
    council.show_card(last, 1, council.ask(last, enrolled(X)))
    assert (X in officers(roster_everywhere(council))) == (count <= 3)


@pytest.mark.parametrize(("count", "decides"), [(2, True), (3, True), (4, False), (5, False)])
def test_what_two_colluding_officers_can_do(count: int, decides: bool) -> None:
    council = Council(count)
    one, other = council.names[-2:]
    decide(council, council.ask(one, enrolled(X)), one, other)
    assert (X in officers(roster_everywhere(council))) == decides


def test_two_of_five_who_suspend_all_others_are_removed_by_them() -> None:
    council = Council(5)
    for one in (D, E):
        for name in (A, B, C):
            council.ask(one, suspended(name))
    for name in (A, B, C):
        for rogue in (D, E):
            council.tell(rogue, name)
    asked = council.ask(A, revoked(D), revoked(E), *(lifted(name) for name in (A, B, C)))
    decide(council, asked, A, B, C)
    assert officers(roster_everywhere(council)) == {A, B, C}


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("suspends", [1, 2, 3, 4])
def test_a_backdated_suspension_undoes_no_removal_for_good(count: int, suspends: int) -> None:
    """Without cards: whomever a removed phone suspends, the others remove it knowing that."""
    council = Council(count, cards=False)
    *honest, rogue = council.names
    decide(council, council.ask(honest[0], revoked(rogue)), *honest)
    for name in honest[:suspends]:
        council.ask(rogue, suspended(name))
    for name in honest:
        for other in council.names:
            council.tell(other, name)
    lifts = (lifted(name) for name in honest)
    asked = council.ask(honest[0], revoked(rogue), *lifts)
    for name in honest[1:]:
        council.tell(honest[0], name)
        council.vote(name, asked)
        council.tell(name, honest[0])
    roster = roster_everywhere(council, 3)
    assert officers(roster) == set(honest)
    assert {state(roster, name) for name in honest} == {"active"}


def test_a_revoked_phones_changes_through_a_third_wait() -> None:
    council = Council(3)
    asked = council.ask(A, revoked(B))
    council.meet(A, C)
    council.vote(C, asked)
    council.meet(A, C)
    money = [write_money(council[B], number) for number in range(20)]
    council.tell(B, A)  # by way of somebody who had not heard of it
    ancestry = taken_in(council.group, council.everything())
    (lane,) = ancestry.lanes_of(KEYS[B].public)
    held = limits(ancestry.decisions, [branch.device for branch in ancestry.branches])
    assert held[lane] < money[0].change.n
    assert council[A].replica.roster.officers.keys() == {PERSONS[A], PERSONS[C]}


def test_a_revoked_phones_flood_is_bounded_and_cuts_nobody_else_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "STOPPED_CHANGES_MAX", 600)
    council = Council(3)
    asked = council.ask(A, revoked(B))
    council.meet(A, C)
    council.vote(C, asked)
    council.meet(A, C)
    known = len(council[A].hashes())
    for number in range(600):
        write_money(council[B], number)
        council.ask(B, revoked(C) if number % 2 else enrolled(X))
    for _ in range(20):  # again and again
        wire = Wire(council[B], council[A])
        wire.deliver()
        wire.cut()
    taken = len(council[A].hashes()) - known
    assert 0 < taken <= 600
    weighed = council[A].replica.decisions.now.case.acts
    assert len(weighed) < 20
    council.meet(A, C)
    write_money(council[C], 1)
    council.meet(C, A)
    assert council[A].hashes() == council[C].hashes()
    assert officers(council[A].replica.roster) == {A, C}


def test_members_enrolled_to_read_are_not_officers() -> None:
    council = Council(2, ended=False)
    council.ask(A, DeviceEnrolled(KEYS[X].public, PERSONS[X], "read", X))
    assert officers(roster_everywhere(council)) == {A, B}
