"""The OpenAPI 3.1 description of the local API, made from the request types themselves."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from node.actions import Action
from node.exchanges import Exchange

_ERROR = {
    "description": "Refused, with the reason in a sentence.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            }
        }
    },
}
_ANSWER = {
    "description": "The answer.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


def product_version() -> str:
    """The installed version; "0" when run from a folder that was never installed."""
    try:
        return version("mkutano")
    except PackageNotFoundError:
        return "0"


def document(actions: Mapping[str, Action], exchanges: Mapping[str, Exchange]) -> dict[str, Any]:
    """The whole description, JSON-able."""
    requests = {action.request for action in actions.values()}
    requests |= {exchange.request for exchange in exchanges.values()}
    template = "#/components/schemas/{name}"
    ordered = sorted(requests, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=template)
    paths: dict[str, Any] = {"/healthz": {"get": {**_operation("Whether it runs"), "security": []}}}
    for name, action in actions.items():
        paths[f"/v1/{name}"] = (
            {"post": _command(action.summary, action.request)}
            if action.writes
            else {"get": _question(action.summary, action.request, schemas)}
        )
    for name, exchange in exchanges.items():
        paths[f"/v1/{name}"] = {"post": _command(exchange.summary, exchange.request)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mkutano on this phone", "version": product_version()},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"home": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"home": []}],
    }


def _operation(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _ANSWER, "default": _ERROR}}


def _command(summary: str, request: type[msgspec.Struct]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{request.__name__}"}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {**_operation(summary), "requestBody": body}


def _question(
    summary: str, request: type[msgspec.Struct], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    schema = schemas[request.__name__]
    required = schema.get("required", ())
    parameters = [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]
    return {**_operation(summary), "parameters": parameters}
