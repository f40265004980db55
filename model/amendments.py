"""What a new constitution changes: every rule in words, with its value before and after.

One table says how each rule is called and in what it is told: money, a percentage, a number, days,
or words. A rule that the table does not know is told by its own name, so that none is ever silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from model.events import ConstitutionAdopted, LoanRules
from model.money import format_amount

Tell = Callable[[int], str]
"""An amount in minor units as people write it."""


class Change(NamedTuple):
    """One rule that differs; `before` and `after` are words."""

    field: str
    label: str
    before: str
    after: str


_MONEY: Final = "money"
_PERCENT: Final = "percent"
_PLAIN: Final = "plain"

_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "share_value_minor": ("the price of a share", _MONEY),
    "shares_min": ("how few shares a member may buy", _PLAIN),
    "shares_max": ("how many shares a member may buy", _PLAIN),
    "social_fund_minor": ("what each member pays into the social fund", _MONEY),
    "loan_multiplier": ("how much a member may borrow, in times the savings", _PLAIN),
    "loan_periods_max": ("how long a loan may run", _PLAIN),
    "interest_method": ("how interest is worked out", _PLAIN),
    "interest_ppm": ("the interest", _PERCENT),
    "period": ("the period of a loan", _PLAIN),
    "fines_to": ("where fines go", _PLAIN),
    "record_keeper": ("whose amount counts in a dispute", _PLAIN),
    "cash_tolerance_minor": ("how much a count may differ", _MONEY),
    "rounding": ("how interest is rounded", _PLAIN),
    "instalment_step_minor": ("the step of an instalment", _MONEY),
    "loans_open_max": ("how many loans a member may have", _PLAIN),
    "guarantors_min": ("how many guarantors a loan needs", _PLAIN),
    "default_after_days": ("after how many days a loan is in default", _PLAIN),
    "quorum_percent": ("how many percent of the members make a quorum", _PLAIN),
    "keys_required": ("how many keys open a meeting", _PLAIN),
    "approval_limit_minor": ("from which amount on officers must agree to money paid out", _MONEY),
    "meeting_frequency": ("how often the group meets", _PLAIN),
    "cycle_meetings": ("how many meetings a cycle has", _PLAIN),
    "residue": ("what becomes of the rest at the share-out", _PLAIN),
    "payout_step_minor": ("the step of the share-out", _MONEY),
    "social_at_shareout": ("what becomes of the social fund at the share-out", _PLAIN),
    "netting": ("whether debts are taken off the share-out", _PLAIN),
    "exit_fee_minor": ("the fee of a member who leaves", _MONEY),
    "exit_profit": ("whether a member who leaves gets a part of the profit", _PLAIN),
    "late_join": ("what a member who joins late buys", _PLAIN),
    "contribution_minor": ("what each member saves in a meeting", _MONEY),
    "seal_offices": ("which offices must sign the close of a meeting", _PLAIN),
    "fee_minor": ("the fee of a loan", _MONEY),
    "fee_ppm": ("the fee of a loan, of its amount", _PERCENT),
    "penalty": ("the penalty for paying late", _PLAIN),
    "penalty_minor": ("the penalty for paying late, as an amount", _MONEY),
    "penalty_ppm": ("the penalty for paying late, as a percentage", _PERCENT),
    "allocation": ("what a payment on a loan pays first", _PLAIN),
}
"""Field of the constitution or of its loan rules -> in words, and how its value is told."""

_NOT_A_RULE: Final = frozenset({"version", "proposal"})


def changes(old: ConstitutionAdopted, new: ConstitutionAdopted, tell: Tell) -> list[Change]:
    """What `new` has otherwise than `old`, in the order of the rules."""
    return [*_changed(old, new, tell), *_changed(old.loan, new.loan, tell)]


def _changed(old: Any, new: Any, tell: Tell) -> Iterator[Change]:
    for field in type(old).__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        if before == after or field in _NOT_A_RULE:
            continue
        if isinstance(before, dict):
            yield from _by_code(field, before, after, tell)
        elif not isinstance(before, LoanRules):
            label, unit = _RULES.get(field, (f"the rule “{_plain(field)}”", _PLAIN))
            yield Change(field, label, _told(before, unit, tell), _told(after, unit, tell))


def _by_code(
    field: str, before: Mapping[str, int], after: Mapping[str, int], tell: Tell
) -> Iterator[Change]:
    """Changes of a table: fines by their code, approvals by the kind of entry."""
    what, unit = ("the fine", _MONEY) if field == "fines" else ("how many approve", _PLAIN)
    for code in sorted(before.keys() | after.keys()):
        if before.get(code) != after.get(code):
            told = [_told(side.get(code), unit, tell) for side in (before, after)]
            yield Change(f"{field}.{code}", f"{what} “{_plain(code)}”", *told)


def _told(value: object, unit: str, tell: Tell) -> str:
    if value is None or value in ("", ()):
        return "no rule"
    if isinstance(value, tuple):
        return " and ".join(map(_plain, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and unit == _MONEY:
        return tell(value)
    if isinstance(value, int) and unit == _PERCENT:
        return f"{percent(value)} %"
    return _plain(str(value))


def percent(ppm: int) -> str:
    """Parts per million as a percentage: 25,000 is 2.5."""
    whole, rest = divmod(ppm, 10_000)
    return str(whole) if not rest else format_amount(ppm, 4).rstrip("0")


def _plain(code: str) -> str:
    return code.replace("_", " ").replace(".", " ")


def in_words(found: list[Change]) -> str:
    """Changes as a sentence's end: `the price of a share from KES 1.00 to KES 2.00`."""
    told = [f"{one.label} from {one.before} to {one.after}" for one in found]
    return "; ".join(told)
