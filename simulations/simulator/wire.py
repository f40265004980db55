"""Connections between machines, and what the weather does to what goes over them.

A connection is what TCP with WebSocket frames on it is: in order, whole, or broken. What really
happens to packets shows as delays, as connections that break, and, where a checksum was fooled or
somebody meddles, as frames that are changed, doubled, swapped or gone. A cut is silent: both ends
notice when nothing has come for as long as the product's own heartbeat would wait.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSCloseCode, WSMessage, WSMsgType

from simulations.simulator.process import RUNNING, Killed, Process

HEARTBEAT_S: Final = 30.0
"""After so long without a way through both ends give a connection up."""
TICK_S: Final = 1e-5
"""Between two frames of one way: a loop's timers of one moment come in any order."""
INBOX_BYTES_MAX: Final = 1024 * 1024
"""What a machine takes of one connection before its program reads on."""
Serve = Callable[["Socket", str], Awaitable[None]]
Meddle = Literal["pass", "drop", "double", "swap", "flip"]


class Weather(NamedTuple):
    """What happens to frames of one connection, each way; chances are of 1."""

    delay_s: float = 0.005
    jitter_s: float = 0.005
    stall: float = 0.0
    """A lost packet: what comes after it waits until it was sent again."""
    stall_s: float = 1.0
    breaks: float = 0.0
    """The connection is reset at this frame."""
    flip: float = 0.0
    double: float = 0.0
    swap: float = 0.0
    drop: float = 0.0


FAIR: Final = Weather()


class Socket:
    """One end of a connection, as aiohttp's WebSockets are used by the product."""

    def __init__(
        self, wire: "Wire", owner: Process, here: str, there: str, frames_left: int | None
    ) -> None:
        self.here, self.there = here, there
        self.owner = owner
        self.close_code: int | None = None
        self.frames_left = frames_left
        """After so many more frames from here the connection is reset; None: it is not."""
        self.peer: Socket | None = None
        self._wire = wire
        self._inbox: deque[WSMessage] = deque()
        self._inbox_bytes = 0
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._free_at_s = 0.0
        """When the way to the other end is free for the next frame."""
        self._held: bytes | None = None
        """A frame that goes after the next one."""
        owner.at_death.append(self.lose)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.close_code is not None

    @property
    def weather(self) -> Weather:
        """What its frames go through now."""
        return self._wire.weather(self.here, self.there)

    # What the product calls

    async def prepare(self, request: object) -> None:
        """The WebSocket is there already."""

    async def send_bytes(self, data: bytes) -> None:
        """Put a frame on its way; waits while the other end takes nothing."""
        self.owner.require_alive()
        while not self.closed and self.peer is not None and self.peer.is_full:
            self.peer._room = self.peer._room or self._wire.future()
            await asyncio.shield(self.peer._room)
        self.owner.require_alive()
        if self.closed:
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
        self._wire.carry(self, bytes(data))

    async def receive(self) -> WSMessage:
        """The next frame, or that there will be none."""
        while self.here in self._wire.deaf and not self.closed:
            await asyncio.shield(self._wire.deaf[self.here])
        while not self._inbox:
            self.owner.require_alive()
            if self.closed:
                return WSMessage(WSMsgType.CLOSED, None, None)
            self._news = self._wire.future()
            try:
                await self._news
            finally:
                self._news = None
        self.owner.require_alive()
        message = self._inbox.popleft()
        if message.type is WSMsgType.BINARY:
            self._inbox_bytes -= len(message.data)
            if self._room is not None and not self.is_full:
                self._done("_room")
        elif message.type is WSMsgType.CLOSE:
            self.close_code = self.close_code or message.data
        return message

    def __aiter__(self) -> "Socket":
        return self

    async def __anext__(self) -> WSMessage:
        message = await self.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            raise StopAsyncIteration
        return message

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> bool:
        """Say that it is over; what was sent before still arrives."""
        if self.closed or not self.owner.is_alive:
            return False
        self.close_code = int(code)
        self._wire.hang_up(self, int(code))
        self._wake()
        return True

    async def pong(self, message: bytes = b"") -> None:
        """Heartbeats are the weather's business."""

    def abort(self) -> None:
        """Cut it, as a transport is aborted."""
        self._wire.break_off(self)

    def _cancel_heartbeat(self) -> None:
        """There is none to cancel."""

    # What happens to it

    @property
    def is_full(self) -> bool:
        """Whether its program should read first."""
        return self._inbox_bytes >= INBOX_BYTES_MAX

    def take(self, message: WSMessage) -> None:
        """A frame has arrived."""
        if self.closed or not self.owner.is_alive:
            return
        self._inbox.append(message)
        if message.type is WSMsgType.BINARY:
            self._inbox_bytes += len(message.data)
        self._wake()

    def lose(self) -> None:
        """The connection is gone, without a word."""
        if not self.closed:
            self.close_code = int(WSCloseCode.ABNORMAL_CLOSURE)
            self._wake()
            self._wire.forget(self)

    def _wake(self) -> None:
        self._done("_news")
        self._done("_room")

    def _done(self, name: str) -> None:
        future = getattr(self, name)
        if future is not None and not future.done():
            future.set_result(None)
        if name == "_room":
            self._room = None

    # Frames in the weather

    def arrival_s(self, now_s: float, chance: random.Random) -> float:
        """When what is sent now gets there: never before what was sent earlier."""
        weather = self.weather
        delay_s = weather.delay_s + weather.jitter_s * chance.random()
        if weather.stall and chance.random() < weather.stall:
            delay_s += weather.stall_s * (0.5 + chance.random())
            self._wire.note("stall", self)
        self._free_at_s = max(self._free_at_s + TICK_S, now_s + delay_s)
        return self._free_at_s

    def meddled(self, frame: bytes, chance: random.Random) -> list[bytes]:
        """What of this frame goes on, and after which."""
        weather, frames = self.weather, [frame]
        if weather.drop and chance.random() < weather.drop:
            self._wire.note("drop", self)
            frames = []
        elif weather.flip and frame and chance.random() < weather.flip:
            self._wire.note("flip", self)
            at, bit = chance.randrange(len(frame)), 1 << chance.randrange(8)
            frames = [frame[:at] + bytes((frame[at] ^ bit,)) + frame[at + 1 :]]
        elif weather.double and chance.random() < weather.double:
            self._wire.note("double", self)
            frames = [frame, frame]
        elif weather.swap and self._held is None and chance.random() < weather.swap:
            self._wire.note("swap", self)
            self._held = frame
            return []
        if self._held is not None:
            frames.append(self._held)
            self._held = None
        return frames


class Host(NamedTuple):
    """A machine that answers."""

    process: Process
    serve: Serve


class Wire:
    """All the networks of a story."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self._hosts: dict[tuple[str, int], Host] = {}
        self._open: dict[Socket, None] = {}
        self._silent: dict[Socket, asyncio.TimerHandle] = {}
        """Ends that nothing reaches, and when they give up."""
        self._minded: dict[Process, None] = {}
        self.reaches: Callable[[str, str], bool] = lambda _here, _there: True
        """Whether packets get from one host to another now; asked of every frame."""
        self.weather: Callable[[str, str], Weather] = lambda _here, _there: FAIR
        """Between two hosts now; asked for every frame."""
        self.frames_left: Callable[[str, str], int | None] = lambda _here, _there: None
        """How many frames a new connection's caller sends before it breaks; None: it lasts."""
        self.deaf: dict[str, asyncio.Future[None]] = {}
        """Hosts whose programs read nothing from any connection until this is done."""
        self.noted: Callable[[str, Socket], None] = lambda _what, _socket: None
        """Told of everything that was done to a connection."""
        self.watched: Callable[[Socket, bytes], bytes | None] = lambda _socket, frame: frame
        """Sees every frame that leaves; what it gives back goes on, None is swallowed."""
        self.frames = 0
        self.bytes = 0

    def future(self) -> "asyncio.Future[None]":
        """Something to wait on."""
        return self._loop.create_future()

    def note(self, what: str, socket: Socket) -> None:
        """Something was done to a connection."""
        self.noted(what, socket)

    # Answering and calling

    def listen(self, host: str, port: int, process: Process, serve: Serve) -> None:
        """Answer calls to a host and port while the process lives."""
        self._hosts[host, port] = Host(process, serve)
        process.at_death.append(lambda: self.unlisten(host, port))

    def unlisten(self, host: str, port: int) -> None:
        """Answer no more."""
        self._hosts.pop((host, port), None)

    async def connect(self, here: str, url: str) -> Socket:
        """Call. What aiohttp raises: ClientConnectionError, ServerTimeoutError after long."""
        caller = RUNNING.get()
        assert caller is not None, "only programs call"
        caller.require_alive()
        parts = urlsplit(url)
        there, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
        weather = self.weather(here, there)
        await asyncio.sleep(2 * weather.delay_s)
        host = self._hosts.get((there, port))
        if not (self.reaches(here, there) and self.reaches(there, here)):
            await asyncio.sleep(HEARTBEAT_S)
            raise aiohttp.ServerTimeoutError(f"no way to {there}")
        if host is None or not host.process.is_alive:
            raise aiohttp.ClientConnectionError(f"nobody answers at {there}:{port}")
        near = Socket(self, caller, here, there, self.frames_left(here, there))
        far = Socket(self, host.process, there, here, None)
        near.peer, far.peer = far, near
        self._open[near] = self._open[far] = None
        for process in (caller, host.process):
            self._mind(process)
        host.process.begin(_served(host.serve, far, here))
        return near

    def _mind(self, process: Process) -> None:
        """Once for each process: when it is killed, its machine resets what it had open."""
        if process not in self._minded:
            self._minded[process] = None
            process.at_death.append(lambda: self._orphan(process))

    def _orphan(self, process: Process) -> None:
        for end in [end for end in self._open if end.owner is process]:
            end.lose()

    # Frames

    def carry(self, socket: Socket, frame: bytes) -> None:
        """Take a frame on its way, through the weather."""
        seen = self.watched(socket, frame)
        if seen is None:
            return
        weather = socket.weather
        if weather.breaks and self._chance.random() < weather.breaks:
            self.note("break", socket)
            self.break_off(socket)
            return
        if socket.frames_left is not None:
            socket.frames_left -= 1
            if socket.frames_left < 0:
                self.note("cut-after-frame", socket)
                self.break_off(socket)
                return
        for one in socket.meddled(seen, self._chance):
            self._send(socket, WSMessage(WSMsgType.BINARY, one, None))

    def hang_up(self, socket: Socket, code: int) -> None:
        """Tell the other end, behind all that was sent before."""
        self._send(socket, WSMessage(WSMsgType.CLOSE, code, ""))
        self.forget(socket)

    def break_off(self, socket: Socket) -> None:
        """Both ends hear that the connection was reset; what was on its way is lost."""
        for end in (socket, socket.peer):
            if end is not None:
                end.lose()

    def half_open(self, host: str) -> Socket | None:
        """One end forgets a connection of this host, and the other is not told. That end."""
        for end in self._open:
            peer = end.peer
            if end.here == host and peer is not None and not (end.closed or peer.closed):
                self._fall_silent(peer)
                end.lose()
                return end
        return None

    def forget(self, socket: Socket) -> None:
        """An end is used no more; a killed program's other end hears of it by a reset."""
        self._open.pop(socket, None)
        timer = self._silent.pop(socket, None)
        if timer is not None:
            timer.cancel()
        peer = socket.peer
        if peer is not None and not peer.closed and not socket.owner.is_alive:
            self._loop.call_later(socket.weather.delay_s, self._reset, socket, peer)

    def _reset(self, dead: Socket, peer: Socket) -> None:
        if self.reaches(dead.here, peer.here):
            peer.lose()
        else:
            self._fall_silent(peer)

    def _send(self, socket: Socket, message: WSMessage) -> None:
        self.frames += 1
        now_s = self._loop.time()
        self._loop.call_at(socket.arrival_s(now_s, self._chance), self._arrive, socket, message)

    def _arrive(self, socket: Socket, message: WSMessage) -> None:
        peer = socket.peer
        if peer is None or peer.closed:
            return
        if not self.reaches(socket.here, socket.there):
            for end in (socket, peer):
                self._fall_silent(end)
            return
        if socket in self._silent:
            return  # what came before it was lost, so this will never be read
        if message.type is WSMsgType.BINARY:
            self.bytes += len(message.data)
        peer.take(message)

    def _fall_silent(self, end: Socket) -> None:
        """An end hears nothing more, and gives up when its heartbeat is missed."""
        if end not in self._silent and not end.closed:
            self._silent[end] = self._loop.call_later(HEARTBEAT_S, end.lose)


async def _served(serve: Serve, socket: Socket, who: str) -> None:
    try:
        await serve(socket, who)
    except Killed:
        raise
    finally:
        await socket.close()


class Http:
    """What a program calls others with: as much of aiohttp's session as the product uses."""

    def __init__(self, wire: Wire, here: str) -> None:
        self._wire = wire
        self._here = here

    async def ws_connect(self, url: str, **_settings: Any) -> Socket:
        """A WebSocket to an address."""
        return await self._wire.connect(self._here, url)
