"""What a stopped phone wrote, as the second reckoning sees it: left out until officers ratify it.

Money may have moved, so it waits; what only decides something is as if it had never been written;
a member or a loan that others know by now is there, and its money counts by their word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from model import events as e
from model.entry import Entry

MONEY: Final = (
    *(e.SharePurchased, e.SavingsDeposited, e.SavingsWithdrawn, e.SocialContributed),
    *(e.SocialPaidOut, e.FineLevied, e.FinePaid, e.ClaimPaid, e.DebtCollected),
    *(e.LoanApproved, e.LoanDisbursed, e.LoanRepaid, e.LoanCharged, e.LoanRecovered),
    *(e.ExpensePaid, e.TransferMade, e.FundingPromised, e.FundingReceived, e.FundingRepaid),
    *(e.InvestmentBought, e.InvestmentPaid, e.InvestmentSold, e.PaymentReceived),
    *(e.WithdrawalPaid, e.PayoutResult, e.EntryReversed, e.OpeningBalanceSet, e.TaxPaid),
    *(e.RotationPaidIn, e.RotationPaidOut),
)
"""What officers can ratify, as far as money hangs on it."""
NAMES: Final = (
    *(e.MemberAdded, e.PartnerSet, e.LoanApplied, e.WithdrawalRequested, e.RotationStarted),
)
"""What others may know of and build on."""
VERDICTS: Final = (e.SuspenseRatified, e.SuspenseRejected)
_WORDS: Final = (*VERDICTS, e.LateEntryAccepted, e.LateEntryRejected, e.ConflictResolved)
_YES: Final = (e.SuspenseRatified, e.LateEntryAccepted, e.ConflictResolved)
_ENOUGH_AGAINST_A_NO: Final = 3


class Told(Protocol):
    """Everything that was written, and which of it stands."""

    held: list[Entry]

    def every(self, *kinds: type[e.Event]) -> list[Entry]:
        """Entries of these kinds, in the shared order."""

    def valid(self, entry: Entry) -> bool:
        """May it have an effect at all?"""

    def taken_back(self, entry: Entry) -> bool:
        """Has somebody reversed it?"""

    def is_chosen(self, resolution: Entry) -> bool:
        """Did officers choose this, and nothing else that did not know of it?"""

    def agreed(self, entry: Entry, past: Any = None) -> set[bytes]:
        """Persons who agreed to it, as far as a past knows."""

    def declined(self, entry: Entry, past: Any = None) -> bool:
        """Did somebody say no to it in time, as far as a past knows?"""

    def wanted(self, entry: Entry) -> int:
        """How many officers must agree."""


def is_kept(entry: Entry) -> bool:
    """May it matter at all? Of a stopped phone only money, and what others may know."""
    return not entry.held or isinstance(entry.event, (*MONEY, *NAMES))


def reach(held: Iterable[Entry], verdict: Entry) -> frozenset[bytes]:
    """The entries that a verdict is about: those it names, or all that its author knew."""
    event: Any = verdict.event
    known = {
        entry.id for entry in held if entry.device == event.device and entry.id in verdict.past
    }
    return frozenset(known.intersection(event.entries) if event.entries else known)


def verdict_on(told: Told, entry: Entry, past: Any = None) -> str:
    """What officers said about an entry of a stopped phone: accepted, rejected, or nothing yet."""
    words = [
        word
        for word in told.every(*_WORDS)
        if (past is None or word.id in past) and _is_about(told, word, entry)
    ]
    standing = [word for word in words if _stands(told, word, past)]
    yes = [word for word in standing if isinstance(word.event, _YES)]
    no = [word for word in standing if not isinstance(word.event, _YES)]
    agreed = [word for side in (yes, no) if _is_enough(told, side, past) for word in side]
    last = [
        word
        for word in agreed
        if not any(
            word.id in later.past and isinstance(word.event, _YES) != isinstance(later.event, _YES)
            for later in agreed
        )
    ]
    if not last:
        return ""
    accepting = [word for word in last if isinstance(word.event, _YES)]
    if len(accepting) == len(last):
        return "accepted"
    persons = {person for word in accepting for person in told.agreed(word, past)}
    return "accepted" if len(persons) >= _ENOUGH_AGAINST_A_NO else "rejected"


def _is_about(told: Told, word: Entry, entry: Entry) -> bool:
    if not told.valid(word):
        return False
    event: Any = word.event
    if isinstance(event, VERDICTS):
        return entry.id in reach(told.held, word)
    return bool(event.target == entry.id)


def _stands(told: Told, word: Entry, past: Any) -> bool:
    """Nobody took it back or said no to it; a choice holds when none other contests it."""
    if isinstance(word.event, e.ConflictResolved) and not told.is_chosen(word):
        return False
    return not told.declined(word, past) and (past is not None or not told.taken_back(word))


def _is_enough(told: Told, words: list[Entry], past: Any) -> bool:
    """Do enough officers agree, on whichever of these words?"""
    persons = {person for word in words for person in told.agreed(word, past)}
    return bool(words) and len(persons) >= max(map(told.wanted, words))
