"""Which groups of the portfolio are shown, and in which order.

What needs a look comes first: most at risk, lowest score, longest not heard or not sealed. Groups
of which a figure is not known stand at the end, never among the good or the bad. Amounts are
compared within a currency only.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

Sort = Literal["name", "risk", "score", "savings", "loans", "members", "heard", "sealed", "until"]
Row = Mapping[str, Any]
Key = tuple[Any, ...]


class PortfolioRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which groups of the portfolio, in which order."""

    group: Annotated[str, Meta(max_length=200)] = ""
    """Name of one group or the first letters of its id, for everything about it."""
    sort: Sort = "name"
    at_risk: Annotated[int, Meta(ge=-1, le=100)] = -1
    """Only groups of which more than so many percent are at risk (PAR 30); -1: all."""
    not_heard: Annotated[int, Meta(ge=0, le=36_500)] = 0
    """Only groups of which nothing was heard for so many days; 0: all."""
    currency: Annotated[str, Meta(max_length=3)] = ""
    ended: bool = False
    """Only groups that this device may not follow any more."""
    update: bool = False
    """Only groups that say more than this version of Mkutano understands."""


def in_order(rows: Iterable[Row], asked: PortfolioRequest) -> list[Row]:
    """The groups that were asked for, in the order that was asked for."""
    return sorted((row for row in rows if wanted(row, asked)), key=_ORDERS[asked.sort])


def wanted(row: Row, asked: PortfolioRequest) -> bool:
    """Does a group pass every filter that was asked for?"""
    figures, heard = row["figures"] or {}, row["heard"]
    if asked.currency and figures.get("currency") != asked.currency.upper():
        return False
    if asked.ended and row["state"] not in ("ended", "stopped"):
        return False
    if asked.update and not row["needs_update"]:
        return False
    if asked.not_heard and heard is not None and heard["days"] < asked.not_heard:
        return False
    par30 = figures.get("par30")
    return asked.at_risk < 0 or (par30 is not None and par30[0] * 100 > par30[1] * asked.at_risk)


def _by(name: str, *, least_first: bool = False) -> Callable[[Row], Key]:
    """By a figure, largest first or least first."""

    def key(row: Row) -> Key:
        value = (row["figures"] or {}).get(name)
        if isinstance(value, list):
            value = Fraction(*value)
        placed = 0 if value is None else value if least_first else -value
        return (value is None, placed, *_by_name(row))

    return key


def _by_name(row: Row) -> Key:
    return (str(row["name"]).casefold(), row["group"])


def _by_heard(row: Row) -> Key:
    heard = row["heard"]
    return (0 if heard is None else heard["at_ms"], *_by_name(row))


def _by_savings(row: Row) -> Key:
    figures = row["figures"] or {}
    saved = figures.get("shares_minor")
    whole = 0 if saved is None else saved + (figures["savings_minor"] or 0)
    return (saved is None, str(figures.get("currency", "")), -whole, *_by_name(row))


def _by_loans(row: Row) -> Key:
    figures = row["figures"] or {}
    lent = figures.get("loans_minor")
    return (lent is None, str(figures.get("currency", "")), -(lent or 0), *_by_name(row))


def _by_sealed(row: Row) -> Key:
    return ((row["figures"] or {}).get("sealed_on") or "", *_by_name(row))


def _by_until(row: Row) -> Key:
    return (row["until"] is None, row["until"] or "", *_by_name(row))


_ORDERS: Final[Mapping[Sort, Callable[[Row], Key]]] = {
    "name": _by_name,
    "risk": _by("par30"),
    "score": _by("score", least_first=True),
    "savings": _by_savings,
    "loans": _by_loans,
    "members": _by("members"),
    "heard": _by_heard,
    "sealed": _by_sealed,
    "until": _by_until,
}
