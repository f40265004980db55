"""All officers' phones are gone: two paper cards, and whoever holds the books, bring them back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from model.offices import offices_of
from node import card_call, commands, paper_cards
from node.address import Address
from node.card_exchanges import RestoreRequest, restore
from node.card_words import words_of
from node.device import Device, open_device
from node.enrolment import others_needed
from node.errors import CommandRefused, NodeError
from node.exchanges import InviteRequest, JoinRequest, join, make_invitation
from node.founding import Terms
from node.listener import Listener
from node.node import Node
from node.recording import Context
from node.secure_socket import Refused
from node.verify import verify
from replication.agenda import proposals
from replication.cards import card_keys, sign_call
from replication.control import VoteCast, encode_record
from replication.errors import LocalError
from tests.node.calling_phones import NOW_MS, Phone, phone
from tests.node.test_exchanges import as_device

SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
TYPED = [" ".join(words_of(secret)) for secret in SECRETS]
STRANGE = " ".join(words_of(b"strange card no!"))
TERMS = Terms(share_value="100")
TREASURER = InviteRequest(title="treasurer")


class Village:
    """A group with an officer's phone, which is then lost, and a reader's that is not."""

    def __init__(self, secretary: Phone, reader: Phone, group: bytes) -> None:
        self.secretary = secretary
        self.reader = reader
        self.group = group


async def found(secretary: Phone) -> bytes:
    group, _ = await secretary.thread.run(
        lambda: commands.found_group(secretary.node, "Umoja", "KES", TERMS, NOW_MS, cards=SECRETS)
    )
    for name in ("Amina", "Baraka"):
        await record(secretary, group, lambda at, name=name: commands.add_member(at, name))
    await record(secretary, group, lambda at: commands.open_meeting(at, "2026-01-08"))
    await record(secretary, group, lambda at: commands.buy_shares(at, "1", shares=2))
    return group


async def record(one: Phone | Device, group: bytes, what: Any) -> Any:
    """Record something; the receipt."""
    done = []

    def work() -> Any:
        done.append(what(Context(one.node, one.node.group(group), NOW_MS)))
        return done[0].step

    await one.links.step(work)
    return done[0]


@pytest.fixture
async def village(tmp_path: Path) -> AsyncIterator[Village]:
    async with (
        phone(tmp_path / "reader", "Reader's phone") as reader,
        phone(tmp_path / "secretary", "Secretary's phone") as secretary,
    ):
        group = await found(secretary)
        link = await reader.join(secretary, group, right="read")
        async with asyncio.timeout(20):
            await link.synced.wait()
        shutil.copytree(tmp_path / "secretary", tmp_path / "backup")
        yield Village(secretary, reader, group)


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Device]:
    Node.create(tmp_path / "fresh", "New phone").close()
    async with open_device(tmp_path / "fresh") as opened:
        yield opened


def asking(village: Village, first: str = TYPED[0], second: str = TYPED[2], **more: Any) -> Any:
    return RestoreRequest(first=first, second=second, address=str(village.reader.address), **more)


async def test_the_books_are_shown_before_anything_is_signed(
    village: Village, fresh: Device
) -> None:
    told = await restore(fresh, asking(village))
    assert told["state"] == "choose"
    assert (told["group_name"], told["members"], told["last_meeting"]) == ("Umoja", 2, "2026-01-08")
    assert told["officers"] == [{"number": 1, "called": "the secretary", "titles": ["secretary"]}]
    group = fresh.node.group(village.group)
    assert not group.roster.may_write(fresh.node.device)
    assert group.replica.heads == village.reader.heads(village.group)


async def test_two_cards_and_a_readers_phone_bring_the_officers_back(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    told = await restore(fresh, asking(village, officer="secretary"))
    assert (told["state"], told["officer"]) == ("restored", "the secretary")
    group = fresh.node.group(village.group)
    for held in (group, village.reader.node.group(village.group)):
        roster = held.roster
        assert list(roster.officers.values()) == [(fresh.node.device,)]
        assert not roster.may_read(village.secretary.node.device)
    assert others_needed(group) == 0, "the only officer lets the next one in alone"
    async with phone(tmp_path / "treasurer", "Treasurer's phone") as treasurer:
        inviting = Phone(fresh.node, fresh.thread, fresh.http)
        inviting.links, inviting.listener = fresh.links, Listener(fresh.links)
        inviting.address = Address("127.0.0.1", await inviting.listener.start("127.0.0.1", 0))
        await treasurer.join_and_sync(inviting, village.group)
        assert len(fresh.node.group(village.group).roster.officers) == 2
        await record(fresh, village.group, lambda at: commands.buy_shares(at, "2", shares=1))
        await record(
            fresh, village.group, lambda at: commands.add_member(at, "Chausiku", "0712345678")
        )
        await inviting.listener.close()
    book = fresh.node.group(village.group).book
    assert {entry.status for _, entry in book.entries.rows()} == {"counted"}
    for checked in await fresh.thread.run(verify, fresh.node):
        assert not checked.differences


async def test_the_other_officers_get_new_phones_and_keep_their_offices(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    async with phone(tmp_path / "treasurer", "Treasurer's phone") as lost:
        made = await make_invitation(as_device(village.secretary), TREASURER)
        await join(as_device(lost), JoinRequest(invitation=str(made["uri"]), yes=True))
        person = lost.node.group(village.group).roster.person_of(lost.node.device)
        link = await village.reader.call(village.group, village.secretary)
        async with asyncio.timeout(20):
            await link.synced.wait()
    told = await restore(fresh, asking(village, officer="secretary"))
    assert [one["called"] for one in told["officers"]] == ["the secretary", "the treasurer"]
    listener = Listener(fresh.links)
    here = Address("127.0.0.1", await listener.start("127.0.0.1", 0))
    fresh.listening = (here,)
    made = await make_invitation(fresh, InviteRequest(phone_of="treasurer"))
    async with phone(tmp_path / "again", "Treasurer's new phone") as again:
        await join(as_device(again), JoinRequest(invitation=str(made["uri"]), yes=True))
        for node in (fresh.node, again.node):
            group = node.group(village.group)
            assert group.roster.person_of(again.node.device) == person
            assert offices_of(group.book, person.hex(), None)
        bought = await record(
            again, village.group, lambda at: commands.buy_shares(at, "2", shares=1)
        )
        page = again.node.group(village.group).book.entries.find(bought.entries[0].hex())
        assert page is not None
        assert page.status == "counted"
    await listener.close()


async def test_a_copy_of_the_old_home_brings_names_back_too(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    asked = RestoreRequest(
        first=TYPED[1], second=TYPED[0], copy=str(tmp_path / "backup"), officer="secretary"
    )
    assert (await restore(fresh, asked))["state"] == "restored"
    group = fresh.node.group(village.group)
    names = {details.name for details in group.people.names().values()}
    assert names == {"Amina", "Baraka"}
    assert list(group.roster.officers.values()) == [(fresh.node.device,)]
    assert set(group.store.acks(group.row.group_no)) <= set(group.roster.devices)
    assert {one.name for one in (tmp_path / "fresh").iterdir() if one.is_dir()} == set()


@pytest.mark.parametrize("place", ["", "ledger.sqlite"])
async def test_a_copy_is_left_as_it_is(
    village: Village, fresh: Device, tmp_path: Path, place: str
) -> None:
    before = {one.name: one.read_bytes() for one in (tmp_path / "backup").iterdir()}
    asked = RestoreRequest(first=TYPED[0], second=TYPED[1], copy=str(tmp_path / "backup" / place))
    assert (await restore(fresh, asked))["state"] == "choose"
    assert {one.name: one.read_bytes() for one in (tmp_path / "backup").iterdir()} == before


async def test_one_card_is_told_nothing(village: Village, fresh: Device) -> None:
    with pytest.raises(CommandRefused, match="one card typed twice"):
        await restore(fresh, asking(village, TYPED[0], TYPED[0]))
    with pytest.raises(Refused, match="holds no group with these two cards"):
        await restore(fresh, asking(village, TYPED[0], STRANGE))
    assert not fresh.node.groups
    assert [one.code for one in village.reader.links.refusals] == ["peer_refused"]


async def test_a_reader_with_one_card_is_not_let_in_by_the_other_cards_public_key(
    village: Village, fresh: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the ledger knows all public keys: the handshake is theirs, the call is not."""
    known = village.reader.node.group(village.group).roster.cards

    class OnlyPublic:
        public = known[2]

        def sign(self, message: bytes) -> bytes:
            return card_keys(SECRETS[0]).sign(message)

    pair: Any = (card_keys(SECRETS[0]), OnlyPublic())
    with pytest.raises(Refused, match="does not take these two cards"):
        await fresh.links.call_by_cards(fresh.http, pair, village.reader.address)
    assert not fresh.node.groups
    recorded = [
        sign_call(card_keys(secret), b"another channel", fresh.node.device)
        for secret in (SECRETS[0], SECRETS[2])
    ]
    signatures = iter(recorded)
    monkeypatch.setattr(card_call, "sign_call", lambda *_: next(signatures))
    true: Any = (card_keys(SECRETS[0]), card_keys(SECRETS[2]))
    with pytest.raises(Refused, match="does not take these two cards"):
        await fresh.links.call_by_cards(fresh.http, true, village.reader.address)
    assert not fresh.node.groups


async def test_books_that_do_not_name_the_cards_are_not_gone_on_with(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    asked = RestoreRequest(first=TYPED[0], second=STRANGE, copy=str(tmp_path / "backup"))
    with pytest.raises(CommandRefused, match=r"No group in .* has these two cards"):
        await restore(fresh, asked)
    assert not fresh.node.groups


async def test_somebody_whom_the_books_do_not_know_can_not_go_on(
    village: Village, fresh: Device
) -> None:
    with pytest.raises(CommandRefused, match="not one of the officers"):
        await restore(fresh, asking(village, officer="chairperson"))
    assert (await restore(fresh, asking(village)))["state"] == "choose"


async def test_the_readers_phone_itself_is_no_new_phone(village: Village) -> None:
    device = Device(village.reader.node, village.reader.thread, village.reader.http)
    device.links = village.reader.links
    asked = RestoreRequest(
        first=TYPED[0], second=TYPED[1], address=str(village.secretary.address), officer="secretary"
    )
    with pytest.raises(CommandRefused, match="was let into Umoja before"):
        await restore(device, asked)


async def test_a_surviving_officers_phone_hears_of_it_and_objects(
    village: Village, fresh: Device
) -> None:
    asked = RestoreRequest(
        first=TYPED[0],
        second=TYPED[1],
        address=str(village.secretary.address),
        officer="secretary",
    )
    await restore(fresh, asked)
    old = village.secretary.node.group(village.group)
    assert not [key for keys in old.roster.officers.values() for key in keys if key == old.device]
    (restoration,) = proposals(old.replica.decisions)

    def object_to_it() -> Any:
        batch = village.secretary.node.batch(village.group, NOW_MS)
        batch.append_encoded([encode_record(VoteCast(restoration.change_hash, False))])
        return batch.commit()

    await village.secretary.links.step(object_to_it)
    assert list(old.roster.officers.values()) == [(old.device,)]
    with pytest.raises(CommandRefused, match="already"):
        await restore(fresh, asked)  # it does not know yet
    link = await fresh.links.call_by_cards(
        fresh.http, (card_keys(SECRETS[0]), card_keys(SECRETS[1])), village.secretary.address
    )
    running = asyncio.create_task(link.run())
    async with asyncio.timeout(20):
        await link.synced.wait()
    link.end("done")
    await running
    again = fresh.node.group(village.group)
    assert list(again.roster.officers.values()) == [(old.device,)]
    with pytest.raises((LocalError, NodeError)):
        await record(fresh, village.group, lambda at: commands.buy_shares(at, "2", shares=1))
    with pytest.raises(CommandRefused, match=r"objected to this.*--third"):
        await restore(fresh, asked)
    with pytest.raises(CommandRefused, match="not cards of Umoja"):
        await restore(fresh, replace(asked, third=STRANGE))
    told = await restore(fresh, replace(asked, third=TYPED[2]))
    assert told["state"] == "restored"
    for held in (again, old):
        assert list(held.roster.officers.values()) == [(fresh.node.device,)]
    assert {use["number"] for use in paper_cards.status(again)["uses"]} == {1, 2, 3}
    await record(fresh, village.group, lambda at: commands.buy_shares(at, "2", shares=1))


async def test_after_a_restoration_the_cards_are_to_be_replaced_and_the_old_ones_open_nothing(
    village: Village, fresh: Device, tmp_path: Path
) -> None:
    await restore(fresh, asking(village, officer="1"))
    group = fresh.node.group(village.group)
    status = paper_cards.status(group)
    assert [(use["number"], use["restored"]) for use in status["uses"]] == [(1, True), (3, True)]
    assert "--replace" in status["advice"]
    given = await record(
        fresh,
        village.group,
        lambda at: paper_cards.replace(at, [bytes([9 + n]) * 16 for n in range(3)]),
    )
    assert "in force now" in given.sentence
    assert paper_cards.status(fresh.node.group(village.group))["uses"] == []
    with pytest.raises(CommandRefused, match="not in force"):
        paper_cards.number_of(group, SECRETS[0])
