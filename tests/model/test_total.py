"""No log makes the fold raise: events of every kind, drawn from their types, about known things.

Absurd amounts, days and rates included: what can't be is a finding or has no effect. Every prefix
balances, two orders of arrival give one book, and what people see can always be shown.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.entry import Entry
from model.findings import list_findings
from model.history import audit_view, journal
from model.reducer import fold
from model.statements import meeting_view
from model.timeline import Timeline
from model.views import book_view, loans_view
from tests.model.drawn_events import any_event
from tests.model.laws import assert_told
from tests.strategies import Phone, Village, sums

_NEAR = {"cycle": (1, 1, 2), "session": (1, 1, 2, 3), "line": (1, 1, 2), "round": (1, 2)}


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """A village in which anybody records anything about whatever the phone knows."""
    village = Village()
    stranger = Phone("stranger", "Mallory")
    phones = [*village.phones, stranger]
    stranger.learns_from(village.secretary)
    chance = random.Random(draw(st.integers(0, 2**32)))
    for event in draw(st.lists(any_event(), max_size=40)):
        phone = chance.choice(phones)
        phone.record(_about_known(event, phone, chance))
        if chance.random() < 0.6:
            phone.meets(chance.choice(phones))
    village.phones = phones
    stolen = chance.choice(phones)
    own = stolen.written_here()
    held = {entry.id for entry in own[chance.randrange(len(own) + 1) :]}
    return [entry._replace(held=entry.id in held) for entry in village.entries]


def _about_known(event: e.Event, phone: Phone, chance: random.Random) -> e.Event:
    """The event with names of entries that the phone knows, and near meetings: so that it acts."""
    row = next(row for row in e.EVENTS if row.event_class is type(event))
    known = list(phone.known)
    changed: dict[str, Any] = {
        name: chance.choice(known)
        for name in row.references
        if getattr(event, name) and chance.random() < 0.95
    }
    members = [name for name in known if isinstance(phone.known[name].event, e.MemberAdded)]
    for name in ("member", "payer", "keep", "drop"):
        if name in changed and chance.random() < 0.8:
            changed[name] = chance.choice(members)
    if "entries" in event.__struct_fields__:  # a verdict on a stopped phone
        own = [name for name in known if phone.known[name].device == phone.known[known[-1]].device]
        named = tuple(chance.sample(own, chance.randrange(min(3, len(own)))))
        changed |= {"device": phone.known[known[-1]].device, "entries": named}
    for name, values in _NEAR.items():
        if name in event.__struct_fields__ and chance.random() < 0.9:
            changed[name] = chance.choice(values)
    return msgspec.structs.replace(event, **changed)


def prefixes(entries: list[Entry]) -> Iterable[list[Entry]]:
    ordered = sorted(entries, key=lambda entry: (entry.lamport, entry.id))
    return (ordered[:size] for size in range(len(ordered) // 2, len(ordered) + 1, 7))


@settings(max_examples=150, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_whatever_is_recorded_gives_one_book_that_balances(
    entries: list[Entry], chance: random.Random
) -> None:
    for some in prefixes(entries):
        book = fold(some)
        for _, page in book.entries.rows():
            assert sums(page.lines) == 0
    shuffled = list(entries)
    chance.shuffle(shuffled)
    timeline = Timeline()
    for start in range(0, len(shuffled), 9):
        timeline.advance(shuffled[start : start + 9])
    assert timeline.book.digest() == fold(entries).digest()


@settings(max_examples=60, deadline=None)
@given(logs())
def test_whatever_is_recorded_can_be_shown(entries: list[Entry]) -> None:
    book = fold(entries)
    assert_told(book, entries)
    book_view(book)
    loans_view(book, every=True)
    audit_view(book)
    for finding in list_findings(book):
        assert finding.sentence.strip(), finding
    for (cycle, session), _ in book.meetings.rows():
        meeting_view(book, cycle, session)
    for entry in journal(book):
        assert sum(line.amount_minor for line in entry.lines) == 0
