"""What stopped devices wrote outside of what is spared, device by device; see held_kinds.py.

Each such entry has a place among those of its device, in the shared order, which is the order of
its chain; a verdict reaches places (suspense.py). The first ones are followed one by one. Of a
flood beyond them every entry is kept in the history and costs what its page costs; members, loans
and partners that others built on are there all the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from model import listing
from model.book import Book
from model.entry import Entry, Past
from model.limits import said_enough
from model.pages import EntryPage
from model.suspense_pages import StoppedPage

FOLLOWED_MAX: Final = 1024
"""Entries of one device that are followed: what a secretary writes in a quarter of a year. Of more,
officers bring all in by lifting the suspension."""

STOPPED: Final = "stopped_device"  # in suspense, because its device was stopped
RATIFIED: Final = "ratified"  # officers brought it in
REJECTED: Final = "rejected_suspense"  # officers left it out
ANEW: Final = "decide_anew"  # officers went through it; it can only be done once more
TOO_MANY: Final = "too_many"  # beyond those that are followed

Ranges = tuple[int, ...]
"""First and last place of each run of places, all after one another."""


def is_held(book: Book) -> bool:
    """Did any stopped device write anything that is not spared?"""
    if book.holds is None:
        book.holds = any(True for _ in book.stopped.unsorted())
    return book.holds


def take_place(book: Book, entry: Entry) -> int:
    """List one more entry of a stopped device; its place."""
    device = book.hexed[entry.device]
    listing.add(book, _topic(device), entry.id.hex())
    if book.stopped.find(device) is None:
        book.stopped.put(device, StoppedPage(book.hexed[entry.person]))
        book.holds = True
    return book.lengths.find(_topic(device)) or 0


def count_beyond(book: Book, entry: Entry) -> None:
    """Count one more of a flood that waits, and is not followed."""
    name, device = entry.id.hex(), book.hexed[entry.device]
    page, flood = book.entries.find(name), book.stopped.find(device)
    if page is not None and flood is not None and STOPPED in page.reasons:
        book.stopped.put(device, StoppedPage(flood.person, flood.unfollowed + 1))


def place_of(book: Book, entry: Entry) -> int:
    """The place of the entry that is being folded; 0 when its device was not stopped."""
    return (book.lengths.find(_topic(book.hexed[entry.device])) or 0) if entry.held else 0


def _topic(device: str) -> str:
    return f"held {device}"


def held_by(book: Book, device: str) -> Iterator[str]:
    """All that a stopped device (hex) wrote and that is not spared, in the shared order."""
    return listing.every(book, _topic(device))


def followed(book: Book, device: str) -> Iterator[str]:
    """Of these the ones that are followed."""
    return islice(held_by(book, device), FOLLOWED_MAX)


def is_apart(page: EntryPage | None) -> bool:
    """Is it of a stopped device, and did officers not bring it in?"""
    return page is not None and bool(page.stopped) and RATIFIED not in page.reasons


def known_places(book: Book, device: str, past: Past) -> Ranges:
    """Places of what a device wrote, as far as an author with this past knew of it."""
    names = enumerate(held_by(book, device), 1)
    return in_ranges(place for place, name in names if bytes.fromhex(name) in past)


def in_ranges(places: Iterable[int]) -> Ranges:
    """Places in order, as the runs that they form."""
    found: list[int] = []
    for place in places:
        if found and found[-1] == place - 1:
            found[-1] = place
        else:
            found += (place, place)
    return tuple(found)


def is_in(ranges: Ranges, place: int) -> bool:
    """Is a place in one of the runs?"""
    at = bisect_right(ranges, place)
    return at % 2 == 1 or (at > 0 and ranges[at - 1] == place)


def count_in(ranges: Ranges) -> int:
    """How many places the runs have."""
    return sum(ranges[1::2]) - sum(ranges[::2]) + len(ranges) // 2


# Verdicts of officers: which entries of a device each of them reaches.

VERDICTS_EACH: Final = 16  # of one person on one device; who writes more gains nothing by it,
VERDICTS_MAX: Final = 64  # and silences no other


def verdicts_on(book: Book, device: str) -> list[str]:
    """Every entry by which officers speak of what a device wrote, in the shared order."""
    return list(listing.every(book, _verdicts(device)))


def _verdicts(device: str) -> str:
    return f"verdicts {device}"


def may_judge(book: Book, device: str, entry: Entry) -> bool:
    """Is there room for one more verdict, of the author of this entry?"""
    names, person = verdicts_on(book, device), book.hexed[entry.person]
    pages = ((name, book.entries.find(name)) for name in names)
    own = (name for name, page in pages if page is not None and page.person == person)
    return not said_enough(own, entry.past, VERDICTS_EACH) and len(names) < VERDICTS_MAX


def add_verdict(book: Book, device: str, name: str, ranges: Ranges) -> None:
    """List a verdict, and the places that it reaches."""
    listing.add(book, _verdicts(device), name)
    book.reaches.put(name, ranges)


def verdicts_reaching(book: Book, page: EntryPage) -> list[str]:
    """The verdicts that reach an entry of a stopped device."""
    return [
        name
        for name in verdicts_on(book, page.device)
        if is_in(book.reaches.find(name) or (), page.stopped)
    ]


def reached_by(book: Book, verdict: str, device: str) -> Iterator[str]:
    """The entries that a verdict reaches, as far as they are followed."""
    ranges = book.reaches.find(verdict) or ()
    for place, name in enumerate(followed(book, device), 1):
        if is_in(ranges, place):
            yield name
