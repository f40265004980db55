"""Members: added, changed, merged, leaving; their goals and their consent."""

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
    Event,
    MemberStatus,
    Reference,
    ReferenceOrNone,
    Session,
    SharesOrZero,
    Tag,
    Text,
    require_days,
)

Gender = Literal["", "female", "male", "other"]
GoalKind = Literal["savings", "investment", "lending", "membership", "project"]
GoalOutcome = Literal["reached", "dropped"]


class MemberAdded(Event, frozen=True):
    """A member joins; the entry's id names the member. Tags are keyed hashes, or empty."""

    number: Annotated[int, Meta(ge=1, le=100_000)]
    joined_on: DayText
    name_tag: Tag = b""
    phone_tag: Tag = b""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.joined_on)


class PersonSealed(Event, frozen=True):
    """A member's name and phone, as ciphertext under a key that lives outside the log."""

    member: Reference
    key_id: Annotated[bytes, Meta(min_length=16, max_length=16)]
    nonce: Annotated[bytes, Meta(min_length=24, max_length=24)]
    sealed: Annotated[bytes, Meta(min_length=16, max_length=2048)]


class PersonErased(Event, frozen=True):
    """Officers decide that a member's name and phone are forgotten; number and money stay."""

    member: Reference
    reason: Text = ""


class MemberProfileSet(Event, frozen=True):
    """What partners count by, and a corrected number; 0 and "" leave a thing as it is."""

    member: Reference
    number: Annotated[int, Meta(ge=0, le=100_000)] = 0
    gender: Gender = ""
    birth_year: Annotated[int, Meta(ge=0, le=2199)] = 0
    role: Text = ""


class MemberStatusSet(Event, frozen=True):
    """A member is suspended, becomes inactive, or is active again."""

    member: Reference
    status: MemberStatus
    reason: Text = ""


class MemberMerged(Event, frozen=True):
    """Two entries are one person: what stands under `drop` goes to `keep`."""

    keep: Reference
    drop: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class MemberExited(Event, frozen=True):
    """A member leaves, with a settlement as it was read out (reckoning/settlement.py).

    `shares` worth `savings_minor` at par are given back, `voluntary_minor` too; `profit_minor` is a
    share of the profit so far, where the group grants one. Of that, `fee_minor` stays with the
    group, `netted_minor` pays loans and fines by entries of their own (source `payable`),
    `paid_minor` is handed over, and the rest is owed to the former member.
    """

    cycle: CycleNumber
    session: Session
    member: Reference
    reason: Literal["left", "expelled", "died", "moved"]
    shares: SharesOrZero
    savings_minor: AmountOrZero
    voluntary_minor: AmountOrZero = 0
    profit_minor: AmountOrZero = 0
    netted_minor: AmountOrZero = 0
    fee_minor: AmountOrZero = 0
    paid_minor: AmountOrZero = 0
    channel: Channel = "box"
    nominee: Text = ""


class GoalSet(Event, frozen=True):
    """What a member (or, when empty, the group) wants to reach."""

    member: ReferenceOrNone
    kind: GoalKind
    title: Text
    target: Amount
    """Minor units of money; of membership, a number of people."""
    each_meeting_minor: AmountOrZero = 0
    until: DayOrNone = ""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.until)


class GoalEnded(Event, frozen=True):
    """A goal was reached or given up."""

    goal: Reference
    outcome: GoalOutcome


class ConsentRecorded(Event, frozen=True):
    """A member allows, or no longer allows, a use of personal details."""

    member: Reference
    purpose: Code
    allowed: bool
    witness: ReferenceOrNone = b""
