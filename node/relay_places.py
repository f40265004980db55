"""The four mailboxes of a group at one relay, by name.

What is in each and who may read it: `log` the sealed changes; `doors` what lets a reader in, one
slot a device; `people` the keys to people's names, one slot a device; `summary` signed totals of
sealed meetings. Ids are the relay's own: nothing is shared between two relays.
"""

from typing import Final, Literal, NamedTuple

from replication.control import RelayChosen

Compartment = Literal["log", "doors", "people", "summary"]
COMPARTMENTS: Final[tuple[Compartment, ...]] = ("log", "doors", "people", "summary")
BOXES: Final[frozenset[str]] = frozenset({"doors", "people"})
"""Mailboxes in which a device's newest entry takes the place of its older ones."""


class Place(NamedTuple):
    """One mailbox of a group."""

    group: bytes
    """The group's id; b"" while it is not known."""
    relay: bytes
    """The relay's Ed25519 key."""
    url: str
    compartment: Compartment
    mailbox: bytes


class Slot(NamedTuple):
    """Something sealed for a mailbox, and what it says."""

    blob: bytes
    digest: bytes
    """At most 32 bytes that differ when the content does, however it was sealed."""


def places(group: bytes, chosen: RelayChosen) -> tuple[Place, ...]:
    """The four mailboxes of a group at a relay that it chose."""
    ids = (chosen.log, chosen.doors, chosen.people, chosen.summary)
    return tuple(
        Place(group, chosen.relay, chosen.url, name, mailbox)
        for name, mailbox in zip(COMPARTMENTS, ids, strict=True)
    )
