"""Messages: what is written is read back, and whatever else a peer says is refused by its code."""

from __future__ import annotations

import pytest

from replication.cbor import dumps
from replication.errors import RemoteError
from replication.frontier import Tip
from replication.limits import (
    CHAIN_LENGTH_MAX,
    FRAME_BYTES_MAX,
    KEYS_MAX,
    NOTES_MAX,
    TIME_MS_MAX,
    TIPS_MAX,
)
from replication.session import Session
from replication.wire import (
    Acknowledge,
    Changes,
    Have,
    Keys,
    Message,
    Notes,
    PersonKey,
    Proof,
    Sorry,
    decode,
    encode,
)

K, P, S = b"k" * 32, b"p" * 16, b"s" * 64
TIP = Tip(K, CHAIN_LENGTH_MAX, K)

MESSAGES: tuple[Message, ...] = (
    Have((), b""),
    Have((TIP,) * TIPS_MAX, b"d" * 32),
    Changes(0, b""),
    Changes(CHAIN_LENGTH_MAX, b"bundle"),
    Acknowledge((TIP,), S),
    Keys(()),
    Keys((PersonKey(P, K),)),
    Sorry("code", "text"),
    Notes(()),
    Notes((b"", b"n" * 512) * (NOTES_MAX // 2)),
    Proof(1, bytes(32), 0, K, S),
    Proof(CHAIN_LENGTH_MAX, K, TIME_MS_MAX - 1, K, S),
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: repr(one)[:40])
def test_a_message_is_read_back(message: Message) -> None:
    assert decode(encode(message)) == message


ROW = [K, 1, K]
REFUSED: dict[str, tuple[str, object]] = {
    "no message": ("bad_message", []),
    "an unknown number": ("bad_message", [8, [], b""]),
    "too few fields": ("bad_message", [1, []]),
    "a long digest": ("bad_message", [1, [], b"d" * 33]),
    "tips that are no list": ("bad_tips", [1, {}, b""]),
    "too many tips": ("bad_tips", [1, [ROW] * (TIPS_MAX + 1), b""]),
    "a tip that is no row": ("bad_tips", [1, [5], b""]),
    "a tip of a short device": ("bad_tips", [1, [[K[1:], 1, K]], b""]),
    "a tip of a short chain": ("bad_tips", [1, [[K, 1, K[1:]]], b""]),
    "a tip before the first": ("bad_tips", [1, [[K, -1, K]], b""]),
    "a tip beyond the last": ("bad_tips", [1, [[K, CHAIN_LENGTH_MAX + 1, K]], b""]),
    "a tip at a truth": ("bad_tips", [1, [[K, True, K]], b""]),
    "fewer than none left": ("bad_message", [2, -1, b""]),
    "more than can be left": ("bad_message", [2, CHAIN_LENGTH_MAX + 1, b""]),
    "a short signature": ("bad_message", [3, [], S[1:]]),
    "too many keys": ("bad_message", [4, [[P, K]] * (KEYS_MAX + 1)]),
    "a key that is no row": ("bad_message", [4, [5]]),
    "a key of a short name": ("bad_message", [4, [[P[1:], K]]]),
    "a short key": ("bad_message", [4, [[P, K[1:]]]]),
    "a code that is long": ("bad_message", [5, "c" * 1_000, ""]),
    "too many notes": ("bad_message", [6, [b""] * (NOTES_MAX + 1)]),
    "a note that is a number": ("bad_message", [6, [5]]),
    "a long note": ("bad_message", [6, [b"n" * 513]]),
    "a proof of nothing": ("bad_message", [7]),
    "a proof with more": ("bad_message", [7, 1, K, 0, K, S, 0]),
    "a proof of no place": ("bad_message", [7, 0, K, 0, K, S]),
    "a proof past the last place": ("bad_message", [7, CHAIN_LENGTH_MAX + 1, K, 0, K, S]),
    "a proof at a truth": ("bad_message", [7, True, K, 0, K, S]),
    "a proof at a time that is a truth": ("bad_message", [7, 1, K, False, K, S]),
    "a proof before all time": ("bad_message", [7, 1, K, -1, K, S]),
    "a proof after all time": ("bad_message", [7, 1, K, TIME_MS_MAX, K, S]),
    "a proof after a short hash": ("bad_message", [7, 1, K[1:], 0, K, S]),
    "a proof of a short hash": ("bad_message", [7, 1, K, 0, K[1:], S]),
    "a proof with a short signature": ("bad_message", [7, 1, K, 0, K, S[1:]]),
}


@pytest.mark.parametrize(("code", "value"), REFUSED.values(), ids=REFUSED)
def test_any_other_message_is_refused(code: str, value: object) -> None:
    with pytest.raises(RemoteError) as caught:
        decode(dumps(value))
    assert caught.value.code == code


def test_a_frame_of_more_than_a_mebibyte_is_not_read() -> None:
    with pytest.raises(RemoteError) as caught:
        decode(bytes(FRAME_BYTES_MAX + 1))
    assert caught.value.code == "too_large"
    with pytest.raises(RemoteError) as caught:
        decode(bytes(FRAME_BYTES_MAX))
    assert caught.value.code != "too_large"


def test_what_waits_for_its_past_is_bounded_and_the_oldest_goes() -> None:
    session = Session(K, True)
    for number in range(5):
        session.hold(bytes([number]) * 1024 * 1024)
    assert [bundle[0] for bundle in session.held] == [1, 2, 3, 4]
