"""Officers' phones without a network: each knows what it wrote and what it was told, no more.

An entry's past is exactly what its phone knew when it was written, so that two phones that have
not met write concurrently, and nobody has to say so. The clocks of these phones are all wrong, and
differently: no rule may read them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, TypeVar

from model.codec import Unreadable
from model.entry import Entry
from model.events import Event

_AnyEvent = TypeVar("_AnyEvent", bound=Event)

_CLOCKS_MS = (0, 4_102_444_800_000, 1_767_254_400_000, 1)  # 1970, 2100, about right, 1970 again


class Handset:
    """One device of one person: what it knows, and what it writes."""

    def __init__(self, name: str, person: str) -> None:
        self.name = name
        self.device = hashlib.sha256(f"device {name}".encode()).digest()
        self.person = hashlib.sha256(f"person {person}".encode()).digest()[:16]
        self.known: dict[bytes, Entry] = {}
        self._written = 0
        self._lamport = 0

    def record(self, event: Event | Unreadable) -> bytes:
        """Write an entry; its id."""
        self._written += 1
        self._lamport += 1
        identity = hashlib.sha256(f"{self.name} {self._written}".encode()).digest()[:16] + b"\0"
        clock_ms = _CLOCKS_MS[self._written % len(_CLOCKS_MS)]
        past = frozenset(self.known)
        self.known[identity] = Entry(
            identity, self._lamport, self.device, self.person, clock_ms, event, past
        )
        return identity

    def learn_from(self, *others: Handset) -> None:
        """Take over all that other phones know."""
        for other in others:
            self.known.update(other.known)
            self._lamport = max(self._lamport, other._lamport)

    def heard(self, kind: type[_AnyEvent]) -> list[tuple[bytes, _AnyEvent]]:
        """Ids and events of this kind that this phone knows, oldest first."""
        return self.heard_any(kind)

    def heard_any(self, *kinds: type[Event]) -> list[tuple[bytes, Any]]:
        """Ids and events of any of these kinds that this phone knows, oldest first."""
        told = sorted(self.known.values(), key=lambda entry: (entry.lamport, entry.id))
        return [(entry.id, entry.event) for entry in told if isinstance(entry.event, kinds)]


def meet(*phones: Handset) -> None:
    """All of these phones exchange what they know."""
    first = phones[0]
    first.learn_from(*phones[1:])
    for other in phones[1:]:
        other.learn_from(first)


def everything(phones: Iterable[Handset]) -> list[Entry]:
    """All that any of these phones knows, in the shared order."""
    every: dict[bytes, Entry] = {}
    for phone in phones:
        every.update(phone.known)
    return sorted(every.values(), key=lambda entry: (entry.lamport, entry.id))
