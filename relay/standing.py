"""Where mailboxes stand, and how all logs are begun anew after an old backup was restored.

Rule: as in relay/statements.py. A renewal is one row; each log's chains are counted again, under
its new id, by the first request that touches it.
"""

from collections.abc import Sequence
from typing import Final

from relay.facts import Entry, chain_next, chain_start
from relay.rows import Standing, decode_signed_access, log_id_of
from relay.statements import PAGE, Statement, Steps, places, portions
from relay.store import Look, Mailbox, StoreError

STANDING: Final = (
    "mailbox, founder, kind, log_id, access_number, cursor, chain, time_ms, bytes_used, first_kept"
)
"""Columns of a `Standing`."""
NEWEST_RENEWAL: Final = "(SELECT max(number) FROM renewals)"


class OldLog(StoreError):
    """The mailbox's log was begun anew since it was last counted: `begin_anew`, then ask again."""

    def __init__(self, mailbox: bytes) -> None:
        super().__init__("unavailable", "the log is begun anew")
        self.mailbox = mailbox


def read_mailbox(mailbox: bytes) -> Steps[Mailbox | None]:
    """See Store.mailbox. OldLog."""
    columns = ", ".join(f"m.{name}" for name in STANDING.split(", "))
    rows = yield Statement(
        f"SELECT {columns}, m.renewal, {NEWEST_RENEWAL}, a.content FROM mailboxes AS m "
        "JOIN access_lists AS a ON a.mailbox = m.mailbox AND a.number = m.access_number "
        "WHERE m.mailbox = $1",
        (mailbox,),
    )
    if not rows:
        return None
    *columns_read, renewal, newest, content = rows[0]
    if renewal != newest:
        raise OldLog(mailbox)
    now = Standing(*columns_read)
    return Mailbox(
        mailbox,
        now.founder,
        now.log_id,
        decode_signed_access(content).access,
        now.cursor,
        now.chain,
        now.time_ms,
        now.bytes_used,
        now.first_kept,
    )


def lock_if_there(mailbox: bytes) -> Steps[Standing | None]:
    """Lock a mailbox's row until the transaction ends, and bring its log up to date."""
    rows = yield Statement(
        f"SELECT {STANDING}, renewal, {NEWEST_RENEWAL} FROM mailboxes "
        "WHERE mailbox = $1 FOR UPDATE",
        (mailbox,),
    )
    if not rows:
        return None
    *columns, renewal, newest = rows[0]
    standing = Standing(*columns)
    if renewal == newest:
        return standing
    return (yield from _counted_anew(standing))


def lock(mailbox: bytes) -> Steps[Standing]:
    """The same; StoreError("unknown_mailbox")."""
    standing = yield from lock_if_there(mailbox)
    if standing is None:
        raise StoreError("unknown_mailbox", "there is no such mailbox")
    return standing


def begin_anew(mailbox: bytes) -> Steps[None]:
    """Count the chains of a log that a renewal began anew; nothing when that was done."""
    yield from lock(mailbox)


def _counted_anew(standing: Standing) -> Steps[Standing]:
    """New log id and chains; checkpoints spoke of the old log."""
    mailbox = standing.mailbox
    number, salt = yield from newest_renewal()
    log_id = log_id_of(salt, mailbox)
    chain, cursor = chain_start(mailbox, log_id), 0
    while cursor < standing.cursor:
        rows = yield Statement(
            "SELECT cursor, writer, time_ms, blob_hash FROM entries "
            "WHERE mailbox = $1 AND cursor > $2 ORDER BY cursor LIMIT $3",
            (mailbox, cursor, PAGE),
        )
        if not rows:
            raise StoreError("unavailable", "entries are missing in the database")
        chains = []
        for cursor, writer, time_ms, blob_hash in rows:
            chain = chain_next(chain, Entry(cursor, writer, time_ms, blob_hash, b"", None))
            chains.append((mailbox, cursor, chain))
        sql = "UPDATE entries SET chain = $3 WHERE mailbox = $1 AND cursor = $2"
        yield Statement(sql, chains, many=True)
    yield Statement(
        "UPDATE mailboxes SET renewal = $2, log_id = $3, chain = $4 WHERE mailbox = $1",
        (mailbox, number, log_id, chain),
    )
    yield Statement("DELETE FROM checkpoints WHERE mailbox = $1", (mailbox,))
    yield Statement("DELETE FROM pending WHERE mailbox = $1 AND kind = 'checkpoint'", (mailbox,))
    return standing._replace(log_id=log_id, chain=chain)


def newest_renewal() -> Steps[tuple[int, bytes]]:
    """Its number and salt."""
    rows = yield Statement("SELECT number, salt FROM renewals ORDER BY number DESC LIMIT 1")
    if not rows:
        raise StoreError("unavailable", "the database was never begun: restart the relay")
    number, salt = rows[0]
    return number, salt


def first_salt(salt: bytes) -> Steps[None]:
    """Of a new database; another process may have come first."""
    yield Statement(
        "INSERT INTO renewals (number, salt) VALUES (1, $1) ON CONFLICT (number) DO NOTHING",
        (salt,),
    )


def renew(salt: bytes) -> Steps[None]:
    """See Store.renew."""
    number, _ = yield from newest_renewal()
    yield Statement("INSERT INTO renewals (number, salt) VALUES ($1, $2)", (number + 1, salt))


def heads(mailboxes: Sequence[bytes]) -> Steps[dict[bytes, Look]]:
    """See Store.heads."""
    found = {}
    for some in portions(mailboxes):
        rows = yield Statement(
            "SELECT mailbox, cursor, access_number FROM mailboxes "
            f"WHERE mailbox IN ({places(some, 1)})",
            some,
        )
        found.update({mailbox: Look(cursor, number) for mailbox, cursor, number in rows})
    return found


def usage() -> Steps[tuple[int, int]]:
    """See Store.usage."""
    rows = yield Statement("SELECT count(*), coalesce(sum(bytes_used), 0) FROM mailboxes")
    count, total = rows[0]
    return int(count), int(total)
