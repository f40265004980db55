"""What lies in a relay's tables, as facts and back.

Rule: what was encoded here decodes to the same value; the column says which of the forms it is.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import cbor2

from relay.facts import (
    LOG_ID_BYTES,
    Access,
    Checkpoint,
    Entry,
    Kind,
    SignedAccess,
    access_fields,
)

Row = Sequence[Any]
Signatures = tuple[tuple[bytes, bytes], ...]
"""(key, signature) pairs, by key ascending."""

_LOG_ID: Final = b"mkutano/relay/log-id/1"


class Standing(NamedTuple):
    """A row of `mailboxes`, while it is locked."""

    mailbox: bytes
    founder: bytes
    kind: Kind
    log_id: bytes
    access_number: int
    cursor: int
    chain: bytes
    time_ms: int
    bytes_used: int
    first_kept: int


class Known(NamedTuple):
    """An entry that is there already."""

    entry: Entry
    """Without its blob."""
    chain_before: bytes
    chain: bytes


class Slot(NamedTuple):
    """The entry of a box that counts for its writer."""

    cursor: int
    blob_bytes: int


def log_id_of(salt: bytes, mailbox: bytes) -> bytes:
    """The id of a mailbox's log, 16 bytes, in a database that was begun with this salt."""
    return sha256(_LOG_ID + salt + mailbox).digest()[:LOG_ID_BYTES]


def encode_access(access: Access) -> bytes:
    """An access list for a column."""
    return cbor2.dumps(access_fields(access), canonical=True)


def decode_access(content: bytes) -> Access:
    """The access list in a column."""
    return _access(cbor2.loads(content))


def encode_signed_access(signed: SignedAccess) -> bytes:
    """An access list with its signatures for a column."""
    return cbor2.dumps([access_fields(signed.access), signed.signatures], canonical=True)


def decode_signed_access(content: bytes) -> SignedAccess:
    """The access list with signatures in a column."""
    fields, signatures = cbor2.loads(content)
    return SignedAccess(_access(fields), _signatures(signatures))


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """A checkpoint for a column."""
    return cbor2.dumps(list(checkpoint), canonical=True)


def decode_checkpoint(content: bytes) -> Checkpoint:
    """The checkpoint in a column."""
    return Checkpoint(*cbor2.loads(content))


def encode_signed_checkpoint(checkpoint: Checkpoint, signatures: Signatures) -> bytes:
    """A checkpoint with its signatures for a column."""
    return cbor2.dumps([list(checkpoint), signatures], canonical=True)


def decode_signed_checkpoint(content: bytes) -> tuple[Checkpoint, Signatures]:
    """The checkpoint with signatures in a column."""
    fields, signatures = cbor2.loads(content)
    return Checkpoint(*fields), _signatures(signatures)


def _access(fields: list[Any]) -> Access:
    number, kind, needed, writers, *lists = fields
    readers, cards, tags = (tuple(one) for one in lists)
    return Access(number, kind, needed, tuple(map(tuple, writers)), readers, cards, tags)


def _signatures(pairs: list[Any]) -> Signatures:
    return tuple((key, signature) for key, signature in pairs)
