"""What is promised and not yet handed over: approved loans and approved requests to pay out.

An approval reserves the money in its pocket until it is paid, cancelled or its last day is over.
When a fund holds less than what is promised from it, all that is promised is named and nothing
preferred: who wrote first gains nothing, officers decide which one waits. Where only loans are
promised the finding is another (`loans_unfunded`), so that nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from model.accounts import POCKETS
from model.book import Book
from model.journal import balance
from model.pages import FindingPage
from model.withdrawals import newest_day

FUNDS: Final = {"loan_fund": ("box", "bank", "mobile"), "social_fund": ("social",)}
"""Each fund and the pockets that its money is in."""
NAMED_MAX: Final = 64  # promises that one finding names


class Reserve(NamedTuple):
    """One promise: `entry` (hex) names it to people, `member` (hex) is who is to get it."""

    pocket: str
    entry: str
    member: str
    amount_minor: int
    is_loan: bool = False


def reserves(book: Book) -> Iterator[Reserve]:
    """Everything that was approved and is still to be handed over."""
    for promised in _PROMISES:
        yield from promised(book)


def reserved_minor(book: Book, pocket: str) -> int:
    """How much of a pocket is promised."""
    return sum(one.amount_minor for one in reserves(book) if one.pocket == pocket)


def free_minor(book: Book, pocket: str) -> int:
    """What a pocket holds beyond what is promised from it; below zero: too much is."""
    return balance(book, POCKETS[pocket]) - reserved_minor(book, pocket)


def _loans(book: Book) -> Iterator[Reserve]:
    for name, _ in book.open_loans.rows():
        loan = book.loans.find(name)
        if loan is None or not loan.approved or loan.disbursed or loan.contested:
            continue
        pocket = "social" if loan.social else "box"
        yield Reserve(pocket, loan.approved, loan.member, loan.approved_minor, is_loan=True)


def _requests(book: Book) -> Iterator[Reserve]:
    today = newest_day(book)
    for thing, _ in book.open_requests.rows():
        page = book.withdrawals.find(thing)
        if page is None or page.state != "approved":
            continue
        if not page.expires_on or today <= page.expires_on:
            yield Reserve(page.pocket, page.entry, page.member, page.amount_minor)


_PROMISES: Final[tuple[Callable[[Book], Iterator[Reserve]], ...]] = (_loans, _requests)
"""What reserves money; a topic that promises some adds its own function."""


def watch_reserves(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Funds from which more is promised than they hold, with every promise."""
    promised = list(reserves(book))
    for fund, pockets in FUNDS.items():
        ones = [one for one in promised if one.pocket in pockets]
        total = sum(one.amount_minor for one in ones)
        held = sum(balance(book, POCKETS[pocket]) for pocket in pockets)
        if total > max(0, held):
            code = "loans_unfunded" if all(one.is_loan for one in ones) else "unfunded"
            names = tuple(sorted(one.entry for one in ones)[:NAMED_MAX])
            yield code, fund, FindingPage(names, amounts=(total, max(0, held)), detail=fund)
