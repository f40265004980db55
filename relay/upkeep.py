"""The work behind the connections: blobs to the disk, news from other processes, retention, counts.

Each piece of work survives what goes wrong in it: it is noted once, and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from relay.clock import monotonic_ms, now_ms
from relay.config import Config
from relay.desk import Desk
from relay.logs import LOG
from relay.metrics import Metrics
from relay.store import Store, StoreError
from relay.supervisor import notify, watchdog_s

TICK_S: Final = 1.0
_USAGE_S: Final = 600.0  # it reads a row of every mailbox
_AGAIN_S: Final = 1.0
_SWEEP_MAX: Final = 256
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Upkeep:
    """Tasks of one relay process, from `start` to `close`."""

    def __init__(
        self,
        desk: Desk,
        store: Store,
        config: Config,
        metrics: Metrics,
        cut_overdue: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._store = store
        self._config = config
        self._metrics = metrics
        self._cut_overdue = cut_overdue
        self.mailboxes = 0
        """In the store, when last counted, and those made since."""
        self.stored_bytes = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._hints: set[asyncio.Task[None]] = set()
        self._pushing: asyncio.Task[None] | None = None
        self._ill: set[str] = set()
        self._ticked_ms = monotonic_ms()

    async def start(self) -> None:
        """Count what is stored and begin."""
        await self._count()
        self._pushing = asyncio.create_task(self._desk.pushes.run())
        works: list[tuple[str, Callable[[], Awaitable[None]], float]] = [
            ("watching connections", self._tick, TICK_S),
            ("counting", self._count, _USAGE_S),
            ("retention", self._sweep, self._config.sweep_s),
        ]
        if self._config.is_shared:
            works.append(("looking for news", self._desk.rooms.poll, self._config.poll_s))
        self._tasks = [self._begin(self._again(*work)) for work in works]
        self._tasks += [self._begin(self._desk.rooms.run()), self._begin(self._hear())]
        if watchdog_s():
            self._tasks.append(self._begin(self._again("watchdog", _alive, watchdog_s())))

    async def close(self) -> None:
        """Bring what was taken to the disk, then end everything."""
        self._desk.pushes.close()
        if self._pushing is not None:
            await self._pushing
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._hints, return_exceptions=True)

    def announce(self, mailboxes: list[bytes]) -> None:
        """Hint to other processes, without waiting for it."""
        if not self._config.is_shared:
            return
        task = self._begin(self._store.announce(mailboxes))
        self._hints.add(task)
        task.add_done_callback(self._hints.discard)

    @staticmethod
    def _begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    async def _again(self, name: str, work: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await work()
                self._well(name)
            except StoreError as error:
                self._note_ill(name, error)
            except Exception:
                LOG.exception("fault while %s", name)

    async def _hear(self) -> None:
        """Hints of other processes; an empty one means that some may have been missed."""
        while True:
            try:
                async for mailboxes in self._store.news():
                    if mailboxes:
                        self._desk.rooms.look(mailboxes)
                    else:
                        await self._desk.rooms.poll()
                return  # the store was closed
            except StoreError as error:
                self._note_ill("hearing from other processes", error)
            except Exception:
                LOG.exception("fault while hearing from other processes")
            await asyncio.sleep(_AGAIN_S)

    async def _tick(self) -> None:
        now_ms = monotonic_ms()
        late_ms = now_ms - self._ticked_ms - TICK_S * 1000
        self._metrics.loop_lag_seconds.set(max(0.0, late_ms / 1000))
        self._ticked_ms = now_ms
        self._cut_overdue()

    async def _count(self) -> None:
        began_ms = monotonic_ms()
        self.mailboxes, self.stored_bytes = await self._store.usage()
        LOG.debug("counted the mailboxes", extra={"ms": monotonic_ms() - began_ms})

    async def _sweep(self) -> None:
        before_ms = now_ms() - self._config.retention_days * _DAY_MS
        let_go = 1
        while let_go:
            let_go = await self._store.sweep(before_ms, _SWEEP_MAX)
            if let_go:
                self._metrics.swept.inc(let_go)
                LOG.info("let go of blobs behind checkpoints", extra={"count": let_go})

    def _note_ill(self, name: str, error: StoreError) -> None:
        if name not in self._ill:
            self._ill.add(name)
            LOG.warning("the database fails while %s", name, extra={"code": error.code})

    def _well(self, name: str) -> None:
        if name in self._ill:
            self._ill.discard(name)
            LOG.info("the database is back while %s", name)


async def _alive() -> None:
    notify("WATCHDOG=1")
