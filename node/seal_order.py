"""Where entries stand in the shared order once meetings are sealed.

What a seal covers folds first, as exactly the seal's own past: an entry that it does not cover,
and that would come before it, stands behind it. A seal here is a change with a close that another
officer co-signed; which co-signatures stand, replication decides of all that is known.

The order still extends causality: whatever follows an entry that is not covered is not covered
either, and no close comes before what it follows.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from replication.council import Decisions
from replication.motions import Seal
from replication.suspense import nobody_stopped


class Sealing(NamedTuple):
    """A close that was co-signed, by its place and what it covers."""

    lamport: int
    clock: tuple[int, ...]
    """Lane → highest position that it covers; its own change included."""

    def covers(self, lane: int, n: int) -> bool:
        """Whether the change at this position is under the seal."""
        return lane < len(self.clock) and n <= self.clock[lane]


class SealOrder:
    """The seals that stand, and which changes stand behind one of them."""

    def __init__(self, seals: Sequence[Sealing]) -> None:
        self.seals = tuple(sorted(set(seals)))
        self._lamports = [seal.lamport for seal in self.seals]
        self._covered = [seal.clock for seal in self.seals]
        """By seal: what it and every later one cover, lane by lane."""
        for at in reversed(range(len(self.seals) - 1)):
            self._covered[at] = _lowest(self._covered[at], self._covered[at + 1])

    def __eq__(self, other: object) -> bool:
        """Whether the seals are the same."""
        return isinstance(other, SealOrder) and self.seals == other.seals

    def __hash__(self) -> int:
        """By the seals."""
        return hash(self.seals)

    def behind(self, lane: int, n: int, lamport: int) -> int:
        """The Lamport place of the last seal that does not cover this change and would follow it.

        0 when there is none. A close at the same place counts as following: what stands behind it
        must not come after what follows that.
        """
        first = bisect_left(self._lamports, lamport)
        if first == len(self.seals):
            return 0
        covered = self._covered[first]
        if lane < len(covered) and n <= covered[lane]:  # under all of them, as nearly every change
            return 0
        for seal in reversed(self.seals[first:]):
            if not seal.covers(lane, n):
                return seal.lamport
        return 0


def standing_seals(decisions: Decisions) -> tuple[Sealing, ...]:
    """The closes that a person other than who closed has co-signed, as far as that stands."""
    seals = [act for act in decisions.acts if isinstance(act, Seal)]
    if not nobody_stopped(decisions, (act.mark.device for act in seals)):
        seals = [act for act in decisions.now.standing() if isinstance(act, Seal)]
    return tuple(Sealing(act.lamport, act.clock) for act in seals if act.mark.person != act.closer)


def _lowest(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(min(pair) for pair in zip_longest(left, right, fillvalue=0))
