"""Hostile bundles: any bytes are refused or say proper events, with little work and memory."""

import contextlib
import itertools
import tracemalloc
import zlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replication.bundle import encode_bundle
from replication.cbor import check_event, dumps
from replication.columns import ColumnWriter
from replication.errors import RemoteError
from replication.limits import (
    BUNDLE_BYTES_MAX,
    BUNDLE_CHANGES_MAX,
    CHANGE_EVENTS_MAX,
    EVENT_BYTES_MAX,
    RUN_CHANGES_MAX,
)
from tests.replication.chains import (
    DEVICES,
    chain_of,
    follow,
    meeting,
    received,
    receiving,
)

SECRETARY, TREASURER = DEVICES[:2]
BEFORE = chain_of(SECRETARY, [[1, "member.added", 1, n, "2026-01-07", b"", b""] for n in range(9)])


def streams(bundle: bytes) -> tuple[bytes, bytes]:
    """The plain and the dense stream."""
    length = shift = 0
    for at in itertools.count(1):
        length |= (bundle[at] & 0x7F) << shift
        shift += 7
        if bundle[at] < 0x80:
            break
    start = at + 1 + length
    return bundle[at + 1 : start], zlib.decompress(bundle[start:], -15)


def joined(plain: bytes, dense: bytes) -> bytes:
    """The bundle of two streams."""
    head = ColumnWriter()
    head.number(len(plain))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"\x01" + head.dense + plain + deflate.compress(dense) + deflate.flush()


def refusal(bundle: bytes) -> str:
    """The code with which a bundle is refused, at once or at one of its drafts."""
    with pytest.raises(RemoteError) as caught:
        received(bundle)
    return caught.value.code


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    for bundle in (data, b"\x01" + data, joined(data[:40], data[40:])):
        with contextlib.suppress(RemoteError):
            received(bundle)


SAMPLES = [
    streams(encode_bundle(chain_of(SECRETARY, meeting(8)))),
    streams(
        encode_bundle(
            [follow(SECRETARY, BEFORE[-1], BEFORE[2:5], 9, [1, "x", 1, [{"a": None}], "é", True])]
        )
    ),
    streams(
        encode_bundle(
            [c for pair in zip(chain_of(SECRETARY, meeting(40)), chain_of(TREASURER, meeting(40)),
                               strict=True) for c in pair]
        )
    ),
]  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_bundle_is_refused_or_says_proper_events(
    sample: tuple[bytes, bytes], data: st.DataObject
) -> None:
    plain, dense = map(bytearray, sample)
    for _ in range(data.draw(st.integers(1, 3))):
        stream = data.draw(st.sampled_from([dense, dense, plain]))
        place = data.draw(st.integers(0, len(stream)))
        stream[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    with contextlib.suppress(RemoteError):
        for draft, _ in receiving(joined(bytes(plain), bytes(dense))):
            assert 1 <= len(draft.events) <= CHANGE_EVENTS_MAX
            assert all(dep >= 0 for dep in draft.deps if isinstance(dep, int))
            for event in draft.events:
                check_event(event)


def test_a_bundle_cut_anywhere_is_refused() -> None:
    bundle = encode_bundle(chain_of(SECRETARY, meeting(20)))
    for length in range(len(bundle)):
        assert refusal(bundle[:length])
    assert refusal(bundle + b"\x00") == "bad_bundle"
    assert refusal(b"\x02" + bundle[1:]) == "bundle_version"


def test_what_comes_before_a_fault_is_given_out_first() -> None:
    """The work that a liar causes ends at the first lie that the receiver notices."""
    plain, dense = streams(
        encode_bundle(chain_of(SECRETARY, [[1, "x", 1, n] for n in (5, 6, 2**63)]))
    )
    drafts = receiving(joined(plain, dense))
    assert [next(drafts)[0].n, next(drafts)[0].n] == [1, 2]
    with pytest.raises(RemoteError):
        next(drafts)


def test_an_event_made_of_many_long_fields_is_refused() -> None:
    long = chain_of(SECRETARY, [[1, "x", 1, "a" * 9_000, b"b" * 9_000]])
    assert refusal(encode_bundle(long)) == "bad_bundle"


def test_a_change_follows_earlier_ones_only() -> None:
    for distance in (2, 3):
        liar = Liar()
        liar.begin(4, 1, distance)
        liar.template([], 4)
        liar.dense += bytes(5)
        assert refusal(liar.bundle()) == "bad_bundle"


class Liar(ColumnWriter):
    """Writes what no honest writer would."""

    def constant(self, value: int, count: int) -> None:
        """A column that claims many numbers in two bytes."""
        self.column([value] * min(count, 2))

    def begin(self, changes: int, events: int, distance: int = 1) -> None:
        """So many changes of one device, each after the last, with so many events each."""
        self.number(changes)
        self.plain += bytes(32 + 8)
        self.number(1)  # a device
        self.number(1)  # a writer
        self.constant(0, 1)
        self.constant(0, changes)
        self.number(1)  # a start
        for value in (0, 1):
            self.constant(value, 1)
        self.column([0, *[1] * (changes - 1)])
        self.constant(distance, changes - 1)
        self.number(0)  # no other deps
        self.number(0)  # times
        self.constant(5, changes)
        self.constant(events, changes)
        self.number(0)  # no signatures

    def template(self, types: Sequence[int], events: int) -> None:
        """One template for all events, of a kind that is the first of the known words."""
        self.number(1)
        for number in (27, 1, 1, len(types), *types):
            self.number(number)
        self.constant(0, events)

    def strings(self, *strings: bytes) -> None:
        """A dictionary of texts or of others."""
        self.number(len(strings))
        self.column([*map(len, strings)])
        self.dense += b"".join(strings)

    def bundle(self) -> bytes:
        return joined(bytes(self.plain), bytes(self.dense))


def many_changes() -> bytes:
    """The most changes and events in a hundred bytes."""
    liar = Liar()
    liar.begin(BUNDLE_CHANGES_MAX, 4)
    liar.template([], 4 * BUNDLE_CHANGES_MAX)
    liar.dense += bytes(5)
    return liar.bundle()


def long_texts() -> bytes:
    """One long text in every field of every event."""
    liar = Liar()
    liar.begin(RUN_CHANGES_MAX, CHANGE_EVENTS_MAX)
    count = RUN_CHANGES_MAX * CHANGE_EVENTS_MAX
    liar.template([1], count)
    liar.strings(b"a" * (EVENT_BYTES_MAX - 100))
    liar.dense += bytes(4)
    liar.constant(34, count)
    return liar.bundle()


def nested(item: bytes, count: int = 2000) -> Callable[[], bytes]:
    """Events full of small items."""

    def bundle() -> bytes:
        liar = Liar()
        liar.begin(RUN_CHANGES_MAX, 1)
        liar.template([3], RUN_CHANGES_MAX)
        liar.dense += bytes(4)
        array = dumps([0] * count)[:-count] + item * count
        liar.strings(*[array] * RUN_CHANGES_MAX)
        liar.column(range(RUN_CHANGES_MAX))
        return liar.bundle()

    return bundle


def many_templates() -> bytes:
    """A table for each of as many templates as there may be, with as many columns."""
    liar = Liar()
    liar.begin(BUNDLE_CHANGES_MAX, 4)
    liar.number(128)
    for _ in range(128):
        for number in (27, 1, 1, 24, *[0] * 24):
            liar.number(number)
    liar.column([number % 128 for number in range(4 * BUNDLE_CHANGES_MAX)])
    liar.dense += bytes(5)
    for _ in range(128 * 24):
        liar.constant(7, 512)
    return liar.bundle()


def peak_of(bundle: bytes) -> int:
    """Bytes of memory that reading the first run of a bundle takes at most."""
    tracemalloc.start()
    with contextlib.suppress(RemoteError):
        kept = list(itertools.islice(receiving(bundle), RUN_CHANGES_MAX))
        assert sum(len(event) for draft, _ in kept for event in draft.events) <= BUNDLE_BYTES_MAX
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


BOMBS: dict[str, Callable[[], bytes]] = {
    "64 MiB of zeros": lambda: joined(b"", bytes(64 * 1024 * 1024)),
    "as many zeros as may be": lambda: joined(b"", bytes(BUNDLE_BYTES_MAX - 8)),
    "as many ones": lambda: joined(b"", b"\xff" * (BUNDLE_BYTES_MAX - 8)),
    "many changes": many_changes,
    "long texts": long_texts,
    "many arrays": nested(b"\x80"),
    "many numbers": nested(b"\x00"),
    "fewer arrays in many events": nested(b"\x85\x80\x80\x80\x80\x80", 40),
    "many maps": nested(b"\xa1\x60\x80"),
    "many templates": many_templates,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_little_memory(bomb: str) -> None:
    bundle = BOMBS[bomb]()
    assert len(bundle) < 128 * 1024
    assert peak_of(bundle) < 10_000_000


def test_the_bombs_go_off() -> None:
    """The bombs above are well-formed as far as meant, or they would prove nothing."""
    assert len(list(itertools.islice(receiving(many_changes()), 300))) == 300
    assert len(list(itertools.islice(receiving(many_templates()), 300))) == 300
    assert refusal(long_texts()) == "bad_bundle"
    assert next(receiving(nested(b"\x00")()))[0].n == 1
    assert refusal(nested(b"\x80")()) == "bad_type"
    several = receiving(nested(b"\x85\x80\x80\x80\x80\x80", 40)())
    assert [next(several)[0].n for _ in range(60)] == [*range(1, 61)]
    with pytest.raises(RemoteError, match="arrays and maps in the events"):
        list(several)
