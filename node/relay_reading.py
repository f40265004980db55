"""Reading a relay's mailboxes: open, follow who may use them, take what is new, name what is wrong.

Rule: what a relay says is checked (node/relay_view.py) before anything is taken of it, and where
reading stands is stored with what was read. A log that was begun anew, or stands at an older
point, or tells another story, is read again from its beginning; what it lacks then is put there
again by the pushing that follows. Everything else that is wrong ends this reading, and is kept.
"""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from node.clock import now_ms
from node.node import Node, Step
from node.relay_address import relay_name
from node.relay_client import RelayClient, RelayFailed
from node.relay_log import Taken, both, take_entries
from node.relay_places import BOXES, Place
from node.relay_store import Mailbox, RelayStore
from node.relay_view import (
    NEWS,
    Read,
    RelayWrong,
    View,
    begins_at,
    followed,
    founded,
    heard,
    point_of,
    read,
    require_covered,
)
from node.relay_words import why_wrong
from relay.facts import Entry, SignedAccess, SignedHead
from relay.protocol import Opened

if TYPE_CHECKING:
    from node.device import Device

T = TypeVar("T")
Take = Callable[[Node, tuple[Entry, ...]], Step]
"""Takes new entries of a mailbox that is no log of a group, in a step of its own."""

BEGIN_ANEW: Final = frozenset({"restored", "rolled_back", "forked"})
"""What is answered by reading from the beginning."""
PAGES_MAX: Final = 2048
ENTRIES_MAX: Final = 500_000
"""Of one reading, a gigabyte: what is left comes with the next, so that no relay holds a phone."""
AMENDS_MAX: Final = 8
"""How many of the newest access lists a relay may lack, so that it lets this device in no more."""
ROUNDS_MAX: Final = 4
"""How often one reading begins anew: a relay that changes its story each time is left alone."""


class AtRelay:
    """A device at one relay, over one connection."""

    def __init__(self, device: "Device", client: RelayClient) -> None:
        self.device = device
        self.client = client
        self.opened: dict[bytes, Opened] = {}
        """Mailboxes that are open over this connection, as they stood when they were opened."""
        self.wrong: list[tuple[Place, RelayWrong]] = []
        """What was found wrong for the first time, for whoever tells people."""
        self.pages_max = 0
        """Stop reading a log after so many replies, to tell how far it is; 0: at its end."""
        self.partial: set[bytes] = set()
        """Mailboxes whose reading stopped there: the next one goes on."""

    async def on_node(self, work: Callable[[Node], T]) -> T:
        """Read something on the node thread."""
        return await self.device.thread.run(work, self.device.node)

    async def step(self, work: Callable[[Node], Step]) -> Step:
        """Run a step on the node thread and send what it says."""
        return await self.device.write(work)

    async def note(self, place: Place, wrong: RelayWrong) -> None:
        """Keep what was wrong."""

        def work(node: Node) -> bool:
            store = RelayStore(node.store.database)
            return store.note(place, store.load(place).view.log_id, wrong, now_ms())

        if await self.on_node(work):
            self.wrong.append((place, wrong))
            words = f"{relay_name(place.url)}: {why_wrong(wrong.code)}"
            self.device.links.bulletin.announce(words)


async def read_on(at: AtRelay, place: Place, take: Take) -> int:
    """Open a mailbox if need be, and take what is new in it; how many entries there were.

    RelayFailed when the relay does not let this device in, RelayGone, StoreFailed; RelayWrong when
    what it says can't be taken (it was noted).
    """
    count = 0

    def work(node: Node, kept: Mailbox, entries: tuple[Entry, ...], now: Read) -> Taken:
        nonlocal count
        count += len(entries)
        step = take(node, entries) if entries else Step()
        _keep(node, place, kept, now)
        return Taken(step, (), (), 0)

    await _Reading(at, place, work).run()
    return count


async def read_log(at: AtRelay, place: Place) -> Taken:
    """The same for a group's log, whose changes go into the group."""

    def work(node: Node, kept: Mailbox, entries: tuple[Entry, ...], now: Read) -> Taken:
        if entries:
            return take_entries(node, place, kept, entries, now)
        _keep(node, place, kept, now)
        return Taken(Step(), (), (), 0)

    taken = Taken(Step(), (), (), 0)
    for one in await _Reading(at, place, work).run():
        taken = both(taken, one)
    return taken


def _keep(node: Node, place: Place, kept: Mailbox, now: Read) -> None:
    store = RelayStore(node.store.database)
    with node.store.database.transaction():
        store.write(place, kept._replace(view=now.view), now.points)


TakePage = Callable[[Node, Mailbox, tuple[Entry, ...], Read], Taken]


class _Reading:
    """One reading of one mailbox."""

    def __init__(self, at: AtRelay, place: Place, take: TakePage) -> None:
        self.at = at
        self.place = place
        self._take = take
        self._taken: list[Taken] = []
        self._seen: set[bytes] = set()
        """Hashes of blobs of this log: an honest one holds each once."""
        self._entries = 0

    async def run(self) -> list[Taken]:
        for _ in range(ROUNDS_MAX):
            self._seen.clear()
            try:
                await self._run()
                return self._taken
            except RelayWrong as wrong:
                await self.at.note(self.place, wrong)
                self.at.opened.pop(self.place.mailbox, None)  # looked at anew, from its head
                if wrong.code not in BEGIN_ANEW:
                    raise
                await self.at.on_node(lambda node: begin_anew(node, self.place))
        raise RelayWrong("forked", "it tells another story each time")

    async def _run(self) -> None:
        self.at.partial.discard(self.place.mailbox)
        await self._open()
        await self._take_news()
        shown = await self.at.on_node(self._shown_to_others)
        asked = False
        for count in range(PAGES_MAX):
            view = await self.at.on_node(self._view)
            if self._entries > ENTRIES_MAX:
                self.at.partial.add(self.place.mailbox)
                return
            if view.is_confirmed and view.cursor >= view.told and (asked or shown <= view.cursor):
                break
            if self.place.compartment == "log" and 0 < self.at.pages_max <= count:
                self.at.partial.add(self.place.mailbox)
                return
            page = await self.at.client.pull(self.place.mailbox, view.cursor)
            await self._page(page.entries, page.head, view.told)
            asked = True
        else:
            self.at.partial.add(self.place.mailbox)
        if shown > view.cursor:
            await self.at.note(self.place, RelayWrong("behind", f"{shown} > {view.cursor}"))

    def _shown_to_others(self, node: Node) -> int:
        store = RelayStore(node.store.database)
        return store.highest_signed(store.load(self.place).view)

    def _view(self, node: Node) -> View:
        return RelayStore(node.store.database).load(self.place).view

    async def _open(self) -> None:
        """Open the mailbox, or learn what changed about who may use it."""
        place, client = self.place, self.at.client
        closed = client.take_closed(place.mailbox)
        if closed:
            self.at.opened.pop(place.mailbox, None)
        if place.mailbox not in self.at.opened:
            await self._open_now()

    async def _open_now(self) -> None:
        place = self.place
        told = (await self.at.on_node(self._view)).told
        opened = await self.at.client.open(place.mailbox)
        await self._heard(opened.head, told)
        await follow(self.at, place, opened.access_number)
        self.at.opened[place.mailbox] = opened

    async def _take_news(self) -> None:
        """What came unasked saves asking for it, where it follows what was read."""
        for news in self.at.client.take_news(self.place.mailbox):
            known = await self.at.on_node(self._view)
            if news.access_number > len(known.accesses):
                await self._open_now()  # what this device may do has changed, perhaps
            entries = tuple(one for one in news.entries if one.cursor > known.cursor)
            if entries and entries[0].cursor == known.cursor + 1:
                await self._page(entries, news.head, NEWS)
            else:
                await self._heard(news.head, NEWS)

    async def _heard(self, head: SignedHead, at_least: int) -> None:
        await self.at.on_node(lambda node: self._hear(node, head, at_least))

    def _hear(self, node: Node, head: SignedHead, at_least: int) -> None:
        store = RelayStore(node.store.database)
        kept = store.load(self.place)
        view = heard(kept.view, head, lambda cursor: store.point(kept.view, cursor), at_least)
        if at_least != NEWS and view.cursor == head.head.cursor:
            view = view._replace(is_confirmed=True)
        with node.store.database.transaction():
            store.write(self.place, _told(kept._replace(view=view), head), [point_of(head)])

    async def _page(self, entries: tuple[Entry, ...], head: SignedHead, at_least: int) -> None:
        """Take one reply to a pull, or news that follow what was read."""
        place, opened = self.place, self.at.opened[self.place.mailbox]
        self._require_new(entries)
        found: list[Taken] = []

        def work(node: Node) -> Step:
            store = RelayStore(node.store.database)
            kept = store.load(place)
            view = heard(kept.view, head, lambda cursor: store.point(kept.view, cursor), at_least)
            begins = begins_at(view, opened.checkpoints)
            first_kept = begins.first if begins else 1
            now = read(view, entries, head, lambda cursor: store.point(view, cursor), first_kept)
            require_covered(begins, now)
            if not now.points:
                now = now._replace(points=(point_of(head),))
            kept = _told(kept._replace(view=view), head)
            found.append(self._take(node, kept, entries, now))
            return found[0].step

        await self.at.step(work)
        self._taken += found

    def _require_new(self, entries: tuple[Entry, ...]) -> None:
        """RelayWrong for a blob that a log holds twice: a writer's signature says no cursor, so a
        relay could go on with old ones for ever."""
        self._entries += len(entries)
        if self.place.compartment in BOXES:
            return
        for entry in entries:
            if entry.blob_hash in self._seen:
                raise RelayWrong("altered", f"entry {entry.cursor} is there twice")
            self._seen.add(entry.blob_hash)


def begin_anew(node: Node, place: Place) -> None:
    """Nothing of what was read counts any more; where the mailbox stands the relay says next."""
    store = RelayStore(node.store.database)
    view = store.load(place).view
    fresh = View(view.relay, view.mailbox, founder=view.founder, accesses=view.accesses)
    with node.store.database.transaction():
        store.forget(place)
        store.write(place, Mailbox(fresh, {}))


def _told(kept: Mailbox, head: SignedHead) -> Mailbox:
    return kept._replace(
        head_ms=max(kept.head_ms, head.head.time_ms), heard_ms=max(kept.heard_ms, now_ms())
    )


# Who may use a mailbox


async def follow(at: AtRelay, place: Place, number: int) -> None:
    """Check and keep the access lists up to this number; give the relay those that it lost.

    RelayWrong("bad_access") when the officers did not sign them.
    """
    view = await at.on_node(lambda node: RelayStore(node.store.database).load(place).view)
    have = len(view.accesses)
    if number < have:
        await at.client.amend(place.mailbox, view.accesses[number:])
    if number <= have:
        return
    try:
        now = await _followed(at, place, view, number)
    except RelayWrong:
        if not have:
            raise
        # Two lists of one number, both signed: after a relay lost some. All follow the relay's.
        now = await _followed(at, place, view._replace(accesses=()), number)
    await at.on_node(lambda node: _keep_access(node, place, now))


def _keep_access(node: Node, place: Place, view: View) -> None:
    store = RelayStore(node.store.database)
    kept = store.load(place)
    kept = kept._replace(view=kept.view._replace(founder=view.founder, accesses=view.accesses))
    with node.store.database.transaction():
        store.write(place, kept)
        store.write_access(kept.view)


async def _followed(at: AtRelay, place: Place, view: View, number: int) -> View:
    """A view with the lists up to this number, in as many replies as it takes; each is checked
    before the next is asked for, so that no relay fills a phone with them. RelayWrong."""
    while len(view.accesses) < number:
        have = len(view.accesses)
        reply = await at.client.read_access(place.mailbox, have + 1)
        if have and not reply.chain:
            break
        checked = founded if not have else _after_first
        view = await at.device.thread.run(checked, view, reply.founder, reply.chain)
    return view


def _after_first(view: View, _founder: bytes, chain: tuple[SignedAccess, ...]) -> View:
    return followed(view, chain)


async def create_again(at: AtRelay, place: Place) -> bool:
    """Give a relay that does not know a mailbox all its access lists; whether this device can."""
    kept = await at.on_node(lambda node: RelayStore(node.store.database).load(place))
    view = kept.view
    if not view.founder or not view.accesses:
        return False
    try:
        await at.client.create(view.founder, view.accesses)
    except RelayFailed as error:
        if error.failed.code != "exists":  # another phone was first
            raise
    await at.note(place, RelayWrong("lost"))
    await at.on_node(lambda node: begin_anew(node, place))
    return True


async def amend_again(at: AtRelay, place: Place) -> bool:
    """Give a relay that does not let this device in, though the newest list known here does, the
    lists that it may lack; whether it took any.

    It follows older ones when whoever founded the mailbox again did not have the newest: a stolen
    phone, say. If it takes none, the lists that it follows are others.
    """
    view = (await at.on_node(lambda node: RelayStore(node.store.database).load(place))).view
    device = at.device.node.device
    if view.access is None or not view.access.may_write(device):
        return False
    have = len(view.accesses)
    for known in range(have - 1, max(0, have - 1 - AMENDS_MAX), -1):
        with contextlib.suppress(RelayFailed):
            await at.client.amend(place.mailbox, view.accesses[known:])
            return True
    await at.note(place, RelayWrong("shut_out"))
    return False
