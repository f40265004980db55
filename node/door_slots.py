"""This phone's slot in the box `doors` of a relay, and what it takes out of the others' slots.

A door tells all who may read anything of the group where its other mailboxes are, and gives them
the epoch keys that they may have: officers, readers of the ledger and every two paper cards those
of both series, readers of summaries theirs. All old keys too: whoever comes reads all that there
is. A reader whose grant has ended is in none of the later slots, and keeps what it had.

Rule: what a slot says decides whether it is sealed again, never its ciphertext; so an unchanged
slot costs nothing. Of keys that no record has named yet, so many are taken from one phone as it
could ever honestly give: a stolen one must not fill the others' key boxes. The engine that pulls
and pushes (node/relay_engine.py) has checked whose slot each is.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import cbor2

from node import epoch_keys, relay_access, slot_store
from node.clock import day_of, random_bytes
from node.node import Group, Node, Step
from node.relay_places import Place, Slot
from node.slot_store import NO_SLOT, KnownSlot
from relay.facts import Entry
from replication.control import RelayChosen
from replication.envelopes import ENVELOPE_SEED_BYTES, Opener, Recipient
from replication.errors import RemoteError
from replication.key_slots import Door, Mailboxes, open_doors, seal_doors
from replication.limits import LABEL_CHARS_MAX
from replication.wire import PersonKey

UNNAMED_MAX: Final = 2048
"""Keys taken from one phone's slots before a record named them: forty years of a key a week."""


class Opened(NamedTuple):
    """What the slots of one box of doors say to one opener."""

    doors: dict[bytes, Door]
    """By the phone whose slot it is; those that say nothing to this opener are left out."""
    faults: dict[bytes, str]
    """By phone: not_opened, other_group, bad_slot, update."""


def opened(
    slots: Mapping[bytes, bytes], opener: Opener, mailbox: bytes, group: bytes | None
) -> Opened:
    """What slots say; `group` is None only where it can't be known yet. Pure; takes any bytes.

    `slots`: the newest blob of each phone that may write there, by its key.
    """
    doors: dict[bytes, Door] = {}
    faults: dict[bytes, str] = {}
    for device, blob in sorted(slots.items()):
        try:
            doors[device] = open_doors(blob, opener, mailbox, device, group)
        except RemoteError as error:
            if error.code != "not_for_us":
                faults[device] = error.code
    return Opened(doors, faults)


def newest_slots(group: Group, entries: Iterable[Entry]) -> dict[bytes, bytes]:
    """The newest blob of each phone among entries of a box.

    Those of phones that are known to be stopped are left out: a relay may still serve what it
    should have let go of. One that is not known here yet was let in by the mailbox's list.
    """
    stopped = {key for key, one in group.roster.devices.items() if one.state != "active"}
    return {
        one.writer: one.blob
        for one in entries
        if one.blob is not None and one.writer not in stopped
    }


# This phone's slot


def own(node: Node, group_id: bytes, place: Place, stands: bytes, now_ms: int) -> Slot | None:
    """The slot that this phone should have in the box; None: the one that stands there is right.

    `stands` is the digest of the newest that the relay acknowledged, b"" for none.
    """
    group = node.group(group_id)
    chosen = chosen_at(group, place)
    if chosen is None or group.device not in relay_access.officers_phones(group.roster):
        return None
    day = day_of(now_ms)
    lesser = relay_access.readers_of(group.roster, "doors", day)
    readers = relay_access.readers_of(group.roster, "log", day) & lesser
    full = [*full_recipients(group), *readers]
    door = Door(
        group.id,
        shown_label(group.name),
        next_number(group, place.mailbox),
        Mailboxes(chosen.log, chosen.doors, chosen.people, chosen.summary),
        epoch_keys.held(group, "summary"),
        epoch_keys.held(group, "ledger"),
    )
    lesser -= readers
    digest = digest_of(door._replace(number=0), full, lesser)
    if digest == stands:
        return None
    seed = random_bytes(ENVELOPE_SEED_BYTES)
    return Slot(seal_doors(door, group.device, full, lesser, seed), digest)


def chosen_at(group: Group, place: Place) -> RelayChosen | None:
    """The group's mailboxes at this relay, as far as it still uses them."""
    found = (one for one in group.replica.relays() if one.relay == place.relay)
    return next((one for one in found if place.mailbox in one[2:]), None)


def full_recipients(group: Group) -> list[Recipient]:
    """Who opens every slot: officers' phones, and every two paper cards."""
    roster = group.roster
    return [*relay_access.officers_phones(roster), *relay_access.card_pairs(roster)]


def next_number(group: Group, mailbox: bytes) -> int:
    """The number of this phone's next slot in a box."""
    known = slot_store.known_slots(group.store.database, group.row.group_no, mailbox)
    return known.get(group.device, NO_SLOT).number + 1


def digest_of(said: Sequence[object], *recipients: Iterable[Recipient]) -> bytes:
    """Hash of what a slot says and to whom, 32 bytes."""
    to = [sorted(b"".join(one) if type(one) is tuple else one for one in some)
          for some in recipients]  # fmt: skip
    return sha256(cbor2.dumps([list(said), to], canonical=True)).digest()


def shown_label(name: str) -> str:
    """A group's name as a slot may hold it: one line of at most 80 characters."""
    return "".join(char for char in name if char.isprintable())[:LABEL_CHARS_MAX]


# The others' slots


def take(node: Node, group_id: bytes, place: Place, entries: Sequence[Entry], now_ms: int) -> Step:
    """Take the keys that this phone lacks out of new entries of the box, and note its slots."""
    group = node.group(group_id)
    slots = newest_slots(group, entries)
    if not slots:
        return Step()
    found = opened(slots, group.replica.keys, place.mailbox, group.id)
    group_no = group.row.group_no
    known = slot_store.known_slots(group.store.database, group_no, place.mailbox)
    named = epoch_keys.lacking(group)
    keys: dict[bytes, PersonKey] = {}
    now: dict[bytes, KnownSlot] = {}
    for device, door in found.doors.items():
        before = known.get(device, NO_SLOT)
        fresh = [one for one in (*door.ledger_keys, *door.summary_keys)
                 if one.key_id not in group.replica.key_box and one.key_id not in keys]  # fmt: skip
        unnamed = [one for one in fresh if one.key_id not in named]
        unnamed = unnamed[: max(UNNAMED_MAX - before.unnamed, 0)]
        taken = [one for one in fresh if one.key_id in named] + unnamed
        keys.update({one.key_id: one for one in taken})
        now[device] = noted(before, door.number)._replace(unnamed=before.unnamed + len(unnamed))
    for device, fault in found.faults.items():
        now[device] = known.get(device, NO_SLOT)._replace(fault=fault)
    return node.take(
        group_id,
        lambda one: one.replica.take_keys(tuple(keys.values())),
        lambda database: slot_store.keep_slots(database, group_no, place.mailbox, now),
    )


def noted(before: KnownSlot, number: int) -> KnownSlot:
    """What is known of a phone's slot after one with this number: an older one is a fault."""
    fault = "old_slot" if number < before.number else ""
    return before._replace(number=max(number, before.number), fault=fault)


def fault_sentences(group: Group, phone: Mapping[bytes, str]) -> list[str]:
    """What is wrong with slots at relays, in words; `phone`: what each device is called."""
    rows = slot_store.faults(group.store.database, group.row.group_no)
    return [
        _SENTENCES.get(code, _SENTENCES["bad_slot"]).format(phone=phone.get(device, "a phone"))
        for _, device, code in rows
    ]


_SENTENCES: Final = {
    "old_slot": "The cloud backup gave out old keys of {phone} in the place of newer ones. Nothing "
    "is lost: keys come from the other phones too. If it happens again, choose another relay.",
    "update": "{phone} backs up with a later version of Mkutano. Update this phone.",
    "other_group": "{phone} put another group's keys into the cloud backup. They were not taken. "
    "Ask its owner, and suspend the phone if nobody knows why.",
    "bad_slot": "What {phone} put into the cloud backup can't be read, and was not taken. Nothing "
    "is lost. If it stays so, meet on one network, and look at that phone.",
}
