"""Targets of the link between devices: the first message, the handshake, joining, paper cards.

The handshake's messages are made by an honest other side with fixed keys, so what is damaged is
seen by a handshake that waits for exactly it; transport messages are sealed again after damage.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from node import card_call, joining
from node.hello import discovery_key, find_key, make_hello, parse_hello
from node.secure_socket import reason
from replication.errors import LocalError, RemoteError
from replication.noise import XX, XX_PSK3, Channel, CipherState, Handshake, public_key
from replication.refusals import CODES
from simulations.fuzzing.mutation import bytes_of, cbor_of, either, inside
from simulations.fuzzing.target import Broken, Parser, Target
from simulations.fuzzing.village_seeds import key_of, village

_STATIC: Final = {name: key_of(name).noise_static() for name in ("secretary", "treasurer")}
_EPHEMERAL: Final = {"secretary": b"e" * 32, "treasurer": b"f" * 32}
_PSK: Final = b"p" * 32


def hellos() -> Parser:
    """The first bytes on a connection."""
    keys = [discovery_key(village().group), b"k" * 32]

    def take(data: bytes) -> None:
        hello = parse_hello(data)
        if hello.prologue + hello.noise_message != data:
            raise Broken("a first message lost bytes")
        find_key(hello, keys)

    first = public_key(_EPHEMERAL["secretary"])
    kinds = ("peer", "join", "compare", "cards")
    seeds = [make_hello(kind, keys[0], first) + first + bytes(16) for kind in kinds]  # type: ignore[arg-type]
    return Parser(take, [*seeds, seeds[0][:-16]], (RemoteError,), bytes_of, (), CODES)


# The handshake


def _side(name: str, psk: bytes | None, *, caller: bool) -> Handshake:
    return Handshake(
        XX if psk is None else XX_PSK3,
        initiator=caller,
        prologue=b"hello",
        static=_STATIC[name],
        ephemeral=_EPHEMERAL[name],
        psk=psk,
    )


def handshakes() -> Parser:
    """A message of a handshake: its first byte says which of three is waited for, with or without
    a shared secret; the answer to it is written, too."""

    def take(data: bytes) -> None:
        psk = _PSK if data[:1] > b"\x7f" else None
        place = data[0] % 3 if data else 0
        caller, called = _side("secretary", psk, caller=True), _side("treasurer", psk, caller=False)
        ends = (caller, called)
        for turn in range(place):
            ends[1 - turn % 2].read(ends[turn % 2].write())
        ends[1 - place % 2].read(data[1:])
        if ends[1 - place % 2].my_turn:
            ends[1 - place % 2].write()

    seeds = []
    for flag, psk in ((0, None), (0x84, _PSK)):
        caller, called = _side("secretary", psk, caller=True), _side("treasurer", psk, caller=False)
        for place, (one, other) in enumerate(((caller, called), (called, caller)) * 2):
            if place < 3:
                message = one.write()
                other.read(message)
                seeds.append(bytes([flag + (place - flag) % 3]) + message)
    low = [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, (2**255 - 20).to_bytes(32, "little")]
    seeds += [bytes([number]) + point for point in low for number in (0, 0x84)]
    return Parser(take, seeds, (RemoteError,), bytes_of, (), CODES)


_CUT: Final = 2


def transport() -> Parser:
    """Pieces of a finished channel, each with its length in front; sealed after the damage."""

    def take(data: bytes) -> None:
        channel = Channel(CipherState(b"a" * 32), CipherState(b"b" * 32))
        for piece in _pieces(data):
            channel.open(piece)

    def sealed(_rng: Random, data: bytes) -> bytes:
        cipher = CipherState(b"b" * 32)
        return _framed([cipher.encrypt(b"", piece) for piece in _pieces(data)])

    def opened(data: bytes) -> bytes | None:
        cipher = CipherState(b"b" * 32)
        try:
            return _framed([cipher.decrypt(b"", piece) for piece in _pieces(data)])
        except RemoteError:
            return None

    seeds = []
    for size in (0, 1, 300, 65_518, 65_519, 140_000):
        channel = Channel(CipherState(b"b" * 32), CipherState(b"a" * 32))
        seeds.append(_framed([*channel.seal(b"m" * size, 1), *channel.seal(b"x", 7)]))
    return Parser(take, seeds, (RemoteError, LocalError), inside(bytes_of, opened, sealed),
                  (), CODES | {"noise-dead"})  # fmt: skip


def _framed(pieces: list[bytes]) -> bytes:
    return b"".join(len(piece).to_bytes(_CUT, "big") + piece for piece in pieces)


def _pieces(data: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    at = 0
    while at < len(data) and len(pieces) < 40:
        length = int.from_bytes(data[at : at + _CUT], "big")
        pieces.append(data[at + _CUT : at + _CUT + length])
        at += _CUT + length
    return pieces


# Joining


def joins() -> Parser:
    """Every message of joining, and of calling with cards: the first byte says which."""
    proved = public_key(_STATIC["secretary"])
    key = key_of("secretary").public
    reads: tuple[Callable[[bytes], object], ...] = (
        lambda data: joining.decode_join(data, proved),
        joining.decode_bytes,
        joining.decode_offer,
        lambda data: joining.decode_joined(data, proved),
        joining.decode_enrolled,
        joining.decode_word,
        lambda data: card_call._decode(data, 32, 64, 64),
        lambda data: card_call._decode(data, 32, 32),
    )

    def take(data: bytes) -> None:
        reads[data[0] % len(reads) if data else 0](data[1:])
        reason(data)

    offer = joining.Offer(
        *("Umoja", "Secretary's phone", "Amina", ("secretary",), "read", "NGO", "", 3, "Neema", 1)
    )
    seeds = [
        joining.encode_join(joining.Join(key, "Treasurer's phone")),
        joining.encode_bytes(b"n" * 32),
        joining.encode_offer(offer),
        joining.encode_joined(joining.Joined(village().group, key)),
        joining.encode_enrolled(2),
        joining.encode_word(),
        card_call._encode(key, b"s" * 64, b"t" * 64),
        card_call._encode(village().group, key),
    ]
    reader = offer._replace(scope="ledger", until="2026-12-31")
    numbered = [bytes([number]) + seed for number, seed in enumerate(seeds)]
    numbered.append(b"\x02" + joining.encode_offer(reader))
    wrapped = inside(
        cbor_of, lambda data: data[1:], lambda rng, data: bytes([rng.randrange(8)]) + data
    )
    kept = inside(cbor_of, lambda data: data[1:], lambda rng, data: bytes([_which(data)]) + data)
    return Parser(take, numbered, (RemoteError,), either(wrapped, kept), (), CODES)


def _which(data: bytes) -> int:
    """The message that has about so many fields."""
    return {2: 0, 3: 3, 11: 2, 13: 2, 1: 5, 4: 6}.get((data[0] & 31) if data else 0, 4)


TARGETS: Final = (
    Target("hello", hellos),
    Target("noise-handshake", handshakes),
    Target("noise-transport", transport, 3),
    Target("joining", joins, 15),
)
