"""Which addresses the dialler calls: all of a phone's in turn, until one leads to it."""

import asyncio
from types import SimpleNamespace
from typing import Any

from node.address import Address
from node.dialer import Dialer
from node.lan import Found, Lan
from node.secure_socket import PeerGone

GROUP, TREASURER = bytes([1]) * 32, bytes([2]) * 32
TUNNEL, AT_HAND = Address("100.64.7.7", 8700), Address("192.168.43.1", 8700)
WAIT_S = 20


class OneFound(Lan):
    def found(self) -> list[Found]:
        return [Found("treasurer", GROUP, (TUNNEL, AT_HAND))]


class Calls:
    """Links that come about at one address alone."""

    def __init__(self) -> None:
        self.called: list[Address] = []
        self.linked = asyncio.Event()
        self.device_at: dict[tuple[bytes, Address], bytes] = {}
        self.link = SimpleNamespace(
            over=asyncio.Event(), synced=asyncio.Event(), run=self._run, ending=""
        )

    async def call(self, http: Any, group: bytes, address: Address) -> Any:
        self.called.append(address)
        if address != AT_HAND:
            raise PeerGone("No Mkutano device answers there.", "unreachable")
        self.device_at[group, address] = TREASURER
        return self.link

    def find(self, group: bytes, device: bytes) -> Any:
        return self.link if self.linked.is_set() and device == TREASURER else None

    async def _run(self) -> None:
        """A second look finds the link and waits for its end, which does not come."""
        self.linked.set()
        self.link.synced.set()


async def called_within(rounds: int) -> list[Address]:
    links: Any = Calls()
    thread: Any = SimpleNamespace(run=_nothing_remembered)
    http: Any = None
    node: Any = None
    dialer = Dialer(node, thread, links, http, OneFound(1))
    running = asyncio.create_task(dialer.run())
    try:
        async with asyncio.timeout(WAIT_S):
            await links.linked.wait()
            for _ in range(rounds):
                dialer.kick()
                await asyncio.sleep(0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return list(links.called)


async def _nothing_remembered(*_: object) -> list[object]:
    return []


async def test_an_address_that_leads_nowhere_does_not_hide_the_next_one() -> None:
    assert await called_within(0) == [TUNNEL, AT_HAND]


async def test_a_phone_that_is_linked_at_its_second_address_is_not_called_again() -> None:
    assert await called_within(3) == [TUNNEL, AT_HAND]


class Failing(Calls):
    """Links that are in step at once, and end at a phone whose storage is full."""

    async def _run(self) -> None:
        self.link.synced.set()
        self.link.ending = "peer_storage_full" if len(self.called) % 2 else "restarted"


async def test_a_phone_that_can_store_nothing_is_called_after_growing_pauses() -> None:
    links: Any = Failing()
    thread: Any = SimpleNamespace(run=_nothing_remembered)
    none: Any = None
    dialer = Dialer(none, thread, links, none, OneFound(1))
    paused_s: list[float] = []
    five = asyncio.Event()

    async def pause(seconds: float) -> None:
        paused_s.append(seconds)
        if len(paused_s) == 5:
            five.set()
            await asyncio.Event().wait()

    dialer._pause = pause  # type: ignore[method-assign]
    running = asyncio.create_task(dialer.run())
    try:
        async with asyncio.timeout(WAIT_S):
            await five.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert paused_s == sorted(paused_s)
    assert paused_s[-1] > 8 * paused_s[0]
