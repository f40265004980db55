"""Slow readers, floods, crowds and idlers: each costs a bounded place, and nobody else pays."""

import asyncio
from itertools import count

import aiohttp
import pytest

from relay import connection as connection_module
from relay.clock import monotonic_ms
from relay.gate import network_of
from relay.protocol import (
    PATH,
    Entries,
    Find,
    News,
    Pull,
    encode,
)
from tests.relay.devices import calling, founds
from tests.relay.memory_store import MemoryStore
from tests.relay.served import (
    BOX,
    WHO,
    Running,
    founded,
    opened,
    pushed,
    running,
    until,
)

__all__ = ["running"]


async def test_a_slow_reader_costs_a_bounded_queue_and_catches_up(running: Running) -> None:
    """Its socket takes nothing; the queue stays bounded, and it learns where the log stands."""
    store = MemoryStore()
    async with (
        running(store, requests_per_second=0, mailbox_push_bytes_per_second=0) as relay,
        calling(relay.address) as chair,
    ):
        await founded(chair)
        await opened(chair, WHO.chair)
        async with calling(relay.address) as ngo:
            await opened(ngo, WHO.reader)
            slow = relay.reception.connection_of(2)
            limit = relay.config.connection_queue_bytes_max
            blob_count = 0
            for blob_count in count(1):
                await pushed(chair, WHO.chair, blob_count.to_bytes(4, "big") * 16_000)
                assert slow.outbox.bytes <= limit + 1000
                if slow.outbox.dropped >= 5:
                    break
            heard: list[News] = []
            while not heard or heard[-1].head.head.cursor < blob_count:
                news = await ngo.heard()
                assert isinstance(news, News)
                heard.append(news)
            assert any(news.entries == () for news in heard)
            await until(lambda: relay.reception.budget.bytes == 0)
            pulled = await ngo.ask(Pull(BOX, blob_count - 1, 100_000))
            assert isinstance(pulled, Entries)
            assert pulled.entries[-1].blob == blob_count.to_bytes(4, "big") * 16_000


async def test_who_takes_no_replies_is_cut(running: Running) -> None:
    async with (
        running(send_s=0.05, requests_per_second=0, address_pull_bytes_per_second=0) as relay,
        calling(relay.address) as chair,
    ):
        await founded(chair)
        await opened(chair, WHO.chair)
        for number in range(4):
            await pushed(chair, WHO.chair, bytes([number]) * 130_000)
        async with calling(relay.address) as ngo:
            await opened(ngo, WHO.reader, live=False)
            stuck = relay.reception.connection_of(2)
            assert ngo.socket._response.connection is not None
            transport = ngo.socket._response.connection.transport
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
            for number in range(200):
                await ngo.socket.send_bytes(encode(Pull(BOX, 0, 520_000), number + 1))
            await until(lambda: len(relay.reception) == 1)
            assert stuck.outbox.bytes == relay.reception.budget.bytes == 0
            transport.abort()
        await pushed(chair, WHO.chair, b"still served")
        assert 'reason="takes_nothing"} 1.0' in relay.metrics.text().decode()


async def test_a_flood_of_requests_is_refused_visibly_and_slowed(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_PAUSE_S_MAX", 0.0)
    async with (
        running(requests_per_second=0.001, requests_burst=5) as relay,
        calling(relay.address) as caller,
        calling(relay.address) as other,
    ):
        for _ in range(5):
            await caller.ask(Find(()))
        for _ in range(3):
            failed = await caller.refused(Find(()))
            assert failed.code == "rate_limited"
            assert failed.retry_after_ms > 0
        await other.ask(Find(()))


async def test_pings_are_answered_and_count_as_requests(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_PAUSE_S_MAX", 0.0)
    async with (
        running(requests_per_second=0.001, requests_burst=3) as relay,
        calling(relay.address) as caller,
    ):
        for _ in range(3):
            await caller.socket.ping(b"are you there")
        assert (await caller.refused(Find(()))).code == "rate_limited"


async def test_who_opens_nothing_and_who_asks_nothing_is_cut(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        running() as relay,
        calling(relay.address) as stranger,
        calling(relay.address) as idle,
        calling(relay.address) as listens,
    ):
        await founded(idle)
        await opened(idle, WHO.chair, live=False)
        await opened(listens, WHO.reader)
        later_ms = monotonic_ms() + 1000 * int(relay.config.idle_s + 1)
        monkeypatch.setattr("relay.reception.monotonic_ms", lambda: later_ms)
        assert await stranger.closed() == await idle.closed() == 1006
        await until(lambda: len(relay.reception) == 1)
        metrics = relay.metrics.text().decode()
    assert 'reason="opens_nothing"} 1.0' in metrics
    assert 'reason="idle"} 1.0' in metrics


async def test_connections_are_counted_all_together_and_of_one_network(running: Running) -> None:
    async with running(strangers_max=2) as relay, calling(relay.address) as one:
        await founded(one)
        async with calling(relay.address), aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(relay.address + PATH)
            assert caught.value.status == 503
            await opened(one, WHO.chair)
            async with calling(relay.address):
                pass
    async with running(connections_max=3, address_connections_max=2) as relay:
        async with calling(relay.address), calling(relay.address):
            for source, answered in (("127.0.0.1", False), ("127.0.0.2", True)):
                connector = aiohttp.TCPConnector(local_addr=(source, 0))
                async with aiohttp.ClientSession(connector=connector) as session:
                    try:
                        async with session.get(relay.address) as answer:
                            assert answered
                            assert answer.status == 404
                    except aiohttp.ClientConnectionError:
                        assert not answered
        await until(lambda: not relay.reception.gate.held)


async def test_a_half_asked_question_holds_no_place_for_long(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.gate.REQUEST_S_MAX", 0.05)
    async with running() as relay:
        host, port = relay.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await until(lambda: not relay.reception.gate.held)


async def test_a_proxy_is_believed_only_where_it_is_named(running: Running) -> None:
    header = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    for settings, expected in (
        ({}, "127.0.0.1"),
        ({"proxy_header": "X-Forwarded-For"}, "198.51.100.7"),
        ({"proxy_header": "X-Forwarded-For", "proxy_addresses": ("10.0.0.1",)}, "127.0.0.1"),
    ):
        async with running(**settings) as relay, calling(relay.address, header):
            assert relay.reception.connection_of(1).visit.address == expected


async def test_behind_a_proxy_each_network_has_its_own_places(running: Running) -> None:
    settings = {"proxy_header": "X-Real-IP", "address_connections_max": 1}
    async with (
        running(**settings) as relay,
        calling(relay.address, {"X-Real-IP": "203.0.113.9"}),
        calling(relay.address, {"X-Real-IP": "2001:db8::1"}),
        aiohttp.ClientSession() as session,
    ):
        for caller in ("203.0.113.9", "2001:db8::2"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(relay.address + PATH, headers={"X-Real-IP": caller})
            assert caught.value.status == 503
        async with calling(relay.address, {"X-Real-IP": "2001:db8:0:1::1"}):
            pass


async def test_mailboxes_are_made_with_a_token_where_one_is_asked_for(running: Running) -> None:
    token = "a-token-of-length"
    async with running(create="token", create_tokens=(token,)) as relay:
        for given in ("", "Bearer wrong", "Bearer \udcff", "Bearer " + token[:-1]):
            async with calling(relay.address, {"Authorization": given} if given else {}) as caller:
                refused = await caller.refused(founds(WHO.founder, WHO.access()))
                assert refused.code == "token_needed"
        async with calling(relay.address, {"Authorization": f"Bearer {token}"}) as caller:
            await founded(caller)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "?"),
        ("unknown \udcff", "?"),
    ],
)
def test_the_limits_count_networks(address: str, network: str) -> None:
    assert network_of(address) == network
