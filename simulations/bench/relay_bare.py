"""`python -m simulations.bench.relay_bare`: what a relay's sockets cost when nothing else is done.

Whatever a connection sends goes to all others that named the same room, unread: the same WebSocket
library, no disk, no signature, no order, no receipt. The first message of a connection names its
room. It is what `relay_load.py` holds a relay against.
"""

import asyncio
import contextlib
import signal

import click
from aiohttp import WSMsgType, web

from relay.protocol import MESSAGE_BYTES_MAX


class Rooms:
    """Who is in which room."""

    def __init__(self) -> None:
        self._rooms: dict[bytes, set[web.WebSocketResponse]] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await socket.prepare(request)
        first = await socket.receive()
        room = self._rooms.setdefault(bytes(first.data), set())
        room.add(socket)
        try:
            await socket.send_bytes(first.data)
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await _spread(room - {socket}, message.data)
        finally:
            room.discard(socket)
        return socket


async def _spread(others: set[web.WebSocketResponse], data: bytes) -> None:
    for other in others:
        with contextlib.suppress(ConnectionError):
            await other.send_bytes(data)


async def serve() -> None:
    """Until stopped."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    application = web.Application()
    application.router.add_get("/", Rooms().serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    (address, *_) = runner.addresses
    click.echo(f"Listens on http://127.0.0.1:{address[1]}/")
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
