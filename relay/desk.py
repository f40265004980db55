"""What a message asks of the store, and what is answered: the relay without its sockets.

Nothing is answered before it is checked: that the caller proved who it is, that the list in force
lets it, that what it brings is signed. A refusal says which rule, and nothing is changed. What the
store can't do now is refused with a time to ask again. The clock and the store are given, so this
runs in tests as it runs in a relay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Final

from relay.deciding import Deciding
from relay.facts import (
    BLOB_BYTES_MAX,
    Access,
    ProtocolError,
    SignedAccess,
    blob_message,
    cards_message,
    is_signed,
    open_message,
)
from relay.heads import head_after, head_of, signs_heads
from relay.limits import Limits
from relay.protocol import (
    FOUND_MAX,
    PENDING_MAX,
    PULL_BYTES_MAX,
    PULL_ENTRIES_MAX,
    VERSION,
    AccessChain,
    Amend,
    Create,
    Entries,
    Find,
    Found,
    Hello,
    Message,
    Open,
    OpenByCards,
    Opened,
    ProposeAccess,
    Pull,
    Push,
    ReadAccess,
    Receipt,
    SignCheckpoint,
    encode,
)
from relay.pushes import Pushes, Stored
from relay.relay_key import RelayKey
from relay.rooms import Room, Rooms
from relay.store import Append, Appended, Mailbox, Pending, Store, StoreError
from relay.visit import Caller, Visit

LISTS_BYTES_MAX: Final = 512 * 1024
"""Access lists of one reply together."""


class Desk:
    """Answers the requests of all connections of one process."""

    def __init__(
        self,
        store: Store,
        key: RelayKey,
        limits: Limits,
        now_ms: Callable[[], int],
        *,
        mailbox_bytes_max: int,
        mailboxes_of_visit_max: int,
        append_queue_bytes_max: int,
        lanes: int = 1,
    ) -> None:
        self.store = store
        self.key = key
        self.limits = limits
        self._mailbox_bytes_max = mailbox_bytes_max
        self._mailboxes_of_visit_max = mailboxes_of_visit_max
        self._sign = signs_heads(key)
        self.rooms = Rooms(store, self._sign)
        self.stored_bytes: Callable[[int], None] = lambda _count: None
        """Told how many bytes came onto the disk."""
        self.deciding = Deciding(store, self.rooms, limits, now_ms)
        self.pushes = Pushes(
            store, self._stored, now_ms, bytes_max=append_queue_bytes_max, lanes=lanes
        )

    def hello(self, visit: Visit) -> Hello:
        """What a relay says first."""
        return Hello(
            VERSION, self.key.public, visit.challenge, BLOB_BYTES_MAX, self._mailbox_bytes_max
        )

    async def answer(self, visit: Visit, message: Message) -> Message | Awaitable[Message]:
        """The reply to a request, or for a push what becomes one. ProtocolError, StoreError."""
        match message:
            case Push():
                return await self._push(visit, message)
            case Pull():
                return await self._pull(visit, message)
            case Open():
                return await self._open(visit, message)
            case OpenByCards():
                return await self._open_by_cards(visit, message)
            case Find():
                return await self._find(visit, message)
            case ReadAccess():
                return await self._read_access(visit, message)
            case Create():
                return await self.deciding.create(visit, message)
            case Amend():
                return await self.deciding.amend(visit, message)
            case ProposeAccess():
                self._inside(visit, message.mailbox)
                return await self.deciding.propose(message)
            case SignCheckpoint():
                self._inside(visit, message.mailbox)
                return await self.deciding.sign_checkpoint(message)
            case _:
                raise ProtocolError("bad_message", "only a relay says this")

    def leave(self, visit: Visit) -> None:
        """The connection ended."""
        self.rooms.leave(visit)

    # Coming in

    async def _find(self, visit: Visit, message: Find) -> Found:
        tags = sorted(set(message.tags))
        self.limits.find(visit.address, len(tags))
        if not tags:
            return Found(())
        pairs = await self.store.find(tags, max(1, FOUND_MAX // len(tags)))
        return Found(pairs[:FOUND_MAX])

    async def _open(self, visit: Visit, message: Open) -> Opened:
        signed = open_message(visit.challenge, self.key.public, message.mailbox)
        if not is_signed(message.key, signed, message.signature):
            raise ProtocolError("bad_signature", "the key that opens a mailbox did not sign")
        self.limits.of_key(message.key)
        return await self._let_in(visit, message.mailbox, Caller(message.key, (), message.live))

    async def _open_by_cards(self, visit: Visit, message: OpenByCards) -> Opened:
        mailbox, device = message.mailbox, message.device
        signed = cards_message(visit.challenge, self.key.public, mailbox, device)
        cards = [key for key, _ in message.cards]
        if len(set(cards)) != 2:
            raise ProtocolError("not_allowed", "two different cards open a mailbox")
        if not all(is_signed(key, signed, signature) for key, signature in message.cards):
            raise ProtocolError("bad_signature", "a card did not sign for this device")
        return await self._let_in(visit, mailbox, Caller(device, tuple(cards), live=False))

    async def _let_in(self, visit: Visit, name: bytes, caller: Caller) -> Opened:
        if name not in visit.opened and len(visit.opened) >= self._mailboxes_of_visit_max:
            raise ProtocolError("too_many_mailboxes", "this connection has enough mailboxes open")
        with self.rooms.pinned(name) as room:
            pending = await self.store.pending(name)
            mailbox = await self.deciding.mailbox(name)
            while mailbox.cursor < room.told:  # more came and was passed on while this was read
                mailbox = await self.deciding.mailbox(name)
            if not caller.may_read(mailbox.access):
                raise ProtocolError("not_allowed", "this key may not use this mailbox")
            self.rooms.enter(room, mailbox, visit, caller)
            return self._opened(mailbox, caller, pending)

    def _opened(self, mailbox: Mailbox, caller: Caller, pending: Pending) -> Opened:
        return Opened(
            self._sign(mailbox.mailbox, head_of(mailbox)),
            mailbox.first_kept,
            mailbox.access.number,
            caller.may_write(mailbox.access),
            mailbox.bytes_used,
            _fitting(pending.accesses),
            pending.checkpoints[:PENDING_MAX],
        )

    def _inside(self, visit: Visit, name: bytes) -> tuple[Caller, Room, Access]:
        """As whom a visit has this mailbox open. ProtocolError("not_allowed")."""
        caller, room = visit.opened.get(name), self.rooms.get(name)
        if caller is None or room is None or room.access is None:
            raise ProtocolError("not_allowed", "open the mailbox first")
        return caller, room, room.access

    # Blobs

    async def _push(self, visit: Visit, message: Push) -> Awaitable[Message]:
        caller, _, access = self._inside(visit, message.mailbox)
        if not caller.may_write(access):
            raise ProtocolError("not_allowed", "this key may not push to this mailbox")
        self.limits.push(message.mailbox, len(message.blob))
        blob_hash = sha256(message.blob).digest()
        if not is_signed(caller.key, blob_message(message.mailbox, blob_hash), message.signature):
            raise ProtocolError("bad_signature", "the device that pushes did not sign the blob")
        append = Append(
            message.mailbox,
            caller.key,
            blob_hash,
            message.signature,
            message.blob,
            access.number,
            self._mailbox_bytes_max,
        )
        return self._receipt(visit, append, self.pushes.add(append, visit))

    async def _receipt(
        self, visit: Visit, append: Append, future: "asyncio.Future[Appended]"
    ) -> Message:
        try:
            appended = await future
        except StoreError as error:
            if error.code != "stale_access":
                raise
            appended = await self._push_again(visit, append)
        signed = self._sign(append.mailbox, head_after(appended))
        return Receipt(appended.entry._replace(blob=None), appended.chain_before, signed)

    async def _push_again(self, visit: Visit, append: Append) -> Appended:
        """Another process put a new list in force: who may push is asked of that one."""
        await self.deciding.mailbox(append.mailbox)
        caller, _, access = self._inside(visit, append.mailbox)
        if caller.key != append.writer or not caller.may_write(access):
            raise ProtocolError("not_allowed", "this key may not push to this mailbox")
        return await self.pushes.add(append._replace(access_number=access.number), visit)

    def _stored(self, stored: Sequence[Stored]) -> None:
        self.rooms.stored(stored)
        fresh = [one.append for one in stored if one.appended.fresh]
        self.stored_bytes(sum(len(append.blob) for append in fresh))
        if fresh:
            self.deciding.announced(sorted({append.mailbox for append in fresh}))

    async def _pull(self, visit: Visit, message: Pull) -> Entries:
        caller, _, _ = self._inside(visit, message.mailbox)
        self.limits.pull(visit.address)
        mailbox, entries = await self.store.entries(
            message.mailbox,
            message.after,
            min(message.bytes_max, PULL_BYTES_MAX),
            PULL_ENTRIES_MAX,
        )
        self.rooms.refresh(mailbox)
        if not caller.may_read(mailbox.access):
            raise ProtocolError("not_allowed", "this key may not use this mailbox any more")
        self.limits.pulled(visit.address, sum(len(entry.blob or b"") for entry in entries))
        return Entries(message.mailbox, entries, self._sign(message.mailbox, head_of(mailbox)))

    async def _read_access(self, visit: Visit, message: ReadAccess) -> AccessChain:
        mailbox = await self.deciding.mailbox(message.mailbox)
        self._inside(visit, message.mailbox)
        number = max(1, message.from_number)
        chain = await self.store.access_from(message.mailbox, number, LISTS_BYTES_MAX)
        return AccessChain(mailbox.founder, chain)


def _fitting(accesses: tuple[SignedAccess, ...]) -> tuple[SignedAccess, ...]:
    """Pending lists of one reply: as many as fit beside the rest."""
    fitting: list[SignedAccess] = []
    size = 0
    for one in accesses[:PENDING_MAX]:
        size += len(encode(AccessChain(bytes(32), (one,))))
        if size > LISTS_BYTES_MAX:
            break
        fitting.append(one)
    return tuple(fitting)
