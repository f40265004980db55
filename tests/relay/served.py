"""A relay that listens in this process, and the first things that devices say to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.config import Config
from relay.protocol import (
    Done,
    Opened,
    Receipt,
)
from relay.server import Relay, start_relay
from tests.relay.devices import Caller, Device, People, founds, people
from tests.relay.memory_store import MemoryStore

WHO = people()
BOX = WHO.mailbox
Running = Callable[..., AbstractAsyncContextManager[Relay]]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setattr("relay.upkeep.TICK_S", 0.02)

    @asynccontextmanager
    async def run(store: MemoryStore | None = None, **settings: Any) -> AsyncIterator[Relay]:
        base = Config(port=0, admin_port=0, state=str(tmp_path / "state"))
        config = msgspec.structs.replace(base, **settings)
        relay = await start_relay(config, store or MemoryStore())
        try:
            yield relay
        finally:
            await relay.close()

    return run


async def founded(caller: Caller, who: People = WHO) -> None:
    assert await caller.ask(founds(who.founder, who.access())) == Done(0)


async def opened(caller: Caller, device: Device, live: bool = True) -> Opened:
    answer = await caller.ask(device.opens(caller.hello, BOX, live))
    assert isinstance(answer, Opened), answer
    return answer


async def pushed(caller: Caller, device: Device, blob: bytes) -> Receipt:
    answer = await caller.ask(device.pushes(BOX, blob))
    assert isinstance(answer, Receipt), answer
    return answer


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes by itself; the test's own deadline is the net."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
