"""Values of any type that a reckoning takes, drawn by what their types and names say.

A page (a `NamedTuple`) is drawn field by field: what has a default mostly keeps it, a `Literal` is
any of its values, a number is small or odd. At the edges stand the values at a bound and past it.
"""

from __future__ import annotations

import random
import types
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from model.days import add_days
from model.money import AMOUNT_MINOR_MAX
from model.reckoning.allocation import BUCKETS

NAMES: Final = ("Ann", "Bo", "Cy", "Dee", "Eno")
_SEEDS: Final = tuple(bytes([letter]) * 16 for letter in b"abc")
_TEXTS: Final = {
    "text": (
        "10", "2.5", "9.4822 %", "2 % a month", "24% p.a.", "11 %pa", "3 annually", "4 yearly",
        "1 p.m.", "1.05 pm", "1 monthly", "0.5 weekly", "12 per year", "3 each quarter",
        "1 every day",
        "5/fortnight", "6 % a half-year", "6 a half year", "1 per half month", "1/half-month",
        "10 % a period", "10 each instalment", " 7 % A Week ", "1000", "1000.1", "10 % a blue moon",
        "1.0000000001", "per month", "12 month", "0" * 30 + "1" * 11,
    ),
"account_code": ("1010", "1100", "2010", "4010", "3020", "9999"),
    "key": ("", "late 1 0", "late 2 0"), "subject": NAMES, "id": ("A1",), "narration": ("",),
    "meeting": ("",),
}  # fmt: skip
_NUMBERS: Final[dict[str, tuple[int, ...]]] = {
    "periods": (1, 2, 3, 4, 5, 6, 7, 10, 12, 24), "every": (1, 1, 1, 2, 3, 5),
    "count": (1, 2, 3, 5, 13),
    "principal": (0, 1, 2), "interest": (0, 1, 2, 3), "interest_free": (0, 1, 2),
    "money_step": (1, 5, 10, 100), "instalment_step": (1, 7, 50, 100), "month_days": (30, 28, 7),
    "step_minor": (1, 5, 50, 100), "payout_step_minor": (1, 5, 50), "grace_days": (0, 1, 3, 10),
    "instalment": (0, 1, 2, 3, 9), "from_instalment": (1, 2, 3, 4, 9), "meeting_weekday": (0, 2, 6),
    "days": (0, 1, 30, 31, 60, 90), "default_after_days": (0, 29, 30, 90), "year_days": (360, 365),
    "days_past_due": (1, 2, 29, 30, 31, 32, 60, 61, 90, 91, 180, 200, 365, 366, 800),
    "bounds": (1, 7, 30, 31, 60, 90), "shares": (0, 1, 2, 3, 5, 8, 13), "number": (1, 2, 3, 4, 9),
    "weights": (0, 1, 1, 2, 3, 5, 7, 7), "months": (1, 3, 6, 12, 12),
    "known": (0, 17, 18, 34, 35, 45, 46, 99, 130),
    "month_of_deposit": (0, 1), "rounds_held": (0, 1, 2, 3, 4), "round_number": (1, 2, 3),
    "meetings": (0, 2, 3, 4, 12), "closed_ever": (0, 3, 11, 12, 24, 35, 36, 40),
    "members": (0, 4, 7, 10),
    "offices_filled": (0, 1, 3, 5), "expected": (0, 7, 9, 40), "weeks": (0, 1, 26, 52),
    "parts": (0, 1, 100_000, 10_000_000),
    "savings_multiplier": (0, 1, 2, 3, 5), "periods_max": (1, 3, 6), "open_loans_max": (0, 1, 2),
    "open_loans": (0, 1, 2),
    "slots": (1, 1, 2, 3), "part": (0, 1, 3, 7), "whole": (7, 8, 10),
}  # fmt: skip
_AMOUNTS: Final = (0, 1, 7, 50, 99, 100, 333, 1_000, 2_500, 12_345, 99_999, 100_000, 1_234_567)
_LENT: Final = (100, 999, 1_000, 10_000, 12_345, 33_333, 100_001, 1_200_000, 5_000)
_PPM: Final = (0, 1, 5_000, 33_333, 50_000, 100_000, 108_500, 250_000, 333_333)
_PARTS: Final = (
    (1, 100),
    (1, 10),
    (3, 200),
    (12, 100),
    (24, 100),
    (7, 300),
    (1, 3),
    (94_822, 10**6),
)
EDGES: Final[dict[str, tuple[int, ...]]] = {
    "periods": (0, 600, 601), "every": (0, 366, 367), "month_days": (0, 1, 366, 367),
    "count": (1, 600),
    "money_step": (0, 10**12, 10**12 + 1), "instalment_step": (0, 10**12, 10**12 + 1),
    "numerator": (-1, 0, 10**12, 10**12 + 1), "denominator": (0, 10**12, 10**12 + 1),
    "months": (0, 120, 121), "year_days": (359, 360, 364, 366, 367), "meeting_weekday": (-1, 6, 7),
    "days_of_month": (0, 1, 27, 28, 31, 32), "postponed": (-1, 1_200, 1_201),
    "parts": (-1, 10**7, 10**7 + 1),
    "amount_time": (-1, 2**80, 2**80 + 1), "weights": (-1, 2**80, 2**80 + 1),
    "known": (-1, 0, 130, 131),
    "figures": (-1, 0, 1), "balances": (-1, 0, 1), "shares": (-1, 2**53, 2**53 + 1),
    "rate_ppm": (-1, 10**7, 10**7 + 1), "deposit_rate_ppm": (-1, 10**7, 10**7 + 1),
    "capital_rate_ppm": (-1, 10**7, 10**7 + 1),
}  # fmt: skip
_DAYS: Final = (
    "2023-12-30", "2024-01-01", "2024-01-31", "2024-02-29", "2024-03-15", "2024-06-30",
    "2024-12-31", "2025-01-15", "2025-02-28",
)  # fmt: skip
DAY_EDGES: Final = ("", "2026-02-30", "2200-01-01")
_ALWAYS: Final = {
    "terms", "rate", "periods", "disbursed_on", "method", "principal_minor", "amount_minor",
    "kind", "shares",
    "paid_in_minor", "cash_minor", "late", "capital_minor", "monthly_minor", "deposit_rate_ppm",
    "basis", "principal_outstanding_minor", "interest_minor", "shares_minor", "fee_ppm", "cover",
    "opening_minor", "amount_time", "by", "advance", "unit", "day_count",
}  # fmt: skip


def is_page(kind: object) -> bool:
    """Is it a `NamedTuple`?"""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def fields(kind: Any) -> dict[str, Any]:
    """What the fields of a page, or the inputs of a function, are."""
    return _fields(kind)


@lru_cache(maxsize=1_024)
def _fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    hints.pop("return", None)
    return hints


class Pages:
    """Draws by chance; `seldom`: how often a field that may be left out is drawn."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.seldom = self.chance.choice((0.05, 0.15, 0.3, 0.6))

    def together(self, page: Any) -> Any:
        """The page, with what belongs together brought together."""
        return page

    def value(self, hint: Any, name: str = "") -> Any:
        """A value of a type; `name`: of the field."""
        pick = self.chance.choice
        origin, args = get_origin(hint), get_args(hint)
        if is_page(hint):
            return self.page(hint)
        if origin in (Union, types.UnionType):
            return self._one_of(args, name)
        if origin is Literal:
            return pick(args)
        if origin is tuple:
            if args[-1] is not ...:
                return tuple(self.value(each, name) for each in args)
            if name in ("order", "advance_order"):
                return tuple(self.chance.sample(BUCKETS, 4))
            several = pick((1, 2, 3, 4)) if self.chance.random() < 0.9 else 0
            return tuple(self.value(args[0], name) for _ in range(several))
        simple: dict[Any, Callable[[str], Any]] = {
            bool: lambda _: pick((False, True)), int: self._number, str: self._text,
            bytes: lambda _: pick(_SEEDS), Fraction: lambda _: Fraction(*pick(_PARTS)),
        }  # fmt: skip
        return simple[hint](name)

    def page(self, kind: Any) -> Any:
        """A page, its parts brought together."""
        defaults = kind._field_defaults
        given = {
            name: self.value(hint, name)
            for name, hint in fields(kind).items()
            if name not in defaults
            or self.chance.random() < (0.9 if name in _ALWAYS else self.seldom)
        }
        found = kind(**given)
        return self.together(found)

    def _one_of(self, hints: tuple[Any, ...], name: str) -> Any:
        if is_page(hints[0]) and self.chance.random() < 0.4:
            return self.value(hints[0], name)  # a payment, most often
        return None if self._none(hints) else self.value(self.chance.choice(_somehow(hints)), name)

    def _none(self, hints: tuple[Any, ...]) -> bool:
        return types.NoneType in hints and self.chance.random() < 0.3

    def _number(self, name: str) -> int:
        pick = self.chance.choice
        if name in _NUMBERS:
            return pick(_NUMBERS[name])
        if name.endswith("_ppm"):
            return pick(_PPM)
        return self.chance.randrange(50_000) if self.chance.random() < 0.3 else pick(_AMOUNTS)

    def _text(self, name: str) -> str:
        if _TEXTS.get(name):
            return self.chance.choice(_TEXTS[name])
        if _is_day(name):
            return self.day()
        return self.chance.choice(NAMES)

    def day(self) -> str:
        """A day of two years, month ends more often."""
        if self.chance.random() < 0.5:
            return self.chance.choice(_DAYS)
        return add_days("2024-01-01", self.chance.randrange(500))

    def after(self, day: str, most: int = 120) -> str:
        """A day after a day."""
        return add_days(day or "2024-01-01", self.chance.randrange(1, most))


_DAY_NAMES: Final = frozenset(
    {"on", "day", "days", "start", "end", "date", "postponed", "holidays", "meeting_days"}
)


def _is_day(name: str) -> bool:
    return name.endswith(("_on", "_day")) or name in _DAY_NAMES


def _somehow(hints: tuple[Any, ...]) -> list[Any]:
    return [hint for hint in hints if hint is not types.NoneType]


def edges(hint: Any, name: str) -> tuple[Any, ...]:
    """Values of a type at the bounds of a field, and past them."""
    if get_origin(hint) is Literal:
        return ("other",)
    if hint is str:
        return DAY_EDGES if _is_day(name) else ()
    if hint is not int:
        return ()
    if name in EDGES:
        return EDGES[name]
    if name.endswith("_ppm"):
        return (-1, 10**6, 10**6 + 1)
    if name.endswith("_minor") or name in ("amounts", "paid"):
        return (-1, AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX + 1)
    return (-1, 0)
