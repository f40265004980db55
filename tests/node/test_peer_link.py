"""Two phones over real loopback sockets, and everything that may come in their way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from node import listener as listener_module
from node import secure_socket
from node.address import Address
from node.clock import steady_ms
from node.errors import CommandRefused
from node.hello import MAGIC, discovery_key, make_hello
from node.invitations import Guest, invitations, invite, withdraw
from node.outgoing import open_socket
from node.peer_link import PeerLink
from node.secure_socket import CLOSE_FAULT, CLOSE_UNKNOWN, PeerGone, Refused, dial
from replication.identity import noise_public
from replication.noise import public_key
from tests.node.calling_phones import STRANGER, WAIT_S, Phone, phone, secretary, treasurer

pytestmark = pytest.mark.usefixtures("own_calls_end")

__all__ = ["secretary", "treasurer"]


async def in_step(one: Phone, other: Phone, group: bytes) -> None:
    """Wait until both hold the same changes."""
    async with asyncio.timeout(WAIT_S):
        while one.heads(group) != other.heads(group):
            link = one.links.find(group, other.node.device)
            if link is None:
                link = await one.call(group, other)
            link.synced.clear()
            waits = [asyncio.create_task(event.wait()) for event in (link.synced, link.over)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=1)
            for wait in waits:
                wait.cancel()


async def test_an_invited_phone_gets_the_books_and_both_hear_of_what_follows(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    assert secretary.heads(group) == treasurer.heads(group)
    assert treasurer.node.group(group).roster.may_write(treasurer.node.device)
    assert treasurer.node.group(group).name == "Umoja"
    await treasurer.add_member(group, 1)
    await in_step(treasurer, secretary, group)
    await secretary.add_member(group, 2)
    await in_step(treasurer, secretary, group)
    assert link.traffic.received_changes >= 4


async def test_an_invitation_is_good_for_one_phone(
    secretary: Phone, treasurer: Phone, tmp_path: Path
) -> None:
    group = await secretary.found()
    _, invitation = await secretary.thread.run(
        invite, secretary.node, group, "write", Guest("Treasurer", "treasurer"), (), steady_ms()
    )
    link = await treasurer.links.join(treasurer.http, invitation, secretary.address, "T")
    treasurer.run(link)
    await in_step(treasurer, secretary, group)
    assert invitations(secretary.node, group, steady_ms())[0].state == "used"
    offices = dict(secretary.node.group(group).book.offices.rows())
    assert "treasurer" in offices
    async with phone(tmp_path / "third") as third:
        with pytest.raises(Refused):
            await third.links.join(third.http, invitation, secretary.address, "Third")
        assert not third.node.groups


async def test_a_withdrawn_invitation_is_worthless(secretary: Phone, treasurer: Phone) -> None:
    group = await secretary.found()
    number, invitation = await secretary.thread.run(
        invite, secretary.node, group, "write", Guest(), (), steady_ms()
    )
    await secretary.thread.run(withdraw, secretary.node, group, number)
    with pytest.raises(Refused):
        await treasurer.links.join(treasurer.http, invitation, secretary.address, "T")
    with pytest.raises(CommandRefused):
        await secretary.thread.run(withdraw, secretary.node, group, number)


async def test_a_reader_gets_the_books_and_can_not_write(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group, "read")
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    before = secretary.heads(group)
    with pytest.raises(CommandRefused):
        await treasurer.add_member(group, 1)
    assert secretary.heads(group) == before


async def test_only_officers_phones_invite(secretary: Phone, treasurer: Phone) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group, "read")
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    with pytest.raises(CommandRefused, match="Only an officer's phone"):
        await treasurer.thread.run(invite, treasurer.node, group, "write", Guest(), (), steady_ms())


async def close_code(phone: Phone, *messages: bytes | str) -> int | None:
    """What a phone closes with when it is sent these messages as the first ones."""
    socket = await open_socket(phone.http, phone.address)
    for message in messages:
        if isinstance(message, str):
            await socket.send_str(message)
        else:
            await socket.send_bytes(message)
    async with asyncio.timeout(WAIT_S):
        while not socket.closed:
            received = await socket.receive()
            assert received.type is not aiohttp.WSMsgType.BINARY, "a stranger was answered"
    return socket.close_code


async def test_a_stranger_is_told_nothing(secretary: Phone) -> None:
    await secretary.found()
    key = public_key(bytes([3]) * 32)
    hello = make_hello("peer", discovery_key(bytes(32)), key)
    assert await close_code(secretary, hello + key) == CLOSE_UNKNOWN


async def test_a_phone_that_knows_the_group_but_is_not_enrolled_is_refused(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    before = secretary.heads(group)
    socket = await open_socket(treasurer.http, secretary.address)
    secure = await dial(
        socket,
        kind="peer",
        static=STRANGER.noise_static(),
        key=discovery_key(group),
        psk=None,
        accepts=lambda static: True,
    )
    label, message = await secure.receive()
    assert (label, message) == (secure_socket.REFUSED, b"not_enrolled")
    with pytest.raises(PeerGone):
        await secure.receive()
    assert secretary.heads(group) == before
    assert secretary.links.refusals[-1].code == "not_enrolled"
    assert not secretary.links.all()


async def test_a_caller_keeps_its_identity_from_the_wrong_device(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    with pytest.raises(PeerGone):
        await secretary.links.call(secretary.http, group, Address("127.0.0.1", 1))
    asked: list[bytes] = []

    def refuse(static: bytes) -> bool:
        asked.append(static)
        return False

    socket = await open_socket(treasurer.http, secretary.address)
    with pytest.raises(Refused):
        await dial(
            socket,
            kind="peer",
            static=STRANGER.noise_static(),
            key=discovery_key(group),
            psk=None,
            accepts=refuse,
        )
    assert asked == [noise_public(secretary.node.device)]
    await socket.close()


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"GET / HTTP/1.1", bytes(65), MAGIC + b"\x09" + bytes(48), b"MKT\x02" + bytes(49)),
        *(bytes(65_535), "text"),
    ],
    ids=["empty", "http", "zeros", "kind", "version", "long", "text"],
)
async def test_garbage_instead_of_a_hello(secretary: Phone, message: bytes | str) -> None:
    await secretary.found()
    assert await close_code(secretary, message) == CLOSE_FAULT


async def test_an_oversized_message_is_not_read(secretary: Phone) -> None:
    await secretary.found()
    code = await close_code(secretary, bytes(2_000_000))
    assert code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_slow_handshake_is_cut(secretary: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secure_socket, "HANDSHAKE_S_MAX", 0.05)
    await secretary.found()
    assert await close_code(secretary) == CLOSE_FAULT


async def test_a_connection_that_never_asks_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "REQUEST_S_MAX", 0.05)
    async with phone(tmp_path / "s") as one:
        for first in (b"", b"GET /link HTTP/1.1\r\nHost: a\r\nX-Slow: "):
            reader, writer = await asyncio.open_connection(*one.address)
            writer.write(first)
            async with asyncio.timeout(WAIT_S):
                assert await dribbled(reader, writer, bool(first)) == b""
            writer.close()


async def dribbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, more: bool) -> bytes:
    """Send a byte now and then, until the other side hangs up."""
    while True:
        try:
            async with asyncio.timeout(0.01):
                return await reader.read()
        except TimeoutError:
            if more:
                writer.write(b"x")
        except ConnectionResetError:
            return b""


async def test_a_flood_of_connections_leaves_room_for_nobody_but_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "CONNECTIONS_MAX", 3)
    monkeypatch.setattr(listener_module, "REQUEST_S_MAX", 60.0)
    async with phone(tmp_path / "s") as one:
        kept = [await asyncio.open_connection(*one.address) for _ in range(3)]
        reader, writer = await asyncio.open_connection(*one.address)
        async with asyncio.timeout(WAIT_S):
            assert await dribbled(reader, writer, False) == b""
        for _, held in (*kept, (reader, writer)):
            held.close()


async def test_there_is_one_path_and_no_body(secretary: Phone) -> None:
    base = f"http://{secretary.address}"
    for method, path in (("GET", "/"), ("POST", "/link"), ("GET", "/link")):
        async with secretary.http.request(method, base + path, data=b"x") as response:
            assert response.status in (400, 404, 405)


class Proxy:
    """A wire between two phones that forwards WebSocket messages as long as `passes` says so."""

    def __init__(self, target: Address, passes: Callable[[int, bytes], bytes | None]) -> None:
        self._target = target
        self._passes = passes
        self.count = 0
        self.address = Address("127.0.0.1", 0)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/link", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = Address("127.0.0.1", self._runner.addresses[0][1])

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        near = web.WebSocketResponse()
        await near.prepare(request)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(self._target.url) as far,
        ):
            ways = [
                asyncio.create_task(self._forward(near, far)),
                asyncio.create_task(self._forward(far, near)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await near.close()
        return near

    async def _forward(
        self,
        source: secure_socket.WebSocket,
        target: secure_socket.WebSocket,
    ) -> None:
        async for message in source:
            if message.type is not aiohttp.WSMsgType.BINARY:
                return
            passed = self._passes(self.count, message.data)
            self.count += 1
            if passed is None:
                return
            await target.send_bytes(passed)


async def over_or_synced(link: PeerLink) -> None:
    """Wait until a link has ended, or has nothing more to say; then hang up."""
    waits = [asyncio.create_task(event.wait()) for event in (link.synced, link.over)]
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        link.end("closing")
        await link.over.wait()


def cut_after(frames: int) -> Callable[[int, bytes], bytes | None]:
    """A wire that breaks after so many frames."""
    return lambda count, data: data if count < frames else None


async def test_a_sync_that_is_cut_after_any_frame_goes_on_at_the_next_call(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    link.end("closing")
    await link.over.wait()
    frames = 1
    cut_at = 0
    while cut_at < frames:
        await secretary.add_member(group, 2 * cut_at + 1)
        await treasurer.add_member(group, 2 * cut_at + 2)
        proxy = Proxy(secretary.address, cut_after(cut_at))
        await proxy.start()
        try:
            link = await treasurer.links.call(treasurer.http, group, proxy.address)
            treasurer.run(link)
            await over_or_synced(link)
        except (PeerGone, Refused):
            pass
        await proxy.close()
        whole = Proxy(secretary.address, lambda count, data: data)
        await whole.start()
        link = await treasurer.links.call(treasurer.http, group, whole.address)
        treasurer.run(link)
        async with asyncio.timeout(WAIT_S):
            await link.synced.wait()
        assert secretary.heads(group) == treasurer.heads(group)
        link.end("closing")
        await link.over.wait()
        await whole.close()
        frames = max(frames, whole.count)
        cut_at += 1
    assert frames >= 6


@pytest.mark.parametrize("frame", range(6))
async def test_a_tampered_frame_ends_the_link_and_touches_nothing(
    secretary: Phone, treasurer: Phone, frame: int
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    link.end("closing")
    await link.over.wait()
    await secretary.add_member(group, 1)
    before = treasurer.heads(group)

    def passes(count: int, data: bytes) -> bytes:
        return data if count != frame else data[:-1] + bytes([data[-1] ^ 1])

    proxy = Proxy(secretary.address, passes)
    await proxy.start()
    try:
        link = await treasurer.links.call(treasurer.http, group, proxy.address)
        treasurer.run(link)
        await over_or_synced(link)
    except (PeerGone, Refused):
        assert treasurer.heads(group) == before
    await proxy.close()
    await in_step(treasurer, secretary, group)


async def test_two_phones_that_call_each_other_keep_one_link(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    link.end("closing")
    await link.over.wait()
    await asyncio.gather(
        secretary.call(group, treasurer), treasurer.call(group, secretary), return_exceptions=True
    )
    smaller, larger = sorted((secretary, treasurer), key=lambda one: one.node.device)
    await in_step(secretary, treasurer, group)
    for one in (smaller, larger):
        async with asyncio.timeout(WAIT_S):
            while len(one.links.all()) != 1:
                one.links.changed.clear()
                await one.links.changed.wait()
    kept = smaller.links.find(group, larger.node.device)
    assert kept is not None
    assert kept.initiator


async def test_a_newer_link_replaces_one_that_the_network_lost(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    first = await treasurer.join_and_sync(secretary, group)
    second = await treasurer.call(group, secretary)
    async with asyncio.timeout(WAIT_S):
        await first.over.wait()
        await second.synced.wait()
    assert first.ending in ("replaced", "peer_replaced")
    assert len(secretary.links.all()) == 1


async def test_a_failed_step_hangs_up_and_the_next_link_goes_on(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    link = await treasurer.join(secretary, group)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    await secretary.thread.run(secretary.node._forget)
    await secretary.add_member(group, 1)
    async with asyncio.timeout(WAIT_S):
        await link.over.wait()
    assert link.ending == "peer_restarted"
    await in_step(treasurer, secretary, group)
