"""Reversals beside their targets: each entry balances by itself, and together they move nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.entry import Entry, order_key
from model.export import Money, closing_balances, to_hledger
from model.history import journal
from model.journal import balance, entry_page, reversed_by
from model.reducer import apply, fold
from tests.strategies import CONSTITUTION, Village, adopt, sums


def indebted() -> tuple[Village, bytes]:
    """A village, and a loan of 340 that was brought over from paper and asks for no interest."""
    village = Village()
    owed = e.OpeningBalanceSet(village.members[0], "loan", 340, 0, "2026-01-01")
    loan = village.secretary.record(owed)
    village.agree(loan)
    return village, loan


@pytest.mark.parametrize("reference", ["QX11", ""])
def test_a_repayment_of_two_officers_that_is_taken_back_balances(reference: str) -> None:
    village, loan = indebted()
    repaid = e.LoanRepaid(1, 1, loan, 173, 1, "mobile", reference)
    village.secretary.record(repaid)
    second = village.treasurer.record(repaid)
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, second, "another loan"))
    book = village.book
    pages = [
        page for _, page in book.entries.rows() if page.kind in ("loan.repaid", "entry.reversed")
    ]
    assert [sums(page.lines) for page in pages] == [0, 0, 0]
    # One of the two stands as it counted, and the reversal posts the opposite of that one.
    assert sorted(len(page.lines) for page in pages) == [0, 2, 2]
    assert balance(book, "1040") == 0
    posted = list(journal(book))
    assert to_hledger(posted, Money("KES", 2), closing_balances(posted), "Umoja")


AMOUNTS = (173, 173, 60, 900)
OFFICERS = st.integers(0, 2)
MOVES = st.one_of(
    st.tuples(st.just("pay"), OFFICERS, st.sampled_from(AMOUNTS), st.sampled_from(("", "QX1"))),
    st.tuples(st.just("take back"), OFFICERS, st.integers(0, 5), st.just("")),
    st.tuples(st.just("fine"), OFFICERS, st.sampled_from(AMOUNTS), st.just("")),
    st.tuples(st.just("sync"), OFFICERS, OFFICERS, st.just("")),
    st.tuples(st.just("close"), OFFICERS, st.just(0), st.just("")),
)


def played(moves: list[tuple[str, int, int, str]]) -> list[Entry]:
    """Officers who record the same payments, with and without having heard of one another."""
    village, loan = indebted()
    for what, who, number, reference in moves:
        phone = village.phones[who]
        if what == "pay":
            phone.record(e.LoanRepaid(1, 1, loan, number, 1, "mobile", reference))
        elif what == "fine":
            phone.record(e.FinePaid(1, 1, village.members[0], number))
        elif what == "close":
            phone.record(e.MeetingClosed(1, 1, ()))
        elif what == "sync":
            phone.meets(village.phones[number])
        else:
            theirs = [
                name
                for name, entry in phone.known.items()
                if entry.person != phone.person
                and isinstance(entry.event, e.LoanRepaid | e.FinePaid | e.EntryReversed)
            ]
            if theirs:
                target = theirs[-1 - number % len(theirs)]
                phone.record(e.EntryReversed(1, 1, target, "not so"))
    return village.entries


BOTH = [("pay", 0, 173, ""), ("pay", 1, 173, ""), ("sync", 0, 1, ""), ("take back", 0, 0, "")]
UNCOVERED = [("pay", 0, 60, ""), ("pay", 1, 900, ""), ("sync", 2, 1, ""), ("take back", 2, 0, "")]
UNCOVERED += [("close", 2, 0, "")]  # what counted until now is late; the other was taken back


@settings(max_examples=200, deadline=None)
@given(st.lists(MOVES, max_size=20))
@example(BOTH)
@example(UNCOVERED)
def test_every_entry_balances_at_every_step(moves: list[tuple[str, int, int, str]]) -> None:
    book = Book()
    for entry in sorted(played(moves), key=order_key):
        apply(book, entry)
        for name, page in book.entries.rows():
            assert sums(page.lines) == 0, (name, page)


@settings(max_examples=100, deadline=None)
@given(st.lists(MOVES, max_size=20))
@example(BOTH)
def test_of_payments_that_were_all_taken_back_at_most_one_is_shown(
    moves: list[tuple[str, int, int, str]],
) -> None:
    book = fold(played(moves))
    shown = [
        page.once or f"{page.kind} {page.subject}"
        for _, page in book.entries.rows()
        if page.kind in ("loan.repaid", "fine.paid") and page.lines and reversed_by(book, page)
    ]
    assert len(shown) == len(set(shown))


def test_what_is_changed_by_a_new_fact_is_not_taken_back_by_a_reversal() -> None:
    """A word of one's own, an office, a name, a meeting: each has a fact of its own for that."""
    village = Village()
    secretary, treasurer, member = village.secretary, village.treasurer, village.members[0]
    asked = village.propose(replace(CONSTITUTION, version=2, shares_max=7))
    found, lost = (
        secretary.record(e.VariancePosted(1, 1, "close", pocket, "over", 10, "counted anew"))
        for pocket in ("box", "bank")
    )
    village.meet()
    events = (
        e.ApprovalGiven(found, 1, 1),
        e.RequestDeclined(lost, 1, 1),
        e.ApprovalWithdrawn(lost),
        e.MemberStatusSet(member, "suspended"),
        e.MemberProfileSet(member, 1, "female", 1990),
        e.AgendaReached(1, 1, "close"),
        e.LoanApplied(1, 1, member, 300, "seed", 3),
        e.PartnerSet(b"", "Tujenge", "ngo"),
        e.OfficerProposed("key_holder", treasurer.person),
        e.ConstitutionProposed(replace(CONSTITUTION, version=3)),
    )
    of_chair = (e.ApprovalGiven, e.RequestDeclined, e.ApprovalWithdrawn, e.MemberStatusSet)
    said = [
        (village.chairperson if isinstance(event, of_chair) else secretary).record(event)
        for event in events
    ]
    said += [asked, member, adopt(secretary, asked, replace(CONSTITUTION, version=2, shares_max=7))]
    said.append(secretary.record(e.MeetingClosed(1, 1, ())))
    begun = (e.GroupDescribed, e.CycleOpened, e.OfficerElected, e.MeetingOpened)
    said += [name for name, one in secretary.known.items() if isinstance(one.event, begun)]
    village.meet()
    for entry in said:
        assert entry_page(village.book, entry.hex()).status != "void", village.secretary.known[
            entry
        ]
        reversal = treasurer.record(e.EntryReversed(1, 1, entry, "not so"))
        page = entry_page(treasurer.book, reversal.hex())
        assert page.reasons == ("not_reversible",), treasurer.known[entry].event
