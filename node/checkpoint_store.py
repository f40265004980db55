"""The tables of checkpoints: sizes of blobs, checkpoints that were shown, the one in the making.

Rule: how far the making of a checkpoint is stands in the transaction that says that a piece of it
lies at the relay, so that a phone that is cut goes on with the next piece. What was found of
another phone's checkpoint is kept: it is downloaded and compared once.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from node.database import Database
from node.relay_places import Place
from node.relay_store import Held, merged
from relay.facts import Checkpoint

PIECE: Final = b"checkpoint"
"""Digest, in the outbox, of a piece of a checkpoint."""

State = Literal["in force", "waiting", "good", "wrong"]


class Shown(NamedTuple):
    """A checkpoint that the relay showed, and what this phone found of it."""

    checkpoint: Checkpoint
    signer: bytes
    """A device that signed it."""
    state: State


class Copying(NamedTuple):
    """A checkpoint in the making."""

    log_id: bytes
    first: int
    """Cursor of its first piece; 0: none is there yet."""
    last: int
    held: Held
    """The changes that its pieces hold."""
    is_whole: bool


class CheckpointStore:
    """What is kept of the checkpoints of one log."""

    def __init__(self, database: Database, place: Place) -> None:
        self._database = database
        self._key = (place.relay, place.mailbox)

    # Sizes

    def size_bytes(self, log_id: bytes, first: int, last: int) -> int:
        """Bytes of the blobs that this phone saw from one cursor to another."""
        row = self._database.row(
            "SELECT sum(size_bytes) FROM relay_points "
            "WHERE relay = ? AND mailbox = ? AND log_id = ? AND cursor BETWEEN ? AND ?",
            (*self._key, log_id, first, last),
        )
        return int(row[0] or 0) if row else 0

    def write_sizes(self, log_id: bytes, sizes: Iterable[tuple[int, int]]) -> None:
        """Keep (cursor, bytes) of blobs whose points are there, inside a transaction."""
        for cursor, size in sizes:
            self._database.write(
                "UPDATE relay_points SET size_bytes = ? "
                "WHERE relay = ? AND mailbox = ? AND log_id = ? AND cursor = ?",
                (size, *self._key, log_id, cursor),
            )

    def write_gone(self, log_id: bytes, first_kept: int) -> None:
        """The relay let go of blobs before this cursor. Inside a transaction."""
        self._database.write(
            "UPDATE relay_points SET size_bytes = 0 WHERE relay = ? AND mailbox = ? "
            "AND log_id = ? AND cursor < ? AND size_bytes > 0",
            (*self._key, log_id, first_kept),
        )

    # Those that were shown

    def shown(self, log_id: bytes) -> list[Shown]:
        """All that is known of checkpoints of a log, oldest first."""
        rows = self._database.rows(
            "SELECT first, last, chain, signer, state FROM relay_checkpoints "
            "WHERE relay = ? AND mailbox = ? AND log_id = ? ORDER BY first",
            (*self._key, log_id),
        )
        return [Shown(Checkpoint(log_id, *row[:3]), row[3], row[4]) for row in rows]

    def write_shown(self, log_id: bytes, shown: Iterable[Shown]) -> None:
        """Put these in the place of all that is kept, inside a transaction."""
        self._database.write(
            "DELETE FROM relay_checkpoints WHERE relay = ? AND mailbox = ?", self._key
        )
        for one in shown:
            self._database.write(
                "INSERT OR REPLACE INTO relay_checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*self._key, log_id, *one.checkpoint[1:], one.signer, one.state),
            )

    def judge(self, one: Shown) -> None:
        """Keep what was found of a checkpoint, in a transaction of its own."""
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO relay_checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*self._key, *one.checkpoint, one.signer, one.state),
            )

    # The one in the making

    def copying(self) -> Copying | None:
        """The checkpoint that this phone is making."""
        row = self._database.row(
            "SELECT log_id, first, last, held, whole FROM relay_copying "
            "WHERE relay = ? AND mailbox = ?",
            self._key,
        )
        if row is None:
            return None
        log_id, first, last, held, whole = row
        return Copying(log_id, first, last, _held(held), bool(whole))

    def save_copying(self, one: Copying) -> None:
        """Keep how far it is, in a transaction of its own."""
        with self._database.transaction():
            self._write_copying(one)

    def drop_copying(self) -> None:
        """Nothing is made any more."""
        with self._database.transaction():
            self._database.write(
                "DELETE FROM relay_copying WHERE relay = ? AND mailbox = ?", self._key
            )

    def _write_copying(self, one: Copying) -> None:
        self._database.write(
            "INSERT OR REPLACE INTO relay_copying VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*self._key, one.log_id, one.first, one.last, _text(one.held), int(one.is_whole)),
        )

    def lies_there(self, log_id: bytes, blob_hash: bytes, cursor: int) -> None:
        """A blob of the outbox stands at this cursor: it need not be sent, and if it is a piece of
        the checkpoint in the making, that goes on behind it. Inside a transaction."""
        where = "WHERE relay = ? AND mailbox = ? AND blob_hash = ?"
        row = self._database.row(
            f"SELECT held, digest FROM relay_outbox {where}", (*self._key, blob_hash)
        )
        self._database.write(f"DELETE FROM relay_outbox {where}", (*self._key, blob_hash))
        copying = self.copying()
        if row is None or row[1] != PIECE or copying is None or copying.log_id != log_id:
            return
        held = merged(copying.held, _held(row[0]))
        self._write_copying(Copying(log_id, copying.first or cursor, cursor, held, False))


def _held(text: str) -> Held:
    return {int(lane): int(n) for lane, n in json.loads(text)}


def _text(held: Mapping[int, int]) -> str:
    return json.dumps(sorted(held.items()), separators=(",", ":"))
