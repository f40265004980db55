"""A device that means harm: everything it sends must be refused with a reason, touching nothing.

It holds a read-only key of the group (as an NGO's laptop that was stolen would), so it gets past
the handshake and knows every change; and it tries as a stranger, too. Each attack is one
connection. What counts is not what it is told but that the phone's digest stays what it was, so
whoever runs this compares digests before and after.

    python -m simulations.hostile --home STOLEN_HOME HOST:PORT
"""

import asyncio
import contextlib
import json
import secrets
import zlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp
import cbor2
import click

from node.address import Address, parse_address
from node.clock import now_ms
from node.hello import discovery_key, make_hello
from node.node import Node
from node.secure_socket import SESSION, reason
from replication.bundle import VERSION as BUNDLE_VERSION
from replication.bundle import encode_bundle
from replication.change import CHAIN_START, Change, chain_hash, change_value, signed_message
from replication.chunk import body_hash, change_body
from replication.errors import RemoteError
from replication.frontier import Tip
from replication.history import Admitted
from replication.identity import DeviceKeys, actor_for
from replication.noise import PIECE_BYTES_MAX, XX, Channel, Handshake, public_key
from replication.people import key_id_of
from replication.wire import Acknowledge, Changes, Have, Keys, PersonKey, Sorry, decode, encode

ANSWER_S_MAX = 20.0
FRAME_BYTES = 4 * 65_536
ENDLESS_PIECES = 40  # two and a half times the largest message
RESENT_TIMES = 12
BOMB_BYTES = 64 * 1024 * 1024
DEEP = 100_000


class Repelled(NamedTuple):
    """How one attack ended."""

    attack: str
    answer: str
    """The reason that the phone gave, or how it hung up; empty when it did neither."""


class Loot(NamedTuple):
    """What a stolen read-only device holds."""

    keys: DeviceKeys
    group: bytes
    victim: bytes
    """Ed25519 key of the phone that is attacked."""
    tips: tuple[Tip, ...]
    heads: tuple[Admitted, ...]
    last: Admitted
    """The victim's newest change."""


def loot(home: Path) -> Loot:
    """Open a stolen home and take what is in it."""
    with Node.open(home) as node:
        (group,) = node.groups.values()
        replica = group.replica
        heads = tuple(found for head in replica.heads if (found := replica.find(head)))
        tip = max(tip for tip in replica.tips if tip.device == group.roster.founder)
        lanes = group.store.chains(group.row.group_no).lanes()
        last_hash = next(lane.tip_change for lane in lanes if lane.tip_chain == tip.chain)
        last = replica.find(last_hash)
        assert last is not None
        return Loot(node.home.keys, group.id, group.roster.founder, replica.tips, heads, last)


# Changes that should never have been


def forged(stolen: Loot, device: bytes, signer: DeviceKeys, events: Sequence[bytes]) -> Change:
    """A change in a device's name on top of everything, right in all but its signer."""
    before = stolen.last.change if device == stolen.victim else None
    n, prev = (before.n + 1, before.chain_hash) if before else (1, CHAIN_START)
    actor = actor_for(device, secrets.token_bytes(8))
    deps = sorted(head.change.change_hash for head in stolen.heads)
    start_op = 1 + max(head.place.max_op for head in stolen.heads)
    time_ms = now_ms()
    values = (change_value(time_ms, events),)
    change_hash = body_hash(change_body(actor, 1, start_op, deps, values, 0, 0))
    chain = chain_hash(prev, device, n, time_ms, change_hash)
    signature = signer.sign(signed_message(stolen.group, chain))
    return Change(
        device, n, prev, actor, tuple(deps), time_ms, tuple(events), change_hash, chain, signature
    )


def _payment() -> bytes:
    member = secrets.token_bytes(17)
    return cbor2.dumps([1, "loan.repaid", 1, 1, 1, member, 1_000_000, 1, "box", ""], canonical=True)


def _as_reader(stolen: Loot) -> list[Change]:
    return [forged(stolen, stolen.keys.public, stolen.keys, [_payment()])]


def _as_the_secretary(stolen: Loot) -> list[Change]:
    return [forged(stolen, stolen.victim, stolen.keys, [_payment()])]


def _altered(stolen: Loot) -> list[Change]:
    return [stolen.last.change._replace(events=(_payment(),))]


def _with_a_hole(stolen: Loot) -> list[Change]:
    change = forged(stolen, stolen.victim, stolen.keys, [_payment()])
    return [change._replace(n=change.n + 5, prev=secrets.token_bytes(32))]


def _orphan(stolen: Loot) -> list[Change]:
    change = forged(stolen, stolen.victim, stolen.keys, [_payment()])
    return [change._replace(deps=(secrets.token_bytes(32),))]


class Line(NamedTuple):
    """A connection whose handshake went well, with nothing between an attack and the wire."""

    socket: aiohttp.ClientWebSocketResponse
    channel: Channel

    async def say(self, *messages: bytes) -> None:
        """Send session messages as an honest device would wrap them."""
        for message in messages:
            for piece in self.channel.seal(message, SESSION):
                await self.socket.send_bytes(piece)

    async def answer(self) -> str:
        """Why we were refused; how the phone hung up; or "" when it did neither in time."""
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                while True:
                    frame = await self.socket.receive()
                    if frame.type is not aiohttp.WSMsgType.BINARY:
                        return f"hung up ({self.socket.close_code})"
                    opened = self.channel.open(bytes(frame.data))
                    if opened is not None and (said := _refusal(*opened)):
                        return said
        except TimeoutError:
            return ""


def _refusal(label: int, message: bytes) -> str:
    if label != SESSION:
        return reason(message)
    said = decode(message)
    return said.code if isinstance(said, Sorry) else ""


# Attacks behind the handshake

Attack = Callable[[Line, Loot], Awaitable[None]]


def _changes(make: Callable[[Loot], list[Change]], times: int = 1) -> Attack:
    """Send these changes as a bundle, once or again and again."""

    async def attack(line: Line, stolen: Loot) -> None:
        for _ in range(times):
            await line.say(encode(Changes(0, encode_bundle(make(stolen)))))

    return attack


def _message(make: Callable[[Loot], bytes]) -> Attack:
    """Send one well-wrapped session message."""

    async def attack(line: Line, stolen: Loot) -> None:
        await line.say(make(stolen))

    return attack


def _frames(make: Callable[[Line, Loot], list[bytes]]) -> Attack:
    """Send these WebSocket messages."""

    async def attack(line: Line, stolen: Loot) -> None:
        for frame in make(line, stolen):
            await line.socket.send_bytes(frame)

    return attack


def _have(stolen: Loot) -> bytes:
    return encode(Have(stolen.tips, bytes(8)))


def _reordered(line: Line, stolen: Loot) -> list[bytes]:
    first, second = (line.channel.seal(_have(stolen), SESSION) for _ in range(2))
    return [*second, *first]


def _endless(line: Line, stolen: Loot) -> list[bytes]:
    """A message whose every piece says that more follows."""
    cipher = line.channel._sending  # who means harm respects no underscore
    return [cipher.encrypt(b"", bytes(PIECE_BYTES_MAX)) for _ in range(ENDLESS_PIECES)]


def _bomb(stolen: Loot) -> bytes:
    """A bundle of the right version whose columns are all zeros, packed a thousand times."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    packed = deflate.compress(bytes(BOMB_BYTES)) + deflate.flush()
    return encode(Changes(0, bytes((BUNDLE_VERSION, 0)) + packed))


def _false_ack(stolen: Loot) -> bytes:
    return encode(Acknowledge(stolen.tips, bytes(64)))


def _poisoned_keys(stolen: Loot) -> bytes:
    key = secrets.token_bytes(32)
    return encode(Keys((PersonKey(key_id_of(key), key),)))


ATTACKS: dict[str, Attack] = {
    "a payment signed with a read-only key": _changes(_as_reader),
    "a payment forged in the secretary's name": _changes(_as_the_secretary),
    "the secretary's last entry with another amount": _changes(_altered),
    "a chain with a hole in it": _changes(_with_a_hole, RESENT_TIMES),
    "entries that follow nothing known, again and again": _changes(_orphan, RESENT_TIMES),
    "frames in the wrong order": _frames(_reordered),
    "a frame sent twice": _frames(lambda line, loot: line.channel.seal(_have(loot), SESSION) * 2),
    "a frame of garbage": _frames(lambda line, loot: [secrets.token_bytes(4096)]),
    "an oversized frame": _frames(lambda line, loot: [bytes(FRAME_BYTES)]),
    "a message that never ends": _frames(_endless),
    "garbage where a message should be": _message(lambda loot: secrets.token_bytes(4096)),
    "a message nested a hundred thousand deep": _message(lambda loot: b"\x81" * DEEP + b"\x00"),
    "a list that claims two billion items": _message(lambda loot: b"\x9a\x7f\xff\xff\xff"),
    "a bundle that unpacks to 64 MiB": _message(_bomb),
    "an acknowledgement that nobody signed": _message(_false_ack),
    "member keys from a device that may not write": _message(_poisoned_keys),
}


async def assail(stolen: Loot, address: Address) -> list[Repelled]:
    """Every attack, one connection each."""
    out = []
    async with aiohttp.ClientSession() as http:
        for name, attack in ATTACKS.items():
            try:
                out.append(Repelled(name, await _attempt(http, stolen, address, attack)))
            except (aiohttp.ClientError, ConnectionError) as error:
                out.append(Repelled(name, f"hung up ({type(error).__name__})"))
        stranger = stolen._replace(keys=DeviceKeys(secrets.token_bytes(32)))
        out.append(
            await _as_stranger(http, stranger, address, "a stranger", secrets.token_bytes(32))
        )
        key = discovery_key(stolen.group)
        out.append(
            await _as_stranger(http, stranger, address, "a stranger who knows the group", key)
        )
    out.append(await _raw(address))
    return out


async def _attempt(
    http: aiohttp.ClientSession, stolen: Loot, address: Address, attack: Attack
) -> str:
    async with http.ws_connect(address.url, compress=0) as socket:
        line = await _dial(socket, stolen.keys, discovery_key(stolen.group))
        await line.say(_have(stolen))
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            await attack(line, stolen)  # hung up on in the middle, the answer may still be there
        return await line.answer()


async def _dial(socket: aiohttp.ClientWebSocketResponse, keys: DeviceKeys, tag_key: bytes) -> Line:
    """Shake hands; RemoteError when the phone does not answer."""
    ephemeral = secrets.token_bytes(32)
    hello = make_hello("peer", tag_key, public_key(ephemeral))
    handshake = Handshake(
        XX, initiator=True, prologue=hello, static=keys.noise_static(), ephemeral=ephemeral
    )
    await socket.send_bytes(hello + handshake.write())
    frame = await socket.receive()
    if frame.type is not aiohttp.WSMsgType.BINARY:
        raise RemoteError("hung_up", f"hung up ({socket.close_code})")
    handshake.read(bytes(frame.data))
    await socket.send_bytes(handshake.write())
    return Line(socket, handshake.channel())


async def _as_stranger(
    http: aiohttp.ClientSession, stranger: Loot, address: Address, name: str, tag_key: bytes
) -> Repelled:
    """A device that nobody enrolled, with a guessed or with the right discovery key."""
    async with http.ws_connect(address.url, compress=0) as socket:
        try:
            line = await _dial(socket, stranger.keys, tag_key)
            return Repelled(name, await line.answer())
        except RemoteError as error:
            return Repelled(name, error.detail)


async def _raw(address: Address) -> Repelled:
    """Bytes that are not even a WebSocket."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(secrets.token_bytes(65_536))
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await reader.read(64)
    except ConnectionError:
        answer = b""
    except TimeoutError:
        return Repelled("garbage on the bare port", "")
    finally:
        writer.close()
    status = answer.split(b"\r\n")[0].decode("ascii", "replace")
    return Repelled("garbage on the bare port", status or "hung up")


@click.command()
@click.option("--home", type=click.Path(path_type=Path, exists=True), required=True)
@click.argument("address")
def main(home: Path, address: str) -> None:
    """Attack the phone at ADDRESS with a stolen read-only home; prints JSON."""
    repelled = asyncio.run(assail(loot(home), parse_address(address)))
    click.echo(json.dumps([attack._asdict() for attack in repelled]))


if __name__ == "__main__":
    main()
