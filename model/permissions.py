"""Which office may record which fact, judged by what its author knew.

Until a chairperson, a secretary and a treasurer have been elected, the person who founded the
group may record everything. Afterwards an office is needed: the one that the author held as far
as the elections in the entry's own past say. So an election takes nothing from what was written
apart from it, and gives nothing to it, whichever comes first in the order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model import events as e
from model.book import Book
from model.entry import Entry, Past
from model.pages import ConstitutionPage
from model.succession import in_force, known_in_force

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


AUTHORITY: Final = "authority"
"""Topic of everything that gives or takes rights: elections and constitutions."""
CONSTITUTION: Final = "constitution"

Rights = tuple[frozenset[type], bool]
"""What a person may record, and whether the person is the record keeper."""


def rights_in(book: Book, entry: Entry) -> Rights:
    """What the author might record, as far as the author knew."""
    past = entry.past
    for head in book.authority if book.authority is not None else _authority(book):
        if head not in past:
            return _rights(book, entry.person.hex(), past)
    book.informed = past
    return book.rights.get(entry.person) or rights_now(book, entry.person)


def rights_now(book: Book, person: bytes) -> Rights:
    """What a person may record who knows everything."""
    known = book.rights.get(person)
    if known is None:
        known = book.rights[person] = _rights(book, person.hex(), None)
    return known


def _authority(book: Book) -> tuple[bytes, ...]:
    page = book.topics.find(AUTHORITY)
    heads = book.authority = tuple(map(bytes.fromhex, page.heads)) if page else ()
    return heads


def holder(book: Book, title: str, past: Past | None = None) -> str:
    """Who holds an office, for all or for an author with this past; empty when nobody does."""
    election = _holding(book, title, past, lambda name: elected(book, name))
    return elected(book, election) if election else ""


def elected(book: Book, election: str) -> str:
    """The person whom an election seats."""
    page = book.entries.find(election)
    return page.subject if page is not None else ""


def constitution(book: Book, past: Past | None = None) -> ConstitutionPage | None:
    """The constitution in force, for all or for an author with this past."""
    if past is not None and past is book.informed:
        return book.constitution.find("current")
    adoption = _holding(book, CONSTITUTION, past, lambda name: adopted_terms(book, name))
    return book.adopted.find(adoption) if adoption else None


def adopted_terms(book: Book, adoption: str) -> object:
    """The terms that an adoption puts in force."""
    page = book.adopted.find(adoption)
    return page.terms if page is not None else None


def _holding(book: Book, topic: str, past: Past | None, says: Callable[[str], object]) -> str:
    if past is None:
        return in_force(book, topic, says)
    return known_in_force(book, topic, past, says)


def _rights(book: Book, person: str, past: Past | None) -> Rights:
    group = book.group.find("group")
    if group is None:
        return frozenset({e.GroupDescribed}), False
    holders = {title: holder(book, title, past) for title in MAY_RECORD}
    titles = {title for title, holds in holders.items() if holds == person}
    rules = constitution(book, past)
    keeper = rules is not None and rules.terms.record_keeper in titles
    if person == group.founder and not all(holders[title] for title in FOUNDING_OFFICES):
        return _ALL, keeper
    return frozenset().union(*(MAY_RECORD[title] for title in titles)), keeper
