"""The tables that say what relays told this device, and what is on its way to them.

Rule: what is sent lies here before it is sent, and nothing counts as backed up before the relay's
signature for it lies here. What belongs to a step of a group (the changes of a blob, and that the
blob was read) is written in that step's transaction: `write` functions want one to be open.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from node.database import Database
from node.relay_places import Place
from node.relay_view import Point, RelayWrong, View, note_of
from relay.facts import Head, SignedAccess, SignedHead
from relay.protocol import AccessChain, decode, encode

WAITING_MAX: Final = 256
WAITING_BYTES_MAX: Final = 32 * 1024 * 1024
"""Entries of one log that wait for keys or earlier changes: what an honest group never reaches."""
UNREAD_POINTS_MAX: Final = 256
"""Points past where reading stands, that other devices were told of."""
POINTS_MAX: Final = 65_536
"""Points behind where reading stands that are kept, of one log: ten years of a busy group."""
FAULTS_MAX: Final = 64
"""Of one mailbox; the logs of a relay that begins anew again and again are forgotten."""

Held = dict[int, int]


class Mailbox(NamedTuple):
    """What is kept of one mailbox."""

    view: View
    held: Held
    """Lane -> highest position up to which the log holds everything."""
    slot: bytes = b""
    """Digest of this device's newest slot that was acknowledged."""
    head_ms: int = 0
    heard_ms: int = 0


class Outgoing(NamedTuple):
    """A sealed blob that is sent, or about to be."""

    blob_hash: bytes
    blob: bytes
    held: Held
    digest: bytes


class Waiting(NamedTuple):
    """An entry that could not be taken yet."""

    cursor: int
    writer: bytes
    blob: bytes


class Fault(NamedTuple):
    """What was wrong with what a relay said."""

    mailbox: bytes
    log_id: bytes
    code: str
    detail: str
    first_ms: int
    last_ms: int
    times: int
    proof: bytes


class RelayStore:
    """The relay tables of a ledger file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Mailboxes

    def load(self, place: Place) -> Mailbox:
        """What is kept of a mailbox; a fresh view of one that was never used."""
        row = self._database.row(
            "SELECT log_id, cursor, chain, told, confirmed, owed, founder, held, slot, head_ms, "
            "heard_ms FROM relay_mailboxes WHERE relay = ? AND mailbox = ?",
            (place.relay, place.mailbox),
        )
        if row is None:
            return Mailbox(View(place.relay, place.mailbox), {})
        log_id, cursor, chain, told, confirmed, owed, founder, held, slot, head_ms, heard_ms = row
        owing = tuple(owed[at : at + 32] for at in range(0, len(owed), 32))
        view = View(
            place.relay, place.mailbox, log_id, cursor, chain, told, bool(confirmed), owing,
            founder, self._accesses(place),
        )  # fmt: skip
        return Mailbox(view, _held(held), slot, head_ms, heard_ms)

    def held(self, place: Place) -> Held:
        """Of a mailbox only what the log in it holds; asked far more often than the rest."""
        row = self._database.row(
            "SELECT held FROM relay_mailboxes WHERE relay = ? AND mailbox = ?",
            (place.relay, place.mailbox),
        )
        return {} if row is None else _held(row[0])

    def _accesses(self, place: Place) -> tuple[SignedAccess, ...]:
        rows = self._database.rows(
            "SELECT signed FROM relay_access WHERE relay = ? AND mailbox = ? ORDER BY number",
            (place.relay, place.mailbox),
        )
        return tuple(_signed_access(signed) for (signed,) in rows)

    def save(self, place: Place, kept: Mailbox) -> None:
        """Write what is kept of a mailbox, in a transaction of its own."""
        with self._database.transaction():
            self.write(place, kept)

    def write(self, place: Place, kept: Mailbox, points: Sequence[Point] = ()) -> None:
        """The same with points of its chain, inside the caller's transaction."""
        view = kept.view
        self._database.write(
            "INSERT OR REPLACE INTO relay_mailboxes "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(place.relay, place.mailbox, place.group, place.compartment, view.log_id),
                *(view.cursor, view.chain, view.told, int(view.is_confirmed), b"".join(view.owed)),
                *(view.founder, _held_text(kept.held), kept.slot, kept.head_ms, kept.heard_ms),
            ),
        )
        for point in points:
            self.write_point(view, point)
        if points and view.cursor > POINTS_MAX:
            self._database.write(
                "DELETE FROM relay_points WHERE relay = ? AND mailbox = ? AND log_id = ? "
                "AND cursor < ?",
                (place.relay, place.mailbox, view.log_id, view.cursor - POINTS_MAX),
            )

    def write_access(self, view: View) -> None:
        """Put a view's access lists in the place of those that are kept."""
        key = (view.relay, view.mailbox)
        self._database.write("DELETE FROM relay_access WHERE relay = ? AND mailbox = ?", key)
        rows = [(*key, one.access.number, _access_bytes(one)) for one in view.accesses]
        if rows:
            self._database.write_all("INSERT INTO relay_access VALUES (?, ?, ?, ?)", rows)

    def forget(self, place: Place) -> None:
        """Nothing of a log that was begun anew counts any more; access lists and faults stay.

        What was to be sent goes too: it was reckoned from what the log held.
        """
        for table in (
            *("relay_points", "relay_waiting", "relay_outbox", "relay_copying"),
            "relay_checkpoints",
        ):
            self._database.write(
                f"DELETE FROM {table} WHERE relay = ? AND mailbox = ?", (place.relay, place.mailbox)
            )

    # Points of the chain

    def point(self, view: View, cursor: int) -> Point | None:
        """Where the chain of the log that a view is of stood at a cursor."""
        row = self._database.row(
            "SELECT cursor, chain, time_ms, signature FROM relay_points "
            "WHERE relay = ? AND mailbox = ? AND log_id = ? AND cursor = ?",
            (view.relay, view.mailbox, view.log_id, cursor),
        )
        return None if row is None else Point(*row)

    def highest_signed(self, view: View) -> int:
        """Highest cursor of this log that the relay is known to have signed for, to anybody."""
        row = self._database.row(
            "SELECT max(cursor) FROM relay_points WHERE relay = ? AND mailbox = ? AND log_id = ? "
            "AND signature != x''",
            (view.relay, view.mailbox, view.log_id),
        )
        return int(row[0] or 0) if row else 0

    def write_point(self, view: View, point: Point) -> None:
        """Keep where the chain stood; a signature that is there stays."""
        if point.cursor > view.cursor and self._unread(view) >= UNREAD_POINTS_MAX:
            return
        self._database.write(
            "INSERT INTO relay_points (relay, mailbox, log_id, cursor, chain, time_ms, signature) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET chain = excluded.chain, time_ms = excluded.time_ms, signature = "
            "CASE WHEN excluded.signature = x'' AND chain = excluded.chain "
            "THEN signature ELSE excluded.signature END",
            (view.relay, view.mailbox, view.log_id, *point),
        )

    def _unread(self, view: View) -> int:
        row = self._database.row(
            "SELECT count(*) FROM relay_points "
            "WHERE relay = ? AND mailbox = ? AND log_id = ? AND cursor > ?",
            (view.relay, view.mailbox, view.log_id, view.cursor),
        )
        return int(row[0]) if row else 0

    def newest_signed(self, relay: bytes, mailbox: bytes) -> tuple[bytes, Point] | None:
        """Log id and newest point that the relay signed, of the log that is read now."""
        row = self._database.row(
            "SELECT p.log_id, p.cursor, p.chain, p.time_ms, p.signature FROM relay_points p "
            "JOIN relay_mailboxes m USING (relay, mailbox, log_id) WHERE relay = ? AND mailbox = ? "
            "AND p.signature != x'' ORDER BY p.cursor DESC LIMIT 1",
            (relay, mailbox),
        )
        return None if row is None else (row[0], Point(*row[1:]))

    # What is on its way

    def outgoing(self, place: Place) -> list[Outgoing]:
        """The blobs for a mailbox that were not acknowledged yet."""
        rows = self._database.rows(
            "SELECT blob_hash, blob, held, digest FROM relay_outbox "
            "WHERE relay = ? AND mailbox = ?",
            (place.relay, place.mailbox),
        )
        return [
            Outgoing(blob_hash, blob, _held(held), digest) for blob_hash, blob, held, digest in rows
        ]

    def keep_outgoing(self, place: Place, one: Outgoing) -> None:
        """Keep a blob before it is sent, in a transaction of its own."""
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO relay_outbox VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(place.relay, place.mailbox, one.blob_hash, one.blob),
                    *(_held_text(one.held), one.digest),
                ),
            )

    def drop_outgoing(self, place: Place, blob_hash: bytes) -> None:
        """A blob was acknowledged, or is not to be sent any more."""
        self._database.write(
            "DELETE FROM relay_outbox WHERE relay = ? AND mailbox = ? AND blob_hash = ?",
            (place.relay, place.mailbox, blob_hash),
        )

    def waiting(self, place: Place) -> list[Waiting]:
        """The entries that could not be taken yet, oldest first."""
        rows = self._database.rows(
            "SELECT cursor, writer, blob FROM relay_waiting WHERE relay = ? AND mailbox = ? "
            "ORDER BY cursor",
            (place.relay, place.mailbox),
        )
        return [Waiting(*row) for row in rows]

    def waiting_count(self, place: Place) -> int:
        """How many there are."""
        row = self._database.row(
            "SELECT count(*) FROM relay_waiting WHERE relay = ? AND mailbox = ?",
            (place.relay, place.mailbox),
        )
        return int(row[0]) if row else 0

    def write_waiting(self, place: Place, one: Waiting) -> None:
        """Let an entry wait; of too many the oldest of whoever has most of them goes."""
        self._database.write(
            "INSERT OR REPLACE INTO relay_waiting VALUES (?, ?, ?, ?, ?)",
            (place.relay, place.mailbox, *one),
        )
        while True:
            rows = self._database.rows(
                "SELECT writer, count(*), sum(length(blob)), min(cursor) FROM relay_waiting "
                "WHERE relay = ? AND mailbox = ? GROUP BY writer ORDER BY 3 DESC",
                (place.relay, place.mailbox),
            )
            count, size = sum(row[1] for row in rows), sum(row[2] for row in rows)
            if count <= WAITING_MAX and size <= WAITING_BYTES_MAX:
                return
            self.drop_waiting(place, rows[0][3])

    def drop_waiting(self, place: Place, cursor: int) -> None:
        """An entry need not wait any more."""
        self._database.write(
            "DELETE FROM relay_waiting WHERE relay = ? AND mailbox = ? AND cursor = ?",
            (place.relay, place.mailbox, cursor),
        )

    # What was wrong

    def note(self, place: Place, log_id: bytes, wrong: RelayWrong, now_ms: int) -> bool:
        """Keep what was wrong, in a transaction of its own; whether it is new."""
        proofs = wrong.proof
        newest = self.newest_signed(place.relay, place.mailbox)
        if wrong.code == "rolled_back" and newest is not None and newest[0] == log_id:
            point = newest[1]
            head = Head(log_id, point.cursor, point.chain, point.time_ms)
            proofs = (SignedHead(head, point.signature),)
        proof = b"".join(note_of(place.relay, place.mailbox, one) for one in proofs)
        key = (place.relay, place.mailbox, log_id, wrong.code)
        with self._database.transaction():
            changed = self._database.write(
                "UPDATE relay_faults SET last_ms = ?, times = times + 1, "
                "proof = CASE WHEN proof = x'' THEN ? ELSE proof END "
                "WHERE relay = ? AND mailbox = ? AND log_id = ? AND code = ?",
                (now_ms, proof, *key),
            )
            if changed:
                return False
            self._database.write(
                "INSERT INTO relay_faults VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
                (*key, wrong.detail[:200], now_ms, now_ms, proof),
            )
            self._database.write(
                "DELETE FROM relay_faults WHERE relay = ? AND mailbox = ? AND proof = x'' "
                "AND (log_id, code) NOT IN (SELECT log_id, code FROM relay_faults "
                "WHERE relay = ? AND mailbox = ? ORDER BY last_ms DESC LIMIT ?)",
                (*key[:2], *key[:2], FAULTS_MAX),
            )
        return True

    def faults(self, relay: bytes, mailboxes: Sequence[bytes]) -> list[Fault]:
        """What was wrong with some mailboxes of a relay, oldest first."""
        marks = ", ".join("?" * len(mailboxes))
        rows = self._database.rows(
            "SELECT mailbox, log_id, code, detail, first_ms, last_ms, times, proof "
            f"FROM relay_faults WHERE relay = ? AND mailbox IN ({marks}) ORDER BY first_ms",
            (relay, *mailboxes),
        )
        return [Fault(*row) for row in rows]


def merged(one: Mapping[int, int], other: Mapping[int, int]) -> Held:
    """What a log holds that holds both."""
    return {lane: max(one.get(lane, 0), other.get(lane, 0)) for lane in sorted({*one, *other})}


def _held(text: str) -> Held:
    return {int(lane): int(n) for lane, n in json.loads(text)}


def _held_text(held: Held) -> str:
    return json.dumps(sorted(held.items()), separators=(",", ":"))


def _access_bytes(one: SignedAccess) -> bytes:
    return encode(AccessChain(bytes(32), (one,)))


@lru_cache(maxsize=128)  # a list never changes, and is looked at with every look at its mailbox
def _signed_access(data: bytes) -> SignedAccess:
    message = decode(data).message
    if not isinstance(message, AccessChain):
        raise AssertionError("an access list is kept as it goes over the wire")
    return message.chain[0]
