"""The roster: who may read and write, as a pure function of a set of control records.

Rules of admission version 1, in force from a group's first change:

1. The founding change makes its author's device the founder's, with the right to write.
2. While the founding period lasts, the founder's device alone enrols devices, and a later
   enrolment of the same device replaces the earlier one.
3. `founding.ended`, signed by the founder's device, ends the founding period for good.
4. Votes, suspensions, officers' seats and paper cards are carried by the format and have no
   effect in this version.

Admission applies the function to the records among a change's own ancestors; what is known
later never refuses a change. Records are taken in the shared order, which extends causality; one
author writes all records that count, so no rule here depends on who wins a tie.
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
        known = self.devices.get(device)
        return known is not None and known.right == "write"

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


EMPTY = Roster(b"", False, {})


def roster_of(controls: Iterable[Admitted]) -> Roster:
    """Apply the rules above to the control records in these changes."""
    roster = EMPTY
    for change, _place in sorted(controls, key=_shared_order):
        for event in change.events:
            if is_control(event):
                roster = _after(roster, change.device, change.n, event)
    return roster


def _shared_order(admitted: Admitted) -> tuple[int, bytes]:
    return admitted.place.lamport, admitted.change.change_hash


def _after(roster: Roster, author: bytes, n: int, event: bytes) -> Roster:
    """The roster after one more control event by this author."""
    match decode_record(event):
        case GroupFounded(person=person, label=label) if n == 1 and not roster.founder:
            founder = Device(author, person, "write", label, author)
            return Roster(author, True, {author: founder})
        case DeviceEnrolled(device, person, right, label) if roster.may_enrol(author):
            enrolled = Device(device, person, right, label, author)
            if device == roster.founder:
                return roster
            return roster._replace(devices={**roster.devices, device: enrolled})
        case FoundingEnded() if roster.may_enrol(author):
            return roster._replace(founding=False)
        case _:
            return roster
