"""Signed changes in SQLite, as one group's `History`: every lookup is one step down an index.

Nothing here grows with the length of the books: the lanes and the control changes are held in
memory (a group has few of either), everything else is read when asked for. Rows are only ever
added, so what was read once stays true.
"""

import struct
from collections.abc import Iterator, Sequence

import cbor2

from node.database import Database, Row
from node.errors import StoreDamaged
from replication.change import Change, chain_hash
from replication.history import Admitted, Lane, Place
from replication.identity import actor_prefix

RUN_ROWS = 512
"""Rows read at a time by `run`, so that no statement stays open between steps."""

_COLUMNS = (
    "lane, n, prev, actor_salt, deps, time_ms, events, change_hash, chain_hash, signature, "
    "lamport, max_op, seq, list_ctr, clock, controls, number"
)
_INSERT = f"INSERT INTO changes (change_no, group_no, {_COLUMNS}) VALUES ({'?, ' * 18}?)"


_ALTERED = (
    "A signed entry in the ledger file was altered. Stop using this copy, run mkutano verify, and "
    "join the group again from another officer's phone."
)


class ChainStore:
    """One group's admitted changes. Reads committed rows, and what `write` was given since."""

    def __init__(self, database: Database, group_no: int) -> None:
        self._database = database
        self._group_no = group_no
        self._writing: dict[bytes, int] = {}
        self._lanes: list[Lane] = []
        self._tip_clocks: list[tuple[int, ...]] = []
        self._actor_prefixes: list[bytes] = []
        self._load_lanes()
        self._controls = [self._admitted(row) for row in self._control_rows()]

    # History

    def find(self, change_hash: bytes) -> Admitted | None:
        """The change with this hash."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM changes WHERE group_no = ? AND change_hash = ?",
            (self._group_no, change_hash),
        )
        return None if row is None else self._admitted(row)

    def at(self, device: bytes, n: int) -> Sequence[Admitted]:
        """The changes at a chain position: none, one, or several after a fork."""
        found: list[Admitted] = []
        for number, lane in enumerate(self._lanes):
            if lane.device == device and lane.fork_n < n <= lane.tip_n:
                found.extend(self.run(number, n, n))
        return found

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The change at a chain position that has this chain hash, however many there are."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM lanes CROSS JOIN changes USING (group_no, lane) "
            "WHERE group_no = ? AND device = ? AND fork_n < ? AND n = ? AND chain_hash = ?",
            (self._group_no, device, n, n, chain),
        )
        return None if row is None else self._admitted(row)

    def run(self, lane: int, first_n: int, last_n: int) -> Iterator[Admitted]:
        """The changes that lie on this lane itself, by ascending position."""
        while first_n <= last_n:
            rows = self._database.rows(
                f"SELECT {_COLUMNS} FROM changes WHERE group_no = ? AND lane = ? "
                "AND n BETWEEN ? AND ? ORDER BY n LIMIT ?",
                (self._group_no, lane, first_n, last_n, RUN_ROWS),
            )
            yield from map(self._admitted, rows)
            if len(rows) < RUN_ROWS:
                return
            first_n = rows[-1][1] + 1

    def lanes(self) -> Sequence[Lane]:
        """All lanes; a lane's number is its index."""
        return self._lanes

    def heads(self) -> Sequence[bytes]:
        """Hashes of the changes that no other follows: tips in no other tip's past."""
        clocks = self._tip_clocks
        return sorted(
            lane.tip_change
            for number, lane in enumerate(self._lanes)
            if not any(
                number < len(clock) and clock[number] >= lane.tip_n
                for other, clock in enumerate(clocks)
                if other != number
            )
        )

    def control_changes(self) -> Sequence[Admitted]:
        """The changes that carry control records, in order of admission (bit order)."""
        return self._controls

    def actor_starts(self, actor: bytes) -> Sequence[Admitted]:
        """The first changes of an actor: none, one, or several after a fork."""
        found: list[Admitted] = []
        for lane, prefix in enumerate(self._actor_prefixes):
            if prefix == actor[:16]:
                rows = self._database.rows(
                    f"SELECT {_COLUMNS} FROM changes WHERE group_no = ? AND lane = ? "
                    "AND actor_salt = ? AND seq = 1",
                    (self._group_no, lane, actor[16:]),
                )
                found.extend(map(self._admitted, rows))
        return found

    # What the books need

    def place_of(self, prefix: bytes) -> tuple[int, int] | None:
        """Lane and position of the change whose hash begins with these 16 bytes."""
        row = self._database.row(
            "SELECT lane, n FROM changes WHERE group_no = ? AND change_hash BETWEEN ? AND ?",
            (self._group_no, prefix, prefix + _HIGHEST),
        )
        return None if row is None else (row[0], row[1])

    def find_prefix(self, prefix: bytes) -> Admitted | None:
        """The change whose hash begins with these 16 bytes."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM changes WHERE group_no = ? AND change_hash BETWEEN ? AND ?",
            (self._group_no, prefix, prefix + _HIGHEST),
        )
        return None if row is None else self._admitted(row)

    def between(self, lowest: bytes, highest: bytes) -> list[bytes]:
        """Change hashes in a range: how an entry is found by the first letters of its id."""
        rows = self._database.rows(
            "SELECT change_hash FROM changes WHERE group_no = ? AND change_hash BETWEEN ? AND ?",
            (self._group_no, lowest, highest),
        )
        return [row[0] for row in rows]

    def everything(self) -> Iterator[Admitted]:
        """All changes in the order in which they were stored (which extends causality)."""
        after = 0
        while True:
            rows = self._database.rows(
                f"SELECT {_COLUMNS}, change_no FROM changes WHERE group_no = ? AND change_no > ? "
                "ORDER BY change_no LIMIT ?",
                (self._group_no, after, RUN_ROWS),
            )
            yield from map(self._admitted, rows)
            if len(rows) < RUN_ROWS:
                return
            after = rows[-1][-1]

    # Writing, inside the caller's transaction

    def write(self, admitted: Sequence[Admitted]) -> None:
        """Add newly admitted changes in their order."""
        if not admitted:
            return
        (number,) = self._database.rows("SELECT coalesce(max(change_no), 0) FROM changes")[0]
        rows = []
        for entry in admitted:
            number += 1
            self._place(entry, number)
            rows.append((number, self._group_no, *_row(entry)))
        self._database.write_all(_INSERT, rows)
        self._writing.clear()

    def _place(self, entry: Admitted, change_no: int) -> None:
        """Move the lane's tip, opening the lane if need be, and note a control change."""
        change, place = entry
        if place.lane == len(self._lanes):
            self._open_lane(change)
        lane = self._lanes[place.lane]
        if lane.device != change.device or lane.tip_n != change.n - 1:
            raise AssertionError("a lane grows by one at its tip")
        self._lanes[place.lane] = lane._replace(
            tip_n=change.n, tip_chain=change.chain_hash, tip_change=change.change_hash
        )
        self._tip_clocks[place.lane] = place.clock
        self._writing[change.chain_hash] = place.lane
        if place.controls >> len(self._controls):
            self._database.write(
                "INSERT INTO controls VALUES (?, ?, ?)",
                (self._group_no, len(self._controls), change_no),
            )
            self._controls.append(entry)

    def _open_lane(self, change: Change) -> None:
        parent = self._parent_of(change) if change.n > 1 else -1
        fork_n = change.n - 1
        self._database.write(
            "INSERT INTO lanes VALUES (?, ?, ?, ?, ?)",
            (self._group_no, len(self._lanes), change.device, parent, fork_n),
        )
        self._lanes.append(Lane(change.device, parent, fork_n, fork_n, change.prev, b""))
        self._tip_clocks.append(())
        self._actor_prefixes.append(actor_prefix(change.device))

    def _parent_of(self, change: Change) -> int:
        lane = self._writing.get(change.prev)  # a moment ago, in this very step
        if lane is not None:
            return lane
        before = self.at_chain(change.device, change.n - 1, change.prev)
        assert before is not None, "a change follows one that is stored, or is about to be"
        return before.place.lane

    # Reading rows

    def _load_lanes(self) -> None:
        for device, parent, fork_n in self._database.rows(
            "SELECT device, parent, fork_n FROM lanes WHERE group_no = ? ORDER BY lane",
            (self._group_no,),
        ):
            tip = self._database.row(
                "SELECT n, chain_hash, change_hash, clock FROM changes "
                "WHERE group_no = ? AND lane = ? ORDER BY n DESC LIMIT 1",
                (self._group_no, len(self._lanes)),
            )
            if tip is None:
                raise StoreDamaged(
                    "The ledger file names a device whose changes are missing. Restore it from "
                    "a backup, or join the group again from another officer's phone."
                )
            self._lanes.append(Lane(device, parent, fork_n, tip[0], tip[1], tip[2]))
            self._tip_clocks.append(_clock(tip[3]))
            self._actor_prefixes.append(actor_prefix(device))

    def _control_rows(self) -> list[Row]:
        columns = ", ".join(f"changes.{name}" for name in _COLUMNS.split(", "))
        return self._database.rows(
            f"SELECT {columns} FROM controls JOIN changes USING (change_no) "
            "WHERE controls.group_no = ? ORDER BY bit",
            (self._group_no,),
        )

    def _admitted(self, row: Row) -> Admitted:
        try:
            return self._read(row)
        except (cbor2.CBORError, struct.error, ValueError, TypeError, LookupError) as error:
            raise StoreDamaged(_ALTERED) from error  # the storage has spoilt some column

    def _read(self, row: Row) -> Admitted:
        (lane, n, prev, salt, deps, time_ms, events, change_hash, chain, signature) = row[:10]
        device = self._lanes[lane].device
        payloads = tuple(cbor2.loads(events))
        clock = _clock(row[14])
        if chain_hash(prev, device, n, time_ms, change_hash) != chain:
            raise StoreDamaged(_ALTERED)
        change = Change(
            device,
            n,
            prev,
            self._actor_prefixes[lane] + salt,
            tuple(deps[start : start + 32] for start in range(0, len(deps), 32)),
            time_ms,
            payloads,
            change_hash,
            chain,
            signature,
        )
        lamport, max_op, seq, list_ctr = row[10:14]
        mask = int.from_bytes(row[15], "big")
        place = Place(lane, lamport, max_op, seq, list_ctr, clock, mask, row[16])
        return Admitted(change, place)


_HIGHEST = b"\xff" * 16


def _row(entry: Admitted) -> Row:
    change, place = entry
    return (
        place.lane,
        change.n,
        change.prev,
        change.actor[16:],
        b"".join(change.deps),
        change.time_ms,
        cbor2.dumps(change.events),
        change.change_hash,
        change.chain_hash,
        change.signature,
        place.lamport,
        place.max_op,
        place.seq,
        place.list_ctr,
        ",".join(map(str, place.clock)),
        place.controls.to_bytes((place.controls.bit_length() + 7) // 8, "big"),
        place.number,
    )


def _clock(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()
