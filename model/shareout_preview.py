"""What a share-out would pay if it were held today, from the books as they stand.

The money that is divided is what the pockets hold and members owe on loans, less everything that
belongs to somebody else: the social fund, voluntary savings, debts, reserves, grants, pots. What is
invested, or owed by people who have no shares, is not divided. The rules are the constitution's;
what it does not say (by what members are weighed) is asked for. Whoever commits the preview commits
exactly these figures, which `digest` names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from model import events as e
from model.accounts import (
    BANK,
    CASH_BOX,
    CASH_SOCIAL,
    CONDITIONAL_GRANTS,
    DUE_TO_FORMER_MEMBERS,
    EXTERNAL_LOANS,
    GRANT_EQUITY,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    MOBILE_MONEY,
    OVERPAYMENTS,
    RESERVE,
    ROTATION_POT,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
    TAX_WITHHELD,
    UNALLOCATED_RECEIPTS,
)
from model.book import Book
from model.journal import SHARES, balance, entry_page, reversed_by
from model.permissions import constitution
from model.reckoning.shareout import ShareOut, share_out
from model.reckoning.shareout_terms import Basis, Capital, Fund, Saver, ShareOutError
from model.reckoning.splitting import Deposit, amount_days
from model.shareouts import reckoning_rules
from model.sheets import claims_on, subjects_of
from model.views import members_view

ROWS_MAX: Final = 250  # members that one fact can name
_KEPT: Final = frozenset(
    {MEMBER_SAVINGS, OVERPAYMENTS, CONDITIONAL_GRANTS, DUE_TO_FORMER_MEMBERS, UNALLOCATED_RECEIPTS}
    | {SHAREOUT_PAYABLE, ROTATION_POT, TAX_WITHHELD, RESERVE, GRANT_EQUITY}
)
"""What lies in the pockets and belongs to somebody else, or is set aside."""


class Preview(NamedTuple):
    """A share-out as it would be, and the member (hex) of each of its rows."""

    cycle: int
    fund: Fund
    result: ShareOut
    terms: e.ConstitutionAdopted
    basis: Basis
    capital: Capital


def preview_shareout(
    book: Book, cycle: int, basis: Basis = "shares", capital: Capital = "in_pool"
) -> Preview:
    """Work the share-out of a cycle out; `ShareOutError` when there is nothing to reckon with."""
    rules = constitution(book)
    if rules is None:
        raise ShareOutError("The group has no constitution yet, so nobody knows how to share out.")
    terms = rules.terms
    savers = list(_savers(book, cycle, basis))
    if not savers:
        raise ShareOutError("No member has shares, so there is nothing to share out.")
    if len(savers) > ROWS_MAX:
        raise ShareOutError(f"More than {ROWS_MAX} members cannot share out in one go.")
    agreed = reckoning_rules(
        basis,
        capital,
        terms.residue,
        terms.payout_step_minor,
        terms.social_at_shareout,
        terms.netting,
    )
    fund = _fund(book)
    return Preview(cycle, fund, share_out(fund, savers, agreed), terms, basis, capital)


def committed(preview: Preview, session: int) -> e.ShareoutConfirmed:
    """The fact that declares a preview in a meeting of its cycle."""
    result, terms = preview.result, preview.terms
    rows = tuple(
        e.ShareoutRow(
            bytes.fromhex(row.member),
            row.shares,
            row.paid_in_minor,
            row.gross_minor,
            row.welfare_minor,
            row.weight if preview.basis == "amount_time" else 0,
        )
        for row in result.rows
    )
    social_pool = preview.fund.welfare_minor if result.welfare_minor else 0
    residue = result.residue_minor if result.pool_minor > 0 else 0
    return e.ShareoutConfirmed(
        preview.cycle,
        session,
        result.pool_minor,
        rows,
        residue,
        social_pool,
        bytes.fromhex(result.digest),
        preview.basis,
        preview.capital,
        terms.residue,
        terms.payout_step_minor,
        terms.social_at_shareout,
    )


def _fund(book: Book) -> Fund:
    # Member by member: what one owes there does not pay what is owed to another.
    kept = sum(max(0, -amount) for (account, _), amount in book.accounts.rows() if account in _KEPT)
    social = max(0, -balance(book, SOCIAL_FUND))
    # Social money may lie in the loan fund's box, and the other way round: together they are right.
    cash = balance(book, CASH_BOX) + balance(book, CASH_SOCIAL) - social
    return Fund(
        cash,
        balance(book, BANK),
        balance(book, MOBILE_MONEY),
        debt_minor=max(0, -balance(book, EXTERNAL_LOANS)),
        reserve_minor=kept,
        welfare_minor=social,
    )


def _savers(book: Book, cycle: int, basis: Basis) -> Iterator[Saver]:
    deposits = _deposits(book, cycle) if basis == "amount_time" else {}
    last = _last_day(book, cycle)
    for row in members_view(book):
        member = row["id"]
        page = book.members.find(member)
        if page is None or page.merged_into:
            continue
        shares, saved = balance(book, SHARES, member), -balance(book, MEMBER_SHARES, member)
        if saved <= 0 and shares <= 0 and (page.exited or page.status != "active"):
            continue
        yield Saver(
            page.number,
            member,
            max(0, shares),
            max(0, saved),
            _weight(book, cycle, max(0, saved), deposits.get(member, []), last),
            max(0, row["outstanding_loan"]),
            max(0, row["outstanding_interest"]),
            max(0, row.get("outstanding_penalty", 0) + row.get("outstanding_fee", 0)),
            max(0, row["fines_due"]),
        )


def _weight(book: Book, cycle: int, saved: int, deposits: list[Deposit], last: str) -> int:
    """Money * days in this cycle; what was saved before it counts from its first day."""
    page = book.cycles.find(str(cycle))
    if not last or page is None:
        return 0
    before = saved - sum(deposit.amount_minor for deposit in deposits)
    if before > 0:
        deposits = [Deposit(page.starts_on, before), *deposits]
    return amount_days(deposits, last)


def _last_day(book: Book, cycle: int) -> str:
    days = [page.held_on for key, page in book.meetings.rows() if key[0] == cycle]
    return max(days, default="")


def _deposits(book: Book, cycle: int) -> dict[str, list[Deposit]]:
    """The share purchases of a cycle that count, by member."""
    found: dict[str, list[Deposit]] = {}
    for key, meeting in book.meetings.rows():
        if key[0] != cycle or not meeting.held_on:
            continue
        for subject in subjects_of(book, *key):
            for slot, line, name in claims_on(book, *key, subject):
                page = entry_page(book, name)
                bought = slot == "share.purchased" and line and page.status == "counted"
                if bought and not reversed_by(book, page):
                    deposit = Deposit(meeting.held_on, page.amount)
                    found.setdefault(subject, []).append(deposit)
    return found
