"""Any life of a loan: it balances, has one book, is undone to the byte, and nobody wins a race."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry, order_key
from model.findings import list_findings
from model.journal import balance
from model.loan_ledger import derive_loan
from model.loan_views import loan_view
from model.reducer import apply, fold, undo
from tests.model.test_lending import Lender, checked
from tests.strategies import Phone, sums

Move = tuple[int, int, int, int, int]
"""Kind, session, amount, line or instalment, and which officer."""

RULES = (
    e.LoanRules(),
    e.LoanRules(method="service_charge", rate_per="month"),
    e.LoanRules(method="compound", interest_cap=True),
    e.LoanRules(interest_on="daily_balance", advance="last"),
    e.LoanRules(early="to_date", bucket_by_bucket=True),
    e.LoanRules(allocation="interest_principal_penalty_fee", advance="reamortise"),
)
KINDS = 10

moves = st.tuples(
    st.integers(0, KINDS - 1),
    st.integers(1, 3),
    st.sampled_from([30, 300, 390, 2_000]),
    st.integers(1, 2),
    st.integers(0, 2),
)


def lent(rules: e.LoanRules) -> Lender:
    village = Lender(rules).lend()
    for session, day in ((2, "2026-02-20"), (3, "2026-05-01")):
        village.open(session, day)
    return village


def write(phone: Phone, village: Lender, move: Move) -> None:
    """One officer records something about the loan."""
    kind, session, amount, line, _ = move
    at, loan = (1, session), village.loan
    if kind in (0, 1, 2):
        phone.record(e.LoanRepaid(*at, loan, amount, line))
    elif kind == 3:
        phone.record(e.LoanCharged(loan, *at, "penalty", amount, line))
    elif kind == 4:
        phone.record(e.LoanWaived(loan, *at, "interest", amount, line))
    elif kind == 5:
        phone.record(e.LoanWrittenOff(loan, *at, amount))
    elif kind == 6:
        phone.record(e.LoanRescheduled(loan, *at, 2, "flat", 50_000, 2))
    elif kind == 7:
        phone.record(e.LoanRecovered(loan, *at, amount, line))
    elif kind == 8:
        phone.record(e.LoanRefused(loan, *at, "cancelled"))
    else:
        decisions = [
            identity
            for identity, entry in phone.known.items()
            if isinstance(entry.event, e.LoanWaived | e.LoanWrittenOff | e.LoanRescheduled)
        ]
        for decision in sorted(decisions)[:line]:
            phone.record(e.ApprovalGiven(decision, *at))


@st.composite
def lives(draw: st.DrawFn) -> list[Entry]:
    """A loan to which officers do anything, knowing of each other or not."""
    village = lent(draw(st.sampled_from(RULES)))
    for move in draw(st.lists(moves, max_size=14)):
        write(village.phones[move[4]], village, move)
        if draw(st.booleans()):
            village.meet()
    return village.entries


@settings(max_examples=80, deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_any_life_of_a_loan_balances_and_has_one_book(entries: list[Entry], chance: Any) -> None:
    book = fold(entries)
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert fold(shuffled).digest() == book.digest()
    for _, page in book.entries.rows():
        assert sums(page.lines) == 0
    for name, loan in book.loans.rows():
        view = loan_view(book, name, loan)
        assert view["principal_outstanding_minor"] == balance(book, "1100", name)
        assert min(row["owed_minor"] for row in view["instalments"]) >= 0
        assert view["overpaid_minor"] == -balance(book, "2030", loan.member)


@settings(max_examples=40, deadline=None)
@given(lives())
def test_every_step_is_undone_to_the_byte_and_reckoning_anew_changes_nothing(
    entries: list[Entry],
) -> None:
    book, pages, steps = Book(), [], []
    for entry in sorted(entries, key=order_key):
        pages.append(_pages(book))
        steps.append(apply(book, entry))
        for name, _ in book.loans.rows():
            before = _pages(book)
            derive_loan(book, name)
            assert _pages(book) == before
    for step, before in zip(reversed(steps), reversed(pages), strict=True):
        undo(book, step)
        assert _pages(book) == before


def _pages(book: Book) -> dict[tuple[str, str], bytes | None]:
    return {
        (name, table.key_text(key)): table.dump(page)
        for name, table in book.tables.items()
        for key, page in table.rows()
    }


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(RULES),
    st.lists(moves, max_size=6),
    st.lists(moves, max_size=4),
    st.lists(moves, max_size=4),
)
def test_nobody_wins_by_being_first_in_the_order(
    rules: e.LoanRules, story: list[Move], mine: list[Move], theirs: list[Move]
) -> None:
    seen = []
    for ahead in (0, 1):
        village = lent(rules)
        for move in story:
            write(village.phones[move[4]], village, move)
            village.meet()
        pair = (village.treasurer, village.secretary)
        pair[ahead].lamport += 1_000
        for phone, writes in zip(pair, (mine, theirs), strict=True):
            for move in writes:
                write(phone, village, move)
        village.meet()
        seen.append(_shown(village.book))
    assert seen[0] == seen[1]


def _shown(book: Book) -> tuple[Any, ...]:
    """Money, what is owed, and what officers are told, without names of entries."""
    views = [loan_view(book, name, loan) for name, loan in book.loans.rows()]
    return (
        dict(book.accounts.rows()),
        sorted(finding.code for finding in list_findings(book)),
        [(view["state"], view["instalments"], view["overpaid_minor"]) for view in views],
    )


# Whoever wrote first: facts of one day in every order give the same money.


def _facts(village: Lender) -> list[tuple[Phone, e.Event]]:
    loan = village.loan
    return [
        (village.treasurer, e.LoanRepaid(1, 2, loan, 450)),
        (village.secretary, e.LoanCharged(loan, 1, 2, "penalty", 30, 1)),
        (village.secretary, e.LoanRecovered(loan, 1, 2, 70)),
        (village.treasurer, e.LoanRepaid(1, 2, loan, 200, 2)),
    ]


def _money(book: Book) -> dict[tuple[str, str], int]:
    return dict(book.accounts.rows())


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_facts_of_one_day_may_come_in_any_order(order: tuple[int, ...]) -> None:
    village = Lender().lend()
    village.open(2, "2026-09-01")
    village.decide(e.LoanWrittenOff(village.loan, 1, 2, 900))
    facts = _facts(village)
    for place in order:
        phone, event = facts[place]
        phone.record(event)
    village.meet()
    straight = Lender().lend()
    straight.open(2, "2026-09-01")
    straight.decide(e.LoanWrittenOff(straight.loan, 1, 2, 900))
    for phone, event in _facts(straight):
        phone.record(event)
    straight.meet()
    checked(village)
    assert _money(village.book) == _money(straight.book)
