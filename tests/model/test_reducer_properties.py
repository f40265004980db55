"""Whatever was written, in whatever order it arrives: one book, balanced, and no exception."""

import json
import random
import re
from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from model.book import Book
from model.derived import derive, settle_up
from model.entry import Entry, order_key
from model.findings import list_findings
from model.history import audit_view, journal
from model.loan_facts import payments
from model.loan_views import loans_view
from model.reducer import WORK, apply, fold, undo
from model.standing import settle_any
from model.statements import meeting_view, passbook_view
from model.timeline import Timeline
from model.views import book_view
from tests.strategies import histories, sums


class StoredPages:
    """Pages as a database keeps them: text keys, JSON values."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}

    def get(self, table: str, key: str) -> bytes | None:
        return self.rows.get(table, {}).get(key)

    def items(self, table: str) -> Iterable[tuple[str, bytes]]:
        return list(self.rows.get(table, {}).items())

    def store(self, book: Book) -> None:
        for table, key, value in book.take_dirty():
            if value is None:
                self.rows.setdefault(table, {}).pop(key, None)
            else:
                self.rows.setdefault(table, {})[key] = value


def everything(book: Book) -> dict[str, dict[str, bytes]]:
    return {
        name: {table.key_text(key): table.dump(page) or b"" for key, page in table.rows()}
        for name, table in book.tables.items()
    }


def assert_balanced(book: Book) -> None:
    posted: dict[tuple[str, str], int] = {}
    for name, page in book.entries.rows():
        assert sums(page.lines) == 0, (name, page)
        for account, subject, amount in page.lines:
            posted[account, subject] = posted.get((account, subject), 0) + amount
    assert {key: amount for key, amount in posted.items() if amount} == dict(book.accounts.rows())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_duplication_or_partition_gives_the_same_book(data: st.DataObject) -> None:
    entries = data.draw(histories())
    expected = fold(entries)
    shuffled = data.draw(st.permutations(entries))
    again = data.draw(st.lists(st.sampled_from(entries), max_size=5))
    assert fold([*shuffled, *again]).digest() == expected.digest()

    timeline = Timeline()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(entries)), max_size=6)))
    for first, last in zip([0, *cuts], [*cuts, len(entries)], strict=True):
        timeline.advance([*shuffled[first:last], *again])
    assert everything(timeline.book) == everything(expected)


@settings(max_examples=60, deadline=None)
@given(histories())
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


def pasts(entry: Entry) -> frozenset[bytes]:
    assert isinstance(entry.past, frozenset)
    return entry.past


def assert_prefix(book: Book) -> None:
    totals = 0
    for (account, _), amount in book.accounts.rows():
        totals += amount if account[0].isdigit() else 0
    assert totals == 0
    for name, page in book.entries.rows():
        assert sums(page.lines) == 0, (name, page)


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
    entries = data.draw(histories())
    heads = data.draw(st.lists(st.sampled_from(entries), max_size=3))
    known = {identity for head in heads for identity in (head.id, *pasts(head))}
    assert_balanced(fold(entry for entry in entries if entry.id in known))


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(1, 12))
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
    book = fold(entries)
    json.dumps(book_view(book))
    json.dumps(loans_view(book, every=True))
    json.dumps(audit_view(book))
    for finding in list_findings(book):
        assert re.search(r"(\.|: mkutano [^.]+)$", finding.sentence), finding.sentence
        assert "{" not in finding.sentence
    for member, _ in book.members.rows():
        json.dumps(passbook_view(book, member))
    for key, _ in book.meetings.rows():
        json.dumps(meeting_view(book, *key))
    for posted in journal(book):
        assert sum(line.amount_minor for line in posted.lines) == 0


@settings(max_examples=60, deadline=None)
@given(histories())
def test_subledgers_and_memos_follow_the_entries_that_count(entries: list[Entry]) -> None:
    book = fold(entries)
    for name, loan in book.loans.rows():
        counted = sum(page.amount for _, page in payments(book, name))
        assert loan.paid_minor == counted
        principal = book.accounts.find(("1100", name)) or 0
        assert principal >= 0 or not loan.disbursed


@settings(max_examples=100, deadline=None)
@given(histories())
def test_deciding_again_decides_the_same(entries: list[Entry]) -> None:
    book = fold(entries)
    settled = everything(book)
    for name, _ in list(book.entries.rows()):
        settle_any(book, name)
        settle_up(book, WORK)
        assert everything(book) == settled
    for name, page in list(book.entries.rows()):
        if page.subject:
            derive(book, page.kind, page.subject)
        settle_up(book, WORK)
        assert everything(book) == settled, name


def another_order(entries: list[Entry], choice: Callable[[int], int]) -> list[Entry]:
    """The same entries in another order that causality allows."""
    left = {entry.id: entry for entry in entries}
    ordered: list[Entry] = []
    while left:
        ready = [entry for entry in left.values() if not pasts(entry) & left.keys()]
        ready.sort(key=lambda entry: entry.id)
        entry = ready[choice(len(ready))]
        ordered.append(entry._replace(lamport=len(ordered) + 1))
        del left[entry.id]
    return ordered


def totals(book: Book) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (account, subject), amount in book.accounts.rows():
        key = account if account == "1100" else f"{account} {subject}"
        sums[key] = sums.get(key, 0) + amount
    return {key: amount for key, amount in sums.items() if amount}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_money_never_depends_on_who_wrote_first(data: st.DataObject) -> None:
    entries = data.draw(histories())
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    other = another_order(entries, chance.randrange)
    assert totals(fold(other)) == totals(fold(entries))
