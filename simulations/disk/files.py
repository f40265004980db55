"""One file of a simulated disk: what a reader sees now, and what of it would survive a power cut.

What was written is in the page cache at once (`content`). It is on the platter (`stable`) only
after a sync; until then each write may have got there or not, in any order, whole or in sectors.
A sync that fails leaves the cache as it is and the platter too, and later syncs don't mend that:
so does Linux since it forgets pages whose writing failed (Rebello and others, “Can applications
recover from fsync failures?”, USENIX ATC 2020).
"""

from itertools import pairwise
from random import Random
from typing import Literal, NamedTuple

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""

Way = Literal["dropped", "subset", "torn", "shuffled", "process"]
"""What becomes of unsynced writes; "process" is the end of the program alone: the cache stays."""


class Write(NamedTuple):
    """Bytes put at an offset."""

    offset: int
    data: bytes


class Cut(NamedTuple):
    """The file made this short."""

    size_bytes: int


Pending = Write | Cut


class SimulatedFile:
    """Content, what is stable of it, and the writes between the two."""

    __slots__ = ("content", "holder", "is_named", "pending", "stable")

    def __init__(self, content: bytes = b"", *, is_named: bool = False) -> None:
        self.content = bytearray(content)
        self.stable = bytearray(content)
        self.pending: list[Pending] = []
        self.is_named = is_named
        """Whether its name in the folder is on the platter too."""
        self.holder: object | None = None
        """Who holds SQLite's lock on it."""

    def write(self, data: bytes, offset: int) -> None:
        """Put bytes into the cache."""
        _put(self.content, offset, data)
        self.pending.append(Write(offset, data))

    def truncate(self, size_bytes: int) -> None:
        """Cut the cached file."""
        del self.content[size_bytes:]
        self.pending.append(Cut(size_bytes))

    def sync(self) -> None:
        """Bring everything to the platter."""
        for one in self.pending:
            _apply(self.stable, one)
        self.pending.clear()

    def fail_sync(self) -> None:
        """The system gave up what it should have written."""
        self.pending.clear()

    def copy(self) -> "SimulatedFile":
        """The same file, held by nobody."""
        other = SimulatedFile(is_named=self.is_named)
        other.content[:] = self.content
        other.stable[:] = self.stable
        other.pending = list(self.pending)
        return other

    def after_cut(self, chance: Random, way: Way) -> "SimulatedFile":
        """What is found of it afterwards; all of that is stable then."""
        found = bytearray(self.stable)
        for one in _survivors(self.pending, chance, way):
            _apply(found, one)
        return SimulatedFile(bytes(found), is_named=True)


def _survivors(pending: list[Pending], chance: Random, way: Way) -> list[Pending]:
    """Which unsynced writes had reached the platter, in the order in which they did."""
    if way == "dropped":
        return []
    if way == "torn":
        sectors = [part for one in pending for part in _sectors(one)]
        return [one for one in sectors if chance.random() < 0.5]
    kept = [one for one in pending if chance.random() < (0.5 if way == "subset" else 0.8)]
    if way == "shuffled":
        chance.shuffle(kept)
    return kept


def _sectors(one: Pending) -> list[Pending]:
    """A write as the sectors that it touches."""
    if isinstance(one, Cut):
        return [one]
    end = one.offset + len(one.data)
    edges = [one.offset, *range(_next_edge(one.offset), end, SECTOR_BYTES), end]
    return [
        Write(left, one.data[left - one.offset : right - one.offset])
        for left, right in pairwise(edges)
    ]


def _next_edge(offset: int) -> int:
    return (offset // SECTOR_BYTES + 1) * SECTOR_BYTES


def _apply(content: bytearray, one: Pending) -> None:
    if isinstance(one, Write):
        _put(content, one.offset, one.data)
    else:
        del content[one.size_bytes :]


def _put(content: bytearray, offset: int, data: bytes) -> None:
    size = len(content)
    if offset > size:
        content.extend(bytes(offset - size))
    content[offset : offset + len(data)] = data
