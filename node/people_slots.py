"""This phone's slot in the box `people` of a relay: the members' keys, for those who read names.

Officers' phones, readers of scope people and every two paper cards open it; no epoch key is ever in
it. Each officers' phone has a slot of its own and replaces it whenever its key box changes, so an
erased key leaves the relay with the next push of each phone.

Rule: a phone takes from others' slots only the keys of members whose details it holds sealed, and
none that it erased itself. What another phone says it erased is that phone's word, and no order:
each obeys the books alone (node/erasing.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from node import relay_access, slot_store
from node.clock import day_of, random_bytes
from node.door_slots import (
    chosen_at,
    digest_of,
    full_recipients,
    newest_slots,
    next_number,
    noted,
)
from node.node import Group, Node, Step
from node.relay_places import Place, Slot
from node.slot_store import NO_SLOT
from relay.facts import Entry
from replication.envelopes import ENVELOPE_SEED_BYTES, Opener
from replication.errors import RemoteError
from replication.key_slots import PeopleSlot, open_people, people_slot, seal_people
from replication.people import tag_key_id
from replication.wire import PersonKey


def own(node: Node, group_id: bytes, place: Place, stands: bytes, now_ms: int) -> Slot | None:
    """The slot that this phone should have in the box; None: the one that stands there is right.

    `stands` is the digest of the newest that the relay acknowledged, b"" for none.
    """
    group = node.group(group_id)
    if chosen_at(group, place) is None:
        return None
    if group.device not in relay_access.officers_phones(group.roster):
        return None
    readers = relay_access.readers_of(group.roster, "people", day_of(now_ms))
    recipients = [*full_recipients(group), *readers]
    slot = people_slot(group.id, next_number(group, place.mailbox), group.replica.key_box)
    digest = digest_of(slot._replace(number=0), recipients)
    if digest == stands:
        return None
    seed = random_bytes(ENVELOPE_SEED_BYTES)
    return Slot(seal_people(slot, place.mailbox, group.device, recipients, seed), digest)


def opened(
    slots: Mapping[bytes, bytes], opener: Opener, mailbox: bytes, group: bytes
) -> tuple[dict[bytes, PeopleSlot], dict[bytes, str]]:
    """What the slots of a box of people say to this opener, and what is wrong with others.

    Both by phone. Pure; takes any bytes.
    """
    found: dict[bytes, PeopleSlot] = {}
    faults: dict[bytes, str] = {}
    for device, blob in sorted(slots.items()):
        try:
            found[device] = open_people(blob, opener, mailbox, device, group)
        except RemoteError as error:
            if error.code != "not_for_us":
                faults[device] = error.code
    return found, faults


def take(node: Node, group_id: bytes, place: Place, entries: Sequence[Entry], now_ms: int) -> Step:
    """Take the member keys that this phone lacks out of new entries of the box.

    Notes what lies in each slot, so that it can be told where an erased key still is.
    """
    return take_with(node, group_id, place, entries, node.keys)


def take_with(
    node: Node, group_id: bytes, place: Place, entries: Sequence[Entry], opener: Opener
) -> Step:
    """The same for any opener: two paper cards, where this phone is no recipient yet."""
    group = node.group(group_id)
    slots = newest_slots(group, entries)
    found, faults = opened(slots, opener, place.mailbox, group.id)
    group_no, database = group.row.group_no, group.store.database
    known = slot_store.known_slots(database, group_no, place.mailbox)
    now = {
        device: noted(known.get(device, NO_SLOT), slot.number)._replace(
            key_ids=frozenset(key.key_id for key in slot.keys)
        )
        for device, slot in found.items()
    }
    for device, fault in faults.items():
        now[device] = known.get(device, NO_SLOT)._replace(fault=fault)
    may = relay_access.officers_phones(group.roster)
    gone = {
        device: one._replace(key_ids=frozenset(), fault="")
        for device, one in known.items()
        if device not in may and one.key_ids  # the relay lets go of the slots of who left
    }
    keys = lacking(group, found)
    if not (now or gone or keys):
        return Step()
    return node.take(
        group_id,
        lambda one: one.replica.take_keys(keys),
        lambda database: slot_store.keep_slots(database, group_no, place.mailbox, {**gone, **now}),
    )


def lacking(group: Group, found: Mapping[bytes, PeopleSlot]) -> tuple[PersonKey, ...]:
    """The keys in these slots that this phone needs and does not have."""
    box = group.replica.key_box
    rows = group.store.sealed_people(group.row.group_no)
    wanted = {row.key_id for row in rows if row.key_id not in box}
    offered = {key.key_id: key for slot in found.values() for key in slot.keys}
    keys = [key for key_id, key in sorted(offered.items()) if key_id in wanted]
    tag_id = tag_key_id(group.id)
    if tag_id not in box:
        # Any key may stand under this id: the one that most phones hold is the group's.
        tags = Counter(key for slot in found.values() for key in slot.keys if key.key_id == tag_id)
        keys += [min(tags, key=lambda key: (-tags[key], key))] if tags else []
    return tuple(dict.fromkeys(keys))
