"""How a request is written for any database: a generator of statements, one transaction each.

Rule: a request yields statements and is sent their rows, so that the order of things, and what is
refused, is the same on every engine; who drives it (relay/sqlite_store.py, relay/postgres_store.py)
begins and ends the transaction, and starts anew when that was in vain. The first statement of one
that writes into a mailbox locks its row. Placeholders are `$1`, `$2` …; a `FOR UPDATE` stands last.
Two statements of a request that only reads may see the tables at two moments.
"""

from collections.abc import Generator, Sequence
from typing import Final, NamedTuple, TypeVar

from relay.rows import Row

T = TypeVar("T")


class Statement(NamedTuple):
    """One statement; with `many`, the same for each row of values, and no rows come back."""

    sql: str
    values: Sequence[object] = ()
    many: bool = False


Steps = Generator[Statement, Sequence[Row], T]
"""A request: what it yields, what it is sent, what it returns."""

PAGE: Final = 1000
"""Rows that are read at once where many are needed."""
TERMS: Final = 64
"""Values, or parts of a UNION, in one statement."""


def last_that_fits(rows: Sequence[Row], bytes_max: int) -> int:
    """The last number of (number, bytes) rows whose sum fits; at least the first."""
    last, total = rows[0]
    for number, size in rows[1:]:
        total += size
        if total > bytes_max:
            break
        last = number
    return int(last)


def portions(values: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """The values in groups of a few sizes, so that there are only a few statements: the last value
    is said again."""
    groups = []
    for start in range(0, len(values), TERMS):
        some = tuple(values[start : start + TERMS])
        length = 1 << (len(some) - 1).bit_length()
        groups.append(some + some[-1:] * (length - len(some)))
    return groups


def places(values: Sequence[object], first: int) -> str:
    """The placeholders of these values, for `IN (…)`."""
    return ", ".join(f"${place}" for place in range(first, first + len(values)))
