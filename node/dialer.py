"""Keeps calling the group's other phones: found on the LAN, remembered, or typed by a person.

One call at a time an address, with growing pauses while nobody answers; a device that is linked
already is not called. A phone may announce several addresses, of which some lead nowhere from here
(that of its mobile data, say): they are tried in turn. Of two phones that see each other on a LAN
the one with the smaller random name calls first and the other waits a little, so that they seldom
call at once (if they do, `Links` keeps one link).
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

import aiohttp

from node.address import Address, AddressError, parse_address
from node.errors import NodeError
from node.lan import Lan
from node.links import Links, backoff_s
from node.node import Node
from node.node_thread import NodeThread
from node.peer_link import PeerLink

GRACE_S: Final = 0.5  # how long the phone with the larger name leaves the first call to the other
TARGETS_MAX: Final = 256
PAUSE_S_MIN: Final = 1.0  # between two calls of one address, whatever the network announces
ROUND_S_MIN: Final = 0.5  # between two looks at what to call: a network may announce without end
CANT_STORE: Final = frozenset({"restarted", "storage_full", "store_failed"})
"""Why a link ends at a phone whose ledger takes nothing: this one's fault, or of a step beside."""
RECHECK_S: Final = 30.0  # addresses change rarely; events wake the dialler before that

log = logging.getLogger("mkutano.dialer")


class Target(NamedTuple):
    """One address to call for one group."""

    group: bytes
    address: Address


class Dialer:
    """Calls every known address of every group until `run` is cancelled."""

    def __init__(
        self,
        node: Node,
        thread: NodeThread,
        links: Links,
        http: aiohttp.ClientSession,
        lan: Lan | None,
        typed: Iterable[Address] = (),
    ) -> None:
        self._node = node
        self._thread = thread
        self._links = links
        self._http = http
        self._lan = lan
        self._typed = tuple(typed)
        self._calls: dict[Target, asyncio.Task[None]] = {}
        self._wanted: set[Target] = set()
        self._ways: dict[Target, tuple[Address, ...]] = {}
        """Further addresses of the phone that was found at one."""
        self._kick = asyncio.Event()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Call and call again; cancel to stop."""
        try:
            while True:
                self._kick.clear()
                targets = await self._targets_or_fewer()
                self._wanted = set(targets)
                for target in set(self._calls) - targets.keys():
                    if self._calls[target].done():
                        del self._calls[target]
                for target, patience_s in targets.items():
                    call = self._calls.get(target)
                    if (call is None or call.done()) and len(self._calls) < TARGETS_MAX:
                        self._calls[target] = asyncio.create_task(self._keep(target, patience_s))
                await self._until_something_changes()
                self._news.set()  # who waits for its next try need not wait longer
                self._news = asyncio.Event()
                await asyncio.sleep(ROUND_S_MIN)
        finally:
            for call in self._calls.values():
                call.cancel()
            await asyncio.gather(*self._calls.values(), return_exceptions=True)

    def kick(self) -> None:
        """A group came or went: look again at once."""
        self._kick.set()

    async def _targets_or_fewer(self) -> dict[Target, float]:
        """The same; nothing while the ledger can't be read, and then it looks again."""
        try:
            return await self._targets()
        except NodeError as error:
            log.warning("calling nobody for now: %s", error.sentence)
            return {}

    async def _targets(self) -> dict[Target, float]:
        """What to call now, and for how many seconds to leave the first call to the other."""
        remembered = await self._thread.run(_remembered, self._node)
        targets = dict.fromkeys(remembered, 0.0)
        groups = await self._thread.run(lambda: tuple(self._node.groups))
        targets.update((Target(group, typed), 0.0) for group in groups for typed in self._typed)
        self._ways.clear()
        if self._lan is not None:
            for found in self._lan.found():
                patience_s = 0.0 if self._lan.instance < found.instance else GRACE_S
                target = Target(found.group, found.addresses[0])
                targets[target] = patience_s
                self._ways[target] = found.addresses[1:]
        return targets

    async def _until_something_changes(self) -> None:
        events = [self._kick] if self._lan is None else [self._kick, self._lan.changed]
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=RECHECK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._lan is not None:
            self._lan.changed.clear()

    async def _keep(self, target: Target, patience_s: float) -> None:
        """Keep one address linked."""
        failures = 0
        await asyncio.sleep(patience_s)
        while target in self._wanted:
            linked = self._linked(target)
            if linked is not None:
                await linked.over.wait()
                failures = 0 if _came_about(linked) else failures + 1
            else:
                failures = 0 if await self._call(target) else failures + 1
            await self._pause(backoff_s(failures))

    def _linked(self, target: Target) -> PeerLink | None:
        """The living link with the phone that answered at one of a target's addresses."""
        for address in (target.address, *self._ways.get(target, ())):
            device = self._links.device_at.get((target.group, address))
            if device is not None:
                return self._links.find(target.group, device)
        return None

    async def _pause(self, seconds: float) -> None:
        """Wait before the next try; news from the network shortens it, but never to nothing."""
        await asyncio.sleep(min(seconds, PAUSE_S_MIN))
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait((news,), timeout=max(0.0, seconds - PAUSE_S_MIN))
        finally:
            news.cancel()

    async def _call(self, target: Target) -> bool:
        """Hold one conversation, at the first address that leads to it; whether it came about."""
        for address in (target.address, *self._ways.get(target, ())):
            try:
                link = await self._links.call(self._http, target.group, address)
            except NodeError as error:
                if error.code == "already_connected":
                    return True
                continue
            await link.run()
            return _came_about(link)
        return False


def _came_about(link: PeerLink) -> bool:
    """Whether a link that is over is worth another at once.

    It is not where either phone could not store what came (a full one, say): the next link would
    end as this one did, and each makes that phone read its ledger anew.
    """
    return link.synced.is_set() and link.ending.removeprefix("peer_") not in CANT_STORE


def _remembered(node: Node) -> list[Target]:
    targets = []
    for group in node.groups.values():
        for device, text in group.store.addresses(group.row.group_no).items():
            try:
                if device != node.device:
                    targets.append(Target(group.id, parse_address(text)))
            except AddressError:
                continue
    return targets
