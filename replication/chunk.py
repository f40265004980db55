"""The one Automerge change shape of a ledger document, built byte for byte.

`ROOT[actor hex]` is a list of byte strings, one list per actor. An actor's first change makes its
list and appends; later changes append; nothing else can be expressed. A stranger's bytes
therefore never reach Automerge: the receiver computes this chunk from checked values and accepts
only if its SHA-256 is the hash that was signed.

Layout (the published Automerge binary format, change chunk): magic `85 6f 4a 83`, 4 checksum
bytes (the first of the hash), then the *body*: type 1, LEB128 length, dependencies, actor, seq,
start_op, time, message, other actors, columns. The hash is SHA-256 of the body.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import groupby

MAGIC = bytes.fromhex("856f4a83")
_TYPE_CHANGE = b"\x01"

_OBJ_ACTOR, _OBJ_CTR = 0x01, 0x02
_KEY_ACTOR, _KEY_CTR, _KEY_STR = 0x11, 0x13, 0x15
_INSERT, _ACTION = 0x34, 0x42
_VAL_META, _VAL_RAW = 0x56, 0x57
_PRED_NUM = 0x70

_ACTION_SET, _ACTION_MAKE_LIST = 1, 2
_VALUE_BYTES = 7


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    if value < 0x200000:
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
    return bytes((value & 0x7F | 0x80,)) + leb(value >> 7)


_ONE_BYTE = [bytes((value,)) for value in range(256)]


def sleb(value: int) -> bytes:
    """Signed LEB128."""
    if -0x40 <= value < 0x40:
        return _ONE_BYTE[value & 0x7F]
    if 0x40 <= value < 0x100000:
        # One byte more than the unsigned form where its highest bit would read as a sign.
        if value >= 0x2000:
            return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
        return bytes((value & 0x7F | 0x80, value >> 7))
    return bytes((value & 0x7F | 0x80,)) + sleb(value >> 7)


def change_body(
    actor: bytes,
    seq: int,
    start_op: int,
    deps: Sequence[bytes],
    values: Sequence[bytes],
    list_ctr: int,
    last_ctr: int,
    time: int = 0,
) -> bytes:
    """The body of a change that appends `values`, byte strings, to the actor's list.

    `list_ctr` is the op counter that made the list and `last_ctr` that of its last element;
    both 0 when this change makes the list. `deps` are change hashes, ascending.
    """
    if len(values) == 1 and list_ctr and values[0]:
        columns = _one_value_columns(values[0], list_ctr, last_ctr)
    else:
        columns = _columns(actor, start_op, values, list_ctr, last_ctr)
    content = b"".join(
        (
            leb(len(deps)),
            *deps,
            _ONE_BYTE[len(actor)],
            actor,
            leb(seq),
            leb(start_op),
            sleb(time),
            b"\x00\x00",
            columns,
        )
    )
    return _TYPE_CHANGE + leb(len(content)) + content


def body_hash(body: bytes) -> bytes:
    """The change hash: SHA-256 of the body."""
    return sha256(body).digest()


def chunk_of(body: bytes) -> bytes:
    """The complete chunk that any Automerge loads: magic, checksum, body."""
    return MAGIC + sha256(body).digest()[:4] + body


def _one_value_columns(value: bytes, list_ctr: int, last_ctr: int) -> bytes:
    """The commonest change, filled into a template: one value, list exists."""
    list_leb, last_leb = leb(list_ctr), sleb(last_ctr)
    meta_leb = leb(len(value) << 4 | _VALUE_BYTES)
    return b"".join(
        (
            b"\x09\x01\x02\x02",
            _ONE_BYTE[len(list_leb) + 1],
            b"\x11\x02\x13",
            _ONE_BYTE[len(last_leb) + 1],
            b"\x34\x02\x42\x02\x56",
            _ONE_BYTE[len(meta_leb) + 1],
            b"\x57",
            leb(len(value)),
            b"\x70\x02\x7f\x00\x7f",
            list_leb,
            b"\x7f\x00\x7f",
            last_leb,
            b"\x00\x01\x7f\x01\x7f",
            meta_leb,
            value,
            b"\x7f\x00",
        )
    )


def _columns(
    actor: bytes, start_op: int, values: Sequence[bytes], list_ctr: int, last_ctr: int
) -> bytes:
    """All columns for any number of values, with or without the operation that makes the list."""
    makes: list[None] = [] if list_ctr else [None]
    count = len(values)
    element_keys = _element_keys(start_op, count, list_ctr, last_ctr)
    columns: list[tuple[int, bytes]] = [
        (_OBJ_ACTOR, _runs([*makes, *[0] * count], leb)),
        (_OBJ_CTR, _runs([*makes, *[list_ctr or start_op] * count], leb)),
        (_KEY_ACTOR, _runs([*makes, *(None if not k else 0 for k in element_keys)], leb)),
        (_KEY_CTR, _runs([*makes, *_deltas(element_keys)], sleb)),
    ]
    if makes:
        name = actor.hex().encode()
        columns.append((_KEY_STR, b"\x7f" + leb(len(name)) + name + b"\x00" + leb(count)))
    lengths = [*[0] * len(makes), *(len(value) << 4 | _VALUE_BYTES for value in values)]
    actions = [*[_ACTION_MAKE_LIST] * len(makes), *[_ACTION_SET] * count]
    columns += [
        (_INSERT, leb(len(makes)) + leb(count)),
        (_ACTION, _runs(actions, leb)),
        (_VAL_META, _runs(lengths, leb)),
        (_VAL_RAW, b"".join(values)),
        (_PRED_NUM, _runs([0] * (count + len(makes)), leb)),
    ]
    used = [(spec, data) for spec, data in columns if data]
    meta = b"".join(leb(spec) + leb(len(data)) for spec, data in used)
    return leb(len(used)) + meta + b"".join(data for _, data in used)


def _element_keys(start_op: int, count: int, list_ctr: int, last_ctr: int) -> list[int]:
    """Op counter of the element each value is inserted after; 0 is the head of the list."""
    first_own = start_op if list_ctr else start_op + 1
    return [last_ctr if list_ctr else 0, *range(first_own, first_own + count - 1)]


def _deltas(values: Iterable[int]) -> list[int]:
    out, before = [], 0
    for value in values:
        out.append(value - before)
        before = value
    return out


def _runs(values: Sequence[int | None], write: Callable[[int], bytes]) -> bytes:
    """Automerge's run-length encoding: runs of two and more, literals between, runs of nulls.

    A column that holds nothing but nulls is left out altogether.
    """
    if all(value is None for value in values):
        return b""
    out: list[bytes] = []
    literals: list[bytes] = []

    def flush() -> None:
        if literals:
            out.append(sleb(-len(literals)))
            out.extend(literals)
            literals.clear()

    for value, group in groupby(values):
        length = sum(1 for _ in group)
        if value is None:
            flush()
            out.append(b"\x00" + leb(length))
        elif length == 1:
            literals.append(write(value))
        else:
            flush()
            out.append(sleb(length) + write(value))
    flush()
    return b"".join(out)
