"""A connection to a simulated disk that a store takes for the standard driver's.

It offers what the stores use of `sqlite3.Connection`, with errors of the same classes and codes
(Modules/_sqlite/util.c says which code is which class). Without shared memory, which Python can't
offer here, SQLite keeps a write-ahead log only for one connection alone: locking_mode=EXCLUSIVE.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import apsw

from node.errors import StoreDamaged
from node.ledger_file import Keyed, judge_header
from simulations.disk.vfs import connection_to

if TYPE_CHECKING:
    from simulations.disk.disk import SimulatedDisk

T = TypeVar("T")
_CHANGES: Final = ("INSERT", "UPDATE", "DELETE", "REPLAC")
_WAL_SIZE: Final = "PRAGMA wal_autocheckpoint = "


class Cursor:
    """The answer to one statement."""

    __slots__ = ("_answer", "rowcount")

    def __init__(self, answer: apsw.Cursor, rowcount: int) -> None:
        self._answer = answer
        self.rowcount = rowcount
        """How many rows were changed; -1 for what changes none."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        try:
            return self._answer.fetchone()
        except apsw.Error as error:
            raise standard(error) from error

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        try:
            return self._answer.fetchall()
        except apsw.Error as error:
            raise standard(error) from error

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def close(self) -> None:
        """Let go of the statement."""
        _as_standard(self._answer.close)


class SimulatedConnection:
    """What a store may ask of a connection. Errors are those of `sqlite3`."""

    def __init__(self, disk: SimulatedDisk, name: str, may_create: bool = False) -> None:
        self._disk = disk  # SQLite knows it by a number only
        self._at_pages = 0
        self._is_due = False
        self._connection = _as_standard(lambda: connection_to(disk, name, may_create))
        self.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        self._checkpoint_after(1000)

    def execute(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> Cursor:
        """Run one statement."""
        connection = self._connection
        if self._disk.instead:
            sql = self._disk.instead.get(sql, sql)
        try:
            answer = connection.execute(sql, cast(Any, values))
            cursor = Cursor(answer, connection.changes() if _is_change(sql) else -1)
        except apsw.Error as error:
            raise standard(error) from error
        if sql.startswith(_WAL_SIZE):  # it puts SQLite's own hook in the place of ours
            self._checkpoint_after(int(sql.rpartition("=")[2]))
        if self._is_due:
            self._checkpoint()
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> Cursor:
        """Run one statement for each row."""
        before = self._connection.total_changes()
        answer = _as_standard(lambda: self._connection.executemany(sql, cast(Any, rows)))
        return Cursor(answer, self._connection.total_changes() - before)

    def executescript(self, sql: str) -> Cursor:
        """Run all statements of a text."""
        if self.in_transaction:
            self.execute("COMMIT")
        return self.execute(sql)

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Take the transaction back, if there is one."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Close the file; as with the standard driver, what fails meanwhile is not told."""
        with suppress(apsw.Error):
            self._connection.close(True)

    def __del__(self) -> None:
        """As the standard driver's: a phone that crashed in a simulation closed nothing."""
        if hasattr(self, "_connection"):
            self.close()

    def _checkpoint_after(self, pages: int) -> None:
        self._at_pages = pages
        self._connection.set_wal_hook(self._committed)

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._is_due = 0 < self._at_pages <= pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """What SQLite does by itself after such a commit, and whose errors it keeps to itself.

        Its Python driver would raise them as if the commit had failed.
        """
        self._is_due = False
        with suppress(apsw.Error):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)


class Door(Keyed):
    """The factory of a disk's connections to ledgers: judges the head of the simulated file."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self._disk = disk

    def __call__(self, path: Path) -> sqlite3.Connection:
        """Check the head as `check_header` does, and open."""
        disk = self._disk
        disk.adopt(path)
        file = disk.files.get(str(path))
        if file is None:
            raise StoreDamaged(f"The ledger file {path} is missing.")
        log = disk.files.get(f"{path}-wal")
        judge_header(path, bytes(file.content[:100]), len(file.content), bool(log and log.content))
        return self.bare(path)

    def bare(self, path: Path, may_create: bool = False) -> sqlite3.Connection:
        """Open without looking at the file first, for stores that judge it in another way."""
        self._disk.adopt(path)
        connection = SimulatedConnection(self._disk, str(path), may_create)
        return cast(sqlite3.Connection, connection)


def standard(error: apsw.Error) -> sqlite3.Error:
    """The error as the standard driver would raise it."""
    extended: int = getattr(error, "extendedresult", 0) or getattr(error, "result", 0)
    kind = _CLASSES.get(extended & 0xFF, sqlite3.DatabaseError)
    same = kind(str(error) or _WORDS.get(extended & 0xFF, "unknown error"))
    same.sqlite_errorcode = extended
    return same


@lru_cache(maxsize=1024)
def _is_change(sql: str) -> bool:
    return sql.lstrip()[:6].upper() in _CHANGES


def _as_standard(work: Callable[[], T]) -> T:
    try:
        return work()
    except apsw.Error as error:
        raise standard(error) from error


_WORDS: Final = {
    apsw.SQLITE_IOERR: "disk I/O error",
    apsw.SQLITE_FULL: "database or disk is full",
    apsw.SQLITE_CANTOPEN: "unable to open database file",
    apsw.SQLITE_BUSY: "database is locked",
}
"""SQLite's own words for the faults that a simulated disk raises."""
_OPERATIONAL = (
    "ERROR PERM ABORT BUSY LOCKED READONLY INTERRUPT IOERR FULL CANTOPEN PROTOCOL EMPTY SCHEMA"
)
_CLASSES: Final[dict[int, type[sqlite3.Error]]] = {
    **{getattr(apsw, f"SQLITE_{name}"): sqlite3.OperationalError for name in _OPERATIONAL.split()},
    apsw.SQLITE_INTERNAL: sqlite3.InternalError,
    apsw.SQLITE_NOTFOUND: sqlite3.InternalError,
    apsw.SQLITE_TOOBIG: sqlite3.DataError,
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_MISMATCH: sqlite3.IntegrityError,
    apsw.SQLITE_MISUSE: sqlite3.InterfaceError,
    apsw.SQLITE_RANGE: sqlite3.InterfaceError,
}
