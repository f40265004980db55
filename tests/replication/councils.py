"""Groups whose officers decide apart from each other, and every order in which others learn of it.

`Council` has a phone for each officer; phones know of each other only what `meet` brings. `orders`
gives the changes of all phones in many orders that extend who knew whom; `rosters` takes them in,
each in a fresh ancestry, and says what each came to.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random

from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.cards import card_keys, sign_restoration, sign_vote
from replication.change import Change
from replication.control import (
    CardsIssued,
    CardVoted,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    FoundingEnded,
    OfficersRestored,
    Record,
    VoteCast,
    encode_record,
)
from replication.history import Admitted, MemoryHistory
from replication.roster import Roster
from tests.replication.mesh import copy_of
from tests.replication.phones import KEYS, PERSONS, Phone, found_group, ledger_event, sync

CARDS = [card_keys(bytes([number]) * 16) for number in (1, 2, 3)]
A, B, C, D, E = "sec", "tre", "cha", "officer 0", "officer 1"
"""Officers by the names of their phones; A founded the group."""
X, Y = "officer 10", "officer 11"
"""Phones that are in no group yet."""


class Council:
    """So many officers whose founding period is over, all knowing the same."""

    def __init__(self, officers: int, *, cards: bool = True, ended: bool = True) -> None:
        names = (A, B, C, D, E)[:officers]
        founder = found_group()
        self.group = founder.group
        self.phones = {A: founder}
        for name in names[1:]:
            founder.enrol(name)
        if cards:
            founder.control(CardsIssued(*(card.public for card in CARDS)))
        if ended:
            founder.control(FoundingEnded())
        for name in names[1:]:
            self.join(name, A)
        self.names = names

    def __getitem__(self, name: str) -> Phone:
        return self.phones[name]

    def join(self, name: str, by: str) -> Phone:
        """A new phone fetches the books."""
        self.phones[name] = phone = Phone(name, self.group)
        sync(phone, self.phones[by])
        return phone

    def copy(self, name: str, called: str) -> Phone:
        """A thief's or a backup's copy of a phone as it is now."""
        self.phones[called] = copy_of(self.phones[name], called)
        return self.phones[called]

    def meet(self, *names: str) -> None:
        """These phones tell each other everything."""
        for _ in range(2):
            for left, right in pairwise(names):
                sync(self.phones[left], self.phones[right])

    def tell(self, sender: str, receiver: str) -> None:
        """A phone learns all that another holds, by whatever way: they may not talk any more."""
        phone = self.phones[receiver]
        changes = self.everything((receiver, sender))
        (order,) = orders(changes, 1)
        phone.history = MemoryHistory()
        taken_in(self.group, order, phone.history)
        phone.restart()

    def ask(self, name: str, *records: Record) -> bytes:
        """One change with these records; its hash."""
        admitted = self.phones[name].write(*map(encode_record, records))
        return admitted.change.change_hash

    def vote(self, name: str, asked: bytes, approve: bool = True) -> None:
        """An officer's phone votes on what it knows."""
        assert self.phones[name].replica.find(asked) is not None
        self.ask(name, VoteCast(asked, approve))

    def show_card(self, name: str, number: int, asked: bytes) -> None:
        """A paper card is typed into an officer's phone."""
        signature = sign_vote(CARDS[number - 1], self.group, asked)
        self.ask(name, CardVoted(number, asked, signature))

    def restore(self, name: str, by: str, first: int = 1, second: int = 2) -> bytes:
        """A new phone, which holds the books of `by`, restores the officers by two cards."""
        self.phones[name] = phone = Phone(name, self.group)
        self.tell(by, name)
        return self.ask(name, restoring(phone, first, second))

    def everything(self, names: Iterable[str] = ()) -> list[Change]:
        """Every change that these phones hold, or all phones, once."""
        held = {
            admitted.change.change_hash: admitted.change
            for name in names or self.phones
            for admitted in self.phones[name].everything()
        }
        return list(held.values())


def restoring(phone: Phone, first: int = 1, second: int = 2) -> OfficersRestored:
    """Two cards let a phone in."""
    person = PERSONS[phone.name]
    one, two = (
        sign_restoration(CARDS[at - 1], phone.group, phone.keys.public, person)
        for at in (first, second)
    )
    return OfficersRestored(person, phone.name, first, one, second, two)


def enrolled(name: str, right: str = "write", person: str = "") -> DeviceEnrolled:
    """A phone is let in."""
    return DeviceEnrolled(KEYS[name].public, PERSONS[person or name], right, name)


def revoked(name: str) -> DeviceRevoked:
    """A phone is shut out."""
    return DeviceRevoked(KEYS[name].public, "revoked")


def suspended(name: str) -> DeviceSuspended:
    """A phone is reported lost."""
    return DeviceSuspended(KEYS[name].public, "lost")


def lifted(name: str) -> DeviceReinstated:
    """A suspension ends."""
    return DeviceReinstated(KEYS[name].public)


def orders(changes: Sequence[Change], count: int, seed: int = 1) -> Iterator[list[Change]]:
    """Orders that extend who knew whom, drawn at random."""
    chance = Random(seed)
    for _ in range(count):
        waiting = list(changes)
        chance.shuffle(waiting)
        done: set[bytes] = set()
        order: list[Change] = []
        while waiting:
            ready = next(change for change in waiting if done.issuperset(change.deps))
            waiting.remove(ready)
            chance.shuffle(waiting)
            done.add(ready.change_hash)
            order.append(ready)
        yield order


def taken_in(
    group: bytes, changes: Iterable[Change], history: MemoryHistory | None = None
) -> Ancestry:
    """A fresh ancestry that admitted these changes, in their order; kept in a history, if given."""
    ancestry = Ancestry(MemoryHistory())
    for change in changes:
        before = ancestry.at_chain(change.device, change.n - 1, change.prev)
        deps = tuple(found for dep in change.deps if (found := ancestry.find(dep)) is not None)
        assert len(deps) == len(change.deps)
        candidate = Candidate(
            change.device, change.n, before, change.actor, deps, change.time_ms, change.events, b""
        )
        admitted = judge(group, ancestry, candidate)
        assert admitted.change.change_hash == change.change_hash
        ancestry.add(admitted)
        if history is not None:
            history.add([Admitted(change, admitted.place)])
    return ancestry


def roster_everywhere(council: Council, count: int = 12, names: Iterable[str] = ()) -> Roster:
    """The roster of all that is known, after checking that no order gives another one."""
    changes = council.everything(names)
    found = [taken_in(council.group, order).decisions.roster for order in orders(changes, count)]
    assert all(roster == found[0] for roster in found)
    return found[0]


def officers(roster: Roster) -> set[str]:
    """The officers by the names of their phones."""
    names = {person: name for name, person in PERSONS.items()}
    return {names[person] for person in roster.officers}


def state(roster: Roster, name: str) -> str:
    """What a phone may do: its state, or "unknown"; "reads" when it may only read."""
    known = roster.devices.get(KEYS[name].public)
    if known is None:
        return "unknown"
    return known.state if known.right == "write" or known.state != "active" else "reads"


def write_money(phone: Phone, number: int) -> Admitted:
    """Something of the ledger."""
    return phone.write(ledger_event(number))
