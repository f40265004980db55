"""How many connections a port holds, all together and of one caller; the rest are hung up on.

A caller who takes every place it may still leaves places to others. The HTTP server's own log is
kept still: it writes a traceback for every request that it can't read, and whoever reaches the
port could fill the phone's storage with those.
"""

import asyncio
import logging
from typing import Final

from aiohttp import web

HTTP_LOG: Final = logging.getLogger("mkutano.http")
HTTP_LOG.setLevel(logging.CRITICAL + 1)  # faults of our own are logged where they are caught


class Gate:
    """Makes the protocol of each new connection, for `loop.create_server`."""

    def __init__(self, server: web.Server, connections_max: int, of_one_caller_max: int) -> None:
        self.server = server
        self._connections_max = connections_max
        self._of_one_caller_max = of_one_caller_max

    def __call__(self) -> asyncio.Protocol:
        """A connection that has not yet been let in."""
        return _AtTheGate(self)

    def has_room(self, caller: str) -> bool:
        """Whether one more connection of this network address may come in."""
        held = self.server.connections
        of_caller = sum(one.transport is not None and host(one.transport) == caller for one in held)
        return len(held) < self._connections_max and of_caller < self._of_one_caller_max


class _AtTheGate(asyncio.Protocol):
    """Hands a connection to the HTTP server, or hangs up before it costs anything."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if not self._gate.has_room(host(transport)):
            transport.abort()
            return
        protocol = self._gate.server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def host(transport: asyncio.BaseTransport) -> str:
    """The network address at the other end; "" when the connection is gone already."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""
