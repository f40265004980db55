"""What others brought is passed on a moment later: once to each in a room, and to everybody."""

from collections import Counter
from itertools import combinations, pairwise
from random import Random

import pytest

from replication.wire import Acknowledge, Changes, decode
from tests.replication.mesh import Channel, Mesh
from tests.replication.phones import assert_agreed, found_with, ledger_event, sync

NAMES = ("sec", "tre", "cha", "officer 0")
ROUNDS_MAX = len(NAMES)
"""As many as the longest way through the mesh; each a moment of everybody's."""


class Room:
    """Patient phones, and what they say to each other."""

    def __init__(self, *pairs: Channel) -> None:
        phones = found_with(*NAMES[1:])
        for _ in range(2):
            for phone in phones[1:]:
                sync(phone, phones[0])
        self.mesh = Mesh(phones)
        for phone in phones:
            phone.replica.be_patient()
        self.said: Counter[type] = Counter()
        for pair in pairs or combinations(NAMES, 2):
            self.mesh.connect(*pair)
        self.settle()
        self.said.clear()

    def settle(self, random: Random | None = None) -> None:
        """Deliver all that is on its way; nobody's moment is over yet."""
        while busy := self.mesh.busy():
            self.deliver(random.choice(busy) if random else busy[0])

    def deliver(self, channel: Channel) -> None:
        """Deliver the next message of a channel, and count it."""
        self.said[type(decode(self.mesh.channels[channel][0]))] += 1
        self.mesh.deliver(channel)

    def forward(self, *names: str) -> None:
        """The moment is over for these."""
        for name in names or NAMES:
            self.mesh.take(name, self.mesh.phones[name].replica.forward())

    def waiting(self) -> list[str]:
        """Who keeps something back."""
        return [name for name in NAMES if self.mesh.phones[name].replica.waits]

    def lack(self, name: str = "sec") -> list[str]:
        """Who does not hold all that one phone does."""
        everything = self.mesh.phones[name].hashes()
        return [other for other in NAMES if not everything <= self.mesh.phones[other].hashes()]


def test_in_a_room_a_change_reaches_each_phone_once() -> None:
    room = Room()
    room.mesh.write("sec", ledger_event(1))
    room.settle()
    assert room.lack() == []
    room.forward()
    room.settle()
    assert room.said[Changes] == 3
    assert room.said[Acknowledge] == 9
    for one, other in combinations(NAMES, 2):
        assert room.mesh.phones[one].replica.synced(other)
        assert room.mesh.phones[other].replica.synced(one)


def test_the_impatient_pass_on_at_once() -> None:
    room = Room()
    room.mesh.leave("sec")
    for phone in room.mesh.phones.values():
        phone.restart()
    room.mesh.channels.clear()
    for pair in (("sec", "tre"), ("tre", "cha"), ("cha", "officer 0")):
        room.mesh.connect(*pair)
    room.settle()
    room.mesh.write("sec", ledger_event(1))
    room.settle()
    assert room.lack() == []


def test_it_reaches_those_whom_its_author_does_not_reach() -> None:
    room = Room(("sec", "tre"), ("tre", "cha"), ("cha", "officer 0"))
    room.mesh.write("sec", ledger_event(1))
    room.settle()
    assert room.lack() == ["cha", "officer 0"]
    for left in (["officer 0"], []):
        room.forward()
        room.settle()
        assert room.lack() == left


def test_it_reaches_all_though_its_author_left() -> None:
    room = Room()
    room.mesh.write("sec", ledger_event(1))
    room.deliver(("sec", "tre"))
    room.mesh.leave("sec")
    assert room.waiting() == ["tre"]
    room.settle()
    assert room.lack() == ["cha", "officer 0"]
    room.forward("tre")
    assert "tre" not in room.waiting()
    room.settle()
    assert room.lack() == []


def test_who_brings_something_is_answered_once() -> None:
    """It counts our answers, also where something else is kept back from it."""
    room = Room(("sec", "cha"), ("cha", "tre"))
    room.mesh.write("tre", ledger_event(1))
    room.settle()
    assert room.waiting() == ["cha"]
    room.mesh.write("sec", ledger_event(2))
    room.deliver(("sec", "cha"))
    answers = [type(decode(data)) for data in room.mesh.channels["cha", "sec"]]
    assert answers == [Acknowledge]


def test_who_writes_meanwhile_passes_on_what_came_before() -> None:
    room = Room(("sec", "tre"), ("tre", "cha"))
    room.mesh.write("sec", ledger_event(1))
    room.settle()
    room.mesh.write("tre", ledger_event(2))
    room.settle()
    assert room.lack("tre") == ["officer 0"]
    assert room.mesh.phones["cha"].hashes() == room.mesh.phones["sec"].hashes()


def test_a_peer_that_begins_again_is_answered_at_once() -> None:
    room = Room(("sec", "tre"), ("tre", "cha"))
    room.mesh.write("sec", ledger_event(1))
    room.settle()
    room.mesh.cut("tre", "cha")
    room.mesh.connect("cha", "tre")
    room.settle()
    assert room.lack() == ["officer 0"]


@pytest.mark.parametrize("seed", range(40))
def test_whoever_comes_and_goes_all_end_up_the_same(seed: int) -> None:
    random = Random(seed)
    room = Room()
    mesh = room.mesh
    for _ in range(60):
        one, other = random.sample(NAMES, 2)
        match random.randrange(6):
            case 0:
                mesh.write(one, ledger_event(random.randrange(10**6)))
            case 1:
                mesh.cut(one, other)
            case 2:
                mesh.connect(one, other)
            case 3:
                room.forward(one)
            case _ if mesh.busy():
                room.deliver(random.choice(mesh.busy()))
    for pair in pairwise(NAMES):
        mesh.connect(*pair)
    room.settle(random)
    for _ in range(ROUNDS_MAX):
        room.forward()
        room.settle(random)
    assert_agreed(*mesh.phones.values())
    assert room.waiting() == []
    assert not any(phone.refused for phone in mesh.phones.values())
