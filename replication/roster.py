"""Who may do what in a group: its devices, the people behind them, and how many decide.

An officer, as far as votes go, is a person with at least one device that may write; votes count
people, however many devices they have. Titles belong to the model.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

State = Literal["active", "suspended", "displaced", "revoked"]
"""suspended: by one officer. displaced: officers were restored by paper cards without it."""


class Device(NamedTuple):
    """One enrolled device."""

    key: bytes
    person: bytes
    right: str
    label: str
    enrolled_by: bytes
    """The device that asked for its enrolment; the founder's and a restoring one: itself."""
    state: State = "active"
    """Unless active, what it writes waits in suspense and it is given nothing. What a revoked one
    writes is refused, as soon as it knows; a suspended one still counts for the quorum."""
    scope: str = ""
    """Of a reader: "summary", "ledger", "people"; "" is what its right says."""
    until: str = ""
    """Last day of a reader's grant, ISO; "" has no end. Only whoever has a clock heeds it."""

    @property
    def reads(self) -> str:
        """What it may be given while it is active: "", "summary", "ledger" or "people"."""
        if self.right == "pull":
            return "summary" if self.scope == "summary" else ""
        return "people" if self.right == "write" or self.scope == "people" else "ledger"

    def reads_on(self, day: str) -> str:
        """The same on an ISO day: "" for who is stopped, or whose grant has ended."""
        ended = bool(self.until) and self.until < day
        return "" if self.state != "active" or ended else self.reads


class Roster(NamedTuple):
    """Who may do what, according to one set of control records."""

    founder: bytes
    founding: bool
    """Whether the founder's device still enrols alone."""
    devices: Mapping[bytes, Device]
    cards: tuple[bytes, ...] = ()
    """Public keys of the three paper cards; empty when there are none."""
    quorum_min: int = 0
    """Votes that officers decided to ask for; 0 when they did not."""

    def may_write(self, device: bytes) -> bool:
        """Whether changes of this device are admitted."""
        return may_write(self.devices.get(device))

    def may_read(self, device: bytes) -> bool:
        """Whether this device may be given the group's changes."""
        known = self.devices.get(device)
        return known is not None and known.state == "active" and known.right in ("read", "write")

    def may_deliver(self, device: bytes) -> bool:
        """Whether changes are taken from this device, though it may be given nothing."""
        known = self.devices.get(device)
        return known is not None and known.right in ("read", "write")

    def may_enrol(self, device: bytes) -> bool:
        """Whether an enrolment written by this device takes effect without other officers."""
        if not votes(self.devices.get(device)):
            return False
        alone = len(self.officers) == 1
        return alone or (self.founding and device == self.founder)

    def person_of(self, device: bytes) -> bytes:
        """The opaque person behind a device; b"" when it isn't enrolled."""
        known = self.devices.get(device)
        return known.person if known else b""

    @property
    def officers(self) -> dict[bytes, tuple[bytes, ...]]:
        """The people who vote, each with the devices that may write, all ascending."""
        found: dict[bytes, tuple[bytes, ...]] = {}
        for key, device in sorted(self.devices.items()):
            if votes(device):
                found[device.person] = (*found.get(device.person, ()), key)
        return dict(sorted(found.items()))

    @property
    def votes_needed(self) -> int:
        """How many officers a decision needs."""
        return votes_needed(len(self.officers), self.quorum_min)


def may_write(device: Device | None) -> bool:
    """Whether an enrolled device, or one that isn't, may write."""
    return device is not None and device.right == "write" and device.state != "revoked"


def votes(device: Device | None) -> bool:
    """Whether a device makes its person an officer."""
    return may_write(device) and device is not None and device.state != "displaced"


def votes_needed(officers: int, quorum_min: int) -> int:
    """A strict majority, never fewer than two, more if officers decided so; one officer alone: 1.

    Never more than there are officers, so that no decision locks a group.
    """
    if officers < 2:
        return 1
    return max(2, officers // 2 + 1, min(quorum_min, officers))
