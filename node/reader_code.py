"""A reader code: what an organisation shows so that a group can let it read. It is no secret.

    MKREAD:<base32 without padding, upper case>

One code serves hundreds of groups: it may be printed in a leaflet. Inside the base32:

    1   version, 1
    32  the reader's device key (Ed25519)
    1   length of its name, 0..120, then the name in UTF-8, at most 40 letters
    1   number of relays at which it looks for what it was given, 0..4
    …   each: length (1) ‖ address in ASCII, such as wss://relay.example
    4   checksum: the first bytes of SHA-256("mkutano/reader" ‖ all of the above)

As of an invitation (`invitation.py`) the checksum's place and meaning stay in every later version.
"""

import base64
import hashlib
import hmac
import re
from typing import Final, NamedTuple

from node.errors import NodeError
from replication.identity import noise_public

SCHEME: Final = "MKREAD:"
VERSION: Final = 1
DEVICE_BYTES: Final = 32
CHECKSUM_BYTES: Final = 4
NAME_CHARS_MAX: Final = 40  # so that the QR code stays one that a cheap camera reads
NAME_BYTES_MAX: Final = 120
RELAYS_MAX: Final = 4
URL_CHARS_MAX: Final = 120
CHARS_MAX: Final = 2048  # four of the longest addresses and a name stay below

_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_URL: Final = re.compile(r"wss?://[!-~]+")


class ReaderCodeError(NodeError):
    """The text is not a reader code that this phone can use."""

    code = "reader_code"


class ReaderCode(NamedTuple):
    """A readable reader code."""

    device: bytes
    """Ed25519 key of the reader."""
    name: str
    """What the reader calls itself; may be empty."""
    relays: tuple[str, ...]
    """Where it looks; may be empty."""


def format_reader_code(code: ReaderCode) -> str:
    """The text; ReaderCodeError for a name or relays that do not fit."""
    name = code.name.encode()
    if len(code.name) > NAME_CHARS_MAX or len(name) > NAME_BYTES_MAX or not _is_line(code.name):
        raise ReaderCodeError(f"A reader's name has at most {NAME_CHARS_MAX} letters on one line.")
    if len(code.relays) > RELAYS_MAX:
        raise ReaderCodeError(f"A reader code names at most {RELAYS_MAX} relays.")
    for url in code.relays:
        if len(url) > URL_CHARS_MAX or not _URL.fullmatch(url):
            raise ReaderCodeError(
                f"“{url[:60]}” is not where a relay answers. It begins with wss:// or ws://, and "
                f"has at most {URL_CHARS_MAX} letters."
            )
    body = bytes([VERSION]) + code.device + _counted(name) + bytes([len(code.relays)])
    body += b"".join(_counted(url.encode("ascii")) for url in code.relays)
    return SCHEME + base64.b32encode(body + _checksum(body)).decode("ascii").rstrip("=")


def parse_reader_code(text: str) -> ReaderCode:
    """The code in `text`, whatever its case and line breaks; ReaderCodeError in words."""
    if len(text) > CHARS_MAX:
        raise ReaderCodeError("This is far too long for a reader code. Copy only the MKREAD line.")
    compact = "".join(text.split()).upper()
    if not compact.startswith(SCHEME):
        raise ReaderCodeError(
            "This is not a reader code: one begins with MKREAD: and is shown by the organisation "
            "that wants to read, with “mkutano reader code”."
        )
    raw = _decode_base32(compact.removeprefix(SCHEME))
    body, checksum = raw[:-CHECKSUM_BYTES], raw[-CHECKSUM_BYTES:]
    if not hmac.compare_digest(_checksum(body), checksum):
        raise ReaderCodeError(
            "This reader code has a typing mistake, or is cut short. Scan the QR code, or copy the "
            "whole line again."
        )
    if body[0] != VERSION:
        raise ReaderCodeError(
            "This reader code was made by another version of Mkutano. Update Mkutano on this phone."
        )
    try:
        return _decode_body(body[1:])
    except (ValueError, RuntimeError):
        raise ReaderCodeError(
            "This reader code is not one that Mkutano makes. Ask the organisation for a new one."
        ) from None


def _decode_base32(text: str) -> bytes:
    wrong = next((letter for letter in text if letter not in _ALPHABET), "")
    if wrong:
        raise ReaderCodeError(
            f"The character “{wrong}” is never in a reader code. Only the letters A to Z and the "
            "digits 2 to 7 are: check for a letter O or I."
        )
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raw = b""
    if len(raw) <= 1 + DEVICE_BYTES + CHECKSUM_BYTES:
        raise ReaderCodeError("This reader code is cut short. Copy the whole line.")
    return raw


def _decode_body(rest: bytes) -> ReaderCode:
    """ValueError, RuntimeError for what no reader code holds."""
    device, rest = rest[:DEVICE_BYTES], rest[DEVICE_BYTES:]
    noise_public(device)
    name, rest = _take(rest)
    count, rest = rest[0] if rest else RELAYS_MAX + 1, rest[1:]
    relays = []
    for _ in range(min(count, RELAYS_MAX + 1)):
        url, rest = _take(rest)
        relays.append(url.decode("ascii"))
    code = ReaderCode(device, name.decode(), tuple(relays))
    is_whole = not rest and count <= RELAYS_MAX and len(code.name) <= NAME_CHARS_MAX
    fits = all(len(url) <= URL_CHARS_MAX and _URL.fullmatch(url) for url in relays)
    if not is_whole or not fits or len(name) > NAME_BYTES_MAX or not _is_line(code.name):
        raise ValueError("not as it is made")
    return code


def _counted(part: bytes) -> bytes:
    return bytes([len(part)]) + part


def _take(data: bytes) -> tuple[bytes, bytes]:
    if not data or len(data) < 1 + data[0]:
        raise ValueError("ends too early")
    return data[1 : 1 + data[0]], data[1 + data[0] :]


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"mkutano/reader" + body).digest()[:CHECKSUM_BYTES]


def _is_line(name: str) -> bool:
    return name.isprintable() and name == " ".join(name.split())
