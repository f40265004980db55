"""The Noise channel: published vectors, a second implementation at the other end, and garbage."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt
from noise.connection import Keypair, NoiseConnection

from replication import noise
from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys, noise_public, noise_static
from replication.limits import FRAME_BYTES_MAX
from replication.noise import PIECE_DATA_BYTES_MAX, Channel, CipherState, Handshake

VECTORS = json.loads(
    (Path(__file__).parent.parent / "vectors" / "noise.json").read_text(encoding="utf-8")
)["vectors"]
SECRETARY = noise_static(bytes([1]) * 32)
TREASURER = noise_static(bytes([2]) * 32)
LOW_ORDER = (
    bytes(32),
    (1).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
)


def pair(name: str = noise.XX, psk: bytes | None = None) -> tuple[Handshake, Handshake]:
    """Both ends of one handshake, with fixed keys."""
    secretary = Handshake(
        name, initiator=True, prologue=b"p", static=SECRETARY, ephemeral=bytes([3]) * 32, psk=psk
    )
    treasurer = Handshake(
        name, initiator=False, prologue=b"p", static=TREASURER, ephemeral=bytes([4]) * 32, psk=psk
    )
    return secretary, treasurer


def shake(one: Handshake, other: Handshake) -> tuple[Channel, Channel]:
    """Run all three messages; the channels of both ends."""
    other.read(one.write())
    one.read(other.write())
    other.read(one.write())
    return one.channel(), other.channel()


def from_vector(vector: dict[str, Any], side: str) -> Handshake:
    psks = vector.get(f"{side}_psks")
    return Handshake(
        vector["protocol_name"],
        initiator=side == "init",
        prologue=bytes.fromhex(vector[f"{side}_prologue"]),
        static=bytes.fromhex(vector[f"{side}_static"]),
        ephemeral=bytes.fromhex(vector[f"{side}_ephemeral"]),
        psk=bytes.fromhex(psks[0]) if psks else None,
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["protocol_name"]))
def test_published_vector(vector: dict[str, Any]) -> None:
    one, other = from_vector(vector, "init"), from_vector(vector, "resp")
    for message in vector["messages"][:3]:
        payload = bytes.fromhex(message["payload"])
        written = one.write(payload)
        assert written.hex() == message["ciphertext"]
        assert other.read(written) == payload
        one, other = other, one
    initiator, responder = other, one
    assert initiator.finished
    assert responder.finished
    assert initiator.handshake_hash == responder.handshake_hash
    assert initiator.handshake_hash.hex() == vector["handshake_hash"]
    assert initiator.peer_static == noise.public_key(bytes.fromhex(vector["resp_static"]))
    assert responder.peer_static == noise.public_key(bytes.fromhex(vector["init_static"]))
    check_transport(vector, responder, initiator)


def check_transport(vector: dict[str, Any], first: Handshake, second: Handshake) -> None:
    """The vectors' transport messages go on alternating, beginning with the responder."""
    sides = [first.channel(), second.channel()]
    for number, message in enumerate(vector["messages"][3:]):
        sender, receiver = sides[number % 2], sides[1 - number % 2]
        payload = bytes.fromhex(message["payload"])
        ciphertext = sender._sending.encrypt(b"", payload)
        assert ciphertext.hex() == message["ciphertext"]
        assert receiver._receiving.decrypt(b"", ciphertext) == payload


def foreign(name: str, *, initiator: bool, static: bytes, psk: bytes | None) -> NoiseConnection:
    connection = NoiseConnection.from_name(name.encode())
    connection.set_as_initiator() if initiator else connection.set_as_responder()
    connection.set_prologue(b"p")
    connection.set_keypair_from_private_bytes(Keypair.STATIC, static)
    if psk is not None:
        connection.set_psks(psk)
    connection.start_handshake()
    return connection


@pytest.mark.parametrize("psk", [None, bytes(range(32))])
@pytest.mark.parametrize("name", ["BLAKE2b", "SHA256"])
@pytest.mark.parametrize("ours_begins", [True, False])
def test_noiseprotocol_at_the_other_end(ours_begins: bool, name: str, psk: bytes | None) -> None:
    name = f"Noise_XX{'psk3' if psk else ''}_25519_ChaChaPoly_{name}"
    ours = Handshake(
        name, initiator=ours_begins, prologue=b"p", static=SECRETARY, ephemeral=b"e" * 32, psk=psk
    )
    theirs = foreign(name, initiator=not ours_begins, static=TREASURER, psk=psk)
    for number in range(3):
        if (number % 2 == 0) == ours_begins:
            assert bytes(theirs.read_message(ours.write(b"ours"))) == b"ours"
        else:
            assert ours.read(bytes(theirs.write_message(b"theirs"))) == b"theirs"
    assert ours.handshake_hash == theirs.get_handshake_hash()
    assert ours.peer_static == noise.public_key(TREASURER)
    channel = ours.channel()
    big = bytes(PIECE_DATA_BYTES_MAX + 1)
    first, second = channel.seal(big, 7)
    assert theirs.decrypt(first) == b"\0" + big[:-1]
    assert theirs.decrypt(second) == b"\x07" + big[-1:]
    assert channel.open(theirs.encrypt(b"\x05hello")) == (5, b"hello")


def test_the_static_key_is_the_devices_key() -> None:
    keys = DeviceKeys(bytes([1]) * 32)
    secretary, treasurer = pair()
    shake(secretary, treasurer)
    assert treasurer.peer_static == noise_public(keys.public)


@settings(max_examples=20)
@given(
    sizes=st.lists(
        st.sampled_from(
            [0, 1, PIECE_DATA_BYTES_MAX - 1, PIECE_DATA_BYTES_MAX, PIECE_DATA_BYTES_MAX + 1]
        ),
        max_size=6,
    ),
    label=st.integers(1, 255),
)
def test_messages_arrive_whole_in_order_with_their_label(sizes: list[int], label: int) -> None:
    secretary, treasurer = shake(*pair())
    for number, size in enumerate(sizes):
        message = bytes([number]) * size
        pieces = secretary.seal(message, label)
        opened = [treasurer.open(piece) for piece in pieces]
        assert opened == [None] * (len(pieces) - 1) + [(label, message)]


def test_the_largest_message_fits_and_a_larger_one_does_not() -> None:
    secretary, treasurer = shake(*pair())
    pieces = secretary.seal(bytes(FRAME_BYTES_MAX), 1)
    assert len(pieces) == 17
    assert max(len(piece) for piece in pieces) == noise.NOISE_MESSAGE_BYTES_MAX
    for piece in pieces[:-1]:
        assert treasurer.open(piece) is None
    assert treasurer.open(pieces[-1]) == (1, bytes(FRAME_BYTES_MAX))
    with pytest.raises(LocalError):
        secretary.seal(bytes(FRAME_BYTES_MAX + 1), 1)


def test_endless_pieces_are_refused_before_they_fill_the_memory() -> None:
    secretary, treasurer = shake(*pair())
    endless = b"\0" + bytes(PIECE_DATA_BYTES_MAX)
    for _ in range(FRAME_BYTES_MAX // PIECE_DATA_BYTES_MAX):
        assert treasurer.open(secretary._sending.encrypt(b"", endless)) is None
    with pytest.raises(RemoteError, match="noise-long"):
        treasurer.open(secretary._sending.encrypt(b"", endless))
    assert len(treasurer._held) == 0


@pytest.mark.parametrize("plaintext", [b"", b"\0", b"\0half", b"\0" + bytes(100)])
def test_wrong_framing_is_refused(plaintext: bytes) -> None:
    secretary, treasurer = shake(*pair())
    with pytest.raises(RemoteError, match="noise-framing"):
        treasurer.open(secretary._sending.encrypt(b"", plaintext))
    with pytest.raises(LocalError):
        treasurer.open(secretary.seal(b"later", 1)[0])


def test_an_empty_last_piece_is_refused() -> None:
    secretary, treasurer = shake(*pair())
    treasurer.open(secretary._sending.encrypt(b"", b"\0" + bytes(PIECE_DATA_BYTES_MAX)))
    with pytest.raises(RemoteError, match="noise-framing"):
        treasurer.open(secretary._sending.encrypt(b"", b"\1"))


def altered(data: bytes) -> Iterator[bytes]:
    """The message with one bit flipped at a few places, shortened and lengthened."""
    for index in (0, len(data) // 2, len(data) - 1):
        yield data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
    yield data[:-1]
    yield data + b"\0"
    yield b""


@pytest.mark.parametrize("way", range(6))
def test_an_altered_transport_message_ends_the_channel(way: int) -> None:
    secretary, treasurer = shake(*pair())
    piece = secretary.seal(b"Amina bought 3 shares", 1)[0]
    with pytest.raises(RemoteError):
        treasurer.open(list(altered(piece))[way])
    with pytest.raises(LocalError):
        treasurer.open(piece)


def test_replayed_and_reordered_messages_are_refused() -> None:
    secretary, treasurer = shake(*pair())
    first, second = secretary.seal(b"one", 1)[0], secretary.seal(b"two", 1)[0]
    with pytest.raises(RemoteError):
        treasurer.open(second)
    secretary, treasurer = shake(*pair())
    first = secretary.seal(b"one", 1)[0]
    treasurer.open(first)
    with pytest.raises(RemoteError):
        treasurer.open(first)


def shake_altered(one: Handshake, other: Handshake, message: bytes) -> None:
    """Deliver an altered message, then go on; a changed first key shows only at the answer."""
    other.read(message)
    one.read(other.write())


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("way", range(6))
def test_an_altered_handshake_never_finishes(step: int, way: int) -> None:
    one, other = pair(noise.XX_PSK3, bytes(32))
    for _ in range(step):
        other.read(one.write())
        one, other = other, one
    message = one.write()
    with pytest.raises(RemoteError):
        shake_altered(one, other, list(altered(message))[way])
    assert not (one.finished and other.finished)


def test_another_prologue_or_secret_never_finishes() -> None:
    secretary, _ = pair(noise.XX_PSK3, bytes(32))
    _, treasurer = pair(noise.XX_PSK3, bytes([1]) * 32)
    with pytest.raises(RemoteError):
        shake(secretary, treasurer)
    secretary, _ = pair()
    treasurer = Handshake(
        noise.XX, initiator=False, prologue=b"q", static=TREASURER, ephemeral=bytes([4]) * 32
    )
    with pytest.raises(RemoteError):
        shake(secretary, treasurer)


@pytest.mark.parametrize("key", LOW_ORDER, ids=lambda key: key.hex()[:6])
def test_low_order_keys_are_refused(key: bytes) -> None:
    _, treasurer = pair()
    treasurer.read(key)  # no shared secret is made before the answer
    with pytest.raises(RemoteError, match="noise-low-order"):
        treasurer.write()
    assert not treasurer.my_turn


def test_a_low_order_answer_is_refused() -> None:
    secretary, _ = pair()
    secretary.write()
    with pytest.raises(RemoteError, match="noise-low-order"):
        secretary.read(bytes(32) + bytes(64))


@given(st.binary(max_size=200))
def test_garbage_gives_a_remote_error(garbage: bytes) -> None:
    secretary, treasurer = pair()
    secretary.write()
    with pytest.raises(RemoteError):
        secretary.read(garbage)
    try:
        treasurer.read(garbage)
        treasurer.write()
    except RemoteError:
        assert not treasurer.my_turn
    channel, _ = shake(*pair())
    with pytest.raises(RemoteError):
        channel.open(garbage)


def test_the_counter_is_never_used_up() -> None:
    last = CipherState(bytes(32), nonce=noise.NONCE_RESERVED - 1)
    other = CipherState(bytes(32), nonce=noise.NONCE_RESERVED - 1)
    assert other.decrypt(b"", last.encrypt(b"", b"last")) == b"last"
    with pytest.raises(LocalError):
        last.encrypt(b"", b"one too many")
    nonce = bytes(4) + noise.NONCE_RESERVED.to_bytes(8, "little")
    forged = crypto_aead_chacha20poly1305_ietf_encrypt(b"x", b"", nonce, bytes(32))
    with pytest.raises(RemoteError, match="noise-exhausted"):
        other.decrypt(b"", forged)


def test_turns_and_keys_are_checked() -> None:
    secretary, treasurer = pair()
    with pytest.raises(LocalError):
        treasurer.write()
    with pytest.raises(LocalError):
        secretary.read(b"")
    with pytest.raises(LocalError):
        secretary.channel()
    with pytest.raises(LocalError):
        pair(noise.XX_PSK3)
    with pytest.raises(LocalError):
        pair(noise.XX, bytes(32))
    with pytest.raises(LocalError):
        pair("Noise_NN_25519_ChaChaPoly_BLAKE2b")
    with pytest.raises(LocalError):
        Handshake(noise.XX, initiator=True, prologue=b"", static=b"short", ephemeral=bytes(32))
    with pytest.raises(RemoteError):
        treasurer.read(bytes(noise.NOISE_MESSAGE_BYTES_MAX + 1))
    with pytest.raises(LocalError):
        secretary.write(bytes(noise.NOISE_MESSAGE_BYTES_MAX))
    with pytest.raises(LocalError):
        shake(*pair())[0].seal(b"", 0)
