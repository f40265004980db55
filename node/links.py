"""All conversations of this device: who may connect, one link a pair and group, store before send.

Every change to the ledger that peers should hear of goes through `step`: the work runs on the node
thread, and only what it returned from having stored is handed to the links. A device that the
group's roster does not know is told so and hung up on; a stranger is told nothing.

Two devices may call each other at the same moment. Both then keep the link that the device with
the smaller key made and drop the other; of two links in one direction the newer stays, for the
older is a connection that the network already lost.

A device that stays connected passes on what others bring a moment later, to those who have not had
it from its author by then (replication/exchange.py).
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import aiohttp

from node.address import Address
from node.bulletin import Bulletin
from node.card_call import Pair, in_words, show_cards
from node.clock import day_of, now_ms, random_bytes
from node.coming_in import Ask, ComingIn, yes_to_the_offer
from node.doors import grant_is_over, remember, trusted
from node.errors import NodeError, StoreFailed
from node.heard import heard_of
from node.hello import discovery_key
from node.invitation import Invitation
from node.node import Node, Step
from node.node_thread import NodeThread
from node.outgoing import open_socket
from node.pairings import Pairings
from node.peer_link import PeerLink
from node.reception import Reception
from node.refused_words import OVER, why_refused
from node.relay_gossip import contradicted, take_notes, tell_notes
from node.relay_log import joined_steps
from node.secure_socket import (
    REFUSED,
    PeerGone,
    Refused,
    SecureSocket,
    WebSocket,
    dial,
    hang_up,
)
from replication.errors import RemoteError

LINKS_MAX: Final = 64  # a group has few officers; more at once is a flood
REFUSALS_KEPT: Final = 100
FORWARD_S: Final = 0.4
"""Until what others brought is passed on; up to twice as long, so that phones take turns."""
PLACES_KEPT: Final = 1024  # addresses come and go; one of each device is enough to know

log = logging.getLogger("mkutano.links")


class Refusal(NamedTuple):
    """Something that was not let in."""

    who: str
    """First letters of the device's key, or the network address of a stranger."""
    code: str
    detail: str
    at_ms: int


class Links:
    """The links of one node."""

    def __init__(self, node: Node, thread: NodeThread) -> None:
        self._node = node
        self._thread = thread
        self._keys = node.home.keys
        self._links: dict[str, PeerLink] = {}
        self._steps: set[asyncio.Task[Step]] = set()
        self._reception = Reception(self, node, thread)
        self._names = 0
        self._forwarding: dict[bytes, asyncio.Task[None]] = {}
        self.closed = False
        """Whether this device is stopping."""
        self.stay = False
        """Whether links stay after an exchange (`mkutano run`) or end with it."""
        self.refusals: deque[Refusal] = deque(maxlen=REFUSALS_KEPT)
        """The newest things that were refused, oldest first."""
        self.device_at: dict[tuple[bytes, Address], bytes] = {}
        """Which device answered for a group at an address, lately."""
        self.changed = asyncio.Event()
        """Set whenever a link begins or ends; who waits on it clears it."""
        self.ledger_changed = asyncio.Event()
        """Set whenever a step brought changes; who waits on it clears it."""
        self.bulletin = Bulletin()
        """What a person may be told of the links."""
        self.pairings = Pairings()
        """Phones that come in, and what their owners are asked meanwhile."""

    # Steps

    async def step(self, work: Callable[[], Step]) -> Step:
        """Run a step on the node thread, then send what it says; goes on if the caller leaves."""
        task = asyncio.create_task(self._step(work))
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        return await asyncio.shield(task)

    async def _step(self, work: Callable[[], Step]) -> Step:
        links = self.all()
        forgotten: list[PeerLink] = []
        over: list[PeerLink] = []
        waiting: set[bytes] = set()

        def checked() -> Step:
            try:
                return work()
            finally:
                forgotten.extend(link for link in links if self._is_forgotten(link))
                today = day_of(now_ms())
                over.extend(link for link in links if self._is_over(link, today))
                waiting.update(
                    link.group for link in links if link.replica is not None and link.replica.waits
                )

        try:
            step = await self._thread.run(checked)
        finally:
            for link in forgotten:
                link.end("restarted")
            for link in over:
                link.end(OVER)
        if step.changes:
            self.ledger_changed.set()
            for group in () if self.closed else sorted(waiting - self._forwarding.keys()):
                self._forwarding[group] = asyncio.create_task(self._forward(group))
        last_day_passed = {link.peer for link in over}
        for peer, message in step.send:
            if peer in self._links and peer not in last_day_passed:
                self._links[peer].put(message)
        for refused in step.refused:
            if refused.peer in self._links:
                self.note_refusal(self._links[refused.peer], refused.code, refused.detail)
        for peer in step.close:
            if peer in self._links:
                self._links[peer].end(self._links[peer].refused_code or "session_over")
        return step

    async def _forward(self, group: bytes) -> None:
        """Pass on in a moment what is kept back of a group."""
        await asyncio.sleep(FORWARD_S * (1 + random_bytes(1)[0] / 255))
        del self._forwarding[group]
        node = self._node
        with contextlib.suppress(NodeError):  # then the sessions begin anew, and say what they hold
            await self.step(lambda: node.take(group, lambda one: one.replica.forward()))

    def _is_forgotten(self, link: PeerLink) -> bool:
        """Whether a failed step threw the link's session away; it begins anew by a new call."""
        try:
            current = self._node.group(link.group).replica
        except NodeError:
            return True
        return link.replica is not None and link.replica is not current

    def _is_over(self, link: PeerLink, today: str) -> bool:
        """Whether the reader at the other end came to its last day while it was connected."""
        return grant_is_over(self._node, link.group, link.device, today)

    async def connect(self, link: PeerLink) -> None:
        """Begin a link's session."""
        node = self._node

        def work() -> Step:
            link.replica = node.group(link.group).replica
            if self.stay:
                link.replica.be_patient()
            told = tell_notes(node, link.group)
            step = node.connect(
                link.group, link.peer, link.device, link.initiator, now_ms(), link.by_cards
            )
            return joined_steps(told, step)

        await self.step(work)

    async def receive(self, link: PeerLink, message: bytes) -> None:
        """Take one session message of a link; returns when what it brought is on disk."""
        node, group, peer = self._node, link.group, link.peer
        synced = False

        def work() -> Step:
            nonlocal synced
            step = node.receive(group, peer, message, now_ms())
            replica = node.group(group).replica
            link.traffic = replica.traffic(peer)
            synced = replica.synced(peer)
            if synced:
                heard_of(node, group, link.device, now_ms())
            for one in take_notes(node, group, step.notes, now_ms()):
                loop.call_soon_threadsafe(self.bulletin.announce, contradicted(one))
            return step

        loop = asyncio.get_running_loop()
        await self.step(work)
        if synced:
            link.synced.set()
            self.bulletin.note(link, "in step")

    async def is_owed(self, link: PeerLink) -> bool:
        """Whether it is the other phone's turn to say something."""
        replica = link.replica
        return replica is not None and await self._thread.run(replica.is_owed, link.peer)

    async def disconnect(self, link: PeerLink) -> None:
        """End a link's session."""
        if self._links.pop(link.peer, None) is not None:
            self.bulletin.note(link, "ended")
        self.changed.set()
        await self._thread.run(self._node.disconnect, link.group, link.peer)

    # Who is connected

    def new_peer_name(self, device: bytes) -> str:
        """A name for one conversation."""
        self._names += 1
        return f"{device.hex()[:16]}-{self._names}"

    def all(self) -> list[PeerLink]:
        """The links that live now."""
        return list(self._links.values())

    def find(self, group: bytes, device: bytes) -> PeerLink | None:
        """The living link about this group with this device."""
        for link in self._links.values():
            if link.group == group and link.device == device and not link.ending:
                return link
        return None

    def note_refusal(self, link: PeerLink, code: str, detail: str) -> None:
        """Remember that a peer's bytes were refused."""
        link.refused_code = code
        self.note(link.device.hex()[:16], code, why_refused(code, detail))

    async def answer(self, socket: WebSocket, who: str) -> None:
        """Serve one incoming connection to its end. `who` is its network address, for the log."""
        await self._reception.answer(socket, who)

    def note(self, who: str, code: str, detail: str) -> None:
        """Remember that somebody was refused."""
        self.refusals.append(Refusal(who, code, detail, now_ms()))
        log.info("refused %s: %s", who, code)

    def _admit(self, link: PeerLink) -> bool:
        """Keep this link, or the one there was before it; see the rule above."""
        other = self.find(link.group, link.device)
        if other is not None:
            smaller_is_me = self._keys.public < link.device
            if other.initiator != link.initiator and other.initiator == smaller_is_me:
                return False
            other.end("replaced")
        self._links[link.peer] = link
        self.bulletin.note(link, "connected")
        self.changed.set()
        return True

    async def begin(
        self,
        secure: SecureSocket,
        group: bytes,
        device: bytes,
        *,
        initiator: bool,
        by_cards: bool = False,
    ) -> PeerLink:
        """Keep a new link, or tell the other end why not. PeerGone."""
        link = PeerLink(self, secure, group, device, initiator, by_cards)
        code, why = "already_connected", "The devices are connected already."
        if len(self._links) >= LINKS_MAX:
            code, why = "too_many_links", "This phone talks to as many phones as it can."
        elif self._admit(link):
            return link
        await secure.send(code.encode(), REFUSED)
        await secure.close()
        raise PeerGone(why, code)

    # Calling

    async def call(self, http: aiohttp.ClientSession, group: bytes, address: Address) -> PeerLink:
        """Connect to a device of the group; the caller runs the link. PeerGone, Refused."""
        self._require_open()
        known = await self._thread.run(trusted, self._node, group, day_of(now_ms()))
        socket = await open_socket(http, address)
        try:
            secure = await dial(
                socket,
                kind="peer",
                static=self._keys.noise_static(),
                key=discovery_key(group),
                psk=None,
                accepts=known.__contains__,
            )
            device = known[secure.peer_static]
            self._found_at(group, address, device)
            with contextlib.suppress(StoreFailed):  # a full phone still gives others what it has
                await self._thread.run(remember, self._node, group, device, str(address), now_ms())
            return await self.begin(secure, group, device, initiator=True)
        except BaseException as error:
            await hang_up(socket)
            if isinstance(error, RemoteError):
                raise Refused("What answered there does not speak as a Mkutano device.") from error
            raise

    async def join(
        self,
        http: aiohttp.ClientSession,
        invitation: Invitation | None,
        address: Address,
        name: str,
        ask: Ask = yes_to_the_offer,
    ) -> PeerLink:
        """Come into a group at one address; the caller runs the link, which brings the books.

        Without an invitation, by numbers. Declined, AwaitingOfficers, NotAnswered, PeerGone,
        Refused.
        """
        self._require_open()
        socket = await open_socket(http, address)
        coming = ComingIn(self._node, self._thread, invitation, address, name, ask)
        secure, joined = await coming.run(socket)
        try:
            return await self.begin(secure, joined.group, joined.inviter, initiator=True)
        except BaseException:
            await hang_up(socket)
            raise

    async def call_by_cards(
        self, http: aiohttp.ClientSession, cards: Pair, address: Address
    ) -> PeerLink:
        """Show two paper cards; the caller runs the link, which brings the books.

        The group is on this phone from then on, though the phone is in no roster yet. PeerGone,
        Refused.
        """
        self._require_open()
        socket = await open_socket(http, address)
        try:
            secure, holds = await show_cards(self._node, socket, cards)
            await self._thread.run(self._node.join, holds.group, holds.group.hex()[:8])
            return await self.begin(
                secure, holds.group, holds.device, initiator=True, by_cards=True
            )
        except BaseException as error:
            await hang_up(socket)
            if isinstance(error, RemoteError):
                raise Refused("What answered there does not speak as a Mkutano device.") from error
            if isinstance(error, Refused):
                raise in_words(error) from error
            raise

    def _found_at(self, group: bytes, address: Address, device: bytes) -> None:
        self.device_at.pop((group, address), None)
        self.device_at[group, address] = device
        if len(self.device_at) > PLACES_KEPT:
            del self.device_at[next(iter(self.device_at))]

    def _require_open(self) -> None:
        if self.closed:
            raise PeerGone("Mkutano is stopping on this phone.", "closing")

    async def close(self) -> None:
        """End every link in good order."""
        self.closed = True
        for waiting in self._forwarding.values():
            waiting.cancel()
        links = self.all()
        for link in links:
            link.end("closing")
        await asyncio.gather(*(link.over.wait() for link in links))
        await asyncio.gather(*self._steps, *self._forwarding.values(), return_exceptions=True)


def backoff_s(failures: int) -> float:
    """Seconds to wait before the next call after so many failed ones in a row: 1 to 60, blurred.

    Blurred by a quarter, so that phones that lost one network don't come back in step.
    """
    blur = random_bytes(1)[0] / 255 * 0.25
    return min(60.0, float(1 << min(failures, 6))) * (1 - blur)
