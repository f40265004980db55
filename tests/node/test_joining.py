"""What is said while a phone joins: proved keys only, and nothing but RemoteError for the rest."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.hello import (
    MAGIC,
    Hello,
    discovery_key,
    find_key,
    make_hello,
    parse_hello,
)
from node.joining import (
    Join,
    Joined,
    decode_join,
    decode_joined,
    decode_ready,
    encode_join,
    encode_joined,
    encode_ready,
)
from replication.errors import RemoteError
from replication.identity import DeviceKeys, noise_public

TREASURER = DeviceKeys(bytes([2]) * 32).public
OTHER = DeviceKeys(bytes([3]) * 32).public
PROVED = noise_public(TREASURER)
GROUP = bytes(range(32))
EPHEMERAL = bytes(range(32, 64))


def test_what_is_said_is_understood() -> None:
    join, joined = Join(TREASURER, "Treasurer's phone"), Joined(GROUP, "Umoja")
    assert decode_join(encode_join(join), PROVED) == join
    assert decode_joined(encode_joined(joined)) == joined
    decode_ready(encode_ready())


def test_nobody_joins_with_the_key_of_another_phone() -> None:
    with pytest.raises(RemoteError, match="join-key"):
        decode_join(encode_join(Join(OTHER, "Treasurer's phone")), PROVED)
    with pytest.raises(RemoteError, match="join-key"):
        decode_join(encode_join(Join(b"\xff" * 32, "no curve point")), PROVED)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [1],
        [2, TREASURER, "name"],
        [True, TREASURER, "name"],
        [1, TREASURER[:31], "name"],
        [1, TREASURER, ""],
        [1, TREASURER, " "],
        [1, TREASURER, "two\nlines"],
        [1, TREASURER, "n" * 81],
        [1, TREASURER, b"name"],
        [1, TREASURER.hex(), "name"],
        [1, TREASURER, "name", 1],
        [1, TREASURER, ["name"]],
        {"version": 1},
        "text",
        7,
    ],
)
def test_messages_of_another_form_are_refused(fields: object) -> None:
    message = cbor2.dumps(fields, canonical=True)
    for decode in DECODERS:
        if fields != [1] or decode is not decode_ready:
            with pytest.raises(RemoteError):
                decode(message)


DECODERS: list[Callable[[bytes], object]] = [
    lambda message: decode_join(message, PROVED),
    decode_joined,
    decode_ready,
]


@given(st.one_of(st.binary(max_size=200), st.binary(min_size=1000, max_size=1100)))
def test_garbage_gives_a_remote_error(garbage: bytes) -> None:
    for decode in (*DECODERS, parse_hello):
        try:
            decode(garbage)
        except RemoteError:
            continue
        assert garbage == encode_ready() or garbage.startswith(MAGIC)


def test_other_encodings_of_the_same_values_are_refused() -> None:
    plain = encode_join(Join(TREASURER, "name"))
    for message in (plain + b"\0", plain.replace(b"\x01", b"\x18\x01", 1), b"\xd9\xd9\xf7" + plain):
        with pytest.raises(RemoteError):
            decode_join(message, PROVED)
    with pytest.raises(RemoteError):
        decode_join(b"\x81" * 900 + b"\0", PROVED)


def said(kind: str = "peer", key: bytes = GROUP) -> Hello:
    return parse_hello(make_hello("peer" if kind == "peer" else "join", key, EPHEMERAL) + EPHEMERAL)


def test_a_hello_is_known_to_the_holders_of_its_key_only() -> None:
    key = discovery_key(GROUP)
    assert find_key(said(key=key), [bytes(32), key]) == 1
    assert find_key(said(key=key), [bytes(32), discovery_key(bytes(32))]) is None
    assert find_key(said(key=key), []) is None


def test_a_hello_can_not_be_moved_to_another_handshake_or_kind() -> None:
    key = discovery_key(GROUP)
    hello = said(key=key)
    assert find_key(hello._replace(noise_message=bytes(32)), [key]) is None
    as_join = hello.prologue[:4] + b"\x02" + hello.prologue[5:]
    assert find_key(hello._replace(prologue=as_join), [key]) is None
    assert said("join", key).kind == "join"


def test_two_hellos_have_nothing_in_common_for_a_stranger() -> None:
    key = discovery_key(GROUP)
    one = make_hello("peer", key, EPHEMERAL)
    other = make_hello("peer", key, bytes(32))
    assert one[:5] == other[:5]
    assert one[5:] != other[5:]
    assert GROUP not in one
