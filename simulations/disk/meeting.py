"""One real meeting of three officers' phones, on simulated disks; the secretary's is recorded.

Members, contributions, fines, a loan, exchanges with both other phones, a program that is closed
and opened again in between, and the close: each step goes through the node's own commands. After
every step that was acknowledged it is noted how far the disk's log was, what the books said, and
what the others held, so that a power cut at any write can be judged by what was promised before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from model.journal import balance
from node import commands, founding_period
from node.clock import CLOCK, Clock
from node.commands import Context, Terms
from node.marker import state_folder
from node.node import Node, Step
from node.records import RecordRequest, record
from replication.control import DeviceEnrolled
from simulations.disk.disk import Done, SimulatedDisk

NOW_MS: Final = 1_767_225_600_000  # 2026-01-01
MEMBERS: Final = ("Amina", "Baraka", "Chebet", "Dalila", "Ekwe", "Fatma", "Goro", "Hawa")
TERMS: Final = Terms("100", social_fund="20", interest_percent="10", fines={"late": "50"})
SOONER: Final = {"PRAGMA wal_autocheckpoint = 2000": "PRAGMA wal_autocheckpoint = 60"}
"""Fold the log back often, so that a short meeting has every kind of write in it."""
_MESSAGES_MAX: Final = 10_000

Markers = Mapping[str, bytes]


class Books(NamedTuple):
    """What a phone showed of a group."""

    changes: int
    heads: tuple[bytes, ...]
    digest: str


class Moment(NamedTuple):
    """After a step that was acknowledged."""

    writes: int
    """How much of the disk's log there was."""
    what: str
    books: Books
    markers: Markers
    """Of both phones, by their file's name (node/marker.py)."""
    other: SimulatedDisk
    """The treasurer's disk at that moment."""


class Meeting(NamedTuple):
    """A meeting that is over."""

    group: bytes
    home: Path
    """The secretary's."""
    other_home: Path
    """The treasurer's."""
    before: SimulatedDisk
    """The secretary's disk before the first step; `log` goes on from there."""
    log: tuple[Done, ...]
    moments: tuple[Moment, ...]
    after: SimulatedDisk
    """The secretary's disk at the end."""


def books_of(node: Node, group: bytes) -> Books:
    """What a node shows of a group."""
    held = node.group(group)
    changes = sum(1 for _ in held.store.chains(held.row.group_no).everything())
    return Books(changes, tuple(sorted(held.replica.heads)), held.book.digest())


def markers_of(node: Node) -> Markers:
    """Where its own chain stands, as noted outside its home."""
    ours = state_folder().glob(f"{node.device.hex()[:16]}-*.marker")
    return {path.name: path.read_bytes() for path in ours}


def lay_markers(markers: Markers) -> None:
    """Put them back as they were at some moment."""
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in markers.items():
        (folder / name).write_bytes(content)


def exchange(left: Node, right: Node, group: bytes) -> Iterator[list[str]]:
    """Carry a session's messages both ways; after each, the codes of what was refused."""
    nodes = {"left": left, "right": right}
    other = {"left": "right", "right": "left"}
    queue: list[tuple[str, bytes]] = []

    def said(who: str, step: Step) -> list[str]:
        queue.extend((other[who], message) for _, message in step.send)
        return [one.code for one in step.refused]

    try:
        yield said("left", left.connect(group, "right", right.device, True, NOW_MS))
        yield said("right", right.connect(group, "left", left.device, False, NOW_MS))
        for _ in range(_MESSAGES_MAX):
            if not queue:
                return
            whom, message = queue.pop(0)
            yield said(whom, nodes[whom].receive(group, other[whom], message, NOW_MS))
    finally:
        left.disconnect(group, "right")
        right.disconnect(group, "left")


def hold_meeting(
    folder: Path, instead: Mapping[str, str] = SOONER, rounds: int = 1, seed: int = 1
) -> Meeting:
    """Play it in homes under `folder`. `instead`: see SimulatedDisk.instead; `rounds` of payments.
    The same `seed` makes the same keys, and so the same bytes on the disks.

    Raises AssertionError when the phones do not understand each other: then nothing was tested.
    """
    with played_by(seed):
        return _held(folder, instead, rounds)


def _held(folder: Path, instead: Mapping[str, str], rounds: int) -> Meeting:
    play = _Play(found_phones(folder), SimulatedDisk(1), SimulatedDisk(2), instead)
    try:
        play.run(rounds)
        return play.told()
    finally:
        play.close()


class SeededClock(Clock):
    """Chance that can be had again."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = Random(seed)

    def random_bytes(self, count: int) -> bytes:
        """See Clock."""
        return self._chance.randbytes(count)


@contextmanager
def played_by(seed: int) -> Iterator[None]:
    """What devices draw meanwhile comes from this seed."""
    token = CLOCK.set(SeededClock(seed))
    try:
        yield
    finally:
        CLOCK.reset(token)


class Founded(NamedTuple):
    """A group and its two phones, in homes of the real disk."""

    group: bytes
    secretary: Path
    treasurer: Path


def found_phones(folder: Path) -> Founded:
    """Make them: the founding is behind them, and a meeting with one member is open."""
    secretary, treasurer = folder / "secretary", folder / "treasurer"
    with (
        Node.create(secretary, "Secretary's phone") as node,
        Node.create(treasurer, "Treasurer's phone") as other,
    ):
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        person = b"treasurer".ljust(16, b".")
        enrolment = DeviceEnrolled(other.device, person, "write", "Treasurer's phone")
        node.enrol(group, enrolment, NOW_MS)
        at = Context(node, node.group(group), NOW_MS)
        commands.elect(at, "treasurer", other.device)
        commands.add_member(at, MEMBERS[0], joined_on="2026-01-01")
        commands.open_meeting(at, "2026-01-07")
        if at.group.roster.founding:
            founding_period.end(node, group, NOW_MS)
        other.join(group, "Umoja")
        for refused in exchange(node, other, group):
            assert not refused, refused
    return Founded(group, secretary, treasurer)


class _Play:
    def __init__(
        self,
        founded: Founded,
        disk: SimulatedDisk,
        other_disk: SimulatedDisk,
        instead: Mapping[str, str],
    ) -> None:
        self._founded, self._group = founded, founded.group
        self._disk, self._other_disk = disk, other_disk
        disk.instead.update(instead)
        disk.adopt(founded.secretary / "ledger.sqlite")
        self._before = disk.record()
        self._moments: list[Moment] = []
        self._node = Node.open(founded.secretary, disk.connect)
        self._other = Node.open(founded.treasurer, other_disk.connect)
        self._acknowledged("opened")
        self._moments.insert(0, self._moments[0]._replace(writes=0, what="founded"))

    def run(self, rounds: int) -> None:
        """The meeting, from the register to the close."""
        for number, name in enumerate(MEMBERS[1:], 2):
            self._record("member", name=name, phone=f"0712 000 {number:03}", date="2026-01-07")
        self._exchange()
        for turn in range(rounds):
            self._payments()
            self._open_again()
            self._payments_of_the_other(turn)
            self._exchange()
        cash_minor = balance(self._node.group(self._group).book, "1010")
        self._record("count", amount=str(cash_minor // 100), moment="close")
        self._record("close", anyway=True)
        self._exchange()
        self._open_again()

    def _payments(self) -> None:
        for number in range(1, 7):
            self._record("contribution", member=str(number), shares=2)
            self._record("social", member=str(number), amount="20")
        self._record("fine", member="3", code="late")
        self._record("fine-payment", member="3", amount="50")
        self._record("expense", amount="30", code="stationery")

    def _payments_of_the_other(self, turn: int) -> None:
        for number in (7, 8):
            for _ in range(turn + 1):
                asked = RecordRequest(kind="contribution", member=str(number), shares=3)
                record(self._other, asked, NOW_MS)

    def _record(self, kind: str, **details: Any) -> None:
        record(self._node, RecordRequest(kind=kind, **details), NOW_MS)
        self._acknowledged(kind)

    def _exchange(self) -> None:
        for refused in exchange(self._node, self._other, self._group):
            assert not refused, refused
            self._acknowledged("exchange")
        assert books_of(self._node, self._group) == books_of(self._other, self._group)

    def _open_again(self) -> None:
        self._node.close()
        self._acknowledged("closed")
        self._node = Node.open(self._founded.secretary, self._disk.connect)
        self._acknowledged("opened")

    def _acknowledged(self, what: str) -> None:
        log = self._disk.log or []
        books = self._moments[-1].books if what == "closed" else books_of(self._node, self._group)
        markers = {**markers_of(self._node), **markers_of(self._other)}
        other = self._other_disk.copy()
        self._moments.append(Moment(len(log), what, books, markers, other))

    def told(self) -> Meeting:
        """Everything that happened."""
        founded = self._founded
        log = tuple(self._disk.log or ())
        return Meeting(
            self._group,
            founded.secretary,
            founded.treasurer,
            self._before,
            log,
            tuple(self._moments),
            self._disk.copy(),
        )

    def close(self) -> None:
        for node in (self._node, self._other):
            node.close()
