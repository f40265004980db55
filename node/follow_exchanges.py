"""Looking at relays for what this device was given to read: the part that needs the network.

What is read already is told by following_views.py. Answers become JSON.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from node.clock import now_ms
from node.device import Device
from node.errors import CommandRefused, NodeError
from node.following import Looked
from node.following_links import Visit, note_relay
from node.following_store import FollowedRelay, FollowingStore
from node.node import Node
from node.relay_address import relay_name, relay_url
from node.relay_places import Place
from node.relay_reading import begin_anew
from relay.facts import key_number


class FollowRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Look at a relay for what this device was given; from then on again and again."""

    url: Annotated[str, Meta(max_length=200)] = ""
    """Its address, as its operator gave it; empty: look at all that are followed, now."""


async def follow(device: Device, asked: FollowRequest) -> Mapping[str, Any]:
    """Look at one relay, and keep it, or at all that are followed."""
    if asked.url:
        url = relay_url(asked.url)
        await device.thread.run(_begin, device.node, url)
        try:
            looked = [await _look(device, url)]
        except NodeError:
            await device.thread.run(_forget_unreached, device.node, url)
            raise
    else:
        urls = await device.thread.run(_urls, device.node)
        if not urls:
            raise CommandRefused(
                "This device follows no relay yet. Begin with: mkutano follow ADDRESS", "no_relay"
            )
        looked = [await _look_gently(device, url) for url in urls]
    device.following_changed.set()
    return {"relays": looked}


def _begin(node: Node, url: str) -> None:
    store = FollowingStore(node.store.database)
    known = next((one for one in store.relays() if one.url == url), None)
    if known is None:
        store.keep_relay(FollowedRelay(url, b"", now_ms()))
    for row in store.rows(known.relay) if known is not None and known.relay else ():
        if row.state == "left":  # what was let go of is read again
            store.save(row._replace(state="active"))
            claim = row.claim
            begin_anew(node, Place(claim.group, row.relay, url, "summary", claim.summary))


def _forget_unreached(node: Node, url: str) -> None:
    """A relay that never answered is not followed: its address may be a slip of the pen."""
    store = FollowingStore(node.store.database)
    if any(one.url == url and not one.relay for one in store.relays()):
        store.drop_relay(url)


def _urls(node: Node) -> list[str]:
    return [one.url for one in FollowingStore(node.store.database).relays()]


async def _look(device: Device, url: str) -> dict[str, Any]:
    async with Visit(device, url) as visit:
        return _told(url, visit.client.relay, await visit.look())


async def _look_gently(device: Device, url: str) -> dict[str, Any]:
    """One relay that can't be reached does not keep the others from being looked at."""
    try:
        return await _look(device, url)
    except NodeError as error:
        await device.thread.run(note_relay, device, url, error.sentence)
        return {**_told(url, b"", Looked()), "fault": error.sentence}


def _told(url: str, relay: bytes, found: Looked) -> dict[str, Any]:
    return {
        "url": url,
        "name": relay_name(url),
        "number": key_number(relay) if relay else "",
        **{key: list(value) if isinstance(value, tuple) else value
           for key, value in found._asdict().items()},
        "fault": "",
    }  # fmt: skip
