"""The first bytes on a new connection: they say which group or invitation, to its holders only.

    4   "MKT" and the link version, 1
    1   kind: 1 a device of a group, 2 a phone with an invitation, 3 a phone that compares numbers,
        4 a phone with two paper cards
    16  tag: HMAC-SHA256(key, "mkutano/hello" ‖ the 5 bytes before ‖ ephemeral), cut
    …   the first Noise message, which begins with the dialler's ephemeral key (32 bytes)

The key is the group's discovery key, or the invitation's hello key; a phone that compares numbers
has been told nothing, so its key is no secret (NUMBERS_KEY) and it is answered only while a
person holds a door open for it. Else, to a stranger, all of it is random. The ephemeral key is the
nonce: who replays a recorded hello can't go on, because only the one who made that ephemeral key
can read the answer, so a stranger never learns even which device answered. The hello (without the
Noise message) is the prologue of the handshake.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from replication.errors import RemoteError

LINK_VERSION: Final = 1
MAGIC: Final = b"MKT" + bytes([LINK_VERSION])
TAG_BYTES: Final = 16
HELLO_BYTES: Final = len(MAGIC) + 1 + TAG_BYTES
EPHEMERAL_BYTES: Final = 32
FIRST_MESSAGE_BYTES_MAX: Final = HELLO_BYTES + EPHEMERAL_BYTES + 16  # XXpsk3 adds an empty seal

NUMBERS_KEY: Final = hashlib.sha256(b"mkutano/hello/numbers").digest()
"""Under which a phone calls that has no invitation yet."""

Kind = Literal["peer", "join", "compare", "cards"]
_KINDS: Final[Mapping[bytes, Kind]] = {
    b"\x01": "peer",
    b"\x02": "join",
    b"\x03": "compare",
    b"\x04": "cards",
}
_KIND_BYTES: Final[Mapping[Kind, bytes]] = {kind: byte for byte, kind in _KINDS.items()}


class Hello(NamedTuple):
    """A well-formed first message; whether its tag is known is another question."""

    kind: Kind
    prologue: bytes
    """The hello itself, 21 bytes."""
    noise_message: bytes
    """The first message of the handshake."""


def discovery_key(group: bytes) -> bytes:
    """The key (32 bytes) by which devices of a group know each other on a LAN.

    Whoever holds the group's ledger can make it; it opens nothing.
    """
    return hmac.digest(group, b"mkutano/discovery", "sha256")


def cards_key(pair: bytes) -> bytes:
    """The key of a phone that calls with two paper cards; `pair`: `replication.cards.pair_key`.

    Every device of the group can make it, and nobody else.
    """
    return hashlib.sha256(b"mkutano/hello/cards" + pair).digest()


def cards_psk(pair: bytes) -> bytes:
    """The secret that the handshake of such a call is mixed with."""
    return hashlib.sha256(b"mkutano/psk/cards" + pair).digest()


def make_hello(kind: Kind, key: bytes, ephemeral_public: bytes) -> bytes:
    """The 21 bytes to send before (and to use as prologue of) the first Noise message."""
    head = MAGIC + _KIND_BYTES[kind]
    return head + _tag(key, head, ephemeral_public)


def parse_hello(message: bytes) -> Hello:
    """The parts of a first message; RemoteError when it is none or of another version."""
    if len(message) < HELLO_BYTES + EPHEMERAL_BYTES or len(message) > FIRST_MESSAGE_BYTES_MAX:
        raise RemoteError("link-hello", f"a first message of {len(message)} bytes")
    if message[:3] != MAGIC[:3]:
        raise RemoteError("link-hello", "not a Mkutano device")
    if message[3] != LINK_VERSION:
        raise RemoteError("link-version", f"link version {message[3]}, not {LINK_VERSION}")
    kind = _KINDS.get(message[4:5])
    if kind is None:
        raise RemoteError("link-hello", "an unknown kind of connection")
    return Hello(kind, message[:HELLO_BYTES], message[HELLO_BYTES:])


def find_key(hello: Hello, keys: Iterable[bytes]) -> int | None:
    """Position of the key under which the hello was made; None for a stranger."""
    head, tag = hello.prologue[:-TAG_BYTES], hello.prologue[-TAG_BYTES:]
    ephemeral = hello.noise_message[:EPHEMERAL_BYTES]
    for position, key in enumerate(keys):
        if hmac.compare_digest(tag, _tag(key, head, ephemeral)):
            return position
    return None


def _tag(key: bytes, head: bytes, ephemeral: bytes) -> bytes:
    return hmac.digest(key, b"mkutano/hello" + head + ephemeral, "sha256")[:TAG_BYTES]
