"""A message fits one SMS on any phone: at most 160 characters of the GSM alphabet.

An SMS carries 140 bytes, which are 160 characters of 7 bits; one character outside of the alphabet
makes the whole message 70 characters long, and two messages cost twice. So letters that the
alphabet has not lose their accent, and what is left over becomes a question mark. A few characters
(such as [ ] { } ~ ^ | and the euro) take the place of two.

Alphabet: 3GPP TS 23.038 (GSM 03.38), section 6.2.1, default alphabet and its extension table.
"""

import unicodedata
from typing import Final

SMS_SEPTETS_MAX: Final = 160

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 128 characters of the default alphabet, by their code."""
EXTENSION: Final = "\f^{}\\[~]|€"
"""Characters that are written with an escape, as two."""

_ONE: Final = frozenset(BASIC) - {"\x1b"}
_TWO: Final = frozenset(EXTENSION)
_PLAIN: Final = {
    "\u2018": "'",
    "\u2019": "'",
    "\u02bc": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2026": "...",
    "\u00d7": "x",
    "\u00a0": " ",
    "\u202f": " ",
    "\t": " ",
    "đ": "d",
    "Đ": "D",
    "ł": "l",
    "Ł": "L",
    "ŋ": "ng",
    "Ŋ": "Ng",
    "ɓ": "b",
    "Ɓ": "B",
    "ɗ": "d",
    "Ɗ": "D",
    "ƙ": "k",
    "Ƙ": "K",
    "ɛ": "e",
    "Ɛ": "E",
    "ɔ": "o",
    "Ɔ": "O",
}


def is_gsm(text: str) -> bool:
    """Has the alphabet every character of this text?"""
    return all(character in _ONE or character in _TWO for character in text)


def septets(text: str) -> int:
    """Length in characters of 7 bits; `ValueError` when a character is not in the alphabet."""
    if not is_gsm(text):
        raise ValueError("a character of the text is not in the alphabet of an SMS")
    return len(text) + sum(character in _TWO for character in text)


def to_gsm(text: str) -> str:
    """The text in the alphabet: accents that it has not are dropped, the rest becomes ?."""
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def _letter(character: str) -> str:
    if character in _ONE or character in _TWO:
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    base = unicodedata.normalize("NFKD", character)
    kept = [part for part in base if part in _ONE]
    if kept:
        return "".join(kept)
    # An accent that no letter takes is dropped.
    return "" if unicodedata.combining(character) else "?"


def fit(text: str, septets_max: int = SMS_SEPTETS_MAX) -> str:
    """The text in the alphabet, cut so that it fits; what was cut ends with three points."""
    plain = to_gsm(text)
    if septets(plain) <= septets_max:
        return plain
    room = septets_max - 3
    kept = []
    for character in plain:
        room -= 2 if character in _TWO else 1
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "..." if septets_max >= 3 else ""
