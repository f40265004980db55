"""What ends a membership or a cycle, added up by the chart of accounts of the field.

A settlement and a share-out are posted as they were read out. The close of a cycle takes all income
and expenses that its author knew to the surplus; what was written apart, or later, stays where it
is until the next close. Two entries for one person are one person, under the name that is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from model import events as e

Place = tuple[str, str]
Totals = Counter[Place]

_POCKET: Final = {"box": "1010", "social": "1020", "bank": "1030", "mobile": "1040"}
_FUND: Final = {"surplus": "3020", "reserve": "3030", "social_fund": "3010"}


def _move(totals: Totals, debit: Place, credit: Place, minor: int) -> None:
    totals[debit] += minor
    totals[credit] -= minor


def add_ending(totals: Totals, event: Any) -> None:
    """Exit, share-out, dividend, tax, surplus or merry-go-round."""
    match event:
        case e.MemberExited():
            _exit(totals, event)
        case e.ShareoutConfirmed():
            _shareout(totals, event)
        case e.DividendDeclared():
            for row in event.rows:
                to = "2080" if event.to == "payable" else "2020"
                net = row.gross_minor - row.tax_minor
                _move(totals, ("3020", ""), (to, row.member.hex()), net)
                _move(totals, ("3020", ""), ("2095", ""), row.tax_minor)
        case e.TaxPaid():
            _move(totals, ("2095", ""), (_POCKET[event.channel], ""), event.amount_minor)
        case e.SurplusMoved():
            source, target = _FUND[event.source], _FUND[event.target]
            _move(totals, (source, ""), (target, ""), event.amount_minor)
        case e.RotationPaidIn():
            pot = ("2090", event.member.hex())
            _move(totals, (_POCKET[event.channel], ""), pot, event.amount_minor)
        case e.RotationPaidOut():
            pot = ("2090", event.member.hex())
            _move(totals, pot, (_POCKET[event.channel], ""), event.amount_minor)
            _move(totals, pot, ("4040", ""), event.fee_minor)


def _exit(totals: Totals, event: e.MemberExited) -> None:
    """All that the member has goes to what the group owes: the fee, the cash and the rest."""
    member = event.member.hex()
    owed = ("2080", member)
    _move(totals, ("2010", member), owed, event.savings_minor)
    _move(totals, ("2020", member), owed, event.voluntary_minor)
    _move(totals, ("3020", ""), owed, event.profit_minor)
    _move(totals, owed, ("4040", ""), event.fee_minor)
    _move(totals, owed, (_POCKET[event.channel], ""), event.paid_minor)
    gross = event.savings_minor + event.voluntary_minor + event.profit_minor
    rest = gross - event.fee_minor - event.paid_minor - event.netted_minor
    _move(totals, owed, ("2060", member), rest)
    totals["shares", member] -= event.shares


def _shareout(totals: Totals, event: e.ShareoutConfirmed) -> None:
    """Savings at par and the surplus (or the loss) become what the group owes each member."""
    for row in event.rows:
        member = row.member.hex()
        owed = ("2080", member)
        _move(totals, ("2010", member), owed, row.savings_minor)
        _move(totals, ("3020", ""), owed, row.gross_minor - row.savings_minor)
        _move(totals, ("3010", ""), owed, row.social_minor)
        totals["shares", member] -= row.shares


def owed_to_the_former(totals: Totals, member: str) -> None:
    """Whatever else is found with a member who left is, taken together, owed to or by them."""
    found = {account: totals[account, member] for account in ("2010", "2020", "2030")}
    due = "1170" if sum(found.values()) > 0 else "2060"
    for account, minor in found.items():
        _move(totals, (due, member), (account, member), minor)
    totals["shares", member] = 0


def sweep(totals: Totals, known: Totals) -> None:
    """Close all income and expenses that the closing officer's phone knew to the surplus."""
    for (account, subject), minor in known.items():
        if account.startswith(("4", "5")):
            _move(totals, ("3020", ""), (account, subject), minor)


def one_person(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Every name that was merged -> the name that the person keeps.

    That is the one which nobody dropped; where officers crossed over, the lowest of several.
    """
    told = list(pairs)
    dropped = {drop for _, drop in told}
    same: dict[str, set[str]] = {}
    for keep, drop in told:
        group = same.get(keep, {keep}) | same.get(drop, {drop})
        for name in group:
            same[name] = group
    return {name: min(group - dropped or group) for name, group in same.items()}
