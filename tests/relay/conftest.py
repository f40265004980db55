"""What the relay's tests need: a PostgreSQL, and the stores over it and over SQLite."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from relay.postgres_store import open_postgres
from relay.sqlite_store import open_sqlite
from relay.store import Store
from simulations.postgres_server import (
    MISSING,
    PostgresServer,
    postgres_programs,
    running_postgres,
)

SALT = b"salt of the first tables".ljust(32)

OpenStore = Callable[[], Awaitable[Store]]
"""Opens one more store on the test's own database."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; without its programs the tests are skipped, and fail in CI."""
    programs = postgres_programs()
    if programs is None:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with running_postgres(programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """A place without tables in the server's database."""
    return postgres.new_schema()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_store(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[OpenStore]:
    """Every store that was opened is closed at the end."""
    opened: list[Store] = []
    url = request.getfixturevalue("postgres_url") if engine == "postgres" else ""

    async def open_one() -> Store:
        store: Store
        if url:
            store = await open_postgres(url, SALT, connections_max=4)
        else:
            store = await open_sqlite(tmp_path / "relay.sqlite", SALT, busy_ms=50)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()
