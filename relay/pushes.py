"""Blobs on their way to the disk: those of all connections together, many to a commit.

While one batch is being committed the next one gathers, so a lone push waits for nobody and a crowd
shares the cost of the disk. Blobs of one mailbox go one after the other, in the order in which they
were taken. What waits is bounded; beyond that a push is refused before it costs anything.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from relay.facts import HASH_BYTES
from relay.store import Append, Appended, Store, StoreError

BATCH_MAX: Final = 256
BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""A commit takes some tens of milliseconds at most, so a push waits for little else."""


class Stored(NamedTuple):
    """A blob that is on disk."""

    append: Append
    appended: Appended
    origin: object
    """Who pushed it, as `add` was told."""


class Waiting(NamedTuple):
    """A blob that is not."""

    append: Append
    origin: object
    future: "asyncio.Future[Appended]"


log = logging.getLogger("mkutano.relay")


class Pushes:
    """The queue before the store.

    `stored` is told what is on disk, in the order of the log. `run` carries blobs there until
    `close`.
    """

    def __init__(
        self,
        store: Store,
        stored: Callable[[Sequence[Stored]], None],
        now_ms: Callable[[], int],
        *,
        bytes_max: int,
        lanes: int = 1,
    ) -> None:
        self._store = store
        self._stored = stored
        self._now_ms = now_ms
        self._bytes_max = bytes_max
        self._lanes = [_Lane() for _ in range(lanes)]
        self._closing = False
        self.bytes_waiting = 0
        """Of blobs that are not on disk yet."""
        self.batches: Callable[[int], None] = lambda _count: None
        """Told how many blobs each commit has."""

    @property
    def is_open(self) -> bool:
        """Whether blobs are taken."""
        return not self._closing

    def add(self, append: Append, origin: object = None) -> "asyncio.Future[Appended]":
        """Take a blob from somebody; the future is done when it is on disk, or has the StoreError.

        StoreError("too_busy") when as much waits already as may.
        """
        size = len(append.blob)
        if self._closing or self.bytes_waiting + size > self._bytes_max:
            raise StoreError("too_busy", "too many blobs wait for the relay's disk")
        self.bytes_waiting += size
        future = asyncio.get_running_loop().create_future()
        lane = self._lanes[append.mailbox[HASH_BYTES - 1] % len(self._lanes)]
        lane.queue.append(Waiting(append, origin, future))
        lane.wake.set()
        return future

    async def run(self) -> None:
        """Carry blobs to the disk until `close` was called and nothing waits."""
        await asyncio.gather(*(self._run(lane) for lane in self._lanes))

    def close(self) -> None:
        """Take no more; `run` returns once what was taken is on disk."""
        self._closing = True
        for lane in self._lanes:
            lane.wake.set()

    async def _run(self, lane: "_Lane") -> None:
        while True:
            batch = lane.next_batch()
            if batch:
                await self._commit(batch)
            elif self._closing:
                return
            else:
                lane.wake.clear()
                await lane.wake.wait()

    async def _commit(self, batch: list[Waiting]) -> None:
        outcomes: Sequence[Appended | StoreError]
        try:
            outcomes = await self._store.append([one.append for one in batch], self._now_ms())
        except StoreError as error:
            outcomes = [error] * len(batch)
        except Exception:
            log.exception("fault while blobs were stored")
            outcomes = [StoreError("unavailable", "the relay failed to store this")] * len(batch)
        self.bytes_waiting -= sum(len(one.append.blob) for one in batch)
        self.batches(len(batch))
        self._spread(batch, outcomes)

    def _spread(self, batch: list[Waiting], outcomes: Sequence[Appended | StoreError]) -> None:
        """Receipts after the commit, and news to those who listen."""
        stored = []
        for one, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, StoreError):
                if not one.future.done():
                    one.future.set_exception(outcome)
                continue
            stored.append(Stored(one.append, outcome, one.origin))
            if not one.future.done():
                one.future.set_result(outcome)
        try:
            self._stored(stored)
        except Exception:
            log.exception("fault while news were spread")


class _Lane:
    """Blobs of some mailboxes, in the order in which they came."""

    def __init__(self) -> None:
        self.queue: deque[Waiting] = deque()
        self.wake = asyncio.Event()

    def next_batch(self) -> list[Waiting]:
        """The oldest blobs that fit into one commit."""
        batch: list[Waiting] = []
        size = 0
        while self.queue and len(batch) < BATCH_MAX:
            size += len(self.queue[0].append.blob)
            if batch and size > BATCH_BYTES_MAX:
                break
            batch.append(self.queue.popleft())
        return batch
