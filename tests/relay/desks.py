"""A desk over a naive store, and what is asked of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay.config import Config
from relay.desk import Desk
from relay.facts import (
    Checkpoint,
    Entry,
    ProtocolError,
)
from relay.protocol import (
    Done,
    Entries,
    Message,
    Opened,
    Pull,
    Receipt,
)
from relay.store import StoreError
from tests.relay.devices import (
    Device,
    Heard,
    desk_over,
    founds,
    people,
)
from tests.relay.memory_store import MemoryStore

WHO = people()
BOX = WHO.mailbox


@asynccontextmanager
async def serving(store: MemoryStore, config: Config | None = None) -> AsyncIterator[Desk]:
    desk = desk_over(store, config)
    tasks = [asyncio.create_task(desk.pushes.run()), asyncio.create_task(desk.rooms.run())]
    try:
        yield desk
    finally:
        desk.pushes.close()
        await tasks[0]
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def desk(store: MemoryStore) -> AsyncIterator[Desk]:
    async with serving(store) as desk:
        await founded(desk)
        yield desk


async def founded(desk: Desk) -> None:
    await done(desk, Heard(desk), founds(WHO.founder, WHO.access()))


async def ask(desk: Desk, who: Heard, message: Message) -> Message:
    answer = await desk.answer(who.visit, message)
    return answer if isinstance(answer, tuple) else await answer


async def done(desk: Desk, who: Heard, message: Message) -> int:
    answer = await ask(desk, who, message)
    assert isinstance(answer, Done)
    return answer.waiting


async def refusal(desk: Desk, who: Heard, message: Message) -> str:
    try:
        answer = await ask(desk, who, message)
    except (ProtocolError, StoreError) as error:
        return error.code
    pytest.fail(f"{message} was answered with {answer}")


async def opened(desk: Desk, device: Device, live: bool = True) -> Heard:
    who = Heard(desk)
    answer = await ask(desk, who, device.opens(who.hello, BOX, live))
    assert isinstance(answer, Opened)
    return who


async def entries(desk: Desk, who: Heard, after: int = 0) -> tuple[Entry, ...]:
    answer = await ask(desk, who, Pull(BOX, after, 500_000))
    assert isinstance(answer, Entries)
    return answer.entries


async def the_checkpoint(desk: Desk) -> Checkpoint:
    """Somebody's blobs are there, and a true word about them."""
    who = await opened(desk, WHO.chair)
    receipt = await ask(desk, who, WHO.chair.pushes(BOX, b"first"))
    desk.leave(who.visit)
    assert isinstance(receipt, Receipt)
    head = receipt.head.head
    return Checkpoint(head.log_id, 1, 1, head.chain)
