"""Every call that a phone makes to its disk in a few steps, failing once or for a while.

The steps: open, record, record, close. For every n the n-th call of each kind fails, as EIO, as a
full disk, or (reading) with fewer bytes than there are. What must hold then: an error is one of the
node's own, with a code and a sentence; what was not acknowledged is there whole or not at all;
after the fault the same process goes on; and a power cut after its next step loses nothing of what
was acknowledged, not even where a sync had failed before.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from node.errors import NodeError
from node.node import Node
from node.records import RecordRequest, record
from node.verify import verify
from simulations.disk.disk import Call, Fault, SimulatedDisk
from simulations.disk.meeting import (
    NOW_MS,
    Books,
    Markers,
    Meeting,
    books_of,
    lay_markers,
)

CALLS: tuple[Call, ...] = ("open", "read", "write", "sync", "truncate", "delete")
FAULTS: dict[Call, tuple[Fault, ...]] = {
    "open": ("io",),
    "read": ("io", "short"),
    "write": ("io", "full"),
    "sync": ("io", "full"),
    "truncate": ("io",),
    "delete": ("io",),
    "any": (),
}
TIMES = (1, 3, 1000)
"""Once; again when the program tries to clean up; until the disk is mended."""
_CODES = frozenset({"store_failed", "storage_full", "store_damaged"})


class ErrorPoint(NamedTuple):
    """Which call fails, how, and how often."""

    call: Call
    after_calls: int
    fault: Fault
    times: int

    @property
    def name(self) -> str:
        """By which it can be played again."""
        return f"{self.call}/{self.after_calls}/{self.fault}/{self.times}"


class _Start(NamedTuple):
    home: Path
    group: bytes
    disk: SimulatedDisk
    markers: Markers
    books: Books


def error_points(meeting: Meeting) -> Iterator[ErrorPoint]:
    """All of them: as many calls of each kind as the steps make when nothing fails."""
    start = _start(meeting)
    disk = _fresh(start)
    steps = _Steps(start, disk)
    steps.run()
    steps.close()
    return points(disk.calls)


def points(calls: Counter[str]) -> Iterator[ErrorPoint]:
    """Each of so many calls, failing in each way."""
    for call in CALLS:
        for n in range(calls[call]):
            for fault in FAULTS[call]:
                for times in TIMES:
                    yield ErrorPoint(call, n, fault, times)


def fault_at(meeting: Meeting, point: ErrorPoint) -> str:
    """What is wrong after this call failed, or "" when every promise is kept."""
    start = _start(meeting)
    disk = _fresh(start)
    steps = _Steps(start, disk)
    disk.fail(point.call, point.after_calls, point.fault, point.times)
    try:
        steps.run()
        disk.heal()
        return steps.wrong or steps.look()
    except NodeError as error:
        return f"after the fault: {error.code}: {error.sentence}"
    finally:
        disk.heal()
        steps.close()


def _start(meeting: Meeting) -> _Start:
    """The phone before the meeting."""
    moment = meeting.moments[0]
    return _Start(meeting.home, meeting.group, meeting.before, moment.markers, moment.books)


def _fresh(start: _Start) -> SimulatedDisk:
    disk = start.disk.clone()
    disk.instead["PRAGMA wal_autocheckpoint = 2000"] = "PRAGMA wal_autocheckpoint = 10"
    lay_markers(start.markers)
    return disk


class _Steps:
    """A phone on a disk that fails, and what it acknowledged."""

    def __init__(self, start: _Start, disk: SimulatedDisk) -> None:
        self._start, self._disk = start, disk
        self._node: Node | None = None
        self.acknowledged = start.books.changes
        self.tried = start.books.changes
        self._members = 0
        self.wrong = ""

    def run(self) -> None:
        """Open, record twice, close; an error ends only its own step."""
        for step in (self._open, self._record, self._record, self.close, self._open):
            self._attempt(step)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except NodeError as error:
            if error.code not in _CODES:
                self.wrong = f"{error.code}: {error.sentence}"

    def look(self) -> str:
        """Whether all is well now that the disk is."""
        self._open()
        if wrong := self._books_wrong():
            return wrong
        self._record()
        self._cut()
        self._open()
        return self._books_wrong() or self._differs()

    def _books_wrong(self) -> str:
        books = books_of(self._opened, self._start.group)
        if not self.acknowledged <= books.changes <= self.tried:
            return f"{books.changes} changes, acknowledged {self.acknowledged} of {self.tried}"
        self.acknowledged = self.tried = books.changes
        return ""

    def _differs(self) -> str:
        for checked in verify(self._opened):
            if checked.differences:
                return checked.differences[0].sentence
        return ""

    @property
    def _opened(self) -> Node:
        if self._node is None:
            self._open()
        assert self._node is not None
        return self._node

    def _open(self) -> None:
        if self._node is None:
            self._node = Node.open(self._start.home, self._disk.connect)

    def _record(self) -> None:
        node = self._opened
        self.tried += 1
        self._members += 1
        asked = RecordRequest(kind="member", name=f"Zuri {self._members}", date="2026-01-08")
        record(node, asked, NOW_MS)
        self.acknowledged += 1

    def _cut(self) -> None:
        """The power goes, with everything lost that was not synced."""
        found = self._disk.crash(Random(0), "dropped")
        self.close()
        self._disk = found

    def close(self) -> None:
        """Close the phone's program."""
        if self._node is not None:
            node, self._node = self._node, None
            node.close()
