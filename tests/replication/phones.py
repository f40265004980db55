"""Phones for tests: a replica over a history in memory, and a wire between two of them.

`Phone.step` does what a node does: store, tell the replica, then hand over what is to be sent.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from replication.cbor import dumps
from replication.control import DeviceEnrolled, GroupFounded, Record, encode_record
from replication.frontier import Ack
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys
from replication.outcome import Outcome, Refused
from replication.replica import Replica, found

OFFICERS = tuple(f"officer {number}" for number in range(17))
"""More officers than any group has, one more than a change may follow."""

NAMES = ("sec", "tre", "cha", "ngo", *OFFICERS)
PERSONS = {name: bytes([i]) * 16 for i, name in enumerate(NAMES, start=1)}
KEYS = {name: DeviceKeys(bytes([i + 64]) * 32) for i, name in enumerate(PERSONS)}
MESSAGES_MAX = 400
"""More than any test's conversation needs; a loop that doesn't end fails instead of hanging."""


def ledger_event(number: int, kind: str = "share.purchased") -> bytes:
    """Some event of the ledger compartment."""
    return dumps([1, kind, 1, 3, number, b"m" * 17, number * 100])


class Phone:
    """One device with its replica; `restart` opens a new replica from what was stored."""

    def __init__(self, name: str, group: bytes, salt: int = 0) -> None:
        self.name = name
        self.keys = KEYS[name]
        self.group = group
        self.salt = salt
        self.history = MemoryHistory()
        self.key_box: dict[bytes, bytes] = {}
        self.acks: list[Ack] = []
        self.refused: list[Refused] = []
        self.clock_ms = 1_000
        self.restart()

    def restart(self) -> None:
        """What a new process does: open from the store, write under a new actor."""
        self.salt += 1
        salt = self.keys.public[:4] + self.salt.to_bytes(4, "big")
        self.replica = Replica(self.group, self.keys, self.history, self.key_box, salt)

    def step(self, outcome: Outcome) -> Outcome:
        """Store, then tell the replica; the caller sends."""
        self.history.add(outcome.store.changes)
        self.key_box.update({key.key_id: key.key for key in outcome.store.keys})
        self.acks += outcome.store.acks
        self.refused += outcome.refused
        self.replica.committed()
        return outcome

    def write(self, *events: bytes) -> Admitted:
        """Append a change."""
        self.clock_ms += 1
        return self.step(self.replica.append(events, self.clock_ms)).admitted[0]

    def control(self, record: Record) -> Admitted:
        """Append a control record."""
        return self.write(encode_record(record))

    def enrol(self, name: str, right: str = "write") -> Admitted:
        """Enrol another phone."""
        return self.control(DeviceEnrolled(KEYS[name].public, PERSONS[name], right, name))

    def hashes(self) -> set[bytes]:
        """The hashes of all changes this phone has stored."""
        return {a.change.change_hash for a in self.everything()}

    def everything(self) -> list[Admitted]:
        """All stored changes in the shared order."""
        lanes = range(len(self.history.lanes()))
        rows = [a for lane in lanes for a in self.history.run(lane, 1, 2**31)]
        return sorted(rows, key=lambda a: (a.place.lamport, a.change.change_hash))

    def in_order_of_admission(self) -> list[Admitted]:
        """All stored changes as they came."""
        return sorted(self.everything(), key=lambda a: a.place.number)


def found_group(events: Sequence[bytes] = ()) -> Phone:
    """The secretary's phone with a new group."""
    keys = KEYS["sec"]
    record = GroupFounded(1, 1, bytes(16), PERSONS["sec"], "sec")
    group, first = found(keys, [encode_record(record), *events], b"founding", 1_000)
    phone = Phone("sec", group)
    phone.history.add([first])
    phone.restart()
    return phone


def found_with(*names: str) -> list[Phone]:
    """The secretary's phone and others, enrolled, all holding the same changes."""
    secretary = found_group()
    for name in names:
        secretary.enrol(name)
    phones = [secretary]
    for name in names:
        phone = Phone(name, secretary.group)
        sync(phone, secretary)
        phones.append(phone)
    return phones


class Wire:
    """Two phones and the messages between them; `tamper` may drop, change or record them."""

    def __init__(self, left: Phone, right: Phone) -> None:
        self.ends = {left.name: left, right.name: right}
        assert len(self.ends) == 2
        self.left, self.right = left, right
        self.queue: deque[tuple[str, str, bytes]] = deque()
        self.tamper: Callable[[str, bytes], Iterable[bytes]] = lambda _sender, data: (data,)
        self.sizes: list[int] = []
        left_out = left.step(left.replica.connect(right.name, right.keys.public, True))
        right_out = right.step(right.replica.connect(left.name, left.keys.public, False))
        self.put(left.name, left_out)
        self.put(right.name, right_out)

    def put(self, sender: str, outcome: Outcome) -> None:
        """Queue what a step wants sent to the other end."""
        for receiver, data in outcome.send:
            if receiver in self.ends:
                for part in self.tamper(sender, data):
                    self.sizes.append(len(part))
                    self.queue.append((sender, receiver, part))

    def deliver_one(self) -> Outcome:
        """Deliver the next message."""
        sender, receiver, data = self.queue.popleft()
        phone = self.ends[receiver]
        outcome = phone.step(phone.replica.receive(sender, data))
        self.put(receiver, outcome)
        return outcome

    def deliver(self, count: int = MESSAGES_MAX) -> None:
        """Deliver up to `count` messages, or until it is quiet."""
        for _ in range(count):
            if not self.queue:
                return
            self.deliver_one()
        assert count < MESSAGES_MAX, "the conversation does not end"

    def cut(self) -> None:
        """Lose what is on its way, and the channel."""
        self.queue.clear()
        self.left.replica.disconnect(self.right.name)
        self.right.replica.disconnect(self.left.name)


def sync(left: Phone, right: Phone) -> Wire:
    """One whole exchange between two phones, then the channel is gone."""
    wire = Wire(left, right)
    wire.deliver()
    assert left.replica.synced(right.name), left.refused + right.refused
    assert right.replica.synced(left.name), left.refused + right.refused
    wire.cut()
    return wire


def assert_agreed(*phones: Phone) -> None:
    """All hold the same changes in the same order."""
    orders = [[a.change.change_hash for a in phone.everything()] for phone in phones]
    assert all(order == orders[0] for order in orders)
    assert len({phone.replica.heads for phone in phones}) == 1


def assert_signed_for(phone: Phone) -> None:
    """A signature that the phone holds covers every change, and each lane ends with one."""
    ends = [phone.history.find(lane.tip_change) for lane in phone.history.lanes()]
    assert all(end is not None and end.change.signature for end in ends)
    changes = [admitted.change for admitted in phone.everything()]
    prev = {change.chain_hash: change.prev for change in changes}
    waiting = set(prev)
    for change in changes:
        chain = change.chain_hash
        while change.signature and chain in prev:
            waiting.discard(chain)
            chain = prev[chain]
    assert not waiting
