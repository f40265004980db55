"""Which of several decisions holds: beside a reckoning that compares every two of them."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from model.pages import Turn
from model.quarrel import Quarrel, Side

Told = list[tuple[str, set[int]]]
"""Of each entry its decision, and the earlier entries that its author knew."""


@st.composite
def quarrels(draw: st.DrawFn) -> Told:
    chance = random.Random(draw(st.integers(0, 2**32)))
    likely, decisions = chance.choice((0.0, 0.1, 0.3, 0.7)), chance.randint(1, 7)
    told: Told = []
    for place in range(draw(st.integers(1, 12))):
        knew: set[int] = set()
        for earlier in range(place):
            if chance.random() < likely:
                knew |= {earlier, *told[earlier][1]}
        told.append((f"decision {chance.randrange(decisions)}", knew))
    return told


def quarrel(told: Told) -> Quarrel:
    turns = [
        Turn(_name(place), tuple(_name(at) for at in range(place) if at not in knew))
        for place, (_, knew) in enumerate(told)
    ]
    return Quarrel(turns, [decision for decision, _ in told])


def _name(place: int) -> str:
    return f"entry {place:02}"


def knew(told: Told, later: str, earlier: str) -> bool:
    return any(
        told[known][0] == earlier
        for decision, all_known in told
        if decision == later
        for known in all_known
    )


@given(quarrels(), st.randoms(use_true_random=False))
def test_what_holds_is_what_every_two_compared_say(told: Told, chance: random.Random) -> None:
    found = quarrel(told)
    sides = [side for side in found.sides if chance.random() < 0.8]
    stopped = [side for side in sides if chance.random() < 0.2]
    says: Callable[[str], object] = lambda name: int(name[-1]) % 2  # noqa: E731

    def known(later: Side, earlier: Side) -> bool:
        return knew(told, later.decision, earlier.decision)

    def newest(some: list[Side]) -> list[Side]:
        return [one for one in some if not any(known(two, one) for two in some if two != one)]

    settled = [
        one
        for one in sides
        if one not in stopped
        and all(one == two or known(one, two) or known(two, one) for two in sides)
    ]
    agreed = {says(side.names[0]) for side in newest(sides)}
    free = [min(side.names) for side in newest(sides) if side not in stopped]
    last = [min(side.names) for side in newest(settled)]
    expected = min(free) if len(agreed) == 1 and free else min(last, default="")
    assert found.newest(sides) == newest(sides)
    assert found.last_word(sides, says, stopped) == expected
    every = sum(side.bit for side in sides)
    for one in sides:
        assert [two for two in sides if found.apart(one, every) & two.bit] == [
            two for two in sides if two != one and not known(one, two) and not known(two, one)
        ]


def test_a_decision_that_is_put_in_force_twice_is_one() -> None:
    told: Told = [("one", set()), ("one", set()), ("two", {1})]
    one, two = quarrel(told).sides
    assert one.names == (_name(0), _name(1))
    assert quarrel(told).knew(two, one)
    assert not quarrel(told).knew(one, two)
