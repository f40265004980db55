"""The ledger file: damage is named, failures leave nothing half, groups do not touch."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from model.events import Event, LoanApplied, LoanDisbursed, MeetingOpened, SharePurchased
from node import commands, desk, ledger_file
from node.commands import Context
from node.errors import NodeError, StoreDamaged, StoreFailed, StoreTooNew
from node.invitation_store import InvitationRow
from node.ledger_file import FORMAT_VERSION, connect, schema
from node.node import Node
from node.store import BookWriting, ErasedKey, Store
from replication.frontier import Ack, sign_ack
from replication.outcome import Stored
from replication.wire import PersonKey
from tests.node.failing import Plan, failing
from tests.node.phones import NOW_MS, add_member, digest, enrolled, founded, sync


def error_of(work: Callable[[], object]) -> NodeError | None:
    try:
        work()
    except NodeError as error:
        return error
    return None


def set_header(path: Path, offset: int, value: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(value.to_bytes(4, "big"))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_in_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x00" * path.stat().st_size)


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE contacts (name TEXT)")
    connection.commit()
    connection.close()


def scramble_pages(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def scramble_schema(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * 3996 + content[4096:])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "missing"),
        (empty, "empty or cut short"),
        (cut_in_the_header, "empty or cut short"),
        (cut, "cut short: "),
        (overwrite, "overwritten"),
        (foreign, "some other program"),
        (scramble_schema, "damaged"),
        (scramble_pages, "damaged"),
        (lambda path: set_header(path, 60, 0), "no format version"),
    ],
)
def test_a_damaged_ledger_file_is_never_taken_for_an_empty_one(
    tmp_path: Path, damage: Callable[[Path], None], says: str
) -> None:
    node, _ = founded(tmp_path)
    node.close()
    damage(tmp_path / "ledger.sqlite")
    with pytest.raises(StoreDamaged, match=says):
        Node.open(tmp_path)


def test_a_newer_ledger_file_is_left_alone(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    node.close()
    set_header(tmp_path / "ledger.sqlite", 60, FORMAT_VERSION + 1)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with pytest.raises(StoreTooNew, match="Update Mkutano"):
        Node.open(tmp_path)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before
    set_header(tmp_path / "ledger.sqlite", 60, FORMAT_VERSION)
    with Node.open(tmp_path) as again:
        assert group in again.groups


def of_format_1(ledger: Path) -> None:
    """Make a ledger what it was before the tables of format 2 and the check sums of format 3."""
    connection = connect(ledger)
    for table in ("pages", "applied"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN crc")
    later = schema().split("-- Format 2", 1)[1]
    for table in re.findall(r"CREATE TABLE (\w+)", later):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def tables(ledger: Path) -> list[tuple[str, str]]:
    connection = connect(ledger)
    found = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    connection.close()
    return found


def test_a_ledger_of_format_1_gets_what_came_later_and_keeps_what_it_has(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    digest = node.group(group).book.digest()
    node.close()
    ledger = tmp_path / "ledger.sqlite"
    fresh = tables(ledger)
    of_format_1(ledger)
    assert len(tables(ledger)) < len(fresh)
    with Node.open(tmp_path) as again:
        assert again.group(group).book.digest() == digest
    assert tables(ledger) == fresh
    assert ledger.read_bytes()[60:64] == FORMAT_VERSION.to_bytes(4, "big")


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    node, _ = founded(tmp_path)
    node.close()
    ledger = tmp_path / "ledger.sqlite"
    of_format_1(ledger)
    connection = connect(ledger)
    connection.execute("CREATE TABLE relay_faults (something TEXT)")  # the last that is made
    connection.close()
    before = tables(ledger)
    with pytest.raises(NodeError):
        Node.open(tmp_path)
    assert tables(ledger) == before
    assert ledger.read_bytes()[60:64] == bytes((0, 0, 0, 1))


def test_every_cut_of_a_small_ledger_file_is_noticed(tmp_path: Path) -> None:
    node, _ = founded(tmp_path)
    node.close()
    ledger = tmp_path / "ledger.sqlite"
    whole = ledger.read_bytes()
    for length in range(0, len(whole), 4096):
        ledger.write_bytes(whole[:length])
        with pytest.raises(StoreDamaged):
            Store(ledger)


def test_an_altered_signed_change_is_not_read_as_a_true_one(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    node.close()
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("UPDATE changes SET time_ms = time_ms + 1")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="altered"):
        Node.open(tmp_path)
    assert group


def test_history_answers_as_it_does_in_memory(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    for number in range(1, 4):
        add_member(secretary, group, number)
        add_member(treasurer, group, number + 10)
    sync(secretary, treasurer, group)
    chains = secretary.store.chains(1)
    every = list(chains.everything())
    secretary.close()
    with Node.open(tmp_path / "s") as again:
        reread = again.store.chains(1)
        assert list(reread.everything()) == every
        assert reread.lanes() == chains.lanes()
        assert len(reread.heads()) == 2
        assert reread.heads() == treasurer.store.chains(1).heads()
        assert reread.control_changes() == chains.control_changes()
        for one in every:
            change, place = one
            assert reread.find(change.change_hash) == one
            assert list(reread.at(change.device, change.n)) == [one]
            assert list(reread.run(place.lane, change.n, change.n)) == [one]
            assert (one in reread.actor_starts(change.actor)) == (place.seq == 1)
            assert reread.find_prefix(change.change_hash[:16]) == one
        assert reread.find(bytes(32)) is None
        assert reread.place_of(bytes(16)) is None
    treasurer.close()


def test_what_a_reader_sees_with_any_sqlite_tool(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    at = Context(node, node.group(group), NOW_MS)
    commands.add_member(at, "Amina", "0712 000 111", joined_on="2026-01-01")
    amina = desk.member(at.group, "Amina").id
    events: list[Event] = [
        MeetingOpened(1, 1, "2026-01-07"),
        SharePurchased(1, 1, amina, 3, 30_000),
        LoanApplied(1, 1, amina, 20_000, "stock", 2),
        LoanDisbursed(1, 1, b"\x02", 20_000),
    ]
    node.append(group, events, NOW_MS)
    lent = desk.loans_of(node.group(group).book, desk.member(at.group, "1"))
    node.close()
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")

    def rows(sql: str) -> list[tuple[object, ...]]:
        return connection.execute(sql).fetchall()

    assert rows("PRAGMA integrity_check") == [("ok",)]
    assert rows("SELECT number, name, phone FROM people") == [(1, "Amina", "0712 000 111")]
    assert rows("SELECT shares, savings_minor, status FROM members") == [(3, 30_000, "active")]
    assert rows("SELECT balance FROM balances WHERE account = '1010'") == [(10_000,)]
    assert rows("SELECT loan, outstanding_minor, is_open FROM loans") == [(lent[0][0], 20_000, 1)]
    assert rows("SELECT sum(amount_minor), count(*) FROM journal_lines") == [(0, 4)]
    assert rows("SELECT code FROM findings") == [("loan_not_approved",)]
    assert ("share.purchased", "counted") in rows("SELECT kind, status FROM audit")
    assert len(rows("SELECT * FROM signed_changes WHERE signature <> ''")) == 4
    (sql,) = rows("SELECT sql FROM sqlite_schema WHERE name = 'changes'")[0]
    assert "SHA-256 of its Automerge change" in str(sql)
    connection.close()


def test_an_invitation_is_good_once(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    store, group_no = node.store, node.group(group).row.group_no
    store.invited.add(group_no, InvitationRow(b"one", b"k" * 32, "write", "Treasurer", NOW_MS))
    store.invited.add(group_no, InvitationRow(b"two", b"k" * 32, "read", "NGO", NOW_MS + 1))
    assert store.invited.close(group_no, [b"two"], "withdrawn") == 1
    assert store.invited.close(group_no, [b"two", b"none"], "withdrawn") == 0
    kept = {row.invitation_id: row for row in store.invited.all(group_no)}
    assert (kept[b"one"].state, kept[b"two"].state) == ("open", "withdrawn")
    assert kept[b"two"].secret_hash == b""
    node.close()


def test_an_erased_key_leaves_no_bytes_in_the_file_and_never_returns(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    store, group_no = node.store, node.group(group).row.group_no
    keys = [PersonKey(bytes([n]) * 16, b"a very secret key of member %03d." % n) for n in range(99)]
    for key in keys:
        store.commit(group_no, Stored((), (), (key,)))
    for key in keys[::2]:
        erased = ErasedKey(b"m" * 17, key.key_id, destroyed=True)
        store.commit(group_no, Stored(), BookWriting(erased=[erased]))
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for at, key in enumerate(keys):
        assert (key.key in on_disk) == (at % 2 == 1)
    store.commit(group_no, Stored((), (), tuple(keys)))
    kept = store.keys(group_no)
    assert [kept[key.key_id] for key in keys[::2]] == [b""] * 50
    node.close()


def test_two_groups_of_one_file_do_not_touch_each_other(tmp_path: Path) -> None:
    node, umoja = founded(tmp_path / "home")
    add_member(node, umoja, 1)
    before = digest(node, umoja)
    rows = node.store.pages(1, "members")
    baraka = node.found("Baraka", bytes(16), NOW_MS)
    for number in range(1, 20):
        add_member(node, baraka, number)
    assert digest(node, umoja) == before != digest(node, baraka)
    assert node.store.pages(1, "members") == rows
    node.close()
    with Node.open(tmp_path / "home") as again:
        assert digest(again, umoja) == before


@pytest.mark.parametrize(
    ("code", "stable"),
    [(sqlite3.SQLITE_FULL, "storage_full"), (sqlite3.SQLITE_IOERR, "store_failed")],
)
def test_a_failing_disk_leaves_nothing_half_written_at_any_call(
    tmp_path: Path, code: int, stable: str
) -> None:
    plan = Plan(code)
    node, group = founded(tmp_path / "home")
    node.close()
    node = Node.open(tmp_path / "home", failing(plan))
    add_member(node, group, 1)
    recorded, failures = 1, 0
    for fail_at in range(1, 40):
        before = digest(node, group)
        plan.arm(fail_at)
        error = error_of(partial(add_member, node, group, 100 + fail_at))
        plan.disarm()
        if error is None:
            recorded += 1
        else:
            failures += 1
            assert (type(error), error.code) == (StoreFailed, stable)
            assert digest(node, group) == before  # read again from the store
    assert failures >= 6
    node.close()
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    with Node.open(tmp_path / "copy") as again:
        chains = again.store.chains(1)
        assert len(list(chains.everything())) == 2 + recorded
        add_member(again, group, 999)


def test_reading_goes_on_while_the_disk_is_full(tmp_path: Path) -> None:
    plan = Plan()
    node, group = founded(tmp_path / "home")
    node.close()
    node = Node.open(tmp_path / "home", failing(plan))
    before = digest(node, group)
    plan.arm(1)
    with pytest.raises(StoreFailed, match="storage of this device is full"):
        add_member(node, group, 1)
    plan.disarm()
    assert digest(node, group) == before
    add_member(node, group, 1)
    assert digest(node, group) != before
    node.close()


def test_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    def small_disk(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 6}")
        return connection

    node, group = founded(tmp_path)
    node.close()
    node = Node.open(tmp_path, small_disk)
    recorded = 0
    error = None
    while error is None:
        before = digest(node, group)
        error = error_of(partial(add_member, node, group, recorded + 1))
        recorded += error is None
        assert recorded < 1000
    assert error.code == "storage_full"
    assert digest(node, group) == before
    assert len(desk.members(node.group(group))) == recorded > 0
    node.close()
    with Node.open(tmp_path) as again:
        assert len(desk.members(again.group(group))) == recorded
        add_member(again, group, 1000)


def test_a_disk_too_full_to_open_the_ledger_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, _ = founded(tmp_path)
    node.close()
    plan = Plan(sqlite3.SQLITE_IOERR)
    plan.arm(1)
    with pytest.raises(StoreFailed, match="failing"):
        Node.open(tmp_path, failing(plan))
    monkeypatch.setattr(ledger_file, "disk_usage", lambda folder: SimpleNamespace(free=4096))
    plan.arm(1)
    with pytest.raises(StoreFailed, match="storage of this device is full") as refused:
        Node.open(tmp_path, failing(plan))
    assert refused.value.code == "storage_full"


# What others acknowledged


def acknowledgement(node: Node, group: bytes) -> Ack:
    return sign_ack(node.keys, group, node.group(group).replica.tips)


def test_an_acknowledgement_waits_for_the_next_step_and_counts_at_once(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    with node:
        group_no, ack = node.group(group).row.group_no, acknowledgement(node, group)
        node.store.put_off(group_no, [ack])
        assert node.store.acks(group_no) == {node.device: ack}
        assert node.store.database.rows("SELECT * FROM acks") == []
        add_member(node, group, 1)
        assert len(node.store.database.rows("SELECT * FROM acks")) == 1
        assert node.store.acks(group_no) == {node.device: ack}


def test_what_was_put_off_is_written_when_the_program_ends(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    with node:
        group_no, ack = node.group(group).row.group_no, acknowledgement(node, group)
        node.store.put_off(group_no, [ack])
    with Node.open(tmp_path) as again:
        assert again.store.acks(group_no) == {ack.device: ack}
