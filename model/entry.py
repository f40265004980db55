"""One fact with its circumstances: who wrote it, on which device, knowing what.

Order comes from (lamport, id) and the seals alone and extends causality; `time_ms` is a claim of
the author's clock, kept for the audit and read by no rule.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple, Protocol, runtime_checkable

from model.codec import Unreadable
from model.events import Event


class Past(Protocol):
    """What the author's phone knew when it wrote an entry."""

    def __contains__(self, entry_id: object, /) -> bool:
        """Say whether the author knew of that entry (17 bytes)."""


Head = tuple[bytes, int, bytes]
"""Device (32 bytes), position in its chain, chain hash (32 bytes)."""


@runtime_checkable
class ChainedPast(Past, Protocol):
    """A past that knows the chains that it reaches."""

    def names_heads(self, heads: Collection[Head], /) -> bool:
        """Say whether these are the heads of the chains that the author knew, one for each branch
        of a device that forked; of more than can be named, whether each of them is one."""


class Entry(NamedTuple):
    """An event as it stands in the log."""

    id: bytes  # 17 bytes, see identifiers.py
    lamport: int
    device: bytes
    person: bytes
    time_ms: int
    event: Event | Unreadable
    past: Past
    held: bool = False
    """Its device was stopped, and nothing spares this entry: it counts when officers say so, see
    stopped.py. One fold is given one answer: when it changes, the book goes back to the entry."""
    cards: tuple[bytes, ...] = ()
    """First 16 bytes of changes for which a paper card was shown in this entry's change."""
    behind: int = 0
    """Lamport place of the last seal that does not cover this entry and would otherwise follow it;
    0 for nearly every entry."""


_BEHIND: Final = b"\xff" * 8  # no id begins so: they are hashes


def order_key(entry: Entry) -> tuple[int, bytes]:
    """Place in the order that all replicas share.

    What a seal covers comes first, as exactly the seal's own past: what it does not cover follows
    it, among itself in the order of writing.
    """
    if not entry.behind:
        return (entry.lamport, entry.id)
    return (entry.behind, _BEHIND + entry.lamport.to_bytes(8, "big") + entry.id)
