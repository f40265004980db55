"""An invitation: what a new phone needs to find the inviter and prove that it was invited.

    MKUTANO:<base32 without padding, upper case>

so that a QR code uses its small alphanumeric mode. Inside the base32:

    1   version, 1
    32  inviter's device key (Ed25519)
    16  one-time secret
    1   number of addresses, 0..8
    …   each: 4 ‖ IPv4 (4) ‖ port (2), or 6 ‖ IPv6 (16) ‖ port (2),
              or 0 ‖ length (1) ‖ host name ‖ port (2); ports big-endian
    4   checksum: the first bytes of SHA-256("mkutano/invitation" ‖ all of the above)

The checksum's place and meaning stay the same in every later version, so that a typing mistake is
told from a newer invitation. The secret itself is kept by neither side: the inviter stores a key
made from it, and both the hello tag and the handshake's shared secret are made from that key.
"""

import base64
import hashlib
import hmac
import io
import ipaddress
from typing import Final, NamedTuple

from node.address import Address, AddressError, parse_address
from node.errors import NodeError
from replication.identity import noise_public

SCHEME: Final = "MKUTANO:"
VERSION: Final = 1
DEVICE_BYTES: Final = 32
SECRET_BYTES: Final = 16  # 128 bits, used once
CHECKSUM_BYTES: Final = 4
ADDRESSES_MAX: Final = 8  # a phone has few networks; more would make the QR hard to scan
CHARS_MAX: Final = 4096  # eight addresses with the longest names stay below

_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


class InvitationError(NodeError):
    """The text is not an invitation that this phone can use."""

    code = "invitation"


class Invitation(NamedTuple):
    """A readable invitation."""

    device: bytes
    """Ed25519 key of the inviter: nobody else can answer in its place."""
    secret: bytes
    """16 bytes, good for one new device."""
    addresses: tuple[Address, ...]
    """Where the inviter listened when it made this; may be empty."""


def invitation_key(secret: bytes) -> bytes:
    """What the inviter stores in place of the secret, 32 bytes."""
    return hashlib.sha256(b"mkutano/invitation/key" + secret).digest()


def hello_key(key: bytes) -> bytes:
    """The key of the joiner's hello, from the stored key (32 bytes)."""
    return hmac.digest(key, b"mkutano/invitation/hello", "sha256")


def handshake_psk(key: bytes) -> bytes:
    """The shared secret of the XXpsk3 handshake, from the stored key (32 bytes)."""
    return hmac.digest(key, b"mkutano/invitation/psk", "sha256")


def format_invitation(invitation: Invitation) -> str:
    """The URI; InvitationError when it has more addresses than fit."""
    if len(invitation.addresses) > ADDRESSES_MAX:
        raise InvitationError(f"An invitation holds at most {ADDRESSES_MAX} addresses.")
    body = bytes([VERSION]) + invitation.device + invitation.secret
    body += bytes([len(invitation.addresses)])
    body += b"".join(_encode_address(address) for address in invitation.addresses)
    return SCHEME + base64.b32encode(body + _checksum(body)).decode("ascii").rstrip("=")


def parse_invitation(text: str) -> Invitation:
    """The invitation in `text`, whatever its case and line breaks; InvitationError in words."""
    if len(text) > CHARS_MAX:
        raise InvitationError("This is far too long for an invitation. Copy only the MKUTANO line.")
    compact = "".join(text.split()).upper()
    if not compact.startswith(SCHEME):
        raise InvitationError(
            "This is not a Mkutano invitation: one begins with MKUTANO: and is made by an officer "
            "with “mkutano invite”."
        )
    raw = _decode_base32(compact.removeprefix(SCHEME))
    body, checksum = raw[:-CHECKSUM_BYTES], raw[-CHECKSUM_BYTES:]
    if not hmac.compare_digest(_checksum(body), checksum):
        raise _damaged(raw)
    if body[:1] != bytes([VERSION]):
        raise InvitationError(
            "This invitation was made by another version of Mkutano. Update Mkutano on both phones."
        )
    return _decode_body(body)


def qr_for_terminal(uri: str, columns: int = 0) -> str:
    """The QR code in half-block characters, fitted to a screen; "" when it does not fit.

    Where there is room (or `columns` is 0, for no limit) with medium error correction and the
    border of four that ISO/IEC 18004 asks for. On a phone's forty columns with less of both, which
    not every camera reads: the text beside it always works. Never a broken code.
    """
    import segno  # only `invite` draws one

    for error, border in (("m", 4), ("l", 4), ("l", 2), ("l", 1)):
        code = segno.make(uri, error=error, micro=False)
        if not columns or code.symbol_size(border=border)[0] <= columns:
            drawing = io.StringIO()
            code.terminal(drawing, border=border, compact=True)
            return drawing.getvalue()
    return ""


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"mkutano/invitation" + body).digest()[:CHECKSUM_BYTES]


def _decode_base32(text: str) -> bytes:
    for position, character in enumerate(text, len(SCHEME) + 1):
        if character not in _ALPHABET:
            raise InvitationError(
                f"The character “{character}” (number {position}) is never in an invitation. "
                "Only the letters A to Z and the digits 2 to 7 are: check for a letter O or I."
            )
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise _cut_short() from None
    if len(raw) <= CHECKSUM_BYTES:
        raise _cut_short()
    return raw


def _decode_body(body: bytes) -> Invitation:
    device, secret = body[1:33], body[33:49]
    try:
        noise_public(device)
        count, rest = body[49], body[50:]
        addresses = []
        for _ in range(count):
            address, rest = _decode_address(rest)
            addresses.append(address)
        if rest or count > ADDRESSES_MAX or len(secret) != SECRET_BYTES:
            raise ValueError("bytes are left over")
    except (ValueError, IndexError, RuntimeError, TypeError, AddressError):
        raise InvitationError(
            "This invitation is not one that Mkutano makes. Ask the officer for a new one."
        ) from None
    return Invitation(device, secret, tuple(addresses))


def _encode_address(address: Address) -> bytes:
    port = address.port.to_bytes(2, "big")
    try:
        ip = ipaddress.ip_address(address.host)
    except ValueError:
        name = address.host.encode("ascii")
        return bytes([0, len(name)]) + name + port
    return bytes([ip.version]) + ip.packed + port


def _decode_address(data: bytes) -> tuple[Address, bytes]:
    kind = data[0]
    if kind in (4, 6):
        size = 4 if kind == 4 else 16
        ip, rest = ipaddress.ip_address(_exactly(data[1:], size)), data[1 + size :]
        host = f"[{ip}]" if kind == 6 else str(ip)
    elif kind == 0:
        size = data[1]
        host, rest = _exactly(data[2:], size).decode("ascii"), data[2 + size :]
    else:
        raise ValueError("unknown kind of address")
    port = int.from_bytes(_exactly(rest, 2), "big")
    return parse_address(f"{host}:{port}"), rest[2:]


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) < size:
        raise ValueError("ends too early")
    return data[:size]


def _damaged(raw: bytes) -> InvitationError:
    """Cut short, as far as the lengths inside tell, or else mistyped."""
    try:
        rest = raw[50:]
        for _ in range(raw[49]):
            _, rest = _decode_address(rest)
        cut = len(rest) < CHECKSUM_BYTES
    except (IndexError, ValueError, AddressError):
        cut = True
    if cut:
        return _cut_short()
    return InvitationError(
        "This invitation has a typing mistake. Scan the QR code, or copy the whole line again."
    )


def _cut_short() -> InvitationError:
    return InvitationError("This invitation is cut short. Copy the whole line, to its last letter.")
