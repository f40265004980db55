"""Several groups on one phone: each goes on by itself, whatever becomes of another."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from model.events import MemberAdded
from node.answers import choose_group
from node.errors import CommandRefused, NodeError, StoreDamaged
from node.node import Node
from node.verify import verify
from node.views import NoRequest, groups
from tests.node.calling_phones import NOW_MS, WAIT_S, Phone, phone, secretary, treasurer
from tests.node.pairing_people import invited
from tests.node.phones import add_member, founded
from tests.node.test_peer_link import in_step

__all__ = ["secretary", "treasurer"]

TWINS = b"secretary".ljust(16, b".")


@pytest.fixture
async def group(secretary: Phone) -> bytes:
    return await secretary.found()


@pytest.fixture
async def third(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path / "third", "Third phone") as one:
        yield one


def spoil(home: Path, group: bytes, table: str, column: str, value: object) -> None:
    """Put nonsense where one group's rows are, as a failing storage or another program would."""
    with sqlite3.connect(home / "ledger.sqlite") as file:
        (number,) = file.execute(
            "SELECT group_no FROM groups WHERE group_id = ?", (group,)
        ).fetchone()
        done = file.execute(f"UPDATE {table} SET {column} = ? WHERE group_no = ?", (value, number))
        assert done.rowcount
    file.close()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("changes", "clock", "not,numbers"),
        ("changes", "events", b"\xff"),
        ("changes", "deps", b"x" * 32),
        ("acks", "tips", b"\xff"),
    ],
)
def test_a_damaged_group_stands_aside_and_the_others_go_on(
    tmp_path: Path, table: str, column: str, value: object
) -> None:
    node, umoja = founded(tmp_path)
    other = node.found("Tumaini", TWINS, NOW_MS)
    add_member(node, other, 1)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.execute("INSERT INTO acks VALUES (1, ?, x'80', ?)", (bytes(32), bytes(64)))
    file.close()
    before = node.group(other).book.digest()
    node.close()
    spoil(tmp_path, umoja, table, column, value)
    with Node.open(tmp_path) as again:
        assert again.group(other).book.digest() == before
        add_member(again, other, 2)
        if umoja not in again.unreadable:  # only read when it is needed
            assert any(one.group == umoja and one.differences for one in verify(again))
            return
        assert set(again.groups) == {other}
        for said in ("", "Umoja", umoja.hex()[:8]):
            with pytest.raises(StoreDamaged, match="books of Umoja on this phone are damaged"):
                choose_group(again, said)
        assert choose_group(again, "Tumaini").id == other
        with pytest.raises(StoreDamaged, match="Umoja"):
            again.group(umoja)
        told = groups(again, NoRequest(), NOW_MS).body["groups"]
        assert {row["name"]: row["state"] for row in told} == {
            "Tumaini": "active",
            "Umoja": "unreadable",
        }
        (bad,) = (one for one in verify(again) if one.differences)
        assert (bad.group, bad.name) == (umoja, "Umoja")


def test_an_only_group_that_is_damaged_is_said_at_once(tmp_path: Path) -> None:
    node, umoja = founded(tmp_path)
    node.close()
    spoil(tmp_path, umoja, "changes", "clock", "not,numbers")
    with pytest.raises(StoreDamaged, match="books of Umoja on this phone are damaged"):
        Node.open(tmp_path)


async def test_a_phone_with_a_damaged_group_keeps_the_others_in_step(tmp_path: Path) -> None:
    async with phone(tmp_path / "s", "Secretary's phone") as one:
        umoja = await one.found()
        other = await one.thread.run(one.node.found, "Tumaini", TWINS, NOW_MS)
    spoil(tmp_path / "s", umoja, "changes", "clock", "not,numbers")
    async with phone(tmp_path / "s") as again, phone(tmp_path / "t", "T") as treasurer:
        assert set(again.node.groups) == {other}
        await treasurer.join_and_sync(again, other)
        await again.add_member(other, 5)
        await in_step(treasurer, again, other)
        with pytest.raises(NodeError):
            await treasurer.call(umoja, again)


def test_what_fails_in_one_group_takes_nothing_from_another(tmp_path: Path) -> None:
    node, umoja = founded(tmp_path)
    other = node.found("Tumaini", TWINS, NOW_MS)
    add_member(node, other, 1)
    kept = node.group(other).replica.heads
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("node.node._writing", _fail)
        with pytest.raises(RuntimeError):
            add_member(node, umoja, 1)
    assert node.group(other).replica.heads == kept
    add_member(node, other, 2)
    assert add_member(node, umoja, 1)
    node.close()


def _fail(*_: object) -> None:
    raise RuntimeError("a fault of our own")


# What one group's phones can do to another


async def test_an_invitation_leads_into_its_own_group_only(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    other = await secretary.thread.run(
        secretary.node.found, "Tumaini", b"secretary".ljust(16, b"."), NOW_MS
    )
    made = await invited(secretary, group)
    link = await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    treasurer.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    assert link.group == group
    await treasurer.thread.run(treasurer.node.join, other, "Tumaini")
    await treasurer.thread.run(
        treasurer.node.group(other).store.remember_address,
        *(treasurer.node.group(other).row.group_no, secretary.node.device, "127.0.0.1:1", NOW_MS),
    )
    refused = await treasurer.call(other, secretary)  # it even knows the other group's id
    async with asyncio.timeout(WAIT_S):
        await refused.over.wait()
    assert refused.ending == "peer_not_enrolled"
    assert not treasurer.heads(other)
    assert not link.ending


async def test_a_hostile_phone_of_one_group_leaves_the_other_syncing(
    secretary: Phone, treasurer: Phone, group: bytes, third: Phone
) -> None:
    other = await secretary.thread.run(
        secretary.node.found, "Tumaini", b"secretary".ljust(16, b"."), NOW_MS
    )
    calm = await treasurer.join_and_sync(secretary, group)
    wild = await third.join_and_sync(secretary, other)
    await wild._socket.send(b"\xff" * 1000)
    async with asyncio.timeout(WAIT_S):
        await wild.over.wait()
    assert secretary.links.refusals[-1].code
    await secretary.add_member(group, 5)
    await in_step(treasurer, secretary, group)
    assert not calm.ending


async def test_roles_of_one_group_are_nothing_in_another(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    link = await treasurer.join(secretary, group, "read")
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    own = await treasurer.thread.run(
        treasurer.node.found, "Tumaini", b"treasurer".ljust(16, b"."), NOW_MS
    )
    assert not treasurer.node.group(group).roster.may_write(treasurer.node.device)
    assert treasurer.node.group(own).roster.may_write(treasurer.node.device)
    assert secretary.node.device not in treasurer.node.group(own).roster.devices
    event = MemberAdded(1, "2026-01-05")
    await treasurer.thread.run(treasurer.node.append, own, [event], NOW_MS)
    with pytest.raises(CommandRefused):
        await treasurer.thread.run(treasurer.node.append, group, [event], NOW_MS)
