"""What a device puts into the boxes for keys at a relay: doors for readers, member keys for people.

A *door* tells a reader where a group's other mailboxes are and gives it the epoch keys that it may
have. One slot holds two envelopes: one for those who read the ledger (officers, readers, every two
paper cards), with the keys of both series, and one for those who read summaries only, without the
ledger's. It names no reader: a grant in it would show every reader to every other one. A *people*
slot holds the member keys and the ids of the erased ones, for those who read people.

Rule: keys travel without their ids, which follow from key and place (`sealing.py`, `people.py`). So
whatever somebody puts into a door is an epoch key to those who open it, and a member key to no one;
in a people slot it is the other way round. Before sealing each key is held against its id, so that
no device gives the wrong kind away. A slot is bound to its mailbox, to the device whose slot it is,
and to what it is for; the group stands inside, as who comes with two cards does not know it yet.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from replication.cbor import dumps, load_item
from replication.envelopes import Opener, Recipient, is_recipient, open_envelope, seal_envelope
from replication.errors import LocalError, RemoteError
from replication.limits import (
    BLOB_BYTES_MAX,
    EPOCHS_MAX,
    KEY_BOX_MAX,
    LABEL_CHARS_MAX,
)
from replication.people import key_id_of, tag_key_id
from replication.sealing import MAILBOX_BYTES, epoch_key_id, is_epoch_key
from replication.wire import KEY_BYTES, KEY_ID_BYTES, PersonKey

VERSION: Final = 1
GROUP_BYTES: Final = 32
NUMBER_MAX: Final = 2**53
"""Of a slot: room for a count and for a time in milliseconds."""

Scope = Literal["ledger", "summary"]
"""ledger: the log and the summaries. summary: these alone."""

_PURPOSES: Final[dict[Scope, bytes]] = {
    "ledger": b"mkutano/door/ledger/1",
    "summary": b"mkutano/door/summary/1",
}
_PEOPLE_PURPOSE: Final = b"mkutano/people-slot/1"


class Mailboxes(NamedTuple):
    """The ids of a group's four mailboxes at one relay, 32 bytes each."""

    log: bytes
    doors: bytes
    people: bytes
    summary: bytes


class Door(NamedTuple):
    """What one device of a group tells a reader."""

    group: bytes
    """The group's id, 32 bytes."""
    label: str
    """What the group is called, at most 80 characters, or empty."""
    number: int
    """Rises with every slot of this device: a lower one than before is an old slot served again."""
    mailboxes: Mailboxes
    summary_keys: tuple[PersonKey, ...]
    """Epoch keys of the summaries under their ids, newest last, at most 512."""
    ledger_keys: tuple[PersonKey, ...] = ()
    """Those of the log, likewise; none for who reads summaries only."""
    scope: Scope = "ledger"


class PeopleSlot(NamedTuple):
    """The member keys that one device of a group holds."""

    group: bytes
    number: int
    """Rises with every slot of this device."""
    keys: tuple[PersonKey, ...]
    """Members' keys under their ids, ascending, then the key for contact tags if it is held."""
    erased: tuple[bytes, ...]
    """Ids of keys that this device erased, ascending: its word, and no order to anybody else."""


# Doors


def seal_doors(
    door: Door,
    device: bytes,
    ledger_recipients: Collection[Recipient],
    summary_recipients: Collection[Recipient],
    seed: bytes,
) -> bytes:
    """The slot of `device` in the mailbox `door.mailboxes.doors`, for the two kinds of readers.

    `door` is whole; a key that stands in both series is kept from who reads summaries only.
    `seed` is 32 fresh random bytes. LocalError: bad_slot (something that no door may hold) and
    those of `seal_envelope`.
    """
    mailbox = door.mailboxes.doors
    context = _context(_PURPOSES["ledger"], mailbox, device)
    ledger = seal_envelope(_door_plain(door), ledger_recipients, context, seed)
    summary = b""
    if any(map(is_recipient, summary_recipients)):
        of_ledger = set(door.ledger_keys)
        own_keys = tuple(key for key in door.summary_keys if key not in of_ledger)
        lesser = door._replace(ledger_keys=(), summary_keys=own_keys)
        context = _context(_PURPOSES["summary"], mailbox, device)
        summary = seal_envelope(_door_plain(lesser), summary_recipients, context, seed)
    slot = dumps([VERSION, ledger, summary])
    if len(slot) > BLOB_BYTES_MAX:
        raise LocalError("too_large", "there are too many readers for one slot at the relay")
    return slot


def open_doors(
    slot: bytes, opener: Opener, mailbox: bytes, device: bytes, group: bytes | None = None
) -> Door:
    """What the slot of `device` in this mailbox of doors tells this opener; takes any bytes.

    Without `group`, for who can't know it yet, the door is that of whatever group it names: what
    lies behind it must prove to be that group's. RemoteError: not_for_us, not_opened (damage, or
    the slot of another device or mailbox), other_group, bad_slot, update.
    """
    for scope, envelope in _envelopes(slot).items():
        context = _context(_PURPOSES[scope], mailbox, device)
        try:
            plain = open_envelope(envelope, opener, context)
        except RemoteError as error:
            if error.code != "not_for_us":
                raise
        else:
            return _read_door(plain, scope, mailbox, group)
    raise RemoteError("not_for_us", "nothing in this slot is for this device")


def _envelopes(slot: bytes) -> dict[Scope, bytes]:
    """The envelopes of a slot; there is none for a scope that nobody has."""
    if len(slot) > BLOB_BYTES_MAX:
        raise RemoteError("bad_slot", "a slot is too long")
    match _fields(slot):
        case [bytes(ledger), b""]:
            return {"ledger": ledger}
        case [bytes(ledger), bytes(summary)]:
            return {"ledger": ledger, "summary": summary}
    raise RemoteError("bad_slot", "a slot of doors is two envelopes")


def _door_plain(door: Door) -> bytes:
    if not _is_numbered(door.group, door.number):
        raise LocalError("bad_slot", "a slot has a group and a number")
    if any(len(mailbox) != MAILBOX_BYTES for mailbox in door.mailboxes):
        raise ValueError("a mailbox's id is 32 bytes")
    if len(door.label) > LABEL_CHARS_MAX or not door.label.isprintable():
        raise LocalError("bad_slot", "a group's name has at most 80 characters on one line")
    for keys in (door.ledger_keys, door.summary_keys):
        if not all(is_epoch_key(*key) for key in keys) or len(set(keys)) != len(keys):
            raise LocalError("bad_slot", "a door holds different epoch keys, and no others")
        if len(keys) > EPOCHS_MAX:
            raise LocalError("bad_slot", f"a door holds at most {EPOCHS_MAX} keys of a series")
    log, _doors, people, summary = door.mailboxes
    series = (_joined(door.ledger_keys), _joined(door.summary_keys))
    return dumps([VERSION, door.group, door.label, door.number, [log, people, summary], *series])


def _read_door(plain: bytes, scope: Scope, doors: bytes, group: bytes | None) -> Door:
    match _fields(plain):
        case [bytes(named), str(label), int(number), [*ids], ledger_keys, summary_keys]:
            mailboxes = _read_mailboxes(ids, doors)
        case _:
            raise RemoteError("bad_slot", "a door has other fields")
    _check_named(number, named, group)
    if len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise RemoteError("bad_slot", "a door gives the group no name that can be shown")
    ledger = _epoch_keys(ledger_keys)
    if ledger and scope == "summary":
        raise RemoteError("bad_slot", "a door for summaries holds keys of the ledger")
    return Door(named, label, number, mailboxes, _epoch_keys(summary_keys), ledger, scope)


def _read_mailboxes(ids: list[object], doors: bytes) -> Mailboxes:
    """The mailboxes of a door; where the doors are is known by who opens one."""
    match ids:
        case [bytes(log), bytes(people), bytes(summary)]:
            mailboxes = Mailboxes(log, doors, people, summary)
            if all(len(mailbox) == MAILBOX_BYTES for mailbox in mailboxes):
                return mailboxes
    raise RemoteError("bad_slot", "a door names three more mailboxes")


def _epoch_keys(joined: object) -> tuple[PersonKey, ...]:
    keys = _split(joined, KEY_BYTES, EPOCHS_MAX)
    if len(set(keys)) != len(keys):
        raise RemoteError("bad_slot", "a key stands twice in a door")
    return tuple(PersonKey(epoch_key_id(key), key) for key in keys)


# People


def people_slot(group: bytes, number: int, key_box: Mapping[bytes, bytes]) -> PeopleSlot:
    """All member keys of a key box, and the ids of its erased keys; epoch keys stay out of it."""
    tag_id = tag_key_id(group)
    held = [PersonKey(key_id, key) for key_id, key in sorted(key_box.items()) if key]
    members = [key for key in held if key.key_id == key_id_of(key.key)]
    tags = [key for key in held if key.key_id == tag_id]
    erased = tuple(sorted(key_id for key_id, key in key_box.items() if not key))
    return PeopleSlot(group, number, (*members, *tags), erased)


def seal_people(
    slot: PeopleSlot, mailbox: bytes, device: bytes, recipients: Collection[Recipient], seed: bytes
) -> bytes:
    """The slot of `device` in this mailbox of people; `seed` is 32 fresh random bytes.

    LocalError: bad_slot (something that no people slot may hold, or more than `KEY_BOX_MAX` keys
    and ids), and those of `seal_envelope`.
    """
    context = _context(_PEOPLE_PURPOSE, mailbox, device)
    return seal_envelope(_people_plain(slot), recipients, context, seed)


def open_people(
    slot: bytes, opener: Opener, mailbox: bytes, device: bytes, group: bytes
) -> PeopleSlot:
    """What the slot of `device` in this mailbox of people tells this opener; takes any bytes.

    RemoteError: not_for_us, not_opened, other_group, bad_slot, update, as for doors.
    """
    plain = open_envelope(slot, opener, _context(_PEOPLE_PURPOSE, mailbox, device))
    match _fields(plain):
        case [bytes(named), int(number), member_keys, tag_keys, erased]:
            _check_named(number, named, group)
            members = _split(member_keys, KEY_BYTES, KEY_BOX_MAX)
            tags = _split(tag_keys, KEY_BYTES, 1)
            erased_ids = tuple(_split(erased, KEY_ID_BYTES, KEY_BOX_MAX))
        case _:
            raise RemoteError("bad_slot", "a slot of member keys has other fields")
    keys = [PersonKey(key_id_of(key), key) for key in members]
    keys += [PersonKey(tag_key_id(group), key) for key in tags]
    content = PeopleSlot(group, number, tuple(keys), erased_ids)
    if _parted(content) is None:
        raise RemoteError("bad_slot", "a slot of member keys is not in its one form")
    return content


def _people_plain(slot: PeopleSlot) -> bytes:
    parted = _parted(slot)
    if parted is None or not _is_numbered(slot.group, slot.number):
        raise LocalError("bad_slot", "a people slot holds member keys in order, not too many")
    members, tags = parted
    fields = (slot.group, slot.number, _joined(members), _joined(tags), b"".join(slot.erased))
    return dumps([VERSION, *fields])


def _parted(slot: PeopleSlot) -> tuple[list[PersonKey], list[PersonKey]] | None:
    """Its members' keys and the key for contact tags; None unless it is in its one form."""
    tag_id = tag_key_id(slot.group)
    members = [key for key in slot.keys if key.key_id == key_id_of(key.key)]
    tags = [key for key in slot.keys if key.key_id == tag_id]
    ids = [key.key_id for key in members]
    in_form = (
        slot.keys == (*members, *tags)
        and len(tags) <= 1
        and len(members) + len(slot.erased) <= KEY_BOX_MAX
        and all(len(key.key) == KEY_BYTES for key in slot.keys)
        and all(len(key_id) == KEY_ID_BYTES for key_id in slot.erased)
        and _is_rising(ids)
        and _is_rising(slot.erased)
        and set(slot.erased).isdisjoint([*ids, *(key.key_id for key in tags)])
    )
    return (members, tags) if in_form else None


# What both have in common


def _context(purpose: bytes, mailbox: bytes, device: bytes) -> bytes:
    if len(mailbox) != MAILBOX_BYTES or len(device) != KEY_BYTES:
        raise ValueError("a slot is one device's, in one mailbox; both names are 32 bytes")
    return purpose + mailbox + device


def _fields(data: bytes) -> list[object]:
    """What follows the version in a canonical array of version 1."""
    try:
        value = load_item(data)
    except RemoteError as error:
        raise RemoteError("bad_slot", error.detail) from error
    match value:
        case [int(version), *fields] if version == VERSION and type(version) is int:
            return fields
        case [int(version), *_] if version > VERSION:
            raise RemoteError("update", "a later version of Mkutano made this: update this phone")
    raise RemoteError("bad_slot", "a slot begins with its version")


def _is_numbered(group: bytes, number: int) -> bool:
    return len(group) == GROUP_BYTES and type(number) is int and 0 <= number <= NUMBER_MAX


def _check_named(number: int, named: bytes, group: bytes | None) -> None:
    """RemoteError unless a slot has a number and names the group that it should."""
    if not _is_numbered(named, number):
        raise RemoteError("bad_slot", "a slot has a group and a number")
    if group not in (None, named):
        raise RemoteError("other_group", "this slot is another group's")


def _joined(keys: Iterable[PersonKey]) -> bytes:
    return b"".join(key.key for key in keys)


def _split(joined: object, length: int, count_max: int) -> list[bytes]:
    """Strings of this length out of one; RemoteError when they are too many or don't come out."""
    if type(joined) is not bytes or len(joined) % length or len(joined) > length * count_max:
        raise RemoteError("bad_slot", "a slot holds too many keys, or pieces of keys")
    return [joined[at : at + length] for at in range(0, len(joined), length)]


def _is_rising(items: Sequence[bytes]) -> bool:
    return all(one < other for one, other in pairwise(items))
