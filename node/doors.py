"""What the links ask of the node, all of it on the node thread: who may come in, and where to.

A device of the group's roster may connect when it may read or write, or once might: one that was
stopped still delivers what it wrote, and the session gives it nothing. Until a phone that has just
joined holds the change that enrols it, it also trusts the devices that it has itself called for
that group: its inviter. Each door leads to one group; no key of one opens another. A reader whose
last day has passed, by this device's own date, is given nothing more and told so.
"""

import functools
from typing import NamedTuple

from node.errors import CommandRefused, NodeError
from node.hello import (
    NUMBERS_KEY,
    Hello,
    Kind,
    cards_key,
    cards_psk,
    discovery_key,
    find_key,
)
from node.invitation import handshake_psk, hello_key
from node.invitation_store import InvitationRow
from node.invitations import current, note_call
from node.joining import Joined
from node.node import Group, Node
from node.reader_words import is_over
from replication.cards import pair_keys
from replication.identity import noise_public


class Door(NamedTuple):
    """One key under which a hello may be made, and where it leads."""

    kind: Kind
    key: bytes
    group: bytes
    psk: bytes | None = None
    invitation: InvitationRow | None = None


def doors(node: Node, now_ms: int) -> list[Door]:
    """Every key under which this device answers now."""
    found = []
    for group in node.groups.values():
        found.append(Door("peer", discovery_key(group.id), group.id))
        for pair in pair_keys(group.roster.cards):
            found.append(Door("cards", cards_key(pair), group.id, cards_psk(pair)))
        for invitation in current(group, now_ms):
            if invitation.state == "open":
                found.append(_door(group.id, invitation))
    return found


def _door(group: bytes, invitation: InvitationRow) -> Door:
    if invitation.way == "numbers":
        return Door("compare", NUMBERS_KEY, group, None, invitation)
    key = invitation.secret_hash
    return Door("join", hello_key(key), group, handshake_psk(key), invitation)


def door_for(node: Node, hello: Hello, now_ms: int) -> Door | None:
    """Where a hello leads; None for one that must not be answered.

    A hello with an invitation is remembered before it is answered: it is good for one handshake.
    """
    candidates = [door for door in doors(node, now_ms) if door.kind == hello.kind]
    position = find_key(hello, [candidate.key for candidate in candidates])
    if position is None:
        return None
    door = candidates[position]
    if door.invitation is None or note_call(node.group(door.group), door.invitation, hello):
        return door
    return None


def trusted(node: Node, group_id: bytes, day: str) -> dict[bytes, bytes]:
    """X25519 key → Ed25519 key of each device that may connect for this group on an ISO day."""
    group = node.group(group_id)
    roster = group.roster
    devices = {
        device
        for device, known in roster.devices.items()
        if roster.may_deliver(device) and not is_over(known, day)
    }
    if not roster.may_read(node.device):
        devices |= set(group.store.addresses(group.row.group_no))
    devices.discard(node.device)
    return {static: device for device in devices if (static := channel_key(device))}


def grant_is_over(node: Node, group_id: bytes, device: bytes, day: str) -> bool:
    """Whether a device was a reader of this group until a day before this one."""
    try:
        known = node.group(group_id).roster.devices.get(device)
    except NodeError:
        return False  # what can't be read gives nobody anything
    return known is not None and is_over(known, day)


def remember(node: Node, group_id: bytes, device: bytes, address: str, now_ms: int) -> None:
    """Note where a device was reached, unless it is known."""
    group = node.group(group_id)
    if group.store.addresses(group.row.group_no).get(device) != address:
        group.store.remember_address(group.row.group_no, device, address, now_ms)


def adopt(node: Node, joined: Joined, label: str, address: str, now_ms: int) -> None:
    """Make room for the group that an invitation leads to, and trust its inviter for it.

    CommandRefused when the group is here already and does not know that inviter: whoever learned
    a group's id must not come into its books by handing out invitations of their own.
    """
    held = node.groups.get(joined.group)
    inside = held is not None and node.device in held.roster.devices
    if held is not None and inside and not held.roster.may_read(joined.inviter):
        raise CommandRefused(
            "This invitation is false: it leads to a group that this phone is in already, and "
            "the phone that made it is not. Don't use it, and tell the officers.",
            "false_invitation",
        )
    node.join(joined.group, label)
    remember(node, joined.group, joined.inviter, address, now_ms)


def joined_by(node: Node, inviter: bytes) -> bytes | None:
    """The group that this phone began to join through an inviter and has not yet received."""
    for group in node.groups.values():
        called = inviter in group.store.addresses(group.row.group_no)
        if called and not group.roster.may_read(node.device):
            return group.id
    return None


def shared_with(node: Node, inviter: bytes) -> list[Group]:
    """The groups whose books this phone has received and that an inviter's phone is in."""
    return [
        group
        for group in node.groups.values()
        if group.roster.may_read(node.device) and group.roster.may_read(inviter)
    ]


@functools.lru_cache(maxsize=1024)
def channel_key(device: bytes) -> bytes:
    """The X25519 key of a device; b"" when its key is no curve point."""
    try:
        return noise_public(device)
    except (RuntimeError, TypeError, ValueError):
        return b""
