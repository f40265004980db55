"""A document library in the measures of the bench: one list of packed rows, SQLite under it.

The library's own way to save compactly is one row in a SQLite table; what a new entry adds is one
more row, committed with the durability of a ledger (WAL, synchronous = FULL). Opening is reading
them back to the balances on the screen; there is no book, so advancing is adding up 90 new rows.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from statistics import median
from typing import Generic, NamedTuple, Protocol, TypeVar

from simulations.bench.disk import bare_table, insert
from simulations.bench.figures import Stopwatch, timed
from simulations.bench.peers.candidate import WRITES_A_ROUND, Answer, Setting, Step
from simulations.bench.peers.rows import Workload, add_up, balances

HISTORY, FIRST, SECOND, NEWCOMER = 1, 2, 3, 4
"""Authors: of the history, of each tail, and the empty phone."""


class Document(Protocol):
    """A replica: a list of rows that others may add to at the same time."""

    def append(self, rows: Sequence[bytes]) -> None:
        """Add rows at the end, as its author."""
        ...

    def append_kept(self, row: bytes) -> bytes:
        """Add one row; what must be kept on disk for it."""
        ...

    def saved(self) -> bytes:
        """All of it, as compact as the library does it."""
        ...

    def rows(self, start: int = 0) -> list[bytes]:
        """The rows from this number on, in the list's order."""
        ...


D = TypeVar("D", bound=Document)


class Met(NamedTuple):
    """Two replicas that came to the same state."""

    total_bytes: int
    ms: float
    second_ms: float
    """The second replica's own work on what it received."""


class Library(NamedTuple, Generic[D]):
    """How a library is used."""

    load: Callable[[Sequence[bytes], int], D]
    """A document of an author, out of what was saved and kept; out of nothing, an empty one."""
    meet: Callable[[D, D], Met]
    """Let two replicas exchange what each lacks; both must be equal afterwards."""


class LibraryCandidate(Generic[D]):
    """One library on one workload."""

    def __init__(self, library: Library[D], setting: Setting, rows_a_save: int) -> None:
        self._library = library
        self._folder = setting.folder
        self._workload = Workload.load(setting.workload)
        self._saved = {length: self._grown(length, rows_a_save) for length in setting.lengths}
        self._balances = balances(self._workload.rows)
        self._path = setting.folder / "library.sqlite"
        with closing(bare_table(self._path)) as table:
            insert(table, self._saved[setting.lengths[-1]])

    def _grown(self, length: int, rows_a_save: int) -> bytes:
        """The history as the library saves it, written as many rows at a time."""
        document = self._library.load((), HISTORY)
        for start in range(0, length, rows_a_save):
            document.append(self._workload.rows[start : min(start + rows_a_save, length)])
        return document.saved()

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Do this step once."""
        match step:
            case "meeting":
                met = self._meet(length, run)
                return {"meeting_bytes": met.total_bytes, "meeting_ms": met.ms}
            case "bootstrap":
                return self._bootstrap(length)
            case "at_rest":
                return {"at_rest_bytes": len(self._saved[length])}
            case "durable":
                return {"durable_ms": self._durable()}
            case "open":
                return {"open_ms": timed(self._open)}
            case "advance":
                return {"advance_ms": self._advance(length, run)}

    def _meet(self, length: int, run: int) -> Met:
        tails = self._workload.tails[length, run]
        first, second = (
            self._library.load((self._saved[length],), author) for author in (FIRST, SECOND)
        )
        first.append(tails[0])
        second.append(tails[1])
        met = self._library.meet(first, second)
        assert first.rows(length) == second.rows(length), "both list the same rows"
        assert sorted(first.rows(length)) == sorted(tails[0] + tails[1]), "and all of them"
        return met

    def _bootstrap(self, length: int) -> Answer:
        """All rows to an empty replica, which hands them out in order."""
        full = self._library.load((self._saved[length],), FIRST)
        empty = self._library.load((), NEWCOMER)
        met = self._library.meet(full, empty)
        watch = Stopwatch()
        with watch.running():
            rows = empty.rows()
        assert rows == self._workload.rows[:length]
        return {"bootstrap_bytes": met.total_bytes, "bootstrap_ms": met.second_ms + watch.ms}

    def _durable(self) -> float:
        """The median of some entries, each made and committed."""
        with closing(bare_table(self._path)) as table:
            document = self._library.load(_kept(table), FIRST)
            row = self._workload.rows[-1]
            taken = [
                timed(lambda: insert(table, document.append_kept(row)))
                for _ in range(WRITES_A_ROUND)
            ]
            table.execute("DELETE FROM entries WHERE number > 1")
        return median(taken)

    def _open(self) -> None:
        with closing(sqlite3.connect(self._path)) as table:
            document = self._library.load(_kept(table), FIRST)
        assert balances(document.rows()) == self._balances, "it shows what everybody paid in"

    def _advance(self, length: int, run: int) -> float:
        """Rows that arrived are added to the balances on the screen."""
        tail = self._workload.tails[length, run][0]
        first, second = (
            self._library.load((self._saved[length],), author) for author in (FIRST, SECOND)
        )
        first.append(tail)
        self._library.meet(first, second)
        watch = Stopwatch()
        with watch.running():
            shown = add_up(self._balances, second.rows(length))
        assert shown == add_up(self._balances, tail)
        return watch.ms


def _kept(table: sqlite3.Connection) -> list[bytes]:
    return [entry for (entry,) in table.execute("SELECT entry FROM entries ORDER BY number")]
