"""Signatures that travel: few, never too few, and enough for whoever passes the changes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import exchange, runs
from replication.ancestry import Ancestry
from replication.cbor import dumps
from replication.change import Change
from replication.errors import RemoteError
from replication.history import Admitted
from replication.limits import CHANGE_DEPS_MAX, RUN_BYTES_MAX, RUN_CHANGES_MAX
from replication.runs import closed_cuts, signed_rows
from tests.replication.chains import DEVICES, chain_of, histories, made
from tests.replication.forger import Forger, bundled, give, held, listen
from tests.replication.phones import (
    OFFICERS,
    Phone,
    assert_agreed,
    assert_signed_for,
    found_with,
    ledger_event,
    sync,
)


@contextmanager
def small_limits(changes: int, size: int) -> Iterator[None]:
    """Bounds that short histories reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "RUN_CHANGES_MAX", changes)
        patch.setattr(runs, "RUN_BYTES_MAX", size)
        yield


@st.composite
def sparse_histories(draw: st.DrawFn) -> list[Change]:
    """Changes of which the holder was given some signatures only."""
    changes = draw(histories())
    lots = st.sampled_from([st.just(True), st.booleans(), st.sampled_from([True, True, False])])
    signs = draw(lots)
    signed = draw(st.lists(signs, min_size=len(changes), max_size=len(changes)))
    return [
        change if keep else change._replace(signature=b"")
        for change, keep in zip(changes, signed, strict=True)
    ]


# The naive reckoning


def uncovered(changes: Sequence[Change], signed: Sequence[int]) -> set[bytes]:
    """The chain hashes of the changes that none of these rows' signatures covers."""
    prev = {change.chain_hash: change.prev for change in changes}
    waiting = set(prev)
    for row in signed:
        chain = changes[row].chain_hash
        while chain in prev:
            waiting.discard(chain)
            chain = prev[chain]
    return waiting


def open_parts(changes: Sequence[Change], signed: Sequence[int]) -> list[tuple[int, int]]:
    """At every row, how many changes and bytes came since none waited; (0, 0) where none does."""
    parts = []
    start = 0
    for end in range(1, len(changes) + 1):
        if not uncovered(changes[:end], [row for row in signed if row < end]):
            start = end
        size = sum(len(event) for change in changes[start:end] for event in change.events)
        parts.append((end - start, size))
    return parts


# What is carried


@settings(max_examples=80, deadline=None)
@given(sparse_histories(), st.integers(1, 8), st.integers(10, 200) | st.just(10**6))
def test_few_signatures_are_carried_but_enough(changes: list[Change], run: int, size: int) -> None:
    """No more changes wait than may or than must, and all that can be covered is."""
    with small_limits(run, size):
        carried = signed_rows(changes)
    assert carried == sorted(set(carried) & set(held(changes)))
    pairs = zip(open_parts(changes, carried), open_parts(changes, held(changes)), strict=True)
    for part, least in pairs:
        assert part[0] <= max(run, least[0])
        assert part[1] <= max(size, least[1])
    assert uncovered(changes, carried) == uncovered(changes, held(changes))


def test_one_writers_changes_carry_one_signature_for_each_full_run() -> None:
    changes = chain_of(DEVICES[0], [[1, "x", 1, number] for number in range(600)])
    assert signed_rows(changes) == [255, 511, 599]


@settings(max_examples=60, deadline=None)
@given(sparse_histories())
def test_cuts_are_where_nothing_waits(changes: list[Change]) -> None:
    naive = [
        end
        for end in range(1, len(changes) + 1)
        if not uncovered(changes[:end], held(changes[:end]))
    ]
    assert closed_cuts(changes) == naive


def test_as_much_as_may_wait_fits_one_bundle() -> None:
    """With dependencies that are all outside of it, and with events that can't be compressed."""
    random = Random(1)
    size = RUN_BYTES_MAX // RUN_CHANGES_MAX
    changes: list[Change] = []
    for number in range(RUN_CHANGES_MAX + 1):
        last = changes[-1] if changes else chain_of(DEVICES[0], [[1, "x", 1]])[0]
        deps = [random.randbytes(32) for _ in range(CHANGE_DEPS_MAX)]
        event = dumps([1, "x", 1, random.randbytes(size)])
        change = made(DEVICES[0], last.n + 1, last.chain_hash, last.actor, deps, number**3, [event])
        changes.append(change)
    assert bundled(changes)


# Passing on


class Author:
    """One device of several that write by turns, and sometimes on two branches."""

    def __init__(self, forger: Forger, random: Random) -> None:
        self.forger = forger
        self.random = random
        self.written: list[Admitted] = []

    def write(self, others: Sequence[Admitted], salt: int) -> Admitted:
        """The next change, after one of its own and perhaps one of the others'."""
        before = self.written[-1] if self.written else self.forger.own_last()
        forks = bool(self.written) and self.random.random() < 0.15
        if forks:
            before = self.random.choice(self.written)
        deps = [before] if before else [others[0]]
        other = self.random.choice(others)
        if not (knows(deps[0], other) or knows(other, deps[0])):
            deps.append(other)
        event = ledger_event(self.random.randrange(10**6))
        try:
            admitted = self.forger.sign(before, deps, event, salt=salt if forks else 0)
        except RemoteError:  # the other change knows a branch of this device's that comes first
            admitted = self.forger.sign(before, deps[:1], event, salt=salt if forks else 0)
        self.written.append(admitted)
        return admitted


def knows(one: Admitted, other: Admitted) -> bool:
    """Whether the other is in the one's past, or is it."""
    return Ancestry.knows(one.place.clock, other)


def stream(phone: Phone, random: Random, count: int) -> list[Change]:
    """Changes of three devices in turn."""
    forger = Forger(phone, "sec")
    authors = [Author(forger.under(name), random) for name in ("sec", "tre", "cha")]
    made_so_far = [forger.newest()]
    for number in range(count):
        made_so_far.append(random.choice(authors).write(made_so_far, number + 1))
    return [admitted.change for admitted in made_so_far[1:]]


def sparse(changes: Sequence[Change], random: Random, run: int) -> list[Change]:
    """Few signatures: those at the ends of branches of stretches that are at most so long."""
    kept: list[Change] = []
    while len(kept) < len(changes):
        stretch = changes[len(kept) : len(kept) + random.randint(1, run)]
        followed = {change.prev for change in stretch}
        kept += [
            change._replace(signature=b"")
            if change.chain_hash in followed and random.random() < 0.9
            else change
            for change in stretch
        ]
    return kept


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([100, 700, 4_000]), st.sampled_from([4, 9, 40]))
def test_whatever_a_phone_admitted_it_can_pass_on(seed: int, chunk: int, run: int) -> None:
    """Three phones in a row, each with the signatures only that the one before it passed on."""
    with small_limits(run, RUN_BYTES_MAX), pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "CHUNK_BYTES_MAX", chunk)
        pass_on(Random(seed), run, longest=12)


def pass_on(random: Random, run: int, longest: int) -> None:
    """Give a stream to the first of three phones, with syncs in between, and compare all three."""
    secretary, _, _, *row = found_with("tre", "cha", *OFFICERS[:3])
    for phone in row:
        sync(phone, secretary)
    changes = sparse(stream(secretary, random, 60), random, run)
    listen(row[0], "tre")
    cuts = closed_cuts(changes)
    changes = changes[: cuts[-1]]
    at = 0
    while at < len(changes):
        end = next((cut for cut in cuts if cut >= at + random.randint(1, longest)), cuts[-1])
        assert not give(row[0], "tre", changes[at:end]).refused
        assert_signed_for(row[0])
        at = end
        if random.random() < 0.2:
            some_sync(row, random)
    for left, right in ((0, 1), (1, 2), (0, 1)):
        sync(row[left], row[right])
    assert_agreed(*row)
    assert {change.change_hash for change in changes} <= row[2].hashes()
    for phone in row:
        assert_signed_for(phone)


def some_sync(row: Sequence[Phone], random: Random) -> None:
    """Two neighbours sync; then one of them writes, so that its entry follows what is sparse."""
    left, right = random.choice([row[:2], row[1:]])
    sync(left, right)
    left.write(ledger_event(1))
