"""Whether what a power cut left of a phone's disk keeps what the phone had promised.

The real node opens the image. Its books must be exactly those of the last step that was
acknowledged before the cut, or of the one that was under way; `verify` derives everything again
from the signed changes and must find no difference; the phone then records, and exchanges with the
other phone as that one was at the moment of the cut, and both must show the same.
"""

from collections.abc import Iterator
from hashlib import sha256
from random import Random
from typing import NamedTuple

from model.events import MemberAdded
from node.errors import NodeError
from node.node import Node
from node.verify import verify
from simulations.disk.disk import WAYS, SimulatedDisk
from simulations.disk.files import Way
from simulations.disk.meeting import (
    NOW_MS,
    Books,
    Meeting,
    Moment,
    books_of,
    exchange,
    lay_markers,
)


class Image(NamedTuple):
    """A disk as a cut after so many of the log's steps left it."""

    writes: int
    way: Way
    disk: SimulatedDisk

    @property
    def name(self) -> str:
        """By which it can be made again."""
        return f"{self.writes}/{self.way}"


def images(meeting: Meeting, seed: int, share: float = 1.0) -> Iterator[Image]:
    """After every step of the log, each of the four ways; of them only a `share`, by chance.

    No two are alike: where two cuts leave the same bytes after the same promises, one is enough.
    """
    disk = meeting.before.clone()
    seen: set[bytes] = set()
    for writes in range(len(meeting.log) + 1):
        promised = len(_promised(meeting, writes))
        for way in WAYS:
            chance = Random(f"{seed} {writes} {way}")
            if chance.random() < share:
                image = Image(writes, way, disk.crash(chance, way))
                alike = _print_of(image.disk, promised)
                if alike not in seen:
                    seen.add(alike)
                    yield image
        if writes < len(meeting.log):
            disk.replay(meeting.log[writes])


def _promised(meeting: Meeting, writes: int) -> list[Moment]:
    """The steps that were acknowledged by then."""
    return [moment for moment in meeting.moments if moment.writes <= writes]


def _print_of(disk: SimulatedDisk, promised: int) -> bytes:
    found = sha256(str(promised).encode())
    for name, file in sorted(disk.files.items()):
        found.update(f"{name} {len(file.content)} ".encode())
        found.update(file.content)
    return found.digest()


def fault_of(meeting: Meeting, image: Image, whole: bool = True) -> str:
    """What is wrong with an image, or "" when every promise is kept.

    Not `whole`: what costs most is left out, deriving everything again and the exchange.
    """
    done = _promised(meeting, image.writes)
    under_way = meeting.moments[len(done) : len(done) + 1]
    lay_markers(done[-1].markers)
    try:
        with Node.open(meeting.home, image.disk.connect) as node:
            allowed = [moment.books for moment in (done[-1], *under_way)]
            fault = _books_fault(meeting, node, allowed)
            return fault or (_whole_fault(meeting, node, done[-1]) if whole else "")
    except NodeError as error:
        return f"{error.code}: {error.sentence}"


def _books_fault(meeting: Meeting, node: Node, allowed: list[Books]) -> str:
    found = books_of(node, meeting.group)
    if found not in allowed:
        return f"{found.changes} changes instead of {allowed[0].changes}"
    if node.store.database.rows("PRAGMA quick_check") != [("ok",)]:
        return "the file is damaged"
    node.append(meeting.group, [MemberAdded(99, "2026-01-08")], NOW_MS)
    is_more = books_of(node, meeting.group).changes > found.changes
    return "" if is_more else "nothing was recorded after the cut"


def _whole_fault(meeting: Meeting, node: Node, last: Moment) -> str:
    for checked in verify(node):
        if checked.differences:
            return checked.differences[0].sentence
    with Node.open(meeting.other_home, last.other.copy().connect) as other:
        for refused in exchange(node, other, meeting.group):
            if refused:
                return f"the other phone refused: {refused[0]}"
        if books_of(node, meeting.group) != books_of(other, meeting.group):
            return "the phones differ after an exchange"
    return ""
