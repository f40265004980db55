"""How a new phone comes into a group: what is said between an invitation's handshake and a session.

    joiner                                inviter
    JOIN    [1, device key, name]   ->
                                    <-    JOINED [1, group id, group's name]
    (keeps the group and the inviter)
    READY   [1]                     ->    (enrols the device, and the invitation is spent)

then the ordinary session begins on the same channel, the joiner being its initiator. Cut before
READY, the invitation is still good; cut after it, the joiner is enrolled and calls as a device of
the group. Each message is one canonical CBOR array.
"""

from typing import Final, NamedTuple

import cbor2

from replication.errors import RemoteError
from replication.identity import noise_public

VERSION: Final = 1
NAME_CHARS_MAX: Final = 80
MESSAGE_BYTES_MAX: Final = 1024
KEY_BYTES: Final = 32


class Join(NamedTuple):
    """Who wants in."""

    device: bytes
    """Ed25519 key; it must be the one behind the channel's key."""
    name: str
    """What its owner calls the phone."""


class Joined(NamedTuple):
    """Which group the invitation is for."""

    group: bytes
    name: str


def encode_join(join: Join) -> bytes:
    """The joiner's first message."""
    return cbor2.dumps([VERSION, join.device, join.name[:NAME_CHARS_MAX]], canonical=True)


def decode_join(message: bytes, peer_static: bytes) -> Join:
    """RemoteError when malformed, or when the device key is not the one that was proved."""
    device, name = _fields(message, 2)
    try:
        proved = noise_public(device) == peer_static
    except (RuntimeError, TypeError, ValueError):
        proved = False
    if not proved:
        raise RemoteError("join-key", "the device key is not the one that was proved")
    return Join(device, name)


def encode_joined(joined: Joined) -> bytes:
    """The inviter's answer."""
    return cbor2.dumps([VERSION, joined.group, joined.name[:NAME_CHARS_MAX]], canonical=True)


def decode_joined(message: bytes) -> Joined:
    """RemoteError when malformed."""
    return Joined(*_fields(message, 2))


def encode_ready() -> bytes:
    """The joiner has kept the group."""
    return cbor2.dumps([VERSION], canonical=True)


def decode_ready(message: bytes) -> None:
    """RemoteError when malformed."""
    _fields(message, 0)


def _fields(message: bytes, count: int) -> tuple[bytes, str]:
    """The key and the name of a message; RemoteError unless it has exactly this form."""
    try:
        if len(message) > MESSAGE_BYTES_MAX:
            raise ValueError("too long")
        version, *fields = cbor2.loads(message, max_depth=2)
        if cbor2.dumps([version, *fields], canonical=True) != message:
            raise ValueError("not canonical")
    except (ValueError, TypeError, OverflowError, cbor2.CBORError):
        raise RemoteError("join-message", "not a message of joining") from None
    if type(version) is not int or version != VERSION:
        raise RemoteError("join-version", "another version of joining")
    if count == 0 and not fields:
        return b"", ""
    if len(fields) != count or not isinstance(fields[0], bytes) or not isinstance(fields[1], str):
        raise RemoteError("join-message", "not a message of joining")
    key, name = fields
    printable = name.isprintable() and name.strip() != "" and len(name) <= NAME_CHARS_MAX
    if len(key) != KEY_BYTES or not printable:
        raise RemoteError("join-message", "a key or a name of the wrong form")
    return key, name
