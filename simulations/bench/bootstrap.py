"""An empty replica gets everything: received bytes to verified, ordered events.

Inside the stopwatch is what the empty side does with what it receives: decrypting, decoding,
rebuilding and verifying every change, and putting the events in the shared order. Storing and
folding are lines of their own. The reference is what Automerge needs to load the same history from
its own compact file and hand out its changes, with no signature to check.
"""

from automerge.core import Document

from replication.history import MemoryHistory
from replication.replica import Replica
from simulations.bench.exchange import Side, exchange
from simulations.bench.figures import Figure, Stopwatch, at_most, below, medians, timed
from simulations.bench.histories import KEYS, Grown

BYTES_AN_EVENT_MAX = 8
TIMES_AUTOMERGE_MAX = 4


def figures(history: Grown, rounds: int) -> list[Figure]:
    """Bytes an event and milliseconds, beside Automerge's own."""
    length = len(history.changes)
    compact = _automerge_file(history)
    sizes: list[int] = []

    def ours() -> float:
        size, ms = received(history, length)
        sizes.append(size)
        return ms

    def automerge() -> float:
        return timed(lambda: Document.load(compact).get_changes([]))

    ms = medians({"ours": ours, "automerge": automerge}, rounds)
    size = Figure(
        "bootstrap_bytes_per_event",
        length,
        max(sizes) / length,
        "B",
        len(compact) / length,
        "Automerge file, unsigned",
    )
    took = Figure(
        "bootstrap_ms", length, ms["ours"], "ms", ms["automerge"], "Automerge load + get_changes"
    )
    return [below(size, BYTES_AN_EVENT_MAX), at_most(took, TIMES_AUTOMERGE_MAX)]


def received(history: Grown, length: int) -> tuple[int, float]:
    """The secretary's new tablet gets so many changes from the secretary's phone.

    Bytes both ways, and the milliseconds of the tablet's own work.
    """
    kept = MemoryHistory()
    empty = Side(Replica(history.group, KEYS["tablet"], kept, {}, b"new phon"), kept)
    full = Side(*history.opened("secretary", length, b"full pho"))
    total_bytes = exchange(empty, full).total_bytes
    watch = Stopwatch()
    with watch.running():
        ordered = sorted(empty.received, key=lambda a: (a.place.lamport, a.change.change_hash))
    assert len(ordered) == length
    return total_bytes, empty.watch.ms + watch.ms


def _automerge_file(history: Grown) -> bytes:
    """The same changes as Automerge saves them."""
    replica, _ = history.opened("secretary", len(history.changes), b"exporter")
    return replica.open_document(history.changes).save()
