"""Blobs for a relay: opened by another library, by nobody else, and nowhere but in their place."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nacl.secret import Aead

from relay.facts import BLOB_BYTES_MAX as RELAYS_BYTES_MAX
from replication.errors import LocalError, RemoteError
from replication.limits import BLOB_BYTES_MAX, BUNDLE_BYTES_MAX
from replication.people import is_key_id, key_id_of, tag_key_id
from replication.sealing import (
    PADDED_BYTES_MIN,
    epoch_key_id,
    is_epoch_key,
    open_blob,
    padded_length,
    seal_blob,
)

KEY, NONCE, MAILBOX, GROUP = b"k" * 32, b"n" * 24, b"m" * 32, b"g" * 32
KEY_ID = epoch_key_id(KEY)
BOX = {KEY_ID: KEY}
HEAD_BYTES, TAG_BYTES = 41, 16
CONTENT_BYTES_MAX = 770_047
KEYS = st.binary(min_size=32, max_size=32)


def refusal(keys: dict[bytes, bytes], mailbox: bytes, blob: bytes) -> str:
    """The code with which a blob is refused."""
    with pytest.raises(RemoteError) as caught:
        open_blob(keys, mailbox, blob)
    return caught.value.code


@given(KEYS, st.binary(min_size=24, max_size=24), KEYS, st.binary(max_size=1500))
@example(KEY, NONCE, MAILBOX, b"")
@example(KEY, NONCE, MAILBOX, b"\x80" + bytes(300))
def test_what_was_sealed_is_read_back_by_us_and_by_another_library(
    key: bytes, nonce: bytes, mailbox: bytes, plain: bytes
) -> None:
    blob = seal_blob(key, nonce, mailbox, plain)
    assert open_blob({epoch_key_id(key): key}, mailbox, blob) == plain
    assert blob == seal_blob(key, nonce, mailbox, plain)
    assert blob[:HEAD_BYTES] == b"\x01" + epoch_key_id(key) + nonce
    bound = b"mkutano/blob/1" + mailbox + epoch_key_id(key)
    padded = Aead(key).decrypt(blob[HEAD_BYTES:], bound, nonce)
    assert padded[: len(plain) + 1] == plain + b"\x80"
    assert not any(padded[len(plain) + 1 :])


def padme(length: int) -> int:
    """The rule as its paper gives it, with logarithms."""
    exponent = math.floor(math.log2(length))
    low_bits = exponent - (math.floor(math.log2(exponent)) + 1)
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask


@given(st.integers(0, CONTENT_BYTES_MAX))
@example(PADDED_BYTES_MIN - 1)
@example(PADDED_BYTES_MIN)
@example(2**16 - 1)
@example(2**16)
def test_lengths_are_those_of_padme(length: int) -> None:
    padded = padded_length(length)
    assert padded == padme(max(length + 1, PADDED_BYTES_MIN))
    assert padded == PADDED_BYTES_MIN or padded <= (length + 1) * 1.12


def test_few_lengths_are_ever_seen() -> None:
    """16 lengths of each doubling up to 64 KiB, 32 above."""
    seen = {PADDED_BYTES_MIN}
    while (longest := max(seen)) < CONTENT_BYTES_MAX:
        seen.add(padded_length(longest))  # one byte more than fits
    assert len(seen) == 1 + 8 * 16 + 3 * 32 + 15
    short = {len(seal_blob(KEY, NONCE, MAILBOX, bytes(length))) for length in range(255)}
    assert short == {HEAD_BYTES + PADDED_BYTES_MIN + TAG_BYTES}


def test_every_flipped_bit_is_refused() -> None:
    blob = seal_blob(KEY, NONCE, MAILBOX, b"a roll call")
    codes = set()
    for bit in range(8 * len(blob)):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        codes.add(refusal(BOX, MAILBOX, bytes(flipped)))
    assert codes == {"update", "unknown_epoch", "not_opened"}


def test_every_cut_and_every_addition_is_refused() -> None:
    blob = seal_blob(KEY, NONCE, MAILBOX, b"a roll call")
    assert {refusal(BOX, MAILBOX, blob[:end]) for end in range(len(blob))} == {"not_opened"}
    assert refusal(BOX, MAILBOX, blob + b"\x00") == "not_opened"
    assert refusal(BOX, MAILBOX, blob.ljust(BLOB_BYTES_MAX + 1, b"\x00")) == "not_opened"


def test_a_blob_opens_in_its_own_mailbox_and_under_its_own_key_only() -> None:
    blob = seal_blob(KEY, NONCE, MAILBOX, b"a roll call")
    assert refusal(BOX, b"M" * 32, blob) == "not_opened"
    with pytest.raises(RemoteError, match=KEY_ID.hex()) as caught:
        open_blob({epoch_key_id(b"K" * 32): b"K" * 32}, MAILBOX, blob)
    assert caught.value.code == "unknown_epoch"
    assert refusal({KEY_ID: b"K" * 32}, MAILBOX, blob) == "unknown_epoch"
    assert refusal({KEY_ID: b""}, MAILBOX, blob) == "unknown_epoch"


def test_a_members_key_opens_no_blob_even_where_it_was_sealed_under_it() -> None:
    """By hand, under the id that the member's key has in the box."""
    key_id = key_id_of(KEY)
    bound = b"mkutano/blob/1" + MAILBOX + key_id
    sealed = Aead(KEY).encrypt(b"\x80".ljust(256, b"\x00"), bound, NONCE).ciphertext
    blob = b"\x01" + key_id + NONCE + sealed
    assert refusal({key_id: KEY}, MAILBOX, blob) == "unknown_epoch"


@given(KEYS)
def test_epoch_keys_and_member_keys_are_told_apart(key: bytes) -> None:
    ids = (epoch_key_id(key), key_id_of(key), tag_key_id(GROUP), tag_key_id(key))
    assert len(set(ids)) == 4
    assert [is_epoch_key(key_id, key) for key_id in ids] == [True, False, False, False]
    assert [is_key_id(GROUP, key_id, key) for key_id in ids] == [True, True, True, False]
    assert not is_epoch_key(epoch_key_id(key[:-1]), key[:-1])


@pytest.mark.parametrize(
    "padded",
    [
        b"\x80".ljust(255, b"\x00"),
        b"\x80".ljust(272, b"\x00"),
        bytes(256),
        b"x" * 256,
        b"",
        b"x" * 255 + b"\x81",
    ],
)
def test_what_is_padded_otherwise_is_refused(padded: bytes) -> None:
    sealed = Aead(KEY).encrypt(padded, b"mkutano/blob/1" + MAILBOX + KEY_ID, NONCE).ciphertext
    assert refusal(BOX, MAILBOX, b"\x01" + KEY_ID + NONCE + sealed) == "not_opened"


def test_a_later_version_asks_for_an_update() -> None:
    blob = seal_blob(KEY, NONCE, MAILBOX, b"")
    assert refusal(BOX, MAILBOX, b"\x02" + blob[1:]) == "update"
    assert refusal(BOX, MAILBOX, b"\xff") == "update"
    assert refusal(BOX, MAILBOX, b"\x00" + blob[1:]) == "not_opened"


@settings(max_examples=200)
@given(st.binary(max_size=100), st.sampled_from([b"", b"\x01", b"\x01" + KEY_ID]))
def test_any_bytes_give_a_remote_error(garbage: bytes, beginning: bytes) -> None:
    assert refusal(BOX, MAILBOX, beginning + garbage)


def test_the_largest_content_fits_what_the_relay_takes_and_a_bundle_is_smaller() -> None:
    assert BLOB_BYTES_MAX == RELAYS_BYTES_MAX
    assert BUNDLE_BYTES_MAX < CONTENT_BYTES_MAX
    largest = bytes(CONTENT_BYTES_MAX)
    blob = seal_blob(KEY, NONCE, MAILBOX, largest)
    assert len(blob) <= BLOB_BYTES_MAX
    assert open_blob(BOX, MAILBOX, blob) == largest
    with pytest.raises(LocalError) as caught:
        seal_blob(KEY, NONCE, MAILBOX, largest + b"x")
    assert caught.value.code == "too_large"


def test_a_blob_past_the_relays_limit_is_refused_though_it_is_well_sealed() -> None:
    padded = b"\x80".rjust(BLOB_BYTES_MAX, b"x")
    sealed = Aead(KEY).encrypt(padded, b"mkutano/blob/1" + MAILBOX + KEY_ID, NONCE).ciphertext
    assert padded_length(BLOB_BYTES_MAX - 1) == BLOB_BYTES_MAX
    assert refusal(BOX, MAILBOX, b"\x01" + KEY_ID + NONCE + sealed) == "not_opened"


def test_a_mailbox_that_is_none_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal_blob(KEY, NONCE, b"m" * 31, b"")
