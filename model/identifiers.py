"""Names of things: own types, no bare strings; an entity is named by the entry that created it.

An `EntryId` is 17 bytes: the first 16 bytes of the change hash and one byte, the place of the
event in its change. A member, a loan or an approval has no other name than the id of the entry
that brought it into being. Inside one change an event refers to an earlier one by a single byte,
its place; the codec makes it whole. Pages and views write ids as lower-case hex.
"""

from __future__ import annotations

from typing import NewType

EntryId = NewType("EntryId", bytes)
PersonId = NewType("PersonId", bytes)  # opaque here: the roster of `replication` owns persons
DeviceId = NewType("DeviceId", bytes)  # Ed25519 public key, 32 bytes

CHANGE_PREFIX_BYTES = 16
ENTRY_ID_BYTES = CHANGE_PREFIX_BYTES + 1
LOCAL_ID_BYTES = 1  # a reference inside one change

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECEIPT_LETTERS = 10
_RECEIPT_BITS = 5 * _RECEIPT_LETTERS


def entry_id(change_hash16: bytes, index: int) -> EntryId:
    """Name the event at place `index` (0..63) of the change whose hash begins with 16 bytes."""
    return EntryId(change_hash16 + bytes((index,)))


def receipt_code(identity: bytes) -> str:
    """Ten letters that people read aloud: Crockford base32 of 50 bits, `-2` for the third event."""
    bits = int.from_bytes(identity[:7], "big") >> (56 - _RECEIPT_BITS)
    letters = "".join(
        _CROCKFORD[(bits >> shift) & 31] for shift in range(_RECEIPT_BITS - 5, -1, -5)
    )
    index = identity[CHANGE_PREFIX_BYTES] if len(identity) == ENTRY_ID_BYTES else 0
    return f"{letters}-{index}" if index else letters
