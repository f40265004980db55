"""Rows that the storage has spoilt: a sentence that says what to do, never a fault of ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from node.errors import StoreDamaged
from node.node import Node
from node.verify import verify
from tests.node.phones import add_member, digest, founded

AGAIN = "-- in a further connection"
WAY_OUT = "join the group again from another officer's phone"


def spoilt(path: Path, script: str) -> bytes:
    """A phone's home whose ledger was changed by another hand; the group's id."""
    node, group = founded(path)
    add_member(node, group, 1)
    node.close()
    for part in script.split(AGAIN):
        with closing(sqlite3.connect(path / "ledger.sqlite")) as connection:
            connection.executescript(part)
            connection.commit()
    return group


def read_everything(path: Path, group: bytes) -> None:
    with Node.open(path) as node:
        held = node.group(group)
        list(held.store.chains(held.row.group_no).everything())
        digest(node, group)
        if any(one.differences for one in verify(node)):
            raise StoreDamaged(f"Found by verify; {WAY_OUT}.")


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE changes SET time_ms = -9223372036854775807",
        "UPDATE changes SET n = 4611686018427387904 WHERE n = 2",
        "PRAGMA ignore_check_constraints = ON; UPDATE changes SET deps = x'01' WHERE n = 2",
        "UPDATE changes SET events = x'ff'",
        "UPDATE changes SET clock = 'one'",
        "UPDATE changes SET lamport = 77 WHERE n = 2",
        "UPDATE pages SET value = '{' WHERE name = 'group'",
        "UPDATE pages SET value = '{}' WHERE name = 'group'",
        "UPDATE pages SET value = '7' WHERE name = 'members'",
        "UPDATE groups SET group_id = x'00'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
        "replace(sql, 'label        TEXT NOT NULL', 'label TEXT') WHERE name = 'groups'"
        f"{AGAIN}UPDATE groups SET label = NULL",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
        "replace(sql, 'label', 'lapel') WHERE name = 'groups'",
    ],
)
def test_what_is_spoilt_is_named_with_a_way_out(tmp_path: Path, script: str) -> None:
    group = spoilt(tmp_path, script)
    with pytest.raises(StoreDamaged, match=WAY_OUT):
        read_everything(tmp_path, group)


def test_a_figure_that_was_altered_where_it_lay_is_never_shown(tmp_path: Path) -> None:
    """Another digit is JSON as good as before: only the check sum tells."""
    group = spoilt(tmp_path, "UPDATE pages SET value = replace(value, '1', '7')")
    with Node.open(tmp_path) as node, pytest.raises(StoreDamaged, match=WAY_OUT):
        list(node.group(group).book.entries.rows())


def test_an_undo_record_that_was_altered_is_not_put_back(tmp_path: Path) -> None:
    group = spoilt(tmp_path, "UPDATE applied SET undo = '[]' WHERE undo <> '[]'")
    with Node.open(tmp_path) as node, pytest.raises(StoreDamaged, match=WAY_OUT):
        node.store.applied_after(node.group(group).row.group_no, (0, b""))
