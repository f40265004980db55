"""What a group agrees on: how a loan works, and the constitution as a whole.

Terms are copied into whatever uses them, so that a later constitution never reprices anything.
A new constitution is always written whole: what is in force can be read in one place.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from model.days import Period
from model.events.fields import (
    Amount,
    AmountOrZero,
    Code,
    Count,
    Days,
    Event,
    Fund,
    Kind,
    Method,
    Part,
    Percent,
    Periods,
    PeriodsOrNone,
    Ppm,
    ReferenceOrNone,
    Small,
    Title,
)
from model.money import Rounding


class LoanRules(Part, frozen=True):
    """How a loan works beyond its rate and its number of instalments (reckoning/schedules.py).

    The defaults are those of a plain loan: a rate a period, instalments one period apart, no
    grace, no fee, no penalty, payments to the oldest instalment first.
    """

    method: Literal[
        "", "upfront", "service_charge", "fixed_instalment", "compound", "bullet", "interest_only"
    ] = ""
    """Overrides the method that an event of version 1 can name; "" leaves it as it is."""
    rate_per: Literal["period", "week", "month", "year"] = "period"
    every: Annotated[int, Meta(ge=1, le=60)] = 1
    """Instalments are so many periods apart: 2 weeks are a fortnight."""
    day_count: Literal[
        "periods", "actual_365", "actual_360", "actual_364", "actual_actual", "30_360"
    ] = "periods"
    money_step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    instalment_minor: AmountOrZero = 0
    """Of a fixed instalment: paid until nothing is left."""
    principal_grace: PeriodsOrNone = 0
    interest_grace: PeriodsOrNone = 0
    """First periods whose interest is collected with the first instalment after them."""
    interest_free: PeriodsOrNone = 0
    first_month_at_once: bool = False
    upfront: Literal["paid", "deducted"] = "deducted"
    interest_cap: bool = False
    """Compound interest stops when it has reached the principal (in duplum)."""
    fee_minor: AmountOrZero = 0
    fee_ppm: Ppm = 0
    penalty: Literal["none", "flat", "percent"] = "none"
    penalty_minor: AmountOrZero = 0
    penalty_ppm: Ppm = 0
    penalty_basis: Literal["principal", "principal_and_interest", "total"] = "total"
    penalty_grace_days: Days = 0
    penalty_repeats: bool = False
    """Once for every period that an instalment is late; else once for each instalment."""
    allocation: Literal[
        "penalty_fee_interest_principal",
        "penalty_interest_principal_fee",
        "interest_principal_penalty_fee",
        "principal_interest_penalty_fee",
    ] = "penalty_fee_interest_principal"
    bucket_by_bucket: bool = False
    """All interest that is due before any principal; else instalment by instalment."""
    advance: Literal["next", "last", "reamortise"] = "next"
    early: Literal["scheduled", "to_date", "to_period"] = "scheduled"
    meeting_days: bool = False
    """Due days move forward to the weekday of the meeting that handed the money over."""
    interest_on: Literal["schedule", "opening_balance", "daily_balance"] = "schedule"
    """Interest as scheduled, or on what is really still owed (reckoning/accrual.py)."""
    principal_at_end: bool = False
    """Of a flat loan or a service charge: all principal with the last instalment."""
    charge_on_balance: bool = False
    """The service charge is of what is still owed, not of what was lent."""


class ConstitutionAdopted(Event, frozen=True):
    """What the group agreed. Terms are copied where they are used; a later version never reprices.

    `interest_ppm`: parts per million of the principal for each `period`. `shares_max`: of one
    member in one meeting. `record_keeper`: the title whose amount counts while officers disagree.
    `approvals`: how many officers must agree to a kind of entry (approvals.py has the defaults);
    for money that is paid out, only from `approval_limit_minor` on.
    """

    version: Annotated[int, Meta(ge=1, le=10_000)]
    share_value_minor: Amount
    shares_min: Count = 1
    shares_max: Count = 5
    social_fund_minor: AmountOrZero = 0
    loan_multiplier: Annotated[int, Meta(ge=0, le=100)] = 3
    loan_periods_max: Periods = 3
    interest_method: Method = "flat"
    interest_ppm: Ppm = 0
    period: Period = "month"
    fines_to: Fund = "loan_fund"
    record_keeper: Title = "secretary"
    cash_tolerance_minor: AmountOrZero = 0
    fines: Annotated[dict[Code, Amount], Meta(max_length=64)] = field(default_factory=dict)
    # since version 2
    rounding: Rounding = "half_even"
    instalment_step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    loan: LoanRules = LoanRules()
    loans_open_max: Small = 0
    """How many loans a member may have at once; 0: any number."""
    guarantors_min: Small = 0
    default_after_days: Days = 90
    quorum_percent: Percent = 0
    """How many of the active members make a meeting able to decide; 0: no rule."""
    keys_required: Small = 0
    """How many key holders open a meeting; 0: no rule."""
    approvals: Annotated[dict[Kind, Small], Meta(max_length=64)] = field(default_factory=dict)
    approval_limit_minor: AmountOrZero = 0
    meeting_frequency: Literal["", "week", "fortnight", "month"] = ""
    cycle_meetings: Annotated[int, Meta(ge=0, le=400)] = 0
    residue: Literal["largest_remainder", "carry"] = "largest_remainder"
    payout_step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """With `carry`: what a share pays out is rounded down to it."""
    social_at_shareout: Literal["keep", "equal", "pro_rata"] = "keep"
    netting: bool = True
    exit_fee_minor: AmountOrZero = 0
    exit_profit: bool = False
    late_join: Literal["from_now", "catch_up"] = "from_now"
    contribution_minor: AmountOrZero = 0
    """What each member is expected to save in a meeting; 0: no rule."""
    proposal: ReferenceOrNone = b""
    """The proposal that officers approved; empty while the group is being founded."""
    # since version 3
    seal_offices: Annotated[tuple[Title, ...], Meta(max_length=5)] = ()
    """Offices that must sign the close of a meeting, each of them; beside how many officers."""


class ConstitutionProposed(Event, frozen=True):
    """A constitution that officers are asked to approve; adopted by a fact of its own."""

    terms: ConstitutionAdopted
    reason: Annotated[str, Meta(max_length=200)] = ""
