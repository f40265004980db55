"""Mailboxes in one SQLite file: nothing to set up, and one process.

Rule: acknowledged is what COMMIT with synchronous=FULL returned from. One thread writes and takes a
whole transaction as one call, so that a request which is given up leaves none open; another reads,
and sees what was committed. A connection that failed is closed and opened anew; a file that was
moved away is noticed before anything is written to it. `relay.sqlite.lock` is held with flock, so
that a second process is told so.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite

from relay.log_entries import append
from relay.migrate import SELECT, migrate_sqlite, require_newest
from relay.rows import Row
from relay.sql_store import Make, Pushes, Results, SqlStore
from relay.standing import first_salt
from relay.statements import Statement, Steps
from relay.store import StoreError

T = TypeVar("T")
Prepare = Callable[[sqlite3.Connection], None]
Connect = Callable[[Path, int], sqlite3.Connection]
"""Opens a file that is there; waits so many milliseconds for another program that holds it."""

BUSY_MS: Final = 5000
"""How long a write waits for another program that holds the file, such as one that copies it."""
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_APPLICATION_ID: Final = 0x4D6B526C
_PLACE: Final = re.compile(r"\$(\d+)")

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",  # a blob that was let go is overwritten: it may hold erased keys
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -16384",
    "PRAGMA trusted_schema = OFF",
)
_FOLD: Final = "PRAGMA wal_checkpoint(PASSIVE)"
"""Before a connection adds to a log that it found, the log is put into the file anew. Where a sync
had failed, the system keeps what was to be written in memory only and never writes it again; what
is added to such a log is lost with it at a power cut (Rebello and others, “Can applications
recover from fsync failures?”, USENIX ATC 2020)."""
_SURVIVED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
"""After these a connection may be used again; not after one that may have lost a write."""


class _Moved(sqlite3.OperationalError):
    """The path names another file, or none."""


class _Thread(aiosqlite.Connection):
    """A connection and the thread that alone uses it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True  # a process that fails ends, as if it were killed

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` there; it goes on when the caller is cancelled, and is whole."""
        result: T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
        return result

    async def ended(self) -> None:
        """Wait for the thread of a connection that could not be opened: it speaks to the loop once
        more, which must still be there."""
        await asyncio.to_thread(self._thread.join)


class SqliteStore(SqlStore):
    """See relay.store.Store; `open_sqlite` makes one."""

    def __init__(
        self, path: Path, lock: int, busy_ms: int, prepare: Prepare | None, connect: Connect
    ) -> None:
        self._path = path
        self._lock = lock
        self._connect = partial(_connected, path, lambda: connect(path, busy_ms), prepare)
        self._threads: dict[bool, _Thread] = {}
        """The one that writes, and the one that reads."""
        self._opening = asyncio.Lock()
        self._closed = asyncio.Event()

    async def close(self) -> None:
        """See Store."""
        self._closed.set()
        async with self._opening:
            for writing in list(self._threads):
                await self._drop(writing, self._threads[writing])
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def check(self) -> None:
        """See Store."""
        await self._on_thread(False, lambda connection: _check(connection))

    async def news(self) -> AsyncIterator[tuple[bytes, ...]]:
        """See Store: there is no other process."""
        await self._closed.wait()
        for _ in range(0):
            yield ()

    async def announce(self, mailboxes: Sequence[bytes]) -> None:
        """See Store: there is nobody to tell."""

    async def begin(self, salt: bytes) -> None:
        """Make the tables; only when the store is opened, for a file that is replaced meanwhile
        by an empty one is not this relay's any more."""
        await self._on_thread(True, partial(_begin, salt))

    async def _read(self, make: Make[T]) -> T:
        return (await self._on_thread(False, partial(_transaction, "BEGIN", [make])))[0]

    async def _write(self, make: Make[T]) -> T:
        work = partial(_transaction, "BEGIN IMMEDIATE", [make])
        return (await self._on_thread(True, work))[0]

    async def _append_each(self, pushes: Sequence[Pushes], now_ms: int) -> list[Results]:
        makes = [partial(append, mailbox, appends, now_ms) for mailbox, appends in pushes]
        try:
            return await self._on_thread(True, partial(_transaction, "BEGIN IMMEDIATE", makes))
        except StoreError as error:
            return [[error] * len(appends) for _, appends in pushes]

    async def _on_thread(self, writing: bool, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on one of the two threads. StoreError."""
        thread = await self._thread(writing)
        try:
            return await thread.run(work)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SURVIVED:
                await self._drop(writing, thread)
            raise self._explained(error) from error
        except ValueError as error:  # what the library says of a connection that was let go
            if thread is self._threads.get(writing):
                raise
            raise StoreError("unavailable", "the database was let go of") from error

    async def _thread(self, writing: bool) -> _Thread:
        async with self._opening:
            if self._closed.is_set():
                raise StoreError("unavailable", "the store is closed")
            if writing not in self._threads:
                thread = _Thread(partial(self._connect, writing))
                try:
                    await thread
                    self._threads[writing] = thread
                except sqlite3.Error as error:
                    await thread.ended()
                    raise self._explained(error) from error
            return self._threads[writing]

    async def _drop(self, writing: bool, thread: _Thread) -> None:
        """Close a connection; the next request opens another."""
        if self._threads.get(writing) is thread:
            del self._threads[writing]
            with contextlib.suppress(sqlite3.Error):  # a failing disk must not keep us from it
                await thread.close()

    def _explained(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return StoreError("storage_full", f"No space is left for {self._path}.")
        if code == sqlite3.SQLITE_CANTOPEN or isinstance(error, _Moved):
            return StoreError("unavailable", f"The database {self._path} is gone. Put it back.")
        if code == sqlite3.SQLITE_NOTADB:
            return StoreError("not_ours", f"The file {self._path} is no SQLite database.")
        return StoreError("unavailable", f"The database {self._path} does not answer: {error}.")


async def open_sqlite(
    path: Path,
    salt: bytes,
    busy_ms: int = BUSY_MS,
    prepare: Prepare | None = None,
    connect: Connect | None = None,
) -> SqliteStore:
    """Open the mailboxes in this file, or make it.

    `salt` is 32 random bytes that a new file begins with; log ids follow from it. For tests,
    `connect` makes the connections and `prepare` is called with each. StoreError("busy") when
    another process uses the file, ("not_ours") for another program's file, and what
    relay/migrate.py raises; OSError.
    """
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    store = SqliteStore(path, _take_lock(path), busy_ms, prepare, connect or _opened)
    try:
        _make_file(path)
        await store.begin(salt)
    except BaseException:
        await store.close()
        raise
    return store


def _take_lock(path: Path) -> int:
    name = path.with_name(path.name + ".lock")
    lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        who = f" (process {holder})" if holder.isdigit() else ""
        raise StoreError(
            "busy",
            f"Another relay{who} is using {path}. Stop that one first, or give this one another "
            "database; for several relays on one database use PostgreSQL.",
        ) from None
    with contextlib.suppress(OSError):  # the number is for people; a full disk has no room for it
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _make_file(path: Path) -> None:
    """Its owner's alone; what SQLite puts beside it takes the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    except FileExistsError:
        path.chmod(FILE_MODE)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# On the threads


def _opened(path: Path, busy_ms: int) -> sqlite3.Connection:
    """A connection to a file that is there: a missing one is never made."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=busy_ms / 1000, factory=_Connection
    )


def _connected(
    path: Path, connect: Callable[[], sqlite3.Connection], prepare: Prepare | None, writing: bool
) -> sqlite3.Connection:
    """A connection as this store needs it."""
    connection = connect()
    try:
        if isinstance(connection, _Connection):
            connection.path, connection.inode = path, _inode(path)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if writing:
            connection.execute(_FOLD).fetchall()
        else:
            connection.execute("PRAGMA query_only = ON")
        if prepare is not None:
            prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class _Connection(sqlite3.Connection):
    """Knows which file it has open."""

    path: Path
    inode: tuple[int, int]

    def require_file(self) -> None:
        """_Moved unless the path still names that file."""
        if _inode(self.path) != self.inode:
            raise _Moved("the file was moved or replaced")


def _inode(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _begin(salt: bytes, connection: sqlite3.Connection) -> None:
    (known,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and known != _APPLICATION_ID:
        raise StoreError("not_ours", "This database belongs to another program; name another file.")
    migrate_sqlite(connection)
    _transaction("BEGIN IMMEDIATE", [partial(first_salt, salt)], connection)


def _check(connection: sqlite3.Connection) -> None:
    if isinstance(connection, _Connection):
        connection.require_file()
    require_newest("sqlite", connection.execute(SELECT).fetchall())


def _transaction(begin: str, makes: Sequence[Make[T]], connection: sqlite3.Connection) -> list[T]:
    """Everything of these requests is on disk when this returns, or nothing of it is."""
    if isinstance(connection, _Connection):
        connection.require_file()
    connection.execute(begin)
    try:
        results = [_run(connection, make()) for make in makes]
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # closing rolls back too
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise
    return results


def _run(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    """Give a request the rows that it asks for, until it is done."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(_rows(connection, statement))
    except StopIteration as stop:
        result: T = stop.value
        return result


def _rows(connection: sqlite3.Connection, statement: Statement) -> Sequence[Row]:
    sql = _translated(statement.sql)
    if statement.many:
        connection.executemany(sql, statement.values)  # type: ignore[arg-type]
        return ()
    return connection.execute(sql, statement.values).fetchall()


@lru_cache(maxsize=512)
def _translated(sql: str) -> str:
    """In SQLite's spelling; who writes holds the whole file, so that no row needs a lock."""
    return _PLACE.sub(r"?\1", sql.removesuffix(" FOR UPDATE"))
