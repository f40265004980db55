"""The admitted changes as admission sees them: a history, and what was added to it since.

Everything admission asks is answered from a change's ancestors: by hash, by chain position, by
lane, or by the control records in its past. `fork()` gives a tentative copy whose additions can
be thrown away, because a run of changes counts only once its signature has been verified.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from replication.change import CHAIN_START, Change
from replication.council import Decisions, decisions_of
from replication.history import Admitted, History, Lane, Place

_RECENT_KEPT = 4096
"""Changes kept in memory beside the store: more than any meeting's heads reach back."""
_NAMED_KEPT = 256
"""Stored changes that peers named lately: more tips than the phones of a meeting speak of."""


class _Branch(NamedTuple):
    """What stays the same of a lane; see `history.Lane`."""

    device: bytes
    parent: int
    fork_n: int


def _stored(history: History, lane: Lane) -> Admitted:
    """The change at the tip of a stored lane."""
    tip = history.find(lane.tip_change)
    assert tip is not None, "a stored lane has its tip in the store"
    return tip


class _Fresh:
    """Changes admitted since the store last committed, by the same keys as the history's.

    Positions are indexed when first asked for: nearly every change extends a tip and needs none.
    """

    def __init__(self) -> None:
        self.by_hash: dict[bytes, Admitted] = {}
        self.starts: dict[bytes, tuple[Admitted, ...]] = {}
        self._by_position: dict[tuple[bytes, int], tuple[Admitted, ...]] | None = None

    def copy(self) -> "_Fresh":
        other = _Fresh()
        other.by_hash = dict(self.by_hash)
        other.starts = dict(self.starts)
        return other

    def add(self, admitted: Admitted) -> None:
        change = admitted.change
        self.by_hash[change.change_hash] = admitted
        if admitted.place.seq == 1:
            self.starts[change.actor] = (*self.starts.get(change.actor, ()), admitted)
        if self._by_position is not None:
            self._index(admitted)

    def at(self, device: bytes, n: int) -> tuple[Admitted, ...]:
        if self._by_position is None:
            self._by_position = {}
            for admitted in self.by_hash.values():
                self._index(admitted)
        return self._by_position.get((device, n), ())

    def _index(self, admitted: Admitted) -> None:
        assert self._by_position is not None
        position = admitted.change.device, admitted.change.n
        self._by_position[position] = (*self._by_position.get(position, ()), admitted)


class Ancestry:
    """One group's admitted changes, over a `History` that may lag behind by one step."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._fresh = _Fresh()
        self._stored_n: list[int] = []
        self._recent: OrderedDict[bytes, Admitted] = OrderedDict()
        self._by_chain: OrderedDict[bytes, Admitted] = OrderedDict()
        """Stored changes that peers named lately, by chain hash: they name them again and again."""
        lanes = history.lanes()
        self.branches: list[_Branch] = []
        self._lanes_of: dict[bytes, tuple[int, ...]] = {}
        for lane in lanes:
            self._open_lane(_Branch(*lane[:3]))
        self.tips: list[Admitted] = [_stored(history, lane) for lane in lanes]
        self._by_tip = {tip.change.chain_hash: tip for tip in self.tips}
        self.heads: set[bytes] = set(history.heads())
        self.decisions: Decisions = decisions_of(history.control_changes(), history.find)
        self._stored_n = [lane.tip_n for lane in lanes]
        self.count = sum(lane.tip_n - lane.fork_n for lane in lanes)
        """Changes admitted so far."""
        self.loose_bytes: dict[bytes, int] = {}
        """Device → bytes of events since another device last built upon one of its changes."""

    def fork(self) -> "Ancestry":
        """A tentative copy; additions to it leave this one untouched."""
        other = Ancestry.__new__(Ancestry)
        other._history = self._history
        other._fresh = self._fresh.copy()
        other._stored_n = self._stored_n
        other._recent = self._recent
        other._by_chain = self._by_chain
        other.branches = list(self.branches)
        other._lanes_of = dict(self._lanes_of)
        other.tips = list(self.tips)
        other._by_tip = dict(self._by_tip)
        other.heads = set(self.heads)
        other.decisions = self.decisions.copy()
        other.count = self.count
        other.loose_bytes = dict(self.loose_bytes)
        return other

    def adopt(self, tentative: "Ancestry") -> None:
        """Take over all that a tentative copy has added."""
        self._fresh = tentative._fresh
        self.branches = tentative.branches
        self._lanes_of = tentative._lanes_of
        self.tips = tentative.tips
        self._by_tip = tentative._by_tip
        self.heads = tentative.heads
        self.decisions = tentative.decisions
        self.count = tentative.count
        self.loose_bytes = tentative.loose_bytes

    def committed(self) -> None:
        """The history now holds everything that was added."""
        self._recent.update(self._fresh.by_hash)
        while len(self._recent) > _RECENT_KEPT:
            self._recent.popitem(last=False)
        self._fresh = _Fresh()
        self._stored_n = [tip.change.n for tip in self.tips]

    @property
    def lanes(self) -> list[Lane]:
        """The lanes as they stand now; a lane's number is its index."""
        return [
            Lane(*branch, tip.change.n, tip.change.chain_hash, tip.change.change_hash)
            for branch, tip in zip(self.branches, self.tips, strict=True)
        ]

    @property
    def lane_devices(self) -> list[bytes]:
        """The device of each lane."""
        return [branch.device for branch in self.branches]

    def find(self, change_hash: bytes) -> Admitted | None:
        """The admitted change with this hash."""
        found = self._fresh.by_hash.get(change_hash) or self._recent.get(change_hash)
        return found or self._history.find(change_hash)

    def at(self, device: bytes, n: int) -> Sequence[Admitted]:
        """The admitted changes at a chain position."""
        return [*self._history.at(device, n), *self._fresh.at(device, n)]

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The admitted change with this chain hash, or None.

        The tips of lanes are looked up first: almost every change extends one.
        """
        tip = self._by_tip.get(chain)
        if tip is not None and tip.change.n == n and tip.change.device == device:
            return tip
        for admitted in self._fresh.at(device, n):
            if admitted.change.chain_hash == chain:
                return admitted
        known = self._by_chain.get(chain)
        if known is None:
            known = self._history.at_chain(device, n, chain)
            if known is not None:
                self._by_chain[chain] = known
                if len(self._by_chain) > _NAMED_KEPT:
                    self._by_chain.popitem(last=False)
        elif (known.change.device, known.change.n) != (device, n):
            return None
        return known

    def actor_starts(self, actor: bytes) -> tuple[Admitted, ...]:
        """The first changes of an actor; several after a fork."""
        return (*self._history.actor_starts(actor), *self._fresh.starts.get(actor, ()))

    def actor_was_used(self, actor: bytes, clock: tuple[int, ...]) -> bool:
        """Whether a change with this clock has a change of this actor in its past."""
        return any(self.knows(clock, start) for start in self.actor_starts(actor))

    @staticmethod
    def knows(clock: tuple[int, ...], other: Admitted) -> bool:
        """Whether a change with this clock has the other in its past, or is it."""
        lane = other.place.lane
        return lane < len(clock) and clock[lane] >= other.change.n

    def lanes_of(self, device: bytes) -> tuple[int, ...]:
        """The lanes of one device, by their numbers."""
        return self._lanes_of.get(device, ())

    def latest_own(self, device: bytes, past: tuple[int, ...]) -> Admitted | None:
        """The change of a device that it must follow next when it knows this past.

        The one at the highest position; of several branches' the one with the highest chain hash.
        """
        places = [
            (past[lane], lane)
            for lane in self.lanes_of(device)
            if lane < len(past) and past[lane] > self.branches[lane].fork_n
        ]
        if not places:
            return None
        highest = max(places)[0]
        ends = [self._on_lane(lane, n) for n, lane in places if n == highest]
        return max(ends, key=lambda end: end.change.chain_hash)

    def _on_lane(self, lane: int, n: int) -> Admitted:
        tip = self.tips[lane]
        return tip if tip.change.n == n else next(self.run(lane, n, n))

    def lane_for(self, before: Admitted | None) -> int:
        """The lane that a change continues, or the number of a new one if it branches off."""
        if before is not None and self.is_tip(before):
            return before.place.lane
        return len(self.branches)

    def is_tip(self, admitted: Admitted) -> bool:
        """Whether no change of this lane comes after this one."""
        return self.tips[admitted.place.lane].change.n == admitted.change.n

    def add(self, admitted: Admitted) -> None:
        """Take in one admitted change whose place was computed against this ancestry."""
        change, place = admitted
        self._fresh.add(admitted)
        if place.lane == len(self.branches):
            self._open_lane(self._branch(change))
            self.tips.append(admitted)
        else:
            del self._by_tip[self.tips[place.lane].change.chain_hash]
            self.tips[place.lane] = admitted
        self._by_tip[change.chain_hash] = admitted
        self.heads.difference_update(change.deps)
        self.heads.add(change.change_hash)
        self.count += 1
        self._weigh(change)
        if place.controls >> self.decisions.count:
            self.decisions.add(admitted, self.find)

    def _weigh(self, change: Change) -> None:
        """Keep count of what each device wrote that nobody else has built upon.

        Of what lies further back than the newest changes it is not asked: who builds on that has
        not followed what came since.
        """
        loose, device, events = self.loose_bytes, change.device, change.events
        if len(loose) > 1 or device not in loose:
            fresh, recent = self._fresh.by_hash, self._recent
            for dep in change.deps:
                followed = fresh.get(dep) or recent.get(dep)
                if followed is not None and followed.change.device != device:
                    loose.pop(followed.change.device, None)
        size = len(events[0]) if len(events) == 1 else sum(map(len, events))
        loose[device] = loose.get(device, 0) + size

    def _open_lane(self, branch: "_Branch") -> None:
        device = branch.device
        self._lanes_of[device] = (*self._lanes_of.get(device, ()), len(self.branches))
        self.branches.append(branch)

    def _branch(self, change: Change) -> "_Branch":
        """Where a new lane, beginning with this change, comes from."""
        if change.prev == CHAIN_START:
            return _Branch(change.device, -1, 0)
        before = self.at_chain(change.device, change.n - 1, change.prev)
        assert before is not None
        return _Branch(change.device, before.place.lane, before.change.n)

    def run(self, lane: int, first_n: int, last_n: int) -> Iterator[Admitted]:
        """The changes that lie on this lane itself, by ascending position."""
        stored_n = self._stored_n[lane] if lane < len(self._stored_n) else 0
        if first_n <= stored_n:
            yield from self._history.run(lane, first_n, min(last_n, stored_n))
        for n in range(max(first_n, stored_n + 1), last_n + 1):
            for admitted in self._fresh.at(self.branches[lane].device, n):
                if admitted.place.lane == lane:
                    yield admitted


def merged_clock(places: Sequence[Place]) -> tuple[int, ...]:
    """The lane-wise highest of several clocks."""
    if len(places) == 1:
        return places[0].clock
    columns = zip_longest(*(place.clock for place in places), fillvalue=0)
    return tuple(max(column) for column in columns)
