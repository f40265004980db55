"""A relay that lies: it stands before a real one, has its key, and says what a test wants it to.

Every message of the real relay goes through `lie`, and every one of the device through `hears`;
either may change it, or swallow it. After `cut_after` messages in all, both ways counted, the
connection is cut.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import WSMsgType, web

from relay.facts import Head, SignedHead
from relay.heads import signs_heads
from relay.protocol import MESSAGE_BYTES_MAX, PATH, Message, decode, encode
from relay.server import Relay

Change = Callable[[Message], Message | None]


def as_it_is(message: Message) -> Message | None:
    return message


class LyingRelay:
    """What answers at `address` instead of the real relay."""

    def __init__(self, relay: Relay) -> None:
        self.address = ""
        self.lie: Change = as_it_is
        self.hears: Change = as_it_is
        self.instead: tuple[type[Message], Message] | None = None
        """A kind of request that is answered here, and with what."""
        self.cut_after: int | None = None
        self.messages = 0
        """How many went either way."""
        self._relay = relay
        self._sign = signs_heads(relay.key)

    def signed(self, mailbox: bytes, head: Head) -> SignedHead:
        """A head with the relay's own signature, whatever it says."""
        return self._sign(mailbox, head)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        device = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES_MAX + 1)
        await device.prepare(request)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(
                self._relay.address + PATH, max_msg_size=MESSAGE_BYTES_MAX + 1
            ) as relay,
        ):
            ways = (
                asyncio.create_task(self._carry(relay, device, lambda one: self.lie(one))),
                asyncio.create_task(self._carry(device, relay, lambda one: self.hears(one))),
            )
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await device.close()
        return device

    async def _carry(
        self,
        source: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
        target: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
        change: Change,
    ) -> None:
        async for received in source:
            if received.type is not WSMsgType.BINARY:
                return
            number, message = decode(received.data)
            if self.instead is not None and isinstance(message, self.instead[0]):
                await source.send_bytes(encode(self.instead[1], number))
                continue
            said = change(message)
            if said is None:
                continue
            if self.cut_after is not None and self.messages >= self.cut_after:
                return
            self.messages += 1
            await target.send_bytes(encode(said, number))


@contextlib.asynccontextmanager
async def lying(relay: Relay) -> AsyncIterator[LyingRelay]:
    """A liar before a relay, honest until it is told otherwise."""
    liar = LyingRelay(relay)
    app = web.Application()
    app.router.add_get(PATH, liar.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    liar.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield liar
    finally:
        await runner.cleanup()
