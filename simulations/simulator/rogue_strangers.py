"""Who was let in to read, or not at all: strangers on the network and organisations' devices.

A stranger knows what the air tells everybody, sometimes the group's id too. Neither may write, hold
a place for long, nor keep phones from finding each other.
"""

import asyncio
from typing import Final

from node.hello import discovery_key, make_hello
from node.secure_socket import HANDSHAKE_S_MAX
from replication.noise import XX, Handshake, public_key
from replication.wire import Have, Sorry, encode
from simulations.simulator.phone import PORT, Phone, StoryLan
from simulations.simulator.rogue import ENDED, LEARN_S, Rogue
from simulations.simulator.rogue_entries import payment
from simulations.simulator.rogue_scene import Kind, Scene
from simulations.simulator.wire import Socket

CALLS_AT_ONCE: Final = 24
"""More than a phone keeps places for strangers."""
ANNOUNCED: Final = 40
SHOWN_S: Final = 45.0
PULLS: Final = 10


async def _socket(rogue: Rogue, phone: Phone) -> Socket:
    return await rogue.http.ws_connect(f"ws://{phone.host}:{PORT}")  # type: ignore[return-value]


def _first_message(scene: Scene, *, knows_group: bool) -> bytes:
    chance = scene.chance
    ephemeral = chance.randbytes(32)
    key = discovery_key(scene.group.id) if knows_group else chance.randbytes(32)
    hello = make_hello("peer", key, public_key(ephemeral))
    handshake = Handshake(
        XX, initiator=True, prologue=hello, static=chance.randbytes(32), ephemeral=ephemeral
    )
    return hello + handshake.write()


async def unknown_hello(scene: Scene) -> None:
    """A stranger who knows the group, one who does not, and one who speaks of something else."""
    for phone in scene.on()[:1]:
        for first in (
            _first_message(scene, knows_group=False),
            scene.chance.randbytes(53),
            scene.chance.randbytes(4096),
            b"MKT\x63" + bytes(49),
        ):
            socket = await _socket(scene.stranger, phone)
            try:
                await socket.send_bytes(first)
                async with asyncio.timeout(2 * HANDSHAKE_S_MAX):
                    heard = await socket.receive()
                if heard.type.name == "BINARY":
                    scene.story.auditor.complain(f"{phone.name} answered a stranger's hello")
            except ENDED:
                continue
            finally:
                await socket.close()
        scene.story.trace.note("repelled:hello", scene.stranger.name)


async def not_let_in(scene: Scene) -> None:
    """A device that knows the group's id and is in no roster calls every phone, and writes."""
    for phone in scene.on():
        async with scene.stranger.at(phone) as voice:
            code = await scene.turned_away(voice)
            if not code:
                scene.story.auditor.complain(f"{phone.name} keeps a stranger's call")


async def handshake_flood(scene: Scene) -> None:
    """Far more calls than a phone has places for, and each says nothing, or only half."""
    for phone in scene.on()[:1]:
        sockets = []
        try:
            for number in range(CALLS_AT_ONCE):
                socket = await _socket(scene.stranger, phone)
                sockets.append(socket)
                if number % 2:
                    await socket.send_bytes(_first_message(scene, knows_group=True))
            await asyncio.sleep(HANDSHAKE_S_MAX / 2)
        finally:
            for socket in sockets:
                await socket.close()


async def slowloris(scene: Scene) -> None:
    """It holds places as long as it can, by one small frame after the other."""
    for phone in scene.on()[:1]:
        sockets = [await _socket(scene.stranger, phone) for _ in range(4)]
        try:
            for _ in range(8):
                await asyncio.sleep(HANDSHAKE_S_MAX / 4)
                for socket in sockets:
                    await socket.send_bytes(b"M")
        finally:
            for socket in sockets:
                await socket.close()


async def fake_announcements(scene: Scene) -> None:
    """It announces forty phones of the group where nobody answers, or where it listens itself."""
    near, host = scene.group.near, scene.stranger.host
    hosts = [f"{host}{number:02}" for number in range(ANNOUNCED)] + [host]
    scene.story.wire.listen(host, PORT, scene.stranger.process, _says_nothing)
    try:
        for one in hosts:
            lan = StoryLan(near, one, scene.chance.randbytes(8).hex())
            await lan.set_groups((scene.group.id,))
        await asyncio.sleep(SHOWN_S)
    finally:
        scene.story.wire.unlisten(host, PORT)
        for one in hosts:
            near.present.pop(one, None)
        near.changed()


async def _says_nothing(socket: Socket, _who: str) -> None:
    await asyncio.sleep(SHOWN_S)


# Readers


async def reader_writes(scene: Scene) -> None:
    """A reader signs an entry as if it might; before and after it was let in."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand, rogue = scene.rogue.hand(), scene.rogue
            rows = [row for row in rogue.everything() if row.change.device != rogue.keys.public]
            officer = rows[-1] if scene.chance.random() < 0.7 else scene.chance.choice(rows)
            forged = hand.like(officer, payment(scene))
            await voice.give(scene.never([forged]))
            await scene.turned_away(voice)


async def reader_pulls(scene: Scene) -> None:
    """A reader asks for the whole history, again and again, on several lines."""
    for phone in scene.on()[:2]:
        async with scene.visiting(phone, behaving=False) as voice:
            for _ in range(PULLS):
                await voice.say(encode(Have((), bytes(8))))
            await voice.answer(LEARN_S)


async def reader_claims(scene: Scene) -> None:
    """A reader is sorry for nothing, and says so; then it hangs up without a word."""
    for phone in scene.on():
        async with scene.visiting(phone) as voice:
            await voice.say(encode(Sorry("everything", "\u202enothing\x00" * 30)))
            await voice.answer(5.0)


STRANGERS: Final = {
    "stranger-unknown-hello": Kind(unknown_hello, 0.5),
    "stranger-not-let-in": Kind(not_let_in, 0.5),
    "stranger-handshake-flood": Kind(handshake_flood, 0.3),
    "stranger-slowloris": Kind(slowloris, 0.3),
    "stranger-announcements": Kind(fake_announcements, 0.3),
}
"""Attacks by who was never let in."""

READERS: Final = {
    "reader-writes": Kind(reader_writes, 0.5),
    "reader-pulls": Kind(reader_pulls, 0.3),
    "reader-sorry": Kind(reader_claims, 0.3),
}
"""Attacks by who was let in to read."""
