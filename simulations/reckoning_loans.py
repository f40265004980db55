"""Each loan by itself, as a treasurer works it out on paper: rows, payments, what is left.

Written from the field's methods with fractions: flat interest, equal principal, equal instalments,
interest first and the principal at the end, a fixed instalment until nothing is left; grace on the
principal, interest collected later, and periods free of interest. One posted amount is rounded
once; the last row takes what rounding left. Then meeting by meeting: what was charged, what was
forgiven, what was paid, the oldest instalment first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, NamedTuple

from model import events as e

Row = dict[str, int]
"""What one instalment asks for: penalty, fee, interest, principal."""

_PERIODS_A_YEAR: Final = {"day": 365, "week": 52, "fortnight": 26, "month": 12, "year": 1}

_ORDERS: Final = {
    "penalty_fee_interest_principal": ("penalty", "fee", "interest", "principal"),
    "penalty_interest_principal_fee": ("penalty", "interest", "principal", "fee"),
    "interest_principal_penalty_fee": ("interest", "principal", "penalty", "fee"),
    "principal_interest_penalty_fee": ("principal", "interest", "penalty", "fee"),
}


def _half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


_ROUNDED: Final[dict[str, Callable[[Fraction], int]]] = {
    "half_even": round,
    "half_up": _half_up,
    "ceiling": math.ceil,
    "floor": math.floor,
}


class Terms(NamedTuple):
    """What was agreed about a loan, with plain numbers."""

    method: str
    rates: tuple[Fraction, ...]
    """Of each period; 0 where it is free of interest."""
    rounding: str
    step_minor: int
    money_step_minor: int
    rules: e.LoanRules

    @property
    def periods(self) -> int:
        """How many instalments."""
        return len(self.rates)

    def posted(self, value: Fraction) -> int:
        """An amount as it is posted: a multiple of the smallest money that is used."""
        return _ROUNDED[self.rounding](value / self.money_step_minor) * self.money_step_minor

    def instalment(self, value: Fraction) -> int:
        """An instalment as it is read out: a multiple of its step."""
        step = max(self.step_minor, self.money_step_minor)
        return _ROUNDED[self.rounding](value / step) * step


def terms_of(agreed: Any) -> Terms:
    """The terms in an approval or a rescheduling."""
    rules: e.LoanRules = agreed.rules
    rate = Fraction(agreed.rate_ppm, 1_000_000)
    if rules.rate_per != "period":
        rate = rate * _PERIODS_A_YEAR[rules.rate_per] / _PERIODS_A_YEAR[agreed.period]
    free = min(rules.interest_free, agreed.periods)
    rates = (Fraction(0),) * free + (rate,) * (agreed.periods - free)
    return Terms(
        rules.method or agreed.method,
        rates,
        getattr(agreed, "rounding", "half_even"),
        getattr(agreed, "step_minor", 1),
        rules.money_step_minor,
        rules,
    )


def rows(lent_minor: int, agreed: Any) -> list[Row]:
    """What each instalment asks for; without an agreement, the money back and no interest."""
    if agreed is None:
        return [_row(0, lent_minor)]
    terms = terms_of(agreed)
    match terms.method:
        case "flat":
            written = _flat(lent_minor, terms)
        case "upfront":
            free = terms._replace(rates=(Fraction(0),) * terms.periods)
            written = _equal_principal(lent_minor, free)
        case "interest_only" | "bullet":
            written = _at_the_end(lent_minor, terms)
        case "fixed_instalment":
            written = _fixed(lent_minor, terms)
        case "reducing_instalment":
            written = _equal_instalments(lent_minor, terms)
        case _:
            written = _equal_principal(lent_minor, terms)
    return _collected_later(written, terms.rules.interest_grace)


def _row(interest: int, principal: int) -> Row:
    return {"penalty": 0, "fee": 0, "interest": interest, "principal": principal}


def _collected_later(written: list[Row], periods: int) -> list[Row]:
    """Interest of the first periods is asked for with the first instalment after them."""
    if not 0 < periods < len(written):
        return written
    for row in written[:periods]:
        written[periods]["interest"] += row["interest"]
        row["interest"] = 0
    return written


def _flat(lent: int, terms: Terms) -> list[Row]:
    """Interest of what was lent, the same every period; principal in equal parts."""
    grace = min(terms.rules.principal_grace, terms.periods - 1)
    if terms.rules.principal_at_end:
        grace = terms.periods - 1
    whole = terms.posted(lent * sum(terms.rates, Fraction(0)))
    left, charged, written = lent, 0, []
    for number, rate in enumerate(terms.rates, 1):
        last = number == terms.periods
        interest = whole - charged if last else min(whole - charged, terms.posted(lent * rate))
        principal = left if last else 0
        if not last and number > grace:
            equal = Fraction(lent, terms.periods - grace)
            principal = _stepped(equal, interest, left, terms)
        written.append(_row(interest, principal))
        left, charged = left - principal, charged + interest
    return written


def _stepped(part: Fraction, interest: int, left: int, terms: Terms) -> int:
    """The principal, rounded once, that makes the instalment a multiple of its step."""
    principal = terms.posted(part)
    if terms.step_minor > 1:
        principal = terms.instalment(part + interest) - interest
    return max(0, min(left, principal))


def _equal_principal(lent: int, terms: Terms) -> list[Row]:
    """Equal parts of the principal, interest on what is left."""
    grace = min(terms.rules.principal_grace, terms.periods - 1)
    equal = Fraction(lent, terms.periods - grace)
    left, written = lent, []
    for number, rate in enumerate(terms.rates, 1):
        interest = terms.posted(left * rate)
        principal = left if number == terms.periods else 0
        if number < terms.periods and number > grace:
            principal = _stepped(equal, interest, left, terms)
        written.append(_row(interest, principal))
        left -= principal
    return written


def _equal_instalments(lent: int, terms: Terms) -> list[Row]:
    """Every instalment the same but the last: E = P * growth / f, f = f before * (1 + r) + 1."""
    grace = min(terms.rules.principal_grace, terms.periods - 1)
    growth, factor = Fraction(1), Fraction(0)
    for rate in terms.rates[grace:]:
        growth *= 1 + rate
        factor = factor * (1 + rate) + 1
    each = terms.instalment(lent * growth / factor)
    left, written = lent, []
    for number, rate in enumerate(terms.rates, 1):
        interest = terms.posted(left * rate)
        principal = left if number == terms.periods else 0
        if number < terms.periods and number > grace:
            principal = max(0, min(left, each - interest))
        written.append(_row(interest, principal))
        left -= principal
    return written


def _at_the_end(lent: int, terms: Terms) -> list[Row]:
    """Interest every period, or all of it at the end; the principal with the last instalment."""
    if terms.method == "bullet":
        return [_row(terms.posted(lent * sum(terms.rates, Fraction(0))), lent)]
    written = [_row(terms.posted(lent * rate), 0) for rate in terms.rates]
    written[-1]["principal"] = lent
    return written


def _fixed(lent: int, terms: Terms) -> list[Row]:
    """The same instalment until nothing is left."""
    left = lent
    written: list[Row] = []
    while left:
        interest = terms.posted(left * terms.rates[min(len(written), terms.periods - 1)])
        principal = min(left, max(0, terms.rules.instalment_minor - interest))
        if not principal or len(written) >= 600:
            principal = left
        written.append(_row(interest, principal))
        left -= principal
    return written


class Paid(NamedTuple):
    """What became of all that was paid on a loan."""

    took: Counter[str]
    """By what it was paid for; `recovered` is what had been given up, `over` what is too much."""
    given_up_minor: int
    """Principal that was written off."""


class Happening(NamedTuple):
    """Something on a loan: when (the place of its meeting in the year), what, how much."""

    when: tuple[int, int]
    kind: str
    """`penalty`, `fee`, `interest`; `waive penalty` …; `paid`, `written off`, `recovered`."""
    amount_minor: int
    instalment: int = 0
    anew: Any = None
    """The new terms, when the loan was rescheduled."""


_TURNS: Final = {"paid": 2, "rescheduled": 3, "written off": 4, "recovered": 5}


def replay(asked: list[Row], happened: list[Happening], rules: e.LoanRules) -> Paid:
    """Meeting by meeting; in each charges, what was forgiven, payments, what was given up."""
    loan = _Loan(asked, _ORDERS[rules.allocation])
    for item in sorted(happened, key=lambda item: (item.when, _turn(item.kind))):
        if item.kind == "paid":
            loan.pay(item.amount_minor)
        elif item.kind == "rescheduled":
            loan.begin_anew(item)
        elif item.kind == "written off":
            loan.give_up(item.amount_minor)
        elif item.kind == "recovered":
            loan.recover(item.amount_minor)
        elif item.kind.startswith("waive "):
            loan.forgive(item.kind.removeprefix("waive "), item.amount_minor)
        else:
            loan.charge(item)
    return Paid(loan.took, loan.given_up)


def _turn(kind: str) -> int:
    return 1 if kind.startswith("waive ") else _TURNS.get(kind, 0)


class _Loan:
    """What is still asked for, row by row."""

    def __init__(self, asked: list[Row], order: tuple[str, ...]) -> None:
        self.left = [dict(row) for row in asked]
        self.order = order
        self.took: Counter[str] = Counter()
        self.given_up = 0
        self.lost = 0

    def pay(self, minor: int) -> None:
        """The oldest row first; then what had been given up; the rest is too much."""
        for row in self.left:
            for bucket in self.order:
                part = min(minor, row[bucket])
                row[bucket] -= part
                self.took[bucket] += part
                minor -= part
        self.recover(minor)

    def begin_anew(self, item: Happening) -> None:
        """From an instalment on, the principal that is left follows the new terms.

        Penalties and fees that were charged before stay due, with the first new instalment.
        """
        kept, replaced = self.left[: item.instalment - 1], self.left[item.instalment - 1 :]
        left = sum(row["principal"] for row in replaced)
        anew = rows(left, item.anew) if left else replaced
        if left:
            for bucket in ("penalty", "fee"):
                anew[0][bucket] += sum(row[bucket] for row in replaced)
        self.left = kept + anew

    def recover(self, minor: int) -> None:
        """Something comes back of what had been given up."""
        part = min(minor, self.lost)
        self.lost -= part
        self.took["recovered"] += part
        self.took["over"] += minor - part

    def give_up(self, minor: int) -> None:
        """Principal, the oldest first; when none is left, whatever else was owed goes with it."""
        given_up = self.forgive("principal", minor)
        self.given_up += given_up
        self.lost += given_up
        if given_up and not any(row["principal"] for row in self.left):
            for row in self.left:
                self.lost += sum(row.values())
                row.update(dict.fromkeys(row, 0))

    def forgive(self, bucket: str, minor: int) -> int:
        """Ask for so much less, the oldest first; how much less it was."""
        rest = minor
        for row in self.left:
            part = min(rest, row[bucket])
            row[bucket] -= part
            rest -= part
        return minor - rest

    def charge(self, item: Happening) -> None:
        """Ask for more with the instalment that is named, or with the first that is open."""
        if self.left:
            open_rows = [at for at, row in enumerate(self.left) if any(row.values())]
            named = min(item.instalment, len(self.left)) - 1
            at = named if item.instalment else min(open_rows, default=len(self.left) - 1)
            self.left[at][item.kind] += item.amount_minor
