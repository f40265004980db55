"""Two phones that pair: what both owners see before anything is signed, and what each refuses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from model.events import OfficerElected
from node.address import Address
from node.clock import steady_ms
from node.coming_in import AwaitingOfficers, Declined
from node.device import Device
from node.doors import doors
from node.errors import CommandRefused, NodeError
from node.invitations import Guest, Terms
from node.lan import Lan
from node.node import Step
from node.pairing_exchanges import (
    AnswerRequest,
    JoinRequest,
    PairingsRequest,
    answer,
    join,
    pairings,
)
from node.secure_socket import PeerGone, Refused
from replication.control import VoteCast, encode_record
from tests.node.calling_phones import NOW_MS, WAIT_S, Phone, phone, secretary, treasurer
from tests.node.pairing_people import (
    CONFIRMED,
    NUMBERS,
    Owner,
    asked,
    hung_up,
    invited,
    over,
    rows,
)
from tests.node.test_exchanges import as_device
from tests.node.test_peer_link import in_step

__all__ = ["secretary", "treasurer"]


@pytest.fixture
async def group(secretary: Phone) -> bytes:
    return await secretary.found()


@pytest.fixture
async def third(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path / "third", "Third phone") as one:
        yield one


async def synced(one: Phone, link: Any) -> None:
    one.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()


# What is shown


async def test_the_joiner_sees_everything_before_anything_is_signed(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await secretary.add_member(group, 7)
    person = secretary.node.group(group).roster.person_of(secretary.node.device)
    elected = [OfficerElected("money_counter", person)]
    await secretary.thread.run(secretary.node.append, group, elected, NOW_MS)
    before = secretary.heads(group)
    guest = Guest("Baraka", "treasurer", 7)
    made = await invited(secretary, group, guest=guest)

    async def nothing_yet(_: str) -> None:
        assert secretary.heads(group) == before
        assert not treasurer.node.groups

    owner = Owner(before=nothing_yet)
    link = await treasurer.links.join(
        treasurer.http, made, secretary.address, "Baraka's phone", owner.ask
    )
    await synced(treasurer, link)
    number = owner.shown["offer"].pop("number")
    assert owner.shown == {
        "offer": {
            "group_name": "Umoja",
            "inviter_phone": "Secretary's phone",
            "inviter": "",
            "offices": ["money counter"],
            "right": "write",
            "name": "Baraka",
            "title": "treasurer",
            "member": 7,
            "member_name": "",
            "others": 0,
            "scope": "",
            "until": "",
        }
    }
    (line,) = secretary.links.bulletin.announced()
    assert line == f"Baraka's phone comes in (Umoja, number {number[:3]} {number[3:]})."
    assert secretary.heads(group) != before


async def test_who_says_no_keeps_nothing_and_the_invitation_stays_good(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made, before = await invited(secretary, group), secretary.heads(group)
    for _ in range(4):  # no is no wrong try, however often
        with pytest.raises(Declined):
            await treasurer.links.join(
                treasurer.http, made, secretary.address, "T", Owner(False).ask
            )
        await hung_up(secretary)
    assert not treasurer.node.groups
    assert secretary.heads(group) == before
    (row,) = await rows(secretary, group)
    assert (row.state, row.tries) == ("open", 0)
    await treasurer.join_and_sync(secretary, group)


# With the inviter's word


async def test_the_inviter_sees_who_comes_and_says_yes(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made, before = await invited(secretary, group, CONFIRMED), secretary.heads(group)
    owner = Owner()
    joining = asyncio.create_task(
        treasurer.links.join(treasurer.http, made, secretary.address, "T's phone", owner.ask)
    )
    pairing = await asked(secretary)
    assert secretary.heads(group) == before
    assert not treasurer.node.groups
    shown = await owner.saw("offer")
    assert {**shown, "phone": "T's phone", "group": group.hex()}.items() <= pairing.facts.items()
    assert "asks to be let in: mkutano admit" in secretary.links.bulletin.announced()[0]
    pairing.answer(True)
    await synced(treasurer, await joining)
    assert (await over(pairing)).ended == {"state": "in", "synced": True}
    with pytest.raises(CommandRefused, match="not asked anything"):
        pairing.answer(True)


async def test_the_third_no_of_the_inviter_burns_the_invitation(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made, before = await invited(secretary, group, CONFIRMED), secretary.heads(group)
    for tries in (1, 2, 3):
        joining = asyncio.create_task(
            treasurer.links.join(treasurer.http, made, secretary.address, "T")
        )
        (await asked(secretary)).answer(False)
        with pytest.raises(Refused, match="owner said no"):
            await joining
        (row,) = await rows(secretary, group)  # counted before the answer went out
        assert (row.tries, row.state) == (tries, "burned" if tries == 3 else "open")
        await hung_up(secretary)
    assert row.secret_hash == b""
    with pytest.raises(Refused, match="burned by wrong tries"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    assert secretary.heads(group) == before
    assert not treasurer.node.groups


async def test_a_phone_that_hangs_up_takes_its_question_along(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made = await invited(secretary, group, CONFIRMED)
    joining = asyncio.create_task(
        treasurer.links.join(treasurer.http, made, secretary.address, "T")
    )
    pairing = await asked(secretary)
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    await over(pairing)
    assert "hung up" in str(pairing.ended)
    with pytest.raises(CommandRefused, match="not asked anything"):
        pairing.answer(True)
    await hung_up(secretary)
    assert (await rows(secretary, group))[0].tries == 0


async def test_nobody_waits_for_an_answer_for_ever(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.pairings.PERSON_S_MAX", 0.05)
    made = await invited(secretary, group, CONFIRMED)
    with pytest.raises(Refused, match="Nobody answered on the other phone"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    device = Device(treasurer.node, treasurer.thread, treasurer.http)
    pairing = device.links.pairings.begin("joiner")

    async def ask(asks: Any, facts: Any) -> bool:
        return await pairing.ask(asks, **facts)

    with pytest.raises(NodeError, match="Nobody answered on this phone"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T", ask)
    await hung_up(secretary)
    assert (await rows(secretary, group))[0].state == "open"


# By numbers


async def test_both_screens_show_one_number_and_both_owners_say_yes(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS, Guest("", "treasurer"))
    before = secretary.heads(group)
    owner = Owner()
    joining = asyncio.create_task(
        treasurer.links.join(treasurer.http, None, secretary.address, "T's phone", owner.ask)
    )
    pairing = await asked(secretary)
    assert pairing.facts["phone"] == "T's phone"
    await owner.saw("number")
    assert owner.shown == {"number": {"number": pairing.facts["number"],
                                      "address": str(secretary.address)}}  # fmt: skip
    assert secretary.heads(group) == before
    pairing.answer(True)
    await synced(treasurer, await joining)
    assert owner.shown["offer"]["number"] == pairing.facts["number"]
    assert owner.shown["offer"]["title"] == "treasurer"
    assert secretary.node.group(group).roster.may_write(treasurer.node.device)
    (row,) = await rows(secretary, group)
    assert (row.state, row.used_by) == ("used", treasurer.node.device)
    with pytest.raises(Refused, match="mkutano invite --numbers"):
        await treasurer.links.join(treasurer.http, None, secretary.address, "T")


@pytest.mark.parametrize("who", ["joiner", "inviter"])
async def test_a_number_that_differs_for_either_joins_nothing_and_the_third_burns(
    secretary: Phone, treasurer: Phone, group: bytes, who: str
) -> None:
    await invited(secretary, group, NUMBERS)
    before = secretary.heads(group)
    for tries in (1, 2, 3):
        owner = Owner(who != "joiner")
        joining = asyncio.create_task(
            treasurer.links.join(treasurer.http, None, secretary.address, "T", owner.ask)
        )
        if who == "inviter":
            (await asked(secretary)).answer(False)
        with pytest.raises(NodeError) as said:
            await joining
        assert ("owner said no" in str(said.value)) == (who == "inviter")
        assert "offer" not in owner.shown  # the group is not even named
        await hung_up(secretary)
        (row,) = await rows(secretary, group)
        assert (row.tries, row.state) == (tries, "burned" if tries == 3 else "open")
    with pytest.raises(Refused, match="mkutano invite --numbers"):
        await treasurer.links.join(treasurer.http, None, secretary.address, "T")
    assert secretary.heads(group) == before
    assert not treasurer.node.groups


async def test_the_third_number_may_still_be_the_right_one(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS)
    for is_right in (False, False, True):
        joining = asyncio.create_task(
            treasurer.links.join(treasurer.http, None, secretary.address, "T", Owner().ask)
        )
        (await asked(secretary)).answer(is_right)
        if not is_right:
            with pytest.raises(Refused):
                await joining
            await hung_up(secretary)
    await synced(treasurer, await joining)
    assert [(row.state, row.tries) for row in await rows(secretary, group)] == [("used", 3)]


async def test_by_numbers_one_door_is_open_at_a_time(secretary: Phone, group: bytes) -> None:
    other = await secretary.thread.run(
        secretary.node.found, "Tumaini", b"secretary".ljust(16, b"."), NOW_MS
    )
    await invited(secretary, group, NUMBERS)
    await invited(secretary, other, NUMBERS)
    assert (await rows(secretary, group))[0].state == "withdrawn"
    open_now = await secretary.thread.run(doors, secretary.node, steady_ms())
    assert [door.group for door in open_now if door.kind == "compare"] == [other]


async def test_without_a_door_by_numbers_nobody_learns_anything(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group)
    with pytest.raises(Refused) as refused:
        await treasurer.links.join(treasurer.http, None, secretary.address, "T")
    assert refused.value.code == "no_number_door"
    assert (await rows(secretary, group))[0].tries == 0


class Nearby(Lan):
    """A network on which the phone at an address is found at the second look."""

    def __init__(self, address: Address) -> None:
        super().__init__(1)
        self._looks: list[list[Address]] = [[], [address]]

    def everyone(self) -> list[Address]:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


async def test_a_door_by_numbers_is_found_on_the_network_a_question_at_a_time(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.pairing_exchanges.SEARCH_S", 0.0)
    await invited(secretary, group, NUMBERS)
    device = as_device(treasurer)
    device.lan = Nearby(secretary.address)
    told = await join(device, JoinRequest())
    assert told["asks"] == "number"
    number = told["pairing"]
    theirs = await pairings(as_device(secretary), PairingsRequest(seconds=WAIT_S))
    assert theirs["pairings"][0]["number"] == told["number"]
    (await asked(secretary)).answer(True)
    told = await answer(device, AnswerRequest(pairing=number, yes=True))
    assert (told["asks"], told["group_name"]) == ("offer", "Umoja")
    told = await answer(device, AnswerRequest(pairing=number, yes=True))
    assert (told["state"], told["group"]) == ("in", group.hex())
    with pytest.raises(CommandRefused, match="not asked anything"):
        await answer(device, AnswerRequest(pairing=number, yes=True))
    with pytest.raises(CommandRefused, match="no such pairing"):
        await answer(device, AnswerRequest(pairing="00000000", yes=True))


async def test_without_anybody_nearby_it_is_said_what_to_type(
    treasurer: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.pairing_exchanges.SEARCH_S", 0.0)
    device = as_device(treasurer)
    for lan in (None, Lan(1)):
        device.lan = lan
        with pytest.raises(PeerGone, match="mkutano join --numbers ADDRESS"):
            await join(device, JoinRequest())


# Expiry, judged by the maker alone


async def test_an_invitation_expires_by_its_makers_clock_alone(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await invited(secretary, group, Terms(lifetime_ms=60_000))
    born = (await rows(secretary, group))[0].made_ms
    monkeypatch.setattr("node.coming_in.now_ms", lambda: 0)  # the joiner believes it is 1970
    monkeypatch.setattr("node.reception.steady_ms", lambda: born + 60_000)
    with pytest.raises(Refused, match="has expired"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    (row,) = await rows(secretary, group)
    assert (row.state, row.secret_hash) == ("expired", b"")
    monkeypatch.setattr("node.reception.steady_ms", lambda: born + 1)  # too late: it is over
    with pytest.raises(Refused, match="has expired"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    young = await invited(secretary, group, Terms(lifetime_ms=60_000))
    monkeypatch.setattr("node.reception.steady_ms", lambda: born + 59_999)
    await synced(
        treasurer, await treasurer.links.join(treasurer.http, young, secretary.address, "T")
    )


async def test_one_that_expires_while_people_think_lets_nobody_in(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, before = (
        await invited(secretary, group, Terms(lifetime_ms=60_000)),
        secretary.heads(group),
    )
    born = (await rows(secretary, group))[0].made_ms

    async def late(_: str) -> None:
        monkeypatch.setattr("node.letting_in.steady_ms", lambda: born + 60_000)

    with pytest.raises(Refused, match="This invitation has expired"):
        await treasurer.links.join(
            treasurer.http, made, secretary.address, "T", Owner(before=late).ask
        )
    assert secretary.heads(group) == before
    assert not treasurer.node.groups


async def test_one_that_is_withdrawn_while_people_think_lets_nobody_in(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made = await invited(secretary, group)

    async def withdrawn(_: str) -> None:
        (row,) = await rows(secretary, group)
        stored = secretary.node.group(group).store.invited
        number = secretary.node.group(group).row.group_no
        await secretary.thread.run(stored.close, number, [row.invitation_id], "withdrawn")

    with pytest.raises(Refused, match="has withdrawn this invitation"):
        await treasurer.links.join(
            treasurer.http, made, secretary.address, "T", Owner(before=withdrawn).ask
        )
    assert not treasurer.node.groups


# When other officers must agree


async def test_after_the_founding_other_officers_agree_before_any_books_come(
    secretary: Phone, treasurer: Phone, third: Phone, group: bytes
) -> None:
    await treasurer.join_and_sync(secretary, group)
    await secretary.links.step(lambda: _end_founding(secretary, group))
    made = await invited(secretary, group)
    owner = Owner()
    with pytest.raises(AwaitingOfficers) as waits:
        await third.links.join(third.http, made, secretary.address, "Third phone", owner.ask)
    assert owner.shown["offer"]["others"] == 1
    assert "1 more officer must agree" in str(waits.value)
    assert "mkutano approve" in str(waits.value)
    used = {row.used_by: row.state for row in await rows(secretary, group)}
    assert used[third.node.device] == "used"
    kept = third.node.group(group)
    assert not kept.replica.heads
    assert kept.store.addresses(kept.row.group_no) == {
        secretary.node.device: str(secretary.address)
    }
    for _ in range(2):  # it calls again, and gets nothing yet
        link = await third.call(group, secretary)
        async with asyncio.timeout(WAIT_S):
            await link.over.wait()
        assert link.ending == "peer_waiting_1"
    assert not kept.replica.heads

    await in_step(treasurer, secretary, group)  # the proposal
    (proposal,) = treasurer.heads(group)
    await treasurer.links.step(lambda: _vote(treasurer, group, proposal))
    await in_step(treasurer, secretary, group)
    link = await third.call(group, secretary)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    assert third.heads(group) == secretary.heads(group)


def _end_founding(one: Phone, group: bytes) -> Step:
    batch = one.node.batch(group, NOW_MS)
    batch.end_founding()
    return batch.commit()


def _vote(one: Phone, group: bytes, proposal: bytes) -> Step:
    batch = one.node.batch(group, NOW_MS)
    batch.append_encoded([encode_record(VoteCast(proposal, approve=True))])
    return batch.commit()


async def test_one_more_phone_of_an_officer_is_the_same_person(
    secretary: Phone, treasurer: Phone, third: Phone, group: bytes
) -> None:
    await treasurer.join_and_sync(secretary, group)
    roster = secretary.node.group(group).roster
    person = roster.person_of(treasurer.node.device)
    made = await invited(secretary, group, guest=Guest(person=person.hex()))
    await synced(third, await third.links.join(third.http, made, secretary.address, "Third"))
    roster = secretary.node.group(group).roster
    assert roster.person_of(third.node.device) == person
    assert len(roster.officers) == 2
