"""The short way writes only what still fits: whatever comes between its two statements."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from relay.log_entries import append
from relay.postgres_append import append_shortly
from relay.postgres_store import PostgresStore, open_postgres
from relay.statements import Statement
from relay.store import Appended
from simulations.postgres_server import PostgresServer
from tests.relay.conftest import SALT
from tests.relay.stored import FOUNDER, access, everything, key, push

GROUP = key("log of Umoja")


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    opened = await open_postgres(postgres_url, SALT, connections_max=2)
    await opened.create(GROUP, FOUNDER, [access()], 5)
    yield opened
    await opened.close()


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(postgres_url)
    yield opened
    await opened.close()


async def nothing(store: PostgresStore) -> None:
    pass


async def push_another(store: PostgresStore) -> None:
    await store.append([push(GROUP, "another")], 6)


async def push_the_same(store: PostgresStore) -> None:
    await store.append([push(GROUP, "mine")], 6)


async def change_the_officers(store: PostgresStore) -> None:
    await store.amend(GROUP, [access(2)], 6)


async def restore_a_backup(store: PostgresStore) -> None:
    await store.renew(key("another salt"))
    await store.mailbox(GROUP)


@pytest.mark.parametrize(
    ("interloper", "written"),
    [
        (nothing, True),
        (push_another, False),
        (push_the_same, False),
        (change_the_officers, False),
        (restore_a_backup, False),
    ],
)
async def test_what_comes_between_makes_it_write_nothing(
    store: PostgresStore,
    connection: Any,
    interloper: Callable[[PostgresStore], Awaitable[None]],
    written: bool,
) -> None:
    steps = append_shortly(GROUP, [push(GROUP, "mine")], 7)
    read = next(steps)
    write = steps.send(await connection.fetch(read.sql, *read.values))
    await interloper(store)
    before = await store.mailbox(GROUP)
    rows = await connection.fetch(write.sql, *write.values)
    with pytest.raises(StopIteration) as stop:
        steps.send(rows)
    assert (stop.value.value is not None) == written
    if not written:
        assert await store.mailbox(GROUP) == before
    await everything(store, GROUP)


def statements_of(steps: Any, *answers: list[tuple[object, ...]]) -> list[Statement]:
    """What a request asks, given these answers."""
    asked = [next(steps)]
    asked.extend(steps.send(answer) for answer in answers)
    steps.close()
    return asked


async def test_a_fresh_blob_takes_two_statements(store: PostgresStore, connection: Any) -> None:
    pushes = [push(GROUP, "fresh")]
    steps = append_shortly(GROUP, pushes, 7)
    read = next(steps)
    rows = await connection.fetch(read.sql, *read.values)
    assert len(statements_of(append_shortly(GROUP, pushes, 7), rows)) == 2
    steps.close()
    with pytest.raises(StopIteration):
        next(append_shortly(GROUP, [push(GROUP, f"{n}") for n in range(65)], 7))
    assert "FOR UPDATE" in statements_of(append(GROUP, pushes, 7))[0].sql


UNABLE = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') = 1 THEN
        RAISE EXCEPTION 'not here' USING ERRCODE = '0A000';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unable BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION fail();
"""


async def test_an_engine_that_can_not_is_given_the_long_way(
    store: PostgresStore, postgres: PostgresServer, postgres_url: str
) -> None:
    postgres.sql(postgres_url, UNABLE)
    for text in ("first", "second"):
        (result,) = await store.append([push(GROUP, text)], 6)
        assert isinstance(result, Appended)
    assert [one.blob for one in await everything(store, GROUP)] == [b"first", b"second"]
    assert not store._short_way
