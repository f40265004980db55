"""The simulated disk: it behaves as SQLite's own, and fails exactly as it was told to."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import StoreDamaged
from node.ledger_file import create_ledger
from node.store import Store
from simulations.disk import PROCESS_ENDED, WAYS, SimulatedConnection, SimulatedDisk, Way
from simulations.disk.files import Cut, SimulatedFile, Write

STATEMENTS = st.lists(
    st.sampled_from(
        [
            ("INSERT INTO one VALUES (?, ?)", (1, "a")),
            ("INSERT INTO one VALUES (?, ?)", (2, b"\x00b")),
            ("INSERT INTO one VALUES (?, ?) ON CONFLICT DO NOTHING", (1, None)),
            ("UPDATE one SET b = ? WHERE a > ?", ("new", 1)),
            ("DELETE FROM one WHERE a = ?", (2,)),
            ("SELECT * FROM one ORDER BY a", ()),
            ("SELECT count(*), sum(a) FROM one", ()),
            ("BEGIN IMMEDIATE", ()),
            ("COMMIT", ()),
            ("ROLLBACK", ()),
            ("SELECT * FROM nothing", ()),
            ("SELECT length(?)", ("four",)),
        ]
    ),
    max_size=30,
)


def answer(connection: Any, sql: str, values: tuple[object, ...]) -> tuple[object, ...]:
    """What a store can see of one statement."""
    try:
        cursor = connection.execute(sql, values)
        return cursor.rowcount, cursor.fetchall(), connection.in_transaction
    except sqlite3.Error as error:
        return type(error), error.sqlite_errorcode, str(error), connection.in_transaction


def on_disk(disk: SimulatedDisk, path: str = "/folder/file.sqlite") -> SimulatedConnection:
    connection = SimulatedConnection(disk, path, may_create=True)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def filled(disk: SimulatedDisk) -> SimulatedConnection:
    connection = on_disk(disk)
    connection.execute("CREATE TABLE one (a INTEGER PRIMARY KEY, b)")
    for number in range(20):
        connection.execute("INSERT INTO one VALUES (?, ?)", (number, "." * 3000))
    return connection


@settings(max_examples=60)
@given(STATEMENTS)
def test_it_answers_as_the_standard_driver_does(
    statements: list[tuple[str, tuple[object, ...]]],
) -> None:
    real = sqlite3.connect(":memory:", isolation_level=None)
    ours = on_disk(SimulatedDisk())
    for connection in (real, ours):
        connection.execute("CREATE TABLE one (a INTEGER PRIMARY KEY, b)")
    for sql, values in statements:
        assert answer(ours, sql, values) == answer(real, sql, values)
    rows = [(7, "x"), (8, "y")]
    many = "INSERT OR REPLACE INTO one VALUES (?, ?)"
    assert ours.executemany(many, rows).rowcount == real.executemany(many, rows).rowcount
    assert [*ours.execute("SELECT * FROM one")] == [*real.execute("SELECT * FROM one")]
    real.close()
    ours.close()


def test_the_same_seed_writes_the_same_bytes_and_another_one_does_not() -> None:
    def written(seed: int) -> bytes:
        disk = SimulatedDisk(seed)
        connection = filled(disk)
        log = disk.content(Path("/folder/file.sqlite-wal"))
        connection.close()
        return log or b""

    assert written(1) == written(1) != written(2)


@pytest.mark.parametrize("way", [*WAYS, PROCESS_ENDED])
def test_what_was_committed_survives_every_cut(way: Way) -> None:
    disk = SimulatedDisk()
    connection = filled(disk)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM one")
    after = SimulatedConnection(disk.crash(random.Random(5), way), "/folder/file.sqlite")
    assert after.execute("SELECT count(*) FROM one").fetchone() == (20,)
    assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    after.close()
    connection.close()


@given(st.integers(0, 10**6))
def test_a_cut_leaves_of_unsynced_writes_what_its_name_says(seed: int) -> None:
    file = SimulatedFile(b"s" * 2048, is_named=True)
    file.write(b"a" * 1024, 512)
    file.write(b"b" * 600, 1500)
    file.truncate(2000)
    assert file.pending == [Write(512, b"a" * 1024), Write(1500, b"b" * 600), Cut(2000)]
    for way in WAYS:
        found = file.after_cut(random.Random(seed), way).content
        sectors = [bytes(found[at : at + 512]) for at in range(0, len(found), 512)]
        assert found[:512] == b"s" * 512
        if way == "dropped":
            assert found == b"s" * 2048
        if way == "torn":
            assert sectors[1] in (b"s" * 512, b"a" * 512)
        if way == "subset":
            assert found[512:1500] in (b"s" * 988, b"a" * 988)
    file.sync()
    assert file.after_cut(random.Random(seed), "torn").content == file.content


def test_a_file_that_was_removed_may_be_back_until_its_folder_is_synced() -> None:
    disk = SimulatedDisk()
    filled(disk).close()
    assert "/folder/file.sqlite-wal" in disk.ghosts
    assert "/folder/file.sqlite-wal" in disk.crash(random.Random(0), "dropped").files
    assert "/folder/file.sqlite-wal" not in disk.crash(random.Random(0), PROCESS_ENDED).files
    connection = on_disk(disk)
    connection.execute("INSERT INTO one VALUES (100, '')")
    assert disk.ghosts == {}
    connection.close()


def test_a_failed_sync_is_not_made_good_by_a_later_one() -> None:
    file = SimulatedFile(b"old", is_named=True)
    file.write(b"new", 0)
    file.fail_sync()
    file.sync()
    assert (bytes(file.content), bytes(file.stable)) == (b"new", b"old")


def test_a_file_that_grows_needs_room_and_one_that_is_written_over_does_not() -> None:
    disk = SimulatedDisk()
    connection = filled(disk)
    disk.full(True)
    with pytest.raises(sqlite3.OperationalError, match="full") as full:
        connection.execute("INSERT INTO one VALUES (50, zeroblob(9000))")
    assert full.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
    assert connection.execute("SELECT count(*) FROM one").fetchone() == (20,)
    disk.full(False)
    connection.execute("INSERT INTO one VALUES (50, zeroblob(9000))")
    connection.close()


@pytest.mark.parametrize(
    ("kind", "code"),
    [("write", sqlite3.SQLITE_IOERR_WRITE), ("sync", sqlite3.SQLITE_IOERR_FSYNC)],
)
def test_the_call_that_was_named_fails_and_no_other(kind: Any, code: int) -> None:
    disk = SimulatedDisk()
    connection = filled(disk)
    before = disk.calls[kind]
    connection.execute("INSERT INTO one VALUES (60, '')")
    each = disk.calls[kind] - before
    disk.fail(kind, each)
    connection.execute("INSERT INTO one VALUES (61, '')")
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error") as failed:
        connection.execute("INSERT INTO one VALUES (62, '')")
    assert failed.value.sqlite_errorcode == code
    assert disk.faults == {f"{kind} io": 1}
    connection.execute("INSERT INTO one VALUES (63, '')")
    connection.close()


def test_an_error_while_the_log_is_folded_back_is_no_error_of_the_commit() -> None:
    disk = SimulatedDisk()
    connection = filled(disk)
    connection.execute("PRAGMA wal_autocheckpoint = 5")
    disk.watch = lambda done: (
        disk.fail("write", 0) if done.kind == "sync" and done.name.endswith("-wal") else None
    )
    connection.execute("INSERT INTO one VALUES (70, '')")
    disk.watch = None
    assert disk.faults["write io"] >= 1
    disk.heal()
    assert connection.execute("SELECT count(*) FROM one").fetchone() == (21,)
    connection.close()


def test_a_second_connection_to_one_file_is_locked_out() -> None:
    disk = SimulatedDisk()
    connection = filled(disk)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SimulatedConnection(disk, "/folder/file.sqlite").execute("SELECT * FROM one")
    connection.close()


def damage_nothing(content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda content: content[:60], "cut short"),
        (lambda content: b"x" * len(content), "overwritten"),
        (lambda content: content[: len(content) // 2], "cut short: "),
        (damage_nothing, ""),
    ],
)
def test_a_ledger_on_it_is_judged_as_one_on_the_real_disk(
    tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    ledger = tmp_path / "ledger.sqlite"
    create_ledger(ledger)
    disk = SimulatedDisk()
    disk.put(ledger, damage(ledger.read_bytes()))
    ledger.unlink()
    if not says:
        Store(ledger, disk.connect).close()
        return
    with pytest.raises(StoreDamaged, match=says):
        Store(ledger, disk.connect)
    with pytest.raises(StoreDamaged, match="missing"):
        Store(tmp_path / "other.sqlite", disk.connect)
