"""Hints between processes: they come, they are bounded, and what is lost is said to be lost."""

from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from relay import postgres_news
from relay.postgres_news import CHANNEL, PostgresNews
from relay.postgres_store import PostgresStore, open_postgres
from relay.store import Append
from simulations.postgres_server import PostgresServer
from tests.relay.conftest import SALT
from tests.relay.stored import FOUNDER, access, key, push

GROUP = key("log of Umoja")


class Listener:
    """What one process hears, from when it listens."""

    def __init__(self, news: AsyncIterator[tuple[bytes, ...]]) -> None:
        self._news = news
        self.heard: set[bytes] = set()

    async def begin(self) -> None:
        """The first batch says that something may have been missed: it listens from now on."""
        assert await anext(self._news) == ()

    async def until(self, *mailboxes: bytes) -> None:
        while not self.heard >= set(mailboxes):
            self.heard |= set(await anext(self._news))


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[list[PostgresStore]]:
    opened = [await open_postgres(postgres_url, SALT, connections_max=2) for _ in range(2)]
    yield opened
    for store in opened:
        await store.close()


async def test_a_push_at_one_process_is_news_at_the_other_only(
    stores: list[PostgresStore],
) -> None:
    one, other = stores
    at_one, at_other = Listener(one.news()), Listener(other.news())
    await at_one.begin()
    await at_other.begin()
    await one.create(GROUP, FOUNDER, [access()], 5)
    appends: list[Append] = [push(GROUP, "news")]
    await one.append(appends, 6)
    await one.announce([GROUP])
    await at_other.until(GROUP)
    _, entries = await other.entries(GROUP, 0, 100, 10)
    assert [entry.blob for entry in entries] == [b"news"]
    await other.announce([key("answer")])
    await at_one.until(key("answer"))
    assert at_one.heard == {key("answer")}


async def test_many_are_told_at_once(stores: list[PostgresStore]) -> None:
    listener = Listener(stores[1].news())
    await listener.begin()
    many = [key(f"mailbox {n}") for n in range(1000)]
    for start in range(0, 1000, 7):
        await stores[0].announce(many[start : start + 7])
    await listener.until(*many)


async def test_who_was_cut_off_hears_that_it_missed_something(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_news, "_RETRY_S", (0.01,))
    store = await open_postgres(postgres_url, SALT, connections_max=1)
    listener = Listener(store.news())
    await listener.begin()
    postgres.stop()
    postgres.start()
    await listener.begin()
    await store.close()


async def test_what_others_send_on_the_channel_does_no_harm(
    stores: list[PostgresStore], postgres: PostgresServer, postgres_url: str
) -> None:
    listener = Listener(stores[0].news())
    await listener.begin()
    for payload in ("", "x", "zz" * 32, "é" * 64, "00" * 31, key("good").hex()):
        postgres.sql(postgres_url, f"NOTIFY {CHANNEL}, '{payload}'")
    await listener.until(key("good"))
    assert listener.heard == {key("good")}


async def test_too_many_hints_become_one_to_look_at_all(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_news, "_WAITING_MAX", 10)
    connection = await asyncpg.connect(postgres_url)
    news = PostgresNews(partial(asyncpg.connect, postgres_url))
    hints = news.heard()
    assert await anext(hints) == ()
    payloads = [key(f"{n}").hex() + key(f"other {n}").hex() for n in range(8)]
    for payload in payloads[:5]:
        news._hear(connection, 0, CHANNEL, payload)
    assert len(await anext(hints)) == 10
    for payload in payloads:
        news._hear(connection, 0, CHANNEL, payload)
    assert await anext(hints) == ()
    news.announce(key(f"{n}") for n in range(100))
    assert len(news._outgoing) == 10
    await news.close()
    await connection.close()
    assert await anext(hints, None) is None
