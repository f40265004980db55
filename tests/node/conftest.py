"""What several tests of phones need around them."""

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from node.marker import STATE_VARIABLE
from tests.node.relay_phones import World, copied, make_world


@pytest.fixture
def own_calls_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let go at its end of the calls that a test made by hand and left to the other phone to end.

    Of one that was reset the library keeps the connection, and complains of it much later, in
    some other test.
    """
    made: list[aiohttp.ClientResponse] = []
    original = aiohttp.ClientWebSocketResponse.__init__

    def noted(self: aiohttp.ClientWebSocketResponse, *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[arg-type]
        made.append(self._response)

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "__init__", noted)
    yield
    for response in made:
        response.close()


@pytest.fixture(scope="session")
def fresh_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two officers' phones and a relay, made once; never used itself."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(fresh_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of it that a test may spoil."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return copied(fresh_world, tmp_path)
