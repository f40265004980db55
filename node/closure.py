"""The books as the author of one entry had them: a fold of exactly what its phone knew.

Nothing that arrived since plays a part, not even what was decided about stopped phones or sealed:
the decisions are made again from the control changes of that past alone. It costs a fold of the
history up to there, so it is done when officers ask for it, not in every step.
"""

from collections.abc import Sequence

from model.book import Book
from model.identifiers import CHANGE_PREFIX_BYTES
from model.reducer import fold
from node.chain_store import ChainStore
from node.covers import StoredChains
from node.entries import Known, fold_all
from replication.council import Decisions
from replication.history import Admitted
from replication.suspense import limits


class Then(StoredChains):
    """What was decided as far as one author knew; `Known` of node/entries.py."""

    def __init__(self, chains: ChainStore, controls: int) -> None:
        """`controls`: mask of the control changes in the author's past."""
        super().__init__(chains)
        self._chains = chains
        self._bits = [bit for bit in range(controls.bit_length()) if controls >> bit & 1]
        self._masks: dict[int, int] = {}
        self.lane_devices: Sequence[bytes] = [lane.device for lane in chains.lanes()]
        self.decisions = Decisions()
        every = chains.control_changes()
        for bit in self._bits:
            self.decisions.add(self.then(every[bit]), self._find)

    def then(self, admitted: Admitted) -> Admitted:
        """A change of that past, with its control changes counted as if there were no others."""
        mask = admitted.place.controls
        known = self._masks.get(mask)
        if known is None:
            kept = (at for at, bit in enumerate(self._bits) if mask >> bit & 1)
            known = self._masks[mask] = sum(1 << at for at in kept)
        return Admitted(admitted.change, admitted.place._replace(controls=known))

    def _find(self, change_hash: bytes) -> Admitted | None:
        found = self._chains.find(change_hash)
        return None if found is None else self.then(found)


def stopped_since(chains: ChainStore, known: Known, entry_id: bytes) -> set[bytes]:
    """Phones with entries that counted for the author of an entry, and are in suspense by now."""
    one = chains.find_prefix(entry_id[:CHANGE_PREFIX_BYTES])
    if one is None:
        return set()
    clock, lanes = one.place.clock, known.lane_devices
    then = Then(chains, one.place.controls)
    before = limits(then.decisions, then.lane_devices)
    return {
        lanes[lane]
        for lane, limit in limits(known.decisions, lanes).items()
        if lane < len(clock) and limit < min(clock[lane], before.get(lane, clock[lane]))
    }


def book_before(chains: ChainStore, entry_id: bytes) -> Book:
    """The book of all that the author of an entry knew when writing it, the entry itself not.

    LookupError when the entry is not here.
    """
    return _book_of(chains, entry_id, with_it=False)


def book_through(chains: ChainStore, entry_id: bytes) -> Book:
    """The same with the entry itself: what its author's phone showed right after writing it."""
    return _book_of(chains, entry_id, with_it=True)


def _book_of(chains: ChainStore, entry_id: bytes, *, with_it: bool) -> Book:
    one = chains.find_prefix(entry_id[:CHANGE_PREFIX_BYTES])
    if one is None:
        raise LookupError(entry_id.hex())
    known, clock = Then(chains, one.place.controls), one.place.clock
    past = [
        known.then(admitted)
        for admitted in chains.everything()
        if admitted.place.lane < len(clock) and admitted.change.n <= clock[admitted.place.lane]
    ]
    return fold(
        entry
        for entry in fold_all(chains, past, known)
        if entry.id[:CHANGE_PREFIX_BYTES] != one.change.change_hash[:CHANGE_PREFIX_BYTES]
        or entry.id < entry_id
        or (with_it and entry.id == entry_id)
    )
