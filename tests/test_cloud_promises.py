"""Promises of the README about what lies outside the phones: one test each, at real relays.

What stands behind a promise is tested case by case elsewhere; here it is a village that lives with
it. The others are in test_promises.py.
"""

import shutil
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from automerge.core import Document

from model.events import SharePurchased
from model.history import audit_view
from node import commands, epoch_keys, erasing, relay_founding, views
from node.answers import GroupRequest
from node.clock import day_of, now_ms, random_bytes
from node.erasing import EraseRequest
from node.errors import NodeError
from node.marker import STATE_VARIABLE
from node.node import Node
from node.relay_address import relay_url
from node.relay_checking import check
from node.relay_client import call_relay
from node.relay_log import content_of
from node.relay_places import places
from node.relay_reading import AtRelay
from relay.config import Config
from relay.facts import blob_message
from relay.server import start_relay
from relay.store import Append
from replication import admission
from replication.identity import DeviceKeys
from replication.sealing import NONCE_BYTES, seal_blob
from tests.node.officers import Officer
from tests.node.reading_ngo import AtRelayTown, device_of, looked, town
from tests.test_promises import proven

NAMES = ("Amina", "Baraka", "Chebet")


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AtRelayTown]:
    """A village at a relay, which holds all there is so far."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    async with town(tmp_path) as one:
        one.village.secretary.record("contribution", member="3", amount="300")
        one.village.meet()
        await one.cycle()
        yield one


@pytest.fixture
def trust(tmp_path: Path) -> Iterator[Node]:
    node = Node.create(tmp_path / "trust", "Jirani Trust")
    yield node
    node.close()


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def digests(*officers: Officer) -> set[str]:
    return {officer.at.group.book.digest() for officer in officers}


def names_on(node: Node, group: bytes) -> set[str]:
    return {details.name for details in node.group(group).people.names().values()}


async def test_a_relay_can_not_read_and_neither_a_relay_nor_a_reader_can_write(
    place: AtRelayTown, trust: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 4. In the end a dishonest relay and a dishonest reader of the ledger conspire."""
    officers = place.village.officers
    at_the_relay, on_a_phone = files(tmp_path / "relay"), files(officers[0].node.home.path)
    words = [word.encode() for word in (*NAMES, "Umoja", "Asha's phone")]
    for known in (*words, *signatures(officers[0])):
        assert known in on_a_phone
        assert known not in at_the_relay

    place.grant(trust, "ledger")
    await place.cycle()
    await looked(trust, place.url)
    reader = Officer(trust, place.group)
    assert digests(reader) == digests(*officers), "it reads every entry"
    assert names_on(trust, place.group) == set()
    with pytest.raises(NodeError):
        commands.buy_shares(reader.at, "1", "900")

    before = digests(*officers)
    forged = signed_anyway(trust, place.group, monkeypatch)
    await smuggled(place, forged, trust.keys)
    cycled = await place.cycle(*officers)
    assert [one.wrong for one in cycled] == ["stranger"] * 3
    assert digests(*officers) == before, "and it counts nowhere"


def signatures(officer: Officer) -> list[bytes]:
    """Of changes: a bundle packs its words, but these lie in it as they are."""
    sql = "SELECT signature FROM changes WHERE length(signature) > 0"
    found = [signature for (signature,) in officer.node.store.database.rows(sql)]
    assert len(found) > 3
    return found


def signed_anyway(trust: Node, group: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A payment that a modified program signs with the reader's key, as what lies in a log."""
    known = trust.group(group)
    rows = audit_view(known.book)
    member = bytes.fromhex(next(row["id"] for row in rows if row["kind"] == "member.added"))
    with monkeypatch.context() as patch:
        patch.setattr(admission, "may_write", lambda _device: True)
        trust.append(group, [SharePurchased(1, 1, member, 9, 90_000)], now_ms())
    packed = known.replica.pack({})
    assert packed is not None
    return content_of(packed.bundle, b"")


async def smuggled(place: AtRelayTown, content: bytes, keys: DeviceKeys) -> None:
    """The relay's operator puts it into the log, sealed as all else there, past all rules."""
    secretary = place.village.secretary.at.group
    key = epoch_keys.current(secretary, "ledger", day_of(now_ms()))
    assert key is not None
    blob = seal_blob(key.key, random_bytes(NONCE_BYTES), place.chosen.log, content)
    digest = sha256(blob).digest()
    mailbox = await place.relay.store.mailbox(place.chosen.log)
    assert mailbox is not None
    signature = keys.sign(blob_message(place.chosen.log, digest))
    number = mailbox.access.number
    one = Append(place.chosen.log, keys.public, digest, signature, blob, number, 2**40)
    await place.relay.store.append([one], now_ms())


async def test_personal_details_can_be_erased_while_the_books_still_balance(
    place: AtRelayTown, trust: Node
) -> None:
    """Promise 9. The name goes from phones and the relay; who comes later never learns it."""
    village = place.village
    before = money(village.secretary)
    asked = EraseRequest(member="Chebet", reason="as the member asked")
    code = erasing.erase(village.secretary.node, asked, now_ms()).body["receipt"]
    village.meet()
    assert money(village.secretary) == before
    village.treasurer.agree(str(code))
    village.meet()
    await place.cycle()
    for officer in village.officers:
        assert money(officer) == before
        assert b"Chebet" not in files(officer.node.home.path)
        assert b"Amina" in files(officer.node.home.path)
    assert len(digests(*village.officers)) == 1
    place.grant(trust, "people")
    await place.cycle()
    await looked(trust, place.url)
    assert names_on(trust, place.group) == {"Amina", "Baraka"}
    assert money(Officer(trust, place.group)) == before


def money(officer: Officer) -> list[tuple[object, ...]]:
    """Every account, and every member's number and savings; all accounts together are nothing."""
    book = views.book(officer.node, GroupRequest(), now_ms()).body
    accounts = [(one["name"], one["balance_minor"]) for one in book["accounts"]]
    assert sum(balance for _, balance in accounts) == 0
    assert any(balance for _, balance in accounts)
    return accounts + [(one["number"], one["savings"]) for one in book["members"]]


async def test_leaving_is_free_to_any_relay_and_by_an_export_that_proves_itself(
    place: AtRelayTown, trust: Node, tmp_path: Path
) -> None:
    """Promise 10. The old relay is destroyed behind them; a reader goes along."""
    secretary, treasurer, chairperson = place.village.officers
    place.grant(trust, "ledger")
    commands.buy_shares(treasurer.at, "Baraka", "200")
    place.village.meet()
    await place.cycle()
    other = await start_relay(Config(state=str(tmp_path / "other"), port=0, admin=False))
    try:
        await moved(place, relay_url(other.address))
        shutil.rmtree(tmp_path / "relay")
        await place.cycle()
        chairperson.record("fine", member="Chebet", code="late")
        await place.cycle()
        assert len(digests(*place.village.officers)) == 1, "they meet at the new one alone"
        await read_back(place)
        assert (await looked(trust, place.url))["groups"] == 1
        assert digests(Officer(trust, place.group)) == digests(secretary)
    finally:
        await other.close()
    exported = views.automerge(secretary.node, GroupRequest(), now_ms()).body["document"]
    document = Document.load(b64decode(exported))
    entries = {row["id"] for row in audit_view(secretary.at.group.book)}
    assert proven(secretary.node.home.path, place.group, document).keys() == entries


async def moved(place: AtRelayTown, url: str) -> None:
    """The secretary adds another relay and leaves the first, which is switched off for good."""
    old = place.chosen
    async with device_of(place.village.secretary.node) as device:
        found = await relay_founding.look(device, url)
        place.chosen = await relay_founding.add(device, place.group, url, found.relay)
        await relay_founding.remove(device, place.group, old)
    place.url = url
    place.village.meet()
    await place.relay.close()


async def read_back(place: AtRelayTown) -> None:
    """Everything comes back from the relay, and nothing of this phone lacks there."""
    secretary = place.village.secretary
    async with device_of(secretary.node) as device:
        client = await call_relay(device.http, place.url, secretary.node.keys, place.chosen.relay)
        try:
            found = await check(AtRelay(device, client), places(place.group, place.chosen)[0])
        finally:
            await client.close()
    assert (found.lacking, found.unopened) == (0, 0)
    assert found.changes > 5
