"""A history that two officers' devices share, one change an event, grown once, cut to length.

The secretary and the treasurer write in turn as their offices say, each on top of everything the
other wrote before, as phones do that stay connected. Keys and salts are fixed and chance is
seeded: the same length gives the same bytes.
"""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from model.codec import encode
from model.events import Event, MeetingOpened
from model.identifiers import entry_id
from replication.control import (
    ADMISSION_VERSION,
    PROTOCOL_VERSION,
    DeviceEnrolled,
    GroupFounded,
    encode_record,
)
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys
from replication.replica import Replica, found
from simulations.ledger import Scribe
from simulations.village import (
    FINES_MINOR,
    MEETINGS_A_CYCLE,
    SHARE_VALUE_MINOR,
    SOCIAL_MINOR,
    WEEK,
    Deed,
    Meeting,
    Officer,
    Village,
)

MEMBERS = 30
START_MS = 1_767_772_800_000  # the village's first market day
WEEK_MS = WEEK.days * 24 * 3600 * 1000
PAUSE_MS = (1_500, 40_000)  # between two entries of one officer

KEYS = {
    name: DeviceKeys(bytes([number]) * 32)
    for number, name in enumerate(("secretary", "treasurer", "tablet"), 1)
}


_PERSONS: dict[Officer, bytes] = {
    "secretary": b"secretary".ljust(16, b"\0"),
    "treasurer": b"treasurer".ljust(16, b"\0"),
}


class Grown(NamedTuple):
    """A shared history. The secretary's tablet is enrolled and holds nothing yet."""

    group: bytes
    changes: Sequence[Admitted]
    deeds: Sequence[Deed | None]
    """What each change stands for; None for the founding, phones, members and openings."""
    members: dict[int, bytes]
    loans: Sequence[tuple[int, int, bytes]]
    """(length of the history, member, loan) of every loan that was asked for."""
    meetings: Sequence[tuple[int, Meeting]]
    """(length of the history, meeting) of every meeting when it was opened."""

    def opened(self, name: str, events: int, salt: bytes) -> tuple[Replica, MemoryHistory]:
        """That officer's replica when the history was so long, as a process that just started."""
        history = MemoryHistory()
        history.add(self.changes[:events])
        return Replica(self.group, KEYS[name], history, {}, salt), history

    def next_meeting(self, events: int, run: int) -> Meeting:
        """The meeting that is held `run` weeks after the last one of a history of that length."""
        last = max((meeting for at, meeting in self.meetings if at <= events), key=lambda m: m.day)
        held = (last.cycle - 1) * MEETINGS_A_CYCLE + last.session + run
        cycle, session = divmod(held, MEETINGS_A_CYCLE)
        return Meeting(cycle + 1, session + 1, last.day + (run + 1) * WEEK, ())


class Tail(NamedTuple):
    """An event that one officer records with no network."""

    event: Event
    deed: Deed | None
    time_ms: int


def grown(events: int) -> Grown:
    """A history of so many changes, the founding and the members included."""
    grower = _Grower(events)
    village = Village(MEMBERS)
    scribe = Scribe(village, grower.record)
    try:
        scribe.found(_PERSONS)
        for weeks, meeting in enumerate(village.meetings()):
            grower.now_ms = START_MS + weeks * WEEK_MS
            scribe.open(meeting)
            grower.meetings.append((len(grower.changes), meeting))
            for deed in meeting.deeds:
                grower.deed = deed
                scribe.write(meeting, deed)
            grower.deed = None
    except _LongEnough:
        pass
    return Grown(
        grower.group, grower.changes, grower.deeds, scribe.members, grower.loans, grower.meetings
    )


def tail(history: Grown, officer: Officer, events: int, run: int) -> list[Tail]:
    """The 90 events that one officer writes offline in the meeting after so long a history.

    Both officers write for the same members, as two scribes do; amounts and times are each
    one's own.
    """
    chance = random.Random(f"{officer} {events} {run}")
    scribe = Scribe(Village(MEMBERS), lambda _officer, _event: b"")
    scribe.members = history.members
    scribe.loans = {member: loan for at, member, loan in history.loans if at <= events}
    meeting = history.next_meeting(events, run)
    opened = MeetingOpened(meeting.cycle, meeting.session, meeting.day.isoformat())
    facts: list[tuple[Event, Deed | None]] = [(opened, None)]
    for deed in _tail_deeds(officer, chance, sorted(scribe.loans)[:3]):
        facts.append((scribe.event(meeting, deed), deed))
    now_ms = START_MS + (len(history.meetings) + run) * WEEK_MS
    out = []
    for event, stands_for in facts:
        now_ms += chance.randrange(*PAUSE_MS)
        out.append(Tail(event, stands_for, now_ms))
    return out


def _tail_deeds(officer: Officer, chance: random.Random, borrowers: list[int]) -> Iterator[Deed]:
    """After the opening: 30 of the roll, 27 purchases, 27 contributions, 2 fines, 3 repayments.

    A young group has fewer loans; then members who came late contribute instead.
    """
    for member in range(1, 31):
        yield Deed(officer, "attended", member, code="present")
    for member in range(1, 28):
        shares = chance.choice((1, 1, 2, 2, 3, 4, 5))
        yield Deed(officer, "bought", member, shares * SHARE_VALUE_MINOR, shares)
    for member in range(1, 28):
        yield Deed(officer, "gave", member, SOCIAL_MINOR)
    for member in (28, 29):
        yield Deed(officer, "was fined", member, FINES_MINOR["late"], code="late")
    for member in borrowers:
        yield Deed(officer, "repaid", member, 1_000_00)
    for member in range(28, 31 - len(borrowers)):
        yield Deed(officer, "gave", member, SOCIAL_MINOR)


class _LongEnough(Exception):
    """The history has its length."""


class _Grower:
    """Records events on one history, as whichever officer's device is told."""

    def __init__(self, events: int) -> None:
        self.now_ms = START_MS
        self.deed: Deed | None = None
        self.changes: list[Admitted] = []
        self.deeds: list[Deed | None] = []
        self.loans: list[tuple[int, int, bytes]] = []
        self.meetings: list[tuple[int, Meeting]] = []
        self._length = events
        self._chance = random.Random(1)
        self._history = MemoryHistory()
        self.group, first = found(KEYS["secretary"], _founding(), bytes(8), START_MS)
        self._keep(first)
        self._officer: Officer = "secretary"
        self._replica = self._replica_of("secretary")
        (enrolled,) = self._replica.append(_enrolments(), START_MS).admitted
        self._keep(enrolled)
        self._replica.committed()

    def record(self, officer: Officer, event: Event) -> bytes:
        """Append as that officer, one change an event."""
        if len(self.changes) >= self._length:
            raise _LongEnough
        if officer != self._officer:
            self._officer, self._replica = officer, self._replica_of(officer)
        self.now_ms += self._chance.randrange(*PAUSE_MS)
        (admitted,) = self._replica.append([encode(event)], self.now_ms).admitted
        self._keep(admitted)
        self._replica.committed()
        written = entry_id(admitted.change.change_hash[:16], 0)
        if self.deed and self.deed.kind == "applied":
            self.loans.append((len(self.changes), self.deed.member, written))
        return written

    def _keep(self, admitted: Admitted) -> None:
        self.changes.append(admitted)
        self.deeds.append(self.deed)
        self._history.add([admitted])

    def _replica_of(self, officer: Officer) -> Replica:
        """Opening costs next to nothing: a replica never walks its history."""
        salt = officer.encode()[:8]
        return Replica(self.group, KEYS[officer], self._history, {}, salt)


def _founding() -> list[bytes]:
    first = GroupFounded(
        PROTOCOL_VERSION, ADMISSION_VERSION, bytes(16), _PERSONS["secretary"], "Secretary"
    )
    return [encode_record(first)]


def _enrolments() -> list[bytes]:
    others = [
        DeviceEnrolled(KEYS["treasurer"].public, _PERSONS["treasurer"], "write", "Treasurer"),
        DeviceEnrolled(KEYS["tablet"].public, _PERSONS["secretary"], "write", "Tablet"),
    ]
    return [*map(encode_record, others)]
