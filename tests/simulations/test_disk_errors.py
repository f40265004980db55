"""Calls to the disk that fail, one after the other: clear errors, and nothing acknowledged is lost.

`python -m simulations.disk errors` lets each of them fail; here a part of them.
"""

import sqlite3
from contextlib import suppress

import pytest

from node import database
from node.errors import StoreFailed
from node.node import Node
from node.records import RecordRequest, record
from simulations.disk import SimulatedDisk
from simulations.disk.errors import ErrorPoint, error_points, fault_at
from simulations.disk.meeting import (
    NOW_MS,
    Books,
    Meeting,
    books_of,
    exchange,
    found_phones,
    lay_markers,
)
from simulations.disk.power import CannotMount, small_disk
from tests.simulations.disk_meeting import folder, meeting

__all__ = ["folder", "meeting"]

EVERY = 9
SYNCS = tuple(ErrorPoint("sync", n, "io", times) for n in range(5) for times in (1, 3, 1000))


def test_a_phone_survives_each_call_that_fails(meeting: Meeting) -> None:
    points = list(error_points(meeting))
    assert {point.call for point in points} == {
        *("open", "read", "write", "sync", "truncate", "delete")
    }
    assert len(points) > 500
    for point in (*points[::EVERY], *SYNCS):
        assert fault_at(meeting, point) == "", point.name


def test_a_log_that_is_only_in_memory_is_found_when_nothing_folds_it(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left_as_it_is(_connection: sqlite3.Connection) -> None:
        return

    monkeypatch.setattr(database, "fold_log", left_as_it_is)
    assert any(fault_at(meeting, point) for point in SYNCS)


def members_until_full(node: Node, group: bytes) -> tuple[Books, StoreFailed]:
    """Add members until there is no room; what was acknowledged, and what was said then."""
    before = books_of(node, group)
    for number in range(1000):
        try:
            asked = RecordRequest(kind="member", name=f"Zuri {number}", date="2026-01-08")
            record(node, asked, NOW_MS)
        except StoreFailed as full:
            return before, full
        before = books_of(node, group)
    raise AssertionError("it was never full")


def test_reading_and_handing_over_go_on_while_the_disk_is_full(meeting: Meeting) -> None:
    lay_markers(meeting.moments[0].markers)
    disk, other_disk = SimulatedDisk(), SimulatedDisk()
    with (
        Node.open(meeting.home, disk.connect) as node,
        Node.open(meeting.other_home, other_disk.connect) as other,
    ):
        asked = RecordRequest(kind="member", name="Wangari", date="2026-01-08")
        record(node, asked, NOW_MS)
        disk.full(True)
        before, full = members_until_full(node, meeting.group)
        assert full.code == "storage_full"
        assert "reading still works" in full.sentence
        assert books_of(node, meeting.group) == before
        with suppress(StoreFailed):  # what it learns about the other can't be stored
            list(exchange(node, other, meeting.group))
        assert books_of(other, meeting.group) == before
        disk.full(False)
        for refused in exchange(node, other, meeting.group):
            assert not refused
        assert books_of(node, meeting.group) == books_of(other, meeting.group)


def test_a_disk_that_is_really_full_loses_nothing_and_is_read_on() -> None:
    try:
        with small_disk(kibibytes=1500) as place:
            founded = found_phones(place)
            with Node.open(founded.secretary) as node:
                before, full = members_until_full(node, founded.group)
                assert full.code == "storage_full"
                assert books_of(node, founded.group) == before
            with Node.open(founded.secretary) as node:
                assert books_of(node, founded.group) == before
                assert node.store.database.rows("PRAGMA integrity_check") == [("ok",)]
    except CannotMount as error:
        pytest.skip(f"No small disk here: {error}.")
