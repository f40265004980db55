"""Whatever was written, in whatever order it arrives: one book, balanced, and no exception."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from model.book import Book
from model.derived import derive, settle_up
from model.entry import Entry, order_key
from model.loan_facts import payments
from model.reducer import WORK, apply, fold, undo
from model.standing import settle_any
from model.timeline import Timeline
from tests.model.laws import (
    StoredPages,
    another_order,
    assert_balanced,
    assert_prefix,
    assert_shown,
    everything,
    pasts,
    totals,
)
from tests.model.stopped import stopped
from tests.strategies import histories

anything = st.one_of(histories(), stopped())
"""What phones wrote, of which one or two were stopped, or none."""


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_order_duplication_or_partition_gives_the_same_book(data: st.DataObject) -> None:
    entries = data.draw(anything)
    expected = fold(entries)
    shuffled = data.draw(st.permutations(entries))
    again = data.draw(st.lists(st.sampled_from(entries), max_size=5))
    assert fold([*shuffled, *again]).digest() == expected.digest()

    timeline = Timeline()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(entries)), max_size=6)))
    for first, last in zip([0, *cuts], [*cuts, len(entries)], strict=True):
        timeline.advance([*shuffled[first:last], *again])
    assert everything(timeline.book) == everything(expected)


@settings(max_examples=80, deadline=None)
@given(anything)
def test_every_prefix_balances_and_is_undone_to_the_byte(entries: list[Entry]) -> None:
    book = Book()
    steps = []
    for entry in sorted(entries, key=order_key):
        before = everything(book)
        step = apply(book, entry)
        steps.append((before, json.loads(json.dumps(step))))
        assert_prefix(book)
    assert_balanced(book)
    for before, step in reversed(steps):
        undo(book, step)
        assert everything(book) == before


@settings(max_examples=100, deadline=None)
@given(
    histories(
        40,
        [
            *("opening", "apply", "repay", "repay", "repay", "fine_paid"),
            *("reverse", "reverse", "agree", "close"),
        ],
    )
)
def test_what_is_taken_back_balances_at_every_step(entries: list[Entry]) -> None:
    book = Book()
    for entry in sorted(entries, key=order_key):
        apply(book, entry)
        assert_prefix(book)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_causally_closed_subset_balances(data: st.DataObject) -> None:
    entries = data.draw(anything)
    heads = data.draw(st.lists(st.sampled_from(entries), max_size=3))
    known = {identity for head in heads for identity in (head.id, *pasts(head))}
    assert_balanced(fold(entry for entry in entries if entry.id in known))


@settings(max_examples=80, deadline=None)
@given(anything, st.integers(1, 12))
def test_a_book_that_is_read_page_by_page_is_the_same(entries: list[Entry], batch: int) -> None:
    ordered = sorted(entries, key=order_key)
    stored = StoredPages()
    for first in range(0, len(ordered), batch):
        book = Book(stored)
        for entry in ordered[first : first + batch]:
            apply(book, entry)
        stored.store(book)
    expected = fold(entries)
    reopened = Book(stored)
    assert reopened.digest() == expected.digest()
    assert everything(reopened) == everything(expected)
    kept = {name: rows for name, rows in stored.rows.items() if rows}
    assert kept == {name: rows for name, rows in everything(expected).items() if rows}


@settings(max_examples=60, deadline=None)
@given(histories())
def test_everything_can_be_shown(entries: list[Entry]) -> None:
    assert_shown(fold(entries))


@settings(max_examples=60, deadline=None)
@given(histories())
def test_subledgers_and_memos_follow_the_entries_that_count(entries: list[Entry]) -> None:
    book = fold(entries)
    for name, loan in book.loans.rows():
        counted = sum(page.amount for _, page in payments(book, name))
        assert loan.paid_minor == counted
        principal = book.accounts.find(("1100", name)) or 0
        assert principal >= 0 or not loan.disbursed


@settings(max_examples=120, deadline=None)
@given(anything)
def test_deciding_again_decides_the_same(entries: list[Entry]) -> None:
    book = fold(entries)
    settled = everything(book)
    for name, _ in list(book.entries.rows()):
        settle_any(book, name)
        settle_up(book, WORK)
        assert everything(book) == settled, name


@settings(max_examples=100, deadline=None)
@given(histories())
def test_working_out_again_comes_to_the_same(entries: list[Entry]) -> None:
    book = fold(entries)
    settled = everything(book)
    for name, page in list(book.entries.rows()):
        if page.subject:
            derive(book, page.kind, page.subject)
        settle_up(book, WORK)
        assert everything(book) == settled, name


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_money_never_depends_on_who_wrote_first(data: st.DataObject) -> None:
    entries = data.draw(anything)
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    other = another_order(entries, chance.randrange)
    assert totals(fold(other)) == totals(fold(entries))
