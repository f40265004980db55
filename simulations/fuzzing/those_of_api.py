"""Targets that answer: the phone's local API and the relay's gate by HTTP, and the relay's desk.

A server can't be forked, so each child starts its own at its first input, in a folder of its own:
the phone with a small group, the relay with one mailbox. What is sent is whole: a request as bytes
on a connection of its own; to the desk, messages in order. That nothing answers 500, and that it
still answers afterwards, is the law.
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, Final

import cbor2
import msgspec
from msgspec import inspect

from node.actions import ACTIONS, Action
from node.api import Api
from node.device import open_device
from node.node import Node
from relay.config import Config
from relay.desk import Desk
from relay.facts import Checkpoint, ProtocolError, blob_message, open_message
from relay.limits import Limits
from relay.protocol import (
    Create,
    Find,
    Open,
    Pull,
    Push,
    ReadAccess,
    SignCheckpoint,
    decode,
    encode,
)
from relay.relay_key import key_of_seed
from relay.server import Relay
from relay.sqlite_store import open_sqlite
from relay.store import StoreError
from relay.visit import Visit
from simulations.fuzzing.mutation import bytes_of, cbor_of, either, inside, json_of
from simulations.fuzzing.target import Broken, Parser, Target
from simulations.fuzzing.those_of_relays import MAILBOX, every_message
from simulations.fuzzing.village_seeds import key_of

_HOST: Final = "HERE"
_TOKEN: Final = "SECRET"
"""In an input: what the child's own server is called, and its token."""
_ANSWER_S_MAX: Final = 20.0
_HALF_S_MAX: Final = 0.1
_READ_BYTES: Final = 1 << 20
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_QUIET: Final = logging.CRITICAL + 1


class _Refusal(Exception):
    """An answer that says no, by its status."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _InChild:
    """Something that runs on an event loop, begun by the process that first uses it."""

    def __init__(self, begin: Callable[[AsyncExitStack, Path], Coroutine[Any, Any, Any]]) -> None:
        self._begin = begin
        self._process = 0
        self._loop: asyncio.AbstractEventLoop
        self._stack: AsyncExitStack
        self.it: Any = None

    def run(self, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        """Do something with it; it ends with its process."""
        if self._process != os.getpid():
            self._process = os.getpid()
            logging.disable(_QUIET)
            self._loop = asyncio.new_event_loop()
            folder = Path(mkdtemp(prefix="mkutano-fuzz-"))
            os.chdir(folder)
            self._stack = AsyncExitStack()
            self.it = self._loop.run_until_complete(self._begin(self._stack, folder))
        return self._loop.run_until_complete(work(self.it))


# HTTP

_BEGINNINGS: Final = 5
"""Requests that make a group, which come first."""


async def _asked(port: int, request: bytes, seconds: float = _ANSWER_S_MAX) -> bytes:
    """Send a request on a connection of its own; what comes back. A request that was not whole is
    waited for no longer than so many seconds: what is cut off here is only not judged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            writer.write(request)
            return await reader.read(_READ_BYTES)
    except (ConnectionError, TimeoutError):
        return b""
    finally:
        writer.close()


def _judged(answer: bytes) -> None:
    """Broken for an answer that admits a fault; a refusal for one that says no, or nothing."""
    statuses = _STATUS.findall(answer)
    if b"500" in statuses:
        raise Broken(f"a fault of its own: {_where(answer)}")
    status = statuses[-1].decode() if statuses else "hung up"
    if status != "200":
        raise _Refusal(status)


def _where(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2][:80].decode("utf-8", "replace")


def local_api() -> Parser:
    """The phone's local API: whole requests, of every action that stays on the phone."""

    async def begin(stack: AsyncExitStack, folder: Path) -> tuple[int, str]:
        Node.create(folder / "home", "Phone").close()
        device = await stack.enter_async_context(open_device(folder / "home"))
        api = Api(device)
        port = int((await api.start()).rpartition(":")[2])
        token = device.node.home.token
        for seed in _requests()[:_BEGINNINGS]:
            await _asked(port, _filled(seed, port, token))
        return port, token

    served = _InChild(begin)

    def take(data: bytes) -> None:
        async def ask(server: tuple[int, str]) -> None:
            _judged(await _asked(server[0], _filled(data, *server), _HALF_S_MAX))

        served.run(ask)

    mutate = either(
        bytes_of, inside(json_of, _body, _with_body), inside(json_of, _body, _with_body)
    )
    return Parser(take, _requests(), (_Refusal,), mutate, (), _STATUSES)


_STATUSES: Final = frozenset({"hung up", *(f"{n}" for n in (400, 401, 403, 404, 405, 408, 411, 413,
                             414, 415, 417, 422, 426, 429, 431, 501, 503, 505))})  # fmt: skip


def _filled(data: bytes, port: int, token: str) -> bytes:
    """An input for this child's server; no path in a body leads out of its folder."""
    head, mark, body = data.partition(b"\r\n\r\n")
    head = head.replace(_HOST.encode(), b"127.0.0.1:%d" % port)
    head = re.sub(rb"(?i)content-length: *[0-9]+", b"Content-Length: %d" % len(body), head)
    return head.replace(_TOKEN.encode(), token.encode()) + mark + body.replace(b"/", b"_")


def _requests() -> list[bytes]:
    """A request for every action, after those that make a group with a member and a meeting."""
    begun: tuple[tuple[str, dict[str, object]], ...] = (
        ("found", {"name": "Umoja", "currency": "KES", "share_value": "100"}),
        ("record", {"kind": "member", "name": "Amina", "phone": "0712"}),
        ("record", {"kind": "meeting", "day": "2026-01-07"}),
        ("record", {"kind": "shares", "member": "1", "shares": 2}),
        ("record", {"kind": "close"}),
    )
    made = [_request(name, ACTIONS[name], fields) for name, fields in begun if name in ACTIONS]
    for name, action in ACTIONS.items():
        made.append(_request(name, action, {}))
        made.append(_request(name, action, _sample(action.request)))
    return made


def _request(name: str, action: Action, fields: dict[str, object]) -> bytes:
    body = json.dumps(fields).encode()
    query = "&".join(f"{key}={value}" for key, value in fields.items() if key)
    line = f"POST /v1/{name}" if action.writes else f"GET /v1/{name}{'?' * bool(query)}{query}"
    head = f"{line} HTTP/1.1\r\nHost: {_HOST}\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {_TOKEN}\r\n"
    if action.writes:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + (body if action.writes else b"")


def _sample(kind: type[msgspec.Struct]) -> dict[str, object]:
    """Something in every field but the group."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    return {one.name: _of(one.type) for one in told.fields if one.name != "group"}


def _of(wanted: inspect.Type) -> object:
    match wanted:
        case inspect.IntType():
            return wanted.ge or 1
        case inspect.BoolType():
            return True
        case inspect.LiteralType():
            return wanted.values[0]
        case inspect.ListType() | inspect.VarTupleType():
            return [_of(wanted.item_type)]
        case inspect.DictType():
            return {"late": 500}
        case inspect.UnionType():
            return _of(wanted.types[0])
        case _:
            return "1"


def _body(data: bytes) -> bytes | None:
    """A request's details as JSON, with its head in front of them for `_with_body`."""
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return None
    line, _, rest = head.partition(b" HTTP/")
    way, _, query = line.partition(b"?")
    details = body.decode("latin-1") if body else _parsed(query.decode("latin-1"))
    try:
        said = json.loads(details) if isinstance(details, str) else details
    except ValueError:
        return None
    return json.dumps([way.decode("latin-1"), rest.decode("latin-1"), said]).encode()


def _parsed(query: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in query.split("&") if "=" in part)


def _with_body(_rng: Random, said: bytes) -> bytes:
    way, rest, details = json.loads(said)
    if way.startswith("GET"):
        way += "?" + "&".join(f"{key}={value}" for key, value in details.items())
        way, details = way.replace(" ", "%20").replace("GET%20", "GET ", 1), None
    body = b"" if details is None else json.dumps(details).encode()
    return f"{way} HTTP/{rest}\r\n\r\n".encode("utf-8", "replace") + body


# The relay


def gate() -> Parser:
    """The relay's gate: what is sent before a connection is a WebSocket, and raw frames after."""

    async def begin(stack: AsyncExitStack, folder: Path) -> int:
        config = Config(state=str(folder), port=0, admin=False, strangers_max=100_000)
        store = await open_sqlite(folder / "relay.sqlite", b"salt" * 8)
        relay = Relay(config, store, key_of_seed(b"r" * 32))
        await relay.start()
        return int(relay.address.rpartition(":")[2])

    served = _InChild(begin)

    def take(data: bytes) -> None:
        served.run(lambda port: _knock(port, data))

    upgrade = (
        b"GET /v1/mailboxes HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    frames = [_frame(2, encode(Find((bytes(32),)), 1)), _frame(9, b"ping"), _frame(8, b"\x03\xe8"),
              _frame(1, b"text"), b"\x82\xff" + b"\xff" * 12]  # fmt: skip
    seeds = [upgrade + frame for frame in frames]
    seeds += [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", upgrade.replace(b"mailboxes", b"x")]
    return Parser(take, seeds, (_Refusal,), bytes_of, (), _STATUSES | {"101", "200"})


async def _knock(port: int, data: bytes) -> None:
    answer = await _asked(port, data, _HALF_S_MAX)
    alive = await _asked(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    if b" 404 " not in alive[:20]:
        raise Broken("the relay does not answer any more")
    _judged(answer)


def _frame(kind: int, content: bytes) -> bytes:
    """A masked frame of a WebSocket (RFC 6455), with a mask of zeros."""
    return bytes([0x80 | kind, 0x80 | len(content)]) + bytes(4) + content


def desk() -> Parser:
    """The relay's desk: messages in order over one visit, with signatures that are right."""
    challenge, relay = b"c" * 32, key_of_seed(b"r" * 32)

    async def begin(stack: AsyncExitStack, folder: Path) -> Desk:
        config = Config(
            requests_per_second=0,
            address_requests_per_second=0,
            mailbox_push_bytes_per_second=0,
            address_pull_bytes_per_second=0,
            address_creates_per_hour=0,
        )
        made = Desk(
            await open_sqlite(folder / "relay.sqlite", b"salt" * 8),
            relay,
            Limits(config, lambda: 0),
            lambda: 1_767_225_600_000,
            mailbox_bytes_max=2**20,
            mailboxes_of_visit_max=8,
            append_queue_bytes_max=2**20,
        )
        running = [asyncio.create_task(one.run()) for one in (made.pushes, made.rooms)]
        stack.callback(running.clear)
        return made

    served = _InChild(begin)

    def take(data: bytes) -> None:
        served.run(lambda made: _visit(made, Visit(challenge), data))

    officer, mailbox = key_of("officer 0"), MAILBOX
    create = next(one for one in every_message() if isinstance(one, Create))
    opened = Open(
        mailbox, officer.public, officer.sign(open_message(challenge, relay.public, mailbox)), True
    )
    blob = b"blob" * 30
    push = Push(mailbox, blob, officer.sign(blob_message(mailbox, sha256(blob).digest())))
    checkpoint = SignCheckpoint(
        mailbox, Checkpoint(b"l" * 16, 1, 2, b"c" * 32), officer.public, b"s" * 64
    )
    asks = [create, opened, push, Pull(mailbox, 0, 1000), ReadAccess(mailbox, 1), checkpoint]
    seeds: list[bytes] = [_several(asks[:count]) for count in range(1, 7)]
    seeds += [_several([create, opened, one]) for one in every_message()]
    return Parser(take, seeds, (ProtocolError, StoreError), cbor_of, (), None)


def _several(messages: Sequence[Any]) -> bytes:
    return cbor2.dumps([cbor2.loads(encode(one, number)) for number, one in enumerate(messages, 1)])


async def _visit(made: Desk, visit: Visit, data: bytes) -> None:
    """Every message of an input over one visit; what the first refusal was."""
    refused: Exception | None = None
    try:
        said = cbor2.loads(data)
        rows = [cbor2.dumps(one, canonical=True) for one in said[:20]]
    except Exception as error:
        raise ProtocolError("bad_message") from error
    try:
        for row in rows:
            try:
                answer = await made.answer(visit, decode(row).message)
                message = answer if isinstance(answer, tuple) else await answer
                encode(message)
            except (ProtocolError, StoreError) as error:
                refused = refused or error
    finally:
        made.leave(visit)
    if refused is not None:
        raise refused


TARGETS: Final = (
    Target("local-api", local_api, 6, cpu_ms=500, limits_memory=False),
    Target("relay-gate", gate, 3, limits_memory=False),
    Target("relay-desk", desk, 6, limits_memory=False),
)
"""The owner's own program asks the local API: an answer may be a whole book."""
