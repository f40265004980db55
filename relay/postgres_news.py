"""What relay processes on one PostgreSQL tell each other: look at these mailboxes.

Rule: only a hint. It is sent after the commit, many mailboxes at once, over a connection of its
own, because notifying inside a transaction makes all commits of the database wait for each other.
What gets lost, or does not exist in an engine, is found by looking at the table now and then; after
a connection was lost an empty batch says so. Bounded: too many hints become "look at all".
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import asyncpg

CHANNEL: Final = "mkutano_relay"
_ID_CHARS: Final = 64
_IDS_A_PAYLOAD: Final = 120
"""A payload has fewer than 8,000 bytes."""
_WAITING_MAX: Final = 65_536
_SPACING_S: Final = 0.01
_HEARTBEAT_S: Final = 30
_RETRY_S: Final = (1, 2, 5, 10, 30)
_SEND: Final = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
_FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class PostgresNews:
    """Sends and hears hints from when it is made until it is closed."""

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._outgoing: dict[bytes, None] = {}
        self._incoming: dict[bytes, None] = {}
        self._missed = False
        self._to_send = asyncio.Event()
        self._to_tell = asyncio.Event()
        self._closed = False
        self._own = 0
        """Process id of the server's end, by which what we sent ourselves is told apart."""
        self._failed = 0
        """How often the connection was lost or refused, one after another."""
        self._task = asyncio.create_task(self._stay_connected())

    async def close(self) -> None:
        """Hang up; whoever listens to `heard` comes to its end."""
        self._closed = True
        self._to_tell.set()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def announce(self, mailboxes: Iterable[bytes]) -> None:
        """Tell the other processes, soon."""
        for mailbox in mailboxes:
            if len(self._outgoing) < _WAITING_MAX:
                self._outgoing[mailbox] = None
        self._to_send.set()

    async def heard(self) -> AsyncIterator[tuple[bytes, ...]]:
        """Mailboxes that other processes announced; an empty batch: some may have been missed."""
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            if self._closed:
                self._to_tell.set()
                return
            batch, missed = tuple(self._incoming), self._missed
            self._incoming, self._missed = {}, False
            if missed:
                yield ()
            elif batch:
                yield batch

    async def _stay_connected(self) -> None:
        while True:
            try:
                connection = await self._connect()
                try:
                    await self._talk(connection)
                finally:
                    connection.terminate()
            except _FAULTS:
                pass  # also where the engine knows no LISTEN: looking at the table goes on
            self._failed = min(self._failed + 1, len(_RETRY_S))
            await asyncio.sleep(_RETRY_S[self._failed - 1])

    async def _talk(self, connection: Any) -> None:
        """Listen, and send what is to be sent, until the connection is lost."""
        connection.add_termination_listener(lambda _connection: self._to_send.set())
        self._own = connection.get_server_pid()
        await connection.add_listener(CHANNEL, self._hear)
        self._failed = 0
        self._miss()
        while not connection.is_closed():
            try:
                async with asyncio.timeout(_HEARTBEAT_S):
                    await self._to_send.wait()
            except TimeoutError:
                await connection.execute("SELECT 1")
                continue
            self._to_send.clear()
            waiting = tuple(self._outgoing)
            self._outgoing = {}
            if waiting:
                await connection.execute(_SEND, CHANNEL, list(_payloads(waiting)))
                await asyncio.sleep(_SPACING_S)  # what comes meanwhile goes out together

    def _hear(self, _connection: Any, process: int, _channel: str, payload: object) -> None:
        if process == self._own:
            return
        mailboxes = _mailboxes(str(payload))
        if len(self._incoming) + len(mailboxes) > _WAITING_MAX:
            self._incoming = {}
            self._miss()
        self._incoming.update(dict.fromkeys(mailboxes))
        self._to_tell.set()

    def _miss(self) -> None:
        self._missed = True
        self._to_tell.set()


def _payloads(mailboxes: Sequence[bytes]) -> Iterator[str]:
    for start in range(0, len(mailboxes), _IDS_A_PAYLOAD):
        yield "".join(one.hex() for one in mailboxes[start : start + _IDS_A_PAYLOAD])


def _mailboxes(payload: str) -> tuple[bytes, ...]:
    """The ids in a payload; none when it is no such thing, for others may use the channel."""
    if len(payload) % _ID_CHARS:
        return ()
    try:
        joined = bytes.fromhex(payload)
    except ValueError:
        return ()
    return tuple(joined[start : start + 32] for start in range(0, len(joined), 32))
