"""What a seed draws before its story begins: who is there, for how long, and what goes wrong.

By swarm: each seed leaves most kinds of faults out and has more of the others, because a mix of
everything hides what one fault alone would show.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

OFFICERS_AGAINST_ONE: Final = 4
"""So many honest ones outvote one more with one phone of theirs gone; one more each."""
SHARES: Final = (0.0, 0.1, 0.1, 0.15, 0.15, 0.2, 0.2, 0.25, 0.25, 0.3, 0.4, 0.5)
"""How many of all kinds a seed has: a calm one now and then, and seldom a mix of half of them."""

HANDS: Final = (0, 0, 3, 6, 12)
"""How many kinds of hostile acts a seed has: none in two of five."""
STRIKES_MIN: Final = 2.0
"""How often each of them is tried in a story, at least and on average."""
PACK_SEEDS: Final = 50
"""So many seeds are dealt from one pack, that each of the kinds is tried by somebody."""


class GroupPlan(NamedTuple):
    """One village."""

    officers: int
    """Phones that may write, 2 to 6."""
    members: int
    relay: int = -1
    """Which relay keeps its backup; -1 for none."""
    readers: int = 0
    rogues: int = 0
    """Phones in the wrong hands, which may write as well."""
    stolen: bool = False
    """Whether the first of them is an honest officer's second phone, without a vote of its own."""
    rogue_readers: int = 0
    """Devices in the wrong hands, which may read."""


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


def plan_of(
    seed: int, weeks: int, kinds: Mapping[str, float], hostile: Mapping[str, float] | None = None
) -> Plan:
    """The plan of a seed. `kinds`: every kind of fault and how many a rough meeting has of it;
    `hostile`: the same of those that need somebody who means harm."""
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
    share = chance.choice(SHARES)
    faults = {
        kind: often * chance.choice((0.5, 1.0, 3.0))
        for kind, often in sorted(kinds.items())
        if chance.random() < share
    }
    plan = Plan(seed, weeks, groups, relays, faults)
    return with_hostile(plan, hostile) if hostile else plan


def with_hostile(plan: Plan, hostile: Mapping[str, float]) -> Plan:
    """The same story with people who mean harm, of a few kinds; or without, as many are."""
    chance = chance_of(plan.seed, "hostile")
    picked = _dealt(plan.seed, sorted(hostile))
    least = STRIKES_MIN / plan.weeks
    faults = {name: max(least, hostile[name] * chance.choice((0.5, 1.0, 2.0))) for name in picked}
    in_vain = all(group.relay < 0 for group in plan.groups)
    if in_vain and any(name.startswith("liar-") for name in picked):
        groups = tuple(group._replace(relay=0) for group in plan.groups)
        plan = plan._replace(relays=max(1, plan.relays), groups=groups)
    officers = any(name.startswith("rogue-") for name in picked)
    readers = any(name.startswith("reader-") for name in picked)
    if not (officers or readers):
        return plan._replace(faults={**plan.faults, **faults})
    groups = tuple(_with_rogues(group, officers, readers, chance) for group in plan.groups)
    return plan._replace(faults={**plan.faults, **faults}, groups=groups)


def _dealt(seed: int, names: Sequence[str]) -> list[str]:
    """From a shuffled pack: before a kind comes again, all others have come."""
    pack = seed // PACK_SEEDS
    first = sum(map(_hand, range(pack * PACK_SEEDS, seed)))
    rounds = (divmod(place, len(names)) for place in range(first, first + _hand(seed)))
    return sorted({_shuffled(pack, turn, names)[place] for turn, place in rounds})


def _hand(seed: int) -> int:
    return chance_of(seed, "hand").choice(HANDS)


def _shuffled(pack: int, turn: int, names: Sequence[str]) -> list[str]:
    return chance_of(pack, "pack", turn).sample(names, len(names))


def _with_rogues(
    group: GroupPlan, officers: bool, readers: bool, chance: random.Random
) -> GroupPlan:
    """Rogues that the honest officers outvote, also while one of them waits for a new phone."""
    votes = max(0, min(2, group.officers - OFFICERS_AGAINST_ONE + 1))
    rogues = chance.choice((1, 1, 2)) if officers else 0
    stolen = bool(rogues) and (rogues > votes or chance.random() < 0.5)
    return group._replace(
        rogues=min(rogues, votes + stolen),
        stolen=stolen,
        rogue_readers=1 if readers else chance.choice((0, 0, 1)),
    )
