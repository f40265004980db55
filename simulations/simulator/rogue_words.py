"""What a device says that is no honest message: bytes at every layer of a connection, and lies.

Nothing of it may enter anybody's books, keep a phone from talking to others, or cost it more than
a bounded moment. Each attack is one connection, or two; readers use them as well as officers.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import cbor2

from replication.bundle import VERSION as BUNDLE_VERSION
from replication.bundle import encode_bundle
from replication.frontier import Tip, sign_ack
from replication.noise import PIECE_BYTES_MAX
from replication.people import key_id_of
from replication.wire import Acknowledge, Changes, Have, Keys, Notes, PersonKey, Proof, encode
from simulations.simulator.phone import PORT
from simulations.simulator.rogue import ENDED, Voice
from simulations.simulator.rogue_entries import payment
from simulations.simulator.rogue_scene import Attack, Kind, Scene

ENDLESS_PIECES: Final = 20
DEEP: Final = 20_000
BOMB_BYTES: Final = 4 * 1024 * 1024
KEYS_AT_ONCE: Final = 200
PULLS: Final = 12
DRIPS: Final = 30
DRIP_S: Final = 4.0
REPLAY_S: Final = 12.0
UNKNOWN_LABELS: Final = (0, 2, 4, 9, 77, 255)

Say = Callable[[Scene, Voice], Awaitable[None]]


def _once(say: Say) -> Attack:
    """One conversation with one phone, in which this is said."""

    async def attack(scene: Scene) -> None:
        for phone in scene.on()[:1]:
            async with scene.visiting(phone) as voice:
                await say(scene, voice)
                await scene.turned_away(voice)

    return attack


def _says(make: Callable[[Scene], Sequence[bytes]]) -> Attack:
    """One conversation, in which these well-wrapped messages are said."""

    async def say(scene: Scene, voice: Voice) -> None:
        await voice.say(*make(scene))

    return _once(say)


# Frames and labels


async def _garbage_frames(scene: Scene, voice: Voice) -> None:
    await voice.throw(scene.chance.randbytes(scene.chance.choice((0, 1, 15, 4096, 65_535))))


async def _reordered_frames(scene: Scene, voice: Voice) -> None:
    tips = scene.rogue.replica.tips
    first, second = (voice.sealed(encode(Have(tips, bytes(8)))) for _ in range(2))
    await voice.throw(*second, *first)


async def _doubled_frames(scene: Scene, voice: Voice) -> None:
    await voice.throw(*voice.sealed(encode(Have(scene.rogue.replica.tips, bytes(8)))) * 2)


async def _endless_message(_scene: Scene, voice: Voice) -> None:
    await voice.throw(*voice.endless(ENDLESS_PIECES, PIECE_BYTES_MAX))


async def _unknown_labels(scene: Scene, voice: Voice) -> None:
    await voice.say(scene.chance.randbytes(64), label=scene.chance.choice(UNKNOWN_LABELS) or 2)


# Messages


def _garbage_messages(scene: Scene) -> list[bytes]:
    chance = scene.chance
    have = encode(Have(scene.rogue.replica.tips, bytes(8)))
    at = chance.randrange(len(have))
    return [
        chance.choice(
            (
                b"",
                chance.randbytes(chance.randrange(1, 4096)),
                b"\x81" * DEEP + b"\x00",
                b"\x9a\x7f\xff\xff\xff",
                bytes([0x9B]) + b"\xff" * 8,
                have[:-1],
                bytes([*have[:at], have[at] ^ 1 << chance.randrange(8), *have[at + 1 :]]),
                cbor2.dumps([99, "a message of tomorrow"]),
                cbor2.dumps([1, [], b"", 5]),
                encode(Notes((chance.randbytes(512),) * 32)),
            )
        )
    ]


def _broken_bundles(scene: Scene) -> list[bytes]:
    """A true bundle with one bit the other way, cut, or of another version."""
    chance = scene.chance
    rows = [row.change for row in scene.rogue.everything()][-30:]
    bundle = encode_bundle([*rows, scene.rogue.signs(payment(scene))])
    at = chance.randrange(len(bundle))
    flipped = bytes([*bundle[:at], bundle[at] ^ 1 << chance.randrange(8), *bundle[at + 1 :]])
    broken = chance.choice((flipped, bundle[:at], bundle + b"x", b"\x09" + bundle[1:], b""))
    return [encode(Changes(chance.choice((0, 2**40)), broken))]


def _bomb(_scene: Scene) -> list[bytes]:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    packed = deflate.compress(bytes(BOMB_BYTES)) + deflate.flush()
    return [encode(Changes(0, bytes((BUNDLE_VERSION, 0)) + packed))]


# Lies


def _have_lies(scene: Scene) -> list[bytes]:
    """It says that it holds what nobody wrote: of its own chain, and of devices that are none."""
    chance = scene.chance
    tips = {tip for tip in scene.rogue.replica.tips if tip.device != scene.rogue.keys.public}
    false = Tip(scene.rogue.keys.public, chance.randint(1, 2**31), chance.randbytes(32))
    nobody = Tip(chance.randbytes(32), chance.randint(1, 2**31), chance.randbytes(32))
    return [encode(Have(tuple(sorted({*tips, false, nobody})), bytes(8)))]


def _claims_more(scene: Scene) -> list[bytes]:
    """It says that every phone wrote more than it did, and perhaps shows what proves nothing: who
    believes that waits for the rest."""
    chance, own = scene.chance, scene.rogue.keys.public
    more = [
        Tip(tip.device, tip.n + 3, chance.randbytes(32)) if tip.n and tip.device != own else tip
        for tip in scene.rogue.replica.tips
    ]
    proofs = [_false_proof(scene, tip) for tip in more if tip.n and tip.device != own]
    shown = [encode(chance.choice(proofs))] if proofs and chance.random() < 0.5 else []
    return [encode(Have(tuple(sorted(more)), bytes(8))), *shown]


def _false_proof(scene: Scene, claimed: Tip) -> Proof:
    """An honest signature under another place of its device's chain, or one of nobody."""
    chance = scene.chance
    known = [one.change for one in scene.rogue.everything() if one.change.device == claimed.device]
    last = known[-1]
    signature = last.signature if chance.random() < 0.5 else chance.randbytes(64)
    return Proof(claimed.n, last.chain_hash, last.time_ms, last.change_hash, signature)


def _false_acks(scene: Scene) -> list[bytes]:
    """Receipts for what it does not hold, signed by nobody or even by itself."""
    rogue, chance = scene.rogue, scene.chance
    tips = tuple(sorted({*rogue.replica.tips, Tip(chance.randbytes(32), 9, chance.randbytes(32))}))
    if chance.random() < 0.5:
        return [encode(Acknowledge(rogue.replica.tips, chance.randbytes(64)))]
    return [encode(Acknowledge(*sign_ack(rogue.keys, rogue.group, tips)[1:]))]


def _poisoned_keys(scene: Scene) -> list[bytes]:
    """Keys under other keys' ids, and honest ones of members that nobody knows."""
    chance = scene.chance
    keys = [chance.randbytes(32) for _ in range(KEYS_AT_ONCE)]
    if chance.random() < 0.5:
        known = sorted(scene.rogue.key_box) or [chance.randbytes(16)]
        return [encode(Keys(tuple(PersonKey(one, keys[0]) for one in known[:50])))]
    return [encode(Keys(tuple(sorted(PersonKey(key_id_of(key), key) for key in keys))))]


async def _pulls(scene: Scene, voice: Voice) -> None:
    """It forgets everything and asks again, and again: each time for the whole history."""
    for _ in range(PULLS):
        await voice.say(encode(Have((), bytes(8))))


async def silence(scene: Scene) -> None:
    """It calls every phone, behaves, and then takes and gives nothing at all."""
    for phone in scene.on()[:2]:
        async with scene.visiting(phone) as voice:
            await voice.say(encode(Have((), bytes(8))))
            await scene.turned_away(voice)


async def slow_drip(scene: Scene) -> None:
    """A message in small pieces, one after a long while after the other."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            for _ in range(DRIPS):
                await voice.throw(*voice.endless(1, PIECE_BYTES_MAX))
                await asyncio.sleep(DRIP_S)


async def replay(scene: Scene) -> None:
    """Frames of a conversation of before are sent again, from its first one on."""
    for phone in scene.on()[:1]:
        recorded: list[bytes] = []
        with scene.recording(recorded):
            async with scene.visiting(phone) as voice:
                await voice.give([scene.rogue.signs(payment(scene))])
                await voice.answer(5.0)
        socket = await scene.rogue.http.ws_connect(f"ws://{phone.host}:{PORT}")
        try:
            for frame in recorded:
                await socket.send_bytes(frame)
            await asyncio.sleep(REPLAY_S)
        except ENDED:
            pass
        finally:
            await socket.close()


KINDS: Final = {
    "rogue-garbage-frames": Kind(_once(_garbage_frames), 1),
    "rogue-reordered-frames": Kind(_once(_reordered_frames), 0.5),
    "rogue-doubled-frames": Kind(_once(_doubled_frames), 0.5),
    "rogue-endless-message": Kind(_once(_endless_message), 0.3),
    "rogue-unknown-labels": Kind(_once(_unknown_labels), 0.5),
    "rogue-garbage-messages": Kind(_says(_garbage_messages), 2),
    "rogue-broken-bundles": Kind(_says(_broken_bundles), 2),
    "rogue-bomb": Kind(_says(_bomb), 0.2),
    "rogue-have-lies": Kind(_says(_have_lies), 1),
    "rogue-claims-more": Kind(_says(_claims_more), 0.5),
    "rogue-false-acks": Kind(_says(_false_acks), 1),
    "rogue-poisoned-keys": Kind(_says(_poisoned_keys), 0.3),
    "rogue-pulls": Kind(_once(_pulls), 0.3),
    "rogue-silence": Kind(silence, 0.5),
    "rogue-slow-drip": Kind(slow_drip, 0.5),
    "rogue-replay": Kind(replay, 0.5),
}
"""Attacks by whoever is let past the handshake, with what it says."""
