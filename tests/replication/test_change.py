"""What is signed of a change, written a second time: any other bytes would be another change."""

from __future__ import annotations

from hashlib import sha256

import cbor2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replication.cbor import dumps
from replication.change import chain_hash, change_value
from replication.limits import CHANGE_EVENTS_MAX, TIME_MS_MAX

TIMES = st.integers(0, TIME_MS_MAX - 1) | st.sampled_from([0, 23, 24, 255, 2**32 - 1, 2**32])


@settings(max_examples=60)
@given(TIMES, st.integers(1, CHANGE_EVENTS_MAX))
@example(1_790_000_000_000, 3)
@example(1_790_000_000_000, 22)
@example(1_790_000_000_000, 23)
@example(1_790_000_000_000, 64)
def test_a_change_appends_its_time_and_its_events(time_ms: int, count: int) -> None:
    events = [[1, "share.purchased", 1, number] for number in range(count)]
    value = change_value(time_ms, [*map(dumps, events)])
    assert value == cbor2.dumps([time_ms, *events], canonical=True)


@settings(max_examples=30)
@given(TIMES, st.integers(1, 2**31))
def test_a_chain_hash_covers_place_time_and_content(time_ms: int, n: int) -> None:
    prev, device, content = b"p" * 32, b"d" * 32, b"c" * 32
    numbers = n.to_bytes(8, "big") + time_ms.to_bytes(8, "big")
    assert chain_hash(prev, device, n, time_ms, content) == (
        sha256(prev + device + numbers + content).digest()
    )
