"""All phones are gone: a new one finds the group at a relay with two paper cards, and nothing else.

    Find(tag of the two cards)            which mailboxes `doors` there are; strangers may put more
    OpenByCards(doors), pull              each phone's slot, an envelope that takes both cards
    OpenByCards(log, people), pull        the group's changes, and the members' keys
    -- whose books these are is shown; the person says who goes on, and the restoration is signed --
    ProposeAccess, once by each card      the four lists: the new phone, in the boxes beside the old
    one cycle of the engine               new epoch keys, own slots, everything is backed up on
    ProposeAccess, once by each card      the boxes' lists, without the old phones

Rule: a mailbox under the tag proves nothing. Only a log that names both cards, in changes whose
signatures hold, is the group's; every other one is passed over, and leaves nothing on this phone.
How old the log is nobody here can tell: a relay may have been set back, and the last meeting is
shown before anything is signed.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from node import door_slots, people_slots, relay_access, restoring
from node.card_call import Pair
from node.clock import day_of, now_ms, random_bytes
from node.door_slots import shown_label
from node.errors import CommandRefused, NodeError
from node.node import Group, Node
from node.relay_address import relay_name, relay_url
from node.relay_client import RelayClient, RelayFailed, call_relay
from node.relay_engine import Cycle
from node.relay_log import read_content
from node.relay_places import BOXES, Place, places
from node.relay_reading import AtRelay, follow, read_log, read_on
from node.relay_store import RelayStore
from node.relay_view import RelayWrong, View, founded, heard, read
from node.relay_words import why_wrong
from relay.facts import Access, Entry, SignedAccess
from replication.control import RelayChosen
from replication.errors import RemoteError
from replication.history import MemoryHistory
from replication.identity import SALT_BYTES
from replication.key_slots import Mailboxes
from replication.replica import Replica
from replication.sealing import open_blob
from replication.wire import PersonKey

if TYPE_CHECKING:
    from node.device import Device

TRIED_MAX: Final = 2048
"""Mailboxes under the tag that are looked at: who knows the cards' keys may have put some there,
and their ids before the group's. It stays below what one connection may open and ask."""
PULLS_MAX: Final = 4096
"""Replies that are read of one mailbox before its group is known."""
TRIES_MAX: Final = 4
"""How often the next list is signed anew, where another one came into force meanwhile."""

NONE_THERE: Final = (
    "The cloud backup at {name} has nothing for these two cards. Are they the newest ones, and is "
    "it the right address? If the officers have replaced the cards, only the newest open anything."
)


class Behind(NamedTuple):
    """What lies behind the doors that two cards open."""

    group: bytes
    label: str
    mailboxes: Mailboxes
    keys: tuple[PersonKey, ...]
    """All epoch keys that any slot held."""


class Rescue:
    """One new phone with two cards at one relay, over one connection."""

    def __init__(self, device: "Device", client: RelayClient, pair: Pair, url: str) -> None:
        self.device = device
        self.pair = pair
        self.url = url
        self.client = client
        self.at = AtRelay(device, client)
        self._partial: Place | None = None

    async def fetch(self) -> None:
        """Bring the books and the members' keys here, as far as they are there. CommandRefused
        where nothing is for these cards; RelayGone, RelayFailed, StoreFailed."""
        faults: list[NodeError] = []
        fetched = False
        name = relay_name(self.url)
        for behind in await self._doors():
            try:
                fetched |= await self._fetch(behind)
            except RelayWrong as wrong:
                faults.append(NodeError(f"{name}: {why_wrong(wrong.code)}", "relay_wrong"))
            except RelayFailed as failed:
                if failed.is_passing:
                    raise
                faults.append(failed)  # of one mailbox of several, perhaps nobody's
        if fetched:
            return
        if faults:
            raise faults[0]
        raise CommandRefused(NONE_THERE.format(name=name), "not_two_cards")

    async def progress(self) -> dict[str, int]:
        """How many pieces of a log that is half read are here, and how many there are."""
        place = self._partial
        if place is None:
            return {"entries_read": 0, "entries_there": 0}
        kept = await self.at.on_node(lambda node: RelayStore(node.store.database).load(place))
        view = kept.view
        return {"entries_read": view.cursor, "entries_there": max(view.cursor, view.told)}

    # Finding

    async def _doors(self) -> list[Behind]:
        """What each mailbox of doors under the cards' tag leads to."""
        first, second = self.pair
        tag = relay_access.cards_tag(first.public, second.public)
        found = await self.client.find((tag,))
        behind: dict[tuple[bytes, Mailboxes], Behind] = {}
        for mailbox in [mailbox for of, mailbox in found if of == tag][:TRIED_MAX]:
            for one in await self._look(mailbox):
                place = (one.group, one.mailboxes)
                known = behind.get(place, one)
                keys = tuple(dict.fromkeys((*known.keys, *one.keys)))
                behind[place] = known._replace(keys=keys)
        return list(behind.values())

    async def _look(self, mailbox: bytes) -> list[Behind]:
        """What the slots of one mailbox of doors say to the two cards; nothing where it is none of
        theirs."""
        slots: dict[bytes, bytes] = {}
        try:
            async for entries in self._pages(mailbox):
                slots.update({one.writer: one.blob for one in entries if one.blob is not None})
        except RelayFailed as failed:
            if failed.is_passing:
                raise
            return []
        except RelayWrong:
            return []
        doors = door_slots.opened(slots, self.pair, mailbox, None).doors
        return [
            Behind(door.group, door.label, door.mailboxes, (*door.ledger_keys, *door.summary_keys))
            for door in doors.values()
        ]

    async def _pages(self, mailbox: bytes) -> AsyncIterator[tuple[Entry, ...]]:
        """The checked entries of a mailbox from its beginning; nothing is stored. RelayWrong."""
        opened = await self.client.open_by_cards(mailbox, self.pair)
        view = View(self.client.relay, mailbox)
        founder, chain = await self._lists(mailbox, opened.access_number)
        view = founded(view, founder, chain)
        for _ in range(PULLS_MAX):
            page = await self.client.pull(mailbox, view.cursor)
            view = heard(view, page.head, lambda _: None, 0)
            view = read(view, page.entries, page.head, lambda _: None, opened.first_kept).view
            yield page.entries
            if view.is_confirmed:
                return
        raise RelayWrong("withheld", "there is no end to it")

    async def _lists(self, mailbox: bytes, number: int) -> tuple[bytes, list[SignedAccess]]:
        chain: list[SignedAccess] = []
        founder = b""
        while len(chain) < number:
            reply = await self.client.read_access(mailbox, len(chain) + 1)
            if not reply.chain:
                break
            founder = reply.founder
            chain += reply.chain
        return founder, chain

    # Fetching

    async def _fetch(self, behind: Behind) -> bool:
        """Bring one group here, if its log names both cards."""
        known = await self.at.on_node(lambda node: behind.group in node.groups)
        if not known and not await self._is_ours(behind):
            return False
        await self.at.on_node(lambda node: node.join(behind.group, shown_label(behind.label)))
        self.device.groups_changed.set()
        take = behind.keys
        await self.at.step(
            lambda node: node.take(behind.group, lambda group: group.replica.take_keys(take))
        )
        log, people = self._place(behind, "log"), self._place(behind, "people")
        await self._open(log)
        await read_log(self.at, log)
        if log.mailbox in self.at.partial:
            self._partial = log
            return True
        with contextlib.suppress(RelayFailed):
            await self._open(people)
            await read_on(
                self.at,
                people,
                lambda node, entries: people_slots.take_with(
                    node, behind.group, people, entries, self.pair
                ),
            )
        return await self.at.on_node(lambda node: restoring.by_cards(node, self.pair) is not None)

    def _place(self, behind: Behind, name: str) -> Place:
        chosen = RelayChosen(self.client.relay, self.url, *behind.mailboxes, in_use=True)
        return next(one for one in places(behind.group, chosen) if one.compartment == name)

    async def _open(self, place: Place) -> None:
        """Have a mailbox open by the cards, for all that reads it."""
        self.at.opened.pop(place.mailbox, None)
        opened = await self.client.open_by_cards(place.mailbox, self.pair)
        await follow(self.at, place, opened.access_number)
        self.at.opened[place.mailbox] = opened

    async def _is_ours(self, behind: Behind) -> bool:
        """Whether the log of a group names both cards: tried in memory, and only so far."""
        cards = {card.public for card in self.pair}
        keys = {key.key_id: key.key for key in behind.keys}
        salt = random_bytes(SALT_BYTES)
        trial = Replica(behind.group, self.device.node.keys, MemoryHistory(), keys, salt)
        waiting: list[tuple[bytes, bytes]] = []
        async for entries in self._pages(behind.mailboxes.log):
            waiting += [(one.writer, one.blob) for one in entries if one.blob is not None]
            waiting = [
                one for one in waiting if not _delivered(trial, keys, behind.mailboxes.log, *one)
            ]
            if cards <= set(trial.roster.cards):
                return True
        return False

    # Going on

    async def go_on(self, group_id: bytes) -> bool:
        """After the restoration was signed: stand in the four lists, and back everything up.

        A relay lets go of the slots of who leaves a list, and in them is all that cards can open.
        So in the boxes this phone first stands beside the old ones, and they leave once its own
        slots are there: cut at any point, something is left to begin from.

        Whether all of it is confirmed; False where the group does not use this relay any more.
        """
        chosen = await self.at.on_node(lambda node: self._chosen(node, group_id))
        if chosen is None:
            return False
        for place in places(group_id, chosen):
            await self._sign(place, _beside if place.compartment in BOXES else _wanted)
        cycled = await Cycle(self.at, group_id, chosen).run(push=True)
        if cycled.failed or cycled.wrong:
            return False
        for place in places(group_id, chosen):
            await self._sign(place, _wanted)
        return not cycled.lacks

    def _chosen(self, node: Node, group_id: bytes) -> RelayChosen | None:
        used = node.group(group_id).replica.relays()
        return next((one for one in used if one.relay == self.client.relay), None)

    async def _sign(self, place: Place, made: Callable[[Node, Place], Access | None]) -> None:
        """Put the next list of one mailbox in force with both cards, if there is one."""
        for _ in range(TRIES_MAX):
            await self._open(place)
            following = await self.at.on_node(lambda node: made(node, place))
            self.at.opened.pop(place.mailbox, None)
            if following is None:
                return
            try:
                for card in self.pair:
                    await self.client.propose(place.mailbox, following, card)
            except RelayFailed as error:
                if error.failed.code != "stale_access":
                    raise
                continue
            await follow(self.at, place, following.number)
            return


def _wanted(node: Node, place: Place) -> Access | None:
    """The list that the roster asks for, unless it is in force."""
    before = RelayStore(node.store.database).load(place).view.access
    if before is None:
        return None
    roster = node.group(place.group).roster
    return relay_access.wanted(roster, place.compartment, day_of(now_ms()), before)


def _beside(node: Node, place: Place) -> Access | None:
    """The list in force, and this phone in it."""
    before = RelayStore(node.store.database).load(place).view.access
    if before is None or before.may_write(node.device):
        return None
    tags = set(before.tags)
    if place.compartment == "doors":
        tags.add(relay_access.reader_tag(node.device))
    return before._replace(
        number=before.number + 1,
        writers=tuple(sorted((*before.writers, (node.device,)))),
        readers=tuple(key for key in before.readers if key != node.device),
        tags=tuple(sorted(tags)),
    )


def _delivered(
    trial: Replica, keys: dict[bytes, bytes], mailbox: bytes, writer: bytes, blob: bytes
) -> bool:
    """Whether a blob was taken, or never will be."""
    try:
        bundle, _ = read_content(open_blob(keys, mailbox, blob))
    except RemoteError:
        return True
    taken = trial.deliver(bundle, writer, {})
    trial.committed()
    return not taken.missing


@contextlib.asynccontextmanager
async def rescue(device: "Device", pair: Pair, typed: str) -> AsyncIterator[Rescue]:
    """A call at the relay with this address, held until the end of the block."""
    url = relay_url(typed)
    client = await call_relay(device.http, url, device.node.keys)
    try:
        yield Rescue(device, client, pair, url)
    finally:
        await client.close()


def names_known(group: Group) -> tuple[int, int]:
    """How many members have a name here, and how many there are that are not erased."""
    members = [page for _, page in group.book.members.rows() if not page.erased]
    return len(group.people.names()), len(members)
