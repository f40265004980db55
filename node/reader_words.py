"""What a reader of the group's books is given and until when, in the words that people decide by.

Rule: whoever agrees to a reader, invites one, or is one, reads the same words. A reader is a device
of somebody outside, an organisation's say, that is given something and records nothing.
"""

from datetime import date
from typing import Final

from replication.roster import Device

SCOPES: Final = ("summary", "ledger", "people")
"""What a reader can be given, each more than the one before."""

RIGHT_OF: Final = {"summary": "pull", "ledger": "read", "people": "read"}
"""The right in the roster that goes with a scope."""

READS: Final = {
    "summary": "the totals of each sealed meeting, without names and without single entries",
    "ledger": "every entry and amount under members' numbers, without names",
    "people": "every entry and amount, and the names and phone numbers of all members",
}
"""What a reader of a scope gets to see."""

SHORT: Final = {"summary": "totals", "ledger": "entries", "people": "entries and names"}

ENDS_SOON_DAYS: Final = 30
"""So many days before a grant ends the group is told."""


def is_reader(device: Device) -> bool:
    """Whether a device of the roster only reads; what carries the books sealed is none."""
    return device.right == "read" or (device.right == "pull" and bool(device.scope))


def scope_of(device: Device) -> str:
    """What a reader is given; one that was let in without a word on it gets the ledger."""
    return device.scope or "ledger"


def till(until: str) -> str:
    """The end of a grant, at the end of a sentence."""
    return f"until {until}" if until else "without an end"


def granted(scope: str, until: str) -> str:
    """What a reader may see and until when, after “may read”."""
    return f"{READS[scope]}, {till(until)}"


def days_left(until: str, day: str) -> int | None:
    """Days of a grant that are left on an ISO day, the day itself not counted; below zero: so many
    days ago was the last. None: it has no end."""
    if not until:
        return None
    return (date.fromisoformat(until) - date.fromisoformat(day)).days


def is_over(device: Device, day: str) -> bool:
    """Whether a device's grant had ended before an ISO day; an officer's phone has no end."""
    return bool(device.until) and device.until < day
