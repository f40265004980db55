"""Entries whose split follows from others: repayments from the loan, fine payments from fines due.

Taking an old one out lets every later one be split afresh; nothing is stored as a decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model.book import Book
from model.fine_ledger import derive_fines
from model.loan_ledger import derive_loan


def _derive_opening(book: Book, subject: str) -> None:
    if book.loans.find(subject) is not None:
        derive_loan(book, subject)
    else:
        derive_fines(book, subject)


_LEDGERS: Final[dict[str, Callable[[Book, str], None]]] = {
    "fine.levied": derive_fines,
    "fine.paid": derive_fines,
    "loan.applied": derive_loan,
    "loan.approved": derive_loan,
    "loan.disbursed": derive_loan,
    "loan.repaid": derive_loan,
    "opening_balance.set": _derive_opening,
}


def is_derived(kind: str) -> bool:
    """Do lines of this kind depend on other entries of its member or loan?"""
    return kind in _LEDGERS


def derive(book: Book, kind: str, subject: str) -> None:
    """Split the payments of one member's fines or of one loan anew."""
    _LEDGERS[kind](book, subject)
