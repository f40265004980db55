"""Stays connected to the relays of all groups while `mkutano run` runs.

One outgoing connection a relay, whatever the number of groups: but a group that says another
address for it is served there, and takes no other group along. A relay that a group chooses, here
or on another phone, is called without being told to, and let go when no group uses it. What comes
is taken at once; what was recorded goes when it is due (node/relay_timing.py). A relay that does
not answer is called again after pauses that grow, and everything that others bring meanwhile waits
on disk.
"""

import asyncio
import contextlib
import logging
from typing import Final, NamedTuple

from model.codec import decode
from model.events.meetings import MeetingClosed
from node.clock import monotonic_ms, random_bytes
from node.device import Device
from node.errors import NodeError
from node.following_store import FollowingStore
from node.links import backoff_s
from node.node import Group, Node
from node.relay_address import relay_name
from node.relay_client import RelayClient, RelayGone, call_relay
from node.relay_engine import Cycle
from node.relay_places import places
from node.relay_reading import AtRelay
from node.relay_store import RelayStore
from node.relay_timing import Timing, Unsent
from replication.control import MeetingSealed, RelayChosen, decode_record, is_control

LOOK_S: Final = 30.0
"""Between two looks at which relays groups use, where nothing told before."""
ANEW_MS: Final = 600_000.0
"""How often mailboxes are opened anew: lists that wait for signatures are told nowhere else."""
CYCLES_AT_ONCE: Final = 8
GATHERED_S: Final = 0.05
"""What comes within so long is taken in one cycle; a relay that tells without end gets no more."""
SHUT_MS: Final = 15_000.0
"""Until a relay that did not let this phone in is asked again; longer each time."""
RETRY_MS: Final = 60_000.0
"""After a fault of this phone's own: a full disk, say."""

log = logging.getLogger("mkutano.relay")


class Where(NamedTuple):
    """A relay that groups use, by its key and the address that they say."""

    relay: bytes
    url: str


Wanted = dict[Where, dict[bytes, RelayChosen]]
"""The groups at each."""


class RelayLinks:
    """The connections to all relays."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._keepers: dict[Where, _Keeper] = {}
        self._tasks: dict[Where, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Keep every relay that groups use connected; cancel to stop."""
        changed = self._device.links.ledger_changed
        try:
            while True:
                changed.clear()
                with contextlib.suppress(NodeError):  # the ledger can't be read for now
                    self._follow(await self._device.thread.run(_wanted, self._device.node))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await changed.wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _follow(self, wanted: Wanted) -> None:
        """Begin what is new, end what is gone, and tell the rest that something changed."""
        for where, groups in wanted.items():
            keeper = self._keepers.get(where)
            if keeper is not None and not self._tasks[where].done():
                keeper.follow(groups)
                continue
            if keeper is not None and not self._tasks[where].cancelled():
                log.error("fault at a relay", exc_info=self._tasks[where].exception())
            self._keepers[where] = keeper = _Keeper(self._device, where, groups)
            self._tasks[where] = asyncio.create_task(keeper.run())
        for where in self._keepers.keys() - wanted.keys():
            self._tasks.pop(where).cancel()
            del self._keepers[where]


def _wanted(node: Node) -> Wanted:
    found: Wanted = {}
    left = FollowingStore(node.store.database).left()
    for group_id in tuple(node.groups):
        if group_id in left:  # an organisation that follows it no more
            continue
        group = node.groups.get(group_id)
        for chosen in group.replica.relays() if group is not None else ():
            found.setdefault(Where(chosen.relay, chosen.url), {})[group_id] = chosen
    return found


class _Keeper:
    """Keeps one relay connected."""

    def __init__(self, device: Device, where: Where, groups: dict[bytes, RelayChosen]) -> None:
        self.url = where.url
        self._device = device
        self._relay = where.relay
        self._groups = dict(groups)
        self._kick = asyncio.Event()

    def follow(self, groups: dict[bytes, RelayChosen]) -> None:
        """Something changed: groups, or what one of them holds."""
        self._groups = dict(groups)
        self._kick.set()

    async def run(self) -> None:
        """Call, serve, and call again; cancel to stop."""
        failures, in_vain, is_told = 0, 0, False
        bulletin = self._device.links.bulletin
        while True:
            try:
                client = await call_relay(
                    self._device.http, self.url, self._device.node.keys, self._relay
                )
            except NodeError as error:
                failures += 1
                if not is_told:
                    bulletin.announce(error.sentence)
                    is_told = True
                await asyncio.sleep(backoff_s(failures))
                continue
            failures, is_told = 0, False
            bulletin.announce(f"Connected to the cloud backup at {relay_name(self.url)}.")
            try:
                await self._serve(client)
            except RelayGone:
                in_vain, is_told = 0, True  # it says nothing until it does not come back
            except NodeError as error:  # this phone's own disk, between two cycles
                in_vain += 1
                log.warning("a relay is left for now: %s", error.sentence)
            finally:
                await client.close()
            await asyncio.sleep(backoff_s(in_vain))

    async def _serve(self, client: RelayClient) -> None:
        """Work over one connection until it ends. RelayGone."""
        visit = _Visit(self._device, client, self._relay)
        due = set(self._groups)  # all of them, first
        while not client.over.is_set():
            await visit.run({key: self._groups[key] for key in due & self._groups.keys()})
            self._kick.clear()
            client.heard.clear()
            wait_s = await visit.wait_s(self._groups)
            if not (client.over.is_set() or visit.has_news(self._groups)):
                await _first_of(client.heard, self._kick, wait_s)
            await asyncio.sleep(GATHERED_S)
            due = await visit.due(self._groups)
        raise client.gone()


async def _first_of(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class _Visit:
    """The groups of one relay over one connection."""

    def __init__(self, device: Device, client: RelayClient, relay: bytes) -> None:
        self._device = device
        self._at = AtRelay(device, client)
        self._client = client
        self._cycles: dict[bytes, Cycle] = {}
        self._timings: dict[bytes, Timing] = {}
        self._anew_at = monotonic_ms() + ANEW_MS
        self._retry_at: dict[bytes, float] = {}
        self._shut: dict[bytes, int] = {}
        """How often in a row the relay did not let this phone in."""
        self._some = asyncio.Semaphore(CYCLES_AT_ONCE)

    def has_news(self, groups: dict[bytes, RelayChosen]) -> bool:
        """Whether something came of a mailbox of these groups."""
        return bool(self._with_news(groups))

    def _with_news(self, groups: dict[bytes, RelayChosen]) -> set[bytes]:
        """But for groups that wait after a fault: they are looked at when that time is over."""
        told, now = self._client.told_of, monotonic_ms()
        return {
            group
            for group, chosen in groups.items()
            if told & set(chosen[2:6]) and self._retry_at.get(group, now) <= now
        }

    async def run(self, groups: dict[bytes, RelayChosen]) -> None:
        """One cycle of each of these groups. RelayGone."""
        results = await asyncio.gather(
            *(self._cycle(group, chosen) for group, chosen in groups.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, NodeError) and not isinstance(result, RelayGone):
                log.warning("a group is not backed up for now: %s", result.sentence)
            elif isinstance(result, BaseException):
                raise result

    async def _cycle(self, group: bytes, chosen: RelayChosen) -> None:
        cycle = self._cycles.get(group)
        if cycle is None or cycle.chosen != chosen:
            cycle = self._cycles[group] = Cycle(self._at, group, chosen)
        timing = self._timings.setdefault(group, Timing(random_bytes(1)[0] / 255))
        self._retry_at[group] = monotonic_ms() + RETRY_MS  # unless it ends well
        async with self._some:
            await self._note(group, chosen)
            due = timing.due()
            push = due is not None and due <= monotonic_ms()
            cycled = await cycle.run(push)
        if push:
            nothing = bool(cycled.lacks) and not cycled.pushed
            refused = bool(cycled.failed or cycled.wrong) or nothing
            timing.pushed(monotonic_ms(), refused=refused, retry_after_ms=cycled.retry_after_ms)
        await self._note(group, chosen)
        if cycled.is_shut:  # officers who let this phone in must reach the relay first
            self._shut[group] = times = self._shut.get(group, 0) + 1
            wait_ms = min(SHUT_MS * 2 ** min(times - 1, 8), ANEW_MS)
            self._retry_at[group] = monotonic_ms() + wait_ms
        else:
            self._retry_at.pop(group, None)
            self._shut.pop(group, None)

    async def _note(self, group: bytes, chosen: RelayChosen) -> None:
        unsent = await self._at.on_node(lambda node: _unsent(node, group, chosen))
        near = any(link.group == group for link in self._at.device.links.all())
        self._timings[group].noted(unsent._replace(alone=not near), monotonic_ms())

    async def due(self, groups: dict[bytes, RelayChosen]) -> set[bytes]:
        """The groups that a cycle is due for. What was recorded since is looked at."""
        now = monotonic_ms()
        if now >= self._anew_at:
            self._anew_at = now + ANEW_MS
            self._at.opened.clear()
            self._cycles.clear()
            return set(groups)
        for gone in self._retry_at.keys() - groups.keys():
            del self._retry_at[gone]
        due = self._with_news(groups)
        for group, chosen in groups.items():
            known = self._cycles.get(group)
            is_new = known is None or known.chosen != chosen
            if is_new or await self._next(group, chosen) <= now:
                due.add(group)
        return due

    async def wait_s(self, groups: dict[bytes, RelayChosen]) -> float:
        """Seconds until something is due by itself."""
        times = [self._anew_at]
        for group, chosen in groups.items():
            if group in self._timings:
                times.append(await self._next(group, chosen))
        return max(0.0, min(times) - monotonic_ms()) / 1000

    async def _next(self, group: bytes, chosen: RelayChosen) -> float:
        """When a cycle of a group is due by itself; of one that waits after a fault, no earlier."""
        retry_at = self._retry_at.get(group)
        if retry_at is not None:
            return retry_at
        await self._note(group, chosen)
        due = self._timings[group].due()
        return self._anew_at if due is None else due


def _unsent(node: Node, group_id: bytes, chosen: RelayChosen) -> Unsent:
    """What the relay's log lacks of a group that this device writes in."""
    group = node.groups.get(group_id)
    known = group.roster.devices.get(node.device) if group is not None else None
    if group is None or known is None or known.right != "write" or known.state != "active":
        return Unsent()
    held = RelayStore(node.store.database).held(places(group_id, chosen)[0])
    lacks = group.replica.lacks(held)
    if not lacks:
        return Unsent()
    own = 0
    for number, lane in enumerate(group.store.chains(group.row.group_no).lanes()):
        if lane.device == node.device:
            own += max(0, lane.tip_n - max(held.get(number, 0), lane.fork_n))
    return Unsent(own, max(0, lacks - own), bool(own) and _closes(group))


def _closes(group: Group) -> bool:
    """Whether this device's newest change closes or seals a meeting."""
    tip = group.replica.own_tip
    newest = group.replica.at_chain(*tip) if tip.n else None
    if newest is None:
        return False
    change = newest.change
    for event in change.events:
        if is_control(event):
            if isinstance(decode_record(event), MeetingSealed):
                return True
        elif isinstance(decode(event, change.change_hash[:16]), MeetingClosed):
            return True
    return False
