"""A stolen phone that may still write, and an evil relay, against honest phones over real sockets.

Rule: nothing that either does makes an honest phone crash, wait for ever, grow without bound or
show other money; backups go on, or the phone says why not and what to do. What is caught of a lying
relay's word about its log is in test_relay_lies.py, the lists in test_stolen_phone_at_relay.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from node import council_actions, epoch_keys, relay_links
from node.council_actions import SuspendRequest
from node.device import Device, open_device
from node.node import Node
from node.payloads import encoded
from node.relay_address import relay_name
from node.relay_client import NEWS_MAX, RelayFailed, RelayGone, call_relay
from node.relay_engine import Cycle
from node.relay_founding import add
from node.relay_log import take_waiting
from node.relay_places import places
from node.relay_reading import AtRelay, amend_again
from node.relay_store import Mailbox, RelayStore
from node.relay_view import View
from node.relay_words import LIES
from relay.config import Config
from relay.facts import (
    TIME_MS_MAX,
    Access,
    Entry,
    Head,
    SignedAccess,
    SignedHead,
    access_message,
    head_message,
    is_signed,
    mailbox_id,
)
from relay.protocol import (
    AccessChain,
    Entries,
    Find,
    Found,
    Hello,
    Message,
    News,
    Opened,
    ProposeAccess,
    Pull,
    ReadAccess,
    encode,
)
from relay.server import Relay, start_relay
from replication.control import EpochBegun, RelayChosen, encode_record
from replication.identity import DeviceKeys
from replication.limits import EPOCHS_MAX, RELAYS_MAX
from replication.sealing import seal_blob
from tests.node.lying_relay import LyingRelay, as_it_is, lying
from tests.node.phones import NOW_MS, sync
from tests.node.relay_phones import World
from tests.node.test_card_rescue import Village, relay, village
from tests.node.test_relay_client import HELLO, answering, called
from tests.node.test_stolen_phone_at_relay import Stolen, shut_out, three_officers

__all__ = ["relay", "village"]


def says(node: Node, group: bytes, *records: RelayChosen) -> None:
    """A phone writes records as its owner could not."""
    batch = node.batch(group, NOW_MS)
    batch.append_encoded([encode_record(one) for one in records])
    batch.commit()


def another(number: int, relay: bytes = b"", url: str = "ws://127.0.0.1:9") -> RelayChosen:
    """A relay whose key and mailboxes come before every other."""
    key = relay or bytes([0, number]) + bytes(30)
    ids = [bytes([0, number, at]) + bytes(29) for at in range(4)]
    return RelayChosen(key, url, ids[0], ids[1], ids[2], ids[3], in_use=True)


async def test_relays_that_a_stolen_phone_adds_push_none_of_the_group_s_out(world: World) -> None:
    with Node.open(world.path / "treasurer") as thief:
        says(thief, world.group, *[another(number) for number in range(2 * RELAYS_MAX)])
    world.meet("secretary", "treasurer")
    with Node.open(world.path / "secretary") as node:
        used = node.group(world.group).replica.relays()
        assert world.chosen in used
        assert len(used) == RELAYS_MAX


async def test_other_mailboxes_at_the_same_relay_do_not_take_the_place_of_the_group_s(
    world: World,
) -> None:
    with Node.open(world.path / "treasurer") as thief:
        says(thief, world.group, another(1, world.chosen.relay))
    world.meet("secretary", "treasurer")
    with Node.open(world.path / "secretary") as node:
        assert node.group(world.group).replica.relays() == (world.chosen,)


async def test_a_relay_that_never_answers_keeps_nobody_s_lists_from_changing(
    village: Village,
) -> None:
    """The thief adds relays that are nowhere, then is stopped: it leaves all four mailboxes."""
    stolen = await three_officers(village)
    with Node.open(village.path / "third") as thief:
        says(thief, village.group, another(1), another(2))
        with Node.open(village.path / "secretary") as node:
            sync(thief, node, village.group)
            council_actions.suspend(node, SuspendRequest(phone="Third phone"), NOW_MS)
    for name in ("secretary", "treasurer", "secretary", "treasurer"):
        async with open_device(village.path / name) as device, stolen_free(device, stolen) as at:
            done = await Cycle(at, village.group, stolen.chosen).run(push=True)
            assert (done.failed, done.wrong) == ("", ""), name
    async with open_device(village.path / "treasurer") as device, stolen.calling(device) as client:
        for mailbox in stolen.chosen[2:6]:
            with pytest.raises(RelayFailed) as refused:
                await client.open(mailbox)
            assert refused.value.failed.code == "not_allowed"


@asynccontextmanager
async def stolen_free(device: Device, stolen: Stolen) -> AsyncIterator[AtRelay]:
    """An honest phone at the relay that the thief knows too."""
    chosen = stolen.chosen
    client = await call_relay(device.http, chosen.url, device.node.keys, chosen.relay)
    try:
        yield AtRelay(device, client)
    finally:
        await client.close()


def test_what_a_stolen_phone_writes_as_an_address_can_not_speak() -> None:
    said = "wss://\x1b[2J\u202eYour money is gone.\r\nCall 0700 000000 now" + "x" * 150
    shown = relay_name(said)
    assert shown.isascii()
    assert shown.isprintable()
    assert " " not in shown
    assert len(shown) <= 120


def test_keys_that_a_stolen_phone_begins_push_no_old_key_out_of_the_doors(world: World) -> None:
    """A door holds so many keys; who restores from cards must open the oldest entry of the log."""
    with Node.open(world.path / "secretary") as node:
        honest, _ = epoch_keys.sealing_key(node, world.group, "ledger", NOW_MS)
        assert honest
    world.meet("secretary", "treasurer")
    with Node.open(world.path / "treasurer") as thief:
        for _ in range(0, EPOCHS_MAX + 64, 64):
            keys = [epoch_keys.fresh_key() for _ in range(64)]
            batch = thief.batch(world.group, NOW_MS)
            begun = [encoded(EpochBegun("ledger", one.key_id, "2026-01-01")) for one in keys]
            batch.append_encoded(begun, keys)
            batch.commit()
    world.meet("secretary", "treasurer")
    with Node.open(world.path / "secretary") as node:
        held = epoch_keys.held(node.group(world.group), "ledger")
        assert len(held) == EPOCHS_MAX
        assert honest in {one.key for one in held}


async def test_what_one_group_says_of_a_relay_s_address_is_that_group_s_alone(world: World) -> None:
    """A thief in one group signs a dead address for a relay that other groups here use too."""
    async with world.phone("secretary") as phone:
        own = phone.node.found("Other group", b"secretary".ljust(16, b"."), NOW_MS)
        says(phone.node, own, world.chosen._replace(url="ws://dead.example"))
        assert relay_links._wanted(phone.node) == {
            (world.chosen.relay, world.chosen.url): {world.group: world.chosen},
            (world.chosen.relay, "ws://dead.example"): {
                own: world.chosen._replace(url="ws://dead.example")
            },
        }


async def loses_its_disk(village: Village) -> Relay:
    """The relay begins with its key alone, where it was."""
    port = urlsplit(village.relay.address).port or 0
    await village.relay.close()
    for file in (village.path / "relay").glob("relay.sqlite*"):
        file.unlink()
    return await start_relay(Config(state=str(village.path / "relay"), port=port, admin=False))


async def lists(village: Village, name: str, chosen: RelayChosen) -> dict[bytes, View]:
    """All access lists that a phone keeps, by mailbox."""
    with Node.open(village.path / name) as node:
        store = RelayStore(node.store.database)
        return {one.mailbox: store.load(one).view for one in places(village.group, chosen)}


@pytest.mark.parametrize("honest", ["treasurer", "secretary"])
async def test_older_lists_that_a_thief_gives_a_relay_without_memory_are_followed_by_newer_ones(
    village: Village, honest: str
) -> None:
    stolen = await three_officers(village)
    older = await lists(village, "third", stolen.chosen)
    await shut_out(village)
    again = await loses_its_disk(village)
    try:
        async with open_device(village.path / "copied") as device, stolen.calling(device) as client:
            for view in older.values():
                await client.create(view.founder, view.accesses)
            for name in (honest, "treasurer", "secretary"):
                done = await village.backs_up(name)
                assert (done.failed, done.wrong, done.lacks) == ("", "", 0), name
            for mailbox in stolen.chosen[2:6]:
                with pytest.raises(RelayFailed) as refused:
                    await client.open(mailbox)
                assert refused.value.failed.code == "not_allowed"
    finally:
        await again.close()


async def test_a_phone_that_older_lists_do_not_name_brings_the_newer_ones(
    village: Village,
) -> None:
    """The third phone is honest now; what the relay was given again is from before it came."""
    stolen = await three_officers(village)
    newer = await lists(village, "third", stolen.chosen)
    again = await loses_its_disk(village)
    try:
        async with open_device(village.path / "copied") as device, stolen.calling(device) as client:
            for view in newer.values():
                await client.create(view.founder, view.accesses[:1])
        assert (await village.backs_up("third")).failed == ""
        assert (await village.backs_up("third")).lacks == 0
    finally:
        await again.close()


async def test_who_alone_signed_the_first_lists_can_shut_others_out_and_they_are_told(
    world: World,
) -> None:
    """A thief has the only phone of list 1, and the relay has lost what came after."""
    thief = DeviceKeys(b"thief".ljust(32))
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
    world.lose_disk()
    async with world.relay() as relay, world.phone("secretary") as phone:
        kept = phone.node.device
        founder = DeviceKeys(b"founder".ljust(32))
        mailbox = mailbox_id(founder.public)
        first = Access(1, "log", 1, ((thief.public,),), (), (), ())
        mine = first._replace(number=2, writers=tuple(sorted(((kept,), (thief.public,)))))
        chain = [SignedAccess(first, signed(founder, mailbox, first))]
        place = world.log._replace(mailbox=mailbox)
        view = View(relay.key.public, mailbox, founder=founder.public, accesses=(
            chain[0], SignedAccess(mine, signed(thief, mailbox, mine))))  # fmt: skip
        store = RelayStore(phone.node.store.database)
        with phone.node.store.database.transaction():
            store.write(place, Mailbox(view, {}))
            store.write_access(view)
        alone = first._replace(number=2, readers=(b"r" * 32,))
        async with phone.at(relay.address) as visit:
            theirs = SignedAccess(alone, signed(thief, mailbox, alone))
            await visit.client.create(founder.public, (chain[0], theirs))
            with pytest.raises(RelayFailed):
                await visit.client.open(mailbox)
            assert not await amend_again(visit.at, place)
            assert [wrong.code for _, wrong in visit.at.wrong] == ["shut_out"]
    assert "mkutano cloud add" in LIES["shut_out"]


def signed(by: DeviceKeys, mailbox: bytes, access: Access) -> tuple[tuple[bytes, bytes], ...]:
    return ((by.public, by.sign(access_message(mailbox, access))),)


async def test_what_waits_for_ever_is_not_tried_in_every_cycle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief fills the log with what nobody has the key for; the honest phones go on as before."""
    tried = 0

    def counted(*args: Any) -> Any:
        nonlocal tried
        tried += 1
        return take_waiting(*args)

    monkeypatch.setattr("node.relay_engine.take_waiting", counted)
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        async with one.at(relay.address) as thief:
            await thief.client.open(world.log.mailbox)
            for number in range(20):
                nonce = number.to_bytes(24, "big")
                blob = seal_blob(b"k" * 32, nonce, world.log.mailbox, b"never opened")
                await thief.client.push(world.log.mailbox, blob, sha256(blob).digest())
        async with other.at(relay.address) as visit:
            for _ in range(3):
                assert (await visit.cycle()).wrong == ""
            assert tried <= 2, "after what came, not again"
            assert RelayStore(other.node.store.database).waiting_count(world.log) == 20
            one.record(3)
            await one.once(relay.address)
            before = tried
            await visit.cycle()
            assert other.digest == one.digest
            assert tried == before + 1, "something came that they may have waited for"


# An evil relay


class Endless:
    """Says that a log has a million entries, and repeats those that phones once signed for."""

    def __init__(self, liar: LyingRelay, mailbox: bytes, key: bytes) -> None:
        self.after = self.pulls = 0
        self._liar, self._mailbox, self.key = liar, mailbox, key
        self._honest: tuple[Entry, ...] = ()
        liar.hears, liar.lie = self._hears, self._lies

    def _hears(self, message: Message) -> Message:
        if isinstance(message, Pull) and message.mailbox == self._mailbox:
            self.after = message.after
            self.pulls += 1
            return message._replace(after=0)
        return message

    def _lies(self, message: Message) -> Message:
        if isinstance(message, Opened) and message.head.head.log_id == self._log_id(message):
            return message._replace(head=self._signed(message.head))
        if isinstance(message, Entries) and message.mailbox == self._mailbox:
            self._honest = message.entries
            first = self.after + 1
            said = [one._replace(cursor=first + at) for at, one in enumerate(self._honest)]
            return message._replace(entries=tuple(said), head=self._signed(message.head))
        return message

    def _log_id(self, message: Opened) -> bytes:
        """Only the first mailbox that is opened after `doors` is the log: told by its signature."""
        key, log = self.key, self._mailbox
        mine = is_signed(key, head_message(log, message.head.head), message.head.signature)
        return message.head.head.log_id if mine else b""

    def _signed(self, honest: SignedHead) -> SignedHead:
        return self._liar.signed(self._mailbox, honest.head._replace(cursor=10**6))


async def test_a_log_without_end_is_noticed_and_let_go(world: World) -> None:
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        endless = Endless(liar, world.log.mailbox, relay.key.public)
        async with asyncio.timeout(30):
            done = await other.once(liar.address)
        assert done.wrong == "altered"
        assert endless.pulls < 5
        rows = other.node.store.database.row("SELECT count(*) FROM relay_points")
        assert rows is not None
        assert rows[0] < 100
        liar.hears = liar.lie = as_it_is
        await other.once(liar.address)
        assert other.digest == one.digest


async def test_lists_without_end_are_checked_one_reply_at_a_time(world: World) -> None:
    """Who may use a mailbox: a thousand lists, each a large one that nobody signed."""
    keys = tuple(number.to_bytes(32, "big") for number in range(1, 1025))
    lists = Access(2, "log", 1, (keys[:500],), keys[500:1000], (), keys[:500])
    garbage = AccessChain(b"f" * 32, (SignedAccess(lists, ()),) * 8)
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:
        asked = 0

        def hears(message: Message) -> Message:
            nonlocal asked
            asked += isinstance(message, ReadAccess)
            return message

        def lie(message: Message) -> Message:
            if isinstance(message, Opened):
                return message._replace(access_number=1024)
            return garbage if isinstance(message, AccessChain) else message

        liar.hears, liar.lie = hears, lie
        assert (await phone.once(liar.address)).wrong == "bad_access"
        assert asked < 16, "not many times a mailbox: after the one in force, and from the first"
        liar.lie = as_it_is
        assert (await phone.once(liar.address)).lacks == 0


async def test_sixteen_lists_that_nobody_signed_stop_no_honest_one(world: World) -> None:
    """What waits for signatures is the relay's word; a phone signs only what its roster says."""
    stranger = b"s" * 32
    async with world.relay() as relay, lying(relay) as liar, world.phone("secretary") as phone:
        proposed: list[Access] = []

        def hears(message: Message) -> Message:
            if isinstance(message, ProposeAccess):
                proposed.append(message.access)
            return message

        def lie(message: Message) -> Message:
            if not isinstance(message, Opened):
                return message
            lists = [
                Access(
                    message.access_number + 1, "log", 1, ((stranger,),), (), (), (bytes([at]) * 32,)
                )
                for at in range(16)
            ]
            pending = tuple(SignedAccess(one, ((stranger, bytes(64)),)) for one in lists)
            return message._replace(pending=pending, bytes_used=2**53)

        liar.hears, liar.lie = hears, lie
        done = await phone.once(liar.address)
        assert (done.wrong, done.lacks) == ("", 0)
        assert not [one for one in proposed if one.may_write(stranger)]


async def test_a_relay_whose_clock_is_centuries_ahead_harms_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.server.now_ms", lambda: TIME_MS_MAX)
    async with world.relay() as relay, world.phone("secretary") as phone:
        done = await phone.once(relay.address)
        assert (done.wrong, done.lacks) == ("", 0)
        assert "Backed up" in phone.backup.sentence
        assert "2248" not in phone.backup.sentence


async def test_a_relay_that_drips_is_given_up_and_a_good_one_beside_it_goes_on(
    world: World,
) -> None:
    async with (
        world.relay() as relay,
        world.relay("slow") as slow,
        lying(slow) as liar,
        world.phone("secretary") as phone,
    ):
        url = "ws" + liar.address.removeprefix("http")
        chosen = await add(phone.device, world.group, url, slow.key.public)
        liar.lie = lambda message: message if isinstance(message, Hello) else None
        client = await call_relay(phone.device.http, url, phone.node.keys, slow.key.public)
        client.reply_s_max = 0.2
        cycle = Cycle(AtRelay(phone.device, client), world.group, chosen)
        with pytest.raises(RelayGone, match="Nothing is lost"):
            await cycle.run(push=True)
        await client.close()
        assert (await phone.once(relay.address)).lacks == 0


async def test_many_small_news_of_a_mailbox_are_kept_as_few() -> None:
    """Each would cost a commit on the phone; the newest says where the mailbox stands."""
    head = Head(b"l" * 16, 1, b"c" * 32, 1)

    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(encode(HELLO))
        await socket.receive()
        for cursor in range(1, 501):
            told = SignedHead(head._replace(cursor=cursor), b"s" * 64)
            await socket.send_bytes(encode(News(b"m" * 32, 1, (), told)))
        await socket.send_bytes(encode(Found(()), 1))
        await socket.receive()

    async with answering(serve) as url, called(url) as client:
        await client.ask(Find((b"t" * 32,)), Found)
        kept = client.take_news(b"m" * 32)
        assert len(kept) <= NEWS_MAX + 1
        assert kept[-1].head.head.cursor == 500
