"""The keys under which a group's changes and summaries go to relays: which one now, and a new one.

Rule: a phone seals under the newest key that it holds and that nobody has who may no longer read.
Where there is none it begins another, record and key in one step. So a key is changed because a
reader left (stopped, revoked, the grant's last day over) and never because one came. A key whose
author kept it back stops nobody: the others go on under the one before, or begin their own. Keys
begun apart all stay good for reading, and once their records meet, all phones use the same one
(`replication/epochs.py`). A key that stands in both series seals nothing: a stolen phone could have
put the ledger's under what the readers of summaries are given, or theirs under the ledger.

`day` is this phone's own, ISO: the core has no clock.
"""

from collections.abc import Iterator

from node.clock import day_of, random_bytes
from node.node import Group, Node, Step
from node.payloads import encoded
from replication import epochs
from replication.control import SERIES, EpochBegun
from replication.leaving import left
from replication.limits import EPOCHS_MAX
from replication.sealing import epoch_key_id, is_epoch_key
from replication.wire import KEY_BYTES, PersonKey


def current(group: Group, series: str, day: str) -> PersonKey | None:
    """The key to seal under now, "ledger" or "summary"; None: `begin` one first."""
    box, other = group.replica.key_box, _ids(group, *(one for one in SERIES if one != series))
    known = [
        one
        for one in group.replica.epochs(series)
        if is_epoch_key(one.key_id, box.get(one.key_id, b"")) and one.key_id not in other
    ]
    epoch = epochs.fit(known, group.roster, series, day, left(group.replica.decisions))
    return PersonKey(epoch.key_id, box[epoch.key_id]) if epoch is not None else None


def sealing_key(node: Node, group_id: bytes, series: str, now_ms: int) -> tuple[bytes, Step]:
    """The key to seal under now, 32 bytes; one is begun where none is fit, in one step.

    (b"", an empty step) when this phone may not write. StoreFailed; CommandRefused where its chain
    waits for an officer's word.
    """
    day = day_of(now_ms)
    step = begin(node, group_id, day, now_ms)
    group = node.group(group_id)
    found = current(group, series, day) if _may_begin(group) else None
    return (found.key if found is not None else b""), step


def _may_begin(group: Group) -> bool:
    known = group.roster.devices.get(group.device)
    return known is not None and known.right == "write" and known.state == "active"


def begin(node: Node, group_id: bytes, day: str, now_ms: int) -> Step:
    """Begin a key for each series that has none to seal under; an empty step when none is due.

    Record and key are stored together. Raises CommandRefused where this phone may not write now,
    StoreFailed.
    """
    group = node.group(group_id)
    if not _may_begin(group):
        return Step()
    due = [series for series in SERIES if current(group, series, day) is None]
    if not due:
        return Step()
    keys = [fresh_key() for _ in due]
    records = [EpochBegun(series, key.key_id, day) for series, key in zip(due, keys, strict=True)]
    batch = node.batch(group_id, now_ms)
    batch.append_encoded([encoded(record) for record in records], keys)
    return batch.commit()


def fresh_key() -> PersonKey:
    """A new epoch key under its own id."""
    key = random_bytes(KEY_BYTES)
    return PersonKey(epoch_key_id(key), key)


def held(group: Group, series: str) -> tuple[PersonKey, ...]:
    """All keys of a series that are here, oldest first, at most as many as a door holds.

    Those too that a stopped phone began: what it sealed before lies in the log, and a new reader
    must open it. A key of both series is one of the ledger: who reads summaries doesn't get it. Of
    too many the oldest of whoever began most are left out: a stolen phone that begins keys without
    end pushes out its own.
    """
    box = group.replica.key_box
    other = _ids(group, "ledger") if series == "summary" else frozenset()
    by_device: dict[bytes, dict[bytes, int]] = {}
    for place, device, key_id in sorted(_begun(group, series)):
        if is_epoch_key(key_id, box.get(key_id, b"")) and key_id not in other:
            by_device.setdefault(device, {})[key_id] = place
    ranked = [
        (rank, key_id, place)
        for places in by_device.values()
        for rank, (key_id, place) in enumerate(sorted(places.items(), key=_newest_first))
    ]
    kept = {key_id: place for _rank, key_id, place in sorted(ranked)[:EPOCHS_MAX]}
    oldest_first = sorted(kept, key=lambda key_id: (kept[key_id], key_id))
    return tuple(PersonKey(key_id, box[key_id]) for key_id in oldest_first)


def _newest_first(one: tuple[bytes, int]) -> tuple[int, bytes]:
    key_id, place = one
    return -place, key_id


def lacking(group: Group) -> frozenset[bytes]:
    """Ids of keys that were begun, as far as is known here, and that are not here."""
    box = group.replica.key_box
    return frozenset(key_id for key_id in _ids(group, *SERIES) if key_id not in box)


def _ids(group: Group, *series: str) -> frozenset[bytes]:
    return frozenset(key_id for one in series for _, _, key_id in _begun(group, one))


def _begun(group: Group, series: str) -> Iterator[tuple[int, bytes, bytes]]:
    """Place in the shared order, device and id of every key of a series, whoever began it."""
    for one in group.replica.decisions.filed:
        if isinstance(one.record, EpochBegun) and one.record.series == series:
            yield one.lamport, one.mark.device, one.record.key_id
