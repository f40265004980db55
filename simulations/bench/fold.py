"""The whole history folded into the book, beside decoding the same bytes."""

from collections.abc import Sequence
from typing import NamedTuple

from model.book import Book
from model.codec import decode
from model.entry import Entry
from model.identifiers import CHANGE_PREFIX_BYTES
from model.reducer import fold
from node.entries import fold_all
from node.node import Group
from replication.control import is_control
from simulations.bench.figures import Figure, at_most, medians, timed

TIMES_DECODING_MAX = 3


class Folding(NamedTuple):
    """A phone's whole history, ready to be folded."""

    entries: Sequence[Entry]
    payloads: Sequence[tuple[bytes, bytes]]
    """Each event's bytes and the change that it stands in."""

    def fold(self) -> Book:
        """All of it into a new book."""
        return fold(self.entries)

    def decode(self) -> object:
        """The same events decoded, and nothing done with them."""
        return [decode(*payload) for payload in self.payloads]


def folding(group: Group) -> Folding:
    """Read a group's history."""
    chains = group.store.chains(group.row.group_no)
    changes = list(chains.everything())
    payloads = [
        (event, change.change_hash[:CHANGE_PREFIX_BYTES])
        for change, _place in changes
        for event in change.events
        if not is_control(event)
    ]
    return Folding(list(fold_all(chains, changes)), payloads)


def figures(group: Group, rounds: int) -> list[Figure]:
    """Milliseconds of a full fold of a phone's group."""
    whole = folding(group)
    measures = {
        "fold": lambda: timed(whole.fold),
        "decode": lambda: timed(whole.decode),
    }
    ms = medians(measures, rounds)
    assert whole.fold().digest() == group.book.digest(), "the phone shows what a fold gives"
    count = len(whole.entries)
    figure = Figure("fold_ms", count, ms["fold"], "ms", ms["decode"], "decoding the same")
    return [at_most(figure, TIMES_DECODING_MAX)]
