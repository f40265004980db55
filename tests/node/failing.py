"""A connection that fails at its n-th call, as a full or failing disk would make it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from node.ledger_file import connect


class Plan:
    """Which call fails, counted over all connections, and how."""

    def __init__(self, code: int = sqlite3.SQLITE_FULL) -> None:
        self.code = code
        self.fail_at = -1
        self.calls = 0

    def call(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            error = sqlite3.OperationalError("the disk of this test")
            error.sqlite_errorcode = self.code  # as SQLite's own errors carry it
            raise error

    def arm(self, fail_at: int) -> None:
        self.calls, self.fail_at = 0, fail_at

    def disarm(self) -> None:
        self.fail_at = -1


def failing(plan: Plan) -> Callable[[Path], sqlite3.Connection]:
    """A connection factory for `Store` and `Node`, under this plan."""

    class Failing(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            plan.call()
            return super().execute(*args)

        def executemany(self, *args: Any) -> sqlite3.Cursor:
            plan.call()
            return super().executemany(*args)

    def factory(path: Path) -> sqlite3.Connection:
        return connect(path, Failing)

    return factory
