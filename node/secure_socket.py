"""A Noise channel over one WebSocket: who is at the other end is known before a word is said.

Each WebSocket message carries one Noise message, at most 65,535 bytes. The dialler sends its hello
with the first Noise message and gives its own identity only after it has checked the answerer's;
the answerer says nothing at all to a hello that it does not know. Handshakes have a deadline as a
whole, so that a slow sender can't hold a place. Whatever arrives gives a message, `PeerGone` or
`RemoteError`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

import aiohttp
from aiohttp import WSMsgType, web

from node.clock import random_bytes
from node.errors import NodeError
from node.hello import Hello, Kind, make_hello, parse_hello
from replication.errors import RemoteError
from replication.noise import XX, XX_PSK3, Channel, Handshake, public_key

WebSocket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse

SOCKET_MESSAGE_BYTES_MAX: Final = 65_536  # aiohttp refuses from this size on: one above Noise's
HANDSHAKE_S_MAX: Final = 10.0  # a handshake is three small messages, even on a poor radio
HEARTBEAT_S: Final = 20.0  # a phone that left the room is noticed within this and a half
SEND_S_MAX: Final = 30.0  # a piece of 64 KiB that takes longer is not a link
CLOSE_S_MAX: Final = 2.0

CLOSE_UNKNOWN: Final = 4004
"""WebSocket close code for a hello that the answerer does not know."""
CLOSE_FAULT: Final = 4002
"""WebSocket close code for bytes that are refused."""

# Labels of the messages on a channel (replication/noise.py keeps them whole and in order).
SESSION: Final = 1
"""A session message of replication."""
REFUSED: Final = 3
"""The reason code why this device may not connect, ASCII; the sender hangs up."""
JOIN: Final = 4  # this and the rest of joining: node/joining.py
JOINED: Final = 5
READY: Final = 7
COMMIT: Final = 8
NONCE: Final = 9
SAME: Final = 10
OFFER: Final = 11
AGREED: Final = 12
ENROLLED: Final = 13
CARDS: Final = 14  # this and the next: node/card_call.py
HOLDS: Final = 15
NOTHING: Final = 0
"""No message carries this label: what is said while nothing is due is out of turn."""
BYE: Final = 6
"""An orderly end with its reason code, ASCII."""
REASON_BYTES_MAX: Final = 64
WAITING: Final = "waiting_"
"""Begins the reason code for a device that was proposed; the number of missing officers follows."""


class PeerGone(NodeError):
    """The connection ended."""

    code = "peer_gone"


class Refused(NodeError):
    """The other device does not let this one connect."""

    code = "peer_refused"


class Answer(NamedTuple):
    """What the answerer knows about a hello: the invitation's shared secret, or None for XX."""

    psk: bytes | None


class SecureSocket:
    """One finished handshake; messages in both directions with labels."""

    def __init__(self, socket: WebSocket, handshake: Handshake) -> None:
        self._socket = socket
        self._channel: Channel = handshake.channel()
        self.peer_static = handshake.peer_static
        """X25519 public key that the other end has proved."""
        self.binding = handshake.handshake_hash
        """Hash of the handshake, 64 bytes: equal at both ends of one channel, and only there."""
        self.bytes_in = 0
        self.bytes_out = 0

    async def send(self, message: bytes, label: int = SESSION) -> None:
        """Send one whole message. PeerGone when the peer left or takes nothing any more."""
        for piece in self._channel.seal(message, label):
            await _send(self._socket, piece)
            self.bytes_out += len(piece)

    async def receive(self) -> tuple[int, bytes]:
        """The next whole message and its label. PeerGone, RemoteError."""
        while True:
            piece = await _receive(self._socket)
            self.bytes_in += len(piece)
            opened = self._channel.open(piece)
            if opened is not None:
                return opened

    async def expect(self, label: int, seconds: float) -> bytes:
        """The next message, which must carry this label. Refused, PeerGone, RemoteError."""
        try:
            async with asyncio.timeout(seconds):
                got, message = await self.receive()
        except TimeoutError:
            raise PeerGone("The other device took too long to answer.") from None
        if got == REFUSED:
            raise Refused(f"The other device refused: {reason(message)}.", reason(message))
        if got != label:
            raise RemoteError("link-label", f"an unexpected message of label {got}")
        return message

    async def close(self, code: int = aiohttp.WSCloseCode.OK) -> None:
        """Hang up; never raises and never waits long."""
        await hang_up(self._socket, code)


async def dial(
    socket: WebSocket,
    *,
    kind: Kind,
    static: bytes,
    key: bytes,
    psk: bytes | None,
    accepts: Callable[[bytes], bool],
) -> SecureSocket:
    """Shake hands as the one who called.

    `key` makes the hello's tag; `accepts` is asked about the answerer's X25519 key before this
    device gives its own. Refused when it says no or the answerer does not know the hello; PeerGone,
    RemoteError.
    """
    ephemeral = random_bytes(32)
    hello = make_hello(kind, key, public_key(ephemeral))
    handshake = Handshake(
        XX if psk is None else XX_PSK3,
        initiator=True,
        prologue=hello,
        static=static,
        ephemeral=ephemeral,
        psk=psk,
    )
    async with _deadline():
        await _send(socket, hello + handshake.write())
        handshake.read(await _receive(socket))
        if not accepts(handshake.peer_static):
            raise Refused("The device at this address is not the one that was looked for.")
        await _send(socket, handshake.write())
    return SecureSocket(socket, handshake)


async def answer(
    socket: WebSocket, *, static: bytes, known: Callable[[Hello], Awaitable[Answer | None]]
) -> SecureSocket:
    """Shake hands as the one who was called.

    `known` tells what the hello belongs to; None hangs up without a word. Refused (a stranger),
    PeerGone, RemoteError.
    """
    async with _deadline():
        hello = parse_hello(await _receive(socket))
        found = await known(hello)
        if found is None:
            raise Refused("A device that shares no group with this one tried to connect.")
        handshake = Handshake(
            XX if found.psk is None else XX_PSK3,
            initiator=False,
            prologue=hello.prologue,
            static=static,
            ephemeral=random_bytes(32),
            psk=found.psk,
        )
        handshake.read(hello.noise_message)
        await _send(socket, handshake.write())
        handshake.read(await _receive(socket))
    return SecureSocket(socket, handshake)


def reason(message: bytes) -> str:
    """The reason code in a REFUSED or BYE message, whatever its bytes are."""
    text = message[:REASON_BYTES_MAX].decode("ascii", "replace")
    return "".join(letter if letter.isalnum() or letter in "_-" else "?" for letter in text)


async def hang_up(socket: WebSocket, code: int = aiohttp.WSCloseCode.OK) -> None:
    """Close a WebSocket; never raises and never waits long."""
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await socket.close(code=code)
    except (OSError, RuntimeError, TimeoutError, aiohttp.ClientError):
        pass


@contextlib.asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(HANDSHAKE_S_MAX):
            yield
    except TimeoutError:
        raise PeerGone("The other device took too long to answer.") from None


async def _send(socket: WebSocket, data: bytes) -> None:
    try:
        async with asyncio.timeout(SEND_S_MAX):
            await socket.send_bytes(data)
    except (OSError, RuntimeError, aiohttp.ClientError, TimeoutError) as error:
        raise PeerGone("The connection to the other device was lost.") from error


async def _receive(socket: WebSocket) -> bytes:
    """The next binary message."""
    try:
        message = await socket.receive()
    except (OSError, RuntimeError, aiohttp.ClientError) as error:
        raise PeerGone("The connection to the other device was lost.") from error
    if message.type is WSMsgType.BINARY:
        return bytes(message.data)
    if message.type is WSMsgType.CLOSE and message.data == CLOSE_UNKNOWN:
        raise Refused("The other device does not know this group or this invitation.")
    if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
        raise PeerGone("The other device ended the connection.")
    if message.type is WSMsgType.ERROR and not isinstance(message.data, aiohttp.WebSocketError):
        raise PeerGone("The connection to the other device was lost.")  # no answer to a heartbeat
    if message.type is WSMsgType.ERROR and socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
        raise RemoteError("link-long", "a message longer than any of this protocol")
    raise RemoteError("link-message", "something that is not a message of this protocol")
