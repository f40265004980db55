"""A log at a relay: what can't be opened or placed yet waits, what is of no use is named."""

from hashlib import sha256

import pytest

from node.node import Node
from node.relay_log import content_of, read_content
from node.relay_store import WAITING_MAX, RelayStore, Waiting
from replication.errors import RemoteError
from replication.sealing import epoch_key_id, seal_blob
from replication.wire import PersonKey
from tests.node.relay_phones import Phone, World

NONCE = b"n" * 24


def waiting(phone: Phone) -> list[Waiting]:
    return RelayStore(phone.node.store.database).waiting(phone.world.log)


async def push(phone: Phone, address: str, blob: bytes) -> None:
    """Something that this phone's own Mkutano would not push."""
    async with phone.at(address) as visit:
        await visit.client.open(phone.world.log.mailbox)
        await visit.client.push(phone.world.log.mailbox, blob, sha256(blob).digest())


def bundle_of(node: Node, world: World, skip: int) -> bytes:
    """Changes of this phone after the first so many that the log would lack."""
    replica = node.group(world.group).replica
    held: dict[int, int] = {}
    packed = replica.pack(held)
    assert packed is not None
    held = dict(packed.held)
    held[0] -= skip
    last = replica.pack(held)
    assert last is not None
    return last.bundle


async def test_what_lacks_a_key_waits_for_it_and_then_enters(world: World) -> None:
    key = b"e" * 32
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)
        one.record(3)
        content = content_of(bundle_of(one.node, world, 1), b"")
        await push(one, relay.address, seal_blob(key, NONCE, world.log.mailbox, content))
        before = other.changes
        cycled = await other.once(relay.address)
        assert cycled.wrong == ""
        assert len(waiting(other)) == 1
        assert other.changes == before
        keys = (PersonKey(epoch_key_id(key), key),)
        other.node.take(world.group, lambda group: group.replica.take_keys(keys))
        await other.once(relay.address)
        assert waiting(other) == []
        assert other.changes == before + 1


async def test_what_follows_changes_that_are_not_here_waits_for_them(world: World) -> None:
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)
        for number in (3, 4):
            one.record(number)
        key = next(iter(_epoch_keys(one)))
        content = content_of(bundle_of(one.node, world, 1), b"")
        await push(one, relay.address, seal_blob(key, NONCE, world.log.mailbox, content))
        await other.once(relay.address)
        assert len(waiting(other)) == 1
        assert one.digest != other.digest
        await one.once(relay.address)  # the log still lacks the one before
        await other.once(relay.address)
        assert waiting(other) == []
        assert one.digest == other.digest


def _epoch_keys(phone: Phone) -> list[bytes]:
    replica = phone.node.group(phone.world.group).replica
    return [replica.key_box[epoch.key_id] for epoch in replica.epochs("ledger")]


async def test_garbage_of_an_officers_phone_is_named_and_passed(world: World) -> None:
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)
        (key, *_) = _epoch_keys(one)
        mailbox = world.log.mailbox
        for blob in (
            b"\x00" * 300,
            b"\x01" + epoch_key_id(key) + b"x" * 300,
            b"\x02" + b"x" * 300,
            seal_blob(key, NONCE, b"m" * 32, content_of(b"", b"")),
            seal_blob(key, NONCE, mailbox, b"no content"),
            seal_blob(key, NONCE, mailbox, content_of(b"no bundle", b"")),
        ):
            await push(one, relay.address, blob)
        one.record(3)
        await one.once(relay.address)
        cycled = await other.once(relay.address)
        assert cycled.wrong == ""
        assert other.digest == one.digest
        assert waiting(other) == []
        refusals = other.device.links.refusals
        assert {refusal.who for refusal in refusals} == {one.node.device.hex()[:16]}
        assert len(refusals) == 6
        assert all(refusal.detail for refusal in refusals)
        assert other.trusts()  # the relay is not to blame


def test_waiting_is_bounded_and_the_greedy_go_first(world: World) -> None:
    with Node.open(world.path / "secretary") as node:
        store = RelayStore(node.store.database)
        with node.store.database.transaction():
            store.write_waiting(world.log, Waiting(1, b"h" * 32, b"honest"))
            for cursor in range(2, WAITING_MAX + 50):
                store.write_waiting(world.log, Waiting(cursor, b"g" * 32, b"greedy"))
        kept = store.waiting(world.log)
        assert len(kept) == WAITING_MAX
        assert kept[0] == Waiting(1, b"h" * 32, b"honest")


def test_content_is_read_back_and_other_bytes_are_refused() -> None:
    assert read_content(content_of(b"bundle", b"n" * 192)) == (b"bundle", b"n" * 192)
    for data in (b"", b"\x80", content_of(b"bundle", b"n")):
        with pytest.raises(RemoteError):
            read_content(data)
