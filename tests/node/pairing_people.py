"""People at two phones that pair: what each is asked, what each says, and who listens between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from node.address import Address
from node.clock import steady_ms
from node.invitation import Invitation
from node.invitation_store import InvitationRow
from node.invitations import ORDINARY, Guest, Terms, invitations, invite
from node.pairings import Asks, Pairing
from tests.node.calling_phones import WAIT_S, Phone

NUMBERS = Terms("numbers", lifetime_ms=600_000)
CONFIRMED = Terms(confirm=True)
FOR_ANYONE = Guest()


async def invited(
    inviter: Phone, group: bytes, terms: Terms = ORDINARY, guest: Guest = FOR_ANYONE
) -> Invitation:
    """An invitation of an officer's phone."""
    at = (inviter.address,)
    _, made = await inviter.thread.run(
        invite, inviter.node, group, "write", guest, at, steady_ms(), terms
    )
    return made


async def rows(inviter: Phone, group: bytes) -> list[InvitationRow]:
    """The invitations that it made, as they stand on its disk."""
    return await inviter.thread.run(invitations, inviter.node, group, steady_ms())


class Owner:
    """The owner of a phone that joins: remembers what the screen showed, and answers."""

    def __init__(self, *says: bool, before: Callable[[Asks], Any] | None = None) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        self._says = list(says)
        self._before = before
        self._seen = asyncio.Event()

    async def ask(self, asks: Asks, facts: Mapping[str, Any]) -> bool:
        self.shown[asks] = dict(facts)
        self._seen.set()
        if self._before is not None:
            await self._before(asks)
        return self._says.pop(0) if self._says else True

    async def saw(self, asks: str) -> dict[str, Any]:
        """What the screen showed with a question, once it was asked."""
        async with asyncio.timeout(WAIT_S):
            while asks not in self.shown:
                self._seen.clear()
                await self._seen.wait()
        return self.shown[asks]


async def asked(inviter: Phone) -> Pairing:
    """The question that the inviter's owner sees."""
    pairings = inviter.links.pairings
    async with asyncio.timeout(WAIT_S):
        while not pairings.asking("inviter"):
            await pairings.news()
    return pairings.asking("inviter")[0]


async def over(pairing: Pairing) -> Pairing:
    """The same pairing when it has ended."""
    async with asyncio.timeout(WAIT_S):
        while not pairing.is_over:
            await pairing._pairings.news()
    return pairing


async def hung_up(inviter: Phone) -> None:
    """Wait until no phone is being let in any more."""
    async with asyncio.timeout(WAIT_S):
        while inviter.links._reception._in_use or inviter.links._reception._handshakes:
            await inviter.thread.run(int)  # whatever it is at comes first


class Listener:
    """A recorder on the wire: passes everything on, and keeps what the caller said."""

    def __init__(self) -> None:
        self.calls: list[bytearray] = []
        self.address = Address("127.0.0.1", 0)


@asynccontextmanager
async def listening(at: Address) -> AsyncIterator[Listener]:
    """A recorder between whoever calls its address and the phone at `at`."""
    recorder = Listener()
    tasks: set[asyncio.Task[None]] = set()

    async def carry(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray | None
    ) -> None:
        try:
            while data := await source.read(65_536):
                if kept is not None:
                    kept += data
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = bytearray()
        recorder.calls.append(kept)
        there, back = await asyncio.open_connection(*at)
        for work in (carry(reader, back, kept), carry(there, writer, None)):
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    recorder.address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield recorder
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def replayed(recorded: bytes, at: Address) -> bytes:
    """Say recorded bytes again, and hear what is answered after the upgrade, to the end."""
    reader, writer = await asyncio.open_connection(*at)
    writer.write(recorded)
    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        answer = await reader.read()
    writer.close()
    return answer
