"""The founding period: until when the founder's phone decides alone, and how that ends.

A group begins with one phone, which lets the others in by itself. That must end before the phone
can be stolen with a full box beside it; so the founder's phone ends it in the step that opens the
first meeting in which two officers have a phone, or at its next entry after another phone has
opened one. The key that signs the end was made with the group, is good for nothing else, and is
wiped in the same step (`replication/founding.py`).

Rule: the end is never put off by a phone that could write it, and never asked about twice.
"""

from typing import Final

from model.book import Book
from model.events import Event, MeetingOpened
from node.errors import CommandRefused
from node.node import Group, Node, Step

OFFICERS_MIN: Final = 2
"""Fewer could not decide together: one officer alone decides alone in any case."""

ENDED: Final = (
    "With this the founding of the group has ended. From now on phones are let in and shut out, "
    "and officers elected, only when most officers agree, at least two."
)


def is_due(group: Group, events: tuple[Event, ...] = ()) -> bool:
    """Whether this phone ends the founding in the step that records these events."""
    if not may_end(group) or len(group.roster.officers) < OFFICERS_MIN:
        return False
    opens = any(isinstance(event, MeetingOpened) for event in events)
    return opens or _opened_elsewhere(group.book, group.device)


def may_end(group: Group) -> bool:
    """Whether the founding goes on, and this phone can end it."""
    roster = group.roster
    if not roster.founding or roster.founder != group.device:
        return False
    return not group.replica.decisions.founding_key or group.founding_key is not None


def end(node: Node, group_id: bytes, now_ms: int) -> Step:
    """End the founding by hand. CommandRefused when this phone can't, or should not yet."""
    group = node.group(group_id)
    roster = group.roster
    if not roster.founding:
        raise CommandRefused(
            "The founding of this group has ended already: officers decide together.",
            "founding_ended",
        )
    if roster.founder != group.device:
        founder = roster.devices[roster.founder].label
        raise CommandRefused(
            f"Only the phone that founded the group ends its founding: {founder}.", "not_founder"
        )
    if not may_end(group):
        raise CommandRefused(
            "This phone founded the group, but no longer holds the key that ends the founding: its "
            "books were fetched anew. Ask the officers to shut this phone out and let it in again.",
            "no_founding_key",
        )
    if len(roster.officers) < OFFICERS_MIN:
        raise CommandRefused(
            "You are the group's only officer with a phone. Let in a second officer's phone first: "
            "mkutano invite --title treasurer",
            "only_officer",
        )
    batch = node.batch(group_id, now_ms)
    batch.end_founding()
    return batch.commit()


def _opened_elsewhere(book: Book, device: bytes) -> bool:
    """Whether the newest meeting is open, and another phone opened it."""
    newest = book.latest.find("meeting")
    page = book.meetings.find(newest) if newest is not None else None
    if page is None or page.closes:
        return False
    openings = [entry for name in page.opened if (entry := book.entries.find(name)) is not None]
    return bool(openings) and all(entry.device != device.hex() for entry in openings)
