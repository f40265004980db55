"""Envelopes: a text sealed to devices and to pairs of paper cards, to their public keys alone.

The text is sealed under a fresh content key, and the content key to each recipient in libsodium's
sealed box (nonce BLAKE2b(ephemeral key ‖ recipient's key), under the recipient's X25519 key: the
device's own in Montgomery form). The ephemeral key is one for all rows and stands in front once, as
in saltpack's encryption format (version 2): put before a row's box it is a sealed box like any
other. For two cards the box to the first holds nothing until the box to the second is opened around
it, so both are needed, and everybody who knows the public keys can seal.

No recipient is named. A row begins with a tag that follows from the very secret that opens it: who
has none of the keys can't tell whom it is for, nor link two envelopes, and who has one finds its
row by one agreement of keys, however many rows there are. `context` says where the envelope lies;
it and all rows are bound as associated data, so that no envelope can be moved or put together of
two. Who sealed it an envelope does not say: the device that pushed it signs its entry at the relay.

All randomness follows from `seed`, together with what is sealed and to whom: two different
envelopes never share a key, even where one seed was used twice.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_box_afternm,
    crypto_box_beforenm,
    crypto_box_open_afternm,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError

from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys, noise_public
from replication.limits import BLOB_BYTES_MAX, RECIPIENTS_MAX
from replication.sealing import (
    AUTHENTICATION_BYTES,
    NONCE_BYTES,
    VERSION,
    check_version,
    decrypt,
    pad,
    unpad,
)
from replication.wire import KEY_BYTES

ENVELOPE_SEED_BYTES: Final = 32
"""Fresh random bytes for one envelope, however many recipients it has."""

Recipient = bytes | tuple[bytes, bytes]
"""A device's Ed25519 key, or those of two paper cards in any order."""

Opener = DeviceKeys | tuple[DeviceKeys, DeviceKeys]
"""A device, or two paper cards in any order."""

_TAG_BYTES: Final = 8
_COUNT_BYTES: Final = 2
_DEVICE_ROW_BYTES: Final = _TAG_BYTES + KEY_BYTES + AUTHENTICATION_BYTES
_PAIR_ROW_BYTES: Final = _DEVICE_ROW_BYTES + AUTHENTICATION_BYTES
_ROWS_AT: Final = 1 + KEY_BYTES + 2 * _COUNT_BYTES
_NONCE: Final = bytes(NONCE_BYTES)
"""Of the content: its key seals one text, once."""
_PURPOSE: Final = b"mkutano/envelope/1"
_TAG_PURPOSE: Final = b"mkutano/row/1"
"""BLAKE2b's personal string; at most 16 bytes."""


class _Lock(NamedTuple):
    """What one recipient and the ephemeral key have in common."""

    secret: bytes
    nonce: bytes


def seal_envelope(
    plain: bytes, recipients: Iterable[Recipient], context: bytes, seed: bytes
) -> bytes:
    """An envelope that each recipient opens, and nobody else; equal arguments give equal bytes.

    A key that is no point of the curve gets no row: nobody could open it, and one such key in a
    roster must not keep the others from theirs. `seed` is `ENVELOPE_SEED_BYTES` fresh random
    bytes. LocalError: no_recipient, too_many_recipients, too_large.
    """
    if len(seed) != ENVELOPE_SEED_BYTES:
        raise ValueError("an envelope's seed is 32 bytes")
    usable = sorted({keys for one in recipients if (keys := _montgomery(one))})
    if not usable:
        raise LocalError("no_recipient", "there is nobody to seal this to")
    if len(usable) > RECIPIENTS_MAX:
        text = f"this is sealed to at most {RECIPIENTS_MAX} devices and pairs of cards"
        raise LocalError("too_many_recipients", text)
    padded = pad(plain)
    content_key, ephemeral = _fresh_keys(seed, usable, context, padded)
    rows: tuple[list[bytes], list[bytes]] = ([], [])
    for keys in usable:
        locks = [_lock(key, key, ephemeral) for key in keys]
        rows[len(keys) - 1].append(_row(locks, content_key))
    head = _head(crypto_scalarmult_base(ephemeral), *rows)
    bound = _bound(context, head)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(padded, bound, _NONCE, content_key)
    if len(head) + len(sealed) > BLOB_BYTES_MAX:
        raise LocalError("too_large", "this is too much for one envelope")
    return head + sealed


def open_envelope(envelope: bytes, opener: Opener, context: bytes) -> bytes:
    """What was sealed to this opener, for this context.

    Takes any bytes; one agreement of keys for a device, two for two cards. RemoteError: not_for_us
    (nothing in it is for this opener), not_opened (damage, or it was moved from another place),
    update (a later version of Mkutano made it).
    """
    check_version(envelope)
    head_bytes, rows = _rows(envelope, 1 if isinstance(opener, DeviceKeys) else 2)
    ephemeral = envelope[1 : 1 + KEY_BYTES]
    cards = (opener,) if isinstance(opener, DeviceKeys) else _ascending(opener)
    try:
        locks = [_own_lock(card, ephemeral) for card in cards]
    except SodiumError as error:
        raise RemoteError("not_opened", "the envelope's own key is worthless") from error
    content = rows.get(_tag(locks))
    if content is None:
        raise RemoteError("not_for_us", "nothing in this envelope is for this device")
    for lock in reversed(locks):
        content = _unbox(lock, content)
    bound = _bound(context, envelope[:head_bytes])
    return unpad(decrypt(content, _NONCE, bound, envelope[head_bytes:]))


def is_recipient(recipient: Recipient) -> bool:
    """Whether anything can be sealed to this key, or to this pair of keys."""
    return bool(_montgomery(recipient))


# Keys


def _montgomery(recipient: Recipient) -> tuple[bytes, ...]:
    """The X25519 keys of a recipient, a pair's in the order of its Ed25519 keys; or nothing."""
    keys = (recipient,) if isinstance(recipient, bytes) else tuple(sorted(recipient))
    if any(len(key) != KEY_BYTES for key in keys):
        return ()
    try:
        points = tuple(noise_public(key) for key in keys)
    except SodiumError:
        return ()
    return points if len(set(points)) == len(points) else ()


def _ascending(cards: tuple[DeviceKeys, DeviceKeys]) -> tuple[DeviceKeys, ...]:
    return tuple(sorted(cards, key=lambda card: card.public))


def _fresh_keys(
    seed: bytes, recipients: list[tuple[bytes, ...]], context: bytes, padded: bytes
) -> tuple[bytes, bytes]:
    """Content key and ephemeral X25519 key, from the seed and all that is sealed with them."""
    drawn = blake2b(key=seed, person=_PURPOSE[:16])
    to = b"".join(bytes([len(keys)]) + b"".join(keys) for keys in recipients)
    for part in (to, context, padded):
        drawn.update(len(part).to_bytes(8, "big") + part)
    digest = drawn.digest()
    return digest[:KEY_BYTES], digest[KEY_BYTES:]


def _lock(recipient: bytes, public: bytes, private: bytes) -> _Lock:
    """What `private` and `public` agree on, for boxes to `recipient`; all X25519."""
    # Both ends must name the same two keys: sealing, `private` is the ephemeral one.
    epk = crypto_scalarmult_base(private) if recipient == public else public
    nonce = blake2b(epk + recipient, digest_size=NONCE_BYTES).digest()
    return _Lock(crypto_box_beforenm(public, private), nonce)
