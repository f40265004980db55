"""Who signed the close of a meeting, and who still has to: officers, and offices by name.

A close is sealed when so many officers signed it as the constitution asks for, never fewer than
two, and a holder of each office that it names, both as the author of the close knew them. A
signature is never taken back: what officers together decide, the reopening, undoes a seal.
"""

from __future__ import annotations

from typing import Final

from model.book import Book
from model.decisions import decision
from model.entry import Past
from model.offices import holder
from model.pages import ClosingPage
from model.permissions import constitution
from model.titles import OFFICES

SEAL_BY: Final = 2  # officers who seal a close, unless the constitution asks for more


def signers(book: Book, close: str, past: Past | None = None) -> frozenset[str]:
    """The people who signed a close, its author among them; with a `past`: as far as it knew."""
    asked = decision(book, close)
    signed = {
        voice.person
        for voice in asked.voices
        if voice.word == "for" and (past is None or bytes.fromhex(voice.entry) in past)
    }
    return frozenset({*signed, asked.author} - {""})


def missing_signatures(book: Book, close: str) -> int:
    """How many officers have still to sign a close, whoever they are."""
    return max(0, wanted(book, close) - len(signers(book, close)))


def wanted(book: Book, close: str) -> int:
    """How many officers seal a close."""
    return max(SEAL_BY, decision(book, close).needed)


def unsigned_offices(book: Book, close: str, past: Past | None = None) -> tuple[str, ...]:
    """Titles that must sign a close, and none of whose holders did."""
    signed = signers(book, close, past)
    page = book.closings.find(close) or ClosingPage()
    return tuple(title for title, holders in page.signers if signed.isdisjoint(holders))


def is_signed(book: Book, close: str, past: Past | None = None) -> bool:
    """Is a close sealed, now or as far as an author with this past knew?"""
    enough = len(signers(book, close, past)) >= wanted(book, close)
    return enough and not unsigned_offices(book, close, past)


def must_sign(book: Book, past: Past) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The titles that the constitution names for a seal, with their holders, as an author knew
    them; an office that nobody held can't be asked for."""
    rules = constitution(book, past)
    found = []
    for title in dict.fromkeys(rules.terms.seal_offices) if rules is not None else ():
        offices = [office for office, one in OFFICES.items() if one == title]
        holders = (holder(book, office, past) for office in offices)
        held_by = tuple(dict.fromkeys(person for person in holders if person))
        if held_by:
            found.append((str(title), held_by))
    return tuple(found)
