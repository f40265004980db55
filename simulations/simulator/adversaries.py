"""Who means harm in a story: which rogues a group has, when they strike, and what must hold after.

Rogues are let in while the group is founded, as anybody is; from then on they only do harm. Once
people see it they act by the product's own commands, and what one adversary alone did must leave
no honest phone stopped, unable to record, or with other books than the others.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from node import founding_period
from replication.control import DeviceEnrolled
from replication.roster import Device
from simulations.simulator import (
    rogue_at_relay,
    rogue_entries,
    rogue_powers,
    rogue_strangers,
    rogue_words,
)
from simulations.simulator.lying_relays import Liars
from simulations.simulator.lying_tales import LIES
from simulations.simulator.rogue import ENDED, Rogue
from simulations.simulator.rogue_scene import Kind, Scene
from simulations.simulator.villagers_answer import Officers

if TYPE_CHECKING:
    from simulations.simulator.story import Group, Story

STRIKE_S: Final = 90.0
"""Of a meeting, in which attacks begin."""
ATTACK_S_MAX: Final = 300.0

OFFICERS: Final[Mapping[str, Kind]] = {
    **rogue_entries.KINDS,
    **rogue_words.KINDS,
    **rogue_powers.KINDS,
    **rogue_at_relay.KINDS,
}
READERS: Final[Mapping[str, Kind]] = rogue_strangers.READERS
STRANGERS: Final[Mapping[str, Kind]] = rogue_strangers.STRANGERS
KINDS: Final[Mapping[str, float]] = {
    **{kind: one.often for kinds in (OFFICERS, READERS, STRANGERS) for kind, one in kinds.items()},
    **{kind: lie.often for kind, lie in LIES.items()},
}
"""Every kind of this room, and how many of it a rough meeting has."""


class Gang:
    """The rogues of one group."""

    def __init__(self, story: "Story", group: "Group") -> None:
        self.group = group
        self.chance = story.chance("gang", group.number)
        self.officers: list[Rogue] = []
        self.readers: list[Rogue] = []
        self.stranger = self.rogue(story, "stranger", 99)
        self.poison: set[bytes] = set()
        """Chain hashes of changes that no honest phone may ever hold."""
        self.busy: dict[str, asyncio.Lock] = {}
        self.struck = False
        self.noticed_week = self.chance.randint(0, story.plan.weeks)
        """When people see that something is wrong."""
        self.answer = Officers(story, self)

    def rogue(self, story: "Story", what: str, place: int) -> Rogue:
        """A device with keys of its own."""
        name = f"{what}{self.group.number}.{place}"
        host = f"10.0.{self.group.number}.{place + 100}"
        seed = story.chance("rogue's key", name).randbytes(32)
        return Rogue(story, name, host, self.group.id, seed)

    @property
    def keys(self) -> set[bytes]:
        """Of its officers' phones."""
        return {one.keys.public for one in self.officers}

    @property
    def everybody(self) -> list[Rogue]:
        """All who are in it, and the stranger."""
        return [*self.officers, *self.readers, self.stranger]


class Adversaries:
    """All of a story."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._chance: random.Random = story.chance("adversaries")
        self.gangs: dict[int, Gang] = {}
        self.liars = Liars(story)

    async def found(self, group: "Group") -> None:
        """Let the group's rogues in, while its founder alone decides."""
        plan = group.plan
        gang = self.gangs[group.number] = Gang(self._story, group)
        for place in range(plan.rogues):
            rogue = gang.rogue(self._story, "rogue", place)
            gang.officers.append(rogue)
            person = f"rogue {group.number} {place}".encode().ljust(16, b".")[:16]
            if plan.stolen and place == 0:
                person = group.persons[-1]  # a second phone of an honest officer, which was stolen
            await self._enrol(gang, DeviceEnrolled(
                rogue.keys.public, person, "write", rogue.name))  # fmt: skip
        for place in range(plan.rogue_readers):
            reader = gang.rogue(self._story, "reader", 10 + place)
            gang.readers.append(reader)
            person = f"ngo {group.number} {place}".encode().ljust(16, b".")[:16]
            await self._enrol(gang, DeviceEnrolled(
                reader.keys.public, person, "read", reader.name, "ledger", ""))  # fmt: skip

    async def _enrol(self, gang: Gang, enrolment: DeviceEnrolled) -> None:
        founder = gang.group.phones[0]
        group_id = gang.group.id
        await founder.act(lambda node: node.enrol(group_id, enrolment, founder.clock.wall_ms()))
        self._story.auditor.let_in(gang.group, enrolment.device)

    async def founded(self, group: "Group") -> None:
        """From now on nobody decides alone."""
        founder, gang = group.phones[0], self.gangs[group.number]
        if gang.officers and founder.node.group(group.id).roster.founding:
            await founder.act(
                lambda node: founding_period.end(node, group.id, founder.clock.wall_ms())
            )

    # At a meeting

    async def afflict(self) -> None:
        """Whatever the plan has for one meeting, spread over it; cancel to end it."""
        works = [
            asyncio.create_task(work)
            for kind, often in self._story.plan.faults.items()
            if kind in KINDS
            for _ in range(_count(often, self._chance))
            for work in (self._later(kind, self._chance.uniform(1, STRIKE_S)),)
        ]
        try:
            await asyncio.gather(*works)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _later(self, kind: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if kind in LIES:
            await self.liars.tell(kind, self._chance)
            return
        found = self._who(kind)
        if found is None:
            return
        gang, rogue, attack = found
        if not any(phone.is_on for phone in gang.group.phones):
            return
        lock = gang.busy.setdefault(rogue.name, asyncio.Lock())
        async with lock:
            self._story.trace.note(f"fault:{kind}", rogue.name)
            await self._strike(gang, rogue, attack)

    def _who(self, kind: str) -> tuple[Gang, Rogue, Kind] | None:
        """Somebody who could do this."""
        able: list[tuple[Gang, Rogue]] = []
        for gang in self.gangs.values():
            if kind in STRANGERS:
                able.append((gang, gang.stranger))
            if kind in OFFICERS:
                alone = kind in rogue_powers.STOPS
                able += [(gang, one) for one in (gang.officers[:1] if alone else gang.officers)]
            if kind in READERS or kind in rogue_words.KINDS or kind in rogue_at_relay.KINDS:
                able += [(gang, one) for one in gang.readers]
        if not able:
            return None
        gang, rogue = self._chance.choice(able)
        return gang, rogue, {**OFFICERS, **READERS, **STRANGERS}[kind]

    async def _strike(self, gang: Gang, rogue: Rogue, kind: Kind) -> None:
        others = tuple(one for one in gang.officers if one is not rogue)
        scene = Scene(self._story, gang.group, rogue, others, gang.stranger, gang.poison)
        gang.struck = gang.struck or rogue in gang.officers
        try:
            async with asyncio.timeout(ATTACK_S_MAX):
                await rogue.do(kind.attack(scene))
        except ENDED as error:
            self._story.trace.note("cut short", f"{rogue.name} {type(error).__name__} {error}")
        self._look_for_believers(gang)

    # Afterwards

    def heal(self) -> None:
        """Nobody lies or strikes any more."""
        self.liars.heal()

    async def tend(self, week: int) -> None:
        """People do what there is to do, once they have noticed."""
        for gang in self.gangs.values():
            if gang.struck and week >= gang.noticed_week:
                await gang.answer.look()

    def is_mended(self) -> bool:
        """Whether people have done all that there was to do."""
        return not any(
            trouble
            for gang in self.gangs.values()
            if gang.struck
            for trouble in gang.answer.troubles()
        )

    async def last_look(self) -> None:
        """What must hold after the quiet."""
        for gang in self.gangs.values():
            self._look_at(gang)
            if gang.struck:
                for trouble in gang.answer.troubles():
                    self._story.auditor.complain(trouble)
        await self.liars.last_look()

    def _look_for_believers(self, gang: Gang) -> None:
        """No phone may wait for entries of its own of which a rogue says that it holds them, and
        which it does not hold."""
        for phone in self._story.nemesis.on(gang.group):
            with phone.used():
                held = phone.node.group(gang.group.id)
                behind = set(held.continuity.standing().behind)
                told = held.replica.told_of_us()
            for rogue in gang.everybody:
                device = rogue.keys.public
                if device in behind and not any(map(rogue.replica.holds, told[device])):
                    self._story.auditor.complain(
                        f"{phone.name} records nothing, because {rogue.name} lied about its chain"
                    )

    def _look_at(self, gang: Gang) -> None:
        complain, group = self._story.auditor.complain, gang.group
        rogues = {*gang.keys, gang.stranger.keys.public, *(one.keys.public for one in gang.readers)}
        honest = {one.key for one in group.phones if one.is_on and group.id in one.node.groups}
        seen = set()
        for phone in group.phones:
            if not phone.is_on or group.id not in phone.node.groups:
                continue
            held = phone.node.group(group.id)
            roster = held.roster
            for chain in sorted(gang.poison & _chains(held)):
                complain(f"{phone.name} holds what no rule allows: {chain.hex()[:12]}")
            for key in sorted(honest):
                known = roster.devices.get(key)
                if known is None or known.state != "active" or known.right != "write":
                    complain(f"{phone.name}: {key.hex()[:8]} is honest, and {_standing(known)}")
            for key in sorted({gang.stranger.keys.public, *(r.keys.public for r in gang.readers)}):
                known = roster.devices.get(key)
                if known is not None and known.right == "write" and known.state == "active":
                    complain(f"{phone.name} lets {known.label} write, whom nobody let in")
            sentence = held.continuity.sentence()
            if sentence:
                complain(f"{phone.name} can't record: {sentence}")
            forks = tuple(fork for fork in held.replica.forks() if fork.device in rogues)
            seen.add((repr(sorted(roster.devices.items())), repr(forks)))
        if len(seen) > 1:
            complain(f"the phones of group {group.number} don't agree about its rogues")

    async def close(self) -> None:
        """Their programs end."""
        for gang in self.gangs.values():
            for one in (*gang.officers, *gang.readers, gang.stranger):
                one.process.kill()
                await one.process.buried()


def _standing(known: Device | None) -> str:
    return "not let in" if known is None else f"may {known.right}, {known.state}"


def _chains(held: object) -> set[bytes]:
    store, row = held.store, held.row  # type: ignore[attr-defined]
    return {one.change.chain_hash for one in store.chains(row.group_no).everything()}


def _count(often: float, chance: random.Random) -> int:
    whole = int(often)
    return whole + (chance.random() < often - whole)
