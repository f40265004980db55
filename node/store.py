"""The store: everything of a device's groups in one SQLite file, written one step at a time.

`commit` is the only writer of the books: the signed changes, what follows from them and what
lies beside them enter the file together or not at all, and with synchronous=FULL what it
returned from survives a power cut. The small facts that are no part of the books (invitations,
addresses) are written one statement at a time.

After any error the connection is not to be trusted: the caller drops the store and opens another.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import cbor2

from model.reducer import REDUCER_VERSION
from node.chain_store import ChainStore
from node.database import Database
from node.errors import NodeError, StoreDamaged, damaged
from node.invitation_store import InvitationStore
from node.ledger_file import Connect, connect
from replication.frontier import Ack, Tip
from replication.outcome import Stored
from replication.wire import PersonKey

Beside = Callable[[Database], None]
"""Writes something more inside a step's transaction."""


class AppliedRow(NamedTuple):
    """One entry that the book has taken, and how to take it back."""

    lamport: int
    entry_id: bytes
    """The second part of its order key, which ends with its id."""
    undo: str
    """JSON: [[table, key, JSON before or null], …]."""


class SealedRow(NamedTuple):
    """A member's newest sealed details, opened if their key is here."""

    member: bytes
    lamport: int
    entry_id: bytes
    key_id: bytes
    nonce: bytes
    sealed: bytes
    name: str | None
    phone: str | None


class ErasedKey(NamedTuple):
    """One key of a member who is forgotten."""

    member: bytes
    key_id: bytes
    """b"": nothing was ever sealed for this member."""
    destroyed: bool
    """It was here, and is to be destroyed; else it is destroyed when it comes."""


class BookWriting(NamedTuple):
    """What one step changes in a group's derived tables."""

    pages: Sequence[tuple[str, str, bytes | None]] = ()
    """(table, key, JSON, or None when the page is gone)."""
    undone: Sequence[tuple[int, bytes]] = ()
    """Order keys of the entries that were taken back."""
    applied: Sequence[AppliedRow] = ()
    people: Sequence[SealedRow] = ()
    """Rows to put in place; one without an entry is let go."""
    erased: Sequence[ErasedKey] = ()
    """Of people whom officers decided to forget."""
    rebuilt: bool = False
    """The pages and applied rows here replace all that there were."""
    trimmed: bool | None = None
    """Whether undo records are kept for the newest entries only; None: as before."""
    trim: int = 0
    """How many of the oldest undo records to let go."""


class GroupRow(NamedTuple):
    """One group of this device."""

    group_no: int
    group_id: bytes
    label: str
    undo_trimmed: bool
    reducer_version: int
    """Of the rules that the stored book was made by."""


class Store:
    """The opened ledger file. Every method raises NodeError with a sentence when it fails."""

    def __init__(self, path: Path, connect: Connect = connect) -> None:
        self.database = Database(path, connect)
        self.invited = InvitationStore(self.database)
        """The invitations that this device has made."""
        self._chains: dict[int, ChainStore] = {}
        self._put_off: dict[int, dict[bytes, Ack]] = {}

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # Groups

    def groups(self) -> list[GroupRow]:
        """All groups, oldest first. StoreDamaged when not even their names can be read."""
        rows = self.database.rows(
            "SELECT group_no, group_id, label, undo_trimmed, reducer_version FROM groups ORDER BY 1"
        )
        if not all(isinstance(row[1], bytes) and isinstance(row[2], str) for row in rows):
            raise damaged()
        return [
            GroupRow(no, group, label, bool(trimmed), reducer)
            for no, group, label, trimmed, reducer in rows
        ]

    def names(self) -> list[tuple[bytes, str]]:
        """Id and name of every group, oldest first, as the books say it, else as it is labelled."""
        return self.database.rows(
            "SELECT g.group_id, coalesce(json_extract(p.value, '$.name'), g.label) FROM groups g "
            "LEFT JOIN pages p ON p.group_no = g.group_no AND p.name = 'group' AND p.key = 'group' "
            "AND json_valid(p.value) ORDER BY g.group_no"
        )

    def add_group(self, group_id: bytes, label: str) -> GroupRow:
        """Make room for a group that this device joins; one it has stays as it is."""
        with self.database.transaction():
            return self.insert_group(group_id, label)

    def insert_group(self, group_id: bytes, label: str) -> GroupRow:
        """The same, inside the caller's transaction."""
        self.database.write(
            "INSERT INTO groups (group_id, label, undo_trimmed, reducer_version) "
            "VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
            (group_id, label, REDUCER_VERSION),
        )
        return next(row for row in self.groups() if row.group_id == group_id)

    def chains(self, group_no: int) -> ChainStore:
        """The group's signed changes, as replication's History."""
        known = self._chains.get(group_no)
        if known is None:
            known = self._chains[group_no] = ChainStore(self.database, group_no)
        return known

    # The step

    def commit(
        self,
        group_no: int,
        stored: Stored,
        book: BookWriting | None = None,
        spent: tuple[bytes, bytes] | None = None,
        founding_ended: bool = False,
        beside: Beside | None = None,
    ) -> None:
        """Write one step of one group, durably, or nothing at all.

        `spent` is (invitation id, device) when this step is the one that uses an invitation. The
        key that ends the founding goes with the step that does so. `beside` writes what belongs
        to the step and not to the books.
        """
        with self.database.transaction():
            self.write(group_no, stored, book)
            if beside is not None:
                beside(self.database)
            if spent is not None:
                self.invited.spend(group_no, *spent)
            if founding_ended:
                self.database.write("DELETE FROM founding_keys WHERE group_no = ?", (group_no,))
        if founding_ended or (book is not None and book.erased):
            with suppress(NodeError):  # the step is stored; the log is emptied later at the latest
                self.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def write(self, group_no: int, stored: Stored, book: BookWriting | None = None) -> None:
        """The same, inside the caller's transaction."""
        self.chains(group_no).write(stored.changes)
        put_off = self._put_off.pop(group_no, {}).values()
        self._write_acks(group_no, (*put_off, *stored.acks))
        self._write_keys(group_no, stored.keys)
        if book is not None:
            self._write_book(group_no, book)

    def put_off(self, group_no: int, acks: Sequence[Ack]) -> None:
        """Have acknowledgements written with the group's next step, or when the program ends.

        They are what others say of themselves: nothing here is believed to be safe sooner for one
        that a power cut takes away, its device says it again when it connects, and a commit, which
        a cheap phone pays with a sync of its storage, for each is the greater part of all.
        """
        self._put_off.setdefault(group_no, {}).update((ack.device, ack) for ack in acks)

    def write_put_off(self) -> None:
        """Write all that was put off now."""
        if any(self._put_off.values()):
            with self.database.transaction():
                for group_no in list(self._put_off):
                    self.write(group_no, Stored())

    def _write_acks(self, group_no: int, acks: Sequence[Ack]) -> None:
        if acks:
            self.database.write_all(
                "INSERT OR REPLACE INTO acks VALUES (?, ?, ?, ?)",
                [
                    (group_no, ack.device, cbor2.dumps([list(t) for t in ack.tips]), ack.signature)
                    for ack in acks
                ],
            )

    def _write_keys(self, group_no: int, keys: Sequence[PersonKey]) -> None:
        """Take keys that are new; one that was erased here never comes back."""
        if keys:
            self.database.write_all(
                "INSERT INTO member_keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(group_no, key_id, key) for key_id, key in keys],
            )

    def _write_book(self, group_no: int, book: BookWriting) -> None:
        write, write_all = self.database.write, self.database.write_all
        if book.rebuilt:
            write("DELETE FROM pages WHERE group_no = ?", (group_no,))
            write("DELETE FROM applied WHERE group_no = ?", (group_no,))
            write(
                "UPDATE groups SET reducer_version = ? WHERE group_no = ?",
                (REDUCER_VERSION, group_no),
            )
        kept = [
            (group_no, name, key, value.decode(), _crc(name, key, value))
            for name, key, value in book.pages
            if value is not None
        ]
        if kept:
            write_all(
                "INSERT INTO pages VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET value = excluded.value, crc = excluded.crc",
                kept,
            )
        gone = [(group_no, name, key) for name, key, value in book.pages if value is None]
        if gone:
            write_all("DELETE FROM pages WHERE group_no = ? AND name = ? AND key = ?", gone)
        if book.undone:
            write_all(
                "DELETE FROM applied WHERE group_no = ? AND lamport = ? AND entry_id = ?",
                [(group_no, *key) for key in book.undone],
            )
        if book.applied:
            write_all(
                "INSERT INTO applied VALUES (?, ?, ?, ?, ?)",
                [(group_no, *row, _crc_of_undo(row)) for row in book.applied],
            )
        if book.trim:
            write(
                "DELETE FROM applied WHERE rowid IN (SELECT rowid FROM applied "
                "WHERE group_no = ? ORDER BY lamport, entry_id LIMIT ?)",
                (group_no, book.trim),
            )
        if book.trimmed is not None:
            write("UPDATE groups SET undo_trimmed = ? WHERE group_no = ?", (book.trimmed, group_no))
        if book.people:
            write_all(
                "INSERT OR REPLACE INTO sealed_people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(group_no, *row) for row in book.people if row.entry_id],
            )
            write_all(
                "DELETE FROM sealed_people WHERE group_no = ? AND member = ?",
                [(group_no, row.member) for row in book.people if not row.entry_id],
            )
        if book.erased:
            self._erase(group_no, book.erased)

    def _erase(self, group_no: int, erased: Sequence[ErasedKey]) -> None:
        """Destroy members' keys and what they had opened; an erased key stays known as such.

        What was there is overwritten (secure_delete), and the log emptied after the commit.
        """
        write_all = self.database.write_all
        write_all(
            "INSERT OR IGNORE INTO erased_people VALUES (?, ?, ?)",
            [(group_no, row.member, row.key_id) for row in erased],
        )
        keys = [(group_no, row.key_id) for row in erased if row.destroyed]
        write_all(
            "INSERT INTO member_keys VALUES (?, ?, x'') ON CONFLICT DO UPDATE SET key = x''", keys
        )
        write_all(
            "UPDATE sealed_people SET name = NULL, phone = NULL WHERE group_no = ? AND key_id = ?",
            keys,
        )
        write_all(
            "DELETE FROM sealed_people WHERE group_no = ? AND member = ?",
            [(group_no, row.member) for row in erased],
        )

    # The book's tables

    def page(self, group_no: int, name: str, key: str) -> bytes | None:
        """One page of a group's book. StoreDamaged when the storage has altered it."""
        row = self.database.row(
            "SELECT CAST(value AS BLOB), crc FROM pages "
            "WHERE group_no = ? AND name = ? AND key = ?",
            (group_no, name, key),
        )
        if row is None:
            return None
        value, crc = row
        if crc != _crc(name, key, value):
            raise damaged()
        return bytes(value)

    def pages(self, group_no: int, name: str) -> list[tuple[str, bytes]]:
        """All pages of one table of the book, by key. StoreDamaged as above."""
        rows = self.database.rows(
            "SELECT key, CAST(value AS BLOB), crc FROM pages WHERE group_no = ? AND name = ? "
            "ORDER BY key",
            (group_no, name),
        )
        if any(crc != _crc(name, key, value) for key, value, crc in rows):
            raise damaged()
        return [(key, value) for key, value, _ in rows]

    def unchecked_pages(self, group_no: int, name: str) -> list[tuple[str, bytes]]:
        """The same as they lie there, for who compares them with what they should be."""
        return self.database.rows(
            "SELECT key, CAST(value AS BLOB) FROM pages WHERE group_no = ? AND name = ? "
            "ORDER BY key",
            (group_no, name),
        )

    def page_tables(self, group_no: int) -> list[str]:
        """The names of the tables that the book has pages in."""
        rows = self.database.rows("SELECT DISTINCT name FROM pages WHERE group_no = ?", (group_no,))
        return [name for (name,) in rows]

    def applied_count(self, group_no: int) -> int:
        """How many undo records there are."""
        (count,) = self.database.rows(
            "SELECT count(*) FROM applied WHERE group_no = ?", (group_no,)
        )[0]
        return int(count)

    def oldest_applied(self, group_no: int) -> tuple[int, bytes]:
        """Order key of the oldest entry that can still be taken back; (0, b"") for none."""
        return self._end_of_applied(group_no, "ASC")

    def newest_applied(self, group_no: int) -> tuple[int, bytes]:
        """Order key of the last entry in the book; (0, b"") for an empty one."""
        return self._end_of_applied(group_no, "DESC")

    def _end_of_applied(self, group_no: int, way: str) -> tuple[int, bytes]:
        rows = self.database.rows(
            "SELECT lamport, entry_id FROM applied WHERE group_no = ? "
            f"ORDER BY lamport {way}, entry_id {way} LIMIT 1",
            (group_no,),
        )
        return rows[0] if rows else (0, b"")

    def applied_after(self, group_no: int, key: tuple[int, bytes]) -> list[AppliedRow]:
        """The undo records of the entries after this order key, newest first."""
        rows = self.database.rows(
            "SELECT lamport, entry_id, undo, crc FROM applied "
            "WHERE group_no = ? AND (lamport, entry_id) > (?, ?) "
            "ORDER BY lamport DESC, entry_id DESC",
            (group_no, *key),
        )
        applied = [AppliedRow(*row[:3]) for row in rows]
        if any(_crc_of_undo(one) != row[3] for one, row in zip(applied, rows, strict=True)):
            raise damaged()
        return applied

    # People

    def sealed_people(self, group_no: int) -> list[SealedRow]:
        """The newest sealed details of every member."""
        rows = self.database.rows(
            "SELECT member, lamport, entry_id, key_id, nonce, sealed, name, phone "
            "FROM sealed_people WHERE group_no = ? ORDER BY member",
            (group_no,),
        )
        return [SealedRow(*row) for row in rows]

    def sealed_person(self, group_no: int, member: bytes) -> SealedRow | None:
        """The newest sealed details of one member."""
        rows = self.database.rows(
            "SELECT member, lamport, entry_id, key_id, nonce, sealed, name, phone "
            "FROM sealed_people WHERE group_no = ? AND member = ?",
            (group_no, member),
        )
        return SealedRow(*rows[0]) if rows else None

    def keys(self, group_no: int) -> dict[bytes, bytes]:
        """The key box; an erased key is there as b""."""
        return dict(
            self.database.rows(
                "SELECT key_id, key FROM member_keys WHERE group_no = ?", (group_no,)
            )
        )

    def erased_people(self, group_no: int) -> dict[bytes, frozenset[bytes]]:
        """The members who were forgotten here, each with the ids of the keys that are not kept."""
        found: dict[bytes, set[bytes]] = {}
        sql = "SELECT member, key_id FROM erased_people WHERE group_no = ?"
        for member, key_id in self.database.rows(sql, (group_no,)):
            found.setdefault(member, set()).update([key_id] if key_id else [])
        return {member: frozenset(key_ids) for member, key_ids in found.items()}

    # Who holds what

    def acks(self, group_no: int) -> dict[bytes, Ack]:
        """The newest acknowledgement of every device."""
        sql = "SELECT device, tips, signature FROM acks WHERE group_no = ?"
        try:
            stored = {
                device: Ack(device, tuple(Tip(*tip) for tip in cbor2.loads(tips)), signature)
                for device, tips, signature in self.database.rows(sql, (group_no,))
            }
        except (cbor2.CBORError, TypeError, ValueError) as error:
            raise StoreDamaged(
                "What other phones confirmed can't be read from the ledger file: it is damaged. "
                "Stop using this copy, and join the group again from another officer's phone."
            ) from error
        return stored | self._put_off.get(group_no, {})

    # The founding

    def keep_founding_seed(self, group_no: int, seed: bytes) -> None:
        """Keep the seed of the key that ends the founding; inside the caller's transaction."""
        self.database.write("INSERT INTO founding_keys VALUES (?, ?)", (group_no, seed))

    def founding_seed(self, group_no: int) -> bytes:
        """That seed; b"" when this device has none, or no more."""
        row = self.database.row("SELECT seed FROM founding_keys WHERE group_no = ?", (group_no,))
        return row[0] if row is not None else b""

    # Addresses

    def remember_address(self, group_no: int, device: bytes, address: str, now_ms: int) -> None:
        """Note where a device of the group was last reached."""
        with self.database.transaction():
            self.database.write(
                "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?)",
                (group_no, device, address, now_ms),
            )

    def addresses(self, group_no: int) -> Mapping[bytes, str]:
        """Where each device of the group was last reached."""
        return dict(
            self.database.rows(
                "SELECT device, address FROM addresses WHERE group_no = ?", (group_no,)
            )
        )


def _crc(name: str, key: str, value: bytes) -> int:
    """CRC-32 of a page and its place: a page is never older or newer than its check sum, so what
    does not fit was altered where it lay."""
    return crc32(f"{name}\n{key}\n".encode() + value)


def _crc_of_undo(row: AppliedRow) -> int:
    return crc32(b"%d\n%b\n%b" % (row.lamport, row.entry_id, row.undo.encode()))
