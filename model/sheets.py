"""Sheets: what was recorded in one meeting about one member, loan, pocket or category.

A sheet lists claims in the shared order: kind, line and entry. What can happen only once has a
sheet of its own, apart from all meetings, and is listed on line 0 of the sheet of its meeting.
Each meeting has a roll of the subjects that it has a sheet for, in the order of their first entry:
it names the last one, and every sheet the one before it, so that one more costs the same however
many there are. How the pages are laid out is known here and in `standing.enter` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from model.book import Book
from model.journal import entry_page
from model.pages import NO_MEETING, Claim, EntryPage, Sheet


def claims_on(book: Book, cycle: int, session: int, subject: str) -> tuple[Claim, ...]:
    """Everything recorded in a meeting about one member (or loan, pocket, category), in order."""
    return _claims(book.sheets.find((cycle, session, subject)))


def count_of(book: Book, cycle: int, session: int, subject: str, slot: str) -> int:
    """How many entries of one kind are on a sheet."""
    sheet = book.sheets.find((cycle, session, subject))
    return sheet[1::3].count(slot) if sheet else 0


def claims_once(book: Book, once: str) -> tuple[Claim, ...]:
    """Everything that tells of one thing that can happen only once, in order."""
    return _claims(book.sheets.find((NO_MEETING, NO_MEETING, once)))


def _claims(sheet: Sheet | None) -> tuple[Claim, ...]:
    parts: Any = sheet or ()
    return tuple(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))


def has_claim(sheet: Sheet, slot: str, line: int) -> bool:
    """Is there an entry of this kind and line on a sheet?"""
    return (slot, line) in zip(sheet[1::3], sheet[2::3], strict=True)


def subjects_of(book: Book, cycle: int, session: int) -> tuple[str, ...]:
    """The roll of a meeting: whom and what anything was recorded about, the first one first."""
    found: dict[str, None] = {}
    subject: Any = book.roll.find((cycle, session))
    while subject is not None and subject not in found:  # a damaged page must not make a circle
        found[subject] = None
        sheet = book.sheets.find((cycle, session, subject))
        subject = sheet[0] if sheet else None
    return tuple(reversed(found))


def enrol(book: Book, cycle: int, session: int, subject: str) -> str | None:
    """Put a subject on the roll of a meeting; the one that was the last until now, if any."""
    if cycle == NO_MEETING:
        return None
    last = book.roll.find((cycle, session))
    book.roll[cycle, session] = subject
    return last


def sheet_entries(
    book: Book, cycle: int, session: int, subjects: Iterable[str]
) -> Iterator[tuple[str, EntryPage]]:
    """Name and page of every entry on the sheets of these subjects in one meeting."""
    for subject in subjects:
        for _, _, name in claims_on(book, cycle, session, subject):
            yield name, entry_page(book, name)


def add_claim(book: Book, cycle: int, session: int, subject: str, claim: Claim) -> None:
    """List one more entry on the sheet of a subject in a meeting, and the subject on its roll."""
    sheet = book.sheets.find((cycle, session, subject))
    if sheet is None:
        sheet = (enrol(book, cycle, session, subject),)
    book.sheets[cycle, session, subject] = (*sheet, *claim)


def list_entry(book: Book, name: str, page: EntryPage, slot: str) -> None:
    """List an entry on the sheet of its meeting, and on that of what can happen only once.

    `slot` is the kind of thing that it tells of.
    """
    line = page.line
    if page.once:
        add_claim(book, NO_MEETING, NO_MEETING, page.once, (slot, line, name))
        if page.cycle == NO_MEETING:
            return  # nobody reads a sheet of it, which would grow for ever
        line = 0
    add_claim(book, page.cycle, page.session, page.subject, (slot, line, name))
