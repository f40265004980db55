"""What a stranger on the same network can do to a phone: take a place for seconds, and no more."""

import asyncio
import contextlib
import gc
import logging
import weakref
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from node import dialer as dialer_module
from node import links as links_module
from node import listener as listener_module
from node import reception as reception_module
from node.address import Address
from node.clock import steady_ms
from node.dialer import Dialer
from node.doors import adopt
from node.errors import CommandRefused, StoreFailed
from node.exchanges import InviteRequest, JoinRequest, join, make_invitation
from node.invitation import Invitation, handshake_psk, hello_key, invitation_key
from node.invitations import Guest, invite
from node.joining import Join, Joined, encode_join, encode_word
from node.lan import Lan
from node.outgoing import http_session, open_socket
from node.peer_link import PeerLink
from node.secure_socket import (
    AGREED,
    JOIN,
    JOINED,
    OFFER,
    PeerGone,
    Refused,
    SecureSocket,
    WebSocket,
    dial,
)
from replication.identity import noise_public
from tests.node.calling_phones import NOW_MS, STRANGER, WAIT_S, Phone, phone, secretary, treasurer
from tests.node.test_exchanges import as_device

pytestmark = pytest.mark.usefixtures("own_calls_end")

__all__ = ["secretary", "treasurer"]

ELSEWHERE = ("127.0.0.2", 0)
"""Another network address of this machine."""


async def invited(secretary: Phone, group: bytes) -> Invitation:
    guest = Guest("Treasurer")
    at = (secretary.address,)
    _, made = await secretary.thread.run(
        invite, secretary.node, group, "write", guest, at, steady_ms()
    )
    return made


async def test_there_is_one_answer_a_connection(secretary: Phone) -> None:
    for ask in (b"GET / HTTP/1.1", b"POST /link HTTP/1.1", b"GET /link HTTP/1.1"):
        reader, writer = await asyncio.open_connection(*secretary.address)
        writer.write(ask + b"\r\nHost: phone\r\n\r\n")
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read()  # until the other side hangs up
        assert answer.startswith(b"HTTP/1.1 4")
        writer.close()


async def test_requests_that_nobody_can_read_fill_no_log(
    secretary: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for garbage in (
        b"\x16\x03\x01" + bytes(50),
        b"HELLO\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \x00\r\n",
    ):
        reader, writer = await asyncio.open_connection(*secretary.address)
        writer.write(garbage + b"\r\n\r\n")
        async with asyncio.timeout(WAIT_S):
            await reader.read()
        writer.close()
    assert not caplog.records


async def test_a_caller_who_takes_every_place_leaves_some_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "CALLER_CONNECTIONS_MAX", 3, raising=False)
    monkeypatch.setattr(listener_module, "REQUEST_S_MAX", 60.0)
    async with phone(tmp_path / "s") as one:
        kept = [await asyncio.open_connection(*one.address) for _ in range(3)]
        reader, writer = await asyncio.open_connection(*one.address)
        async with asyncio.timeout(WAIT_S):
            assert await until_hung_up(reader) == b""
        reader, other = await asyncio.open_connection(*one.address, local_addr=ELSEWHERE)
        other.write(b"GET / HTTP/1.1\r\nHost: phone\r\n\r\n")
        async with asyncio.timeout(WAIT_S):
            assert await reader.read()
        for _, held in (*kept, (reader, writer), (reader, other)):
            held.close()


async def until_hung_up(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def test_a_caller_who_never_finishes_a_handshake_does_not_keep_others_out(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    idle = [
        await open_socket(secretary.http, secretary.address)
        for _ in range(reception_module.CALLER_HANDSHAKES_MAX)
    ]
    one_more = await open_socket(secretary.http, secretary.address)
    async with asyncio.timeout(WAIT_S):
        await one_more.receive()
    assert one_more.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER
    connector = aiohttp.TCPConnector(local_addr=ELSEWHERE)
    async with aiohttp.ClientSession(connector=connector) as elsewhere:
        link = await treasurer.links.join(
            elsewhere, await invited(secretary, group), secretary.address, "Treasurer's phone"
        )
        treasurer.run(link)
        async with asyncio.timeout(WAIT_S):
            await link.synced.wait()
        link.end("closing")
        await link.over.wait()
    for socket in idle:
        await socket.close()
    assert not secretary.links._reception._handshakes


async def test_who_answers_a_call_leads_nowhere_else_and_leaves_nothing_behind() -> None:
    asked: list[tuple[str, str]] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append((request.path, request.headers.get("Cookie", "")))
        refusal = web.Response(status=302, headers={"Location": "/v1/book"})
        refusal.set_cookie("known", "again")
        return refusal

    app = web.Application()
    app.router.add_get("/{path:.*}", redirect)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = Address("127.0.0.1", runner.addresses[0][1])
    async with http_session() as http:
        for _ in range(2):
            with pytest.raises(PeerGone):
                await open_socket(http, address)
    await runner.cleanup()
    assert asked == [("/link", ""), ("/link", "")]


async def begin_joining(one: Phone, invitation: Invitation, address: Address) -> SecureSocket:
    """A phone that says JOIN and hears JOINED, and then waits."""
    key = invitation_key(invitation.secret)
    secure = await dial(
        await open_socket(one.http, address),
        kind="join",
        static=STRANGER.noise_static(),
        key=hello_key(key),
        psk=handshake_psk(key),
        accepts=noise_public(invitation.device).__eq__,
    )
    await secure.send(encode_join(Join(STRANGER.public, "Another phone")), JOIN)
    await secure.expect(OFFER, WAIT_S)
    await secure.send(encode_word(), AGREED)
    await secure.expect(JOINED, WAIT_S)
    return secure


async def test_the_second_phone_that_uses_an_invitation_at_once_keeps_no_group(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    invitation = await invited(secretary, group)
    first = await begin_joining(secretary, invitation, secretary.address)
    with pytest.raises(Refused):
        await treasurer.links.join(treasurer.http, invitation, secretary.address, "Treasurer's")
    assert not treasurer.node.groups
    await first.close()
    link = await join_when_free(treasurer, invitation, secretary.address)
    treasurer.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()


async def join_when_free(one: Phone, invitation: Invitation, address: Address) -> PeerLink:
    """Join as soon as the phone that used the invitation before is seen to be gone."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await one.links.join(one.http, invitation, address, "Treasurer's phone")
            except Refused:
                continue


async def test_an_invitation_of_an_outsider_does_not_lead_into_a_group_that_is_held(
    secretary: Phone,
) -> None:
    group = await secretary.found()
    joined = Joined(group, STRANGER.public)
    with pytest.raises(CommandRefused, match="false"):
        await secretary.thread.run(adopt, secretary.node, joined, "Umoja", "127.0.0.1:1", NOW_MS)
    held = secretary.node.group(group)
    assert STRANGER.public not in held.store.addresses(held.row.group_no)


async def test_another_phone_at_an_old_address_does_not_end_a_join(
    secretary: Phone, treasurer: Phone, tmp_path: Path
) -> None:
    await secretary.found()
    made = await make_invitation(as_device(secretary), InviteRequest())
    async with phone(tmp_path / "neighbour", "Neighbour's phone") as neighbour:
        await neighbour.found()
        addresses = (str(neighbour.address),)
        asked = JoinRequest(invitation=str(made["uri"]), addresses=addresses, yes=True)
        moved = await join(as_device(treasurer), asked)
    assert moved["group_name"] == "Umoja"


async def test_that_neighbours_refuse_does_not_mean_that_the_invitation_was_used(
    secretary: Phone, treasurer: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await secretary.found()
    invitation = (await invited(secretary, group))._replace(addresses=())
    device = as_device(treasurer)
    async with phone(tmp_path / "neighbour", "Neighbour's phone") as neighbour:
        with pytest.raises(PeerGone, match="not found nearby"):
            await device.join(invitation, (), (neighbour.address,))
        with pytest.raises(PeerGone, match="No Mkutano device answers"):
            await device.join(invitation, (Address("127.0.0.1", 1),), (neighbour.address,))
        link = await device.join(invitation, (), (neighbour.address, secretary.address))
    assert link.group == group


async def test_a_session_that_can_not_begin_ends_in_words(
    secretary: Phone, treasurer: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await secretary.found()
    first = await treasurer.join_and_sync(secretary, group)
    first.end("closing")
    await first.over.wait()

    def full(*_: object) -> None:
        raise StoreFailed("The storage of this device is full.", "storage_full")

    with monkeypatch.context() as broken:
        broken.setattr(secretary.node, "connect", full)
        link = await treasurer.links.call(treasurer.http, group, secretary.address)
        await link.run()
    assert link.ending == "peer_storage_full"
    assert secretary.links.refusals[-1].code == "storage_full"
    again = await treasurer.call(group, secretary)
    async with asyncio.timeout(WAIT_S):
        await again.synced.wait()


async def test_a_full_phone_still_gives_others_what_it_has(
    secretary: Phone, treasurer: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await secretary.found()
    await treasurer.join_and_sync(secretary, group)

    def full(*_: object) -> None:
        raise StoreFailed("The storage of this device is full.", "storage_full")

    monkeypatch.setattr("node.links.remember", full)
    link = await treasurer.call(group, secretary)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()


async def test_the_dialler_goes_on_after_the_ledger_could_not_be_read(
    secretary: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def remembered(*_: object) -> list[object]:
        looked.append(1)
        if len(looked) == 1:
            raise StoreFailed("The storage may be failing.")
        loop.call_soon_threadsafe(again.set)
        return []

    monkeypatch.setattr(dialer_module, "_remembered", remembered)
    monkeypatch.setattr(dialer_module, "RECHECK_S", 0.0)
    dialer = Dialer(secretary.node, secretary.thread, secretary.links, secretary.http, None)
    running = asyncio.create_task(dialer.run())
    async with asyncio.timeout(WAIT_S):
        await again.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_network_that_announces_without_end_does_not_keep_the_dialler_busy(
    secretary: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    class Noisy(Lan):
        def found(self) -> list[object]:  # type: ignore[override]
            looked.append(1)
            self.changed.set()
            return []

    http, links = secretary.http, secretary.links
    dialer = Dialer(secretary.node, secretary.thread, links, http, Noisy(1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await dialer.run()
    assert len(looked) <= 2


async def test_nothing_of_a_stranger_is_kept(
    secretary: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()
    answer = secretary.links.answer
    loop = asyncio.get_running_loop()

    async def watched(socket: WebSocket, who: str) -> None:
        weakref.finalize(socket, loop.call_soon_threadsafe, gone.set)
        await answer(socket, who)

    monkeypatch.setattr(secretary.links, "answer", watched)
    caller = await open_socket(secretary.http, secretary.address)
    await caller.send_bytes(b"I am nobody")
    async with asyncio.timeout(WAIT_S):
        while not caller.closed:
            await caller.receive()
    for _ in range(20):
        gc.collect()  # a closed connection refers to itself
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await gone.wait()
                return
    pytest.fail("a connection that is over is still held")


async def test_addresses_that_come_and_go_take_no_memory(secretary: Phone) -> None:
    group = await secretary.found()
    for number in range(links_module.PLACES_KEPT + 50):
        address = Address(f"10.0.{number // 250}.{number % 250}", 8700)
        secretary.links._found_at(group, address, STRANGER.public)
    assert len(secretary.links.device_at) == links_module.PLACES_KEPT
    assert (group, address) in secretary.links.device_at
