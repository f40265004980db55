"""The file device.json: who this device is, its secret lying open or sealed under a PIN.

    format 1   name, seed, check                                    no PIN: the seed lies open
    format 2   name, device, argon2id, salt, nonce, sealed, check   sealed under a PIN or passphrase

`sealed` is XChaCha20-Poly1305 (24-byte nonce) over the 32-byte seed, followed by the 32-byte key
of the ledger when the ledger is encrypted; its key is Argon2id 1.3 (RFC 9106) of the PIN. Every
other field is bound to it as associated data, so no line of the file can be exchanged unseen.

`check` tells damage from a wrong PIN: it is a plain hash over the file's own values, so a flipped
or missing byte is named as such and is never counted as somebody's wrong guess. It keeps nobody
out. Files made before there was a `check` are read without one.

Rule: bytes in, values out; this module reads no file, asks nobody, and takes its randomness.
"""

import json
from hashlib import sha256
from typing import Any, Final, NamedTuple

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.pwhash import argon2id

from replication.identity import SEED_BYTES, DeviceKeys
from replication.limits import LABEL_CHARS_MAX

PLAIN_FORMAT: Final = 1
SEALED_FORMAT: Final = 2
LEDGER_KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 24
CHECK_BYTES: Final = 16

MEMORY_BYTES: Final = 32 * 1024 * 1024
"""What one guess must fill: a phone with 1 GB manages it, a guessing card holds few at once."""
PASSES: Final = 4
"""With 32 MiB about a twentieth of a second on a laptop, and half a second on a slow phone."""
MEMORY_BYTES_RANGE: Final = range(8 * 1024 * 1024, 256 * 1024 * 1024 + 1)
PASSES_RANGE: Final = range(1, 17)
"""What a file may ask for: a forged one must not take all the memory or the evening."""

_PURPOSE: Final = b"mkutano/device/2\x00"
_PLAIN_FIELDS: Final = frozenset({"format", "name", "seed"})
_SEALED_FIELDS: Final = frozenset(
    {"format", "name", "device", "argon2id", "salt", "nonce", "sealed", "check"}
)


class TooNew(ValueError):
    """The file is whole and was written by a newer Mkutano."""


class WrongPin(Exception):
    """The PIN does not open the seal."""


class NoMemory(Exception):
    """The device has no room for the work of one guess; nothing was judged."""


class Secret(NamedTuple):
    """What a PIN protects."""

    seed: bytes
    """Of the device's key pair, 32 bytes."""
    ledger_key: bytes = b""
    """Of the encrypted ledger, 32 bytes; b"" when the ledger is not encrypted."""

    def __repr__(self) -> str:
        """Never the bytes themselves: a log must not hold them."""
        return f"Secret(encrypted={bool(self.ledger_key)})"


class PlainDevice(NamedTuple):
    """A device without a PIN."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        """Without the seed."""
        return f"PlainDevice({self.name!r})"


class SealedDevice(NamedTuple):
    """A device whose secret lies under a PIN."""

    name: str
    device: bytes
    """Its public key, so that it can be named while it is locked."""
    memory_bytes: int
    passes: int
    salt: bytes
    nonce: bytes
    sealed: bytes

    @property
    def encrypted(self) -> bool:
        """Whether its ledger is encrypted: the key of the ledger is under the seal."""
        return len(self.sealed) > SEED_BYTES + _TAG_BYTES


_TAG_BYTES: Final = 16


def seal(name: str, secret: Secret, pin: str, salt: bytes, nonce: bytes) -> SealedDevice:
    """Put a device's secret under a PIN. NoMemory when the device can't do the work."""
    device = DeviceKeys(secret.seed).public
    bare = SealedDevice(name, device, MEMORY_BYTES, PASSES, salt, nonce, b"")
    plain = secret.seed + secret.ledger_key
    key = _key(bare, pin)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plain, _bound(bare), nonce, key)
    return bare._replace(sealed=sealed)


def unseal(record: SealedDevice, pin: str) -> Secret:
    """The secret under the seal. WrongPin; NoMemory; ValueError when it is another device's."""
    key = _key(record, pin)
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(
            record.sealed, _bound(record), record.nonce, key
        )
    except CryptoError as error:
        raise WrongPin from error
    secret = Secret(plain[:SEED_BYTES], plain[SEED_BYTES:])
    if DeviceKeys(secret.seed).public != record.device:
        raise ValueError("the seal holds another device's key")
    return secret


def encode(record: PlainDevice | SealedDevice) -> bytes:
    """The content of device.json."""
    values = _values(record)
    return json.dumps({**values, "check": _check(values)}).encode()


def decode(content: bytes) -> PlainDevice | SealedDevice:
    """Read device.json. ValueError for whatever is not exactly such a file; TooNew."""
    try:
        return _decoded(json.loads(content))
    except (RecursionError, TypeError) as error:
        raise ValueError("not a device file") from error


def _decoded(values: object) -> PlainDevice | SealedDevice:
    if not isinstance(values, dict):
        raise ValueError("not a device file")
    check = values.pop("check", None)
    if check is not None and check != _check(values):
        raise ValueError("the check does not fit")
    version = values.get("format")
    if type(version) is not int:
        raise ValueError("not a device file")
    if check is not None and version > SEALED_FORMAT:
        raise TooNew("written by a newer Mkutano")
    if version == PLAIN_FORMAT and values.keys() == _PLAIN_FIELDS:
        return PlainDevice(_name(values["name"]), _hex(values["seed"], SEED_BYTES))
    if version == SEALED_FORMAT and {*values, "check"} == _SEALED_FIELDS and check is not None:
        return _sealed(values)
    raise ValueError("not a device file")


def _sealed(values: dict[str, Any]) -> SealedDevice:
    memory_bytes, passes = values["argon2id"]
    if type(memory_bytes) is not int or memory_bytes not in MEMORY_BYTES_RANGE:
        raise ValueError("unbelievable memory for a guess")
    if type(passes) is not int or passes not in PASSES_RANGE:
        raise ValueError("unbelievable work for a guess")
    sealed = bytes.fromhex(values["sealed"])
    if len(sealed) - _TAG_BYTES not in (SEED_BYTES, SEED_BYTES + LEDGER_KEY_BYTES):
        raise ValueError("the seal has a wrong length")
    return SealedDevice(
        _name(values["name"]),
        _hex(values["device"], 32),
        memory_bytes,
        passes,
        _hex(values["salt"], SALT_BYTES),
        _hex(values["nonce"], NONCE_BYTES),
        sealed,
    )


def _values(record: PlainDevice | SealedDevice) -> dict[str, Any]:
    if isinstance(record, PlainDevice):
        return {"format": PLAIN_FORMAT, "name": record.name, "seed": record.seed.hex()}
    return {
        "format": SEALED_FORMAT,
        "name": record.name,
        "device": record.device.hex(),
        "argon2id": [record.memory_bytes, record.passes],
        "salt": record.salt.hex(),
        "nonce": record.nonce.hex(),
        "sealed": record.sealed.hex(),
    }


def _check(values: dict[str, Any]) -> str:
    """A hash over the values, however they are spelt in the file."""
    return sha256(_canonical(values)).digest()[:CHECK_BYTES].hex()


def _bound(record: SealedDevice) -> bytes:
    """What the seal is bound to: its purpose, and every field beside it."""
    values = _values(record)
    del values["sealed"]
    return _PURPOSE + _canonical(values)


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _key(record: SealedDevice, pin: str) -> bytes:
    try:
        key: bytes = argon2id.kdf(
            32,
            pin.encode(),
            record.salt,
            opslimit=record.passes,
            memlimit=record.memory_bytes,
        )
    except (SodiumError, MemoryError) as error:
        raise NoMemory from error
    return key


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= (
        LABEL_CHARS_MAX
    ):  # fmt: skip
        raise ValueError("not a device's name")
    return value


def _hex(value: object, length: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * length:
        raise ValueError("not so many bytes")
    return bytes.fromhex(value)
