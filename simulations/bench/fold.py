"""The whole history folded into the book, beside decoding the same bytes."""

from model.codec import decode
from model.identifiers import CHANGE_PREFIX_BYTES
from model.reducer import fold
from node.entries import fold_all
from node.node import Group
from replication.control import is_control
from simulations.bench.figures import Figure, at_most, medians, timed

TIMES_DECODING_MAX = 3


def figures(group: Group, rounds: int) -> list[Figure]:
    """Milliseconds of a full fold of a phone's group."""
    chains = group.store.chains(group.row.group_no)
    changes = list(chains.everything())
    entries = list(fold_all(chains, changes))
    payloads = [
        (event, change.change_hash[:CHANGE_PREFIX_BYTES])
        for change, _place in changes
        for event in change.events
        if not is_control(event)
    ]
    ms = medians(
        {
            "fold": lambda: timed(lambda: fold(entries)),
            "decode": lambda: timed(lambda: [decode(*payload) for payload in payloads]),
        },
        rounds,
    )
    assert fold(entries).digest() == group.book.digest(), "the phone shows what a fold gives"
    figure = Figure("fold_ms", len(entries), ms["fold"], "ms", ms["decode"], "decoding the same")
    return [at_most(figure, TIMES_DECODING_MAX)]
