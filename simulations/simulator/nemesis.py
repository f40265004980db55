"""What goes wrong: draws faults of the kinds that the plan has, does them, and heals them all.

A fault is a coroutine of its own (accidents_of_*.py) that is done with at the end of the meeting at
the latest. Each is noted in the trace as "fault:KIND". What people do after an accident is in
repairs.py; `heal` ends everything that is still wrong, and from then on nothing more goes wrong.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from node.errors import NodeError
from relay.errors import RelayError
from relay.store import StoreError
from simulations.disk import SimulatedDisk
from simulations.simulator import (
    accidents_of_backups,
    accidents_of_disks,
    accidents_of_phones,
    accidents_of_relays,
    accidents_of_versions,
    accidents_of_wires,
)
from simulations.simulator.backups import Backup, back_up
from simulations.simulator.kinds import Kind
from simulations.simulator.phone import Phone, PhoneClock
from simulations.simulator.process import Killed
from simulations.simulator.radio import Radio, Way, both_ways
from simulations.simulator.relay_host import RelayHost
from simulations.simulator.repairs import Repairs
from simulations.simulator.versions import Older

if TYPE_CHECKING:
    from simulations.simulator.story import Group, Story

MEETING_S: Final = 90.0
"""Within so much of a meeting everything that goes wrong begins."""
LOOK_S: Final = 0.5
CLONES_MAX: Final = 3
COPIES: Final = 0.3
"""How many of the phones and relays are copied before a meeting."""

KINDS: Final[Mapping[str, Kind]] = {
    **accidents_of_wires.KINDS,
    **accidents_of_phones.KINDS,
    **accidents_of_disks.KINDS,
    **accidents_of_backups.KINDS,
    **accidents_of_relays.KINDS,
    **accidents_of_versions.KINDS,
}
OFTEN: Final[Mapping[str, float]] = {name: kind.often for name, kind in KINDS.items()}
"""How many of each a rough meeting has; what plans are drawn from."""


class Nemesis:
    """The faults of one story."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.chance = story.chance("nemesis")
        self.radio = Radio(story.wire)
        self.repairs = Repairs(self)
        self.clones: list[Phone] = []
        self.cloned_keys: dict[bytes, None] = {}
        """Devices that were in use twice."""
        self.may_fork: dict[bytes, None] = {}
        """Devices that were in use twice, or put back with all that could tell them so."""
        self.kills_joining = False
        self.relay_copies: dict[str, SimulatedDisk] = {}
        self.unsaid: dict[str, RelayHost] = {}
        """Relays on an old copy whose operators have not said so yet."""
        self._backups: dict[str, Backup] = {}
        self._sick: dict[str, None] = {}
        self._numbers = 0
        self._is_over = False

    # A meeting

    def before_meeting(self) -> None:
        """Some people copy their phones, some operators their relays."""
        faults = self.story.plan.faults
        if any(name in faults for name in ("restored", "restored-whole", "rot")):
            for phone in self.story.phones:
                if self.chance.random() < COPIES and phone.is_on and not self.is_sick(phone):
                    self._backups[phone.name] = self.copy_of(phone)
        if any(name in faults for name in ("relay-restored", "relay-restored-unsaid")):
            for relay in self.story.relays:
                if self.chance.random() < COPIES:
                    self.relay_copies[relay.name] = relay.disk.copy()

    async def afflict(self) -> None:
        """Whatever the plan has for one meeting, spread over it."""
        works = []
        for name, often in self.story.plan.faults.items():
            if name in KINDS:
                for _ in range(_count(often, self.chance)):
                    after_s = self.chance.uniform(0, MEETING_S)
                    works.append(asyncio.create_task(self._later(name, after_s)))
        try:
            await asyncio.gather(*works)
        finally:
            for work in works:
                work.cancel()
            for fault in await asyncio.gather(*works, return_exceptions=True):
                if isinstance(fault, Exception):
                    raise fault

    async def _later(self, name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        kind = KINDS[name]
        self.story.trace.note(f"begins:{name}" if kind.is_felt else f"fault:{name}")
        await kind.work(self)

    async def tend(self) -> None:
        """After a meeting, people do what their screens tell them."""
        for group in self.story.groups:
            await self.repairs.tend(group)

    def is_mended(self) -> bool:
        """Whether every phone records again, and nobody waits for a new one."""
        return not self._troubles()

    def look(self) -> None:
        """After the quiet: does anything keep a phone from recording?"""
        for trouble in self._troubles():
            self.story.auditor.complain(trouble)

    def _troubles(self) -> list[str]:
        found = []
        for group in self.story.groups:
            for phone in group.phones:
                if self.repairs.is_replacing(phone):
                    found.append(f"{phone.name} was not replaced to the end")
                elif phone.is_on and group.id in phone.node.groups:
                    with phone.used():
                        sentence = phone.node.group(group.id).continuity.sentence()
                    found += [f"{phone.name} records nothing: {sentence}"] if sentence else []
        return found

    # The end of it all

    async def heal(self) -> None:
        """Nothing goes wrong any more: wires, disks, clocks, versions and relays are well."""
        self._is_over = True
        self.radio.heal()
        for host in list(self.story.wire.deaf):
            self.hear_again(host)
        for group in self.story.groups:
            group.near.multicast = True
        for clone in self.clones:
            if clone.is_on:
                self.excuse(clone)
            await clone.kill()
        for phone in self.story.phones:
            await self._heal_phone(phone)
        for relay in self.story.relays:
            await self._heal_relay(relay)

    async def _heal_phone(self, phone: Phone) -> None:
        phone.disk.heal()
        phone.clock.wrong_ms = 0
        phone.clock.thread_s = lambda: 0.0
        self._sick.pop(phone.name, None)
        if isinstance(phone.version, Older):
            await phone.power_off()
            self.update(phone)
        await self.revive(phone)

    async def _heal_relay(self, relay: RelayHost) -> None:
        relay.disk.heal()
        relay.clock.wrong_ms = 0
        relay.work_s = lambda: 0.0
        if relay.name in self.unsaid:
            await relay.power_off()
            relay.is_renewed = True
            del self.unsaid[relay.name]
        await self.start(relay)

    # Turning on

    async def turn_on(self, phone: Phone) -> None:
        """Turn a phone on, whatever happened to it; one that waits to be replaced stays off."""
        if phone.is_busy or (self.repairs.is_replacing(phone) and not phone.home.exists()):
            return
        try:
            await phone.power_on()
            self.story.auditor.woke(phone)
        except NodeError as error:
            if not self.is_sick(phone):
                self.story.auditor.complain(f"{phone.name} does not start: {error}")
            self.story.trace.note("does not start", f"{phone.name} {error.code}")
        except Killed:
            await phone.bury()

    async def revive(self, phone: Phone) -> None:
        """Turn a phone on that may have been killed."""
        if not phone.is_on:
            await phone.bury()
            await self.turn_on(phone)

    async def start(self, relay: RelayHost) -> None:
        """Start a relay; while its disk fails it may not start."""
        if relay.is_on:
            return
        try:
            await relay.power_on()
        except (RelayError, StoreError) as error:
            self.story.trace.note("does not start", f"{relay.name} {error.code}")
            if self._is_over:
                self.story.auditor.complain(f"{relay.name} does not start: {error}")
        except Killed:
            await relay.bury()

    # Whom it befalls

    def group_of(self, phone: Phone) -> "Group":
        """Whose phone, or clone of a phone, it is."""
        for group in self.story.groups:
            if any(phone.name.startswith(one.name) for one in group.phones):
                return group
        raise AssertionError(f"{phone.name} is nobody's")

    def on(self, group: "Group") -> list[Phone]:
        """Phones of a group that are on and hold its books."""
        return [
            phone
            for phone in group.phones
            if phone.is_on and not self.is_sick(phone) and group.id in phone.node.groups
        ]

    def any_phone(self) -> Phone:
        """A phone, on or off."""
        return self.chance.choice(self.story.phones)

    def phone_on(self) -> Phone | None:
        """A phone whose program runs."""
        phones = [phone for phone in self.story.phones if phone.is_on]
        return self.chance.choice(phones) if phones else None

    def phone_that_may_be_lost(self) -> Phone | None:
        """A phone that is on and well, in a group where nobody waits for a new one."""
        phones = [
            phone
            for group in self.story.groups
            if not any(self.repairs.is_replacing(one) for one in group.phones)
            for phone in self.on(group)
            if not isinstance(phone.version, Older) and not self._is_over
        ]
        return self.chance.choice(phones) if phones else None

    def relay_on(self) -> RelayHost | None:
        """A relay that runs."""
        relays = [relay for relay in self.story.relays if relay.is_on]
        return self.chance.choice(relays) if relays else None

    def hosts_near(self, most: int) -> list[str]:
        """Hosts of some phones of one group, in any order."""
        hosts = [phone.host for phone in self.chance.choice(self.story.groups).phones]
        return self.chance.sample(hosts, min(most, len(hosts)))

    def ways_of(self, phone: Phone) -> list[Way]:
        """All ways between a phone and everybody else."""
        others = [one.host for one in (*self.story.phones, *self.clones)]
        others += [relay.host for relay in self.story.relays]
        return both_ways([phone.host], others)

    def ways_to(self, relay: RelayHost) -> list[Way]:
        """All ways between a relay and phones."""
        return both_ways([relay.host], [one.host for one in (*self.story.phones, *self.clones)])

    # What is done to them

    @contextlib.contextmanager
    def sick(self, phone: Phone) -> Iterator[None]:
        """While this lasts, a phone's disk may make it fail to start."""
        self._sick[phone.name] = None
        try:
            yield
        finally:
            self._sick.pop(phone.name, None)
            phone.disk.heal()

    def is_sick(self, phone: Phone) -> bool:
        """Whether its disk fails just now."""
        return phone.name in self._sick

    def update(self, phone: Phone) -> None:
        """Install this Mkutano on a phone that is off."""
        phone.version = contextlib.nullcontext

    def hear_again(self, host: str) -> None:
        """A host that read nothing reads again."""
        future = self.story.wire.deaf.pop(host, None)
        if future is not None and not future.done():
            future.set_result(None)

    async def until_dead(self, machine: Phone | RelayHost, most_s: float) -> None:
        """Wait until a machine is on no more, for so long at most."""
        process = machine.process
        for _ in range(int(most_s / LOOK_S)):
            if process is None or not process.is_alive:
                return
            await asyncio.sleep(LOOK_S)

    def kill_joining(self, helper: Phone, phone: Phone) -> None:
        """One of two phones that are about to let one in dies on the way."""
        self.kills_joining = False
        victim = self.chance.choice((helper, phone))
        if victim.process is not None:
            after_s = self.chance.uniform(0, 0.3)
            asyncio.get_running_loop().call_later(after_s, victim.process.kill)

    def copy_of(self, phone: Phone) -> Backup:
        """A copy of a phone as it is now."""
        self._numbers += 1
        return back_up(phone, self._numbers)

    def backup_of(self, phone: Phone) -> Backup | None:
        """The newest copy of this very device that its owner has kept."""
        backup = self._backups.get(phone.name)
        return backup if backup is not None and backup.key == phone.key else None

    async def clone_of(self, phone: Phone) -> Phone | None:
        """A copy of a phone, turned on beside it."""
        if len(self.clones) >= CLONES_MAX:
            return None
        group, backup = self.group_of(phone), self.copy_of(phone)
        name = f"{phone.name}x{len(self.clones)}"
        host = f"10.0.{group.number}.{200 + len(self.clones)}"
        clock = PhoneClock(self.story.loop.time, f"{self.story.plan.seed} {name}")
        clone = Phone(name, host, backup.folder, group.near, clock)
        clone.disk = backup.disk
        self.clones.append(clone)
        self.cloned_keys[phone.key] = self.may_fork[phone.key] = None
        await clone.power_on()
        return clone

    def excuse(self, phone: Phone) -> None:
        """What is on this phone, and on no other phone that is on, may be lost from now on."""
        self.story.auditor.lost_disk(phone)

    async def pause(self, least_s: float, most_s: float) -> None:
        """Some time passes."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def sleep(self, seconds: float) -> None:
        """So much time passes."""
        await asyncio.sleep(seconds)

    def coin(self) -> bool:
        """Heads or tails."""
        return self.chance.random() < 0.5


def _count(often: float, chance: random.Random) -> int:
    whole = int(often)
    return whole + (chance.random() < often - whole)
