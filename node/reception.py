"""Being called: who is let in, and nothing is said to anybody else.

A device of the group's roster begins a session; a phone with an open invitation is let in first
(node/letting_in.py). Strangers hold few places for a few seconds each, and no caller holds all of
them; who has come with an invitation and said who it is waits for people, in a place of its own.
"""

from collections import Counter
from typing import TYPE_CHECKING, Final

import aiohttp

from node.card_call import SHOWN, look_at_cards
from node.clock import day_of, now_ms, steady_ms
from node.doors import Door, channel_key, door_for, trusted
from node.enrolment import waiting
from node.errors import NodeError
from node.hello import Hello
from node.letting_in import LettingIn
from node.node import Node
from node.node_thread import NodeThread
from node.peer_link import PeerLink
from node.reader_words import is_over
from node.refused_words import OVER, why_refused
from node.secure_socket import (
    CLOSE_FAULT,
    CLOSE_UNKNOWN,
    REFUSED,
    WAITING,
    Answer,
    Refused,
    SecureSocket,
    WebSocket,
    answer,
    hang_up,
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
        place = _Place(self._handshakes, who)
        try:
            link = await self._welcome(socket, place)
        except RemoteError as error:
            self._links.note(who, error.code, error.detail)
            await hang_up(socket, CLOSE_FAULT)
            return
        except NodeError as error:
            self._links.note(who, error.code, error.sentence)
            await hang_up(socket, CLOSE_UNKNOWN if isinstance(error, Refused) else CLOSE_FAULT)
            return
        finally:
            place.leave()
        if link is not None:
            await link.run()

    def _has_room(self, who: str) -> bool:
        return (
            not self._links.closed
            and self._handshakes.total() < HANDSHAKES_MAX
            and self._handshakes[who] < CALLER_HANDSHAKES_MAX
        )

    async def _welcome(self, socket: WebSocket, place: "_Place") -> PeerLink | None:
        """A session to hold, once the handshake is over; None when there was one or none."""
        door: Door | None = None

        async def known(hello: Hello) -> Answer | None:
            nonlocal door
            door = await self._thread.run(door_for, self._node, hello, steady_ms())
            return None if door is None else Answer(door.psk)

        static = self._node.home.keys.noise_static()
        secure = await answer(socket, static=static, known=known)
        if door is None:
            raise Refused("A stranger connected.")
        if door.kind == "cards":
            device = await look_at_cards(self._node, self._thread, secure, door.group)
            self._links.bulletin.announce(SHOWN)
            return await self._links.begin(
                secure, door.group, device, initiator=False, by_cards=True
            )
        if door.invitation is None:
            device = await self._known_device(secure, door.group)
            return await self._links.begin(secure, door.group, device, initiator=False)
        guest = LettingIn(self._links, self._node, self._thread, secure, door, door.invitation)
        await guest.run(self._in_use, place.leave)
        return None

    async def _known_device(self, secure: SecureSocket, group: bytes) -> bytes:
        """The roster's device at the other end; one that is not in it is told so."""
        day = day_of(now_ms())
        device = (await self._thread.run(trusted, self._node, group, day)).get(secure.peer_static)
        if device is None:
            code = await self._thread.run(_why_not, self._node, group, secure.peer_static, day)
            await secure.send(code.encode(), REFUSED)
            raise NodeError(why_refused(code, "A device that is not in the group called."), code)
        return device


def _why_not(node: Node, group: bytes, static: bytes, day: str) -> str:
    """What a device that has proved its key is told when it is not in the roster."""
    for device, known in node.group(group).roster.devices.items():
        if is_over(known, day) and channel_key(device) == static:
            return OVER
    waits = waiting(node.group(group))
    missing = next((waits[device] for device in waits if channel_key(device) == static), 0)
    return f"{WAITING}{missing}" if missing else "not_enrolled"


class _Place:
    """One of the places that strangers may hold, left once and only once."""

    def __init__(self, taken: Counter[str], who: str) -> None:
        self._taken = taken
        self._who = who
        self._is_held = True
        taken[who] += 1

    def leave(self) -> None:
        """Let somebody else have it. Twice is harmless."""
        if self._is_held:
            self._is_held = False
            self._taken[self._who] -= 1
            if not self._taken[self._who]:
                del self._taken[self._who]
