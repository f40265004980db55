"""The signed summary of a sealed meeting: its bytes, and how those of others are read.

    content   = canonical CBOR [1, cycle, session, revision, close (17 bytes), day, rules, figures]
    digest    = SHA-256("mkutano/summary-content/1" ‖ content)
    signature = Ed25519 of an officer's device over "mkutano/summary/1" ‖ group ‖ digest
    summary   = canonical CBOR [1, group (32), content, device (32), signature (64)]

`figures` is a map as of model/reports/indicator_shape.py. Officers' phones that hold the same
sealed meeting make the same content, so their signatures can be counted under one digest. The
group is signed along: a summary can't be passed off as another group's. A content of a later
version has more fields behind these and is read as far as it is known here.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from model.days import is_day
from model.identifiers import ENTRY_ID_BYTES
from model.reports.indicator_shape import Indicators, IndicatorsError, from_plain, to_plain
from replication.cbor import dumps, load_item
from replication.errors import RemoteError
from replication.identity import DeviceKeys, verify

VERSION: Final = 1
GROUP_BYTES: Final = 32
DEVICE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
CONTENT_BYTES_MAX: Final = 8 * 1024
"""Five times what the figures of a meeting take, for fields of later versions."""
SUMMARY_BYTES_MAX: Final = CONTENT_BYTES_MAX + 256
MEETING_MAX: Final = 10_000
REVISION_MAX: Final = 1_000
RULES_MAX: Final = 1_000_000

_CONTENT: Final = b"mkutano/summary-content/1"
_SIGNED: Final = b"mkutano/summary/1"


class Summary(NamedTuple):
    """What is said of one sealed meeting."""

    cycle: int
    session: int
    revision: int
    """Which close of the meeting it is of: higher once officers opened it again and closed anew."""
    close: bytes
    """Entry id of the close."""
    day: str
    """The day of the meeting, ISO; the figures are those at its end."""
    rules: int
    """Version of the rules that the phone reckons by."""
    figures: Mapping[str, Any]
    """As they were sent; `indicators` reads them."""

    @property
    def key(self) -> tuple[int, int, int]:
        """By which summaries of a group stand in order."""
        return self.cycle, self.session, self.revision

    def indicators(self) -> Indicators:
        """The figures, of this version or a later one; IndicatorsError."""
        return from_plain(self.figures)


class Signed(NamedTuple):
    """A summary and the device that signed it."""

    group: bytes
    content: bytes
    device: bytes
    signature: bytes

    @property
    def digest(self) -> bytes:
        """What equal summaries share, 32 bytes."""
        return digest_of(self.content)


def content_of(
    key: tuple[int, int], revision: int, close: bytes, day: str, rules: int, figures: Indicators
) -> bytes:
    """The content that every phone with this sealed meeting and these rules makes."""
    return dumps([VERSION, *key, revision, close, day, rules, to_plain(figures)])


def digest_of(content: bytes) -> bytes:
    """SHA-256 of a content, bound to its purpose."""
    return hashlib.sha256(_CONTENT + content).digest()


def sign(keys: DeviceKeys, group: bytes, content: bytes) -> bytes:
    """A summary in this device's name, to be sealed for the mailbox."""
    signature = keys.sign(_SIGNED + group + digest_of(content))
    return dumps([VERSION, group, content, keys.public, signature])


def read_signed(plain: bytes, group: bytes) -> Signed:
    """The summary that was sealed, if it is this group's and its device signed it.

    Whether that device may speak for the group is not known here. Takes any bytes; RemoteError:
    bad_summary, other_group, bad_signature, update.
    """
    if len(plain) > SUMMARY_BYTES_MAX:
        raise RemoteError("bad_summary", "a summary is far too long")
    match _fields(plain):
        case [bytes(group_id), bytes(content), bytes(device), bytes(signature)]:
            signed = Signed(group_id, content, device, signature)
        case _:
            raise RemoteError("bad_summary", "a signed summary has other fields")
    lengths = (len(group_id), len(device), len(signature))
    if lengths != (GROUP_BYTES, DEVICE_BYTES, SIGNATURE_BYTES) or len(content) > CONTENT_BYTES_MAX:
        raise RemoteError("bad_summary", "a part of a summary is too long or too short")
    if group_id != group:
        raise RemoteError("other_group", "this summary is another group's")
    if not verify(device, _SIGNED + group + signed.digest, signature):
        raise RemoteError("bad_signature", "the signature under a summary does not match")
    read_content(content)
    return signed


def read_content(content: bytes) -> Summary:
    """What a content says; takes any bytes. RemoteError("bad_summary")."""
    try:
        value = load_item(content)
    except RemoteError as error:
        raise RemoteError("bad_summary", error.detail) from error
    match value:
        case [int(version), int(cycle), int(session), int(revision), bytes(close), str(day),
              int(rules), dict(figures), *more] if version >= VERSION:  # fmt: skip
            found = Summary(cycle, session, revision, close, day, rules, figures)
        case _:
            raise RemoteError("bad_summary", "the content of a summary has other fields")
    numbers = (cycle, session, revision, rules, version)
    within = (
        all(type(number) is int and number >= 0 for number in numbers)
        and max(cycle, session) <= MEETING_MAX
        and 1 <= revision <= REVISION_MAX
        and rules <= RULES_MAX
        and (version > VERSION or not more)
    )
    if not within or len(close) != ENTRY_ID_BYTES or not is_day(day):
        raise RemoteError("bad_summary", "a summary names no meeting that can be")
    try:
        found.indicators()
    except IndicatorsError as error:
        raise RemoteError("bad_summary", str(error)) from error
    return found


def _fields(plain: bytes) -> list[object]:
    try:
        value = load_item(plain)
    except RemoteError as error:
        raise RemoteError("bad_summary", error.detail) from error
    match value:
        case [int(version), *fields] if version == VERSION and type(version) is int:
            return fields
        case [int(version), *_] if version > VERSION and type(version) is int:
            raise RemoteError("update", "a later version of Mkutano made this: update this phone")
    raise RemoteError("bad_summary", "a summary begins with its version")
