"""Several questions in a row to one device that stays open between them, for commands.

Pairing needs it: while a person reads the screen, the other phone waits at the wire. A home that is
free is opened here, with its links on a thread of their own, so that a person's thinking stops no
heartbeat and Ctrl-C works; one that `mkutano run` holds is asked over its local API, and that
process keeps the wire.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from node.asking import as_json, over_api
from node.device import Device, open_device
from node.errors import HomeBusy
from node.exchanges import EXCHANGES
from node.home import Running, running
from node.running import Options, findable, listening

T = TypeVar("T")


class Conversation:
    """A device that is asked more than once; made by `begin`, and over with its context."""

    def __init__(self, home: Path, reach: Options | None = None) -> None:
        """With `reach`, other phones can call and find this one while it lasts."""
        self._home = home
        self._reach = reach
        self._holder: Running | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._device: Device | None = None
        self._stack = contextlib.AsyncExitStack()

    @staticmethod
    def begin(home: Path, reach: Options | None = None) -> "Conversation":
        """Open the home, or find who holds it. Raises what `Node.open` raises, and OSError."""
        talk = Conversation(home, reach)
        talk._thread.start()
        try:
            talk._find()
        except BaseException:
            talk._stop()
            raise
        return talk

    def _find(self) -> None:
        try:
            self._device = self._run(self._open())
        except HomeBusy:
            self._holder = running(self._home)
            if self._holder is None:
                raise

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._device is not None:
                self._run(self._stack.aclose())
        finally:
            self._stop()

    def ask(self, name: str, request: msgspec.Struct) -> dict[str, Any]:
        """The answer to an exchange as JSON values. NodeError with what is wrong."""
        if self._holder is not None:
            return over_api(self._holder, name, request)
        if self._device is None:
            raise AssertionError("a conversation that began has a device or its holder")
        return self._run(_asked(self._device, name, request))

    async def _open(self) -> Device:
        async with contextlib.AsyncExitStack() as opening:
            device = await opening.enter_async_context(open_device(self._home))
            if self._reach is not None:
                await opening.enter_async_context(listening(device, self._reach))
                await opening.enter_async_context(findable(device, self._reach, _unsaid))
            self._stack = opening.pop_all()
        return device

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the links' thread do something; Ctrl-C leaves it."""
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return done.result()
        except BaseException:
            done.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _asked(device: Device, name: str, request: msgspec.Struct) -> dict[str, Any]:
    return as_json(await EXCHANGES[name].run(device, request))


def _unsaid(line: str) -> None:
    """What `mkutano run` would tell; a command that asks questions has the screen."""
