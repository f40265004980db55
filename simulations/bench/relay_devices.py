"""Devices that are light on the machine that plays a thousand of them: real sockets and signatures.

They open mailboxes, sign what they push, and note when blobs of others reach them. What a phone
would check in what it receives (71 µs a signature, on its own processor) is left out, and the same
bytes that hundreds of them receive are decoded once, so that one process can be five hundred
phones. A blob begins with the moment at which it was due.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple, Protocol

import aiohttp
import cbor2

from relay.facts import (
    Access,
    Head,
    Kind,
    SignedAccess,
    SignedHead,
    access_message,
    blob_message,
    mailbox_id,
    open_message,
)
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    PULL_BYTES_MAX,
    Create,
    Done,
    Entries,
    Failed,
    Hello,
    Message,
    News,
    Open,
    Opened,
    Pull,
    Push,
    Receipt,
    decode,
    encode,
)
from replication.identity import DeviceKeys

BLOB_BYTES: Final = 489
"""An entry or two, sealed and padded (`relay_year.py`); mostly a phone gathers more."""
_STAMP_BYTES: Final = 8
_SALT_BYTES: Final = 8  # no two blobs of a mailbox are the same
_NO_HEAD: Final = SignedHead(Head(bytes(16), 0, bytes(32), 0), bytes(64))
_NEWS_HEAD: Final = encode(News(bytes(32), 0, (), _NO_HEAD))[1:3]
"""Kind and request, behind the head of the array."""
_KINDS: Final[tuple[Kind, ...]] = ("log", "box", "box", "log")


class Group(NamedTuple):
    """Devices that share mailboxes."""

    writers: tuple[DeviceKeys, ...]
    readers: tuple[DeviceKeys, ...]
    founders: tuple[DeviceKeys, ...]
    """A key for each mailbox; the first one is pushed into."""

    @property
    def mailboxes(self) -> tuple[bytes, ...]:
        """Their ids."""
        return tuple(mailbox_id(founder.public) for founder in self.founders)

    @property
    def members(self) -> tuple[DeviceKeys, ...]:
        """All its devices."""
        return self.writers + self.readers


def new_group(writers: int, readers: int, mailboxes: int) -> Group:
    """A group with new keys."""
    counts = (writers, readers, mailboxes)
    keys = [tuple(DeviceKeys(secrets.token_bytes(32)) for _ in range(count)) for count in counts]
    return Group(*keys)


def founding(group: Group, number: int) -> Create:
    """The message that makes one of a group's mailboxes; each writer is an officer."""
    founder = group.founders[number]
    writers = tuple(sorted((device.public,) for device in group.writers))
    readers = tuple(sorted(device.public for device in group.readers))
    needed = min(2, len(writers))
    access = Access(1, _KINDS[number], needed, writers, readers, (), ())
    signature = founder.sign(access_message(mailbox_id(founder.public), access))
    return Create(founder.public, (SignedAccess(access, ((founder.public, signature),)),))


class Tally:
    """When blobs reached the devices they were for."""

    def __init__(self) -> None:
        self.count = 0
        self._arrived: list[tuple[int, Sequence[int]]] = []
        self._enough = asyncio.Event()
        self._wanted = 0

    def arrived(self, dues_ns: Sequence[int], now_ns: int) -> None:
        """Blobs of somebody else are here, that were due at these moments."""
        self._arrived.append((now_ns, dues_ns))
        self.count += len(dues_ns)
        if self.count >= self._wanted:
            self._enough.set()

    async def wait(self, count: int, seconds: float) -> int:
        """Until so many arrived, or the time is over; how many are missing."""
        self._wanted = count
        self._enough.clear()
        if self.count < count:
            try:
                async with asyncio.timeout(seconds):
                    await self._enough.wait()
            except TimeoutError:
                return count - self.count
        return 0

    def take(self) -> list[float]:
        """Milliseconds after each was due, ascending; begins anew."""
        delays = sorted((now - due) / 1e6 for now, dues in self._arrived for due in dues)
        self._arrived, self.count = [], 0
        return delays


def stamped(due_ns: int, size: int) -> bytes:
    """A blob of so many bytes, unlike any other."""
    head = due_ns.to_bytes(_STAMP_BYTES, "big") + secrets.token_bytes(_SALT_BYTES)
    return head.ljust(size, b"\0")


def due_of(blob: bytes) -> int:
    """When a blob was due."""
    return int.from_bytes(blob[:_STAMP_BYTES], "big")


class Told(NamedTuple):
    """News as a light device reads them."""

    mailbox: bytes
    cursor: int
    """Of the head."""
    cursors: tuple[int, ...]
    writers: tuple[bytes, ...]
    dues_ns: tuple[int, ...]


@lru_cache(64)
def told_of(data: bytes) -> Told:
    """What News say; all who got the same bytes share the work."""
    _, _, mailbox, _, entries, signed = cbor2.loads(data)
    return Told(
        mailbox,
        signed[0][1],
        tuple(entry[0] for entry in entries),
        tuple(entry[1] for entry in entries),
        tuple(due_of(entry[5]) for entry in entries),
    )


class Device(Protocol):
    """Something that pushes, and hears what others push."""

    async def join(self, http: aiohttp.ClientSession, url: str) -> None:
        """Connect and open the group's mailboxes."""

    async def push(self, due_ns: int, size: int) -> None:
        """Give a blob to the others; done when it was acknowledged."""

    async def leave(self) -> None:
        """Hang up."""


class RelayDevice:
    """A device at a relay."""

    def __init__(self, keys: DeviceKeys, group: Group, tally: Tally) -> None:
        self._keys = keys
        self._group = group
        self._tally = tally
        self._log = group.mailboxes[0]
        self._is_writer = keys in group.writers
        self._request = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._had: set[int] = set()
        self._read_to = 0
        self._pulling: asyncio.Task[None] | None = None

    async def join(self, http: aiohttp.ClientSession, url: str) -> None:
        """See Device."""
        await self._connect(http, url)
        for mailbox in self._group.mailboxes:
            signature = self._keys.sign(
                open_message(self._hello.challenge, self._hello.relay, mailbox)
            )
            opened = await self._ask(Open(mailbox, self._keys.public, signature, True), Opened)
            if mailbox == self._log:
                self._read_to = opened.head.head.cursor

    async def found(self, http: aiohttp.ClientSession, url: str) -> None:
        """Make the group's mailboxes, over a connection of their own."""
        await self._connect(http, url)
        for number in range(len(self._group.founders)):
            await self._ask(founding(self._group, number), Done)
        await self.leave()

    async def push(self, due_ns: int, size: int) -> None:
        """See Device."""
        blob = stamped(due_ns, size)
        signature = self._keys.sign(blob_message(self._log, sha256(blob).digest()))
        receipt = await self._ask(Push(self._log, blob, signature), Receipt)
        if receipt.entry.cursor > self._read_to:
            self._reached(receipt.entry.cursor)

    async def leave(self) -> None:
        """See Device."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def _connect(self, http: aiohttp.ClientSession, url: str) -> None:
        self._socket = await http.ws_connect(url, compress=0, max_msg_size=MESSAGE_BYTES_MAX + 1)
        hello = decode((await self._socket.receive()).data).message
        assert isinstance(hello, Hello), hello
        self._hello = hello
        self._reader = asyncio.create_task(self._read())

    async def _ask(self, message: Message, answer: type[Any]) -> Any:
        self._request += 1
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[self._request] = future
        await self._socket.send_bytes(encode(message, self._request))
        reply = await future
        if isinstance(reply, Failed):
            raise RuntimeError(f"the relay refused: {reply.code}")
        assert isinstance(reply, answer), reply
        return reply

    async def _read(self) -> None:
        async for message in self._socket:
            now_ns = time.perf_counter_ns()
            if message.data[1:3] == _NEWS_HEAD:
                self._hear(told_of(message.data), now_ns)
            else:
                request, reply = decode(message.data)
                self._waiting.pop(request).set_result(reply)

    def _hear(self, told: Told, now_ns: int) -> None:
        """News: what they hold, and a pull for what they don't."""
        if told.mailbox != self._log:
            return
        if told.cursors and told.cursors[0] == self._read_to + 1 and not self._is_writer:
            self._read_to = told.cursors[-1]
            self._tally.arrived(told.dues_ns, now_ns)
        else:
            for entry in zip(told.cursors, told.writers, told.dues_ns, strict=True):
                self._take(*entry, now_ns)
        if (told.cursors[-1] if told.cursors else 0) < told.cursor and self._pulling is None:
            self._pulling = asyncio.create_task(self._pull())

    async def _pull(self) -> None:
        while True:
            asked = await self._ask(Pull(self._log, self._read_to, PULL_BYTES_MAX), Entries)
            now_ns = time.perf_counter_ns()
            for entry in asked.entries:
                self._take(entry.cursor, entry.writer, due_of(entry.blob), now_ns)
            if self._read_to >= asked.head.head.cursor:
                self._pulling = None
                return

    def _take(self, cursor: int, writer: bytes, due_ns: int, now_ns: int) -> None:
        if cursor <= self._read_to or cursor in self._had:
            return
        self._reached(cursor)
        if writer != self._keys.public:
            self._tally.arrived((due_ns,), now_ns)

    def _reached(self, cursor: int) -> None:
        """An entry is here; the mark goes up to the first that is not."""
        self._had.add(cursor)
        while self._read_to + 1 in self._had:
            self._read_to += 1
            self._had.discard(self._read_to)


class BareDevice:
    """The same at `relay_bare.py`: nothing is signed, kept or acknowledged."""

    def __init__(self, keys: DeviceKeys, group: Group, tally: Tally) -> None:
        self._room = group.mailboxes[0]
        self._tally = tally

    async def join(self, http: aiohttp.ClientSession, url: str) -> None:
        """See Device."""
        self._socket = await http.ws_connect(url, compress=0, max_msg_size=MESSAGE_BYTES_MAX + 1)
        await self._socket.send_bytes(self._room)
        await self._socket.receive()
        self._reader = asyncio.create_task(self._read())

    async def push(self, due_ns: int, size: int) -> None:
        """See Device."""
        await self._socket.send_bytes(stamped(due_ns, size))

    async def leave(self) -> None:
        """See Device."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            self._tally.arrived((due_of(message.data),), time.perf_counter_ns())
