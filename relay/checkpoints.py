"""What waits for signatures, which checkpoints are in force, and what may go behind them.

Rule: as in relay/statements.py, one transaction each. Blobs of a log go only behind a checkpoint
that is in force for long and has another after it; the rows stay.
"""

from collections.abc import Sequence
from typing import Final, Literal

from relay.facts import Access, Checkpoint, SignedAccess
from relay.rows import (
    Row,
    Signatures,
    Standing,
    decode_access,
    decode_checkpoint,
    decode_signed_checkpoint,
    encode_access,
    encode_checkpoint,
    encode_signed_checkpoint,
)
from relay.standing import lock, read_mailbox
from relay.statements import Statement, Steps
from relay.store import Pending, Proposal, StoreError

_ENTRIES_AT_ONCE: Final = 256
"""Blobs that one transaction lets go of, so that others need not wait long."""

Behind = tuple[bytes, int, int]
"""A mailbox, the number of a checkpoint in it, and the first entry of that."""


def pending(mailbox: bytes) -> Steps[Pending]:
    """See Store.pending. OldLog."""
    yield from read_mailbox(mailbox)
    accesses = yield from _waiting(mailbox, "access")
    waiting = yield from _waiting(mailbox, "checkpoint")
    rows = yield Statement(
        "SELECT content FROM checkpoints WHERE mailbox = $1 ORDER BY number DESC LIMIT 1",
        (mailbox,),
    )
    in_force = [decode_signed_checkpoint(content) for (content,) in rows]
    return Pending(
        tuple(SignedAccess(decode_access(one), by) for one, by in accesses),
        (*in_force, *((decode_checkpoint(one), by) for one, by in waiting)),
    )


def _waiting(
    mailbox: bytes, kind: Literal["access", "checkpoint"]
) -> Steps[list[tuple[bytes, Signatures]]]:
    """Each content that waits, with all who signed it."""
    rows = yield Statement(
        "SELECT content, signer, signature FROM pending WHERE mailbox = $1 AND kind = $2 "
        "ORDER BY content, signer",
        (mailbox, kind),
    )
    found: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for content, signer, signature in rows:
        found.setdefault(content, []).append((signer, signature))
    return [(content, tuple(signatures)) for content, signatures in found.items()]


def keep_pending(mailbox: bytes, proposal: Proposal, count_max: int, now_ms: int) -> Steps[None]:
    """See Store.keep_pending."""
    standing = yield from lock(mailbox)
    if isinstance(proposal.content, Access):
        if proposal.content.number != standing.access_number + 1:
            raise StoreError("stale_access", "this list does not follow the one in force")
        kind, content = "access", encode_access(proposal.content)
    else:
        yield from _check_checkpoint(standing, proposal.content)
        kind, content = "checkpoint", encode_checkpoint(proposal.content)
    rows = yield Statement(
        "SELECT count(*) FROM pending WHERE mailbox = $1 AND kind = $2 AND signer <> $3",
        (mailbox, kind, proposal.signer),
    )
    if rows[0][0] >= count_max:
        raise StoreError("too_many_pending", "too much waits for signatures already")
    yield Statement(
        "INSERT INTO pending (mailbox, kind, signer, signature, content, time_ms) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (mailbox, kind, signer) DO UPDATE SET "
        "signature = excluded.signature, content = excluded.content, time_ms = excluded.time_ms",
        (mailbox, kind, proposal.signer, proposal.signature, content, now_ms),
    )


def confirm_checkpoint(
    mailbox: bytes, checkpoint: Checkpoint, signatures: Sequence[tuple[bytes, bytes]], now_ms: int
) -> Steps[None]:
    """See Store.confirm_checkpoint."""
    standing = yield from lock(mailbox)
    number = yield from _check_checkpoint(standing, checkpoint)
    content = encode_signed_checkpoint(checkpoint, tuple(sorted(signatures)))
    yield Statement(
        "INSERT INTO checkpoints (mailbox, number, first, last, content, time_ms) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        (mailbox, number, checkpoint.first, checkpoint.last, content, now_ms),
    )
    yield Statement("DELETE FROM pending WHERE mailbox = $1 AND kind = 'checkpoint'", (mailbox,))


def _check_checkpoint(standing: Standing, checkpoint: Checkpoint) -> Steps[int]:
    """StoreError("stale_checkpoint") unless it may come next; its number."""
    mailbox = standing.mailbox
    rows = yield Statement(
        "SELECT number, last FROM checkpoints WHERE mailbox = $1 ORDER BY number DESC LIMIT 1",
        (mailbox,),
    )
    number, last = rows[0] if rows else (0, 0)
    earliest = max(standing.first_kept, last + 1)
    follows = earliest <= checkpoint.first <= checkpoint.last <= standing.cursor
    if standing.kind != "log" or checkpoint.log_id != standing.log_id or not follows:
        raise StoreError("stale_checkpoint", "this checkpoint does not follow the one in force")
    rows = yield Statement(
        "SELECT chain FROM entries WHERE mailbox = $1 AND cursor = $2", (mailbox, checkpoint.last)
    )
    if rows[0][0] != checkpoint.chain:
        raise StoreError("stale_checkpoint", "this checkpoint is of another history")
    return int(number) + 1


def behind(before_ms: int, count_max: int) -> Steps[list[Behind]]:
    """Mailboxes in which blobs may go: those before the first entry of the checkpoint that is
    named, because the one after it came into force before `before_ms`."""
    rows = yield Statement(
        "SELECT p.mailbox, max(p.number), max(p.first) FROM checkpoints AS p "
        "JOIN checkpoints AS n ON n.mailbox = p.mailbox AND n.number = p.number + 1 "
        "JOIN mailboxes AS m ON m.mailbox = p.mailbox "
        "WHERE n.time_ms < $1 AND p.first > m.first_kept GROUP BY p.mailbox LIMIT $2",
        (before_ms, count_max),
    )
    return [(mailbox, number, first) for mailbox, number, first in rows]


def let_go_behind(one: Behind) -> Steps[tuple[int, bool]]:
    """Let go of the next blobs behind a checkpoint: how many went, and whether that was all."""
    mailbox, number, first = one
    standing = yield from lock(mailbox)
    there = yield Statement(
        "SELECT first FROM checkpoints WHERE mailbox = $1 AND number = $2", (mailbox, number)
    )
    if [tuple(row) for row in there] != [(first,)] or standing.first_kept >= first:
        return 0, True  # begun anew, or another process came first
    upto = min(first, standing.first_kept + _ENTRIES_AT_ONCE)
    span = "mailbox = $1 AND cursor >= $2 AND cursor < $3 AND blob IS NOT NULL"
    values = (mailbox, standing.first_kept, upto)
    rows: Sequence[Row] = yield Statement(
        f"SELECT count(*), coalesce(sum(length(blob)), 0) FROM entries WHERE {span}", values
    )
    count, freed = rows[0]
    yield Statement(f"UPDATE entries SET blob = NULL WHERE {span}", values)
    yield Statement(
        "UPDATE mailboxes SET first_kept = $2, bytes_used = $3 WHERE mailbox = $1",
        (mailbox, upto, standing.bytes_used - int(freed)),
    )
    if upto == first:
        sql = "DELETE FROM checkpoints WHERE mailbox = $1 AND number < $2"
        yield Statement(sql, (mailbox, number))
    return int(count), upto == first
