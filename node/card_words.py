"""A paper card's secret as twelve words, and back from whatever a person types.

The words are those of BIP-39 (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki, the
English list), made and read by the library `mnemonic`: 128 secret bits and 4 bits of checksum, 11
bits a word. Only the words come from there; what the secret opens is said in
`replication/cards.py`, and no passphrase and no wallet key has any part in it.

Rule: nothing is guessed. The first four letters name a word, and shorter words are typed whole; a
wrong word is named by its place, with what may have been meant.
"""

import functools
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from node.errors import CommandRefused
from replication.cards import SECRET_BYTES

if TYPE_CHECKING:
    from mnemonic import Mnemonic

WORDS: Final = 12
LETTERS_ENOUGH: Final = 4
"""No two words of the list begin with the same four letters."""
TYPED_CHARS_MAX: Final = 1_000  # twelve words and their numbers take a tenth of it
NEAR_ENOUGH: Final = 0.6
"""How like a word of the list what was typed must be to be named as perhaps meant, of 1."""
NEAR_ONES: Final = 3
WRONG_TOLD_MAX: Final = 4

_WORD: Final = re.compile(r"[^\W\d_]+")


def words_of(secret: bytes) -> tuple[str, ...]:
    """The twelve words of a card; ValueError unless the secret has 16 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a card's secret is 16 bytes")
    return tuple(_list().to_mnemonic(secret).split(" "))


def secret_of(typed: str) -> bytes:
    """The 16 secret bytes behind twelve typed words; capitals, commas and numbers don't matter.

    CommandRefused with what is wrong: too few words, a word that is not on any card, or words that
    don't belong together.
    """
    typed_words = _WORD.findall(typed[:TYPED_CHARS_MAX].casefold())
    if len(typed_words) != WORDS:
        raise CommandRefused(
            f"A card has {WORDS} words; {len(typed_words)} were typed. Type them in the order of "
            "their numbers, with a space between.",
            "card_words",
        )
    words = [_meant(word) for word in typed_words]
    wrong = [
        _wrong(place, typed_words[place - 1]) for place, word in enumerate(words, 1) if not word
    ]
    if wrong:
        raise CommandRefused(
            " ".join((*wrong[:WRONG_TOLD_MAX], "Look at the card and type all words again.")),
            "card_words",
        )
    try:
        return bytes(_list().to_entropy(words))
    except ValueError:
        raise CommandRefused(
            "These twelve words don't belong together: one of them is wrong, or two have changed "
            "places. Compare each with its number on the card, and type them again.",
            "card_checksum",
        ) from None


def _meant(typed: str) -> str:
    """The one word of the list that is meant; "" for none."""
    words = _list().wordlist
    if typed in words:
        return typed
    found = [word for word in words if word.startswith(typed)]
    return found[0] if len(found) == 1 and len(typed) >= LETTERS_ENOUGH else ""


def _wrong(place: int, typed: str) -> str:
    """What is wrong with one word, and which may have been meant."""
    near = get_close_matches(typed, _list().wordlist, NEAR_ONES, NEAR_ENOUGH)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"Word {place}, “{typed[:20]}”, is on no card.{meant}"


@functools.lru_cache(maxsize=1)
def _list() -> "Mnemonic":
    from mnemonic import Mnemonic  # it reads its list from a file: only when a card is at hand

    return Mnemonic("english")
