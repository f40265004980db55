"""Relays that lie, over real connections: each lie is caught, named, and healed where that can be.

The lies are told by a relay that has its real key. What honest phones do with a relay's honest
accidents (a lost disk, an old backup, no room) is in test_relay_engine.py.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from node.relay_client import RelayGone
from node.relay_gossip import contradicted, notes_for, take_notes
from node.relay_view import read_note
from node.relay_words import LIES
from relay.facts import Entry, SignedAccess, chain_next, chain_start, is_fraud
from relay.protocol import AccessChain, Entries, Hello, Message, News, Opened, Push, Receipt
from tests.node.lying_relay import LyingRelay, lying
from tests.node.phones import NOW_MS
from tests.node.relay_phones import World

Lie = Callable[[LyingRelay, World, Message], Message | None]


def entries_altered(change: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> Lie:
    """A lie about what lies in the log."""

    def lie(liar: LyingRelay, world: World, message: Message) -> Message | None:
        if isinstance(message, Entries) and message.mailbox == world.log.mailbox:
            return message._replace(entries=change(message.entries))
        return message

    return lie


def signed_anew(liar: LyingRelay, world: World, message: Message) -> Message | None:
    """An entry's time is altered, and the whole chain signed again so that it fits."""
    if not isinstance(message, Entries) or message.mailbox != world.log.mailbox:
        return message
    head = message.head.head
    chain = chain_start(message.mailbox, head.log_id)
    entries = []
    for entry in message.entries:
        entries.append(entry._replace(time_ms=entry.time_ms + 1))
        chain = chain_next(chain, entries[-1])
    signed = liar.signed(message.mailbox, head._replace(chain=chain, time_ms=head.time_ms + 1))
    return message._replace(entries=tuple(entries), head=signed)


def wrong_head(liar: LyingRelay, world: World, message: Message) -> Message | None:
    if isinstance(message, Opened):
        signed = message.head
        return message._replace(head=signed._replace(signature=bytes(64)))
    return message


def no_more(liar: LyingRelay, world: World, message: Message) -> Message | None:
    """It says that there is more, and gives nothing."""
    if isinstance(message, Entries):
        return message._replace(entries=())
    return message


def other_lists(liar: LyingRelay, world: World, message: Message) -> Message | None:
    if isinstance(message, AccessChain):
        one = message.chain[0]
        stranger = tuple(sorted({*one.access.readers, b"s" * 32}))
        return message._replace(
            chain=(SignedAccess(one.access._replace(readers=stranger), one.signatures),)
        )
    return message


def of_first(**other: Any) -> Lie:
    """The first entry is said to be another."""
    return entries_altered(lambda some: (some[0]._replace(**other), *some[1:]) if some else some)


def once_more(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return (*entries, entries[-1]._replace(cursor=entries[-1].cursor + 1)) if entries else entries


READING: dict[str, tuple[str, Lie]] = {
    "one reader more": ("bad_access", other_lists),
    "a blob of another": ("altered", of_first(blob=b"x" * 300)),
    "a hash of another": ("altered", of_first(blob_hash=b"h" * 32)),
    "another time": ("altered", of_first(time_ms=7)),
    "another writer": ("altered", of_first(writer=b"w" * 32)),
    "one twice": ("altered", entries_altered(once_more)),
    "a blob is missing": ("withheld", of_first(blob=None)),
    "the first is missing": ("withheld", entries_altered(lambda some: some[1:])),
    "one in the middle is missing": ("withheld", entries_altered(lambda some: some[:1] + some[2:])),
    "another order": ("withheld", entries_altered(lambda some: some[::-1])),
    "all are missing": ("withheld", no_more),
    "another key": ("forged_head", wrong_head),
}


async def test_a_lie_told_to_a_reader_is_named_and_takes_nothing(world: World) -> None:
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        for number, (name, (code, lie)) in enumerate(READING.items()):
            for more in range(3):
                one.record(3 + 3 * number + more)
                await one.once(relay.address)
            before = other.digest

            def tell(message: Message, lie: Lie = lie) -> Message | None:
                return lie(liar, world, message)

            liar.lie = tell
            cycled = await other.once(liar.address)
            assert (name, cycled.wrong) == (name, code)
            assert code in other.wrong
            assert code in LIES
            assert other.digest == before
            liar.lie = lambda message: message
            await other.once(liar.address)  # once it tells the truth, all is well again
            assert other.digest == one.digest


async def test_a_history_that_was_signed_anew_is_another_story(world: World) -> None:
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)
        one.record(3)
        await one.once(relay.address)
        liar.lie = lambda message: signed_anew(liar, world, message)
        await other.once(liar.address)
        assert "forked" in other.wrong
        assert not other.trusts()
        assert other.backup.lacks == other.changes
        await other.once(relay.address)  # reading goes on, trusting does not
        assert other.digest == one.digest
        assert not other.trusts()


async def test_a_forged_receipt_is_no_backup(world: World) -> None:
    def other_blob(liar: LyingRelay, receipt: Receipt) -> Receipt:
        return receipt._replace(entry=receipt.entry._replace(blob_hash=sha256(b"x").digest()))

    def other_chain(liar: LyingRelay, receipt: Receipt) -> Receipt:
        return receipt._replace(chain_before=bytes(32))

    def other_place(liar: LyingRelay, receipt: Receipt) -> Receipt:
        return receipt._replace(entry=receipt.entry._replace(cursor=receipt.entry.cursor + 1))

    def unsigned(liar: LyingRelay, receipt: Receipt) -> Receipt:
        return receipt._replace(head=receipt.head._replace(signature=bytes(64)))

    def other_history(liar: LyingRelay, receipt: Receipt) -> Receipt:
        """All of it fits together, and is signed; but the log was another one before."""
        chain = chain_next(bytes(32), receipt.entry)
        signed = liar.signed(world.log.mailbox, receipt.head.head._replace(chain=chain))
        return receipt._replace(chain_before=bytes(32), head=signed)

    lies = (
        (other_blob, "forged_receipt"), (other_chain, "forged_receipt"),
        (other_place, "forged_receipt"), (unsigned, "forged_head"), (other_history, "forked"),
    )  # fmt: skip
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:
        for number, (forge, code) in enumerate(lies, 3):
            phone.record(number)

            def lie(message: Message, forge: Callable[..., Receipt] = forge) -> Message:
                return forge(liar, message) if isinstance(message, Receipt) else message

            liar.lie = lie
            cycled = await phone.once(liar.address)
            assert code in phone.wrong
            assert cycled.wrong == code
            assert phone.backup.lacks > 0


async def test_two_phones_that_were_told_two_stories_find_out_when_they_meet(world: World) -> None:
    """The relay keeps two logs under one key; a head at one cursor each proves it to anybody."""
    async with world.relay() as relay, world.phone("secretary") as one:
        await one.once(relay.address)
    world.keep_relay("other")
    async with (
        world.relay() as relay,
        world.relay("other") as other_relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await other.once(other_relay.address)
        one.record(3)
        other.record(4)
        await one.once(relay.address)
        await other.once(other_relay.address)
        assert one.trusts()
        assert other.trusts()
        notes = notes_for(other.node, world.group)
        (found,) = take_notes(one.node, world.group, notes, NOW_MS)
        assert found.wrong.code == "forked"
        assert "two stories" in contradicted(found)
        assert not one.trusts()
        assert one.backup.held == {}
        (fault,) = [fault for fault in one.faults if fault.code == "forked"]
        halves = [read_note(fault.proof[:192]), read_note(fault.proof[192:])]
        (relay_key, mailbox, first_head), (_, _, other_head) = [half for half in halves if half]
        assert is_fraud(relay_key, mailbox, first_head, other_head)
        assert not take_notes(one.node, world.group, notes, NOW_MS)  # known by now
        assert (await one.once(relay.address)).failed == ""  # reading goes on


async def test_phones_that_never_meet_find_out_by_what_is_sealed_in_the_log(world: World) -> None:
    """The relay hides the treasurer's phone's newest; then merges the two stories again."""
    async with world.relay() as relay, world.phone("secretary") as one:
        await one.once(relay.address)
    world.keep_relay("other")
    async with (
        world.relay() as relay,
        world.relay("other") as hidden,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        for number in (3, 4):
            one.record(number)
            await one.once(relay.address)
        other.record(5)
        await other.once(hidden.address)
        other.record(6)
        await other.once(hidden.address)  # its note says what it was told of its own entry
        held = await hidden.store.entries(world.log.mailbox, 0, 2**30, 100)
        blob = held[1][-1]
        async with other.at(relay.address) as visit:  # the relay hands it on after all
            await visit.client.open(world.log.mailbox)
            await visit.client.push(world.log.mailbox, blob.blob or b"", blob.blob_hash)
        await one.once(relay.address)
        assert "forked" in one.wrong


async def test_a_relay_that_shows_one_phone_less_is_named(world: World) -> None:
    async with world.relay() as relay, world.phone("secretary") as one:
        await one.once(relay.address)
    world.keep_relay("less")
    async with (
        world.relay() as relay,
        world.relay("less") as less,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        one.record(3)
        await one.once(relay.address)
        await other.once(less.address)
        assert not take_notes(other.node, world.group, notes_for(one.node, world.group), NOW_MS)
        await other.once(less.address)
        assert "behind" in other.wrong
        await other.once(relay.address)
        assert other.digest == one.digest


async def test_what_is_no_relay_of_the_group_gets_nothing(world: World) -> None:
    async with world.relay("stranger") as stranger, lying(stranger) as liar:
        pushed: list[Message] = []

        def hears(message: Message) -> Message | None:
            pushed.append(message)
            return message

        liar.hears = hears
        async with world.phone("secretary") as phone:
            with pytest.raises(RelayGone, match="another relay than the one"):
                await phone.once(liar.address)
            liar.lie = lambda message: (
                message._replace(relay=world.chosen.relay)
                if isinstance(message, Hello)
                else message
            )
            cycled = await phone.once(liar.address)  # it says that it is the one, and can't sign
            assert cycled.pushed == 0
            assert not [one for one in pushed if isinstance(one, Push)]


async def test_news_that_lie_are_no_better(world: World) -> None:
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)

        def lie(message: Message) -> Message | None:
            if isinstance(message, News) and message.entries:
                entry = message.entries[0]._replace(blob=b"x" * 300)
                return message._replace(entries=(entry,))
            return message

        liar.lie = lie
        async with other.at(liar.address) as visit:
            await visit.cycle()
            one.record(3)
            await one.once(relay.address)
            await visit.client.heard.wait()
            assert (await visit.cycle()).wrong == "altered"
            await visit.cycle()
            assert other.digest == one.digest
