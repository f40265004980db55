"""What the links ask of the node, all of it on the node thread: who may come in, and how.

A device of the group's roster may connect when it may read or write. Until a phone that has just
joined holds the change that enrols it, it also trusts the devices that it has itself called for
that group: its inviter.
"""

import functools
import hashlib
from typing import NamedTuple

import msgspec

from model.codec import encode
from model.events import OfficerElected, Title
from node.address import Address
from node.clock import random_bytes
from node.desk import numbered
from node.errors import CommandRefused, NodeError
from node.hello import Kind, discovery_key
from node.invitation import (
    SECRET_BYTES,
    Invitation,
    handshake_psk,
    hello_key,
    invitation_key,
)
from node.joining import Join, Joined
from node.node import PERSON_BYTES, Group, Node, Step
from node.store import InvitationRow
from replication.control import DeviceEnrolled, encode_record
from replication.identity import noise_public

INVITATION_ID_BYTES = 8
INVITATIONS_MAX = 32  # open at once; each costs a caller's hello one keyed hash


class Door(NamedTuple):
    """One key under which a hello may be made, and where it leads."""

    kind: Kind
    key: bytes
    group: bytes
    group_name: str
    psk: bytes | None = None
    invitation: InvitationRow | None = None


class Guest(NamedTuple):
    """Whom an invitation is for, as its maker decided."""

    name: str = ""
    title: Title | None = None
    member_number: int = 0
    """0: not a member, or not said."""


def doors(node: Node) -> list[Door]:
    """Every key under which this device answers now."""
    found = []
    for group in node.groups.values():
        found.append(Door("peer", discovery_key(group.id), group.id, group.name))
        for invitation in group.store.invitations(group.row.group_no):
            if invitation.state == "open":
                key = invitation.secret_hash
                psk = handshake_psk(key)
                door = Door("join", hello_key(key), group.id, group.name, psk, invitation)
                found.append(door)
    return found


def trusted(node: Node, group_id: bytes) -> dict[bytes, bytes]:
    """X25519 key → Ed25519 key of each device that may connect for this group."""
    group = node.group(group_id)
    roster = group.roster
    devices = {device for device in roster.devices if roster.may_read(device)}
    if not roster.may_read(node.device):
        devices |= set(group.store.addresses(group.row.group_no))
    devices.discard(node.device)
    return {static: device for device in devices if (static := _noise_public(device))}


def remember(node: Node, group_id: bytes, device: bytes, address: str, now_ms: int) -> None:
    """Note where a device was reached, unless it is known."""
    group = node.group(group_id)
    if group.store.addresses(group.row.group_no).get(device) != address:
        group.store.remember_address(group.row.group_no, device, address, now_ms)


def adopt(node: Node, joined: Joined, inviter: bytes, address: str, now_ms: int) -> None:
    """Make room for the group that an invitation leads to, and trust its inviter for it.

    CommandRefused when the group is here already and does not know that inviter: whoever learned
    a group's id must not come into its books by handing out invitations of their own.
    """
    held = node.groups.get(joined.group)
    inside = held is not None and held.roster.may_read(node.device)
    if held is not None and inside and not held.roster.may_read(inviter):
        raise CommandRefused(
            "This invitation is false: it leads to a group that this phone is in already, and "
            "the phone that made it is not. Don't use it, and tell the officers.",
            "false_invitation",
        )
    node.join(joined.group, joined.name)
    remember(node, joined.group, inviter, address, now_ms)


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


def invite(
    node: Node,
    group_id: bytes,
    right: str,
    guest: Guest,
    addresses: tuple[Address, ...],
    now_ms: int,
) -> tuple[bytes, Invitation]:
    """Make an invitation; its id (for withdrawing it) and what goes into the URI.

    CommandRefused when this phone may not invite, or for a member that there is not.
    """
    group = node.group(group_id)
    if not group.roster.may_enrol(node.device):
        raise CommandRefused(
            "Only the phone that founded the group can invite other phones. Ask its owner.",
            "may_not_invite",
        )
    if guest.member_number:
        numbered(group, guest.member_number)
    open_now = [one for one in invitations(node, group_id) if one.state == "open"]
    if len(open_now) >= INVITATIONS_MAX:
        raise CommandRefused(
            f"{len(open_now)} invitations are still unused. Withdraw some of them first.",
            "too_many_invitations",
        )
    secret = random_bytes(SECRET_BYTES)
    key = invitation_key(secret)
    invitation_id = hashlib.sha256(key).digest()[:INVITATION_ID_BYTES]
    label = msgspec.json.encode(guest).decode()
    group.store.add_invitation(
        group.row.group_no, InvitationRow(invitation_id, key, right, label, now_ms)
    )
    return invitation_id, Invitation(node.device, secret, addresses)


def invitations(node: Node, group_id: bytes) -> list[InvitationRow]:
    """All invitations of a group that this device made, oldest first."""
    group = node.group(group_id)
    return group.store.invitations(group.row.group_no)


def withdraw(node: Node, group_id: bytes, invitation_id: bytes) -> None:
    """Make an open invitation worthless. Raises CommandRefused when it is not open."""
    group = node.group(group_id)
    if not group.store.withdraw_invitation(group.row.group_no, invitation_id):
        raise CommandRefused(
            "There is no unused invitation of that number. See them with: mkutano invite --list",
            "no_such_invitation",
        )


def guest_of(invitation: InvitationRow) -> Guest:
    """Whom a stored invitation is for."""
    return msgspec.json.decode(invitation.label, type=Guest)


def require_open(node: Node, door: Door) -> None:
    """Raise NodeError when the door's invitation was used or withdrawn since it was looked up."""
    for one in invitations(node, door.group):
        if one.state == "open" and one == door.invitation:
            return
    raise NodeError("The invitation was used or withdrawn meanwhile.", "invitation_spent")


def enrol(node: Node, door: Door, join: Join, now_ms: int) -> Step:
    """Enrol the phone that used an invitation, elect its owner if so decided, spend the secret."""
    if door.invitation is None:
        raise AssertionError("only an invitation enrols")
    require_open(node, door)
    group, guest = node.group(door.group), guest_of(door.invitation)
    person = group.roster.person_of(join.device) or random_bytes(PERSON_BYTES)
    enrolled = DeviceEnrolled(join.device, person, door.invitation.right, join.name)
    events = [encode_record(enrolled)]
    if guest.title:
        elected = OfficerElected(guest.title, person, _member_id(group, guest.member_number))
        events.append(encode(elected))
    batch = node.batch(door.group, now_ms)
    batch.append_encoded(events)
    return batch.commit((door.invitation.invitation_id, join.device))


def _member_id(group: Group, number: int) -> bytes:
    for member, page in group.book.members.rows():
        if page.number == number:
            return bytes.fromhex(member)
    return b""


@functools.lru_cache(maxsize=1024)
def _noise_public(device: bytes) -> bytes:
    """The X25519 key of a device; b"" when its key is no curve point."""
    try:
        return noise_public(device)
    except (RuntimeError, TypeError, ValueError):
        return b""
