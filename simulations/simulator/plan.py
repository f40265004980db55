"""What a seed draws before its story begins: who is there, for how long, and what goes wrong.

By swarm: each seed leaves most kinds of faults out and has more of the others, because a mix of
everything hides what one fault alone would show.
"""

import random
from collections.abc import Mapping
from typing import NamedTuple


class GroupPlan(NamedTuple):
    """One village."""

    officers: int
    """Phones that may write, 2 to 6."""
    members: int
    relay: int = -1
    """Which relay keeps its backup; -1 for none."""
    readers: int = 0


class Plan(NamedTuple):
    """A whole story."""

    seed: int
    weeks: int
    groups: tuple[GroupPlan, ...]
    relays: int
    faults: Mapping[str, float]
    """How many of each kind a meeting has, on average; kinds that are not here never happen."""


def chance_of(seed: int, *names: object) -> random.Random:
    """A source of chance for one purpose: what one part draws moves nothing elsewhere."""
    return random.Random(" ".join(map(str, ("mkutano", seed, *names))))


def plan_of(seed: int, weeks: int, kinds: Mapping[str, float]) -> Plan:
    """The plan of a seed. `kinds`: every kind of fault and how many a rough meeting has of it."""
    chance = chance_of(seed, "plan")
    relays = chance.choice((0, 1, 1, 2))
    groups = tuple(
        GroupPlan(
            chance.choice((2, 2, 3, 3, 4, 5)),
            chance.randint(5, 12),
            chance.randrange(-1, relays) if relays else -1,
        )
        for _ in range(chance.choice((1, 1, 1, 2)))
    )
    share = chance.choice((0.0, 0.1, 0.25, 0.5))
    faults = {
        kind: often * chance.choice((0.3, 1.0, 3.0))
        for kind, often in sorted(kinds.items())
        if chance.random() < share
    }
    return Plan(seed, weeks, groups, relays, faults)
