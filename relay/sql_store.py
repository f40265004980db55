"""The store over any SQL engine: which request runs as which transaction.

Rule: nothing here knows an engine. An engine runs a generator of statements in one transaction
(relay/statements.py) and turns its own errors into StoreError.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from relay import access_lists, checkpoints, log_entries, standing
from relay.facts import Checkpoint, Entry, SignedAccess
from relay.standing import OldLog
from relay.statements import Steps
from relay.store import Append, Appended, Look, Mailbox, Pending, Proposal, StoreError

T = TypeVar("T")
Make = Callable[[], Steps[T]]
"""Begins a request; again when its transaction was in vain."""
Pushes = tuple[bytes, Sequence[Append]]
"""A mailbox, and what is pushed into it."""
Results = list[Appended | StoreError]


class SqlStore(ABC):
    """Everything of relay.store.Store but what an engine has of its own."""

    @abstractmethod
    async def _read(self, make: Make[T]) -> T:
        """Run a request that only reads; what it reads may wait for nobody who writes."""

    @abstractmethod
    async def _write(self, make: Make[T]) -> T:
        """Run a request as one durable transaction."""

    @abstractmethod
    async def _append_each(self, pushes: Sequence[Pushes], now_ms: int) -> list[Results]:
        """Append to different mailboxes, durably, in as few commits as fits the engine; where the
        database fails, that is the result of each blob."""

    async def renew(self, salt: bytes) -> None:
        """See Store."""
        await self._write(partial(standing.renew, salt))

    async def mailbox(self, mailbox: bytes) -> Mailbox | None:
        """See Store."""
        return await self._read_of_log(partial(standing.read_mailbox, mailbox))

    async def create(
        self, mailbox: bytes, founder: bytes, chain: Sequence[SignedAccess], now_ms: int
    ) -> None:
        """See Store."""
        await self._write(partial(access_lists.create, mailbox, founder, tuple(chain), now_ms))

    async def amend(self, mailbox: bytes, chain: Sequence[SignedAccess], now_ms: int) -> None:
        """See Store."""
        await self._write(partial(access_lists.amend, mailbox, tuple(chain), now_ms))

    async def access_from(
        self, mailbox: bytes, number: int, bytes_max: int
    ) -> tuple[SignedAccess, ...]:
        """See Store."""
        return await self._read(partial(access_lists.access_from, mailbox, number, bytes_max))

    async def find(self, tags: Sequence[bytes], each_max: int) -> tuple[tuple[bytes, bytes], ...]:
        """See Store."""
        return await self._read(partial(access_lists.find, tuple(tags), each_max))

    async def append(self, appends: Sequence[Append], now_ms: int) -> list[Appended | StoreError]:
        """See Store."""
        places: dict[bytes, list[int]] = {}
        for place, one in enumerate(appends):
            places.setdefault(one.mailbox, []).append(place)
        pushes = [(mailbox, [appends[place] for place in mine]) for mailbox, mine in places.items()]
        results: dict[int, Appended | StoreError] = {}
        for mine, each in zip(
            places.values(), await self._append_each(pushes, now_ms), strict=True
        ):
            results.update(zip(mine, each, strict=True))
        return [results[place] for place in range(len(appends))]

    async def entries(
        self, mailbox: bytes, after: int, bytes_max: int, count_max: int
    ) -> tuple[Mailbox, tuple[Entry, ...]]:
        """See Store."""
        return await self._read_of_log(
            partial(log_entries.entries, mailbox, after, bytes_max, count_max)
        )

    async def pending(self, mailbox: bytes) -> Pending:
        """See Store."""
        return await self._read_of_log(partial(checkpoints.pending, mailbox))

    async def keep_pending(
        self, mailbox: bytes, proposal: Proposal, count_max: int, now_ms: int
    ) -> None:
        """See Store."""
        await self._write(partial(checkpoints.keep_pending, mailbox, proposal, count_max, now_ms))

    async def confirm_checkpoint(
        self,
        mailbox: bytes,
        checkpoint: Checkpoint,
        signatures: Sequence[tuple[bytes, bytes]],
        now_ms: int,
    ) -> None:
        """See Store."""
        await self._write(
            partial(checkpoints.confirm_checkpoint, mailbox, checkpoint, tuple(signatures), now_ms)
        )

    async def sweep(self, before_ms: int, count_max: int) -> int:
        """See Store; many short transactions, so that pushes don't wait."""
        total = 0
        for one in await self._read(partial(checkpoints.behind, before_ms, count_max)):
            done = False
            while not done:
                count, done = await self._write(partial(checkpoints.let_go_behind, one))
                total += count
        return total

    async def heads(self, mailboxes: Sequence[bytes]) -> dict[bytes, Look]:
        """See Store."""
        return await self._read(partial(standing.heads, tuple(mailboxes)))

    async def usage(self) -> tuple[int, int]:
        """See Store."""
        return await self._read(standing.usage)

    async def _read_of_log(self, make: Make[T]) -> T:
        """Read; when a renewal began the log anew, count it first."""
        try:
            return await self._read(make)
        except OldLog as old:
            await self._write(partial(standing.begin_anew, old.mailbox))
            return await self._read(make)
