"""What one person decided alone: offices and rules while a group is founded, or has one officer.

Such a decision holds only where officers have decided nothing together since. And it is not made
afterwards on a phone that has been kept apart: once another officer has written anything knowing
that the group is founded and has two officers (a *witness*), what one person decided alone counts
as the witnesses knew it, and what none of them knew has no effect. Who knows no witness yet goes by
what is known there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from model.book import Book
from model.entry import Entry, Past
from model.office_pages import AlonePage, SeatsPage
from model.pages import TopicPage
from model.succession import in_force, rivals, take_turn
from model.titles import OFFICES

RULES: Final = "constitution"  # what a constitution is about, beside the offices
ALONE_MAX: Final = 512  # decisions of one person that are followed; a founding takes about ten
WITNESSES_MAX: Final = 64  # that did not know of each other; a group has few phones

Seats = dict[str, tuple[str, str]]
"""Office -> the person who holds it (hex; empty: vacant by a decision), and the election."""
_WITNESSES: Final = "witnesses"
_COUNT: Final = "alone"


def decide_alone(book: Book, about: str, entry: Entry) -> bool:
    """Take in what one person decides about an office or the rules; False when far too much is."""
    count = book.lengths.find(_COUNT) or 0
    if count >= ALONE_MAX or not take_turn(book, _topic(about), entry):
        return False
    book.lengths.put(_COUNT, count + 1)
    book.alone.put(entry.id.hex(), AlonePage(about, entry.person.hex()))
    return True


def bear_witness(book: Book, entry: Entry) -> bool:
    """Let an entry be a witness of what its author knew; False when it knew one already."""
    names, past = witnesses(book), entry.past
    if len(names) >= WITNESSES_MAX or any(bytes.fromhex(name) in past for name in names):
        return False
    name = entry.id.hex()
    kept = book.seatings.find(name) or SeatsPage()
    book.seatings.put(
        name, replace(kept, seen=seated(seats_alone(book, past)), rules=rules_alone(book, past))
    )
    book.topics.put(_WITNESSES, TopicPage(heads=(*names, name)))
    for decided, page in list(book.alone.unsorted()):
        if bytes.fromhex(decided) in past:
            book.alone.put(decided, replace(page, seen=(*page.seen, name)))
    return True


def witnesses(book: Book, past: Past | None = None) -> tuple[str, ...]:
    """The earliest witnesses, for all or as far as an author with this past knew."""
    page = book.topics.find(_WITNESSES)
    names = page.heads if page is not None else ()
    return names if past is None else tuple(name for name in names if bytes.fromhex(name) in past)


def decided_alone(book: Book, person: str, past: Past) -> bool:
    """Did this person decide something alone that an author with this past knew?"""
    return any(
        page.person == person and bytes.fromhex(name) in past
        for name, page in book.alone.unsorted()
    )


def is_left_out(book: Book, name: str, past: Past) -> bool:
    """Was it decided by one person, and unknown to every witness that an author knew of?"""
    page = book.alone.find(name)
    if page is None:
        return False
    known = witnesses(book, past)
    return bool(known) and not any(witness in known for witness in page.seen)


def unseen(book: Book) -> Iterator[str]:
    """What one person decided, and none of the witnesses that there are knew: no effect."""
    if witnesses(book):
        yield from (name for name, page in book.alone.rows() if not page.seen)


def seats_alone(book: Book, past: Past | None) -> Seats:
    """Who holds which office by what one person decided alone."""
    known = witnesses(book, past)
    if known:
        return _as_witnessed(book, known)
    seats = {}
    for office in OFFICES:
        election = in_force(book, _topic(office), lambda name: _elected(book, name), past)
        if election:
            seats[office] = (_elected(book, election), election)
    return seats


def rivals_alone(book: Book, office: str) -> tuple[str, ...]:
    """Elections to an office by one person, on two phones, that differ."""
    known = witnesses(book)
    if not known:
        return rivals(book, _topic(office), lambda name: _elected(book, name))
    told = _told(book, known).get(office, {})
    return tuple(sorted(told.values())) if len(told) > 1 else ()


def rules_alone(book: Book, past: Past | None) -> str:
    """The adoption that is in force by what one person decided alone; empty when none is."""
    known = witnesses(book, past)
    if known:
        said = _rules_told(book, known)
        return said[0] if len(said) == 1 else ""
    return in_force(book, _topic(RULES), lambda name: _terms(book, name), past)


def rival_rules_alone(book: Book) -> tuple[str, ...]:
    """Constitutions by one person, on two phones, that differ."""
    known = witnesses(book)
    if known:
        said = _rules_told(book, known)
        return tuple(said) if len(said) > 1 else ()
    return rivals(book, _topic(RULES), lambda name: _terms(book, name))


def seated(seats: Seats) -> tuple[tuple[str, str, str], ...]:
    """Seats as a page keeps them."""
    return tuple((office, *seats[office]) for office in OFFICES if office in seats)


def seats_of(page: SeatsPage) -> Seats:
    """Seats as they are read from a page."""
    return {office: (person, election) for office, person, election in page.seats}


def _as_witnessed(book: Book, known: tuple[str, ...]) -> Seats:
    """What all witnesses say, who say anything of an office; nobody, where they differ."""
    seats = {}
    for office, told in _told(book, known).items():
        if len(told) == 1:
            ((person, election),) = told.items()
            seats[office] = (person, election)
    return seats


def _told(book: Book, known: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Office -> each person who holds it as some witness knew, and the election."""
    told: dict[str, dict[str, str]] = {}
    for name in known:
        page = book.seatings.find(name)
        for office, person, election in page.seen if page is not None else ():
            people = told.setdefault(office, {})
            people[person] = min(election, people.get(person, election))
    return told


def _rules_told(book: Book, known: tuple[str, ...]) -> list[str]:
    """The adoptions that witnesses knew; of several of the same terms the lowest."""
    told: dict[str, str] = {}
    for page in map(book.seatings.find, known):
        if page is not None and page.rules:
            terms = repr(_terms(book, page.rules))
            told[terms] = min(page.rules, told.get(terms, page.rules))
    return sorted(told.values())


def _topic(about: str) -> str:
    return f"alone {about}"


def _elected(book: Book, election: str) -> str:
    page = book.entries.find(election)
    return page.subject if page is not None else ""


def _terms(book: Book, adoption: str) -> object:
    page = book.adopted.find(adoption)
    return page.terms if page is not None else None
