"""device.json and guesses.json: what was written is read, and whatever else is named as damage."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as open_seal
from nacl.pwhash import argon2id

from node import device_file, guesses
from node.device_file import PlainDevice, SealedDevice, Secret, TooNew, WrongPin
from replication.identity import DeviceKeys
from tests.node.locked_phones import cheapen

SEED, LEDGER_KEY = bytes(range(32)), bytes(range(32, 64))
SALT, NONCE = b"s" * 16, b"n" * 24
names = st.text(min_size=1, max_size=80).filter(str.isprintable)
counts = st.builds(
    guesses.Guesses,
    st.integers(0, guesses.FAILURES_COUNTED_MAX),
    st.text(max_size=guesses.BOOT_CHARS_MAX),
    st.integers(0, 2**63 - 1),
)


@pytest.fixture(autouse=True, scope="module")
def cheap() -> None:
    cheapen()


@pytest.fixture(scope="module")
def sealed() -> SealedDevice:
    return device_file.seal("Secretary's phone", Secret(SEED, LEDGER_KEY), "2580", SALT, NONCE)


def is_refused(decode: Callable[[bytes], object], content: bytes) -> bool:
    """Whether it is called no such file, by the one error that says so."""
    try:
        decode(content)
    except ValueError:
        return True
    return False


@given(names, st.binary(min_size=32, max_size=32))
def test_a_plain_device_is_read_as_it_was_written(name: str, seed: bytes) -> None:
    assert device_file.decode(device_file.encode(PlainDevice(name, seed))) == (name, seed)


def test_a_device_file_from_before_the_check_is_read() -> None:
    old = json.dumps({"format": 1, "name": "phone", "seed": SEED.hex()}).encode()
    assert device_file.decode(old) == PlainDevice("phone", SEED)


@pytest.mark.parametrize("ledger_key", [b"", LEDGER_KEY])
def test_only_the_pin_opens_a_seal(ledger_key: bytes) -> None:
    secret = Secret(SEED, ledger_key)
    record = device_file.decode(
        device_file.encode(device_file.seal("phone", secret, "2580", SALT, NONCE))
    )
    assert isinstance(record, SealedDevice)
    assert record.encrypted == bool(ledger_key)
    assert record.device == DeviceKeys(SEED).public
    assert device_file.unseal(record, "2580") == secret
    for wrong in ("", "2581", "258", "2580 ", "\uff12\uff15\uff18\uff10"):
        with pytest.raises(WrongPin):
            device_file.unseal(record, wrong)


def test_a_seal_is_what_the_docstring_says(sealed: SealedDevice) -> None:
    """Opened with libsodium's own functions, from the words of the docstring alone."""
    values = json.loads(device_file.encode(sealed))
    memory, passes = values["argon2id"]
    key = argon2id.kdf(32, b"2580", bytes.fromhex(values["salt"]), opslimit=passes, memlimit=memory)
    beside = {name: values[name] for name in values if name not in ("sealed", "check")}
    bound = (
        b"mkutano/device/2\x00" + json.dumps(beside, sort_keys=True, separators=(",", ":")).encode()
    )
    nonce, box = bytes.fromhex(values["nonce"]), bytes.fromhex(values["sealed"])
    assert open_seal(box, bound, nonce, key) == SEED + LEDGER_KEY


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Thief's phone"},
        {"device": bytes(32)},
        {"salt": b"t" * 16},
        {"nonce": b"m" * 24},
        {"passes": 2},
    ],
)
def test_no_line_of_a_sealed_file_can_be_exchanged(
    sealed: SealedDevice, change: dict[str, object]
) -> None:
    forged = device_file.decode(device_file.encode(sealed._replace(**change)))  # type: ignore[arg-type]
    assert isinstance(forged, SealedDevice)
    with pytest.raises(WrongPin):
        device_file.unseal(forged, "2580")


def test_a_seal_over_another_devices_key_is_not_opened(
    sealed: SealedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_file, "_bound", lambda record: b"")
    forged = device_file.seal("phone", Secret(SEED), "2580", SALT, NONCE)._replace(device=bytes(32))
    with pytest.raises(ValueError, match="another device"):
        device_file.unseal(forged, "2580")


@given(data=st.data())
def test_a_flipped_or_missing_byte_of_a_device_file_is_damage_and_no_wrong_pin(
    sealed: SealedDevice, data: st.DataObject
) -> None:
    plain = PlainDevice("phone", SEED)
    record = sealed if data.draw(st.booleans()) else plain
    content = device_file.encode(record)
    broken = data.draw(damaged(content))
    try:
        read = device_file.decode(broken)
    except TooNew:
        raise AssertionError("a damaged file passes for a newer one") from None
    except ValueError:
        return
    assert read == record  # a space for a space, and the like


@given(data=st.data(), count=counts)
def test_a_flipped_or_missing_byte_of_the_count_is_seen(
    data: st.DataObject, count: guesses.Guesses
) -> None:
    content = guesses.encode(count)
    assert guesses.decode(content) == count
    try:
        read = guesses.decode(data.draw(damaged(content)))
    except ValueError:
        return
    assert read == count


@given(st.binary(max_size=400))
def test_whatever_lies_in_a_file_is_read_or_refused(content: bytes) -> None:
    assert is_refused(device_file.decode, content)
    assert is_refused(guesses.decode, content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(data=st.data())
def test_whatever_stands_in_a_field_is_read_or_refused(
    sealed: SealedDevice, data: st.DataObject
) -> None:
    """With the check made to fit, so that the field itself is judged."""
    record = json.loads(device_file.encode(sealed))
    field = data.draw(st.sampled_from(sorted(record)))
    record[field] = data.draw(values)
    if field != "check":
        del record["check"]
        record["check"] = device_file._check(record)
    try:
        read = device_file.decode(json.dumps(record).encode())
    except ValueError:
        return
    assert isinstance(read, SealedDevice)
    assert read.memory_bytes in device_file.MEMORY_BYTES_RANGE


@pytest.mark.parametrize(
    "deep", [b"[" * 60_000, b'{"a":' * 10_000, b'{"format": 1e999}', b"9" * 5000, b"\xff\xfe1"]
)
def test_a_file_made_to_hurt_is_refused(deep: bytes) -> None:
    assert is_refused(device_file.decode, deep)
    assert is_refused(guesses.decode, deep)


@pytest.mark.parametrize("cost", [[2**40, 1], [1024, 1], [2**23, 10**9], [2**23, 0], [2**23]])
def test_a_file_can_not_ask_for_all_the_memory_or_the_evening(
    sealed: SealedDevice, cost: list[int]
) -> None:
    record = json.loads(device_file.encode(sealed))
    del record["check"]
    record["argon2id"] = cost
    record["check"] = device_file._check(record)
    assert is_refused(device_file.decode, json.dumps(record).encode())


def test_a_newer_file_is_told_from_a_damaged_one(sealed: SealedDevice) -> None:
    record = json.loads(device_file.encode(sealed)) | {"format": 3}
    del record["check"]
    record["check"] = device_file._check(record)
    with pytest.raises(TooNew):
        device_file.decode(json.dumps(record).encode())


def test_nothing_shows_its_secret(sealed: SealedDevice) -> None:
    for holder in (Secret(SEED, LEDGER_KEY), PlainDevice("phone", SEED), DeviceKeys(SEED)):
        for shown in (repr(holder), str(holder), f"{holder}"):
            assert repr(SEED)[2:20] not in shown
            assert SEED.hex() not in shown


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with one byte changed, cut off, or a piece missing."""
    at = draw(st.integers(0, len(content) - 1))
    kind = draw(st.sampled_from(["flip", "cut", "gap", "zeros"]))
    if kind == "cut":
        return content[:at]
    if kind == "gap":
        return content[:at] + content[draw(st.integers(at + 1, len(content))) :]
    if kind == "zeros":
        return content[:at] + bytes(len(content) - at)
    return content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))]) + content[at + 1 :]
