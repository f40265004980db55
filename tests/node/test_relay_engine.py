"""Two phones that meet through a relay alone: everything arrives once, whatever is cut or lost."""

import asyncio

import pytest

from node.relay_checking import check
from node.relay_client import RelayGone
from node.relay_engine import Cycle, Part
from node.relay_places import Compartment, Place
from node.relay_store import RelayStore
from node.relay_words import why_failed
from relay.protocol import Failed, Message, Push, Receipt
from tests.node.lying_relay import lying
from tests.node.relay_phones import World


async def test_phones_that_never_meet_hold_the_same_book(world: World) -> None:
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        for number in (3, 4, 5):
            one.record(number)
        assert (await one.once(relay.address)).pushed == 1
        assert one.backup.lacks == 0
        received = await other.once(relay.address)
        assert received.received > 0
        other.record(6)
        await other.once(relay.address)
        await one.once(relay.address)
        assert one.digest == other.digest
        assert one.wrong == other.wrong == set()


async def test_an_entry_whose_key_comes_after_it_enters_in_the_same_cycle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone puts entries at the relay, then the keys that open them: whoever reads in between
    has nothing to wait for any more, and is told of nothing."""
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
        one.at(relay.address) as giving,
        other.at(relay.address) as taking,
    ):
        one.record(3)
        entries_are_there, entries_are_read = asyncio.Event(), asyncio.Event()
        push_slots, sign_access = Cycle._push_slots, Cycle._sign_access

        async def keys_wait(self: Cycle, name: Compartment, part: Part) -> None:
            if self.at is giving.at:
                entries_are_there.set()
                await entries_are_read.wait()
            await push_slots(self, name, part)

        async def log_waits(self: Cycle, place: Place) -> None:
            await sign_access(self, place)
            if self.at is not taking.at:
                return
            if place.compartment == "doors" and not entries_are_there.is_set():
                await entries_are_there.wait()
            if place.compartment == "log":
                entries_are_read.set()
                await given

        monkeypatch.setattr(Cycle, "_push_slots", keys_wait)
        monkeypatch.setattr(Cycle, "_sign_access", log_waits)
        given = asyncio.create_task(giving.cycle())
        taken = await taking.cycle()
        assert taken.received > 0
        assert one.digest == other.digest


async def test_nothing_counts_as_backed_up_before_the_relay_signed(world: World) -> None:
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:

        def swallow(message: Message) -> Message | None:
            return None if isinstance(message, Receipt) else message

        liar.lie = swallow
        async with phone.at(liar.address) as visit:
            visit.client.reply_s_max = 0.2
            with pytest.raises(RelayGone):
                await visit.cycle()
        assert phone.backup.held == {}
        assert phone.backup.lacks == phone.changes
        await phone.once(relay.address)
        assert phone.backup.lacks == 0


async def test_other_phones_changes_are_not_put_there_twice(world: World) -> None:
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        before = (await relay.store.usage())[1]
        cycled = await other.once(relay.address)
        assert cycled.pushed == 0
        assert cycled.lacks == 0
        again = await other.once(relay.address)
        assert (again.received, again.pushed, again.lacks) == (0, 0, 0)
        slots = (await relay.store.usage())[1] - before
        assert slots < 8192  # its own slots, and no bundle


async def test_cut_after_every_message_nothing_is_lost_or_doubled(world: World) -> None:
    """One phone is cut after its k-th message, for every k; then both go on, and agree."""
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        liar.cut_after = 0
        number = 3
        while True:
            one.record(number)
            liar.messages = 0
            try:
                await one.once(liar.address)
                break
            except RelayGone:
                liar.cut_after += 1
                number += 1
            entries = await relay.store.entries(world.log.mailbox, 0, 2**30, 1000)
            hashes = [entry.blob_hash for entry in entries[1]]
            assert len(hashes) == len(set(hashes))
        assert liar.cut_after > 8
        await other.once(relay.address)
        assert one.digest == other.digest
        assert one.backup.lacks == other.backup.lacks == 0
        assert one.wrong == other.wrong == set()


async def test_killed_between_store_and_send_the_same_bytes_go_again(world: World) -> None:
    pushed: list[bytes] = []

    def note(message: Message) -> Message | None:
        if isinstance(message, Push) and message.mailbox == world.log.mailbox:
            pushed.append(message.blob)
        return message

    async with world.relay() as relay, lying(relay) as liar:
        liar.hears = note
        liar.lie = lambda message: None if isinstance(message, Receipt) else message
        async with world.phone("secretary") as phone, phone.at(liar.address) as visit:
            visit.client.reply_s_max = 0.2
            with pytest.raises(RelayGone):
                await visit.cycle()
            kept = RelayStore(phone.node.store.database).outgoing(world.log)
            assert [one.blob for one in kept] == pushed
        liar.lie = lambda message: message
        async with world.phone("secretary") as phone:  # opened anew: only the disk is left
            await phone.once(liar.address)
            assert phone.backup.lacks == 0
            assert not RelayStore(phone.node.store.database).outgoing(world.log)
        entries = await relay.store.entries(world.log.mailbox, 0, 2**30, 1000)
        assert len(entries[1]) == 1
        assert set(pushed) == {entries[1][0].blob}


async def test_a_slot_that_was_sent_is_sent_again_as_it_was(world: World) -> None:
    doors = world.chosen.doors
    pushed: list[bytes] = []

    def note(message: Message) -> Message | None:
        if isinstance(message, Push) and message.mailbox == doors:
            pushed.append(message.blob)
            return None
        return message

    async with world.relay() as relay, lying(relay) as liar:
        liar.hears = note
        for _ in range(2):
            async with world.phone("secretary") as phone, phone.at(liar.address) as visit:
                visit.client.reply_s_max = 0.3
                with pytest.raises(RelayGone):
                    await visit.cycle()
    assert len(pushed) == 2
    assert len(set(pushed)) == 1


async def test_what_was_on_its_way_when_the_relay_lost_its_disk_hides_nothing(
    world: World,
) -> None:
    """The deep check reads everything back: what the receipts say is there, is there."""
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:
        await phone.once(relay.address)
        phone.record(3)
        liar.lie = lambda message: None if isinstance(message, Receipt) else message
        async with phone.at(liar.address) as visit:
            visit.client.reply_s_max = 0.3
            with pytest.raises(RelayGone):
                await visit.cycle()
    world.lose_disk()
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
        assert phone.backup.lacks == 0
        async with phone.at(relay.address) as visit:
            checked = await check(visit.at, world.log)
        assert (checked.lacking, checked.unopened) == (0, 0)
        assert checked.changes == phone.changes
        phone.record(4)
        async with phone.at(relay.address) as visit:
            assert (await check(visit.at, world.log)).lacking == 1


async def test_a_relay_that_lost_its_disk_gets_everything_again(world: World) -> None:
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
    world.lose_disk()
    async with (
        world.relay() as relay,
        world.phone("treasurer") as other,
        world.phone("secretary") as phone,
    ):
        assert (await other.once(relay.address)).failed  # it never had the lists
        cycled = await phone.once(relay.address)
        assert cycled.pushed == 1
        assert "lost" in phone.wrong
        assert phone.trusts()
        assert phone.backup.lacks == 0
        await other.once(relay.address)
        assert other.backup.lacks == 0


@pytest.mark.parametrize("renewed", [False, True])
async def test_an_old_backup_of_the_relay_is_noticed_and_healed(
    world: World, renewed: bool
) -> None:
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
    world.keep_relay("backup")
    async with world.relay() as relay, world.phone("secretary") as phone:
        phone.record(3)
        await phone.once(relay.address)
        assert phone.backup.lacks == 0
    world.put_back("backup")
    async with (
        world.relay() as relay,
        world.phone("secretary") as phone,
        world.phone("treasurer") as other,
    ):
        if renewed:
            await relay.store.renew(b"s" * 32)
        cycled = await phone.once(relay.address)
        assert ("restored" if renewed else "rolled_back") in phone.wrong
        assert cycled.pushed == 1
        assert cycled.lacks == phone.backup.lacks == 0
        assert phone.trusts()
        await other.once(relay.address)
        assert other.digest == phone.digest


@pytest.mark.parametrize("code", ["quota_exceeded", "storage_full", "too_busy", "a_later_code"])
async def test_a_relay_without_room_says_so_and_the_rest_goes_on(world: World, code: str) -> None:
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:
        await phone.once(liar.address)
        liar.hears = lambda message: None if isinstance(message, Push) else message
        liar.instead = (Push, Failed(code, "no room\x1b[2J here", 7000))
        phone.record(3)
        cycled = await phone.once(liar.address)
        assert cycled.lacks == 1
        assert cycled.failed == why_failed(code, "no room\x1b[2J here")
        assert "\x1b" not in cycled.failed
        assert cycled.retry_after_ms == 7000
        assert phone.trusts()
        assert "1 change is not there yet" in phone.backup.sentence
        liar.instead = None
        liar.hears = lambda message: message
        assert (await phone.once(liar.address)).lacks == 0
