"""What can be asked of a device that needs its network: inviting, joining, syncing, who is linked.

Each takes the device and a typed request, and answers with values that become JSON. The CLI opens
a device for one of them, or asks the running one through its local API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from model.events import Title
from node.address import Address, parse_address
from node.answers import GroupRequest, choose_group
from node.clock import monotonic_ms, now_ms
from node.device import Device
from node.doors import (
    Guest,
    guest_of,
    invitations,
    invite,
    joined_by,
    shared_with,
    withdraw,
)
from node.errors import CommandRefused
from node.invitation import format_invitation, parse_invitation
from node.peer_link import PeerLink
from node.secure_socket import PeerGone, Refused
from node.store import InvitationRow

ADDRESSES_IN_INVITATION_MAX: Final = 4  # more make the QR code hard to scan
NEARBY_TRIED_MAX: Final = 16  # each may take its time: a flooded network must not take the evening


class Exchange(NamedTuple):
    """One thing that can be asked of a device with its network."""

    summary: str
    request: type[msgspec.Struct]
    run: Callable[[Device, Any], Awaitable[Mapping[str, Any]]]


class InviteRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Invite one phone, once."""

    right: Literal["read", "write"] = "write"
    """read: sees the books; write: an officer's phone, records too."""
    name: Annotated[str, Meta(max_length=80)] = ""
    """Whom it is for, as a note to yourself."""
    title: Title | None = None
    """The office that its owner holds from then on."""
    member: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Member number of its owner; 0 when not a member."""
    addresses: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Where this phone is reached, HOST:PORT; by default where it listens now."""


class WithdrawRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Make an unused invitation worthless."""

    invitation: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    """Its number, as `invitations` shows it."""


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Use an invitation."""

    invitation: Annotated[str, Meta(max_length=4096)]
    """The whole MKUTANO line."""
    addresses: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Addresses to try before those in the invitation."""


class SyncRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exchange what is new with one other phone, now."""

    address: Annotated[str, Meta(max_length=300)]
    """HOST:PORT, as the other phone shows it."""


class LinksRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is connected now, and what was refused lately."""


async def make_invitation(device: Device, asked: InviteRequest) -> Mapping[str, Any]:
    """A fresh invitation, good for one phone."""
    addresses = tuple(parse_address(text) for text in asked.addresses) or device.listening
    addresses = addresses[:ADDRESSES_IN_INVITATION_MAX]
    guest = Guest(asked.name, asked.title, asked.member)

    def work() -> tuple[bytes, str, str]:
        group = choose_group(device.node, asked.group)
        number, invitation = invite(device.node, group.id, asked.right, guest, addresses, now_ms())
        return number, group.name, format_invitation(invitation)

    number, name, uri = await device.thread.run(work)
    return {
        "uri": uri,
        "invitation": number.hex(),
        "group_name": name,
        "right": asked.right,
        "title": guest.title or "",
        "addresses": [str(address) for address in addresses],
    }


async def list_invitations(device: Device, asked: GroupRequest) -> Mapping[str, Any]:
    """The invitations that this phone has made."""

    def work() -> list[InvitationRow]:
        group = choose_group(device.node, asked.group)
        return invitations(device.node, group.id)

    return {"invitations": [_shown(row) for row in await device.thread.run(work)]}


async def withdraw_invitation(device: Device, asked: WithdrawRequest) -> Mapping[str, Any]:
    """Withdraw one."""

    def work() -> None:
        group = choose_group(device.node, asked.group)
        withdraw(device.node, group.id, bytes.fromhex(asked.invitation))

    await device.thread.run(work)
    return {"invitation": asked.invitation, "state": "withdrawn"}


async def join(device: Device, asked: JoinRequest) -> Mapping[str, Any]:
    """Become a device of the group and fetch its books."""
    invitation = parse_invitation(asked.invitation)
    typed = tuple(parse_address(text) for text in asked.addresses)
    if invitation.device == device.node.device:
        raise CommandRefused(
            "This invitation was made on this very phone. Use it on the phone that you invite.",
            "own_invitation",
        )
    addresses = tuple(dict.fromkeys((*typed, *invitation.addresses)))
    found = device.lan.everyone() if device.lan is not None else []
    nearby = tuple(address for address in found if address not in addresses)[:NEARBY_TRIED_MAX]
    started_ms = monotonic_ms()
    try:
        link = await device.join(invitation, addresses, nearby)
    except (PeerGone, Refused) as refusal:
        begun = await device.thread.run(joined_by, device.node, invitation.device)
        if begun is None:
            raise await device.thread.run(_in_already, device, invitation.device, refusal) from None
        try:  # used here before, and then cut off
            link = await device.exchange_anywhere(begun, (*addresses, *nearby))
        except (PeerGone, Refused):
            raise refusal from None
    return await _moved(device, link, started_ms)


def _in_already(device: Device, inviter: bytes, refusal: PeerGone | Refused) -> PeerGone | Refused:
    """The refusal; for a phone that is in the inviter's group, that it needs no invitation."""
    names = " and ".join(group.name for group in shared_with(device.node, inviter))
    if not names or refusal.code != "invitation_refused":
        return refusal
    return Refused(
        f"This phone is in {names} already. The invitation was used already and is not needed any "
        "more: exchange what is new with “mkutano sync ADDRESS”. If it was for another group, ask "
        "the officer for a new one.",
        "joined_already",
    )


async def sync(device: Device, asked: SyncRequest) -> Mapping[str, Any]:
    """One exchange."""
    address: Address = parse_address(asked.address)
    group = await device.thread.run(lambda: choose_group(device.node, asked.group).id)
    started_ms = monotonic_ms()
    link = await device.exchange(group, address)
    return await _moved(device, link, started_ms)


async def links(device: Device, asked: LinksRequest) -> Mapping[str, Any]:
    """Who is connected."""
    await asyncio.sleep(0)
    return {
        "listening": [str(address) for address in device.listening],
        "links": [
            {
                "group": link.group.hex(),
                "device": link.device.hex(),
                "called_by_us": link.initiator,
                **_traffic(link),
            }
            for link in device.links.all()
        ],
        "refused": [refusal._asdict() for refusal in device.links.refusals],
    }


async def _moved(device: Device, link: PeerLink, started_ms: float) -> Mapping[str, Any]:
    """What an exchange moved."""
    group = await device.thread.run(device.node.group, link.group)
    return {
        "group": link.group.hex(),
        "group_name": await device.thread.run(lambda: group.name),
        "device": link.device.hex(),
        **_traffic(link),
        "milliseconds": round(monotonic_ms() - started_ms),
    }


def _traffic(link: PeerLink) -> dict[str, int]:
    return {
        "changes_received": link.traffic.received_changes,
        "changes_sent": link.traffic.sent_changes,
        "bytes_received": link.bytes_in,
        "bytes_sent": link.bytes_out,
    }


def _shown(row: InvitationRow) -> dict[str, Any]:
    guest = guest_of(row)
    return {
        "invitation": row.invitation_id.hex(),
        "state": row.state,
        "right": row.right,
        "name": guest.name,
        "title": guest.title or "",
        "member": guest.member_number,
        "made_ms": row.made_ms,
        "used_by": row.used_by.hex(),
    }


EXCHANGES: Final[dict[str, Exchange]] = {
    "invite": Exchange("Invite one phone, once", InviteRequest, make_invitation),
    "invitations": Exchange("The invitations made here", GroupRequest, list_invitations),
    "withdraw": Exchange("Withdraw an invitation", WithdrawRequest, withdraw_invitation),
    "join": Exchange("Use an invitation", JoinRequest, join),
    "sync": Exchange("Exchange what is new with one phone", SyncRequest, sync),
    "links": Exchange("Who is connected", LinksRequest, links),
}
