"""How an honest input becomes a dishonest one: by its bytes, its letters, or its structure.

Rule: everything is drawn from the Random that is given. A mutation of structure keeps the outside
whole (lengths, checksums, canonical form, compression), so that what is wrong lies deep inside.
"""

import json
import math
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import cbor2

from simulations.fuzzing.target import Mutate

_NUMBERS: Final = (0, 1, 2, 23, 24, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31)
_LARGE: Final = (2**32, 2**43, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
INTEGERS: Final = (*_NUMBERS, *_LARGE, *(-number for number in (*_NUMBERS[1:], *_LARGE)), -(2**64))
"""Where counters, lengths and machine integers end."""
_CHUNK_BYTES_MAX: Final = 64
_REPEATS: Final = (2, 3, 8, 64, 1000)
_GROWN_BYTES_MAX: Final = 64 * 1024
_TREE_DEPTHS: Final = (2, 3, 4, 6, 8, 9, 20, 200)


def bytes_of(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to six changes to the bytes themselves."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        rng.choice(_BYTE_MOVES)(rng, out, others)
    return bytes(out)


def _flip(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    if out:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)


def _set(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    if out:
        out[rng.randrange(len(out))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _number(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    form = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q", "B"))
    size = struct.calcsize(form)
    at = rng.randrange(len(out) + 1)
    out[at : at + size] = struct.pack(form, rng.choice(INTEGERS) % (1 << 8 * size))


def _insert(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randrange(len(out) + 1)
    out[at:at] = rng.randbytes(rng.choice((1, 1, 2, 4, 16)))


def _delete(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randrange(len(out) + 1)
    del out[at : at + rng.choice((1, 1, 2, 4, 16, _CHUNK_BYTES_MAX))]


def _cut(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    del out[rng.randrange(len(out) + 1) :]


def _repeat(rng: Random, out: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randrange(len(out) + 1)
    part = bytes(out[at : at + rng.choice((1, 1, 2, 4, _CHUNK_BYTES_MAX))])
    times = rng.choice(_REPEATS)
    if len(part) * times <= _GROWN_BYTES_MAX:
        out[at:at] = part * times


def _borrow(rng: Random, out: bytearray, others: Sequence[bytes]) -> None:
    other = rng.choice(others)
    start, at = rng.randrange(len(other) + 1), rng.randrange(len(out) + 1)
    part = other[start : start + rng.choice((4, 16, _CHUNK_BYTES_MAX, 1024))]
    out[at : at + rng.choice((0, len(part)))] = part


_BYTE_MOVES: Final = (_flip, _set, _number, _insert, _delete, _cut, _repeat, _borrow, _flip, _set)


# Texts

_LETTERS: Final = (
    *("\0\n\r\t\x1b\x7f\u00a0\u200b\u202e\ufeff\ud7ff\u0660\u00b2\u2460\u017f\u0130\ufb03\u1e9e"),
    *('",;:=()[]{}<>\\/|+-.%_ \u2019\u201c\u201d0123456789aAzZ'),
    *("\U0001f4b0", "\U000e0001", "e\u0301", "1e9", "--", "://", "\r\n", "\x85", "\u2028"),
)


def text_of(words: Sequence[str] = ()) -> Mutate:
    """A mutation of UTF-8 text by its letters, with some of these words thrown in."""

    def mutate(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
        if rng.random() < 0.15:
            return bytes_of(rng, data, others)
        text = list(data.decode("utf-8", "replace"))
        for _ in range(rng.choice((1, 1, 2, 3, 8))):
            at = rng.randrange(len(text) + 1)
            match rng.randrange(6):
                case 0:
                    del text[at : at + rng.choice((1, 1, 3, 20))]
                case 1:
                    text[at:at] = rng.choice((*words, *_LETTERS))
                case 2:
                    text[at : at + 1] = rng.choice(_LETTERS)
                case 3:
                    text[at:at] = text[at : at + rng.choice((1, 5, 30))] * rng.choice(_REPEATS)
                case 4:
                    text[at : at + 30] = "".join(text[at : at + 30]).swapcase()
                case _:
                    other = rng.choice(others).decode("utf-8", "replace")
                    start = rng.randrange(len(other) + 1)
                    text[at:at] = other[start : start + rng.choice((1, 10, 40))]
            del text[_GROWN_BYTES_MAX:]
        return "".join(text).encode("utf-8", "replace")

    return mutate


# Trees: what CBOR and JSON say


def tree_of(rng: Random, value: Any, odd: Sequence[object]) -> Any:
    """A value with one to three of its parts put wrong; `odd` are values to put there."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _part_changed(rng, value, odd)
    return value


def _part_changed(rng: Random, value: Any, odd: Sequence[object]) -> Any:
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        if rng.random() < 0.25:
            return _list_changed(rng, value, at)
        return [*value[:at], _part_changed(rng, value[at], odd), *value[at + 1 :]]
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        return _map_changed(rng, value, key, odd)
    return _leaf_changed(rng, value, odd)


def _list_changed(rng: Random, value: list[Any], at: int) -> list[Any]:
    match rng.randrange(5):
        case 0:
            return [*value[:at], *value[at + 1 :]]
        case 1:
            return [*value[:at], value[at], *value[at:]]
        case 2:
            return [*value[:at], *[value[at]] * rng.choice(_REPEATS), *value[at:]]
        case 3:
            return rng.sample(value, len(value))
        case _:
            return [*value, rng.choice(value)]


def _map_changed(
    rng: Random, value: dict[Any, Any], key: Any, odd: Sequence[object]
) -> dict[Any, Any]:
    changed = dict(value)
    match rng.randrange(8):
        case 0:
            del changed[key]
        case 1:
            changed[rng.choice(("", "x", "a" * 300, "__class__", str(key) + " "))] = changed[key]
        case 2:
            changed = {str(number): changed[key] for number in range(rng.choice(_REPEATS))}
        case _:
            changed[key] = _part_changed(rng, changed[key], odd)
    return changed


def _leaf_changed(rng: Random, value: Any, odd: Sequence[object]) -> Any:
    if rng.random() < 0.15:
        return rng.choice(odd)
    if rng.random() < 0.08:
        for _ in range(rng.choice(_TREE_DEPTHS)):
            value = [value]
        return value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((value + 1, value - 1, -value, rng.choice(INTEGERS), value * 1000))
    if isinstance(value, bytes):
        changed = bytes_of(rng, value, [value])
        same_length = changed[: len(value)].ljust(len(value), b"\0")
        return rng.choice((changed, same_length, same_length, b"", value + b"\0", value * 3))
    if isinstance(value, str):
        return _word_changed(rng, value)
    return rng.choice(odd)


def _word_changed(rng: Random, value: str) -> str:
    at = rng.randrange(len(value) + 1)
    letter = rng.choice(_LETTERS)
    return rng.choice(
        (
            value[:at] + letter + value[at:],
            value[:at] + letter + value[at + 1 :],
            value[:at],
            value * rng.choice(_REPEATS),
            value.swapcase(),
            "",
        )
    )[:_GROWN_BYTES_MAX]


_LONG_EXPONENT: Final = cbor2.CBORTag(4, [2**40, 1])
CBOR_ODD: Final[tuple[object, ...]] = (
    *(None, True, False, "", b"", [], {}, 0, -1, "a" * 100, b"\0" * 100, 1.5, -0.0, math.inf),
    *(math.nan, 2**64, -(2**70), {"a": 1}, {1: 2}, {b"x": None}, [[]], [None] * 40),
    *(cbor2.CBORTag(35, "(a+)+$"), cbor2.CBORTag(0, "2026-01-31T00:00:00Z"), _LONG_EXPONENT),
    *(cbor2.CBORTag(1, 2**60), cbor2.CBORTag(2, b"\xff" * 40), cbor2.CBORTag(29, 0)),
    *(cbor2.CBORTag(30, [1, 0]), cbor2.CBORTag(36, "Subject: x\n\ny"), cbor2.CBORTag(37, b"x")),
    *(cbor2.CBORTag(258, [1, 1]), cbor2.CBORTag(55799, 1), cbor2.CBORTag(99, None)),
    *(cbor2.CBORTag(260, b"\x01\x02\x03"), cbor2.CBORTag(28, [1]), cbor2.undefined),
)
"""What canonical CBOR of plain types never holds, and what its fields seldom do."""
JSON_ODD: Final[tuple[object, ...]] = (
    *(None, True, False, "", [], {}, 0, -1, 1.5, 1e300, math.nan, math.inf, 2**70, -(2**63)),
    *("a" * 300, "\0", "\ud800", "\u202e", [[]], {"": 0}, [None] * 40, "1" * 5000),
)


def cbor_of(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A mutation of CBOR: mostly of what it says, sometimes of its bytes."""
    if rng.random() < 0.2:
        return bytes_of(rng, data, others)
    try:
        value = tree_of(rng, cbor2.loads(data), CBOR_ODD)
        return cbor2.dumps(value, canonical=rng.random() < 0.9)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
        return bytes_of(rng, data, others)


def json_of(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A mutation of JSON, likewise."""
    if rng.random() < 0.2:
        return bytes_of(rng, data, others)
    try:
        return json.dumps(tree_of(rng, json.loads(data), JSON_ODD)).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError, RecursionError):
        return bytes_of(rng, data, others)


def either(*ways: Mutate) -> Mutate:
    """One of several ways, drawn each time."""
    return lambda rng, data, others: rng.choice(ways)(rng, data, others)


def inside(
    mutate: Mutate, unwrap: Callable[[bytes], bytes | None], wrap: Callable[[Random, bytes], bytes]
) -> Mutate:
    """A mutation of what lies inside a wrapping, wrapped again; of the outside where none does."""

    known: dict[bytes, bytes | None] = {}

    def unwrapped(data: bytes) -> bytes | None:
        if data not in known:
            known[data] = unwrap(data)
        return known[data]

    def mutated(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
        content = unwrapped(data) if rng.random() < 0.85 else None
        if content is None:
            return bytes_of(rng, data, others)
        inner = [found for one in others if (found := unwrapped(one)) is not None]
        try:
            return wrap(rng, mutate(rng, content, inner))
        except Exception:  # what is inside now fits no wrapping that we could make
            return bytes_of(rng, data, others)

    return mutated
