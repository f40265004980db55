"""The encrypted ledger: really encrypted at every opening, its damage named, its failures whole."""

import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlcipher3 import dbapi2 as sqlcipher

from model.events import MemberAdded
from node import ledger_file, locking, sealed_ledger
from node.errors import NodeError, StoreDamaged, StoreFailed, StoreTooNew
from node.home_files import LEDGER_FILE, SEALED_LEDGER_FILE
from node.ledger_file import FORMAT_VERSION
from node.node import Node
from node.sealed_ledger import SealedConnect
from node.store import Store
from node.verify import verify
from tests.node.failing import Plan
from tests.node.locked_phones import PIN, cheapen, digest, runtime, with_a_book
from tests.node.phones import NOW_MS, add_member


@pytest.fixture(autouse=True, scope="module")
def cheap() -> None:
    cheapen()


@pytest.fixture(autouse=True)
def no_sessions(monkeypatch: pytest.MonkeyPatch) -> object:
    with runtime(monkeypatch):
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return with_a_book(tmp_path / "home", PIN, encrypted=True)[0]


@pytest.fixture
def ledger(home: Path) -> Path:
    return home / SEALED_LEDGER_FILE


def key_of(home: Path) -> bytes:
    with Node.open(home, pin=PIN) as node:
        return node.home.ledger_key


def ask(home: Path, *statements: str) -> list[list[tuple[Any, ...]]]:
    """Ask the file directly, with SQLCipher and nothing of ours."""
    key = key_of(home)
    connection = sqlcipher.connect(str(home / SEALED_LEDGER_FILE))
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    answers = [connection.execute(statement).fetchall() for statement in statements]
    connection.commit()
    connection.close()
    return answers


def test_any_sqlcipher_reads_it_with_the_key_and_no_sqlite_without(home: Path) -> None:
    assert ask(
        home,
        "PRAGMA application_id",
        "PRAGMA user_version",
        "PRAGMA journal_mode",
        "PRAGMA cipher_integrity_check",
        "SELECT number FROM members ORDER BY 1",
    ) == [[(ledger_file.APPLICATION_ID,)], [(FORMAT_VERSION,)], [("wal",)], [], [(1,), (2,)]]
    connection = sqlite3.connect(home / SEALED_LEDGER_FILE)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connection.execute("SELECT * FROM sqlite_schema")
    connection.close()


def test_what_the_node_sets_holds_for_an_encrypted_ledger_too(home: Path) -> None:
    with Node.open(home, pin=PIN) as node:
        rows = node.store.database.rows
        assert rows("PRAGMA synchronous") == [(2,)]
        assert rows("PRAGMA secure_delete") == [(1,)]
        assert rows("PRAGMA temp_store") == [(2,)]
        assert rows("PRAGMA cipher_version")[0][0]
        assert [one.differences for one in verify(node)] == [()]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_in_the_head(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x00" * path.stat().st_size)


def scramble_the_first_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 3996 + path.read_bytes()[4096:])


def scramble_the_rest(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * (path.stat().st_size - 4096))


def exchange_the_salt(path: Path) -> None:
    path.write_bytes(bytes(16) + path.read_bytes()[16:])


def another_homes(path: Path) -> None:
    other, _ = with_a_book(path.parent.parent / "other", PIN, encrypted=True)
    shutil.copy(other / SEALED_LEDGER_FILE, path)


def a_plain_ledger(path: Path) -> None:
    other, _ = with_a_book(path.parent.parent / "other")
    shutil.copy(other / LEDGER_FILE, path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "missing"),
        (empty, "empty or cut short"),
        (cut_in_the_head, "empty or cut short"),
        (cut, "damaged"),
        (overwrite, "damaged"),
        (scramble_the_first_page, "damaged"),
        (scramble_the_rest, "damaged"),
        (exchange_the_salt, "damaged"),
        (another_homes, "damaged"),
        (a_plain_ledger, "should be encrypted and lies open"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_damaged_encrypted_ledger_is_never_taken_for_an_empty_one(
    home: Path,
    ledger: Path,
    damage: Callable[[Path], None],
    says: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    damage(ledger)
    before = ledger.read_bytes() if ledger.exists() else b""
    with pytest.raises(StoreDamaged, match=says):
        Node.open(home, pin=PIN)
    assert (ledger.read_bytes() if ledger.exists() else b"") == before
    assert capfd.readouterr().err == ""  # SQLCipher's own words are for nobody


@pytest.mark.parametrize(
    ("pragma", "kind", "says"),
    [
        (f"user_version = {FORMAT_VERSION + 1}", StoreTooNew, "Update Mkutano"),
        ("user_version = 0", StoreDamaged, "no format version"),
        ("application_id = 7", StoreDamaged, "some other program"),
    ],
)
def test_whose_it_is_and_its_format_are_asked_of_the_opened_file(
    home: Path, pragma: str, kind: type[NodeError], says: str
) -> None:
    ask(home, f"PRAGMA {pragma}")
    with pytest.raises(kind, match=says):
        Node.open(home, pin=PIN)


def test_lost_tables_are_seen(home: Path, ledger: Path) -> None:
    key = key_of(home)
    ledger.unlink()
    ledger_file.create_ledger(ledger, SealedConnect(key).new)
    connection = SealedConnect(key)(ledger)
    tables = connection.execute("SELECT type, name FROM sqlite_schema WHERE sql NOT NULL")
    for kind, name in tables.fetchall():
        connection.execute(f"DROP {kind} IF EXISTS {name}")
    connection.close()
    with pytest.raises(StoreDamaged, match="lost its tables"):
        Node.open(home, pin=PIN)


def test_every_cut_of_a_small_encrypted_ledger_is_noticed(home: Path, ledger: Path) -> None:
    key, whole = key_of(home), ledger.read_bytes()
    for length in range(0, len(whole), 4096):
        ledger.write_bytes(whole[:length])
        with pytest.raises(StoreDamaged):
            Store(ledger, SealedConnect(key))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_flipped_byte_makes_another_book(home: Path, ledger: Path, data: st.DataObject) -> None:
    kept = home.with_name("kept")
    if not kept.exists():
        shutil.copy(ledger, kept)
    whole = kept.read_bytes()
    shutil.copy(kept, ledger)
    books = digest(home, PIN)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
    ledger.write_bytes(whole[:at] + flipped + whole[at + 1 :])
    try:
        with Node.open(home, pin=PIN) as node:
            found = verify(node)
            assert [group.book.digest() for group in node.groups.values()] == books
            assert all(one.digest == digested for one, digested in zip(found, books, strict=True))
    except StoreDamaged:
        return


class Faithless:
    """A driver that takes a key without a word and writes plain text, as ordinary SQLite does."""

    Connection = sqlite3.Connection
    connect = staticmethod(sqlite3.connect)


class Boasting(Faithless):
    """The same, but it names a cipher when asked."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            asked = sql == "PRAGMA cipher_version"
            return super().execute("SELECT '4.19.0 community'" if asked else sql, *values)


def test_a_driver_that_does_not_encrypt_is_found_out_before_it_writes(
    home: Path, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, before = key_of(home), ledger.read_bytes()
    monkeypatch.setattr(sealed_ledger, "driver", lambda: Faithless)
    with pytest.raises(StoreFailed, match="can't encrypt"):
        SealedConnect(key)(ledger)
    with pytest.raises(StoreFailed, match="can't encrypt"):
        Node.create(tmp_path / "new", "phone", PIN, encrypted=True)
    assert not (tmp_path / "new" / "device.json").exists()
    assert ledger.read_bytes() == before


def test_a_driver_that_boasts_is_found_out_by_the_file_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_ledger, "driver", lambda: Boasting)
    with pytest.raises(StoreDamaged, match="lies open"):
        Node.create(tmp_path / "new", "phone", PIN, encrypted=True)


def test_a_file_that_turns_plain_while_it_is_opened_is_refused(
    home: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = iter([b"\xa5" * 16, b"SQLite format 3\x00"])
    monkeypatch.setattr(
        sealed_ledger,
        "_refuse_plain",
        partial(refuse_as_if, sealed_ledger._refuse_plain, heads),
    )
    with pytest.raises(StoreDamaged, match="lies open"):
        Node.open(home, pin=PIN)


def refuse_as_if(refuse: Callable[[Path], None], heads: Any, path: Path) -> None:
    """Judge a file that begins as the next head says."""
    beside = path.with_name("judged")
    beside.write_bytes(next(heads) + bytes(100))
    refuse(beside)


def test_without_the_extra_a_home_says_what_it_needs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlcipher3", None)
    with pytest.raises(NodeError, match="sqlcipher3, which is not installed") as refused:
        Node.open(home, pin=PIN)
    assert refused.value.code == "no_sqlcipher"
    monkeypatch.undo()


def sealed_failing(plan: Plan, key: bytes) -> SealedConnect:
    """A factory for an encrypted ledger whose every call may fail, under this plan."""

    class Failing(sqlcipher.Connection):  # type: ignore[misc]
        def execute(self, *args: Any) -> Any:
            fail(plan)
            return super().execute(*args)

        def executemany(self, *args: Any) -> Any:
            fail(plan)
            return super().executemany(*args)

    return SealedConnect(key, Failing)


def fail(plan: Plan) -> None:
    """As the plan says, with SQLCipher's own kind of error."""
    try:
        plan.call()
    except sqlite3.OperationalError as error:
        own = sqlcipher.OperationalError("the disk of this test")
        own.sqlite_errorcode = error.sqlite_errorcode
        raise own from error


def error_of(work: Callable[[], object]) -> NodeError | None:
    try:
        work()
    except NodeError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("code", "stable"),
    [(sqlite3.SQLITE_FULL, "storage_full"), (sqlite3.SQLITE_IOERR, "store_failed")],
)
def test_a_failing_disk_leaves_nothing_half_written_at_any_call(
    home: Path, code: int, stable: str
) -> None:
    plan, key = Plan(code), key_of(home)
    node = Node.open(home, sealed_failing(plan, key), PIN)
    (group,) = node.groups
    failures = 0
    for fail_at in range(1, 30):
        before = node.group(group).book.digest()
        plan.arm(fail_at)
        error = error_of(partial(add_member, node, group, 100 + fail_at))
        plan.disarm()
        if error is not None:
            failures += 1
            assert (type(error), error.code) == (StoreFailed, stable)
            assert node.group(group).book.digest() == before
    assert failures >= 6
    node.close()
    assert len(digest(home, PIN)) == 1


def test_a_disk_that_is_really_full_loses_nothing(home: Path) -> None:
    connect = SealedConnect(key_of(home))

    class SmallDisk(SealedConnect):
        def __call__(self, path: Path) -> sqlite3.Connection:
            connection = connect(path)
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 6}")
            return connection

    node = Node.open(home, SmallDisk(bytes(32)), PIN)
    (group,) = node.groups
    number, full = 10, None
    while full is None:
        before = node.group(group).book.digest()
        number += 1
        members = [MemberAdded(number, "2026-01-01")] * 30
        full = error_of(partial(node.append, group, members, NOW_MS))
        assert number < 1000
    assert full.code == "storage_full"
    assert node.group(group).book.digest() == before
    node.close()
    assert digest(home, PIN) == [before]


def test_a_conversion_on_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = with_a_book(tmp_path / "home")
    locking.set_pin(home, PIN)
    before = digest(home, PIN)
    real = sealed_ledger.driver()

    class SmallDisk(sqlcipher.Connection):  # type: ignore[misc]
        def execute(self, sql: str, *values: Any) -> Any:
            if "sqlcipher_export" in sql:
                super().execute("PRAGMA copy.max_page_count = 5")
            return super().execute(sql, *values)

    small = SimpleNamespace(connect=partial(real.connect, factory=SmallDisk), Error=real.Error)
    with monkeypatch.context() as full:
        full.setattr(sealed_ledger, "driver", lambda: small)
        with pytest.raises(StoreFailed, match="storage of this device is full") as refused:
            locking.encrypt(home, PIN)
    assert refused.value.code == "storage_full"
    assert digest(home, PIN) == before
    assert [file.name for file in home.iterdir() if "ledger" in file.name] == [LEDGER_FILE]
    locking.encrypt(home, PIN)
    assert digest(home, PIN) == before


def test_a_ledger_with_a_log_beside_it_is_converted_with_the_log(tmp_path: Path) -> None:
    """A phone whose battery fell out has its last entries in the log only."""
    home, group = with_a_book(tmp_path / "home")
    locking.set_pin(home, PIN)
    with Node.open(home, pin=PIN) as node:
        add_member(node, group, 3)
        before = [node.group(group).book.digest()]
        shutil.copytree(home, tmp_path / "fallen")
    fallen = tmp_path / "fallen"
    assert (fallen / f"{LEDGER_FILE}-wal").stat().st_size > 0
    locking.encrypt(fallen, PIN)
    assert digest(fallen, PIN) == before


def test_the_errors_of_both_drivers_are_ours_to_explain() -> None:
    assert sqlcipher.Error in ledger_file.sqlite_errors()
    for code, kind in (
        (sqlite3.SQLITE_CORRUPT, StoreDamaged),
        (sqlite3.SQLITE_NOTADB, StoreDamaged),
        (sqlite3.SQLITE_BUSY, StoreFailed),
        (sqlite3.SQLITE_READONLY, StoreFailed),
    ):
        error = sqlcipher.DatabaseError("x")
        error.sqlite_errorcode = code
        assert type(ledger_file.explain(error)) is kind
    assert type(ledger_file.explain(sqlcipher.DatabaseError("x"))) is StoreDamaged
    assert type(ledger_file.explain(sqlcipher.OperationalError("x"))) is StoreFailed


def test_a_ledger_key_has_its_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedConnect(b"short")
