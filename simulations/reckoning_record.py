"""Who wrote what, by which office, and what each entry speaks of.

Who may write follows from the elections that the author knew, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from model import events as e
from model.codec import Unreadable
from model.entry import Entry
from simulations.reckoning_claims import Name, content_of, name_of
from simulations.reckoning_stopped import VERDICTS, is_kept, reach

DECISIONS: Final[dict[type[e.Event], int]] = {
    e.ConstitutionProposed: 2,
    e.OfficerProposed: 2,
    e.ConflictResolved: 2,
    e.LateEntryAccepted: 2,
    e.LateEntryRejected: 2,
    e.SuspenseRatified: 2,
    e.SuspenseRejected: 2,
    e.MeetingReopened: 3,
    e.CycleClosed: 3,
    e.VariancePosted: 2,
    e.MemberMerged: 2,
    e.MemberExited: 2,
    e.FineWaived: 2,
    e.LoanWaived: 2,
    e.LoanRescheduled: 2,
    e.LoanDefaulted: 2,
    e.LoanWrittenOff: 3,
    e.GuaranteeCalled: 2,
    e.FundingReleased: 2,
    e.WithdrawalRequested: 2,
    e.ShareoutConfirmed: 3,
    e.DividendDeclared: 3,
    e.SurplusMoved: 2,
    e.RotationStarted: 2,
}
"""How many officers a decision needs, its author among them."""
BY_MAJORITY: Final = (e.ConstitutionProposed, e.OfficerProposed)
"""Of these more than half of all officers, as they were when it was proposed."""

_SE: Final = frozenset({"secretary"})
_TR: Final = frozenset({"treasurer"})
_CH: Final = frozenset({"chairperson"})
_MAIN: Final = _SE | _TR | _CH
_ANY: Final = _MAIN | {"money_counter", "key_holder"}
_WRITTEN_DOWN: Final = (
    *(e.MemberAdded, e.PersonSealed, e.MemberProfileSet, e.AttendanceMarked, e.SharePurchased),
    *(e.SavingsDeposited, e.SocialContributed, e.FinePaid, e.DebtCollected, e.LoanRepaid),
    *(e.LoanRecovered, e.LoanApplied, e.GuaranteeGiven, e.OpeningBalanceSet, e.GoalSet),
    *(e.GoalEnded, e.ConsentRecorded, e.PaymentReceived, e.PaymentMatched, e.Reconciled),
    *(e.RotationPaidIn, e.FundingPromised, e.LoanCharged),
)
_PAID_OUT: Final = (
    *(e.SocialPaidOut, e.LoanDisbursed, e.ExpensePaid, e.TransferMade, e.SavingsWithdrawn),
    *(e.ClaimPaid, e.FundingReceived, e.FundingRepaid, e.InvestmentBought, e.InvestmentValued),
    *(e.InvestmentPaid, e.InvestmentSold, e.WithdrawalPaid, e.PayoutAttempted, e.PayoutResult),
    *(e.RotationPaidOut, e.TaxPaid),
)
_SAID: Final = (
    *(e.ApprovalGiven, e.ApprovalWithdrawn, e.RequestDeclined, e.EntryDisputed, e.NoticeSent),
    *(e.OfficerProposed, e.OfficerElected, e.ConstitutionAdopted),
)
OFFICES: Final[dict[type[e.Event], frozenset[str]]] = {
    **dict.fromkeys(_WRITTEN_DOWN, _SE | _TR),
    **dict.fromkeys(_PAID_OUT, _TR),
    **dict.fromkeys(_SAID, _ANY),
    **dict.fromkeys((e.CycleOpened, e.MinutesRecorded, e.PartnerSet), _SE),
    **dict.fromkeys((e.FineLevied, e.GroupDescribed), _SE | _CH),
    **dict.fromkeys((e.LoanApproved, e.MemberStatusSet), _CH),
    e.CashCounted: _TR | {"money_counter"},
}
"""Whose office it is to write a kind down; what is not here, any of the three main officers'."""

_CHOOSE_A_WORD: Final = (e.ConflictResolved, e.LateEntryAccepted, e.LateEntryRejected)
"""They speak of what an entry says, whoever else says it too."""


def event_of(entry: Entry) -> Any:
    """The event of an entry, whatever kind it is."""
    return entry.event


class Record:
    """Everything that was written, in the shared order."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        written = sorted(entries, key=lambda entry: (entry.lamport, entry.id))
        self.held = [item for item in written if item.held]
        readable = (item for item in written if not isinstance(item.event, Unreadable))
        self.entries = [*filter(is_kept, readable)]
        self.by_id = {entry.id: entry for entry in self.entries}
        self.as_written = dict(self.by_id)
        self.same: dict[Name, list[Entry]] = {}
        self._every: dict[tuple[type[e.Event], ...], list[Entry]] = {}
        self._gather()  # who may ask for anything follows from elections, which nothing joins
        self._join_requests()
        self._gather()

    def _gather(self) -> None:
        self.same.clear()
        for entry in self.entries:
            self.same.setdefault(self.name(entry), []).append(entry)

    def seats(self, known: Any) -> dict[tuple[str, int], bytes]:
        """Who holds which office, for one who knows this."""
        raise NotImplementedError

    def founded(self, known: Any) -> bool:
        """Were the main offices held, for one who knows this?"""
        raise NotImplementedError

    def in_force_before(self, proposal: Entry) -> Any:
        """The elections to the office that the author of a proposal knew to be in force."""
        raise NotImplementedError

    def _join_requests(self) -> None:
        """What two officers wrote down on one line is one thing, under the first name."""
        first: dict[Name, bytes] = {}
        joined = {
            entry.id: first.setdefault(name_of(entry.id, event_of(entry)), entry.id)
            for entry in self.every(e.LoanApplied, e.InvestmentBought, e.WithdrawalRequested)
            if self.may(entry) and not (entry.held and isinstance(entry.event, e.LoanApplied))
        }
        for at, entry in enumerate(self.entries):
            for field in ("loan", "investment", "request"):
                named = getattr(entry.event, field, b"")
                if joined.get(named, named) != named:
                    event: Any = replace(event_of(entry), **{field: joined[named]})
                    self.entries[at] = entry._replace(event=event)
        self.by_id = {entry.id: entry for entry in self.entries}
        self._every.clear()

    def every(self, *kinds: type[e.Event]) -> list[Entry]:
        """Entries of these kinds, in the shared order."""
        if kinds not in self._every:
            self._every[kinds] = [item for item in self.entries if isinstance(item.event, kinds)]
        return self._every[kinds]

    def name(self, entry: Entry) -> Name:
        """What an entry speaks of; one who speaks of an entry may name either officer's word."""
        event = event_of(entry)
        if isinstance(event, e.FineWaived) and event.fine in self.by_id:
            return ("FineWaived", *name_of(event.fine, event_of(self.by_id[event.fine])))
        if isinstance(event, _CHOOSE_A_WORD) and event.target in self.by_id:
            chosen = event_of(self.by_id[event.target])
            return (type(event), *name_of(event.target, chosen), content_of(chosen))
        if isinstance(event, VERDICTS):
            return (type(event), event.device, reach(self.held, entry))
        if isinstance(event, e.OfficerProposed):
            return (*name_of(entry.id, event), self.in_force_before(entry))
        if isinstance(event, e.MeetingReopened):
            closes = [item.id for item in self.every(e.MeetingClosed) if item.id in entry.past]
            return (*name_of(entry.id, event), frozenset(closes))
        return name_of(entry.id, event)

    def says_the_same(self, one: Entry, other: Entry) -> bool:
        """Do two entries tell one thing in the same way?"""
        same_thing = self.name(one) == self.name(other)
        return same_thing and content_of(event_of(one)) == content_of(event_of(other))

    def same_thing(self, entry_id: bytes) -> Name:
        """What an entry that somebody names speaks of, whichever officer's word was named."""
        return self.name(self.by_id[entry_id])

    def titles(self, entry: Entry) -> set[str]:
        """Offices that the author held, as far as the author knew."""
        seats = self.seats(entry.past)
        return {title for (title, _), holder in seats.items() if holder == entry.person}

    def _founding(self, entry: Entry) -> bool:
        return not self.founded(entry.past)

    def may(self, entry: Entry) -> bool:
        """Was it the author's office to write this down?"""
        if self._founding(entry) and entry.person == self.entries[0].person:
            return True
        held = self.titles(entry)
        return bool(held & OFFICES.get(type(event_of(entry)), _MAIN))

    def officers(self, entry: Entry) -> set[bytes]:
        """Persons in office, as the author knew."""
        return set(self.seats(entry.past).values()) - {b""}
