"""Mailboxes that connections of this process have open: who listens, and what they were told.

A room follows one mailbox. What this process adds is passed on at once; what another process added
leaves a gap in the cursors, or comes as a hint, and is read from the store. News are encoded once
for everybody. Whoever loses the right to a mailbox leaves its room when the access list that says
so becomes known here, and no news are sent under an older list than the store's.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final

from relay.facts import Access, Entry, Head
from relay.heads import SignsHeads, head_after, head_of
from relay.protocol import NEWS_BLOB_BYTES_MAX, PULL_ENTRIES_MAX, Closed, News, encode
from relay.pushes import Stored
from relay.store import Look, Mailbox, Store, StoreError
from relay.visit import Caller, Visit

NEWS_BYTES_MAX: Final = 4 * NEWS_BLOB_BYTES_MAX
"""Blobs of one News together; the rest is pulled."""
LOOKS_AT_ONCE: Final = 8
"""Mailboxes that are read from the store at a time, for those who listen."""

log = logging.getLogger("mkutano.relay")


class Room:
    """One mailbox that is open here."""

    def __init__(self, mailbox: bytes) -> None:
        self.mailbox = mailbox
        self.access: Access | None = None
        """The newest list that was seen; None until the store was asked."""
        self.visits: dict[Visit, Caller] = {}
        self.told = 0
        """Cursor up to which this room's visits heard everything."""
        self.told_number = 0
        """Of the access list that they heard of."""
        self.pins = 0
        """Visits that are on their way in."""

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return any(caller.live for caller in self.visits.values())


class Rooms:
    """All of them, and the work of telling."""

    def __init__(self, store: Store, sign: SignsHeads) -> None:
        self._store = store
        self._sign = sign
        self._rooms: dict[bytes, Room] = {}
        self._to_look: dict[bytes, None] = {}
        self._wake = asyncio.Event()
        self.visitors: set[Visit] = set()
        """Connections that have some mailbox open."""
        self.news_sent: Callable[[int], None] = lambda _count: None
        """Told how many connections each News went to."""

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, mailbox: bytes) -> Room | None:
        """The room of a mailbox that is open here."""
        return self._rooms.get(mailbox)

    @contextmanager
    def pinned(self, mailbox: bytes) -> Iterator[Room]:
        """A mailbox's room, kept while somebody is let in: nothing is missed meanwhile."""
        room = self._rooms.setdefault(mailbox, Room(mailbox))
        room.pins += 1
        try:
            yield room
        finally:
            room.pins -= 1
            self._drop_if_empty(room)

    def enter(self, room: Room, mailbox: Mailbox, visit: Visit, caller: Caller) -> None:
        """Let a visit in, that was read what `mailbox` says; `mailbox.cursor >= room.told`."""
        self.refresh(mailbox)
        if not room.is_heard:
            room.told = max(room.told, mailbox.cursor)
        room.visits[visit] = caller
        visit.opened[mailbox.mailbox] = caller
        self.visitors.add(visit)

    def leave(self, visit: Visit) -> None:
        """A connection ended."""
        for mailbox in visit.opened:
            room = self._rooms.get(mailbox)
            if room is not None:
                room.visits.pop(visit, None)
                self._drop_if_empty(room)
        visit.opened.clear()
        self.visitors.discard(visit)

    def refresh(self, mailbox: Mailbox) -> None:
        """Note the access list in force; whoever lost the right is told and leaves."""
        room = self._rooms.get(mailbox.mailbox)
        if room is None or (room.access and room.access.number > mailbox.access.number):
            return
        before, room.access = room.access, mailbox.access
        if before is None:
            room.told_number = mailbox.access.number
        elif before.number != mailbox.access.number:
            self._show_out(room, mailbox.access)
            self.look([room.mailbox])  # the others are told that there is a new list

    def _show_out(self, room: Room, access: Access) -> None:
        lost = [visit for visit, caller in room.visits.items() if not caller.may_read(access)]
        told = encode(Closed(room.mailbox, "not_allowed"))
        for visit in lost:
            del room.visits[visit]
            visit.opened.pop(room.mailbox, None)
            if not visit.opened:
                self.visitors.discard(visit)
            visit.tell(told)
        self._drop_if_empty(room)

    def stored(self, stored: Sequence[Stored]) -> None:
        """Pass on what this process just added, in the order of the log."""
        ordered = sorted(stored, key=_mailbox_of)  # stable: cursors keep their order
        for mailbox, of_mailbox in groupby(ordered, key=_mailbox_of):
            room = self._rooms.get(mailbox)
            if room is not None:
                self._stored_in(room, list(of_mailbox))

    def _stored_in(self, room: Room, stored: Sequence[Stored]) -> None:
        new = [one for one in stored if one.appended.entry.cursor > room.told]
        if not new:
            return
        last = new[-1].appended
        if not room.is_heard:
            room.told = last.entry.cursor
            return
        entries = [
            one.appended.entry._replace(blob=one.append.blob) for one in new if one.appended.fresh
        ]
        if [entry.cursor for entry in entries] == [room.told + 1 + at for at in range(len(new))]:
            origins = {one.origin for one in new}
            self._tell(
                room, entries, head_after(last), origins.pop() if len(origins) == 1 else None
            )
        else:
            self.look([room.mailbox])  # other processes added something in between

    def _tell(
        self, room: Room, entries: Sequence[Entry], head: Head, origin: object = None
    ) -> None:
        """News to all who listen, but not to the connection that all of it came from."""
        number = room.access.number if room.access else 0
        signed = self._sign(room.mailbox, head)
        news = encode(News(room.mailbox, number, _sendable(entries), signed))
        short = encode(News(room.mailbox, number, (), signed))
        room.told, room.told_number = max(room.told, head.cursor), number
        listening = [
            visit for visit, caller in room.visits.items() if caller.live and visit is not origin
        ]
        for visit in listening:
            visit.hear(room.mailbox, news, short)
        self.news_sent(len(listening))

    # What other processes added

    def look(self, mailboxes: Sequence[bytes]) -> None:
        """These may have something new in the store: a hint."""
        self._to_look |= dict.fromkeys(one for one in mailboxes if one in self._rooms)
        if self._to_look:
            self._wake.set()

    async def run(self) -> None:
        """Read what rooms have missed and tell it, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._to_look:
                names = list(self._to_look)[:LOOKS_AT_ONCE]
                for name in names:
                    del self._to_look[name]
                await asyncio.gather(*(self._look(name) for name in names))

    async def _look(self, name: bytes) -> None:
        room = self._rooms.get(name)
        if room is None:
            return
        try:
            await self._catch_up(room)
        except StoreError as error:
            log.debug("news wait for the database (%s)", error.code)
        except Exception:
            log.exception("fault while news were read")

    async def _catch_up(self, room: Room) -> None:
        mailbox, entries = await self._store.entries(
            room.mailbox, room.told, NEWS_BYTES_MAX, PULL_ENTRIES_MAX
        )
        self.refresh(mailbox)
        fresh = [entry for entry in entries if entry.cursor > room.told]
        number = room.access.number if room.access else 0
        if room.is_heard and (fresh or room.told_number != number):
            self._tell(room, fresh, head_of(mailbox))  # what is beyond the entries is pulled
        room.told = max(room.told, mailbox.cursor)

    async def poll(self, slice_max: int = 1000) -> None:
        """Look up where the store stands for every room; what differs is read. StoreError."""
        names = list(self._rooms)
        for at in range(0, len(names), slice_max):
            heads = await self._store.heads(names[at : at + slice_max])
            self.look([name for name, head in heads.items() if self._is_behind(name, head)])

    def _is_behind(self, name: bytes, there: Look) -> bool:
        room = self._rooms.get(name)
        if room is None or room.access is None:
            return False
        if there.access_number > room.access.number:
            return True
        return room.is_heard and there.cursor > room.told

    def _drop_if_empty(self, room: Room) -> None:
        if not room.visits and not room.pins and self._rooms.get(room.mailbox) is room:
            del self._rooms[room.mailbox]


def _mailbox_of(stored: Stored) -> bytes:
    return stored.append.mailbox


def _sendable(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The first of these that are small enough to be sent unasked, without a gap."""
    sendable: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry.blob or b"")
        size += length
        if length > NEWS_BLOB_BYTES_MAX or size > NEWS_BYTES_MAX or len(sendable) == 256:
            break
        sendable.append(entry)
    return tuple(sendable)
