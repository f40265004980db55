"""The changes of a bundle, written as columns: who, after what, when, signed where.

The layout is described in `bundle.py`; `drafts.py` reads it.
"""

from collections.abc import Sequence
from itertools import pairwise

from replication.change import CHAIN_START, Change
from replication.columns import ColumnWriter
from replication.dictionaries import Place, Strings, Told
from replication.identity import ACTOR_BYTES, actor_prefix
from replication.runs import signed_rows
from replication.templates import EventTables

DEVICE_START_BYTES = 8
"""Enough of a key to name a known device: finding another such key takes 2**64 attempts."""

SALT_START = 16
"""Where the random part of an actor id begins."""

LITERAL, KNOWN = 0, 1
"""Forms of devices, actors and dependencies."""

BEGINS, CARRIED, FOLLOWS_KNOWN = 0, 1, 2
"""Forms of a start."""

ABSOLUTE, BY_DEVICE = 0, 1
"""Forms of times."""


class RowWriter:
    """Writes the columns of one bundle; `changes` stand in their final order."""

    def __init__(self, changes: Sequence[Change], told: Told) -> None:
        self._changes = changes
        self._told = told
        self._devices: dict[bytes, int] = {}
        self._writers: dict[bytes, int] = {}
        self._row_of = {change.change_hash: row for row, change in enumerate(changes)}

    def write(self, writer: ColumnWriter) -> None:
        """Write everything. What names further devices goes to its own streams first."""
        rest = ColumnWriter()
        starts = self._starts()
        self._write_changes(rest, starts)
        writer.number(len(self._changes))
        self._write_devices(writer)
        self._write_writers(writer, starts)
        writer.dense += rest.dense
        writer.plain += rest.plain

    def _device(self, device: bytes) -> int:
        return self._devices.setdefault(device, len(self._devices))

    def _place_of(self, hash_start: bytes) -> Place | None:
        return self._told.place_of(hash_start)

    def _starts(self) -> list[int]:
        """The rows that don't continue their device's last change in this bundle."""
        last: dict[bytes, bytes] = {}
        starts = []
        for row, change in enumerate(self._changes):
            if last.get(change.device) != change.prev:
                starts.append(row)
            last[change.device] = change.chain_hash
        return starts

    def _follows_known(self, change: Change) -> Change | None:
        """The change before, if the receiver has it, and it alone, at its position."""
        before = self._told.change_at(change.device, change.n - 1)
        return before if before and before.chain_hash == change.prev else None

    def _write_changes(self, out: ColumnWriter, starts: list[int]) -> None:
        changes = self._changes
        for change in changes:
            self._device(change.device)
        writers = self._writers
        out.column([writers.setdefault(change.actor, len(writers)) for change in changes])
        self._write_starts(out, starts)
        self._write_deps(out)
        self._write_times(out)
        out.column([len(change.events) for change in changes])
        signed = signed_rows(changes)
        out.number(len(signed))
        out.column(signed)
        out.plain += b"".join(changes[row].signature for row in signed)
        self._write_events(out)

    def _write_starts(self, out: ColumnWriter, starts: list[int]) -> None:
        changes = [self._changes[row] for row in starts]
        forms = []
        carried = b""
        for change in changes:
            if change.n == 1 and change.prev == CHAIN_START:
                forms.append(BEGINS)
            elif self._follows_known(change):
                forms.append(FOLLOWS_KNOWN)
            else:
                forms.append(CARRIED)
                carried += change.prev
        out.number(len(starts))
        out.column(starts)
        out.column(forms)
        out.column([change.n for change in changes])
        out.plain += carried

    def _write_deps(self, out: ColumnWriter) -> None:
        distances: list[int] = []
        others: dict[bytes, int] = {}
        picks: list[int] = []
        row_of = self._row_of
        for row, change in enumerate(self._changes):
            for dep in change.deps:
                found = row_of.get(dep)
                if found is None:
                    picks.append(others.setdefault(dep, len(others)))
                distances.append(0 if found is None else row - found)
        out.column([len(change.deps) for change in self._changes])
        out.column(distances)
        places = [self._place_of(dep[:16]) for dep in others]
        out.number(len(others))
        out.column([KNOWN if place else LITERAL for place in places])
        known = [place for place in places if place]
        out.column([self._device(place.device) for place in known])
        out.column([place.n for place in known])
        out.column(picks)
        out.plain += b"".join(dep for dep, place in zip(others, places, strict=True) if not place)

    def _write_times(self, out: ColumnWriter) -> None:
        times = [change.time_ms for change in self._changes]
        last: dict[bytes, int] = {}
        by_device = []
        for change in self._changes:
            by_device.append(change.time_ms - last.get(change.device, 0))
            last[change.device] = change.time_ms
        if len(last) > 1 and _bits(by_device) < _bits(_steps(times)):
            out.number(BY_DEVICE)
            out.column(by_device)
        else:
            out.number(ABSOLUTE)
            out.column(times)

    def _write_events(self, out: ColumnWriter) -> None:
        strings = Strings()
        tables = EventTables(strings)
        events = [event for change in self._changes for event in change.events]
        rows = [row for row, change in enumerate(self._changes) for _ in change.events]
        tables.add(events, rows)
        row_of = {change_hash[:16]: row for change_hash, row in self._row_of.items()}
        tables.write(out, lambda: strings.write(out, row_of, self._place_of, self._device))

    def _write_devices(self, out: ColumnWriter) -> None:
        forms = []
        keys = b""
        for device in self._devices:
            start = device[:DEVICE_START_BYTES]
            is_known = self._told.device_from(start) == device
            forms.append(KNOWN if is_known else LITERAL)
            keys += start if is_known else device
        out.number(len(forms))
        out.column(forms)
        out.plain += keys

    def _write_writers(self, out: ColumnWriter, starts: list[int]) -> None:
        first_change: dict[bytes, tuple[int, Change]] = {}
        for row, change in enumerate(self._changes):
            first_change.setdefault(change.actor, (row, change))
        forms = []
        salts = b""
        beginning = set(starts)
        for actor, (row, change) in first_change.items():
            if len(actor) != ACTOR_BYTES or actor[:SALT_START] != actor_prefix(change.device):
                raise ValueError("the actor of a change is not its device's")
            before = self._follows_known(change) if row in beginning else None
            is_known = before is not None and before.actor == actor
            forms.append(KNOWN if is_known else LITERAL)
            salts += b"" if is_known else actor[SALT_START:]
        out.number(len(forms))
        out.column([self._devices[change.device] for _, change in first_change.values()])
        out.column(forms)
        out.plain += salts


def _steps(times: Sequence[int]) -> list[int]:
    return [times[0], *(after - before for before, after in pairwise(times))]


def _bits(steps: Sequence[int]) -> int:
    """About how much there is to say of these numbers."""
    return sum(step.bit_length() for step in steps)
