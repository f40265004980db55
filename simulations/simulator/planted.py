"""Faults that are put into the product on purpose, one of each class, to see that they are found.

Each changes one function while a story lasts, and breaks one promise. `python -m simulations
--planted all` says how many seeds it takes to find each; the figures are in FOUND.md.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, NamedTuple

from node.clock import now_ms
from replication.errors import RemoteError
from simulations.simulator.process import RUNNING
from simulations.simulator.rewriting import Call, Undo, put_before

DAY_MS: Final = 24 * 3600 * 1000


class Plant(NamedTuple):
    """A fault, and the promise that it breaks."""

    breaks: str
    where: str
    make: Callable[[Call], Call]


def _not_waiting_for_the_disk(before: Call) -> Call:
    def prepare(connection: Any) -> None:
        before(connection)
        connection.execute("PRAGMA synchronous = OFF").fetchall()

    return prepare


def _relay_not_waiting(before: Call) -> Call:
    def connected(*args: Any) -> Any:
        connection = before(*args)
        connection.execute("PRAGMA synchronous = OFF").fetchall()
        return connection

    return connected


def _never(before: Call) -> Call:
    def nothing(*args: Any, **kwargs: Any) -> None:
        return None

    return nothing


def _half_a_step(before: Call) -> Call:
    """The changes first, the book in a transaction of its own."""

    def commit(store: Any, group_no: int, stored: Any, book: Any = None, *rest: Any) -> None:
        before(store, group_no, stored)
        before(store, group_no, type(stored)(), book, *rest)

    return commit


def _own_taste(before: Call) -> Call:
    """Some phones put what follows directly before what it follows. (Ties alone would not do: by
    design nothing hangs on them.)"""

    def order_key(entry: Any) -> tuple[int, bytes]:
        process = RUNNING.get()
        taste = process.name.encode() if process is not None else b""
        lamport, rest = before(entry)
        return lamport ^ (hashlib.sha256(taste).digest()[0] & 1), rest

    return order_key


def _future_refused(before: Call) -> Call:
    """A phone believes its own clock more than others' entries."""

    def judge(ancestry: Any, candidate: Any, *rest: Any) -> Any:
        if candidate.time_ms > now_ms() + 30 * DAY_MS:
            raise RemoteError("future", "written in the future")
        return before(ancestry, candidate, *rest)

    return judge


def _once_in_ten(before: Call) -> Call:
    """Some calls are forgotten."""
    calls = count(1)

    def sometimes(*args: Any, **kwargs: Any) -> Any:
        return None if next(calls) % 10 == 0 else before(*args, **kwargs)

    return sometimes


def _gives_up(before: Call) -> Call:
    """After a failed call nobody is called again for a day."""

    def backoff_s(failures: int) -> float:
        return 86_400.0 if failures else before(failures)

    return backoff_s


def _one_too_many(before: Call) -> Call:
    """A unit of money falls beside the account now and then."""
    calls = count(1)

    def post(book: Any, lines: Any) -> None:
        before(book, lines)
        for account, subject, _ in [*lines][: next(calls) % 50 == 0]:
            before(book, [(account, subject, 1)])

    return post


def _skipped_here(before: Call) -> Call:
    """Each phone overlooks other entries."""

    def step(book: Any, entry: Any) -> None:
        process = RUNNING.get()
        name = process.name.encode() if process is not None else b""
        if hashlib.sha256(name + entry.id).digest()[0]:
            before(book, entry)

    return step


def _all_may_write(before: Call) -> Call:
    def may_write(device: Any) -> bool:
        return device is not None

    return may_write


def _whatever_is_said(before: Call) -> Call:
    """A word about our own chain counts as much as our signature under it."""

    def proven_of_us(replica: Any) -> frozenset[Any]:
        return frozenset(tip for tips in replica.told_of_us().values() for tip in tips)

    return proven_of_us


def _deaf(before: Call) -> Call:
    """What a relay tells is heard when this phone happens to look again."""

    def with_news(visit: Any, groups: Any) -> set[bytes]:
        return set()

    return with_news


PLANTED: Final[dict[str, Plant]] = {
    "ack before the disk": Plant(
        "nothing acknowledged is lost", "node.ledger_file:prepare", _not_waiting_for_the_disk
    ),
    "relay acks before the disk": Plant(
        "a receipt counts", "relay.sqlite_store:_connected", _relay_not_waiting
    ),
    "half a step": Plant("a step is whole or not at all", "node.store:Store.commit", _half_a_step),
    "memory is believed": Plant("what was not stored never was", "node.node:Node._forget", _never),
    "unsigned is taken": Plant("every entry is signed", "replication.change:verify_chain", _never),
    "readers may write": Plant(
        "only who may write, writes", "replication.roster:may_write", _all_may_write
    ),
    "order by taste": Plant("same changes, same book", "model.entry:order_key", _own_taste),
    "clocks decide": Plant(
        "a wrong clock blocks nobody", "replication.admission:judge", _future_refused
    ),
    "an entry is overlooked": Plant(
        "the book has all entries", "model.reducer:step", _skipped_here
    ),
    "going back is forgotten": Plant(
        "in whatever order it comes", "model.reducer:undo", _once_in_ten
    ),
    "nobody calls again": Plant(
        "all come together after faults", "node.links:backoff_s", _gives_up
    ),
    "a claim is believed": Plant(
        "no liar stops a phone",
        "replication.replica:Replica.proven_of_us",
        _whatever_is_said,
    ),
    "a hint is overlooked": Plant(
        "a word is heard in seconds", "node.relay_links:_Visit._with_news", _deaf
    ),
    "a unit falls beside": Plant("every entry sums to zero", "model.journal:post", _one_too_many),
}


@contextlib.contextmanager
def plant(name: str) -> Iterator[None]:
    """Have a fault in the product while this lasts; none for ""."""
    undo: Undo | None = None
    if name:
        undo = put_before(PLANTED[name].where, PLANTED[name].make)
    try:
        yield
    finally:
        if undo is not None:
            undo()
