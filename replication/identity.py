"""Who a device is: one Ed25519 key pair, from which its actor ids and its Noise key follow.

There is no second secret to bind or to lose: the channel's X25519 key is the Ed25519 key in
Montgomery form, so whoever proves one has proved the other.
"""

from functools import lru_cache
from hashlib import sha256

from nacl.bindings import (
    crypto_sign,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

SEED_BYTES = 32
SALT_BYTES = 8
ACTOR_BYTES = 24


class DeviceKeys:
    """A device's key pair, made from a 32-byte secret seed."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError("a device seed is 32 bytes")
        self.seed = seed
        self.public, self._secret = crypto_sign_seed_keypair(seed)

    def __repr__(self) -> str:
        """Name the device without its secret."""
        return f"DeviceKeys({self.public.hex()[:8]})"

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature over the message, 64 bytes."""
        return crypto_sign(message, self._secret)[:64]

    def noise_static(self) -> bytes:
        """The X25519 private key of this device, for the Noise channel."""
        return crypto_sign_ed25519_sk_to_curve25519(self._secret)


def verify(device: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this device (Ed25519 public key) signed this message."""
    if len(device) != 32 or len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + message, device)
    except CryptoError:
        return False
    return True


def noise_public(device: bytes) -> bytes:
    """The X25519 public key of a device; RuntimeError when the bytes are no curve point."""
    return crypto_sign_ed25519_pk_to_curve25519(device)


def noise_static(seed: bytes) -> bytes:
    """The X25519 private key that belongs to a device's seed."""
    return DeviceKeys(seed).noise_static()


@lru_cache(maxsize=1024)
def actor_prefix(device: bytes) -> bytes:
    """The first 16 bytes of every actor id of this device: SHA-256 of its key, cut."""
    return sha256(device).digest()[:16]


def actor_for(device: bytes, salt: bytes) -> bytes:
    """The actor id for one writing process: device prefix and 8 fresh random bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError("an actor salt is 8 bytes")
    return actor_prefix(device) + salt
