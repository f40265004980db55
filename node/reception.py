"""Being called: who is let in, and nothing is said to anybody else.

A device of the group's roster begins a session; a phone with an open invitation is taken in first
(node/joining.py). Strangers hold few places for a few seconds each, and no caller holds all of
them. One phone at a time uses an invitation: the second is refused before it is told anything, so
that it never keeps a group which it can't enter.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import aiohttp

from node.clock import now_ms
from node.doors import Door, doors, enrol, require_open, trusted
from node.errors import NodeError
from node.hello import Hello, find_key
from node.joining import Joined, decode_join, decode_ready, encode_joined
from node.node import Node
from node.node_thread import NodeThread
from node.peer_link import PeerLink
from node.secure_socket import (
    CLOSE_FAULT,
    CLOSE_UNKNOWN,
    HANDSHAKE_S_MAX,
    JOIN,
    JOINED,
    READY,
    REFUSED,
    Answer,
    PeerGone,
    Refused,
    SecureSocket,
    WebSocket,
    answer,
    hang_up,
    reason,
)
from replication.errors import RemoteError

if TYPE_CHECKING:
    from node.links import Links

HANDSHAKES_MAX: Final = 16  # strangers may hold this many places, each for seconds
CALLER_HANDSHAKES_MAX: Final = 4  # of one network address: a phone has one or two at a time


class Reception:
    """Answers the calls of one node."""

    def __init__(self, links: "Links", node: Node, thread: NodeThread) -> None:
        self._links = links
        self._node = node
        self._thread = thread
        self._handshakes: Counter[str] = Counter()
        self._in_use: set[bytes] = set()
        """Invitations that a phone is being taken in with at this moment."""

    async def answer(self, socket: WebSocket, who: str) -> None:
        """Serve one incoming connection to its end. `who` is its network address."""
        if not self._has_room(who):
            await hang_up(socket, aiohttp.WSCloseCode.TRY_AGAIN_LATER)
            return
        self._handshakes[who] += 1
        try:
            link = await self._welcome(socket)
        except RemoteError as error:
            self._links.note(who, error.code, error.detail)
            await hang_up(socket, CLOSE_FAULT)
            return
        except NodeError as error:
            self._links.note(who, error.code, error.sentence)
            await hang_up(socket, CLOSE_UNKNOWN if isinstance(error, Refused) else CLOSE_FAULT)
            return
        finally:
            self._handshakes[who] -= 1
            if not self._handshakes[who]:
                del self._handshakes[who]
        await link.run()

    def _has_room(self, who: str) -> bool:
        return (
            not self._links.closed
            and self._handshakes.total() < HANDSHAKES_MAX
            and self._handshakes[who] < CALLER_HANDSHAKES_MAX
        )

    async def _welcome(self, socket: WebSocket) -> PeerLink:
        door: Door | None = None

        async def known(hello: Hello) -> Answer | None:
            nonlocal door
            candidates = [
                d for d in await self._thread.run(doors, self._node) if d.kind == hello.kind
            ]
            position = find_key(hello, [candidate.key for candidate in candidates])
            door = None if position is None else candidates[position]
            return None if door is None else Answer(door.psk)

        static = self._node.home.keys.noise_static()
        secure = await answer(socket, static=static, known=known)
        if door is None:
            raise Refused("A stranger connected.")
        if door.invitation is None:
            device = await self._known_device(secure, door.group)
        else:
            device = await self._take_in(secure, door, door.invitation.invitation_id)
        return await self._links.begin(secure, door.group, device, initiator=False)

    async def _known_device(self, secure: SecureSocket, group: bytes) -> bytes:
        """The roster's device at the other end; one that is not in it is told so."""
        device = (await self._thread.run(trusted, self._node, group)).get(secure.peer_static)
        if device is None:
            await secure.send(b"not_enrolled", REFUSED)
            raise NodeError("A device that is not enrolled in the group connected.", "not_enrolled")
        return device

    async def _take_in(self, secure: SecureSocket, door: Door, invitation: bytes) -> bytes:
        """The inviter's side of joining; see node/joining.py."""
        join = decode_join(await expect(secure, JOIN), secure.peer_static)
        if invitation in self._in_use:
            await secure.send(b"invitation_in_use", REFUSED)
            raise NodeError("Two phones used one invitation at once.", "invitation_in_use")
        self._in_use.add(invitation)
        try:
            async with _saying_why_not(secure):
                await self._thread.run(require_open, self._node, door)
            await secure.send(encode_joined(Joined(door.group, door.group_name)), JOINED)
            decode_ready(await expect(secure, READY))
            async with _saying_why_not(secure):
                await self._links.step(lambda: enrol(self._node, door, join, now_ms()))
        finally:
            self._in_use.discard(invitation)
        return join.device


@contextlib.asynccontextmanager
async def _saying_why_not(secure: SecureSocket) -> AsyncIterator[None]:
    """Tell the other end the code of what this phone could not do for it."""
    try:
        yield
    except NodeError as error:
        await secure.send(error.code.encode(), REFUSED)
        raise


async def expect(secure: SecureSocket, label: int) -> bytes:
    """The next message, which must carry this label. Refused, PeerGone, RemoteError."""
    try:
        async with asyncio.timeout(HANDSHAKE_S_MAX):
            got, message = await secure.receive()
    except TimeoutError:
        raise PeerGone("The other device took too long to answer.") from None
    if got == REFUSED:
        raise Refused(f"The other device refused: {reason(message)}.", reason(message))
    if got != label:
        raise RemoteError("link-label", f"an unexpected message of label {got}")
    return message
