"""Mailboxes in PostgreSQL: several relay processes on one database.

Rule: acknowledged is what COMMIT with synchronous_commit = on returned from. The mailbox's row is
the lock and the counter, and no transaction touches two mailboxes. What another transaction or a
lost connection spoilt is tried again a few times, which is safe because every request may be made
twice; then it is "unavailable", until the database is back. Engines that speak the same protocol
over many machines need nothing more than what is used here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg

from relay.log_entries import append
from relay.migrate import SELECT, migrate_postgres, require_newest
from relay.postgres_append import append_shortly
from relay.postgres_news import PostgresNews
from relay.rows import Row
from relay.sql_store import Make, Pushes, Results, SqlStore
from relay.standing import first_salt
from relay.statements import Statement, Steps
from relay.store import Append, StoreError

T = TypeVar("T")

CONNECTIONS_MAX: Final = 10
"""Of one process; a database that many processes share must allow as many of each."""
_CONNECT_S: Final = 10
_COMMAND_S: Final = 30
_CLOSE_S: Final = 10
_WAITS_S: Final = (0.01, 0.05, 0.2, 0.5)
"""Before each further try."""
_SETTINGS: Final = {"application_name": "mkutano-relay", "synchronous_commit": "on"}

_MADE_MEANWHILE: Final = frozenset({"42P07", "42710"})
"""Another process made the same table, or its type, at this very moment: it is there now."""
_SPOILT: Final = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock."""
_FULL: Final = frozenset({"53100"})
_LOST_CLASSES: Final = frozenset({"08", "57"})
"""Connection exception; operator intervention, such as a server that stops or starts."""
_FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class PostgresStore(SqlStore):
    """See relay.store.Store; `open_postgres` makes one."""

    def __init__(self, pool: Any, news: PostgresNews) -> None:
        self._pool = pool
        self._news = news
        self._closed = False
        self._short_way = True
        """False once the engine said that it can't."""

    async def close(self) -> None:
        """See Store."""
        self._closed = True
        await self._news.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._pool.close()
        except _FAULTS:
            self._pool.terminate()

    async def check(self) -> None:
        """See Store."""
        require_newest("postgres", await self._tried(partial(self._pool.fetch, SELECT)))

    def news(self) -> AsyncIterator[tuple[bytes, ...]]:
        """See Store."""
        return self._news.heard()

    async def announce(self, mailboxes: Sequence[bytes]) -> None:
        """See Store."""
        self._news.announce(mailboxes)

    async def begin(self, salt: bytes) -> None:
        """Make the tables; when the store is opened."""
        await self._tried(self._migrate)
        await self._write(partial(first_salt, salt))

    async def _migrate(self) -> None:
        async with self._pool.acquire() as connection:
            await migrate_postgres(connection)

    async def _read(self, make: Make[T]) -> T:
        return await self._tried(partial(self._without_transaction, make))

    async def _write(self, make: Make[T]) -> T:
        return await self._tried(partial(self._in_transaction, make))

    async def _append_each(self, pushes: Sequence[Pushes], now_ms: int) -> list[Results]:
        return list(await asyncio.gather(*(self._append(*one, now_ms) for one in pushes)))

    async def _append(self, mailbox: bytes, appends: Sequence[Append], now_ms: int) -> Results:
        """The short way where it goes, else the long one."""
        try:
            shortly = partial(append_shortly, mailbox, appends, now_ms)
            results = await self._tried(partial(self._shortly, shortly))
            if results is None:
                results = await self._write(partial(append, mailbox, appends, now_ms))
        except StoreError as error:
            return [error] * len(appends)
        return results

    async def _shortly(self, make: Make[Results | None]) -> Results | None:
        if not self._short_way:
            return None
        try:
            return await self._without_transaction(make)
        except asyncpg.FeatureNotSupportedError:
            self._short_way = False
            return None

    async def _without_transaction(self, make: Make[T]) -> T:
        async with self._pool.acquire() as connection:
            return await _run(connection, make())

    async def _in_transaction(self, make: Make[T]) -> T:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="read_committed"),
        ):
            return await _run(connection, make())

    async def _tried(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try, and again when that may help. StoreError."""
        for wait_s in (*_WAITS_S, None):
            if self._closed:
                break
            try:
                return await attempt()
            except _FAULTS as error:
                if wait_s is None or not _may_pass(error):
                    raise _explained(error) from error
            await asyncio.sleep(wait_s)
        raise StoreError("unavailable", "the store is closed")


async def open_postgres(
    url: str, salt: bytes, connections_max: int = CONNECTIONS_MAX
) -> PostgresStore:
    """Open the mailboxes in the database at a `postgresql://` URL, and make its tables.

    `salt` is 32 random bytes that a new database begins with; log ids follow from it. One more
    connection than `connections_max` is used, for news. StoreError("unavailable") when it does not
    answer, and what relay/migrate.py raises.
    """
    connect = partial(
        asyncpg.connect,
        url,
        timeout=_CONNECT_S,
        command_timeout=_COMMAND_S,
        server_settings=_SETTINGS,
    )
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections_max,
            timeout=_CONNECT_S,
            command_timeout=_COMMAND_S,
            server_settings=_SETTINGS,
            reset=_keep,
        )
    except (*_FAULTS, ValueError) as error:
        raise _explained(error) from error
    store = PostgresStore(pool, PostgresNews(connect))
    try:
        await store.begin(salt)
    except BaseException:
        await store.close()
        raise
    return store


async def _keep(_connection: Any) -> None:
    """A connection goes back to the pool as it is: requests leave nothing behind but a transaction
    that failed, and the pool ends that by itself."""


async def _run(connection: Any, steps: Steps[T]) -> T:
    """Give a request the rows that it asks for, until it is done."""
    with contextlib.closing(steps):
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await _rows(connection, statement))
        except StopIteration as stop:
            result: T = stop.value
            return result


async def _rows(connection: Any, statement: Statement) -> Sequence[Row]:
    if not statement.many:
        rows: Sequence[Row] = await connection.fetch(statement.sql, *statement.values)
        return rows
    if len(statement.values) == 1:
        await connection.execute(statement.sql, *_only(statement.values))
    else:
        await connection.executemany(statement.sql, statement.values)
    return ()


def _only(rows: Sequence[Any]) -> Sequence[object]:
    (row,) = rows
    return tuple(row)


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _may_pass(error: BaseException) -> bool:
    """Whether trying again at once may help."""
    if isinstance(error, TimeoutError):
        return False  # that took long enough
    state = _state(error)
    if isinstance(error, asyncpg.PostgresError):
        return state in _SPOILT or state in _MADE_MEANWHILE or state[:2] in _LOST_CLASSES
    return True


def _explained(error: BaseException) -> StoreError:
    if _state(error) in _FULL:
        return StoreError("storage_full", "PostgreSQL has no space left.")
    what = str(error) or type(error).__name__
    return StoreError("unavailable", f"PostgreSQL does not do this now: {what}")
