"""The local JSON API, for programs on this phone: the same questions as the CLI, over HTTP.

    GET  /v1/<question>?group=…     Authorization: Bearer <token of the home>
    POST /v1/<command>              the same, and Content-Type: application/json
    GET  /healthz, /openapi.json    no token; they tell nothing of any group

It listens on 127.0.0.1 only. Three walls keep web pages out: the token, which only this phone's
owner can read; the Host header, which must name this very address (a page that points its own
name at 127.0.0.1 fails here); and Origin, which must be this address when there is one. Every
refusal is {"code", "message"}, and the message is a sentence for people. On a phone with a PIN
nothing is answered while it is locked, but what unlocks it (node/lock_exchanges.py).
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from node.actions import ACTIONS, Action
from node.answers import Answer
from node.clock import now_ms
from node.errors import NodeError
from node.exchanges import EXCHANGES, Exchange
from node.gate import HTTP_LOG, Gate
from node.lock_exchanges import ANSWERED_LOCKED, require_open
from node.node import Step
from node.openapi import document
from node.ranges import fault_of

if TYPE_CHECKING:
    from node.device import Device

CONNECTIONS_MAX: Final = 64  # other programs of this phone, which may not even have the token
BODY_BYTES_MAX: Final = 256 * 1024  # commands are small; a sheet is named by its path
READ_S_MAX: Final = 30.0  # a body from the same phone that takes longer is a fault
KEEPALIVE_S: Final = 15.0
HEADER_BYTES_MAX: Final = 8190

_OPEN_PATHS: Final = frozenset({"/healthz", "/openapi.json"})
_LOCKED_PATHS: Final = frozenset(f"/v1/{name}" for name in ANSWERED_LOCKED)
"""What a locked phone answers to whoever has the token."""
_STATUS: Final[Mapping[str, int]] = {
    "unknown_group": 404,
    "no_group": 404,
    "which_group": 400,
    "bad_request": 400,
    "locked": 423,
    "wrong_pin": 403,
    "wait": 429,
    "store_failed": 503,
    "store_damaged": 500,
    "unreachable": 502,
    "peer_gone": 502,
    "relay_gone": 502,
    "peer_refused": 502,
    "invitation_refused": 502,
}
"""HTTP status of an error code; 422 for every other: understood, and refused."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger("mkutano.api")


class Api:
    """The local API of a running device."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self._token = device.node.home.token
        self._hosts: frozenset[str] = frozenset()
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1; the base URL."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[self._guard])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/openapi.json", self._openapi)
        for name, action in ACTIONS.items():
            add = app.router.add_post if action.writes else app.router.add_get
            add(f"/v1/{name}", self._action(action))
        for name, exchange in EXCHANGES.items():
            app.router.add_post(f"/v1/{name}", self._exchange(exchange))
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=HTTP_LOG,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        gate = Gate(server, CONNECTIONS_MAX, CONNECTIONS_MAX)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(gate, "127.0.0.1", port)
        port = int(self._server.sockets[0].getsockname()[1])
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        return f"http://127.0.0.1:{port}"

    async def close(self) -> None:
        """Answer what was asked, then stop."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may ask, and turn every failure into {"code", "message"}."""
        try:
            self._check(request)
            return await handler(request)
        except NodeError as error:
            return _refusal(_STATUS.get(error.code, 422), error.code, error.sentence)
        except _Denied as error:
            refusal = _refusal(error.status, error.code, error.sentence)
            if error.status in (401, 403, 415):
                refusal.force_close()  # a place is not held, and a body not read, for nothing
            return refusal
        except web.HTTPRequestEntityTooLarge:
            return _refusal(413, "too_large", "This is more than one request may carry.")
        except web.HTTPException as error:
            return _refusal(error.status, "bad_request", f"{error.reason}.")
        except TimeoutError:
            return _refusal(408, "too_slow", "The request did not arrive in time.")
        except Exception:
            log.exception("fault in %s", request.path)
            return _refusal(
                500, "internal", "Mkutano met a fault of its own. Nothing was recorded by this."
            )

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Host", "") not in self._hosts:
            raise _Denied(403, "wrong_host", "This address is not where Mkutano answers.")
        origin = request.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            raise _Denied(403, "foreign_origin", "Web pages of others may not ask Mkutano.")
        if request.path in _OPEN_PATHS:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        if scheme.lower() != "bearer" or not known:
            raise _Denied(401, "no_token", "The token of this device's home is needed.")
        if request.path not in _LOCKED_PATHS:
            require_open(self._device)

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return _json({"status": "ok"})

    async def _openapi(self, request: web.Request) -> web.StreamResponse:
        return _json(document(ACTIONS, EXCHANGES))

    def _action(self, action: Action) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = await _asked(request, action.request, action.writes)
            answer = await self._run(action, asked)
            return _json(answer.body)

        return handle

    async def _run(self, action: Action, asked: object) -> Answer:
        """Run an action on the node thread; what it wrote goes to the links at once."""
        device = self._device
        answers: list[Answer] = []

        def work() -> Step:
            groups = len(device.node.groups)
            answers.append(action.run(device.node, asked, now_ms()))
            if len(device.node.groups) != groups:
                loop.call_soon_threadsafe(device.groups_changed.set)
            return answers[0].step or Step()

        loop = asyncio.get_running_loop()
        await device.links.step(work)
        return answers[0]

    def _exchange(self, exchange: Exchange) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = await _asked(request, exchange.request, True)
            return _json(await exchange.run(self._device, asked))

        return handle


class _Denied(Exception):
    """A request that is not let in, with its HTTP status."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence


async def _asked(request: web.Request, kind: type[msgspec.Struct], writes: bool) -> object:
    """The typed request in a query string or a JSON body."""
    body = b""  # of a question
    try:
        if not writes:
            if len(set(request.query)) != len(request.query):
                raise _Denied(400, "bad_request", "A question names each detail once.")
            return msgspec.convert(dict(request.query), kind, strict=False)
        if request.content_type != "application/json":
            raise _Denied(415, "not_json", "A command is sent as application/json.")
        if "Content-Encoding" in request.headers:
            raise _Denied(415, "not_json", "A command is sent as it is, not compressed.")
        async with asyncio.timeout(READ_S_MAX):
            body = await request.read()
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        said = _out_of_range(kind, body) or f"The request can't be read: {error}."
        raise _Denied(400, "bad_request", said) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Denied(400, "bad_request", f"The request can't be read: {error}.") from error


def _out_of_range(kind: type[msgspec.Struct], body: bytes) -> str:
    """What a command may not hold, as the person reads it who typed it; "" for other faults."""
    try:
        values = msgspec.json.decode(body)
        return fault_of(kind, values) if isinstance(values, dict) else ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _json(body: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def _refusal(status: int, code: str, sentence: str) -> web.Response:
    return _json({"code": code, "message": sentence}, status)
