"""Who may use a mailbox, and under what it is found.

Rule: as in relay/statements.py. Every list that was ever in force stays; tags follow the newest.
Only making and amending a mailbox touches the tags, whose rows may live on other shards.
"""

from collections.abc import Sequence

from relay.facts import SignedAccess, chain_start
from relay.log_entries import drop_slots
from relay.rows import decode_signed_access, encode_signed_access, log_id_of
from relay.standing import STANDING, lock, newest_renewal
from relay.statements import PAGE, TERMS, Statement, Steps, last_that_fits
from relay.store import StoreError


def create(
    mailbox: bytes, founder: bytes, chain: Sequence[SignedAccess], now_ms: int
) -> Steps[None]:
    """See Store.create."""
    number, salt = yield from newest_renewal()
    log_id = log_id_of(salt, mailbox)
    newest = chain[-1].access
    rows = yield Statement(
        f"INSERT INTO mailboxes ({STANDING}, renewal) "
        "VALUES ($1, $2, $3, $4, $5, 0, $6, 0, 0, 1, $7) "
        "ON CONFLICT (mailbox) DO NOTHING RETURNING mailbox",
        (
            *(mailbox, founder, newest.kind, log_id, newest.number),
            *(chain_start(mailbox, log_id), number),
        ),
    )
    if not rows:
        raise StoreError("exists", "there is such a mailbox already")
    yield from _add_lists(mailbox, chain, now_ms)
    yield from _retag(mailbox, (), newest.tags, now_ms)


def amend(mailbox: bytes, chain: Sequence[SignedAccess], now_ms: int) -> Steps[None]:
    """See Store.amend."""
    standing = yield from lock(mailbox)
    numbers = [signed.access.number for signed in chain]
    wanted = range(standing.access_number + 1, standing.access_number + 1 + len(chain))
    if not numbers or numbers != list(wanted):
        raise StoreError("stale_access", "another access list came first")
    rows = yield Statement(
        "SELECT content FROM access_lists WHERE mailbox = $1 AND number = $2",
        (mailbox, standing.access_number),
    )
    before, newest = decode_signed_access(rows[0][0]).access, chain[-1].access
    yield from _add_lists(mailbox, chain, now_ms)
    yield from _retag(mailbox, before.tags, newest.tags, now_ms)
    freed = 0
    if standing.kind == "box":
        writers = {key for officer in newest.writers for key in officer}
        freed = yield from drop_slots(mailbox, writers)
    yield Statement("DELETE FROM pending WHERE mailbox = $1", (mailbox,))
    yield Statement(
        "UPDATE mailboxes SET access_number = $2, bytes_used = $3 WHERE mailbox = $1",
        (mailbox, newest.number, standing.bytes_used - freed),
    )


def _add_lists(mailbox: bytes, chain: Sequence[SignedAccess], now_ms: int) -> Steps[None]:
    yield Statement(
        "INSERT INTO access_lists (mailbox, number, content, time_ms) VALUES ($1, $2, $3, $4)",
        [(mailbox, one.access.number, encode_signed_access(one), now_ms) for one in chain],
        many=True,
    )


def _retag(
    mailbox: bytes, before: Sequence[bytes], after: Sequence[bytes], now_ms: int
) -> Steps[None]:
    """Only what changed: a tag that stays keeps its age."""
    gone = [(tag, mailbox) for tag in before if tag not in set(after)]
    new = [(tag, mailbox, now_ms) for tag in after if tag not in set(before)]
    if gone:
        yield Statement("DELETE FROM tags WHERE tag = $1 AND mailbox = $2", gone, many=True)
    if new:
        sql = "INSERT INTO tags (tag, mailbox, time_ms) VALUES ($1, $2, $3)"
        yield Statement(sql, new, many=True)


def access_from(mailbox: bytes, number: int, bytes_max: int) -> Steps[tuple[SignedAccess, ...]]:
    """See Store.access_from."""
    rows = yield Statement(
        "SELECT number, length(content) FROM access_lists WHERE mailbox = $1 AND number >= $2 "
        "ORDER BY number LIMIT $3",
        (mailbox, number, PAGE),
    )
    if not rows:
        return ()
    rows = yield Statement(
        "SELECT content FROM access_lists WHERE mailbox = $1 AND number >= $2 AND number <= $3 "
        "ORDER BY number",
        (mailbox, number, last_that_fits(rows, bytes_max)),
    )
    return tuple(decode_signed_access(content) for (content,) in rows)


def find(tags: Sequence[bytes], each_max: int) -> Steps[tuple[tuple[bytes, bytes], ...]]:
    """See Store.find."""
    found: list[tuple[bytes, bytes]] = []
    wanted = sorted(set(tags))
    for start in range(0, len(wanted), TERMS):
        some = wanted[start : start + TERMS]
        sql = " UNION ALL ".join(
            "SELECT tag, mailbox FROM (SELECT tag, mailbox FROM tags "
            f"WHERE tag = ${place} ORDER BY time_ms, mailbox LIMIT $1) AS of_{place}"
            for place in range(2, 2 + len(some))
        )
        rows = yield Statement(sql, (each_max, *some))
        found.extend((tag, mailbox) for tag, mailbox in rows)
    return tuple(sorted(found))
