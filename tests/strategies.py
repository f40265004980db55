"""Villages for tests: officers with a phone each, who write apart and meet; by hand or at random.

A `Village` keeps true causal pasts: a phone's entry knows exactly what the phone knew. `histories`
draws villages in which officers, a stranger and a second phone write anything, known or not.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.entry import Entry
from model.findings import Finding, list_findings
from model.journal import balance
from model.reducer import fold
from tests.handset import CONSTITUTION as CONSTITUTION
from tests.handset import Phone as Phone
from tests.makers import DECIDED as DECIDED
from tests.makers import event_of as event_of


class Village:
    """Umoja: a chairperson, a secretary, a treasurer with a phone each, and some members."""

    def __init__(self, members: int = 3) -> None:
        self.secretary = Phone("secretary", "Wanjiru")
        self.treasurer = Phone("treasurer", "Otieno")
        self.chairperson = Phone("chairperson", "Achieng")
        self.phones = [self.secretary, self.treasurer, self.chairperson]
        founder = self.secretary
        founder.record(e.GroupDescribed("Umoja", "KES", 2))
        founder.record(CONSTITUTION)
        founder.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
        self.members = [
            founder.record(e.MemberAdded(number, "2026-01-01")) for number in range(1, members + 1)
        ]
        founder.record(e.OfficerElected("chairperson", self.chairperson.person))
        founder.record(e.OfficerElected("treasurer", self.treasurer.person))
        founder.record(e.OfficerElected("secretary", self.secretary.person))
        founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
        self.meet()

    def meet(self) -> None:
        """Every phone syncs with every other."""
        self.phones[0].meets(*self.phones[1:])

    def agree(self, target: bytes, *phones: Phone) -> None:
        """These officers (all three unless said) approve an entry; everybody knows it after."""
        for phone in phones or self.phones[:3]:
            self.meet()
            if phone.known[target].person != phone.person:
                phone.record(e.ApprovalGiven(target, 1, 1))
        self.meet()

    def propose(self, terms: e.ConstitutionAdopted, by: Phone | None = None) -> bytes:
        """A constitution that is proposed and approved, and that everybody knows; the proposal."""
        proposal = (by or self.secretary).record(e.ConstitutionProposed(terms))
        self.agree(proposal)
        return proposal

    def adopt(self, terms: e.ConstitutionAdopted, by: Phone | None = None) -> bytes:
        """A constitution that is proposed, approved and adopted; known to its adopter alone."""
        return adopt(by or self.secretary, self.propose(terms, by), terms)

    def elect(self, title: e.Title, person: bytes, member: bytes = b"", seat: int = 1) -> bytes:
        """An election that officers agreed to; known to the secretary, who put it in force."""
        return elect(self.secretary, self.candidate(title, person, member, seat))

    def candidate(self, title: e.Title, person: bytes, member: bytes = b"", seat: int = 1) -> bytes:
        """An election that is proposed and approved, and that everybody knows; the proposal."""
        proposal = self.secretary.record(e.OfficerProposed(title, person, member, seat))
        self.agree(proposal)
        return proposal

    @property
    def entries(self) -> list[Entry]:
        """Everything that was written, in no order that matters."""
        every: dict[bytes, Entry] = {}
        for phone in self.phones:
            every.update(phone.known)
        return list(every.values())

    @property
    def book(self) -> Book:
        """The book when every phone has synced."""
        return fold(self.entries)


def adopt(by: Phone, proposal: bytes, terms: e.ConstitutionAdopted) -> bytes:
    """Put a proposal in force."""
    return by.record(replace(terms, proposal=proposal))


def elect(by: Phone, proposal: bytes) -> bytes:
    """Put an election in force that was proposed."""
    event = by.known[proposal].event
    assert isinstance(event, e.OfficerProposed)
    said = (event.title, event.person, event.member, event.seat)
    return by.record(e.OfficerElected(*said, proposal))


_MONEY = "share social help fine fine_paid apply approve disburse repay repay expense transfer"
_OTHER = "attendance count reverse reverse opening open member status malformed"
_DECISIONS = "agree agree agree agree decline withdraw resolve accept_late reject_late variance"
_MEMBERS = "saving saving savings_out fine_from waive claim debt merge merge erase profile"
_SAID = "goal goal_end consent notice report"
_SELDOM = "close close elect elect unknown propose adopt reopen dispute schedule"
_ELECTIONS = "candidate candidate elect card"
_MEETING = "agenda resolution ballot action action_done minutes"
KINDS = (
    f"{_MONEY} {_MONEY} {_MONEY} {_OTHER} {_OTHER} {_DECISIONS} {_DECISIONS} {_SELDOM} {_MEETING} "
    f"{_MEMBERS} {_SAID} {_ELECTIONS}"
).split()


_Move = tuple[int, ...] | tuple[int, str, int, int, int, int]

_WHO = range(10)  # mostly somebody whose office allows it, see `writer`
_WHICH = (0, 0, 0, 1, 2, 5)  # which member, loan or entry; 5 is none
_SESSIONS = (1, 1, 2, 3)
_LINES = (1, 1, 2)
_AMOUNTS = (100, 200, 500, 2**53)


def _drawn_moves(kinds: Sequence[str]) -> st.SearchStrategy[_Move]:
    choices = map(st.sampled_from, (_WHO, kinds, _WHICH, _SESSIONS, _LINES, _AMOUNTS))
    step = st.tuples(*choices)
    sync = st.tuples(st.integers(0, 4), st.integers(0, 4))
    return st.one_of(step, step, step, sync)


def _chance_move(chance: random.Random, kinds: Sequence[str]) -> _Move:
    if chance.random() < 0.25:
        return (chance.randrange(5), chance.randrange(5))
    options: tuple[Sequence[Any], ...] = (_WHO, kinds, _WHICH, _SESSIONS, _LINES, _AMOUNTS)
    return tuple(map(chance.choice, options))


@st.composite
def histories(draw: st.DrawFn, steps_max: int = 60, kinds: Sequence[str] = KINDS) -> list[Entry]:
    """Entries of a village whose phones wrote and synced at random; causally closed.

    Half are drawn move by move, and shrink well; half come from a seed, and are long and varied.
    """
    if draw(st.booleans()):
        return played(draw(st.lists(_drawn_moves(kinds), max_size=steps_max)))
    return chance_history(draw(st.integers(0, 2**32)), draw(st.integers(0, steps_max)), kinds)


def chance_history(seed: int, steps: int, kinds: Sequence[str] = KINDS) -> list[Entry]:
    """The history that a seed gives: the same entries on every run."""
    chance = random.Random(seed)
    return played([_chance_move(chance, kinds) for _ in range(steps)])


def played(moves: Iterable[Any]) -> list[Entry]:
    """Entries of a village after these moves: syncs (two phones) and writes (six choices)."""
    village = Village()
    village.phones.append(Phone("secretary's old phone", "Wanjiru"))
    village.phones.append(Phone("stranger", "Mallory"))
    treasurer = village.treasurer.person
    village.elect("treasurer", treasurer, village.members[0])
    village.meet()
    for move in moves:
        if len(move) == 2:
            village.phones[move[0]].learns_from(village.phones[move[1]])
        else:
            who, kind, which, session, line, amount = move
            phone = writer(village, who, kind)
            phone.record(event_of(phone, kind, which, session, line, amount))
    return village.entries


def writer(village: Village, who: int, kind: str) -> Phone:
    """Somebody whose office allows the kind, or (from 8 on) anybody at all."""
    secretary, treasurer, chairperson, old_phone, stranger = village.phones
    if who == 9:
        return stranger
    if who == 8:
        return village.phones[len(kind) % 4]
    if kind in _SAID_BY_ALL:
        return (secretary, treasurer, chairperson, old_phone)[who % 4]
    places = _WRITERS.get(kind, (0, 1, 1, 3))
    return village.phones[places[who % len(places)]]


_WRITERS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("help", "disburse", "expense", "transfer", "count"), (1,)),
    **dict.fromkeys(("savings_out", "claim"), (1,)),
    **dict.fromkeys(("approve", "status"), (2,)),
    **dict.fromkeys(("fine", "reverse"), (0, 2, 3)),
    "minutes": (0, 3),
}
"""Kind -> phones whose office allows it, by place: secretary's, treasurer's, chairperson's, the
secretary's old one. Of kinds that are not named: those who keep the books."""

_SAID_BY_ALL = frozenset(
    {"agree", "decline", "withdraw", "resolve", "accept_late", "reject_late", "variance"}
    | {"ratify", "reject_held"}
    | {"propose", "adopt", "reopen", "dispute", "close", "schedule", "agenda", "resolution"}
    | {"candidate", "elect", "card"}
    | {"ballot", "action", "action_done", "merge", "waive", "erase"}
)
"""What each of the three main officers may record."""


def sums(lines: Iterable[tuple[str, str, int]]) -> int:
    """Sum of the lines of the double entry, memos left out: 0 when they balance."""
    return sum(amount for account, _, amount in lines if account[0].isdigit())


def share(member: bytes, amount: int, line: int = 1, session: int = 1) -> e.SharePurchased:
    """A purchase at a share value of 100."""
    return e.SharePurchased(1, session, member, amount // 100, amount, line)


def findings(book: Book, code: str) -> list[Finding]:
    """The findings with this code."""
    return [finding for finding in list_findings(book) if finding.code == code]


def savings(book: Book, member: bytes) -> int:
    """A member's savings in minor units."""
    return -balance(book, "2010", member.hex())
