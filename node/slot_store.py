"""What this phone knows of the slots in the boxes at relays, and whom it let in there.

Rule: a slot's number never goes back. The number of each phone's newest slot is kept, so that an
old one that is served again is noticed; of a people slot also which keys lie in it, so that after
an erasure it can be told where a key still is. Mailbox ids name relay and compartment both.
"""

from collections.abc import Sequence
from typing import NamedTuple

from node.database import Database
from replication.wire import KEY_ID_BYTES


class KnownSlot(NamedTuple):
    """The newest slot of one phone in one box, as far as it was seen here."""

    number: int
    key_ids: frozenset[bytes] = frozenset()
    """Of a people slot: whose keys it holds."""
    unnamed: int = 0
    """How many keys were ever taken out of this phone's slots that no record named by then."""
    fault: str = ""
    """What is wrong with what lies there now: a code, "" for nothing."""


NO_SLOT = KnownSlot(-1)
"""None was seen."""


def known_slots(database: Database, group_no: int, mailbox: bytes) -> dict[bytes, KnownSlot]:
    """What is known of a box, by the key of the phone whose slot it is."""
    rows = database.rows(
        "SELECT device, number, key_ids, unnamed, fault FROM relay_slots "
        "WHERE group_no = ? AND mailbox = ?",
        (group_no, mailbox),
    )
    return {
        device: KnownSlot(number, _split(key_ids), unnamed, fault)
        for device, number, key_ids, unnamed, fault in rows
    }


def keep_slots(
    database: Database, group_no: int, mailbox: bytes, slots: dict[bytes, KnownSlot]
) -> None:
    """Note phones' newest slots; inside the caller's transaction."""
    database.write_all(
        "INSERT OR REPLACE INTO relay_slots VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(group_no, mailbox, device, slot.number),
                *(b"".join(sorted(slot.key_ids)), slot.unnamed, slot.fault),
            )
            for device, slot in slots.items()
        ],
    )


def holders_of(
    database: Database, group_no: int, key_ids: frozenset[bytes]
) -> list[tuple[bytes, bytes]]:
    """(mailbox, device) of every slot that held one of these keys when it was last seen."""
    rows = database.rows(
        "SELECT mailbox, device, key_ids FROM relay_slots WHERE group_no = ? "
        "AND length(key_ids) > 0 ORDER BY mailbox, device",
        (group_no,),
    )
    return [(mailbox, device) for mailbox, device, held in rows if _split(held) & key_ids]


def faults(database: Database, group_no: int) -> list[tuple[bytes, bytes, str]]:
    """(mailbox, device, code) of every slot with which something is wrong."""
    return database.rows(
        "SELECT mailbox, device, fault FROM relay_slots WHERE group_no = ? AND fault <> '' "
        "ORDER BY mailbox, device",
        (group_no,),
    )


# Grants that this phone let in, by its signature under a mailbox's list


def let_in(database: Database, group_no: int, compartment: str) -> dict[tuple[bytes, str], int]:
    """How often this phone let in each (reader, last day of the grant) that has an end."""
    rows = database.rows(
        "SELECT device, until, times FROM relay_grants WHERE group_no = ? AND compartment = ?",
        (group_no, compartment),
    )
    return {(device, until): times for device, until, times in rows}


def note_let_in(
    database: Database, group_no: int, compartment: str, grants: Sequence[tuple[bytes, str]]
) -> None:
    """Count one more time for each of these."""
    if not grants:
        return
    with database.transaction():
        database.write_all(
            "INSERT INTO relay_grants VALUES (?, ?, ?, ?, 1) "
            "ON CONFLICT DO UPDATE SET times = times + 1",
            [(group_no, compartment, device, until) for device, until in grants],
        )


def _split(joined: bytes) -> frozenset[bytes]:
    return frozenset(joined[at : at + KEY_ID_BYTES] for at in range(0, len(joined), KEY_ID_BYTES))
