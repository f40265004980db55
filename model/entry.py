"""One fact with its circumstances: who wrote it, on which device, knowing what.

Order comes from (lamport, id) alone and extends causality; `time_ms` is a claim of the author's
clock, kept for the audit and read by no rule.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from model.codec import Unreadable
from model.events import Event


class Past(Protocol):
    """What the author's phone knew when it wrote an entry."""

    def __contains__(self, entry_id: object, /) -> bool:
        """Say whether the author knew of that entry (17 bytes)."""


class Entry(NamedTuple):
    """An event as it stands in the log."""

    id: bytes  # 17 bytes, see identifiers.py
    lamport: int
    device: bytes
    person: bytes
    time_ms: int
    event: Event | Unreadable
    past: Past


def order_key(entry: Entry) -> tuple[int, bytes]:
    """Place in the order that all replicas share."""
    return (entry.lamport, entry.id)
