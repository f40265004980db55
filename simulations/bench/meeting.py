"""A meeting: two phones share a history, each adds 90 events with no network, then they meet.

The reference is the leanest peer in the field, which signs and encrypts nothing: two pycrdt
documents with the same facts as packed rows, exchanging state vectors and updates. It is measured
in the same run; its bytes hardly depend on the history.
"""

import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from statistics import median
from typing import NamedTuple

import cbor2
import pycrdt

from model.codec import encode
from simulations.bench.exchange import Moved, Side, exchange
from simulations.bench.figures import Figure, at_most, below
from simulations.bench.histories import KEYS, Grown, tail
from simulations.village import Deed, Officer

BYTES_MAX = 4_000
GROWTH_MAX = 1.1  # a meeting costs the same after a year and after ten
ROUND_TRIPS = 1.5
_OFFICERS: tuple[Officer, Officer] = ("secretary", "treasurer")
_UNSIGNED = "pycrdt, unsigned"
_ROWS_AT_ONCE = 100  # its memory grows with the square of what is inserted at once


class _Peer(NamedTuple):
    total_bytes: int
    ms: float


def figures(history: Grown, lengths: Sequence[int], rounds: int) -> list[Figure]:
    """Bytes, turns and milliseconds of a meeting after histories of these lengths."""
    ours: dict[int, list[Moved]] = {length: [] for length in lengths}
    theirs: dict[int, list[_Peer]] = {length: [] for length in lengths}
    updates = {length: _shared_update(history, length) for length in lengths}
    for run in range(rounds):
        for length in lengths:
            ours[length].append(_meet(history, length, run))
            theirs[length].append(_meet_unsigned(history, updates[length], length, run))
    return [*_sizes(ours, theirs), *_turns(ours), *_times(ours, theirs)]


def _sizes(ours: dict[int, list[Moved]], theirs: dict[int, list[_Peer]]) -> Iterator[Figure]:
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


def _times(ours: dict[int, list[Moved]], theirs: dict[int, list[_Peer]]) -> Iterator[Figure]:
    for length, moved in ours.items():
        ms = median(m.ms for m in moved)
        yield Figure(
            "meeting_ms", length, ms, "ms", median(p.ms for p in theirs[length]), _UNSIGNED
        )


def _meet(history: Grown, length: int, run: int) -> Moved:
    sides = []
    for officer in _OFFICERS:
        replica, kept = history.opened(officer, length, officer.encode()[1:9])
        side = Side(replica, kept)
        for event, _deed, time_ms in tail(history, officer, length, run):
            side.keep(replica.append([encode(event)], time_ms))
        sides.append(side)
    moved = exchange(sides[0], sides[1])
    assert len(sides[0].received) == len(tail(history, "treasurer", length, run))
    return moved


def _meet_unsigned(history: Grown, shared: bytes, length: int, run: int) -> _Peer:
    """The same facts between two documents of a peer that neither signs nor encrypts."""
    documents = []
    for client, officer in enumerate(_OFFICERS, 2):
        document: pycrdt.Doc[pycrdt.Array[bytes]] = pycrdt.Doc(client_id=client)
        document.apply_update(shared)
        rows = document.get("log", type=pycrdt.Array)
        for _event, deed, time_ms in tail(history, officer, length, run):
            rows.append(_packed(deed, officer, length // 90 + run, time_ms))
        documents.append(document)
    first, second = documents
    start = time.perf_counter()
    asked, answered = first.get_state(), second.get_state()
    to_first, to_second = second.get_update(asked), first.get_update(answered)
    first.apply_update(to_first)
    second.apply_update(to_second)
    ms = (time.perf_counter() - start) * 1000
    assert first.get_state() == second.get_state()
    return _Peer(sum(map(len, (asked, answered, to_first, to_second))), ms)


def _shared_update(history: Grown, length: int) -> bytes:
    document: pycrdt.Doc[pycrdt.Array[bytes]] = pycrdt.Doc(client_id=1)
    rows = document.get("log", type=pycrdt.Array)
    facts = zip(history.changes[:length], history.deeds, strict=False)
    packed = [
        _packed(deed, deed.officer if deed else "secretary", number // 90, admitted.change.time_ms)
        for number, (admitted, deed) in enumerate(facts)
    ]
    for start in range(0, len(packed), _ROWS_AT_ONCE):
        rows.extend(packed[start : start + _ROWS_AT_ONCE])
    return document.get_update()


def _packed(deed: Deed | None, officer: Officer, meeting: int, time_ms: int) -> bytes:
    """A fact as a row of six: kind, member, amount, meeting, time, recorder; names of 16 bytes."""
    recorder = KEYS[officer].public[:16]
    if deed is None:
        return cbor2.dumps([0, bytes(16), 0, meeting, time_ms, recorder])
    kind = 1 + sum(deed.kind.encode()) % 16
    member = sha256(deed.member.to_bytes(2, "big")).digest()[:16]
    return cbor2.dumps([kind, member, deed.amount_minor, meeting, time_ms, recorder])
