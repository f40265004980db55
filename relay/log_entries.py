"""The entries of mailboxes: how blobs come in, are read, and are let go of in a box.

Rule: as in relay/statements.py; what becomes of a blob is decided by relay/appending.py.
"""

from collections.abc import Sequence

from relay.appending import Plan, plan_appends
from relay.facts import Entry, chain_start
from relay.rows import Known, Slot, Standing
from relay.standing import lock_if_there, read_mailbox
from relay.statements import Statement, Steps, last_that_fits, places, portions
from relay.store import Append, Appended, Mailbox, StoreError


def append(
    mailbox: bytes, appends: Sequence[Append], now_ms: int
) -> Steps[list[Appended | StoreError]]:
    """See Store.append; all into this mailbox."""
    standing = yield from lock_if_there(mailbox)
    if standing is None:
        return [StoreError("unknown_mailbox", "there is no such mailbox") for _ in appends]
    known = yield from known_entries(standing, [one.blob_hash for one in appends])
    slots: dict[bytes, Slot] = {}
    if standing.kind == "box":
        slots = yield from _slots(mailbox)
    plan = plan_appends(standing, known, slots, appends, now_ms)
    if plan.rows:
        yield from _write(plan)
    return plan.results


def _write(plan: Plan) -> Steps[None]:
    now = plan.standing
    yield Statement(
        "INSERT INTO entries "
        "(mailbox, cursor, writer, time_ms, blob_hash, signature, chain, blob) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                *(now.mailbox, entry.cursor, entry.writer, entry.time_ms),
                *(entry.blob_hash, entry.signature, chain, entry.blob),
            )
            for entry, chain in plan.rows
        ],
        many=True,
    )
    if plan.slots:
        yield from _let_go(now.mailbox, plan.let_go)
        yield Statement(
            "INSERT INTO slots (mailbox, writer, cursor, blob_bytes) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (mailbox, writer) DO UPDATE "
            "SET cursor = excluded.cursor, blob_bytes = excluded.blob_bytes",
            [(now.mailbox, writer, *slot) for writer, slot in plan.slots.items()],
            many=True,
        )
    yield Statement(
        "UPDATE mailboxes SET cursor = $2, chain = $3, time_ms = $4, bytes_used = $5 "
        "WHERE mailbox = $1",
        (now.mailbox, now.cursor, now.chain, now.time_ms, now.bytes_used),
    )


def known_entries(standing: Standing, hashes: Sequence[bytes]) -> Steps[dict[bytes, Known]]:
    """Entries of the mailbox that have one of these hashes."""
    known = {}
    start = chain_start(standing.mailbox, standing.log_id)
    for some in portions(hashes):
        rows = yield Statement(
            "SELECT e.cursor, e.writer, e.time_ms, e.blob_hash, e.signature, e.chain, "
            "(SELECT p.chain FROM entries AS p "
            "WHERE p.mailbox = e.mailbox AND p.cursor = e.cursor - 1) "
            f"FROM entries AS e WHERE e.mailbox = $1 AND e.blob_hash IN ({places(some, 2)})",
            (standing.mailbox, *some),
        )
        for cursor, writer, time_ms, blob_hash, signature, chain, before in rows:
            entry = Entry(cursor, writer, time_ms, blob_hash, signature, None)
            known[entry.blob_hash] = Known(entry, before or start, chain)
    return known


def entries(
    mailbox: bytes, after: int, bytes_max: int, count_max: int
) -> Steps[tuple[Mailbox, tuple[Entry, ...]]]:
    """See Store.entries. OldLog."""
    now = yield from read_mailbox(mailbox)
    if now is None:
        raise StoreError("unknown_mailbox", "there is no such mailbox")
    if after >= now.cursor:
        return now, ()
    rows = yield Statement(
        "SELECT cursor, coalesce(length(blob), 0) FROM entries "
        "WHERE mailbox = $1 AND cursor > $2 AND cursor <= $3 ORDER BY cursor LIMIT $4",
        (mailbox, after, now.cursor, count_max),
    )
    rows = yield Statement(
        "SELECT cursor, writer, time_ms, blob_hash, signature, blob FROM entries "
        "WHERE mailbox = $1 AND cursor > $2 AND cursor <= $3 ORDER BY cursor",
        (mailbox, after, last_that_fits(rows, bytes_max)),
    )
    return now, tuple(Entry(*row) for row in rows)


# Of a box


def _slots(mailbox: bytes) -> Steps[dict[bytes, Slot]]:
    sql = "SELECT writer, cursor, blob_bytes FROM slots WHERE mailbox = $1"
    rows = yield Statement(sql, (mailbox,))
    return {writer: Slot(cursor, blob_bytes) for writer, cursor, blob_bytes in rows}


def _let_go(mailbox: bytes, cursors: Sequence[int]) -> Steps[None]:
    if cursors:
        sql = "UPDATE entries SET blob = NULL WHERE mailbox = $1 AND cursor = $2"
        yield Statement(sql, [(mailbox, cursor) for cursor in cursors], many=True)


def drop_slots(mailbox: bytes, writers: set[bytes]) -> Steps[int]:
    """Let go of what others than these wrote into a box; how many bytes."""
    slots = yield from _slots(mailbox)
    gone = {writer: slot for writer, slot in slots.items() if writer not in writers}
    if gone:
        yield from _let_go(mailbox, [slot.cursor for slot in gone.values()])
        sql = "DELETE FROM slots WHERE mailbox = $1 AND writer = $2"
        yield Statement(sql, [(mailbox, writer) for writer in gone], many=True)
    return sum(slot.blob_bytes for slot in gone.values())
