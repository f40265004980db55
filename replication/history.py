"""What a replica must be able to look up of the changes it has admitted, and no more.

A replica never walks its history: everything it asks is by hash or by place in a chain, so that
opening a group or adding to it costs the same however long the books are. `MemoryHistory` keeps
it in dictionaries; the node keeps it in SQLite.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from replication.change import Change


class Place(NamedTuple):
    """What this replica derived when it admitted a change; a pure function of its ancestors."""

    lane: int
    """Local number of the chain branch: one a device, and one more for every fork."""
    lamport: int
    """Op counter of the change's first operation; orders entries, extends causality."""
    max_op: int
    """Op counter of its last operation."""
    seq: int
    """Automerge sequence number of its actor."""
    list_ctr: int
    """Op counter of the operation that made its actor's list."""
    clock: tuple[int, ...]
    """For each lane the highest position in the change's past, itself included; 0 if none."""
    controls: int
    """Bit mask of the control changes in its past, itself included, in order of admission."""
    number: int
    """How many changes were admitted here before it."""


class Admitted(NamedTuple):
    """A change and its place."""

    change: Change
    place: Place


class Lane(NamedTuple):
    """One branch of a device's chain. Without forks a device has exactly one."""

    device: bytes
    parent: int
    """The lane it branched from, or -1 when it begins at position 1."""
    fork_n: int
    """The last position it shares with its parent; 0 when it begins at position 1."""
    tip_n: int
    tip_chain: bytes
    tip_change: bytes


class History(Protocol):
    """Lookups over admitted changes."""

    def find(self, change_hash: bytes) -> Admitted | None:
        """The change with this hash."""
        ...

    def at(self, device: bytes, n: int) -> Sequence[Admitted]:
        """The changes at a chain position: none, one, or several after a fork."""
        ...

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The change at a chain position that has this chain hash, however many there are."""
        ...

    def run(self, lane: int, first_n: int, last_n: int) -> Iterable[Admitted]:
        """The changes that lie on this lane itself, by ascending position."""
        ...

    def lanes(self) -> Sequence[Lane]:
        """All lanes; a lane's number is its index."""
        ...

    def heads(self) -> Sequence[bytes]:
        """Hashes of the changes that no other follows, ascending."""
        ...

    def control_changes(self) -> Sequence[Admitted]:
        """The changes that carry control records, in order of admission (bit order)."""
        ...

    def actor_starts(self, actor: bytes) -> Sequence[Admitted]:
        """The first changes of an actor (seq 1): one, or several after a fork."""
        ...


class MemoryHistory:
    """A history in dictionaries, for tests, simulations and benchmarks."""

    def __init__(self) -> None:
        self._by_hash: dict[bytes, Admitted] = {}
        self._by_position: dict[tuple[bytes, int], list[Admitted]] = {}
        self._by_lane: list[list[Admitted]] = []
        self._lanes: list[Lane] = []
        self._heads: set[bytes] = set()
        self._controls: list[Admitted] = []
        self._starts: dict[bytes, list[Admitted]] = {}

    def add(self, admitted: Sequence[Admitted]) -> None:
        """Keep newly admitted changes, in their order."""
        for entry in admitted:
            change, place = entry
            self._by_hash[change.change_hash] = entry
            self._by_position.setdefault((change.device, change.n), []).append(entry)
            self._extend_lane(entry)
            self._heads.difference_update(change.deps)
            self._heads.add(change.change_hash)
            if place.seq == 1:
                self._starts.setdefault(change.actor, []).append(entry)
            if place.controls >> len(self._controls):
                self._controls.append(entry)

    def _extend_lane(self, entry: Admitted) -> None:
        change, place = entry
        if place.lane < len(self._lanes):
            branch = self._lanes[place.lane]
        else:
            before = self.at(change.device, change.n - 1)
            parents = [a.place.lane for a in before if a.change.chain_hash == change.prev]
            branch = Lane(change.device, parents[0] if parents else -1, change.n - 1, 0, b"", b"")
            self._lanes.append(branch)
            self._by_lane.append([])
        self._by_lane[place.lane].append(entry)
        self._lanes[place.lane] = Lane(*branch[:3], change.n, change.chain_hash, change.change_hash)

    def find(self, change_hash: bytes) -> Admitted | None:
        """The change with this hash."""
        return self._by_hash.get(change_hash)

    def at(self, device: bytes, n: int) -> Sequence[Admitted]:
        """The changes at a chain position."""
        return self._by_position.get((device, n), ())

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The change at a chain position that has this chain hash."""
        return next((one for one in self.at(device, n) if one.change.chain_hash == chain), None)

    def run(self, lane: int, first_n: int, last_n: int) -> Iterable[Admitted]:
        """The changes on this lane itself, by ascending position."""
        rows = self._by_lane[lane] if lane < len(self._by_lane) else []
        start = rows[0].change.n if rows else 1
        return rows[max(first_n - start, 0) : max(last_n - start + 1, 0)]

    def lanes(self) -> Sequence[Lane]:
        """All lanes."""
        return self._lanes

    def heads(self) -> Sequence[bytes]:
        """The changes that no other follows, ascending."""
        return sorted(self._heads)

    def control_changes(self) -> Sequence[Admitted]:
        """The changes that carry control records, in order of admission."""
        return self._controls

    def actor_starts(self, actor: bytes) -> Sequence[Admitted]:
        """The first changes of an actor."""
        return self._starts.get(actor, ())

    def __len__(self) -> int:
        """How many changes there are."""
        return len(self._by_hash)
