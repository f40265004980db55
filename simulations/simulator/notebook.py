"""What an officer reads on a phone and means to write on it, as the village's deeds expect it.

Deeds (simulations/season_deeds.py and its siblings) look at what a phone shows and give the next
fact. A notebook reads the phone's ledger as it stands now, entry by entry as they come, and keeps
what is to be written until the phone is asked to sign it.
"""

from collections.abc import Sequence
from typing import Any

import cbor2

from model.codec import Unreadable, decode
from model.entry import Entry
from model.events import Event
from model.identifiers import CHANGE_PREFIX_BYTES, entry_id
from replication.control import is_control
from simulations.handsets import Handset
from simulations.simulator.phone import Phone


class Notebook(Handset):
    """One officer's view of one group on one phone."""

    def __init__(self, phone: Phone, group: bytes, person: bytes) -> None:
        super().__init__(phone.name, phone.name)
        self.phone = phone
        self.person = person
        self.pending: list[Event] = []
        """What is to be written."""
        self._group = group
        self._last = 0
        self._by_kind: dict[type, list[tuple[bytes, Any]]] = {}

    def look(self) -> None:
        """Read what has come since; everything again on a phone that is older than it was."""
        found = self.phone.rows(
            "SELECT max(c.change_no) FROM changes c JOIN groups g USING (group_no) "
            "WHERE g.group_id = ?",
            (self._group,),
        )
        newest = found[0][0] or 0
        if newest < self._last:
            self.known, self._by_kind, self._last = {}, {}, 0
        devices = self.phone.node.group(self._group).roster.devices
        for change_no, change_hash, device, events in self._rows_after(self._last):
            self._last = change_no
            person = devices[device].person if device in devices else b""
            for index, event in enumerate(cbor2.loads(events)):
                self._hear(change_hash[:CHANGE_PREFIX_BYTES], index, (device, person), event)

    def _rows_after(self, last: int) -> Sequence[tuple[Any, ...]]:
        return self.phone.rows(
            "SELECT c.change_no, c.change_hash, l.device, c.events FROM changes c "
            "JOIN groups g USING (group_no) JOIN lanes l USING (group_no, lane) "
            "WHERE g.group_id = ? AND c.change_no > ? ORDER BY c.change_no",
            (self._group, last),
        )

    def _hear(self, prefix: bytes, index: int, by: tuple[bytes, bytes], event: bytes) -> None:
        if is_control(event):
            return
        read = decode(event, prefix)
        if isinstance(read, Unreadable):
            return
        identity = entry_id(prefix, index)
        self.known[identity] = Entry(identity, 0, *by, 0, read, frozenset())
        self._by_kind.setdefault(type(read), []).append((identity, read))

    def record(self, event: Event | Unreadable) -> bytes:
        """Note what is to be written; nobody can name it before it is."""
        if not isinstance(event, Unreadable):
            self.pending.append(event)
        return b""

    def has(self, event: Event) -> bool:
        """Whether the phone shows just this already: what a person looks for after a crash."""
        return any(event == known for _, known in self._by_kind.get(type(event), []))

    def knows(self, identity: bytes) -> bool:
        """Whether the entry is on this phone."""
        return identity in self.known

    def heard_any(self, *kinds: type[Event]) -> list[tuple[bytes, Any]]:
        """Ids and events of any of these kinds that the phone shows, as they came."""
        return [one for kind in kinds for one in self._by_kind.get(kind, [])]
