"""`mkutano run` as a reader: one connection to each followed relay, for all groups there.

What a relay tells unasked is taken at once; every ten minutes it is asked anew whether somebody
else lets this device read. A connection that is lost is made again with growing pauses.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from node.clock import now_ms
from node.device import Device
from node.errors import NodeError
from node.following import Following, Looked
from node.following_store import FollowedRelay, FollowingStore
from node.links import backoff_s
from node.relay_address import relay_name
from node.relay_client import RelayClient, call_relay

LOOK_S: Final = 600.0
"""How often a relay is asked for what nobody told: new groups."""
RECHECK_S: Final = 60.0
"""How soon a relay is found that another program of this device began to follow."""

Say = Callable[[str], None]


async def keep_following(device: Device, say: Say) -> None:
    """Follow every relay until cancelled."""
    calls: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            device.following_changed.clear()
            wanted = {one.url for one in await device.thread.run(_relays, device)}
            for url in calls.keys() - wanted:
                calls.pop(url).cancel()
            for url in wanted:
                if url not in calls or calls[url].done():
                    calls[url] = asyncio.create_task(_keep(device, url, say))
            try:
                async with asyncio.timeout(RECHECK_S):
                    await device.following_changed.wait()
            except TimeoutError:
                continue
    finally:
        for call in calls.values():
            call.cancel()
        await asyncio.gather(*calls.values(), return_exceptions=True)


def _relays(device: Device) -> list[FollowedRelay]:
    try:
        return FollowingStore(device.node.store.database).relays()
    except NodeError:  # the ledger can't be read for now: the next look tries again
        return []


async def _keep(device: Device, url: str, say: Say) -> None:
    failures = 0
    while True:
        try:
            async with Visit(device, url) as visit:
                await visit.look()
                failures = 0
                tell(visit.found, url, say)
                await _stay(visit, say)
        except NodeError as error:
            await device.thread.run(note_relay, device, url, error.sentence)
        failures += 1
        await asyncio.sleep(backoff_s(failures))


async def _stay(visit: "Visit", say: Say) -> None:
    """Take what comes, until the connection ends."""
    client = visit.client
    while not client.over.is_set():
        only: frozenset[bytes] | None = None
        client.heard.clear()
        if not client.told_of:
            try:
                async with asyncio.timeout(LOOK_S):
                    await client.heard.wait()
            except TimeoutError:
                await visit.look()
                tell(visit.found, visit.url, say)
                continue
        only = client.told_of
        if only:
            await visit.look(only)
            tell(visit.found, visit.url, say)
            for mailbox in client.told_of & only:  # of mailboxes that are followed no more
                client.take_news(mailbox)
                client.take_closed(mailbox)


class Visit:
    """A connection to a followed relay, closed at its end."""

    def __init__(self, device: Device, url: str) -> None:
        self.url = url
        self.found = Looked()
        self._device = device
        self._following: Following | None = None

    @property
    def client(self) -> RelayClient:
        """The connection."""
        if self._following is None:
            raise AssertionError("a visit is used while it lasts")
        return self._following.client

    async def __aenter__(self) -> "Visit":
        device, url = self._device, self.url
        known = await device.thread.run(_find, device, url)
        client = await call_relay(device.http, url, device.node.keys, known.relay if known else b"")
        self._following = Following(device, client, url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def look(self, only: frozenset[bytes] | None = None) -> Looked:
        """Take what is new. RelayGone, NodeError."""
        if self._following is None:
            raise AssertionError("a visit is used while it lasts")
        self.found = await self._following.look(only)
        await self._device.thread.run(note_relay, self._device, self.url, "", self.client.relay)
        return self.found


def _find(device: Device, url: str) -> FollowedRelay | None:
    rows = FollowingStore(device.node.store.database).relays()
    return next((one for one in rows if one.url == url), None)


def note_relay(device: Device, url: str, fault: str, relay: bytes = b"") -> None:
    """Keep how the last look at a relay ended, if it is still followed."""
    known = _find(device, url)
    if known is not None:
        heard_ms = known.heard_ms if fault else now_ms()
        row = known._replace(relay=known.relay or relay, heard_ms=heard_ms, fault=fault)
        FollowingStore(device.node.store.database).keep_relay(row)


def tell(found: Looked, url: str, say: Say) -> None:
    """What a look brought, in lines for people; nothing for nothing."""
    where = relay_name(url)
    for name in found.fresh:
        say(f"{name} lets this device read now ({where}).")
    for name in found.ended:
        say(f"{name} lets this device read no more ({where}). What was read stays here.")
    for name in found.double:
        say(f"! More than one backup says that it is {name} ({where}). See: mkutano following")
    if found.summaries:
        count = found.summaries
        say(f"{count} signed summar{'y' if count == 1 else 'ies'} of meetings came ({where}).")
    for sentence in dict.fromkeys(found.wrong):
        say(f"! {where}: {sentence}")
