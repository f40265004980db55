"""Cash that can't be right: pockets and funds below zero, and one payment that is in twice.

Cash is always counted, even below zero: it was paid out. Which payment began it would depend on
who wrote first; what stands in the books does not, so that the largest outflows of the newest
meeting that has any are named, whoever wrote them. A repayment by hand beside one of the same
amount that came with a provider's reference is probably the same money.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.accounts import POCKETS, SOCIAL_FUND
from model.book import Book
from model.counts import newest_keys
from model.journal import balance, entry_page, reversed_by
from model.pages import FindingPage
from model.sheets import claims_on, count_of, sheet_entries, subjects_of

MEETINGS_MAX: Final = 4  # newest meetings in which outflows are looked for
NAMED_MAX: Final = 3  # outflows that one finding names
_HELD: Final = {**dict.fromkeys(POCKETS.values(), 1), SOCIAL_FUND: -1}
"""Accounts that should not be below zero, and the sign of what they hold (debit positive)."""


def watch_pockets(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Everything that holds less than nothing."""
    for account, sign in _HELD.items():
        if balance(book, account) * sign < 0:
            entries = _newest_outflows(book, account, sign)
            yield "overdrawn", account, FindingPage(entries, detail=account)


def _newest_outflows(book: Book, account: str, sign: int) -> tuple[str, ...]:
    for key in newest_keys(book, MEETINGS_MAX):
        found = []
        for name, page in sheet_entries(book, *key, subjects_of(book, *key)):
            out = -sign * sum(amount for held, _, amount in page.lines if held == account)
            if out > 0:
                found.append((-out, name))
        if found:
            return tuple(name for _, name in sorted(found)[:NAMED_MAX])
    return ()


def watch_repayments(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Repayments of the newest meetings that were recorded by hand and came with a reference."""
    for key in newest_keys(book, MEETINGS_MAX):
        for loan in subjects_of(book, *key):
            if count_of(book, *key, loan, "loan.repaid") < 2:
                continue  # nearly every one; no page is read for it
            by_hand: dict[int, list[str]] = {}
            referred: dict[int, list[str]] = {}
            for kind, _, name in claims_on(book, *key, loan):
                page = entry_page(book, name)
                if kind != "loan.repaid" or page.status != "counted" or reversed_by(book, page):
                    continue
                (referred if page.once else by_hand).setdefault(page.amount, []).append(name)
            for amount in sorted(by_hand.keys() & referred.keys()):
                names = (min(by_hand[amount]), min(referred[amount]))
                finding = FindingPage(names, loan, *key, (amount,))
                yield "possible_duplicate_payment", names[0], finding
