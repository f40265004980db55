"""The workload as packed rows, for peers that know no books: the same facts, in the same order.

A row is a CBOR array of six: kind, member, amount in minor units, meeting, milliseconds since the
epoch, recorder; names are 16 bytes. What every peer must read back are the balances: what each
member paid in, less what went out to that member.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, get_args

import cbor2

from simulations.bench.histories import KEYS, START_MS, WEEK_MS, Grown, tail
from simulations.village import Deed, Kind, Officer

OFFICERS: Final[tuple[Officer, Officer]] = ("secretary", "treasurer")
KINDS: Final = ("founding or meeting", *get_args(Kind))
_SIGNS: Final = {"bought": 1, "gave": 1, "paid fine": 1, "repaid": 1, "took": -1}
NOBODY: Final = bytes(16)


class Row(NamedTuple):
    """One fact, as packed."""

    kind: int
    """An index of KINDS."""
    member: bytes
    amount_minor: int
    meeting: int
    time_ms: int
    recorder: bytes


class Workload(NamedTuple):
    """A long history and what each officer adds to its beginnings with no network."""

    rows: list[bytes]
    tails: dict[tuple[int, int], tuple[list[bytes], list[bytes]]]
    """By (length of the history, run): 90 rows of the secretary, 90 of the treasurer."""

    def save(self, path: Path) -> None:
        """Write it for the other processes."""
        tails = [[*key, *both] for key, both in self.tails.items()]
        path.write_bytes(cbor2.dumps([self.rows, tails]))

    @classmethod
    def load(cls, path: Path) -> "Workload":
        """Read what `save` wrote."""
        rows, tails = cbor2.loads(path.read_bytes())
        return cls(rows, {(length, run): (a, b) for length, run, a, b in tails})


def workload(history: Grown, lengths: Sequence[int], runs: int) -> Workload:
    """The rows of a history, and the tails after each of these lengths."""
    tails = {
        (length, run): (
            tail_rows(history, "secretary", length, run),
            tail_rows(history, "treasurer", length, run),
        )
        for length in lengths
        for run in range(runs)
    }
    return Workload(history_rows(history, len(history.changes)), tails)


def history_rows(history: Grown, length: int) -> list[bytes]:
    """The first so many facts of a history."""
    facts = zip(history.changes[:length], history.deeds, strict=False)
    return [_packed(deed, "secretary", admitted.change.time_ms) for admitted, deed in facts]


def tail_rows(history: Grown, officer: Officer, length: int, run: int) -> list[bytes]:
    """What one officer adds after so long a history."""
    return [
        _packed(deed, officer, time_ms)
        for _event, deed, time_ms in tail(history, officer, length, run)
    ]


def balances(rows: Iterable[bytes]) -> dict[bytes, int]:
    """What each member paid in less what went out, in minor units."""
    return add_up({}, rows)


def add_up(known: Mapping[bytes, int], rows: Iterable[bytes]) -> dict[bytes, int]:
    """The balances after these rows, from the balances before."""
    found = dict(known)
    for packed in rows:
        row = Row(*cbor2.loads(packed))
        sign = _SIGNS.get(KINDS[row.kind], 0)
        if sign:
            found[row.member] = found.get(row.member, 0) + sign * row.amount_minor
    return found


def _packed(deed: Deed | None, officer: Officer, time_ms: int) -> bytes:
    meeting = (time_ms - START_MS) // WEEK_MS
    if deed is None:
        return cbor2.dumps(Row(0, NOBODY, 0, meeting, time_ms, _name(officer)))
    member = sha256(deed.member.to_bytes(2, "big")).digest()[:16]
    kind = KINDS.index(deed.kind)
    recorder = _name(deed.officer)
    return cbor2.dumps(Row(kind, member, deed.amount_minor, meeting, time_ms, recorder))


def _name(officer: Officer) -> bytes:
    return KEYS[officer].public[:16]
