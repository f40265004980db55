"""The group's own money: expenses, transfers, partners, funding, investments, provider payments."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from model.events.fields import (
    Amount,
    AmountOrZero,
    Channel,
    Code,
    CycleNumber,
    DayOrNone,
    DayText,
    DigestOrNone,
    Event,
    Fund,
    Line,
    Name,
    Ppm,
    ProviderReference,
    Reference,
    ReferenceOrNone,
    Session,
    Tag,
    Text,
    require_days,
)


class ExpensePaid(Event, frozen=True):
    """The group spent money on itself."""

    cycle: CycleNumber
    session: Session
    category: Code
    amount_minor: Amount
    pocket: Channel = "box"
    line: Line = 1
    # since version 2
    payee: Text = ""
    fund: Fund = "loan_fund"
    """Whose money: an expense of the social fund lowers that fund."""
    note: Text = ""


class TransferMade(Event, frozen=True):
    """Money moved between the group's own pockets."""

    cycle: CycleNumber
    session: Session
    source: Channel
    target: Channel
    amount_minor: Amount
    line: Line = 1
    reference: Annotated[str, Meta(max_length=64)] = ""


class PartnerSet(Event, frozen=True):
    """An organisation that the group works with; `partner` empty: a new one, this entry."""

    partner: ReferenceOrNone
    name: Name
    kind: Literal["ngo", "mfi", "bank", "government", "other"]
    contact: Text = ""
    country: Text = ""
    verified: bool = False
    active: bool = True


class FundingPromised(Event, frozen=True):
    """A partner promises money, with what is expected back; the entry's id names the funding."""

    partner: ReferenceOrNone
    party: Text
    kind: Literal["grant", "conditional_grant", "loan", "returnable"]
    amount_minor: Amount
    purpose: Text = ""
    expected_return_ppm: Ppm = 0
    due_on: DayOrNone = ""
    line: Line = 1

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.due_on)


class FundingReceived(Event, frozen=True):
    """Money that was promised, or lent to the group, arrived."""

    funding: Reference
    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "bank"
    reference: ProviderReference = ""


class FundingRepaid(Event, frozen=True):
    """The group pays back what was lent to it."""

    funding: Reference
    cycle: CycleNumber
    session: Session
    principal_minor: AmountOrZero
    interest_minor: AmountOrZero
    line: Line = 1
    channel: Channel = "bank"
    reference: ProviderReference = ""

    def __post_init__(self) -> None:
        """Refuse a payment of nothing."""
        if not self.principal_minor + self.interest_minor:
            raise ValueError("nothing was paid back")


class FundingReleased(Event, frozen=True):
    """The partner gives up what it is owed, or the grant's conditions are met."""

    funding: Reference
    cycle: CycleNumber
    session: Session
    outcome: Literal["written_off", "condition_met"]
    amount_minor: Amount
    line: Line = 1


class InvestmentBought(Event, frozen=True):
    """The group buys something to keep; the entry's id names the investment."""

    cycle: CycleNumber
    session: Session
    kind: Literal[
        "stocks", "bonds", "real_estate", "mutual_fund", "fixed_deposit", "business", "other"
    ]
    title: Name
    cost_minor: Amount
    line: Line = 1
    channel: Channel = "bank"
    risk: Literal["", "low", "medium", "high"] = ""
    matures_on: DayOrNone = ""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.matures_on)


class InvestmentValued(Event, frozen=True):
    """What an investment is thought to be worth; shown beside its cost, never posted."""

    investment: Reference
    value_minor: AmountOrZero
    valued_on: DayText
    source: Text = ""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.valued_on)


class InvestmentPaid(Event, frozen=True):
    """An investment brought money: interest, dividend, rent."""

    investment: Reference
    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "bank"


class InvestmentSold(Event, frozen=True):
    """All or part of an investment is sold: `cost_minor` of it for `proceeds_minor`."""

    investment: Reference
    cycle: CycleNumber
    session: Session
    cost_minor: Amount
    proceeds_minor: AmountOrZero
    line: Line = 1
    channel: Channel = "bank"


class PaymentReceived(Event, frozen=True):
    """A provider says that money arrived; its reference counts once, however often it is told."""

    provider: Code
    provider_ref: Annotated[str, Meta(min_length=1, max_length=64)]
    amount_minor: Amount
    received_on: DayText
    cycle: CycleNumber
    session: Session
    channel: Literal["mobile", "bank"] = "mobile"
    payer_tag: Tag = b""
    fee_minor: AmountOrZero = 0
    raw_digest: DigestOrNone = b""
    origin: Literal["webhook", "statement", "hand"] = "statement"

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.received_on)


class PaymentMatched(Event, frozen=True):
    """A receipt is what an entry tells of: one recorded by hand, or one paid from receipts."""

    payment: Reference
    target: Reference
    cycle: CycleNumber
    session: Session


class Reconciled(Event, frozen=True):
    """A pocket's balance as the bank or provider states it, on a day."""

    pocket: Channel
    as_of: DayText
    stated_minor: AmountOrZero
    cycle: CycleNumber
    session: Session
    comment: Text = ""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.as_of)


class WithdrawalRequested(Event, frozen=True):
    """Money is to be paid out; officers approve it first. The entry's id names the request.

    `purpose` says what it will be: a member's own savings, a claim, help, an expense.
    """

    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    purpose: Literal["savings", "overpayment", "shareout", "former_member", "social", "expense"]
    member: ReferenceOrNone
    payee: Text = ""
    reason: Text = ""
    expires_on: DayOrNone = ""
    line: Line = 1
    pocket: Channel = "box"

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.expires_on)


class WithdrawalCancelled(Event, frozen=True):
    """A request is no longer wanted."""

    request: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class WithdrawalPaid(Event, frozen=True):
    """The money of a request was handed over in cash, once."""

    request: Reference
    cycle: CycleNumber
    session: Session
    channel: Channel = "box"


class PayoutAttempted(Event, frozen=True):
    """A provider is asked to pay a request; `client_ref` names the attempt, never used twice."""

    request: Reference
    client_ref: Annotated[str, Meta(min_length=1, max_length=64)]
    provider: Code
    cycle: CycleNumber
    session: Session
    channel: Literal["mobile", "bank"] = "mobile"


class PayoutResult(Event, frozen=True):
    """What the provider says of an attempt; unknown is no failure, success outweighs failure."""

    request: Reference
    client_ref: Annotated[str, Meta(min_length=1, max_length=64)]
    status: Literal["success", "failed", "unknown"]
    cycle: CycleNumber
    session: Session
    provider_ref: ProviderReference = ""
    fee_minor: AmountOrZero = 0
    message: Text = ""
