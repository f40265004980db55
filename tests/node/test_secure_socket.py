"""A secure socket whose wire fails: gone, or refused, and not the one for the other."""

from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType

from node.secure_socket import PeerGone, _receive
from replication.errors import RemoteError


class Failing:
    """A WebSocket that gives one message."""

    def __init__(self, kind: WSMsgType, data: object, close_code: int | None = None) -> None:
        self._message = SimpleNamespace(type=kind, data=data, extra=None)
        self.close_code = close_code

    async def receive(self) -> Any:
        return self._message


@pytest.mark.parametrize(
    "fault",
    [
        aiohttp.ServerTimeoutError(),
        TimeoutError(),
        ConnectionResetError(),
        aiohttp.ClientConnectionError(),
    ],
)
async def test_a_heartbeat_that_nobody_answers_is_a_lost_connection(fault: Exception) -> None:
    """A phone that left the room is not said to have sent something wrong."""
    socket: Any = Failing(WSMsgType.ERROR, fault, WSCloseCode.ABNORMAL_CLOSURE)
    with pytest.raises(PeerGone):
        await _receive(socket)


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (WSCloseCode.PROTOCOL_ERROR, "link-message"),
        (WSCloseCode.MESSAGE_TOO_BIG, "link-long"),
    ],
)
async def test_what_breaks_the_protocol_is_refused(code: WSCloseCode, named: str) -> None:
    socket: Any = Failing(WSMsgType.ERROR, aiohttp.WebSocketError(code, "not a frame"), code)
    with pytest.raises(RemoteError) as refused:
        await _receive(socket)
    assert refused.value.code == named
