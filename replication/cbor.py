"""Canonical CBOR of plain types: the only bytes that are ever signed.

One value has one encoding, so equal facts have equal hashes. Allowed are integers of 64 signed
bits, byte strings, text, true, false, null, arrays, and maps with text keys; no floats, tags,
bignums, undefined, duplicate keys, indefinite lengths or trailing bytes. The library accepts all
of these and turns tags into dates, decimals, even compiled regular expressions, so what it gives
back is checked by type and encoded again: only equal bytes pass. Any bytes give a value or a
`RemoteError`; work and memory stay within a small multiple of the input's length.
"""

from typing import Any, NoReturn

import cbor2

from replication.errors import RemoteError
from replication.limits import (
    EVENT_BYTES_MAX,
    EVENT_CONTAINERS_MAX,
    EVENT_DEPTH_MAX,
    MESSAGE_ITEMS_MAX,
)

INTEGER_MAX = 2**63 - 1
INTEGER_MIN = -(2**63)

COMPARTMENTS = 3
"""0 control, 1 ledger, 2 people."""


def _refuse_tag(_decoder: object, _immutable: bool) -> NoReturn:
    raise ValueError("tags are not allowed")


# Every tag that the library would decode by itself. Refused before it can cost anything: a
# regular expression (35) or a big decimal (4, 5) takes far longer than its length suggests.
_NO_TAGS = dict.fromkeys(
    [*range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799],
    _refuse_tag,
)
_ATOMS = frozenset((int, bytes, str, bool, type(None)))
_ALLOWED = _ATOMS | {list, dict}

_WIDE_POSITIVE, _WIDE_NEGATIVE = b"\x1b", b"\x3b"
_LENGTH_IN_HEAD_MAX = 23
_STRINGS = (2, 3)
"""Major types whose content follows the head."""


def dumps(value: object) -> bytes:
    """Canonical CBOR of a value that is made of the allowed types (not checked)."""
    return cbor2.dumps(value, canonical=True)


def loads(data: bytes) -> Any:
    """Decode bytes that were checked before or that we made ourselves; RemoteError if not CBOR."""
    try:
        return cbor2.loads(
            data,
            semantic_decoders=_NO_TAGS,
            max_depth=EVENT_DEPTH_MAX,  # the library lets an empty array lie one deeper
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except Exception as error:  # the library raises half a dozen kinds; to us they are one
        raise RemoteError("bad_cbor", "not decodable") from error


def load_item(data: bytes) -> Any:
    """The one canonical item of allowed types in a stranger's bytes; RemoteError otherwise.

    The caller bounds the length first; nesting is bounded by `EVENT_DEPTH_MAX`, and the items of
    what is longer than an event by `MESSAGE_ITEMS_MAX`, before anything is decoded.
    """
    if len(data) > EVENT_BYTES_MAX:
        _check_item_count(data)
    value = loads(data)
    _check_types(value, data, MESSAGE_ITEMS_MAX)
    _check_canonical(value, data)
    return value


def check_event(payload: bytes) -> None:
    """Raise RemoteError unless this is a well-formed event: `[compartment, kind, ...]`.

    Codes: event_too_large, bad_cbor, bad_type, not_canonical, bad_event.
    """
    count_containers(payload)


def count_containers(payload: bytes) -> int:
    """Check an event like `check_event`; how many arrays and maps it has, itself included."""
    if len(payload) > EVENT_BYTES_MAX:
        raise RemoteError("event_too_large", "an event is at most 16 KiB")
    value = loads(payload)
    if type(value) is not list or len(value) < 2 or type(value[1]) is not str:
        raise RemoteError("bad_event", "an event is an array of compartment, kind, ...")
    if type(value[0]) is not int or not 0 <= value[0] < COMPARTMENTS:
        raise RemoteError("bad_event", "an event is of compartment 0, 1 or 2")
    containers = _check_types(value, payload, EVENT_CONTAINERS_MAX)
    _check_canonical(value, payload)
    return containers


def _check_canonical(value: object, data: bytes) -> None:
    """Raise RemoteError unless the value has exactly this encoding."""
    if cbor2.dumps(value, canonical=True) != data:
        raise RemoteError("not_canonical", "the bytes are not the canonical ones of their value")


def _check_types(value: object, data: bytes, containers_max: int) -> int:
    """How many arrays and maps a value has; RemoteError unless all its types are allowed.

    An integer beyond 32 bits has the head 0x1b or 0x3b, so without these bytes all are in range.
    """
    is_wide = _WIDE_POSITIVE in data or _WIDE_NEGATIVE in data
    waiting: list[tuple[int, list[Any] | dict[str, Any]]] = []
    items: list[Any] = value if type(value) is list else [value]
    depth = containers = 1 if items is value else 0
    while True:
        types = set(map(type, items))
        if not types <= _ALLOWED:
            raise RemoteError("bad_type", "only integers, strings, true, false, null are allowed")
        if is_wide and not all(INTEGER_MIN <= i <= INTEGER_MAX for i in items if type(i) is int):
            raise RemoteError("bad_type", "an integer has at most 64 signed bits")
        if not types <= _ATOMS:
            depth += 1
            waiting += [(depth, item) for item in items if type(item) is list or type(item) is dict]
            if depth > EVENT_DEPTH_MAX or containers + len(waiting) > containers_max:
                raise RemoteError("bad_type", "there are too many arrays and maps")
        if not waiting:
            return containers
        depth, nested = waiting.pop()
        containers += 1
        if isinstance(nested, dict):
            if not set(map(type, nested)) <= {str}:
                raise RemoteError("bad_type", "keys are text")
            items = [*nested.values()]
        else:
            items = nested


def _check_item_count(data: bytes) -> None:
    """Raise RemoteError for more items than an honest message has: each takes memory."""
    at = 0
    for _ in range(MESSAGE_ITEMS_MAX):
        if at >= len(data):
            return
        major, length = data[at] >> 5, data[at] & 31
        at += 1
        if length > _LENGTH_IN_HEAD_MAX:
            size = 1 << (length - _LENGTH_IN_HEAD_MAX - 1)
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if major in _STRINGS:
            at += length
    raise RemoteError("bad_cbor", "the message has too many items")
