"""What it costs that a phone is stopped: its last week is judged again, and not the history.

Each round the treasurer's phone writes a meeting, which the tablet receives; then the secretary's
phone, which has not seen it, reports the treasurer's phone lost. The step that brings this
suspension takes the meeting's entries into suspense; it is held against the step that brought them.
Everything goes through sessions and is stored. At the end of a round the suspension is lifted.
"""

from collections.abc import Iterator
from statistics import median

from model.codec import encode
from node.clock import now_ms
from node.node import Node
from replication.control import DeviceReinstated, DeviceSuspended, encode_record
from replication.history import MemoryHistory
from replication.replica import Replica
from simulations.bench.figures import Figure, Stopwatch, at_most
from simulations.bench.histories import KEYS, Grown, tail
from simulations.bench.phone import Phone

REJUDGED_TIMES_RECEIVED_MAX = 3
"""To judge again is to take back and to apply: twice the work, without the signatures."""

TURNS_MAX = 1000


class Officer:
    """An officer's phone whose history lies in memory."""

    def __init__(self, history: Grown, name: str, length: int) -> None:
        self.replica: Replica
        self.history: MemoryHistory
        self.replica, self.history = history.opened(name, length, b"rejudged")

    def write(self, event: bytes, time_ms: int) -> None:
        """Append one change."""
        self.history.add(self.replica.append([event], time_ms).admitted)
        self.replica.committed()

    def tell(self, node: Node, group: bytes) -> float:
        """Exchange with the tablet; the milliseconds of its steps."""
        watch = Stopwatch()
        device = self.replica.keys.public
        self.replica.connect("tablet", node.device, False)
        with watch.running():
            said = node.connect(group, "peer", device, True, now_ms()).send
        for _ in range(TURNS_MAX):
            answers = [part for _peer, data in said for part in self._taken(data)]
            if not answers:
                break
            said = ()
            for data in answers:
                with watch.running():
                    said += node.receive(group, "peer", data, now_ms()).send
        node.disconnect(group, "peer")
        self.replica.disconnect("tablet")
        return watch.ms

    def _taken(self, data: bytes) -> list[bytes]:
        outcome = self.replica.receive("tablet", data)
        self.history.add(outcome.admitted)
        self.replica.committed()
        return [message for _peer, message in outcome.send]


def figures(phone: Phone, rounds: int) -> Iterator[Figure]:
    """A suspension that arrives, beside the arrival of what it holds."""
    received, rejudged = [], []
    group, length = phone.history.group, phone.length
    treasurer, secretary = (
        Officer(phone.history, name, length) for name in ("treasurer", "secretary")
    )
    lost = encode_record(DeviceSuspended(KEYS["treasurer"].public, "lost"))
    found = encode_record(DeviceReinstated(KEYS["treasurer"].public))
    with phone.opened() as node:
        for run in range(rounds):
            week = tail(phone.history, "treasurer", length, run)
            for entry in week:
                treasurer.write(encode(entry.event), entry.time_ms)
            received.append(treasurer.tell(node, group))
            secretary.write(lost, week[-1].time_ms)
            rejudged.append(secretary.tell(node, group))
            secretary.write(found, week[-1].time_ms)
            secretary.tell(node, group)
            treasurer.tell(node, group)
    figure = Figure(
        "rejudge_ms", length, median(rejudged), "ms", median(received), "receiving as many"
    )
    yield at_most(figure, REJUDGED_TIMES_RECEIVED_MAX)
