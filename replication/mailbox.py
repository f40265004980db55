"""Changes by way of a log of bundles: what the log holds, as far as it was read, and what it lacks.

A log is append-only and read in its own order, so what it holds is a position on each lane: all up
to there can be taken out of it again. A bundle that leaves a gap adds nothing to it, and what a
reader can't place yet waits at the caller. Whoever pushed a bundle is no party to it: changes are
judged as when they come from a peer, and only what a stopped phone pushes of its own is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from replication.ancestry import Ancestry
from replication.bundle import fill_bundle
from replication.exchange import block_of
from replication.frontier import in_order_of_admission, lacking
from replication.history import Admitted
from replication.intake import take_bundle
from replication.limits import CHUNK_BYTES_MAX
from replication.outcome import Outcome

Held = dict[int, int]
"""Lane → highest position up to which a log holds everything."""


class Delivered(NamedTuple):
    """What came of one bundle out of a log."""

    outcome: Outcome
    """To be stored and sent as after a peer's message."""
    held: Held
    """What the log holds with this bundle."""
    missing: bool
    """The bundle follows changes that are not here: keep it, and give it again later."""
    refusal: str
    """Stable code of why a part was refused; "" for none."""


class Packed(NamedTuple):
    """A bundle for a log that lacks it."""

    bundle: bytes
    held: Held
    """What the log holds once the bundle lies in it."""
    changes: int


class Reread(NamedTuple):
    """What came of one bundle that was read a second time."""

    held: Held
    """What the bundles that were read so far hold together."""
    is_known: bool
    """Whether all of its changes are here already, and equal."""


def advanced(ancestry: Ancestry, held: Mapping[int, int], known: Iterable[Admitted]) -> Held:
    """What a log holds after these changes, which follow in this order."""
    now = dict(held)
    for change, place in known:
        reached = max(now.get(place.lane, 0), ancestry.branches[place.lane].fork_n)
        if change.n <= reached + 1:
            now[place.lane] = max(reached, change.n)
    return now


def pack(ancestry: Ancestry, held: Mapping[int, int]) -> Packed | None:
    """The next changes that a log lacks, in one bundle of about a chunk; None: it lacks nothing."""
    stretches = lacking(ancestry, dict(held))
    if not stretches:
        return None
    block: Sequence[Admitted] = block_of(in_order_of_admission(ancestry, stretches))
    bundle, count = fill_bundle([one.change for one in block], CHUNK_BYTES_MAX)
    return Packed(bundle, advanced(ancestry, held, block[:count]), count)


def lacks(ancestry: Ancestry, held: Mapping[int, int]) -> int:
    """How many changes a log lacks."""
    return sum(last - first + 1 for _, first, last in lacking(ancestry, dict(held)))


def reread(group: bytes, ancestry: Ancestry, held: Mapping[int, int], bundle: bytes) -> Reread:
    """Read a bundle whose changes should all be here, and take nothing of it.

    One that is damaged, or says anything that is not here, holds nothing. `held`: what the bundles
    before it hold.
    """
    taken = take_bundle(group, ancestry.fork(), bundle)
    if taken.refusal is not None or taken.missing or taken.admitted:
        return Reread(dict(held), False)
    return Reread(advanced(ancestry, held, taken.known), True)


def covers(ancestry: Ancestry, held: Mapping[int, int], other: Mapping[int, int]) -> bool:
    """Whether a log with `held` holds all that one with `other` does."""
    return all(
        max(held.get(lane, 0), ancestry.branches[lane].fork_n) >= n for lane, n in other.items()
    )
