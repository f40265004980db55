"""Loro: a list of byte strings; version vectors ask, updates answer, snapshots are kept."""

from collections.abc import Sequence
from typing import Any, Final

from simulations.bench.figures import Stopwatch
from simulations.bench.peers.candidate import Missing, Setting
from simulations.bench.peers.library import Library, LibraryCandidate, Met

try:
    import loro
except ImportError as error:
    raise Missing("the package loro") from error

_ROWS_A_SAVE: Final = 1000


class Document:
    """A replica."""

    def __init__(self, parts: Sequence[bytes], author: int) -> None:
        self.inner: Any = loro.LoroDoc()
        if parts:
            self.inner.import_batch([*parts])
        self.inner.peer_id = author
        self._list: Any = self.inner.get_list("log")

    def append(self, rows: Sequence[bytes]) -> None:
        """Add rows and commit them together."""
        for row in rows:
            self._list.push(row)
        self.inner.commit()

    def append_kept(self, row: bytes) -> bytes:
        """Add one row; the update since the version before."""
        before = self.inner.oplog_vv
        self.append([row])
        return _updates(self, before)

    def saved(self) -> bytes:
        """A snapshot; it's half as large as all updates and opens faster."""
        return bytes(self.inner.export(loro.ExportMode.Snapshot()))

    def rows(self, start: int = 0) -> list[bytes]:
        """From that number on; there is no reading of a slice."""
        if not start:
            return [*self._list.get_value()]
        return [self._list.get(number).value for number in range(start, len(self._list))]


def _updates(document: Document, since: Any) -> bytes:
    return bytes(document.inner.export(loro.ExportMode.Updates(since)))


def meet(first: Document, second: Document) -> Met:
    """Each sends its version, then what the other lacks; to an empty one, a snapshot."""
    watch, watch_second = Stopwatch(), Stopwatch()
    with watch.running():
        asked = first.inner.oplog_vv.encode()
    with watch_second.running():
        answered = second.inner.oplog_vv.encode()
        to_first = _updates(second, loro.VersionVector.decode(asked))
    with watch.running():
        empty = not second.inner.len_ops
        to_second = first.saved() if empty else _updates(first, loro.VersionVector.decode(answered))
        first.inner.import_(to_first)
    with watch_second.running():
        second.inner.import_(to_second)
    assert first.inner.oplog_vv == second.inner.oplog_vv
    total = sum(map(len, (asked, answered, to_first, to_second)))
    return Met(total, watch.ms + watch_second.ms, watch_second.ms)


def candidate(setting: Setting) -> LibraryCandidate[Document]:
    """Loro as a log."""
    return LibraryCandidate(Library(Document, meet), setting, _ROWS_A_SAVE)
