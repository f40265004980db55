"""What a control change says, as acts that can stand or fall when they contest each other.

An act keeps what its author knew (`Mark.past`), since every rule about it asks that and nothing
else: who voted, who was an officer, which suspension came before. Masks name control changes by
their number here, one bit each; which numbers a device gives them decides nothing.
"""

from typing import NamedTuple

from replication.control import (
    CardsIssued,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    QuorumSet,
    Record,
)
from replication.roster import Roster


class Mark(NamedTuple):
    """Where a control change stands, and who speaks in it."""

    bit: int
    device: bytes
    person: bytes
    """The author's person, as of the change's own past."""
    change_hash: bytes
    past: int
    """Mask of the control changes before it; without itself."""
    clock: tuple[int, ...]
    """Lane → highest position in its past, itself included."""
    contested: int = 0
    """Mask of the decisions that its author knew, and knew to be contested: they silence nobody
    who decides again."""
    needed: int = 1
    """Officers that a decision took, as its author knew: so many co-signatures spare a vote."""

    def knows(self, other: int) -> bool:
        """Whether the control change with this number was written before, as its author knew."""
        return bool(self.past >> other & 1)


class Motion(NamedTuple):
    """All that one change asks officers for; it stands or falls as one."""

    mark: Mark
    records: tuple[Record, ...]
    enrols: tuple[DeviceEnrolled, ...]
    lifts: frozenset[bytes]
    """Devices whose suspensions end."""
    revokes: frozenset[bytes]
    stops: frozenset[bytes]
    """Devices that lose the right to write: revoked ones, and ones that may only read on."""
    quorum_min: int
    cards: tuple[bytes, ...]
    alone: bool
    """Whether the founder decides it alone, because the group is being founded."""
    electorate: frozenset[bytes]
    """The officers as of its own past."""
    needed: int
    is_valid: bool
    """False when it would leave nobody, or one officer of several, as its author knew."""


class Stop(NamedTuple):
    """One officer stops a device: reported lost, or found copied."""

    mark: Mark
    device: bytes
    reason: str
    person: bytes
    """Of the stopped device, as of its own past."""
    electorate: frozenset[bytes]
    needed: int
    has_cards: bool
    """Whether there are paper cards, one of which may stand in for a vote."""


class Verdict(NamedTuple):
    """An officer's word that the forks of a device, as far as known, are one phone restored.

    It bears on nothing that stands or falls, so it is no act, and a flood of it costs nothing.
    """

    mark: Mark
    device: bytes


class Seal(NamedTuple):
    """An officer co-signs a close: what the close covers is spared by suspensions."""

    mark: Mark
    covered: int
    """Mask of the control changes that the close knew."""
    clock: tuple[int, ...]
    """Of the change that closes."""
    lamport: int
    """Of the change that closes: its place in the shared order."""
    closer: bytes
    """The person who closed, as of that change's own past."""


class Restoration(NamedTuple):
    """Two paper cards let a new device begin with the officers anew."""

    mark: Mark
    label: str
    stops: frozenset[bytes]
    """Every other device that might write, as far as its author knew."""
    cards: tuple[bytes, ...]
    """Public keys of the cards in force in its past."""
    third_card: int
    """Number of the card that was not used."""
    was_opposed: bool
    """Whether its author knew of a restoration that an officer's device opposed."""
    electorate: frozenset[bytes]
    needed: int


class Opposition(NamedTuple):
    """An officer's device says no to a restoration."""

    mark: Mark
    restoration: bytes
    device: bytes
    """The device that the restoration lets in."""


ASKS = DeviceEnrolled | DeviceReinstated | DeviceRevoked | QuorumSet | CardsIssued
"""Records that officers decide about."""


def motion_of(
    mark: Mark, records: tuple[Record, ...], alone: bool, roster: Roster, founds: bool
) -> Motion:
    """What a change asks for, against the roster that its author knew."""
    officers = roster.officers
    enrols = tuple(record for record in records if isinstance(record, DeviceEnrolled))
    writes = {one.device: one.person for one in enrols if one.right == "write"}
    revokes = frozenset(record.device for record in records if isinstance(record, DeviceRevoked))
    narrowed = {one.device for one in enrols if one.right != "write"}
    stops = revokes | {device for device in narrowed if roster.may_write(device)}
    left = {person for person, keys in officers.items() if set(keys) - stops} | set(writes.values())
    sane = len(left) >= (1 if alone else min(2, len(officers)))
    return Motion(
        mark,
        records,
        enrols,
        frozenset(record.device for record in records if isinstance(record, DeviceReinstated)),
        revokes,
        stops,
        max((one.officers_min for one in records if isinstance(one, QuorumSet)), default=0),
        next((tuple(one) for one in records if isinstance(one, CardsIssued)), ()),
        alone,
        frozenset(officers),
        roster.votes_needed,
        founds or (sane and mark.person in officers),
    )


Act = Motion | Stop | Seal | Restoration | Opposition


class Ballots(NamedTuple):
    """Who agreed to what one change asks, besides its author."""

    votes: tuple[Mark, ...] = ()
    cards: tuple[Mark, ...] = ()
    """Changes in which a paper card was shown and its signature verified."""
    third: tuple[Mark, ...] = ()
    """The same for the third card, of a restoration."""
    against: tuple[Mark, ...] = ()
    late: tuple[Mark, ...] = ()
    """Votes by people who knew that it had passed: they count, and spare nothing."""


NO_BALLOTS = Ballots()


def stopped_by(act: Act) -> frozenset[bytes]:
    """The devices that an act stops when it stands."""
    match act:
        case Motion(stops=stops) | Restoration(stops=stops):
            return stops
        case Stop(device=device):
            return frozenset((device,))
        case _:
            return frozenset()


def subject_of(act: Act) -> frozenset[bytes]:
    """The devices that an act is about: they may not disarm those who decide it."""
    match act:
        case Restoration(mark=mark):
            return frozenset((mark.device,))
        case Opposition(device=device):
            return frozenset((device,))
        case Motion() | Stop():
            return stopped_by(act)
        case _:
            return frozenset()


def cut_of(act: Act, ballots: Ballots) -> int:
    """Mask of the control changes that whoever ordered this stop knew; they are not touched by it.

    Of a motion: what its author or anybody who agreed to it knew, but for the stopped themselves.
    """
    cut = act.mark.past | 1 << act.mark.bit
    for vote in _agreeing(act, ballots):
        cut |= vote.past | 1 << vote.bit
    return cut


def cut_clock(act: Act, ballots: Ballots) -> tuple[tuple[int, ...], ...]:
    """The same for all changes: the clocks whose lane-wise highest is the cut."""
    return (act.mark.clock, *(vote.clock for vote in _agreeing(act, ballots)))


def _agreeing(act: Act, ballots: Ballots) -> list[Mark]:
    if not isinstance(act, Motion):
        return []
    return [
        vote
        for vote in ballots.votes
        if vote.device not in act.stops and vote.person in act.electorate
    ]
