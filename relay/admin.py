"""The operator's port: metrics, health, readiness, and where the relay stands.

It tells nothing about single mailboxes, has no passwords, and by default only this machine reaches
it. `/healthz` says that the process answers, `/readyz` that it can serve: its database answers and
has the newest schema, and it is not stopping.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from relay.gate import HEADER_BYTES_MAX, HTTP_LOG, REQUEST_S_MAX
from relay.metrics import CONTENT_TYPE, Metrics
from relay.store import Store, StoreError

CHECK_S_MAX: Final = 5.0


class Admin:
    """Answers on the admin port."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        status: Callable[[], dict[str, Any]],
        gauge: Callable[[], None],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._status = status
        self._gauge = gauge
        self._is_stopping = is_stopping
        self._runner: web.ServerRunner | None = None
        self._pages: dict[str, Callable[[], Awaitable[web.Response]]] = {
            "/metrics": self._metrics_page,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/status": self._status_page,
        }

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. The port that it is. OSError."""
        server = web.Server(
            self._answer,
            access_log=None,
            logger=HTTP_LOG,
            keepalive_timeout=REQUEST_S_MAX,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        self._runner = web.ServerRunner(server)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        page = self._pages.get(request.path)
        if page is None or request.method not in ("GET", "HEAD"):
            return web.Response(status=404, text="/metrics, /healthz, /readyz or /status\n")
        return await page()

    async def _metrics_page(self) -> web.Response:
        self._gauge()
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _healthz(self) -> web.Response:
        return _json({"status": "ok"})

    async def _readyz(self) -> web.Response:
        if self._is_stopping():
            return _json({"status": "stopping"}, 503)
        try:
            async with asyncio.timeout(CHECK_S_MAX):
                await self._store.check()
        except TimeoutError:
            return _json({"status": "database", "code": "unavailable"}, 503)
        except StoreError as error:
            return _json({"status": "database", "code": error.code}, 503)
        return _json({"status": "ok"})

    async def _status_page(self) -> web.Response:
        return _json(self._status())


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        status=status, text=json.dumps(content) + "\n", content_type="application/json"
    )
