"""Committees of two to five people, with two phones each: elections, votes and paper cards.

Everybody may try anything at any time: propose, agree, refuse, take back, put in force what was
agreed to or not, on phones that know whatever they were told. The founder keeps a second phone in
a drawer that was last told something in the middle of the founding.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from model import events as e
from model.entry import Entry
from model.offices import seating
from model.reducer import fold
from tests.strategies import CONSTITUTION, Phone

PEOPLE: Final = ("Wanjiru", "Otieno", "Achieng", "Barasa", "Njeri")
OUTSIDE: Final = ("Kamau", "Mwende")
MORE_OFFICES: Final[tuple[tuple[e.Title, int], ...]] = (("money_counter", 1), ("key_holder", 1))
OFFICES: Final[tuple[tuple[e.Title, int], ...]] = (
    ("chairperson", 1),
    ("secretary", 1),
    ("treasurer", 1),
    *MORE_OFFICES,
)
MOVES: Final = (
    *("sync", "sync", "sync", "propose", "agree", "agree", "enact", "enact", "refuse", "take back"),
    *("card", "drawer", "say", "decide", "decide", "decide", "decide", "decide apart"),
)


class Committee:
    """Officers with a phone each (the second one has two), and people who may be elected."""

    def __init__(self, officers: int, drawer: int = 99) -> None:
        """`drawer`: how many elections the founder's phone in the drawer knows, of the first."""
        everybody = (*PEOPLE[:officers], *OUTSIDE)
        self.phones = [Phone(f"phone of {name}", name) for name in everybody]
        self.tablets = [Phone(f"tablet of {name}", name) for name in everybody]
        self.drawer = Phone("phone in the drawer", PEOPLE[0])
        self.officers = officers
        self._found(drawer)

    def _found(self, drawer: int) -> None:
        founder = self.phones[0]
        founder.record(e.GroupDescribed("Umoja", "KES", 2))
        founder.record(CONSTITUTION)
        seats = [*OFFICES[3 : self.officers], *OFFICES[:3]]
        for place, (title, seat) in enumerate(seats):
            if place == drawer:
                self.drawer.learns_from(founder)
            person = self.phones[(place + 1) % self.officers].person
            founder.record(e.OfficerElected(title, person, seat=seat))
        self.meet()
        if not self.drawer.known:
            self.drawer.learns_from(founder)

    @property
    def everyone(self) -> list[Phone]:
        return [*self.phones, *self.tablets, self.drawer]

    @property
    def people(self) -> list[bytes]:
        return list(dict.fromkeys(phone.person for phone in self.phones))

    @property
    def entries(self) -> list[Entry]:
        every: dict[bytes, Entry] = {}
        for phone in self.everyone:
            every.update(phone.known)
        return list(every.values())

    def meet(self) -> None:
        """Every phone but the one in the drawer syncs with every other."""
        self.phones[0].meets(*self.phones[1:], *self.tablets)


def proposals(phone: Phone) -> list[bytes]:
    """Elections that were proposed, as far as a phone knows; the newest last."""
    told = [entry for entry in phone.known.values() if isinstance(entry.event, e.OfficerProposed)]
    return [entry.id for entry in sorted(told, key=lambda entry: (entry.lamport, entry.id))]


def enact(phone: Phone, proposal: bytes) -> bytes:
    """Put a proposed election in force, whether officers agreed to it or not."""
    event = phone.known[proposal].event
    assert isinstance(event, e.OfficerProposed)
    said = (event.title, event.person, event.member, event.seat)
    return phone.record(e.OfficerElected(*said, proposal))


def show_card(phone: Phone, target: bytes, card: int = 1) -> bytes:
    """Show a paper card for a decision."""
    name = phone.record(e.ApprovalGiven(target, 1, 1, card))
    phone.known[name] = phone.known[name]._replace(cards=(target[:16],))
    return name


def asked(
    committee: Committee, author: Phone, title: e.Title, person: bytes, *friends: Phone
) -> bytes:
    """A proposal to which friends of its author agree; known to them alone."""
    proposal = author.record(e.OfficerProposed(title, person))
    for phone in friends:
        phone.learns_from(author)
        phone.record(e.ApprovalGiven(proposal, 1, 1))
        author.learns_from(phone)
    return proposal


def held_by(committee: Committee, phone: Phone) -> list[Any]:
    """The offices that a person holds in everybody's book."""
    book = fold(committee.entries)
    return [
        office
        for office, (person, _) in seating(book).seats.items()
        if person == phone.person.hex()
    ]


def moved(committee: Committee, chance: random.Random, moves: Sequence[str]) -> None:
    """Let something of that sort happen, on any phone."""
    for move in moves:
        phone = chance.choice([*committee.phones, *committee.tablets])
        known = proposals(phone)[-4:]
        target = chance.choice(known) if known else b""
        if move == "sync":
            phone.learns_from(chance.choice(committee.everyone))
        elif move == "say":
            phone.record(e.NoticeSent(chance.randbytes(16), "sms"))
        elif move == "drawer":
            _from_the_drawer(committee, chance)
        elif move == "decide":
            _decided(committee, chance, chance.choice((committee.phones, committee.tablets)))
        elif move == "decide apart":
            if chance.random() < 0.5:
                committee.meet()
            for phones in (committee.phones, committee.tablets):
                for _ in range(chance.randint(1, 2)):
                    _decided(committee, chance, phones)
        elif move == "propose":
            phone.record(_proposal(committee, chance))
        elif target:
            _spoken(phone, move, target, chance)


def _proposal(committee: Committee, chance: random.Random) -> e.OfficerProposed:
    title, seat = chance.choice(OFFICES)
    person = chance.choice([*committee.people, b"", b""])
    return e.OfficerProposed(title, person, seat=seat)


def _decided(committee: Committee, chance: random.Random, phones: list[Phone]) -> None:
    """Some people agree at once on something, in a room; who leaves it tells nobody."""
    likely = [*phones, *phones[: committee.officers], *phones[: committee.officers]]
    room = list(dict.fromkeys(chance.choice(likely) for _ in range(chance.randint(2, 5))))
    author = room[0]
    proposal = author.record(_proposal(committee, chance))
    for phone in room[1:]:
        phone.learns_from(author)
        if chance.random() < 0.2:
            show_card(phone, proposal, chance.randint(1, 3))
        else:
            phone.record(e.ApprovalGiven(proposal, 1, 1))
        author.learns_from(phone)
    last = chance.choice(room)
    last.learns_from(author)
    enact(last, proposal)


def _spoken(phone: Phone, move: str, target: bytes, chance: random.Random) -> None:
    if move == "agree":
        phone.record(e.ApprovalGiven(target, 1, 1))
    elif move == "refuse":
        phone.record(e.RequestDeclined(target, 1, 1))
    elif move == "take back":
        phone.record(e.ApprovalWithdrawn(target))
    elif move == "card":
        if chance.random() < 0.7:
            show_card(phone, target, chance.randint(1, 3))
        else:
            phone.record(e.ApprovalGiven(target, 1, 1, 2))  # nobody saw a card
    else:
        enact(phone, target)


def _from_the_drawer(committee: Committee, chance: random.Random) -> None:
    """The founder takes the old phone out, and elects or makes rules on it."""
    title, seat = chance.choice(OFFICES)
    person = chance.choice(committee.people)
    committee.drawer.record(e.OfficerElected(title, person, seat=seat))
    if chance.random() < 0.3:
        committee.drawer.learns_from(chance.choice(committee.phones))


@st.composite
def committees(draw: st.DrawFn, moves_max: int = 60) -> Committee:
    """A committee after anything that people may do to each other, by chance from a seed."""
    officers = draw(st.integers(2, 5))
    committee = Committee(officers, draw(st.sampled_from((1, 2, 99))))
    chance = random.Random(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):  # as a rule officers write something at once
        for phone in committee.phones[1:officers]:
            phone.record(e.NoticeSent(phone.device[:16], "sms"))
        committee.meet()
    count = draw(st.integers(0, moves_max))
    moved(committee, chance, [chance.choice(MOVES) for _ in range(count)])
    return committee
