"""One seed's story, from the founding of its groups to the quiet at the end, when all must agree.

    set up -> week after week: a meeting with faults, then everybody sleeps -> quiet -> last look

The story composes: who does what, what goes wrong and who looks are other files. It never looks
into a phone to decide what happens next.
"""

import asyncio
import random
from pathlib import Path
from typing import NamedTuple

from node.address import Address
from node.invitations import Guest, invite
from node.relay_founding import add
from simulations.simulator import fair_weather
from simulations.simulator.adversaries import Adversaries
from simulations.simulator.auditor import Auditor
from simulations.simulator.loop import VirtualLoop
from simulations.simulator.nemesis import Nemesis
from simulations.simulator.people import People
from simulations.simulator.phone import PORT, Neighbourhood, Phone, PhoneClock
from simulations.simulator.plan import GroupPlan, Plan, chance_of
from simulations.simulator.relay_host import RelayClock, RelayHost
from simulations.simulator.trace import Trace
from simulations.simulator.wire import Wire

WEEK_S = 7 * 24 * 3600.0
MEETING_S_MAX = 3 * 3600.0
ROUND_S = 120.0
"""Of the quiet: what healthy phones need to find each other, and to be told of what is new."""
ROUNDS_MAX = 6
DOCUMENTS = 0.4
"""How many stories keep Automerge's own documents, which costs a tenth of a story's time."""


class Group:
    """A group of the story."""

    def __init__(
        self, number: int, plan: GroupPlan, phones: list[Phone], near: Neighbourhood
    ) -> None:
        self.number = number
        self.plan = plan
        self.phones = phones
        """Of its officers; the founder's first."""
        self.near = near
        self.persons = [
            f"person {number} {n}".encode().ljust(16, b".")[:16] for n in range(len(phones))
        ]
        self.id = b""
        self.secrets: list[bytes] = []
        """What no relay may see."""
        self.people: People


class Ending(NamedTuple):
    """How a story ended."""

    seed: int
    digest: str
    """Names the whole story."""
    faults: dict[str, int]
    counts: dict[str, int]
    wrong: tuple[str, ...]
    """What the auditor says; empty when all is well."""
    weeks: int
    groups: int
    lines: tuple[str, ...]
    """The last things that happened."""


class Story:
    """Everything there is, while it lasts."""

    def __init__(self, plan: Plan, loop: VirtualLoop, folder: Path) -> None:
        self.plan = plan
        self.loop = loop
        self.folder = folder
        self.trace = Trace(loop.time)
        self.wire = Wire(loop, self.chance("wire"))
        self.wire.noted = lambda what, socket: self.trace.note(
            f"fault:{what}", f"{socket.here}>{socket.there}"
        )
        self.wire.watched = self._watched
        self.relays = [self._relay(number) for number in range(plan.relays)]
        self.groups = [self._group(number, one) for number, one in enumerate(plan.groups)]
        self.auditor = Auditor(self)
        self.nemesis = Nemesis(self)
        self.adversaries = Adversaries(self)

    def chance(self, *names: object) -> random.Random:
        """A source of chance for one purpose."""
        return chance_of(self.plan.seed, *names)

    @property
    def phones(self) -> list[Phone]:
        """All officers' phones."""
        return [phone for group in self.groups for phone in group.phones]

    def acknowledged(self, phone: Phone, group: Group, receipts: tuple[bytes, ...]) -> None:
        """A phone told its owner that these entries (17 bytes each) are recorded."""
        self.trace.note("recorded", f"{phone.name} {len(receipts)}")
        self.auditor.acknowledged(phone, group, receipts)

    def _watched(self, socket: object, frame: bytes) -> bytes | None:
        self.trace.frame(socket.here, socket.there, frame)  # type: ignore[attr-defined]
        return frame

    def _relay(self, number: int) -> RelayHost:
        name = f"relay{number}"
        clock = RelayClock(self.loop.time, f"{self.plan.seed} {name}")
        return RelayHost(name, f"{name}.example", self.folder / name, self.wire, clock)

    def _group(self, number: int, plan: GroupPlan) -> Group:
        near = Neighbourhood(self.wire)
        phones = []
        for place in range(plan.officers):
            name = f"phone{number}{chr(97 + place)}"
            clock = PhoneClock(self.loop.time, f"{self.plan.seed} {name}")
            host = f"10.0.{number}.{place + 1}"
            phones.append(Phone(name, host, self.folder / name, near, clock))
            phones[-1].has_documents = self.chance("documents").random() < DOCUMENTS
        return Group(number, plan, phones, near)

    # The story

    async def tell(self) -> Ending:
        """From the first day to the last look."""
        for relay in self.relays:
            await relay.power_on()
        for group in self.groups:
            await self._found(group)
        for week in range(self.plan.weeks):
            await self._week(week)
            if week + 1 < self.plan.weeks:
                await self._go_home()
        await self._quiet()  # phones that failed and are still on must come together, too
        if not self.auditor.wrong:
            await fair_weather.look(self)
        self.nemesis.look()
        await self.adversaries.last_look()
        self.auditor.last_look()
        await self._close()
        return Ending(
            self.plan.seed,
            self.trace.digest,
            dict(sorted(self.trace.faults.items())),
            dict(sorted(self.trace.counts.items())),
            tuple(self.auditor.wrong),
            self.plan.weeks,
            len(self.groups),
            tuple(self.trace.lines),
        )

    async def _found(self, group: Group) -> None:
        """In good weather: the group, its phones, its rules, its backup."""
        for phone in group.phones:
            phone.make()
            await phone.power_on()
        founder, *others = group.phones
        with founder.used():
            group.id = founder.node.found("Umoja", group.persons[0], founder.clock.wall_ms())
        assert founder.device is not None
        founder.device.groups_changed.set()
        self.auditor.let_in(group, founder.node.device)
        group.people = People(self, group, self.chance("people", group.number))
        for place, phone in enumerate(others, 1):
            await self._let_in(group, founder, phone, place)
        await self.adversaries.found(group)
        await group.people.begin()
        await self.adversaries.founded(group)
        if group.plan.relay >= 0:
            relay = self.relays[group.plan.relay]
            await founder.ask(lambda device: add(device, group.id, relay.url, relay.key.public))
        await asyncio.sleep(ROUND_S)

    async def _let_in(self, group: Group, founder: Phone, phone: Phone, place: int) -> None:
        at = (Address(founder.host, PORT),)
        guest = Guest(phone.name)
        with founder.used():
            _, invitation = invite(
                founder.node, group.id, "write", guest, at, founder.clock.wall_ms()
            )
        await phone.ask(lambda device: device.join(invitation, at))
        devices = founder.node.group(group.id).roster.devices
        self.auditor.let_in(group, phone.node.device)
        group.persons[place] = devices[phone.node.device].person

    async def _week(self, week: int) -> None:
        """Everybody turns their phone on, and meets in whatever weather there is."""
        for group in self.groups:
            for phone in group.phones:
                if not phone.is_on:
                    await self.nemesis.turn_on(phone)
        self.nemesis.before_meeting()
        works = [asyncio.create_task(group.people.meet()) for group in self.groups]
        harm = asyncio.create_task(self.nemesis.afflict())
        attacks = asyncio.create_task(self.adversaries.afflict())
        done, late = await asyncio.wait(works, timeout=MEETING_S_MAX)
        await asyncio.wait({attacks, harm}, timeout=MEETING_S_MAX)
        harmful = (harm, attacks, *late)
        for work in harmful:
            work.cancel()
        for fault in await asyncio.gather(*harmful, return_exceptions=True):
            if isinstance(fault, Exception):
                raise fault
        for work in done:
            work.result()
        if late:
            self.auditor.complain("a meeting did not end")
        await self.nemesis.tend()
        await self.adversaries.tend(week)

    async def _go_home(self) -> None:
        for phone in (*self.phones, *self.nemesis.clones):
            await phone.power_off()
        self.loop.jump(WEEK_S)

    async def _quiet(self) -> None:
        """No more faults: everybody must come to the same in a few rounds."""
        self.adversaries.heal()
        await self.nemesis.heal()
        for round_number in range(1, ROUNDS_MAX + 1):
            await asyncio.sleep(ROUND_S)
            await self.nemesis.tend()
            await self.adversaries.tend(self.plan.weeks)
            if self.auditor.agrees() and self.nemesis.is_mended() and self.adversaries.is_mended():
                self.trace.note("agreed", f"after {round_number} rounds")
                return
        self.auditor.complain(f"no agreement after {ROUNDS_MAX} quiet rounds")

    async def _close(self) -> None:
        await self.adversaries.close()
        for phone in (*self.phones, *self.nemesis.clones):
            await phone.power_off()
        for relay in self.relays:
            await relay.power_off()


def tell(plan: Plan, folder: Path) -> Ending:
    """Tell one story in an empty folder. What the product or the story does wrong is in `wrong`."""
    loop = VirtualLoop()
    story = Story(plan, loop, folder)
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(_told(story))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _told(story: Story) -> Ending:
    story.auditor.begin()
    try:
        return await story.tell()
    finally:
        story.auditor.end()
        await story.adversaries.close()
        for phone in (*story.phones, *story.nemesis.clones):
            await phone.kill()
        for relay in story.relays:
            await relay.kill()
