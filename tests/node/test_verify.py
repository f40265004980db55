"""Whatever is altered in the ledger file, verify finds it where it is."""

import contextlib
import random
import re
import sqlite3
from pathlib import Path

import pytest

from model.events import SharePurchased
from node import commands
from node.errors import NodeError
from node.node import Node
from node.verify import verify
from tests.node.phones import NOW_MS, add_member, digest, enrolled, founded, sync
from tests.node.test_commands import Office, secretary

__all__ = ["secretary"]

FLIPS = 250


def alter(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path / "ledger.sqlite")
    assert connection.execute(sql).rowcount
    connection.commit()
    connection.close()


def places(path: Path) -> set[str]:
    with Node.open(path) as node:
        return {one.where for found in verify(node) for one in found.differences}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A phone with two officers' entries, out of order, and one member by name."""
    node, group = founded(tmp_path / "s")
    office = Office(node, group)
    commands.add_member(office.at, "Amina", joined_on="2026-01-01")
    treasurer = enrolled(tmp_path / "t", node, group)
    amina = add_member(node, group, 2)
    sync(node, treasurer, group)
    for line in range(1, 6):
        for phone in (node, treasurer):
            phone.append(group, [SharePurchased(1, 1, amina, line, 100, line)], NOW_MS)
    sync(node, treasurer, group)
    assert digest(node, group) == digest(treasurer, group)
    node.close()
    treasurer.close()
    return tmp_path / "s"


def test_an_honest_ledger_has_no_differences(home: Path) -> None:
    with Node.open(home) as node:
        (found,) = verify(node)
        assert found.differences == ()
        assert found.digest == digest(node, found.group)
        assert found.heads == node.group(found.group).replica.heads
        assert found.changes > 14


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE pages SET value = '777' WHERE name = 'accounts' AND key = '1010/'", "book"),
        ("DELETE FROM pages WHERE name = 'members'", "book"),
        ("INSERT INTO pages VALUES (1, 'accounts', '1010/x', '5', 0)", "book"),
        ("DELETE FROM applied WHERE lamport = (SELECT max(lamport) FROM applied) - 3", "undo"),
        ("UPDATE sealed_people SET name = 'Zuhura'", "people"),
        ("UPDATE acks SET signature = zeroblob(64)", "acks"),
        ("UPDATE changes SET signature = zeroblob(64) WHERE change_no = 9", "signatures"),
        ("UPDATE changes SET events = x'814101' WHERE change_no = 9", "changes"),
        ("UPDATE changes SET chain_hash = zeroblob(32) WHERE change_no = 9", "changes"),
        ("UPDATE changes SET lamport = lamport + 1 WHERE change_no = 9", "changes"),
        ("UPDATE changes SET clock = '1,1' WHERE change_no = 9", "changes"),
        ("DELETE FROM changes WHERE change_no = 9", "changes"),
    ],
)
def test_every_alteration_is_found_where_it_is(home: Path, sql: str, where: str) -> None:
    alter(home, sql)
    assert where in places(home)


def test_a_letter_of_a_table_that_nobody_asks_for_is_found(home: Path) -> None:
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite")) as file, file:
        file.execute("PRAGMA writable_schema = ON")
        altered = "sql = replace(sql, 'detail', 'detaim')"
        file.execute(f"UPDATE sqlite_schema SET {altered} WHERE name = 'relay_faults'")
    with Node.open(home) as node:
        (found,) = verify(node)
    assert [one.sentence for one in found.differences] == [
        "The table or index relay_faults is not as Mkutano made it."
    ]


def test_a_difference_names_the_phone_as_people_call_it(home: Path) -> None:
    alter(home, "UPDATE changes SET signature = zeroblob(64) WHERE change_no = 9")
    with Node.open(home) as node:
        (found,) = verify(node)
        told = " ".join(one.sentence for one in found.differences if one.where == "signatures")
    assert re.search(r"of (Secretary|Treasurer)'s phone \(device [0-9a-f]{8}\)", told)


def test_changes_without_a_signature_are_found(home: Path) -> None:
    alter(home, "UPDATE changes SET signature = x'' WHERE lane = 0 AND n > 5")
    assert "signatures" in places(home)


def test_no_flipped_bit_is_silently_taken_for_the_truth(home: Path) -> None:
    chance = random.Random(7)
    ledger = home / "ledger.sqlite"
    whole = ledger.read_bytes()
    content = [at for at, byte in enumerate(whole) if byte]  # each empty table has a page of zeros
    with Node.open(home) as node:
        (right,) = verify(node)
        every = list(node.store.chains(1).everything())
    noticed = 0
    for _ in range(FLIPS):
        at = chance.choice(content)
        flipped = bytes((whole[at] ^ 1 << chance.randrange(8),))
        ledger.write_bytes(whole[:at] + flipped + whole[at + 1 :])
        try:
            with Node.open(home) as node:
                (found,) = verify(node)
                if not found.differences:
                    assert found == right
                    assert list(node.store.chains(1).everything()) == every
                    continue
        except NodeError:
            pass
        noticed += 1
    assert noticed > FLIPS // 2  # the rest fell on what was deleted, or lies beyond a cell
