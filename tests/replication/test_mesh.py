"""A mesh of phones that come and go, one of them modified, one copied: all end up the same.

Every seed is another history. The modified device signs branches of its own wherever the rules
let it, cuts them into bundles as it likes, and slips unsigned changes in another's name between.
"""

from itertools import combinations
from random import Random

import pytest

from replication import exchange
from replication.ancestry import Ancestry
from replication.change import Change
from replication.errors import RemoteError
from replication.history import Admitted
from tests.replication.forger import Forger, listen, saying
from tests.replication.mesh import Channel, Mesh, copy_of
from tests.replication.phones import (
    KEYS,
    OFFICERS,
    Phone,
    assert_agreed,
    assert_signed_for,
    found_with,
    ledger_event,
    sync,
)

MODIFIED = "modified"
"""The peer that has the treasurer's keys as well, and other software."""

STEPS = 50
MESSAGES_MAX = 10
"""Beside a bundle and an answer for each change, twice: news of a branch starts the count again."""


class Life:
    """What happens to a mesh, by chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        phones = found_with("tre", "cha", *OFFICERS[: self.random.randint(0, 2)])
        for phone in phones[1:]:
            sync(phone, phones[0])
        self.mesh = Mesh([*phones, copy_of(phones[1], "copy")])
        self.names = list(self.mesh.phones)
        self.mesh.on_delivery = self.assert_synced_is_no_lie

    def assert_synced_is_no_lie(self, delivered: Channel) -> None:
        """Whoever says that it is in sync with another holds nothing that the other lacks."""
        for name, other in self.mesh.channels:
            if name in delivered or other in delivered:
                phone, peer = self.mesh.phones[name], self.mesh.phones[other]
                if phone.replica.synced(other):
                    assert phone.hashes() <= peer.hashes()

    def event(self) -> bytes:
        """Some entry."""
        return ledger_event(self.random.randrange(10**6))

    def live(self) -> None:
        """Many steps of all kinds, then everything that is on its way arrives."""
        kinds = (self.write, self.connect, self.cut, self.restart, self.forge, self.deliver)
        for step in self.random.choices(kinds, (30, 20, 8, 5, 9, 28), k=STEPS):
            step()
        self.mesh.settle(self.random.choice)

    def write(self) -> None:
        """A phone writes."""
        self.mesh.write(self.random.choice(self.names), self.event())

    def connect(self) -> None:
        """Two phones meet."""
        self.mesh.connect(*self.random.sample(self.names, 2))

    def cut(self) -> None:
        """Two phones part, whatever is on its way."""
        if self.mesh.channels:
            self.mesh.cut(*self.random.choice(list(self.mesh.channels)))

    def restart(self) -> None:
        """A phone's program starts again."""
        name = self.random.choice(self.names)
        self.mesh.leave(name)
        self.mesh.phones[name].restart()

    def deliver(self) -> None:
        """Some messages arrive, on any channels."""
        for _ in range(self.random.randint(1, 8)):
            if busy := self.mesh.busy():
                self.mesh.deliver(self.random.choice(busy))

    def forge(self) -> None:
        """The modified device gives a branch of its own to one phone, which passes it on."""
        target = self.random.choice(self.names)
        phone = self.mesh.phones[target]
        changes = self.forged(Forger(phone, "tre"))
        listen(phone, MODIFIED, KEYS["tre"].public)
        at = 0
        while at < len(changes):
            count = self.random.randint(1, len(changes))
            bundle = saying(changes[at : at + count])
            self.mesh.take(target, phone.replica.receive(MODIFIED, bundle))
            at += count
        phone.replica.disconnect(MODIFIED)

    def forged(self, forger: Forger) -> list[Change]:
        """A few changes after any of its own; some unsigned, some in the secretary's name."""
        own = list(changes_of(forger, forger.keys.public))
        before = self.random.choice([*own, None])
        run: list[Change] = []
        for _ in range(self.random.randint(1, 5)):
            signs = self.random.random() < 0.5
            if self.random.random() < 0.15:
                last = forger.newest()
                forger = forger.under("sec")
                if (stolen := self.signed(forger, forger.own_last(), last)) is not None:
                    run.append(stolen.change._replace(signature=b""))
                forger = forger.under("tre")
            made = self.signed(forger, before, self.random.choice(everything(forger)))
            if made is None:
                break
            run.append(made.change if signs else made.change._replace(signature=b""))
            before = made
        return run

    def signed(self, forger: Forger, before: Admitted | None, other: Admitted) -> Admitted | None:
        """A change that follows these two, if the rules let it."""
        deps = [other]
        if before is not None and not knows(other, before):
            deps = [before] if knows(before, other) else [before, other]
        salt = self.random.choice([0, 1, self.random.getrandbits(60)])
        time_ms = self.random.randrange(10**5)
        try:
            return forger.sign(before, deps, self.event(), salt=salt, time_ms=time_ms)
        except RemoteError:
            return None

    def calm(self) -> None:
        """All pairs meet, twice; the second time they must come together in few messages."""
        for name in self.names:
            self.mesh.leave(name)
        for again in (False, True):
            for left, right in combinations(self.names, 2):
                one, other = self.mesh.phones[left], self.mesh.phones[right]
                changes = len(one.hashes() | other.hashes())
                self.mesh.connect(left, right)
                messages = self.mesh.settle(self.random.choice)
                assert messages <= 4 * changes + MESSAGES_MAX
                assert not again or (one.replica.synced(right) and other.replica.synced(left))
                self.mesh.cut(left, right)


def knows(one: Admitted, other: Admitted) -> bool:
    """Whether the other is in the one's past, or is it."""
    return Ancestry.knows(one.place.clock, other)


def everything(forger: Forger) -> list[Admitted]:
    """All that a modified device knows."""
    tips = enumerate(forger.ancestry.tips)
    return [a for lane, tip in tips for a in forger.ancestry.run(lane, 1, tip.change.n)]


def changes_of(forger: Forger, device: bytes) -> list[Admitted]:
    """What a modified device knows of one device."""
    return [admitted for admitted in everything(forger) if admitted.change.device == device]


# What all must agree on


def places(phone: Phone) -> dict[bytes, tuple[int, int, int, int]]:
    """What every phone must derive alike of each change."""
    return {
        change.change_hash: (place.lamport, place.max_op, place.seq, place.list_ctr)
        for change, place in phone.everything()
    }


def assert_causality(phone: Phone) -> None:
    """Clocks tell the same past as the dependencies, followed one by one."""
    entries = phone.everything()
    past: dict[bytes, set[bytes]] = {}
    for entry in entries:
        change = entry.change
        past[change.change_hash] = {change.change_hash}.union(*(past[dep] for dep in change.deps))
        told = {other.change.change_hash for other in entries if knows(entry, other)}
        assert told == past[change.change_hash]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happened_all_end_up_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CHUNK_BYTES_MAX", (256, 1_024, 256 * 1_024)[seed % 3])
    life = Life(seed)
    life.live()
    life.calm()
    phones = list(life.mesh.phones.values())
    assert_agreed(*phones)
    for phone in phones:
        assert phone.replica.roster == phones[0].replica.roster
        assert places(phone) == places(phones[0])
        assert_causality(phone)
        assert_signed_for(phone)
        assert {refused.peer for refused in phone.refused} <= {MODIFIED}
