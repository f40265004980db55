"""Turns signed changes into the entries that the reducer folds.

An entry's own circumstances (author, time, what was known) never change. Whether its device was
stopped, and which seal it stands behind, follow from all that is known, so a decision that arrives
can move entries that the book has taken: `Circumstances` is one state of that, and `first_moved`
says from where on two states differ.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any, Final, NamedTuple, Protocol

from model.codec import decode
from model.entry import Entry, Head, order_key
from model.events import MeetingClosed
from model.identifiers import CHANGE_PREFIX_BYTES, ENTRY_ID_BYTES, entry_id
from node.chain_store import ChainStore
from node.covers import Chains, StoredChains, names_heads
from node.seal_order import SealOrder, standing_seals
from replication.control import is_control
from replication.council import Decisions, decisions_of
from replication.history import Admitted
from replication.limits import CHAIN_LENGTH_MAX
from replication.suspense import Stretch, limits, sealed_so

PLACES_KEPT = 65_536
"""Places of changes remembered; past it the memory is emptied and fills again."""

PERSONS_KEPT = 4096
"""Authors remembered by what was decided before they wrote; a season has a few hundred."""

OrderKey = tuple[int, bytes]


class Places(dict[bytes, tuple[int, int]]):
    """Where each change stands, by the first 16 bytes of its hash: lane and position.

    A change that is not here is at no position that any clock reaches.
    """

    def __init__(self, chains: ChainStore) -> None:
        super().__init__()
        self._chains = chains

    def add(self, admitted: Iterable[Admitted]) -> None:
        """Note changes that the store may not hold yet."""
        if len(self) > PLACES_KEPT:
            self.clear()
        for change, place in admitted:
            self[change.change_hash[:CHANGE_PREFIX_BYTES]] = (place.lane, change.n)

    def __missing__(self, prefix: bytes) -> tuple[int, int]:
        known = self._chains.place_of(prefix) if len(prefix) == CHANGE_PREFIX_BYTES else None
        if known is None:
            return _NOWHERE
        self[prefix] = known
        return known


_NOWHERE: Final = (0, CHAIN_LENGTH_MAX + 1)


class KnownPast:
    """What the author of one event knew, answered from the clock of its change."""

    __slots__ = ("_clock", "_index", "_places", "_prefix")

    def __init__(self, clock: tuple[int, ...], prefix: bytes, index: int, places: Places) -> None:
        self._clock = clock
        self._prefix = prefix
        self._index = index
        self._places = places

    def __contains__(self, identity: Any, /) -> bool:
        """Whether the entry with this id was written before, as far as the author could see."""
        lane, n = self._places[identity[:CHANGE_PREFIX_BYTES]]
        try:
            known = self._clock[lane]
        except IndexError:  # a lane that the author had not heard of
            return False
        if known > n:
            return True
        if known < n or len(identity) != ENTRY_ID_BYTES:
            return False
        # The newest that is known of its device: another change, or what this one says before.
        return bool(identity[:CHANGE_PREFIX_BYTES] != self._prefix or identity[-1] < self._index)


class ClosePast(KnownPast):
    """The past of a close, which can say whether the close names its heads."""

    __slots__ = ("_chains", "_close")

    def __init__(
        self, close: Admitted, prefix: bytes, index: int, places: Places, chains: Chains
    ) -> None:
        super().__init__(close.place.clock, prefix, index, places)
        self._chains = chains
        self._close = close

    def names_heads(self, heads: Collection[Head], /) -> bool:
        """Whether these are the heads of all that the author knew."""
        return names_heads(self._chains, self._close, heads)


class Circumstances(NamedTuple):
    """What all that is known says of where entries stand: the same on every device."""

    limits: Mapping[int, int]
    """Lanes of stopped devices → the highest position that is not held."""
    order: SealOrder
    """Which changes stand behind a seal."""
    sealed_so: tuple[Stretch, ...] = ()
    """What waited in suspense when a meeting was sealed, and goes on waiting."""

    def held(self, lane: int, n: int) -> bool:
        """Whether the change at this position waits in suspense."""
        limit = self.limits.get(lane)
        if limit is not None and n > limit:
            return True
        return any(one.lane == lane and one.above < n <= one.upto for one in self.sealed_so)


class Known(Chains, Protocol):
    """Where the decisions that count are asked for; a replica is one."""

    @property
    def decisions(self) -> Decisions:
        """What officers decided, according to everything known."""
        ...

    @property
    def lane_devices(self) -> Sequence[bytes]:
        """The device of each lane."""
        ...


class Stored(StoredChains):
    """The decisions in the stored changes, apart from any replica."""

    def __init__(self, chains: ChainStore) -> None:
        super().__init__(chains)
        self.decisions = decisions_of(chains.control_changes(), chains.find)
        self.lane_devices = [lane.device for lane in chains.lanes()]


Run = Callable[[int, int, int], Iterable[Admitted]]
"""The changes of a lane from one position to another, ascending."""


class EntryReader:
    """Makes entries of one group's changes, in the circumstances that were last `learn`ed."""

    def __init__(self, chains: ChainStore, known: Known) -> None:
        self.places = Places(chains)
        self._known = known
        self._persons: dict[tuple[int, bytes], bytes] = {}
        self._weighed = (-1, -1)
        self.now = Circumstances({}, SealOrder(()))
        self.learn()

    def learn(self) -> Circumstances:
        """Take over what is known now; what held before."""
        before, weighed = self.now, (self._known.decisions.count, len(self._known.lane_devices))
        if weighed != self._weighed:
            self._weighed = weighed
            decisions = self._known.decisions
            stopped = limits(decisions, self._known.lane_devices)
            waiting = sealed_so(decisions, self._known.lane_devices)
            self.now = Circumstances(stopped, SealOrder(standing_seals(decisions)), waiting)
        return before

    def entries(self, admitted: Admitted) -> list[Entry]:
        """The entries of one change; control records are not the book's."""
        change, place = admitted
        prefix = change.change_hash[:CHANGE_PREFIX_BYTES]
        ledger = [(at, event) for at, event in enumerate(change.events) if not is_control(event)]
        if not ledger:
            return []
        mixed = len(ledger) < len(change.events)
        cards = self._known.decisions.cards_shown(admitted) if mixed else ()
        person = self._person(place.controls, change.device)
        held = self.now.held(place.lane, change.n)
        behind = self.now.order.behind(place.lane, change.n, place.lamport)
        return [
            Entry(
                entry_id(prefix, index),
                place.lamport,
                change.device,
                person,
                change.time_ms,
                event,
                ClosePast(admitted, prefix, index, self.places, self._known)
                if type(event) is MeetingClosed
                else KnownPast(place.clock, prefix, index, self.places),
                held,
                cards,
                behind,
            )
            for index, event in ((at, decode(payload, prefix)) for at, payload in ledger)
        ]

    def first_moved(self, run: Run, before: Circumstances) -> OrderKey | None:
        """The earliest place, in either order, of an entry that stands otherwise than before.

        None when none does. Only what some decision can have moved is looked at: of stopped
        devices what lies between the old limit and the new, and what a seal that is new or gone
        does not cover.
        """
        if before == self.now:
            return None
        lanes = len(self._known.lane_devices)
        places = [
            self._first_key(one, state)
            for one in _moved(run, lanes, before, self.now)
            for state in (before, self.now)
        ]
        return min(places, default=None)

    def _first_key(self, admitted: Admitted, state: Circumstances) -> OrderKey:
        """Where the first entry of a change stands in the shared order."""
        change, place = admitted
        behind = state.order.behind(place.lane, change.n, place.lamport)
        return order_key(self.entries(admitted)[0]._replace(behind=behind))

    def _person(self, controls: int, device: bytes) -> bytes:
        """The person behind a device according to the change's own past: the same everywhere."""
        person = self._persons.get((controls, device))
        if person is None:
            if len(self._persons) >= PERSONS_KEPT:
                self._persons.clear()
            known = self._known.decisions.device(device, controls)
            person = self._persons[controls, device] = known.person if known else b""
        return person


def _moved(run: Run, lanes: int, before: Circumstances, after: Circumstances) -> Iterator[Admitted]:
    """Of every lane the first change with entries that moves for one reason or another."""
    for lane in before.limits.keys() | after.limits.keys():
        ends = [state.limits.get(lane, CHAIN_LENGTH_MAX) for state in (before, after)]
        if ends[0] != ends[1]:
            yield from islice(filter(_has_entries, run(lane, min(ends) + 1, max(ends))), 1)
    for stretch in set(before.sealed_so) ^ set(after.sealed_so):
        yield from islice(
            filter(_has_entries, run(stretch.lane, stretch.above + 1, stretch.upto)), 1
        )
    for seal in set(before.order.seals) ^ set(after.order.seals):
        for lane in range(lanes):
            covered = seal.clock[lane] if lane < len(seal.clock) else 0
            uncovered = _until(run(lane, covered + 1, CHAIN_LENGTH_MAX), seal.lamport)
            yield from islice(filter(_has_entries, uncovered), 1)


def _until(changes: Iterable[Admitted], lamport: int) -> Iterator[Admitted]:
    """The changes of a lane up to a place in the shared order."""
    return takewhile(lambda one: one.place.lamport <= lamport, changes)


def _has_entries(admitted: Admitted) -> bool:
    return not all(map(is_control, admitted.change.events))


def fold_all(
    chains: ChainStore, changes: Iterable[Admitted], known: Known | None = None
) -> Iterator[Entry]:
    """The entries of these changes in the shared order, read apart from any book.

    In the circumstances that the stored changes make, unless others are `known`.
    """
    reader = EntryReader(chains, known or Stored(chains))
    every = list(changes)
    reader.places.add(every)
    return iter(sorted((e for one in every for e in reader.entries(one)), key=order_key))
