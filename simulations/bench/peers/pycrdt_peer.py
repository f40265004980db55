"""pycrdt (Yjs in Rust): an array of byte strings; state vectors ask, updates answer.

The leanest of the peers in bytes and time, and what `make bench` holds a meeting against.
"""

from collections.abc import Sequence
from typing import Final

import pycrdt

from simulations.bench.figures import Stopwatch
from simulations.bench.peers.candidate import Setting
from simulations.bench.peers.library import Library, LibraryCandidate, Met

ROWS_AT_ONCE: Final = 100  # its memory grows with the square of what is inserted at once


class Document:
    """A replica."""

    def __init__(self, parts: Sequence[bytes], author: int) -> None:
        self.inner: pycrdt.Doc[pycrdt.Array[bytes]] = pycrdt.Doc(client_id=author)
        for part in parts:
            self.inner.apply_update(part)
        self._array = self.inner.get("log", type=pycrdt.Array)

    def append(self, rows: Sequence[bytes]) -> None:
        """Add rows in one transaction."""
        self._array.extend([*rows])

    def append_kept(self, row: bytes) -> bytes:
        """Add one row; the update since the state before."""
        before = self.inner.get_state()
        self._array.append(row)
        return self.inner.get_update(before)

    def saved(self) -> bytes:
        """One update with everything."""
        return self.inner.get_update()

    def rows(self, start: int = 0) -> list[bytes]:
        """From that number on."""
        if not start:
            return self._array.to_py() or []
        return [self._array[number] for number in range(start, len(self._array))]


def meet(first: Document, second: Document) -> Met:
    """Each sends its state vector, then what the other lacks."""
    watch, watch_second = Stopwatch(), Stopwatch()
    with watch.running():
        asked = first.inner.get_state()
    with watch_second.running():
        answered, to_first = second.inner.get_state(), second.inner.get_update(asked)
    with watch.running():
        to_second = first.inner.get_update(answered)
        first.inner.apply_update(to_first)
    with watch_second.running():
        second.inner.apply_update(to_second)
    assert first.inner.get_state() == second.inner.get_state()
    total = sum(map(len, (asked, answered, to_first, to_second)))
    return Met(total, watch.ms + watch_second.ms, watch_second.ms)


def candidate(setting: Setting) -> LibraryCandidate[Document]:
    """pycrdt as a log."""
    return LibraryCandidate(Library(Document, meet), setting, ROWS_AT_ONCE)
