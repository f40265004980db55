"""The rebuild against changes that Automerge itself made, in Python and in JavaScript."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.chunk import body_hash, change_body, chunk_of, leb, sleb
from replication.document import Document

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "changes.json").read_text())


def rebuilt(changes: list[dict[str, Any]]) -> list[bytes]:
    lists: dict[bytes, tuple[int, int]] = {}
    chunks = []
    for row in changes:
        actor = bytes.fromhex(row["actor"])
        list_ctr, last_ctr = lists.get(actor, (0, 0))
        deps = [bytes.fromhex(dep) for dep in row["deps"]]
        events = [bytes.fromhex(event) for event in row["events"]]
        body = change_body(
            actor, row["seq"], row["start_op"], deps, events, list_ctr, last_ctr, row["time"]
        )
        chunks.append(chunk_of(body))
        lists[actor] = (list_ctr or row["start_op"], row["max_op"])
    return chunks


@pytest.mark.parametrize("side", ["python", "javascript"])
def test_every_vector_is_rebuilt_to_its_bytes_and_its_hash(side: str) -> None:
    changes = VECTORS[side]["changes"]
    assert len(changes) >= 30
    for row, chunk in zip(changes, rebuilt(changes), strict=True):
        assert chunk.hex() == row["bytes"]
        assert body_hash(chunk[8:]).hex() == row["hash"]


@given(st.lists(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=9), max_size=12))
def test_automerge_makes_the_same_change_for_any_events(batches: list[list[bytes]]) -> None:
    actor = b"a" * 24
    document = Document((), ())
    heads: list[bytes] = []
    next_op, list_ctr, last_ctr = 1, 0, 0
    for number, events in enumerate(batches, start=1):
        body = change_body(actor, number, next_op, heads, events, list_ctr, last_ctr)
        assert document.append(actor, events) == chunk_of(body)
        last_ctr = next_op + len(events) - (1 if list_ctr else 0)
        list_ctr = list_ctr or next_op
        next_op, heads = last_ctr + 1, [body_hash(body)]


@given(st.integers(0, 2**64))
def test_leb128_is_read_back(value: int) -> None:
    data = leb(value)
    assert sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data)) == value
    assert all(byte & 0x80 for byte in data[:-1])
    assert not data[-1] & 0x80


@given(st.integers(-(2**63), 2**63))
def test_signed_leb128_is_read_back(value: int) -> None:
    data = sleb(value)
    raw = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data))
    bits = 7 * len(data)
    assert (raw - (1 << bits) if data[-1] & 0x40 else raw) == value
