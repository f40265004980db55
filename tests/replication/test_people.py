"""Names and phones: readable with the member's key, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.errors import LocalError
from replication.people import (
    NONCE_BYTES,
    SEALED_BYTES_MAX,
    PersonError,
    contact_tag,
    open_person,
    seal_person,
)

GROUP, KEY_ID, KEY, NONCE = b"g" * 32, b"i" * 16, b"k" * 32, b"n" * NONCE_BYTES
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


@given(TEXT, TEXT)
def test_details_are_read_back(name: str, phone: str) -> None:
    sealed = seal_person(GROUP, KEY_ID, KEY, NONCE, name, phone)
    assert open_person(GROUP, KEY_ID, KEY, NONCE, sealed) == (name, phone)


def test_neither_the_name_nor_its_length_shows() -> None:
    short = seal_person(GROUP, KEY_ID, KEY, NONCE, "Ali", "")
    long = seal_person(GROUP, KEY_ID, KEY, NONCE, "Wanjikũ Nyambura", "0712345678")
    assert len(short) == len(long)
    assert b"Ali" not in short


def test_another_key_or_another_group_opens_nothing() -> None:
    sealed = seal_person(GROUP, KEY_ID, KEY, NONCE, "Amina", "")
    wrong = [
        (b"G" * 32, KEY_ID, KEY, NONCE, sealed),
        (GROUP, b"I" * 16, KEY, NONCE, sealed),
        (GROUP, KEY_ID, b"K" * 32, NONCE, sealed),
        (GROUP, KEY_ID, b"short", NONCE, sealed),
        (GROUP, KEY_ID, KEY, b"N" * NONCE_BYTES, sealed),
        (GROUP, KEY_ID, KEY, b"short", sealed),
        (GROUP, KEY_ID, KEY, NONCE, sealed[:-1]),
        (GROUP, KEY_ID, KEY, NONCE, bytes([sealed[0] ^ 1]) + sealed[1:]),
        (GROUP, KEY_ID, KEY, NONCE, b""),
        (GROUP, KEY_ID, KEY, NONCE, b"x" * (SEALED_BYTES_MAX + 1)),
    ]
    for arguments in wrong:
        with pytest.raises(PersonError):
            open_person(*arguments)


def test_too_much_to_say_is_refused_before_it_is_sealed() -> None:
    with pytest.raises(LocalError, match="too long"):
        seal_person(GROUP, KEY_ID, KEY, NONCE, "a" * SEALED_BYTES_MAX, "")


def test_a_tag_is_the_same_for_the_same_key_purpose_and_text_only() -> None:
    tag = contact_tag(KEY, "name", "amina otieno")
    assert tag == contact_tag(KEY, "name", "amina otieno")
    assert len(tag) == 8
    others = [
        contact_tag(b"K" * 32, "name", "amina otieno"),
        contact_tag(KEY, "phone", "amina otieno"),
        contact_tag(KEY, "name", "aminah otieno"),
    ]
    assert tag not in others
