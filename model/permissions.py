"""Which office may record which fact, judged by what its author knew.

Until a chairperson, a secretary and a treasurer have been elected, the person who founded the
group may record everything. Afterwards an office is needed: the one that the author held as far
as the elections in the entry's own past say. So an election takes nothing from what was written
apart from it, and gives nothing to it, whichever comes first in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from model import events as e
from model import listing
from model.alone import is_left_out, rival_rules_alone, rules_alone
from model.book import Book
from model.entry import Entry, Past
from model.offices import founded, seating
from model.pages import ConstitutionPage, DecisionPage, TopicPage
from model.quarrel import quarrel_of
from model.succession import standing_of
from model.titles import (
    CHAIRPERSON,
    KEY_HOLDER,
    MONEY_COUNTER,
    OFFICES,
    SECRETARY,
    TREASURER,
)

_ALL: Final = frozenset(row.event_class for row in e.EVENTS)
_SPEAKS: Final[frozenset[type]] = frozenset(
    {e.ApprovalGiven, e.ApprovalWithdrawn, e.RequestDeclined, e.EntryDisputed, e.NoticeSent}
    | {e.OfficerProposed, e.OfficerElected, e.ConstitutionAdopted}
)
"""What every officer may record: who gives the last word also puts in force what was agreed to."""
_ASKS: Final[frozenset[type]] = _SPEAKS | frozenset(
    {e.ConstitutionProposed, e.CycleClosed}
    | {e.ConflictResolved, e.LateEntryAccepted, e.LateEntryRejected, e.MeetingReopened}
    | {e.SuspenseRatified, e.SuspenseRejected}
    | {e.VariancePosted, e.MemberMerged, e.MemberExited, e.MemberStatusSet, e.FineWaived}
    | {e.PersonErased}
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
    SECRETARY: (_RECORDS | {e.CycleOpened, e.MinutesRecorded, e.PartnerSet, e.FundingPromised})
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


def note_authority(book: Book, entry: Entry, *, beside: Iterable[str] = ()) -> None:
    """Remember what an author must know of to be judged by all that is known.

    `beside`: other entries that must be known from now on.
    """
    page = book.topics.find(AUTHORITY)
    heads = page.heads if page is not None else ()
    newest = tuple(
        head for head in dict.fromkeys((*heads, *beside)) if bytes.fromhex(head) not in entry.past
    )
    book.topics.put(AUTHORITY, TopicPage(heads=(*newest, entry.id.hex())))
    book.forget_rights()
    book.root_in(None if newest else entry.past)


def is_member(book: Book, person: str, member: str, past: Past) -> bool:
    """Is this person that member, by any election and any merge that the author knew of?"""
    page = book.persons.find(person) if member else None
    if page is None:
        return False
    names = _names_known(book, member, past) if book.lengths.find(MERGES) else {member}
    return any(
        named in names and bytes.fromhex(election) in past and not is_left_out(book, election, past)
        for election, named in page.named
    )


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
    adoption = adoption_in_force(book, past)
    return book.adopted.find(adoption) if adoption else None


def adoption_in_force(book: Book, past: Past | None) -> str:
    """The entry that put the constitution in force: of officers together, else of one alone."""
    standing = standing_of(book, CONSTITUTION, past)
    agreed = ""
    if standing.since:
        quarrel = quarrel_of(book, standing)
        agreed = quarrel.last_word(quarrel.sides, lambda name: adopted_terms(book, name))
    return agreed or standing.settled or rules_alone(book, past)


def rival_constitutions(book: Book) -> tuple[str, ...]:
    """Constitutions that did not know of each other and differ; empty when one is in force."""
    standing = standing_of(book, CONSTITUTION)
    quarrel = quarrel_of(book, standing)
    apart = quarrel.rivals(quarrel.sides, lambda name: adopted_terms(book, name))
    nothing_agreed = not standing.settled and not standing.since
    return rival_rules_alone(book) if nothing_agreed else apart


def adopted_terms(book: Book, adoption: str) -> object:
    """The terms that an adoption puts in force."""
    page = book.adopted.find(adoption)
    return page.terms if page is not None else None


def _rights(book: Book, person: str, past: Past | None) -> Rights:
    group = book.group.find("group")
    if group is None:
        return frozenset({e.GroupDescribed}), False
    seats = seating(book, past).seats
    titles = {OFFICES[office] for office, (holds, _) in seats.items() if holds == person}
    rules = constitution(book, past)
    keeper = rules is not None and rules.terms.record_keeper in titles
    if person == group.founder and not founded(book, past):
        return _ALL, keeper
    return frozenset().union(*(MAY_RECORD[title] for title in titles)), keeper


_LISTED: Final[dict[type, Callable[[Any], tuple[bytes, ...]]]] = {
    e.MeetingOpened: lambda event: event.keys,
    e.CashCounted: lambda event: event.counted_by,
    e.LoanApplied: lambda event: (event.member, *(one.member for one in event.guarantors)),
    e.ShareoutConfirmed: lambda event: tuple(row.member for row in event.rows),
    e.DividendDeclared: lambda event: tuple(row.member for row in event.rows),
    e.RotationStarted: lambda event: event.slots,
    e.SuspenseRatified: lambda event: event.entries,
    e.SuspenseRejected: lambda event: event.entries,
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


def names_in(event: object) -> tuple[bytes, ...]:
    """The entries that an event names, inside lists too."""
    kind = type(event)
    one = _ONE.get(kind)
    if one is not None:
        reference = one(event)
        return (reference,) if reference else ()
    return tuple(filter(None, _SEVERAL[kind](event))) if kind in _SEVERAL else ()


def _is_known(book: Book, past: Past, reference: bytes) -> bool:
    if reference not in past:
        return False
    if book.informed is past and book.rooted_in is not None and reference in book.rooted_in:
        book.rooted.add(reference)
    return True
