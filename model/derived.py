"""Entries whose split follows from others: repayments from the loan, fine payments from fines due.

Taking an old one out lets every later one be split afresh; nothing is stored as a decision. No
rule reads a split, so that `derive` only notes what to do and `settle_up` does it, once, at the
end of a step, however many entries it moved.
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


_FINES, _LOAN, _OPENING = "fines", "loan", "opening"
_LEDGERS: Final = {
    "fine.levied": _FINES,
    "fine.paid": _FINES,
    "loan.applied": _LOAN,
    "loan.approved": _LOAN,
    "loan.disbursed": _LOAN,
    "loan.repaid": _LOAN,
    "opening_balance.set": _OPENING,
}
_WORK: Final[dict[str, Callable[[Book, str], None]]] = {
    _FINES: derive_fines,
    _LOAN: derive_loan,
    _OPENING: _derive_opening,
}


def is_derived(kind: str) -> bool:
    """Do lines of this kind depend on other entries of its member or loan?"""
    return kind in _LEDGERS


def derive(book: Book, kind: str, subject: str) -> None:
    """Let the payments of one member's fines or of one loan be split anew."""
    book.stale[_LEDGERS[kind], subject] = None


def settle_up(book: Book) -> None:
    """Do what `derive` noted."""
    for ledger, subject in book.stale:
        _WORK[ledger](book, subject)
    book.stale.clear()
