"""Loans: asked for, guaranteed, approved with complete terms, handed over, paid back or not."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from model.days import Period
from model.events.fields import (
    Amount,
    AmountOrZero,
    Channel,
    CycleNumber,
    DayOrNone,
    Event,
    FullReference,
    Fund,
    Line,
    Method,
    Part,
    Periods,
    PeriodsOrNone,
    Ppm,
    ProviderReference,
    Reference,
    ReferenceOrNone,
    Session,
    Source,
    Text,
)
from model.events.terms import LoanRules
from model.money import Rounding


class Guarantee(Part, frozen=True):
    """A member answers for so much of another's loan."""

    member: FullReference
    amount_minor: Amount


class LoanApplied(Event, frozen=True):
    """A member asks for a loan; the entry's id names the loan."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    purpose: Text
    periods: Periods
    line: Line = 1
    # since version 2
    fund: Fund = "loan_fund"
    guarantors: Annotated[tuple[Guarantee, ...], Meta(max_length=16)] = ()
    collateral: Text = ""
    collateral_minor: AmountOrZero = 0


class LoanRefused(Event, frozen=True):
    """A request for a loan ends before the money is handed over."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    outcome: Literal["rejected", "withdrawn", "cancelled"]
    reason: Text = ""


class LoanApproved(Event, frozen=True):
    """The terms of a loan, complete: nothing is looked up in the constitution later.

    `step_minor`: an instalment is a multiple of it (1: none). `rounding`: of one posted amount.
    """

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    method: Method
    rate_ppm: Ppm
    periods: Periods
    period: Period = "month"
    step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    rounding: Rounding = "half_even"
    # since version 2
    rules: LoanRules = LoanRules()
    first_due_on: DayOrNone = ""


class LoanDisbursed(Event, frozen=True):
    """The money of a loan was handed over, once."""

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    channel: Channel = "box"
    # since version 2
    witness: ReferenceOrNone = b""
    fee_minor: AmountOrZero = 0
    """Kept back from what was handed over, as the terms say; income at once."""
    interest_minor: AmountOrZero = 0
    """Interest taken at once (upfront), kept back in the same way."""


class LoanRepaid(Event, frozen=True):
    """Money came back; its split into interest and principal is always derived.

    `provider_ref`: the mobile-money provider's reference, when there is one; it counts once.
    """

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    provider_ref: Annotated[str, Meta(max_length=64)] = ""
    # since version 2
    source: Source = ""
    payer: ReferenceOrNone = b""
    """Who paid, when it was not the borrower: a guarantor. A source is then the payer's money."""


class GuaranteeGiven(Event, frozen=True):
    """A member answers for so much of another's loan, after it was asked for."""

    loan: Reference
    member: Reference
    amount_minor: Amount


class GuaranteeCalled(Event, frozen=True):
    """The group asks a guarantor to pay what the borrower did not."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount


class LoanCharged(Event, frozen=True):
    """A penalty, a fee or extra interest is added to a loan; once for a kind and instalment."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    kind: Literal["penalty", "fee", "interest"]
    amount_minor: Amount
    instalment: PeriodsOrNone = 0
    line: Line = 1


class LoanWaived(Event, frozen=True):
    """The group forgives interest, a penalty or a fee of a loan."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    kind: Literal["penalty", "fee", "interest"]
    amount_minor: Amount
    line: Line = 1
    reason: Text = ""


class LoanRescheduled(Event, frozen=True):
    """What is left of a loan gets new terms, from an instalment on."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    from_instalment: Periods
    method: Method
    rate_ppm: Ppm
    periods: Periods
    period: Period = "month"
    first_due_on: DayOrNone = ""
    rules: LoanRules = LoanRules()
    arrears: Literal["kept", "joined"] = "kept"
    """What earlier instalments still lack stays due, or joins the new principal with interest."""
    reason: Text = ""


class LoanDefaulted(Event, frozen=True):
    """Officers confirm that a loan is in default."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class LoanWrittenOff(Event, frozen=True):
    """The group gives up principal that will not come back."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    reason: Text = ""


class LoanRecovered(Event, frozen=True):
    """Something comes back on a loan that was written off."""

    loan: Reference
    cycle: CycleNumber
    session: Session
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    provider_ref: ProviderReference = ""
