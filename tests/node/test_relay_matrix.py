"""Who may do what at a relay, end to end: a table written by hand from what readers were promised.

Every kind of phone tries everything at every mailbox of a group that real phones back up: find it,
open it, pull, push; and what it pulls it tries to understand with all that it was given. Then the
relay hands everything to everybody, and they understand no more. (Lists and checkpoints are tried
by everybody in tests/relay/test_desk.py.)
"""

from collections.abc import AsyncIterator, Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from node.clock import now_ms
from node.council_actions import SuspendRequest, suspend
from node.node import Node
from node.outgoing import http_session
from node.relay_access import cards_tag, reader_tag
from node.relay_client import RelayClient, RelayFailed, call_relay
from node.relay_log import read_content
from node.relay_places import Place, places
from relay.config import Config
from relay.facts import Entry
from relay.server import start_relay
from replication.cards import card_keys
from replication.envelopes import Opener
from replication.errors import RemoteError
from replication.identity import DeviceKeys
from replication.key_slots import open_doors, open_people
from replication.sealing import open_blob
from tests.node.officers import Village
from tests.node.reading_ngo import AtRelayTown, seal

ALL = {"log", "doors", "people", "summary"}
OPENS: dict[str, set[str]] = {
    "officer": ALL,
    "other officer": ALL,
    "suspended phone": set(),
    "reader of totals": {"doors", "summary"},
    "reader of the ledger": {"doors", "summary", "log"},
    "reader of people": ALL,
    "ended reader": set(),
    "stranger": set(),
    "two cards": ALL,
    "one card": set(),
    "two cards of another group": set(),
    "the relay's operator": set(),
}
"""Whom the relay lets read which mailbox; who may open it reads what it means, and no more."""
PUSHES = {"officer", "other officer"}
FINDS = set(OPENS) - {
    *("suspended phone", "ended reader", "stranger", "one card"),
    *("two cards of another group", "the relay's operator"),
}
SCOPES = {
    "reader of totals": "summary",
    "reader of the ledger": "ledger",
    "reader of people": "people",
    "ended reader": "people",
}
SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
CARDS = [card_keys(secret) for secret in SECRETS]
FOREIGN = [card_keys(bytes([at]) * 16) for at in (7, 8)]


class Actor:
    """Somebody with keys, at the relay."""

    def __init__(self, client: RelayClient, opener: Opener, keys: DeviceKeys) -> None:
        self.client, self.opener, self.keys = client, opener, keys

    async def opens(self, mailbox: bytes) -> str:
        """ "" or the code of the refusal."""
        by_cards = not isinstance(self.opener, DeviceKeys)
        try:
            if by_cards:
                await self.client.open_by_cards(mailbox, self.opener)  # type: ignore[arg-type]
            else:
                await self.client.open(mailbox)
        except RelayFailed as refused:
            return refused.failed.code
        return ""

    async def entries(self, place: Place) -> tuple[Entry, ...]:
        try:
            return (await self.client.pull(place.mailbox, 0)).entries
        except RelayFailed as refused:
            if refused.failed.code != "not_allowed":
                raise
            return ()


def meanings(
    opener: Opener, pulled: dict[str, tuple[Entry, ...]], where: dict[str, Place]
) -> set[str]:
    """The mailboxes of which this opener understands something, with what lies in them alone."""
    found: set[str] = set()
    ledger: dict[bytes, bytes] = {}
    totals: dict[bytes, bytes] = {}
    group = b""
    for entry in with_blobs(pulled["doors"]):
        try:
            door = open_doors(entry.blob or b"", opener, where["doors"].mailbox, entry.writer)
        except RemoteError:
            continue
        found.add("doors")
        group = door.group
        ledger |= {one.key_id: one.key for one in door.ledger_keys}
        totals |= {one.key_id: one.key for one in door.summary_keys}
    for name in ("log", "summary"):
        for entry in with_blobs(pulled[name]):
            try:
                content = open_blob(ledger | totals, where[name].mailbox, entry.blob or b"")
            except RemoteError:
                continue
            assert content if name == "summary" else read_content(content)
            found.add(name)
    for entry in with_blobs(pulled["people"]):
        try:
            box = where["people"].mailbox
            open_people(entry.blob or b"", opener, box, entry.writer, group)
        except RemoteError:
            continue
        found.add("people")
    return found


def with_blobs(entries: Iterable[Entry]) -> list[Entry]:
    return [one for one in entries if one.blob is not None]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[AtRelayTown]:
    village = Village(tmp_path / "village", cards=SECRETS)
    relay = await start_relay(Config(state=str(tmp_path / "relay"), port=0, admin=False))
    place = AtRelayTown(village, relay)
    await place.choose()
    yield place
    await relay.close()
    village.close()


class Seen:
    """What somebody was let do, and understood."""

    def __init__(self) -> None:
        self.opens: set[str] = set()
        self.understands: set[str] = set()
        self.pushes = self.finds = False
        self.pulled: dict[str, tuple[Entry, ...]] = {}


async def tried(town: AtRelayTown, keys: DeviceKeys, opener: Opener) -> Seen:
    """Everything that somebody can try."""
    seen = Seen()
    where = mailboxes(town)
    async with http_session() as http:
        client = await call_relay(http, town.url, keys, town.relay.key.public)
        actor = Actor(client, opener, keys)
        for name, place in where.items():
            code = await actor.opens(place.mailbox)
            assert code in ("", "not_allowed")
            seen.opens |= {name} if not code else set()
            seen.pulled[name] = await actor.entries(place)
            seen.pushes |= await pushed(client, place.mailbox)
        tag = reader_tag(keys.public)
        if not isinstance(opener, DeviceKeys):
            tag = cards_tag(*sorted(card.public for card in opener))
        seen.finds = bool(await client.find((tag,)))
        await client.close()
    seen.understands = meanings(opener, seen.pulled, where)
    return seen


def mailboxes(town: AtRelayTown) -> dict[str, Place]:
    return {place.compartment: place for place in places(town.group, town.chosen)}


async def test_everybody_reads_and_writes_just_what_was_promised(
    town: AtRelayTown, tmp_path: Path
) -> None:
    names = [name for name in OPENS if "reader" in name or name == "stranger"]
    ngos = {name: Node.create(tmp_path / name, name) for name in names}
    await town.cycle()
    for name, scope in SCOPES.items():
        town.grant(ngos[name], scope)
    seal(town.village)
    await town.cycle()
    ended = ngos["ended reader"].keys
    assert (await tried(town, ended, ended)).understands == ALL, "it could, while its grant ran"
    town.end(ngos["ended reader"])
    one, other, stopped = town.village.officers
    suspend(one.node, SuspendRequest(phone="Chair's phone"), now_ms())
    town.village.meet()
    await town.cycle(one, other, one, other)

    stranger = ngos["stranger"].keys
    operator = DeviceKeys(sha256((tmp_path / "relay/relay.key").read_bytes()).digest())
    people: dict[str, tuple[DeviceKeys, Opener]] = {
        "officer": 2 * (one.node.keys,),
        "other officer": 2 * (other.node.keys,),
        "suspended phone": 2 * (stopped.node.keys,),
        "two cards": (stranger, (CARDS[0], CARDS[2])),
        "one card": (stranger, (CARDS[0], CARDS[0])),
        "two cards of another group": (stranger, (FOREIGN[0], FOREIGN[1])),
        "the relay's operator": 2 * (operator,),
        **{name: 2 * (node.keys,) for name, node in ngos.items()},
    }
    seen = {name: await tried(town, *people[name]) for name in OPENS}
    for node in ngos.values():
        node.close()
    assert {name: did.opens for name, did in seen.items()} == OPENS
    assert {name: did.understands for name, did in seen.items()} == OPENS
    assert {name for name, did in seen.items() if did.pushes} == PUSHES
    assert {name for name, did in seen.items() if did.finds} == FINDS
    everything, where = seen["officer"].pulled, mailboxes(town)
    given = {name: meanings(opener, everything, where) for name, (_, opener) in people.items()}
    assert given == OPENS, "nor would it help if the relay gave everything to everybody"


async def pushed(client: RelayClient, mailbox: bytes) -> bool:
    blob = b"pushed by the matrix"
    try:
        await client.push(mailbox, blob, sha256(blob).digest())
    except RelayFailed as refused:
        if refused.failed.code != "not_allowed":
            raise
        return False
    return True
