"""What began before these books, and what ends a cycle: share-out, dividend, reserve, rotation."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from model.events.fields import (
    Amount,
    AmountOrZero,
    Channel,
    Code,
    CycleNumber,
    DayText,
    Digest,
    DigestOrNone,
    Event,
    FullReference,
    Line,
    Part,
    Periods,
    ProviderReference,
    Reference,
    ReferenceOrNone,
    Session,
    SharesOrZero,
    Text,
    require_days,
)

OpeningAccount = Literal[
    "savings", "voluntary", "loan", "fines",
    "box", "social_box", "bank", "mobile", "social_fund", "surplus",
]  # fmt: skip


class OpeningBalanceSet(Event, frozen=True):
    """What there was before these books began, from paper: against account 3090.

    For a member: `savings` (with `shares`), `voluntary` savings, `loan` (what is still owed; the
    entry's id names the loan) or `fines`. For the group (`member` empty): a pocket, the social
    fund or the surplus.
    """

    member: ReferenceOrNone
    account: OpeningAccount
    amount_minor: AmountOrZero
    shares: SharesOrZero
    as_of: DayText

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.as_of)


class ShareoutRow(Part, frozen=True):
    """One member's part: shares and their par are given back for `gross_minor` and `social_minor`.

    `amount_time` is the weight where savings count by amount and time (money * days), else 0.
    """

    member: FullReference
    shares: SharesOrZero
    savings_minor: AmountOrZero
    gross_minor: AmountOrZero
    social_minor: AmountOrZero = 0
    amount_time: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class ShareoutConfirmed(Event, frozen=True):
    """What a cycle pays out, as it was read out (reckoning/shareout.py); declared, not yet paid.

    The parts must be what the reckoning gives for this pool, these rows and rules, with ties in the
    order of the rows; else it has no effect. With `carry` the value of a share is rounded down to
    `step_minor` where shares are divided by number, and the rest stays with the group.
    `input_digest` names the preview that was read out, debts included.
    """

    cycle: CycleNumber
    session: Session
    pool_minor: Annotated[int, Meta(ge=-(2**53), le=2**53)]
    rows: Annotated[tuple[ShareoutRow, ...], Meta(min_length=1, max_length=250)]
    residue_minor: AmountOrZero = 0
    social_pool_minor: AmountOrZero = 0
    input_digest: DigestOrNone = b""
    basis: Literal["shares", "amount", "amount_time", "equal"] = "shares"
    capital: Literal["in_pool", "returned_first"] = "in_pool"
    residue: Literal["largest_remainder", "carry"] = "largest_remainder"
    step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    social: Literal["keep", "equal", "pro_rata"] = "keep"


class DividendRow(Part, frozen=True):
    """One member's dividend before and after tax."""

    member: FullReference
    gross_minor: AmountOrZero
    tax_minor: AmountOrZero = 0


class DividendDeclared(Event, frozen=True):
    """A dividend from the surplus; once for a cycle and kind (reckoning/dividends.py)."""

    cycle: CycleNumber
    session: Session
    kind: Literal["dividend", "interest", "bonus"]
    basis: Text
    rows: Annotated[tuple[DividendRow, ...], Meta(min_length=1, max_length=250)]
    to: Literal["payable", "savings"] = "payable"


class TaxPaid(Event, frozen=True):
    """Tax that was withheld from dividends is passed on to the authority."""

    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    reference: ProviderReference = ""


class SurplusMoved(Event, frozen=True):
    """Part of the surplus is set aside, or brought back."""

    cycle: CycleNumber
    session: Session
    source: Literal["surplus", "reserve", "social_fund"]
    target: Literal["surplus", "reserve", "social_fund"]
    amount_minor: Amount
    line: Line = 1
    reason: Text = ""


class RotationStarted(Event, frozen=True):
    """A merry-go-round: who gets the pot in which round; the entry's id names it."""

    cycle: CycleNumber
    session: Session
    contribution_minor: Amount
    slots: Annotated[tuple[FullReference, ...], Meta(min_length=2, max_length=200)]
    """Members in order; one with two slots is named twice. Of a draw: before it."""
    order: Literal["fixed", "drawn", "bid"] = "fixed"
    commitment: DigestOrNone = b""
    """Of a draw: SHA-256 of the seed, which is revealed later."""
    fee_minor: AmountOrZero = 0
    group_covers: bool = False
    line: Line = 1


class RotationDrawn(Event, frozen=True):
    """The seed of a draw is revealed; anyone can work out the order again."""

    rotation: Reference
    seed: Annotated[bytes, Meta(min_length=16, max_length=64)]


class RotationPaidIn(Event, frozen=True):
    """A member pays into the pot of a round."""

    rotation: Reference
    cycle: CycleNumber
    session: Session
    round: Periods
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"


class RotationPaidOut(Event, frozen=True):
    """The pot of a round goes to a member; once for a round.

    Where members bid, `discount_minor` is what the winner forgoes: it is shared among all slots, or
    all but the winner's own (reckoning/auction.py), and counts as paid in by them.
    """

    rotation: Reference
    cycle: CycleNumber
    session: Session
    round: Periods
    member: Reference
    amount_minor: Amount
    fee_minor: AmountOrZero = 0
    channel: Channel = "box"
    discount_minor: AmountOrZero = 0
    sharers: Literal["all", "others"] = "all"


class NoticeSent(Event, frozen=True):
    """A message was sent from this device, so that no other sends it too."""

    notice: Annotated[bytes, Meta(min_length=8, max_length=32)]
    channel: Literal["sms", "app", "email", "print"]


class ReportShared(Event, frozen=True):
    """A report left the group: which, of which days, to whom, and its digest."""

    kind: Code
    from_on: DayText
    to_on: DayText
    recipient: Text
    digest: Digest

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.from_on, self.to_on)
