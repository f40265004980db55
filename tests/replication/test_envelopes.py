"""Envelopes: opened by libsodium's own sealed box, by two cards together, and by nobody else."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_box_beforenm, crypto_box_seal_open
from nacl.exceptions import CryptoError
from nacl.secret import Aead, SecretBox

from replication import envelopes
from replication.cards import card_keys
from replication.envelopes import Opener, Recipient, is_recipient, open_envelope, seal_envelope
from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys, noise_public
from replication.limits import BLOB_BYTES_MAX, RECIPIENTS_MAX

DEVICES = [DeviceKeys(bytes([number]) * 32) for number in range(1, 7)]
CARDS = [card_keys(bytes([number]) * 16) for number in range(1, 4)]
STRANGER = DeviceKeys(b"s" * 32)
OPENERS: list[Opener] = [*DEVICES, *combinations(CARDS, 2)]
CONTEXT, SEED = b"doors of umoja", b"f" * 32
ROWS_AT, ROW_BYTES = 35, 56
WORTHLESS = (
    bytes(32),
    b"\x01" + bytes(31),  # the neutral element
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    b"\xff" * 32,
    b"\x02" + bytes(31),
    b"short",
    b"",
)
"""Points of low order, no points, and other things that stand where a key should."""


def named(opener: Opener) -> Recipient:
    """By which public keys it is sealed to."""
    return opener.public if isinstance(opener, DeviceKeys) else (opener[0].public, opener[1].public)


def refusal(envelope: bytes, opener: Opener, context: bytes = CONTEXT) -> str:
    """The code with which an envelope is refused."""
    with pytest.raises(RemoteError) as caught:
        open_envelope(envelope, opener, context)
    return caught.value.code


def rows(envelope: bytes) -> list[bytes]:
    count = int.from_bytes(envelope[33:35], "big")
    return [envelope[at : at + ROW_BYTES] for at in range(ROWS_AT, ROWS_AT + 56 * count, 56)]


def content_of(envelope: bytes, content_key: bytes, context: bytes = CONTEXT) -> bytes:
    """The content by the written rule, with another library's cipher; padding left on."""
    at = ROWS_AT + ROW_BYTES * len(rows(envelope))
    bound = b"mkutano/envelope/1" + len(context).to_bytes(8, "big") + context + envelope[:at]
    return Aead(content_key).decrypt(envelope[at:], bound, bytes(24))


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.sampled_from(range(len(OPENERS))), min_size=1),
    st.binary(max_size=600),
    st.binary(max_size=40),
    st.binary(min_size=32, max_size=32),
)
def test_who_it_is_sealed_to_opens_it_and_nobody_else(
    to: set[int], plain: bytes, context: bytes, seed: bytes
) -> None:
    envelope = seal_envelope(plain, [named(OPENERS[one]) for one in to], context, seed)
    for number, opener in enumerate(OPENERS):
        if number in to:
            assert open_envelope(envelope, opener, context) == plain
        else:
            assert refusal(envelope, opener, context) == "not_for_us"
    assert refusal(envelope, STRANGER, context) == "not_for_us"


def test_a_devices_row_is_a_sealed_box_of_libsodium() -> None:
    envelope = seal_envelope(b"keys", [device.public for device in DEVICES], CONTEXT, SEED)
    ephemeral, opened = envelope[1:33], Counter[int]()
    for device in DEVICES:
        for number, row in enumerate(rows(envelope)):
            sealed_box = ephemeral + row[8:]
            try:
                content_key = crypto_box_seal_open(
                    sealed_box, noise_public(device.public), device.noise_static()
                )
            except CryptoError:
                continue
            opened[number] += 1
            assert content_of(envelope, content_key) == b"keys\x80".ljust(256, b"\x00")
    assert opened == Counter(range(len(DEVICES)))


def test_the_row_of_two_cards_follows_the_written_rule() -> None:
    first, second = sorted(CARDS[:2], key=lambda card: card.public)
    envelope = seal_envelope(b"keys", [(second.public, first.public)], CONTEXT, SEED)
    ephemeral, (row,) = envelope[1:33], rows(envelope)
    both = b"".join(crypto_box_beforenm(ephemeral, card.noise_static()) for card in (first, second))
    secret = blake2b(key=both, person=b"mkutano/env-pair", digest_size=32).digest()
    assert row[:8] == blake2b(key=secret, person=b"mkutano/env-tag", digest_size=8).digest()
    points = noise_public(first.public) + noise_public(second.public)
    nonce = blake2b(ephemeral + points, digest_size=24).digest()
    content_key = SecretBox(secret).decrypt(row[8:], nonce)
    assert content_of(envelope, content_key).startswith(b"keys\x80")


def test_two_cards_are_needed_in_any_order_and_the_right_ones() -> None:
    one, other, third = CARDS
    envelope = seal_envelope(b"keys", [(other.public, one.public)], CONTEXT, SEED)
    assert envelope == seal_envelope(b"keys", [(one.public, other.public)], CONTEXT, SEED)
    assert open_envelope(envelope, (one, other), CONTEXT) == b"keys"
    assert open_envelope(envelope, (other, one), CONTEXT) == b"keys"
    wrong: list[Opener] = [one, other, (one, third), (one, one), (third, other), (one, STRANGER)]
    assert {refusal(envelope, opener) for opener in wrong} == {"not_for_us"}


def test_equal_arguments_give_equal_bytes_and_a_seed_used_twice_gives_no_key_twice() -> None:
    to = [device.public for device in DEVICES]
    envelope = seal_envelope(b"keys", to, CONTEXT, SEED)
    assert envelope == seal_envelope(b"keys", reversed(to), CONTEXT, SEED)
    assert envelope == seal_envelope(b"keys", [*to, *to], CONTEXT, SEED)
    others = [
        seal_envelope(b"keys", to, CONTEXT, b"F" * 32),
        seal_envelope(b"keyt", to, CONTEXT, SEED),
        seal_envelope(b"keys", to[1:], CONTEXT, SEED),
        seal_envelope(b"keys", to, CONTEXT + b".", SEED),
    ]
    ephemerals = {one[1:33] for one in (envelope, *others)}
    tags = {row[:8] for one in (envelope, *others) for row in rows(one)}
    assert len(ephemerals) == 5
    assert len(tags) == 5 * len(to) - 1


def test_it_names_nobody_and_tells_cards_and_devices_not_apart() -> None:
    envelope = seal_envelope(b"keys", map(named, OPENERS), CONTEXT, SEED)
    for keys in (*DEVICES, *CARDS):
        for public in (keys.public, noise_public(keys.public)):
            assert not any(public[at : at + 4] in envelope for at in range(29))
    assert len(rows(envelope)) == len(OPENERS)
    assert rows(envelope) == sorted(rows(envelope))
    devices_only = seal_envelope(b"keys", [one.public for one in DEVICES[:4]], CONTEXT, SEED)
    with_cards = seal_envelope(b"keys", map(named, OPENERS[-4:]), CONTEXT, SEED)
    assert len(devices_only) == len(with_cards)


def test_every_flipped_bit_is_refused() -> None:
    envelope = seal_envelope(b"k", [DEVICES[0].public, DEVICES[1].public], CONTEXT, SEED)
    codes = set()
    for bit in range(8 * len(envelope)):
        flipped = bytearray(envelope)
        flipped[bit // 8] ^= 1 << bit % 8
        codes.add(refusal(bytes(flipped), DEVICES[0]))
    assert codes == {"update", "not_for_us", "not_opened"}


def test_every_cut_and_every_addition_is_refused() -> None:
    envelope = seal_envelope(b"k", [DEVICES[0].public], CONTEXT, SEED)
    cuts = {refusal(envelope[:end], DEVICES[0]) for end in range(len(envelope))}
    assert cuts == {"not_opened"}
    assert refusal(envelope + b"\x00", DEVICES[0]) == "not_opened"
    assert refusal(envelope.ljust(BLOB_BYTES_MAX + 1, b"\x00"), DEVICES[0]) == "not_opened"


def test_an_envelope_can_t_be_moved_or_put_together_of_two() -> None:
    to = [device.public for device in DEVICES]
    one, other = (seal_envelope(text, to, CONTEXT, SEED) for text in (b"one", b"two"))
    assert refusal(one, DEVICES[0], b"doors of amani") == "not_opened"
    content_at = ROWS_AT + ROW_BYTES * len(to)
    assert refusal(one[:content_at] + other[content_at:], DEVICES[0]) == "not_opened"
    assert refusal(one[:33] + other[33:], DEVICES[0]) == "not_for_us"
    fewer = one[:33] + (5).to_bytes(2, "big") + b"".join(rows(one)[1:]) + one[content_at:]
    assert {refusal(fewer, device) for device in DEVICES} == {"not_for_us", "not_opened"}


def test_rows_have_one_order() -> None:
    to = [device.public for device in DEVICES[:3]]
    envelope = seal_envelope(b"keys", to, CONTEXT, SEED)
    first, second, third = rows(envelope)
    content = envelope[ROWS_AT + 3 * ROW_BYTES :]
    for wrong in ((second, first, third), (first, first, third), (first, first[:8] + third[8:])):
        head = envelope[:33] + len(wrong).to_bytes(2, "big")
        forged = head + b"".join(wrong) + content
        assert {refusal(forged, device) for device in DEVICES} == {"not_opened"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x01", b"\x01" + DEVICES[0].public]))
def test_any_bytes_give_a_remote_error(garbage: bytes, beginning: bytes) -> None:
    assert refusal(beginning + garbage, DEVICES[0])
    assert refusal(beginning + garbage, (CARDS[0], CARDS[1]))


def test_a_worthless_ephemeral_key_is_refused() -> None:
    envelope = seal_envelope(b"keys", [DEVICES[0].public], CONTEXT, SEED)
    for point in (bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"):
        assert refusal(envelope[:1] + point + envelope[33:], DEVICES[0]) == "not_opened"


def test_a_key_that_is_none_gets_no_row_and_keeps_nobody_from_theirs() -> None:
    pairs = [(key, DEVICES[0].public) for key in WORTHLESS]
    same = (CARDS[0].public, CARDS[0].public)
    useless: list[Recipient] = [*WORTHLESS, *pairs, same]
    assert not any(map(is_recipient, useless))
    envelope = seal_envelope(b"keys", [*useless, DEVICES[0].public], CONTEXT, SEED)
    assert len(rows(envelope)) == 1
    assert open_envelope(envelope, DEVICES[0], CONTEXT) == b"keys"
    for recipients in (useless, []):
        with pytest.raises(LocalError) as caught:
            seal_envelope(b"keys", recipients, CONTEXT, SEED)
        assert caught.value.code == "no_recipient"


def test_two_keys_of_one_point_get_one_row() -> None:
    """An Ed25519 key and its negative are the same X25519 key."""
    public = DEVICES[0].public
    negative = public[:31] + bytes([public[31] ^ 0x80])
    envelope = seal_envelope(b"keys", [public, negative], CONTEXT, SEED)
    assert len(rows(envelope)) == 1
    assert not is_recipient((public, negative))


def test_a_later_version_asks_for_an_update() -> None:
    envelope = seal_envelope(b"keys", [DEVICES[0].public], CONTEXT, SEED)
    assert refusal(b"\x02" + envelope[1:], DEVICES[0]) == "update"
    assert refusal(b"\x00" + envelope[1:], DEVICES[0]) == "not_opened"


def counted(patch: pytest.MonkeyPatch, names: Sequence[str]) -> Counter[str]:
    """Count the calls of these functions of `envelopes` from here on."""
    calls = Counter[str]()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls[name] += 1
            return function(*arguments)

        return call

    for name in names:
        patch.setattr(envelopes, name, counting(name, getattr(envelopes, name)))
    return calls


AGREE, UNBOX = "crypto_box_beforenm", "crypto_box_open_afternm"


def test_opening_costs_the_same_however_many_rows_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publics = [DeviceKeys(n.to_bytes(32, "big")).public for n in range(1, RECIPIENTS_MAX)]
    calls = counted(monkeypatch, (AGREE, UNBOX))
    envelope = seal_envelope(b"keys", [*publics, STRANGER.public], CONTEXT, SEED)
    assert calls == {AGREE: RECIPIENTS_MAX}
    calls.clear()
    assert open_envelope(envelope, STRANGER, CONTEXT) == b"keys"
    assert calls == {AGREE: 1, UNBOX: 1}
    calls.clear()
    assert refusal(envelope, (CARDS[0], CARDS[1])) == "not_for_us"
    assert calls == {AGREE: 2}
    calls.clear()
    with pytest.raises(LocalError) as caught:
        seal_envelope(b"", [*publics, STRANGER.public, CARDS[0].public], CONTEXT, SEED)
    assert caught.value.code == "too_many_recipients"
    assert not calls


def test_a_false_count_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    envelope = seal_envelope(b"keys", [DEVICES[0].public], CONTEXT, SEED)
    calls = counted(monkeypatch, (AGREE, UNBOX))
    for count in (0, RECIPIENTS_MAX + 1, 0xFFFF):
        forged = envelope[:33] + count.to_bytes(2, "big") + envelope[35:]
        assert refusal(forged.ljust(BLOB_BYTES_MAX, b"\x00"), DEVICES[0]) == "not_opened"
    assert not calls


def test_too_much_is_refused_before_it_is_sealed() -> None:
    for length in (770_047, BLOB_BYTES_MAX):
        many = [DeviceKeys(n.to_bytes(32, "big")).public for n in range(1, 400)]
        with pytest.raises(LocalError) as caught:
            seal_envelope(bytes(length), many, CONTEXT, SEED)
        assert caught.value.code == "too_large"


def test_a_seed_is_thirty_two_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal_envelope(b"keys", [DEVICES[0].public], CONTEXT, b"f" * 31)
