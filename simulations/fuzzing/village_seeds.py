"""A small group as replication sees it: three devices, their keys, changes and what they sent.

Rule: everything is made by the product itself from fixed seeds, so it is the same in every run.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from replication.cbor import dumps
from replication.control import (
    CardsIssued,
    DeviceEnrolled,
    DeviceSuspended,
    EpochBegun,
    FoundingEnded,
    GroupFounded,
    QuorumSet,
    Record,
    RelayChosen,
    VoteCast,
    encode_record,
)
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys
from replication.outcome import Outcome
from replication.replica import Replica, found

NOW_MS = 1_767_225_600_000
MESSAGES_MAX = 200


def key_of(name: str) -> DeviceKeys:
    """The keys of a device of this name."""
    return DeviceKeys(sha256(name.encode()).digest())


def person_of(name: str) -> bytes:
    """The 16-byte id of a person."""
    return sha256(b"person " + name.encode()).digest()[:16]


class Phone:
    """A replica over a history in memory."""

    def __init__(self, name: str, group: bytes, history: MemoryHistory | None = None) -> None:
        self.name = name
        self.keys = key_of(name)
        self.history = history or MemoryHistory()
        salt = sha256(b"salt " + name.encode()).digest()[:8]
        self.replica = Replica(group, self.keys, self.history, {}, salt)
        self.clock_ms = NOW_MS

    def step(self, outcome: Outcome) -> Outcome:
        """Keep what is to be kept."""
        self.history.add(outcome.store.changes)
        self.replica.key_box.update({key.key_id: key.key for key in outcome.store.keys})
        self.replica.committed()
        return outcome

    def write(self, *events: bytes) -> Admitted:
        """One change of this phone's own, half a minute after its last."""
        self.clock_ms += 30_000
        return self.step(self.replica.append(events, self.clock_ms)).admitted[-1]

    def control(self, record: Record) -> Admitted:
        """One control record."""
        return self.write(encode_record(record))

    def everything(self) -> list[Admitted]:
        """All changes in the order in which they came."""
        lanes = range(len(self.history.lanes()))
        rows = [one for lane in lanes for one in self.history.run(lane, 1, 2**31)]
        return sorted(rows, key=lambda one: one.place.number)


def entry_id(number: int) -> bytes:
    """Some entry id, 17 bytes."""
    return sha256(b"entry %d" % number).digest()[:16] + b"\0"


def meeting_events(meeting: int) -> list[bytes]:
    """What a meeting of six members writes."""
    events: list[list[object]] = []
    for number in range(6):
        member = entry_id(number)
        events.append([1, "attendance.marked", 1, 1, meeting, member, "present"])
        events.append([1, "share.purchased", 1, 1, meeting, member, 2, 20_000, 1, "box"])
        events.append([1, "social.contributed", 1, 1, meeting, member, 5_000, 1, "social"])
    events.append([1, "odd.kind", 7, {"a": [1, -5, None, True], "b": b"x"}, "Mkutano wa kwanza é"])
    return [dumps(event) for event in events]


RECORDS: tuple[Record, ...] = (
    DeviceEnrolled(key_of("ngo").public, person_of("ngo"), "read", "NGO", "ledger", "2026-12-31"),
    QuorumSet(2),
    DeviceSuspended(key_of("ngo").public, "lost"),
    CardsIssued(*(key_of(f"card {number}").public for number in range(3))),
    RelayChosen(
        key_of("relay").public,
        "wss://relay.example",
        b"\0" * 32,
        b"\1" * 32,
        b"\2" * 32,
        b"\3" * 32,
        True,
    ),
    EpochBegun("ledger", bytes(16), "2026-01-31"),
    VoteCast(bytes(32), True),
    FoundingEnded(),
)


class Village(NamedTuple):
    """Two officers' phones that hold the same, and all that they said to each other."""

    group: bytes
    secretary: Phone
    treasurer: Phone
    said: tuple[bytes, ...]


@cache
def village() -> Village:
    """A group with two meetings, written on two phones and exchanged."""
    keys = key_of("secretary")
    first = encode_record(GroupFounded(1, 1, bytes(16), person_of("secretary"), "sec"))
    group, founding = found(keys, [first], b"founding", NOW_MS)
    history = MemoryHistory()
    history.add([founding])
    secretary = Phone("secretary", group, history)
    treasurer_key = key_of("treasurer").public
    secretary.control(
        DeviceEnrolled(treasurer_key, person_of("treasurer"), "write", "treasurer's phone")
    )
    treasurer = Phone("treasurer", group)
    said = [*exchange(secretary, treasurer)]
    for meeting in (1, 2):
        for number, event in enumerate(meeting_events(meeting)):
            (secretary, treasurer)[number % 2].write(event)
        secretary.write(*meeting_events(meeting + 2)[:5])
        said += exchange(treasurer, secretary)
    for record in RECORDS[:2]:
        secretary.control(record)
    said += exchange(secretary, treasurer)
    return Village(group, secretary, treasurer, tuple(said))


def exchange(caller: Phone, called: Phone) -> list[bytes]:
    """One whole conversation; every message in order."""
    ends = {caller.name: caller, called.name: called}
    waiting: list[tuple[str, bytes]] = []
    said: list[bytes] = []

    def put(outcome: Outcome) -> None:
        waiting.extend(outcome.send)

    put(caller.step(caller.replica.connect(called.name, called.keys.public, True)))
    put(called.step(called.replica.connect(caller.name, caller.keys.public, False)))
    for _ in range(MESSAGES_MAX):
        if not waiting:
            break
        receiver, message = waiting.pop(0)
        said.append(message)
        sender = called.name if receiver == caller.name else caller.name
        phone = ends[receiver]
        put(phone.step(phone.replica.receive(sender, message)))
    caller.replica.disconnect(called.name)
    called.replica.disconnect(caller.name)
    return said


def changes_of(phone: Phone) -> list[Admitted]:
    """All changes of a phone, in the order in which it took them."""
    return phone.everything()


def chosen(items: Sequence[bytes], most: int) -> list[bytes]:
    """Some of these, each once, spread over all."""
    distinct = list(dict.fromkeys(items))
    step = max(1, len(distinct) // most)
    return distinct[::step][:most]
