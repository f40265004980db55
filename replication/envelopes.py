"""Envelopes: a text sealed to devices and to pairs of paper cards, to their public keys alone.

The text is sealed under a fresh content key, and the content key to each recipient. A device's row
is libsodium's sealed box (nonce BLAKE2b(ephemeral key ‖ recipient's key), under the recipient's
X25519 key: its own key in Montgomery form). The ephemeral key is one for all rows and stands in
front once, as in saltpack's encryption format, version 2: put before a row's box it makes a sealed
box like any other. The row of two cards is a box under the hash of what the ephemeral key has in
common with each: both cards are needed, and everybody who knows their public keys can seal.

No recipient is named. A row begins with a tag that follows from the very secret that opens it: who
has none of the keys can't tell whom it is for, nor link two envelopes, nor count the cards, and who
has one finds its row by one agreement of keys, however many rows there are. `context` says where
the envelope lies; it and all rows are bound as associated data, so that no envelope can be moved,
or put together of two. Who sealed it an envelope does not say: whoever reads one checks the entry
at the relay, which the device that pushed it has signed.

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
_ROWS_AT: Final = 1 + KEY_BYTES + _COUNT_BYTES
_ROW_BYTES: Final = _TAG_BYTES + KEY_BYTES + AUTHENTICATION_BYTES
_CONTENT_NONCE: Final = bytes(NONCE_BYTES)
"""A content key seals one text, once."""

_CONTENT_PURPOSE: Final = b"mkutano/envelope/1"
_SEED_PURPOSE: Final = b"mkutano/env-seed"
_TAG_PURPOSE: Final = b"mkutano/env-tag"
_PAIR_PURPOSE: Final = b"mkutano/env-pair"
"""BLAKE2b's personal strings have at most 16 bytes."""


class _Lock(NamedTuple):
    """Key and nonce of one recipient's box."""

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
    usable = sorted({points for one in recipients if (points := _points(one))})
    if not usable:
        raise LocalError("no_recipient", "there is nobody to seal this to")
    if len(usable) > RECIPIENTS_MAX:
        text = f"this can be sealed to at most {RECIPIENTS_MAX} devices and pairs of cards"
        raise LocalError("too_many_recipients", text)
    padded = pad(plain)
    content_key, private = _fresh_keys(seed, usable, context, padded)
    ephemeral = crypto_scalarmult_base(private)
    locks = [
        _lock(ephemeral, points, [crypto_box_beforenm(point, private) for point in points])
        for points in usable
    ]
    head = _head(ephemeral, locks, content_key)
    bound = _bound(context, head)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(padded, bound, _CONTENT_NONCE, content_key)
    if len(head) + len(sealed) > BLOB_BYTES_MAX:
        raise LocalError("too_large", "this is too much for one envelope")
    return head + sealed


def open_envelope(envelope: bytes, opener: Opener, context: bytes) -> bytes:
    """What was sealed to this opener, for this context.

    Takes any bytes; costs one agreement of keys, with two cards two. RemoteError: not_for_us
    (nothing in it is for this opener), not_opened (damage, or it was moved from another place),
    update (a later version of Mkutano made it).
    """
    check_version(envelope)
    boxes = _boxes(envelope)
    lock = _own_lock(opener, envelope[1 : 1 + KEY_BYTES])
    box = boxes.get(_tag(lock))
    if box is None:
        raise RemoteError("not_for_us", "nothing in this envelope is for this device")
    try:
        content_key = crypto_box_open_afternm(box, lock.nonce, lock.secret)
    except CryptoError as error:
        raise RemoteError("not_opened", "a row of the envelope was altered") from error
    content_at = _ROWS_AT + len(boxes) * _ROW_BYTES
    bound = _bound(context, envelope[:content_at])
    return unpad(decrypt(content_key, _CONTENT_NONCE, bound, envelope[content_at:]))


def is_recipient(recipient: Recipient) -> bool:
    """Whether anything can be sealed to this key, or to this pair of keys."""
    return bool(_points(recipient))


# Keys


def _points(recipient: Recipient) -> tuple[bytes, ...]:
    """The X25519 keys of a recipient, of two cards in the order of their Ed25519 keys; or none."""
    keys = (recipient,) if isinstance(recipient, bytes) else tuple(sorted(recipient))
    if any(len(key) != KEY_BYTES for key in keys):
        return ()
    try:
        points = tuple(noise_public(key) for key in keys)
    except SodiumError:
        return ()
    return points if len(set(points)) == len(points) else ()


def _fresh_keys(
    seed: bytes, recipients: list[tuple[bytes, ...]], context: bytes, padded: bytes
) -> tuple[bytes, bytes]:
    """Content key and ephemeral X25519 key, from the seed and all that is sealed with them."""
    drawn = blake2b(key=seed, person=_SEED_PURPOSE)
    to = b"".join(bytes([len(points)]) + b"".join(points) for points in recipients)
    for part in (to, context, padded):
        drawn.update(len(part).to_bytes(8, "big") + part)
    digest = drawn.digest()
    return digest[:KEY_BYTES], digest[KEY_BYTES:]


def _lock(ephemeral: bytes, points: tuple[bytes, ...], agreed: list[bytes]) -> _Lock:
    """The lock of a row: for one device that of libsodium's sealed box, for two cards of both.

    `agreed` is what the ephemeral key and each point have in common (libsodium's precomputed key).
    """
    nonce = blake2b(ephemeral + b"".join(points), digest_size=NONCE_BYTES).digest()
    if len(agreed) == 1:
        return _Lock(agreed[0], nonce)
    both = blake2b(key=b"".join(agreed), person=_PAIR_PURPOSE, digest_size=KEY_BYTES)
    return _Lock(both.digest(), nonce)


def _own_lock(opener: Opener, ephemeral: bytes) -> _Lock:
    cards = (opener,) if isinstance(opener, DeviceKeys) else opener
    secrets = [card.noise_static() for card in sorted(cards, key=lambda card: card.public)]
    try:
        agreed = [crypto_box_beforenm(ephemeral, secret) for secret in secrets]
    except SodiumError as error:
        raise RemoteError("not_opened", "an envelope's own key is worthless") from error
    return _lock(ephemeral, tuple(map(crypto_scalarmult_base, secrets)), agreed)


def _tag(lock: _Lock) -> bytes:
    """By which whoever has the keys finds the row, and nobody else."""
    return blake2b(key=lock.secret, person=_TAG_PURPOSE, digest_size=_TAG_BYTES).digest()


# Bytes


def _head(ephemeral: bytes, locks: list[_Lock], content_key: bytes) -> bytes:
    """All that is before the content; rows stand by their tags, so their order tells nothing."""
    rows = [_tag(lock) + crypto_box_afternm(content_key, lock.nonce, lock.secret) for lock in locks]
    count = len(rows).to_bytes(_COUNT_BYTES, "big")
    return bytes([VERSION]) + ephemeral + count + b"".join(sorted(rows))


def _boxes(envelope: bytes) -> dict[bytes, bytes]:
    """The boxes by their tags; RemoteError unless they stand in their one order."""
    count = int.from_bytes(envelope[1 + KEY_BYTES : _ROWS_AT], "big")
    content_at = _ROWS_AT + count * _ROW_BYTES
    if not 1 <= count <= RECIPIENTS_MAX or not content_at < len(envelope) <= BLOB_BYTES_MAX:
        raise RemoteError("not_opened", "an envelope is cut short or too long")
    rows = [envelope[at : at + _ROW_BYTES] for at in range(_ROWS_AT, content_at, _ROW_BYTES)]
    boxes = {row[:_TAG_BYTES]: row[_TAG_BYTES:] for row in rows}
    if len(boxes) != count or list(boxes) != sorted(boxes):
        raise RemoteError("not_opened", "an envelope's rows are not in their order")
    return boxes


def _bound(context: bytes, head: bytes) -> bytes:
    """Associated data of the content: where the envelope lies, and to whom it is sealed."""
    return _CONTENT_PURPOSE + len(context).to_bytes(8, "big") + context + head
