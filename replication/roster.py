"""The roster: who may read and write, as a pure function of a set of control records.

Rules of admission version 1, in force from a group's first change:

1. The founding change makes its author's device the founder's, with the right to write.
2. While the founding period lasts, the founder's device alone enrols devices, and a later
   enrolment of the same device replaces the earlier one.
3. `founding.ended`, signed by the founder's device, ends the founding period for whatever
   follows it.
4. Votes, suspensions, officers' seats and paper cards are carried by the format and have no
   effect in this version.

Whether a record takes effect is judged by what its own author knew, never by what arrived
later: an enrolment that the founder's restored phone signed without knowing of the end stands,
and so does all that the enrolled device wrote. Admission applies the function to the records
among a change's ancestors. "Later" is the shared order, which extends causality; one author
writes all records that count, so no rule here depends on who wins a tie.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from replication.control import (
    DeviceEnrolled,
    FoundingEnded,
    GroupFounded,
    decode_record,
    is_control,
)
from replication.history import Admitted


class Device(NamedTuple):
    """One enrolled device."""

    key: bytes
    person: bytes
    right: str
    label: str
    enrolled_by: bytes


class Roster(NamedTuple):
    """Who may do what, according to one set of control records."""

    founder: bytes
    founding: bool
    devices: Mapping[bytes, Device]

    def may_write(self, device: bytes) -> bool:
        """Whether changes of this device are admitted."""
        return may_write(self.devices.get(device))

    def may_read(self, device: bytes) -> bool:
        """Whether this device may be given the group's changes."""
        known = self.devices.get(device)
        return known is not None and known.right in ("read", "write")

    def may_enrol(self, device: bytes) -> bool:
        """Whether an enrolment written by this device takes effect now."""
        return self.founding and device == self.founder

    def person_of(self, device: bytes) -> bytes:
        """The opaque person behind a device; b"" when it isn't enrolled."""
        known = self.devices.get(device)
        return known.person if known else b""


def may_write(device: Device | None) -> bool:
    """Whether an enrolled device, or one that isn't, may write."""
    return device is not None and device.right == "write"


class _Grant(NamedTuple):
    """A record that took effect when it was written, by its place in the shared order."""

    lamport: int
    change_hash: bytes
    place: int
    """Its index among the change's events."""
    bit: int
    """Which control change holds it."""
    device: Device


_ANSWERS_KEPT = 256
"""Answers remembered; a season has a few devices and a few sets of control changes."""


class Decisions:
    """What a group's control changes decided, to be asked of any set of them.

    Each is looked at once, when it is added; a set is a bit mask in the order of adding.
    """

    def __init__(self) -> None:
        self.count = 0
        self._founder = b""
        self._ends = 0
        self._grants: dict[bytes, tuple[_Grant, ...]] = {}
        self._roster: tuple[int, Roster] | None = None
        self._asked: dict[tuple[bytes, int], Device | None] = {}

    def copy(self) -> "Decisions":
        """A tentative copy; additions to it leave this one untouched."""
        other = Decisions()
        other.count, other._founder, other._ends = self.count, self._founder, self._ends
        other._grants = dict(self._grants)
        other._roster = self._roster
        return other

    def add(self, admitted: Admitted) -> None:
        """Take in the next control change; all control changes in its past came before it."""
        change, place = admitted
        bit, self.count = self.count, self.count + 1
        founding = not place.controls & self._ends
        for index, event in enumerate(change.events):
            match decode_record(event) if is_control(event) else None:
                case GroupFounded(person=person, label=label) if bit == 0 and index == 0:
                    self._founder = change.device
                    device = Device(change.device, person, "write", label, change.device)
                case DeviceEnrolled(key, person, right, label) if (
                    founding and change.device == self._founder != key
                ):
                    device = Device(key, person, right, label, change.device)
                case FoundingEnded() if change.device == self._founder:
                    founding = False
                    self._ends |= 1 << bit
                    continue
                case _:
                    continue
            grant = _Grant(place.lamport, change.change_hash, index, bit, device)
            self._grants[device.key] = (*self._grants.get(device.key, ()), grant)

    def device(self, key: bytes, controls: int) -> Device | None:
        """A device as these control changes enrolled it."""
        try:
            return self._asked[key, controls]
        except KeyError:
            if len(self._asked) >= _ANSWERS_KEPT:
                self._asked.clear()
        grants = [grant for grant in self._grants.get(key, ()) if controls >> grant.bit & 1]
        answer = self._asked[key, controls] = max(grants).device if grants else None
        return answer

    @property
    def roster(self) -> Roster:
        """The roster according to everything known."""
        if self._roster is None or self._roster[0] != self.count:
            self._roster = (
                self.count,
                Roster(
                    self._founder,
                    bool(self._founder) and not self._ends,
                    {key: max(grants).device for key, grants in self._grants.items()},
                ),
            )
        return self._roster[1]


def decisions_of(controls: Iterable[Admitted]) -> Decisions:
    """The decisions in these control changes, given in order of admission."""
    decisions = Decisions()
    for admitted in controls:
        decisions.add(admitted)
    return decisions
