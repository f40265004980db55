"""The group itself, its officers, and how officers decide: ask, approve, decline, resolve."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from model.events.fields import (
    CardNumber,
    Code,
    Currency,
    CycleNumber,
    Digest,
    Event,
    FullReference,
    Name,
    PersonOrNobody,
    Reference,
    ReferenceOrNone,
    Seat,
    Session,
    Text,
    Title,
)


class GroupDescribed(Event, frozen=True):
    """The group's name and money. `exponent`: digits after the point (KES 2, UGX 0)."""

    name: Name
    currency: Currency
    exponent: Annotated[int, Meta(ge=0, le=4)]
    kind: Code = "vsla"
    # since version 2
    description: Text = ""
    village: Text = ""
    district: Text = ""
    county: Text = ""
    country: Text = ""
    timezone: Text = ""


class GroupStatusSet(Event, frozen=True):
    """The group rests, works, or waits to be verified; nothing else follows from it."""

    status: Literal["active", "inactive", "suspended", "pending_verification"]
    reason: Text = ""


class OfficerProposed(Event, frozen=True):
    """Officers are asked to elect a person to an office, or (nobody) to let it fall vacant."""

    title: Title
    person: PersonOrNobody
    member: ReferenceOrNone = b""
    seat: Seat = 1
    reason: Text = ""


class OfficerElected(Event, frozen=True):
    """A person takes an office; who held it before holds it no longer.

    Once the group is founded it puts in force what officers agreed to: `proposal`.
    """

    title: Title
    person: PersonOrNobody
    member: ReferenceOrNone = b""
    # since version 2
    seat: Seat = 1
    """Which of several: the second money counter, the third key holder."""
    # since version 3
    proposal: ReferenceOrNone = b""
    """The proposal that officers approved; empty while the group is being founded."""

    def __post_init__(self) -> None:
        """Only a decision lets an office fall vacant: ValueError for nobody without a proposal."""
        if not self.person and not self.proposal:
            raise ValueError("Nobody is elected, and no proposal is named.")


class ApprovalGiven(Event, frozen=True):
    """An officer agrees to an entry: to a decision that waits for it, or to money paid out.

    With a `card` it is the paper card that agrees, beside what the officer says: the change that
    holds this shows it.
    """

    target: Reference
    cycle: CycleNumber
    session: Session
    # since version 2
    card: CardNumber = 0
    """Of the three paper cards; 0: none, the officer's own word."""


class ApprovalWithdrawn(Event, frozen=True):
    """An officer takes an approval back, before the decision took effect."""

    target: Reference
    reason: Text = ""


class RequestDeclined(Event, frozen=True):
    """An officer says no to a decision that waits; it can be asked for again."""

    target: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class ConflictResolved(Event, frozen=True):
    """Of several entries about one thing, officers choose which is right."""

    target: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class EntryDisputed(Event, frozen=True):
    """A member or officer says that an entry is wrong; nothing changes but that it is shown."""

    target: Reference
    cycle: CycleNumber
    session: Session
    member: ReferenceOrNone
    reason: Text


class LateEntryAccepted(Event, frozen=True):
    """What came too late for its meeting is right, and is posted in this one."""

    target: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class LateEntryRejected(Event, frozen=True):
    """What came too late for its meeting did not happen so; it stays visible and counts nowhere."""

    target: Reference
    cycle: CycleNumber
    session: Session
    reason: Text = ""


HELD_NAMED_MAX: Final = 64  # entries that one verdict names; a meeting has about ninety
HeldEntries = Annotated[tuple[FullReference, ...], Meta(max_length=HELD_NAMED_MAX)]


class SuspenseRatified(Event, frozen=True):
    """What a stopped device wrote is right, and counts: the entries that are named, or all of it
    that the author of this knew; what belongs to a closed meeting counts in this one."""

    device: Digest
    entries: HeldEntries
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class SuspenseRejected(Event, frozen=True):
    """What a stopped device wrote did not happen so; it stays visible and counts nowhere."""

    device: Digest
    entries: HeldEntries
    cycle: CycleNumber
    session: Session
    reason: Text = ""


class EntryReversed(Event, frozen=True):
    """An officer, not its author, takes an entry back in the meeting that corrects."""

    cycle: CycleNumber
    session: Session
    target: Reference
    reason: Text = ""
