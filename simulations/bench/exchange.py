"""Two replicas over an encrypted channel in memory: what moved, in how many turns, how long.

The channel is the one that phones use (Noise XX), without the sockets; counted are the bytes of
its transport messages, authentication tags included, from the end of the handshake on. All that
one side has to say at a moment travels together: two turns are one round trip.
"""

import gc
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from replication.history import Admitted, MemoryHistory
from replication.identity import noise_public
from replication.noise import XX, Channel, Handshake
from replication.outcome import Outcome
from replication.replica import Replica
from simulations.bench.figures import Stopwatch

TURNS_MAX = 1000
_LABEL = 1


class Moved(NamedTuple):
    """What one exchange took."""

    sent_bytes: tuple[int, int]
    turns: int
    """Until both hold the same changes; the last acknowledgement is one more."""
    ms: float
    """Both sides' work together, storing excluded."""
    received_ms: tuple[float, float]
    """Each side's own work on what it received."""

    @property
    def total_bytes(self) -> int:
        """Both ways."""
        return sum(self.sent_bytes)


class Side:
    """One device at its end of the channel; storing is done in memory, outside the stopwatch."""

    def __init__(self, replica: Replica, history: MemoryHistory) -> None:
        self.replica = replica
        self.received: list[Admitted] = []
        self.sent_bytes = 0
        self.watch = Stopwatch()
        self._history = history

    def connect(self, channel: Channel, other: "Side", initiator: bool) -> list[bytes]:
        """Begin; what to send."""
        self._channel = channel
        with self.watch.running():
            outcome = self.replica.connect("peer", other.replica.keys.public, initiator)
            return self._sealed(outcome)

    def receive(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Take what arrived together; what to send."""
        out: list[bytes] = []
        for piece in pieces:
            with self.watch.running():
                opened = self._channel.open(piece)
                if opened is None:
                    continue
                outcome = self.replica.receive("peer", opened[1])
                sealed = self._sealed(outcome)
            assert not outcome.refused, outcome.refused
            self.received += outcome.admitted
            self.keep(outcome)
            out += sealed
        return out

    def keep(self, outcome: Outcome) -> None:
        """Store what a step asks for, as the node does before it sends anything."""
        if outcome.admitted:
            self._history.add(outcome.admitted)
        self.replica.committed()

    def _sealed(self, outcome: Outcome) -> list[bytes]:
        pieces = [
            piece
            for _peer, message in outcome.send
            for piece in self._channel.seal(message, _LABEL)
        ]
        self.sent_bytes += sum(map(len, pieces))
        return pieces


def exchange(first: Side, second: Side) -> Moved:
    """Connect and talk until both have signed for the same heads."""
    gc.collect()  # what an earlier round left behind is not this one's work
    mine, theirs = _channels(first.replica, second.replica)
    to_second = first.connect(mine, second, initiator=True)
    to_first = second.connect(theirs, first, initiator=False)
    assert not to_first, "the responder speaks when it is spoken to"
    turns = even = 0
    while to_first or to_second:
        assert turns < TURNS_MAX, "the two don't come to an end"
        turns += 1
        if turns % 2:
            to_first, to_second = second.receive(to_second), []
        else:
            to_second, to_first = first.receive(to_first), []
        if not even and first.replica.heads == second.replica.heads:
            even = turns
    assert first.replica.synced("peer")
    assert second.replica.synced("peer")
    assert first.replica.heads == second.replica.heads
    watches = first.watch.ms, second.watch.ms
    return Moved((first.sent_bytes, second.sent_bytes), even, sum(watches), watches)


def _channels(first: Replica, second: Replica) -> tuple[Channel, Channel]:
    """Both ends of a finished Noise XX handshake."""
    ends = [
        Handshake(
            XX,
            initiator=initiator,
            prologue=b"bench",
            static=replica.keys.noise_static(),
            ephemeral=secrets.token_bytes(32),
        )
        for replica, initiator in ((first, True), (second, False))
    ]
    ends[1].read(ends[0].write())
    ends[0].read(ends[1].write())
    ends[1].read(ends[0].write())
    assert ends[0].peer_static == noise_public(second.keys.public)
    return ends[0].channel(), ends[1].channel()
