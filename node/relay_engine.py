"""One cycle of one group at one relay: take what is new there, then put there what it lacks.

    open -> who may use it -> doors (keys) -> log: read, then push -> own slots -> summaries

Rule: reading comes before pushing, so that five phones at one meeting do not put the same changes
there five times; and nothing is told as backed up that the relay has not signed for. A part that
this device may not open (a reader of a smaller scope) is left out. What is wrong in one mailbox
does not stop the others.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from node import door_slots, epoch_keys, people_slots, relay_access, summaries
from node.clock import day_of, now_ms
from node.heard import note_heard
from node.node import Node, Step
from node.refused_words import why_refused
from node.relay_checkpoints import Checkpoints
from node.relay_client import RelayFailed
from node.relay_gossip import contradicted, take_notes, tell_notes
from node.relay_log import Taken, lacking, take_waiting
from node.relay_places import Compartment, Place, Slot, places
from node.relay_pushing import BLOBS_A_CYCLE, push_log, push_slot
from node.relay_reading import AtRelay, amend_again, create_again, follow, read_log, read_on
from node.relay_store import RelayStore
from node.relay_view import RelayWrong
from node.relay_words import unusable
from relay.facts import Access, Entry
from replication.control import RelayChosen

SLOTS_A_CYCLE: Final = 64
"""Of a mailbox; summaries of more meetings go with the next cycle."""

Own = Callable[[Node, bytes, Place, bytes, int], Slot | None]
TakeSlots = Callable[[Node, bytes, Place, Sequence[Entry], int], Step]


class Part(NamedTuple):
    """A mailbox beside the log: who takes what lies in it, and makes what is put there."""

    take: TakeSlots
    own: Own
    once: bool
    """Whether there is one slot a device, or one entry a meeting."""


PARTS: Final[dict[Compartment, Part]] = {
    "doors": Part(door_slots.take, door_slots.own, True),
    "people": Part(people_slots.take, people_slots.own, True),
    "summary": Part(summaries.take, summaries.own, False),
}


class Cycled(NamedTuple):
    """What one cycle did."""

    received: int
    """Changes that were new here."""
    pushed: int
    """Blobs that the relay took, of the log."""
    lacks: int
    """Changes that the relay's log still lacks."""
    wrong: str
    """Code of what kept a mailbox from being read; "" for nothing."""
    failed: str
    """Sentence of the relay's last refusal; "" for none."""
    retry_after_ms: int
    """How long the relay asks to wait."""
    is_shut: bool
    """Whether the relay did not let this device in where it will, or should."""
    is_partial: bool = False
    """Whether there is more to read of the log: reading stopped where it was told to."""


class Cycle:
    """One group at one relay, over one connection that stays."""

    def __init__(self, at: AtRelay, group: bytes, chosen: RelayChosen) -> None:
        self.at = at
        self.group = group
        self.chosen = chosen
        self.places = {place.compartment: place for place in places(group, chosen)}
        self.lock: asyncio.Lock = at.device.relay_locks.setdefault(
            (group, chosen.relay), asyncio.Lock()
        )
        self._shut: set[Compartment] = set()
        self._failed = ""
        self._retry_after_ms = 0
        self._is_shut = False
        self._wrong = ""
        self._received = 0
        self._tried: object = None
        """What was known when the entries that wait were last tried."""

    async def run(self, push: bool, blobs_max: int = 0) -> Cycled:
        """Read everything, and with `push` put there what the log lacks. RelayGone, NodeError."""
        async with self.lock:
            return await self._run(push, blobs_max or BLOBS_A_CYCLE)

    async def _run(self, push: bool, blobs_max: int) -> Cycled:
        self._failed = self._wrong = ""
        self._is_shut = False
        self._received = pushed = self._retry_after_ms = 0
        log = self.places["log"].mailbox
        await self._read("doors")
        is_read = await self._read("log") and log not in self.at.partial
        if push and is_read:
            pushed = await self._push_log(blobs_max)
        if is_read:
            await self._look_after_checkpoints()
        for name in PARTS:
            if await self._read(name):
                await self._push_slots(name, PARTS[name])
        await self._take_waiting()  # a key may have come after the entries that it opens
        lacks = await self.at.on_node(lambda node: lacking(node, self.places["log"]))
        if is_read:
            await self.at.on_node(self._note_heard)
            await self.at.step(lambda node: tell_notes(node, self.group))
        return Cycled(
            self._received,
            pushed,
            lacks,
            self._wrong,
            self._failed,
            self._retry_after_ms,
            self._is_shut,
            log in self.at.partial,
        )

    async def _note_shut(self, name: Compartment, error: RelayFailed) -> None:
        """A mailbox was not opened: what a reader may not read it is not told of again and again;
        an officer's phone will be let in, and asks once more."""
        writes = await self._may_write()
        if error.failed.code == "not_allowed" and name != "log" and not writes:
            self._shut.add(name)
            return
        self._is_shut = True
        self._note_failed(error)

    async def _may_write(self) -> bool:
        return await self.at.on_node(
            lambda node: node.group(self.group).roster.may_write(node.device)
        )

    def _note_failed(self, error: RelayFailed) -> None:
        self._failed = error.sentence
        self._retry_after_ms = max(self._retry_after_ms, error.failed.retry_after_ms)

    def _note_heard(self, node: Node) -> None:
        chosen = self.chosen
        note_heard(node.store.database, self.group, "relay", chosen.relay, chosen.url, now_ms())

    # Reading

    async def _read(self, name: Compartment) -> bool:
        """Read one mailbox; whether this device has it open and all of it was good."""
        if name in self._shut and not self.at.client.told_of & {self.places[name].mailbox}:
            return False
        try:
            await self._read_place(self.places[name])
        except RelayFailed as error:
            if await self._mended(name, error.failed.code):
                return True
            await self._note_shut(name, error)
            self.at.client.take_news(self.places[name].mailbox)  # opened anew, it tells all
            return False
        except RelayWrong as wrong:
            self._wrong = self._wrong or wrong.code
            self.at.client.take_news(self.places[name].mailbox)
            return False
        self._shut.discard(name)
        return True

    async def _mended(self, name: Compartment, code: str) -> bool:
        """The relay lost a mailbox, or its newest lists: give them to it again."""
        mend = {"unknown_mailbox": create_again, "not_allowed": amend_again}.get(code)
        place = self.places[name]
        self.at.opened.pop(place.mailbox, None)
        if mend is None or (mend is amend_again and not await self._may_write()):
            return False
        with contextlib.suppress(RelayFailed, RelayWrong):
            if await mend(self.at, place):
                await self._read_place(place)
                return True
        return False

    async def _read_place(self, place: Place) -> None:
        if place.compartment == "log":
            await self._take_log(await read_log(self.at, place))
        else:
            part = PARTS[place.compartment]
            await read_on(
                self.at,
                place,
                lambda node, entries: part.take(node, self.group, place, entries, now_ms()),
            )
        await self._sign_access(place)

    async def _take_log(self, taken: Taken) -> None:
        await self._note_taken(taken)
        await self._take_waiting()

    async def _take_waiting(self) -> None:
        """Try entries again that waited for a key or for a change, if any came."""
        if not await self.at.on_node(self._may_enter):
            return
        found: list[Taken] = []

        def work(node: Node) -> Step:
            found.append(take_waiting(node, self.places["log"]))
            return found[0].step

        await self.at.step(work)
        self._tried = await self.at.on_node(self._known)
        await self._note_taken(found[0])

    async def _note_taken(self, taken: Taken) -> None:
        """Count what entered, and tell what could not and what other phones were told."""
        device = self.at.device
        self._received += taken.changes
        for trouble in taken.troubles:
            why = why_refused(trouble.code, trouble.detail) or unusable(trouble.code)
            device.links.note(trouble.writer.hex()[:16], trouble.code, why)
        if taken.notes:
            told = await self.at.on_node(
                lambda node: take_notes(node, self.group, taken.notes, now_ms())
            )
            for one in told:
                device.links.bulletin.announce(contradicted(one))

    def _may_enter(self, node: Node) -> bool:
        """Whether something waits, and anything came that it may have waited for: what a stolen
        phone lets wait for ever is not tried again in every cycle."""
        waits = RelayStore(node.store.database).waiting_count(self.places["log"])
        return bool(waits) and self._known(node) != self._tried

    def _known(self, node: Node) -> object:
        """What decides whether a waiting entry can enter: the keys and the changes here."""
        replica = node.group(self.group).replica
        return len(replica.key_box), replica.tips

    # Who may use a mailbox

    async def _sign_access(self, place: Place) -> None:
        """Sign the next list where the officers decided something that the one in force lacks."""
        opened = self.at.opened[place.mailbox]
        if not opened.may_write:
            return

        def wanted(node: Node) -> Access | None:
            view = RelayStore(node.store.database).load(place).view
            if view.access is None:
                return None
            return relay_access.to_sign(
                node.group(self.group), place.compartment, view.access, opened.pending,
                day_of(now_ms()), place.relay,
            )  # fmt: skip

        access = await self.at.on_node(wanted)
        if access is None:
            return
        with contextlib.suppress(RelayFailed):  # another list came first: the next cycle looks anew
            if await self.at.client.propose(place.mailbox, access) == 0:
                await follow(self.at, place, access.number)
        self.at.opened.pop(place.mailbox, None)  # what waits is looked at anew

    # Pushing

    async def _push_log(self, blobs_max: int) -> int:
        place = self.places["log"]
        opened = self.at.opened.get(place.mailbox)
        if not await self.at.on_node(lambda node: lacking(node, place)):
            return 0
        if opened is not None and not opened.may_write:
            return 0
        key = await self._sealing_key()
        if not key:
            return 0
        try:
            return await push_log(self.at, place, key, blobs_max)
        except RelayFailed as error:
            self._note_failed(error)
        except RelayWrong as wrong:
            self._wrong = self._wrong or wrong.code
        return 0

    async def _look_after_checkpoints(self) -> None:
        place = self.places["log"]
        if await self.at.on_node(lambda node: lacking(node, place)):
            return  # a checkpoint holds everything that is there
        try:
            await Checkpoints(self.at, place, self._sealing_key).run()
        except RelayFailed as error:
            self._note_failed(error)
        except RelayWrong as wrong:
            self._wrong = self._wrong or wrong.code

    async def _sealing_key(self) -> bytes:
        keys: list[bytes] = []

        def work(node: Node) -> Step:
            key, step = epoch_keys.sealing_key(node, self.group, "ledger", now_ms())
            keys.append(key)
            return step

        await self.at.step(work)
        return keys[0]

    async def _push_slots(self, name: Compartment, part: Part) -> None:
        place = self.places[name]
        opened = self.at.opened.get(place.mailbox)
        if opened is not None and not opened.may_write:
            return
        try:
            for _ in range(1 if part.once else SLOTS_A_CYCLE):
                slot = await self.at.on_node(lambda node: self._own(node, place, part))
                if slot is None:
                    return
                entry = await push_slot(self.at, place, slot)
                await self._take_own(place, part, entry)
        except RelayFailed as error:
            self._note_failed(error)
        except RelayWrong as wrong:
            self._wrong = self._wrong or wrong.code

    def _own(self, node: Node, place: Place, part: Part) -> Slot | None:
        stands = RelayStore(node.store.database).load(place).slot
        return part.own(node, self.group, place, stands, now_ms())

    async def _take_own(self, place: Place, part: Part, entry: Entry) -> None:
        await self.at.step(lambda node: part.take(node, self.group, place, (entry,), now_ms()))
