"""A card's secret as words: the published list, and whatever a tired person types."""

import hashlib
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic

from node.card_words import WORDS, secret_of, words_of
from node.errors import CommandRefused

SECRETS = st.binary(min_size=16, max_size=16)
LIST = Mnemonic("english").wordlist


def read(typed: str, secret: bytes = b"") -> str:
    """What typing comes to: "the card", "another card", or the code of a sentence for people."""
    try:
        return "the card" if secret_of(typed) == secret else "another card"
    except CommandRefused as refused:
        if not refused.sentence.isprintable() or len(refused.sentence) > 1_000:
            return f"no sentence: {refused.sentence!r}"
        return refused.code


def test_published_vectors() -> None:
    """From the test vectors of BIP-39, English, 128 bits."""
    for secret, words in (
        ("00" * 16, "abandon " * 11 + "about"),
        ("7f" * 16, "legal winner thank year wave sausage worth useful legal winner thank yellow"),
        (
            "80" * 16,
            "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
        ),
        ("ff" * 16, "zoo " * 11 + "wrong"),
        (
            "9e885d952ad362caeb4efe34a8e91bd2",
            "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
        ),
    ):
        assert " ".join(words_of(bytes.fromhex(secret))) == words
        assert secret_of(words).hex() == secret


def test_the_list_is_the_published_one_and_four_letters_tell_its_words_apart() -> None:
    published = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    assert hashlib.sha256("".join(f"{word}\n" for word in LIST).encode()).hexdigest() == published
    assert len({word[:4] for word in LIST}) == len(LIST) == 2048


@given(SECRETS, st.randoms(use_true_random=False))
def test_every_secret_comes_back_however_it_is_typed(secret: bytes, chance: random.Random) -> None:
    words = words_of(secret)
    assert len(words) == WORDS
    typed = []
    for place, word in enumerate(words, 1):
        short = word if len(word) <= 4 else word[: chance.randint(4, len(word))]
        form = chance.choice((str.upper, str.title, str.lower))
        typed.append(chance.choice(("", f"{place}.", f"{place} ")) + form(short))
    text = "".join(one + chance.choice((" ", ", ", "\n", "  \t")) for one in typed)
    assert secret_of(text) == secret


@given(SECRETS, st.integers(0, WORDS - 1), st.integers(1, 2047))
def test_one_wrong_word_is_never_taken_for_the_card(secret: bytes, at: int, step: int) -> None:
    words = list(words_of(secret))
    words[at] = LIST[(LIST.index(words[at]) + step) % len(LIST)]
    assert read(" ".join(words), secret) in ("card_checksum", "another card")


def test_a_wrong_checksum_is_said_in_words() -> None:
    with pytest.raises(
        CommandRefused, match=r"don't belong together: one of them is wrong, or two"
    ):
        secret_of("abandon " * 12)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("abandon about", "A card has 12 words; 2 were typed"),
        ("", "0 were typed"),
        ("abandon " * 13, "13 were typed"),
        (
            "abandon " * 10 + "abandom about",
            "Word 11, “abandom”, is on no card. Did you mean aband",
        ),
        ("abandon " * 10 + "zzzz about", "Word 11, “zzzz”, is on no card. Look"),
        ("aba " + "abandon " * 10 + "about", "Word 1, “aba”, is on no card"),
        ("abandonn " + "abandon " * 10 + "about", "Word 1, “abandonn”"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(typed: str, says: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        secret_of(typed)
    assert says in refused.value.sentence
    assert refused.value.code == "card_words"


@given(st.text(alphabet=string.printable + "éß\u0130\u202e", max_size=3_000))
def test_any_text_is_a_card_or_a_sentence(typed: str) -> None:
    assert read(typed) in ("card_words", "card_checksum", "another card")


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_only_sixteen_bytes_have_words(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        words_of(bytes(length))
