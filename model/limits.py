"""How much of what one person says about one thing is followed: as much as its author knew of.

Work is bounded against whoever floods a book, and who floods silences no other. Counted is how much
of the same person's the author of an entry knew of, never how much stands before it in the shared
order: two phones of one person that wrote apart use up nothing of one another's, whichever of them
comes first, so that no tie decides what is followed. Only of a person who wrote twice the limit
on phones apart from each other does the order choose, among that person's own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from model.book import Book
from model.entry import Past
from model.pages import FindingPage

TOO_MANY: Final = "too_many"  # reason of what is not followed, and code of the finding about it
PHONES_APART: Final = 2  # of one person, that use up the whole limit before they meet


def said_enough(own: Iterable[str], past: Past, each: int) -> bool:
    """Does one more entry with this past go beyond what is followed?

    `own`: followed entries (hex) of the same person about the same thing; `each`: how many of
    them one person may know of.
    """
    names = list(own)
    if len(names) < each:
        return False
    known = sum(bytes.fromhex(name) in past for name in names)
    return known >= each or len(names) >= each * PHONES_APART


def note_flood(book: Book, names: Sequence[str]) -> None:
    """Say once that far too much tells of one thing, under the lowest of these names (hex)."""
    about = min(names)
    page = book.entries.find(about)
    if page is not None and book.findings.find((TOO_MANY, about)) is None:
        book.findings.put((TOO_MANY, about), FindingPage((about,), page.subject))


def move_flood(book: Book, names: Sequence[str], name: str) -> None:
    """Say it under `name`, one more entry about the thing, if that is now the lowest of them."""
    lowest = min(names, default=name)
    if name < lowest and book.findings.find((TOO_MANY, lowest)) is not None:
        book.findings.put((TOO_MANY, lowest), None)
        note_flood(book, (name,))
