"""What waits to be sent to one connection, bounded whatever it does.

Replies always wait their turn: a connection asks for nothing more before they went. News that find
no room are dropped, and for each mailbox one short word is kept that says where its log stands, so
that a slow reader learns what it can pull once it reads again.
"""

import asyncio
from collections import deque


class Budget:
    """Bytes that wait to be sent, of all connections together."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0

    @property
    def is_spent(self) -> bool:
        """Whether no more should be made to wait."""
        return self.bytes >= self.bytes_max


class Outbox:
    """A queue of encoded messages for one sender."""

    def __init__(self, bytes_max: int, budget: Budget) -> None:
        self._bytes_max = bytes_max
        self._budget = budget
        self._queue: deque[bytes] = deque()
        self._short: dict[bytes, bytes] = {}
        self._wake = asyncio.Event()
        self._taken = asyncio.Event()
        self._closed = False
        self.bytes = 0
        """That wait."""
        self.dropped = 0
        """News that were shortened."""

    @property
    def is_empty(self) -> bool:
        """Whether all was taken."""
        return not self._queue and not self._short

    def put(self, data: bytes) -> None:
        """Something that must be sent."""
        if self._closed:
            return
        self._queue.append(data)
        self._count(len(data))

    def hear(self, mailbox: bytes, news: bytes, short: bytes) -> None:
        """News of a mailbox, and the same in short."""
        if self._closed:
            return
        full = self.bytes + len(news) > self._bytes_max or self._budget.is_spent
        if not full and mailbox not in self._short:
            self.put(news)
            return
        before = self._short.get(mailbox, b"")
        self._short[mailbox] = short
        self.dropped += 1
        self._count(len(short) - len(before))

    async def next(self) -> bytes:
        """The next message; waits for one. What waits in short comes when all else went."""
        while self.is_empty:
            self._wake.clear()
            await self._wake.wait()
        queue, short = self._queue, self._short
        data = queue.popleft() if queue else short.pop(next(iter(short)))
        self._count(-len(data))
        return data

    async def room(self) -> None:
        """Wait until less waits than may."""
        while self.bytes > self._bytes_max:
            await self._fewer()

    async def emptied(self) -> None:
        """Wait until all was taken."""
        while not self.is_empty:
            await self._fewer()

    def close(self) -> None:
        """Forget what waits and take nothing more."""
        self._closed = True
        self._queue.clear()
        self._short.clear()
        self._count(-self.bytes)

    async def _fewer(self) -> None:
        self._taken.clear()
        await self._taken.wait()

    def _count(self, change: int) -> None:
        """Every message to every connection comes through here twice, so it is kept short."""
        self.bytes += change
        self._budget.bytes += change
        event = self._wake if change > 0 else self._taken
        if not event.is_set():
            event.set()
