"""What was acknowledged survives; what fails says so, changes nothing, and passes by itself."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from relay.facts import chain_next, chain_start
from relay.postgres_store import open_postgres
from relay.sqlite_store import SqliteStore, open_sqlite
from relay.store import Appended, Store, StoreError
from simulations.postgres_server import PostgresServer
from tests.relay.appender import MAILBOXES, opened
from tests.relay.conftest import SALT
from tests.relay.stored import FOUNDER, access, everything, key, push

GROUP = key("log of Umoja")
ACKNOWLEDGED = 60
SYNCING = ("journal_mode", "synchronous")
FULL = 2
COMMIT = "synchronous_commit"


async def append_one(store: Store, text: str, length: int = 0) -> str:
    """ "" when it is on disk, else the error's code."""
    (result,) = await store.append([push(GROUP, text, length=length)], 5)
    return "" if isinstance(result, Appended) else result.code


async def codes_of_reading(store: Store) -> set[str]:
    """What each kind of reading and writing but `append` says; "" when it works."""
    asked = [
        store.check(),
        store.mailbox(GROUP),
        store.entries(GROUP, 0, 100, 100),
        store.heads([GROUP]),
        store.find([key("tag")], 3),
        store.pending(GROUP),
        store.usage(),
    ]
    results = await asyncio.gather(*asked, return_exceptions=True)
    others = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, StoreError) for one in others)
    return {getattr(one, "code", "") if isinstance(one, StoreError) else "" for one in results}


def acknowledged_before_the_kill(place: str) -> set[tuple[str, ...]]:
    """(mailbox, cursor, chain) of what a process was told is stored."""
    command = [sys.executable, "-m", "tests.relay.appender", place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(ACKNOWLEDGED)]
        process.kill()
        lines += [line for line in process.stdout if line.endswith("\n")]
    told = {tuple(line.split()) for line in lines}
    assert len(told) >= ACKNOWLEDGED
    return told


async def test_what_a_killed_process_acknowledged_is_there(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "relay.sqlite")
    if engine == "postgres":
        place = request.getfixturevalue("postgres_url")
    told = await asyncio.to_thread(acknowledged_before_the_kill, place)
    store = await opened(place)
    kept = set()
    try:
        for mailbox in MAILBOXES:
            now = await store.mailbox(mailbox)
            assert now is not None
            chain = chain_start(mailbox, now.log_id)
            for entry in await everything(store, mailbox, 100_000):
                chain = chain_next(chain, entry)
                kept.add((mailbox.hex(), str(entry.cursor), chain.hex()))
    finally:
        await store.close()
    assert told <= kept


async def test_an_append_that_is_given_up_is_there_or_not_and_others_go_on(
    store: Store,
) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    tasks = [asyncio.create_task(append_one(store, f"given up {n}")) for n in range(20)]
    for n, task in enumerate(tasks):
        await asyncio.sleep(0)
        if n % 3:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert await append_one(store, "after") == ""
    blobs = {one.blob for one in await everything(store, GROUP)}
    finished = [n for n, one in enumerate(results) if one == ""]
    assert {f"given up {n}".encode() for n in finished} | {b"after"} <= blobs
    assert all(one == "" or isinstance(one, asyncio.CancelledError) for one in results)


async def test_what_is_acknowledged_was_synced_to_the_disk(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    store = await open_sqlite(tmp_path / "relay.sqlite", SALT)
    thread = await store._thread(True)
    settings = await thread.run(
        lambda one: [one.execute(f"PRAGMA {name}").fetchone()[0] for name in SYNCING]
    )
    await store.close()
    assert settings == ["wal", FULL]
    url = postgres.new_database()
    postgres.sql(url, f"ALTER DATABASE {url.split('/')[3].split('?')[0]} SET {COMMIT} = off")
    assert postgres.sql(url, f"SHOW {COMMIT}") == "off"
    other = await open_postgres(url, SALT, connections_max=1)
    assert await other._pool.fetchval(f"SHOW {COMMIT}") == "on"
    await other.close()


# SQLite


async def test_the_files_are_their_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "relay.sqlite"
    store = await open_sqlite(path, SALT)
    await store.create(GROUP, FOUNDER, [access()], 5)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    await store.close()
    assert set(modes) == {"relay.sqlite" + end for end in ("", "-wal", "-shm", ".lock")}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_second_process_on_one_file_is_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    first = await open_sqlite(path, SALT)
    with pytest.raises(StoreError, match=f"process {os.getpid()}.*PostgreSQL") as caught:
        await open_sqlite(path, SALT)
    assert caught.value.code == "busy"
    await first.close()
    await (await open_sqlite(path, SALT)).close()


@pytest.mark.parametrize("content", ["sql", "text"])
async def test_another_program_s_file_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "relay.sqlite"
    if content == "sql":
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("CREATE TABLE theirs (x)")
    else:
        path.write_text("These are the notes of somebody who keeps no database. " * 50)
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        await open_sqlite(path, SALT)
    assert caught.value.code == "not_ours"
    if content == "text":
        assert path.read_bytes() == before
    else:
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]


async def limit_pages(store: Store, pages: int) -> None:
    """As if the disk had so much room and no more."""
    assert isinstance(store, SqliteStore)
    thread = await store._thread(True)
    await thread.run(lambda one: one.execute(f"PRAGMA max_page_count = {pages}").fetchall())


async def test_a_full_disk_refuses_pushes_and_nothing_else(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path / "relay.sqlite", SALT)
    try:
        await store.create(GROUP, FOUNDER, [access()], 5)
        await limit_pages(store, 60)
        written = 0
        while await append_one(store, f"blob {written}", 5000) == "":
            written += 1
            assert written < 60
        assert await append_one(store, "large", 5000) == "storage_full"
        assert await codes_of_reading(store) == {""}
        assert len(await everything(store, GROUP)) == written
        await limit_pages(store, 10_000)
        assert await append_one(store, "large", 5000) == ""
        assert len(await everything(store, GROUP)) == written + 1
    finally:
        await store.close()


async def test_a_file_that_another_program_holds_is_unavailable_meanwhile(
    tmp_path: Path,
) -> None:
    path = tmp_path / "relay.sqlite"
    store = await open_sqlite(path, SALT, busy_ms=1)
    await store.create(GROUP, FOUNDER, [access()], 5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await append_one(store, "meanwhile") == "unavailable"
        assert await codes_of_reading(store) == {""}
        other.execute("ROLLBACK")
    assert await append_one(store, "afterwards") == ""
    await store.close()


async def test_a_file_that_is_moved_away_takes_nothing_and_comes_back(tmp_path: Path) -> None:
    path, away = tmp_path / "relay.sqlite", tmp_path / "away.sqlite"
    store = await open_sqlite(path, SALT)
    await store.create(GROUP, FOUNDER, [access()], 5)
    assert await append_one(store, "before") == ""
    path.rename(away)
    assert await append_one(store, "lost") == "unavailable"
    assert await append_one(store, "lost too") == "unavailable"
    assert await codes_of_reading(store) == {"unavailable"}
    assert not path.exists()
    away.rename(path)
    assert await append_one(store, "after") == ""
    assert await codes_of_reading(store) == {""}
    assert [one.blob for one in await everything(store, GROUP)] == [b"before", b"after"]
    await store.close()


async def test_an_empty_file_in_its_place_is_not_taken_for_the_database(tmp_path: Path) -> None:
    """Else logs would begin anew under their old ids, which a device would call a fraud."""
    path = tmp_path / "relay.sqlite"
    store = await open_sqlite(path, SALT)
    await store.create(GROUP, FOUNDER, [access()], 5)
    path.unlink()
    path.touch()
    for _ in range(2):
        assert await append_one(store, "lost") == "unavailable"
    assert await codes_of_reading(store) == {"unavailable"}
    await store.close()


async def test_a_connection_that_fails_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    failures = 0

    def prepare(_connection: sqlite3.Connection) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise sqlite3.OperationalError("disk I/O error")

    store = await open_sqlite(path, SALT, prepare=prepare)
    await store.create(GROUP, FOUNDER, [access()], 5)
    away = path.rename(tmp_path / "away")
    assert await append_one(store, "lost") == "unavailable"
    away.rename(path)
    failures = 2
    assert await append_one(store, "lost") == "unavailable"
    assert await append_one(store, "lost") == "unavailable"
    assert await append_one(store, "there") == ""
    await store.close()


async def test_a_blob_that_was_let_go_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    """It may hold the keys of a person who was erased."""
    path = tmp_path / "relay.sqlite"
    store = await open_sqlite(path, SALT)
    await store.create(GROUP, FOUNDER, [access(kind="box")], 5)
    for text in ("first slot", "second slot"):
        assert await append_one(store, text, 9000) == ""
    await store.close()
    content = path.read_bytes()
    assert b"second slot" in content
    assert b"first slot" not in content
    assert content.count(b"." * 3000) < 4


# PostgreSQL


async def test_postgres_that_stops_is_unavailable_until_it_is_back(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = await open_postgres(postgres_url, SALT, connections_max=3)
    await store.create(GROUP, FOUNDER, [access()], 5)
    assert await append_one(store, "before") == ""
    postgres.stop()
    try:
        assert await append_one(store, "lost") == "unavailable"
        assert await codes_of_reading(store) == {"unavailable"}
    finally:
        postgres.start()
    assert await append_one(store, "after") == ""
    assert await codes_of_reading(store) == {""}
    assert [one.blob for one in await everything(store, GROUP)] == [b"before", b"after"]
    await store.close()


async def test_postgres_that_never_answers_is_told_at_opening(tmp_path: Path) -> None:
    for url in (f"postgresql://nobody@/nothing?host={tmp_path}", "postgresql://[", "postgresql:/"):
        with pytest.raises(StoreError) as caught:
            await open_postgres(url, SALT)
        assert caught.value.code == "unavailable"
        assert "PostgreSQL" in caught.value.detail


async def test_lost_connections_are_made_anew_and_nobody_notices(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = await open_postgres(postgres_url, SALT, connections_max=3)
    await store.create(GROUP, FOUNDER, [access()], 5)
    for n in range(3):
        postgres.sql(
            postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'mkutano-relay'",
        )
        assert await append_one(store, f"blob {n}") == ""
    assert len(await everything(store, GROUP)) == 3
    await store.close()


FAIL_FIRST = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= {times} THEN
        RAISE EXCEPTION 'planted' USING ERRCODE = '{code}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planted BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.mark.parametrize(
    ("code", "times", "told"),
    [
        ("40001", 3, ""),
        ("40P01", 3, ""),
        ("57P01", 3, ""),
        ("40001", 5, "unavailable"),
        ("53100", 1, "storage_full"),
        ("XX001", 1, "unavailable"),
    ],
)
async def test_what_another_transaction_spoilt_is_tried_again_a_few_times(
    postgres: PostgresServer, postgres_url: str, code: str, times: int, told: str
) -> None:
    store = await open_postgres(postgres_url, SALT, connections_max=3)
    await store.create(GROUP, FOUNDER, [access()], 5)
    postgres.sql(postgres_url, FAIL_FIRST.format(times=times, code=code))
    assert await append_one(store, "first") == told
    assert await append_one(store, "second") == ""
    blobs = [one.blob for one in await everything(store, GROUP)]
    assert blobs == [b"first", b"second"][bool(told) :]
    await store.close()
