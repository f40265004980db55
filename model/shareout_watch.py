"""Is a share-out what the books have? Worked out when it is shown, while its cycle is open.

Before officers agree: a member whose shares or savings are others than it says, or whom it leaves
out, and a pool larger than what belongs to the members. After they agreed the savings of the cycle
should be gone: what is left came from a phone that the author had not heard.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.accounts import MEMBER_SHARES, OPENING_BALANCES, RETAINED_SURPLUS
from model.book import Book
from model.cycles import open_cycles
from model.journal import SHARES, balance, entry_page, reversed_by
from model.pages import EntryPage, FindingPage
from model.shareouts import once_of
from model.sheets import claims_once

Seen = tuple[str, str, FindingPage]


def watch_shareouts(book: Book) -> Iterator[Seen]:
    """Share-outs of cycles that are open which differ from the books."""
    for cycle in open_cycles(book):
        standing = _standing(book, cycle)
        counted = [row for row in standing if row[1].status == "counted"]
        for name, page in counted or standing:
            yield from _differences(book, name, page)


def _standing(book: Book, cycle: int) -> list[tuple[str, EntryPage]]:
    """Share-outs that count, or wait for officers."""
    rows = [(name, entry_page(book, name)) for _, _, name in claims_once(book, once_of(cycle))]
    return [
        (name, page)
        for name, page in rows
        if page.status in ("counted", "suspense") and not reversed_by(book, page)
    ]


def _differences(book: Book, name: str, page: EntryPage) -> Iterator[Seen]:
    stated = {(account, subject): amount for account, subject, amount in page.held}
    posted = page.status == "counted" and bool(page.lines)
    for member, _ in book.members.rows():
        par = stated.get((MEMBER_SHARES, member), 0)
        shares = -stated.get((SHARES, member), 0)
        saved = -balance(book, MEMBER_SHARES, member) + par * posted
        count = balance(book, SHARES, member) + shares * posted
        if (par, shares) != (saved, count):
            finding = FindingPage((name,), member, page.cycle, page.session, (par, saved))
            yield "shareout_differs", f"{name}.{member}", finding
    given = sum(amount for (account, _), amount in stated.items() if account == MEMBER_SHARES)
    given += stated.get((RETAINED_SURPLUS, ""), 0)
    equity = _equity(book) + given * posted
    if given > equity:
        amounts = (given, max(0, equity))
        finding = FindingPage((name,), "", page.cycle, page.session, amounts)
        yield "shareout_pool_too_large", name, finding


def _equity(book: Book) -> int:
    """What belongs to the members together: savings, surplus, and the result of this cycle."""
    return -sum(
        amount
        for (account, _), amount in book.accounts.rows()
        if account in (MEMBER_SHARES, RETAINED_SURPLUS, OPENING_BALANCES) or account[0] in "45"
    )
