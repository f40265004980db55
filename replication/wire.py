"""The seven session messages and their bytes; a message is one canonical CBOR array.

Whatever a peer sends gives a message here or a `RemoteError`. The channel below carries whole
messages and has already proved which device is speaking.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple, assert_never

from replication.cbor import dumps, load_item
from replication.errors import RemoteError
from replication.frontier import Tip, tips_from
from replication.limits import (
    CHAIN_LENGTH_MAX,
    FRAME_BYTES_MAX,
    KEYS_MAX,
    NOTE_BYTES_MAX,
    NOTES_MAX,
    TIME_MS_MAX,
)

KEY_ID_BYTES = 16
KEY_BYTES = 32
_CODE_CHARS_MAX = 40
_TEXT_CHARS_MAX = 200


class PersonKey(NamedTuple):
    """The key under which one member's personal details are sealed."""

    key_id: bytes
    key: bytes


class Have(NamedTuple):
    """What the sender holds: its tips, and a fingerprint of the member keys in its key box."""

    tips: tuple[Tip, ...]
    keys_digest: bytes


class Changes(NamedTuple):
    """A bundle, and how many changes will still follow it."""

    remaining: int
    bundle: bytes


class Acknowledge(NamedTuple):
    """What the sender now has on disk, signed; see `frontier.Ack`."""

    tips: tuple[Tip, ...]
    signature: bytes


class Keys(NamedTuple):
    """Member keys, from one officer's device to another's, never inside the log."""

    keys: tuple[PersonKey, ...]


class Sorry(NamedTuple):
    """Why the sender hangs up: a stable code and a sentence."""

    code: str
    text: str


class Notes(NamedTuple):
    """What relays told the sender's device, in their signed words; opaque here."""

    notes: tuple[bytes, ...]


class Proof(NamedTuple):
    """A change at the end of the receiver's own chain, as far as its signature needs it.

    The fields are those of `change.Change`; the device is whoever receives it.
    """

    n: int
    prev: bytes
    time_ms: int
    change_hash: bytes
    signature: bytes


Message = Have | Changes | Acknowledge | Keys | Sorry | Notes | Proof


def encode(message: Message) -> bytes:
    """The bytes of a message."""
    match message:
        case Have(tips, digest):
            fields: list[object] = [1, [list(tip) for tip in tips], digest]
        case Changes(remaining, bundle):
            fields = [2, remaining, bundle]
        case Acknowledge(tips, signature):
            fields = [3, [list(tip) for tip in tips], signature]
        case Keys(keys):
            fields = [4, [list(key) for key in keys]]
        case Sorry(code, text):
            fields = [5, code[:_CODE_CHARS_MAX], text[:_TEXT_CHARS_MAX]]
        case Notes(notes):
            fields = [6, list(notes)]
        case Proof():
            fields = [7, *message]
        case _:
            assert_never(message)
    return dumps(fields)


def decode(data: bytes) -> Message:
    """The message in these bytes; RemoteError for anything else."""
    value = _loads(data)
    if not isinstance(value, list) or not value or type(value[0]) is not int:  # True equals 1
        raise RemoteError("bad_message", "a message begins with its number")
    match value:
        case [1, tips, bytes(digest)] if len(digest) <= 32:
            return Have(tips_from(tips), digest)
        case [2, int(remaining), bytes(bundle)] if 0 <= remaining <= CHAIN_LENGTH_MAX:
            return Changes(remaining, bundle)
        case [3, tips, bytes(signature)] if len(signature) == 64:
            return Acknowledge(tips_from(tips), signature)
        case [4, list(keys)] if len(keys) <= KEYS_MAX:
            return Keys(tuple(_key_from(row) for row in keys))
        case [5, str(code), str(text)] if len(code) <= _CODE_CHARS_MAX:
            return Sorry(code, text[:_TEXT_CHARS_MAX])
        case [6, list(notes)] if len(notes) <= NOTES_MAX:
            return Notes(tuple(map(_note_from, notes)))
        case [7, *fields]:
            return _proof_from(fields)
        case _:
            raise RemoteError("bad_message", "no message of this protocol version")


def _loads(data: bytes) -> object:
    """One CBOR item of plain types, nothing after it; RemoteError otherwise."""
    if len(data) > FRAME_BYTES_MAX:
        raise RemoteError("too_large", "a message is at most 1 MiB")
    return load_item(data)


def _key_from(row: object) -> PersonKey:
    match row:
        case [bytes(key_id), bytes(key)] if (len(key_id), len(key)) == (KEY_ID_BYTES, KEY_BYTES):
            return PersonKey(key_id, key)
    raise RemoteError("bad_message", "a member key is 16 and 32 bytes")


def _note_from(note: object) -> bytes:
    if isinstance(note, bytes) and len(note) <= NOTE_BYTES_MAX:
        return note
    raise RemoteError("bad_message", "a note is a short string of bytes")


def _proof_from(fields: list[object]) -> Proof:
    match fields:
        case [int(n), bytes(prev), int(time_ms), bytes(change_hash), bytes(signature)] if (
            type(n) is type(time_ms) is int  # True equals 1
            and 1 <= n <= CHAIN_LENGTH_MAX
            and 0 <= time_ms < TIME_MS_MAX
            and (len(prev), len(change_hash), len(signature)) == (32, 32, 64)
        ):
            return Proof(n, prev, time_ms, change_hash, signature)
    raise RemoteError("bad_message", "a proof is position, hash before, time, hash, signature")


def keys_digest(key_ids: Iterable[bytes]) -> bytes:
    """Eight bytes that differ when two key boxes do: SHA-256 over the sorted key ids, cut."""
    return sha256(b"".join(sorted(key_ids))).digest()[:8]
