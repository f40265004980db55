"""A real phone's ledger on disk: writing one entry, opening the home, advancing the book.

Two homes are filled over a session from the same history, a long and a short one, and measured in
turns. What must not depend on the length of the history is held against the short home; a durable
write also against a bare SQLite insert with the same durability in the same folder.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, closing
from pathlib import Path

from model.codec import encode
from model.views import book_view
from node import device_file
from node.clock import now_ms
from node.device import Device, open_device
from node.home_files import DEVICE_FILE
from node.marker import STATE_VARIABLE
from node.node import Group, Node
from node.private_file import write_private
from replication.history import Admitted
from simulations.bench.disk import BARE_ROW_BYTES, bare_table, insert
from simulations.bench.figures import Figure, Measure, Stopwatch, at_most, medians, timed
from simulations.bench.histories import KEYS, Grown, tail

DURABLE_TIMES_INSERT_MAX = 4
DURABLE_GROWTH_MAX = 1.3
OPEN_GROWTH_MAX = 1.5
ADVANCE_GROWTH_MAX = 1.3
WRITES_A_ROUND = 40
TURNS_MAX = 10_000


class Phone:
    """An officer's phone, which holds the first so many changes of a history."""

    def __init__(self, folder: Path, history: Grown, length: int, keys: str = "tablet") -> None:
        self.length = length
        self.history = history
        self.folder = folder
        name = f"The {keys}'s phone"
        Node.create(folder, name).close()
        device = device_file.PlainDevice(name, KEYS[keys].seed)
        write_private(folder / DEVICE_FILE, device_file.encode(device))
        with self.opened() as node:
            self.filling_ms = self._fill(node)

    def opened(self) -> Node:
        """The phone's node, from its home; both homes are one device, each with its own marker."""
        self._mark()
        return Node.open(self.folder)

    def device(self) -> AbstractAsyncContextManager[Device]:
        """The phone with its links; enter it before another phone of this process is opened."""
        self._mark()
        return open_device(self.folder)

    def _mark(self) -> None:
        os.environ[STATE_VARIABLE] = str(self.folder.with_name(self.folder.name + ".state"))

    def _fill(self, node: Node) -> float:
        """Milliseconds of the phone's own work in its first session with the secretary's phone."""
        group = self.history.group
        node.join(group, "Umoja")
        replica, _ = self.history.opened("secretary", self.length, b"to fill ")
        watch = Stopwatch()
        with watch.running():
            to_secretary = node.connect(
                group, "peer", KEYS["secretary"].public, True, now_ms()
            ).send
        replica.connect("peer", node.device, False)
        for _ in range(TURNS_MAX):
            to_phone = [
                part for _peer, data in to_secretary for part in replica.receive("peer", data).send
            ]
            replica.committed()
            if not to_phone:
                break
            to_secretary = ()
            for _peer, data in to_phone:
                with watch.running():
                    to_secretary += node.receive(group, "peer", data, now_ms()).send
        assert node.group(group).replica.heads == replica.heads
        return watch.ms

    def meeting_to_come(self) -> list[Admitted]:
        """What the secretary's phone wrote meanwhile: 90 changes that this phone lacks."""
        replica, _ = self.history.opened("secretary", self.length, b"meantime")
        return [
            admitted
            for event, _deed, time_ms in tail(self.history, "secretary", self.length, 0)
            for admitted in replica.append([encode(event)], time_ms).admitted
        ]


def figures(phones: Sequence[Phone], folder: Path, rounds: int) -> Iterator[Figure]:
    """Opening, advancing and writing; the first phone holds the shortest history."""
    yield from _opening(phones, rounds * 3)
    yield from _advancing(phones, rounds * 3)
    yield from _writing(phones, folder, rounds)


def filling(phones: Sequence[Phone]) -> Iterator[Figure]:
    """What a phone needed to receive, verify, fold and store its history; for information."""
    for phone in phones:
        yield Figure("bootstrap_stored_ms", phone.length, phone.filling_ms, "ms", 0, "")


def _beside_shortest(
    metric: str, phones: Sequence[Phone], ms: dict[str, float], ratio_max: float
) -> Figure:
    short, long = phones[0].length, phones[-1].length
    figure = Figure(metric, long, ms[str(long)], "ms", ms[str(short)], f"at {short:,}")
    return at_most(figure, ratio_max)


def _opening(phones: Sequence[Phone], rounds: int) -> Iterator[Figure]:
    ms = medians({str(phone.length): opening(phone) for phone in phones}, rounds)
    yield _beside_shortest("open_ms", phones, ms, OPEN_GROWTH_MAX)


def opening(phone: Phone) -> Measure:
    """The home is opened and the book shown."""

    def opened_and_shown() -> None:
        with phone.opened() as node:
            show(node.group(phone.history.group))

    return lambda: timed(opened_and_shown)


def _advancing(phones: Sequence[Phone], rounds: int) -> Iterator[Figure]:
    ms = medians({str(phone.length): advancing(phone) for phone in phones}, rounds)
    yield _beside_shortest("advance_ms", phones, ms, ADVANCE_GROWTH_MAX)


def advancing(phone: Phone) -> Measure:
    """The book takes 90 entries of a meeting; nothing is stored, so every round is the first."""
    coming = phone.meeting_to_come()

    def advanced() -> float:
        with phone.opened() as node:
            books = node.group(phone.history.group).books
            return timed(lambda: books.advance(coming))

    return advanced


def _writing(phones: Sequence[Phone], folder: Path, rounds: int) -> Iterator[Figure]:
    """One signed, durable entry at a time, in turns with a bare insert.

    As a phone that is on does it: Automerge makes every change too.
    """
    with ExitStack() as stack:
        bare = stack.enter_context(closing(bare_table(folder / "bare.sqlite")))
        measures = {"bare": lambda: timed(lambda: insert(bare, bytes(BARE_ROW_BYTES)))}
        for phone in phones:
            node = stack.enter_context(phone.opened())
            node.open_documents()
            measures[str(phone.length)] = writing(phone, node)
        ms = medians(measures, rounds * WRITES_A_ROUND)
    for phone in phones:
        took = ms[str(phone.length)]
        figure = Figure("durable_ms", phone.length, took, "ms", ms["bare"], "bare SQLite insert")
        yield at_most(figure, DURABLE_TIMES_INSERT_MAX)
    yield _beside_shortest("durable_growth", phones, ms, DURABLE_GROWTH_MAX)


def writing(phone: Phone, node: Node) -> Measure:
    """Records the next entry of the meetings to come, for ever."""
    entries = (
        entry
        for run in itertools.count()
        for entry in tail(phone.history, "secretary", phone.length, run)
    )

    def write() -> float:
        entry = next(entries)
        return timed(lambda: node.append(phone.history.group, [entry.event], entry.time_ms))

    return write


def show(group: Group) -> object:
    """What `mkutano book` shows."""
    return book_view(group.book)
