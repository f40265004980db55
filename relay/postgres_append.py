"""The short way to append to a log in PostgreSQL: read, then write all in one statement.

Rule: the statement writes only if the mailbox stands as it was read (same cursor, access list and
log), else nothing: then, and for a box, the caller takes the long way, which locks the row first
(relay/log_entries.py). What becomes of each blob is decided by relay/appending.py either way. Two
round trips instead of six; nobody waits for a lock while this process is busy with others.
"""

from collections.abc import Sequence
from typing import Final

from relay.appending import Plan, plan_appends
from relay.log_entries import known_entries
from relay.rows import Standing
from relay.standing import NEWEST_RENEWAL, STANDING
from relay.statements import Statement, Steps, places, portions
from relay.store import Append, Appended, StoreError

_WRITE: Final = (
    "WITH moved AS ("
    "UPDATE mailboxes SET cursor = $5, chain = $6, time_ms = $7, bytes_used = bytes_used + $8 "
    "WHERE mailbox = $1 AND cursor = $2 AND access_number = $3 AND log_id = $4 RETURNING mailbox) "
    "INSERT INTO entries "
    "(mailbox, cursor, writer, time_ms, blob_hash, signature, chain, blob) "
    "SELECT moved.mailbox, new.* FROM moved CROSS JOIN unnest($9::bigint[], $10::bytea[], "
    "$11::bigint[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[]) AS new "
    "RETURNING cursor"
)


def append_shortly(
    mailbox: bytes, appends: Sequence[Append], now_ms: int
) -> Steps[list[Appended | StoreError] | None]:
    """As log_entries.append, outside a transaction; None: it did not go, nothing was written."""
    (first, *more) = portions([one.blob_hash for one in appends])
    if more:
        return None
    columns = ", ".join(f"m.{name}" for name in STANDING.split(", "))
    rows = yield Statement(
        f"SELECT {columns}, m.renewal, {NEWEST_RENEWAL}, e.cursor FROM mailboxes AS m "
        "LEFT JOIN entries AS e ON e.mailbox = m.mailbox "
        f"AND e.blob_hash IN ({places(first, 2)}) WHERE m.mailbox = $1",
        (mailbox, *first),
    )
    if not rows:
        return [StoreError("unknown_mailbox", "there is no such mailbox") for _ in appends]
    *row, renewal, newest, there = rows[0]
    before = Standing(*row)
    if renewal != newest or before.kind == "box":
        return None
    known = {}
    if there is not None:
        known = yield from known_entries(before, first)
    plan = plan_appends(before, known, {}, appends, now_ms)
    if plan.rows:
        written = yield Statement(_WRITE, _values(before, plan))
        if not written:
            return None
    return plan.results


def _values(before: Standing, plan: Plan) -> tuple[object, ...]:
    after = plan.standing
    entries = [row.entry for row in plan.rows]
    return (
        *(before.mailbox, before.cursor, before.access_number, before.log_id),
        *(after.cursor, after.chain, after.time_ms, after.bytes_used - before.bytes_used),
        [one.cursor for one in entries],
        [one.writer for one in entries],
        [one.time_ms for one in entries],
        [one.blob_hash for one in entries],
        [one.signature for one in entries],
        [row.chain for row in plan.rows],
        [one.blob for one in entries],
    )
