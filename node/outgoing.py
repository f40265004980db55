"""Opening a connection to an address that anybody may have announced.

Whoever answers learns nothing and decides nothing before the handshake: no cookie is kept, so that
a phone can't be known again by one, and no redirect is followed, so that an address never leads to
another one, least of all to this phone's own programs.
"""

import asyncio
from types import SimpleNamespace
from typing import Final

import aiohttp

from node.address import Address
from node.secure_socket import HEARTBEAT_S, SOCKET_MESSAGE_BYTES_MAX, PeerGone

CONNECT_S_MAX: Final = 10.0


class _Redirected(aiohttp.ClientError):
    """The other end sends us elsewhere, which no Mkutano device does."""


def http_session() -> aiohttp.ClientSession:
    """What calls are made with; close it when done."""
    watch = aiohttp.TraceConfig()
    watch.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[watch])


async def _refuse_redirect(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    redirect: aiohttp.TraceRequestRedirectParams,
) -> None:
    raise _Redirected


async def open_socket(
    http: aiohttp.ClientSession, address: Address
) -> aiohttp.ClientWebSocketResponse:
    """A plain WebSocket to an address; PeerGone with a sentence when nobody answers there."""
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            return await http.ws_connect(
                address.url,
                compress=0,
                max_msg_size=SOCKET_MESSAGE_BYTES_MAX,
                heartbeat=HEARTBEAT_S,
            )
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise PeerGone(
            f"No Mkutano device answers at {address}. Is Mkutano running there, and are both "
            "phones on the same network?",
            "unreachable",
        ) from error
