"""The port on which other phones call: one path, one WebSocket each, and little patience.

A connection that has not become a WebSocket within seconds is cut, whatever it dribbles or asks
for: there is one answer a connection. Their number is bounded (node/gate.py); bodies, other paths
and oversized headers are refused by the HTTP server before this code sees them.
"""

import asyncio
import logging
import socket as sockets
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from node.gate import HTTP_LOG, Gate
from node.links import Links
from node.secure_socket import CLOSE_S_MAX, HEARTBEAT_S, SOCKET_MESSAGE_BYTES_MAX

REQUEST_S_MAX: Final = 5.0  # an upgrade request is one packet
CONNECTIONS_MAX: Final = 128  # links and handshakes with room for strangers
CALLER_CONNECTIONS_MAX: Final = 32  # a phone has one a group; four flooding callers fill the room
HEADER_BYTES_MAX: Final = 4096

log = logging.getLogger("mkutano.listener")


class Listener:
    """Answers links on one TCP port."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; `host` "" means every interface, `port` 0 a free one. The port that it is."""
        app = web.Application(client_max_size=1, middlewares=[_one_answer])
        app.router.add_get("/link", self._serve)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=HTTP_LOG,
            keepalive_timeout=REQUEST_S_MAX,  # aiohttp counts it from the connection on
            shutdown_timeout=CLOSE_S_MAX,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            handle_signals=False,
        )
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        gate = Gate(server, CONNECTIONS_MAX, CALLER_CONNECTIONS_MAX)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            gate, host or "0.0.0.0", port, family=sockets.AF_INET if not host else 0
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more calls and drop connections that are no links."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            compress=False,
            max_msg_size=SOCKET_MESSAGE_BYTES_MAX,
            heartbeat=HEARTBEAT_S,
            timeout=CLOSE_S_MAX,
        )
        try:
            await socket.prepare(request)
        except ValueError:  # aiohttp trips over a key with letters that no such key has
            raise web.HTTPBadRequest from None
        try:
            await self._links.answer(socket, request.remote or "")
        except Exception:
            log.exception("fault while a phone called")
        finally:
            _stop_heartbeat(socket)
        return socket


def _stop_heartbeat(socket: web.WebSocketResponse) -> None:
    """Let go of a closed connection at once.

    aiohttp starts the timer anew for what still arrives after the close, and through it holds
    twenty kilobytes for half a minute; strangers who come by the thousand would fill the memory.
    """
    socket._heartbeat = None
    socket._cancel_heartbeat()


@web.middleware
async def _one_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whoever asked for something else than the link gets no second question."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        refusal.force_close()
        raise
