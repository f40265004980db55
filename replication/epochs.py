"""Which key seals what goes to a relay: the newest that nobody holds who may no longer read.

An epoch is begun by a control record that names a key and not the key itself. Whoever begins one
gives it to everybody who, as far as it knew and on the day that its clock showed, may read the
series; who comes later is given it too. An epoch is fit for sealing while all of them may still
read; once somebody left whom its author did not know to be gone, the next officer's device that has
something to send begins another. Epochs begun apart all stay good for reading, and of the fit ones
the one that was begun last in the shared order is used, so all devices come to use the same without
a vote: which of two good keys it is gives nobody anything.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replication.control import EpochBegun, RelayChosen
from replication.limits import EPOCHS_MAX, RELAYS_MAX
from replication.motions import Act, Mark, Motion, Restoration
from replication.roster import Device, Roster


class Filed(NamedTuple):
    """A record that decides nothing about officers and phones, and where it stands."""

    mark: Mark
    lamport: int
    lane: int
    n: int
    record: RelayChosen | EpochBegun
    readers: frozenset[bytes]
    """Of an epoch: the devices that its author gave the key to."""
    passed: frozenset[bytes]
    """Hashes of what officers had decided, as far as its author knew."""


class Epoch(NamedTuple):
    """A key that was in use, or is."""

    key_id: bytes
    device: bytes
    """Which device began it."""
    readers: frozenset[bytes]
    """The devices that were given the key when it was begun."""
    day: str = ""
    """ISO day by its author's clock."""
    past: int = 0
    """Mask of the control changes that its author knew."""
    passed: frozenset[bytes] = frozenset()
    """Hashes of what officers had decided, as far as its author knew."""


class Left(NamedTuple):
    """What there is to know of devices that may not read any more (`leaving.py`)."""

    stops: Mapping[bytes, tuple[Act, ...]]
    """Stopped device → what stops it now."""
    enrolments: Mapping[bytes, Mapping[bytes, str]]
    """Device → hash of each change that enrols it and stands → what it lets the device read."""


_SCOPES = {"ledger": ("ledger", "people"), "summary": ("summary", "ledger", "people")}
"""What must be read for a series' keys to be given."""


def readers(roster: Roster, series: str, day: str) -> frozenset[bytes]:
    """The devices that may read a series on an ISO day: the ledger's readers, or all."""
    wanted = _SCOPES[series]
    return frozenset(key for key, one in roster.devices.items() if one.reads_on(day) in wanted)


def standing(filed: Sequence[Filed], limits: Mapping[int, int]) -> tuple[Filed, ...]:
    """Without what a stopped phone wrote that whoever stopped it did not know; see suspense.py."""
    return tuple(one for one in filed if one.n <= limits.get(one.lane, one.n))


def epochs(filed: Sequence[Filed], series: str) -> tuple[Epoch, ...]:
    """The epochs of a series in the shared order, oldest first; at most the newest EPOCHS_MAX."""
    found = [
        (one.lamport, one.record.key_id, one, one.record.day)
        for one in filed
        if isinstance(one.record, EpochBegun) and one.record.series == series
    ]
    found.sort(key=lambda one: one[:2])
    newest = found[-EPOCHS_MAX:]
    return tuple(
        Epoch(key_id, one.mark.device, one.readers, day, one.mark.past, one.passed)
        for _, key_id, one, day in newest
    )


def fit(known: Sequence[Epoch], roster: Roster, series: str, day: str, left: Left) -> Epoch | None:
    """The epoch to seal under on an ISO day; None: begin a new one.

    Nobody holds its key who may not read now: neither those whom its author gave it to, nor those
    who came since and were given it then. The device that began one is among those who were.
    """
    now = readers(roster, series, day)
    gone = [one for key, one in roster.devices.items() if key not in now]
    fitting = (
        epoch
        for epoch in reversed(known)
        if epoch.readers <= now and all(_was_gone(epoch, one, series, left) for one in gone)
    )
    return next(fitting, None)


def _was_gone(epoch: Epoch, device: Device, series: str, left: Left) -> bool:
    """Whether a device that may not read had left when the epoch was begun, or never could read.

    It was none of those who were given the key then. Enrolled anew since, it may have been; stopped
    now, it was stopped all the time if its author knew of that; a grant that was over by its
    author's day was over ever since.
    """
    enrolments = left.enrolments.get(device.key, {})
    may_have_read = any(reads in _SCOPES[series] for reads in enrolments.values())
    if len(enrolments) > 1 and may_have_read and not enrolments.keys() <= epoch.passed:
        return False
    if device.reads not in _SCOPES[series] or (device.until and device.until < epoch.day):
        return True
    return any(_is_known(epoch, act) for act in left.stops.get(device.key, ()))


def _is_known(epoch: Epoch, act: Act) -> bool:
    """Whether something that stops a device was in force as far as the epoch's author knew."""
    if isinstance(act, Motion | Restoration):
        return act.mark.change_hash in epoch.passed
    return bool(epoch.past >> act.mark.bit & 1)


def relays(filed: Sequence[Filed]) -> tuple[RelayChosen, ...]:
    """The relays in use, longest known first: the newest word on each set of mailboxes.

    Of several sets at one relay the one that was chosen first in the shared order is used by all,
    and of too many relays those: a stolen phone that adds more takes the place of none.
    """
    places: dict[tuple[bytes, ...], list[Filed]] = {}
    for one in filed:
        if isinstance(one.record, RelayChosen):
            places.setdefault(_place(one.record), []).append(one)
    found: dict[bytes, RelayChosen] = {}
    for place, said in sorted(places.items(), key=_first_named):
        chosen = _newest(said)
        if chosen is not None and chosen.in_use:
            found.setdefault(place[0], chosen)
    return tuple(found.values())[:RELAYS_MAX]


def _place(chosen: RelayChosen) -> tuple[bytes, ...]:
    """A relay and a group's mailboxes there: what another word must name to be about the same."""
    return (chosen.relay, chosen.log, chosen.doors, chosen.people, chosen.summary)


def _first_named(named: tuple[tuple[bytes, ...], Sequence[Filed]]) -> tuple[object, ...]:
    """Where a place was first named in the shared order; ties by its ids, which any phone sees."""
    place, said = named
    return min(one.lamport for one in said), place


def _newest(said: Sequence[Filed]) -> RelayChosen | None:
    """Of what was said about one place, what no other word knew; in use if any of them says so."""
    known = 0
    for one in said:
        known |= one.mark.past
    newest = [one.record for one in said if not known >> one.mark.bit & 1]
    chosen = [one for one in newest if isinstance(one, RelayChosen)]
    return max(chosen, key=lambda one: (one.in_use, one), default=None)
