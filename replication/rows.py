"""The changes of a bundle, written as columns: who, after what, when, signed where.

The layout is described in `bundle.py`; `drafts.py` reads it.
"""

from collections.abc import Sequence
from itertools import pairwise

from replication.change import Change
from replication.columns import ColumnWriter
from replication.dictionaries import Strings
from replication.identity import SALT_BYTES, actor_prefix
from replication.runs import signed_rows
from replication.templates import EventTables

ABSOLUTE, BY_DEVICE = 0, 1
"""Forms of times."""


class RowWriter:
    """Writes the columns of one bundle; `changes` stand in their final order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self._row_of = {change.change_hash: row for row, change in enumerate(changes)}

    def write(self, writer: ColumnWriter) -> None:
        """Write everything."""
        writer.number(len(self._changes))
        self._write_writers(writer)
        self._write_starts(writer)
        self._write_deps(writer)
        self._write_times(writer)
        writer.column([len(change.events) for change in self._changes])
        self._write_signatures(writer)
        self._write_events(writer)

    def _starts(self) -> list[int]:
        """The rows that don't continue their device's last change in this bundle."""
        last: dict[bytes, bytes] = {}
        starts = []
        for row, change in enumerate(self._changes):
            if last.get(change.device) != change.prev:
                starts.append(row)
            last[change.device] = change.chain_hash
        return starts

    def _write_writers(self, out: ColumnWriter) -> None:
        """The devices, the actors and for each change its actor, as columns."""
        devices: dict[bytes, int] = {}
        writers: dict[bytes, int] = {}
        salts = b""
        for change in self._changes:
            device = devices.setdefault(change.device, len(devices))
            if change.actor not in writers:
                if change.actor[:-SALT_BYTES] != actor_prefix(change.device):
                    raise ValueError("the actor of a change is not its device's")
                writers[change.actor] = device
                salts += change.actor[-SALT_BYTES:]
        out.number(len(devices))
        out.plain += b"".join(devices)
        out.number(len(writers))
        out.column([*writers.values()])
        out.plain += salts
        order = {actor: index for index, actor in enumerate(writers)}
        out.column([order[change.actor] for change in self._changes])

    def _write_starts(self, out: ColumnWriter) -> None:
        starts = self._starts()
        changes = [self._changes[row] for row in starts]
        out.number(len(starts))
        out.column(starts)
        out.column([change.n for change in changes])
        out.plain += b"".join(change.prev for change in changes if change.n != 1)

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
        out.number(len(others))
        out.plain += b"".join(others)
        out.column(picks)

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

    def _write_signatures(self, out: ColumnWriter) -> None:
        signed = signed_rows(self._changes)
        out.number(len(signed))
        out.column(signed)
        out.plain += b"".join(self._changes[row].signature for row in signed)

    def _write_events(self, out: ColumnWriter) -> None:
        strings = Strings()
        tables = EventTables(strings)
        events = [event for change in self._changes for event in change.events]
        rows = [row for row, change in enumerate(self._changes) for _ in change.events]
        tables.add(events, rows)
        row_of = {change_hash[:16]: row for change_hash, row in self._row_of.items()}
        tables.write(out, lambda: strings.write(out, row_of))


def _steps(times: Sequence[int]) -> list[int]:
    return [times[0], *(after - before for before, after in pairwise(times))]


def _bits(steps: Sequence[int]) -> int:
    """About how much there is to say of these numbers."""
    return sum(step.bit_length() for step in steps)
