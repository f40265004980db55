"""Meetings that officers seal: closes that say what their phone reckons, and the order of seals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.counts import closing_counts
from model.entry import Entry
from model.postings import Key, Postings
from model.reducer import REDUCER_VERSION, fold
from model.sealing import journal_digest
from model.statements import meeting_view
from simulations.strangers import in_seal_order as in_seal_order
from tests.strategies import Phone, Village

_TOTALS = {
    "shares_minor": "savings_minor",
    "social_minor": "social_minor",
    "fines_minor": "fines_paid_minor",
    "repaid_minor": "repaid_minor",
    "lent_minor": "lent_minor",
    "spent_minor": "spent_minor",
}


def book_of(entries: Iterable[Entry]) -> Book:
    """The book of these entries in the order of seals."""
    return fold(in_seal_order(list(entries)))


def closing(book: Book, cycle: int, session: int) -> e.MeetingClosed:
    """The close that a phone with this book would write."""
    counted: list[Any] = sorted(closing_counts(book, (cycle, session)).items())
    totals = dict.fromkeys(_TOTALS, 0)
    if book.meetings.find((cycle, session)) is not None:
        shown = meeting_view(book, cycle, session)["totals"]
        totals = {name: max(0, shown[column] or 0) for name, column in _TOTALS.items()}
    close = e.MeetingClosed(
        cycle,
        session,
        (e.CoveredTip(bytes(32), 1, bytes(32)),),
        counted=tuple(e.CountedPocket(*row) for row in counted),
        reducer_version=REDUCER_VERSION,
        journal_digest=journal_digest(book, (cycle, session)),
    )
    return replace(close, **totals)


def close_meeting(phone: Phone, session: int = 1, cycle: int = 1) -> bytes:
    """Close a meeting over what a phone knows; the close."""
    return phone.record(closing(book_of(phone.known.values()), cycle, session))


def seal(village: Village, session: int = 1) -> bytes:
    """The secretary closes a meeting and the treasurer signs it; everybody knows it after."""
    village.meet()
    close = close_meeting(village.secretary, session)
    village.treasurer.learns_from(village.secretary)
    village.treasurer.record(e.ApprovalGiven(close, 1, session))
    village.meet()
    return close


def rows(book: Book, key: Key = (1, 1)) -> dict[str, list[Any]]:
    """What is posted in a meeting, entry by entry."""
    return {one.name: sorted(one.lines) for one in Postings(book).of(key) if one.lines}
