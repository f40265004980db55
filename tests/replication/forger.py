"""A modified device: it signs whatever the rules of admission let through, on any branch.

What it signs is kept apart from its phone, so that a test decides who is given what.
"""

from collections.abc import Iterable, Sequence

import pytest

from replication import rows
from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.bundle import encode_bundle
from replication.change import Change, chain_hash, sign_chain
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys, actor_for
from replication.outcome import Outcome
from replication.wire import Changes, Have, encode
from tests.replication.phones import KEYS, Phone


class Forger:
    """One device's keys in the wrong hands, knowing what a phone knows."""

    def __init__(self, phone: Phone, name: str) -> None:
        history = MemoryHistory()
        history.add(phone.in_order_of_admission())
        self.group = phone.group
        self.keys: DeviceKeys = KEYS[name]
        self.ancestry = Ancestry(history)

    def under(self, name: str) -> "Forger":
        """The same knowledge under another device's keys."""
        other = Forger.__new__(Forger)
        other.group, other.keys, other.ancestry = self.group, KEYS[name], self.ancestry
        return other

    def known(self, change_hash: bytes) -> Admitted:
        """A change that it can follow."""
        found = self.ancestry.find(change_hash)
        assert found is not None
        return found

    def newest(self) -> Admitted:
        """The change at the end of the shared order."""
        heads = [self.known(head) for head in self.ancestry.heads]
        return max(heads, key=lambda head: (head.place.lamport, head.change.change_hash))

    def own_last(self) -> Admitted | None:
        """The last change of its device's first branch."""
        lanes = self.ancestry.lanes_of(self.keys.public)
        return self.ancestry.tips[lanes[0]] if lanes else None

    def sign(
        self,
        before: Admitted | None,
        deps: Sequence[Admitted],
        *events: bytes,
        salt: int = 0,
        time_ms: int = 5,
    ) -> Admitted:
        """A change after this one of its own; RemoteError when no device would admit it.

        It goes on under the actor of the one before, unless a salt is given.
        """
        actor = actor_for(self.keys.public, salt.to_bytes(8, "big"))
        if before is not None and not salt:
            actor = before.change.actor
        n = before.change.n + 1 if before else 1
        candidate = Candidate(
            self.keys.public, n, before, actor, tuple(deps), time_ms, tuple(events), b""
        )
        change, place = judge(self.group, self.ancestry, candidate)
        signature = sign_chain(self.keys, self.group, change.chain_hash)
        admitted = Admitted(change._replace(signature=signature), place)
        self.ancestry.add(admitted)
        return admitted

    def moved(self, change: Change, n: int, prev: bytes) -> Change:
        """The same change at another place in its chain, signed without asking the rules."""
        chain = chain_hash(prev, change.device, n, change.time_ms, change.change_hash)
        signature = sign_chain(self.keys, self.group, chain)
        return change._replace(n=n, prev=prev, chain_hash=chain, signature=signature)


def unsigned(changes: Iterable[Admitted]) -> list[Change]:
    """These changes without their signatures."""
    return [admitted.change._replace(signature=b"") for admitted in changes]


def listen(phone: Phone, peer: str, device: bytes = b"") -> Outcome:
    """Let a phone talk with an enrolled device that says that it lacks nothing."""
    phone.replica.disconnect(peer)
    phone.step(phone.replica.connect(peer, device or KEYS[peer].public, False))
    return phone.step(phone.replica.receive(peer, encode(Have(phone.replica.tips, b""))))


def bundled(changes: Sequence[Change]) -> bytes:
    """A bundle of these changes with all signatures that they have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "signed_rows", held)
        return encode_bundle(changes)


def held(changes: Sequence[Change]) -> list[int]:
    """The rows that carry a signature."""
    return [row for row, change in enumerate(changes) if change.signature]


def saying(changes: Sequence[Change]) -> bytes:
    """A message with these changes and all signatures that they have."""
    return encode(Changes(0, bundled(changes)))


def give(phone: Phone, peer: str, changes: Sequence[Change]) -> Outcome:
    """Say these changes to a phone that listens to this device."""
    return phone.step(phone.replica.receive(peer, saying(changes)))
