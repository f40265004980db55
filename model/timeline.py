"""A book that keeps up with entries as they arrive, in any order and however often.

Entries that precede what is already folded take the newer ones back first; the work is the new
entries plus those that they precede, never the whole history.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from model.book import Book, Undo
from model.entry import Entry, order_key
from model.reducer import apply, undo


class Timeline:
    """In memory; `node` keeps the same in its database."""

    def __init__(self) -> None:
        self.book = Book()
        self._entries: list[Entry] = []
        self._keys: list[tuple[int, bytes]] = []
        self._undo: list[Undo] = []
        self._known: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def advance(self, entries: Iterable[Entry]) -> Book:
        """Fold these in at their places in the shared order; known ones change nothing."""
        fresh = {order_key(entry): entry for entry in entries if entry.id not in self._known}
        if not fresh:
            return self.book
        self._known.update(entry.id for entry in fresh.values())
        place = bisect_left(self._keys, min(fresh))
        again = self._entries[place:]
        for step_back in reversed(self._undo[place:]):
            undo(self.book, step_back)
        del self._entries[place:], self._keys[place:], self._undo[place:]
        for entry in sorted([*again, *fresh.values()], key=order_key):
            self._entries.append(entry)
            self._keys.append(order_key(entry))
            self._undo.append(apply(self.book, entry))
        return self.book
