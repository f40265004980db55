"""One WebSocket: requests in, replies and news out, each side at its own pace.

Requests are read one after the other; only pushes are answered later, when their blobs are on disk,
and their number is bounded. Nothing more is read from a connection whose replies it does not take.
Whatever arrives is answered or ends this connection; it never troubles another one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from relay.config import Config
from relay.desk import Desk
from relay.facts import ProtocolError
from relay.limits import TooFast
from relay.outbox import Budget, Outbox
from relay.protocol import Failed, Message, Pull, decode, encode
from relay.refusals import FAULT, refusal
from relay.store import StoreError
from relay.visit import Visit

PUSHES_AT_ONCE: Final = 128
PUSH_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
"""Of one connection on their way to the disk; nothing more is read from it meanwhile."""
_PAUSE_S_MAX: Final = 1.0
"""Nothing is read for so long from who asks too fast."""
_CLOSE_S_MAX: Final = 2.0

log = logging.getLogger("mkutano.relay")


class Counts(Protocol):
    """What is counted of connections."""

    def request(self, kind: str) -> None:
        """A request came."""

    def failed(self, code: str) -> None:
        """A request was refused."""


class Connection:
    """A device that is connected."""

    def __init__(
        self,
        number: int,
        visit: Visit,
        desk: Desk,
        config: Config,
        budget: Budget,
        counts: Counts,
        monotonic_ms: Callable[[], int],
    ) -> None:
        self.visit = visit
        self._number = number
        self._desk = desk
        self._config = config
        self._budget = budget
        self._counts = counts
        self._monotonic_ms = monotonic_ms
        self.outbox = Outbox(config.connection_queue_bytes_max, budget)
        visit.tell, visit.hear = self.outbox.put, self.outbox.hear
        self._began_ms = self._asked_ms = monotonic_ms()
        self._sending_ms: int | None = None
        self._pushes: dict[asyncio.Task[None], int] = {}
        self._push_bytes = 0
        self._push_stored = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self.close_code = int(WSCloseCode.OK)

    async def serve(self, socket: web.WebSocketResponse) -> None:
        """Talk until either side ends it; never raises but for being cancelled."""
        self.outbox.put(encode(self._desk.hello(self.visit)))
        self._sender = asyncio.create_task(self._send_all(socket))
        self._reader = asyncio.create_task(self._read_all(socket))
        tasks = {self._sender, self._reader}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not self._sender.done():
                await self._last_words(self._sender)
        finally:
            self._desk.leave(self.visit)
            for task in (*tasks, *self._pushes):
                task.cancel()
            ended = await asyncio.gather(*tasks, *self._pushes, return_exceptions=True)
            for fault in ended:
                if isinstance(fault, Exception):
                    log.error("fault in a connection", exc_info=fault)
            self.outbox.close()
            await _hang_up(socket, self.close_code)

    def overdue(self, now_ms: int) -> str:
        """Why this connection should be cut: "" when it should not."""
        if self._sending_ms is not None and now_ms - self._sending_ms > self._config.send_s * 1000:
            return "takes_nothing"
        if not self.visit.opened and now_ms - self._began_ms > self._config.stranger_s * 1000:
            return "opens_nothing"
        idle_ms = now_ms - self._asked_ms
        if not self.visit.listens and idle_ms > self._config.idle_s * 1000:
            return "idle"
        return ""

    def stop(self, code: int) -> None:
        """Read nothing more, answer what was taken, then hang up."""
        self.close_code = code
        if self._reader is not None:
            self._reader.cancel()

    async def _last_words(self, sender: asyncio.Task[None]) -> None:
        """Receipts for what was taken, and whatever still waits; not for ever."""
        emptied: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(self._config.close_s):
                if self._pushes:
                    await asyncio.wait(self._pushes)
                emptied = asyncio.create_task(self.outbox.emptied())
                await asyncio.wait({sender, emptied}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            log.debug("a connection was cut before it took everything")
        finally:
            if emptied is not None:
                emptied.cancel()

    # Out

    async def _send_all(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(OSError, RuntimeError, aiohttp.ClientError):
            while True:
                data = await self.outbox.next()
                self._sending_ms = self._monotonic_ms()
                await socket.send_bytes(data)
                self._sending_ms = None

    def _say(self, request: int, message: Message) -> None:
        if isinstance(message, Failed):
            self._counts.failed(message.code)
        self.outbox.put(encode(message, request))

    # In

    async def _read_all(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(OSError, RuntimeError, aiohttp.ClientError):
            while True:
                await self.outbox.room()
                message = await socket.receive()
                if message.type in (WSMsgType.PING, WSMsgType.PONG):
                    await self._pinged(socket, message)
                    continue
                if message.type is not WSMsgType.BINARY:
                    self.close_code = _code_for(message.type, socket.close_code)
                    return
                self._asked_ms = self._monotonic_ms()
                if not await self._take(bytes(message.data)):
                    return

    async def _pinged(self, socket: web.WebSocketResponse, message: aiohttp.WSMessage) -> None:
        try:
            self._desk.limits.request(self._number, self.visit.address)
        except TooFast:
            await asyncio.sleep(_PAUSE_S_MAX)
        if message.type is WSMsgType.PING:
            await socket.pong(message.data)

    async def _take(self, data: bytes) -> bool:
        """Answer one message; False when the connection is to end."""
        try:
            request, message = decode(data)
        except ProtocolError as error:
            self._counts.request("none")
            self._say(0, refusal(error))
            self.close_code = WSCloseCode.POLICY_VIOLATION
            return False
        self._counts.request(type(message).__name__)
        try:
            self._desk.limits.request(self._number, self.visit.address)
            if isinstance(message, Pull) and self._budget.is_spent:
                raise StoreError("too_busy", "too much waits to be sent")
            answer = await self._desk.answer(self.visit, message)
        except (ProtocolError, StoreError) as error:
            self._say(request, refusal(error))
            if isinstance(error, TooFast):
                await asyncio.sleep(min(_PAUSE_S_MAX, error.wait_ms / 1000))
            return True
        except Exception:
            log.exception("fault while a request was answered")
            self._say(request, FAULT)
            return True
        if isinstance(answer, Awaitable):
            await self._answer_when_stored(request, answer, len(data))
        else:
            self._say(request, answer)
        return True

    async def _answer_when_stored(
        self, request: int, answer: Awaitable[Message], size: int
    ) -> None:
        """Go on to the next request, unless too much is on its way already."""
        task = asyncio.create_task(self._answer_later(request, answer))
        self._pushes[task] = size
        self._push_bytes += size
        task.add_done_callback(self._push_ended)
        while len(self._pushes) >= PUSHES_AT_ONCE or self._push_bytes >= PUSH_BYTES_AT_ONCE:
            self._push_stored.clear()
            await self._push_stored.wait()

    def _push_ended(self, task: asyncio.Task[None]) -> None:
        self._push_bytes -= self._pushes.pop(task)
        self._push_stored.set()

    async def _answer_later(self, request: int, answer: Awaitable[Message]) -> None:
        try:
            self._say(request, await answer)
        except (ProtocolError, StoreError) as error:
            self._say(request, refusal(error))
        except Exception:
            log.exception("fault while a blob was stored")
            self._say(request, FAULT)


def _code_for(kind: WSMsgType, given: int | None) -> int:
    """The close code that answers what was no binary message."""
    if kind is WSMsgType.TEXT:
        return int(WSCloseCode.UNSUPPORTED_DATA)
    if kind is WSMsgType.ERROR and given:
        return given
    return int(WSCloseCode.OK)


async def _hang_up(socket: web.WebSocketResponse, code: int) -> None:
    """Close a WebSocket and let go of it at once; never raises and never waits long."""
    with contextlib.suppress(OSError, RuntimeError, TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_CLOSE_S_MAX):
            await socket.close(code=code)
    socket._heartbeat = None  # aiohttp would start the timer anew for what still arrives,
    socket._cancel_heartbeat()  # and hold the connection's memory meanwhile
