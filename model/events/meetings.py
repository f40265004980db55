"""Meetings: planned, opened with keys, attended, counted, decided in, minuted, closed, reopened.

A meeting is named by two numbers, `cycle` and `session`, so that two phones that open one meeting
meet in it. `line` tells apart two things of one kind in one meeting: the first is 1.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from model.events.fields import (
    Amount,
    AmountOrZero,
    Attendance,
    Channel,
    Code,
    Count,
    CycleNumber,
    DayOrNone,
    DayText,
    DigestOrNone,
    Event,
    FullReference,
    Line,
    LongText,
    MeetingKind,
    Moment,
    Part,
    Reference,
    ReferenceOrNone,
    Session,
    Text,
    TimeOrNone,
    require_days,
)


class CycleOpened(Event, frozen=True):
    """A savings cycle begins."""

    cycle: CycleNumber
    starts_on: DayText
    ends_on: DayText

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.starts_on, self.ends_on)


class CycleClosed(Event, frozen=True):
    """A cycle ends: income and expenses are closed to the surplus, its meetings are read-only."""

    cycle: CycleNumber
    closed_on: DayText
    shareout: ReferenceOrNone = b""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.closed_on)


class MeetingScheduled(Event, frozen=True):
    """A meeting is planned, with what is to be done in it, in order."""

    cycle: CycleNumber
    session: Session
    planned_on: DayText
    starts_at: TimeOrNone = ""
    place: Text = ""
    kind: MeetingKind = "regular"
    agenda: Annotated[tuple[Code, ...], Meta(max_length=40)] = ()

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.planned_on)


class MeetingOpened(Event, frozen=True):
    """A meeting begins. Two phones that open one (cycle, session) open one meeting."""

    cycle: CycleNumber
    session: Session
    held_on: DayText
    # since version 2
    kind: MeetingKind = "regular"
    place: Text = ""
    keys: Annotated[tuple[FullReference, ...], Meta(max_length=64)] = ()
    """Members who brought a key, or who stood in for the key holders."""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.held_on)


class AgendaReached(Event, frozen=True):
    """The meeting comes to an item of its agenda."""

    cycle: CycleNumber
    session: Session
    item: Code


class AttendanceMarked(Event, frozen=True):
    """A member was there, or not."""

    cycle: CycleNumber
    session: Session
    member: Reference
    status: Attendance
    # since version 2
    arrived_at: TimeOrNone = ""
    left_at: TimeOrNone = ""
    note: Text = ""
    representative: Text = ""
    """Who came instead, in words; for money, not for the member's attendance."""


class ResolutionRecorded(Event, frozen=True):
    """The meeting decided something, with the votes as they were counted."""

    cycle: CycleNumber
    session: Session
    line: Line
    kind: Code
    text: LongText
    votes_for: Count = 0
    votes_against: Count = 0
    abstained: Count = 0
    target: ReferenceOrNone = b""
    """The entry that it is about."""


class BallotCast(Event, frozen=True):
    """One member's open vote on a resolution; one member, one vote."""

    cycle: CycleNumber
    session: Session
    resolution: Reference
    member: Reference
    choice: Literal["for", "against", "abstain"]


class ActionAssigned(Event, frozen=True):
    """A member is asked to do something until a day."""

    cycle: CycleNumber
    session: Session
    line: Line
    text: Text
    member: ReferenceOrNone = b""
    due_on: DayOrNone = ""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        require_days(self.due_on)


class ActionDone(Event, frozen=True):
    """What was asked is done, or no longer wanted."""

    action: Reference
    cycle: CycleNumber
    session: Session
    outcome: Literal["done", "dropped"] = "done"
    note: Text = ""


class MinutesRecorded(Event, frozen=True):
    """Minutes of a meeting, as read out; a later one by who knew it replaces it."""

    cycle: CycleNumber
    session: Session
    text: LongText
    facilitator: ReferenceOrNone = b""


class NoteOfCoins(Part, frozen=True):
    """So many coins or notes of one value."""

    value_minor: Amount
    count: Count


class CashCounted(Event, frozen=True):
    """Money was counted in one pocket; 0 is an empty one."""

    cycle: CycleNumber
    session: Session
    moment: Moment
    pocket: Channel
    amount_minor: AmountOrZero
    # since version 2
    coins: Annotated[tuple[NoteOfCoins, ...], Meta(max_length=40)] = ()
    counted_by: Annotated[tuple[FullReference, ...], Meta(max_length=8)] = ()
    comment: Text = ""

    def __post_init__(self) -> None:
        """Refuse coins that do not add up to the amount."""
        total = sum(note.value_minor * note.count for note in self.coins)
        if self.coins and total != self.amount_minor:
            raise ValueError("the coins and notes do not add up to the amount that was counted")


class VariancePosted(Event, frozen=True):
    """A difference between count and books is accepted: over is income, short is a loss."""

    cycle: CycleNumber
    session: Session
    moment: Moment
    pocket: Channel
    direction: Literal["over", "short"]
    amount_minor: Amount
    comment: Text


class CoveredTip(Part, frozen=True):
    """The head of one device's chain as the closing officer's phone knew it."""

    device: Annotated[bytes, Meta(min_length=32, max_length=32)]
    n: Annotated[int, Meta(ge=1, le=2**40)]
    chain_hash: Annotated[bytes, Meta(min_length=32, max_length=32)]


class CountedPocket(Part, frozen=True):
    """What was counted in one pocket when the meeting ended."""

    pocket: Channel
    amount_minor: AmountOrZero


class MeetingClosed(Event, frozen=True):
    """The books of a meeting are closed over all that its author knew; totals as read out.

    `covers` names the heads of what the author knew, so that people can compare them.
    """

    cycle: CycleNumber
    session: Session
    covers: Annotated[tuple[CoveredTip, ...], Meta(max_length=128)]
    shares_minor: AmountOrZero = 0
    social_minor: AmountOrZero = 0
    fines_minor: AmountOrZero = 0
    repaid_minor: AmountOrZero = 0
    lent_minor: AmountOrZero = 0
    spent_minor: AmountOrZero = 0
    # since version 2
    counted: Annotated[tuple[CountedPocket, ...], Meta(max_length=4)] = ()
    reducer_version: Count = 0
    """Of the rules that the author's phone reckons by; 0: it did not say."""
    journal_digest: DigestOrNone = b""
    """Of the meeting's postings as the author's phone has them (sealing.py says how)."""


class MeetingReopened(Event, frozen=True):
    """A closed meeting takes entries again, until it is closed once more."""

    cycle: CycleNumber
    session: Session
    reason: Text
