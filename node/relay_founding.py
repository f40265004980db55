"""Choosing a relay for a group, and leaving one: its mailboxes are founded, then the group is told.

Each mailbox is founded by a key of its own that signs the first access list and is then let go, so
that nobody can found it otherwise. The lists are kept before the relay gets them; the group hears
of the relay only when all its mailboxes are there. Leaving deletes nothing at the relay: what lies
there is sealed, and its operator's.
"""

from typing import NamedTuple

from node import relay_access
from node.clock import day_of, now_ms, random_bytes
from node.device import Device
from node.errors import CommandRefused
from node.node import Node, Step
from node.relay_address import relay_name
from node.relay_client import RelayClient, call_relay
from node.relay_places import COMPARTMENTS, Compartment, Place
from node.relay_store import Mailbox, RelayStore
from node.relay_view import View
from relay.facts import SignedAccess, access_message, mailbox_id
from replication.control import RelayChosen, encode_record
from replication.identity import SEED_BYTES, DeviceKeys
from replication.limits import RELAYS_MAX


class Looked(NamedTuple):
    """What answers at an address."""

    relay: bytes
    """The relay's Ed25519 key."""
    blob_bytes_max: int
    mailbox_bytes_max: int
    """What it keeps of one mailbox of a group."""


async def look(device: Device, url: str) -> Looked:
    """Ask who answers at an address (`relay_url`). RelayGone, RelayFailed."""
    client = await call_relay(device.http, url, device.node.keys)
    await client.close()
    hello = client.hello
    return Looked(hello.relay, hello.blob_bytes_max, hello.mailbox_bytes_max)


async def add(
    device: Device, group_id: bytes, url: str, relay: bytes, token: str = ""
) -> RelayChosen:
    """Have a group use a relay. CommandRefused, RelayGone, RelayFailed, StoreFailed."""
    await device.thread.run(lambda: _require_new(device.node, group_id, url, relay))
    client = await call_relay(device.http, url, device.node.keys, relay, token)
    try:
        ids = [await _found(device, client, group_id, url, name) for name in COMPARTMENTS]
    finally:
        await client.close()
    log, doors, people, summary = ids
    chosen = RelayChosen(relay, url, log, doors, people, summary, True)
    await device.write(lambda node: _record(node, group_id, chosen))
    return chosen


async def remove(device: Device, group_id: bytes, chosen: RelayChosen) -> None:
    """Have a group use a relay no more. CommandRefused, StoreFailed."""
    await device.write(lambda node: _record(node, group_id, chosen._replace(in_use=False)))


def _require_new(node: Node, group_id: bytes, url: str, relay: bytes) -> None:
    used = node.group(group_id).replica.relays()
    if any(one.relay == relay for one in used):
        raise CommandRefused(
            f"The group uses the cloud backup at {relay_name(url)} already. See: mkutano cloud",
            "relay_known",
        )
    if len(used) >= RELAYS_MAX:
        raise CommandRefused(
            f"A group uses at most {RELAYS_MAX} cloud backups. Leave one first: mkutano cloud "
            "remove",
            "too_many_relays",
        )


async def _found(
    device: Device, client: RelayClient, group_id: bytes, url: str, name: Compartment
) -> bytes:
    """Found one mailbox with a key that is used once; its id."""
    founder = DeviceKeys(random_bytes(SEED_BYTES))
    mailbox = mailbox_id(founder.public)
    place = Place(group_id, client.relay, url, name, mailbox)

    def keep(node: Node) -> SignedAccess:
        access = relay_access.first_access(node.group(group_id), name, day_of(now_ms()))
        signature = founder.sign(access_message(mailbox, access))
        first = SignedAccess(access, ((founder.public, signature),))
        view = View(client.relay, mailbox, founder=founder.public, accesses=(first,))
        store = RelayStore(node.store.database)
        with node.store.database.transaction():
            store.write(place, Mailbox(view, {}))
            store.write_access(view)
        return first

    first = await device.thread.run(lambda: keep(device.node))
    await client.create(founder.public, (first,))
    return mailbox


def _record(node: Node, group_id: bytes, chosen: RelayChosen) -> Step:
    batch = node.batch(group_id, now_ms())
    batch.append_encoded([encode_record(chosen)])
    return batch.commit()
