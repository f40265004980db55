"""Which office may record which fact, judged by the book before it.

Until a chairperson, a secretary and a treasurer have been elected, the person who founded the
group may record everything. Afterwards an office is needed. What an officer wrote without knowing
that the office had ended still stands, and says so.
"""

from __future__ import annotations

from typing import Final

from model import events as e
from model.book import Book
from model.entry import Entry

CHAIRPERSON: Final = "chairperson"
SECRETARY: Final = "secretary"
TREASURER: Final = "treasurer"
MONEY_COUNTER: Final = "money_counter"
FOUNDING_OFFICES: Final = (CHAIRPERSON, SECRETARY, TREASURER)

_ALL: Final = frozenset(row[3] for row in e.EVENTS)
_RECORDS: Final[frozenset[type]] = frozenset(
    {e.MemberAdded, e.PersonSealed, e.MeetingOpened, e.AttendanceMarked, e.SharePurchased}
    | {e.SocialContributed, e.FinePaid, e.LoanRepaid, e.MeetingClosed, e.OpeningBalanceSet}
    | {e.EntryReversed, e.LoanApplied}
)

MAY_RECORD: Final[dict[str, frozenset[type]]] = {
    CHAIRPERSON: frozenset(
        {e.GroupDescribed, e.MemberStatusSet, e.MeetingOpened, e.FineLevied, e.LoanApproved}
        | {e.MeetingClosed, e.EntryReversed}
    ),
    SECRETARY: _RECORDS
    | {e.GroupDescribed, e.ConstitutionAdopted, e.CycleOpened, e.OfficerElected, e.FineLevied},
    TREASURER: _RECORDS
    | {e.SocialPaidOut, e.LoanDisbursed, e.ExpensePaid, e.TransferMade, e.CashCounted},
    MONEY_COUNTER: frozenset({e.CashCounted}),
    "key_holder": frozenset(),
}
"""Title to kinds of fact: who keeps the record, who holds the cash, who approves."""


def rights(book: Book, person: bytes) -> tuple[frozenset[type], bool]:
    """What a person may record now, and whether the person is the record keeper."""
    known = book.rights.get(person)
    if known is None:
        known = book.rights[person] = _rights(book, person.hex())
    return known


def _rights(book: Book, person: str) -> tuple[frozenset[type], bool]:
    group = book.group.find("group")
    if group is None:
        return frozenset({e.GroupDescribed}), False
    page = book.persons.find(person)
    titles = {term.title for term in page.terms if not term.until} if page else set()
    constitution = book.constitution.find("current")
    keeper = constitution is not None and constitution.terms.record_keeper in titles
    if person == group.founder and not group.founding_until:
        return _ALL, keeper
    return frozenset().union(*(MAY_RECORD[title] for title in titles)), keeper


def had_right(book: Book, entry: Entry) -> bool:
    """Had the author the right when last in touch: was the office's end unknown to the author?"""
    person = entry.person.hex()
    group = book.group.find("group")
    if group is None:
        return False
    kind = type(entry.event)
    founding_ended = group.founding_until if person == group.founder else ""
    if founding_ended and bytes.fromhex(founding_ended) not in entry.past:
        return True
    page = book.persons.find(person)
    return page is not None and any(
        kind in MAY_RECORD[term.title] and bytes.fromhex(term.until) not in entry.past
        for term in page.terms
        if term.until
    )
