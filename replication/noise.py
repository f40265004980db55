"""The encrypted channel between two devices: Noise XX, and XXpsk3 for an invitation.

Follows the Noise Protocol Framework, revision 34, for one cipher (ChaChaPoly), one curve (25519)
and two hashes (BLAKE2b on the wire; SHA256 because published vectors exist for it). Rules here:

- No input or output, no clock, no chance: the ephemeral key comes from the caller, who makes a
  fresh one for every handshake.
- A byte that the peer chose never raises anything but `RemoteError`, and after one the handshake
  or channel is dead: nonces would be out of step for good.
- A shared secret that a low-order key forced to zero is refused.

Framing of transport messages: a session message of up to 1 MiB is cut into pieces. The plaintext
of a piece is one mark byte, then data. Mark 0 means "more follows", and such a piece is always
full (65,519 bytes with its mark, so that its ciphertext is the 65,535 bytes that Noise allows);
any other mark ends the message and is the label its sender gave it. As marks are inside the
encryption, nobody on the way can cut a message short or join two.
"""

import hashlib
import hmac
from typing import Final, NamedTuple

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError

from replication.errors import LocalError, RemoteError
from replication.limits import FRAME_BYTES_MAX

XX: Final = "Noise_XX_25519_ChaChaPoly_BLAKE2b"
XX_PSK3: Final = "Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b"

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
NOISE_MESSAGE_BYTES_MAX: Final = 65_535  # the framework's own limit on a message
PIECE_BYTES_MAX: Final = NOISE_MESSAGE_BYTES_MAX - TAG_BYTES  # 65,519: more breaks other libraries
PIECE_DATA_BYTES_MAX: Final = PIECE_BYTES_MAX - 1
NONCE_RESERVED: Final = 2**64 - 1  # the framework keeps the last nonce for rekeying

MORE_FOLLOWS: Final = 0

_PATTERN: Final = (("e",), ("e", "ee", "s", "es"), ("s", "se"))
_PATTERN_PSK3: Final = (("e",), ("e", "ee", "s", "es"), ("s", "se", "psk"))


class _Protocol(NamedTuple):
    pattern: tuple[tuple[str, ...], ...]
    hash_name: str
    has_psk: bool


_PROTOCOLS: Final = {
    XX: _Protocol(_PATTERN, "blake2b", False),
    XX_PSK3: _Protocol(_PATTERN_PSK3, "blake2b", True),
    "Noise_XX_25519_ChaChaPoly_SHA256": _Protocol(_PATTERN, "sha256", False),
    "Noise_XXpsk3_25519_ChaChaPoly_SHA256": _Protocol(_PATTERN_PSK3, "sha256", True),
}


def public_key(private: bytes) -> bytes:
    """X25519 public key (32 bytes) of a 32-byte private key."""
    return crypto_scalarmult_base(private)


def _agree(private: bytes, public: bytes) -> bytes:
    """X25519, refusing the all-zero result that a low-order public key gives."""
    try:
        shared = crypto_scalarmult(private, public)
    except SodiumError:
        raise RemoteError("noise-low-order", "the other device sent a worthless key") from None
    if not any(shared):
        raise RemoteError("noise-low-order", "the other device sent a worthless key")
    return shared


class CipherState:
    """One direction of encryption: a key and a counter (Noise §5.1)."""

    def __init__(self, key: bytes, nonce: int = 0) -> None:
        """`key` is 32 bytes; `nonce` is the number of messages already sent under it."""
        self._key = key
        self._nonce = nonce

    def encrypt(self, associated: bytes, plaintext: bytes) -> bytes:
        """Ciphertext with its 16-byte tag. LocalError when the counter is used up."""
        if self._nonce >= NONCE_RESERVED:
            raise LocalError("noise-exhausted", "this connection is used up; open a new one")
        nonce = self._take_nonce()
        return crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associated, nonce, self._key)

    def decrypt(self, associated: bytes, ciphertext: bytes) -> bytes:
        """Plaintext. RemoteError when tampered with, too short, or the counter is used up."""
        if self._nonce >= NONCE_RESERVED:
            raise RemoteError("noise-exhausted", "the other device never renewed the connection")
        if len(ciphertext) < TAG_BYTES:
            raise RemoteError("noise-short", f"a message of {len(ciphertext)} bytes has no tag")
        nonce = self._take_nonce()
        try:
            return crypto_aead_chacha20poly1305_ietf_decrypt(
                ciphertext, associated, nonce, self._key
            )
        except CryptoError:
            raise RemoteError("noise-tampered", "a message was altered on its way") from None

    def _take_nonce(self) -> bytes:
        """The 12 nonce bytes: four zeros, then the counter (Noise §12.3)."""
        nonce = bytes(4) + self._nonce.to_bytes(8, "little")
        self._nonce += 1
        return nonce


class _SymmetricState:
    """Chaining key and transcript hash of a handshake (Noise §5.2)."""

    def __init__(self, name: str, hash_name: str) -> None:
        self._hash_name = hash_name
        self._cipher: CipherState | None = None
        encoded = name.encode("ascii")
        size = hashlib.new(hash_name).digest_size
        self.hash = encoded.ljust(size, b"\0") if len(encoded) <= size else self._digest(encoded)
        self._chaining_key = self.hash

    def _digest(self, data: bytes) -> bytes:
        return hashlib.new(self._hash_name, data).digest()

    def _expand(self, material: bytes, outputs: int) -> list[bytes]:
        """HKDF of Noise §4.3: `outputs` values of the hash's length."""
        secret = hmac.digest(self._chaining_key, material, self._hash_name)
        values = [b""]
        for number in range(1, outputs + 1):
            values.append(hmac.digest(secret, values[-1] + bytes([number]), self._hash_name))
        return values[1:]

    def mix_hash(self, data: bytes) -> None:
        self.hash = self._digest(self.hash + data)

    def mix_key(self, material: bytes) -> None:
        self._chaining_key, key = self._expand(material, 2)
        self._cipher = CipherState(key[:KEY_BYTES])

    def mix_key_and_hash(self, material: bytes) -> None:
        self._chaining_key, mixed, key = self._expand(material, 3)
        self.mix_hash(mixed)
        self._cipher = CipherState(key[:KEY_BYTES])

    @property
    def sealed_bytes(self) -> int:
        """Bytes that encryption adds at this point: none before the first key."""
        return TAG_BYTES if self._cipher is not None else 0

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        out = plaintext
        if self._cipher is not None:
            out = self._cipher.encrypt(self.hash, plaintext)
        self.mix_hash(out)
        return out

    def decrypt_and_hash(self, data: bytes) -> bytes:
        out = data if self._cipher is None else self._cipher.decrypt(self.hash, data)
        self.mix_hash(data)
        return out

    def split(self) -> tuple[CipherState, CipherState]:
        first, second = self._expand(b"", 2)
        return CipherState(first[:KEY_BYTES]), CipherState(second[:KEY_BYTES])


class Handshake:
    """One side of an XX or XXpsk3 handshake: three messages, the initiator writes the first."""

    def __init__(
        self,
        name: str,
        *,
        initiator: bool,
        prologue: bytes,
        static: bytes,
        ephemeral: bytes,
        psk: bytes | None = None,
    ) -> None:
        """`static` and `ephemeral` are X25519 private keys; `psk` is 32 bytes, for XXpsk3 only."""
        protocol = _PROTOCOLS.get(name)
        if protocol is None:
            raise LocalError("noise-protocol", f"unknown Noise protocol {name}")
        if protocol.has_psk != (psk is not None) or len(psk or bytes(KEY_BYTES)) != KEY_BYTES:
            raise LocalError("noise-psk", f"wrong kind of shared secret for {name}")
        if len(static) != KEY_BYTES or len(ephemeral) != KEY_BYTES:
            raise LocalError("noise-key", "a Noise private key has 32 bytes")
        self._messages = protocol.pattern
        self._psk = psk
        self._initiator = initiator
        self._static = static
        self._ephemeral = ephemeral
        self._peer_ephemeral = b""
        self._peer_static = b""
        self._done = 0
        self._dead = False
        self._state = _SymmetricState(name, protocol.hash_name)
        self._state.mix_hash(prologue)

    @property
    def finished(self) -> bool:
        """All three messages are through."""
        return not self._dead and self._done == len(self._messages)

    @property
    def my_turn(self) -> bool:
        """The next step is `write`."""
        turn = self._initiator == (self._done % 2 == 0)
        return not self._dead and not self.finished and turn

    @property
    def peer_static(self) -> bytes:
        """The peer's X25519 static key, or b"" until it has sent it."""
        return self._peer_static

    @property
    def handshake_hash(self) -> bytes:
        """Hash of the whole transcript, equal on both sides once finished (channel binding)."""
        return self._state.hash

    def write(self, payload: bytes = b"") -> bytes:
        """The next handshake message, carrying `payload`.

        LocalError when it is not our turn, RemoteError when the peer's key is of low order.
        """
        if not self.my_turn:
            raise LocalError("noise-turn", "it is not this side's turn in the handshake")
        self._dead = True  # until the peer's earlier keys prove to be of use
        out = b"".join(self._write_token(token) for token in self._messages[self._done])
        out += self._state.encrypt_and_hash(payload)
        if len(out) > NOISE_MESSAGE_BYTES_MAX:
            raise LocalError("noise-long", "too long a payload for a handshake message")
        self._dead = False
        self._done += 1
        return out

    def read(self, message: bytes) -> bytes:
        """The payload of the peer's next message. RemoteError ends the handshake for good."""
        if self._dead or self.finished or self.my_turn:
            raise LocalError("noise-turn", "it is not the other side's turn to speak")
        self._dead = True  # until this message proves itself
        if len(message) > NOISE_MESSAGE_BYTES_MAX:
            raise RemoteError("noise-long", f"a handshake message of {len(message)} bytes")
        rest = bytes(message)
        for token in self._messages[self._done]:
            rest = self._read_token(token, rest)
        payload = self._state.decrypt_and_hash(rest)
        self._dead = False
        self._done += 1
        return payload

    def channel(self) -> "Channel":
        """The two transport ciphers. LocalError before the handshake is finished."""
        if not self.finished:
            raise LocalError("noise-turn", "the handshake is not finished")
        first, second = self._state.split()
        return Channel(first, second) if self._initiator else Channel(second, first)

    def _write_token(self, token: str) -> bytes:
        if token == "e":
            return self._mix_ephemeral(public_key(self._ephemeral))
        if token == "s":
            return self._state.encrypt_and_hash(public_key(self._static))
        self._mix_secret(token)
        return b""

    def _read_token(self, token: str, rest: bytes) -> bytes:
        if token in ("e", "s"):
            size = KEY_BYTES + (self._state.sealed_bytes if token == "s" else 0)
            if len(rest) < size:
                raise RemoteError("noise-short", "a handshake message ended in the middle of a key")
            if token == "e":
                self._peer_ephemeral = self._mix_ephemeral(rest[:size])
            else:
                self._peer_static = self._state.decrypt_and_hash(rest[:size])
            return rest[size:]
        self._mix_secret(token)
        return rest

    def _mix_ephemeral(self, public: bytes) -> bytes:
        self._state.mix_hash(public)
        if self._psk is not None:  # Noise §9.2: an ephemeral key also randomises the psk's cipher
            self._state.mix_key(public)
        return public

    def _mix_secret(self, token: str) -> None:
        """Mix in `ee`, `es`, `se` or `psk`; in `es` the initiator's key is the ephemeral one."""
        if token == "psk":
            self._state.mix_key_and_hash(self._psk or b"")
            return
        mine, theirs = (token[0], token[1]) if self._initiator else (token[1], token[0])
        private = self._ephemeral if mine == "e" else self._static
        public = self._peer_ephemeral if theirs == "e" else self._peer_static
        self._state.mix_key(_agree(private, public))


class Channel:
    """Both directions of a finished handshake, in labelled messages of up to 1 MiB."""

    def __init__(self, sending: CipherState, receiving: CipherState) -> None:
        """The two transport ciphers of one side."""
        self._sending = sending
        self._receiving = receiving
        self._held = bytearray()
        self._dead = False

    def seal(self, message: bytes, label: int) -> list[bytes]:
        """The Noise transport messages that carry `message`; `label` is 1..255.

        LocalError when the message exceeds 1 MiB or the counter is used up.
        """
        if len(message) > FRAME_BYTES_MAX:
            raise LocalError("noise-long", f"a session message of {len(message)} bytes")
        if not MORE_FOLLOWS < label < 256:
            raise LocalError("noise-label", f"a message label is 1 to 255, not {label}")
        last = (max(len(message), 1) - 1) // PIECE_DATA_BYTES_MAX
        pieces = []
        for number in range(last + 1):
            mark = label if number == last else MORE_FOLLOWS
            start = number * PIECE_DATA_BYTES_MAX
            data = message[start : start + PIECE_DATA_BYTES_MAX]
            pieces.append(self._sending.encrypt(b"", bytes([mark]) + data))
        return pieces

    def open(self, piece: bytes) -> tuple[int, bytes] | None:
        """Take one transport message; (label, message) when it ends one, else None.

        RemoteError when it was altered, replayed, reordered, cut short or makes the message
        exceed 1 MiB; the channel is unusable afterwards.
        """
        if self._dead:
            raise LocalError("noise-dead", "this connection already failed; open a new one")
        try:
            return self._join(piece)
        except RemoteError:
            self._dead = True
            self._held.clear()
            raise

    def _join(self, piece: bytes) -> tuple[int, bytes] | None:
        if len(piece) > NOISE_MESSAGE_BYTES_MAX:
            raise RemoteError("noise-long", f"a transport message of {len(piece)} bytes")
        plaintext = self._receiving.decrypt(b"", bytes(piece))
        if not plaintext:
            raise RemoteError("noise-framing", "a piece without its mark")
        mark = plaintext[0]
        if len(self._held) + len(plaintext) - 1 > FRAME_BYTES_MAX:
            raise RemoteError("noise-long", "a session message of more than 1 MiB")
        if mark == MORE_FOLLOWS and len(plaintext) != PIECE_BYTES_MAX:
            raise RemoteError("noise-framing", "a piece that is neither full nor the last")
        self._held += plaintext[1:]
        if mark == MORE_FOLLOWS:
            return None
        if self._held and len(plaintext) == 1:
            raise RemoteError("noise-framing", "an empty last piece")
        message = bytes(self._held)
        self._held.clear()
        return mark, message
