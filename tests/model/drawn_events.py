"""Any event at all, within the ranges that its fields state: drawn from the types themselves."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from model import events as e

_DAYS = ("2026-01-31", "2024-02-29", "1999-12-31")
_ID_BYTES = 17


def any_event(kinds: tuple[e.EventKind, ...] = e.EVENTS) -> st.SearchStrategy[e.Event]:
    """An event of any kind; what a kind refuses as a whole is drawn anew."""
    return st.sampled_from(kinds).flatmap(of_kind)


def of_kind(kind: e.EventKind) -> st.SearchStrategy[e.Event]:
    """An event of one kind: every field drawn, or only those that it needs."""
    told = inspect.type_info(kind.event_class)
    assert isinstance(told, inspect.StructType)
    fields = {field.name: _value(field.type) for field in told.fields}
    for name in kind.references:
        full = st.binary(min_size=_ID_BYTES, max_size=_ID_BYTES)
        fields[name] = full | st.just(b"") if name in kind.optional else full
    needed = {field.name: fields[field.name] for field in told.fields if field.required}
    every = st.fixed_dictionaries(fields) | st.fixed_dictionaries(needed)
    return every.map(lambda values: _made(kind.event_class, values)).filter(bool)


def _made(event_class: type[e.Event], values: dict[str, Any]) -> Any:
    if event_class is e.CashCounted and values.get("coins"):
        values["amount_minor"] = sum(one.value_minor * one.count for one in values["coins"])
    try:
        event = event_class(**values)
        msgspec.convert(
            msgspec.to_builtins(event, builtin_types=(bytes,)), event_class
        )  # the ranges of parts
    except (ValueError, msgspec.ValidationError):
        return None
    return event


def _value(told: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of one field's type."""
    match told:
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            least = told.ge if told.ge is not None else (told.gt or 0) + 1
            return st.integers(int(least), told.le if told.le is None else int(told.le))
        case inspect.StrType():
            return _text(told)
        case inspect.BytesType():
            return st.binary(min_size=told.min_length or 0, max_size=told.max_length)
        case inspect.LiteralType():
            return st.sampled_from(told.values)
        case inspect.VarTupleType():
            most = min(told.max_length or 3, 3)
            items = st.lists(_value(told.item_type), min_size=told.min_length or 0, max_size=most)
            return items.map(tuple)
        case inspect.DictType():
            return st.dictionaries(_value(told.key_type), _value(told.value_type), max_size=3)
        case inspect.StructType():
            fields = {field.name: _value(field.type) for field in told.fields}
            return st.builds(told.cls, **fields)
        case _:
            raise TypeError(told)


def _text(told: inspect.StrType) -> st.SearchStrategy[str]:
    pattern = told.pattern or ""
    if "[0-9]{4}-" in pattern:
        return st.sampled_from((*_DAYS, "") if pattern.startswith("^(") else _DAYS)
    if pattern:
        return st.from_regex(pattern, fullmatch=True)
    return st.text(min_size=told.min_length or 0, max_size=min(told.max_length or 20, 20))
