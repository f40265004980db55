"""Money is an integer of the currency's smallest unit, and every division names its rounding.

No float ever holds an amount. Multiply first, divide once, round once per posted amount; what a
split cannot divide evenly goes to the largest remainders, so the parts always add up to the whole.

The exponents below are part of the replicated rules: a group copies its exponent into its
founding, so a later version of this table can add currencies but must never change an entry.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

Minor: TypeAlias = int
"""An amount in the smallest unit of the group's currency (cents of KES, whole UGX)."""

Rounding: TypeAlias = Literal["half_even", "half_up", "ceiling", "floor"]
ROUNDINGS: Final[tuple[Rounding, ...]] = ("half_even", "half_up", "ceiling", "floor")

Ties: TypeAlias = Literal["larger", "earlier"]
TIES: Final[tuple[Ties, ...]] = ("larger", "earlier")
"""Which of two parts with equal remainders comes first: the larger weight, or the earlier place."""

AMOUNT_MINOR_MAX: Final = 2**53
"""Largest amount accepted: beyond it a JSON reader in JavaScript would round."""

AMOUNT_TEXT_MAX: Final = 40
"""Longest amount that a person may type, in characters: 2**53 with separators takes 24."""

EXPONENT_MAX: Final = 4
"""ISO 4217 has no currency with more decimals."""

EXPONENTS_VERSION: Final = 1
_CODES_BY_EXPONENT: Final = {
    0: "BIF DJF GNF KMF RWF UGX VUV XAF XOF",
    2: "AOA BDT BWP CAD CDF CHF CVE DZD EGP ERN ETB EUR GBP GHS GMD GTQ HNL HTG IDR INR KES KHR "
    "LAK LKR LRD LSL MAD MGA MMK MRU MUR MWK MZN NAD NGN NIO NPR PGK PHP PKR SCR SDG SLE SOS SSP "
    "STN SZL TZS USD ZAR ZMW ZWG",
    3: "KWD LYD TND",
}
# ISO 4217 minor units. For MGA and SOS the CLDR prints no decimals; ISO's two are kept here.
EXPONENTS: Final[dict[str, int]] = {
    code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()
}
"""Decimals of each known currency (version `EXPONENTS_VERSION`), by ISO 4217 code."""

_SPACES: Final = re.compile("[\u0020\u00a0\u2009\u202f]")
_SHILLING_MARK: Final = re.compile(r"\s*/[=-]$")
_PLAIN: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_GROUPED: Final = re.compile(r"([1-9][0-9]{0,2}(?:([, '])[0-9]{3})(?:\2[0-9]{3})*)(?:\.([0-9]+))?")


class AmountError(ValueError):
    """The amount cannot be understood; the message says why and how to write it."""


def exponent_of(currency: str) -> int:
    """Decimals of `currency` (ISO 4217 code, e.g. `KES` -> 2); `AmountError` when not known."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise AmountError(
            f"The currency {_shown(currency)} is not known here. Use its three-letter code, "
            "such as KES, UGX or TZS."
        )
    return exponent


def parse_amount(text: str, exponent: int) -> Minor:
    """Minor units of an amount as people type it: `1500`, `1,500`, `1 500`, `1500.50`, `1,500/=`.

    The decimal mark is a point, and commas, spaces or apostrophes stand between groups of three
    digits only, so that no text can be read in two ways: `1,50` is refused, not guessed. At most
    `exponent` decimals; up to two zeros are taken for currencies without cents (`1500.00` UGX).
    Raises `AmountError` with a sentence for the person who typed it.
    """
    if len(text) > AMOUNT_TEXT_MAX:
        raise AmountError(f"An amount has at most {AMOUNT_TEXT_MAX} characters.")
    typed = _SPACES.sub(" ", text).strip()
    if not typed:
        raise AmountError("The amount is empty. Write 0 if nothing was paid.")
    whole, decimals = _parts(_SHILLING_MARK.sub("", typed), typed)
    if len(decimals) > exponent:
        decimals = _surplus_zeros_dropped(decimals, exponent, typed)
    amount_minor = int(whole + decimals.ljust(exponent, "0"))
    if amount_minor > AMOUNT_MINOR_MAX:
        raise AmountError(f"The amount {_shown(typed)} is too large to be true.")
    return amount_minor


def _parts(text: str, typed: str) -> tuple[str, str]:
    """Digits before and after the decimal point."""
    if match := _PLAIN.fullmatch(text):
        return match[1], match[2] or ""
    if match := _GROUPED.fullmatch(text):
        return match[1].replace(match[2], ""), match[3] or ""
    raise AmountError(_why_unreadable(text, typed))


def _why_unreadable(text: str, typed: str) -> str:
    shown = _shown(typed)
    if text.startswith(("-", "\u2212", "(")):
        return f"The amount {shown} is negative. Write it without the minus sign."
    if not re.fullmatch(r"[0-9 ,.']+", text):
        return f"{shown} is not an amount. Use digits only, for example 1500 or 1,500.50."
    if text.startswith(".") or text.endswith("."):
        return f"The amount {shown} is incomplete. Write digits on both sides of the point."
    return (
        f"The amount {shown} can be read in more than one way. "
        "Use a point before cents and commas only between groups of three digits: 1,500.50."
    )


def _surplus_zeros_dropped(decimals: str, exponent: int, typed: str) -> str:
    # Three zeros may be a thousands group ("1.000" in DR Congo), so only two are harmless.
    if len(decimals) <= 2 and not decimals[exponent:].strip("0"):
        return decimals[:exponent]
    if exponent == 0:
        raise AmountError(
            f"The amount {_shown(typed)} has decimals, but this currency has none. "
            "Write whole units; for thousands use a comma: 1,500."
        )
    raise AmountError(
        f"The amount {_shown(typed)} has too many decimals: "
        f"this currency has {exponent}. For thousands use a comma: 1,500."
    )


def format_amount(amount_minor: Minor, exponent: int, grouping: str = ",") -> str:
    """`150050` with exponent 2 -> `1,500.50`; exact, and `parse_amount` reads it back."""
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    decimals = f".{rest:0{exponent}}" if exponent else ""
    return f"{sign}{whole:,}{decimals}".replace(",", grouping)


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The exact quotient rounded to an integer; `half_up` sends halves away from zero.

    Raises `ValueError` when `denominator` is not positive or `rounding` is unknown.
    """
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    floor, rest = divmod(numerator, denominator)
    if rounding == "floor" or not rest:
        return floor
    if rounding == "ceiling":
        return floor + 1
    if 2 * rest != denominator:
        return floor + (2 * rest > denominator)
    if rounding == "half_even":
        return floor + floor % 2
    if rounding == "half_up":
        return floor + (numerator > 0)
    raise ValueError(f"unknown rounding {rounding!r}")


def round_to_step(amount_minor: Minor, step_minor: Minor, rounding: Rounding) -> Minor:
    """The multiple of `step_minor` (e.g. 100 for whole shillings of KES) that `rounding` picks."""
    return divide(amount_minor, step_minor, rounding) * step_minor


def split(total_minor: Minor, weights: Sequence[int], ties: Ties = "larger") -> tuple[Minor, ...]:
    """Shares of `total_minor` in proportion to `weights`; they add up to the total exactly.

    Largest remainder: each part is rounded down, then the units left over go one by one to the
    largest remainders; ties go to the larger weight, then to the earlier position, or by `ties` to
    the earlier position alone. A negative total (a loss) is split as its mirror image. Raises
    `ValueError` when a weight is negative, none is positive, or `ties` is unknown.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, and one must be positive")
    if ties not in TIES:
        raise ValueError(f"unknown ties {ties!r}")
    if total_minor < 0:
        return tuple(-part for part in split(-total_minor, weights, ties))
    parts = [total_minor * weight // whole for weight in weights]
    left_over = total_minor - sum(parts)
    larger = weights if ties == "larger" else (0,) * len(weights)
    by_remainder = sorted(
        range(len(weights)),
        key=lambda i: (-(total_minor * weights[i] % whole), -larger[i], i),
    )
    for i in by_remainder[:left_over]:
        parts[i] += 1
    return tuple(parts)


def _shown(text: str) -> str:
    return f"“{text}”"
