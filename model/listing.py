"""Lists that only grow, kept in pieces, so that adding costs the same however long one is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.book import Book

PIECE_MAX: Final = 128  # names in one page: a step rewrites one page and no more


def add(book: Book, topic: str, name: str) -> None:
    """Put an entry at the end of the list on this topic."""
    length = book.lengths.find(topic) or 0
    key = (length // PIECE_MAX, topic)
    book.lists.put(key, (*(book.lists.find(key) or ()), name))
    book.lengths.put(topic, length + 1)


def newest(book: Book, topic: str, count: int) -> list[str]:
    """The last `count` entries on this topic, in the order in which they were folded."""
    length = book.lengths.find(topic) or 0
    first = max(0, length - count)
    names: list[str] = []
    for piece in range(first // PIECE_MAX, -(-length // PIECE_MAX)):
        names += book.lists.find((piece, topic)) or ()
    return names[first % PIECE_MAX :] if names else names


def every(book: Book, topic: str) -> Iterator[str]:
    """The entries on this topic in the order in which they were folded."""
    length = book.lengths.find(topic) or 0
    for piece in range(-(-length // PIECE_MAX)):
        yield from book.lists.find((piece, topic)) or ()
