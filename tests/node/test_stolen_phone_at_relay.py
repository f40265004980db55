"""A stolen phone that still has all it had: at the relay it reads and decides nothing more."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from model.identifiers import receipt_code
from node import council_actions, epoch_keys
from node.clock import now_ms
from node.council_actions import ProposalRequest, SuspendRequest
from node.device import Device, open_device
from node.node import Node
from node.relay_client import RelayClient, RelayFailed, call_relay
from relay.facts import Access
from replication.control import DeviceEnrolled, RelayChosen
from replication.identity import DeviceKeys
from replication.sealing import NONCE_BYTES, open_blob, seal_blob
from tests.node.phones import NOW_MS, sync
from tests.node.test_card_rescue import Village, backed_up, bought, relay, village

__all__ = ["relay", "village"]


class Stolen:
    """What the thief has: the phone's key, its key box, and the relay's address."""

    def __init__(self, keys: DeviceKeys, box: dict[bytes, bytes], chosen: RelayChosen) -> None:
        self.keys = keys
        self.box = box
        self.chosen = chosen

    @asynccontextmanager
    async def calling(self, device: Device) -> AsyncIterator[RelayClient]:
        client = await call_relay(device.http, self.chosen.url, self.keys, self.chosen.relay)
        try:
            yield client
        finally:
            await client.close()


async def three_officers(village: Village) -> Stolen:
    """A third officer's phone, which is then stolen; all three have backed up."""
    with (
        Node.open(village.path / "secretary") as first,
        Node.open(village.path / "treasurer") as second,
        Node.create(village.path / "third", "Third phone") as third,
    ):
        enrolment = DeviceEnrolled(third.device, b"third".ljust(16, b"."), "write", "Third phone")
        batch = first.batch(village.group, NOW_MS)
        batch.append([], (), [enrolment])
        code = batch.commit().receipts[0]
        sync(first, second, village.group)

        council_actions.agree(second, ProposalRequest(proposal=receipt_code(code)), NOW_MS)
        sync(first, second, village.group)
        third.join(village.group, "Umoja")
        sync(second, third, village.group)
    for name in ("secretary", "treasurer", "secretary", "treasurer", "third", "third"):
        done = await village.backs_up(name)
        assert (done.failed, done.wrong) == ("", ""), name
    shutil.copytree(village.path / "third", village.path / "copied")
    with Node.open(village.path / "copied") as copy:
        group = copy.group(village.group)
        (chosen,) = group.replica.relays()
        return Stolen(copy.keys, dict(group.replica.key_box), chosen)


async def shut_out(village: Village) -> None:
    """One officer suspends it; both sign the lists the next time they back up."""
    with Node.open(village.path / "secretary") as node:
        asked = SuspendRequest(phone="Third phone")
        council_actions.suspend(node, asked, NOW_MS)
    for name in ("secretary", "treasurer", "secretary", "treasurer"):
        done = await village.backs_up(name)
        assert (done.failed, done.wrong) == ("", ""), name


async def test_once_the_lists_are_signed_it_opens_nothing_and_pushes_nothing(
    village: Village,
) -> None:
    stolen = await three_officers(village)
    async with open_device(village.path / "treasurer") as device, stolen.calling(device) as client:
        before = {mailbox: await client.open(mailbox) for mailbox in stolen.chosen[2:6]}
        assert all(opened.may_write for opened in before.values())
    await shut_out(village)
    async with open_device(village.path / "treasurer") as device, stolen.calling(device) as client:
        for mailbox in stolen.chosen[2:6]:
            for act in (client.open(mailbox), client.pull(mailbox, 0)):
                with pytest.raises(RelayFailed) as refused:
                    await act
                assert refused.value.failed.code == "not_allowed"
            key = next(iter(stolen.box.values()))
            blob = seal_blob(key, b"n" * NONCE_BYTES, mailbox, b"false")
            with pytest.raises(RelayFailed) as refused:
                await client.push(mailbox, blob, _hash(blob))
            assert refused.value.failed.code == "not_allowed"


def _hash(blob: bytes) -> bytes:

    return sha256(blob).digest()


async def test_an_open_connection_is_told_and_hears_nothing_more(village: Village) -> None:
    stolen = await three_officers(village)
    async with open_device(village.path / "copied") as thief, stolen.calling(thief) as client:
        for mailbox in stolen.chosen[2:6]:
            await client.open(mailbox)
        await shut_out(village)
        async with open_device(village.path / "secretary") as device:
            await device.write(lambda node: bought(node, village.group))
            assert (await backed_up(device, village.group)).lacks == 0
        closed = {mailbox: client.take_closed(mailbox) for mailbox in stolen.chosen[2:6]}
        assert set(closed.values()) == {"not_allowed"}
        with pytest.raises(RelayFailed) as refused:
            await client.pull(stolen.chosen.log, 0)
        assert refused.value.failed.code == "not_allowed"


async def test_what_is_sealed_later_its_keys_do_not_open(village: Village) -> None:
    stolen = await three_officers(village)
    await shut_out(village)
    async with open_device(village.path / "secretary") as device:
        await device.write(lambda node: bought(node, village.group))
        await backed_up(device, village.group)
        group = device.node.group(village.group)
        day = "2026-11-22"
        key = epoch_keys.current(group, "ledger", day)
        assert key is not None
        assert key.key_id not in stolen.box
        client = await call_relay(device.http, village.url, device.node.keys)
        await client.open(stolen.chosen.log)
        entries = (await client.pull(stolen.chosen.log, 0)).entries
        slots = {}
        for box in (stolen.chosen.doors, stolen.chosen.people):
            await client.open(box)
            slots[box] = (await client.pull(box, 0)).entries
        await client.close()
    sealed = [one.blob for one in entries if one.blob is not None]
    ids = {blob[1:17] for blob in sealed}
    assert key.key_id in ids
    assert ids & stolen.box.keys(), "what was sealed before it still opens: that is not promised"
    newest = [blob for blob in sealed if blob[1:17] == key.key_id]
    for blob in newest:
        with pytest.raises(Exception, match="unknown_epoch"):
            open_blob(stolen.box, stolen.chosen.log, blob)
    for found in slots.values():
        kept = {one.writer for one in found if one.blob is not None}
        assert stolen.keys.public not in kept, "the relay let go of its slots"
        assert kept


async def test_it_can_not_rotate_first(village: Village) -> None:
    """It signs lists without the others, before they know; and once they know, nobody co-signs."""
    stolen = await three_officers(village)
    own = stolen.keys.public
    async with open_device(village.path / "treasurer") as device, stolen.calling(device) as client:
        for mailbox in stolen.chosen[2:6]:
            opened = await client.open(mailbox)
            chain = await client.read_access(mailbox, opened.access_number)
            before = chain.chain[-1].access
            for taken in takeovers(before, own):
                assert await client.propose(mailbox, taken) >= 1
    for name in ("secretary", "treasurer", "secretary"):
        done = await village.backs_up(name)
        assert (done.failed, done.wrong) == ("", "")
    await shut_out(village)
    async with open_device(village.path / "secretary") as device:
        client = await call_relay(device.http, village.url, device.node.keys)
        for mailbox in stolen.chosen[2:6]:
            opened = await client.open(mailbox)
            chain = await client.read_access(mailbox, opened.access_number)
            access = chain.chain[-1].access
            assert not access.may_read(own)
            assert len(access.writers) == 2
            assert access.needed == 2
        await client.close()


def takeovers(before: Access, own: bytes) -> list[Access]:
    number = before.number + 1
    return [
        before._replace(number=number, writers=((own,),), needed=1, readers=(), tags=()),
        before._replace(number=number, needed=1),
        before._replace(number=number, cards=()),
    ]


async def test_a_phone_that_stops_all_others_is_left_alone_at_the_relay(
    village: Village, tmp_path: Path
) -> None:
    """It suspends both; they hear it, and sign nothing in which they do not stand themselves."""
    stolen = await three_officers(village)
    with Node.open(village.path / "third") as thief:
        for name in ("Secretary's phone", "Treasurer's phone"):
            council_actions.suspend(thief, SuspendRequest(phone=name), now_ms())
    for name in ("third", "secretary", "treasurer", "third", "secretary"):
        done = await village.backs_up(name)
    assert done.wrong == ""
    with Node.open(village.path / "treasurer") as node:
        keys = node.keys
    async with open_device(village.path / "third") as device:
        client = await call_relay(device.http, village.url, keys)
        for mailbox in stolen.chosen[2:6]:
            opened = await client.open(mailbox)
            assert opened.may_write, "the honest phones still stand in the lists"
        await client.close()
