"""An organisation follows a relay: what it was given it finds, proves and keeps; and no more."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from model.reports.indicators import indicators
from model.reports.reading import read
from node import commands
from node.clock import day_of, now_ms
from node.errors import CommandRefused
from node.follow_exchanges import FollowRequest, follow
from node.following_links import keep_following
from node.following_store import Claim, FollowingStore, believed
from node.following_views import FollowingRequest, UnfollowRequest, following, unfollow
from node.node import Node
from node.portfolio_store import PortfolioStore
from node.relay_client import RelayFailed, call_relay
from node.relay_engine import Cycle, Part
from node.relay_places import Compartment
from node.verify import verify
from relay.facts import Access, SignedAccess, access_message, mailbox_id
from replication.identity import DeviceKeys
from replication.key_slots import Door, Mailboxes, seal_doors
from tests.node.reading_ngo import AtRelayTown, device_of, looked, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[AtRelayTown]:
    async with town(tmp_path) as one:
        yield one


@pytest.fixture
def ngo(tmp_path: Path) -> Iterator[Node]:
    node = Node.create(tmp_path / "ngo", "Maendeleo")
    yield node
    node.close()


def rows(ngo: Node, name: str = "") -> list[dict[str, object]]:
    body = following(ngo, FollowingRequest(name=name), now_ms()).body
    return list(json.loads(json.dumps(body))["groups"])


async def test_summaries_are_found_counted_shown_and_kept_after_the_end(
    place: AtRelayTown, ngo: Node
) -> None:
    village = place.village
    place.grant(ngo, "summary")
    village.secretary.record("contribution", member="1", amount="300")
    place.seal()
    await place.cycle()
    found = await looked(ngo, place.url)
    assert (found["groups"], found["fresh"], found["summaries"]) == (1, ["Umoja"], 2)
    (row,) = rows(ngo, "umoja")
    newest = row["newest"]
    assert isinstance(newest, dict)
    assert (row["scope"], row["state"], newest["officers"], row["alarms"]) == (
        "summary", "active", 2, [],
    )  # fmt: skip
    then = indicators(read(village.chairperson.at.group.book), newest["day"])
    assert newest["figures"]["shares_minor"] == then.shares_minor == 30_000
    (kept,) = PortfolioStore(ngo.store.database).rows()
    assert kept.figures is not None
    assert (kept.name, kept.figures.shares_minor) == ("Umoja", 30_000)
    assert place.group not in ngo.groups  # it holds no book, and no name
    assert (await looked(ngo))["summaries"] == 0  # what is known costs nothing again

    place.end(ngo)
    await place.cycle()
    found = await looked(ngo)
    assert (found["groups"], found["ended"]) == (0, ["Umoja"])
    (row,) = rows(ngo)
    assert (row["state"], row["ended_on"], row["newest"] is not None) == (
        "ended", day_of(now_ms()), True,
    )  # fmt: skip
    place.grant(ngo, "summary", "never")
    await place.cycle()
    assert (await looked(ngo))["fresh"] == ["Umoja"]  # let in again, and nothing was typed


@pytest.mark.parametrize("scope", ["ledger", "people"])
async def test_a_ledger_is_followed_proved_and_never_written(
    place: AtRelayTown, ngo: Node, scope: str
) -> None:
    village = place.village
    place.grant(ngo, scope, "never")
    village.secretary.record("contribution", member="1", amount="200")
    village.meet()
    await place.cycle()
    assert (await looked(ngo, place.url))["groups"] == 1
    group = ngo.group(place.group)
    assert group.book.digest() == village.secretary.at.group.book.digest()
    names = {details.name for details in group.people.names().values()}
    assert names == ({"Amina", "Baraka", "Chebet"} if scope == "people" else set())
    assert not [one for report in verify(ngo) for one in report.differences]
    with pytest.raises(CommandRefused):
        commands.add_member(
            commands.Context(ngo, group, now_ms()), "Nobody", joined_on="2026-01-01"
        )
    (row,) = rows(ngo)
    assert (row["scope"], row["until"]) == (scope, "")


async def test_more_and_less_is_given_without_typing_anything(
    place: AtRelayTown, ngo: Node
) -> None:
    place.grant(ngo, "summary")
    await place.cycle()
    await looked(ngo, place.url)
    assert place.group not in ngo.groups
    place.grant(ngo, "ledger")
    await place.cycle()
    await looked(ngo)
    assert place.group in ngo.groups
    place.grant(ngo, "summary")
    place.seal()
    await place.cycle()
    digest = ngo.group(place.group).book.digest()
    assert (await looked(ngo))["summaries"] == 2
    assert rows(ngo)[0]["scope"] == "summary"
    assert ngo.group(place.group).book.digest() == digest  # what was read stays, and grows no more


@pytest.mark.parametrize("scope", ["summary", "people"])
async def test_the_relay_takes_nothing_from_a_reader(
    place: AtRelayTown, ngo: Node, scope: str
) -> None:
    place.grant(ngo, scope)
    await place.cycle()
    async with device_of(ngo) as device:
        client = await call_relay(device.http, place.url, ngo.keys)
        try:
            for mailbox in place.chosen[2:6]:
                assert isinstance(mailbox, bytes)
                if scope == "summary" and mailbox in (place.chosen.log, place.chosen.people):
                    with pytest.raises(RelayFailed, match="does not let this phone in"):
                        await client.open(mailbox)
                    continue
                assert not (await client.open(mailbox)).may_write
                with pytest.raises(RelayFailed) as refused:
                    await client.push(mailbox, b"x" * 300, sha256(b"x" * 300).digest())
                assert refused.value.failed.code == "not_allowed"
        finally:
            await client.close()


async def test_a_stranger_s_mailboxes_that_claim_the_group_stand_aside(
    place: AtRelayTown, ngo: Node
) -> None:
    place.grant(ngo, "summary")
    place.seal()
    await place.cycle()
    await looked(ngo, place.url)
    stranger = DeviceKeys(b"s" * 32)
    await squat(place, ngo, stranger)
    found = await looked(ngo)
    assert (found["double"], found["fresh"]) == (["Umoja"], [])
    assert {row["state"] for row in rows(ngo)} == {"active", "double"}
    assert sum(row["newest"] is not None for row in rows(ngo)) >= 1
    (kept,) = PortfolioStore(ngo.store.database).rows()
    assert kept.state == "active"


async def squat(place: AtRelayTown, ngo: Node, stranger: DeviceKeys) -> None:
    """Doors of a stranger under the reader's tag that say they are the group's."""
    from node.relay_access import reader_tag

    node = Node.create(Path(place.relay.config.state) / "stranger", "Stranger")
    founder = DeviceKeys(b"f" * 32)
    doors = mailbox_id(founder.public)
    access = Access(
        1, "box", 1, ((stranger.public,),), (ngo.device,), (), (reader_tag(ngo.device),)
    )
    signed = SignedAccess(access, ((founder.public, founder.sign(access_message(doors, access))),))
    door = Door(place.group, "Umoja", 1, Mailboxes(b"l" * 32, doors, b"p" * 32, b"m" * 32), ())
    blob = seal_doors(door, stranger.public, [stranger.public], [ngo.device], bytes(32))
    async with device_of(node) as device:
        client = await call_relay(device.http, place.url, stranger)
        try:
            await client.create(founder.public, (signed,))
            await client.open(doors)
            await client.push(doors, blob, sha256(blob).digest())
        finally:
            await client.close()
    node.close()


def test_of_phones_that_say_different_things_most_officers_are_believed() -> None:
    keys = [bytes([at]) * 32 for at in range(5)]
    access = Access(1, "box", 2, ((keys[0], keys[1]), (keys[2],), (keys[3],)), (), (), ())
    honest = Claim(b"g" * 32, "Umoja", "summary", b"l", b"p", b"s")
    other = honest._replace(summary=b"evil")
    two_phones_of_one = {keys[0]: other, keys[1]: other, keys[2]: honest, keys[3]: honest}
    assert believed(two_phones_of_one, access) == honest
    tie = {keys[0]: other, keys[2]: honest}
    assert believed(tie, access, honest) == honest
    assert believed(tie, access, other) == other
    assert believed({keys[4]: other}, access) is None  # no officer's phone


async def test_leaving_and_coming_back(place: AtRelayTown, ngo: Node) -> None:
    place.grant(ngo, "summary")
    place.seal()
    await place.cycle()
    await looked(ngo, place.url)
    told = unfollow(ngo, UnfollowRequest(name="umo"), now_ms()).body["sentence"]
    assert "followed no more" in told
    assert FollowingStore(ngo.store.database).left() == {place.group}
    assert PortfolioStore(ngo.store.database).rows() == []
    assert (await looked(ngo))["summaries"] == 0
    with pytest.raises(CommandRefused, match="nothing that is called"):
        unfollow(ngo, UnfollowRequest(name="nobody"), now_ms())
    assert (await looked(ngo, place.url))["summaries"] == 2
    assert FollowingStore(ngo.store.database).left() == frozenset()
    told = unfollow(ngo, UnfollowRequest(name=place.url), now_ms()).body["sentence"]
    assert "no more" in told
    with pytest.raises(CommandRefused, match="follows no relay"):
        await looked(ngo)


async def test_a_running_organisation_hears_of_a_new_group_s_meeting_at_once(
    place: AtRelayTown, ngo: Node
) -> None:
    place.grant(ngo, "summary")
    await place.cycle()
    lines: asyncio.Queue[str] = asyncio.Queue()
    async with device_of(ngo) as device:
        await follow(device, FollowRequest(url=place.url))
        device.links.stay = True
        task = asyncio.create_task(keep_following(device, lines.put_nowait))
        try:
            place.seal()
            await place.cycle()
            async with asyncio.timeout(20):
                while "signed summar" not in await lines.get():
                    pass
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert rows(ngo)[0]["newest"] is not None


async def test_a_summary_that_another_phone_put_there_meanwhile_makes_nobody_repeat_its_own(
    place: AtRelayTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The treasurer's phone comes between the secretary's reading and pushing."""
    place.seal()
    secretary, treasurer, _ = place.village.officers
    original, comes = Cycle._push_slots, [treasurer]

    async def interrupted(cycle: Cycle, name: Compartment, part: Part) -> None:
        if name == "summary" and comes:
            await place.cycle(comes.pop())
        await original(cycle, name, part)

    monkeypatch.setattr(Cycle, "_push_slots", interrupted)
    await place.cycle(secretary)
    assert not comes
    mailbox = await place.relay.store.mailbox(place.chosen.summary)
    assert mailbox is not None
    assert mailbox.cursor == 2
