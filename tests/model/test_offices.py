"""Who holds which office, in groups of two to five officers, whoever writes what on which phone."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.alone import witnesses
from model.book import Book
from model.entry import Entry
from model.offices import founded, holder, officers, seating
from model.reducer import fold
from model.timeline import Timeline
from model.titles import OFFICES, office_of
from simulations.reckoning_standing import Told
from tests.model.committees import Committee, committees
from tests.model.laws import another_order, everything


def seats(book: Book) -> dict[str, str]:
    """Office -> who holds it, for all that the book knows."""
    return {office: person for office in OFFICES if (person := holder(book, office))}


def reckoned(told: Told, known: object) -> dict[str, str]:
    """The same, by the second reckoning."""
    return {
        office_of(title, seat): person.hex()
        for (title, seat), person in told.seats(known).items()
        if person
    }


@settings(max_examples=80, deadline=None)
@given(committees(), st.integers(0, 2**32))
def test_officers_are_the_same_in_any_order_of_arrival_and_of_writing(
    committee: Committee, seed: int
) -> None:
    chance, entries = random.Random(seed), committee.entries
    expected = fold(entries)
    arriving = chance.sample(entries, len(entries))
    timeline = Timeline()
    for first in range(0, len(arriving), 7):
        timeline.advance(arriving[first : first + 7])
    assert everything(timeline.book) == everything(expected)
    other = fold(another_order(entries, chance.randrange))
    assert seats(other) == seats(expected)


@settings(max_examples=80, deadline=None)
@given(committees())
def test_what_an_author_knew_is_what_a_phone_shows_that_knows_no_more(
    committee: Committee,
) -> None:
    book = fold(committee.entries)
    for phone in committee.everyone:
        own = fold(phone.known.values())
        known = frozenset(phone.known)
        assert seating(book, known).seats.keys() == seating(own).seats.keys()
        assert {office: held[0] for office, held in seating(book, known).seats.items()} == {
            office: held[0] for office, held in seating(own).seats.items()
        }
        assert founded(book, known) == founded(own, None)


@settings(max_examples=30, deadline=None)
@given(committees(40))
def test_officers_are_those_of_a_second_reckoning(committee: Committee) -> None:
    entries = committee.entries
    told = Told(entries)
    assert seats(fold(entries)) == reckoned(told, frozenset(entry.id for entry in entries))
    for phone in (*committee.tablets, committee.drawer):
        assert seats(fold(phone.known.values())) == reckoned(told, frozenset(phone.known))


@settings(max_examples=80, deadline=None)
@given(committees())
def test_two_people_are_always_in_office_and_none_by_one_persons_word(
    committee: Committee,
) -> None:
    entries = committee.entries
    by_id = {entry.id: entry for entry in entries}
    for phone in committee.everyone:
        book = fold(phone.known.values())
        if not witnesses(book):
            continue  # the founder's own phones alone
        assert len(officers(book, None)) >= 2
        for office, (_, election) in seating(book).seats.items():
            entry = by_id[bytes.fromhex(election)]
            assert isinstance(entry.event, e.OfficerElected)
            if entry.event.proposal:
                assert len(backers(by_id, entry)) >= 2, office


def backers(by_id: dict[bytes, Entry], election: Entry) -> set[object]:
    """Everybody who asked for an election or agreed to it as its author knew; a card is one."""
    event = election.event
    assert isinstance(event, e.OfficerElected)
    asked = by_id[event.proposal].event
    assert isinstance(asked, e.OfficerProposed)
    said = (asked.title, asked.person, asked.member, asked.seat)
    alike = {
        entry.id
        for entry in by_id.values()
        if entry.id in election.past
        and isinstance(entry.event, e.OfficerProposed)
        and (entry.event.title, entry.event.person, entry.event.member, entry.event.seat) == said
    }
    people: set[object] = {by_id[name].person for name in alike}
    for entry in by_id.values():
        known = entry.id in election.past
        if known and isinstance(entry.event, e.ApprovalGiven) and entry.event.target in alike:
            people.add("card" if entry.event.card else entry.person)
    return people
