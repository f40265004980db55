"""Many village groups with different books, and the device of an organisation that reads them.

Every group is its own: founder's and treasurer's keys, name, members, chance and length follow
from its number, and everything in it is really signed. The same number gives the same bytes. Two
officers write in turn; the reader's device is enrolled with the group's ledger as its scope.
"""

import random
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from model.codec import encode
from model.events import Event, GroupDescribed
from model.identifiers import entry_id
from node.clock import now_ms
from node.node import Node
from replication.control import (
    ADMISSION_VERSION,
    PROTOCOL_VERSION,
    DeviceEnrolled,
    GroupFounded,
    encode_record,
)
from replication.history import MemoryHistory
from replication.identity import DeviceKeys
from replication.replica import Replica, found
from simulations.ledger import Scribe
from simulations.village import MEETINGS_A_CYCLE, WEEK, Meeting, Officer, Village

START_MS: Final = 1_767_772_800_000  # the villages' first market day
WEEK_MS: Final = WEEK.days * 24 * 3600 * 1000
SIZES: Final = ((12, 8), (15, 12), (20, 16), (25, 20), (30, 26))
"""Members and weeks of one group after the other."""
CURRENCIES: Final = (("KES", 2), ("UGX", 0), ("TZS", 2))
TURNS_MAX: Final = 10_000
UNTIL: Final = "2027-12-31"

_NAMES = ("Umoja", "Tumaini", "Imara", "Amani", "Upendo", "Bidii", "Faraja", "Neema", "Baraka")


class VillageGroup:
    """One group, kept by two officers in memory, that can hold one more meeting at any time."""

    def __init__(
        self,
        number: int,
        reader: bytes,
        weeks: int = 0,
        *,
        name: str = "",
        until: str = UNTIL,
    ) -> None:
        """`reader`: key of the device that may read it, `until` a day. `weeks`: so long; 0: as its
        number says."""
        members, usual = SIZES[number % len(SIZES)]
        self.name = name or f"{_NAMES[number % len(_NAMES)]} {number}"
        self._currency = CURRENCIES[number % len(CURRENCIES)]
        self._now_ms = START_MS
        self._chance = random.Random(number)  # seeded: this is a play, not a secret
        self._history = MemoryHistory()
        self._keys: dict[Officer, DeviceKeys] = {
            "secretary": _keys_of(number, "secretary"),
            "treasurer": _keys_of(number, "treasurer"),
        }
        persons: dict[Officer, bytes] = {
            officer: keys.public[:16] for officer, keys in self._keys.items()
        }
        secretary = self._keys["secretary"]
        nonce = sha256(f"group {number}".encode()).digest()[:16]
        first = GroupFounded(
            PROTOCOL_VERSION, ADMISSION_VERSION, nonce, persons["secretary"], "Secretary"
        )
        self.id, change = found(secretary, [encode_record(first)], bytes(8), START_MS)
        self._history.add([change])
        self._officer: Officer = "secretary"
        self._replica = self._replica_of("secretary")
        self._append(
            [
                DeviceEnrolled(
                    self._keys["treasurer"].public, persons["treasurer"], "write", "Treasurer"
                ),
                DeviceEnrolled(reader, reader[:16], "read", "Reader", "ledger", until),
            ]
        )
        self._village = Village(members, seed=number)
        self._meetings = self._village.meetings()
        self._scribe = Scribe(self._village, self._record)
        self._scribe.found(persons)
        for _ in range(weeks or usual):
            self.meet()

    @property
    def changes(self) -> int:
        """How many signed changes there are."""
        return len(self._history)

    @property
    def founder(self) -> DeviceKeys:
        """The secretary's device."""
        return self._keys["secretary"]

    def meet(self) -> Meeting:
        """Hold the next weekly meeting and close it."""
        meeting = next(self._meetings)
        held = (meeting.cycle - 1) * MEETINGS_A_CYCLE + meeting.session
        self._now_ms = START_MS + held * WEEK_MS
        self._scribe.open(meeting)
        for deed in meeting.deeds:
            self._scribe.write(meeting, deed)
        self._scribe.close(meeting, ())
        return meeting

    def give(self, node: Node) -> int:
        """A session in which the reader's device gets what it lacks; how many changes came.

        Bytes go from one session to the other as they would over a socket.
        """
        node.join(self.id, self.name)
        replica = Replica(self.id, self.founder, self._history, {}, b"to give!")
        outgoing = node.connect(self.id, "peer", self.founder.public, True, now_ms()).send
        replica.connect("peer", node.device, False)
        changes = 0
        for _ in range(TURNS_MAX):
            answers = [part for _, data in outgoing for part in replica.receive("peer", data).send]
            replica.committed()
            if not answers:
                break
            outgoing = ()
            for _, data in answers:
                step = node.receive(self.id, "peer", data, now_ms())
                outgoing += step.send
                changes += step.changes
        node.disconnect(self.id, "peer")
        return changes

    def _record(self, officer: Officer, event: Event) -> bytes:
        if isinstance(event, GroupDescribed):
            currency, exponent = self._currency
            event = replace(event, name=self.name, currency=currency, exponent=exponent)
        if officer != self._officer:
            self._officer, self._replica = officer, self._replica_of(officer)
        self._now_ms += self._chance.randrange(1_500, 40_000)
        return self._signed([encode(event)])

    def _append(self, records: list[DeviceEnrolled]) -> None:
        self._signed([encode_record(record) for record in records])

    def _signed(self, payloads: list[bytes]) -> bytes:
        (admitted,) = self._replica.append(payloads, self._now_ms).admitted
        self._history.add([admitted])
        self._replica.committed()
        return entry_id(admitted.change.change_hash[:16], 0)

    def _replica_of(self, officer: Officer) -> Replica:
        """Opening costs next to nothing: a replica never walks its history."""
        return Replica(self.id, self._keys[officer], self._history, {}, officer.encode()[:8])


def _keys_of(number: int, officer: str) -> DeviceKeys:
    return DeviceKeys(sha256(f"group {number} {officer}".encode()).digest())


def village_groups(count: int, reader: bytes, weeks: int = 0) -> Iterator[VillageGroup]:
    """Groups number 1 to `count`, made one by one: a caller that keeps none needs no memory."""
    for number in range(1, count + 1):
        yield VillageGroup(number, reader, weeks)
