"""Inputs for every kind of reckoning, drawn by what their types say, mostly so that they are taken.

A page (a `NamedTuple`) is drawn field by field: what has a default mostly keeps it, a `Literal` is
any of its values, a number is small or odd. Then what belongs together is brought together, since
a plan whose days come before the loan says nothing. `slips` are the same with one value at a bound
or past it, or of no known form.
"""

from __future__ import annotations

import random
import types
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from model.accounts import ACCOUNTS, RETAINED_SURPLUS
from model.days import add_days
from model.journal_entry import JournalEntry, Line
from model.money import AMOUNT_MINOR_MAX
from model.reckoning import loan_ratios, ratios
from model.reckoning.allocation import BUCKETS, AllocationRule, Due
from model.reckoning.arrears import LatePart
from model.reckoning.auction import Auction
from model.reckoning.calendar import DuePlan
from model.reckoning.dividends import Holding
from model.reckoning.happenings import Payment, Reschedule
from model.reckoning.health import HealthFacts
from model.reckoning.penalties import PenaltyRule
from model.reckoning.rates import Rate
from model.reckoning.ratios import Attended
from model.reckoning.rotation import Paid, Rotation
from model.reckoning.savix import CollectionSheet
from model.reckoning.schedules import schedule
from model.reckoning.shareout_terms import Saver, ShareOutRules
from model.reckoning.terms import Fee, Grace, LoanTerms
from simulations.reckoned_cases import RECKONED

NAMES: Final = ("Ann", "Bo", "Cy", "Dee", "Ng’ang’a")
_SEEDS: Final = tuple(bytes([letter]) * 16 for letter in b"abc")
_TEXTS: Final = {
    "text": (
        "10", "2.5", "9.4822 %", "2 % a month", "24% p.a.", "11 %pa", "3 annually", "4 yearly",
        "1 p.m.", "1.05 pm", "1 monthly", "0.5 weekly", "12 per year", "3 each quarter", "1 every day",
        "5/fortnight", "6 % a half-year", "6 a half year", "1 per half month", "1/half-month",
        "10 % a period", "10 each instalment", " 7 % A Week ", "1000", "1000.1", "10 % a blue moon",
        "1.0000000001", "per month", "12 month", "0" * 30 + "1" * 11,
    ),
    "name": (), "account_code": ("1010", "1100", "2010", "4010", "3020", "9999"),
    "key": ("", "late 1 0", "late 2 0"), "subject": NAMES, "id": ("A1",), "narration": ("",),
    "meeting": ("",),
}  # fmt: skip
_NUMBERS: Final[dict[str, tuple[int, ...]]] = {
    "periods": (1, 2, 3, 4, 5, 6, 7, 10, 12), "every": (1, 1, 1, 2, 3, 5), "count": (1, 2, 3, 5, 13),
    "principal": (0, 1, 2), "interest": (0, 1, 2, 3), "interest_free": (0, 1, 2),
    "money_step": (1, 5, 10, 100), "instalment_step": (1, 7, 50, 100), "month_days": (30, 28, 7),
    "step_minor": (1, 5, 50, 100), "payout_step_minor": (1, 5, 50), "grace_days": (0, 1, 3, 10),
    "instalment": (0, 1, 2, 3, 9), "from_instalment": (1, 2, 3, 4, 9), "meeting_weekday": (0, 2, 6),
    "days": (0, 1, 30, 31, 60, 90), "default_after_days": (0, 29, 30, 90), "year_days": (360, 365),
    "days_past_due": (1, 2, 29, 30, 31, 32, 60, 61, 90, 91, 180, 200, 365, 366, 800),
    "bounds": (1, 7, 30, 31, 60, 90), "shares": (0, 1, 2, 3, 5, 8, 13), "number": (1, 2, 3, 4, 9),
    "weights": (0, 1, 1, 2, 3, 5, 7, 7), "months": (1, 3, 6, 12, 12), "known": (0, 17, 18, 34, 35, 45, 46, 99, 130),
    "month_of_deposit": (0, 1), "rounds_held": (0, 1, 2, 3, 4), "round_number": (1, 2, 3),
    "meetings": (0, 2, 3, 4, 12), "closed_ever": (0, 3, 11, 12, 24, 35, 36, 40), "members": (0, 4, 7, 10),
    "offices_filled": (0, 1, 3, 5), "expected": (0, 7, 9, 40), "weeks": (0, 1, 26, 52), "parts": (0, 1, 100_000, 10_000_000),
    "savings_multiplier": (0, 1, 2, 3, 5), "periods_max": (1, 3, 6), "open_loans_max": (0, 1, 2), "open_loans": (0, 1, 2),
    "slots": (1, 1, 2, 3), "part": (0, 1, 3, 7), "whole": (7, 8, 10),
}  # fmt: skip
_AMOUNTS: Final = (0, 1, 7, 50, 99, 100, 333, 1_000, 2_500, 12_345, 99_999, 100_000, 1_234_567)
_LENT: Final = (100, 999, 1_000, 10_000, 12_345, 33_333, 100_001, 1_200_000, 5_000)
_PPM: Final = (0, 1, 5_000, 33_333, 50_000, 100_000, 108_500, 250_000, 333_333)
_PARTS: Final = ((1, 100), (1, 10), (3, 200), (12, 100), (24, 100), (7, 300), (1, 3), (94_822, 10**6))
_EDGES: Final[dict[str, tuple[int, ...]]] = {
    "periods": (0, 600, 601), "every": (0, 366, 367), "month_days": (0, 1, 366, 367), "count": (1, 600),
    "money_step": (0, 10**12, 10**12 + 1), "instalment_step": (0, 10**12, 10**12 + 1),
    "numerator": (-1, 0, 10**12, 10**12 + 1), "denominator": (0, 10**12, 10**12 + 1),
    "months": (0, 120, 121), "year_days": (359, 360, 364, 366, 367), "meeting_weekday": (-1, 6, 7),
    "days_of_month": (0, 1, 27, 28, 31, 32), "postponed": (-1, 1_200, 1_201), "parts": (-1, 10**7, 10**7 + 1),
    "amount_time": (-1, 2**80, 2**80 + 1), "weights": (-1, 2**80, 2**80 + 1), "known": (-1, 0, 130, 131),
    "figures": (-1, 0, 1), "balances": (-1, 0, 1), "shares": (-1, 2**53, 2**53 + 1),
    "rate_ppm": (-1, 10**7, 10**7 + 1), "deposit_rate_ppm": (-1, 10**7, 10**7 + 1),
    "capital_rate_ppm": (-1, 10**7, 10**7 + 1),
}  # fmt: skip
_DAYS: Final = (
    "2023-12-30", "2024-01-01", "2024-01-31", "2024-02-29", "2024-03-15", "2024-06-30",
    "2024-12-31", "2025-01-15", "2025-02-28",
)  # fmt: skip
_DAY_EDGES: Final = ("", "2026-02-30", "1899-12-31", "1900-01-01", "2199-12-31", "2200-01-01")
_ALWAYS: Final = {
    "terms", "rate", "periods", "disbursed_on", "method", "principal_minor", "amount_minor", "kind", "shares",
    "paid_in_minor", "cash_minor", "late", "capital_minor", "monthly_minor", "deposit_rate_ppm",
    "basis", "principal_outstanding_minor", "interest_minor", "shares_minor", "fee_ppm", "cover",
    "opening_minor", "amount_time",
}  # fmt: skip


def is_page(kind: object) -> bool:
    """Is it a `NamedTuple`?"""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


@lru_cache(maxsize=1_024)
def fields(kind: Any) -> dict[str, Any]:
    """What the fields of a page, or the inputs of a function, are."""
    hints = get_type_hints(kind)
    hints.pop("return", None)
    return hints


class Draw:
    """Draws by chance; `seldom`: how often a field that may be left out is drawn."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.seldom = self.chance.choice((0.05, 0.15, 0.3, 0.6))

    def case(self, kind: str) -> dict[str, Any]:
        """The inputs of a kind of case."""
        given = {name: self.value(hint, name) for name, hint in fields(RECKONED[kind]).items()}
        bring_together = _TOGETHER_OF_CASE.get(kind)
        return given | bring_together(self, **given) if bring_together else given

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
            if args[0] == RECKONED["loan"].__annotations__.get("") or name in ("order", "advance_order"):
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
        return _TOGETHER[kind](self, found) if kind in _TOGETHER else found

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
        if name in _TEXTS and _TEXTS[name]:
            return self.chance.choice(_TEXTS[name])
        if name.endswith(("_on", "_day")) or name in _DAY_NAMES:
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


def _somehow(hints: tuple[Any, ...]) -> list[Any]:
    return [hint for hint in hints if hint is not types.NoneType]


# What belongs together.


def _terms(draw: Draw, terms: LoanTerms) -> LoanTerms:
    pick, lent = draw.chance.choice, draw.chance.choice(_LENT)
    if draw.chance.random() < 0.04:
        return terms
    each = lent // terms.periods
    terms = terms._replace(principal_minor=lent, disbursed_on=terms.disbursed_on or pick(_DAYS))
    if terms.rate.per == "period" and terms.day_count != "nominal":
        terms = terms._replace(rate=terms.rate._replace(per="year"))
    if terms.instalment_minor or terms.method == "fixed_instalment":
        terms = terms._replace(instalment_minor=each + each * pick((1, 2, 10)) // 20 + 1)
    if terms.principal_minor_each:
        terms = terms._replace(principal_minor_each=max(1, each + pick((-7, -1, 0, 1, 5, 50))))
    on_balance = terms.method in ("reducing", "reducing_instalment", "fixed_instalment")
    one_payment = terms.method in ("bullet", "compound", "service_charge", "upfront")
    if terms.down_payment_minor:
        down = 0 if one_payment else lent // pick((3, 5, 10))
        terms = terms._replace(down_payment_minor=down)
    if terms.balloon_minor:
        equal = terms.method == "reducing_instalment" and not terms.instalment_minor
        terms = terms._replace(balloon_minor=lent // pick((2, 3, 7)) if equal else 0)
    if one_payment:
        terms = terms._replace(grace=Grace())
    if terms.pay_at == "start" and (max(terms.grace[:3]) or not on_balance):
        terms = terms._replace(pay_at="end")
    fees = tuple(fee._replace(amount_minor=fee.amount_minor % lent // 7) for fee in terms.fees)
    return terms._replace(due=_due(draw, terms.due, terms.disbursed_on), fees=fees)


def _due(draw: Draw, due: DuePlan, start: str) -> DuePlan:
    pick = draw.chance.choice
    first, second = sorted(due.days_of_month)
    if not (1 <= first <= 27 and first < second <= 31):
        due = due._replace(days_of_month=pick(((1, 15), (10, 25), (5, 31), (15, 31), (14, 28))))
    if due.first_due_on:
        first_due = draw.after(start, 70)
        if due.unit == "half_month":
            first_due = f"{first_due[:8]}{due.days_of_month[0]:02}"
        due = due._replace(first_due_on=first_due)
    if due.seed_on:
        due = due._replace(seed_on=pick((start, draw.after(start), due.first_due_on or draw.day())))
    if due.meeting_days:
        step = pick((7, 11, 30))
        days = [add_days(start, step * number) for number in range(1, pick((4, 9, 30)))]
        draw.chance.shuffle(days)
        due = due._replace(meeting_days=tuple(days))
    holidays = tuple((day, add_days(day, pick((0, 3, 20)))) for day, _ in due.holidays)
    postponed = tuple((draw.after(start), pick((0, 1, 2))) for _ in due.postponed)
    return due._replace(holidays=holidays, postponed=postponed)


def _rate(draw: Draw, rate: Rate) -> Rate:
    return Rate(*draw.chance.choice(_PARTS if draw.chance.random() < 0.95 else ((0, 1),)), rate.per)


def _penalties(draw: Draw, rule: PenaltyRule) -> PenaltyRule:
    if rule.kind == "flat":
        return rule._replace(amount_minor=rule.amount_minor or 50)
    if rule.rate.per != "period" and draw.chance.random() < 0.9:
        return rule._replace(once_per="period")
    return rule


def _dues(draw: Draw, given: tuple[Due, ...]) -> tuple[Due, ...]:
    days = sorted(draw.chance.choice(_DAYS) for _ in given)
    return tuple(
        due._replace(number=number, due_on=day)
        for number, (due, day) in enumerate(zip(given, days, strict=True), 1)
    )


def _numbered(draw: Draw, pages: tuple[Any, ...]) -> tuple[Any, ...]:
    """Members by number, each once, in any order."""
    if draw.chance.random() < 0.05:
        return pages
    numbers = draw.chance.sample(range(1, 20), len(pages))
    return tuple(page._replace(number=number) for page, number in zip(pages, numbers, strict=True))


def _holding(draw: Draw, holding: Holding) -> Holding:
    most = holding.opening_minor
    monthly = []
    for _ in holding.monthly_minor:
        monthly.append(draw.chance.choice((-most, -most // 2, 100, 2_500, 12_345, 0)))
        most += monthly[-1]
    return holding._replace(monthly_minor=tuple(monthly))


def _share_rules(draw: Draw, rules: ShareOutRules) -> ShareOutRules:
    step = rules.share_value_step
    if step is not None:
        step = draw.chance.choice((1, 5, 50, Fraction(1, 100), Fraction(1, 3)))
    if rules.capital == "returned_first" and draw.chance.random() < 0.95:
        step = None
    return rules._replace(share_value_step=step)


def _facts(draw: Draw, facts: HealthFacts) -> HealthFacts:
    def of(total: int) -> int:
        return draw.chance.choice((0, total // 3, total - 1 if total else 0, total, total))

    return facts._replace(
        closed_meetings=of(facts.meetings), keyed_meetings=of(facts.meetings),
        decisions_agreed=of(facts.decisions), repaid_minor=of(facts.due_minor),
        saved=of(facts.expected), attended=of(facts.expected), social_paid=of(facts.expected),
    )  # fmt: skip


def _sheet(draw: Draw, sheet: CollectionSheet) -> CollectionSheet:
    def of(total: int) -> int:
        return draw.chance.choice((0, total // 3, total // 2, total))

    return sheet._replace(
        members_at_start=draw.chance.choice((0, 4, 10, 25)), women=of(sheet.members),
        attending=of(sheet.members), dropouts=draw.chance.choice((0, 1, 5, 20)),
        loans=of(sheet.members), late_balance=of(sheet.loans_outstanding),
    )  # fmt: skip


def _attended(draw: Draw, seen: Attended) -> Attended:
    came = draw.chance.randint(0, seen.members)
    return seen._replace(in_person=came, by_representative=(seen.members - came) // 2)


def _rotation(draw: Draw, rotation: Rotation) -> Rotation:
    contribution = draw.chance.choice((1, 7, 100, 2_500))
    order = tuple(draw.chance.choice(NAMES[:3]) for _ in range(draw.chance.choice((2, 3, 4, 5))))
    fee = min(rotation.fee_minor, contribution * draw.chance.choice((0, 1, len(order))))
    return rotation._replace(contribution_minor=contribution, order=order, fee_minor=fee)


def _auction(draw: Draw, auction: Auction) -> Auction:
    return auction._replace(
        contribution_minor=draw.chance.choice((7, 100, 2_500)),
        slots=tuple(draw.chance.choices(NAMES, k=draw.chance.choice((2, 3, 5)))),
    )


_TOGETHER: Final[dict[Any, Callable[[Draw, Any], Any]]] = {
    LoanTerms: _terms, Rate: _rate, PenaltyRule: _penalties, Holding: _holding,
    ShareOutRules: _share_rules, HealthFacts: _facts, CollectionSheet: _sheet,
    Attended: _attended, Rotation: _rotation, Auction: _auction,
    DuePlan: lambda draw, due: _due(draw, due, draw.day()),
}  # fmt: skip
