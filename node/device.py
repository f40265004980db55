"""One device at work: its node on a thread, its links, and everything that can be asked of it.

`Device` is what the CLI opens for one exchange and what `mkutano run` keeps open. It owns no rule:
it opens parts in order and closes them in the opposite one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from node.address import Address
from node.coming_in import Ask, waiting_sentence, yes_to_the_offer
from node.invitation import Invitation
from node.lan import Lan
from node.links import Links
from node.node import Node, Step
from node.node_thread import NodeThread
from node.outgoing import http_session
from node.peer_link import PeerLink
from node.refused_words import REFUSED
from node.secure_socket import WAITING, PeerGone, Refused
from node.session import Session

SYNC_S_MAX = 600.0
"""An exchange that moves nothing for so long is given up."""


class Device:
    """An opened home with its links; made by `open_device`."""

    def __init__(self, node: Node, thread: NodeThread, http: aiohttp.ClientSession) -> None:
        self.node = node
        self.thread = thread
        self.http = http
        self.links = Links(node, thread)
        self.lan: Lan | None = None
        self.listening: tuple[Address, ...] = ()
        """Where other phones reach this device; empty when it does not listen."""
        self.session: Session | None = None
        """For how long commands are answered without the PIN; None: there is none to ask for."""
        self.locked_by_hand = False
        """Whether `mkutano lock` is why it stops."""
        self.relay_locks: dict[tuple[bytes, bytes], asyncio.Lock] = {}
        """Of a group and a relay: one cycle at a time (node/relay_engine.py)."""
        self._running: set[asyncio.Task[None]] = set()
        self._attempts: set[asyncio.Task[None]] = set()
        self.groups_changed = asyncio.Event()
        """Set when a group was founded or joined; who waits on it clears it."""
        self.following_changed = asyncio.Event()
        """Set when a relay is followed, or no more (node/following_links.py)."""
        self.stopping = asyncio.Event()
        """Set when the process is asked to stop."""

    async def write(self, work: Callable[[Node], Step]) -> Step:
        """Run a step and send what it says."""
        return await self.links.step(lambda: work(self.node))

    async def exchange(self, group: bytes, address: Address) -> PeerLink:
        """One exchange with a device of the group; the link tells what moved.

        Raises PeerGone, Refused. A link that is there already is used as it is.
        """
        try:
            link = await self.links.call(self.http, group, address)
        except PeerGone as error:
            known = self.links.device_at.get((group, address))
            there = None if known is None else self.links.find(group, known)
            if error.code != "already_connected" or there is None:
                raise
            return there
        return await self._until_synced(link)

    async def join(
        self,
        invitation: Invitation | None,
        addresses: tuple[Address, ...],
        nearby: tuple[Address, ...] = (),
        ask: Ask = yes_to_the_offer,
    ) -> PeerLink:
        """Join at the first address where the inviter answers, and fetch the books.

        Raises what `Links.join` raises. `nearby` are phones of whatever group: that they refuse
        says nothing of the invitation.
        """
        failures: list[PeerGone | Refused] = []
        for address in (*addresses, *nearby):
            try:
                link = await self.links.join(
                    self.http, invitation, address, self.node.home.name, ask
                )
            except (PeerGone, Refused) as error:
                failures.append(error)
                continue
            self.groups_changed.set()
            return await self._until_synced(link)
        refused = [error for error in failures[: len(addresses)] if isinstance(error, Refused)]
        unreached = [error for error in failures if isinstance(error, PeerGone)]
        nowhere = _nowhere(bool(failures)) if invitation is not None else _no_door()
        raise next(iter((*refused, *unreached)), nowhere)

    def attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """Join in the background, until it is over or this device closes."""
        task = asyncio.create_task(work)
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def close(self) -> None:
        """Give up what people are still asked about, then end every link in good order."""
        attempts = tuple(self._attempts)
        for task in attempts:
            task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        await self.links.close()

    async def exchange_anywhere(self, group: bytes, addresses: tuple[Address, ...]) -> PeerLink:
        """One exchange with whichever device of the group answers first. PeerGone, Refused."""
        failure: PeerGone | Refused = _nowhere(False)
        for address in addresses:
            try:
                return await self.exchange(group, address)
            except (PeerGone, Refused) as error:
                failure = error
        raise failure

    async def _until_synced(self, link: PeerLink) -> PeerLink:
        """Run a link until both sides hold the same changes; it stays when this device runs on."""
        running = asyncio.create_task(link.run())
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        waits = [asyncio.create_task(event.wait()) for event in (link.synced, link.over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=SYNC_S_MAX)
            synced = link.synced.is_set()
        finally:
            for wait in waits:
                wait.cancel()
        if not (synced and self.links.stay):
            link.end("done")
            await link.over.wait()
        if not synced:
            for code in (link.refused_code, link.ending):
                if code in REFUSED:
                    raise Refused(REFUSED[code], code)
            if link.refused_code:
                raise Refused(
                    f"What the other phone sent was refused ({link.refused_code}), and nothing of "
                    "it was kept. Update Mkutano on both phones and try again.",
                    link.refused_code,
                )
            if link.ending.startswith(_PEER_WAITING):
                raise PeerGone(_waiting(link), "waiting_for_officers")
            raise PeerGone(_SENTENCES.get(link.ending, _LOST), link.ending)
        return link


_LOST = (
    "The connection was lost before everything was exchanged. Nothing is lost: what arrived is "
    "kept. Try again."
)
_SENTENCES = {
    "peer_not_enrolled": "The other phone does not know this phone. "
    "Ask the officer who founded the group for an invitation.",
}
_PEER_WAITING = f"peer_{WAITING}"


def _waiting(link: PeerLink) -> str:
    """What a phone hears that other officers must still agree to."""
    missing = link.ending.removeprefix(_PEER_WAITING)
    return waiting_sentence("The other phone", int(missing) if missing.isdigit() else 1)


def _no_door() -> PeerGone:
    return PeerGone(
        "No phone nearby lets anybody in by numbers now. On the other phone: mkutano invite "
        "--numbers. Then type here the address that it shows: mkutano join --numbers ADDRESS",
        "no_address",
    )


def _nowhere(somebody_answered: bool) -> PeerGone:
    if somebody_answered:
        return PeerGone(
            "The phone that made this invitation was not found nearby. Is Mkutano running there, "
            "and are both phones on the same network?",
            "unreachable",
        )
    return PeerGone(
        "The invitation names no address. Add --address HOST:PORT, as the other phone shows it "
        "while Mkutano runs there.",
        "no_address",
    )


@contextlib.asynccontextmanager
async def open_device(home: Path, pin: str | None = None) -> AsyncIterator[Device]:
    """Open a home for links; closes all in order. Raises what `Node.open` raises."""
    thread = NodeThread()
    try:
        node = await thread.run(lambda: Node.open(home, pin=pin))
        try:
            async with http_session() as http:
                device = Device(node, thread, http)
                try:
                    yield device
                finally:
                    await device.close()
        finally:
            await thread.run(node.close)
    finally:
        thread.close()
