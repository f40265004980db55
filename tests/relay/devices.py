"""Devices, cards and groups that talk to a relay in tests, and a client of the fewest lines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import NamedTuple

import aiohttp
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from relay.config import Config
from relay.desk import Desk
from relay.facts import (
    Access,
    Checkpoint,
    Kind,
    SignedAccess,
    access_message,
    blob_message,
    cards_message,
    checkpoint_message,
    mailbox_id,
    open_message,
)
from relay.limits import Limits
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    PATH,
    Create,
    Failed,
    Hello,
    Message,
    News,
    Open,
    OpenByCards,
    ProposeAccess,
    Push,
    SignCheckpoint,
    decode,
    encode,
)
from relay.relay_key import key_of_seed
from relay.store import Store
from relay.visit import Visit

RELAY_KEY = key_of_seed(b"the relay of the tests".ljust(32))
NOW_MS = 1_767_225_600_000


class Device:
    """A key pair that signs; a paper card is one too."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key, self._secret = crypto_sign_seed_keypair(sha256(name.encode()).digest())

    def __repr__(self) -> str:
        return self.name

    def sign(self, message: bytes) -> bytes:
        return crypto_sign(message, self._secret)[:64]

    def opens(self, hello: Hello, mailbox: bytes, live: bool = True) -> Open:
        signed = open_message(hello.challenge, hello.relay, mailbox)
        return Open(mailbox, self.key, self.sign(signed), live)

    def pushes(self, mailbox: bytes, blob: bytes) -> Push:
        return Push(mailbox, blob, self.sign(blob_message(mailbox, sha256(blob).digest())))

    def proposes(self, mailbox: bytes, access: Access) -> ProposeAccess:
        return ProposeAccess(mailbox, access, self.key, self.sign(access_message(mailbox, access)))

    def confirms(self, mailbox: bytes, checkpoint: Checkpoint) -> SignCheckpoint:
        signature = self.sign(checkpoint_message(mailbox, checkpoint))
        return SignCheckpoint(mailbox, checkpoint, self.key, signature)


def open_by_cards(hello: Hello, mailbox: bytes, device: Device, *cards: Device) -> OpenByCards:
    signed = cards_message(hello.challenge, hello.relay, mailbox, device.key)
    return OpenByCards(mailbox, device.key, tuple((card.key, card.sign(signed)) for card in cards))


def access_of(
    *officers: tuple[Device, ...],
    readers: tuple[Device, ...] = (),
    cards: tuple[Device, ...] = (),
    tags: tuple[bytes, ...] = (),
    needed: int = 1,
    number: int = 1,
    kind: Kind = "log",
) -> Access:
    """A list in its one form: officers are tuples of their devices."""
    return Access(
        number,
        kind,
        needed,
        tuple(sorted(tuple(sorted(device.key for device in officer)) for officer in officers)),
        tuple(sorted(device.key for device in readers)),
        tuple(card.key for card in cards),
        tuple(sorted(tags)),
    )


def signed_by(mailbox: bytes, access: Access, *signers: Device) -> SignedAccess:
    message = access_message(mailbox, access)
    pairs = sorted((signer.key, signer.sign(message)) for signer in signers)
    return SignedAccess(access, tuple(pairs))


def founds(founder: Device, access: Access) -> Create:
    return Create(founder.key, (signed_by(mailbox_id(founder.key), access, founder),))


class People(NamedTuple):
    """A group's devices and what they may do."""

    founder: Device
    treasurer: Device
    tablet: Device
    """The treasurer's second device."""
    chair: Device
    reader: Device
    cards: tuple[Device, ...]
    stranger: Device

    @property
    def mailbox(self) -> bytes:
        return mailbox_id(self.founder.key)

    def access(self, number: int = 1, needed: int = 2, kind: Kind = "log") -> Access:
        """Two officers, of whom one has two devices; a reader; three cards."""
        return access_of(
            (self.treasurer, self.tablet),
            (self.chair,),
            readers=(self.reader,),
            cards=self.cards,
            tags=(sha256(b"tag").digest(),),
            needed=needed,
            number=number,
            kind=kind,
        )


def people(name: str = "umoja") -> People:
    def device(who: str) -> Device:
        return Device(f"{name} {who}")

    return People(
        device("founder"),
        device("treasurer"),
        device("tablet"),
        device("chair"),
        device("reader"),
        (device("card 1"), device("card 2"), device("card 3")),
        device("stranger"),
    )


def desk_over(store: Store, config: Config | None = None, lanes: int = 1) -> Desk:
    """A relay without sockets, over any store, at a time that stands still."""
    config = config or Config()
    return Desk(
        store,
        RELAY_KEY,
        Limits(config, lambda: 0),
        lambda: NOW_MS,
        mailbox_bytes_max=config.mailbox_bytes_max,
        mailboxes_of_visit_max=config.connection_mailboxes_max,
        append_queue_bytes_max=config.append_queue_bytes_max,
        lanes=lanes,
    )


class Heard:
    """A visit that remembers what it was told."""

    def __init__(self, desk: Desk, challenge: bytes = b"c" * 32, address: str = "a") -> None:
        self.told: list[Message] = []
        self.visit = Visit(
            challenge,
            address=address,
            tell=lambda data: self.told.append(decode(data).message),
            hear=lambda _mailbox, news, _short: self.told.append(decode(news).message),
        )
        self.hello = desk.hello(self.visit)

    @property
    def news(self) -> list[News]:
        return [one for one in self.told if isinstance(one, News)]


class Caller:
    """One connection to a relay, a message at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.hello = Hello(0, b"", b"", 0, 0)
        self.unasked: list[Message] = []
        self._count = 0

    async def send(self, message: Message) -> int:
        self._count += 1
        await self.socket.send_bytes(encode(message, self._count))
        return self._count

    async def receive(self) -> tuple[int, Message]:
        message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.BINARY, (message, self.socket.close_code)
        return decode(message.data)

    async def reply(self, request: int) -> Message:
        while True:
            number, message = await self.receive()
            if number == request:
                return message
            self.unasked.append(message)

    async def ask(self, message: Message) -> Message:
        return await self.reply(await self.send(message))

    async def refused(self, message: Message) -> Failed:
        answer = await self.ask(message)
        assert isinstance(answer, Failed), answer
        return answer

    async def heard(self) -> Message:
        """The next thing that was said unasked."""
        if not self.unasked:
            number, message = await self.receive()
            assert number == 0, message
            return message
        return self.unasked.pop(0)

    async def closed(self) -> int | None:
        """Wait for the end; its code."""
        while True:
            message = await self.socket.receive()
            if message.type is not aiohttp.WSMsgType.BINARY:
                return self.socket.close_code
            self.unasked.append(decode(message.data).message)


@asynccontextmanager
async def calling(address: str, headers: dict[str, str] | None = None) -> AsyncIterator[Caller]:
    """A connection to the relay at this address."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            address + PATH, max_msg_size=MESSAGE_BYTES_MAX + 1, headers=headers
        ) as socket,
    ):
        caller = Caller(socket)
        _, hello = await caller.receive()
        assert isinstance(hello, Hello)
        caller.hello = hello
        yield caller
