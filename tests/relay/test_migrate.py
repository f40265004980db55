"""A database gets each step once, and one that is not of these files is left as it is."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from relay.migrate import (
    FOLDER,
    SELECT,
    Migration,
    migrate_postgres,
    migrate_sqlite,
    migrations,
    missing,
    require_newest,
)
from relay.postgres_store import open_postgres
from relay.sqlite_store import open_sqlite
from relay.store import StoreError
from tests.relay.conftest import SALT
from tests.relay.stored import key

ONE = Migration(1, "CREATE TABLE one (n integer); -- a remark; with a semicolon\n", "11")
TWO = Migration(2, "CREATE TABLE two (n integer);\nCREATE TABLE three (n integer);\n", "22")
BROKEN = Migration(2, "CREATE TABLE two (n integer);\nCREATE TABLE one (n integer);\n", "33")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as opened:
        yield opened


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def test_the_steps_of_both_engines_are_numbered_and_make_the_same_tables() -> None:
    for engine in ("sqlite", "postgres"):
        steps = migrations(engine)
        assert [one.version for one in steps] == [*range(1, len(steps) + 1)]
        assert len(list((FOLDER / engine).iterdir())) == len(steps)
    assert len(migrations("sqlite")) == len(migrations("postgres"))


def test_both_engines_have_the_same_columns_and_keys_begin_with_the_mailbox() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate_sqlite(connection)
        columns = {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'"
            ).fetchall()
        }
        firsts = {
            name: {
                connection.execute(f"PRAGMA index_info({row[1]})").fetchone()[2]
                for row in connection.execute(f"PRAGMA index_list({name})").fetchall()
            }
            for name in columns
        }
    assert firsts.pop("tags") == {"tag"}
    firsts.pop("renewals")
    assert set(map(frozenset, firsts.values())) == {frozenset({"mailbox"})}
    script = migrations("postgres")[0].sql
    for name, names in columns.items():
        body = script.partition(f"CREATE TABLE IF NOT EXISTS {name} (\n")[2].partition("\n);")[0]
        lines = [line.split()[0] for line in body.splitlines()]
        assert [word for word in lines if word != "PRIMARY"] == names


def test_what_is_missing_is_run_once_and_in_order(connection: sqlite3.Connection) -> None:
    migrate_sqlite(connection, [ONE])
    migrate_sqlite(connection, [ONE])
    migrate_sqlite(connection, [ONE, TWO])
    assert tables(connection) >= {"one", "two", "three"}
    assert connection.execute(SELECT).fetchall() == [(1, "11"), (2, "22")]


def test_a_step_that_fails_leaves_the_database_as_it_was(connection: sqlite3.Connection) -> None:
    migrate_sqlite(connection, [ONE])
    before = tables(connection)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate_sqlite(connection, [ONE, BROKEN])
    assert tables(connection) == before
    assert connection.execute(SELECT).fetchall() == [(1, "11")]
    migrate_sqlite(connection, [ONE, TWO])


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([ONE], "schema_too_new"),
        ([ONE, TWO._replace(checksum="99")], "schema_changed"),
        ([ONE._replace(checksum="99"), TWO], "schema_changed"),
    ],
)
def test_a_database_of_other_files_is_refused(
    connection: sqlite3.Connection, steps: list[Migration], code: str
) -> None:
    migrate_sqlite(connection, [ONE, TWO])
    done = connection.execute(SELECT).fetchall()
    with pytest.raises(StoreError) as caught:
        migrate_sqlite(connection, steps)
    assert caught.value.code == code
    assert caught.value.detail.endswith("nothing was changed.")
    assert connection.execute(SELECT).fetchall() == done
    with pytest.raises(StoreError):
        missing(steps, done)


def test_older_tables_are_said_to_be_older() -> None:
    with pytest.raises(StoreError, match="restart") as caught:
        require_newest("sqlite", [])
    assert caught.value.code == "unavailable"
    require_newest("sqlite", [(one.version, one.checksum) for one in migrations("sqlite")])


async def test_a_newer_relay_s_file_is_refused_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    await (await open_sqlite(path, SALT)).close()
    newest = len(migrations("sqlite"))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO migrations VALUES (?, 'later')", (newest + 1,))
    with pytest.raises(StoreError) as caught:
        await open_sqlite(path, SALT)
    assert caught.value.code == "schema_too_new"


async def test_a_file_s_salt_is_the_first_one(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    for salt in (SALT, key("another")):
        await (await open_sqlite(path, salt)).close()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT * FROM renewals").fetchall() == [(1, SALT)]


async def test_processes_that_start_at_once_make_the_tables_together(postgres_url: str) -> None:
    stores = await asyncio.gather(
        *(open_postgres(postgres_url, key(f"salt {n}"), connections_max=1) for n in range(5))
    )
    for store in stores:
        await store.check()
        await store.close()
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM renewals") == 1
        await again(connection)
    finally:
        await connection.close()


async def again(connection: Any) -> None:
    """Steps over PostgreSQL: once each, nothing of one that fails, and none of other files."""
    await connection.execute("DROP TABLE migrations")
    await migrate_postgres(connection, [ONE])
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate_postgres(connection, [ONE, BROKEN])
    await migrate_postgres(connection, [ONE, TWO])
    await migrate_postgres(connection, [ONE, TWO])
    with pytest.raises(StoreError) as caught:
        await migrate_postgres(connection, [ONE])
    assert caught.value.code == "schema_too_new"
