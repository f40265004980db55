"""The one door to Automerge: the group's document as a cache of the signed changes.

The table of signed changes is the truth; this document can be rebuilt from it at any time. Only
chunks that this package built itself go in, in causal order, and after each step the hashes that
must be heads are compared. Local changes are made by Automerge too and must come out as the
rebuild made them, so the two can't drift apart unseen.

A device that forked under one actor id on purpose gives two changes with one (actor, seq), which
Automerge can't hold together: `DocumentError`. Table and books still hold both.
"""

from collections.abc import Iterable, Sequence

from automerge.core import ROOT, Message, ObjType, ScalarType, SyncState
from automerge.core import Document as AutomergeDocument

from replication.chunk import leb

_MESSAGE_HEAD = b"\x42\x00\x00\x00"
"""An Automerge sync message with no heads, needs or haves: only changes follow."""


class DocumentError(Exception):
    """Automerge and the rebuild disagree; throw this document away and go on without it."""


class Document:
    """An Automerge document that holds exactly the changes it was given."""

    def __init__(self, chunks: Iterable[bytes], heads: Iterable[bytes]) -> None:
        try:
            joined = b"".join(chunks)
            self._document = AutomergeDocument.load(joined) if joined else AutomergeDocument()
        except BaseException as error:
            raise _as_fault(error) from error
        self._lists: dict[bytes, tuple[bytes, int]] = {}
        self._require_heads(heads)

    def heads(self) -> tuple[bytes, ...]:
        """The document's heads, ascending."""
        return tuple(sorted(self._document.get_heads()))

    def apply(self, chunks: Sequence[bytes], heads: Iterable[bytes]) -> None:
        """Take in chunks that we built, in causal order; `heads` must be the heads afterwards."""
        self._lists.clear()  # changes of our own may be among them
        parts = [_MESSAGE_HEAD, leb(len(chunks))]
        for chunk in chunks:
            parts += (leb(len(chunk)), chunk)
        try:
            self._document.receive_sync_message(SyncState(), Message.decode(b"".join(parts)))
        except BaseException as error:
            raise _as_fault(error) from error
        self._require_heads(heads)

    def append(self, actor: bytes, values: Sequence[bytes]) -> bytes:
        """Make the local change by which `actor` appends these values; returns its raw chunk."""
        try:
            return self._append(actor, values)
        except BaseException as error:
            raise _as_fault(error) from error

    def _append(self, actor: bytes, values: Sequence[bytes]) -> bytes:
        if self._document.get_actor() != actor:
            self._document.set_actor(actor)
        with self._document.transaction() as transaction:
            if actor in self._lists:
                items, length = self._lists[actor]
            elif (existing := transaction.get(ROOT, actor.hex())) is not None:
                items = existing[1]
                length = transaction.length(items)
            else:
                items = transaction.put_object(ROOT, actor.hex(), ObjType.List)
                length = 0
            for offset, value in enumerate(values):
                transaction.insert(items, length + offset, ScalarType.Bytes, value)
        self._lists[actor] = items, length + len(values)
        change = self._document.get_last_local_change()
        assert change is not None
        return change.raw_bytes

    def save(self) -> bytes:
        """The whole document in Automerge's compact form; any Automerge opens it."""
        try:
            return self._document.save()
        except BaseException as error:
            raise _as_fault(error) from error

    def _require_heads(self, heads: Iterable[bytes]) -> None:
        expected = tuple(sorted(heads))
        if self.heads() != expected:
            raise DocumentError("the document's heads are not those of the signed changes")


def _as_fault(error: BaseException) -> BaseException:
    """Automerge panics are BaseExceptions; everything but a real interrupt becomes a fault."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, DocumentError)):
        return error
    return DocumentError(f"Automerge refused: {error}")
