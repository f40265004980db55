"""What can be asked of a device that needs its network: pairing, syncing, who is linked.

Each takes the device and a typed request, and answers with values that become JSON. The CLI opens
a device for one of them, or asks the running one through its local API. Inviting and joining are
in node/pairing_exchanges.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from node import card_exchanges, cloud_exchanges, follow_exchanges, lock_exchanges
from node.address import Address, parse_address
from node.answers import GroupRequest, choose_group
from node.clock import monotonic_ms
from node.device import Device
from node.moves import moved, traffic
from node.pairing_exchanges import (
    AnswerRequest,
    InviteRequest,
    JoinRequest,
    PairingsRequest,
    WithdrawRequest,
    answer,
    join,
    list_invitations,
    make_invitation,
    pairings,
    withdraw_invitation,
)

__all__ = [
    "EXCHANGES",
    "Exchange",
    "InviteRequest",
    "JoinRequest",
    "LinksRequest",
    "SyncRequest",
    "join",
    "links",
    "make_invitation",
    "sync",
]


class Exchange(NamedTuple):
    """One thing that can be asked of a device with its network."""

    summary: str
    request: type[msgspec.Struct]
    run: Callable[[Device, Any], Awaitable[Mapping[str, Any]]]


class SyncRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exchange what is new with one other phone, now."""

    address: Annotated[str, Meta(max_length=300)]
    """HOST:PORT, as the other phone shows it."""


class LinksRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is connected now, and what was refused lately."""


async def sync(device: Device, asked: SyncRequest) -> Mapping[str, Any]:
    """One exchange."""
    address: Address = parse_address(asked.address)
    group = await device.thread.run(lambda: choose_group(device.node, asked.group).id)
    started_ms = monotonic_ms()
    link = await device.exchange(group, address)
    return await moved(device, link, started_ms)


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
                **traffic(link),
            }
            for link in device.links.all()
        ],
        "refused": [refusal._asdict() for refusal in device.links.refusals],
    }


EXCHANGES: Final[dict[str, Exchange]] = {
    "invite": Exchange("Invite one phone, once", InviteRequest, make_invitation),
    "invitations": Exchange("The invitations made here", GroupRequest, list_invitations),
    "withdraw": Exchange("Withdraw an invitation", WithdrawRequest, withdraw_invitation),
    "join": Exchange("Use an invitation, or compare numbers", JoinRequest, join),
    "pairings": Exchange("What phones that come in wait for", PairingsRequest, pairings),
    "answer": Exchange("Answer what a pairing asks", AnswerRequest, answer),
    "sync": Exchange("Exchange what is new with one phone", SyncRequest, sync),
    "links": Exchange("Who is connected", LinksRequest, links),
    "cloud-look": Exchange(
        "Which relay answers at an address", cloud_exchanges.CloudLookRequest, cloud_exchanges.look
    ),
    "cloud-add": Exchange(
        "Back up at a relay", cloud_exchanges.CloudAddRequest, cloud_exchanges.add
    ),
    "cloud-sync": Exchange(
        "Exchange with relays now", cloud_exchanges.CloudSyncRequest, cloud_exchanges.sync
    ),
    "cloud-check": Exchange(
        "Read a backup back and compare", cloud_exchanges.CloudRequest, cloud_exchanges.check
    ),
    "cloud-compact": Exchange(
        "Put a short copy of everything at a relay",
        cloud_exchanges.CloudRequest,
        cloud_exchanges.compact,
    ),
    "cloud-remove": Exchange(
        "Back up at a relay no more", cloud_exchanges.CloudRequest, cloud_exchanges.remove
    ),
    "follow": Exchange(
        "Look at relays as a reader", follow_exchanges.FollowRequest, follow_exchanges.follow
    ),
    "restore": Exchange(
        "Restore the officers by two paper cards",
        card_exchanges.RestoreRequest,
        card_exchanges.restore,
    ),
    "unlock": Exchange(
        "Open a phone with a PIN", lock_exchanges.UnlockRequest, lock_exchanges.unlock
    ),
    "lock": Exchange("Stop, and forget the key", lock_exchanges.LockRequest, lock_exchanges.lock),
    "session": Exchange(
        "How long it stays unlocked", lock_exchanges.SessionRequest, lock_exchanges.session
    ),
}
