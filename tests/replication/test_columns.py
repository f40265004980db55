"""Columns: every list of numbers comes back, in few bytes, and no bytes do harm."""

import contextlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replication.columns import PALETTE_MAX, Column, ColumnReader, ColumnWriter
from replication.errors import RemoteError

NUMBERS = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 5)
    | st.integers(-300, 300)
    | st.integers(0, 2**17)
)
COLUMNS = st.lists(NUMBERS, max_size=40) | st.builds(
    lambda palette, picks: [palette[pick % len(palette)] for pick in picks],
    st.lists(NUMBERS, min_size=1, max_size=5),
    st.lists(st.integers(0, 10**6), max_size=60),
)


def written(*columns: Sequence[int]) -> ColumnWriter:
    """One table."""
    writer = ColumnWriter()
    writer.table(columns)
    return writer


def size(*columns: Sequence[int]) -> int:
    """Bytes that a table takes before compression."""
    writer = written(*columns)
    return len(writer.dense) + len(writer.plain)


def reader_of(writer: ColumnWriter) -> ColumnReader:
    return ColumnReader(bytes(writer.dense), bytes(writer.plain))


@given(st.lists(COLUMNS, max_size=5))
@example([[-(2**63), 2**63 - 1, -(2**63)]])  # steps that no width of a column holds
def test_columns_come_back(columns: list[list[int]]) -> None:
    writer = ColumnWriter()
    for column in columns:
        writer.column(column)
    reader = reader_of(writer)
    assert [list(reader.column(len(column))) for column in columns] == columns
    reader.finish()


@given(COLUMNS, st.lists(st.dictionaries(st.integers(0, 4), NUMBERS), max_size=4))
def test_tables_with_columns_that_are_like_others_come_back(
    first: list[int], others: list[dict[int, int]]
) -> None:
    table = [first, *([other.get(value % 5, value) for value in first] for other in others)]
    reader = reader_of(written(*table))
    read: list[Column] = []
    for column in table:
        read.append(reader.column(len(column), read))
    assert [list(column) for column in read] == table
    reader.finish()


@given(st.binary(max_size=60), st.binary(max_size=20), st.lists(st.integers(0, 40), max_size=5))
def test_any_bytes_give_columns_or_are_refused(
    dense: bytes, plain: bytes, counts: list[int]
) -> None:
    reader = ColumnReader(dense, plain)
    read: list[Column] = []
    with contextlib.suppress(RemoteError):
        for count in counts:
            read.append(reader.column(count, read))
            assert len(list(read[-1])) == count
        reader.bounded(3, 100)
        reader.finish()


def test_each_shape_finds_its_short_form() -> None:
    chance = random.Random(1)
    shares = [chance.choice((1, 1, 2, 2, 3, 4, 5)) for _ in range(200)]
    assert size([7] * 200) == 2, "a constant: mode and value"
    assert size(range(1000, 1200)) == 4, "even steps: mode, first value, step"
    assert size([5]) == 1
    assert size([]) == 0
    apart = size(shares) + size([share * 50_000 for share in shares])
    assert size(shares, [share * 50_000 for share in shares]) < apart - 150, "said once"
    assert size([chance.choice((10**6, 5, 10**12)) for _ in range(200)]) < 230, "a palette"


def test_noise_goes_to_the_plain_stream_and_order_does_not() -> None:
    chance = random.Random(2)
    noise = written([chance.randrange(2**16) for _ in range(200)])
    assert len(noise.plain) == 400
    assert len(written([number % 3 for number in range(200)]).plain) == 0
    times = [1_790_000_000_000 + 20_000 * n + chance.randrange(256) for n in range(200)]
    assert 199 <= len(written(times).plain) <= 2 * 199, "the low bytes of the steps"


@pytest.mark.parametrize(
    ("why", "dense", "count"),
    [
        ("no such mode", b"\x70", 2),
        ("a width beyond eight", b"\x19\x00", 2),
        ("a constant has no width", b"\x01\x02", 2),
        ("offsets have one", b"\x10\x00", 2),
        ("more plain planes than planes", b"\x91\x02\x00", 2),
        ("a plane that is too short", b"\x11\x00\x01", 2),
        ("an index outside its palette", b"\x31\x01\x05\x00\x01", 2),
        ("an empty palette", b"\x31\x00\x00\x00", 2),
        ("a palette too large", b"\x31" + b"\x81\x02" + b"\x00\x05" + b"\x00\x00", 2),
        ("a palette in a palette", b"\x31\x02\x31\x01\x05\x00\x00\x00\x01", 2),
        ("like a column that isn't there", b"\x40\x00\x01\x05", 2),
        ("a number without end", b"\x00" + b"\x80" * 11, 2),
        ("no bytes", b"", 1),
    ],
)
def test_malformed_columns(why: str, dense: bytes, count: int) -> None:
    assert why
    with pytest.raises(RemoteError):
        ColumnReader(dense, b"").column(count)


def test_a_column_is_like_an_earlier_palette_of_its_length_only() -> None:
    shares = [1, 2, 1, 1, 2, 1, 2, 2]
    amounts = [share * 100 for share in shares]
    reader = reader_of(written(shares, amounts))
    first = reader.column(8)
    assert list(reader.column(8, [first])) == amounts
    for other in (reader_of(written([1, 2, 3])).column(3), first):
        with pytest.raises(RemoteError):
            ColumnReader(b"\x40\x00\x02\x00\x09", b"").column(7, [other])


def test_bounded_columns_keep_their_bounds() -> None:
    for values in ([3, 9], [-1, 3], [2**40, 3]):
        with pytest.raises(RemoteError):
            reader_of(written(values)).bounded(2, 8)
    assert list(reader_of(written([3, 8])).bounded(2, 8)) == [3, 8]
    assert PALETTE_MAX == 256, "an index is one byte"


def test_bytes_that_nobody_reads_are_refused() -> None:
    for dense, plain in ((b"\x01", b""), (b"", b"\x01")):
        with pytest.raises(RemoteError):
            ColumnReader(dense, plain).finish()
