"""What an officer recorded who did not know that the office had ended; it stands, and is shown.

An election keeps which entries of the newest meetings its author did not know of (as a close does),
so that who wrote first changes nothing: an entry is apart from the election that ended its author's
office when neither knew of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final

from model import listing
from model.book import Book
from model.closing import Bound, left_out
from model.counts import newest_keys
from model.entry import Past
from model.events import EVENTS
from model.offices import elected, elections_to
from model.pages import ClosingPage, FindingPage
from model.permissions import rights_now
from model.sheets import sheet_entries, subjects_of
from model.titles import OFFICES

MEETINGS_MAX: Final = 2  # newest meetings that are looked at
KEPT_MAX: Final = 12  # that an election looks at: other phones may have opened more by then
HISTORY_MAX: Final = 64  # newest elections to an office in which its former holders are looked for
_CLASSES: Final = {row.kind: row.event_class for row in EVENTS}


def keep_unknown(book: Book, election: str, past: Past) -> None:
    """Note what the author of an election did not know of in the newest meetings."""
    unknown: list[str] = []
    # By the roll: something may be recorded in a meeting that nobody has opened yet.
    for key in nlargest(KEPT_MAX, (key for key, _ in book.roll.unsorted())):
        unknown += left_out(book, key, past)
    if unknown:
        book.closings.put(election, ClosingPage(tuple(unknown)))


def watch_offices(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Entries whose authors may not record them any more, and that the elections did not know."""
    bounds = _ended(book)
    for key in newest_keys(book, MEETINGS_MAX) if bounds else ():
        for name, page in sheet_entries(book, *key, subjects_of(book, *key)):
            kind = _CLASSES.get(page.kind)
            if page.person not in bounds or kind is None or page.status == "void":
                continue
            if kind in rights_now(book, bytes.fromhex(page.person))[0]:
                continue
            if any(not bound.knew(name, page) for bound in bounds[page.person]):
                finding = FindingPage((name,), cycle=key[0], session=key[1], detail=page.kind)
                yield "after_office", name, finding


def _ended(book: Book) -> dict[str, list[Bound]]:
    """Of each person who held an office before, the elections that hold now for it."""
    found: dict[str, list[Bound]] = {}
    for office in OFFICES:
        page = book.offices.find(office)
        if page is None or not page.entry:
            continue
        newest = listing.newest(book, elections_to(office), HISTORY_MAX)
        before = {elected(book, name) for name in newest}
        for person in sorted(before - {page.holder, ""}):
            found.setdefault(person, []).append(Bound(book, page.entry))
    return found
