"""A relay that runs: its port, its connections, and the work behind them.

Stopping loses nothing that was acknowledged and answers what was taken: no more connections, no
more requests, blobs on their way to the disk get there, receipts go out, then every device is told
that the relay goes away (close code 1001).
"""

import asyncio
import shutil
import ssl
from typing import Any

from aiohttp import WSCloseCode

from relay.admin import Admin
from relay.clock import monotonic_ms, now_ms
from relay.config import Config
from relay.desk import Desk
from relay.errors import RelayError
from relay.gate import REQUEST_S_MAX
from relay.limits import Limits
from relay.logs import LOG, short
from relay.metrics import Metrics
from relay.opening import POSTGRES_LANES, open_key, open_store
from relay.reception import Reception
from relay.relay_key import RelayKey
from relay.store import Store, StoreError
from relay.upkeep import Upkeep


async def start_relay(config: Config, store: Store | None = None) -> "Relay":
    """Open the database and the key, listen, and serve until `close`. RelayError.

    A store that is given instead of the settings' own is closed with the relay.
    """
    store = store or await open_store(config)
    try:
        relay = Relay(config, store, await open_key(config, store))
        await relay.start()
    except BaseException as error:
        await store.close()
        if isinstance(error, StoreError):
            raise RelayError(error.code, "The relay's database does not answer.") from error
        raise
    return relay


class Relay:
    """One process of a relay."""

    def __init__(self, config: Config, store: Store, key: RelayKey) -> None:
        self.config = config
        self.store = store
        self.key = key
        self.metrics = Metrics()
        self.address = ""
        """Where devices connect: http://host:port, to which they add `protocol.PATH`."""
        self.admin_address = ""
        """http://host:port of the operator's port; "" when there is none."""
        self.desk = Desk(
            store,
            key,
            Limits(config, monotonic_ms),
            now_ms,
            mailbox_bytes_max=config.mailbox_bytes_max,
            mailboxes_of_visit_max=config.connection_mailboxes_max,
            append_queue_bytes_max=config.append_queue_bytes_max,
            lanes=POSTGRES_LANES if config.is_shared else 1,
        )
        self.reception = Reception(self.desk, config, self.metrics)
        self.upkeep = Upkeep(self.desk, store, config, self.metrics, self.reception.cut_overdue)
        self._stopping = False
        self._began_ms = monotonic_ms()
        self._tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._admin: Admin | None = None
        self._listen_to_desk()

    def _listen_to_desk(self) -> None:
        deciding = self.desk.deciding
        self.desk.pushes.batches = self.metrics.batch
        self.desk.stored_bytes = self._stored_bytes
        self.desk.rooms.news_sent = self.metrics.news.inc
        deciding.may_create_more = lambda: self.upkeep.mailboxes < self.config.mailboxes_max
        deciding.noted = self._note
        deciding.announced = self.upkeep.announce

    async def start(self) -> None:
        """Listen and serve. RelayError when a port or a certificate can't be had."""
        config = self.config
        self._tls = tls_context(config) if config.tls_certificate else None
        try:
            await self.upkeep.start()
            port = await self._listen()
            scheme = "https" if self._tls else "http"
            self.address = f"{scheme}://{_bracketed(config.host)}:{port}"
            if config.admin:
                await self._start_admin()
        except BaseException as error:
            await self.close()
            if isinstance(error, OSError):
                raise RelayError("no_port", _port_sentence(config, error)) from error
            raise

    async def _listen(self) -> int:
        self._server = await asyncio.get_running_loop().create_server(
            self.reception.gate,
            self.config.host or None,
            self.config.port,
            ssl=self._tls,
            ssl_handshake_timeout=REQUEST_S_MAX if self._tls else None,
            backlog=1024,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _start_admin(self) -> None:
        config = self.config
        self._admin = Admin(
            self.store, self.metrics, self.status, self.gauge, lambda: self._stopping
        )
        port = await self._admin.start(config.admin_host, config.admin_port)
        self.admin_address = f"http://{_bracketed(config.admin_host)}:{port}"

    def reload_certificate(self) -> None:
        """Use the certificate that lies in its files now, for connections that come. RelayError."""
        if self._tls is not None:
            tls_context(self.config)  # a damaged one must not take the place of the one in use
            self._tls.load_cert_chain(self.config.tls_certificate, self.config.tls_key)
            LOG.info("the certificate was read again")

    async def close(self) -> None:
        """Stop: finish what was taken, tell every device, let go of everything."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        self.reception.stop(WSCloseCode.GOING_AWAY)
        await self.upkeep.close()
        await self.reception.wait_closed(2 * self.config.close_s)
        if self._admin is not None:
            await self._admin.close()
        await self.store.close()

    def gauge(self) -> None:
        """Bring the gauges up to date."""
        metrics = self.metrics
        metrics.connections.set(len(self.reception))
        metrics.strangers.set(self.reception.strangers)
        metrics.open_mailboxes.set(len(self.desk.rooms))
        metrics.queue_bytes.set(self.reception.budget.bytes)
        metrics.append_queue_bytes.set(self.desk.pushes.bytes_waiting)
        metrics.mailboxes.set(self.upkeep.mailboxes)
        metrics.stored_bytes.set(self.upkeep.stored_bytes)
        if not self.config.is_shared:
            metrics.free_bytes.set(shutil.disk_usage(self.config.state).free)

    def status(self) -> dict[str, Any]:
        """Where the relay stands, for its operator."""
        return {
            "relay": self.key.public.hex(),
            "listens": self.address,
            "uptime_s": (monotonic_ms() - self._began_ms) // 1000,
            "connections": len(self.reception),
            "open_mailboxes": len(self.desk.rooms),
            "mailboxes": self.upkeep.mailboxes,
            "stored_bytes": self.upkeep.stored_bytes,
            "queue_bytes": self.reception.budget.bytes,
        }

    def _note(self, what: str, mailbox: bytes) -> None:
        if what == "created":
            self.upkeep.mailboxes += 1
        LOG.info("mailbox %s", what, extra={"mailbox": short(mailbox)})

    def _stored_bytes(self, count: int) -> None:
        self.upkeep.stored_bytes += count
        self.metrics.pushed_bytes.inc(count)


def tls_context(config: Config) -> ssl.SSLContext:
    """TLS with the operator's certificate. RelayError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.tls_certificate, config.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise RelayError(
            "bad_certificate",
            f"The certificate {config.tls_certificate} with the key {config.tls_key} can't be "
            f"used: {error.strerror or error}.",
        ) from error
    return context


def _port_sentence(config: Config, error: OSError) -> str:
    return (
        f"The relay can't listen on {config.host}:{config.port} or, for its operator, on "
        f"{config.admin_host}:{config.admin_port}: {error.strerror}. "
        "Choose other ports, or stop what uses them."
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host or "0.0.0.0"
