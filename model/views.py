"""The book as plain data for programs and screens: balances, loans, findings.

Amounts are whole numbers of the smallest unit. While an entry of a newer Mkutano is in the books,
balances are withheld (None), never guessed. Nothing here reads more than members, balances, open
loans and findings, however long the history is.
"""

from __future__ import annotations

from typing import Any

from model import loan_views
from model.accounts import CHART, LOANS, MEMBER_SAVINGS, MEMBER_SHARES, OVERPAYMENTS, POCKETS
from model.book import Book
from model.findings import NameOf, list_findings
from model.journal import FINES_DUE, SHARES, balance
from model.members import kept_member

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
    for name, borrower in book.open_loans.rows():
        member = kept_member(book, borrower)
        principal[member] = principal.get(member, 0) + balance(book, LOANS, name)
        interest[member] = interest.get(member, 0) + loan_views.interest_left(book, (name,))
    rows = sorted(book.members.rows(), key=lambda row: (row[1].number, row[0]))
    shown = []
    for member, page in rows:
        figures = {
            "shares": balance(book, SHARES, member),
            "savings": -balance(book, MEMBER_SHARES, member),
            "voluntary_savings": -balance(book, MEMBER_SAVINGS, member),
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
                "merged_into": page.merged_into or None,
                "exited": bool(page.exited),
                **(dict.fromkeys(figures) if withheld else figures),
            }
        )
    return shown


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
    return loan_views.loans_view(book, every, is_withheld(book))


def findings_view(book: Book, name_of: NameOf | None = None) -> list[Plain]:
    """Every finding with its code, weight and sentence; tasks first."""
    return [
        {**finding._asdict(), "entries": list(finding.entries), "amounts": list(finding.amounts)}
        for finding in list_findings(book, name_of)
    ]
