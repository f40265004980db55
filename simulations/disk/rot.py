"""Bits that turn over on a phone's storage: found when the ledger is opened or verified, or idle.

One bit of one byte of a small, closed ledger is turned over and the real node opens it. Either the
node says that the ledger is damaged, and where to get it back; or it shows what it showed before;
or `verify` names the difference. Anything else is money that is silently wrong.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from node.errors import StoreDamaged, StoreTooNew, UnknownGroup
from node.node import Node
from node.verify import verify
from simulations.disk.disk import SimulatedDisk
from simulations.disk.meeting import Markers, Meeting, books_of, lay_markers

WAYS_OUT = ("Restore it from a backup", "join the group again", "Update Mkutano", "some other")
Found = Literal["at open", "by verify", "shown until verify", "harmless"]


class Rotten(NamedTuple):
    """One bit turned over, and what came of it."""

    offset: int
    bit: int
    found: Found | None
    """None: a fault of ours, in `fault`."""
    fault: str = ""


class SmallLedger(NamedTuple):
    """A closed ledger and what its phone showed."""

    home: Path
    group: bytes
    content: bytes
    markers: Markers
    shown: tuple[object, ...]


def small_ledger(meeting: Meeting) -> SmallLedger:
    """What the secretary's phone holds at the end of a meeting, its log folded back."""
    disk = meeting.after.copy()
    moment = meeting.moments[-1]
    lay_markers(moment.markers)
    with Node.open(meeting.home, disk.connect) as node:
        shown = _shown(node, meeting.group)
    content = disk.content(meeting.home / "ledger.sqlite")
    assert content is not None
    return SmallLedger(meeting.home, meeting.group, content, moment.markers, shown)


def offsets(ledger: SmallLedger, seed: int, count: int | None = None) -> Iterator[tuple[int, int]]:
    """Every byte with one bit of it by chance, or so many of them."""
    chance = random.Random(seed)
    size = len(ledger.content)
    chosen = range(size) if count is None else sorted(chance.sample(range(size), count))
    for offset in chosen:
        yield offset, chance.randrange(8)


def turned_over(ledger: SmallLedger, offset: int, bit: int) -> Rotten:
    """Open the ledger with this bit turned over."""
    content = bytearray(ledger.content)
    content[offset] ^= 1 << bit
    disk = SimulatedDisk()
    disk.put(ledger.home / "ledger.sqlite", bytes(content))
    lay_markers(ledger.markers)
    try:
        return Rotten(offset, bit, *_found(ledger, disk))
    except Exception as error:  # what a person would see as a crash
        return Rotten(offset, bit, None, f"{type(error).__name__}: {error}")


def _found(ledger: SmallLedger, disk: SimulatedDisk) -> tuple[Found | None, str]:
    try:
        with Node.open(ledger.home, disk.connect) as node:
            return _compared(ledger, node)
    except (StoreDamaged, StoreTooNew) as error:
        says_what_to_do = any(way in error.sentence for way in WAYS_OUT)
        return ("at open", "") if says_what_to_do else (None, error.sentence)


def _compared(ledger: SmallLedger, node: Node) -> tuple[Found | None, str]:
    shown: tuple[object, ...]
    try:
        shown = _shown(node, ledger.group)
    except StoreDamaged as error:
        says_what_to_do = any(way in error.sentence for way in WAYS_OUT)
        return ("at open", "") if says_what_to_do else (None, error.sentence)
    except UnknownGroup:
        shown = ()
    is_found = any(one.differences for one in verify(node))
    if shown == ledger.shown:
        return ("by verify" if is_found else "harmless"), ""
    return ("shown until verify", "") if is_found else (None, "shown otherwise and not found")


def _shown(node: Node, group: bytes) -> tuple[object, ...]:
    """Everything of the books that people are shown."""
    held = node.group(group)
    people = sorted(
        repr((row.member, row.name, row.phone))
        for row in held.store.sealed_people(held.row.group_no)
    )
    return (*books_of(node, group), held.name, tuple(people))
