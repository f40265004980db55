"""Automerge: a list of byte strings, its own sync protocol, its own compact file."""

from collections.abc import Sequence
from typing import Final

from automerge.core import ROOT, Message, ObjType, ScalarType, SyncState
from automerge.core import Document as AutomergeDocument

from simulations.bench.figures import Stopwatch
from simulations.bench.peers.candidate import Setting
from simulations.bench.peers.library import Library, LibraryCandidate, Met

ROWS_A_CHANGE: Final = 30
"""As an app that saves a screen at a time; with one row a change its sync costs 15 times more."""
MESSAGES_MAX: Final = 1000
_LOG: Final = "log"


class Document:
    """A replica, of as many rows a change as it is told."""

    def __init__(self, parts: Sequence[bytes], author: int, rows_a_change: int) -> None:
        self.rows_a_change = rows_a_change
        actor = bytes([author]) * 16
        self.inner = AutomergeDocument.load(b"".join(parts)) if parts else AutomergeDocument()
        self.inner.set_actor(actor)

    def append(self, rows: Sequence[bytes]) -> None:
        """Add rows, so many a change."""
        for start in range(0, len(rows), self.rows_a_change):
            self._change(rows[start : start + self.rows_a_change])

    def append_kept(self, row: bytes) -> bytes:
        """Add one row; the raw change."""
        self._change([row])
        change = self.inner.get_last_local_change()
        assert change is not None
        return change.raw_bytes

    def saved(self) -> bytes:
        """The compact file."""
        return self.inner.save()

    def rows(self, start: int = 0) -> list[bytes]:
        """From that number on; there is no reading of a slice."""
        found = self.inner.get(ROOT, _LOG)
        if found is None:
            return []
        items = found[1]
        if not start:
            return [_bytes(value) for value, _id in self.inner.values(items)]
        numbers = range(start, self.inner.length(items))
        pairs = (self.inner.get(items, number) for number in numbers)
        return [_bytes(pair[0]) for pair in pairs if pair is not None]

    def _change(self, rows: Sequence[bytes]) -> None:
        with self.inner.transaction() as transaction:
            found = transaction.get(ROOT, _LOG)
            items = found[1] if found else transaction.put_object(ROOT, _LOG, ObjType.List)
            length = transaction.length(items)
            for offset, row in enumerate(rows):
                transaction.insert(items, length + offset, ScalarType.Bytes, row)


def _bytes(value: object) -> bytes:
    assert isinstance(value, tuple)
    assert isinstance(value[1], bytes)
    return value[1]


def meet(first: Document, second: Document) -> Met:
    """Its sync protocol, message by message in turn, until nobody has more to say."""
    watch, watch_second, total = Stopwatch(), Stopwatch(), 0
    sides = ((first, SyncState(), watch), (second, SyncState(), watch_second))
    for number in range(MESSAGES_MAX):
        (sender, sent, sending), (receiver, received, receiving) = sides[:: -1 if number % 2 else 1]
        with sending.running():
            message: Message | None = sender.inner.generate_sync_message(sent)
            data = message.encode() if message is not None else b""
        if not data:
            if first.inner.get_heads() == second.inner.get_heads():
                break
            continue
        total += len(data)
        with receiving.running():
            receiver.inner.receive_sync_message(received, Message.decode(data))
    assert first.inner.get_heads() == second.inner.get_heads()
    return Met(total, watch.ms + watch_second.ms, watch_second.ms)


def candidate(setting: Setting) -> LibraryCandidate[Document]:
    """Thirty rows a change."""
    return _candidate(setting, ROWS_A_CHANGE)


def candidate_of_single_changes(setting: Setting) -> LibraryCandidate[Document]:
    """One row a change, as signed entries are."""
    return _candidate(setting, 1)


def _candidate(setting: Setting, rows_a_change: int) -> LibraryCandidate[Document]:
    library = Library(lambda parts, author: Document(parts, author, rows_a_change), meet)
    return LibraryCandidate(library, setting, rows_a_save=1000 * rows_a_change)
