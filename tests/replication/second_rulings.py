"""What the second reckoning knows and comes to; it holds no rule but the majority."""

from collections.abc import Iterable
from typing import NamedTuple

from replication.change import Change
from replication.control import Record, decode_record

Hashes = frozenset[bytes]


class Ruling(NamedTuple):
    """What a set of changes comes to."""

    states: dict[bytes, str]
    """By device: active, suspended or revoked."""
    rights: dict[bytes, str]
    people: dict[bytes, bytes]
    officers: Hashes
    cards: tuple[bytes, ...]
    quorum: int
    founding: bool
    passed: Hashes
    """Motions that stand."""
    contested: Hashes
    """Motions of which nobody can say whether they stand."""
    held: Hashes
    """Changes in suspense."""

    @property
    def needed(self) -> int:
        """Votes that a decision takes."""
        count = len(self.officers)
        return 1 if count < 2 else max(2, count // 2 + 1, min(self.quorum, count))

    def votes(self, device: bytes) -> bool:
        """Whether this is the phone of an officer."""
        return self.rights.get(device) == "write" and self.states[device] != "revoked"


class Act(NamedTuple):
    """A change that asks for something, or one suspension in it, or one that it takes back."""

    change: bytes
    target: bytes
    """Of a suspension, and of taking it back: the phone. Of a motion: nothing."""
    is_back: bool = False


NOBODY = Ruling({}, {}, {}, frozenset(), (), 0, True, *[frozenset()] * 3)


class Knowledge:
    """All changes of a group, and what each author knew."""

    def __init__(self, group: bytes, changes: Iterable[Change]) -> None:
        self.group = group
        self.changes = {change.change_hash: change for change in changes}
        self.records: dict[bytes, list[Record]] = {
            one: [record for event in change.events if (record := decode_record(event))]
            for one, change in self.changes.items()
        }
        self.pasts: dict[bytes, Hashes] = {}
        self.rulings: dict[Hashes, Ruling] = {}
        for one in self.changes:
            self.past(one)

    def past(self, change: bytes) -> Hashes:
        """What the author knew, without the change itself."""
        waiting = [change]
        while waiting:
            deps = self.changes[waiting[-1]].deps
            missing = [dep for dep in deps if dep not in self.pasts]
            if missing:
                waiting += missing
                continue
            known = [self.pasts[dep] | {dep} for dep in deps]
            self.pasts[waiting.pop()] = frozenset().union(*known)
        return self.pasts[change]

    def before(self, change: bytes) -> Ruling:
        """What the author's past came to."""
        return self.rulings[self.past(change)]
