"""Which key seals what goes to a relay: the newest that nobody holds who may no longer read.

An epoch is begun by a control record that names a key and not the key itself. Whoever begins one
gives it to everybody who, as far as it knew and on the day that its clock showed, may read the
series. An epoch is fit for sealing while all of them may still read; once somebody left, the next
officer's device that has something to send begins another. Epochs begun apart all stay good for
reading, and of the fit ones the one that was begun last in the shared order is used, so all devices
come to use the same without a vote: which of two good keys it is gives nobody anything.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replication.control import EpochBegun, RelayChosen
from replication.limits import EPOCHS_MAX, RELAYS_MAX
from replication.motions import Mark
from replication.roster import Roster


class Filed(NamedTuple):
    """A record that decides nothing about officers and phones, and where it stands."""

    mark: Mark
    lamport: int
    lane: int
    n: int
    record: RelayChosen | EpochBegun
    readers: frozenset[bytes]
    """Of an epoch: the devices that its author gave the key to."""


class Epoch(NamedTuple):
    """A key that was in use, or is."""

    key_id: bytes
    device: bytes
    """Which device began it."""
    readers: frozenset[bytes]
    """The devices that were given the key when it was begun."""


def readers(roster: Roster, series: str, day: str) -> frozenset[bytes]:
    """The devices that may read a series on an ISO day: the ledger's readers, or all."""
    wanted = ("ledger", "people") if series == "ledger" else ("summary", "ledger", "people")
    return frozenset(key for key, one in roster.devices.items() if one.reads_on(day) in wanted)


def standing(filed: Sequence[Filed], limits: Mapping[int, int]) -> tuple[Filed, ...]:
    """Without what a stopped phone wrote that whoever stopped it did not know; see suspense.py."""
    return tuple(one for one in filed if one.n <= limits.get(one.lane, one.n))


def epochs(filed: Sequence[Filed], series: str) -> tuple[Epoch, ...]:
    """The epochs of a series in the shared order, oldest first; at most the newest EPOCHS_MAX."""
    found = [
        (one.lamport, one.record.key_id, one)
        for one in filed
        if isinstance(one.record, EpochBegun) and one.record.series == series
    ]
    found.sort(key=lambda one: one[:2])
    newest = found[-EPOCHS_MAX:]
    return tuple(Epoch(key_id, one.mark.device, one.readers) for _, key_id, one in newest)


def fit(known: Sequence[Epoch], roster: Roster, series: str, day: str) -> Epoch | None:
    """The epoch to seal under on an ISO day; None: begin a new one.

    Whoever came since is given it; the device that began one is among those who were.
    """
    now = readers(roster, series, day)
    return next((epoch for epoch in reversed(known) if epoch.readers <= now), None)


def relays(filed: Sequence[Filed]) -> tuple[RelayChosen, ...]:
    """The relays in use, by key: the newest word on each set of mailboxes, of words apart "in use".

    Of several sets at one relay the one with the smallest log id is used by all, so that they meet.
    """
    places: dict[tuple[bytes, bytes], list[Filed]] = {}
    for one in filed:
        if isinstance(one.record, RelayChosen):
            places.setdefault((one.record.relay, one.record.log), []).append(one)
    found: dict[bytes, RelayChosen] = {}
    for (relay, _log), said in sorted(places.items()):
        chosen = _newest(said)
        if chosen is not None and chosen.in_use and relay not in found:
            found[relay] = chosen
    return tuple(found.values())[:RELAYS_MAX]


def _newest(said: Sequence[Filed]) -> RelayChosen | None:
    """Of what was said about one place, what no other word knew; in use if any of them says so."""
    known = 0
    for one in said:
        known |= one.mark.past
    newest = [one.record for one in said if not known >> one.mark.bit & 1]
    chosen = [one for one in newest if isinstance(one, RelayChosen)]
    return max(chosen, key=lambda one: (one.in_use, one), default=None)
