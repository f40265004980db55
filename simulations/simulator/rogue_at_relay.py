"""What a device in the wrong hands does at the group's relay, with the keys that it has.

It may push and propose as its own access lets it: nothing of that may decide who reads, open what
is sealed later, stop honest backups or reading, or trouble other groups at the same relay.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Final

from node.relay_client import RelayClient, RelayFailed, call_relay
from node.relay_log import content_of
from relay.facts import Access, Checkpoint
from relay.protocol import Find, Found
from replication.bundle import encode_bundle
from replication.control import RelayChosen
from replication.sealing import NONCE_BYTES, epoch_key_id, seal_blob
from simulations.simulator.rogue import ENDED, Rogue
from simulations.simulator.rogue_entries import payment
from simulations.simulator.rogue_scene import Attack, Kind, Scene
from simulations.simulator.wire import Socket

PUSHES: Final = 12
PULLS: Final = 30


@contextlib.asynccontextmanager
async def _calling(scene: Scene, rogue: Rogue) -> AsyncIterator[tuple[RelayClient, RelayChosen]]:
    chosen = scene.rogue.replica.relays()[0]
    client = await call_relay(rogue.http, chosen.url, rogue.keys, chosen.relay)
    try:
        yield client, chosen
    finally:
        await client.close()


Act = Callable[[Scene, RelayClient, RelayChosen], Awaitable[None]]


def _calls(act: Act) -> Attack:
    """One connection to a relay of the group; what the relay refuses is counted by its code."""

    async def attack(scene: Scene) -> None:
        if not scene.rogue.replica.relays():
            for phone in scene.on()[:1]:
                async with scene.visiting(phone):
                    pass
        if not scene.rogue.replica.relays():
            return
        async with _calling(scene, scene.rogue) as (client, chosen):
            await act(scene, client, chosen)

    return attack


async def _tried(scene: Scene, act: Awaitable[object]) -> bool:
    """Whether the relay let it happen."""
    try:
        await act
    except RelayFailed as error:
        scene.story.trace.note(f"repelled:{error.code}", scene.rogue.name)
        return False
    return True


async def _push(scene: Scene, client: RelayClient, mailbox: bytes, blob: bytes) -> bool:
    return await _tried(scene, client.push(mailbox, blob, sha256(blob).digest()))


def _sealed(scene: Scene, mailbox: bytes, content: bytes, *, own_key: bool) -> bytes:
    """A blob under a key that all have, or under one that nobody has."""
    box = scene.rogue.key_box
    known = [key for key_id, key in sorted(box.items()) if key and key_id == epoch_key_id(key)]
    key = known[-1] if known and not own_key else scene.chance.randbytes(32)
    return seal_blob(key, scene.chance.randbytes(NONCE_BYTES), mailbox, content)


async def _junk_log(scene: Scene, client: RelayClient, chosen: RelayChosen) -> None:
    """Blobs that nobody opens, blobs of nonsense, bundles of lies, notes that nobody signed."""
    chance = scene.chance
    if not await _tried(scene, client.open(chosen.log)):
        return
    forged = scene.never(
        [scene.rogue.signs(payment(scene))._replace(signature=chance.randbytes(64))]
    )
    contents: Sequence[bytes] = (
        chance.randbytes(300),
        content_of(chance.randbytes(200), b""),
        content_of(encode_bundle(forged), b""),
        content_of(encode_bundle([scene.rogue.signs(payment(scene))]), chance.randbytes(192)),
    )
    for _ in range(PUSHES):
        content = chance.choice(contents)
        own_key = chance.random() < 0.3
        if not await _push(
            scene, client, chosen.log, _sealed(scene, chosen.log, content, own_key=own_key)
        ):
            return


async def _junk_slots(scene: Scene, client: RelayClient, chosen: RelayChosen) -> None:
    """Slots of other things than slots, in every box."""
    for box in chosen[3:6]:
        if await _tried(scene, client.open(box)):
            for _ in range(3):
                if not await _push(scene, client, box, scene.chance.randbytes(400)):
                    return


def _takeovers(before: Access, own: bytes) -> list[Access]:
    number = before.number + 1
    stranger = bytes(range(32))
    return [
        before._replace(number=number, writers=((own,),), needed=1, readers=(), tags=()),
        before._replace(number=number, needed=1),
        before._replace(number=number, cards=()),
        before._replace(number=number, readers=tuple(sorted({*before.readers, stranger}))),
    ]


async def _lists(scene: Scene, client: RelayClient, chosen: RelayChosen) -> None:
    """Lists in which it stands alone, decides alone, or lets a stranger read."""
    for mailbox in chosen[2:6]:
        if not await _tried(scene, client.open(mailbox)):
            continue
        chain = await client.read_access(mailbox, 1)
        newest = chain.chain[-1].access
        for access in _takeovers(newest, scene.rogue.keys.public):
            with contextlib.suppress(RelayFailed):
                if await client.propose(mailbox, access) == 0 and newest.needed > 1:
                    scene.story.auditor.complain("one officer alone changed a relay's access list")


async def _checkpoints(scene: Scene, client: RelayClient, chosen: RelayChosen) -> None:
    """It signs that entries say all that was before them, which they do not."""
    opened = await client.open(chosen.log)
    head = opened.head.head
    for first in (2, max(1, head.cursor // 2), head.cursor):
        for chain in (head.chain, scene.chance.randbytes(32)):
            checkpoint = Checkpoint(head.log_id, max(1, first), max(1, head.cursor), chain)
            await _tried(scene, client.sign_checkpoint(chosen.log, checkpoint))


async def _searches(scene: Scene, client: RelayClient, chosen: RelayChosen) -> None:
    """It asks for the whole log again and again, for what it may not have, and for everything."""
    chance = scene.chance
    if await _tried(scene, client.open(chosen.log)):
        for _ in range(PULLS):
            if not await _tried(scene, client.pull(chosen.log, 0)):
                break
    await _tried(scene, client.open(chance.randbytes(32)))
    await _tried(
        scene, client.ask(Find(tuple(sorted({chance.randbytes(32) for _ in range(64)}))), Found)
    )
    for mailbox in chosen[3:6]:
        await _tried(scene, client.open(mailbox))


async def rubbish(scene: Scene) -> None:
    """Bytes that are no message of the relay's protocol."""
    for relay in scene.story.relays[:1]:
        if not relay.is_on:
            return
        for data in (scene.chance.randbytes(64), b"\x9a\x7f\xff\xff\xff", b"\x81" * 5000, b""):
            socket: Socket = await scene.rogue.http.ws_connect(relay.url)  # type: ignore[assignment]
            try:
                await socket.receive()
                await socket.send_bytes(data)
                await socket.receive()
            except ENDED:
                continue
            finally:
                await socket.close()


KINDS: Final = {
    "rogue-junk-in-log": Kind(_calls(_junk_log), 0.4),
    "rogue-junk-slots": Kind(_calls(_junk_slots), 0.3),
    "rogue-relay-lists": Kind(_calls(_lists), 0.4),
    "rogue-checkpoints": Kind(_calls(_checkpoints), 0.3),
    "rogue-relay-searches": Kind(_calls(_searches), 0.3),
    "rogue-relay-rubbish": Kind(rubbish, 0.3),
}
"""Attacks by an officer's or a reader's device, at the group's relay."""
