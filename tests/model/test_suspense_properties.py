"""Whatever a stopped phone wrote, whenever it was stopped, and whatever officers say of it.

Held entries are drawn as they come about: the tail of a device's chain, with what the others knew
of it spared or not; and as nobody would have them: any subset at all. What holds of every book is
tested beside the others, in test_reducer_properties.py.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.book import Book, Undo
from model.entry import Entry, order_key
from model.findings import list_findings
from model.journal import entry_page
from model.pages import MeetingPage
from model.permissions import names_in
from model.reducer import apply, fold, undo
from model.suspense_view import suspense_view
from tests.model.laws import (
    assert_balanced,
    assert_prefix,
    assert_shown,
    everything,
    pasts,
    totals,
)
from tests.model.stopped import JUDGED, MONEY, devices_of, stopped, with_held
from tests.strategies import KINDS, histories


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_with_any_entries_held_the_books_balance_and_can_be_shown(data: st.DataObject) -> None:
    entries = data.draw(histories(kinds=JUDGED))
    held = data.draw(st.sets(st.sampled_from([entry.id for entry in entries])))
    book = Book()
    for entry in sorted(with_held(entries, held), key=order_key):
        apply(book, entry)
        assert_prefix(book)
    assert_balanced(book)
    assert_shown(book)


@settings(max_examples=60, deadline=None)
@given(stopped())
def test_a_stopped_phone_is_one_finding_however_much_it_wrote(entries: list[Entry]) -> None:
    book = fold(entries)
    assert_shown(book)
    told = [finding for finding in list_findings(book) if finding.code == "stopped_device"]
    waiting = [device["waiting"] for device in suspense_view(book) if device["waiting"]]
    assert sorted(finding.amounts[0] for finding in told) == sorted(waiting)
    held = {entry.id.hex() for entry in entries if entry.held}
    for name in held:
        page = entry_page(book, name)
        counts = page.status in ("counted", "corroborating")
        assert not counts or {"ratified", "accepted_late"} & set(page.reasons), page
    for finding in list_findings(book):
        pages = [book.entries.find(name) for name in finding.entries]
        apart = [page for page in pages if page is not None and "ratified" not in page.reasons]
        assert not (finding.entries and held.issuperset(finding.entries) and apart), finding


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_to_hold_or_let_go_is_to_go_back_and_apply_again(data: st.DataObject) -> None:
    entries = sorted(data.draw(histories(kinds=JUDGED)), key=order_key)
    device = data.draw(st.sampled_from(devices_of(entries)))
    own = [entry for entry in entries if entry.device == device]
    tail = own[data.draw(st.integers(0, len(own) - 1)) :]
    held = with_held(entries, {entry.id for entry in tail})
    before, after = (entries, held) if data.draw(st.booleans()) else (held, entries)
    book = Book()
    steps: list[Undo] = []
    for entry in before:
        steps.append(apply(book, entry))
    first = entries.index(tail[0])
    for step in reversed(steps[first:]):
        undo(book, step)
    for entry in after[first:]:
        apply(book, entry)
    assert everything(book) == everything(fold(after))


UNJUDGED = [kind for kind in KINDS if kind not in ("ratify", "reject_held")]
PARKED = ("1090", "2070")


@settings(max_examples=150, deadline=None)
@given(stopped(kinds=UNJUDGED))
def test_until_officers_say_so_the_books_are_as_if_it_had_not_written(
    entries: list[Entry],
) -> None:
    """What others built on it left out: that is what they say happened."""
    held = {entry.id for entry in entries if entry.held}
    others = without(entries, lambda entry: bool(held.intersection(names_in(entry.event))))
    alone = without(others, lambda entry: entry.held)
    with_it, without_it = fold(others), fold(alone)
    assert power(with_it) == power(without_it)
    assert balances(with_it) == balances(without_it)
    assert meetings(with_it) == meetings(without_it)
    for entry in alone:
        assert standing(with_it, entry) == standing(without_it, entry)


def without(entries: list[Entry], gone: Callable[[Entry], bool]) -> list[Entry]:
    """The entries but for some, and but for what names these, as if they had never been written."""
    left = {entry.id: entry for entry in entries if not gone(entry)}
    while True:
        known = {
            entry.id: entry
            for entry in left.values()
            if all(name in left or not _written(entries, name) for name in names_in(entry.event))
        }
        if len(known) == len(left):
            break
        left = known
    return [entry._replace(past=frozenset(pasts(entry) & left.keys())) for entry in left.values()]


def _written(entries: list[Entry], name: bytes) -> bool:
    return any(entry.id == name for entry in entries)


def standing(book: Book, entry: Entry) -> tuple[str, set[str]]:
    """How an entry stands, and why."""
    page = entry_page(book, entry.id.hex())
    return page.status, set(page.reasons)


def meetings(book: Book) -> dict[tuple[int, int], MeetingPage]:
    """The meetings; the day of one that only a stopped phone opened is its word until another
    opens it, because others met on that day."""
    return {
        key: page if page.opened else replace(page, held_on="")
        for key, page in book.meetings.rows()
    }


def power(book: Book) -> list[object]:
    """Who may do what, and by which rules."""
    return [dict(table.rows()) for table in (book.offices, book.constitution, book.group)]


def balances(book: Book) -> dict[str, int]:
    """Every balance but the two in which cash waits; a loan may be named by another telling."""
    parked = tuple(f"{account} " for account in PARKED)
    return {key: amount for key, amount in totals(book).items() if not key.startswith(parked)}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_ratified_whole_in_open_meetings_it_counts_as_if_never_stopped(
    data: st.DataObject,
) -> None:
    entries = data.draw(histories(kinds=[*MONEY, *MONEY, "reverse", "attendance", "count"]))
    device = data.draw(st.sampled_from(devices_of(entries)))
    held = {entry.id for entry in entries if entry.device == device and is_money(entry)}
    officers = {
        entry.person: entry.device
        for entry in entries
        if entry.device != device and isinstance(entry.event, e.GroupDescribed | e.MeetingOpened)
    }
    verdicts = [
        _verdict(entries, device, person, author, number)
        for number, (person, author) in enumerate(_three(entries, officers, device))
    ]
    judged = [*with_held(entries, held), *verdicts]
    assert balances(fold(judged)) == balances(fold(entries))
    assert not any(one.code == "stopped_device" for one in list_findings(fold(judged)))


def is_money(entry: Entry) -> bool:
    """One of those that a history of money writes after the founding."""
    return isinstance(
        entry.event,
        e.SharePurchased
        | e.SocialContributed
        | e.SocialPaidOut
        | e.FineLevied
        | e.FinePaid
        | e.ExpensePaid
        | e.TransferMade
        | e.SavingsDeposited
        | e.SavingsWithdrawn
        | e.LoanRepaid
        | e.EntryReversed
        | e.AttendanceMarked
        | e.CashCounted,
    )


def _three(
    entries: list[Entry], known: dict[bytes, bytes], device: bytes
) -> list[tuple[bytes, bytes]]:
    """Persons in office, each with a device that is not the stopped one."""
    persons = {entry.event.person for entry in entries if isinstance(entry.event, e.OfficerElected)}
    return [(person, known.get(person, bytes([7]) * 32)) for person in sorted(persons)]


def _verdict(
    entries: list[Entry], device: bytes, person: bytes, author: bytes, number: int
) -> Entry:
    """An officer who knows everything ratifies all that the device wrote."""
    lamport = max(entry.lamport for entry in entries) + 1 + number
    event = e.SuspenseRatified(device, (), 1, 1)
    identity = bytes([200 + number]) * 16 + b"\0"
    past = frozenset(entry.id for entry in entries)
    return Entry(identity, lamport, author, person, 0, event, past)
