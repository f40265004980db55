"""Blobs for a relay: what leaves this device for a mailbox is sealed, padded, and bound to it.

A blob is XChaCha20-Poly1305 (IETF) under an epoch key, 32 random bytes that lie in the key box. Its
associated data is purpose ‖ mailbox ‖ key id, so that no relay can put it into another mailbox. The
key's id is its hash, and a key is used under its own id only: so a blob has one key that opens it,
and a member's key, which lies in the same box, opens none. The plaintext is padded to Padmé lengths
(Nikitin, Barman, Lueks, Underwood, Hubaux, Ford: Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs, PETS 2019), at least 256 bytes: of n bytes the length tells O(log log n)
bits and costs at most 12 %. Who wrote a blob it does not say: its content is signed, and so is its
entry at the relay. Key and nonce are arguments; this package has no source of chance.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from replication.errors import LocalError, RemoteError
from replication.limits import BLOB_BYTES_MAX
from replication.wire import KEY_BYTES, KEY_ID_BYTES

VERSION: Final = 1
NONCE_BYTES: Final = 24
MAILBOX_BYTES: Final = 32
AUTHENTICATION_BYTES: Final = 16

PADDED_BYTES_MIN: Final = 256
"""A single payment and an empty roll call look alike."""

_HEAD_BYTES: Final = 1 + KEY_ID_BYTES + NONCE_BYTES
_END: Final = b"\x80"
_PURPOSE: Final = b"mkutano/blob/1"
_KEY_ID_PURPOSE: Final = b"mkutano/epoch-key/1"


def epoch_key_id(key: bytes) -> bytes:
    """The id of an epoch key, 16 bytes that no other key has; never the id of a member's key."""
    return sha256(_KEY_ID_PURPOSE + key).digest()[:KEY_ID_BYTES]


def is_epoch_key(key_id: bytes, key: bytes) -> bool:
    """Whether this is an epoch key under its own id; a member's key or an erased one is not."""
    return len(key) == KEY_BYTES and key_id == epoch_key_id(key)


def seal_blob(key: bytes, nonce: bytes, mailbox: bytes, plain: bytes) -> bytes:
    """A blob for this mailbox (32 bytes) that whoever has this epoch key opens.

    `nonce` is 24 fresh random bytes. LocalError("too_large") past the relay's limit on a blob.
    """
    key_id = epoch_key_id(key)
    bound = _bound(mailbox, key_id)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(pad(plain), bound, nonce, key)
    return bytes([VERSION]) + key_id + nonce + sealed


def open_blob(keys: Mapping[bytes, bytes], mailbox: bytes, blob: bytes) -> bytes:
    """What was sealed for this mailbox; `keys` is the key box, id → key.

    Takes any bytes. RemoteError: unknown_epoch (its detail is the key's id as hex: another
    officer's device or the mailbox of doors may have the key), not_opened (damage, another
    mailbox, another key), update (a later version of Mkutano made it).
    """
    check_version(blob)
    if len(blob) > BLOB_BYTES_MAX or len(blob) < _HEAD_BYTES + AUTHENTICATION_BYTES:
        raise RemoteError("not_opened", "a sealed blob is cut short or too long")
    key_id, nonce = blob[1 : 1 + KEY_ID_BYTES], blob[1 + KEY_ID_BYTES : _HEAD_BYTES]
    key = keys.get(key_id, b"")
    if not is_epoch_key(key_id, key):
        raise RemoteError("unknown_epoch", key_id.hex())
    return unpad(decrypt(key, nonce, _bound(mailbox, key_id), blob[_HEAD_BYTES:]))


def _bound(mailbox: bytes, key_id: bytes) -> bytes:
    if len(mailbox) != MAILBOX_BYTES:
        raise ValueError("a mailbox's id is 32 bytes")
    return _PURPOSE + mailbox + key_id


# What envelopes share with blobs


def check_version(sealed: bytes) -> None:
    """RemoteError unless sealed bytes begin with the version that is known here."""
    if not sealed or not sealed[0]:
        raise RemoteError("not_opened", "these are no sealed bytes")
    if sealed[0] > VERSION:
        raise RemoteError("update", "a later version of Mkutano made this: update this phone")


def decrypt(key: bytes, nonce: bytes, bound: bytes, sealed: bytes) -> bytes:
    """XChaCha20-Poly1305 opened; RemoteError("not_opened") for other keys, places or bytes."""
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, bound, nonce, key)
    except (CryptoError, ValueError) as error:
        text = "sealed bytes were altered, or were sealed for another place"
        raise RemoteError("not_opened", text) from error


def padded_length(length: int) -> int:
    """How many bytes a content of `length` bytes has once padded: Padmé, at least 256.

    A length of e + 1 bits (its end mark counted) keeps as many of them below the highest as e has
    bits itself, and is rounded up to that.
    """
    wanted = max(length + len(_END), PADDED_BYTES_MIN)
    exponent = wanted.bit_length() - 1
    zero_bits = exponent - exponent.bit_length()
    return -(-wanted >> zero_bits) << zero_bits


def pad(content: bytes) -> bytes:
    """Content ‖ 0x80 ‖ zeros; LocalError("too_large") when no blob could hold it."""
    length = padded_length(len(content))
    if length + _HEAD_BYTES + AUTHENTICATION_BYTES > BLOB_BYTES_MAX:
        raise LocalError("too_large", "this is too much for one sealed blob")
    return (content + _END).ljust(length, b"\x00")


def unpad(plain: bytes) -> bytes:
    """The content that was padded; RemoteError("not_opened") unless it was padded as we pad."""
    content = plain.rstrip(b"\x00")
    if not content.endswith(_END) or padded_length(len(content) - len(_END)) != len(plain):
        raise RemoteError("not_opened", "sealed bytes are not padded as they should be")
    return content[: -len(_END)]
