"""Who holds what, from what other devices signed alone: an open connection proves nothing.

A device that acknowledged a chain head has signed for everything before it, and so has one that
wrote a change, since a change names what it follows. So what each phone holds of ours follows
from its newest acknowledgement and its newest change, and "3 entries only on this phone" means
exactly that nobody else has ever signed for them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from node.chain_store import ChainStore
from node.node import Group
from node.relay_status import Backup, backups
from replication.control import is_control
from replication.frontier import Ack

ENTRIES_COUNTED_MAX = 1000
"""Entries looked through to count what is only here; above that the sentence says "over"."""


class Holder(NamedTuple):
    """One other device, or a relay, and how much of what is here it has signed for."""

    device: bytes
    label: str
    right: str
    changes_lacking: int
    """Changes that are here and that it has not signed for."""
    acknowledged: bool
    """Whether it has ever signed for anything of this group."""
    sentence: str


class Status(NamedTuple):
    """Who holds a group's changes."""

    changes: int
    """Changes on this device."""
    only_here_changes: int
    only_here_entries: int
    """Entries that no other device has signed for; at most ENTRIES_COUNTED_MAX are counted."""
    holders: tuple[Holder, ...]
    sentence: str


def status(group: Group) -> Status:
    """Who holds what of a group."""
    chains = group.store.chains(group.row.group_no)
    acks = group.store.acks(group.row.group_no)
    total = sum(lane.tip_n - lane.fork_n for lane in chains.lanes())
    holders: list[Holder] = []
    best = dict.fromkeys(range(len(chains.lanes())), 0)
    for key, device in group.roster.devices.items():
        if key == group.device or device.right == "pull" or device.state != "active":
            continue  # what only a lost phone holds is on no other phone
        held = _signed_for(group, key, acks)
        for lane, n in held.items():
            best[lane] = max(best[lane], n)
        lacking = sum(_lacking(chains, held).values())
        words = _holder_sentence(device.label, lacking, bool(held))
        holders.append(Holder(key, device.label, device.right, lacking, bool(held), words))
    for backup in backups(group, 0):
        for lane, n in backup.held.items():
            best[lane] = max(best[lane], n)
        holders.append(_at_relay(backup))
    only_here = _lacking(chains, best)
    entries = _entries(chains, best)
    return Status(
        total,
        sum(only_here.values()),
        entries,
        tuple(holders),
        _sentence(entries, holders),
    )


def _at_relay(backup: Backup) -> Holder:
    label = f"the cloud backup at {backup.name}"
    is_held = bool(backup.held)
    key = backup.chosen.relay
    return Holder(key, label, "relay", backup.lacks, is_held, backup.sentence)


def who_holds(group: Group, change_hash: bytes) -> tuple[str, ...]:
    """Labels of the other devices that have signed for one change."""
    devices = group.roster.devices
    return tuple(devices[key].label for key in holders_of_change(group, change_hash))


def holders_of_change(group: Group, change_hash: bytes) -> tuple[bytes, ...]:
    """Keys of the other devices that have signed for one change."""
    chains = group.store.chains(group.row.group_no)
    found = chains.find(change_hash)
    if found is None:
        return ()
    acks = group.store.acks(group.row.group_no)
    return tuple(
        key
        for key, device in group.roster.devices.items()
        if key != group.device
        and device.state == "active"
        and _signed_for(group, key, acks).get(found.place.lane, 0) >= found.change.n
    )


def _signed_for(group: Group, device: bytes, acks: Mapping[bytes, Ack]) -> dict[int, int]:
    """For each lane the highest position that a device acknowledged or knew when it wrote."""
    held = group.replica.held_by(acks[device].tips) if device in acks else {}
    chains = group.store.chains(group.row.group_no)
    for lane in chains.lanes():
        wrote = chains.find(lane.tip_change) if lane.device == device else None
        for number, n in enumerate(wrote.place.clock if wrote else ()):
            held[number] = max(held.get(number, 0), n)
    return held


def _lacking(chains: ChainStore, held: dict[int, int]) -> dict[int, int]:
    return {
        number: max(0, lane.tip_n - max(held.get(number, 0), lane.fork_n))
        for number, lane in enumerate(chains.lanes())
    }


def _entries(chains: ChainStore, held: dict[int, int]) -> int:
    """How many entries of the books lie beyond these positions."""
    count = 0
    for number, lane in enumerate(chains.lanes()):
        for one in chains.run(number, max(held.get(number, 0), lane.fork_n) + 1, lane.tip_n):
            count += sum(not is_control(event) for event in one.change.events)
            if count >= ENTRIES_COUNTED_MAX:
                return ENTRIES_COUNTED_MAX
    return count


def _holder_sentence(label: str, lacking: int, acknowledged: bool) -> str:
    if not acknowledged:
        return f"{label} has not confirmed anything yet."
    if lacking:
        changes = "change" if lacking == 1 else "changes"
        return f"{label} lacks {lacking} {changes} that are here."
    return f"Also on {label} (up to date)."


def _sentence(entries: int, holders: list[Holder]) -> str:
    if entries:
        count = f"over {entries}" if entries >= ENTRIES_COUNTED_MAX else str(entries)
        noun = "entry is" if entries == 1 else "entries are"
        return f"{count} {noun} only on this phone. Sync with another officer's phone."
    if not holders:
        return "This is the only phone of the group. Invite another officer's phone."
    current = [one.label for one in holders if one.acknowledged and not one.changes_lacking]
    current = current or [one.label for one in holders if one.acknowledged]
    return f"Everything here is also on {' and '.join(current)}."
