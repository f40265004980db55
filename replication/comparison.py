"""Six digits on two screens: how two people see that nobody stands between their phones.

A Noise XX channel is secret towards *somebody*. Without a shared secret a man in the middle can
hold one channel with each phone and pass on what they say; then the two handshake hashes differ.
Each phone makes six digits from its own handshake hash and two fresh nonces, and two people
compare them:

    caller                                     answerer
    COMMITMENT H("…/commit/1" ‖ side ‖ hash ‖ nonce)  ->
                                           <-  COMMITMENT
    NONCE                                  ->
                                           <-  NONCE
    number = H("…/number/1" ‖ hash ‖ caller's nonce ‖ answerer's nonce)  mod 1,000,000

Rules: no nonce is told before the other side's commitment is here, and a nonce counts only if it
is the one committed to. So whoever stands between has fixed his own nonces before he learns the
phones', and the two numbers agree once in a million: he can't try values until they do. What
he can do is try whole conversations, and whoever uses this module bounds those. The side is in
the commitment, so that a phone's own words can't be given back to it.

The scheme is the numeric comparison of Bluetooth's Secure Simple Pairing (Core Specification,
volume 2, part H, 7.2.1), with commitments from both sides. No input or output, no chance: the
nonce comes from outside, 32 fresh bytes for every conversation.
"""

import hashlib
import hmac
from typing import Final

from replication.errors import LocalError, RemoteError

NONCE_BYTES: Final = 32
COMMITMENT_BYTES: Final = 32
BINDING_BYTES: Final = 64
"""Length of the handshake hash of our channels (BLAKE2b)."""
NUMBERS: Final = 1_000_000

_CALLER: Final = b"\x01"
_ANSWERER: Final = b"\x02"


class Comparison:
    """One side of a comparison: `commitment` out, `commit` in, `reveal` in, then the number."""

    def __init__(self, binding: bytes, nonce: bytes, *, caller: bool) -> None:
        """`binding` is the handshake hash of the finished channel; `nonce` 32 fresh bytes."""
        if len(binding) != BINDING_BYTES or len(nonce) != NONCE_BYTES:
            raise LocalError("compare-size", "a handshake hash has 64 bytes and a nonce 32")
        self._binding = binding
        self._nonce = nonce
        self._caller = caller
        self._theirs = b""
        self.commitment = _commitment(binding, nonce, _CALLER if caller else _ANSWERER)
        """What to send first, 32 bytes."""

    def commit(self, theirs: bytes) -> bytes:
        """Take the other side's commitment; the nonce that may be told from now on.

        RemoteError when it has the wrong size, LocalError when there was one already.
        """
        if self._theirs:
            raise LocalError("compare-turn", "the other side has committed already")
        if len(theirs) != COMMITMENT_BYTES:
            raise RemoteError("compare-size", f"a commitment of {len(theirs)} bytes")
        self._theirs = theirs
        return self._nonce

    def reveal(self, nonce: bytes) -> str:
        """Take the other side's nonce; the six digits to show.

        RemoteError when it is not the one committed to, LocalError before there is a commitment.
        """
        if not self._theirs:
            raise LocalError("compare-turn", "the other side has not committed yet")
        side = _ANSWERER if self._caller else _CALLER
        if len(nonce) != NONCE_BYTES or not hmac.compare_digest(
            _commitment(self._binding, nonce, side), self._theirs
        ):
            raise RemoteError("compare-changed", "the other side told another nonce than promised")
        pair = (self._nonce, nonce) if self._caller else (nonce, self._nonce)
        return _digits(b"mkutano/pairing/number/1" + self._binding + b"".join(pair))


def channel_number(binding: bytes) -> str:
    """Six digits of a channel that a shared secret protects already: for people's peace of mind.

    Not a comparison: without the commitments above, a man in the middle could search for two
    channels of equal number.
    """
    return _digits(b"mkutano/pairing/channel/1" + binding)


def grouped(number: str) -> str:
    """Six digits as they are read aloud: "482 913"."""
    return f"{number[:3]} {number[3:]}"


def _commitment(binding: bytes, nonce: bytes, side: bytes) -> bytes:
    return hashlib.sha256(b"mkutano/pairing/commit/1" + side + binding + nonce).digest()


def _digits(material: bytes) -> str:
    """Six digits of a hash; 64 bits of it, so that no number is likelier by more than 2^-44."""
    value = int.from_bytes(hashlib.sha256(material).digest()[:8], "big")
    return f"{value % NUMBERS:06d}"
