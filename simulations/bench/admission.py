"""Judging a change costs the same however long officers have been deciding.

Two groups of ten officers: a new one, and one with five years of weekly meetings behind it, each
sealed by two officers, with a phone replaced, one lost and one found again every year. Both admit
the same number of changes; signatures are left out, since they cost what they cost. Then the last
phone of the old group is stopped: what that costs, beside judging the same changes at all.
"""

from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.cbor import dumps
from replication.control import (
    ADMISSION_VERSION,
    PROTOCOL_VERSION,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    FoundingEnded,
    GroupFounded,
    MeetingSealed,
    Record,
    VoteCast,
    encode_record,
)
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys, actor_for
from simulations.bench.figures import Figure, at_most, medians, timed

OFFICERS = 10
VOTES = OFFICERS // 2  # with the author's: a strict majority
YEARS = 5
WEEKS = 52
ENTRIES_A_WEEK = 10
ADMITTED = 2_000
GROWTH_MAX = 1.3

_KEYS = [DeviceKeys(bytes([number + 1]) * 32) for number in range(OFFICERS + YEARS)]


class Books:
    """One group whose phones all know everything; the first ten phones are the officers'."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.ancestry = Ancestry(self.history)
        self.group: bytes | None = None
        self.phones = list(range(OFFICERS))
        self.length = 0
        founded = GroupFounded(PROTOCOL_VERSION, ADMISSION_VERSION, bytes(16), _person(0), "phone")
        self.group = self.control(0, founded)
        for number in self.phones[1:]:
            self.control(0, _enrolled(number, number))
        self.control(0, FoundingEnded())

    def draft(self, ancestry: Ancestry, phone: int, *events: bytes) -> Admitted:
        """A change of this phone that follows everything, judged."""
        key = _KEYS[phone].public
        deps = tuple(found for head in ancestry.heads if (found := ancestry.find(head)) is not None)
        lanes = ancestry.lanes_of(key)
        before = ancestry.tips[lanes[0]] if lanes else None
        n = before.change.n + 1 if before else 1
        actor = actor_for(key, b"one salt")
        candidate = Candidate(key, n, before, actor, deps, 1_000, events, b"")
        return judge(self.group, ancestry, candidate)

    def write(self, phone: int, *events: bytes) -> bytes:
        """Let a phone write; the hash of its change."""
        admitted = self.draft(self.ancestry, phone, *events)
        self.ancestry.add(admitted)
        self.history.add([admitted])
        self.ancestry.committed()
        self.length += 1
        return admitted.change.change_hash

    def control(self, phone: int, *records: Record) -> bytes:
        """Let a phone write control records; the hash of the change."""
        return self.write(phone, *map(encode_record, records))

    def week(self, number: int) -> None:
        """A meeting: entries of two phones, and a close that two others co-sign."""
        for entry in range(ENTRIES_A_WEEK):
            self.write(self.phones[entry % 2], _money(self.length))
        close = self.write(self.phones[number % 3], _money(self.length))
        for phone in self.phones[3:5]:
            self.control(phone, MeetingSealed(close))

    def year(self, number: int) -> None:
        """A phone is replaced, and another one lost and found."""
        gone, fresh = self.phones.pop(), OFFICERS + number
        records = (DeviceRevoked(_KEYS[gone].public, "broken"), _enrolled(fresh, gone))
        self._decide(*records)
        self.phones.append(fresh)
        lost = _KEYS[self.phones[VOTES + 2]].public
        self.control(self.phones[1], DeviceSuspended(lost, "lost"))
        self._decide(DeviceReinstated(lost))

    def _decide(self, *records: Record) -> None:
        asked = self.control(self.phones[0], *records)
        for phone in self.phones[1 : 1 + VOTES]:
            self.control(phone, VoteCast(asked, True))

    def admit(self, count: int) -> None:
        """Judge and take in so many changes, and forget them again."""
        tentative = self.ancestry.fork()
        for number in range(count):
            tentative.add(self.draft(tentative, self.phones[number % 3], _money(number)))


def figures(rounds: int) -> list[Figure]:
    """Milliseconds to admit the same changes after five years and in a new group."""
    new, old = Books(), Books()
    for year in range(YEARS):
        for week in range(WEEKS):
            old.week(week)
        old.year(year)
    ms = medians(
        {
            "old": lambda: timed(lambda: old.admit(ADMITTED)),
            "new": lambda: timed(lambda: new.admit(ADMITTED)),
        },
        rounds,
    )
    figure = Figure("admission_years_ms", old.length, ms["old"], "ms", ms["new"], "in a new group")
    return [at_most(figure, GROWTH_MAX)]


def _person(number: int) -> bytes:
    return bytes([number + 1]) * 16


def _enrolled(phone: int, person: int) -> DeviceEnrolled:
    return DeviceEnrolled(_KEYS[phone].public, _person(person), "write", f"phone {phone}")


def _money(number: int) -> bytes:
    return dumps([1, "share.purchased", 1, 1, number, b"m" * 17, 100])
