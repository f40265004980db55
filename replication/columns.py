"""Columns of whole numbers, and the two streams in which a bundle's columns lie.

Everything in a bundle is written here. Of its two streams *dense* will be compressed, and *plain*
takes what no compression shortens (hashes, signatures, the low bytes of times). A column of a
known count of numbers is written in whichever of these modes comes out smallest:

    (count 0: nothing at all; count 1: one signed number without a mode)
    mode byte   bits 0-3: width w in bytes; bits 4-6: mode; bit 7: a number p follows
    0 constant  signed value
    1 offsets   signed base, planes of value - base
    2 steps     signed first value, signed base, planes of (value - value before) - base
    3 palette   number m, column of m values (of mode 0-2), one plane of indexes into them
    4 like      number c (an earlier palette column of the same table), number m, column of m
                values: the same indexes as column c, into other values

A number is LEB128 of at most 10 bytes; a signed one is zigzag. Planes are one byte string for
each of the w bytes of the values, lowest first, each as long as there are values: bytes of one
weight compress well beside each other. The lowest p planes lie in the plain stream.

Reading costs what the bytes cost: nothing is allocated for a claimed count, and numbers appear
only as they are asked for.
"""

import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise, repeat
from typing import NamedTuple, TypeVar

from replication.errors import RemoteError

T = TypeVar("T")

_CONSTANT, _OFFSETS, _STEPS, _PALETTE, _LIKE = range(5)
_HAS_PLAIN = 0x80
_WIDTH_MAX = 8
_NUMBER_BYTES_MAX = 10
_TYPE_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

PALETTE_MAX = 256
"""Values of a palette: an index is one byte."""

_SAMPLE_BYTES = 4096
"""How much of a plane is tried when the writer chooses a mode."""

_PLAIN_FROM = 32
"""Shortest plane that may go to the plain stream; saying so costs a byte."""


class Column:
    """A column as read: numbers on demand, to be taken once, or indexes into few values."""

    __slots__ = ("numbers", "palette", "picks")

    def __init__(
        self, numbers: Iterable[int], palette: Sequence[int] = (), picks: bytes = b""
    ) -> None:
        self.numbers = numbers
        self.palette = palette
        self.picks = picks

    def through(self, function: Callable[[int], T]) -> Iterator[T]:
        """The function of each value in order, called once for each value of a palette."""
        if self.picks:
            return map([*map(function, self.palette)].__getitem__, self.picks)
        return map(function, self.numbers)

    def __iter__(self) -> Iterator[int]:
        if self.picks:
            return map(self.palette.__getitem__, self.picks)
        return iter(self.numbers)


class ColumnReader:
    """Takes numbers, columns and byte strings from the two streams; RemoteError when they end."""

    def __init__(self, dense: bytes, plain: bytes) -> None:
        self._dense, self._plain = dense, plain
        self._dense_at = self._plain_at = 0

    def number(self, limit: int) -> int:
        """One unsigned number of at most `limit`."""
        value = shift = 0
        for _ in range(_NUMBER_BYTES_MAX):
            byte = self.dense(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > limit:
                    raise RemoteError("bad_bundle", "a number is out of its range")
                return value
            shift += 7
        raise RemoteError("bad_bundle", "a number does not end")

    def signed(self) -> int:
        """One signed number."""
        value = self.number(1 << 7 * _NUMBER_BYTES_MAX)
        return (value >> 1) ^ -(value & 1)

    def dense(self, length: int) -> bytes:
        """The next bytes of the compressed stream."""
        end = self._dense_at + length
        taken = self._dense[self._dense_at : end]
        if len(taken) != length:
            raise RemoteError("bad_bundle", "the bundle is too short")
        self._dense_at = end
        return taken

    def plain(self, length: int) -> bytes:
        """The next bytes of the plain stream."""
        end = self._plain_at + length
        taken = self._plain[self._plain_at : end]
        if len(taken) != length:
            raise RemoteError("bad_bundle", "the bundle is too short")
        self._plain_at = end
        return taken

    @property
    def left(self) -> int:
        """How many bytes are left in both streams."""
        return len(self._dense) - self._dense_at + len(self._plain) - self._plain_at

    def finish(self) -> None:
        """Raise RemoteError unless both streams were read to their end."""
        if self._dense_at != len(self._dense) or self._plain_at != len(self._plain):
            raise RemoteError("bad_bundle", "there are bytes after the bundle")

    def column(self, count: int, table: Sequence[Column] = (), inner: bool = False) -> Column:
        """A column of `count` numbers; `table` holds the earlier columns of the same table.

        `inner`: the values of a palette, which can't have a palette themselves.
        """
        if count == 0:
            return Column(())
        if count == 1:
            return Column((self.signed(),))
        head = self.dense(1)[0]
        mode, width = head >> 4 & 7, head & 15
        plain = self.number(width) if head & _HAS_PLAIN else 0
        if mode == _CONSTANT and width == 0:
            return Column(repeat(self.signed(), count))
        if mode == _OFFSETS and 1 <= width <= _WIDTH_MAX:
            base = self.signed()
            return Column(self._shifted(base, count, width, plain))
        if mode == _STEPS and width <= _WIDTH_MAX:
            first, base = self.signed(), self.signed()
            steps = self._shifted(base, count - 1, width, plain)
            return Column(accumulate(chain((first,), steps)))
        if mode == _PALETTE and width == 1 and not inner:
            palette = self._palette()
            return _picked(palette, self.plain(count) if plain else self.dense(count))
        if mode == _LIKE and width == 0:
            like = self.number(len(table))
            if like == len(table) or len(table[like].picks) != count:
                raise RemoteError("bad_bundle", "a column is like none")
            return _picked(self._palette(), table[like].picks)
        raise RemoteError("bad_bundle", "a column has no known mode")

    def bounded(self, count: int, limit: int) -> Sequence[int]:
        """A column on its own whose numbers are 0 to `limit`, which is below 2**32."""
        try:
            values = array("I", self.column(count))
        except OverflowError as error:
            raise RemoteError("bad_bundle", "a number is out of its range") from error
        if count and max(values) > limit:
            raise RemoteError("bad_bundle", "a number is out of its range")
        return values

    def _palette(self) -> list[int]:
        return list(self.column(self.number(PALETTE_MAX), inner=True))

    def _shifted(self, base: int, count: int, width: int, plain: int) -> Iterable[int]:
        """`count` numbers of `width` bytes, one plane a byte, each plus the base."""
        if width == 0:
            return repeat(base, count)
        offsets = self._planes(count, width, plain)
        return map(base.__add__, offsets) if base else offsets

    def _planes(self, count: int, width: int, plain: int) -> Iterable[int]:
        if width == 1:
            return self.plain(count) if plain else self.dense(count)
        size = _size(width)
        rows = bytearray(size * count)
        for plane in range(width):
            rows[plane::size] = (self.plain if plane < plain else self.dense)(count)
        numbers = array(_TYPE_CODES[size], bytes(rows))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers


def _size(width: int) -> int:
    """The machine integer that holds so many bytes."""
    return 1 if width <= 1 else 2 if width == 2 else 4 if width <= 4 else 8


def _picked(palette: list[int], picks: bytes) -> Column:
    if max(picks) >= len(palette):
        raise RemoteError("bad_bundle", "an index is outside its palette")
    return Column((), palette, picks)


class _Form(NamedTuple):
    """One way to write a column."""

    mode: int
    numbers: tuple[int, ...] = ()
    """Signed numbers that come first."""
    palette: tuple[int, ...] = ()
    planes: tuple[bytes, ...] = ()

    def cost(self) -> int:
        """About how many bytes will remain of it after compression."""
        return 3 * len(self.numbers) + 2 * len(self.palette) + sum(map(_cost, self.planes))


class _Picks(NamedTuple):
    """A column as indexes into its distinct values, in order of appearance."""

    palette: tuple[int, ...]
    picks: bytes


class ColumnWriter:
    """Collects the two streams."""

    def __init__(self) -> None:
        self.dense = bytearray()
        self.plain = bytearray()

    def number(self, value: int) -> None:
        """One unsigned number."""
        while value >= 0x80:
            self.dense.append(value & 0x7F | 0x80)
            value >>= 7
        self.dense.append(value)

    def signed(self, value: int) -> None:
        """One signed number."""
        self.number(value << 1 if value >= 0 else ~value << 1 | 1)

    def column(self, values: Sequence[int]) -> None:
        """A column on its own."""
        self.table((values,))

    def table(self, columns: Sequence[Sequence[int]]) -> None:
        """Columns of equal length that may be like one another."""
        picked = [_picks(values) if len(columns) > 1 else None for values in columns]
        seen: dict[bytes, list[int]] = {}
        for number, own in enumerate(picked):
            if own:
                seen.setdefault(own.picks, []).append(number)
        for number, values in enumerate(columns):
            own = picked[number]
            alike = seen[own.picks] if own else []
            if own and len(alike) > 1:
                self._write_palette(number, alike[0], own)
            else:
                self._write_best(values)

    def _write_palette(self, number: int, like: int, own: _Picks) -> None:
        if like == number:
            self._write(_Form(_PALETTE, (), own.palette, (own.picks,)))
        else:
            self.dense.append(_LIKE << 4)
            self.number(like)
            self._write_values(own.palette)

    def _write_best(self, values: Sequence[int]) -> None:
        if len(values) == 1:
            self.signed(values[0])
        elif values:
            self._write(min(_forms(values), key=_Form.cost))

    def _write(self, form: _Form) -> None:
        plain = 0
        while plain < len(form.planes) and is_noise(form.planes[plain]):
            plain += 1
        self.dense.append((_HAS_PLAIN if plain else 0) | form.mode << 4 | len(form.planes))
        if plain:
            self.number(plain)
        for value in form.numbers:
            self.signed(value)
        if form.palette:
            self._write_values(form.palette)
        self.plain += b"".join(form.planes[:plain])
        self.dense += b"".join(form.planes[plain:])

    def _write_values(self, palette: tuple[int, ...]) -> None:
        self.number(len(palette))
        self.column(palette)


def _forms(values: Sequence[int]) -> Iterator[_Form]:
    """Every way to write these two or more values."""
    low, high = min(values), max(values)
    if low == high:
        yield _Form(_CONSTANT, (low,))
        return
    yield _Form(_OFFSETS, (low,), (), _planes(values, low, high))
    steps = [after - before for before, after in pairwise(values)]
    least, most = min(steps), max(steps)
    if most - least < 1 << 8 * _WIDTH_MAX:
        yield _Form(_STEPS, (values[0], least), (), _planes(steps, least, most))
    if high - low > PALETTE_MAX and (own := _picks(values)):
        yield _Form(_PALETTE, (), own.palette, (own.picks,))


def _planes(values: Sequence[int], low: int, high: int) -> tuple[bytes, ...]:
    """One byte string for each byte of value - low, lowest first."""
    width = ((high - low).bit_length() + 7) // 8
    if width == 0:
        return ()
    offsets = values if low == 0 else map((-low).__add__, values)
    if width == 1:
        return (bytes(offsets),)
    size = _size(width)
    numbers = array(_TYPE_CODES[size], offsets)
    if sys.byteorder == "big":
        numbers.byteswap()
    rows = numbers.tobytes()
    return tuple(rows[plane::size] for plane in range(width))


def _picks(values: Sequence[int]) -> _Picks | None:
    """Indexes into the distinct values, if these are few against the column."""
    palette = dict.fromkeys(values)
    if not 1 < len(palette) <= min(PALETTE_MAX, len(values) // 4):
        return None
    order = {value: index for index, value in enumerate(palette)}
    return _Picks(tuple(palette), bytes(map(order.__getitem__, values)))


def _cost(plane: bytes) -> int:
    """About how many bytes compression leaves of a plane."""
    sample = plane[:_SAMPLE_BYTES]
    return min(len(zlib.compress(sample, 1)), len(sample)) * len(plane) // len(sample)


def is_noise(plane: bytes) -> bool:
    """Whether compression would not shorten a plane."""
    return len(plane) >= _PLAIN_FROM and _cost(plane) * 50 > len(plane) * 49
