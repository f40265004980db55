"""The book as plain data for programs and screens: balances, loans, findings.

Amounts are whole numbers of the smallest unit. While an entry of a newer Mkutano is in the books,
balances are withheld (None), never guessed. Nothing here reads more than members, balances, open
loans and findings, however long the history is.
"""

from __future__ import annotations

from typing import Any

from model.accounts import CHART, LOANS, MEMBER_SHARES, OVERPAYMENTS, POCKETS
from model.book import Book
from model.days import due_day
from model.findings import NameOf, list_findings
from model.journal import FINES_DUE, SHARES, balance
from model.loan_ledger import owed_minor, terms_of
from model.loans import position, schedule
from model.pages import LoanPage

Plain = dict[str, Any]


def is_withheld(book: Book) -> bool:
    """Is there an entry that this phone can't read and that could change totals?"""
    return any(code == "unknown_kind" for (code, _), _ in book.findings.rows())


def book_view(book: Book, name_of: NameOf | None = None) -> Plain:
    """Digest, group, members, accounts, pockets, the newest meeting and findings."""
    withheld = is_withheld(book)
    group = book.group.find("group")
    return {
        "digest": book.digest(),
        "withheld": withheld,
        "group": None
        if group is None
        else {
            "name": group.name,
            "currency": group.currency,
            "exponent": group.exponent,
            "kind": group.kind,
        },
        "members": members_view(book, withheld),
        "accounts": accounts_view(book, withheld),
        "cash": {
            pocket: None if withheld else balance(book, account)
            for pocket, account in POCKETS.items()
        },
        "meeting": _newest_meeting(book),
        "findings": findings_view(book, name_of),
    }


def members_view(book: Book, withheld: bool = False) -> list[Plain]:
    """Each member with shares, savings, outstanding loan and fines due; by number, then id."""
    principal: dict[str, int] = {}
    interest: dict[str, int] = {}
    for name, member in book.open_loans.rows():
        principal[member] = principal.get(member, 0) + balance(book, LOANS, name)
        loan = book.loans.find(name)
        interest[member] = interest.get(member, 0) + (_interest_left(loan) if loan else 0)
    rows = sorted(book.members.rows(), key=lambda row: (row[1].number, row[0]))
    shown = []
    for member, page in rows:
        figures = {
            "shares": balance(book, SHARES, member),
            "savings": -balance(book, MEMBER_SHARES, member),
            "outstanding_loan": principal.get(member, 0),
            "outstanding_interest": interest.get(member, 0),
            "fines_due": balance(book, FINES_DUE, member),
            "overpaid": -balance(book, OVERPAYMENTS, member),
        }
        shown.append(
            {
                "id": member,
                "number": page.number,
                "status": page.status,
                "joined_on": page.joined_on,
                **(dict.fromkeys(figures) if withheld else figures),
            }
        )
    return shown


def _interest_left(loan: LoanPage) -> int:
    terms = terms_of(loan)
    return 0 if terms is None else position(terms, (loan.paid_minor,)).interest_outstanding_minor


def accounts_view(book: Book, withheld: bool = False) -> list[Plain]:
    """Every account that is not zero, in the order of the chart, debit positive."""
    totals: dict[str, int] = {}
    for (account, _), amount in book.accounts.rows():
        totals[account] = totals.get(account, 0) + amount
    return [
        {
            "code": account.code,
            "name": account.name,
            "kind": account.kind,
            "balance_minor": None if withheld else totals[account.code],
        }
        for account in CHART
        if totals.get(account.code)
    ]


def _newest_meeting(book: Book) -> Plain | None:
    key = book.latest.find("meeting")
    page = book.meetings.find(key) if key is not None else None
    if key is None or page is None:
        return None
    return {
        "cycle": key[0],
        "session": key[1],
        "held_on": page.held_on,
        "closed": bool(page.closes),
    }


def meetings_view(book: Book) -> list[Plain]:
    """Every meeting there was; grows with the history."""
    return [
        {"cycle": key[0], "session": key[1], "held_on": page.held_on, "closed": bool(page.closes)}
        for key, page in sorted(book.meetings.rows())
    ]


def loans_view(book: Book, every: bool = False) -> list[Plain]:
    """Open loans (or every loan): terms, state, what is owed, and the schedule with its days."""
    names = [name for name, _ in (book.loans if every else book.open_loans).rows()]
    withheld = is_withheld(book)
    found = ((name, book.loans.find(name)) for name in names)
    return [loan_view(name, loan, withheld) for name, loan in found if loan is not None]


def loan_view(name: str, loan: LoanPage, withheld: bool = False) -> Plain:
    """One loan; what is owed is None while totals are withheld."""
    terms = terms_of(loan)
    rows = schedule(terms) if terms is not None else ()
    owed = position(terms, (loan.paid_minor,)) if terms is not None else None
    left = loan.paid_minor
    instalments = []
    for row in rows:
        paid = min(left, row.total_minor)
        left -= paid
        due = due_day(loan.starts_on, loan.period, row.number) if loan.starts_on else None
        instalments.append(
            {
                "number": row.number,
                "due_on": due,
                "principal_minor": row.principal_minor,
                "interest_minor": row.interest_minor,
                "paid_minor": None if withheld else paid,
            }
        )
    figures = {
        "principal_outstanding_minor": owed.principal_outstanding_minor if owed else 0,
        "interest_outstanding_minor": owed.interest_outstanding_minor if owed else 0,
        "overpaid_minor": owed.overpaid_minor if owed else loan.paid_minor,
        "paid_minor": loan.paid_minor,
    }
    return {
        "id": name,
        "member": loan.member,
        "state": loan_state(loan),
        "asked_minor": loan.asked_minor,
        "approved_minor": loan.approved_minor,
        "principal_minor": loan.principal_minor,
        "purpose": loan.purpose,
        "method": loan.method,
        "rate_ppm": loan.rate_ppm,
        "periods": loan.periods,
        "period": loan.period,
        "starts_on": loan.starts_on or None,
        **(dict.fromkeys(figures) if withheld else figures),
        "instalments": instalments,
    }


def loan_state(loan: LoanPage) -> str:
    """`applied`, `approved`, `active` or `repaid`."""
    terms = terms_of(loan)
    if terms is None:
        return "approved" if loan.approved else "applied"
    return "repaid" if loan.paid_minor >= owed_minor(loan) else "active"


def findings_view(book: Book, name_of: NameOf | None = None) -> list[Plain]:
    """Every finding with its code, weight and sentence; tasks first."""
    return [
        {**finding._asdict(), "entries": list(finding.entries), "amounts": list(finding.amounts)}
        for finding in list_findings(book, name_of)
    ]
