"""Loans as plain data for programs and screens: terms, state, what is owed and when.

A loan that only received payments is shown from their sum; one on which more bears from its
replayed account. Lateness is as of the newest meeting's day, because no clock is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from model.book import Book
from model.loan_account import loan_account
from model.loan_terms import amounts_of, order_of, rules_of, terms_of
from model.loan_watch import standing_of
from model.members import kept_member
from model.pages import LoanPage
from model.reckoning.account import Account
from model.reckoning.allocation import paid_split, waterfall
from model.reckoning.schedules import schedule

Plain = dict[str, Any]


def newest_day(book: Book) -> str:
    """The day of the newest meeting; empty before there was one."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    return meeting.held_on if meeting is not None else ""


def loans_view(book: Book, every: bool = False, withheld: bool = False) -> list[Plain]:
    """Open loans (or every loan): terms, state, what is owed, and the schedule with its days."""
    names = [name for name, _ in (book.loans if every else book.open_loans).rows()]
    found = ((name, book.loans.find(name)) for name in names)
    return [loan_view(book, name, loan, withheld) for name, loan in found if loan is not None]


def loan_view(book: Book, name: str, loan: LoanPage, withheld: bool = False) -> Plain:
    """One loan; what is owed is None while totals are withheld."""
    today = max(newest_day(book), loan.starts_on)
    found = loan_account(book, name, loan, today) if loan.by_account else None
    stands = standing_of(book, name, loan, today)
    figures = {
        **(_by_account(found) if found is not None else _by_sum(loan)),
        "paid_minor": loan.paid_minor,
        "overdue_minor": stands.overdue_minor if stands else 0,
        "days_past_due": stands.days_past_due if stands else 0,
        "written_off_minor": loan.written_off_minor,
        "recovered_minor": loan.recovered_minor,
    }
    instalments = _instalments(found) if found is not None else _planned(loan)
    if withheld:
        instalments = [{**row, "paid_minor": None, "owed_minor": None} for row in instalments]
    return {
        "id": name,
        "member": kept_member(book, loan.member),
        "state": loan_state(loan, figures),
        "asked_minor": loan.asked_minor,
        "approved_minor": loan.approved_minor,
        "principal_minor": loan.principal_minor,
        "purpose": loan.purpose,
        "fund": "social_fund" if loan.social else "loan_fund",
        "method": rules_of(loan).method or loan.method,
        "rate_ppm": loan.rate_ppm,
        "periods": loan.periods,
        "period": loan.period,
        "starts_on": loan.starts_on or None,
        "rescheduled": loan.rescheduled,
        "guarantors": [
            {"member": kept_member(book, member), "amount_minor": amount}
            for member, amount in loan.guarantors
        ],
        "collateral": loan.collateral,
        "collateral_minor": loan.collateral_minor,
        "kept_back_minor": loan.fee_held_back_minor + loan.interest_held_back_minor,
        **(dict.fromkeys(figures) if withheld else figures),
        "instalments": instalments,
    }


def _by_sum(loan: LoanPage) -> Plain:
    terms = amounts_of(loan)
    if terms is None:
        return _figures((0, 0, 0, 0), loan.paid_minor)
    order = order_of(loan)
    paid, whole = paid_split(terms, loan.paid_minor, order), waterfall(terms, order).before[-1]
    left = (whole[0] - paid[0], whole[1] - paid[1], whole[2] - paid[2], whole[3] - paid[3])
    return _figures(left, paid.overpaid_minor)


def _by_account(found: Account) -> Plain:
    return _figures(found.outstanding, found.overpaid_minor)


def _figures(owed: tuple[int, int, int, int], overpaid_minor: int) -> Plain:
    penalty, fee, interest, principal = owed
    return {
        "principal_outstanding_minor": principal,
        "interest_outstanding_minor": interest,
        "fee_outstanding_minor": fee,
        "penalty_outstanding_minor": penalty,
        "overpaid_minor": overpaid_minor,
    }


def _planned(loan: LoanPage) -> list[Plain]:
    """The schedule, filled by the sum of the payments; oldest instalment first."""
    terms = terms_of(loan)
    left = loan.paid_minor
    rows = []
    for row in schedule(terms).instalments if terms is not None else ():
        paid = min(left, row.total_minor)
        left -= paid
        rows.append(
            {
                "number": row.number,
                "due_on": row.due_on or None,
                "principal_minor": row.principal_minor,
                "interest_minor": row.interest_minor,
                "fee_minor": row.fee_minor,
                "penalty_minor": row.penalty_minor,
                "paid_minor": paid,
                "owed_minor": row.total_minor - paid,
            }
        )
    return rows


def _instalments(found: Account) -> list[Plain]:
    return [
        {
            "number": row.number,
            "due_on": row.due_on or None,
            "principal_minor": row.asked[3],
            "interest_minor": row.asked[2],
            "fee_minor": row.asked[1],
            "penalty_minor": row.asked[0],
            "paid_minor": sum(row.paid),
            "owed_minor": row.owed_minor,
        }
        for row in found.instalments
    ]


def loan_state(loan: LoanPage, figures: Plain) -> str:
    """`applied`, `approved`, `contested`, `rejected`, `withdrawn` or `cancelled` before the money
    was handed over; then `active`, `overdue`, `defaulted`, `written_off` or `repaid`."""
    if not loan.principal_minor:
        if loan.contested:
            return "contested"
        return loan.outcome or ("approved" if loan.approved else "applied")
    if loan.paid_minor >= loan.owed_minor:
        return "written_off" if loan.written_off_minor else "repaid"
    if loan.defaulted:
        return "defaulted"
    return "overdue" if figures["days_past_due"] else "active"


def interest_left(book: Book, names: Iterable[str]) -> int:
    """Interest that these loans still ask for."""
    total = 0
    for name in names:
        loan = book.loans.find(name)
        if loan is None or not loan.principal_minor:
            continue
        if loan.by_account:
            today = max(newest_day(book), loan.starts_on)
            found = loan_account(book, name, loan, today)
            total += found.outstanding[2] if found is not None else 0
        else:
            total += int(_by_sum(loan)["interest_outstanding_minor"])
    return total
