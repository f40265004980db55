"""The deep check of a backup: everything is read back from the relay and compared with this phone.

Rule: what is compared is what a new phone would get. The whole log is downloaded, its signatures
and chain checked, its blobs opened and its changes judged by a replica that knows nothing else;
then its chains are laid beside those of this phone. Nothing here is written.
"""

from typing import NamedTuple

from node.clock import random_bytes
from node.node import Node
from node.relay_log import read_content
from node.relay_places import Place
from node.relay_reading import AtRelay
from node.relay_store import RelayStore
from node.relay_view import View, begins_at, heard, read, require_covered
from relay.facts import Entry
from replication.errors import RemoteError
from replication.history import MemoryHistory
from replication.identity import SALT_BYTES
from replication.replica import Replica
from replication.sealing import open_blob


class Checked(NamedTuple):
    """What a deep check found."""

    entries: int
    """Of the log."""
    changes: int
    """Changes that were read back."""
    lacking: int
    """Changes of this phone that could not be read back."""
    unopened: int
    """Entries that this phone can't open or place."""
    size_bytes: int
    """Of the blobs that were read."""


async def check(at: AtRelay, place: Place) -> Checked:
    """Read a group's log back from its beginning. RelayFailed, RelayGone; RelayWrong."""
    opened = await at.client.open(place.mailbox, live=False)
    kept = await at.on_node(lambda node: RelayStore(node.store.database).load(place))
    empty = View(place.relay, place.mailbox, founder=kept.view.founder)
    view = heard(empty._replace(accesses=kept.view.accesses), opened.head, _nothing, 0)
    begins = begins_at(view, opened.checkpoints)
    first_kept = begins.first if begins else 1
    scratch = await at.on_node(lambda node: _Scratch(node, place))
    while view.cursor < view.told:
        page = await at.client.pull(place.mailbox, view.cursor)
        view = heard(view, page.head, _nothing, view.told)
        now = read(view, page.entries, page.head, _nothing, first_kept)
        require_covered(begins, now)
        view = now.view
        await at.device.thread.run(scratch.take, page.entries)
    return await at.on_node(scratch.compared)


def _nothing(_cursor: int) -> None:
    return None


class _Scratch:
    """A replica in memory that gets nothing but what lies at the relay."""

    def __init__(self, node: Node, place: Place) -> None:
        group = node.group(place.group)
        self._place = place
        self._history = MemoryHistory()
        self._replica = Replica(
            group.id, node.keys, self._history, group.replica.key_box, random_bytes(SALT_BYTES)
        )
        self._held: dict[int, int] = {}
        self._waiting: list[tuple[bytes, bytes]] = []
        self._entries = self._changes = self._unopened = self._size_bytes = 0

    def take(self, entries: tuple[Entry, ...]) -> None:
        """Open what is in these entries, and give it to the replica."""
        self._entries += len(entries)
        for entry in entries:
            if entry.blob is None:
                continue
            self._size_bytes += len(entry.blob)
            try:
                content = open_blob(self._replica.key_box, self._place.mailbox, entry.blob)
                bundle, _ = read_content(content)
            except RemoteError:
                self._unopened += 1
                continue
            self._deliver(bundle, entry.writer)

    def _deliver(self, bundle: bytes, writer: bytes) -> None:
        waiting = [(bundle, writer), *self._waiting]
        self._waiting = []
        for one, by in waiting:
            delivered = self._replica.deliver(one, by, self._held)
            self._history.add(delivered.outcome.admitted)
            self._replica.committed()
            self._changes += len(delivered.outcome.admitted)
            self._held = delivered.held
            if delivered.missing:
                self._waiting.append((one, by))

    def compared(self, node: Node) -> Checked:
        """What this phone has beside what was read back."""
        group = node.group(self._place.group)
        lacking = group.replica.lacks(group.replica.held_by(self._replica.tips))
        unopened = self._unopened + len(self._waiting)
        return Checked(self._entries, self._changes, lacking, unopened, self._size_bytes)
