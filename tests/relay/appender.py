"""A process that pushes without end and prints what was acknowledged, until it is killed.

python -m tests.relay.appender FILE-OR-URL
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from relay.postgres_store import open_postgres
from relay.sqlite_store import open_sqlite
from relay.store import Appended, Store
from tests.relay.conftest import SALT
from tests.relay.stored import FOUNDER, access, key, push

MAILBOXES = (key("one"), key("two"))
TASKS = 3


async def opened(place: str) -> Store:
    if place.startswith("postgresql:"):
        return await open_postgres(place, SALT, connections_max=TASKS)
    return await open_sqlite(Path(place), SALT)


async def push_without_end(store: Store, task: int) -> None:
    for n in count():
        texts = [f"{task} {n} {part}" for part in range(4)]
        mailbox = MAILBOXES[n % 2]
        for one in await store.append([push(mailbox, text, length=3000) for text in texts], n):
            assert isinstance(one, Appended)
            print(mailbox.hex(), one.entry.cursor, one.chain.hex(), flush=True)  # noqa: T201


async def main() -> None:
    store = await opened(sys.argv[1])
    for mailbox in MAILBOXES:
        await store.create(mailbox, FOUNDER, [access()], 1)
    await asyncio.gather(*(push_without_end(store, task) for task in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main())
