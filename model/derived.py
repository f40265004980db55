"""Work that follows from how entries stand: splits of payments, a member's state, a loan's terms.

Taking an old entry out lets every later one be reckoned afresh; nothing is stored as a decision.
No rule reads what is derived within its own step, so that `derive` only notes what to do and
`settle_up` does it, once, at the end of a step, however many entries it moved. A topic tells the
reducer which kinds it derives from (`WORK` in its module): a function of book and subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from model.book import Book

Work = Callable[[Book, str], None]
ROUNDS_MAX: Final = 64  # what is derived may move what is derived from it, but not in a circle


def derive(book: Book, kind: str, subject: str) -> None:
    """Let what follows from entries of this kind about a subject be worked out anew."""
    book.stale[kind, subject] = None


def settle_up(book: Book, works: Mapping[str, Work]) -> None:
    """Do what `derive` noted, and what follows from that."""
    for _ in range(ROUNDS_MAX):
        todo = {(works[kind], subject): None for kind, subject in book.stale if kind in works}
        book.stale.clear()
        if not todo:
            return
        for work, subject in todo:
            work(book, subject)
    book.stale.clear()
