"""When something of a group was last heard, from whom, and by which way.

Heard is an exchange that came to its end, also when it brought nothing new: it says that the books
here are no older than that. It is a claim of this device's clock, and decides nothing.
"""

import contextlib
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from node.database import Database
from node.errors import StoreFailed
from node.node import Node

Way = Literal["phone", "relay"]
AGAIN_MS: Final = 60_000
"""Conversations that go on are noted once a minute, not with every entry that they bring: also
with several phones in one room, of which the first that was heard in that minute is named."""
LABEL_CHARS_MAX: Final = 200


class Heard(NamedTuple):
    """The newest word of a group. `source`: key of the phone or relay, `label` what it is called.

    `heard_ms`: milliseconds since 1970 by this device's clock.
    """

    way: Way
    source: bytes
    label: str
    heard_ms: int


def note_heard(
    database: Database, group_id: bytes, way: Way, source: bytes, label: str, now_ms: int
) -> None:
    """Note that an exchange about a group came to its end; a full device lets it pass."""
    with contextlib.suppress(StoreFailed):
        known = database.row(
            "SELECT heard_ms FROM heard WHERE group_id = ? AND way = ?", (group_id, way)
        )
        if known is not None and known[0] <= now_ms < known[0] + AGAIN_MS:
            return
        with database.transaction():
            database.write(
                "INSERT INTO heard VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "source = excluded.source, label = excluded.label, heard_ms = excluded.heard_ms",
                (group_id, way, source, label[:LABEL_CHARS_MAX], now_ms),
            )


def heard_of(node: Node, group_id: bytes, device: bytes, now_ms: int) -> None:
    """Note an exchange with a phone of a group that is here."""
    known = node.group(group_id).roster.devices.get(device)
    label = known.label if known is not None else device.hex()[:8]
    note_heard(node.store.database, group_id, "phone", device, label, now_ms)


def last_heard(database: Database) -> Mapping[bytes, Heard]:
    """The newest word of every group, by its id."""
    rows = database.rows("SELECT group_id, way, source, label, heard_ms FROM heard ORDER BY 5, 2")
    return {row[0]: Heard(*row[1:]) for row in rows}
