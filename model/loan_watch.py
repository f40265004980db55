"""What the loans need from officers, worked out when it is shown: limits and lateness.

Everything here depends on the whole of the book and on the newest meeting's day, so none of it is
stored: a repayment that arrives takes the finding away on every phone. Limits are looked at while
the money has not been handed over; afterwards lateness is what matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model import listing
from model.accounts import LOANS, MEMBER_SAVINGS, MEMBER_SHARES
from model.book import Book
from model.events import ConstitutionAdopted
from model.journal import balance, entry_page, reversed_by
from model.loan_account import loan_account
from model.loan_decisions import calls_topic, charge_key
from model.loan_ledger import winner
from model.loan_terms import order_of, penalty_of, rules_of, terms_of
from model.members import kept_member, loans_of
from model.pages import FindingPage, LoanPage
from model.reckoning.arrears import Standing, standing, standing_by_sum
from model.reckoning.eligibility import (
    Borrower,
    Guarantor,
    LendingLimits,
    Reason,
    Request,
    reasons_against,
)
from model.reckoning.penalties import PenaltyDue, penalties_due

Seen = tuple[str, str, FindingPage]

_CODES: Final = {
    "multiple_of_savings": "loan_over_savings",
    "term": "loan_too_long",
    "open_loan": "loan_beside_another",
    "guarantor_savings": "guarantor_overcommitted",
}


def watch_loans(book: Book) -> Iterator[Seen]:
    """Requests beyond the rules, late loans, penalties, guarantees."""
    loans = _open_loans(book)
    today = _today(book)
    current = book.constitution.find("current")
    terms = current.terms if current is not None else None
    for name, loan in loans:
        if not loan.disbursed:
            if terms is not None and not loan.contested:
                yield from _limits(book, terms, name, loan)
        elif today:
            yield from _lateness(book, terms, name, loan, today)
            yield from _calls(book, name, loan)


def _open_loans(book: Book) -> list[tuple[str, LoanPage]]:
    found = ((name, book.loans.find(name)) for name, _ in book.open_loans.rows())
    return [(name, loan) for name, loan in found if loan is not None]


def _today(book: Book) -> str:
    """The newest meeting's day."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    return meeting.held_on if meeting is not None else ""


def savings_of(book: Book, member: str) -> int:
    """Shares and voluntary savings of a member."""
    return -balance(book, MEMBER_SHARES, member) - balance(book, MEMBER_SAVINGS, member)


def borrower_of(book: Book, member: str, without: str = "") -> Borrower:
    """A member's savings, principal owed and loans handed over under any name of the person, one
    loan (hex) left out."""
    owed = open_loans = 0
    for name in loans_of(book, member):
        loan = book.loans.find(name)
        if name != without and loan is not None and book.open_loans.find(name) and loan.disbursed:
            owed += balance(book, LOANS, name)
            open_loans += 1
    return Borrower(savings_of(book, kept_member(book, member)), owed, open_loans)


def limits_of(terms: ConstitutionAdopted) -> LendingLimits:
    """The constitution's limits; 0 there is no limit here."""
    return LendingLimits(
        terms.loan_multiplier or None, terms.loan_periods_max, terms.loans_open_max or None
    )


def guaranteed_by(book: Book, guarantor: str, without: str = "") -> int:
    """What a member answers for on open loans, one loan left out; never more than is still owed."""
    total = 0
    for name, loan in _open_loans(book):
        if name == without:
            continue
        left = balance(book, LOANS, name) if loan.disbursed else loan.approved_minor
        for member, amount in loan.guarantors:
            if kept_member(book, member) == guarantor:
                total += min(amount, left)
    return total


def reasons(
    book: Book, terms: ConstitutionAdopted, member: str, asked_minor: int, periods: int,
    guarantees: tuple[tuple[str, int], ...] = (), name: str = "",
) -> tuple[Reason, ...]:  # fmt: skip
    """What stands against a loan by the group's rules, with the numbers; `name`: its own."""
    guarantors = [
        Guarantor(
            guarantor,
            savings_of(book, kept_member(book, guarantor)),
            guaranteed_by(book, kept_member(book, guarantor), name),
            amount,
            is_borrower=kept_member(book, guarantor) == member,
        )
        for guarantor, amount in guarantees
    ]
    request = Request(asked_minor, periods)
    return reasons_against(request, borrower_of(book, member, name), limits_of(terms), guarantors)


def _limits(book: Book, terms: ConstitutionAdopted, name: str, loan: LoanPage) -> Iterator[Seen]:
    member = kept_member(book, loan.member)
    wanted = loan.approved_minor or loan.asked_minor
    for reason in reasons(book, terms, member, wanted, loan.periods, loan.guarantors, name):
        code = _CODES.get(reason.rule)
        if code is not None:
            subject = reason.who or loan.member
            page = FindingPage(subject=subject, amounts=(reason.asked, reason.allowed), detail=name)
            about = f"{name}.{reason.who}" if reason.who else name
            yield code, about, page
    if terms.guarantors_min and len(loan.guarantors) < terms.guarantors_min:
        amounts = (len(loan.guarantors), terms.guarantors_min)
        yield "guarantors_missing", name, FindingPage(subject=loan.member, amounts=amounts)
    page_of = book.members.find(member)
    status = ("exited" if page_of.exited else page_of.status) if page_of is not None else "active"
    if status != "active":
        page = FindingPage(subject=loan.member, amounts=(wanted,), detail=status)
        yield "loan_of_inactive_member", name, page


# Late loans.


def standing_of(book: Book, name: str, loan: LoanPage, on: str) -> Standing | None:
    """How a loan stands at the end of a day; None before its money was handed over.

    On the newest meeting's day and after it the sum of the payments says it, for a plain loan.
    """
    terms = terms_of(loan)
    if terms is None or not loan.starts_on or on < loan.starts_on:
        return None
    if loan.by_account or on < _today(book):
        found = loan_account(book, name, loan, on)
        return None if found is None else standing(found, name)
    return standing_by_sum(terms, loan.paid_minor, on, name, order_of(loan))


def _lateness(
    book: Book, terms: ConstitutionAdopted | None, name: str, loan: LoanPage, today: str
) -> Iterator[Seen]:
    stands = standing_of(book, name, loan, today)
    if stands is None:
        return
    days = stands.days_past_due
    amounts = (stands.overdue_minor, days, stands.outstanding_minor)
    page = FindingPage(subject=loan.member, amounts=amounts, detail=name)
    if loan.defaulted and stands.outstanding_minor:
        yield "loan_in_default", name, page
    elif terms is not None and days > terms.default_after_days:
        yield "loan_default_due", name, page
    elif days:
        yield "loan_overdue", name, page
    if days and rules_of(loan).penalty != "none":
        due = penalties_open(book, name, loan, today)
        total = sum(one.amount_minor for one in due)
        if total:
            amounts = (total, len(due), days)
            yield "penalty_due", name, FindingPage(subject=loan.member, amounts=amounts)


def penalties_open(book: Book, name: str, loan: LoanPage, on: str) -> list[PenaltyDue]:
    """Penalties that the loan's rules ask for and that nobody has charged yet."""
    found = loan_account(book, name, loan, on)
    if found is None:
        return []
    return [
        due
        for due in penalties_due(found, penalty_of(loan))
        if winner(book, charge_of(name, due), "loan.charged") is None
    ]


def charge_of(name: str, due: PenaltyDue) -> str:
    """The thing that happens once which charges a suggested penalty: its line is the period."""
    return charge_key(name, "penalty", str(due.instalment), due.period + 1)


def _calls(book: Book, name: str, loan: LoanPage) -> Iterator[Seen]:
    for call in listing.every(book, calls_topic(name)):
        page = entry_page(book, call)
        if page.status == "counted" and not reversed_by(book, page):
            shown = FindingPage((call,), page.member, amounts=(page.amount,), detail=loan.member)
            yield "guarantee_called", call, shown
