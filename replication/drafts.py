"""The changes of a bundle, read one at a time, each checked before it is given out.

What is read at once costs what the bundle's bytes cost; everything else happens as the drafts are
asked for, so that whoever stops at a bad signature has paid only for what came before it. The
layout is described in `bundle.py`.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from replication.change import CHAIN_START
from replication.columns import Column, ColumnReader
from replication.errors import RemoteError
from replication.identity import SALT_BYTES, actor_prefix
from replication.limits import (
    BUNDLE_BYTES_MAX,
    BUNDLE_CHANGES_MAX,
    BUNDLE_EVENTS_MAX,
    CHAIN_LENGTH_MAX,
    CHANGE_DEPS_MAX,
    CHANGE_EVENTS_MAX,
    EVENT_BYTES_MAX,
    TIME_MS_MAX,
)
from replication.rows import BY_DEVICE
from replication.templates import read_events

HASH_BYTES = 32
SIGNATURE_BYTES = 64


class Draft(NamedTuple):
    """What a bundle says of one change; the receiver computes the rest."""

    device: bytes
    n: int
    prev: bytes | None
    """The chain hash before; None where the device's last draft of this bundle is continued."""
    actor: bytes
    deps: tuple[bytes | int, ...]
    """A change hash, or the index of an earlier draft of this bundle; in no order."""
    time_ms: int
    events: tuple[bytes, ...]
    """Each would pass `cbor.check_event`."""
    signature: bytes
    """64 bytes, or b"" inside a run."""


class _Start(NamedTuple):
    """A change that doesn't continue its device's last one in this bundle."""

    n: int
    prev: bytes


class DraftReader:
    """The columns of one bundle. `hashes`: the change hashes of the drafts given out so far."""

    def __init__(self, reader: ColumnReader, hashes: Sequence[bytes]) -> None:
        self._count = count = reader.number(BUNDLE_CHANGES_MAX)
        self._read_writers(reader)
        self._starts = _read_starts(reader, count)
        self._deps = _Deps(reader, count)
        by_device = reader.number(BY_DEVICE)
        times = reader.column(count)
        self._times = self._by_device(times) if by_device else iter(times)
        self._event_counts = reader.bounded(count, CHANGE_EVENTS_MAX)
        self._signatures = _read_signatures(reader, count)
        events = sum(self._event_counts)
        if events > BUNDLE_EVENTS_MAX:
            raise RemoteError("bad_bundle", "a bundle holds at most 65,536 events")
        self._events = read_events(reader, events, hashes)
        reader.finish()

    def __iter__(self) -> Iterator[Draft]:
        """The drafts in order, once; RemoteError at the first that is malformed."""
        starts, signatures = self._starts, self._signatures
        last_n: dict[int, int] = {}
        bytes_left = BUNDLE_BYTES_MAX
        counts = iter(self._event_counts)
        for row, writer, deps, time_ms in zip(
            range(self._count), self._writers, self._deps, self._times, strict=True
        ):
            device = self._writer_devices[writer]
            prev = None
            if row in starts:
                n, prev = starts[row]
            elif device in last_n:
                n = last_n[device] + 1
            else:
                raise RemoteError("bad_bundle", "a chain is continued that was not begun")
            last_n[device] = n
            if not 0 <= time_ms < TIME_MS_MAX:
                raise RemoteError("bad_bundle", "a time is out of range")
            events = (*islice(self._events, next(counts)),)
            bytes_left -= _length(events)
            if bytes_left < 0:
                raise RemoteError("bad_bundle", "the events are too large together")
            yield Draft(
                self._devices[device],
                n,
                prev,
                self._actors[writer],
                deps,
                time_ms,
                events,
                signatures.get(row, b""),
            )

    def _read_writers(self, reader: ColumnReader) -> None:
        """The devices, their actors, and for each row its actor."""
        devices = reader.number(reader.left // HASH_BYTES)
        self._devices = [reader.plain(HASH_BYTES) for _ in range(devices)]
        self._writer_devices = reader.bounded(reader.number(self._count), devices - 1)
        self._actors = [
            actor_prefix(self._devices[device]) + reader.plain(SALT_BYTES)
            for device in self._writer_devices
        ]
        self._writers = reader.bounded(self._count, len(self._actors) - 1)

    def _by_device(self, steps: Column) -> Iterator[int]:
        """Times that are given as steps from the device's last one."""
        last: dict[int, int] = {}
        for writer, step in zip(self._writers, steps, strict=True):
            device = self._writer_devices[writer]
            last[device] = last.get(device, 0) + step
            yield last[device]


class _Deps:
    """What each change follows directly."""

    def __init__(self, reader: ColumnReader, count: int) -> None:
        self._counts = reader.bounded(count, CHANGE_DEPS_MAX)
        self._distances = reader.bounded(sum(self._counts), count - 1)
        others = reader.number(len(self._distances))
        self._others = [reader.plain(HASH_BYTES) for _ in range(others)]
        outside = sum(1 for distance in self._distances if distance == 0)
        self._picks = iter(reader.bounded(outside, others - 1))

    def __iter__(self) -> Iterator[tuple[bytes | int, ...]]:
        """For each row, in order."""
        distances = iter(self._distances)
        for row, count in enumerate(self._counts):
            deps: list[bytes | int] = []
            for distance in islice(distances, count):
                if distance > row:
                    raise RemoteError("bad_bundle", "a change follows one before the bundle")
                deps.append(row - distance if distance else self._others[next(self._picks)])
            yield tuple(deps)


def _read_starts(reader: ColumnReader, count: int) -> dict[int, _Start]:
    """The starts by row."""
    rows = reader.bounded(reader.number(count), count - 1)
    positions = reader.bounded(len(rows), CHAIN_LENGTH_MAX)
    return {
        row: _Start(n, CHAIN_START if n == 1 else reader.plain(HASH_BYTES))
        for row, n in zip(rows, positions, strict=True)
    }


def _read_signatures(reader: ColumnReader, count: int) -> dict[int, bytes]:
    """The signatures by row."""
    rows = reader.bounded(reader.number(count), count - 1)
    return {row: reader.plain(SIGNATURE_BYTES) for row in rows}


def _length(events: tuple[bytes, ...]) -> int:
    """Bytes of the events of one change; RemoteError when one is too large or lacking."""
    if len(events) == 1 and len(events[0]) <= EVENT_BYTES_MAX:  # nearly every change
        return len(events[0])
    lengths = [*map(len, events)]
    if not lengths or max(lengths) > EVENT_BYTES_MAX:
        raise RemoteError("bad_bundle", "a change lacks events or has one of more than 16 KiB")
    return sum(lengths)
