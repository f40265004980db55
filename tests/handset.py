"""A phone for tests: it keeps true causal pasts; what it writes knows exactly what it knew."""

from __future__ import annotations

import hashlib

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.entry import Entry
from model.findings import list_findings
from model.reducer import fold


class Phone:
    """One device of one person: what it knows, and what it writes."""

    def __init__(self, name: str, person: str) -> None:
        self.name = name
        self.device = hashlib.sha256(f"device {name}".encode()).digest()
        self.person = hashlib.sha256(f"person {person}".encode()).digest()[:16]
        self.known: dict[bytes, Entry] = {}
        self.written = 0
        self.lamport = 0

    def record(self, event: e.Event | Unreadable) -> bytes:
        """Write an entry; its id."""
        self.written += 1
        self.lamport += 1
        seed = f"{self.name} {self.written}".encode()
        identity = hashlib.sha256(seed).digest()[:16] + b"\0"
        past = frozenset(self.known)
        clock = self.written * 1000 if self.written % 2 else 4_102_444_800_000  # nobody reads it
        entry = Entry(identity, self.lamport, self.device, self.person, clock, event, past)
        self.known[identity] = entry
        return identity

    def written_here(self) -> list[Entry]:
        """What this phone wrote, in the order of writing."""
        own = (entry for entry in self.known.values() if entry.device == self.device)
        return sorted(own, key=lambda entry: entry.lamport)

    def learns_from(self, other: Phone) -> None:
        """Take over all that the other phone knows."""
        self.known.update(other.known)
        self.lamport = max(self.lamport, other.lamport)

    def meets(self, *others: Phone) -> None:
        """All of these phones sync."""
        for other in others:
            self.learns_from(other)
        for other in others:
            other.learns_from(self)

    @property
    def book(self) -> Book:
        """The book as this phone sees it."""
        return fold(self.known.values())

    def codes(self) -> list[str]:
        """Finding codes on this phone, in the order they are shown."""
        return [finding.code for finding in list_findings(self.book)]


CONSTITUTION = e.ConstitutionAdopted(
    1,
    share_value_minor=100,
    shares_max=5,
    social_fund_minor=20,
    interest_ppm=100_000,
    fines={"late": 50},
)
