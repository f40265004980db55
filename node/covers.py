"""Whether a close names the heads that its author's phone really knew.

What a close covers follows from its change's place in the chains, whatever it says. What it says
is read by people, who compare it on two screens; so a phone that says otherwise is pointed out.
"""

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from model.entry import Head
from replication.control import is_control
from replication.history import Admitted, History
from replication.limits import TIPS_DEVICE_MAX

COVERS_MAX: Final = 128
"""Chain heads that a close can name; a group has far fewer phones."""
JOINS_MAX: Final = 64
"""Changes of the author's own phone, without entries, that may lie between its head and the close:
they follow more heads than one change can."""


class Chains(Protocol):
    """Where the lanes and their changes are looked up; a replica is one."""

    @property
    def branches(self) -> Sequence[tuple[bytes, int, int]]:
        """Of each lane the device, the lane that it left (-1: none) and the position up to which
        they are one."""
        ...

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The change with this chain hash."""
        ...


class StoredChains:
    """The chains as a history has them, apart from any replica."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.branches = [(lane.device, lane.parent, lane.fork_n) for lane in history.lanes()]

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The change with this chain hash."""
        found = (one for one in self._history.at(device, n) if one.change.chain_hash == chain)
        return next(found, None)


def names_heads(chains: Chains, close: Admitted, heads: Collection[Head]) -> bool:
    """Are these the heads of all that the author of this change knew?

    Every head must be one. None may be missing, unless there are too many to name, or the device
    forked so often that its branches are summed up.
    """
    ends = _ends(chains, close)
    named = set()
    for device, n, chain_hash in heads:
        found = chains.at_chain(device, n, chain_hash)
        if found is None or not _is_end(chains, close, ends, found):
            return False
        named.add(found.place.lane)
    if len(heads) >= COVERS_MAX:
        return True
    devices = [chains.branches[lane][0] for lane in ends]
    return all(
        lane in named or devices.count(device) > TIPS_DEVICE_MAX
        for lane, device in zip(ends, devices, strict=True)
    )


def _ends(chains: Chains, close: Admitted) -> dict[int, int]:
    """Lane → position of the last change that the author knew on it, but for continued ones."""
    known = dict(enumerate(close.place.clock))
    known[close.place.lane] = close.change.n - 1
    own = {
        lane: n for lane, n in known.items() if n > chains.branches[lane][2]
    }  # else only the part that it shares with the lane that it left
    continued = {chains.branches[lane][1:] for lane in own}
    return {lane: n for lane, n in own.items() if (lane, n) not in continued}


def _is_end(chains: Chains, close: Admitted, ends: dict[int, int], found: Admitted) -> bool:
    lane, n = found.place.lane, found.change.n
    if lane != close.place.lane or lane not in ends:
        return ends.get(lane) == n
    change = close.change
    for _ in range(JOINS_MAX):
        before = chains.at_chain(change.device, change.n - 1, change.prev)
        if before is None or before.change.n < n:
            return False
        if before.change.n == n:
            return before.change.chain_hash == found.change.chain_hash
        change = before.change
        if not all(map(is_control, change.events)):
            return False
    return False
