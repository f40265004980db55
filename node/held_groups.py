"""The groups of a device by id, each read from the store when it is first asked for.

A phone of a few groups reads them all at once, so that one whose rows are damaged is told when its
home is opened. An organisation's device follows hundreds, and must not pay for all of them to
answer about one: the rest is read when it is asked for. A group whose rows make no sense stands
aside, named in `unreadable`, and the others go on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar

from node.errors import NodeError, StoreDamaged
from node.ledger_file import sqlite_errors
from node.store import GroupRow

READ_AT_ONCE: Final = 16
"""More groups than an officer's phone has, and read in a few hundredths of a second."""

G = TypeVar("G")


class HeldGroups(Mapping[bytes, G], Generic[G]):
    """A mapping that reads; going through it reads everything and leaves out what is damaged."""

    def __init__(
        self,
        rows: Sequence[GroupRow],
        read: Callable[[GroupRow], G],
        unreadable: dict[bytes, str],
    ) -> None:
        """`unreadable` is filled with the groups that can't be read, and their labels."""
        self._rows = {row.group_id: row for row in rows}
        self._read = read
        self._known: dict[bytes, G] = {}
        self._unreadable = unreadable
        self.fault: Exception | None = None
        """Why the first group that can't be read can't be."""
        for row in rows[:READ_AT_ONCE]:
            self._take(row)

    def __getitem__(self, group_id: bytes) -> G:
        known = self._known.get(group_id)
        if known is None and group_id in self._rows:
            known = self._take(self._rows[group_id])
        if known is None:
            raise KeyError(group_id)
        return known

    def __iter__(self) -> Iterator[bytes]:
        return (group_id for group_id in [*self._rows] if group_id in self)

    def __len__(self) -> int:
        """How many there are, but for those that are known to be damaged; reads nothing."""
        return len(self._rows)

    def put(self, row: GroupRow, group: G) -> None:
        """Take in a group that was just founded or joined."""
        self._rows[row.group_id] = row
        self._known[row.group_id] = group

    def opened(self, group_id: bytes) -> G | None:
        """A group if it was read already."""
        return self._known.get(group_id)

    def _take(self, row: GroupRow) -> G | None:
        """Read one group; None when its rows make no sense. Raises what is wrong with the file."""
        try:
            group = self._known[row.group_id] = self._read(row)
        except Exception as error:
            is_damage = isinstance(error, StoreDamaged) or not isinstance(error, NodeError)
            if not is_damage or isinstance(error.__cause__, sqlite_errors()):
                raise  # a full phone, say, or a file that is damaged as a whole
            self._rows.pop(row.group_id, None)
            self._unreadable[row.group_id] = row.label
            self.fault = self.fault or error
            return None
        return group
