"""A second reckoning of a group's money, written without a look at how the book does it.

For histories in which officers wrote one after the other and agree: no meeting closed, nothing
late, nothing contested, every payment on a line of its own. What was taken back is left out first;
what is left is added up straight, and interest is worked out as on paper, with fractions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from model import events as e
from model.entry import Entry

POCKET: Final = {"box": "1010", "social": "1020", "bank": "1030", "mobile": "1040"}
OPENING: Final = {
    "box": ("1010", 1),
    "social_box": ("1020", 1),
    "bank": ("1030", 1),
    "mobile": ("1040", 1),
    "social_fund": ("3010", -1),
    "surplus": ("3020", -1),
}

Place = tuple[str, str]
Totals = Counter[Place]
"""Account and member or loan -> minor units, debit positive."""


def reckon(entries: Iterable[Entry]) -> dict[Place, int]:
    """What every account must hold, zeros left out."""
    told = sorted(entries, key=lambda entry: (entry.lamport, entry.id))
    taken_back = _taken_back(told)
    standing = [entry for entry in told if entry.id not in taken_back]
    totals: Totals = Counter()
    for entry in standing:
        _add(totals, entry.event)
    _fines(totals, standing)
    _loans(totals, standing, _borrowers(told))
    return {place: minor for place, minor in totals.items() if minor}


def _taken_back(told: list[Entry]) -> set[bytes]:
    """Ids of what somebody took back; the last word is read first."""
    gone: set[bytes] = set()
    for entry in reversed(told):
        if isinstance(entry.event, e.EntryReversed) and entry.id not in gone:
            gone.add(entry.event.target)
    return gone


def _move(totals: Totals, debit: Place, credit: Place, minor: int) -> None:
    totals[debit] += minor
    totals[credit] -= minor


def _add(totals: Totals, event: object) -> None:
    """Money whose place follows from the fact alone."""
    match event:
        case e.SharePurchased(member=member, amount_minor=minor, channel=channel, shares=shares):
            _move(totals, (POCKET[channel], ""), ("2010", member.hex()), minor)
            totals["shares", member.hex()] += shares
        case e.SocialContributed(amount_minor=minor, channel=channel):
            _move(totals, (POCKET[channel], ""), ("3010", ""), minor)
        case e.SocialPaidOut(amount_minor=minor, channel=channel):
            _move(totals, ("3010", ""), (POCKET[channel], ""), minor)
        case e.ExpensePaid(amount_minor=minor, pocket=pocket):
            _move(totals, ("5010", ""), (POCKET[pocket], ""), minor)
        case e.TransferMade(amount_minor=minor, source=source, target=target):
            _move(totals, (POCKET[target], ""), (POCKET[source], ""), minor)
        case e.OpeningBalanceSet(account="savings", member=member, amount_minor=minor):
            _move(totals, ("3090", ""), ("2010", member.hex()), minor)
            totals["shares", member.hex()] += event.shares
        case e.OpeningBalanceSet(account=account, amount_minor=minor) if account in OPENING:
            code, sign = OPENING[account]
            _move(totals, (code, ""), ("3090", ""), sign * minor)


def _fines(totals: Totals, standing: list[Entry]) -> None:
    """All that was levied against all that was paid; what is too much belongs to the member."""
    levied: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for entry in standing:
        match entry.event:
            case e.FineLevied(member=member, amount_minor=minor):
                levied[member.hex()] += minor
            case e.OpeningBalanceSet(account="fines", member=member, amount_minor=minor):
                levied[member.hex()] += minor
            case e.FinePaid(member=member, amount_minor=minor, channel=channel):
                paid[member.hex()] += minor
                totals[POCKET[channel], ""] += minor
    for named in levied | paid:
        settled = min(levied[named], paid[named])
        totals["fines_due", named] = levied[named] - settled
        totals["4030", ""] -= settled
        totals["2030", named] -= paid[named] - settled


def _borrowers(told: list[Entry]) -> dict[bytes, str]:
    """Whose a loan is, whether or not what brought it here was taken back."""
    return {
        entry.id: entry.event.member.hex()
        for entry in told
        if isinstance(entry.event, e.LoanApplied | e.OpeningBalanceSet)
    }


def _loans(totals: Totals, standing: list[Entry], borrower: dict[bytes, str]) -> None:
    """Each loan by itself: what was lent, what the agreed rows ask for, what came back."""
    terms: dict[bytes, e.LoanApproved] = {}
    lent: dict[bytes, int] = {}
    paid: Counter[bytes] = Counter()
    for entry in standing:
        match entry.event:
            case e.LoanApproved(loan=loan):
                terms[loan] = entry.event
            case e.OpeningBalanceSet(account="loan", amount_minor=minor):
                lent[entry.id] = minor
                _move(totals, ("1100", entry.id.hex()), ("3090", ""), minor)
            case e.LoanDisbursed(loan=loan, amount_minor=minor, channel=channel):
                lent[loan] = minor
                _move(totals, ("1100", loan.hex()), (POCKET[channel], ""), minor)
            case e.LoanRepaid(loan=loan, amount_minor=minor, channel=channel):
                paid[loan] += minor
                totals[POCKET[channel], ""] += minor
    for loan, left in paid.items():
        for interest, principal in _rows(lent.get(loan, 0), terms.get(loan)):
            to_interest = min(left, interest)
            to_principal = min(left - to_interest, principal)
            left -= to_interest + to_principal
            totals["4010", ""] -= to_interest
            totals["1100", loan.hex()] -= to_principal
        totals["2030", borrower[loan]] -= left


def _rows(lent_minor: int, agreed: e.LoanApproved | None) -> list[tuple[int, int]]:
    """Interest and principal of each instalment, as a treasurer writes them on paper.

    Flat, or equal principal on the falling balance; no rounding step, halves to the even unit.
    """
    if agreed is None:
        return [(0, lent_minor)]
    rate = Fraction(agreed.rate_ppm, 1_000_000)
    whole = round(lent_minor * rate * agreed.periods)
    left, charged, written = lent_minor, 0, []
    for number in range(1, agreed.periods + 1):
        last = number == agreed.periods
        principal = left if last else min(left, round(Fraction(lent_minor, agreed.periods)))
        if agreed.method == "flat":
            each = min(whole - charged, round(lent_minor * rate))
            interest = whole - charged if last else each
        else:
            interest = round(left * rate)
        written.append((interest, principal))
        left, charged = left - principal, charged + interest
    return written
