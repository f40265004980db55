"""The signed change: the only replicated object, and what its device's signature covers.

Everything in a change is pinned by one 32-byte chain hash: the Automerge change that it stands
for (actor, dependencies, claimed time, events) and its place in the device's own chain. Signing
the chain hash of a later change therefore signs every change before it, which is why a run of
changes may travel under one signature.
"""

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from replication.cbor import dumps
from replication.errors import RemoteError
from replication.identity import DeviceKeys, verify

CHAIN_START = bytes(32)
"""`prev` of a device's first change."""

_two_integers = Struct(">QQ").pack
_eight_byte_integer = Struct(">BQ").pack
_PURPOSE = b"mkutano/change/1"


class Change(NamedTuple):
    """One signed change, as stored and as judged."""

    device: bytes
    """Ed25519 public key of the author, 32 bytes."""
    n: int
    """Position in the author's own chain: 1, 2, 3 …"""
    prev: bytes
    """Chain hash of position n - 1; 32 zero bytes for n = 1."""
    actor: bytes
    """Automerge actor id, 24 bytes: 16 of the device's hash, 8 random a writing process."""
    deps: tuple[bytes, ...]
    """Hashes of the changes that this one directly follows, ascending."""
    time_ms: int
    """Claimed time of the device, milliseconds since 1970. Shown, never used for order."""
    events: tuple[bytes, ...]
    """1..64 canonical CBOR arrays, each naming its compartment and kind."""
    change_hash: bytes
    """SHA-256 of the Automerge change."""
    chain_hash: bytes
    """What the signature covers; see `chain_hash`."""
    signature: bytes
    """64 bytes, or b"" when a later change of the same run carries the signature."""


def change_value(time_ms: int, events: Sequence[bytes]) -> bytes:
    """The one value that a change appends to its actor's list: CBOR array of time and events.

    The time is in it so that the Automerge hash pins it: two signed changes with one hash would
    be one change to some devices and another to the rest.
    """
    # Canonical CBOR of a number above 2**32 is 0x1b and 8 bytes: every date since February 1970.
    time = _eight_byte_integer(0x1B, time_ms) if time_ms >> 32 else dumps(time_ms)
    if len(events) == 1:  # nearly every change
        return b"\x82" + time + events[0]
    length = 1 + len(events)
    head = bytes((0x80 | length,)) if length < 24 else bytes((0x98, length))
    return b"".join((head, time, *events))


def chain_hash(prev: bytes, device: bytes, n: int, time_ms: int, change_hash: bytes) -> bytes:
    """SHA-256(prev ‖ device ‖ n ‖ time_ms ‖ change_hash), integers as 8 bytes big-endian."""
    return sha256(prev + device + _two_integers(n, time_ms) + change_hash).digest()


def signed_message(group: bytes, chain: bytes) -> bytes:
    """What a device signs: purpose ‖ group id ‖ chain hash, 80 bytes."""
    return _PURPOSE + group + chain


def sign_chain(keys: DeviceKeys, group: bytes, chain: bytes) -> bytes:
    """The 64-byte signature that seals a chain up to this hash."""
    return keys.sign(signed_message(group, chain))


def verify_chain(device: bytes, group: bytes, chain: bytes, signature: bytes) -> None:
    """Raise RemoteError("bad_signature") unless the device signed this chain hash."""
    if not verify(device, signed_message(group, chain), signature):
        raise RemoteError("bad_signature", "the signature does not match the device")
