"""The local API: who is let in, what is refused in which words, and the same answers as the CLI."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from node.actions import ACTIONS
from node.api import BODY_BYTES_MAX, Api
from node.device import Device, open_device
from node.exchanges import EXCHANGES
from node.node import Node
from node.openapi import document

FOUND = {"name": "Umoja", "currency": "KES", "share_value": "100"}


class Client:
    """A program on the same phone."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        self._http = http
        self.base = base
        self.headers = {"Authorization": f"Bearer {token}"}

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        kept = {**self.headers, **headers}
        async with self._http.request(
            method, self.base + path, headers={k: v for k, v in kept.items() if v}, json=body
        ) as response:
            assert response.content_type == "application/json"
            return response.status, await response.json()

    async def send(self, path: str, data: bytes, content_type: str) -> tuple[int, Any]:
        """Send raw bytes as a command."""
        headers = {**self.headers, "Content-Type": content_type}
        async with self._http.post(self.base + path, headers=headers, data=data) as response:
            return response.status, await response.json()


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[Device]:
    Node.create(tmp_path / "home", "Secretary's phone").close()
    async with open_device(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
async def client(device: Device) -> AsyncIterator[Client]:
    api = Api(device)
    base = await api.start()
    async with aiohttp.ClientSession() as http:
        yield Client(http, base, device.node.home.token)
    await api.close()


async def test_a_group_is_founded_and_its_book_read(client: Client) -> None:
    status, founded = await client.ask("POST", "/v1/found", FOUND)
    assert status == 200, founded
    await client.ask("POST", "/v1/record", {"kind": "member", "name": "Amina", "phone": "0712"})
    status, book = await client.ask("GET", "/v1/book?group=umoja")
    assert status == 200
    assert book["group_id"] == founded["group"]
    assert [member["name"] for member in book["members"]] == ["Amina"]
    assert book["members"][0]["savings"] == 0


@pytest.mark.parametrize("path", ["/v1/book", "/v1/links", "/v1/nothing", "/"])
@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "Basic abc", "Bearer \u00e9"])
async def test_nothing_without_the_token(client: Client, path: str, token: str) -> None:
    status, answer = await client.ask("GET", path, Authorization=token)
    assert (status, answer["code"]) == (401, "no_token")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil:80"])
@pytest.mark.parametrize("path", ["/v1/book", "/healthz", "/openapi.json"])
async def test_another_host_name_is_refused(client: Client, host: str, path: str) -> None:
    status, answer = await client.ask("GET", path, Host=host)
    assert (status, answer["code"]) == (403, "wrong_host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "file://"])
async def test_a_foreign_origin_is_refused(client: Client, origin: str) -> None:
    status, answer = await client.ask("POST", "/v1/found", FOUND, Origin=origin)
    assert (status, answer["code"]) == (403, "foreign_origin")
    _, groups = await client.ask("GET", "/v1/groups", Origin=client.base)
    assert groups["groups"] == []


async def test_health_and_description_need_no_token(client: Client) -> None:
    assert await client.ask("GET", "/healthz", Authorization="") == (200, {"status": "ok"})
    status, described = await client.ask("GET", "/openapi.json", Authorization="")
    assert (status, described["openapi"]) == (200, "3.1.0")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'{"name":1}', b'{"name":"U","currency":"KES"}', b"\xff\xfe"),
        *(b'{"name":"U","currency":"kes","share_value":"1"}', b"[" * 100_000, b'{"x":' * 9_000),
        json.dumps({**FOUND, "surprise": 1}).encode(),
    ],
)
async def test_garbage_bodies_are_refused_in_words(client: Client, body: bytes) -> None:
    status, answer = await client.send("/v1/found", body, "application/json")
    assert (status, answer["code"]) == (400, "bad_request")
    assert answer["message"]


async def test_only_json_and_only_so_much(client: Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        status, answer = await client.send("/v1/found", json.dumps(FOUND).encode(), kind)
        assert (status, answer["code"]) == (415, "not_json")
    status, answer = await client.send("/v1/found", bytes(BODY_BYTES_MAX + 1), "application/json")
    assert (status, answer["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/v1/book", "no_group", 404),
        ("/v1/book?group=a&group=b", "bad_request", 400),
        ("/v1/book?surprise=1", "bad_request", 400),
        ("/v1/passbook", "bad_request", 400),
        ("/v1/loans?every=perhaps", "bad_request", 400),
    ],
)
async def test_questions_that_can_not_be_answered(
    client: Client, path: str, code: str, status: int
) -> None:
    got, answer = await client.ask("GET", path)
    assert (got, answer["code"]) == (status, code)


async def test_wrong_methods_and_paths(client: Client) -> None:
    assert (await client.ask("GET", "/v1/found"))[0] == 405
    assert (await client.ask("POST", "/v1/book", {}))[0] == 405
    assert (await client.ask("GET", "/v1/%2e%2e/device.json"))[0] == 404


async def test_a_refused_command_records_nothing(client: Client) -> None:
    await client.ask("POST", "/v1/found", FOUND)
    _, before = await client.ask("GET", "/v1/book")
    for body in (
        {"kind": "contribution", "member": "9", "amount": "100"},
        {"kind": "contribution", "amount": "100"},
        {"kind": "dance"},
        {"kind": "meeting", "date": "yesterday"},
        {"kind": "attendance", "member": "1", "status": "asleep"},
    ):
        status, answer = await client.ask("POST", "/v1/record", body)
        assert status == 422, answer
        assert len(answer["message"].split()) > 3, answer
    assert (await client.ask("GET", "/v1/book"))[1] == before


async def test_a_fault_of_our_own_tells_no_secrets(
    client: Client, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(device.links, "step", broken)
    status, answer = await client.ask("GET", "/v1/groups")
    assert (status, answer["code"]) == (500, "internal")
    assert "secret" not in answer["message"]


async def test_many_at_once_get_their_own_answers(client: Client) -> None:
    await client.ask("POST", "/v1/found", FOUND)
    names = [f"Member {letter}" for letter in "ABCDEFGH"]
    answers = await asyncio.gather(
        *(client.ask("POST", "/v1/record", {"kind": "member", "name": name}) for name in names)
    )
    assert {status for status, _ in answers} == {200}
    _, book = await client.ask("GET", "/v1/book")
    assert sorted(member["name"] for member in book["members"]) == names


def test_the_description_covers_everything_and_resolves() -> None:
    described = document(ACTIONS, EXCHANGES)
    assert set(described["paths"]) == {
        "/healthz", *(f"/v1/{name}" for name in (*ACTIONS, *EXCHANGES))
    }  # fmt: skip
    text = msgspec.json.encode(described).decode()
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in described["components"]["schemas"]


async def test_it_listens_on_this_phone_only(client: Client) -> None:
    assert client.base.startswith("http://127.0.0.1:")


async def test_a_compressed_command_is_refused_in_words(client: Client) -> None:
    for coding in ("gzip", "deflate", "identity, gzip"):
        status, answer = await client.ask(
            "POST", "/v1/found", FOUND, **{"Content-Encoding": coding}
        )
        assert (status, answer["code"]) == (415, "not_json")


async def test_requests_that_nobody_can_read_fill_no_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n")
    async with asyncio.timeout(20):
        assert (await reader.read()).startswith(b"HTTP/1.0 400")
    writer.close()
    assert not caplog.records


async def test_who_may_not_ask_holds_no_place(client: Client) -> None:
    host, port = client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /v1/book HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    async with asyncio.timeout(20):
        assert (await reader.read()).startswith(b"HTTP/1.1 401")  # until the phone hangs up
    writer.close()


async def test_other_programs_can_not_use_up_the_phones_connections(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.api.CONNECTIONS_MAX", 3, raising=False)
    api = Api(device)
    host, port = (await api.start()).removeprefix("http://").split(":")
    held = [await asyncio.open_connection(host, int(port)) for _ in range(3)]
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    for _, one in (*held, (reader, writer)):
        one.close()
    await api.close()


def test_every_request_has_a_name_of_its_own() -> None:
    requests = {action.request for action in ACTIONS.values()}
    requests |= {exchange.request for exchange in EXCHANGES.values()}
    names = [request.__name__ for request in requests]
    assert sorted(names) == sorted(set(names))
