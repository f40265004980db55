"""A pocket compared with what the bank or the provider says it holds on a day.

Nothing is posted. What the books hold on that day is the balance now, less what moved since: the
meetings after the day, and receipts by the day that the provider gives for them. A statement that
agrees is still not reconciled while anything is in dispute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from model import events as e
from model.accounts import POCKETS
from model.book import Book
from model.entry import Entry
from model.journal import balance, entry_page, reversed_by
from model.pages import EntryPage, FindingPage
from model.receipts import RECEIVED
from model.references import counted_one
from model.sheets import sheet_entries, subjects_of
from model.standing import enter

DAYS_MAX: Final = 64  # newest days on which one pocket was stated that are looked at
MEETINGS_MAX: Final = 60  # later meetings that are gone through; an older statement says nothing
STATED: Final = "reconciliation.recorded"
_DISPUTES: Final = frozenset(
    {"disputed_amount", "disputed_statement", "disputed_entry", "reference_twice"}
    | {"receipt_differs", "receipt_elsewhere", "contested_match", "contested_receipt"}
)


def state_balance(book: Book, entry: Entry, event: e.Reconciled, keeper: bool) -> None:
    """Keep what a bank or provider says that a pocket holds at the end of a day."""
    thing, days = _thing(event.pocket, event.as_of), book.stated.find(event.pocket) or ()
    if event.as_of not in days:
        book.stated.put(event.pocket, tuple(sorted((*days, event.as_of))[-DAYS_MAX:]))
    enter(
        book, entry, keeper, STATED, event.cycle, event.session, thing, 1, event.stated_minor, "",
        (), (), once=thing, text=event.comment,
    )  # fmt: skip


def _thing(pocket: str, day: str) -> str:
    return f"stated {pocket} {day}"


class Reconciliation(NamedTuple):
    """The newest statement of a pocket beside the books, in minor units.

    `variance_minor`: stated less booked; None when the statement is too old to say.
    `disputes`: how many open disputes keep it from being reconciled.
    """

    pocket: str
    as_of: str
    entry: str
    stated_minor: int
    booked_minor: int | None
    variance_minor: int | None
    disputes: int

    @property
    def is_reconciled(self) -> bool:
        """Do both agree, with nothing in dispute?"""
        return self.variance_minor == 0 and not self.disputes


def reconciliations(book: Book) -> Iterator[Reconciliation]:
    """The newest statement of every pocket that was stated."""
    for pocket in POCKETS:
        for day in reversed(book.stated.find(pocket) or ()):
            name = counted_one(book, _thing(pocket, day), STATED)
            if name:
                stated = entry_page(book, name).amount
                booked = booked_on(book, pocket, day)
                variance = None if booked is None else stated - booked
                disputes = open_disputes(book)
                yield Reconciliation(pocket, day, name, stated, booked, variance, disputes)
                break


def booked_on(book: Book, pocket: str, day: str) -> int | None:
    """What the books hold in a pocket at the end of a day; None when that is too long ago."""
    account = POCKETS[pocket]
    later = [key for key, page in book.meetings.rows() if page.held_on > day]
    if len(later) > MEETINGS_MAX:
        return None
    moved = 0
    for key in later:
        for _, page in sheet_entries(book, *key, subjects_of(book, *key)):
            if page.kind != RECEIVED or page.text > day:
                moved += sum(amount for acct, _, amount in page.lines if acct == account)
    return balance(book, account) - moved


def open_disputes(book: Book) -> int:
    """How many disputes about money officers have still to settle."""
    return sum(
        code in _DISPUTES and not _taken_back(book, page)
        for (code, _), page in book.findings.rows()
    )


def _taken_back(book: Book, page: FindingPage) -> bool:
    entries: list[EntryPage] = [entry_page(book, name) for name in page.entries]
    return any(entry.kind == "entry.disputed" and reversed_by(book, entry) for entry in entries)


def watch_reconciliations(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Pockets whose newest statement differs from the books, or that a dispute keeps open."""
    for one in reconciliations(book):
        names = (one.entry,)
        if one.booked_minor is not None and one.variance_minor:
            amounts = (one.stated_minor, one.booked_minor)
            finding = FindingPage(names, amounts=amounts, detail=one.pocket)
            yield "not_reconciled", one.pocket, finding
        elif one.variance_minor == 0 and one.disputes:
            finding = FindingPage(names, amounts=(one.disputes,), detail=one.pocket)
            yield "reconcile_disputes", one.pocket, finding


RULES: Final = {e.Reconciled: state_balance}
