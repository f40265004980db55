"""A relay's mailboxes on a simulated disk: what it had acknowledged before a power cut is there.

The relay's own store pushes blobs into two logs and a box, in several at once and one by one, on
the same file whose every write is recorded. After a cut each mailbox must stand where it stood at
the last acknowledged push or at the one under way, with a chain over its entries that is whole.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, cast

from relay.facts import Access, SignedAccess, chain_next, chain_start
from relay.sqlite_store import SqliteStore, open_sqlite
from relay.store import Append, Appended, StoreError
from simulations.disk.connection import SimulatedConnection
from simulations.disk.disk import WAYS, Done, SimulatedDisk
from simulations.disk.errors import ErrorPoint, points
from simulations.disk.files import Way

SALT: Final = b"salt of a relay on a disk".ljust(32)
NAMES: Final = ("log one", "log two", "box")
PUSHES: Final = 12
_BYTES_MAX: Final = 2**40

Standings = tuple[tuple[int, bytes], ...]
"""(cursor, chain) of every mailbox."""


class Pushed(NamedTuple):
    """After a push that was acknowledged."""

    writes: int
    standings: Standings


class Day(NamedTuple):
    """A relay's day that is over."""

    path: Path
    before: SimulatedDisk
    log: tuple[Done, ...]
    moments: tuple[Pushed, ...]


class RelayImage(NamedTuple):
    """The relay's disk as a cut left it."""

    writes: int
    way: Way
    disk: SimulatedDisk

    @property
    def name(self) -> str:
        """By which it can be made again."""
        return f"{self.writes}/{self.way}"


class _Shared:
    """One connection for the store's two threads, which here never work at the same time: without
    shared memory SQLite takes no second one (simulations/disk/connection.py).
    """

    def __init__(self, disk: SimulatedDisk) -> None:
        self._disk = disk
        self._connection: SimulatedConnection | None = None
        self._users = 0

    def __call__(self, path: Path, busy_ms: int) -> sqlite3.Connection:
        if self._connection is None:
            self._disk.adopt(path)
            self._connection = SimulatedConnection(self._disk, str(path))
        self._users += 1
        return cast(sqlite3.Connection, _View(self, self._connection))

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0 and self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class _View:
    """What one thread sees of it."""

    def __init__(self, shared: _Shared, connection: SimulatedConnection) -> None:
        self._shared, self._connection = shared, connection

    def execute(self, sql: str, values: Sequence[object] = ()) -> Any:
        if sql == "PRAGMA query_only = ON":
            sql = "PRAGMA query_only"
        return self._connection.execute(sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        self._shared.leave()


def key(name: str) -> bytes:
    """A name as 32 bytes."""
    return sha256(name.encode()).digest()


@asynccontextmanager
async def opened(path: Path, disk: SimulatedDisk) -> AsyncIterator[SqliteStore]:
    """The relay's store on a simulated disk."""
    store = await open_sqlite(path, SALT, 50, connect=_Shared(disk))
    try:
        yield store
    finally:
        await store.close()


async def push(store: SqliteStore, name: str, texts: Sequence[str]) -> None:
    """Push blobs into a mailbox together. StoreError when they were not acknowledged."""
    appends = [_append(name, text) for text in texts]
    for one in await store.append(appends, 5):
        if not isinstance(one, Appended):
            raise one


def _append(name: str, text: str) -> Append:
    blob = text.encode().ljust(2500, b".")
    digest = sha256(blob).digest()
    signature = key(text) * 2
    return Append(key(name), key("writer"), digest, signature, blob, 1, _BYTES_MAX)


async def create(store: SqliteStore) -> None:
    """Make the mailboxes."""
    for name in NAMES:
        kind = "box" if name == "box" else "log"
        access = Access(1, kind, 1, ((key("writer"),),), (), (), ())  # type: ignore[arg-type]
        await store.create(key(name), key("founder"), [SignedAccess(access, ())], 5)


async def standings(store: SqliteStore) -> Standings:
    """Where every mailbox stands; StoreError when a chain is not whole."""
    found = []
    for name in NAMES:
        now, entries = await store.entries(key(name), 0, 10**9, 1000)
        chain = chain_start(now.mailbox, now.log_id)
        for entry in entries:
            chain = chain_next(chain, entry)
            if entry.blob is not None and sha256(entry.blob).digest() != entry.blob_hash:
                raise StoreError("unavailable", f"{name}: a blob is not what it was")
        if chain != now.chain or len(entries) != now.cursor:
            raise StoreError("unavailable", f"{name}: the chain is broken")
        found.append((now.cursor, now.chain))
    return tuple(found)


async def relay_day(folder: Path, instead: dict[str, str]) -> Day:
    """A day of pushes, with a restart in the middle."""
    path, disk = folder / "relay.sqlite", SimulatedDisk(3)
    async with opened(path, disk) as store:
        await create(store)
        begin = await standings(store)
    disk.instead.update(instead)
    before, moments = disk.record(), [Pushed(0, begin)]
    for part in range(2):
        async with opened(path, disk) as store:
            await disk_checkpoints_soon(store)
            for n in range(PUSHES):
                texts = [f"{part} {n} {one}" for one in range(1 + n % 3)]
                await push(store, NAMES[n % len(NAMES)], texts)
                moments.append(Pushed(len(disk.log or ()), await standings(store)))
    return Day(path, before, tuple(disk.log or ()), tuple(moments))


async def disk_checkpoints_soon(store: SqliteStore) -> None:
    """Have the log folded back often."""
    thread = await store._thread(True)
    await thread.run(lambda one: one.execute("PRAGMA wal_autocheckpoint = 40").fetchall())


def relay_images(day: Day, seed: int, share: float = 1.0) -> Iterator[RelayImage]:
    """After every step of the log, each of the four ways; of them only a `share`, by chance."""
    disk = day.before.clone()
    for writes in range(len(day.log) + 1):
        for way in WAYS:
            chance = Random(f"{seed} {writes} {way}")
            if chance.random() < share:
                yield RelayImage(writes, way, disk.crash(chance, way))
        if writes < len(day.log):
            disk.replay(day.log[writes])


async def relay_fault_of(day: Day, image: RelayImage) -> str:
    """What is wrong with an image, or "" when every promise is kept."""
    done = [moment for moment in day.moments if moment.writes <= image.writes]
    allowed = [moment.standings for moment in day.moments[len(done) - 1 : len(done) + 1]]
    try:
        async with opened(day.path, image.disk) as store:
            found = await standings(store)
            if found not in allowed:
                return f"mailboxes at {[n for n, _ in found]}, not {[n for n, _ in allowed[0]]}"
            await push(store, "log one", ["after the cut"])
            now = await standings(store)
            return "" if now[0][0] == found[0][0] + 1 else "a push after the cut was lost"
    except (StoreError, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"


def relay_error_points(day: Day) -> Iterator[ErrorPoint]:
    """As many calls of each kind as the pushes of `relay_fault_at` make when nothing fails."""
    disk = day.before.clone()
    asyncio.run(_pushes_on(day.path, disk))
    return points(disk.calls)


async def relay_fault_at(day: Day, point: ErrorPoint) -> str:
    """What is wrong after this call to the disk failed during pushes, or ""."""
    disk = day.before.clone()
    disk.fail(point.call, point.after_calls, point.fault, point.times)
    acknowledged = await _pushes_on(day.path, disk)
    disk.heal()
    try:
        async with opened(day.path, disk) as store:
            before = await standings(store)
            if before[0][0] < day.moments[0].standings[0][0] + acknowledged:
                return f"{before[0][0]} blobs, {acknowledged} were acknowledged"
            await push(store, "log one", ["after the fault"])
            cut = disk.crash(Random(0), "dropped")
        async with opened(day.path, cut) as store:
            now = await standings(store)
        return "" if now[0][0] == before[0][0] + 1 else "a push after the fault was lost"
    except (StoreError, sqlite3.Error) as error:
        return f"after the fault: {type(error).__name__}: {error}"


async def _pushes_on(path: Path, disk: SimulatedDisk) -> int:
    acknowledged = 0
    try:
        async with opened(path, disk) as store:
            for n in range(3):
                try:
                    await push(store, "log one", [f"pushed {n}"])
                    acknowledged += 1
                except StoreError as error:
                    if error.code not in ("unavailable", "storage_full"):
                        raise
    except StoreError as error:
        if error.code not in ("unavailable", "storage_full"):
            raise
    return acknowledged
