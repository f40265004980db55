"""A meeting: two phones share a history, each adds 90 events with no network, then they meet.

The reference is the leanest peer in the field, which signs and encrypts nothing: two pycrdt
documents with the same facts as packed rows, exchanging state vectors and updates. It is measured
in the same run; its bytes hardly depend on the history.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from model.codec import encode
from simulations.bench.exchange import Moved, Side, exchange
from simulations.bench.figures import Figure, at_most, below
from simulations.bench.histories import Grown, tail
from simulations.bench.peers.library import FIRST, HISTORY, SECOND, Met
from simulations.bench.peers.pycrdt_peer import ROWS_AT_ONCE, Document
from simulations.bench.peers.pycrdt_peer import meet as meet_pycrdt
from simulations.bench.peers.rows import OFFICERS, history_rows, tail_rows

BYTES_MAX = 4_000
GROWTH_MAX = 1.1  # a meeting costs the same after a year and after ten
ROUND_TRIPS = 1.5
_UNSIGNED = "pycrdt, unsigned"


def figures(history: Grown, lengths: Sequence[int], rounds: int) -> list[Figure]:
    """Bytes, turns and milliseconds of a meeting after histories of these lengths."""
    ours: dict[int, list[Moved]] = {length: [] for length in lengths}
    theirs: dict[int, list[Met]] = {length: [] for length in lengths}
    updates = {length: _shared_update(history, length) for length in lengths}
    for run in range(rounds):
        for length in lengths:
            ours[length].append(meet(history, length, run))
            theirs[length].append(_meet_unsigned(history, updates[length], length, run))
    return [*_sizes(ours, theirs), *_turns(ours), *_times(ours, theirs)]


def _sizes(ours: dict[int, list[Moved]], theirs: dict[int, list[Met]]) -> Iterator[Figure]:
    sizes = {length: median(m.total_bytes for m in moved) for length, moved in ours.items()}
    for length, peers in theirs.items():
        unsigned = median(peer.total_bytes for peer in peers)
        size = Figure("meeting_bytes", length, sizes[length], "B", unsigned, _UNSIGNED)
        yield below(size, BYTES_MAX)
    shortest, longest = min(sizes), max(sizes)
    same = f"at {shortest:,}"
    growth = Figure("meeting_growth", longest, sizes[longest], "B", sizes[shortest], same)
    yield at_most(growth, GROWTH_MAX)


def _turns(ours: dict[int, list[Moved]]) -> Iterator[Figure]:
    for length, moved in ours.items():
        round_trips = max(m.turns for m in moved) / 2
        planned = Figure("meeting_round_trips", length, round_trips, "", ROUND_TRIPS, "planned")
        yield at_most(planned, 1)


def _times(ours: dict[int, list[Moved]], theirs: dict[int, list[Met]]) -> Iterator[Figure]:
    for length, moved in ours.items():
        ms = median(m.ms for m in moved)
        yield Figure(
            "meeting_ms", length, ms, "ms", median(p.ms for p in theirs[length]), _UNSIGNED
        )


def meet(history: Grown, length: int, run: int) -> Moved:
    """Two officers' phones, equal until each wrote 90 events alone, meet."""
    sides = []
    for officer in OFFICERS:
        replica, kept = history.opened(officer, length, officer.encode()[1:9])
        side = Side(replica, kept)
        for event, _deed, time_ms in tail(history, officer, length, run):
            side.keep(replica.append([encode(event)], time_ms))
        sides.append(side)
    moved = exchange(sides[0], sides[1])
    assert len(sides[0].received) == len(tail(history, "treasurer", length, run))
    return moved


def _meet_unsigned(history: Grown, shared: bytes, length: int, run: int) -> Met:
    """The same facts between two documents of a peer that neither signs nor encrypts."""
    documents = [Document((shared,), FIRST), Document((shared,), SECOND)]
    for document, officer in zip(documents, OFFICERS, strict=True):
        document.append(tail_rows(history, officer, length, run))
    return meet_pycrdt(*documents)


def _shared_update(history: Grown, length: int) -> bytes:
    document = Document((), HISTORY)
    rows = history_rows(history, length)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        document.append(rows[start : start + ROWS_AT_ONCE])
    return document.saved()
