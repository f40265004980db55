"""What the group's own money needs officers for, as the books stand now: one list for all of it.

Unmatched receipts are named one by one while they are few. One whose amount a recent entry by hand
brought into the same pocket is probably that payment, recorded twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.accounts import POCKETS
from model.book import Book
from model.counts import newest_keys
from model.fund_pages import ReceiptPage
from model.funding import watch_funding
from model.investments import watch_investments
from model.journal import reversed_by
from model.pages import FindingPage
from model.partners import watch_partners
from model.receipts import RECEIVED
from model.reconciling import watch_reconciliations
from model.reserves import watch_reserves
from model.sheets import sheet_entries, subjects_of
from model.withdrawals import watch_requests

Seen = tuple[str, str, FindingPage]
SHOWN_MAX: Final = 12  # receipts that are named one by one
MEETINGS_MAX: Final = 4  # newest meetings in which the same payment is looked for

_ByHand = dict[tuple[str, int], str]
"""Account and amount of cash that a recent entry brought -> the entry."""


def watch_money(book: Book) -> Iterator[Seen]:
    """Everything that the topics of the group's own money see."""
    yield from watch_partners(book)
    yield from watch_funding(book)
    yield from watch_investments(book)
    yield from watch_receipts(book)
    yield from watch_reconciliations(book)
    yield from watch_requests(book)
    yield from watch_reserves(book)
    yield from watch_attempts(book)


def watch_receipts(book: Book) -> Iterator[Seen]:
    """Receipts whose purpose is not known; of many, how many and how much."""
    rows = list(book.unmatched.rows())
    if len(rows) > SHOWN_MAX:
        total = sum(left for _, left in rows)
        yield "unmatched_receipts", "receipts", FindingPage(amounts=(total, len(rows)))
        return
    by_hand = _recent_by_hand(book) if rows else {}
    for thing, left in rows:
        page = book.receipts.find(thing)
        assert page is not None  # it was told of when it was listed
        yield _unmatched(thing, page, left, by_hand)


def _unmatched(thing: str, page: ReceiptPage, left: int, by_hand: _ByHand) -> Seen:
    twin = by_hand.get((POCKETS[page.channel], page.amount_minor), "")
    names = (page.entry, twin) if twin else (page.entry,)
    code = "receipt_maybe_known" if twin else "unmatched_receipt"
    finding = FindingPage(names, thing, page.cycle, page.session, (left,), page.reference)
    return code, thing, finding


def _recent_by_hand(book: Book) -> _ByHand:
    """Cash that entries without a receipt brought in the newest meetings."""
    found: _ByHand = {}
    for key in reversed(newest_keys(book, MEETINGS_MAX)):
        for name, page in sheet_entries(book, *key, subjects_of(book, *key)):
            if page.kind == RECEIVED or page.status != "counted" or reversed_by(book, page):
                continue
            if book.matched.find(name):
                continue
            for account, _, amount in page.lines:
                if amount > 0 and account in POCKETS.values():
                    found.setdefault((account, amount), name)
    return found


def watch_attempts(book: Book) -> Iterator[Seen]:
    """Attempts to pay open requests that failed, or that the provider did not answer."""
    for thing, _ in book.open_requests.rows():
        request = book.withdrawals.find(thing)
        if request is None or request.state != "approved":
            continue
        for client_ref in request.attempts:
            attempt = book.attempts.find(client_ref)
            if attempt is not None and attempt.state in ("failed", "unknown"):
                finding = FindingPage(
                    (request.entry,), request.member, amounts=(request.amount_minor,),
                    detail=client_ref,
                )  # fmt: skip
                yield f"payout_{attempt.state}", client_ref, finding
