"""How many connections a port holds, all together and of one network; the rest are hung up on.

Counted before a byte is read, so that a crowd costs nothing. Behind a proxy everybody has its
address: there the count of one network waits until the proxy's header was read. The HTTP server's
own log is kept still, because it writes a traceback for every request that it can't read.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

HTTP_LOG: Final = logging.getLogger("mkutano.relay.http")
HTTP_LOG.setLevel(logging.CRITICAL + 1)  # faults of our own are logged where they are caught
REQUEST_S_MAX: Final = 10.0
"""In which a connection has asked for its WebSocket, or is cut; an upgrade is one packet."""
HEADER_BYTES_MAX: Final = 8192
_IPV6_PREFIX: Final = 64
"""What one subscriber of a provider has."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def network_of(address: str) -> str:
    """The network that the limits count an address under: itself for IPv4, its /64 for IPv6, and
    one for all that is no address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "?"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))


def host_of(transport: asyncio.BaseTransport | None) -> str:
    """The network address at the other end; "" when the connection is gone already."""
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if peer else ""


class Gate:
    """Makes the protocol of each new connection, for `loop.create_server`."""

    def __init__(
        self,
        handler: Handler,
        connections_max: int,
        of_one_network_max: int,
        proxies: frozenset[str] = frozenset(),
        turned_away: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self.server = _CountedServer(
            handler,
            self._left,
            access_log=None,
            logger=HTTP_LOG,
            keepalive_timeout=REQUEST_S_MAX,  # aiohttp counts it from the connection on
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        self._connections_max = connections_max
        self._of_one_network_max = of_one_network_max
        self._proxies = proxies
        self._turned_away = turned_away
        self._names: dict[RequestHandler, str] = {}
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Connections that are here."""
        return len(self._names)

    def __call__(self) -> asyncio.Protocol:
        """A connection that has not yet been let in."""
        return _AtTheGate(self)

    def enter(self, transport: asyncio.Transport) -> RequestHandler | None:
        """What serves this connection; None when there is no room."""
        host = host_of(transport)
        name = "" if host in self._proxies else network_of(host)
        if len(self._names) >= self._connections_max:
            self._turned_away("relay_full")
            return None
        if name and self._held[name] >= self._of_one_network_max:
            self._turned_away("network_full")
            return None
        serves = self.server()
        self._names[serves] = name
        self._held[name] += 1
        return serves

    def _left(self, serves: RequestHandler) -> None:
        name = self._names.pop(serves, None)
        if name is None:
            return
        self._held[name] -= 1
        if not self._held[name]:
            del self._held[name]


class _CountedServer(web.Server):
    """An HTTP server that says when a connection ended."""

    def __init__(
        self, handler: Handler, left: Callable[[RequestHandler], None], **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self._left = left

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._left(handler)
        super().connection_lost(handler, exc)


class _AtTheGate(asyncio.Protocol):
    """Hands a connection to the HTTP server, or hangs up before it costs anything."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        serves = self._gate.enter(transport)
        if serves is None:
            transport.abort()
            return
        transport.set_protocol(serves)
        serves.connection_made(transport)
