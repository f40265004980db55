"""What a dividend would pay, from the books as they stand: on shares, or on voluntary savings.

On shares it is by what a member holds; on savings by amount and time, month by month from the first
day of the cycle (reckoning/dividends.py). Either at a rate, or out of an amount that is divided.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from model import events as e
from model.accounts import MEMBER_SAVINGS, MEMBER_SHARES
from model.book import Book
from model.days import parse_day
from model.journal import balance, entry_page, reversed_by
from model.reckoning.dividends import (
    DividendError,
    Dividends,
    DividendTerms,
    Holding,
    dividends_at_rate,
    dividends_from_pool,
)
from model.sheets import claims_on, subjects_of

On = Literal["shares", "savings"]
ROWS_MAX: Final = 250  # members that one fact can name


class DividendPreview(NamedTuple):
    """A dividend as it would be, what it is paid on, and how it is told."""

    cycle: int
    on: On
    basis: str
    result: Dividends


def preview_dividend(
    book: Book, cycle: int, on: On, terms: DividendTerms, pool_minor: int = 0
) -> DividendPreview:
    """Work a dividend out; a pool given divides that, else the rates of `terms` are paid."""
    holdings = _holdings(book, cycle, on, terms.months)
    if not holdings:
        raise DividendError("No member holds anything that a dividend could be paid on.")
    if len(holdings) > ROWS_MAX:
        raise DividendError(f"More than {ROWS_MAX} members cannot get a dividend in one go.")
    if pool_minor:
        deposit_pool = pool_minor if on == "savings" else 0
        result = dividends_from_pool(
            holdings,
            deposit_pool_minor=deposit_pool,
            capital_pool_minor=pool_minor - deposit_pool,
            terms=terms,
        )
        return DividendPreview(cycle, on, f"pool on {on}", result)
    rate = terms.deposit_rate_ppm if on == "savings" else terms.capital_rate_ppm
    return DividendPreview(cycle, on, f"{rate} ppm on {on}", dividends_at_rate(holdings, terms))


def declared(
    preview: DividendPreview,
    session: int,
    kind: Literal["dividend", "interest", "bonus"],
    to: Literal["payable", "savings"],
) -> e.DividendDeclared:
    """The fact that declares a preview in a meeting of its cycle."""
    rows = tuple(
        e.DividendRow(bytes.fromhex(row.member), row.gross_minor, row.tax_minor)
        for row in preview.result.rows
        if row.gross_minor
    )
    if not rows:
        raise DividendError("The dividend comes to nothing for every member.")
    return e.DividendDeclared(preview.cycle, session, kind, preview.basis, rows, to)


def _holdings(book: Book, cycle: int, on: On, months: int) -> list[Holding]:
    changes = _changes(book, cycle, months) if on == "savings" else {}
    found = []
    for member, page in book.members.rows():
        if page.merged_into:
            continue
        shares = max(0, -balance(book, MEMBER_SHARES, member))
        saved = max(0, -balance(book, MEMBER_SAVINGS, member))
        monthly = changes.get(member, [])
        opening = saved - sum(monthly)
        if opening < 0:  # withdrawn through other doors: what is there counts as there all along
            opening, monthly = saved, []
        if on == "shares" and shares:
            found.append(Holding(page.number, member, capital_minor=shares))
        elif on == "savings" and (saved or any(monthly)):
            found.append(Holding(page.number, member, opening, tuple(monthly)))
    return found


def _changes(book: Book, cycle: int, months: int) -> dict[str, list[int]]:
    """What each member put in less what was taken out, by month of the cycle."""
    page = book.cycles.find(str(cycle))
    if page is None:
        return {}
    first = parse_day(page.starts_on)
    found: dict[str, list[int]] = {}
    for key, meeting in book.meetings.rows():
        if key[0] != cycle or not meeting.held_on:
            continue
        day = parse_day(meeting.held_on)
        month = (day.year - first.year) * 12 + day.month - first.month
        for subject in subjects_of(book, *key):
            for slot, line, name in claims_on(book, *key, subject):
                if not line or slot not in ("savings.deposited", "savings.withdrawn"):
                    continue
                entry = entry_page(book, name)
                if entry.status != "counted" or reversed_by(book, entry):
                    continue
                sums = found.setdefault(subject, [0] * months)
                sign = 1 if slot == "savings.deposited" else -1
                sums[min(max(month, 0), months - 1)] += sign * entry.amount
    return found
