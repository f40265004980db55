"""The tables of a relay, made step by step by numbered files of plain SQL.

Rule: a step runs once and leaves its checksum, and never changes afterwards: a database that a
newer relay made, or that was made from other files, is refused with a sentence and left as it is.
Two processes that start at once are safe, because a step begins by claiming its number.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from relay.store import StoreError

Engine = Literal["sqlite", "postgres"]

FOLDER: Final = Path(__file__).parent / "migrations"
_CLAIM: Final = "INSERT INTO migrations (version, checksum) VALUES ("
SELECT: Final = "SELECT version, checksum FROM migrations ORDER BY version"
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS migrations "
    "(version integer NOT NULL PRIMARY KEY, checksum text NOT NULL)"
)
_UNIQUE_VIOLATION: Final = "23505"
_ATTEMPTS: Final = 20


class Migration(NamedTuple):
    """One step."""

    version: int
    sql: str
    checksum: str
    """SHA-256 of the file, hexadecimal."""


@cache
def migrations(engine: Engine, folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All steps for an engine, in order."""
    files = sorted((folder / engine).glob("[0-9]*.sql"))
    found = [
        Migration(int(file.name[:4]), (text := file.read_text("utf-8")), _checksum(text))
        for file in files
    ]
    if [one.version for one in found] != list(range(1, len(found) + 1)):
        raise AssertionError("migrations are numbered 1, 2, 3 …")
    return tuple(found)


def missing(all_steps: Sequence[Migration], done: Sequence[Sequence[Any]]) -> tuple[Migration, ...]:
    """The steps that a database lacks which says (version, checksum) of those it has.

    StoreError("schema_too_new"), ("schema_changed") when it isn't one of ours.
    """
    if len(done) > len(all_steps):
        raise StoreError(
            "schema_too_new",
            f"This database was made by a newer relay (schema {len(done)}; this relay knows "
            f"{len(all_steps)}). Install the newer relay again; nothing was changed.",
        )
    for step, (version, checksum) in zip(all_steps, done, strict=False):
        if (version, checksum) != (step.version, step.checksum):
            raise StoreError(
                "schema_changed",
                f"Step {version} of this database's tables was not made by this relay's files. "
                "Use the relay that made it, or restore a backup; nothing was changed.",
            )
    return tuple(all_steps[len(done) :])


def require_newest(engine: Engine, done: Sequence[Sequence[Any]]) -> None:
    """StoreError unless a database has exactly the tables that this relay knows."""
    if missing(migrations(engine), done):
        raise StoreError("unavailable", "The database's tables are older: restart the relay.")


def migrate_sqlite(
    connection: sqlite3.Connection, steps: Sequence[Migration] | None = None
) -> None:
    """Run what is missing, each step as one transaction. StoreError, sqlite3.Error."""
    steps = migrations("sqlite") if steps is None else steps
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_TABLE)
            left = missing(steps, connection.execute(SELECT).fetchall())
            if left:
                connection.execute(f"{_CLAIM}?, ?)", (left[0].version, left[0].checksum))
                for statement in _statements(left[0].sql):
                    connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if len(left) <= 1:
            return


async def migrate_postgres(connection: Any, steps: Sequence[Migration] | None = None) -> None:
    """The same over a connection of asyncpg; its errors, StoreError."""
    steps = migrations("postgres") if steps is None else steps
    for _attempt in range(_ATTEMPTS + len(steps)):
        try:
            await connection.execute(_TABLE)
            left = missing(steps, await connection.fetch(SELECT))
            if not left:
                return
            async with connection.transaction():
                await connection.execute(f"{_CLAIM}$1, $2)", left[0].version, left[0].checksum)
                await connection.execute(left[0].sql)
        except Exception as error:
            if getattr(error, "sqlstate", "") != _UNIQUE_VIOLATION:
                raise  # else another process made it at this moment: look again
    raise StoreError("unavailable", "Another process keeps changing the database's tables.")


def _statements(script: str) -> Iterator[str]:
    """The single statements of a script: SQLite's own runner of scripts would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
