"""Every phone is gone: two paper cards and a relay that could read nothing give the group back."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from node import commands, founding_period, relay_access
from node.card_exchanges import RestoreRequest, restore
from node.card_rescue import rescue
from node.card_words import words_of
from node.clock import now_ms
from node.device import Device, open_device
from node.errors import CommandRefused
from node.founding import Terms
from node.node import Node, Step
from node.recording import Context
from node.relay_client import RelayClient, RelayFailed, RelayGone, call_relay
from node.relay_engine import Cycle, Cycled
from node.relay_founding import add
from node.relay_reading import AtRelay
from node.verify import verify
from relay.config import Config
from relay.facts import Access, SignedAccess, access_message, mailbox_id
from relay.server import Relay, start_relay
from replication.cards import card_keys
from replication.control import DeviceEnrolled, RelayChosen
from replication.identity import DeviceKeys
from replication.key_slots import Door, Mailboxes, seal_doors
from replication.motions import Restoration
from tests.node.phones import NOW_MS, sync

SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
TYPED = [" ".join(words_of(secret)) for secret in SECRETS]
CARDS = [card_keys(secret) for secret in SECRETS]
TERMS = Terms(share_value="100")
TREASURER = b"treasurer".ljust(16, b".")


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    started = await start_relay(Config(state=str(tmp_path / "relay"), port=0, admin_port=0))
    yield started
    await started.close()


def address(relay: Relay) -> str:
    return relay.address.replace("http", "ws")


class Village:
    """A group of two officers' phones, backed up at a relay."""

    def __init__(self, path: Path, relay: Relay) -> None:
        self.path = path
        self.relay = relay
        self.url = address(relay)
        self.group = b""

    async def found(self) -> RelayChosen:
        node = Node.create(self.path / "secretary", "Secretary's phone")
        self.group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS, cards=SECRETS)
        self._record(node, lambda at: commands.add_member(at, "Amina Otieno", "0712345678"))
        self._record(node, lambda at: commands.add_member(at, "Baraka"))
        other = Node.create(self.path / "treasurer", "Treasurer's phone")
        enrolment = DeviceEnrolled(other.device, TREASURER, "write", "Treasurer's phone")
        node.enrol(self.group, enrolment, NOW_MS)
        self._record(node, lambda at: commands.elect(at, "treasurer", other.device, "2"))
        self._record(node, lambda at: commands.open_meeting(at, "2026-01-08"))
        if node.group(self.group).roster.founding:
            founding_period.end(node, self.group, NOW_MS)
        self._record(node, lambda at: commands.buy_shares(at, "1", shares=2))
        other.join(self.group, "Umoja")
        sync(node, other, self.group)
        node.close()
        other.close()
        async with open_device(self.path / "secretary") as device:
            return await add(device, self.group, self.url, self.relay.key.public)

    def _record(self, node: Node, what: Callable[[Context], Any]) -> None:
        what(Context(node, node.group(self.group), NOW_MS))

    def digest(self, name: str) -> str:
        with Node.open(self.path / name) as node:
            return node.group(self.group).book.digest()

    async def backs_up(self, name: str) -> Cycled:
        async with open_device(self.path / name) as device:
            return await backed_up(device, self.group)


async def backed_up(device: Device, group: bytes) -> Cycled:
    """One cycle at the one relay that the group uses."""
    async with at_relay(device, group) as cycle:
        return await cycle.run(push=True)


@asynccontextmanager
async def at_relay(device: Device, group: bytes) -> AsyncIterator[Cycle]:
    (chosen,) = device.node.group(group).replica.relays()
    client = await call_relay(device.http, chosen.url, device.node.keys, chosen.relay)
    try:
        yield Cycle(AtRelay(device, client), group, chosen)
    finally:
        await client.close()


@pytest.fixture
async def village(tmp_path: Path, relay: Relay) -> Village:
    found = Village(tmp_path, relay)
    await found.found()
    done = await found.backs_up("secretary")
    assert (done.lacks, done.failed, done.wrong) == (0, "", "")
    return found


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Device]:
    Node.create(tmp_path / "fresh", "New phone").close()
    async with open_device(tmp_path / "fresh") as opened:
        yield opened


def asking(village: Village, first: int = 0, second: int = 2, **more: Any) -> RestoreRequest:
    return RestoreRequest(first=TYPED[first], second=TYPED[second], relay=village.url, **more)


def drown(village: Village) -> None:
    for name in ("secretary", "treasurer"):
        shutil.rmtree(village.path / name)


async def test_every_phone_is_gone_and_two_cards_and_the_relay_give_it_all_back(
    village: Village, fresh: Device
) -> None:
    digest = village.digest("secretary")
    drown(village)
    told = await restore(fresh, asking(village))
    assert told["state"] == "choose"
    assert (told["group_name"], told["members"], told["named"]) == ("Umoja", 2, 2)
    assert told["last_meeting"] == "2026-01-08"
    assert [one["called"] for one in told["officers"]] == [
        "Baraka (treasurer)",
        "the secretary",
    ]
    group = fresh.node.group(village.group)
    assert group.book.digest() == digest
    assert not group.roster.may_write(fresh.node.device), "nothing is signed yet"

    told = await restore(fresh, asking(village, officer="treasurer"))
    assert (told["state"], told["backed_up"]) == ("restored", True)
    group = fresh.node.group(village.group)
    assert list(group.roster.officers.values()) == [(fresh.node.device,)]
    names = {details.name for details in group.people.names().values()}
    assert names == {"Amina Otieno", "Baraka"}
    (right,) = verify(fresh.node)
    assert not right.differences

    await fresh.write(lambda node: bought(node, village.group))
    done = await backed_up(fresh, village.group)
    assert (done.lacks, done.failed, done.wrong) == (0, "", "")


def bought(node: Node, group: bytes) -> Step:
    return commands.buy_shares(Context(node, node.group(group), now_ms()), "1", shares=1).step


async def test_what_the_new_phone_backs_up_another_pair_of_cards_finds_too(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    drown(village)
    await restore(fresh, asking(village, officer="secretary"))
    await fresh.write(lambda node: bought(node, village.group))
    await backed_up(fresh, village.group)
    digest = fresh.node.group(village.group).book.digest()
    Node.create(tmp_path / "third", "Third phone").close()
    async with open_device(tmp_path / "third") as third:
        told = await restore(third, asking(village, 1, 2))
        assert told["named"] == 2
        assert third.node.group(village.group).book.digest() == digest


async def test_an_old_phone_that_comes_back_is_let_in_nowhere(
    village: Village, fresh: Device
) -> None:
    shutil.copytree(village.path / "secretary", village.path / "found again")
    drown(village)
    await restore(fresh, asking(village, officer="secretary"))
    group = fresh.node.group(village.group)
    (chosen,) = group.replica.relays()
    with Node.open(village.path / "found again") as old:
        keys = old.keys
        box = dict(old.group(village.group).replica.key_box)
    client = await call_relay(fresh.http, village.url, keys)
    for mailbox in chosen[2:6]:
        with pytest.raises(RelayFailed) as refused:
            await client.open(mailbox)
        assert refused.value.failed.code == "not_allowed"
    await client.close()
    for series in ("ledger", "summary"):
        newest = group.replica.epochs(series)[-1]
        assert newest.key_id not in box
        assert newest.readers == {fresh.node.device}


async def test_cards_of_another_group_find_nothing(village: Village, fresh: Device) -> None:
    strange = " ".join(words_of(b"strange card no!"))
    asked = RestoreRequest(first=TYPED[0], second=strange, relay=village.url)
    with pytest.raises(CommandRefused, match="has nothing for these two cards"):
        await restore(fresh, asked)
    assert not list(fresh.node.groups)


async def test_mailboxes_that_others_put_under_the_tag_are_passed_over(
    village: Village, fresh: Device
) -> None:
    """Whoever knows the cards' public keys may found mailboxes with the tag and the cards."""
    digest = village.digest("secretary")
    drown(village)
    squatter = DeviceKeys(b"s" * 32)
    client = await call_relay(fresh.http, village.url, squatter)
    tag = relay_access.cards_tag(CARDS[0].public, CARDS[2].public)
    for at in range(3):
        founder = DeviceKeys(bytes([50 + at]) * 32)
        access = access_for(squatter.public, tag)
        mailbox = mailbox_id(founder.public)
        signed = (founder.public, founder.sign(access_message(mailbox, access)))
        await client.create(founder.public, (SignedAccess(access, (signed,)),))
        if at:
            blob = squatted_slot(squatter.public, mailbox, good=at > 1)
            await client.open(mailbox)
            await client.push(mailbox, blob, hash_of(blob))
    await client.close()
    told = await restore(fresh, asking(village))
    assert told["group_name"] == "Umoja"
    assert list(fresh.node.groups) == [village.group], "nothing of the squatter's is kept"
    assert fresh.node.group(village.group).book.digest() == digest


def access_for(device: bytes, tag: bytes) -> Access:
    cards = tuple(card.public for card in CARDS)
    return Access(1, "box", 1, ((device,),), (), cards, (tag,))


def hash_of(blob: bytes) -> bytes:
    return sha256(blob).digest()


def squatted_slot(device: bytes, mailbox: bytes, *, good: bool) -> bytes:
    """Garbage; or a door that leads to a group which is not there."""
    if not good:
        return b"no slot at all" * 40
    ids = Mailboxes(b"1" * 32, mailbox, b"3" * 32, b"4" * 32)
    pair = (CARDS[0].public, CARDS[2].public)
    return seal_doors(Door(b"g" * 32, "Umoja", 1, ids, ()), device, [pair], [], b"r" * 32)


async def test_a_call_that_is_cut_at_any_message_goes_on_when_asked_again(
    village: Village, fresh: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    drown(village)
    original, left = RelayClient.ask, [0]

    async def counted(self: RelayClient, *args: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            await self.close()
            raise self.gone()
        return await original(self, *args, **more)

    monkeypatch.setattr(RelayClient, "ask", counted)
    for cuts in range(100):
        left[0] = 1 + cuts
        try:
            told = await restore(fresh, asking(village, officer="secretary"))
        except RelayGone:
            left[0] = 1000
            async with rescue(fresh, (CARDS[0], CARDS[1]), village.url) as another:
                assert await another._doors(), "were this phone lost now, cards would find nothing"
            continue
        break
    assert cuts > 10
    assert (told["state"], told["officer"]) == ("restored", "the secretary")
    monkeypatch.undo()
    assert told["backed_up"]
    group = fresh.node.group(village.group)
    (right,) = verify(fresh.node)
    assert not right.differences
    assert list(group.roster.officers.values()) == [(fresh.node.device,)]
    restored = [act for act in group.replica.decisions.acts if isinstance(act, Restoration)]
    assert len(restored) == 1, "signed once, however often it was cut"
    done = await backed_up(fresh, village.group)
    assert (done.pushed, done.lacks, done.failed, done.wrong) == (0, 0, "", "")
