"""What becomes of blobs that are pushed into one mailbox: the rules, without a database.

Rule: pure. Whoever holds the mailbox's row locked gives what is there and writes what comes back;
cursors go up by one, the chain runs over all entries, a hash comes in once for ever, and nothing
goes over the quota.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from relay.facts import Entry, chain_next
from relay.rows import Known, Slot, Standing
from relay.store import Append, Appended, StoreError


class NewRow(NamedTuple):
    """A row for `entries`."""

    entry: Entry
    """Its blob is None when a later one of the same push took its place."""
    chain: bytes


class Plan(NamedTuple):
    """What is written, and what is answered once it is on disk."""

    standing: Standing
    rows: tuple[NewRow, ...]
    let_go: tuple[int, ...]
    """Cursors of older entries whose blobs go."""
    slots: Mapping[bytes, Slot]
    """Of a box, by writer; only those that are new."""
    results: list[Appended | StoreError]
    """One of each blob, in their order."""


def plan_appends(
    standing: Standing,
    known: Mapping[bytes, Known],
    slots: Mapping[bytes, Slot],
    appends: Sequence[Append],
    now_ms: int,
) -> Plan:
    """Add blobs to one mailbox, in their order.

    `known` holds the entries whose hash is among the pushed ones, `slots` those of the writers in a
    box (empty for a log).
    """
    planning = _Planning(standing, known, slots)
    results = [planning.add(append, now_ms) for append in appends]
    return Plan(
        planning.standing,
        tuple(planning.rows.values()),
        tuple(planning.let_go),
        planning.new_slots,
        results,
    )


class _Planning:
    """The mailbox as it will be, one blob further each time."""

    def __init__(
        self, standing: Standing, known: Mapping[bytes, Known], slots: Mapping[bytes, Slot]
    ) -> None:
        self.standing = standing
        self.rows: dict[int, NewRow] = {}
        self.let_go: list[int] = []
        self.new_slots: dict[bytes, Slot] = {}
        self._known = dict(known)
        self._slots = dict(slots)

    def add(self, append: Append, now_ms: int) -> Appended | StoreError:
        """The next blob."""
        now = self.standing
        if append.access_number != now.access_number:
            return StoreError("stale_access", "another access list is in force")
        before = self._known.get(append.blob_hash)
        if before is not None:
            return Appended(before.entry, before.chain_before, before.chain, now.log_id, False)
        slot = self._slots.get(append.writer) if now.kind == "box" else None
        freed = slot.blob_bytes if slot is not None else 0
        bytes_used = now.bytes_used - freed + len(append.blob)
        if bytes_used > append.bytes_max:
            return StoreError("quota_exceeded", "the mailbox is full")
        if slot is not None:
            self._let_go(slot.cursor)
        return self._added(append, now_ms, bytes_used)

    def _added(self, append: Append, now_ms: int, bytes_used: int) -> Appended:
        """Write it down after the newest entry."""
        now = self.standing
        cursor = now.cursor + 1
        entry = Entry(
            cursor, append.writer, now_ms, append.blob_hash, append.signature, append.blob
        )
        chain = chain_next(now.chain, entry)
        self.rows[cursor] = NewRow(entry, chain)
        if now.kind == "box":
            self._slots[append.writer] = Slot(cursor, len(append.blob))
            self.new_slots[append.writer] = self._slots[append.writer]
        self.standing = now._replace(
            cursor=cursor, chain=chain, time_ms=now_ms, bytes_used=bytes_used
        )
        bare = entry._replace(blob=None)
        self._known[append.blob_hash] = Known(bare, now.chain, chain)
        return Appended(bare, now.chain, chain, now.log_id, True)

    def _let_go(self, cursor: int) -> None:
        """The blob of an entry that does not count any more."""
        row = self.rows.get(cursor)
        if row is None:
            self.let_go.append(cursor)
        else:
            self.rows[cursor] = row._replace(entry=row.entry._replace(blob=None))
