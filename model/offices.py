"""Who holds which office, for all or as far as an author knew: a matter of who knew what.

Once a group is founded an election is put in force after officers agreed to it (elections.py), and
keeps who held which office after it, as its author knew. The newest one that every other knew or
was known to is common ground: what it keeps. Of those since, which did not know of each other:

- office by office, the newest that every other one to that office knew or was known to; of newest
  ones that differ none, so that whoever held the office before them keeps it;
- two that each take an office from a person who did not agree, and did not know of each other, hold
  neither, nor does what was built on one of them without knowing the other: two officers who remove
  each other both stay until officers decide who know of both;
- if fewer than two people would be left in office by all that, nothing since the common ground
  holds. No election by itself leaves fewer than two, so that there are always two.

Where officers have decided nothing yet, what one person decided alone holds (alone.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from model.alone import Seats, rivals_alone, seats_alone, seats_of, witnesses
from model.book import Book
from model.entry import Past
from model.office_pages import SeatsPage
from model.quarrel import Quarrel, Side, quarrel_of, together
from model.succession import standing_of
from model.titles import FOUNDING_OFFICES, OFFICES

ELECTIONS: Final = "elections"  # topic of every election that officers agreed to
OFFICERS_MIN: Final = 2  # people who stay in office whatever is decided apart


class Seating(NamedTuple):
    """Who holds which office, and what stands in the way of elections that do not hold."""

    seats: Seats
    rivals: dict[str, tuple[str, ...]]
    """Office -> elections to it that did not know of each other and differ."""
    stopped: tuple[str, ...] = ()
    """Elections that took offices from different people, apart from each other."""
    held_back: tuple[str, ...] = ()
    """Elections that together would have left fewer than two people in office."""


def seating(book: Book, past: Past | None = None) -> Seating:
    """Who holds which office, for all or as far as an author with this past knew."""
    if past is not None and past is not book.informed:
        return _seating(book, past)
    known: Seating | None = book.seating
    if known is None:
        known = book.seating = _seating(book, None)
    return known


def _seating(book: Book, past: Past | None) -> Seating:
    standing = standing_of(book, ELECTIONS, past)
    if standing.settled:
        ground, rivals = seats_of(_kept(book, standing.settled)), {}
    else:
        ground = seats_alone(book, past)
        rivals = (
            {office: apart for office in OFFICES if (apart := rivals_alone(book, office))}
            if past is None
            else {}
        )  # only shown, never asked by a rule
    if not standing.since:
        return Seating(ground, rivals)
    return _since(book, quarrel_of(book, standing), ground)


def _since(book: Book, quarrel: Quarrel, ground: Seats) -> Seating:
    """What elections, of which not everybody knew, make of the seats before them."""
    by_office: dict[str, list[Side]] = {}
    for side in quarrel.sides:
        by_office.setdefault(_office(book, side), []).append(side)
    stopped = _stopped(book, quarrel, by_office)
    seats, rivals = dict(ground), {}
    for office, sides in by_office.items():
        election = quarrel.last_word(sides, lambda name: elected(book, name), stopped)
        if election:
            seats[office] = (elected(book, election), election)
        if apart := quarrel.rivals(sides, lambda name: elected(book, name)):
            rivals[office] = apart
    names = tuple(sorted(name for side in stopped for name in side.names))
    if len(people_in(seats)) < min(OFFICERS_MIN, len(people_in(ground))):
        moved = (election for _, election in seats.values())
        held_back = sorted(set(moved) - {election for _, election in ground.values()})
        return Seating(ground, rivals, names, tuple(held_back))
    return Seating(seats, rivals, names)


def _stopped(book: Book, quarrel: Quarrel, by_office: dict[str, list[Side]]) -> list[Side]:
    """Elections that took offices away apart from each other, and what rests on them."""
    ousting: dict[tuple[str, frozenset[str]], list[Side]] = {}
    for office, sides in by_office.items():
        for side in sides:
            if people := frozenset(_ousted(book, side)):
                ousting.setdefault((office, people), []).append(side)
    stopped: dict[Side, None] = {}
    for (office, people), sides in ousting.items():
        others = together(
            other.bit
            for (elsewhere, gone), rest in ousting.items()
            if elsewhere != office and gone != people
            for other in rest
        )
        for side in sides:
            if contrary := quarrel.apart(side, others):
                stopped[side] = None
                knew = by_office[office] if side.known_to else ()
                later = (one for one in knew if one.knew & side.bit and contrary & ~one.knew)
                stopped |= dict.fromkeys(later)
    return list(stopped)


def _office(book: Book, side: Side) -> str:
    return _kept(book, side.names[0]).office


def _ousted(book: Book, side: Side) -> set[str]:
    """The people who lose the office and did not agree, as those knew who put it in force."""
    return {_kept(book, name).ousts for name in side.names} - {""}


def _kept(book: Book, election: str) -> SeatsPage:
    page = book.seatings.find(election)
    if page is None:
        raise LookupError(election)  # an election in force keeps who held what
    return page


def people_in(seats: Seats) -> list[str]:
    """The people who hold an office, each once, in the order of the offices."""
    held = (seats[office][0] for office in OFFICES if office in seats)
    return list(dict.fromkeys(person for person in held if person))


def holder(book: Book, office: str, past: Past | None = None) -> str:
    """Who holds an office, for all or for an author with this past; empty when nobody does."""
    return seating(book, past).seats.get(office, ("", ""))[0]


def officers(book: Book, past: Past | None) -> list[str]:
    """The people who hold an office; each once, however many they hold."""
    return people_in(seating(book, past).seats)


def offices_of(book: Book, person: str, past: Past | None) -> list[str]:
    """The offices that a person holds."""
    seats = seating(book, past).seats
    return [office for office in OFFICES if seats.get(office, ("", ""))[0] == person]


def founded(book: Book, past: Past | None) -> bool:
    """Is the group founded, as far as an author with this past knew?

    When the three main offices were held; also later, when one of them falls vacant.
    """
    if past is not None and past is not book.informed:
        return _founded(book, past)
    if book.founded is None:
        book.founded = _founded(book, None)
    return book.founded


def _founded(book: Book, past: Past | None) -> bool:
    if witnesses(book, past):
        return True
    seats = seating(book, past).seats
    return all(seats.get(title, ("", ""))[0] for title in FOUNDING_OFFICES)


def elected(book: Book, election: str) -> str:
    """The person whom an election seats (hex); empty when it leaves the office vacant."""
    page = book.entries.find(election)
    return page.subject if page is not None else ""


def elections_to(office: str) -> str:
    """The list of every election to an office that had an effect, see listing.py."""
    return f"elected {office}"
