"""What each kind of fact looks like where officers read it, and limits that they may agree on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.findings import receipt
from model.journal import balance, entry_page
from model.notices import shared_reports_view
from model.reckoning.calendar import DuePlan
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms, TermsError
from model.stopped import in_ranges, is_in
from tests.model.apart import lent, told
from tests.model.stopped_phones import Stolen
from tests.strategies import Village


def test_what_moves_no_money_says_no_amount() -> None:
    village = Village()
    secretary, treasurer, member = village.secretary, village.treasurer, village.members[0]
    goal = secretary.record(e.GoalSet(member, "savings", "Roof", 500))
    ended = secretary.record(e.GoalEnded(goal, "dropped"))
    asked = secretary.record(e.WithdrawalRequested(1, 1, 600, "savings", member))
    village.meet()
    tried = treasurer.record(e.PayoutAttempted(asked, "R1", "mpesa", 1, 1))
    answer = treasurer.record(e.PayoutResult(asked, "R1", "failed", 1, 1))
    rested = village.chairperson.record(e.GroupStatusSet("inactive", "harvest"))
    book = told(village)
    for entry in (ended, tried, answer, rested):
        page = entry_page(book, entry.hex())
        assert (page.status, page.amount, page.lines) == ("counted", 0, ())


def test_a_report_that_was_shared_is_listed_with_its_hour_and_its_reader() -> None:
    village = Village()
    shared = village.secretary.record(
        e.ReportShared("annual", "2026-01-01", "2026-12-31", "The bank", bytes(range(32)))
    )
    sent = village.secretary.record(e.NoticeSent(b"n" * 16, "sms"))
    book = told(village)
    assert shared_reports_view(book) == [
        {
            "id": shared.hex(),
            "receipt": receipt(shared.hex()),
            "kind": "annual",
            "from": "2026-01-01",
            "to": "2026-12-31",
            "recipient": "The bank",
            "digest": bytes(range(32)).hex(),
            "person": village.secretary.person.hex(),
            "time_ms": village.secretary.known[shared].time_ms,
        }
    ]
    assert entry_page(book, sent.hex()).detail == "sms"


def test_a_request_of_a_stopped_phone_is_an_open_loan_once_it_is_ratified() -> None:
    world = Stolen("secretary")
    village = world.village
    loan = world.thief.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    added = world.thief.record(e.MemberAdded(9, "2026-01-01", b"", b"tag name"))
    village.meet()
    assert world.book.open_loans.find(loan.hex()) is None
    verdict = village.chairperson.record(e.SuspenseRatified(world.thief.device, (), 1, 1))
    village.agree(verdict, village.treasurer)
    book = world.book
    assert book.open_loans.find(loan.hex()) == village.members[0].hex()
    assert book.offered.find(loan.hex()) is book.offered.find(added.hex()) is None


def test_a_receipt_gives_way_to_one_that_is_matched_with_its_entry_later() -> None:
    """Of 200 drawn under one reference 100 are the other receipt's since officers said so."""
    village = Village()
    loan = lent(village)
    treasurer = village.treasurer
    treasurer.record(e.PaymentReceived("mpesa", "QX1", 300, "2026-01-05", 1, 1))
    other = treasurer.record(e.PaymentReceived("mpesa", "QX2", 100, "2026-01-05", 1, 1))
    drawn = treasurer.record(e.LoanRepaid(1, 1, loan, 200, 1, "mobile", "QX1", source="receipts"))
    village.meet()
    assert sorted(page.left_minor for _, page in village.book.receipts.rows()) == [100, 100]
    treasurer.record(e.PaymentMatched(other, drawn, 1, 1))
    book = told(village)
    left = {page.reference: page.left_minor for _, page in book.receipts.rows()}
    assert left == {"QX1": 200, "QX2": 0}
    assert balance(book, "2070") == -200


@given(st.frozensets(st.integers(1, 40)))
def test_places_are_kept_as_their_longest_runs(places: frozenset[int]) -> None:
    ranges = in_ranges(sorted(places))
    assert {place for place in range(50) if is_in(ranges, place)} == places
    first, last = ranges[::2], ranges[1::2]
    assert all(start <= end for start, end in zip(first, last, strict=True))
    assert all(end + 1 < start for end, start in zip(last, first[1:], strict=False))


def test_due_days_and_interest_at_the_ends_of_what_may_be_agreed() -> None:
    for_ever = DuePlan(postponed=(("2026-02-28", 1_200),))
    terms = LoanTerms(900, "flat", percent("10"), 3, "2026-01-31", due=for_ever)
    assert len(schedule(terms).instalments) == 3
    with pytest.raises(TermsError, match="postponed by 0 to 1200"):
        schedule(terms._replace(due=DuePlan(postponed=(("2026-02-28", 1_201),))))
    by_period = schedule(terms._replace(flat_interest="by_period"))
    assert by_period.interest_minor == schedule(terms).interest_minor == 270


@pytest.mark.parametrize(("what", "place"), [("number", 0), ("name", 1), ("phone", 2)])
def test_members_who_are_alike_are_told_by_what_they_share(what: str, place: int) -> None:
    village = Village(0)
    own = [(1, b"", b""), (2, b"", b"")]
    for number, (seat, name, phone) in enumerate(own):
        told_of = [seat, name, phone]
        told_of[place] = 7 if place == 0 else b"the same"
        village.secretary.record(
            e.MemberAdded(told_of[0], "2026-01-01", told_of[1], told_of[2])  # type: ignore[arg-type]
        )
        found = village.secretary.book.findings.rows()
        shared = [page.detail for (code, _), page in found if code == "possible_duplicate_member"]
        assert shared == [what] * number
