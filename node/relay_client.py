"""One connection to one relay: outgoing only, requests matched to replies, everything bounded.

Whoever answers is known by the relay's key, which the group signed when it chose the relay; that
it holds the key it shows by every head that it signs (node/relay_view.py). No request waits for
ever, no reply is taken that was not asked for, and what the relay says unasked is kept up to a
bound: past that only where each mailbox stands.
"""

import asyncio
import contextlib
from typing import Final, TypeVar

import aiohttp
from aiohttp import WSMsgType

from node.errors import NodeError
from node.relay_address import relay_name, socket_url
from node.relay_words import why_failed
from relay.facts import (
    Access,
    Checkpoint,
    ProtocolError,
    SignedAccess,
    access_message,
    blob_message,
    cards_message,
    checkpoint_message,
    key_number,
    mailbox_id,
    open_message,
)
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    PULL_BYTES_MAX,
    REQUEST_MAX,
    RETRY_CODES,
    VERSION,
    AccessChain,
    Amend,
    Closed,
    Create,
    Done,
    Entries,
    Failed,
    Find,
    Found,
    Hello,
    Message,
    News,
    Open,
    OpenByCards,
    Opened,
    ProposeAccess,
    Pull,
    Push,
    ReadAccess,
    Receipt,
    SignCheckpoint,
    decode,
    encode,
)
from replication.identity import DeviceKeys

CONNECT_S_MAX: Final = 15.0
REPLY_S_MAX: Final = 60.0
"""A megabyte over a poor radio, and a relay that commits it."""
HEARTBEAT_S: Final = 25.0
"""Short enough that a router keeps the way back open."""
REQUESTS_MAX: Final = 64
MAILBOXES_TOLD_MAX: Final = 8192
"""Mailboxes that a relay may speak of unasked: an organisation follows thousands."""
NEWS_MAX: Final = 64
"""Of one mailbox, that nobody has taken yet: each costs a commit. Past that only the newest."""
NEWS_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of entries that came unasked and that nobody has taken yet."""

T = TypeVar("T", bound=Message)


class RelayGone(NodeError):
    """The connection to a relay ended, or there is none."""

    code = "relay_gone"


class RelayFailed(NodeError):
    """The relay refused a request, or can't serve it now."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(why_failed(failed.code, failed.text), f"relay_{failed.code}"[:64])
        self.failed = failed
        self.is_passing = failed.code in RETRY_CODES
        """Whether the same request may be granted later."""


class RelayClient:
    """A connection to a relay whose key was checked; made by `call_relay`."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, hello: Hello, keys: DeviceKeys, name: str
    ) -> None:
        self.hello = hello
        self.relay = hello.relay
        """The relay's Ed25519 key."""
        self.name = name
        """What people call it."""
        self.heard = asyncio.Event()
        """Set when something came unasked, or the connection ended; who waits on it clears it."""
        self.over = asyncio.Event()
        self.reply_s_max = REPLY_S_MAX
        """How long a reply may take."""
        self._socket = socket
        self._keys = keys
        self._request = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._news: dict[bytes, list[News]] = {}
        self._news_bytes = 0
        self._closed: dict[bytes, str] = {}
        self._reader = asyncio.create_task(self._read())

    # Asking

    async def ask(self, message: Message, answer: type[T]) -> T:
        """The relay's reply to a request. RelayFailed, RelayGone."""
        if self.over.is_set():
            raise self.gone()
        if len(self._waiting) >= REQUESTS_MAX:
            raise AssertionError("a device asks a few things at a time")
        self._request = self._request % REQUEST_MAX + 1
        number = self._request
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            async with asyncio.timeout(self.reply_s_max):
                await self._socket.send_bytes(encode(message, number))
                reply = await future
        except (OSError, aiohttp.ClientError, TimeoutError, RuntimeError) as error:
            await self.close()
            raise self.gone() from error
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, Failed):
            raise RelayFailed(reply)
        if not isinstance(reply, answer):
            await self.close()
            raise self.gone()
        return reply

    async def find(self, tags: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
        """(tag, mailbox) pairs of the mailboxes under these tags."""
        return (await self.ask(Find(tags), Found)).mailboxes

    async def open(self, mailbox: bytes, live: bool = True) -> Opened:
        """Use a mailbox as this device; with `live` the relay tells what comes."""
        signed = self._keys.sign(open_message(self.hello.challenge, self.relay, mailbox))
        return await self.ask(Open(mailbox, self._keys.public, signed, live), Opened)

    async def open_by_cards(self, mailbox: bytes, cards: tuple[DeviceKeys, DeviceKeys]) -> Opened:
        """Read a mailbox with two paper cards."""
        device = self._keys.public
        message = cards_message(self.hello.challenge, self.relay, mailbox, device)
        shown = tuple(sorted((card.public, card.sign(message)) for card in cards))
        return await self.ask(OpenByCards(mailbox, device, shown), Opened)

    async def create(self, founder: bytes, chain: tuple[SignedAccess, ...]) -> None:
        """Make a mailbox, or make it again, with its access lists so far: in several messages
        where one does not hold them all."""
        first, *more = _portions(chain)
        await self.ask(Create(founder, first), Done)
        for portion in more:
            await self.ask(Amend(mailbox_id(founder), portion), Done)

    async def amend(self, mailbox: bytes, chain: tuple[SignedAccess, ...]) -> None:
        """Put access lists in force that have their signatures already."""
        for portion in _portions(chain):
            await self.ask(Amend(mailbox, portion), Done)

    async def propose(self, mailbox: bytes, access: Access, keys: DeviceKeys | None = None) -> int:
        """Sign the next access list, as this device or with a card's keys; how many officers must
        still sign."""
        by = keys or self._keys
        signature = by.sign(access_message(mailbox, access))
        return (await self.ask(ProposeAccess(mailbox, access, by.public, signature), Done)).waiting

    async def read_access(self, mailbox: bytes, from_number: int) -> AccessChain:
        """The access lists from a number on, as many as fit into one reply."""
        return await self.ask(ReadAccess(mailbox, from_number), AccessChain)

    async def push(self, mailbox: bytes, blob: bytes, blob_hash: bytes) -> Receipt:
        """Give the relay a sealed blob; the same again brings the old receipt."""
        signature = self._keys.sign(blob_message(mailbox, blob_hash))
        return await self.ask(Push(mailbox, blob, signature), Receipt)

    async def pull(self, mailbox: bytes, after: int, bytes_max: int = PULL_BYTES_MAX) -> Entries:
        """The entries after a cursor, as many as fit into one reply."""
        entries = await self.ask(Pull(mailbox, after, bytes_max), Entries)
        if entries.mailbox != mailbox:
            await self.close()
            raise self.gone()
        return entries

    async def sign_checkpoint(self, mailbox: bytes, checkpoint: Checkpoint) -> int:
        """Sign a checkpoint; how many more officers must."""
        signature = self._keys.sign(checkpoint_message(mailbox, checkpoint))
        asked = SignCheckpoint(mailbox, checkpoint, self._keys.public, signature)
        return (await self.ask(asked, Done)).waiting

    # What came unasked

    @property
    def told_of(self) -> frozenset[bytes]:
        """Mailboxes of which there is something that nobody took yet."""
        return frozenset(self._news) | frozenset(self._closed)

    def take_news(self, mailbox: bytes) -> list[News]:
        """What came of a mailbox since, in its order; gone from here then."""
        news = self._news.pop(mailbox, [])
        self._news_bytes -= sum(map(_size, news))
        return news

    def take_closed(self, mailbox: bytes) -> str:
        """Why this connection may not use a mailbox any more, a code; "" while it may."""
        return self._closed.pop(mailbox, "")

    def _take_in(self, news: News) -> None:
        kept = self._news.setdefault(news.mailbox, [])
        if self._news_bytes + _size(news) > NEWS_BYTES_MAX or len(kept) >= NEWS_MAX:
            news = news._replace(entries=())
            if kept and not kept[-1].entries:
                self._news_bytes -= _size(kept.pop())
        kept.append(news)
        self._news_bytes += _size(news)

    # The wire

    async def close(self) -> None:
        """Hang up; whoever waits for a reply hears that the relay is gone."""
        self.over.set()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(2.0):
                await self._socket.close()

    async def _read(self) -> None:
        try:
            async for received in self._socket:
                if received.type is not WSMsgType.BINARY:
                    return
                self._take(received.data)
        except (OSError, aiohttp.ClientError, ProtocolError):
            return
        finally:
            self.over.set()
            self.heard.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError())

    def _take(self, data: bytes) -> None:
        """One message; ProtocolError for what no honest relay sends."""
        number, message = decode(data)
        if number:
            future = self._waiting.get(number)
            if future is not None and not future.done():
                future.set_result(message)
            return
        match message:
            case News():
                if len(self._news) >= MAILBOXES_TOLD_MAX and message.mailbox not in self._news:
                    raise ProtocolError("flood", "news of mailboxes that nobody opened")
                self._take_in(message)
            case Closed(mailbox, code):
                self._closed[mailbox] = code
                if len(self._closed) > MAILBOXES_TOLD_MAX:
                    raise ProtocolError("flood", "more mailboxes closed than opened")
            case _:
                raise ProtocolError("unasked", "the relay says what nobody asked for")
        self.heard.set()

    def gone(self) -> RelayGone:
        """That this connection ended, in words."""
        return RelayGone(
            f"The connection to {self.name} was lost. Nothing is lost: what the relay confirmed is "
            "there, and the rest goes on by itself next time."
        )


async def call_relay(
    http: aiohttp.ClientSession,
    url: str,
    keys: DeviceKeys,
    relay: bytes = b"",
    token: str = "",
) -> RelayClient:
    """Connect to the relay at an address (`relay_url`). RelayGone, RelayFailed.

    `relay` is the key that the group chose; empty when a person is about to look at it. `token`
    is what an operator gave who makes mailboxes for customers only.
    """
    name = relay_name(url)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    socket: aiohttp.ClientWebSocketResponse | None = None
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            socket = await http.ws_connect(
                socket_url(url),
                compress=0,
                max_msg_size=MESSAGE_BYTES_MAX + 1,
                heartbeat=HEARTBEAT_S,
                headers=headers,
            )
            hello = _hello(await socket.receive())
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError, ProtocolError) as error:
        if socket is not None:
            await socket.close()
        raise _unreached(name, error) from error
    except BaseException:
        if socket is not None:
            await socket.close()
        raise
    if hello.version != VERSION or (relay and hello.relay != relay):
        await socket.close()
        raise _another(name, hello, relay)
    return RelayClient(socket, hello, keys, name)


def _hello(received: aiohttp.WSMessage) -> Hello:
    if received.type is not WSMsgType.BINARY:
        raise ProtocolError("no_hello", "a relay speaks first")
    message = decode(received.data).message
    if isinstance(message, Failed):
        raise RelayFailed(message)
    if not isinstance(message, Hello):
        raise ProtocolError("no_hello", "a relay begins with its key")
    return message


def _unreached(name: str, error: Exception) -> RelayGone:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return RelayGone(
            f"What answers at {name} can't show that it is {name}: its certificate does not hold. "
            "Is this phone's date right? Otherwise ask the relay's operator."
        )
    if isinstance(error, ProtocolError | aiohttp.WSServerHandshakeError):
        return RelayGone(
            f"What answers at {name} is no relay of Mkutano. Check the address with its operator."
        )
    return RelayGone(
        f"No relay answers at {name}. Is this phone on the internet, and is the address right? "
        "While it runs, Mkutano tries the relays that it knows again by itself."
    )


def _another(name: str, hello: Hello, relay: bytes) -> RelayGone:
    if hello.version != VERSION:
        return RelayGone(
            f"The relay at {name} speaks another version of the protocol. Update Mkutano on this "
            "phone, or ask the operator to update the relay.",
            "relay_version",
        )
    return RelayGone(
        f"At {name} answers another relay than the one that the group chose: its number is "
        f"{key_number(hello.relay)}, it should be {key_number(relay)}. Nothing was given to "
        "it. Ask the relay's operator; if the relay really got a new key, add it anew with "
        "mkutano cloud add.",
        "relay_changed",
    )


def _size(news: News) -> int:
    return 200 + sum(200 + len(entry.blob or b"") for entry in news.entries)


def _portions(chain: tuple[SignedAccess, ...]) -> list[tuple[SignedAccess, ...]]:
    """Access lists in portions that fit into one message each, in their order."""
    portions: list[list[SignedAccess]] = [[]]
    size = 0
    for one in chain:
        takes = len(encode(AccessChain(bytes(32), (one,))))
        if portions[-1] and size + takes > MESSAGE_BYTES_MAX // 2:
            portions.append([])
            size = 0
        portions[-1].append(one)
        size += takes
    return [tuple(portion) for portion in portions]
