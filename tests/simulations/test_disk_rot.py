"""Bits that turn over in a ledger are found or harmless, and what is damaged comes back from peers.

`python -m simulations.disk rot` turns over a bit of every byte; here of some.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from node import commands
from node.commands import Context
from node.node import Node
from replication.control import DeviceEnrolled
from simulations.disk.kills import state_in
from simulations.disk.meeting import NOW_MS, TERMS, Meeting, exchange
from simulations.disk.rot import offsets, small_ledger, turned_over
from simulations.phones import Phone
from tests.simulations.disk_meeting import folder, meeting

__all__ = ["folder", "meeting"]

BYTES = 220


def test_no_bit_that_turns_over_makes_money_wrong_unnoticed(meeting: Meeting) -> None:
    ledger = small_ledger(meeting)
    found: Counter[str | None] = Counter()
    for offset, bit in offsets(ledger, seed=7, count=BYTES):
        one = turned_over(ledger, offset, bit)
        assert one.fault == "", (offset, bit)
        found[one.found] += 1
    assert found["at open"] > 5
    assert found["by verify"] > 5
    assert found["harmless"] > 5


def places_of(content: bytes, text: bytes) -> list[int]:
    """Where a text stands in a ledger file."""
    return [at for at in range(len(content)) if content.startswith(text, at)]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"CREATE TABLE changes", 13),  # the schema
        (b'"balance"', 1),  # a page of the book
    ],
)
def test_damage_in_a_known_place_is_a_sentence(meeting: Meeting, text: bytes, offset: int) -> None:
    ledger = small_ledger(meeting)
    for at in places_of(ledger.content, text)[:3]:
        one = turned_over(ledger, at + offset, 1)
        assert one.fault == ""
        assert one.found in ("at open", "by verify", "shown until verify")


def test_a_damaged_phone_gets_everything_back_from_another_one(tmp_path: Path) -> None:
    secretary = Phone("secretary", tmp_path / "secretary")
    treasurer = Phone("treasurer", tmp_path / "treasurer")
    with state_in(tmp_path):
        _found(secretary.home, treasurer.home)
    fresh = Phone("fresh", tmp_path / "fresh")
    shutil.copytree(tmp_path / "state", tmp_path / "secretary.state")
    ledger = treasurer.home / "ledger.sqlite"
    content = bytearray(ledger.read_bytes())
    for at in places_of(bytes(content), b"CREATE TABLE changes"):
        content[at + 13] ^= 2
    ledger.write_bytes(content)
    refused = treasurer.ask("status")
    assert refused.code != 0
    told = " ".join(refused.err.split())
    assert "damaged" in told
    assert "join the group again from another officer's phone" in told
    fresh.do("init", "--name", "The treasurer's new phone")
    secretary.start("--no-lan")
    try:
        fresh.do("join", secretary.facts("invite")["uri"], "--yes")
        (again,) = fresh.facts("verify")["groups"]
        assert again["differences"] == []
        assert again["digest"] == secretary.facts("verify")["groups"][0]["digest"]
    finally:
        secretary.stop()


def _found(home: Path, other_home: Path) -> None:
    """A group of one officer, who lets phones in alone, on two phones."""
    with Node.create(home, "Secretary's phone") as node, Node.create(other_home, "Other") as other:
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        node.enrol(group, DeviceEnrolled(other.device, b"." * 16, "write", "Other"), NOW_MS)
        commands.add_member(
            Context(node, node.group(group), NOW_MS), "Amina", joined_on="2026-01-01"
        )
        other.join(group, "Umoja")
        for refused in exchange(node, other, group):
            assert not refused
