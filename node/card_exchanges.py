"""What can be asked about paper cards: how they stand, checking, voting, replacing, restoring.

A card's words come in the body of a request and go no further than the signature that they make.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from node import card_votes, ledger_copy, paper_cards, restoring
from node.address import Address, parse_address
from node.answers import Answer, GroupRequest, choose_group
from node.card_words import TYPED_CHARS_MAX, secret_of
from node.clock import now_ms
from node.errors import CommandRefused, NodeError
from node.names import Names
from node.node import Group, Node, Step
from node.recording import Context
from node.records import receipt_answer
from replication.cards import card_keys
from replication.limits import URL_CHARS_MAX

if TYPE_CHECKING:
    from node.card_call import Pair
    from node.device import Device
    from node.peer_link import PeerLink

NEARBY_TRIED_MAX: Final = 16  # each may take its time: a flooded network must not take the evening
SYNC_S_MAX: Final = 600.0  # an exchange that moves nothing for so long is given up

TypedCard = Annotated[str, Meta(max_length=TYPED_CHARS_MAX)]
"""Twelve words as a person types them."""


class CardQuestion(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a card would vote for."""

    proposal: Annotated[str, Meta(max_length=80)]
    """Its code."""


class CardVoteRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card votes for what one change asks."""

    proposal: Annotated[str, Meta(max_length=80)]
    card: TypedCard


class CardCheckRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether this is one of the group's cards; nothing is written."""

    card: TypedCard


class RestoreRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Restore the officers by two cards on a phone that is new to the group."""

    first: TypedCard
    second: TypedCard
    address: Annotated[str, Meta(max_length=300)] = ""
    """HOST:PORT of a phone that holds the books; "" for any that is nearby."""
    copy: Annotated[str, Meta(max_length=4096)] = ""
    """Absolute path of a copy of a home's folder, or of its ledger.sqlite, instead."""
    relay: Annotated[str, Meta(max_length=URL_CHARS_MAX)] = ""
    """Address of a relay at which the group is backed up, instead."""
    pages_max: Annotated[int, Meta(ge=0, le=256)] = 0
    """Stop after so many replies of it, to tell how far the download is; 0: at its end."""
    officer: Annotated[str, Meta(max_length=80)] = ""
    """Who goes on with this phone: an office, or a name. Empty: only fetch the books, and ask."""
    third: TypedCard = ""
    """The third card, where an officer's phone objected to the first two."""


def cards(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """How the group's cards stand."""
    group = choose_group(node, asked.group)
    return Answer({"group": group.id.hex(), "group_name": group.name, **paper_cards.status(group)})


def question(node: Node, asked: CardQuestion, now_ms: int) -> Answer:
    """What a card would vote for, to be shown before its words are asked for."""
    group = choose_group(node, asked.group)
    return Answer(card_votes.question(Context(node, group, now_ms), asked.proposal))


def vote(node: Node, asked: CardVoteRequest, now_ms: int) -> Answer:
    """Have a card vote."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms)
    return receipt_answer(card_votes.vote(at, asked.proposal, secret_of(asked.card)))


def check(node: Node, asked: CardCheckRequest, now_ms: int) -> Answer:
    """Which card this is."""
    group = choose_group(node, asked.group)
    number = paper_cards.number_of(group, secret_of(asked.card))
    return Answer({"group_name": group.name, "number": number})


def replace(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Propose three new cards; their words are in the answer, once."""
    group = choose_group(node, asked.group)
    secrets = paper_cards.fresh_secrets()
    answer = receipt_answer(paper_cards.replace(Context(node, group, now_ms), secrets))
    told = paper_cards.told_once(node.group(group.id), secrets, now_ms)
    return answer._replace(body={**answer.body, "cards": told})


async def restore(device: "Device", asked: RestoreRequest) -> Mapping[str, Any]:
    """Fetch the books; and, when it is said who goes on, restore the officers.

    `state`: choose (nothing is signed yet), restored.
    """
    pair = restoring.pair_of(asked.first, asked.second)
    if asked.relay:
        return await _by_relay(device, asked, pair)
    await device.thread.run(_require_new, device.node, pair)
    if asked.copy:
        keys = frozenset(card.public for card in pair)
        await device.thread.run(ledger_copy.fetch, device.node, Path(asked.copy), keys, now_ms())
        return await _restored(device, asked, pair)
    async with _fetching(device, pair, _addresses(device, asked.address)) as link:
        await _in_step(link)
        link.synced.clear()
        answer = await _restored(device, asked, pair)
        if answer["state"] == "restored":
            await _in_step(link)
    return answer


async def _by_relay(device: "Device", asked: RestoreRequest, pair: "Pair") -> Mapping[str, Any]:
    """The same, from a cloud backup; which goes on as the group's once the officers are back."""
    from node.card_rescue import names_known, rescue

    officer = await device.thread.run(_officer_already, device.node, pair)
    if not officer:
        await device.thread.run(_require_new, device.node, pair)
    async with rescue(device, pair, asked.relay) as rescued:
        rescued.at.pages_max = asked.pages_max
        await rescued.fetch()
        if rescued.at.partial:
            return {"state": "fetching", **await rescued.progress()}
        rescued.at.pages_max = 0
        if officer:  # cut before the relay's lists were signed: go on from there
            group = await device.thread.run(_of, device.node, pair)
            shown = await device.thread.run(restoring.shown, group)
            answer: dict[str, Any] = {**shown, "state": "restored", "officer": officer}
        else:
            answer = dict(await _restored(device, asked, pair))
        if answer["state"] == "restored":
            answer["backed_up"] = await rescued.go_on(bytes.fromhex(answer["group"]))
        group = await device.thread.run(_of, device.node, pair)
        named, members = await device.thread.run(names_known, group)
    return {**answer, "named": named, "members": members}


def _officer_already(node: Node, pair: "Pair") -> str:
    """Whose phone this is, if it restored the officers before; "" if not."""
    group = restoring.by_cards(node, pair)
    known = group.roster.devices.get(group.device) if group is not None else None
    if group is None or known is None or known.right != "write" or known.state != "active":
        return ""
    return Names(group).person(known.person)


def _addresses(device: "Device", said: str) -> list[Address]:
    """Where to call: the address that was typed, or every phone nearby while Mkutano runs here."""
    if said:
        return [parse_address(said)]
    nearby = device.lan.everyone() if device.lan is not None else []
    if not nearby:
        raise CommandRefused(
            "Say where the books are: with --address HOST:PORT the phone that holds them, as it "
            "shows while Mkutano runs there, with --relay ADDRESS the cloud backup, or with --from "
            "FOLDER a copy of an old phone's home.",
            "no_address",
        )
    return list(nearby[:NEARBY_TRIED_MAX])


async def _called(device: "Device", pair: "Pair", addresses: list[Address]) -> "PeerLink":
    """A call that took the cards. Refused, PeerGone: why the first address didn't."""
    failures: list[NodeError] = []
    for address in addresses:
        try:
            return await device.links.call_by_cards(device.http, pair, address)
        except NodeError as error:
            failures.append(error)
    raise failures[0]


@contextlib.asynccontextmanager
async def _fetching(
    device: "Device", pair: "Pair", addresses: list[Address]
) -> AsyncIterator["PeerLink"]:
    """A call with two cards, held until the end of the block."""
    link = await _called(device, pair, addresses)
    device.groups_changed.set()
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        link.end("done")
        await asyncio.gather(running, return_exceptions=True)


async def _in_step(link: "PeerLink") -> None:
    """Wait until both phones hold the same. PeerGone when the call ends before, or stands still."""
    waits = [asyncio.create_task(event.wait()) for event in (link.synced, link.over)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=SYNC_S_MAX)
    finally:
        for wait in waits:
            wait.cancel()
    if not link.synced.is_set():
        raise NodeError(
            "The connection was lost before everything was exchanged. What arrived is kept: type "
            "the same command again.",
            "connection_lost",
        )


async def _restored(device: "Device", asked: RestoreRequest, pair: "Pair") -> Mapping[str, Any]:
    """Show whose books these are, or sign."""
    told: dict[str, Any] = {}

    def work() -> Step:
        group = _of(device.node, pair)
        restoring.require_new(group)
        told.update(restoring.shown(group))
        if not asked.officer:
            told["state"] = "choose"
            return Step()
        one = restoring.officer(group, asked.officer)
        third = card_keys(secret_of(asked.third)) if asked.third else None
        step = restoring.restore(device.node, group, pair, one.person, now_ms(), third)
        told.update(state="restored", officer=one.called)
        return step

    await device.links.step(work)
    return told


def _require_new(node: Node, pair: "Pair") -> None:
    group = restoring.by_cards(node, pair)
    if group is not None:
        restoring.require_new(group)


def _of(node: Node, pair: "Pair") -> Group:
    group = restoring.by_cards(node, pair)
    if group is None:
        raise CommandRefused(
            "The books that came do not know these two cards, so they are not your group's. "
            "Nothing was signed. Call another phone of the group.",
            "not_two_cards",
        )
    return group
