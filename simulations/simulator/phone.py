"""A phone: a home in a folder, a ledger on a disk, a clock of its own, and one program.

The program is the product's: the node, its links, the dialler, the relays' links, what follows
groups. Only what touches the machine is another: the thread that the node lives on is this one,
the wire is the story's, the clock is as wrong as the story wants. A phone that is killed leaves
what its disk holds; what a person does on it goes through the same doors as a command.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import aiohttp

from node.address import Address
from node.clock import CLOCK, Clock
from node.device import Device
from node.lan import Found, Lan
from node.marker import STATE_VARIABLE
from node.node import Node, Step
from node.node_thread import NodeThread
from node.running import working
from simulations.disk import PROCESS_ENDED, SimulatedDisk, Way
from simulations.simulator.process import Killed, Process
from simulations.simulator.wire import Http, Socket, Wire

P = ParamSpec("P")
T = TypeVar("T")

PORT = 8700
LAN_S = 0.8
"""Until a phone that appears is found by the others: zeroconf's own time."""


class PhoneClock(Clock):
    """The story's time, as this phone believes it."""

    def __init__(self, time_s: Callable[[], float], seed: str) -> None:
        self._time_s = time_s
        self._chance = random.Random(seed)
        self.chance = random.Random(f"{seed} accidents")
        """What befalls the phone draws from here, and its keys from elsewhere."""
        self.wall_at_start_ms = 1_767_225_600_000  # 2026-01-01
        """What a right clock shows when the story begins."""
        self.wrong_ms = 0
        """By how much this phone's is wrong; anybody may set a clock."""
        self.thread_s: Callable[[], float] = lambda: 0.0
        """How long the node's thread takes for what it is asked next."""
        super().__init__()

    def begin(self) -> None:
        """The program was started: from here on time only goes forward for it."""
        self._began_ms, self._began_boot_ms = self.wall_ms(), self.boot_ms()

    def wall_ms(self) -> int:
        """See Clock."""
        return self.wall_at_start_ms + self.boot_ms() + self.wrong_ms

    def monotonic_ms(self) -> float:
        """See Clock."""
        return self._time_s() * 1000

    def boot_ms(self) -> int:
        """See Clock."""
        return int(self._time_s() * 1000)

    def random_bytes(self, count: int) -> bytes:
        """See Clock: seeded, and never the same twice."""
        return self._chance.randbytes(count)

    def random_number(self) -> int:
        """Of 32 bits, for what is not the product's."""
        return self.chance.getrandbits(32)


class StoryThread(NodeThread):
    """The node's thread, which here is everybody's: what is asked for is done when asked."""

    def __init__(
        self,
        process: Process,
        clock: PhoneClock,
        version: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._process = process
        self._clock = clock
        self._version = version

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See NodeThread. A program that is killed meanwhile hears nothing of it."""
        self._process.require_alive()
        seconds = self._clock.thread_s()
        if seconds:
            await asyncio.sleep(seconds)
            self._process.require_alive()
        try:
            with self._version():
                return function(*args, **kwargs)
        finally:
            self._process.require_alive()  # a disk may have died under it

    def close(self) -> None:
        """There is none to end."""


class Neighbourhood:
    """Which phones find each other at which place."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.multicast = True
        """Whether the network lets phones find each other."""
        self.present: dict[str, StoryLan] = {}
        """By host."""

    def changed(self) -> None:
        """Somebody came or went: all hear of it a moment later."""
        for lan in self.present.values():
            asyncio.get_running_loop().call_later(LAN_S, lan.changed.set)


class StoryLan:
    """What `node.lan.Lan` is to a program, without zeroconf."""

    def __init__(self, near: Neighbourhood, host: str, instance: str) -> None:
        self.instance = instance
        self.changed = asyncio.Event()
        self.groups: tuple[bytes, ...] = ()
        self._near = near
        self._host = host

    def found(self) -> list[Found]:
        """See Lan."""
        return [
            Found(other.instance, group, (Address(host, PORT),))
            for host, other in self._near.present.items()
            if other is not self and self._hears(host)
            for group in self.groups
            if group in other.groups
        ]

    def everyone(self) -> list[Address]:
        """See Lan."""
        return [Address(host, PORT) for host in self._near.present if self._hears(host)]

    async def set_groups(self, groups: tuple[bytes, ...]) -> None:
        """See Lan."""
        self.groups = tuple(groups)
        self._near.present[self._host] = self
        self._near.changed()

    async def close(self) -> None:
        """See Lan."""
        self.leave()

    def leave(self) -> None:
        """Be found no more."""
        if self._near.present.get(self._host) is self:
            del self._near.present[self._host]
            self._near.changed()

    def _hears(self, host: str) -> bool:
        near = self._near
        return near.multicast and host != self._host and near.wire.reaches(host, self._host)


class Phone:
    """A phone of the story; off until `power_on`."""

    def __init__(
        self, name: str, host: str, folder: Path, near: Neighbourhood, clock: PhoneClock
    ) -> None:
        self.name = name
        self.host = host
        self.folder = folder
        self.clock = clock
        self.disk = SimulatedDisk(clock.random_number())
        self.dies: Way = PROCESS_ENDED
        """What the next killing leaves on its disk."""
        self.version: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        """Which Mkutano is installed: this one, or what makes it another while it works."""
        self.has_documents = True
        """Whether it keeps an Automerge document of each group beside the rebuild."""
        self.key = b""
        """Of the device that it was when it was last on."""
        self.process: Process | None = None
        self.device: Device | None = None
        self.lines: list[str] = []
        """What was said to its owner."""
        self._near = near
        self._lan: StoryLan | None = None
        self._stopped = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def home(self) -> Path:
        """Its home folder."""
        return self.folder / "home"

    @property
    def is_on(self) -> bool:
        """Whether its program runs."""
        return self.device is not None and self.process is not None and self.process.is_alive

    @property
    def is_busy(self) -> bool:
        """Whether a program of it lives, be it that it only begins or is about to end."""
        return self.process is not None and self.process.is_alive

    @property
    def node(self) -> Node:
        """The running program's node."""
        assert self.device is not None, f"{self.name} is off"
        return self.device.node

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What any SQLite program reads in the running phone's ledger."""
        return self.node.store.database.rows(sql, values)

    def make(self) -> None:
        """A new phone out of its box."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.used():
            Node.create(self.home, self.name).close()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Whatever is done inside is done on this phone."""
        token = CLOCK.set(self.clock)
        before = os.environ.get(STATE_VARIABLE)
        os.environ[STATE_VARIABLE] = str(self.folder / "state")
        try:
            with self.version():
                yield
        finally:
            CLOCK.reset(token)
            if before is None:
                del os.environ[STATE_VARIABLE]
            else:
                os.environ[STATE_VARIABLE] = before

    # On and off

    async def power_on(self) -> None:
        """Start the program. Raises what opening a home raises, and leaves the phone off."""
        assert not self.is_on, f"{self.name} is on"
        self.clock.begin()
        process = Process(self.name)
        process.context.run(CLOCK.set, self.clock)
        self.process, self._stopped, self._over = process, asyncio.Event(), asyncio.Event()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        process.at_death += (self._disk_lost, self._lan_lost)
        task = process.begin(self._run(process, ready))
        await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self._let_go(process)
            await task  # its error, or that it was killed

    async def power_off(self) -> None:
        """Stop the program in good order."""
        process, over = self.process, self._over
        if self.is_on:
            self._stopped.set()
            await over.wait()
        self._let_go(process)

    async def kill(self) -> None:
        """Pull the battery."""
        if self.process is not None and self.process.is_alive:
            self.process.kill()
        await self.bury()

    async def bury(self) -> None:
        """After a killing, whoever did it: let go of what a dead program held."""
        process = self.process
        if process is not None and not process.is_alive:
            await process.buried()
            self._let_go(process)

    def _let_go(self, process: Process | None) -> None:
        """A program has ended; another one may run already."""
        if self.process is process:
            self.device = None

    async def _run(self, process: Process, ready: "asyncio.Future[None]") -> None:
        stopped, over = self._stopped, self._over
        try:
            with self.used():
                node = Node.open(self.home, self.disk.connect)
        except BaseException:
            process.is_alive = False
            raise
        if not self.has_documents:
            vars(node)["open_documents"] = lambda: None
        self.key = node.device
        process.at_death.append(node.home.close)
        try:
            http = cast(aiohttp.ClientSession, Http(self._near.wire, self.host))
            self.device = device = Device(
                node, StoryThread(process, self.clock, self.version), http
            )
            device.links.stay = True
            device.listening = (Address(self.host, PORT),)
            self._lan = StoryLan(self._near, self.host, self.clock.random_bytes(8).hex())
            device.lan = cast(Lan, self._lan)
            self._near.wire.listen(self.host, PORT, process, self._answer)
            await self._lan.set_groups(tuple(node.groups))
            async with working(device, (), self.lines.append):
                ready.set_result(None)
                await stopped.wait()
            self._near.wire.unlisten(self.host, PORT)
            await device.close()
            self._lan.leave()
        finally:
            node.close()
            process.is_alive = False
            over.set()

    def _disk_lost(self) -> None:
        """From now on its program writes into nothing; the next one finds what was left."""
        self.disk.watch = None
        self.disk = self.disk.crash(self.clock.chance, self.dies)
        self.dies = PROCESS_ENDED

    def _lan_lost(self) -> None:
        if self._lan is not None:
            self._lan.leave()

    async def _answer(self, socket: Socket, who: str) -> None:
        assert self.device is not None
        await self.device.links.answer(cast(aiohttp.ClientWebSocketResponse, socket), who)

    # What a person does on it

    async def act(self, work: Callable[[Node], Step]) -> Step:
        """Run a step as a command would: stored when this returns, and on its way to others.

        NodeError when the phone refuses; Killed when it died meanwhile: then nobody knows.
        """
        return await self.ask(lambda device: device.write(work))

    async def ask(self, ask: Callable[[Device], Awaitable[T]]) -> T:
        """Have the running program do something that takes time. Killed, and what it raises."""
        device, process = self.device, self.process
        if device is None or process is None or not process.is_alive:
            raise Killed(self.name)
        task = process.begin(_awaited(ask, device))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if process.is_alive:
                raise
            raise Killed(self.name) from None


async def _awaited(ask: Callable[[Device], Awaitable[T]], device: Device) -> T:
    return await ask(device)
