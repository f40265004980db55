"""What anybody may write at random: a maker for each kind, about what is known or about nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from model import events as e
from model.codec import Unreadable
from tests.handset import CONSTITUTION, Phone


class Drawn(NamedTuple):
    """What was drawn for one entry, and what the phone knows that it may be about."""

    phone: Phone
    which: int
    session: int
    line: int
    amount: int
    member: bytes
    """A member, or (which is 5) nobody."""
    loan: bytes

    @property
    def meeting(self) -> tuple[int, int]:
        return (1, self.session)

    @property
    def channel(self) -> Any:
        return ("box", "mobile")[self.line - 1]

    def newest(self, *kinds: type[e.Event]) -> bytes:
        """One of the newest entries of these kinds that the phone knows; else nothing."""
        known = [
            identity
            for identity, entry in self.phone.known.items()
            if isinstance(entry.event, kinds)
        ]
        return known[-1 - self.which % len(known)] if known and self.which < 5 else bytes(17)

    def held(self) -> tuple[bytes, tuple[bytes, ...]]:
        """A device, and (on line 2) one of its newest entries; else all that it wrote."""
        known = [entry for entry in self.phone.known.values() if entry.id[16] == 0]
        device = known[-1 - self.which * 3 % len(known)].device
        own = [entry.id for entry in known if entry.device == device]
        return device, tuple(own[-1 - self.which % len(own) :][:1]) if self.line == 2 else ()


Maker = Callable[[Drawn], e.Event | Unreadable]


def event_of(
    phone: Phone, kind: str, which: int, session: int, line: int, amount: int
) -> e.Event | Unreadable:
    """An event of this kind about the `which`-th thing that the phone knows, or about nothing."""
    members = _known(phone, e.MemberAdded)
    loans = _known(phone, e.LoanApplied) + [
        identity
        for identity in _known(phone, e.OpeningBalanceSet)
        if _opening_account(phone, identity) == "loan"
    ]
    member = members[which % len(members)] if which < 5 else bytes(17)
    loan = loans[which % len(loans)] if loans and which < 5 else bytes(17)
    return MAKERS[kind](Drawn(phone, which, session, line, amount, member, loan))


def _adoption(d: Drawn) -> e.Event:
    """A proposal that the phone knows put in force, agreed or not; else what nobody proposed."""
    proposal = d.newest(e.ConstitutionProposed)
    entry = d.phone.known.get(proposal)
    if entry is not None and isinstance(entry.event, e.ConstitutionProposed):
        return replace(entry.event.terms, proposal=proposal)
    return e.ConstitutionAdopted(d.session, d.amount, fines_to="social_fund")


def _candidate(d: Drawn) -> e.Event:
    """Somebody for an office: one of the three officers, or nobody."""
    title: Any = ("treasurer", "secretary", "key_holder")[d.session - 1]
    name = _pick(("Otieno", "Wanjiru", "Achieng"), d.which)
    person = Phone("", name).person if d.which != 3 else b""
    return e.OfficerProposed(title, person, d.member if d.line == 2 and person else b"")


def _election(d: Drawn) -> e.Event:
    """A proposal that the phone knows put in force, agreed to or not; else what nobody proposed."""
    proposal = d.newest(e.OfficerProposed)
    entry = d.phone.known.get(proposal)
    if entry is not None and isinstance(entry.event, e.OfficerProposed):
        asked = entry.event
        return e.OfficerElected(asked.title, asked.person, asked.member, asked.seat, proposal)
    return e.OfficerElected("treasurer", d.phone.person)


def _opening(d: Drawn) -> e.Event:
    account: Any = ("savings", "loan", "fines", "box")[d.session]
    member = d.member if account != "box" else b""
    return e.OpeningBalanceSet(member, account, d.amount, 2, "2026-01-01")


def _plan(d: Drawn) -> e.Event:
    day = f"2026-03-0{d.session + d.line}"
    return e.MeetingScheduled(*d.meeting, day, agenda=("shares", "loans", "close"))


def _terms(d: Drawn) -> e.ConstitutionAdopted:
    funds: Any = ("social_fund", "loan_fund")[d.line - 1]
    return replace(CONSTITUTION, version=d.session, fines_to=funds, shares_max=d.session + 2)


def _pick(options: Sequence[Any], place: int) -> Any:
    return options[place % len(options)]


DECIDED = (
    e.ConstitutionProposed,
    e.OfficerProposed,
    e.ConflictResolved,
    e.LateEntryAccepted,
    e.LateEntryRejected,
    e.SuspenseRatified,
    e.SuspenseRejected,
    e.MeetingReopened,
    e.MeetingClosed,
    e.VariancePosted,
    e.EntryReversed,
    e.MemberMerged,
    e.PersonErased,
    e.FineWaived,
)
"""Kinds that officers agree to; a room that adds a decision appends it here."""

_CODES = ("late", "noise")
_METHODS: Any = ("flat", "reducing")
_CHOICES: Any = ("for", "against", "abstain")
_MONEY_EVENTS = (
    e.SharePurchased,
    e.SocialContributed,
    e.FineLevied,
    e.FinePaid,
    e.LoanDisbursed,
    e.LoanRepaid,
    e.ExpensePaid,
    e.OpeningBalanceSet,
    e.SavingsDeposited,
    e.SavingsWithdrawn,
    e.ClaimPaid,
    e.DebtCollected,
    e.FineWaived,
    e.MemberMerged,
    e.GoalSet,
)

MAKERS: dict[str, Maker] = {
    "attendance": lambda d: e.AttendanceMarked(
        *d.meeting, _known(d.phone, e.MemberAdded)[0], _pick(("present", "late", "absent"), d.which)
    ),
    "share": lambda d: e.SharePurchased(
        *d.meeting, d.member, max(1, d.amount // 100 % 9), d.amount, d.line
    ),
    "social": lambda d: e.SocialContributed(*d.meeting, d.member, d.amount, d.line),
    "help": lambda d: e.SocialPaidOut(*d.meeting, d.member, d.amount, "illness", d.line),
    "fine": lambda d: e.FineLevied(*d.meeting, d.member, _CODES[d.line - 1], d.amount),
    "fine_paid": lambda d: e.FinePaid(*d.meeting, d.member, d.amount, d.line, d.channel),
    "apply": lambda d: e.LoanApplied(*d.meeting, d.member, d.amount, "seed", 3, d.line),
    "approve": lambda d: e.LoanApproved(
        *d.meeting, d.loan, d.amount, _METHODS[d.line - 1], 50_000, 3
    ),
    "disburse": lambda d: e.LoanDisbursed(*d.meeting, d.loan, d.amount, d.channel),
    "repay": lambda d: e.LoanRepaid(
        *d.meeting, d.loan, d.amount, d.line, d.channel, _pick(("", "", "QX1"), d.which)
    ),
    "expense": lambda d: e.ExpensePaid(*d.meeting, "stationery", d.amount, d.channel, d.line),
    "transfer": lambda d: e.TransferMade(
        *d.meeting, "box", "bank", d.amount, d.line, _pick(("", "SLIP/7"), d.which)
    ),
    "count": lambda d: e.CashCounted(
        *d.meeting, _pick(("close", "open", "spot"), d.which), "box", d.amount
    ),
    "close": lambda d: e.MeetingClosed(*d.meeting, (), shares_minor=100 * (d.line - 1)),
    "reverse": lambda d: e.EntryReversed(*d.meeting, _mistake(d.phone, d.which), "mistake"),
    "opening": _opening,
    "open": lambda d: e.MeetingOpened(1, d.session, f"2026-02-0{d.session + d.line}"),
    "member": lambda d: e.MemberAdded(d.line, "2026-01-01", b"", bytes([d.session]) * 8),
    "status": lambda d: e.MemberStatusSet(d.member, _pick(("active", "suspended"), d.line)),
    "elect": _election,
    "candidate": _candidate,
    "card": lambda d: e.ApprovalGiven(d.newest(*DECIDED), *d.meeting, d.line),
    "unknown": lambda _: Unreadable("wallet.opened", "unknown"),
    "malformed": lambda _: Unreadable("share.purchased", "malformed"),
    "propose": lambda d: e.ConstitutionProposed(_terms(d)),
    "adopt": _adoption,
    "agree": lambda d: e.ApprovalGiven(d.newest(*DECIDED), *d.meeting),
    "decline": lambda d: e.RequestDeclined(d.newest(*DECIDED), *d.meeting),
    "withdraw": lambda d: e.ApprovalWithdrawn(d.newest(*DECIDED)),
    "reopen": lambda d: e.MeetingReopened(*d.meeting, "forgotten"),
    "accept_late": lambda d: e.LateEntryAccepted(d.newest(*_MONEY_EVENTS), *d.meeting),
    "reject_late": lambda d: e.LateEntryRejected(d.newest(*_MONEY_EVENTS), *d.meeting),
    "ratify": lambda d: e.SuspenseRatified(*d.held(), *d.meeting),
    "reject_held": lambda d: e.SuspenseRejected(*d.held(), *d.meeting),
    "resolve": lambda d: e.ConflictResolved(d.newest(*_MONEY_EVENTS, e.CashCounted), *d.meeting),
    "dispute": lambda d: e.EntryDisputed(d.newest(*_MONEY_EVENTS), *d.meeting, b"", "not so"),
    "variance": lambda d: e.VariancePosted(
        *d.meeting, "close", "box", _pick(("over", "short"), d.line), d.amount, "miscounted"
    ),
    "schedule": _plan,
    "agenda": lambda d: e.AgendaReached(*d.meeting, _pick(("shares", "loans", "close"), d.which)),
    "resolution": lambda d: e.ResolutionRecorded(
        *d.meeting, d.line, "rule", "Nobody comes late.", d.which, 1
    ),
    "ballot": lambda d: e.BallotCast(
        *d.meeting, d.newest(e.ResolutionRecorded), d.member, _pick(_CHOICES, d.which)
    ),
    "action": lambda d: e.ActionAssigned(
        *d.meeting, d.line, "buy a lock", d.member if d.which % 2 else b"", "2026-02-03"
    ),
    "action_done": lambda d: e.ActionDone(d.newest(e.ActionAssigned), *d.meeting),
    "minutes": lambda d: e.MinutesRecorded(*d.meeting, f"We met and {d.amount} came in."),
    "saving": lambda d: e.SavingsDeposited(
        *d.meeting, d.member, d.amount, d.line, d.channel, _pick(("", "payable"), d.which)
    ),
    "savings_out": lambda d: e.SavingsWithdrawn(*d.meeting, d.member, d.amount, d.line),
    "fine_from": lambda d: e.FinePaid(
        *d.meeting, d.member, d.amount, d.line, "box", _pick(("savings", "receipts"), d.which)
    ),
    "waive": lambda d: e.FineWaived(d.newest(e.FineLevied), *d.meeting, "a funeral"),
    "claim": lambda d: e.ClaimPaid(*d.meeting, d.member, "overpayment", d.amount, d.line),
    "debt": lambda d: e.DebtCollected(*d.meeting, d.member, d.amount, d.line),
    "merge": lambda d: e.MemberMerged(
        _pick(_known(d.phone, e.MemberAdded), d.line), d.member, *d.meeting
    ),
    "erase": lambda d: e.PersonErased(d.member, "asked for it"),
    "profile": lambda d: e.MemberProfileSet(d.member, d.session, "female", 1990 + d.line),
    "goal": lambda d: e.GoalSet(d.member, "savings", "Roof", d.amount),
    "goal_end": lambda d: e.GoalEnded(d.newest(e.GoalSet), _pick(("reached", "dropped"), d.line)),
    "consent": lambda d: e.ConsentRecorded(d.member, "sms", d.line == 1),
    "notice": lambda d: e.NoticeSent(bytes([d.which]) * 16, _pick(("sms", "print"), d.line)),
    "report": lambda d: e.ReportShared("annual", "2026-01-01", "2026-12-31", "World", bytes(32)),
}
"""Every kind that a history can hold, and what makes one: a topic appends its own, and its name to
`KINDS`; who may write it is in `_WRITERS` or `_SAID_BY_ALL`, else those who keep the books."""


def _mistake(phone: Phone, which: int) -> bytes:
    """One of the newest entries of another person that a reversal can reach, or of anybody."""
    if which == 5:
        return list(phone.known)[-1]
    others = [
        identity
        for identity, entry in phone.known.items()
        if entry.person != phone.person
        and isinstance(entry.event, (*_MONEY_EVENTS, *DECIDED, e.EntryDisputed, Unreadable))
    ]
    return others[-1 - which % len(others)] if others else bytes(17)


def _known(phone: Phone, event_class: type[e.Event]) -> list[bytes]:
    return sorted(
        identity for identity, entry in phone.known.items() if isinstance(entry.event, event_class)
    )


def _opening_account(phone: Phone, identity: bytes) -> str:
    event = phone.known[identity].event
    return event.account if isinstance(event, e.OpeningBalanceSet) else ""
