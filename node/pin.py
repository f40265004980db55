"""What may be a PIN or passphrase, and the honest word about what a short one can't do.

Two attackers, two answers. Who holds the phone itself must type, and node/guesses.py makes them
wait: a PIN of four digits stands for years. Who copies the files guesses on machines of their own,
where nothing of ours makes them wait: only the length of the secret counts there, and we say so.
"""

import unicodedata
from typing import Final

from node.errors import CommandRefused

PIN_CHARS_MIN: Final = 4
PIN_CHARS_MAX: Final = 200
PASSPHRASE_CHARS_MIN: Final = 16
"""Below that, letters too are found by a program that knows how people choose."""

GUESS_MS: Final = 50
"""One guess at our Argon2id cost on one core of a laptop, measured; rented machines do many."""

_SCALES: Final = ((3_600_000, "minutes"), (86_400_000, "hours"), (5_184_000_000, "days"))


def spelt(text: str) -> str:
    """A PIN or passphrase in one spelling, whichever keyboard it was typed on.

    Unicode NFKC (full-width digits become digits), and white space only between words, once.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def chosen(text: str) -> str:
    """A new PIN or passphrase in its one spelling. CommandRefused when it can't be one."""
    pin = spelt(text)
    if not PIN_CHARS_MIN <= len(pin) <= PIN_CHARS_MAX or not pin.isprintable():
        raise CommandRefused(
            f"A PIN has {PIN_CHARS_MIN} digits or more, a passphrase some words, at most "
            f"{PIN_CHARS_MAX} letters in all. Nothing was changed.",
            "bad_pin",
        )
    if len(set(pin)) == 1 or pin in "01234567890" or pin in "09876543210":
        raise CommandRefused(
            "That is the first PIN that anybody tries. Choose another. Nothing was changed.",
            "bad_pin",
        )
    return pin


def weakness(pin: str) -> str:
    """What this secret can't do, in words for its owner; "" when it is long enough."""
    if pin.isdecimal():
        guesses = 10 ** len(pin)
        length = guesses * GUESS_MS
        scale = next((words for below, words in _SCALES if length < below), "")
        if not scale:
            return ""
        return (
            f"This PIN keeps out whoever holds the phone and must type. It does not keep out "
            f"whoever copies the phone's files: a program tries all {guesses:,} PINs of "
            f"{len(pin)} digits in {scale}. Against that, take a passphrase: four or more words "
            "that have nothing to do with each other."
        )
    if len(pin) < PASSPHRASE_CHARS_MIN:
        return (
            "This keeps out whoever holds the phone and must type. Whoever copies the phone's "
            "files can let a program guess a short password for days on many machines. Against "
            "that, take four or more words that have nothing to do with each other."
        )
    return ""
