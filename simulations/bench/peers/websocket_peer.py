"""pycrdt-websocket: a room and a client over a real loopback socket with deflate, and its store.

Bytes are what the client's TCP socket moved both ways once the WebSocket stood; milliseconds run
from the call until both hold the same state. The room stores nothing meanwhile. At rest, writing
and opening are those of the SQLite store that comes with it, one update an entry, as it ships (it
commits each with SQLite's own defaults).
"""

import asyncio
import gc
import socket
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp
import pycrdt
from aiohttp import web

from simulations.bench.figures import Stopwatch
from simulations.bench.peers.candidate import WRITES_A_ROUND, Answer, Missing, Setting, Step
from simulations.bench.peers.library import FIRST, HISTORY, NEWCOMER, SECOND
from simulations.bench.peers.pycrdt_peer import Document
from simulations.bench.peers.rows import Workload, balances

try:
    from pycrdt.store import SQLiteYStore
    from pycrdt.websocket import YRoom
except ImportError as error:
    raise Missing("the package pycrdt-websocket") from error

PATIENCE_S: Final = 120.0
DEFLATE_BITS: Final = 15
PATH: Final = "/log"
MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024


class _CountingSocket(socket.socket):
    """A TCP socket that knows what it moved."""

    moved_bytes = 0

    def send(self, data: Any, flags: int = 0) -> int:
        sent = super().send(data, flags)
        self.moved_bytes += sent
        return sent

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        data = super().recv(bufsize, flags)
        self.moved_bytes += len(data)
        return data


class _Channel(pycrdt.Channel):
    """Either end of an aiohttp WebSocket, as pycrdt wants it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse | web.WebSocketResponse) -> None:
        self._ws = ws

    @property
    def path(self) -> str:
        return PATH

    async def __anext__(self) -> bytes:
        message = await self._ws.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise StopAsyncIteration
        return bytes(message.data)

    async def recv(self) -> bytes:
        return await self.__anext__()

    async def send(self, message: bytes) -> None:
        await self._ws.send_bytes(message)


class Candidate:
    """A room and a client."""

    def __init__(self, setting: Setting) -> None:
        self._workload = Workload.load(setting.workload)
        self._balances = balances(self._workload.rows)
        self._store = setting.folder / "updates.sqlite"
        self._saved: dict[int, bytes] = {}
        document = Document((), HISTORY)
        updates: list[bytes] = []
        observed = document.inner.observe(lambda event: updates.append(event.update))
        for number, row in enumerate(self._workload.rows, 1):
            document.append([row])
            if number in setting.lengths:
                self._saved[number] = document.saved()
        document.inner.unobserve(observed)
        asyncio.run(_fill(self._store, updates))
        self._store_bytes = self._store.stat().st_size

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Do this step once."""
        match step:
            case "meeting":
                return asyncio.run(self._meeting(length, run))
            case "bootstrap":
                return asyncio.run(self._bootstrap(length))
            case "at_rest":
                return {"at_rest_bytes": self._store_bytes}
            case "durable":
                return {"durable_ms": asyncio.run(self._durable())}
            case "open":
                return {"open_ms": asyncio.run(self._open())}
            case "advance":
                return {}  # pycrdt's own

    async def _meeting(self, length: int, run: int) -> Answer:
        tails = self._workload.tails[length, run]
        room, client = (
            Document((self._saved[length],), FIRST),
            Document((self._saved[length],), SECOND),
        )
        room.append(tails[0])
        client.append(tails[1])
        moved_bytes, ms = await _met(room, client)
        assert sorted(client.rows(length)) == sorted(tails[0] + tails[1])
        return {"meeting_bytes": moved_bytes, "meeting_ms": ms}

    async def _bootstrap(self, length: int) -> Answer:
        room, client = Document((self._saved[length],), FIRST), Document((), NEWCOMER)
        moved_bytes, ms = await _met(room, client)
        watch = Stopwatch()
        with watch.running():
            rows = client.rows()
        assert rows == self._workload.rows[:length]
        return {"bootstrap_bytes": moved_bytes, "bootstrap_ms": ms + watch.ms}

    async def _durable(self) -> float:
        """The median of some updates, each made and committed; they stay."""
        taken = []
        document = Document((self._saved[max(self._saved)],), SECOND)
        async with _opened(self._store) as store:
            for _ in range(WRITES_A_ROUND):
                watch = Stopwatch()
                with watch.running():
                    await store.write(document.append_kept(self._workload.rows[0]))
                taken.append(watch.ms)
        return median(taken)

    async def _open(self) -> float:
        watch = Stopwatch()
        with watch.running():
            document = Document((), NEWCOMER)
            async with _opened(self._store) as store:
                await store.apply_updates(document.inner)
            shown = balances(document.rows())
        assert shown == self._balances
        return watch.ms


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Any]:
    store = SQLiteYStore(PATH)
    store.db_path = str(path)
    async with store:
        yield store


async def _fill(path: Path, updates: Sequence[bytes]) -> None:
    """Make a store and put these updates into its table at once."""
    async with _opened(path) as store:
        await store.db_initialized.wait()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO yupdates VALUES (?, ?, ?, ?)",
            ((PATH, update, b"", float(number)) for number, update in enumerate(updates)),
        )


async def _met(room_document: Document, client: Document) -> tuple[int, float]:
    """Call, and wait until room and client hold the same: bytes moved, milliseconds."""
    sockets: list[_CountingSocket] = []

    def made(address: Any) -> socket.socket:
        sockets.append(_CountingSocket(*address[:3]))
        return sockets[-1]

    async with (
        YRoom(ydoc=room_document.inner) as room,
        _listening(room) as port,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=made)) as http,
        AsyncExitStack() as calling,
    ):
        gc.collect()
        watch = Stopwatch()
        with watch.running():
            ws = await calling.enter_async_context(
                http.ws_connect(
                    f"ws://127.0.0.1:{port}{PATH}",
                    compress=DEFLATE_BITS,
                    max_msg_size=MESSAGE_BYTES_MAX,
                )
            )
            upgrade_bytes = sockets[0].moved_bytes
            provider = pycrdt.Provider(client.inner, _Channel(ws))
            await calling.enter_async_context(provider)
            async with asyncio.timeout(PATIENCE_S):
                await _equal(room_document, client)
        moved_bytes = sockets[0].moved_bytes - upgrade_bytes
    return moved_bytes, watch.ms


async def _equal(first: Document, second: Document) -> None:
    """Wait until both hold the same."""
    news = asyncio.Event()
    documents = first.inner, second.inner
    observed = [document.observe(lambda _event: news.set()) for document in documents]
    while first.inner.get_state() != second.inner.get_state():
        await news.wait()
        news.clear()
    for document, subscription in zip(documents, observed, strict=True):
        document.unobserve(subscription)


@asynccontextmanager
async def _listening(room: Any) -> AsyncIterator[int]:
    """Serve a room on a free port of this machine."""

    async def answer(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=True, max_msg_size=MESSAGE_BYTES_MAX)
        await ws.prepare(request)
        await room.serve(_Channel(ws))
        return ws

    app = web.Application()
    app.router.add_get(PATH, answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def candidate(setting: Setting) -> Candidate:
    """A room, a client and a store."""
    return Candidate(setting)
