"""A stopped phone that writes without end costs what its entries cost, and slows nothing down.

Work is counted in pages read and bytes kept for undoing, as in test_floods.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from model import events as e
from model import stopped
from model.book import Book
from model.entry import Entry, order_key
from model.findings import list_findings
from model.reducer import apply, fold
from model.suspense_view import suspense_view
from tests.model.test_floods import FEW, MANY, Writer, work
from tests.strategies import Phone, Village, savings, share

Flood = Callable[[Writer, int], e.Event]

FLOODS: dict[str, tuple[str, Flood]] = {
    "shares": ("treasurer", lambda at, n: share(at.member, 100, 1 + n % 1000, 1 + n // 50)),
    "one share over and over": ("treasurer", lambda at, _: share(at.member, 100)),
    "members": ("secretary", lambda _, n: e.MemberAdded(1 + n % 900, "2026-01-01")),
    "loans": ("secretary", lambda at, n: e.LoanApplied(1, 1, at.member, 500, "x", 2, 1 + n % 999)),
    "elections": ("secretary", lambda at, _: e.OfficerElected("treasurer", at.phone.person)),
    "meetings": ("secretary", lambda _, n: e.MeetingOpened(1, 2 + n, "2099-01-01")),
    "reversals": ("secretary", lambda at, _: e.EntryReversed(1, 1, at.member, "no")),
    "partners": ("secretary", lambda *_: e.PartnerSet(b"", "Tujenge", "ngo")),
    "requests": (
        "secretary",
        lambda at, n: e.WithdrawalRequested(1, 1, 5, "savings", at.member, line=1 + n % 999),
    ),
    "verdicts": ("secretary", lambda at, _: e.SuspenseRatified(at.phone.device, (), 1, 1)),
    "what no office allows": ("chairperson", lambda at, n: share(at.member, 100, 1 + n % 1000)),
}


def flood(name: str, many: int) -> tuple[Village, list[Entry]]:
    """A village, and what a phone wrote that had been stopped after the founding."""
    office, make = FLOODS[name]
    village = Village()
    writer = Writer(getattr(village, office), village)
    for place in range(many):
        writer.write(make(writer, place))
    return village, [entry._replace(held=True) for entry in writer.entries]


@pytest.mark.parametrize("name", FLOODS)
def test_a_held_flood_costs_what_its_entries_cost(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    village, held = flood(name, MANY)
    reads, kept = work([*village.entries, *held], monkeypatch)
    early, late = slice(FEW // 2, FEW), slice(MANY - FEW // 2, MANY)
    assert sum(reads[late]) <= 2 * sum(reads[early]) + 500
    assert sum(kept[late]) <= 3 * sum(kept[early]) + 20_000


@pytest.mark.parametrize("name", FLOODS)
def test_after_a_held_flood_honest_work_costs_as_before(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopped, "FOLLOWED_MAX", 64)
    village, held = flood(name, 400)
    honest = village.treasurer if FLOODS[name][0] != "treasurer" else village.secretary
    lamport = max(entry.lamport for entry in (*village.entries, *held))
    honest.lamport = lamport
    for line in range(1, 11):
        honest.record(share(village.members[1], 100, line))
    own = [entry for entry in honest.known.values() if entry.lamport > lamport]
    before = [entry for entry in village.entries if entry.lamport <= lamport]
    with_it = _work(before, [*held, *own], len(own), monkeypatch)
    without = _work(before, own, len(own), monkeypatch)
    assert with_it <= without + 60 * len(own)


def _work(
    before: list[Entry], entries: list[Entry], last: int, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Pages looked at for the last of these."""
    book, looked = Book(), 0
    for entry in sorted(before, key=order_key):
        apply(book, entry)
    for entry in entries[:-last]:
        apply(book, entry)
    for table in book.tables.values():
        find = table.find

        def seen(key: object, find: Callable[[object], object] = find) -> object:
            nonlocal looked
            looked += 1
            return find(key)

        monkeypatch.setattr(table, "find", seen)
    for entry in entries[-last:]:
        apply(book, entry)
    return looked


def test_of_a_flood_the_first_ones_are_followed_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("model.stopped", "model.suspense", "model.suspense_view", "model.reducer"):
        monkeypatch.setattr(f"{module}.FOLLOWED_MAX", 20)
    village, held = flood("shares", 50)
    book = fold([*village.entries, *held])
    (finding,) = list_findings(book)
    assert "50 entries of the treasurer's phone" in finding.sentence
    (device,) = suspense_view(book)
    assert (device["waiting"], device["unfollowed"], len(device["entries"])) == (50, 30, 20)
    entries = [*village.entries, *held]
    judged = [*entries, *verdict(village, held, e.SuspenseRatified)]
    assert savings(fold(judged), village.members[0]) == 20 * 100
    (device,) = suspense_view(fold(judged))
    assert device["waiting"] == 30, "the suspension has to be lifted for these"
    judged = [*entries, *verdict(village, held, e.SuspenseRejected)]
    assert not list_findings(fold(judged))


def verdict(
    village: Village, held: list[Entry], kind: type[e.SuspenseRatified | e.SuspenseRejected]
) -> list[Entry]:
    """Two officers who know everything judge all of it."""
    words = []
    for number, phone in enumerate((village.secretary, village.chairperson)):
        officer = Phone(phone.name, "")
        officer.person, officer.lamport = phone.person, held[-1].lamport + number
        officer.known = {**phone.known, **{entry.id: entry for entry in held}}
        officer.written = 900
        identity = officer.record(kind(held[0].device, (), 1, 1))
        words.append(officer.known[identity])
    return words
