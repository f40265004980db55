"""A relay of the story: the product's desk, rooms, limits, upkeep and store, behind a wire.

Its database is the product's SQLite store, used from this thread; what it does not have is a
listening socket, a port for its operator and threads. It can be stopped, killed, and come back
with another disk.
"""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from aiohttp import web

from relay.clock import CLOCK, Clock
from relay.config import Config
from relay.opening import open_key
from relay.relay_key import RelayKey
from relay.server import Relay
from relay.sqlite_store import SqliteStore
from relay.store import SALT_BYTES
from simulations.disk import PROCESS_ENDED, SimulatedDisk, Way
from simulations.simulator.process import Process
from simulations.simulator.wire import Socket, Wire

T = TypeVar("T")

PORT = 8470
SURVIVED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
"""Errors after which the product's store keeps its connection."""


class RelayClock(Clock):
    """The story's time and a seeded chance."""

    def __init__(self, time_s: Callable[[], float], seed: str) -> None:
        self._time_s = time_s
        self._chance = random.Random(seed)
        self.chance = random.Random(f"{seed} accidents")
        """What befalls the relay draws from here, and its keys from elsewhere."""
        self.wrong_ms = 0

    def wall_ms(self) -> int:
        """See Clock."""
        return 1_767_225_600_000 + int(self._time_s() * 1000) + self.wrong_ms

    def monotonic_ms(self) -> float:
        """See Clock."""
        return self._time_s() * 1000

    def random_bytes(self, count: int) -> bytes:
        """See Clock."""
        return self._chance.randbytes(count)


class RelayHost:
    """A relay and the machine that it runs on; off until `power_on`."""

    def __init__(self, name: str, host: str, folder: Path, wire: Wire, clock: RelayClock) -> None:
        self.name = name
        self.host = host
        self.url = f"ws://{host}:{PORT}"
        self.folder = folder
        self.clock = clock
        self.disk = SimulatedDisk(clock.chance.getrandbits(32))
        self.dies: Way = PROCESS_ENDED
        """What the next killing leaves on its disk."""
        self.is_renewed = False
        """Whether its operator runs `renew` before the next start."""
        self.work_s: Callable[[], float] = lambda: 0.0
        """How long its database takes for what it is asked next."""
        self.between: Callable[[RelayHost, Socket, str], tuple[Any, Relay | None]] = _nothing
        """What stands between the wire and a relay; who lies puts itself there."""
        self.process: Process | None = None
        self.relay: Relay | None = None
        self._wire = wire
        self._stopped = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def is_on(self) -> bool:
        """Whether its program runs."""
        return self.relay is not None and self.process is not None and self.process.is_alive

    @property
    def key(self) -> RelayKey:
        """The key that phones know it by."""
        assert self.relay is not None, f"{self.name} is off"
        return self.relay.key

    def content(self) -> bytes:
        """Every byte on its disk."""
        found = (self.disk.content(Path(name)) for name in self.disk.files)
        return b"".join(one for one in found if one)

    async def power_on(self) -> None:
        """Start it; returns when it answers."""
        await self.kill()  # a start that nobody waited for to its end
        process = Process(self.name)
        process.context.run(CLOCK.set, self.clock)
        self.process, self._stopped, self._over = process, asyncio.Event(), asyncio.Event()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = process.begin(self._run(process, ready))
        await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await task

    async def power_off(self) -> None:
        """Stop it in good order."""
        if self.is_on:
            self._stopped.set()
            await self._over.wait()
        self.relay = None

    async def kill(self) -> None:
        """Pull the plug."""
        if self.process is not None and self.process.is_alive:
            self.process.kill()
        await self.bury()

    async def bury(self) -> None:
        """After a killing, whoever did it."""
        if self.process is not None and not self.process.is_alive:
            await self.process.buried()
        self.relay = None

    def _disk_lost(self) -> None:
        """From now on its program writes into nothing; the next one finds what was left."""
        self.disk.watch = None
        self.disk = self.disk.crash(self.clock.chance, self.dies)
        self.dies = PROCESS_ENDED

    async def _run(self, process: Process, ready: "asyncio.Future[None]") -> None:
        stopped, over = self._stopped, self._over
        config = Config(state=str(self.folder), admin=False)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "relay.sqlite"
        store = StoryStore(path, self)
        process.at_death += (self._disk_lost, store.let_go)
        try:
            await store.begin(self.clock.random_bytes(SALT_BYTES))
            if self.is_renewed:
                await store.renew(self.clock.random_bytes(SALT_BYTES))
                self.is_renewed = False
            self.relay = relay = Relay(config, store, await open_key(config, store))
            await relay.upkeep.start()
            self._wire.listen(self.host, PORT, process, self._answer)
            ready.set_result(None)
            await stopped.wait()
            self._wire.unlisten(self.host, PORT)
            await relay.close()
        finally:
            store.let_go()
            process.is_alive = False
            over.set()

    async def _answer(self, socket: Socket, who: str) -> None:
        talks, relay = self.between(self, socket, who)
        assert relay is not None
        request = SimpleNamespace(
            path="/", headers={}, remote=who, transport=SimpleNamespace(abort=socket.abort)
        )
        await relay.reception.talk(
            cast(web.WebSocketResponse, talks), cast(web.BaseRequest, request), who
        )


def _nothing(host: RelayHost, socket: Socket, _who: str) -> tuple[Any, Relay | None]:
    return socket, host.relay


class StoryStore(SqliteStore):
    """The product's store on this thread, with one connection to its host's disk."""

    def __init__(self, path: Path, host: RelayHost) -> None:
        disk = host.disk
        super().__init__(path, -1, 0, None, lambda path, _busy_ms: disk.connect.bare(path, True))
        self._host = host
        self._process = host.process
        self._connection: sqlite3.Connection | None = None

    async def _on_thread(self, writing: bool, work: Callable[[sqlite3.Connection], T]) -> T:
        seconds = self._host.work_s()
        if seconds:
            await asyncio.sleep(seconds)
        if self._process is not None:
            self._process.require_alive()
        try:
            if self._connection is None:
                self._connection = self._connect(True)
            return work(self._connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in SURVIVED:
                self.let_go()
            raise self._explained(error) from error
        finally:
            if self._process is not None:
                self._process.require_alive()  # a disk may have died under it

    def let_go(self) -> None:
        """The program is dead: what it had open is open no more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
