"""What members bring and take: shares, savings, the social fund, fines, what is owed to them."""

from __future__ import annotations

from typing import Literal

from model.events.fields import (
    Amount,
    Channel,
    Code,
    CycleNumber,
    Event,
    Line,
    Reference,
    ReferenceOrNone,
    Session,
    Shares,
    Source,
    Text,
)


class SharePurchased(Event, frozen=True):
    """A member bought shares."""

    cycle: CycleNumber
    session: Session
    member: Reference
    shares: Shares
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    # since version 2
    source: Source = ""
    """Instead of the pocket `channel`: savings, or what the share-out owes (shares bought anew)."""


class SavingsDeposited(Event, frozen=True):
    """A member puts money aside beside the shares."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    source: Source = ""


class SavingsWithdrawn(Event, frozen=True):
    """A member takes voluntary savings back; what was requested before is a `WithdrawalPaid`."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"


class SocialContributed(Event, frozen=True):
    """A member paid into the social fund."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "social"


class SocialPaidOut(Event, frozen=True):
    """The social fund helped a member, or someone outside the group (`member` empty)."""

    cycle: CycleNumber
    session: Session
    member: ReferenceOrNone
    amount_minor: Amount
    reason: Text
    line: Line = 1
    channel: Channel = "social"
    # since version 2
    payee: Text = ""
    """Who got it, when it was nobody of the group."""


class FineLevied(Event, frozen=True):
    """A member owes a fine; no money moved. One of a code in one meeting."""

    cycle: CycleNumber
    session: Session
    member: Reference
    code: Code
    amount_minor: Amount


class FinePaid(Event, frozen=True):
    """A member paid on what is owed in fines."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    # since version 2
    source: Source = ""


class FineWaived(Event, frozen=True):
    """A fine need not be paid after all."""

    fine: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class ClaimPaid(Event, frozen=True):
    """The group pays what it owes: an overpayment, the share-out, a former member's rest."""

    cycle: CycleNumber
    session: Session
    member: Reference
    account: Literal["overpayment", "shareout", "former_member"]
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"


class DebtCollected(Event, frozen=True):
    """A member pays a debt that a share-out or an exit left (account 1170)."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
