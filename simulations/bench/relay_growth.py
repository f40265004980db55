"""`python -m simulations.bench.relay_growth [--postgres-here]`: what a mailbox costs among many.

For each number of mailboxes a store is filled with a month of each, week after week in a shuffled
order as groups meet, and then measured: appends, one to a commit and many; a pull; what opening one
asks of the database; a search; bytes on disk; start and memory of a relay process over it. Filling
SQLite does not wait for the disk; everything that is measured does. The reference, taken in turns
with the appends, is a bare commit of the same bytes into an SQLite file of its own.
"""

import asyncio
import json
import random
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from relay.facts import Kind
from relay.opening import DATABASE_NAME
from relay.postgres_store import open_postgres
from relay.relay_key import make_key
from relay.sqlite_store import open_sqlite
from relay.store import Append, Store
from simulations.bench.figures import Figure, at_most, table
from simulations.bench.relay_crowd import percentile
from simulations.bench.relay_filling import Place, append_of, fill, make, new_place
from simulations.bench.relay_running import bytes_in, mib, relay_arguments, running
from simulations.postgres_server import MISSING, PostgresServer, postgres_programs, running_postgres

SIZES: Final = (100, 1_000, 10_000, 100_000)
GROWTH_MAX: Final = 2.0
"""Times the cost among the fewest mailboxes; trees are a level deeper, and caches are colder."""
ROUNDS: Final = 300
BATCH: Final = 64
PHONES: Final = 5
WEEKS: Final = 4
TAGS: Final = 9
"""Under which a group's doors are found: five phones, three pairs of cards, one reader."""
_FILL_BATCH: Final = 2_000
_FIND_MAX: Final = 8192
_PULL_BYTES: Final = 512 * 1024
_PULL_COUNT: Final = 2048


class Month(NamedTuple):
    """What goes into one kind of mailbox, in the sizes of `relay_year.py` when a phone gathers for
    minutes: it is the number of mailboxes that is tried here, not the length of their logs."""

    a_week: int
    once: int
    blob_bytes: int


_MONTHS: Final = (Month(8, 0, 1_100), Month(0, PHONES, 1_150), Month(0, PHONES, 1_450),
                  Month(2, 0, 921))  # fmt: skip
_KINDS: Final[tuple[Kind, ...]] = ("log", "box", "box", "log")


class Database(NamedTuple):
    """Where a store is."""

    engine: str
    open: Callable[[bool], Awaitable[Store]]
    """Opens it; True: to be filled, without waiting for the disk."""
    bytes_used: Callable[[], int]
    relay_database: str
    """What a relay process over it is told."""
    state: Path


class Filled(NamedTuple):
    """A store with its mailboxes."""

    places: Sequence[Place]
    tags: Sequence[bytes]
    seconds: float
    blobs: int


class Measured(NamedTuple):
    """What one mailbox costs among `mailboxes`, in milliseconds."""

    engine: str
    mailboxes: int
    blobs: int
    filling_s: float
    append_p50_ms: float
    append_p95_ms: float
    batch_ms: float
    """Of one blob, when 64 into different mailboxes are given at once."""
    bare_append_ms: float
    bare_batch_ms: float
    pull_p50_ms: float
    pull_p95_ms: float
    open_p50_ms: float
    find_p50_ms: float
    disk_bytes: int
    """Of one mailbox with its month."""
    kept_bytes: int
    """Of its blobs."""
    start_ms: float
    """Of a relay process, from the command to its first line."""
    memory_mib: float
    """Of that process, once it listens."""


async def filled(store: Store, mailboxes: int) -> Filled:
    """Make and fill so many mailboxes."""
    began = time.perf_counter()
    places = [new_place(_KINDS[at % 4], PHONES) for at in range(mailboxes)]
    tags = [secrets.token_bytes(32) for _ in range(max(TAGS, mailboxes // 4))]
    chance = random.Random(5)
    for start in range(0, mailboxes, _FILL_BATCH):
        await asyncio.gather(
            *(
                make(store, place, chance.sample(tags, TAGS) if at % 4 == 1 else ())
                for at, place in enumerate(places[start : start + _FILL_BATCH], start)
            )
        )
    blobs = 0
    for week in range(WEEKS):
        pushed: list[Append] = []
        for at in chance.sample(range(mailboxes), mailboxes):
            pushed += _of_week(places[at], _MONTHS[at % 4], week)
            if len(pushed) >= _FILL_BATCH:
                blobs += len(pushed)
                await fill(store, pushed, _FILL_BATCH)
                pushed = []
        blobs += len(pushed)
        await fill(store, pushed, _FILL_BATCH)
    return Filled(places, tags, time.perf_counter() - began, blobs)


def _of_week(place: Place, month: Month, week: int) -> list[Append]:
    count = month.a_week + (month.once if week == 0 else 0)
    return [append_of(place, at, _blob(month.blob_bytes)) for at in range(count)]


def _blob(size: int) -> bytes:
    return secrets.token_bytes(size)


# Measuring


async def measured(database: Database, mailboxes: int, rounds: int = ROUNDS) -> Measured:
    """Fill a store and measure it. StoreError."""
    store = await database.open(True)
    content = await filled(store, mailboxes)
    await store.close()
    disk = database.bytes_used()
    store = await database.open(False)
    kept = (await store.usage())[1]
    logs = [place for at, place in enumerate(content.places) if at % 4 == 0]
    with TemporaryDirectory(prefix="mkutano-bare-") as folder:
        bare = bare_table(Path(folder) / "bare.sqlite")
        append, batch, bare_append, bare_batch = await _appends(store, bare, logs, rounds)
        bare.close()
    chance = random.Random(6)
    pull = await _timed(
        lambda: store.entries(chance.choice(logs).mailbox, 0, _PULL_BYTES, _PULL_COUNT), rounds
    )
    opened = await _timed(lambda: _look(store, chance.choice(content.places).mailbox), rounds)
    found = await _timed(lambda: store.find([chance.choice(content.tags)], _FIND_MAX), rounds)
    await store.close()
    make_key(database.state)
    with running(relay_arguments(database.state, database.relay_database)) as relay:
        began, memory = relay.start_ms, mib(relay.used().memory_kib)
    return Measured(
        database.engine, mailboxes, content.blobs, content.seconds,
        percentile(append, 50), percentile(append, 95), percentile(batch, 50) / BATCH,
        percentile(bare_append, 50), percentile(bare_batch, 50) / BATCH,
        percentile(pull, 50), percentile(pull, 95), percentile(opened, 50), percentile(found, 50),
        disk // mailboxes, kept // mailboxes, began, memory,
    )  # fmt: skip


async def _appends(
    store: Store, bare: sqlite3.Connection, logs: Sequence[Place], rounds: int
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Milliseconds of an append and of a batch, and of bare commits of the same, in turns."""
    chance = random.Random(8)
    took: tuple[list[float], ...] = ([], [], [], [])
    for number in range(rounds):
        one = [append_of(chance.choice(logs), 0, _blob(_MONTHS[0].blob_bytes))]
        took[0].append(await _once(lambda one=one: fill(store, one, 1)))  # type: ignore[misc]
        took[2].append(bare_commit(bare, one))
        if number % 10 == 0:
            many = [
                append_of(chance.choice(logs), 0, _blob(_MONTHS[0].blob_bytes))
                for _ in range(BATCH)
            ]
            took[1].append(await _once(lambda many=many: fill(store, many, BATCH)))  # type: ignore[misc]
            took[3].append(bare_commit(bare, many))
    return took[0], took[1], took[2], took[3]


async def _look(store: Store, mailbox: bytes) -> None:
    """What opening a mailbox asks of the database."""
    await store.pending(mailbox)
    await store.mailbox(mailbox)


async def _timed(work: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
    return [await _once(work) for _ in range(rounds)]


async def _once(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


def bare_table(path: Path) -> sqlite3.Connection:
    """A table with a relay's durability and nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE blobs (number INTEGER PRIMARY KEY, blob BLOB) STRICT")
    return connection


def bare_commit(connection: sqlite3.Connection, appends: Sequence[Append]) -> float:
    """Milliseconds to put these blobs on disk."""
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO blobs (blob) VALUES (?)", [(one.blob,) for one in appends])
    connection.execute("COMMIT")
    return (time.perf_counter() - began) * 1000


# Where


def sqlite_in(state: Path) -> Database:
    """A new SQLite database in this folder."""
    path = state / DATABASE_NAME

    async def opened(fills: bool) -> Store:
        prepare = _unsafe if fills else None
        return await open_sqlite(path, secrets.token_bytes(32), prepare=prepare)

    return Database("sqlite", opened, lambda: bytes_in(state), "", state)


def _unsafe(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def postgres_in(server: PostgresServer, state: Path) -> Database:
    """A new database of this server."""
    url = server.new_database()

    async def opened(_fills: bool) -> Store:
        return await open_postgres(url, secrets.token_bytes(32))

    def size() -> int:
        server.sql(url, "CHECKPOINT")
        return int(server.sql(url, "SELECT pg_database_size(current_database())"))

    return Database("postgres", opened, size, url, state)


@asynccontextmanager
async def databases(
    sizes: Sequence[int], postgres: bool
) -> AsyncIterator[Iterator[tuple[int, Database]]]:
    """A new database for each size."""
    programs = postgres_programs()
    if postgres and programs is None:
        raise click.ClickException(MISSING)
    server = running_postgres(programs, fsync=True) if postgres and programs else nullcontext()
    with server as running_server:

        def each() -> Iterator[tuple[int, Database]]:
            for size in sizes:
                with TemporaryDirectory(prefix="mkutano-growth-") as folder:
                    state = Path(folder)
                    yield (
                        size,
                        postgres_in(running_server, state) if running_server else sqlite_in(state),
                    )

        yield each()


async def grown_stores(
    sizes: Sequence[int], postgres: bool, rounds: int, say: Callable[[str], None]
) -> list[Measured]:
    """A measured store of each size."""
    results = []
    async with databases(sizes, postgres) as each:
        for size, database in each:
            say(f"Filling {size:,} mailboxes ({database.engine}).")
            results.append(await measured(database, size, rounds))
            say(json.dumps(results[-1]._asdict()))
    return results


def figures(results: Sequence[Measured]) -> Iterator[Figure]:
    """Each cost among many beside that among the fewest; appends relative to bare commits."""
    first = results[0]
    for one in results:
        bare = Figure("relay_append_ms", one.mailboxes, one.append_p50_ms, "ms",
                      one.bare_append_ms, "bare SQLite commit")  # fmt: skip
        yield bare
        yield bare._replace(metric="relay_append_of_64_ms", value=one.batch_ms,
                            reference=one.bare_batch_ms)  # fmt: skip
    last, among = results[-1], f"among {first.mailboxes:,}"
    for name, unit, now, then in (
        ("append", "x bare", _times_bare(last), _times_bare(first)),
        ("pull", "ms", last.pull_p50_ms, first.pull_p50_ms),
        ("open", "ms", last.open_p50_ms, first.open_p50_ms),
        ("find", "ms", last.find_p50_ms, first.find_p50_ms),
        ("disk", "B", last.disk_bytes, first.disk_bytes),
        ("memory", "MiB", last.memory_mib, first.memory_mib),
    ):
        metric = f"relay_{name}_growth"
        yield at_most(Figure(metric, last.mailboxes, now, unit, then, among), GROWTH_MAX)


def _times_bare(one: Measured) -> float:
    return one.append_p50_ms / one.bare_append_ms


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a size.")
@click.option("--sizes", default=",".join(map(str, SIZES)), show_default=True, help="Mailboxes.")
@click.option("--rounds", default=ROUNDS, show_default=True, help="Of each measurement.")
@click.option("--postgres-here", is_flag=True, help="Over a PostgreSQL that is started for it.")
def main(as_json: bool, sizes: str, rounds: int, postgres_here: bool) -> None:
    """What a mailbox costs, from a hundred to a hundred thousand of them."""
    chosen = [int(size) for size in sizes.split(",")]
    results = asyncio.run(
        grown_stores(chosen, postgres_here, rounds, lambda text: click.echo(text, err=True))
    )
    if as_json:
        for one in results:
            click.echo(json.dumps(one._asdict()))
        return
    for name, *values in zip(Measured._fields, *results, strict=True):
        shown = (f"{one:,.2f}" if isinstance(one, float) else f"{one:,}" if isinstance(one, int)
                 else one for one in values)  # fmt: skip
        click.echo(f"{name:16}" + "".join(f"{one:>14}" for one in shown))
    click.echo()
    click.echo(table(list(figures(results))))


if __name__ == "__main__":
    main()
