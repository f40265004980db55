"""A village one of whose phones was stopped: what it wrote outside of what is spared is held."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from model import events as e
from model.book import Book
from model.entry import Entry
from model.findings import Finding, list_findings
from model.journal import balance, entry_page
from model.pages import EntryPage
from model.reducer import fold
from model.suspense_view import suspense_view
from model.timeline import Timeline
from tests.strategies import Phone, Village

_OWNERS = {"secretary": "Wanjiru", "treasurer": "Otieno", "chairperson": "Achieng"}


class Stolen:
    """A village; the phone that was stolen goes on writing, and meets the others."""

    def __init__(self, office: str = "treasurer") -> None:
        self.village = Village()
        self.thief: Phone = getattr(self.village, office)
        self.spared = set(self.thief.known)

    def second_phone(self) -> Phone:
        """Another phone of the one whose phone was stolen, who has all that is spared."""
        new = Phone("new phone", _OWNERS[self.thief.name])
        new.learns_from(self.thief)
        new.known = {name: new.known[name] for name in self.spared}
        self.village.phones.append(new)
        return new

    @property
    def entries(self) -> list[Entry]:
        """Everything, with what the stopped phone wrote since held."""
        return held(self.village.entries, self.thief.device, self.spared)

    @property
    def book(self) -> Book:
        """The book, the same in every order in which the entries arrive."""
        entries = self.entries
        expected = fold(entries)
        for seed in range(3):
            timeline = Timeline()
            for entry in random.Random(seed).sample(entries, len(entries)):
                timeline.advance([entry])
            assert timeline.book.digest() == expected.digest()
        return expected

    def page(self, entry: bytes) -> EntryPage:
        """How an entry stands."""
        return entry_page(self.book, entry.hex())

    def cash(self) -> int:
        """What is in the box by the books."""
        return balance(self.book, "1010")

    def ratified(
        self, *entries: bytes, at: tuple[int, int] = (1, 1), by: str = "secretary"
    ) -> bytes:
        """Officers ratify these entries, or all that they know."""
        return self._judged(e.SuspenseRatified, entries, at, by)

    def rejected(
        self, *entries: bytes, at: tuple[int, int] = (1, 1), by: str = "secretary"
    ) -> bytes:
        """Officers reject these entries, or all that they know."""
        return self._judged(e.SuspenseRejected, entries, at, by)

    def _judged(self, kind: Any, entries: tuple[bytes, ...], at: Any, by: str) -> bytes:
        self.village.meet()
        author: Phone = getattr(self.village, by)
        verdict = author.record(kind(self.thief.device, entries, *at))
        others = {self.village.secretary, self.village.chairperson} - {author}
        self.village.agree(verdict, *others)
        return verdict

    def view(self) -> dict[str, Any]:
        """What officers see of the stopped phone."""
        (device,) = suspense_view(self.book, every=True)
        return device


def held(entries: Iterable[Entry], device: bytes, spared: set[bytes]) -> list[Entry]:
    """The entries, those of a device held that nothing spares."""
    return [
        entry._replace(held=True) if entry.device == device and entry.id not in spared else entry
        for entry in entries
    ]


def shown(book: Book, code: str) -> list[Finding]:
    """Findings with a code."""
    return [finding for finding in list_findings(book) if finding.code == code]
