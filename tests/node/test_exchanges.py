"""Inviting, joining and syncing as programs ask for them, with the network failing in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.device import Device, open_device
from node.doors import adopt
from node.errors import CommandRefused
from node.exchanges import (
    InviteRequest,
    JoinRequest,
    LinksRequest,
    SyncRequest,
    join,
    links,
    make_invitation,
    sync,
)
from node.joining import Joined
from node.links import Links
from node.node import Node
from node.secure_socket import PeerGone, Refused
from tests.node.calling_phones import NOW_MS, Phone, phone


@pytest.fixture
async def secretary(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path / "secretary", "Secretary's phone") as one:
        await one.found()
        yield one


@pytest.fixture
async def treasurer(tmp_path: Path) -> AsyncIterator[Device]:
    Node.create(tmp_path / "treasurer", "Treasurer's phone").close()
    async with open_device(tmp_path / "treasurer") as opened:
        yield opened


def as_device(one: Phone) -> Device:
    """The same phone, as programs ask it."""
    device = Device(one.node, one.thread, one.http)
    device.links = one.links
    device.listening = (one.address,)
    return device


async def invitation(secretary: Phone) -> str:
    made = await make_invitation(as_device(secretary), InviteRequest(title="treasurer"))
    assert made["addresses"] == [str(secretary.address)]
    return str(made["uri"])


async def test_joining_tells_what_moved(secretary: Phone, treasurer: Device) -> None:
    moved = await join(treasurer, JoinRequest(invitation=await invitation(secretary), yes=True))
    assert moved["group_name"] == "Umoja"
    assert moved["changes_received"] >= 3
    assert moved["bytes_received"] > 0
    assert (await links(treasurer, LinksRequest()))["links"] == []


async def test_a_join_that_was_cut_before_the_books_came_goes_on(
    secretary: Phone, treasurer: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = await invitation(secretary)

    async def cut(*_: object, **__: object) -> None:
        raise PeerGone("The connection was lost.", "connection_lost")

    with monkeypatch.context() as broken:
        broken.setattr(treasurer.links, "begin", cut)
        with pytest.raises(PeerGone):
            await join(treasurer, JoinRequest(invitation=uri, yes=True))
    (group,) = treasurer.node.groups.values()
    assert not group.replica.heads
    await join(treasurer, JoinRequest(invitation=uri, yes=True))
    assert group.replica.heads == secretary.heads(group.id)
    with pytest.raises(Refused, match="used already") as refused:
        await join(treasurer, JoinRequest(invitation=uri, yes=True))
    assert "This phone is in Umoja already." in str(refused.value)
    assert refused.value.code == "joined_already"


async def test_a_used_invitation_of_a_stranger_says_nothing_of_ones_own_groups(
    secretary: Phone, treasurer: Device, tmp_path: Path
) -> None:
    uri = await invitation(secretary)
    await join(treasurer, JoinRequest(invitation=uri, yes=True))
    Node.create(tmp_path / "late", "Late phone").close()
    async with open_device(tmp_path / "late") as late:
        late.node.found("Tumaini", bytes(16), NOW_MS)
        with pytest.raises(Refused, match="used already") as refused:
            await join(late, JoinRequest(invitation=uri, yes=True))
    assert "Tumaini" not in str(refused.value)


async def test_nobody_is_invited_as_a_member_that_there_is_not(secretary: Phone) -> None:
    with pytest.raises(CommandRefused, match="There is no member 999"):
        await make_invitation(as_device(secretary), InviteRequest(member=999))
    (group,) = secretary.node.groups
    await secretary.add_member(group, 999)
    assert (await make_invitation(as_device(secretary), InviteRequest(member=999)))["uri"]


async def test_a_join_that_was_cut_before_the_inviter_knew_leaves_it_good(
    secretary: Phone, treasurer: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = await invitation(secretary)

    def full(*_: object) -> None:
        raise CommandRefused("The phone is full.", "store_failed")

    with monkeypatch.context() as broken:
        broken.setattr("node.coming_in.adopt", full)
        with pytest.raises(CommandRefused):
            await join(treasurer, JoinRequest(invitation=uri, yes=True))
    moved = await join(treasurer, JoinRequest(invitation=uri, yes=True))
    assert moved["changes_received"] >= 3


async def test_the_first_address_that_answers_is_used(secretary: Phone, treasurer: Device) -> None:
    uri = await invitation(secretary)
    asked = JoinRequest(invitation=uri, yes=True, addresses=("127.0.0.1:1",))
    assert (await join(treasurer, asked))["group_name"] == "Umoja"


async def test_an_invitation_without_address_says_what_to_add(
    secretary: Phone, treasurer: Device
) -> None:
    device = as_device(secretary)
    device.listening = ()
    uri = str((await make_invitation(device, InviteRequest()))["uri"])
    with pytest.raises(PeerGone, match="--address"):
        await join(treasurer, JoinRequest(invitation=uri, yes=True))
    asked = JoinRequest(invitation=uri, yes=True, addresses=(str(secretary.address),))
    assert (await join(treasurer, asked))["group_name"] == "Umoja"


async def test_ones_own_invitation_is_for_another_phone(secretary: Phone) -> None:
    uri = await invitation(secretary)
    with pytest.raises(CommandRefused, match="this very phone"):
        await join(as_device(secretary), JoinRequest(invitation=uri, yes=True))


async def test_a_sync_moves_both_ways_and_reuses_a_link(
    secretary: Phone, treasurer: Device
) -> None:
    await join(treasurer, JoinRequest(invitation=await invitation(secretary), yes=True))
    (group,) = treasurer.node.groups
    await secretary.add_member(group, 1)
    treasurer.links.stay = True
    first = await sync(treasurer, SyncRequest(address=str(secretary.address)))
    assert (first["changes_received"], first["changes_sent"]) == (1, 0)
    assert len(treasurer.links.all()) == 1
    await sync(treasurer, SyncRequest(address=str(secretary.address)))
    assert len(treasurer.links.all()) == 1


async def test_a_phone_that_was_never_enrolled_is_told_whom_to_ask(
    secretary: Phone, treasurer: Device
) -> None:
    group = next(iter(secretary.node.groups))
    await treasurer.thread.run(
        adopt,
        treasurer.node,
        Joined(group, secretary.node.device),
        "Umoja",
        str(secretary.address),
        NOW_MS,
    )
    with pytest.raises(PeerGone, match="Ask the officer who founded the group"):
        await sync(treasurer, SyncRequest(address=str(secretary.address)))
    assert isinstance(treasurer.links, Links)
