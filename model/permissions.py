"""Which office may record which fact, judged by what its author knew.

Until a chairperson, a secretary and a treasurer have been elected, the person who founded the
group may record everything. Afterwards an office is needed: the one that the author held as far
as the elections in the entry's own past say. So an election takes nothing from what was written
apart from it, and gives nothing to it, whichever comes first in the order.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from model import events as e
from model import listing
from model.book import Book
from model.entry import Entry, Past
from model.pages import ConstitutionPage, DecisionPage
from model.succession import in_force, known_in_force

CHAIRPERSON: Final = "chairperson"
SECRETARY: Final = "secretary"
TREASURER: Final = "treasurer"
MONEY_COUNTER: Final = "money_counter"
KEY_HOLDER: Final = "key_holder"
FOUNDING_OFFICES: Final = (CHAIRPERSON, SECRETARY, TREASURER)

_ALL: Final = frozenset(row.event_class for row in e.EVENTS)
_SPEAKS: Final[frozenset[type]] = frozenset(
    {e.ApprovalGiven, e.ApprovalWithdrawn, e.RequestDeclined, e.EntryDisputed, e.NoticeSent}
)
"""What every officer may record."""
_ASKS: Final[frozenset[type]] = _SPEAKS | frozenset(
    {e.ConstitutionProposed, e.ConstitutionAdopted, e.CycleClosed}
    | {e.ConflictResolved, e.LateEntryAccepted, e.LateEntryRejected, e.MeetingReopened}
    | {e.VariancePosted, e.MemberMerged, e.MemberExited, e.MemberStatusSet, e.FineWaived}
    | {e.LoanRefused, e.LoanWaived, e.LoanRescheduled, e.LoanDefaulted, e.LoanWrittenOff}
    | {e.LoanCharged, e.GuaranteeCalled, e.FundingReleased, e.WithdrawalRequested}
    | {e.WithdrawalCancelled, e.ShareoutConfirmed, e.DividendDeclared, e.SurplusMoved}
    | {e.RotationStarted, e.RotationDrawn, e.MeetingScheduled, e.MeetingOpened, e.AgendaReached}
    | {e.ResolutionRecorded, e.BallotCast, e.ActionAssigned, e.ActionDone, e.GroupStatusSet}
    | {e.MeetingClosed, e.EntryReversed, e.FineLevied, e.ReportShared, e.GroupDescribed}
)
"""What each of the three main officers may record: most of it waits until others agree."""
_RECORDS: Final[frozenset[type]] = _ASKS | frozenset(
    {e.MemberAdded, e.PersonSealed, e.MemberProfileSet, e.AttendanceMarked, e.SharePurchased}
    | {e.SavingsDeposited, e.SocialContributed, e.FinePaid, e.DebtCollected, e.LoanRepaid}
    | {e.LoanRecovered, e.LoanApplied, e.GuaranteeGiven, e.OpeningBalanceSet, e.GoalSet}
    | {e.GoalEnded, e.ConsentRecorded, e.PaymentReceived, e.PaymentMatched, e.Reconciled}
    | {e.RotationPaidIn}
)
"""What comes in, and what is written down beside it: for those who keep the books."""

MAY_RECORD: Final[dict[str, frozenset[type]]] = {
    CHAIRPERSON: (_ASKS | {e.LoanApproved}) - {e.LoanCharged},
    SECRETARY: (
        _RECORDS
        | {e.CycleOpened, e.OfficerElected, e.MinutesRecorded, e.PartnerSet, e.FundingPromised}
    )
    - {e.MemberStatusSet},
    TREASURER: (
        _RECORDS
        | {e.SocialPaidOut, e.LoanDisbursed, e.ExpensePaid, e.TransferMade, e.CashCounted}
        | {e.SavingsWithdrawn, e.ClaimPaid, e.FundingPromised, e.FundingReceived}
        | {e.FundingRepaid, e.InvestmentBought, e.InvestmentValued, e.InvestmentPaid}
        | {e.InvestmentSold, e.WithdrawalPaid, e.PayoutAttempted, e.PayoutResult}
        | {e.RotationPaidOut, e.TaxPaid}
    )
    - {e.MemberStatusSet, e.FineLevied, e.GroupDescribed},
    MONEY_COUNTER: _SPEAKS | {e.CashCounted},
    KEY_HOLDER: _SPEAKS,
}
"""Title to kinds of fact: who keeps the record, who holds the cash, who approves."""

SEATS: Final = {MONEY_COUNTER: 3, KEY_HOLDER: 5}
"""How many people may hold a title at once; one, where it is not named."""


def office_of(title: str, seat: int) -> str:
    """The office of a title and seat: key_holder, key_holder_2 …; the last seat stands for more."""
    seat = min(seat, SEATS.get(title, 1))
    return title if seat == 1 else f"{title}_{seat}"


OFFICES: Final[dict[str, str]] = {
    office_of(title, seat): title
    for title in MAY_RECORD
    for seat in range(1, SEATS.get(title, 1) + 1)
}
"""Every office and its title."""

AUTHORITY: Final = "authority"
"""Topic of everything that gives or takes rights: elections and constitutions."""
CONSTITUTION: Final = "constitution"
MERGES: Final = "merges"  # topic of the list of every merge of members, decided or not

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
    if past is not None and past is not book.informed:
        return _holder(book, title, past)
    known = book.holders.get(title)
    if known is None:
        known = book.holders[title] = _holder(book, title, None)
    return known


def _holder(book: Book, title: str, past: Past | None) -> str:
    election = _holding(book, title, past, lambda name: elected(book, name))
    return elected(book, election) if election else ""


def elected(book: Book, election: str) -> str:
    """The person whom an election seats."""
    page = book.entries.find(election)
    return page.subject if page is not None else ""


def founded(book: Book, past: Past | None) -> bool:
    """Were the three main offices held, as far as an author with this past knew?"""
    return all(holder(book, title, past) for title in FOUNDING_OFFICES)


def officers(book: Book, past: Past | None) -> list[str]:
    """The people who hold an office; each once, however many they hold."""
    holders = (holder(book, office, past) for office in OFFICES)
    return list(dict.fromkeys(person for person in holders if person))


def offices_of(book: Book, person: str, past: Past | None) -> list[str]:
    """The offices that a person holds."""
    return [office for office in OFFICES if holder(book, office, past) == person]


def is_member(book: Book, person: str, member: str, past: Past) -> bool:
    """Is this person that member, by any election and any merge that the author knew of?"""
    page = book.persons.find(person) if member else None
    if page is None:
        return False
    names = _names_known(book, member, past) if book.lengths.find(MERGES) else {member}
    return any(named in names and bytes.fromhex(election) in past for election, named in page.named)


def _names_known(book: Book, member: str, past: Past) -> set[str]:
    """Every name of one person, by merges of which the author knew that officers agreed.

    A merge that was taken back still counts: then another officer has to agree, which does no harm.
    """
    asked: dict[str, dict[str, DecisionPage]] = {}
    for name in listing.every(book, MERGES):
        decided, merge = book.decisions.find(name), book.entries.find(name)
        if decided is not None and merge is not None and bytes.fromhex(name) in past:
            asked.setdefault(merge.once, {})[name] = decided
    pairs = [
        set(once.split(" ")[1:])
        for once, told in asked.items()
        if any(_known_agreed(alike, past) for alike in _asked_together(told))
    ]
    names = {member}
    for _ in pairs:
        names.update(*(pair for pair in pairs if pair & names))
    return names


def _asked_together(told: dict[str, DecisionPage]) -> list[dict[str, DecisionPage]]:
    """Requests for one thing by several officers are one; what was asked anew stays apart."""
    if not any(page.after for page in told.values()):
        return [told]
    return [
        {
            other: one
            for other, one in told.items()
            if other not in page.after and name not in one.after
        }
        for name, page in told.items()
    ]


def _known_agreed(told: dict[str, DecisionPage], past: Past) -> bool:
    """Had enough officers agreed to what these ask, as far as an author with this past knew?"""
    voices = (voice for page in told.values() for voice in page.voices)
    heard = [voice for voice in voices if bytes.fromhex(voice.entry) in past]
    gone = {name for voice in heard for name in voice.cancels}
    words = [voice for voice in heard if voice.entry not in gone]
    agreed = {voice.person for voice in words if voice.word == "for"}
    agreed |= {page.author for name, page in told.items() if name not in gone}
    declined = any(voice.word == "against" for voice in words)
    wanted = max(page.needed for page in told.values())
    return len(agreed - {""}) >= wanted and not declined


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
    holders = {office: holder(book, office, past) for office in OFFICES}
    titles = {OFFICES[office] for office, holds in holders.items() if holds == person}
    rules = constitution(book, past)
    keeper = rules is not None and rules.terms.record_keeper in titles
    if person == group.founder and not all(holders[title] for title in FOUNDING_OFFICES):
        return _ALL, keeper
    return frozenset().union(*(MAY_RECORD[title] for title in titles)), keeper


_LISTED: Final[dict[type, Callable[[Any], tuple[bytes, ...]]]] = {
    e.MeetingOpened: lambda event: event.keys,
    e.CashCounted: lambda event: event.counted_by,
    e.LoanApplied: lambda event: (event.member, *(one.member for one in event.guarantors)),
    e.ShareoutConfirmed: lambda event: tuple(row.member for row in event.rows),
    e.DividendDeclared: lambda event: tuple(row.member for row in event.rows),
    e.RotationStarted: lambda event: event.slots,
}
"""Kinds that name entries inside a list."""
_ONE: Final[dict[type, Callable[[object], bytes]]] = {
    row.event_class: attrgetter(row.references[0])
    for row in e.EVENTS
    if len(row.references) == 1 and row.event_class not in _LISTED
}
_SEVERAL: Final[dict[type, Callable[[Any], tuple[bytes, ...]]]] = {
    row.event_class: attrgetter(*row.references) for row in e.EVENTS if len(row.references) > 1
} | _LISTED


def refers_to_known(book: Book, entry: Entry, event: object) -> bool:
    """Did the author know every entry that the event names?

    Else what happens to stand before it in the order would decide whether a name means anything.
    What the newest fact about rights knew of (`rooted`: nearly every member) is known to all who
    know that fact, and is not looked up again for each entry.
    """
    kind = type(event)
    one = _ONE.get(kind)
    if one is not None:
        reference = one(event)
        if book.informed is entry.past and reference in book.rooted:
            return True
        return not reference or _is_known(book, entry.past, reference)
    if kind not in _SEVERAL:
        return True
    for name in _SEVERAL[kind](event):
        if name and not _is_known(book, entry.past, name):
            return False
    return True


def _is_known(book: Book, past: Past, reference: bytes) -> bool:
    if reference not in past:
        return False
    if book.informed is past and book.rooted_in is not None and reference in book.rooted_in:
        book.rooted.add(reference)
    return True
