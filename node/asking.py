"""Asking a device from the command line: in this process when its home is free, else over its API.

The same actions answer either way (node/actions.py, node/exchanges.py), so the answers are equal.
"""

import asyncio
import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from node.actions import ACTIONS
from node.clock import now_ms
from node.errors import HomeBusy, NodeError
from node.home import Running, running
from node.node import Node

ANSWER_S_MAX: Final = 900.0  # verifying or joining a large group on a slow phone takes minutes
ANSWER_BYTES_MAX: Final = 256 * 1024 * 1024


def ask(home: Path, name: str, request: msgspec.Struct) -> dict[str, Any]:
    """The answer to an action or exchange as JSON values. NodeError with what is wrong."""
    try:
        return _here(home, name, request)
    except HomeBusy:
        holder = running(home)
        if holder is None:
            raise
        return over_api(holder, name, request)


def _here(home: Path, name: str, request: msgspec.Struct) -> dict[str, Any]:
    if name not in ACTIONS:
        return asyncio.run(_exchanged(home, name, request))
    with Node.open(home) as node:
        answer = ACTIONS[name].run(node, request, now_ms())
    return as_json(answer.body)


async def _exchanged(home: Path, name: str, request: msgspec.Struct) -> dict[str, Any]:
    from node.device import open_device  # the network parts take a while to import
    from node.exchanges import EXCHANGES

    async with open_device(home) as device:
        return as_json(await EXCHANGES[name].run(device, request))


def over_api(holder: Running, name: str, request: msgspec.Struct) -> dict[str, Any]:
    """Ask the process that holds the home."""
    fields = msgspec.to_builtins(request)
    path, body, method = f"/v1/{name}", None, "POST"
    headers = {"Authorization": f"Bearer {holder.token}"}
    action = ACTIONS.get(name)
    if action is None or action.writes:
        body = msgspec.json.encode(fields)
        headers["Content-Type"] = "application/json"
    else:
        method = "GET"
        path += "?" + urlencode({key: _query(value) for key, value in fields.items()})
    connection = http.client.HTTPConnection(urlsplit(holder.address).netloc, timeout=ANSWER_S_MAX)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        raw = response.read(ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise HomeBusy(
            "Mkutano runs on this home but does not answer. Wait a moment and try again, or stop "
            f"the process {holder.pid}."
        ) from error
    finally:
        connection.close()
    return _answered(response.status, raw)


def _answered(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NodeError("Mkutano on this phone gave an answer that can't be read.", "bad_answer")
    if status != 200:
        raise NodeError(str(answer.get("message")), str(answer.get("code")))
    return answer


def as_json(body: Mapping[str, Any]) -> dict[str, Any]:
    """Exactly what the API would have sent."""
    answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return answer


def _query(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
