"""Two people compare six digits: equal on an honest channel, a guess for who stands between."""

import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.comparison import NUMBERS, Comparison, channel_number, grouped
from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys
from replication.noise import XX, Handshake

FILE = Path(__file__).parents[1] / "vectors" / "pairing.json"
HASHES = st.binary(min_size=64, max_size=64)
NONCES = st.binary(min_size=32, max_size=32)
SECRETARY, TREASURER, THIEF = (DeviceKeys(bytes([n]) * 32).noise_static() for n in (1, 2, 3))


def chance() -> Callable[[], bytes]:
    """Fresh 32 bytes at every call, the same in every run."""
    counter = itertools.count()
    return lambda: hashlib.sha256(b"%d" % next(counter)).digest()


def compared(caller: Comparison, answerer: Comparison) -> tuple[str, str]:
    """The numbers on both screens after an undisturbed conversation."""
    from_caller = caller.commit(answerer.commitment)
    from_answerer = answerer.commit(caller.commitment)
    return caller.reveal(from_answerer), answerer.reveal(from_caller)


def channel(caller: bytes, answerer: bytes, fresh: Callable[[], bytes]) -> bytes:
    """The handshake hash of a real XX channel between two static keys."""
    ends = [
        Handshake(XX, initiator=first, prologue=b"", static=static, ephemeral=fresh())
        for first, static in ((True, caller), (False, answerer))
    ]
    for turn in range(3):
        ends[1 - turn % 2].read(ends[turn % 2].write())
    assert ends[0].handshake_hash == ends[1].handshake_hash
    return ends[0].handshake_hash


@given(HASHES, NONCES, NONCES)
def test_both_screens_show_the_same_six_digits(binding: bytes, one: bytes, other: bytes) -> None:
    caller, answerer = (
        Comparison(binding, one, caller=True),
        Comparison(binding, other, caller=False),
    )
    left, right = compared(caller, answerer)
    assert left == right
    assert len(left) == 6
    assert left.isdigit()
    assert grouped(left) == f"{left[:3]} {left[3:]}"


@given(HASHES, HASHES, NONCES, NONCES)
def test_another_channel_or_nonce_gives_other_commitments(
    binding: bytes, elsewhere: bytes, one: bytes, other: bytes
) -> None:
    seen = {
        Comparison(hashed, nonce, caller=caller).commitment
        for hashed in {binding, elsewhere}
        for nonce in {one, other}
        for caller in (True, False)
    }
    assert len(seen) == len({binding, elsewhere}) * len({one, other}) * 2


@given(HASHES, NONCES, NONCES, NONCES)
def test_a_nonce_that_was_not_promised_is_refused(
    binding: bytes, one: bytes, other: bytes, third: bytes
) -> None:
    caller = Comparison(binding, one, caller=True)
    caller.commit(Comparison(binding, other, caller=False).commitment)
    if third != other:
        with pytest.raises(RemoteError, match="compare-changed"):
            caller.reveal(third)
    with pytest.raises(RemoteError, match="compare-changed"):
        caller.reveal(other[:31])


def test_a_phone_s_own_words_given_back_to_it_are_refused() -> None:
    binding, fresh = bytes(64), chance()
    caller = Comparison(binding, fresh(), caller=True)
    own = caller.commit(caller.commitment)
    with pytest.raises(RemoteError, match="compare-changed"):
        caller.reveal(own)


def test_the_order_of_the_words_can_not_be_changed() -> None:
    caller = Comparison(bytes(64), bytes(32), caller=True)
    with pytest.raises(LocalError):
        caller.reveal(bytes(32))
    with pytest.raises(RemoteError):
        caller.commit(bytes(31))
    caller.commit(bytes(32))
    with pytest.raises(LocalError):  # a second promise, made after the nonce was told
        caller.commit(bytes(range(32)))
    for binding, nonce in ((bytes(32), bytes(32)), (bytes(64), bytes(16))):
        with pytest.raises(LocalError):
            Comparison(binding, nonce, caller=True)


class Between:
    """A man in the middle: one real channel with each phone, and his own nonces."""

    def __init__(self, fresh: Callable[[], bytes]) -> None:
        self.with_caller = channel(TREASURER, THIEF, fresh)
        self.with_answerer = channel(THIEF, SECRETARY, fresh)
        self.caller = Comparison(self.with_caller, fresh(), caller=True)
        self.answerer = Comparison(self.with_answerer, fresh(), caller=False)
        self.to_caller = Comparison(self.with_caller, fresh(), caller=False)
        self.to_answerer = Comparison(self.with_answerer, fresh(), caller=True)

    def play(self) -> tuple[str, str]:
        """Both conversations to the end: what the two honest screens show."""
        shown, _ = compared(self.caller, self.to_caller)
        _, also = compared(self.to_answerer, self.answerer)
        return shown, also


def test_a_man_in_the_middle_is_seen() -> None:
    fresh, rounds = chance(), 300
    agree = sum(left == right for left, right in (Between(fresh).play() for _ in range(rounds)))
    assert agree == 0  # 300 guesses in a million: seeded, so it stays so


def test_who_stands_between_can_not_choose_the_nonce_that_would_agree() -> None:
    """He knows the caller's number and searches a nonce that makes the answerer's equal.

    He finds one soon when fewer digits are asked for; but his promise was made before, and the
    answerer takes no other nonce.
    """
    fresh = chance()
    between = Between(fresh)
    wanted, _ = compared(between.caller, between.to_caller)
    told = between.answerer.commit(between.to_answerer.commitment)

    def number(nonce: bytes) -> str:
        trial = Comparison(between.with_answerer, nonce, caller=True)
        trial.commit(between.answerer.commitment)
        return trial.reveal(told)

    found = next(
        nonce for nonce in (fresh() for _ in range(20_000)) if number(nonce)[:2] == wanted[:2]
    )
    with pytest.raises(RemoteError, match="compare-changed"):
        between.answerer.reveal(found)


def test_the_numbers_are_spread_evenly() -> None:
    fresh = chance()
    shown = [int(compared(
        Comparison(bytes(64), fresh(), caller=True), Comparison(bytes(64), fresh(), caller=False)
    )[0]) for _ in range(2_000)]  # fmt: skip
    tenths = [sum(value * 10 // NUMBERS == tenth for value in shown) for tenth in range(10)]
    assert all(140 <= count <= 260 for count in tenths)  # 200 and over four deviations
    assert len(set(shown)) > 1_980


def test_the_frozen_vectors_stay() -> None:
    """`pairing.json` was written by this version and is never written again."""
    vectors = json.loads(FILE.read_text("utf-8"))
    assert len(vectors["comparisons"]) >= 4
    for row in vectors["comparisons"]:
        binding = bytes.fromhex(row["handshake_hash"])
        caller = Comparison(binding, bytes.fromhex(row["caller_nonce"]), caller=True)
        answerer = Comparison(binding, bytes.fromhex(row["answerer_nonce"]), caller=False)
        assert caller.commitment.hex() == row["caller_commitment"]
        assert answerer.commitment.hex() == row["answerer_commitment"]
        assert compared(caller, answerer) == (row["number"], row["number"])
        assert channel_number(binding) == row["channel_number"]


def test_the_vectors_follow_from_the_written_rule_alone() -> None:
    """The same numbers from PROTOCOL.md's formulas, without the module."""
    for row in json.loads(FILE.read_text("utf-8"))["comparisons"]:
        binding, one, other = (
            bytes.fromhex(row[name])
            for name in ("handshake_hash", "caller_nonce", "answerer_nonce")
        )
        made = hashlib.sha256(b"mkutano/pairing/number/1" + binding + one + other).digest()
        assert row["number"] == str(int(made[:8].hex(), 16) % 10**6).zfill(6)
        promised = hashlib.sha256(b"mkutano/pairing/commit/1\x01" + binding + one).hexdigest()
        assert row["caller_commitment"] == promised
