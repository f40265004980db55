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
from replication.history import Admitted, History, Lane, Place
from replication.roster import Roster, roster_of

_ROSTERS_KEPT = 64
"""Rosters remembered by set of control records; concurrent decisions are few."""

_RECENT_KEPT = 4096
"""Changes kept in memory beside the store: more than any meeting's heads reach back."""


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
        self._rosters: OrderedDict[int, Roster] = OrderedDict()
        lanes = history.lanes()
        self.branches: list[_Branch] = [_Branch(*lane[:3]) for lane in lanes]
        self.tips: list[Admitted] = [_stored(history, lane) for lane in lanes]
        self.heads: set[bytes] = set(history.heads())
        self.controls: list[Admitted] = list(history.control_changes())
        self._stored_n = [lane.tip_n for lane in lanes]

    def fork(self) -> "Ancestry":
        """A tentative copy; additions to it leave this one untouched."""
        other = Ancestry.__new__(Ancestry)
        other._history = self._history
        other._fresh = self._fresh.copy()
        other._stored_n = self._stored_n
        other._recent = self._recent
        other._rosters = OrderedDict()
        other.branches = list(self.branches)
        other.tips = list(self.tips)
        other.heads = set(self.heads)
        other.controls = list(self.controls)
        return other

    def adopt(self, tentative: "Ancestry") -> None:
        """Take over all that a tentative copy has added."""
        self._fresh = tentative._fresh
        self.branches = tentative.branches
        self.tips = tentative.tips
        self.heads = tentative.heads
        self.controls = tentative.controls

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
        for tip in self.tips:
            if tip.change.chain_hash == chain and tip.change.device == device:
                return tip
        for admitted in self.at(device, n):
            if admitted.change.chain_hash == chain:
                return admitted
        return None

    def actor_was_used(self, actor: bytes, clock: tuple[int, ...]) -> bool:
        """Whether a change with this clock has a change of this actor in its past."""
        starts = (*self._fresh.starts.get(actor, ()), *self._history.actor_starts(actor))
        return any(self.knows(clock, start) for start in starts)

    @staticmethod
    def knows(clock: tuple[int, ...], other: Admitted) -> bool:
        """Whether a change with this clock has the other in its past, or is it."""
        lane = other.place.lane
        return lane < len(clock) and clock[lane] >= other.change.n

    def roster(self, controls: int) -> Roster:
        """The roster according to a set of control changes, given as a bit mask."""
        known = self._rosters.get(controls)
        if known is None:
            chosen = [a for bit, a in enumerate(self.controls) if controls >> bit & 1]
            known = self._rosters[controls] = roster_of(chosen)
            if len(self._rosters) > _ROSTERS_KEPT:
                self._rosters.popitem(last=False)
        return known

    @property
    def all_controls(self) -> int:
        """The mask of every control change that is known."""
        return (1 << len(self.controls)) - 1

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
            self.branches.append(self._branch(change))
            self.tips.append(admitted)
        else:
            self.tips[place.lane] = admitted
        self.heads.difference_update(change.deps)
        self.heads.add(change.change_hash)
        if place.controls >> len(self.controls):
            self.controls.append(admitted)

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
