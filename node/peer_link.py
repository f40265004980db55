"""One replica session over one secure socket: reads, steps, stores, then sends.

No rules of replication live here, and no message leaves before the step that made it is on disk
(`Links.step`). A peer that takes nothing is dropped when its outbox is full: its next session goes
on where this one was cut, so nothing is lost by hanging up.
"""

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from aiohttp import WSCloseCode

from node.clock import monotonic_ms
from node.errors import NodeError
from node.secure_socket import (
    BYE,
    CLOSE_FAULT,
    REFUSED,
    SESSION,
    PeerGone,
    SecureSocket,
    reason,
)
from replication.errors import LocalError, RemoteError
from replication.outcome import Traffic
from replication.replica import Replica

if TYPE_CHECKING:
    from node.links import Links

OUTBOX_BYTES_MAX: Final = 8 * 1024 * 1024  # twice what the session's window can have on its way
FLUSH_S_MAX: Final = 5.0
SILENCE_S: Final = 60.0
"""How long a peer whose turn it is may say nothing. The heartbeat does not see it: a message may be
gone although the connection lives. A slow phone has answered a bundle by then; one that has not is
called again, and goes on where this conversation was cut."""

log = logging.getLogger("mkutano.links")


class PeerLink:
    """The conversation about one group with one device."""

    def __init__(
        self,
        links: "Links",
        socket: SecureSocket,
        group: bytes,
        device: bytes,
        initiator: bool,
        by_cards: bool = False,
    ) -> None:
        self.group = group
        self.device = device
        """Ed25519 key that the peer has proved."""
        self.initiator = initiator
        """Whether this side called."""
        self.by_cards = by_cards
        """Whether the one who called showed two paper cards (node/card_call.py)."""
        self.peer = links.new_peer_name(device)
        """The name of this conversation towards the replica; never used twice."""
        self.ending = ""
        """Why it ended, as a reason code; empty while it lives."""
        self.refused_code = ""
        """Why the peer's bytes were refused; empty while they were not."""
        self.synced = asyncio.Event()
        """Set when both sides had acknowledged each other's changes."""
        self.over = asyncio.Event()
        self.traffic = Traffic(0, 0, 0, 0, 0, 0)
        """What the session moved so far."""
        self.replica: Replica | None = None
        """The replica that the session was begun with; a failed step puts another in its place."""
        self._links = links
        self._socket = socket
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._wake = asyncio.Event()
        self._farewell: tuple[int, bytes] | None = None
        self._listens_since_ms: float | None = None
        """Since when nothing is being done but to wait for the peer's next message."""

    @property
    def bytes_in(self) -> int:
        """Encrypted bytes received after the handshake."""
        return self._socket.bytes_in

    @property
    def bytes_out(self) -> int:
        """Encrypted bytes sent after the handshake."""
        return self._socket.bytes_out

    def put(self, message: bytes) -> None:
        """Queue a session message; called only when what it tells of is on disk."""
        self._outbox.append(message)
        self._outbox_bytes += len(message)
        if self._outbox_bytes > OUTBOX_BYTES_MAX:
            self._outbox.clear()
            self.end("too_slow")
        self._wake.set()

    def end(self, code: str, label: int = BYE) -> None:
        """Say the queued messages and a farewell, then hang up. The first reason stays."""
        if not self.ending:
            self.ending = code
            self._farewell = (label, code.encode("ascii", "replace"))
            self._wake.set()

    async def run(self) -> None:
        """Hold the conversation until either side ends it; never raises for what a peer does."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            await self._ended_or_silent(reader, writer)
            if not writer.done() and self._farewell is not None:
                await asyncio.wait((writer,), timeout=FLUSH_S_MAX)
        finally:
            self.ending = self.ending or "connection_lost"
            for task in (reader, writer):
                task.cancel()
            for fault in await asyncio.gather(reader, writer, return_exceptions=True):
                if isinstance(fault, Exception):  # ours, not the peer's: say it in the log
                    log.error("fault in a link", exc_info=fault)
            await asyncio.shield(self._links.disconnect(self))
            await self._socket.close(CLOSE_FAULT if self.refused_code else WSCloseCode.OK)
            self.over.set()

    async def _ended_or_silent(self, *tasks: asyncio.Task[None]) -> None:
        """Until one of these ends, or nothing comes although it is the peer's turn."""
        while True:
            heard = self._socket.bytes_in
            done, _ = await asyncio.wait(
                tasks, timeout=SILENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return
            if self._listened_in_vain(heard) and await self._links.is_owed(self):
                self.end("silent")
                return

    def _listened_in_vain(self, heard: int) -> bool:
        since_ms = self._listens_since_ms
        if since_ms is None or self._socket.bytes_in > heard:
            return False
        return monotonic_ms() - since_ms >= SILENCE_S * 1000

    async def _listen(self) -> tuple[int, bytes]:
        """The next message and its label."""
        self._listens_since_ms = monotonic_ms()
        try:
            return await self._socket.receive()
        finally:
            self._listens_since_ms = None

    async def _read(self) -> None:
        """Begin the session, then take what comes; what this phone can't do it tells the peer."""
        try:
            await self._links.connect(self)
            while True:
                label, message = await self._listen()
                if label == SESSION:
                    await self._links.receive(self, message)
                elif label in (BYE, REFUSED):
                    self.ending = self.ending or f"peer_{reason(message)}"
                    return
                else:
                    raise RemoteError("link-label", f"an unexpected message of label {label}")
        except PeerGone:
            self.ending = self.ending or "connection_lost"
        except RemoteError as error:
            self._links.note_refusal(self, error.code, error.detail)
            self.end(error.code)  # only the receiving side is dead: the reason can still be said
        except NodeError as error:
            self._links.note_refusal(self, error.code, error.sentence)
            self.end(error.code)

    async def _write(self) -> None:
        with contextlib.suppress(PeerGone, LocalError):
            while True:
                while self._outbox:
                    message = self._outbox.popleft()
                    self._outbox_bytes -= len(message)
                    await self._socket.send(message)
                if self._farewell is not None:
                    label, code = self._farewell
                    await self._socket.send(code, label)
                    return
                self._wake.clear()
                await self._wake.wait()
