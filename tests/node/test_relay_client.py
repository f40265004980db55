"""The connection to a relay: bounded, and told in words, whatever answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from node.outgoing import http_session
from node.relay_address import RelayAddressError, relay_name, relay_number, relay_url
from node.relay_client import NEWS_BYTES_MAX, RelayClient, RelayFailed, RelayGone, call_relay
from node.relay_words import FAILED, why_failed
from relay.facts import Entry, Head, SignedHead
from relay.protocol import (
    PATH,
    Closed,
    Done,
    Failed,
    Find,
    Found,
    Hello,
    Message,
    News,
    decode,
    encode,
)
from replication.identity import DeviceKeys

KEYS, RELAY = DeviceKeys(b"k" * 32), DeviceKeys(b"r" * 32)
HELLO = Hello(1, RELAY.public, b"c" * 32, 1000, 1000)
Serve = Callable[[web.WebSocketResponse], Awaitable[None]]


@contextlib.asynccontextmanager
async def answering(serve: Serve) -> AsyncIterator[str]:
    """Something that answers as a relay would, in its own way."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            await serve(socket)
        return socket

    app = web.Application()
    app.router.add_get(PATH, handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def called(url: str, relay: bytes = b"") -> AsyncIterator[RelayClient]:
    async with http_session() as http:
        client = await call_relay(http, url, KEYS, relay)
        try:
            yield client
        finally:
            await client.close()


async def _after_hello(socket: web.WebSocketResponse, *said: tuple[Message, int]) -> None:
    await socket.send_bytes(encode(HELLO))
    async for received in socket:
        request, _ = decode(received.data)
        for message, offset in said:
            await socket.send_bytes(encode(message, max(0, request + offset)))


async def test_replies_find_their_requests_and_refusals_are_told_in_words() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(encode(HELLO))
        asked = []
        async for received in socket:
            asked.append(decode(received.data).request)
            if len(asked) == 2:  # answered in the other order
                await socket.send_bytes(encode(Failed("too_busy", "no", 5), asked[1]))
                await socket.send_bytes(encode(Found(()), asked[0]))

    async with answering(serve) as url, called(url, RELAY.public) as client:
        found, failed = await asyncio.gather(
            client.find((b"t" * 32,)), client.find((b"u" * 32,)), return_exceptions=True
        )
        assert found == ()
        assert isinstance(failed, RelayFailed)
        assert failed.is_passing
        assert failed.sentence == FAILED["too_busy"]


async def test_another_key_and_what_is_no_relay_are_told_apart() -> None:
    async def garbage(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\xff" * 40)

    async def text(socket: web.WebSocketResponse) -> None:
        await socket.send_str("hello")

    async def another(socket: web.WebSocketResponse) -> None:
        await _after_hello(socket)

    async def later(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(encode(HELLO._replace(version=2)))
        await socket.receive()

    for serve, words in (
        (garbage, "is no relay of Mkutano"),
        (text, "is no relay of Mkutano"),
        (later, "another version"),
    ):
        async with answering(serve) as url:
            with pytest.raises(RelayGone, match=words):
                async with called(url):
                    pass
    async with answering(another) as url:
        with pytest.raises(RelayGone, match="another relay than") as caught:
            async with called(url, b"x" * 32):
                pass
        assert relay_number(RELAY.public) in caught.value.sentence
        assert relay_number(b"x" * 32) in caught.value.sentence
    with pytest.raises(RelayGone, match="No relay answers"):
        async with called("ws://127.0.0.1:1"):
            pass


@pytest.mark.parametrize(
    "said",
    [
        (Done(0), 0),  # an answer to another question
        (HELLO, -10_000),  # unasked, and no news
    ],
    ids=["wrong kind", "unasked"],
)
async def test_what_no_honest_relay_says_ends_the_connection(said: tuple[Message, int]) -> None:
    async with answering(lambda socket: _after_hello(socket, said)) as url, called(url) as client:
        for _ in range(2):
            with pytest.raises(RelayGone):
                await client.find((b"t" * 32,))


async def test_a_relay_that_never_answers_is_given_up() -> None:
    async with answering(_after_hello) as url, called(url) as client:
        client.reply_s_max = 0.05
        with pytest.raises(RelayGone):
            await client.find((b"t" * 32,))
        assert client.over.is_set()


async def test_a_flood_of_news_is_kept_up_to_a_bound() -> None:
    entry = Entry(1, b"w" * 32, 1, b"h" * 32, b"s" * 64, b"x" * 60_000)
    head = SignedHead(Head(b"l" * 16, 1, b"c" * 32, 1), b"s" * 64)
    news = News(b"m" * 32, 1, (entry,) * 8, head)

    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(encode(HELLO))
        await socket.receive()
        for _ in range(40):
            await socket.send_bytes(encode(news))
        await socket.send_bytes(encode(Closed(b"m" * 32, "not_allowed")))
        await socket.send_bytes(encode(Found(()), 1))
        await socket.receive()

    async with answering(serve) as url, called(url) as client:
        await client.ask(Find((b"t" * 32,)), Found)
        assert client.told_of == {b"m" * 32}
        kept = client.take_news(b"m" * 32)
        size = sum(len(one.blob or b"") for each in kept for one in each.entries)
        assert 0 < size <= NEWS_BYTES_MAX
        assert len(kept) < 12
        assert not kept[-1].entries  # but that there is more is known
        assert client.take_closed(b"m" * 32) == "not_allowed"
        assert client.told_of == frozenset()


def test_an_address_has_one_form_and_nonsense_none() -> None:
    for typed, url in {
        "relay.example.org": "wss://relay.example.org",
        " https://Relay.Example.org/ ": "wss://relay.example.org",
        "http://192.168.1.7:8470": "ws://192.168.1.7:8470",
        "ws://[fe80::1]:8470": "ws://[fe80::1]:8470",
        "wss://example.org/savings/v1/mailboxes": "wss://example.org/savings",
    }.items():
        assert relay_url(typed) == url
        assert relay_url(url) == url
    assert relay_name("wss://example.org") == "example.org"
    for nonsense in ("", "ftp://x", "a b", "user:pw@example.org", "x?y=1", "x#y", "http://x:99999",
                     "x" * 300, "ws://exa\x00mple"):  # fmt: skip
        with pytest.raises(RelayAddressError):
            relay_url(nonsense)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_whatever_is_typed_gives_an_address_or_a_sentence(text: str) -> None:
    with contextlib.suppress(RelayAddressError):
        url = relay_url(text)
        assert relay_url(url) == url


def test_a_relays_own_words_are_shown_harmless_and_short() -> None:
    said = why_failed("strange", "a\x1b[31m\n" + "b" * 500)
    assert "\x1b" not in said
    assert "\n" not in said
    assert len(said) < 300
