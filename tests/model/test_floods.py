"""A flood of one kind costs what its entries cost: the thousandth no more than the hundredth.

Work is counted in pages read and bytes kept for undoing, never in seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from model import events as e
from model.book import Book, RecordingTable
from model.entry import Entry, order_key
from model.reducer import apply
from tests.strategies import CONSTITUTION, Phone, Village, share

FEW, MANY = 150, 600


class Writer:
    """A phone that writes much and hears nothing: every entry knows the founding alone."""

    def __init__(self, phone: Phone, village: Village) -> None:
        self.phone = phone
        self.village = village
        self.member = village.members[0]
        self.past = frozenset(phone.known)
        self.asked = b""
        self.entries: list[Entry] = []

    def write(self, event: e.Event) -> bytes:
        """Write one entry; its id."""
        place = len(self.entries)
        seed = f"{self.phone.name} {place}".encode()
        identity = hashlib.sha256(seed).digest()[:16] + b"\1"
        lamport = self.phone.lamport + 1 + place
        phone = self.phone
        self.entries.append(
            Entry(identity, lamport, phone.device, phone.person, 0, event, self.past)
        )
        return identity


Flood = Callable[[Writer, int], e.Event]

FLOODS: dict[str, tuple[str, Flood]] = {
    "one share over and over": ("treasurer", lambda at, _: share(at.member, 100)),
    "a share on every line": (
        "treasurer",
        lambda at, n: share(at.member, 100, 1 + n % 1000, 1 + n // 50),
    ),
    "fines that nobody owes": (
        "treasurer",
        lambda at, n: e.FinePaid(1, 1 + n // 50, at.member, 50, 1 + n % 50),
    ),
    "fines": (
        "secretary",
        lambda at, n: e.FineLevied(1, 1 + n // 50, at.member, f"code_{n % 50}", 50),
    ),
    "one count over and over": ("treasurer", lambda _, n: e.CashCounted(1, 1, "close", "box", n)),
    "elections": (
        "secretary",
        lambda at, _: e.OfficerElected("money_counter", at.phone.person),
    ),
    "one proposal over and over": (
        "secretary",
        lambda at, _: e.OfficerProposed("money_counter", at.phone.person),
    ),
    "proposals of everybody": (
        "secretary",
        lambda _, n: e.OfficerProposed("money_counter", n.to_bytes(16, "big")),
    ),
    "one election put in force over and over": ("secretary", lambda at, n: enacted(at, n)),
    "paper cards": ("secretary", lambda at, n: shown(at, n)),
    "constitutions": ("secretary", lambda *_: CONSTITUTION),
    "descriptions": ("secretary", lambda *_: e.GroupDescribed("Umoja", "KES", 2)),
    "requests for one loan": (
        "secretary",
        lambda at, _: e.LoanApplied(1, 1, at.member, 500, "seed", 2),
    ),
    "one opening balance": (
        "secretary",
        lambda at, _: e.OpeningBalanceSet(at.member, "loan", 500, 0, "2026-01-01"),
    ),
    "members with one number": ("secretary", lambda *_: e.MemberAdded(1, "2026-01-01")),
    "openings of one meeting": ("secretary", lambda *_: e.MeetingOpened(1, 1, "2026-01-07")),
    "statuses": ("chairperson", lambda at, _: e.MemberStatusSet(at.member, "active")),
}


def enacted(at: Writer, place: int) -> e.Event:
    """What officers agreed to once, put in force by phones that know nothing of each other."""
    if place == 0:
        at.village.candidate("money_counter", at.phone.person)
        at.past = frozenset(at.phone.known)
    (proposal,) = (
        name for name, entry in at.phone.known.items() if isinstance(entry.event, e.OfficerProposed)
    )
    return e.OfficerElected("money_counter", at.phone.person, proposal=proposal)


def shown(at: Writer, place: int) -> e.Event:
    """A paper card for one decision, by phones that know nothing of each other."""
    if place == 0:
        at.asked = at.phone.record(e.OfficerProposed("treasurer", at.phone.person))
        at.past = frozenset(at.phone.known)
    return e.ApprovalGiven(at.asked, 1, 1, 1 + place % 3)


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_what_its_entries_cost(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office, flood = FLOODS[name]
    village = Village()
    writer = Writer(getattr(village, office), village)
    for place in range(MANY):
        writer.write(flood(writer, place))
    reads, kept = work([*village.entries, *writer.entries], monkeypatch)
    early, late = slice(FEW // 2, FEW), slice(MANY - FEW // 2, MANY)
    assert sum(reads[late]) <= 2 * sum(reads[early]) + 500
    assert sum(kept[late]) <= 3 * sum(kept[early]) + 20_000


def test_repaying_a_loan_costs_the_same_however_often(monkeypatch: pytest.MonkeyPatch) -> None:
    village = Village()
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 10_000, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 10_000, "flat", 100_000, 2))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 10_000))
    writer = Writer(village.treasurer, village)
    for place in range(MANY):
        writer.write(e.LoanRepaid(1, 1 + place // 50, loan, 10, 1 + place % 50))
    reads, kept = work([*village.entries, *writer.entries], monkeypatch)
    assert sum(reads[-75:]) <= 2 * sum(reads[75:150]) + 500
    assert sum(kept[-75:]) <= 2 * sum(kept[75:150])


def work(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int]]:
    """For each entry of the flood: pages looked at, and bytes kept for undoing it."""
    looked = 0
    put = RecordingTable.__setitem__

    def counted(table: RecordingTable[object, object], key: object, page: object) -> None:
        nonlocal looked
        looked += 1
        put(table, key, page)

    monkeypatch.setattr(RecordingTable, "__setitem__", counted)
    book = Book()
    reads, kept = [], []
    for table in book.tables.values():
        find = table.find

        def seen(key: object, find: Callable[[object], object] = find) -> object:
            nonlocal looked
            looked += 1
            return find(key)

        monkeypatch.setattr(table, "find", seen)
    for entry in sorted(entries, key=order_key):
        looked = 0
        step = apply(book, entry)
        if entry.id[16] == 1:
            reads.append(looked)
            kept.append(sum(len(old or "") for _, _, old in step))
    return reads, kept
