"""A relay, its disks, its logs and the wire know nothing of a group: searched for what it knows.

Two officers back a group up over plain ws:// through a wire that keeps every byte, at a relay that
logs all it can over SQLite, and at one over PostgreSQL. Names, phone numbers, the group's name, an
amount and a member's number are searched for in all that: as text, as CBOR, and inside compressed
parts. The same search finds each of them on a phone: else it would prove nothing. A bundle packs
its words so that no search finds them; but it holds signatures as they are, and no signature of a
change is found either, nor the group's id, nor any key.
"""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import cbor2
import pytest

from model.events import MemberAdded
from node import commands, founding_period
from node.device import Device, open_device
from node.founding import Terms
from node.marker import STATE_VARIABLE
from node.node import Node
from node.recording import Context
from node.relay_client import call_relay
from node.relay_engine import Cycle
from node.relay_founding import add, look
from node.relay_log import read_content
from node.relay_reading import AtRelay
from relay.protocol import Entries, Push, decode
from replication.control import DeviceEnrolled
from replication.sealing import open_blob
from simulations.postgres_server import PostgresServer
from tests.node.phones import NOW_MS, TREASURER, sync
from tests.relay.conftest import postgres, postgres_url
from tests.relay.programs import Program, relay_program

__all__ = ["postgres", "postgres_url"]

AMOUNT = 91_827_364
NUMBER = 98_765
WORDS: Mapping[str, tuple[bytes, ...]] = {
    "the group's name": (b"Kanarimwamba", b"kanarimwamba", b"KANARIMWAMBA"),
    "a name": (b"Zubeida", b"zubeida", b"Wanjirucanary", b"wanjirucanary"),
    "a phone": (b"798765432", b"798 765 432", b"798-765-432", cbor2.dumps(254798765432)),
    "an amount": (b"91827364", b"918273.64", b"918,273.64", cbor2.dumps(AMOUNT)),
    "a member's number": (b'number": 98765', b"98,765", cbor2.dumps(NUMBER)),
    "a phone's label": (b"Canarylabel",),
}
"""What a group knows, in the forms in which it could get out."""
INFLATED_MAX = 64 * 1024 * 1024


def found(data: bytes) -> set[str]:
    """Which of the words stand in some bytes, or in a deflated part of them."""
    everything = [data, *inflated(data)]
    return {
        name
        for name, forms in WORDS.items()
        if any(form in one for form in forms for one in everything)
    }


def inflated(data: bytes) -> list[bytes]:
    """What zlib's and gzip's streams in these bytes hold, and raw ones where a change begins."""
    parts = []
    for mark, bits in ((b"\x78\x9c", 15), (b"\x78\x01", 15), (b"\x78\xda", 15), (b"\x1f\x8b", 31)):
        at = data.find(mark)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                parts.append(zlib.decompressobj(bits).decompress(data[at:], INFLATED_MAX))
            at = data.find(mark, at + 1)
    return [part for part in parts if part]


class Wire:
    """Stands between phones and a relay, carries every byte, and keeps it."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self.said: list[bytearray] = []
        """By direction and connection."""
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        ways = [
            asyncio.create_task(self._copy(reader, back)),
            asyncio.create_task(self._copy(there, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for one in (writer, back):
            one.close()
            with contextlib.suppress(OSError):
                await one.wait_closed()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = bytearray()
        self.said.append(kept)
        while data := await reader.read(65536):
            kept += data
            writer.write(data)
            await writer.drain()

    def heard(self) -> bytes:
        """All that went over it, as it went, and once more without what a WebSocket masks."""
        return b"".join(bytes(one) + unmasked(bytes(one)) for one in self.said)

    def messages(self) -> list[bytes]:
        """Every whole message of the relay's protocol."""
        return [part for one in self.said for part in frames(bytes(one))]


def unmasked(said: bytes) -> bytes:
    return b"".join(frames(said))


def frames(said: bytes) -> list[bytes]:
    """The payloads of one direction of a WebSocket, RFC 6455 §5.2; whole frames only."""
    _, _, data = said.partition(b"\r\n\r\n")
    parts, at = [], 0
    while at + 2 <= len(data):
        length, masked = data[at + 1] & 127, bool(data[at + 1] & 128)
        at += 2
        more = {126: 2, 127: 8}.get(length, 0)
        if more:
            length = int.from_bytes(data[at : at + more], "big")
            at += more
        mask = data[at : at + 4] if masked else bytes(4)
        at += len(mask) if masked else 0
        payload = data[at : at + length]
        at += length
        key = (mask * (len(payload) // 4 + 1))[: len(payload)]
        plain = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
        parts.append(plain.to_bytes(len(payload), "big"))
    return parts


@contextlib.asynccontextmanager
async def wire(target: str) -> AsyncIterator[Wire]:
    one = Wire(target)
    server = await asyncio.start_server(one.carry, "127.0.0.1", 0)
    one.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()


def founded(path: Path) -> bytes:
    """Two officers' phones of a group full of canaries; its id."""
    node = Node.create(path / "secretary", "Canarylabel one")
    terms = Terms(share_value="918273.64")
    cards = tuple(bytes([at]) * 16 for at in (1, 2, 3))
    group, _ = commands.found_group(node, "Kanarimwamba", "KES", terms, NOW_MS, cards=cards)
    commands.add_member(at(node, group), "Zubeida Wanjirucanary", "0798765432")
    node.append(group, [MemberAdded(NUMBER, "2026-01-01")], NOW_MS)
    other = Node.create(path / "treasurer", "Canarylabel two")
    node.enrol(group, DeviceEnrolled(other.device, TREASURER, "write", "Canarylabel two"), NOW_MS)
    commands.elect(at(node, group), "treasurer", other.device, "1")
    commands.open_meeting(at(node, group), "2026-01-08")
    if node.group(group).roster.founding:
        founding_period.end(node, group, NOW_MS)
    commands.buy_shares(at(node, group), "1", shares=1)
    other.join(group, "Kanarimwamba")
    sync(node, other, group)
    node.close()
    other.close()
    return group


def at(node: Node, group: bytes) -> Context:
    return Context(node, node.group(group), NOW_MS)


def known_to(path: Path, group: bytes) -> dict[bytes, str]:
    """What a phone alone knows of a group in bytes that stand nowhere by chance."""
    with Node.open(path / "secretary") as node:
        known = node.group(group)
        secrets = {
            group: "the group's id",
            **dict.fromkeys(known.replica.key_box.values(), "a key"),
        }
        rows = node.store.database.rows("SELECT signature FROM changes WHERE length(signature) > 0")
        return {**secrets, **dict.fromkeys([one for (one,) in rows], "a signature")}


def told(data: bytes, secrets: Mapping[bytes, str]) -> set[str]:
    """Which kinds of secrets stand in some bytes."""
    return {kind for secret, kind in secrets.items() if secret and secret in data}


async def backs_up(device: Device, group: bytes) -> None:
    """Every relay of the group gets everything, twice, so that lists and slots follow."""
    for chosen in 2 * device.node.group(group).replica.relays():
        client = await call_relay(device.http, chosen.url, device.node.keys, chosen.relay)
        try:
            done = await Cycle(AtRelay(device, client), group, chosen).run(push=True)
        finally:
            await client.close()
        assert (done.failed, done.wrong, done.lacks) == ("", "", 0)


async def lived(path: Path, group: bytes, urls: list[str]) -> bytes:
    """The group chooses the relays and both phones use them; what the log says once opened."""
    async with open_device(path / "secretary") as device:
        for url in urls:
            await add(device, group, url, (await look(device, url)).relay)
        await backs_up(device, group)
        said = await opened_log(device, group)
    with Node.open(path / "secretary") as one, Node.open(path / "treasurer") as other:
        sync(one, other, group)
        commands.buy_shares(at(other, group), "1", shares=2)
    for name in ("treasurer", "secretary"):
        async with open_device(path / name) as device:
            await backs_up(device, group)
    return said


async def opened_log(device: Device, group: bytes) -> bytes:
    """What lies sealed in the log, opened with this phone's keys."""
    replica = device.node.group(group).replica
    chosen = replica.relays()[0]
    client = await call_relay(device.http, chosen.url, device.node.keys, chosen.relay)
    await client.open(chosen.log)
    entries = (await client.pull(chosen.log, 0)).entries
    await client.close()
    blobs = [one.blob for one in entries if one.blob is not None]
    return b"".join(read_content(open_blob(replica.key_box, chosen.log, blob))[0] for blob in blobs)


async def metrics(program: Program) -> bytes:
    base = program.lines[-1].split()[-1].rstrip(".")
    base = base[: base.rindex("/")] if base.count("/") > 2 else base
    said = b""
    async with aiohttp.ClientSession() as http:
        for path in ("/metrics", "/healthz", "/readyz", "/status"):
            async with http.get(base + path) as answer:
                assert answer.status == 200, (program.lines, path)
                said += await answer.read() + str(answer.headers).encode()
    return said


def disk(folder: Path) -> bytes:
    """Every byte of every file, write-ahead logs too, and the names of the files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"".join(str(path.name).encode() + path.read_bytes() for path in files)


async def test_nothing_that_a_group_knows_is_at_a_relay_or_on_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    group = founded(tmp_path)
    phone = disk(tmp_path / "secretary")
    assert found(phone) >= set(WORDS), "the search finds what is there"
    database = postgres.new_database()
    loud = ("--set", "log_level=debug", "--set", "log_addresses=true")
    async with (
        relay_program(tmp_path / "one", *loud) as one,
        relay_program(tmp_path / "two", *loud, MKUTANO_RELAY_DATABASE=database) as two,
        wire(one.address) as first,
        wire(two.address) as second,
    ):
        opened = await lived(tmp_path, group, [first.url, second.url])
        secrets = known_to(tmp_path, group)
        assert told(opened, secrets) == {"a signature"}, "an open bundle would be noticed"
        seen = {
            "disk": disk(tmp_path / "one"),
            "first wire": first.heard(),
            "second wire": second.heard(),
            "metrics": await metrics(one) + await metrics(two),
            "rows": dumped(postgres, database),
        }
        kinds = {type(decode(said).message) for said in first.messages() if said[:1] >= b"\x80"}
        assert {Push, Entries} <= kinds, "what went over the wire was understood"
        for program in (one, two):
            program.process.terminate()
        seen["logs"] = "".join([(await one.end())[1], (await two.end())[1]]).encode()
    seen["disk afterwards"] = disk(tmp_path / "one")
    seen["PostgreSQL's log"] = (postgres.folder / "log").read_bytes()
    leaks = {name: found(data) | told(data, secrets) for name, data in seen.items()}
    assert {name: words for name, words in leaks.items() if words} == {}
    assert told(disk(postgres.folder / "data" / "pg_wal"), secrets | plain_words()) == set()
    assert all(len(data) > 100 for data in seen.values()), {k: len(v) for k, v in seen.items()}


def plain_words() -> dict[bytes, str]:
    return {form: name for name, forms in WORDS.items() for form in forms if len(form) > 5}


def dumped(postgres: PostgresServer, database: str) -> bytes:
    """The whole database as pg_dump writes it; blobs are hexadecimal there, and made bytes."""
    text = postgres._run("pg_dump", "--dbname", database)
    raw = [
        bytes.fromhex(word[3:])
        for word in text.replace("\t", " ").split()
        if word.startswith("\\\\x") and len(word) % 2
    ]
    return text.encode() + b"\n".join(raw)


def test_the_search_finds_a_word_however_it_is_packed() -> None:
    plain = b"before Zubeida after" + cbor2.dumps({"amount": AMOUNT})
    for packed in (plain, b"junk" + zlib.compress(plain) + b"junk"):
        assert found(packed) == {"a name", "an amount"}
    assert found(b"\x78\x9c no stream") == set()
