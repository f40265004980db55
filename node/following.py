"""A reader at one relay: find what it was given, take it in, and notice when it ends.

    find by this device's own tag -> doors of each group -> its log, or its summaries

Nothing has to be typed for a group: whoever lets this device read puts it under the tag that
follows from its key, now or later. What a relay or a stranger puts there is believed only as far as
it proves itself: a ledger by the signatures in it, a summary by those of officers. Who first showed
mailboxes of a group is believed to be that group; other mailboxes that say they are the same one
must be written to by the same phones, else they stand aside and people are told.

Rule: an end takes nothing back. What was read stays, marked with the day on which it ended.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, NamedTuple

from node.clock import day_of, now_ms
from node.device import Device
from node.following_store import (
    Claim,
    Followed,
    FollowingStore,
    State,
    believed,
    claim_of,
)
from node.heard import note_heard
from node.node import Node, Step
from node.portfolio_store import PortfolioStore
from node.relay_access import reader_tag
from node.relay_client import RelayClient, RelayFailed
from node.relay_engine import Cycle
from node.relay_places import Place
from node.relay_reading import AtRelay, Take, read_on
from node.relay_store import RelayStore
from node.relay_view import RelayWrong
from node.relay_words import LIES
from node.summaries import take_summaries
from node.summary_views import newest_plain
from relay.facts import Access, Entry, ProtocolError, check_entry
from replication.control import RelayChosen
from replication.errors import RemoteError
from replication.key_slots import open_doors
from replication.sealing import epoch_key_id
from replication.wire import PersonKey

SHARED_MIN: Final = 2
"""Phones that must have written to both of two sets of mailboxes of one group."""


class Looked(NamedTuple):
    """What one look at a relay brought."""

    groups: int = 0
    """That this device may read there now."""
    fresh: tuple[str, ...] = ()
    """Names of groups that were not here before."""
    ended: tuple[str, ...] = ()
    """Names of groups that let this device read no more."""
    double: tuple[str, ...] = ()
    """Names of groups that other mailboxes pretend to be, or may."""
    summaries: int = 0
    changes: int = 0
    wrong: tuple[str, ...] = ()
    """What was wrong with what the relay said, in words."""


class Following:
    """This device as a reader, over one connection to one relay."""

    def __init__(self, device: Device, client: RelayClient, url: str) -> None:
        self.device = device
        self.client = client
        self.url = url
        self.relay = client.relay
        self.at = AtRelay(device, client)
        self._found = Looked()

    async def look(self, only: frozenset[bytes] | None = None) -> Looked:
        """Take what is new of everything, or of these mailboxes. RelayGone, NodeError."""
        self._found = Looked()
        rows = {one.doors: one for one in await self._rows()}
        known = [one.doors for one in rows.values()]
        if only is None:
            tag = reader_tag(self.device.node.device)
            known += [mailbox for _, mailbox in await self.client.find((tag,))]
        for doors in dict.fromkeys(known):
            row = rows.get(doors)
            if row is not None and row.state == "left":
                continue
            if only is None or only & _mailboxes(doors, row):
                await self._one(doors, row)
        groups = sum(one.state == "active" for one in await self._rows())
        return self._found._replace(groups=groups)

    async def _rows(self) -> list[Followed]:
        return await self.at.on_node(
            lambda node: FollowingStore(node.store.database).rows(self.relay)
        )

    async def _one(self, doors: bytes, row: Followed | None) -> None:
        """One group, or what says that it is one."""
        group = row.claim.group if row is not None else b""
        key = (group or doors, self.relay)
        lock = self.device.relay_locks.setdefault(key, asyncio.Lock())
        place = Place(group, self.relay, self.url, "doors", doors)
        async with lock:
            try:
                await read_on(
                    self.at, place, lambda node, entries: self._doors(node, doors, entries)
                )
            except RelayFailed as error:
                if row is not None and error.failed.code == "not_allowed":
                    await self._set_state(row, "ended")
                return
            except RelayWrong as wrong:
                self._note(wrong)
                return
        now = await self.at.on_node(
            lambda node: FollowingStore(node.store.database).find(self.relay, doors)
        )
        if now is None or now.state == "double":
            return
        if not now.claims:  # its doors open for us no more
            await self._set_state(now, "ended")
            return
        if now.state == "ended":
            await self._set_state(now, "active")
        if now.claim.scope == "ledger":
            await self._ledger(now)
            return
        async with self.device.relay_locks.setdefault(
            (now.claim.group, self.relay), asyncio.Lock()
        ):
            await self._summaries(now)

    # Doors

    async def _read_doors(self, place: Place, row: Followed | None) -> None:
        """Take what is new; of a group with its own link to the relay that link may have read it
        before, so what stands there is read again."""
        doors = place.mailbox
        await read_on(self.at, place, lambda node, entries: self._doors(node, doors, entries))
        if row is None or row.claim.scope != "ledger":
            return
        entries = (await self.client.pull(doors, 0)).entries

        def again(node: Node) -> Step:
            access = _access(node, place)
            good = [one for one in entries if access is not None and _is_good(doors, access, one)]
            return self._doors(node, doors, good)

        await self.at.step(again)

    def _doors(self, node: Node, doors: bytes, entries: Iterable[Entry]) -> Step:
        """Take what new slots of a mailbox of doors say."""
        store = FollowingStore(node.store.database)
        row = store.find(self.relay, doors)
        claims = dict(row.claims) if row is not None else {}
        for entry in entries:
            if entry.blob is None:
                continue
            try:
                door = open_doors(entry.blob, node.keys, doors, entry.writer)
            except RemoteError as error:
                if error.code == "not_for_us":
                    claims.pop(entry.writer, None)
                continue
            claims[entry.writer] = claim_of(door)
        access = _access(node, Place(b"", self.relay, self.url, "doors", doors))
        claim = believed(claims, access, row.claim if row else None) if access else None
        if claim is None:
            if row is not None:
                store.save(row._replace(claims=claims))
        elif not _is_own(node, claim.group):
            self._keep(node, store, row, doors, claim, claims)
        return Step()

    def _keep(
        self,
        node: Node,
        store: FollowingStore,
        row: Followed | None,
        doors: bytes,
        claim: Claim,
        claims: dict[bytes, Claim],
    ) -> None:
        is_double = _is_double(node, store.rows(), doors, claim, claims)
        now = Followed(self.relay, doors, claim, claims, "active", now_ms())
        if row is not None:
            now = row._replace(claim=claim, claims=claims)
        if is_double:
            now = now._replace(state="double")
        elif now.state == "double":
            now = now._replace(state="active")
        store.save(now)
        if is_double and (row is None or row.state != "double"):
            self._tell(double=(claim.label,))
        elif not is_double and (row is None or row.state == "double"):
            self._tell(fresh=(claim.label,))

    # What lies behind them

    async def _ledger(self, row: Followed) -> None:
        """The group's own books: it becomes a group of this device, that only reads."""
        group = row.claim.group

        def work(node: Node) -> Step:
            node.join(group, row.claim.label)
            known = node.group(group).replica.key_box
            keys = [PersonKey(epoch_key_id(key), key) for key in row.keys]
            fresh = [key for key in keys if key.key_id not in known]
            if not fresh:
                return Step()
            return node.take(group, lambda one: one.replica.take_keys(fresh))

        is_new = await self.at.on_node(lambda node: group not in node.groups)
        await self.at.step(work)
        if is_new:
            self.device.groups_changed.set()
        if self.device.links.stay and await self.at.on_node(lambda node: self._uses(node, group)):
            return  # its own link to this relay brings what is new (node/relay_links.py)
        claim = row.claim
        boxes = (claim.log, row.doors, claim.people, claim.summary)
        chosen = RelayChosen(self.relay, self.url, *boxes, True)
        cycled = await Cycle(self.at, group, chosen).run(push=False)
        self._tell(changes=cycled.received)
        if cycled.wrong:
            self._tell(wrong=(LIES.get(cycled.wrong, LIES["altered"]),))

    def _uses(self, node: Node, group: bytes) -> bool:
        return any(one.relay == self.relay for one in node.group(group).replica.relays())

    async def _summaries(self, row: Followed) -> None:
        """The signed totals of sealed meetings, under the keys that the doors gave."""
        group = row.claim.group
        place = Place(group, self.relay, self.url, "summary", row.claim.summary)

        def take(node: Node, entries: tuple[Entry, ...]) -> Step:
            access = _access(node, Place(group, self.relay, self.url, "doors", row.doors))
            keys = {epoch_key_id(key): key for key in row.keys}
            if group in node.groups:
                keys |= node.group(group).replica.key_box
            if access is not None:
                count = take_summaries(node, keys, place, entries, access, now_ms())
                self._tell(summaries=count)
            return Step()

        try:
            await read_on(self.at, place, take)
        except RelayFailed:
            return  # the lists of its mailboxes change one after the other: next time
        except RelayWrong as wrong:
            self._note(wrong)
            return
        await self.at.on_node(lambda node: self._shown(node, row, place, take))

    def _shown(self, node: Node, row: Followed, place: Place, take: Take) -> None:
        """Retry what waited for a key, and put the newest figures where the portfolio looks."""
        database, claim = node.store.database, row.claim
        if RelayStore(database).waiting_count(place):
            take(node, ())
        if claim.scope == "summary":
            note_heard(database, claim.group, "relay", self.relay, self.url, now_ms())
            portfolio = PortfolioStore(database)
            portfolio.follow(claim.group, claim.label, "summary", "", "active")
            access = _access(node, Place(claim.group, self.relay, self.url, "doors", row.doors))
            figures = newest_plain(database, claim.group, access)
            if figures is not None:
                portfolio.keep_summary(claim.group, figures)

    # What is told

    async def _set_state(self, row: Followed, state: State) -> None:
        if row.state == state:
            return
        ended_on = day_of(now_ms()) if state == "ended" else ""

        def work(node: Node) -> None:
            now = row._replace(state=state, ended_on=ended_on)
            FollowingStore(node.store.database).save(now)
            if row.claim.scope == "summary":
                PortfolioStore(node.store.database).follow(
                    row.claim.group,
                    row.claim.label,
                    "summary",
                    ended_on,
                    "active" if state == "active" else "revoked",
                )

        await self.at.on_node(work)
        if state == "ended":
            self._tell(ended=(row.claim.label,))
        else:
            self._tell(fresh=(row.claim.label,))

    def _note(self, wrong: RelayWrong) -> None:
        self._tell(wrong=(LIES.get(wrong.code, LIES["altered"]),))

    def _tell(
        self,
        *,
        fresh: tuple[str, ...] = (),
        ended: tuple[str, ...] = (),
        double: tuple[str, ...] = (),
        wrong: tuple[str, ...] = (),
        summaries: int = 0,
        changes: int = 0,
    ) -> None:
        """Add to what this look brought."""
        now = self._found
        self._found = Looked(
            now.groups,
            now.fresh + fresh,
            now.ended + ended,
            now.double + double,
            now.summaries + summaries,
            now.changes + changes,
            now.wrong + wrong,
        )


def _mailboxes(doors: bytes, row: Followed | None) -> frozenset[bytes]:
    if row is None:
        return frozenset((doors,))
    return frozenset((doors, row.claim.log, row.claim.people, row.claim.summary))


def _access(node: Node, place: Place) -> Access | None:
    return RelayStore(node.store.database).load(place).view.access


def _is_good(doors: bytes, access: Access, entry: Entry) -> bool:
    """Whether a phone that may write there signed for an entry."""
    try:
        check_entry(doors, entry)
    except ProtocolError:
        return False
    return access.may_write(entry.writer)


def _is_own(node: Node, group: bytes) -> bool:
    """Whether this is a group in which this device records: its own link looks after it."""
    return group in node.groups and node.group(group).roster.may_write(node.device)


def _is_double(
    node: Node, rows: list[Followed], doors: bytes, claim: Claim, claims: dict[bytes, Claim]
) -> bool:
    """Whether other mailboxes are believed to be this group's, and these are no others of it.

    Where its ledger is here that knows the officers' phones; else what was found first does.
    """
    if claim.group in node.groups:
        devices = node.group(claim.group).roster.devices
        if devices:
            return not any(one in devices and devices[one].right == "write" for one in claims)
    others = [
        one
        for one in rows
        if one.claim.group == claim.group and one.doors != doors and one.state != "double"
    ]
    return bool(others) and not any(
        len(one.claims.keys() & claims.keys()) >= min(SHARED_MIN, len(one.claims)) for one in others
    )
