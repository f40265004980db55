"""Checkpoints: one officer's phone makes it, another's compares it, and nothing is lost by it."""

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256

import pytest

from node import checkpoint_choice, commands, relay_checkpoints
from node.card_exchanges import restore
from node.checkpoint_choice import Standing, standing
from node.checkpoint_store import Shown
from node.checkpoint_words import begin_now, room, wrong_ones
from node.clock import now_ms
from node.device import Device, open_device
from node.node import Node, Step
from node.recording import Context
from node.relay_checking import check
from node.relay_checkpoints import Checkpoints, Comparing
from node.relay_client import RelayGone
from node.relay_places import places
from node.relay_pushing import push
from node.relay_reading import read_log
from node.relay_store import RelayStore
from node.relay_view import Signed
from relay.facts import Checkpoint, Entry, Head, chain_next, chain_start, checkpoint_message
from relay.protocol import Entries, Message, Opened, Push
from relay.server import Relay
from replication import mailbox
from replication.control import DeviceEnrolled
from replication.identity import DeviceKeys
from replication.mailbox import Held
from tests.node.lying_relay import lying
from tests.node.phones import NOW_MS, SECRETARY, sync
from tests.node.relay_phones import Phone, World
from tests.node.test_card_rescue import (
    Village,
    asking,
    at_relay,
    backed_up,
    fresh,
    relay,
    village,
)

__all__ = ["fresh", "relay", "village"]

ENTRIES = 6
LATER_MS = 2**42


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is long after a few blobs."""
    for module in (checkpoint_choice, relay_checkpoints):
        monkeypatch.setattr(module, "ENTRIES_MIN", ENTRIES)
    monkeypatch.setattr(checkpoint_choice, "TURN_ENTRIES", 2)
    monkeypatch.setattr(checkpoint_choice, "GAIN_MIN", 2)


def stands(phone: Phone) -> Standing:
    return standing(phone.node.group(phone.world.group), phone.world.log)


class Members:
    """Numbers of members who join."""

    def __init__(self) -> None:
        self.next = 3

    async def join(self, phone: Phone, address: str, count: int = 1) -> None:
        """One at a time, each backed up on its own."""
        for _ in range(count):
            phone.record(self.next)
            self.next += 1
            assert (await phone.once(address)).failed == ""


async def in_force(members: Members, phones: Sequence[Phone], address: str, after: int = 0) -> None:
    """Go on until a checkpoint that begins after a cursor is in force, as both phones see it."""
    for turn in range(8 * ENTRIES):
        await members.join(phones[turn % 2], address)
        found = [stands(phone).newest for phone in phones]
        if all(one is not None and one.first > after for one in found):
            return
    raise AssertionError("no checkpoint came into force")


def newcomer(world: World, name: str, person: bytes = b"chair".ljust(16, b".")) -> None:
    """Another officer's phone, let in while phones met, that has read nothing yet."""
    with Node.open(world.path / "secretary") as one, Node.create(world.path / name, name) as new:
        one.enrol(world.group, DeviceEnrolled(new.device, person, "write", name), NOW_MS)
        new.join(world.group, "Umoja")


async def no_key() -> bytes:
    return b""


async def log_of(relay: Relay, world: World) -> tuple[bytes, list[Entry], list[bytes]]:
    """Log id, entries, and the chain after each cursor."""
    mailbox = world.log.mailbox
    head, entries, *_ = await relay.store.entries(mailbox, 0, 2**30, 1000)
    chains = [chain_start(mailbox, head.log_id)]
    for entry in entries:
        chains.append(chain_next(chains[-1], entry))
    return head.log_id, list(entries), chains


async def test_made_compared_swept_and_a_new_phone_reads_everything(world: World) -> None:
    members = Members()
    newcomer(world, "chair")
    async with world.relay() as relay, world.phone("secretary") as one:
        async with world.phone("treasurer") as other:
            await in_force(members, (one, other), relay.address)
            first = stands(one).newest
            assert first is not None
            signed = (await relay.store.pending(world.log.mailbox)).checkpoints[0][1]
            assert {key for key, _ in signed} == {one.node.device, other.node.device}
            assert await relay.store.sweep(LATER_MS, 10) == 0  # the one before stays
            await in_force(members, (one, other), relay.address, first.last)
            assert await relay.store.sweep(LATER_MS, 10) == first.first - 1
            _, entries, _ = await log_of(relay, world)
            assert [one.cursor for one in entries if one.blob is None] == [*range(1, first.first)]
            await other.once(relay.address)
            async with one.at(relay.address) as visit:
                await visit.cycle()
                checked = await check(visit.at, world.log)
            assert (checked.lacking, checked.unopened) == (0, 0)
            assert checked.changes == one.changes
        async with open_device(world.path / "chair") as device:
            chair = Phone(world, device)
            await chair.once(relay.address)
            assert chair.digest == one.digest
            assert chair.changes == one.changes
            assert chair.wrong == one.wrong == set()


def joined(group: bytes, name: str, node: Node) -> Step:
    return commands.add_member(Context(node, node.group(group), now_ms()), name).step


async def test_two_cards_read_everything_and_so_does_who_comes_after_the_signers_left(
    village: Village, fresh: Device
) -> None:
    """The officers who signed are in no list any more; what the relay let go of stays gone."""
    with Node.open(village.path / "secretary") as one, Node.open(village.path / "treasurer") as two:
        sync(one, two, village.group)
    async with (
        open_device(village.path / "secretary") as one,
        open_device(village.path / "treasurer") as two,
    ):
        log = places(village.group, one.node.group(village.group).replica.relays()[0])[0]
        first: list[int] = []
        for turn in range(8 * ENTRIES):
            device = (one, two)[turn % 2]
            await device.write(partial(joined, village.group, f"Member {turn}"))
            assert (await backed_up(device, village.group)).failed == ""
            newest = standing(device.node.group(village.group), log).newest
            if newest is not None and newest.first not in first:
                first.append(newest.first)
            if len(first) == 2:
                break
        await backed_up(one, village.group)
    assert await village.relay.store.sweep(LATER_MS, 10) > 0
    digest = village.digest("secretary")
    told = await restore(fresh, asking(village))
    assert fresh.node.group(village.group).book.digest() == digest
    told = await restore(fresh, asking(village, officer="treasurer"))
    assert (told["state"], told["backed_up"]) == ("restored", True)
    async with at_relay(fresh, village.group) as cycle:
        await cycle.run(push=True)
        checked = await check(cycle.at, cycle.places["log"])
    assert (checked.lacking, checked.unopened) == (0, 0)


async def test_a_relay_that_drops_blobs_under_a_false_checkpoint_is_found_out(
    world: World,
) -> None:
    newcomer(world, "tablet", SECRETARY)
    newcomer(world, "chair")
    members = Members()
    async with world.relay() as relay, lying(relay) as liar:
        async with world.phone("secretary") as one, world.phone("treasurer") as other:
            await members.join(one, relay.address, 3)
            await other.once(relay.address)
            await one.once(relay.address)
            own, theirs = one.node.keys, other.node.keys
        with Node.open(world.path / "tablet") as tablet:
            second = tablet.keys
        log_id, entries, chains = await log_of(relay, world)
        false = Checkpoint(log_id, 3, len(entries), chains[-1])
        async with world.phone("chair") as chair:
            for checkpoint, signed in false_ones(world, false, own, theirs, second):
                liar.lie = partial(dropped, world, (checkpoint, tuple(signed)))
                assert (await chair.once(liar.address)).wrong == "withheld"
            assert chair.wrong == {"withheld"}
            liar.lie = lambda message: message
            assert (await chair.once(liar.address)).wrong == ""


def false_ones(
    world: World, false: Checkpoint, own: DeviceKeys, theirs: DeviceKeys, second: DeviceKeys
) -> Iterator[tuple[Checkpoint, list[tuple[bytes, bytes]]]]:
    """A checkpoint, not signed by two officers in any of the ways in which it may not be."""

    def signed(checkpoint: Checkpoint, *keys: DeviceKeys) -> list[tuple[bytes, bytes]]:
        message = checkpoint_message(world.log.mailbox, checkpoint)
        return [(key.public, key.sign(message)) for key in keys]

    yield false, signed(false, own)
    yield false, signed(false, own, own)
    yield false, signed(false, own, second)  # two phones of one officer
    yield false, signed(false, own, DeviceKeys(b"stranger".ljust(32, b".")))
    yield false, [*signed(false, own), (theirs.public, own.sign(b"anything"))]
    yield false, signed(false._replace(first=4), own, theirs)  # of another span
    elsewhere = false._replace(log_id=bytes(16))
    yield elsewhere, signed(elsewhere, own, theirs)


def dropped(world: World, shown: Signed, message: Message) -> Message:
    """What a relay says that let go of what is before a checkpoint."""
    if isinstance(message, Opened):
        return message._replace(checkpoints=(shown,))
    if isinstance(message, Entries) and message.mailbox == world.log.mailbox:
        kept = [
            entry if entry.cursor >= shown[0].first else entry._replace(blob=None)
            for entry in message.entries
        ]
        return message._replace(entries=tuple(kept))
    return message


async def test_a_log_that_ends_before_its_checkpoint_is_not_taken_for_the_whole(
    world: World,
) -> None:
    newcomer(world, "chair")
    members = Members()
    async with world.relay() as relay, lying(relay) as liar:
        async with world.phone("secretary") as one, world.phone("treasurer") as other:
            await in_force(members, (one, other), relay.address)
        log_id, entries, chains = await log_of(relay, world)
        old = liar.signed(world.log.mailbox, Head(log_id, 2, chains[2], entries[1].time_ms))

        def cut(message: Message) -> Message:
            if isinstance(message, Opened) and message.checkpoints:
                return message._replace(head=old)
            if isinstance(message, Entries) and message.mailbox == world.log.mailbox:
                return message._replace(entries=tuple(
                    entry._replace(blob=None) for entry in message.entries[:2]
                ), head=old)  # fmt: skip
            return message

        liar.lie = cut
        async with world.phone("chair") as chair:
            assert (await chair.once(liar.address)).wrong == "withheld"


async def test_only_what_holds_everything_is_signed(world: World) -> None:
    """Every span of a log, signed by a stolen phone: what is good was reckoned beforehand."""
    members = Members()
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await members.join(one, relay.address, 4)
        await other.once(relay.address)
        begin_now(one.node, world.log)
        await one.once(relay.address)
        copying = stands(one).copying
        assert copying is not None
        await members.join(one, relay.address)
        await other.once(relay.address)  # reads on; what waits it has compared
        log_id, entries, chains = await log_of(relay, world)
        async with other.at(relay.address) as visit:
            await visit.at.client.open(world.log.mailbox)
            looking = Checkpoints(visit.at, world.log, no_key)
            for first in range(1, len(entries) + 1):
                span = Checkpoint(log_id, first, len(entries), chains[-1])
                shown = Shown(span, one.node.device, "waiting")
                comparing = Comparing(other.node, world.log, shown)
                await looking.download(comparing)
                assert comparing.is_good(other.node) == (first <= copying.first), first
            elsewhere = Checkpoint(log_id, 1, len(entries), bytes(32))
            comparing = Comparing(
                other.node, world.log, Shown(elsewhere, one.node.device, "waiting")
            )
            await looking.download(comparing)
            assert not comparing.is_good(other.node)


@pytest.mark.parametrize("piece", ["missing", "garbage"])
async def test_a_stolen_phones_checkpoint_is_not_signed_and_the_phone_is_named(
    world: World, piece: str
) -> None:
    members = Members()
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await members.join(one, relay.address, 3)
        async with one.at(relay.address) as stolen:
            await stolen.cycle()
            if piece == "garbage":
                blob = bytes(300)
                await stolen.client.push(world.log.mailbox, blob, sha256(blob).digest())
            log_id, entries, chains = await log_of(relay, world)
            first = 1 if piece == "garbage" else 2
            false = Checkpoint(log_id, first, len(entries), chains[-1])
            await stolen.client.sign_checkpoint(world.log.mailbox, false)
        await other.once(relay.address)
        (waiting,) = (await relay.store.pending(world.log.mailbox)).checkpoints
        assert [key for key, _ in waiting[1]] == [one.node.device]
        group = other.node.group(world.group)
        (words,) = wrong_ones(group)
        assert "mkutano suspend" in words
        assert "“Secretary's phone”" in words
        assert words in other.device.links.bulletin.announced()
        await other.once(relay.address)
        assert words not in other.device.links.bulletin.announced()  # told once
        assert other.trusts()  # it is no fault of the relay
        begin_now(other.node, world.log)  # and keeps nobody from making a good one
        await other.once(relay.address)
        await one.once(relay.address)
        await one.once(relay.address)
        newest = stands(one).newest
        assert newest is not None
        assert newest != false


async def test_cut_at_any_point_of_making_one_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = Members()
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await members.join(one, relay.address, 5)
        await other.once(relay.address)
        monkeypatch.setattr(mailbox, "CHUNK_BYTES_MAX", 300)
        assert begin_now(one.node, world.log)
        liar.cut_after = 0
        while True:
            liar.messages = 0
            try:
                await one.once(liar.address)
                break
            except RelayGone:
                liar.cut_after += 1
        assert liar.cut_after > 8
        copying = stands(one).copying
        assert copying is not None
        assert copying.is_whole
        assert copying.last - copying.first + 1 == pieces_of(one) > 2  # none of them twice
        _, entries, _ = await log_of(relay, world)
        assert len({entry.blob_hash for entry in entries}) == len(entries)
        await other.once(relay.address)
        await other.once(relay.address)
        newest = stands(other).newest
        assert newest is not None
        assert newest[:3] == copying[:3]
        assert one.wrong == other.wrong == set()


def pieces_of(phone: Phone) -> int:
    """How many bundles everything takes."""
    replica, held, count = phone.node.group(phone.world.group).replica, Held(), 0
    while (packed := replica.pack(held)) is not None:
        held, count = {**held, **packed.held}, count + 1
    return count


async def test_when_it_pays_one_phone_makes_it_and_the_others_wait(world: World) -> None:
    members = Members()
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await members.join(one, relay.address, ENTRIES - 1)
        await other.once(relay.address)
        assert [stands(phone).copying for phone in (one, other)] == [None, None]
        group = one.node.group(world.group)
        assert room(group, world.log).freeable_bytes > 0
        assert "a short copy of them takes about" in one.backup.room.sentence
        makers = set()
        while stands(one).newest is None or stands(other).newest is None:
            for phone in (one, other):
                await members.join(phone, relay.address)
                makers |= {each for each in (one, other) if stands(each).copying is not None}
        assert len(makers) == 1
        assert stands(one).newest == stands(other).newest


async def test_it_does_not_pay_where_the_log_is_little_more_than_everything_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = Members()
    async with world.relay() as relay, world.phone("secretary") as one:
        await members.join(one, relay.address, ENTRIES - 1)
        monkeypatch.setattr(checkpoint_choice, "GAIN_MIN", 1000)
        await members.join(one, relay.address, 8)
        assert stands(one).copying is None
        monkeypatch.setattr(checkpoint_choice, "GAIN_MIN", 2)
        await members.join(one, relay.address)
        assert stands(one).copying is not None


async def test_a_long_download_says_how_far_it_is_and_pushes_nothing_before_its_end(
    world: World,
) -> None:
    members = Members()
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as one:
        await members.join(one, relay.address, 5)

        def small(message: Message) -> Message:
            if isinstance(message, Entries) and message.mailbox == world.log.mailbox:
                return message._replace(entries=message.entries[:1])
            return message

        liar.lie = small
        async with world.phone("treasurer") as other:
            other.record(2000)
            seen = []
            async with other.at(liar.address) as visit:
                visit.at.pages_max = 2
                while (cycled := await visit.cycle()).is_partial:
                    assert cycled.pushed == 0
                    seen.append((other.backup.entries_read, other.backup.entries_there))
            assert seen == [(2, 5), (4, 5)]
            assert cycled.pushed == 1
            assert other.backup.lacks == 0


async def test_what_another_pushes_before_the_first_piece_is_in_the_checkpoint_too(
    world: World,
) -> None:
    """The treasurer's change gets between the secretary's reading and its first piece."""
    members = Members()
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await members.join(one, relay.address, 3)
        await other.once(relay.address)
        liar.hears = lambda message: None if isinstance(message, Push) else message
        assert begin_now(one.node, world.log)
        async with one.at(liar.address) as visit:
            visit.client.reply_s_max = 0.2
            with pytest.raises(RelayGone):
                await visit.cycle()  # the piece is made, and does not arrive
        await members.join(other, relay.address)
        liar.hears = lambda message: message
        async with one.at(relay.address) as visit:
            checkpoints = Checkpoints(visit.at, world.log, no_key)
            outgoing = RelayStore(one.node.store.database).outgoing(world.log)
            await visit.at.client.open(world.log.mailbox)
            await push(visit.at, world.log, outgoing[0])  # unread by it, the other's lies before
            assert not await visit.at.on_node(checkpoints.complete)
            await read_log(visit.at, world.log)
            await checkpoints.run()  # without a key nothing can be added, nor signed
            copying = stands(one).copying
            assert copying is not None
            assert not copying.is_whole
            await visit.cycle()
        copying = stands(one).copying
        assert copying is not None
        assert copying.is_whole
        await other.once(relay.address)
        assert wrong_ones(other.node.group(world.group)) == []
        await one.once(relay.address)
        assert stands(one).newest is not None
