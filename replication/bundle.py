"""A bundle: many signed changes in few bytes, the only form in which changes travel.

A bundle says what its receiver can't compute. Change hashes, most of the chain, and sequence and
operation numbers are left out; the receiver rebuilds every change, and accepts it only if that
leads to the hash that was signed. A signature covers a run of changes of one device, and few are
carried (`runs.py`). Rows stand in any causal order. The layout, all of it columns (`columns.py`):

    byte 1     version of this format
    number     length of the plain stream, in the same LEB128
    plain      the plain stream
    dense      the dense stream, deflated (raw, without header)

and in the two streams, in this order (bytes of fixed length are plain):

    number     changes C
    devices    number D; the public keys, 32 bytes each
    writers    number W; column of devices; the last 8 bytes of each actor id
    column     for each change its writer
    starts     number S of changes that don't continue their device's last one in this bundle,
               its first always among them; columns of S rows (ascending) and S positions n; the
               chain hash before (32 bytes) of each whose position is not 1
    deps       column of C counts; a column of distances to earlier rows, 0 for another change;
               number X of others and their hashes (32 bytes each); a column of indexes into
               these, one for each distance 0
    times      number 0: column of C times; 1: column of C steps from the device's last time in
               this bundle, 0 before the first
    column     for each change the number of its events
    signatures number G; column of G rows, ascending; 64 bytes each
    events     see `templates.py`
"""

import zlib
from collections.abc import Iterator, Sequence

from replication.change import Change
from replication.columns import ColumnReader, ColumnWriter
from replication.drafts import Draft, DraftReader
from replication.errors import LocalError, RemoteError
from replication.limits import BUNDLE_BYTES_MAX, BUNDLE_CHANGES_MAX, BUNDLE_EVENTS_MAX
from replication.rows import RowWriter
from replication.runs import closed_cuts

__all__ = ["Draft", "decode_bundle", "encode_bundle", "fill_bundle"]

VERSION = 1

_LENGTH_BYTES_MAX = 3
"""LEB128 of at most `BUNDLE_BYTES_MAX`."""

_RAW_WINDOW = -15
"""Deflate without header and checksum: signatures check more than a checksum could."""

_SHORT_BYTES = 4096


def encode_bundle(changes: Sequence[Change]) -> bytes:
    """The bundle of these changes, one or more in causal order, each once.

    Signatures inside runs are left out. Raises LocalError("bundle_too_large") for more than fits
    one bundle.
    """
    events = [len(event) for change in changes for event in change.events]
    if len(changes) > BUNDLE_CHANGES_MAX or len(events) > BUNDLE_EVENTS_MAX:
        raise LocalError("bundle_too_large", "too many changes for one bundle")
    if sum(events) > BUNDLE_BYTES_MAX:
        raise LocalError("bundle_too_large", "too many bytes of events for one bundle")
    writer = ColumnWriter()
    RowWriter(changes).write(writer)
    if len(writer.plain) + len(writer.dense) > BUNDLE_BYTES_MAX:
        raise LocalError("bundle_too_large", "too many bytes for one bundle")
    head = ColumnWriter()
    head.number(len(writer.plain))
    return bytes((VERSION,)) + head.dense + writer.plain + _compress(bytes(writer.dense))


def decode_bundle(data: bytes, hashes: Sequence[bytes]) -> Iterator[Draft]:
    """The changes of a bundle, one at a time; RemoteError where anything is malformed.

    `hashes`: before it asks for the next draft the caller appends the change hash of the one
    before, since later events may name it.
    """
    if not data or data[0] != VERSION:
        raise RemoteError("bundle_version", "the bundle is of another version: update this phone")
    if len(data) > BUNDLE_BYTES_MAX:
        raise RemoteError("bad_bundle", "the bundle is too large")
    head = ColumnReader(data[1 : 1 + _LENGTH_BYTES_MAX], b"")
    length = head.number(len(data))
    start = 1 + _LENGTH_BYTES_MAX - head.left
    plain = data[start : start + length]
    if len(plain) != length:
        raise RemoteError("bad_bundle", "the bundle is too short")
    dense = _decompress(data[start + length :], BUNDLE_BYTES_MAX - length)
    return iter(DraftReader(ColumnReader(dense, plain), hashes))


def fill_bundle(changes: Sequence[Change], bytes_max: int) -> tuple[bytes, int]:
    """A bundle of as many of the first changes as fit `bytes_max`, and their number.

    It ends where no change waits for its signature. The first such stretch is taken whatever its
    length: `RUN_CHANGES_MAX` and `RUN_BYTES_MAX` see to it that it fits.
    """
    cuts = closed_cuts(changes[:BUNDLE_CHANGES_MAX])
    for number in _halvings(len(cuts)):
        bundle = _fitting(changes[: cuts[number]], bytes_max if number else BUNDLE_BYTES_MAX)
        if bundle is not None:
            return bundle, cuts[number]
    raise AssertionError("whoever holds a change holds a signature that covers it")


def _halvings(count: int) -> list[int]:
    """The last index of so many, that of the first half of them, and so on down to 0."""
    return [(count >> times) - 1 for times in range(count.bit_length())]


def _fitting(changes: Sequence[Change], bytes_max: int) -> bytes | None:
    """The bundle of these changes, if it is no longer than that."""
    try:
        bundle = encode_bundle(changes)
    except LocalError:
        return None
    return bundle if len(bundle) <= bytes_max else None


def _compress(dense: bytes) -> bytes:
    """Raw deflate. Few bytes are tried in several ways; many do best in small blocks."""
    if len(dense) > _SHORT_BYTES:
        return _deflate(dense, 4, zlib.Z_DEFAULT_STRATEGY)
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_FIXED)
    return min((_deflate(dense, 9, strategy) for strategy in strategies), key=len)


def _deflate(dense: bytes, memory_level: int, strategy: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, _RAW_WINDOW, memory_level, strategy)
    return deflate.compress(dense) + deflate.flush()


def _decompress(packed: bytes, limit: int) -> bytes:
    """The dense stream; RemoteError when it is damaged, too long, or followed by anything."""
    inflate = zlib.decompressobj(_RAW_WINDOW)
    try:
        dense = inflate.decompress(packed, limit + 1)
    except zlib.error as error:
        raise RemoteError("bad_bundle", "the bundle can't be decompressed") from error
    if len(dense) > limit or not inflate.eof or inflate.unused_data:
        raise RemoteError("bad_bundle", "the bundle is too large, cut off or followed by more")
    return dense
