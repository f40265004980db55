"""Canonical CBOR: one value, one encoding, and nothing else comes in, whatever the bytes."""

import contextlib
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replication.cbor import check_event, count_containers, dumps, load_item, loads
from replication.errors import RemoteError
from replication.limits import (
    EVENT_BYTES_MAX,
    EVENT_CONTAINERS_MAX,
    EVENT_DEPTH_MAX,
    FRAME_BYTES_MAX,
    MESSAGE_ITEMS_MAX,
)

INTEGERS = st.integers(-(2**63), 2**63 - 1)
ATOMS = INTEGERS | st.binary(max_size=40) | st.text(max_size=20) | st.booleans() | st.none()
VALUES: st.SearchStrategy[Any] = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda compartment, kind, fields: [compartment, kind, *fields],
    st.integers(0, 2),
    st.text(max_size=10),
    st.lists(VALUES, max_size=8),
)


def code_of(payload: bytes) -> str:
    """The code with which an event is refused."""
    with pytest.raises(RemoteError) as caught:
        check_event(payload)
    return caught.value.code


def wrapped(item: str) -> bytes:
    """An event with one field, given as hex."""
    return bytes.fromhex("83016178" + item)


def depth_of(value: Any) -> int:
    """Arrays and maps inside each other."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(EVENTS)
def test_a_canonical_event_passes(event: list[object]) -> None:
    if depth_of(event) <= EVENT_DEPTH_MAX:
        check_event(dumps(event))
        assert loads(dumps(event)) == event


@given(st.binary(max_size=200))
@example(b"")
@example(bytes.fromhex("9bffffffffffffffff"))
@example(bytes.fromhex("830161785b7fffffffffffffff"))
@example(b"\x81" * 5000)
@example(b"\xbf" * 5000)
def test_any_bytes_pass_or_are_refused(payload: bytes) -> None:
    for check in (check_event, load_item):
        with contextlib.suppress(RemoteError):
            check(payload)


@given(EVENTS, st.data())
def test_what_passes_has_no_other_encoding(event: list[object], data: st.DataObject) -> None:
    """Whatever is done to the bytes of an event, they are refused or those of their own value."""
    payload = bytearray(dumps(event))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place : place + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=2))
        if not payload:
            return
    with contextlib.suppress(RemoteError):
        check_event(bytes(payload))
        assert dumps(loads(bytes(payload))) == bytes(payload)


@pytest.mark.parametrize(
    ("name", "item", "code"),
    [
        ("half float", "f93c00", "bad_type"),
        ("double", "fb3ff199999999999a", "bad_type"),
        ("not a number", "f97e00", "bad_type"),
        ("undefined", "f7", "bad_type"),
        ("simple value", "f8ff", "bad_type"),
        ("integer of 64 unsigned bits", "1bffffffffffffffff", "bad_type"),
        ("integer below 64 signed bits", "3bffffffffffffffff", "bad_type"),
        ("bignum", "c249010000000000000000", "bad_cbor"),
        ("small bignum", "c24101", "bad_cbor"),
        ("date", "c11a514b67b0", "bad_cbor"),
        ("decimal", "c4822003", "bad_cbor"),
        ("huge big float", "c5821b7fffffffffffffff01", "bad_cbor"),
        ("regular expression", "d82363612b2b", "bad_cbor"),
        ("mail", "d8246161", "bad_cbor"),
        ("cycle", "d81c81d81d00", "bad_cbor"),
        ("set", "d9010281f6", "bad_cbor"),
        ("self-described", "d9d9f700", "bad_cbor"),
        ("unknown tag", "d9ffff00", "bad_type"),
        ("integer key", "a10100", "bad_cbor"),
        ("byte string key", "a1414100", "bad_type"),
        ("array as key", "a18000", "bad_cbor"),
        ("key given twice", "a2616100616101", "bad_cbor"),
        ("keys in another order", "a2616200616100", "not_canonical"),
        ("longer integer than needed", "1800", "not_canonical"),
        ("longer length than needed", "590001aa", "not_canonical"),
        ("array of unknown length", "9fff", "bad_cbor"),
        ("map of unknown length", "bfff", "bad_cbor"),
        ("bytes of unknown length", "5f4101ff", "bad_cbor"),
        ("something after it", "0000", "not_canonical"),
        ("nothing", "", "bad_cbor"),
        ("text that is no UTF-8", "61ff", "bad_cbor"),
        ("lone surrogate", "63eda080", "bad_cbor"),
    ],
)
def test_what_is_not_allowed_in_an_event(name: str, item: str, code: str) -> None:
    assert code_of(wrapped(item)) == code, name


@pytest.mark.parametrize(
    "event", [[], [1], ["x", 1], [3, "x"], [-1, "x"], [True, "x"], [1, b"x"], {"x": 1}, "x", 7]
)
def test_an_event_names_its_compartment_and_kind(event: object) -> None:
    assert code_of(dumps(event)) == "bad_event"


def test_the_bounds_of_an_event() -> None:
    room = EVENT_BYTES_MAX - len(dumps([1, "x", bytes(1000)])) + 1000
    check_event(dumps([1, "x", bytes(room)]))
    assert code_of(dumps([1, "x", bytes(room + 1)])) == "event_too_large"

    inner: list[object] = []
    for _ in range(EVENT_DEPTH_MAX - 2):
        inner = [inner]
    check_event(dumps([1, "x", inner]))
    assert code_of(dumps([1, "x", [inner]])) == "bad_type"
    assert code_of(dumps([1, "x", [[inner]]])) == "bad_cbor"

    maps: list[object] = [{"a": {}}] * ((EVENT_CONTAINERS_MAX - 2) // 2)
    assert count_containers(dumps([1, "x", maps])) == EVENT_CONTAINERS_MAX
    assert code_of(dumps([1, "x", maps, []])) == "bad_type"


@pytest.mark.parametrize("item", ["00", "4101", "6161", "80", "820102", "fb3ff0000000000000"])
def test_no_tag_is_decoded(item: str) -> None:
    """A library that learns a new tag must not bring its objects in here."""
    for tag in range(2**16):
        head = bytes((0xC0 | tag,)) if tag < 24 else b"\xd9" + tag.to_bytes(2, "big")
        with contextlib.suppress(RemoteError):
            assert type(loads(head + bytes.fromhex(item))).__name__ == "CBORTag", tag


def test_many_small_items_are_refused_before_they_take_memory() -> None:
    count = FRAME_BYTES_MAX - 5
    bomb = b"\x9a" + struct.pack(">I", count) + b"\x80" * count
    tracemalloc.start()
    with pytest.raises(RemoteError):
        load_item(bomb)
    assert tracemalloc.get_traced_memory()[1] < FRAME_BYTES_MAX
    tracemalloc.stop()
    assert load_item(dumps([1, bytes(FRAME_BYTES_MAX // 2)]))
    assert load_item(dumps([[bytes(16), bytes(32)]] * 4096))
    assert len(load_item(dumps([0] * (MESSAGE_ITEMS_MAX - 2)))) == MESSAGE_ITEMS_MAX - 2
