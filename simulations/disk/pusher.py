"""A relay's store in a process that pushes without end, and says what is stored, until it dies.

    python -m simulations.disk.pusher FOLDER

A line is an acknowledgement, written after the push had returned: nanoseconds of CLOCK_MONOTONIC,
the mailbox's number among NAMES, its cursor, and the chain there.
"""

import asyncio
import sys
import time
from itertools import count
from pathlib import Path

from relay.sqlite_store import SqliteStore, open_sqlite
from relay.store import StoreError
from simulations.disk.mailboxes import NAMES, SALT, create, key, push


async def push_without_end(store: SqliteStore, begin: int) -> None:
    """Into every mailbox in turn."""
    for n in count(begin):
        place = n % len(NAMES)
        await push(store, NAMES[place], [f"{n} {part}" for part in range(1 + n % 3)])
        at_ns = time.monotonic_ns()
        now = await store.mailbox(key(NAMES[place]))
        if now is None:
            raise SystemExit("a mailbox is gone")
        sys.stdout.write(f"{at_ns} {place} {now.cursor} {now.chain.hex()}\n")
        sys.stdout.flush()


async def main(folder: Path) -> None:
    """Make the mailboxes where there are none, and push."""
    store = await open_sqlite(folder / "relay.sqlite", SALT)
    begin = 0
    try:
        for name in NAMES:
            now = await store.mailbox(key(name))
            begin += 1_000_000 + (0 if now is None else now.cursor)
        if begin == len(NAMES) * 1_000_000:
            await create(store)
        await push_without_end(store, begin)
    except StoreError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
