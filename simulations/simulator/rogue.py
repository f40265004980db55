"""Somebody who means harm: real keys and a real wire, and nothing of the product between them.

A rogue keeps what it learned in memory and signs whatever admission lets through, on any branch.
Its words go over the same handshake as everybody's; what comes back is read only to learn, and to
hear how it was turned away. Whether an attack did harm is never asked of the rogue.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar, cast

import aiohttp

from node.clock import CLOCK
from node.errors import NodeError
from node.hello import discovery_key
from node.secure_socket import REFUSED, SESSION, SecureSocket, dial, reason
from replication.admission import Candidate, judge
from replication.ancestry import Ancestry, merged_clock
from replication.bundle import encode_bundle
from replication.change import CHAIN_START, Change, chain_hash, change_value, sign_chain
from replication.chunk import body_hash, change_body
from replication.control import Record, encode_record
from replication.errors import RemoteError
from replication.history import Admitted, MemoryHistory
from replication.identity import DeviceKeys, actor_for
from replication.limits import CHANGE_DEPS_MAX
from replication.outcome import Outcome
from replication.replica import Replica
from replication.wire import Changes, Sorry, decode, encode
from simulations.simulator.phone import PORT, Phone, PhoneClock
from simulations.simulator.process import Killed, Process
from simulations.simulator.wire import Http

if TYPE_CHECKING:
    from simulations.simulator.story import Story

T = TypeVar("T")

LEARN_S: Final = 30.0
"""What a rogue gives a conversation in which it behaves."""
ANSWER_S: Final = 25.0
"""How long it waits to hear how it was turned away."""
FRAMES_HEARD_MAX: Final = 4096

ENDED: Final = (NodeError, RemoteError, Killed, aiohttp.ClientError, OSError, TimeoutError)
"""How a conversation ends for whoever is hung up on."""


class Rogue:
    """One device in the wrong hands."""

    def __init__(self, story: "Story", name: str, host: str, group: bytes, seed: bytes) -> None:
        self.name = name
        self.host = host
        self.group = group
        self.keys = DeviceKeys(seed)
        self.chance = story.chance("rogue", name)
        self.clock = PhoneClock(story.loop.time, f"{story.plan.seed} {name}")
        self.process = Process(name)
        self.process.context.run(CLOCK.set, self.clock)
        self.history = MemoryHistory()
        self.key_box: dict[bytes, bytes] = {}
        self.replica = self._opened()
        self._wire = story.wire

    @property
    def http(self) -> aiohttp.ClientSession:
        """What the product's own clients are called with."""
        return cast(aiohttp.ClientSession, Http(self._wire, self.host))

    def _opened(self) -> Replica:
        salt = self.chance.randbytes(8)
        return Replica(self.group, self.keys, self.history, self.key_box, salt)

    def learn(self, outcome: Outcome) -> None:
        """Keep what a conversation brought."""
        self.history.add(outcome.store.changes)
        self.key_box.update({key.key_id: key.key for key in outcome.store.keys})
        self.replica.committed()

    async def do(self, work: Awaitable[T]) -> T:
        """Run something as this device's program; ends with whoever waits for it."""
        task = self.process.begin(_awaited(work))
        try:
            return await task
        finally:
            task.cancel()

    @contextlib.asynccontextmanager
    async def at(self, phone: Phone, key: bytes = b"") -> AsyncIterator["Voice"]:
        """A channel to a phone, as this device; only inside `do`. Raises what `ENDED` names."""
        socket = await self.http.ws_connect(f"ws://{phone.host}:{PORT}")
        try:
            secure = await dial(
                socket,
                kind="peer",
                static=self.keys.noise_static(),
                key=key or discovery_key(self.group),
                psk=None,
                accepts=lambda _static: True,
            )
            yield Voice(secure)
        finally:
            await socket.close()

    async def visit(self, phone: Phone, voice: "Voice") -> None:
        """Behave for a while: give and take as an honest device does."""
        peer, replica = phone.name, self.replica
        try:
            self.learn(outcome := replica.connect(peer, phone.key, True))
            async with asyncio.timeout(LEARN_S):
                await voice.say(*(message for _, message in outcome.send))
                while not replica.synced(peer):
                    label, message = await voice.secure.receive()
                    if label != SESSION:
                        return
                    self.learn(outcome := replica.receive(peer, message))
                    await voice.say(*(said for _, said in outcome.send))
                    if outcome.close:
                        return
        except TimeoutError:
            return
        finally:
            replica.disconnect(peer)

    def hand(self) -> "Hand":
        """A hand that signs on top of what this device knows."""
        return Hand(self.keys, self.group, self.replica._ancestry.fork(), self.chance.randbytes)

    def signs(self, events: Sequence[bytes]) -> Change:
        """An entry on top of everything; of who may not write one that only looks so.

        RemoteError for who was told nothing of the group yet.
        """
        hand = self.hand()
        try:
            return hand.sign(events)
        except RemoteError:
            heads = hand.heads()
            if not heads:
                raise
            return hand.like(heads[0], events)

    def everything(self) -> list[Admitted]:
        """All that it knows, as it came."""
        rows = [
            one
            for lane in range(len(self.history.lanes()))
            for one in self.history.run(lane, 1, 2**31)
        ]
        return sorted(rows, key=lambda one: one.place.number)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class Voice:
    """One finished handshake, with nothing between a rogue and the wire."""

    def __init__(self, secure: SecureSocket) -> None:
        self.secure = secure

    async def say(self, *messages: bytes, label: int = SESSION) -> None:
        """Whole messages, wrapped as they should be."""
        for message in messages:
            await self.secure.send(message, label)

    async def give(self, changes: Sequence[Change]) -> None:
        """These changes as one bundle."""
        await self.say(encode(Changes(0, encode_bundle(changes))))

    async def throw(self, *frames: bytes) -> None:
        """Frames as they are."""
        for frame in frames:
            await self.secure._socket.send_bytes(frame)

    def sealed(self, message: bytes, label: int = SESSION) -> list[bytes]:
        """The frames of a message, not sent; their place in the channel is used up."""
        return self.secure._channel.seal(message, label)

    def endless(self, count: int, piece_bytes: int) -> list[bytes]:
        """Pieces of one message, each of which says that more follows."""
        cipher = self.secure._channel._sending
        return [cipher.encrypt(b"", bytes(piece_bytes)) for _ in range(count)]

    async def answer(self, seconds: float = ANSWER_S) -> str:
        """Why it was turned away; "hung up"; or "" when neither came in time."""
        try:
            async with asyncio.timeout(seconds):
                for _ in range(FRAMES_HEARD_MAX):
                    label, message = await self.secure.receive()
                    if label == REFUSED:
                        return reason(message)
                    if label == SESSION and isinstance(said := decode(message), Sorry):
                        return said.code
            return ""
        except TimeoutError:
            return ""
        except ENDED:
            return "hung up"


class Hand:
    """Signs on a tentative copy of what a device knows; nothing is learned by signing."""

    def __init__(
        self,
        keys: DeviceKeys,
        group: bytes,
        ancestry: Ancestry,
        randbytes: Callable[[int], bytes],
    ) -> None:
        self.keys = keys
        self.group = group
        self.ancestry = ancestry
        self._randbytes = randbytes
        self._actor = actor_for(keys.public, randbytes(8))

    def other(self) -> "Hand":
        """The same hand before whatever this one signs next."""
        return Hand(self.keys, self.group, self.ancestry.fork(), self._randbytes)

    def heads(self) -> list[Admitted]:
        """What a change on top of everything follows, its own device's newest among them."""
        found = [self._known(head) for head in sorted(self.ancestry.heads)]
        own = [head for head in found if head.change.device == self.keys.public]
        others = [head for head in found if head.change.device != self.keys.public]
        return [*own, *others][:CHANGE_DEPS_MAX]

    def _known(self, change_hash: bytes) -> Admitted:
        found = self.ancestry.find(change_hash)
        assert found is not None
        return found

    def draft(
        self, events: Sequence[bytes], deps: Sequence[Admitted] = (), time_ms: int = 0
    ) -> Admitted:
        """A signed change that is not kept; RemoteError when no device would admit it."""
        follows = tuple(deps) or tuple(self.heads())
        clock = merged_clock([dep.place for dep in follows])
        before = self.ancestry.latest_own(self.keys.public, clock)
        actor = self._actor
        if (before is None or before.change.actor != actor) and self._was_used(actor):
            actor = actor_for(self.keys.public, self._randbytes(8))
        candidate = Candidate(
            self.keys.public,
            before.change.n + 1 if before else 1,
            before,
            actor,
            follows,
            time_ms or 1_767_225_600_000,
            tuple(events),
            b"",
        )
        change, place = judge(self.group, self.ancestry, candidate)
        signature = sign_chain(self.keys, self.group, change.chain_hash)
        return Admitted(change._replace(signature=signature), place)

    def _was_used(self, actor: bytes) -> bool:
        return bool(self.ancestry.actor_starts(actor))

    def sign(
        self, events: Sequence[bytes], deps: Sequence[Admitted] = (), time_ms: int = 0
    ) -> Change:
        """A signed change, which the next one follows."""
        admitted = self.draft(events, deps, time_ms)
        self.ancestry.add(admitted)
        return admitted.change

    def decide(self, *records: Record) -> Change:
        """A change of control records."""
        return self.sign([encode_record(record) for record in records])

    def like(self, other: Admitted, events: Sequence[bytes]) -> Change:
        """A first change of this device on top of another's, whether it may write or not."""
        actor = actor_for(self.keys.public, self._randbytes(8))
        values = (change_value(other.change.time_ms, events),)
        deps = (other.change.change_hash,)
        body = change_body(actor, 1, other.place.max_op + 1, deps, values, 0, 0)
        change_hash, time_ms = body_hash(body), other.change.time_ms
        chain = chain_hash(CHAIN_START, self.keys.public, 1, time_ms, change_hash)
        signature = sign_chain(self.keys, self.group, chain)
        return Change(
            self.keys.public, 1, CHAIN_START, actor, deps, time_ms, tuple(events),
            change_hash, chain, signature,
        )  # fmt: skip

    def moved(self, change: Change, n: int, prev: bytes) -> Change:
        """The same change at another place of its chain, signed without asking the rules."""
        chain = chain_hash(prev, change.device, n, change.time_ms, change.change_hash)
        signature = sign_chain(self.keys, self.group, chain)
        return change._replace(n=n, prev=prev, chain_hash=chain, signature=signature)


def ground(drafts: Iterable[Admitted], *, highest: bool) -> Admitted:
    """Of several changes the one that stands last, or first, where the hash decides the order."""
    return (max if highest else min)(drafts, key=lambda one: one.change.change_hash)
