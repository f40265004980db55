"""The bytes of the protocol: what is written is read, nothing else is, and at what cost."""

import contextlib
import tracemalloc
from typing import get_args

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.facts import BLOB_BYTES_MAX, ProtocolError
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    PULL_BYTES_MAX,
    PULL_ENTRIES_MAX,
    Done,
    Message,
    Numbered,
    Push,
    decode,
    encode,
)
from tests.relay.messages import BY_KIND, messages, requests

MEMORY_BYTES_MAX = 10 * 1024 * 1024


def refused(data: bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        decode(data)
    return str(caught.value.code)


@given(messages, requests)
def test_what_is_written_is_read(message: Message, request_number: int) -> None:
    assert decode(encode(message, request_number)) == Numbered(request_number, message)


def test_every_message_is_drawn() -> None:
    assert set(BY_KIND) == set(get_args(Message))


@given(messages, st.data())
def test_changed_bytes_are_the_same_kind_of_message_or_refused(
    message: Message, data: st.DataObject
) -> None:
    """Every message that is read has these bytes and no others."""
    encoded = bytearray(encode(message, 7))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        match data.draw(st.sampled_from(["change", "drop", "add"])):
            case "change":
                encoded[at] = data.draw(st.integers(0, 255))
            case "drop" if len(encoded) > 1:
                del encoded[at]
            case _:
                encoded.insert(at, data.draw(st.integers(0, 255)))
    try:
        read = decode(bytes(encoded))
    except ProtocolError:
        return
    assert encode(read.message, read.request) == bytes(encoded)


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(data)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [0, 0],
        [99, 0],
        [2, -1, []],
        [2, 0],
        [2, 0, [], []],
        [2, True, []],
        [2, 0, {}],
        [2, 0, [b"short"]],
        [2, 0, [bytes(32)] * 513],
        [17, 0, 1025],
        [17, 0, 1.0],
        [17, 0, 2**64],
        [4, 0, bytes(32), bytes(32), bytes(64), 1],
        [14, 0, bytes(32), 2**53 + 1, 0],
        {"a": 1},
        cbor2.CBORTag(35, "(a+)+$"),
    ],
    ids=str,
)
def test_another_shape_is_refused(value: object) -> None:
    assert refused(cbor2.dumps(value, canonical=True)) == "bad_message"


def test_what_is_not_in_its_one_form_is_refused() -> None:
    for data in (b"\x83\x18\x11\x00\x00", b"\x9f\x11\x00\x00\xff", b"\x83\x11\x00\x00\x00", b""):
        assert refused(data) == "bad_message"
    assert decode(b"\x83\x11\x00\x00") == Numbered(0, Done(0))


def test_a_message_and_a_blob_have_a_greatest_size() -> None:
    largest = Push(bytes(32), bytes(BLOB_BYTES_MAX), bytes(64))
    assert decode(encode(largest)).message == largest
    over = cbor2.dumps([12, 0, bytes(32), bytes(BLOB_BYTES_MAX + 1), bytes(64)], canonical=True)
    assert refused(over) == "too_large"
    assert refused(bytes(MESSAGE_BYTES_MAX + 1)) == "too_large"


def test_the_largest_reply_to_a_pull_fits_into_a_message() -> None:
    overhead = len(encode(Push(bytes(32), b"x", bytes(64)))) + 128
    assert PULL_BYTES_MAX + PULL_ENTRIES_MAX * overhead < MESSAGE_BYTES_MAX
    assert BLOB_BYTES_MAX + 2 * overhead < MESSAGE_BYTES_MAX


MIB = MESSAGE_BYTES_MAX - 16
BOMBS = {
    "empty arrays": b"\x9a" + (MIB).to_bytes(4, "big") + b"\x80" * MIB,
    "empty maps": b"\x9a" + (MIB).to_bytes(4, "big") + b"\xa0" * MIB,
    "numbers": b"\x9a" + (MIB).to_bytes(4, "big") + b"\x00" * MIB,
    "texts": b"\x9a" + (MIB // 2).to_bytes(4, "big") + b"\x61a" * (MIB // 2),
    "deep": b"\x81" * MIB,
    "a length that is not there": b"\x83\x02\x00\x9b" + b"\xff" * 8,
    "a blob that is not there": b"\x85\x0c\x00\x58\x20" + bytes(32) + b"\x5b" + b"\x7f" * 8,
    "tagged": b"\xc2" * MIB,
    "big decimal": b"\xc4\x82\x1a\x7f\xff\xff\xff\x01",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_megabyte_costs_little_memory(name: str) -> None:
    data = BOMBS[name]
    tracemalloc.start()
    try:
        assert refused(data) in {"bad_message", "too_large"}
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    finally:
        tracemalloc.stop()
