"""What is said while a phone joins: proved keys only, and nothing but RemoteError for the rest."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.hello import (
    MAGIC,
    Hello,
    Kind,
    discovery_key,
    find_key,
    make_hello,
    parse_hello,
)
from node.joining import (
    Join,
    Joined,
    Offer,
    decode_bytes,
    decode_enrolled,
    decode_join,
    decode_joined,
    decode_offer,
    decode_word,
    encode_bytes,
    encode_enrolled,
    encode_join,
    encode_joined,
    encode_offer,
    encode_word,
    shown,
)
from replication.errors import RemoteError
from replication.identity import DeviceKeys, noise_public

TREASURER = DeviceKeys(bytes([2]) * 32).public
OTHER = DeviceKeys(bytes([3]) * 32).public
PROVED = noise_public(TREASURER)
GROUP = bytes(range(32))
EPHEMERAL = bytes(range(32, 64))


TEXT = st.text(max_size=90).map(shown)
NAMES = TEXT.filter(bool)
OFFERS = st.builds(
    Offer,
    group_name=NAMES,
    phone=NAMES,
    inviter=TEXT,
    offices=st.lists(NAMES, max_size=8).map(tuple),
    right=st.sampled_from(["read", "write"]),
    name=TEXT,
    title=TEXT,
    member_number=st.integers(0, 100_000),
    member_name=TEXT,
    others=st.integers(0, 1000),
    scope=st.just(""),
    until=st.just(""),
)
READERS_OFFERS = st.builds(
    lambda offer, scope, until: offer._replace(scope=scope, until=until),
    OFFERS,
    st.sampled_from(["summary", "ledger", "people"]),
    st.one_of(st.just(""), st.dates().map(str)),
)


@given(OFFERS | READERS_OFFERS, st.binary(min_size=32, max_size=32), st.integers(0, 1000), NAMES)
def test_what_is_said_is_understood(offer: Offer, value: bytes, others: int, name: str) -> None:
    join, joined = Join(TREASURER, name), Joined(value, TREASURER)
    assert decode_join(encode_join(join), PROVED) == join
    assert decode_joined(encode_joined(joined), PROVED) == joined
    assert decode_offer(encode_offer(offer)) == offer
    assert decode_bytes(encode_bytes(value)) == value
    assert decode_enrolled(encode_enrolled(others)) == others
    decode_word(encode_word())


@given(st.text(max_size=300))
def test_a_name_of_any_kind_is_shown_on_one_line_and_understood(name: str) -> None:
    line = shown(name)
    assert line.isprintable()
    assert len(line) <= 80
    offer = Offer(name, name, name, (name or "x",), "read", name, name, 0, name, 0)
    if shown(name):
        decoded = decode_offer(encode_offer(offer))
        assert decoded.group_name == decoded.name == line


def test_nobody_joins_with_the_key_of_another_phone() -> None:
    for key in (OTHER, b"\xff" * 32):  # another device's, and no curve point
        with pytest.raises(RemoteError, match="join-key"):
            decode_join(encode_join(Join(key, "Treasurer's phone")), PROVED)
        with pytest.raises(RemoteError, match="join-key"):
            decode_joined(encode_joined(Joined(GROUP, key)), PROVED)


OFFERED = ["Umoja", "Phone", "", [], "write", "", "", 0, "", 0]
WRONG: tuple[tuple[object, ...], ...] = (
    ("", "a\u202eb", 7),
    ("",),
    (None, "x" * 81),
    (["a"] * 9, [""], "title"),
    ("own",),
    (b"",),
    ("two\nlines",),
    (-1, True, 10**6),
    (0,),
    (-1, 1001, "0"),
)
"""For each field of an offer, what it can't hold."""


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [1],
        [1, TREASURER, "name"],
        [True, TREASURER, "name"],
        [2, TREASURER[:31], "name"],
        [2, TREASURER, ""],
        [2, TREASURER, " "],
        [2, TREASURER, "two\nlines"],
        [2, TREASURER, "n" * 81],
        [2, TREASURER, b"name"],
        [2, TREASURER.hex(), "name"],
        [2, TREASURER, "name", 1],
        [2, TREASURER, ["name"]],
        [2, TREASURER, GROUP, GROUP],
        [2, -1],
        [2, True],
        [2, 2**40],
        [2, "1"],
        *(
            [2, *OFFERED[:at], wrong, *OFFERED[at + 1 :]]
            for at, wrongs in enumerate(WRONG)
            for wrong in wrongs
        ),
        {"version": 2},
        "text",
        7,
    ],
)  # fmt: skip
def test_messages_of_another_form_are_refused(fields: object) -> None:
    message = cbor2.dumps(fields, canonical=True)
    for decode in DECODERS:
        with pytest.raises(RemoteError):
            decode(message)


DECODERS: list[Callable[[bytes], object]] = [
    lambda message: decode_join(message, PROVED),
    lambda message: decode_joined(message, PROVED),
    decode_offer,
    decode_bytes,
    decode_enrolled,
    decode_word,
]


@given(st.one_of(st.binary(max_size=200), st.binary(min_size=1000, max_size=1100)))
def test_garbage_gives_a_remote_error(garbage: bytes) -> None:
    for decode in (*DECODERS, parse_hello):
        try:
            decode(garbage)
        except RemoteError:
            continue
        assert garbage.startswith((MAGIC, encode_word()[:1], b"\x82\x02"))


def test_other_encodings_of_the_same_values_are_refused() -> None:
    plain = encode_join(Join(TREASURER, "name"))
    for message in (plain + b"\0", plain.replace(b"\x02", b"\x18\x02", 1), b"\xd9\xd9\xf7" + plain):
        with pytest.raises(RemoteError):
            decode_join(message, PROVED)
    with pytest.raises(RemoteError):
        decode_join(b"\x81" * 900 + b"\0", PROVED)


def said(kind: Kind = "peer", key: bytes = GROUP) -> Hello:
    return parse_hello(make_hello(kind, key, EPHEMERAL) + EPHEMERAL)


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
    for kind in ("peer", "join", "compare"):
        assert said(kind, key).kind == kind


def test_two_hellos_have_nothing_in_common_for_a_stranger() -> None:
    key = discovery_key(GROUP)
    one = make_hello("peer", key, EPHEMERAL)
    other = make_hello("peer", key, bytes(32))
    assert one[:5] == other[:5]
    assert one[5:] != other[5:]
    assert GROUP not in one
