"""Whoever wrote first: in every order that causality allows the same is counted and found.

Random histories of every kind, in which officers, an old phone and a stranger wrote apart, are put
into another order that nobody's knowledge contradicts. Balances and every finding stay as they are:
its code, what it is about, the entries that it names and the amounts that it tells. What a seal
does not cover follows it, in each of the orders.
"""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from model.agreement import claimants
from model.book import Book
from model.entry import Entry
from model.findings import list_findings
from tests.model.seals import book_of
from tests.strategies import chance_history, histories

Told = tuple[str, str, frozenset[str], tuple[int, ...]]


def reordered(entries: list[Entry], seed: int) -> list[Entry]:
    """The same entries in another order: each after all that its author knew."""
    chance = random.Random(seed)
    names = [entry.id for entry in entries]
    waits_for = {entry.id: {name for name in names if name in entry.past} for entry in entries}
    left = {entry.id: entry for entry in entries}
    done: list[Entry] = []
    while left:
        ready = sorted(name for name in left if not waits_for[name] & left.keys())
        entry = left.pop(chance.choice(ready))
        done.append(entry._replace(lamport=len(done) + 1))
    return done


def named(book: Book, name: str) -> str:
    """Of a loan that officers wrote down apart, one name for all; of anything else its own.

    Which of the entries names a loan is nothing that anybody gains by.
    """
    loan = book.loans.find(book.aliases.find(name) or name)
    return min(claimants(book, name)) if loan is not None else name


def balances(book: Book) -> dict[tuple[str, str], int]:
    rows = book.accounts.rows()
    return {(account, named(book, about)): amount for (account, about), amount in rows if amount}


def told(book: Book) -> Counter[Told]:
    """Everything that is found, with the entries that it names as a set."""
    return Counter(
        (found.code, named(book, found.about), frozenset(found.entries), found.amounts)
        for found in list_findings(book)
    )


@settings(max_examples=100, deadline=None)
@given(histories(), st.integers(0, 2**32))
def test_the_order_of_concurrent_entries_changes_nothing(history: list[Entry], seed: int) -> None:
    book, again = book_of(history), book_of(reordered(history, seed))
    assert balances(again) == balances(book)
    assert told(again) == told(book)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_long_histories_come_out_alike(chance: int, seed: int) -> None:
    history = chance_history(chance, 150)
    book, again = book_of(history), book_of(reordered(history, seed))
    assert balances(again) == balances(book)
    assert told(again) == told(book)
