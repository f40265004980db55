"""The one door to SQLite: errors become sentences, and a transaction is one step.

Nothing else in the node touches a connection, so nothing can leave a transaction open or show a
person an error in SQLite's words. Whether a write has reached the disk is decided by `COMMIT`
with synchronous=FULL, see node/ledger_file.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.ledger_file import Connect, connect, explain, fold_log, open_ledger, sqlite_errors

Row = tuple[Any, ...]


class Database:
    """An opened ledger file. Everything here raises NodeError when the device fails."""

    def __init__(self, path: Path, connect: Connect = connect) -> None:
        self.path = path
        self._connection = open_ledger(path, connect)
        self._execute = self._connection.execute
        self._is_folded = False

    def close(self) -> None:
        """Close the file; a failing device must not keep us from letting go of it."""
        try:
            self._connection.close()
        except sqlite_errors():
            return

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """The first row of a query."""
        try:
            row: Row | None = self._execute(sql, values).fetchone()
            return row
        except sqlite_errors() as error:
            raise explain(error, self.path) from error

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            return self._execute(sql, values).fetchall()
        except sqlite_errors() as error:
            raise explain(error, self.path) from error

    def write(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one statement inside a transaction; how many rows it changed."""
        self._require_transaction()
        try:
            return self._execute(sql, values).rowcount
        except sqlite_errors() as error:
            raise explain(error, self.path) from error

    def write_all(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row, inside a transaction."""
        self._require_transaction()
        try:
            self._connection.executemany(sql, rows)
        except sqlite_errors() as error:
            raise explain(error, self.path) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is on disk when this ends, or nothing of it is."""
        if self._connection.in_transaction:
            raise AssertionError("one transaction a step")
        try:
            if not self._is_folded:
                fold_log(self._connection)
                self._is_folded = True
            self._execute("BEGIN IMMEDIATE")
            yield
            self._execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite_errors()):
                raise explain(error, self.path) from error
            raise

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite_errors():
            return  # closing the connection rolls back too, and the first error is the one to tell

    def _require_transaction(self) -> None:
        if not self._connection.in_transaction:
            raise AssertionError("writing belongs in a transaction")
