"""Personal details as ciphertext: names and phones never lie readable in the log.

Each member's details are sealed under a key of their own, which lives in a key box outside the
log; forgetting the key erases the person, and the books still balance. The seal is
XChaCha20-Poly1305 (IETF). Its associated data is purpose ‖ group ‖ key id, so that a sealed person
can't be moved to another group or key (the member's id is made of the hash of the change that
carries this, so it can't be bound). The plaintext is the canonical CBOR array [name, phone], then
0x80 and zeros up to a multiple of 64 bytes: a long name doesn't show. Key and nonce are arguments;
this package has no source of chance.
"""

from hashlib import blake2b, sha256

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from replication.cbor import dumps, load_item
from replication.errors import LocalError, RemoteError
from replication.sealing import epoch_key_id
from replication.wire import KEY_BYTES, KEY_ID_BYTES

NONCE_BYTES = 24
TAG_BYTES = 8

SEALED_BYTES_MAX = 2048
"""What one sealed person may take; a name, a phone and an id number take 80 to 144."""

_BLOCK_BYTES = 64
_AUTHENTICATION_BYTES = 16
_END = b"\x80"
_PURPOSE = b"mkutano/person/1"
_KEY_ID_PURPOSE = b"mkutano/person-key/1"
_TAG_KEY_PURPOSE = b"mkutano/tag-key/1"


class PersonError(RemoteError):
    """Sealed details that don't open: another key, another group, or damage."""


def seal_person(
    group: bytes, key_id: bytes, key: bytes, nonce: bytes, name: str, phone: str
) -> bytes:
    """Ciphertext of a member's name and phone; use a fresh nonce each time.

    Raises LocalError when they are too long.
    """
    plain = dumps([name, phone]) + _END
    plain += bytes(-len(plain) % _BLOCK_BYTES)
    if len(plain) + _AUTHENTICATION_BYTES > SEALED_BYTES_MAX:
        raise LocalError("person_too_long", "these details are too long")
    bound = _PURPOSE + group + key_id
    return crypto_aead_xchacha20poly1305_ietf_encrypt(plain, bound, nonce, key)


def open_person(
    group: bytes, key_id: bytes, key: bytes, nonce: bytes, sealed: bytes
) -> tuple[str, str]:
    """The name and phone that were sealed; PersonError when they don't open."""
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES or len(sealed) > SEALED_BYTES_MAX:
        raise PersonError("not_opened", "a sealed person has another form")
    bound = _PURPOSE + group + key_id
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, bound, nonce, key)
    except (CryptoError, ValueError) as error:
        raise PersonError("not_opened", "the key doesn't open these details") from error
    content = plain.rstrip(b"\x00")
    if len(plain) % _BLOCK_BYTES or not content.endswith(_END):
        raise PersonError("not_opened", "the details are not padded as they should be")
    return _details(content[: -len(_END)])


def _details(content: bytes) -> tuple[str, str]:
    try:
        details = load_item(content)
    except RemoteError as error:
        raise PersonError("not_opened", error.detail) from error
    match details:
        case [str(name), str(phone)]:
            return name, phone
        case _:
            raise PersonError("not_opened", "details are a name and a phone")


def key_id_of(key: bytes) -> bytes:
    """The id of a member's key: 16 bytes that no other key has, so none can take its place."""
    return sha256(_KEY_ID_PURPOSE + key).digest()[:KEY_ID_BYTES]


def tag_key_id(group: bytes) -> bytes:
    """The id of the group's key for contact tags, which its founder makes."""
    return sha256(_TAG_KEY_PURPOSE + group).digest()[:KEY_ID_BYTES]


def is_key_id(group: bytes, key_id: bytes, key: bytes) -> bool:
    """Whether a key may stand under this id in the group's key box: a member's, the key for
    contact tags, or an epoch key (`sealing.py`)."""
    return key_id in (key_id_of(key), tag_key_id(group), epoch_key_id(key))


def contact_tag(key: bytes, purpose: str, text: str) -> bytes:
    """Eight bytes by which phones notice the same name or phone number without showing it.

    BLAKE2b of the text as the caller normalised it, keyed, apart by purpose ("name", "phone").
    The key (16 to 64 bytes, of the group) keeps strangers from trying names.
    """
    person = purpose.encode()[: blake2b.PERSON_SIZE]
    return blake2b(text.encode(), digest_size=TAG_BYTES, key=key, person=person).digest()
