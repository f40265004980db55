"""Which facts speak of one thing, and what of them must agree: written from the field's rules.

A payment is named by its meeting, its member, its kind and its line; what a provider or a bank has
given a reference is named by that, wherever it was written down; what can happen only once is named
by what it happens to. Two facts with one name are one thing, told twice.
"""

from __future__ import annotations

from typing import Any, Final

from model import events as e

Name = tuple[Any, ...]
_MEETING: Final = ("cycle", "session")

_NAMED_BY: Final[dict[type[e.Event], tuple[tuple[str, ...], tuple[str, ...]]]] = {
    e.SharePurchased: ((*_MEETING, "member", "line"), ("shares", "channel", "source")),
    e.SocialContributed: ((*_MEETING, "member", "line"), ("channel",)),
    e.SocialPaidOut: ((*_MEETING, "member", "line"), ("channel",)),
    e.SavingsDeposited: ((*_MEETING, "member", "line"), ("channel", "source")),
    e.SavingsWithdrawn: ((*_MEETING, "member", "line"), ("channel",)),
    e.FineLevied: ((*_MEETING, "member", "code"), ()),
    e.FinePaid: ((*_MEETING, "member", "line"), ("channel", "source")),
    e.FineWaived: (("fine",), ()),
    e.ClaimPaid: ((*_MEETING, "member", "line"), ("account", "channel")),
    e.DebtCollected: ((*_MEETING, "member", "line"), ("channel",)),
    e.LoanApplied: ((*_MEETING, "member", "line"), ("periods", "fund")),
    e.LoanApproved: (("loan",), ("method", "rate_ppm", "periods", "period")),
    e.LoanDisbursed: (("loan",), ("channel", "fee_minor", "interest_minor")),
    e.LoanRepaid: ((*_MEETING, "loan", "line"), ("channel", "source")),
    e.LoanCharged: (("loan", "kind", "instalment", "line"), ()),
    e.LoanWaived: ((*_MEETING, "loan", "kind", "line"), ()),
    e.LoanRescheduled: (("loan",), ("from_instalment", "method", "rate_ppm", "periods")),
    e.LoanDefaulted: (("loan",), ()),
    e.LoanWrittenOff: (("loan",), ()),
    e.LoanRecovered: ((*_MEETING, "loan", "line"), ("channel",)),
    e.ExpensePaid: ((*_MEETING, "category", "line"), ("pocket", "fund")),
    e.TransferMade: ((*_MEETING, "source", "target", "line"), ()),
    e.FundingReceived: ((*_MEETING, "funding", "line"), ("channel",)),
    e.FundingRepaid: ((*_MEETING, "funding", "line"), ("interest_minor", "channel")),
    e.FundingReleased: ((*_MEETING, "funding", "line"), ("outcome",)),
    e.InvestmentBought: ((*_MEETING, "line"), ("kind", "title", "channel")),
    e.InvestmentPaid: ((*_MEETING, "investment", "line"), ("channel",)),
    e.InvestmentSold: ((*_MEETING, "investment", "line"), ("cost_minor", "channel")),
    e.PaymentReceived: (("provider", "provider_ref"), ("channel", "fee_minor")),
    e.WithdrawalRequested: ((*_MEETING, "line", "purpose", "member", "payee"), ("pocket",)),
    e.WithdrawalPaid: (("request",), ("channel",)),
    e.PayoutAttempted: (("client_ref",), ("request", "channel")),
    e.PayoutResult: (("client_ref", "status"), ("request", "fee_minor")),
    e.PaymentMatched: (("payment",), ("target",)),
    e.VariancePosted: ((*_MEETING, "moment", "pocket"), ("direction",)),
    e.DividendDeclared: (("cycle", "kind"), ("rows", "to")),
    e.TaxPaid: ((*_MEETING, "line"), ("channel",)),
    e.SurplusMoved: ((*_MEETING, "source", "target", "line"), ()),
    e.RotationPaidIn: ((*_MEETING, "rotation", "round", "member", "line"), ("channel",)),
    e.RotationPaidOut: (("rotation", "round"), ("member", "fee_minor", "channel")),
    e.ShareoutConfirmed: (("cycle",), ("pool_minor", "rows", "residue_minor", "social_pool_minor")),
    e.MemberExited: (
        ("member",),
        ("savings_minor", "voluntary_minor", "netted_minor", "fee_minor", "paid_minor", "channel"),
    ),
    e.MemberMerged: (("keep", "drop"), ()),
    e.CycleClosed: (("cycle",), ()),
    e.OpeningBalanceSet: (("member", "account"), ("shares",)),
    e.EntryReversed: (("target",), ()),
    e.ConflictResolved: (("target",), ()),
    e.LateEntryAccepted: (("target",), ()),
    e.LateEntryRejected: (("target",), ()),
    e.MeetingReopened: (_MEETING, ()),
    e.OfficerProposed: (("title", "seat", "person", "member"), ()),
}
"""What names a fact, and what else must be equal for two officers to have said the same."""

_AMOUNTS: Final = ("amount_minor", "principal_minor", "proceeds_minor", "cost_minor")


def name_of(entry_id: bytes, event: e.Event) -> Name:
    """What the fact speaks of; a fact that nothing else can repeat is named by itself."""
    kind = type(event)
    if isinstance(event, e.ConstitutionProposed):
        return (kind.__name__, repr(event.terms))
    if kind not in _NAMED_BY:
        return (entry_id,)
    reference = reference_of(event)
    if reference:
        return (kind.__name__, reference)
    fields, _ = _NAMED_BY[kind]
    return (kind.__name__, *(getattr(event, field) for field in fields))


def reference_of(event: e.Event) -> str:
    """What a provider or a bank calls the payment; it names it wherever it was written down."""
    if isinstance(event, e.PaymentReceived | e.PayoutResult):
        return ""
    return str(getattr(event, "provider_ref", "") or getattr(event, "reference", ""))


def amount_of(event: e.Event) -> int:
    """The money that the fact is about; 0 when it is about none."""
    for field in _AMOUNTS:
        if hasattr(event, field):
            return int(getattr(event, field))
    return 0


def content_of(event: e.Event) -> Name:
    """What two officers who say the same agree on."""
    _, fields = _NAMED_BY.get(type(event), ((), ()))
    named = ("loan", "funding", "source", "target") if reference_of(event) else ()
    about = [getattr(event, field, None) for field in (*fields, *named)]
    return (amount_of(event), *about)


def meeting_of(event: e.Event) -> tuple[int, int] | None:
    """The meeting that the fact claims, if it claims any."""
    if hasattr(event, "session") and hasattr(event, "cycle"):
        return int(event.cycle), int(event.session)
    return None
