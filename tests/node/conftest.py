"""What several tests of phones need around them."""

from collections.abc import Iterator

import aiohttp
import pytest


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
