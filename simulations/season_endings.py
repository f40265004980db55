"""How members leave and cycles end: exits, merges, share-out, dividends, a merry-go-round.

What is read out is worked out here by the second reckoning, from what the phone knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from model import events as e
from simulations.season_deeds import Deed
from simulations.season_table import Table
from simulations.second_reckoning import reckon


def _held(table: Table, account: str) -> dict[str, int]:
    """What each member has on an account of the group's debts, as this phone reckons."""
    totals = reckon(table.phone.known.values())
    return {subject: -minor for (code, subject), minor in totals.items() if code == account}


def _exit(table: Table) -> e.Event | None:
    """A member takes savings along, less a fee; something may stay behind for later."""
    gone = {event.member for _, event in table.phone.heard(e.MemberExited)}
    left = [member for member in table.members() if member not in gone]
    if len(left) < 3:
        return None
    member = table.pick(left)
    named = member.hex()
    savings = max(0, _held(table, "2010").get(named, 0))
    voluntary = max(0, _held(table, "2020").get(named, 0))
    shares = max(0, -_held(table, "shares").get(named, 0))
    fee = min(savings, 30)
    paid = (savings + voluntary - fee) // 2 if table.happens(30) else savings + voluntary - fee
    return e.MemberExited(
        *table.at, member, "moved", shares, savings, voluntary, fee_minor=fee, paid_minor=paid
    )


def _merge(table: Table) -> e.Event | None:
    gone = {event.drop for _, event in table.phone.heard(e.MemberMerged)}
    left = [member for member in table.members() if member not in gone]
    if len(left) < 4:
        return None
    keep, drop = table.chance.sample(left, 2)
    return e.MemberMerged(keep, drop, *table.at, "one person")


def _surplus(table: Table) -> e.Event:
    source, target = table.chance.sample(("surplus", "reserve", "social_fund"), 2)
    ends: Any = {"source": source, "target": target}
    line = table.line(e.SurplusMoved, **ends)
    return e.SurplusMoved(*table.at, **ends, amount_minor=table.amount(90), line=line)


def _dividend(table: Table) -> e.Event | None:
    declared = {event.kind for _, event in table.phone.heard(e.DividendDeclared)}
    left = [kind for kind in ("dividend", "interest", "bonus") if kind not in declared]
    if not left:
        return None
    rows = tuple(
        e.DividendRow(member, table.amount(60), table.chance.choice((0, 1)))
        for member in table.members()
    )
    kind: Any = table.pick(left)
    to: Any = table.pick(("payable", "savings"))
    return e.DividendDeclared(*table.at, kind, "what the group decided", rows, to)


def _tax(table: Table) -> e.Event:
    return e.TaxPaid(*table.at, table.amount(5), table.line(e.TaxPaid), table.pocket())


def _rotation(table: Table) -> e.Event | None:
    if len(table.phone.heard(e.RotationStarted)) > 1:
        return None
    slots = tuple(table.members()[:4])
    line = table.line(e.RotationStarted)
    return e.RotationStarted(*table.at, 50, slots, fee_minor=table.pick((0, 7)), line=line)


def _paid_in(table: Table) -> e.Event | None:
    started = table.newest(table.phone.heard(e.RotationStarted))
    if started is None:
        return None
    rotation, event = started
    member, turn = table.pick(event.slots), table.chance.randint(1, len(event.slots))
    line = table.line(e.RotationPaidIn, rotation=rotation, round=turn, member=member)
    pocket = table.pocket()
    return e.RotationPaidIn(rotation, *table.at, turn, member, 50, line, pocket)


def _paid_out(table: Table) -> e.Event | None:
    started = table.newest(table.phone.heard(e.RotationStarted))
    if started is None:
        return None
    rotation, event = started
    taken = {
        paid.round for _, paid in table.phone.heard(e.RotationPaidOut) if paid.rotation == rotation
    }
    turn = next((turn for turn in range(1, len(event.slots) + 1) if turn not in taken), 0)
    if not turn:
        return None
    amount = 50 * len(event.slots) - event.fee_minor
    member = event.slots[turn - 1]
    return e.RotationPaidOut(
        rotation, *table.at, turn, member, amount, event.fee_minor, table.pocket()
    )


def share_out(table: Table) -> e.ShareoutConfirmed | None:
    """Everything goes to the shares: what was saved, and a surplus or a loss beside it."""
    shares = {named: -count for named, count in _held(table, "shares").items() if count < 0}
    savings = _held(table, "2010")
    owners = [member for member in table.members() if shares.get(member.hex(), 0) > 0]
    if not owners or any(savings.get(member.hex(), 0) < 0 for member in owners):
        return None
    paid_in = sum(savings.get(member.hex(), 0) for member in owners)
    pool = max(0, paid_in + table.chance.randint(-100, 400))
    counts = {member: shares[member.hex()] for member in owners}
    gross = _largest_remainder(pool, counts)
    rows = tuple(
        e.ShareoutRow(member, counts[member], savings.get(member.hex(), 0), gross[member])
        for member in owners
    )
    return e.ShareoutConfirmed(*table.at, pool, rows)


def _largest_remainder(pool: int, weights: dict[bytes, int]) -> dict[bytes, int]:
    """Parts by weight; what rounding left goes to the largest rests, then weights, then numbers."""
    whole = sum(weights.values())
    exact = {name: Fraction(pool * weight, whole) for name, weight in weights.items()}
    parts = {name: part.numerator // part.denominator for name, part in exact.items()}
    order = list(weights)
    order.sort(key=lambda name: (parts[name] - exact[name], -weights[name]))
    for name in order[: pool - sum(parts.values())]:
        parts[name] += 1
    return parts


def settle(table: Table, declared: e.ShareoutConfirmed) -> Iterator[e.Event]:
    """Pay out what the share-out owes, keep some of it as debts paid and as shares bought anew."""
    for row in declared.rows:
        owed = row.gross_minor
        loans = [
            identity
            for identity, event in table.phone.heard(e.LoanApplied)
            if event.member == row.member and identity in table.loans()
        ]
        if loans and owed > 40:
            line = table.line(e.LoanRepaid, loan=loans[-1])
            yield e.LoanRepaid(*table.at, loans[-1], 40, line, source="payable")
            owed -= 40
        if owed and table.happens(80):
            line = table.line(e.ClaimPaid, member=row.member)
            yield e.ClaimPaid(*table.at, row.member, "shareout", owed, line)


_CHAIR: Final[tuple[e.Title, ...]] = ("chairperson",)
_PAYS: Final[tuple[e.Title, ...]] = ("treasurer",)
_MONEY: Final[tuple[e.Title, ...]] = ("treasurer", "secretary")

ENDING_DEEDS: Final[tuple[Deed, ...]] = (
    Deed(("secretary",), 1, e.MemberExited, _exit),
    Deed(("secretary",), 1, e.MemberMerged, _merge),
    Deed(_PAYS, 1, e.SurplusMoved, _surplus),
    Deed(_CHAIR, 1, e.DividendDeclared, _dividend),
    Deed(_PAYS, 1, e.TaxPaid, _tax),
    Deed(_PAYS, 1, e.RotationStarted, _rotation),
    Deed(_MONEY, 3, e.RotationPaidIn, _paid_in),
    Deed(_PAYS, 2, e.RotationPaidOut, _paid_out),
)
"""What ends, and what the group decides about its surplus."""
