"""Who is connected: letting in, counting, and cutting who keeps a place without using it."""

import hmac
from collections import Counter
from typing import Final

from aiohttp import web

from relay.clock import monotonic_ms, random_bytes
from relay.config import Config
from relay.connection import Connection
from relay.desk import Desk
from relay.gate import Gate, network_of
from relay.logs import LOG
from relay.metrics import Metrics
from relay.outbox import Budget
from relay.protocol import CHALLENGE_BYTES, MESSAGE_BYTES_MAX, PATH
from relay.visit import Visit

_GREETING: Final = "This is a Mkutano relay. Phones connect to it by themselves.\n"
_FULL: Final = "This relay has no room just now; try again later.\n"
_TROUBLE: Final = frozenset({"unavailable", "storage_full", "too_busy", "fault"})
"""Refusals that an operator should hear of."""
_TROUBLE_EVERY_MS: Final = 60_000


class Reception:
    """The connections of one process."""

    def __init__(self, desk: Desk, config: Config, metrics: Metrics) -> None:
        self._desk = desk
        self._config = config
        self._metrics = metrics
        self.budget = Budget(config.queue_bytes_max)
        self.gate = Gate(
            self._serve,
            config.connections_max,
            config.address_connections_max,
            frozenset(config.proxy_addresses if config.proxy_header else ()),
            self._turned_away,
        )
        """What a listening socket gives its connections to."""
        self._connections: dict[int, tuple[Connection, web.BaseRequest]] = {}
        self._networks: Counter[str] = Counter()
        self._count = 0
        self._stopping = False
        self._tokens = [token.encode("ascii") for token in config.create_tokens]
        self._troubles: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def strangers(self) -> int:
        """Connections that have opened no mailbox."""
        return len(self._connections) - len(self._desk.rooms.visitors)

    def connection_of(self, number: int) -> Connection:
        """The connection that was the so-many-th to be let in."""
        return self._connections[number][0]

    def stop(self, code: int) -> None:
        """Let nobody in; what was taken is answered, then every connection is closed."""
        self._stopping = True
        for connection, _ in self._connections.values():
            connection.stop(code)

    async def wait_closed(self, seconds: float) -> None:
        """Wait until all connections have ended; those that have not by then are cut."""
        await self.gate.server.shutdown(seconds)

    def cut_overdue(self) -> None:
        """End the connections that keep a place without using it."""
        now = monotonic_ms()
        for connection, request in list(self._connections.values()):
            reason = connection.overdue(now)
            if reason and request.transport is not None:
                self._metrics.cut(reason)
                request.transport.abort()

    # What connections count

    def request(self, kind: str) -> None:
        """A request came."""
        self._metrics.request(kind)

    def failed(self, code: str) -> None:
        """A request was refused; what the operator should look after is logged, now and then."""
        self._metrics.failed(code)
        now = monotonic_ms()
        if code in _TROUBLE and now >= self._troubles.get(code, now):
            self._troubles[code] = now + _TROUBLE_EVERY_MS
            LOG.warning("requests are refused", extra={"code": code})

    # Letting in

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != PATH:
            return _once(web.Response(status=404, text=_GREETING))
        network = network_of(self._caller(request))
        refused = self._refused(network)
        if refused:
            self._turned_away(refused)
            return _once(web.Response(status=503, text=_FULL))
        socket = web.WebSocketResponse(
            compress=False,
            max_msg_size=MESSAGE_BYTES_MAX + 1,  # aiohttp refuses from this size on
            heartbeat=self._config.heartbeat_s,
            autoping=False,  # pings count as requests
            timeout=self._config.close_s,
        )
        if not _may_begin(socket, request):
            return _once(web.Response(status=426, text=_GREETING, headers={"Upgrade": "websocket"}))
        await self.talk(socket, request, network)
        return socket

    async def talk(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, network: str
    ) -> None:
        """Serve one WebSocket of a network to its end."""
        self._count += 1
        number = self._count
        visit = Visit(
            random_bytes(CHALLENGE_BYTES), address=network, may_create=self._may_create(request)
        )
        connection = Connection(
            number, visit, self._desk, self._config, self.budget, self, monotonic_ms
        )
        self._connections[number] = connection, request
        self._networks[network] += 1
        try:
            await socket.prepare(request)
            LOG.debug("connected", extra=self._named(network))
            await connection.serve(socket)
        except (ConnectionError, web.HTTPException):
            LOG.debug("a connection ended before it began", extra=self._named(network))
        finally:
            del self._connections[number]
            self._networks[network] -= 1
            if not self._networks[network]:
                del self._networks[network]

    def _caller(self, request: web.BaseRequest) -> str:
        """Who calls, in the word of a proxy only where it is trusted."""
        remote = request.remote or ""
        header = self._config.proxy_header
        if header and remote in self._config.proxy_addresses and header in request.headers:
            return request.headers[header].rpartition(",")[2].strip()  # what the proxy itself saw
        return remote

    def _refused(self, network: str) -> str:
        if self._stopping:
            return "stopping"
        if self._networks[network] >= self._config.address_connections_max:
            return "network_full"
        return "strangers" if self.strangers >= self._config.strangers_max else ""

    def _may_create(self, request: web.BaseRequest) -> bool:
        if self._config.create == "open":
            return True
        header = request.headers.get("Authorization", "")
        given = header.removeprefix("Bearer ").encode("utf-8", "surrogateescape")
        return any(hmac.compare_digest(given, token) for token in self._tokens)

    def _turned_away(self, reason: str) -> None:
        self._metrics.turned_away.labels(reason).inc()

    def _named(self, network: str) -> dict[str, str]:
        return {"address": network} if self._config.log_addresses else {}


def _may_begin(socket: web.WebSocketResponse, request: web.BaseRequest) -> bool:
    """Whether a request asks for a WebSocket in due form; aiohttp trips over a key with letters
    that no such key has."""
    try:
        return socket.can_prepare(request).ok
    except ValueError:
        return False


def _once(response: web.Response) -> web.Response:
    """An answer after which the connection ends."""
    response.force_close()
    return response
