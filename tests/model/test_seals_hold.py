"""What a seal covers can't be altered by anyone: arbitrary facts, by anybody, with arbitrary pasts.

A random meeting is closed and signed. Then phones of any person, restored from any moment of the
history (so that what they write may come before the covered entries in the shared order, and know
neither close nor signature), record events of every kind about whatever they know.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry
from model.findings import list_findings
from model.history import journal
from model.journal import entry_page
from model.pages import ClosingPage, MeetingPage
from model.statements import meeting_view
from model.timeline import Timeline
from model.views import is_withheld
from tests.model.drawn_events import any_event
from tests.model.seals import book_of, close_meeting, in_seal_order, rows, seal
from tests.model.test_total import _about_known
from tests.strategies import KINDS, Phone, Village, event_of, share, writer

MONEY = ("share", "social", "fine", "fine_paid", "apply", "approve", "disburse", "repay", "repay")
BEFORE = tuple(kind for kind in KINDS if kind not in ("close", "reopen"))
READ_OUT = ("savings_minor", "social_minor", "fines_paid_minor", "repaid_minor", "lent_minor",
            "spent_minor", "cash_minor", "shares")  # fmt: skip
FOUNDING = 12  # entries by which there are members and officers


class Sealed(NamedTuple):
    """A village after a meeting was sealed, and what the close covers."""

    village: Village
    close: bytes
    covered: Book


def sealed_village(chance: random.Random) -> Sealed:
    """Three officers who record apart and meet; then the meeting is closed and signed."""
    village = Village()
    village.phones.append(Phone("secretary's old phone", "Wanjiru"))
    village.phones.append(Phone("stranger", "Mallory"))
    village.meet()
    for _ in range(chance.randrange(4, 30)):
        write(village, chance, BEFORE if chance.random() < 0.5 else MONEY, 1)
        if chance.random() < 0.4:
            one, other = chance.sample(village.phones[:4], 2)
            one.learns_from(other)
    close = seal(village)
    past = village.secretary.known[close].past
    covered = book_of(entry for entry in village.entries if entry.id in past)
    return Sealed(village, close, covered)


def write(village: Village, chance: random.Random, kinds: tuple[str, ...],
          session: int) -> None:  # fmt: skip
    kind = chance.choice(kinds)
    phone = writer(village, chance.randrange(8), kind)
    which, line = chance.choice((0, 0, 1, 2)), chance.choice((1, 1, 2))
    phone.record(event_of(phone, kind, which, session, line, chance.choice((100, 200, 500))))


def restored(name: str, person: str, source: Phone, chance: random.Random) -> Phone:
    """A phone of this person as it was at some moment of another phone's history."""
    phone = Phone(name, person)
    ordered = sorted(source.known.values(), key=lambda entry: (entry.lamport, entry.id))
    last = chance.choice([entry for entry in ordered if entry.lamport > FOUNDING][-40:])
    phone.known = {name: entry for name, entry in source.known.items() if name in last.past}
    phone.known[last.id] = last
    phone.lamport = last.lamport
    return phone


def attack(phones: list[Phone], events: list[e.Event], chance: random.Random) -> None:
    """Whatever can be recorded, about what each phone knows; they tell each other now and then."""
    for event in events:
        phone = chance.choice(phones)
        if chance.random() < 0.5:
            phone.record(_about_known(event, phone, chance))
        else:
            kind, session = chance.choice(KINDS), chance.choice((1, 1, 1, 2, 3))
            which, line = chance.choice((0, 0, 1, 2, 3)), chance.choice((1, 1, 2))
            amount = chance.choice((50, 100, 200, 900))
            phone.record(event_of(phone, kind, which, session, line, amount))
        if chance.random() < 0.3:
            phone.learns_from(chance.choice(phones))


def go_on(village: Village, chance: random.Random) -> None:
    """The honest officers' next meeting."""
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    for _ in range(chance.randrange(8)):
        write(village, chance, MONEY, 2)
    village.meet()


def meeting(book: Book) -> MeetingPage:
    page = book.meetings.find((1, 1))
    assert page is not None
    return page


def kept(told: Sealed, book: Book) -> None:
    """The sealed meeting is in this book as it was signed, and every change to it is named."""
    assert rows(book) == rows(told.covered)
    totals, signed = (meeting_view(one, 1, 1)["totals"] for one in (book, told.covered))
    if not (is_withheld(book) or is_withheld(told.covered)):
        assert [totals[name] for name in READ_OUT] == [signed[name] for name in READ_OUT]
    page = book.closings.find(told.close.hex()) or ClosingPage()
    assert page.digest == page.claimed != ""
    named = {finding.about for finding in list_findings(book) if finding.code == "sealed_corrected"}
    for name, lines in rows(told.covered).items():
        if sorted(entry_page(book, name).lines) != lines:
            assert name in named, name


def balanced(book: Book) -> None:
    """The journal, corrections included, comes to the balances."""
    sums: dict[tuple[str, str], int] = {}
    for entry in journal(book):
        for code, subject, amount in entry.lines:
            sums[code, subject or ""] = sums.get((code, subject or ""), 0) + amount
    posted = {key: amount for key, amount in sums.items() if amount}
    assert posted == {key: amount for key, amount in book.accounts.rows() if key[0][0].isdigit()}


seeds = st.integers(0, 2**32)


@settings(max_examples=120, deadline=None)
@given(seeds, st.lists(any_event(), max_size=25), st.sampled_from(["Otieno", "Wanjiru", "Achieng"]))
def test_nobody_alone_alters_what_a_seal_covers(
    seed: int, events: list[e.Event], person: str
) -> None:
    chance = random.Random(seed)
    told = sealed_village(chance)
    phones = [
        restored(f"copy {number}", person, told.village.phones[number % 3], chance)
        for number in range(3)
    ]
    attack(phones, events, chance)
    go_on(told.village, chance)
    entries = [*told.village.entries]
    for phone in phones:
        entries += phone.known.values()
    book = book_of(entries)
    assert (meeting(book).closes, meeting(book).sealed) == ((told.close.hex(),), True)
    kept(told, book)
    balanced(book)


@settings(max_examples=120, deadline=None)
@given(seeds, st.lists(any_event(), max_size=30), st.randoms(use_true_random=False))
def test_officers_together_alter_it_by_the_decisions_that_the_rules_ask_for_alone(
    seed: int, events: list[e.Event], order: random.Random
) -> None:
    chance = random.Random(seed)
    told = sealed_village(chance)
    village = told.village
    phones = [
        *village.phones,
        restored("a copy", "Otieno", village.treasurer, chance),
        restored("another copy", "Achieng", village.chairperson, chance),
    ]
    attack(phones, events, chance)
    village.phones = phones
    entries = in_seal_order(village.entries)
    book = book_of(entries)
    if meeting(book).closes == (told.close.hex(),):
        kept(told, book)
    else:
        undone = any(
            entry_page(book, name).status == "counted" for name in meeting(book).reopenings
        )
        others = set(meeting(book).closes) - {told.close.hex()}
        assert undone or (meeting(book).sealed and others)
    balanced(book)
    arriving: list[Entry] = order.sample(entries, len(entries))
    timeline = Timeline()
    for start in range(0, len(arriving), 7):
        timeline.advance(arriving[start : start + 7])
    assert timeline.book.digest() == book.digest()
    assert rows(timeline.book) == rows(book)


@settings(max_examples=60, deadline=None)
@given(seeds, st.lists(any_event(), max_size=12))
def test_the_next_seal_keeps_what_was_corrected_by_then(seed: int, events: list[e.Event]) -> None:
    chance = random.Random(seed)
    told = sealed_village(chance)
    village = told.village
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    attack(village.phones[:3], events, chance)
    village.meet()
    close = close_meeting(village.secretary, 2)
    past = village.secretary.known[close].past
    village.treasurer.learns_from(village.secretary)
    village.treasurer.record(e.ApprovalGiven(close, 1, 2))
    second = book_of(entry for entry in village.secretary.known.values() if entry.id in past)
    copy = restored("a copy", "Otieno", village.treasurer, chance)
    attack([copy], events, chance)
    village.secretary.learns_from(village.treasurer)
    village.secretary.record(e.MeetingOpened(1, 3, "2026-01-21"))
    village.secretary.record(share(village.members[0], 100, session=3))
    village.phones.append(copy)
    book = book_of(village.entries)
    page = book.meetings.find((1, 2))
    if page is not None and page.closes == (close.hex(),) and page.sealed:
        assert rows(book, (1, 2)) == rows(second, (1, 2))
        said = book.closings.find(close.hex()) or ClosingPage()
        assert said.digest == said.claimed != ""
    balanced(book)
