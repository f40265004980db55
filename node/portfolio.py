"""The portfolio: every group that this device follows, in one table, with totals by currency.

Of a group whose ledger is here the figures are those of today; of one that is followed by its
summaries they are those of its last sealed meeting, and say so. Amounts of different currencies
are never added up. A total is of the groups that this device may follow now and whose amounts are
known; how many those are stands beside it. Who asks reads what is at hand: `refresh` brings it up
to date, a bounded number of groups at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from model.days import YEAR_MAX
from model.reckoning.portfolio import ParDefinition
from model.reports.indicator_shape import MONEY, Indicators
from model.reports.indicators import on_day
from node.answers import Answer
from node.clock import day_of
from node.errors import NodeError
from node.heard import Heard, last_heard
from node.node import Node
from node.portfolio_choice import PortfolioRequest, in_order
from node.portfolio_figures import refresh, stale
from node.portfolio_store import Followed, PortfolioStore

Plain = dict[str, Any]

REFRESHED_MAX: Final = 200
"""Groups that one call works out at most: half a minute on a small machine."""
DAY_MS: Final = 86_400_000

_SUMMED: Final = tuple(name for name in MONEY if not name.startswith("counted"))
_COUNTED: Final = ("members", "women", "men", "loans", "late_loans", "attended", "expected")


class RefreshRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many groups to work out in one call."""

    most: Annotated[int, Meta(ge=1, le=REFRESHED_MAX)] = 50


def refresh_portfolio(node: Node, asked: RefreshRequest, now_ms: int) -> Answer:
    """Work out the figures of groups with new books; how many, and how many are left."""
    return Answer(refresh(node, _day(now_ms), asked.most)._asdict())


def portfolio(node: Node, asked: PortfolioRequest, now_ms: int) -> Answer:
    """The groups that were asked for, and totals by currency, from what is at hand."""
    day = _day(now_ms)
    database = node.store.database
    heard, waiting = last_heard(database), {one.group_id for one in stale(node, day)}
    rows = [
        _row(one, heard.get(one.group_id), day, now_ms, one.group_id in waiting)
        for one in PortfolioStore(database).rows()
    ]
    if asked.group:
        return Answer({"day": day, **_detail(_meant(rows, asked.group))})
    shown = in_order(rows, asked)
    return Answer(
        {
            "day": day,
            "followed": len(rows),
            "left": len(waiting),
            "groups": shown,
            "totals": _totals(shown),
        }
    )


def _day(now_ms: int) -> str:
    """This device's day; a clock beyond the calendar of the books stands at its end."""
    return min(day_of(now_ms), f"{YEAR_MAX}-12-31")


def _row(one: Followed, heard: Heard | None, day: str, now_ms: int, is_stale: bool) -> Plain:
    """One group as plain data; the figures flat under their own names, None where not known."""
    found = one.figures
    if found is not None and one.source == "ledger" and found.day <= day:
        found = on_day(found, one.ages, day)
    return {
        "group": one.group_id.hex(),
        "name": one.name,
        "source": one.source,
        "scope": one.scope,
        "until": one.until or None,
        "state": _state(one, day),
        "stale": is_stale,
        "needs_update": found is not None and (found.newer or found.withheld == "update"),
        "dated_ahead": bool(one.next_on),
        "heard": None if heard is None else _heard(heard, now_ms),
        "figures": None if found is None else _figures(found),
    }


def _state(one: Followed, day: str) -> str:
    """following, ended (the grant), stopped (by officers), waiting to be let in, unreadable
    (damaged here), or empty: no figures yet."""
    if one.state in ("waiting", "unreadable"):
        return one.state
    if one.state != "active" or not one.scope:
        return "stopped"
    if one.until and one.until < day:
        return "ended"
    return "following" if one.figures is not None else "empty"


def _heard(heard: Heard, now_ms: int) -> Plain:
    return {
        "way": heard.way,
        "from": heard.label,
        "at_ms": heard.heard_ms,
        "on": day_of(heard.heard_ms),
        "days": max(0, now_ms - heard.heard_ms) // DAY_MS,
    }


def _figures(found: Indicators) -> Plain:
    """Every figure, and the ratios that follow from two of them as [part, whole]."""
    plain = {name: getattr(found, name) for name in found.__struct_fields__}
    return {
        **plain,
        "cycle_state": found.cycle_state,
        "par0": _ratio(found.par0_minor, found.loans_minor),
        "par30": _ratio(found.par30_minor, found.loans_minor),
        "par90": _ratio(found.par90_minor, found.loans_minor),
        "repayment": _ratio(found.collected_minor, found.due_minor),
        "attendance_last": _ratio(found.attended_last, found.expected_last),
        "attendance": _ratio(found.attended, found.expected),
    }


def _ratio(part: int | None, whole: int | None) -> list[int] | None:
    return [part, whole] if part is not None and whole else None


# Totals


def _totals(rows: Iterable[Mapping[str, Any]]) -> list[Plain]:
    """Sums over the groups that are followed now, one for each currency, in their order."""
    by_currency: dict[tuple[str, int], list[Plain]] = {}
    for row in rows:
        figures = row["figures"]
        if row["state"] == "following" and figures is not None and figures["currency"]:
            at = (figures["currency"], figures["exponent"])
            by_currency.setdefault(at, []).append(figures)
    return [_total(*at, found) for at, found in sorted(by_currency.items())]


def _total(currency: str, exponent: int, found: Sequence[Mapping[str, Any]]) -> Plain:
    known = [one for one in found if not one["withheld"]]
    sums: Plain = {name: sum(one[name] for one in found) for name in _COUNTED}
    sums |= {name: sum(one[name] or 0 for one in known) for name in _SUMMED}
    bands: dict[str, int] = {}
    for one in found:
        if one["band"]:
            bands[one["band"]] = bands.get(one["band"], 0) + 1
    return {
        "currency": currency,
        "exponent": exponent,
        "groups": len(found),
        "withheld": len(found) - len(known),
        **sums,
        "par30": _ratio(sums["par30_minor"], sums["loans_minor"]),
        "par90": _ratio(sums["par90_minor"], sums["loans_minor"]),
        "repayment": _ratio(sums["collected_minor"], sums["due_minor"]),
        "attendance": _ratio(sums["attended"], sums["expected"]),
        "bands": dict(sorted(bands.items())),
    }


# One group


def _meant(rows: Sequence[Plain], said: str) -> Plain:
    """The group that a person means. NodeError when it is none or not clear."""
    wanted = said.strip().casefold()
    found = [row for row in rows if row["name"].casefold() == wanted]
    found = found or [
        row
        for row in rows
        if row["name"].casefold().startswith(wanted)
        or (len(wanted) >= 4 and row["group"].startswith(wanted))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NodeError(
            f"No group in the portfolio is called “{said}”. See them all with: mkutano portfolio",
            "which_group",
        )
    names = ", ".join(f"{row['name']} ({row['group'][:8]})" for row in found[:12])
    raise NodeError(
        f"“{said}” may be {len(found)} groups: {names}. Give --group the letters in brackets.",
        "which_group",
    )


def _detail(row: Plain) -> Plain:
    """A group with what its health score is made of, worked out again from the facts here."""
    figures = row["figures"]
    found = None
    if figures is not None:
        known = {name: figures[name] for name in Indicators.__struct_fields__}
        found = Indicators(**known).health()
    health = None
    if found is not None:
        health = {
            "score": found.score,
            "band": found.band,
            "governance": found.governance,
            "compliance": found.compliance,
            "factors": [factor._asdict() for factor in found.factors],
            "facts": found.facts._asdict(),
        }
    return {**row, "health": health, "definitions": _DEFINITIONS}


_DEFINITIONS: Final[Mapping[str, str]] = {
    **{f"par{days}": ParDefinition(days).sentence() for days in (0, 30, 90)},
    "repayment": "what was collected of what fell due in the period; without prepayments",
    "attendance": "members who came themselves, over members of each meeting with a register",
    "savings": "what was paid for shares that are not paid out yet; voluntary savings beside it",
}
