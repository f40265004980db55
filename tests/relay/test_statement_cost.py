"""What a request costs does not grow with the number of mailboxes: no statement reads a whole table
but those that are known to."""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection

import pytest

from relay import sqlite_store
from relay.facts import Checkpoint
from relay.rows import Row
from relay.sqlite_store import open_sqlite
from relay.statements import Statement
from relay.store import Appended, Proposal, Store
from tests.relay.conftest import SALT
from tests.relay.stored import FOUNDER, ROOMY, SECRETARY, TREASURER, access, key, push, signature

SCANNING = {
    "SCAN mailboxes",  # how much there is: asked now and then
    "SCAN p USING INDEX sqlite_autoindex_checkpoints_1",  # what may go: asked now and then
    "SCAN renewals",  # a handful of rows
}


async def ask_everything(store: Store) -> None:
    log, box = key("log"), key("box")
    await store.create(log, FOUNDER, [access(tags=(key("tag"),))], 1)
    await store.create(box, FOUNDER, [access(kind="box")], 1)
    ends = await store.append([push(log, f"{n}") for n in range(10)], 1)
    for text in ("slot", "newer slot"):
        await store.append([push(box, text), push(box, text)], 1)
    both = ((SECRETARY, signature("s")), (TREASURER, signature("t")))
    for end in ends[3::2]:
        assert isinstance(end, Appended)
        cursor = end.entry.cursor
        one = Checkpoint(end.log_id, cursor, cursor, end.chain)
        await store.keep_pending(log, Proposal(one, SECRETARY, signature("s")), 5, 1)
        await store.confirm_checkpoint(log, one, both, 1)
    await store.keep_pending(log, Proposal(access(2).access, SECRETARY, signature("s")), 5, 1)
    await store.pending(log)
    assert await store.sweep(5, 5) > 0
    await store.entries(log, 0, 10, 10)
    await store.find([key("tag"), key("other tag")], 3)
    await store.heads([log, box])
    await store.usage()
    await store.access_from(log, 1, ROOMY)
    await store.renew(key("another salt"))
    await store.mailbox(log)
    await store.amend(log, [access(2)], 1)
    await store.amend(box, [access(2, "box", (TREASURER,))], 1)


async def test_no_request_reads_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans: set[str] = set()
    asked: set[str] = set()
    ask = sqlite_store._rows

    def explained(connection: Connection, statement: Statement) -> Sequence[Row]:
        sql = sqlite_store._translated(statement.sql)
        values = statement.values[0] if statement.many else statement.values
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[arg-type]
        steps = {str(row[3]) for row in plan}
        scans.update(step for step in steps if step.startswith("SCAN ") and " of_" not in step)
        asked.add(sql)
        return ask(connection, statement)

    monkeypatch.setattr(sqlite_store, "_rows", explained)
    store = await open_sqlite(tmp_path / "relay.sqlite", SALT)
    await ask_everything(store)
    await store.close()
    assert scans == SCANNING
    assert len(asked) > 35
