"""Counts against the books: opening, closing, in between; and differences that are accepted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.counts import compared_counts
from model.journal import balance, entry_page
from tests.strategies import Phone, Village, findings, share


def next_meeting(village: Village, session: int = 2) -> None:
    village.meet()
    village.secretary.record(e.MeetingClosed(1, session - 1, ()))
    village.secretary.record(e.MeetingOpened(1, session, f"2026-01-{7 * session:02}"))
    village.meet()


def codes(village: Village) -> list[str]:
    told = ("cash_differs", "variance_differs", "variance_without_count", "close_with_disputes")
    return [code for code in told if findings(village.book, code)]


@pytest.mark.parametrize("ahead", [0, 50])
def test_a_close_counts_what_every_phone_recorded_whoever_wrote_first(ahead: int) -> None:
    village = Village()
    village.treasurer.lamport += ahead
    village.secretary.record(share(village.members[0], 300))
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 300))
    assert codes(village) == []
    village.secretary.record(share(village.members[1], 100))
    (finding,) = findings(village.book, "cash_differs")
    assert finding.amounts == (300, 400)


@pytest.mark.parametrize("ahead", [0, 50])
def test_a_count_in_between_is_compared_with_what_its_author_knew(ahead: int) -> None:
    village = Village()
    village.treasurer.lamport += ahead
    village.treasurer.record(share(village.members[0], 300))
    village.treasurer.record(e.CashCounted(1, 1, "spot", "box", 300))
    village.secretary.record(share(village.members[1], 100))
    village.treasurer.record(share(village.members[2], 100))
    assert codes(village) == []
    village.meet()
    village.treasurer.record(e.CashCounted(1, 1, "spot", "box", 300))
    (finding,) = findings(village.book, "cash_differs")
    assert finding.amounts == (300, 500)


def test_an_opening_is_compared_with_the_closing_count_before() -> None:
    village = Village()
    village.treasurer.record(share(village.members[0], 300))
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 300))
    next_meeting(village)
    village.treasurer.record(e.CashCounted(1, 2, "open", "box", 280))
    (finding,) = findings(village.book, "cash_differs")
    assert finding.amounts == (280, 300)
    variance = e.VariancePosted(1, 2, "open", "box", "short", 20, "a coin fell")
    village.agree(village.treasurer.record(variance), village.secretary)
    assert codes(village) == []
    village.treasurer.record(share(village.members[1], 100, session=2))
    village.treasurer.record(e.CashCounted(1, 2, "close", "box", 380))
    assert codes(village) == []
    assert balance(village.book, "5040") == 20


def test_a_difference_that_was_not_accepted_is_seen_at_every_close() -> None:
    village = Village()
    village.treasurer.record(share(village.members[0], 300))
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 280))
    next_meeting(village)
    village.treasurer.record(e.CashCounted(1, 2, "open", "box", 280))
    village.treasurer.record(e.CashCounted(1, 2, "close", "box", 280))
    assert [finding.session for finding in findings(village.book, "cash_differs")] == [1, 2]
    variance = e.VariancePosted(1, 2, "close", "box", "short", 20, "lost last time")
    village.agree(village.treasurer.record(variance), village.secretary)
    assert codes(village) == []  # a close that agrees settles the pocket


def test_a_variance_of_another_amount_is_named_with_the_right_one() -> None:
    village = Village()
    village.treasurer.record(share(village.members[0], 300))
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 250))
    wrong = e.VariancePosted(1, 1, "close", "box", "short", 40, "lost")
    entry = village.treasurer.record(wrong)
    village.agree(entry, village.secretary)
    (finding,) = findings(village.book, "variance_differs")
    assert finding.amounts == (40, 50)
    reversal = village.chairperson.record(e.EntryReversed(1, 1, entry, "50, not 40"))
    village.agree(reversal, village.secretary)
    assert codes(village) == ["cash_differs"]


def test_a_variance_without_a_count_is_named() -> None:
    village = Village()
    variance = e.VariancePosted(1, 1, "close", "box", "over", 40, "found")
    village.agree(village.treasurer.record(variance), village.secretary)
    assert codes(village) == ["variance_without_count"]


def test_a_variance_waits_for_a_second_officer() -> None:
    village = Village()
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 40))
    village.treasurer.record(e.VariancePosted(1, 1, "close", "box", "over", 40, "found"))
    assert (balance(village.book, "4070"), codes(village)) == (0, ["cash_differs"])


def test_a_small_difference_is_tolerated() -> None:
    village = Village()
    village.adopt(
        e.ConstitutionAdopted(2, 100, social_fund_minor=20, cash_tolerance_minor=5, fines={})
    )
    village.meet()
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 5))
    assert codes(village) == []
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 6))
    assert codes(village) == ["cash_differs"]


def test_cash_accepted_late_belongs_to_the_meeting_that_accepted_it() -> None:
    village = Village()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    late = village.treasurer.record(share(village.members[0], 300))
    village.meet()
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.treasurer.record(e.CashCounted(1, 2, "open", "box", 0))
    village.agree(village.secretary.record(e.LateEntryAccepted(late, 1, 2)), village.treasurer)
    assert codes(village) == []
    village.treasurer.record(e.CashCounted(1, 2, "close", "box", 300))
    assert [one.difference_minor for one in compared_counts(village.book)] == [0, 0]


def test_a_close_in_dispute_is_named_until_the_dispute_is_settled() -> None:
    village = Village()
    right = village.secretary.record(share(village.members[0], 300))
    village.treasurer.record(share(village.members[0], 200))
    village.meet()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    assert codes(village) == ["close_with_disputes"]
    village.agree(village.secretary.record(e.ConflictResolved(right, 1, 1)), village.treasurer)
    assert codes(village) == []


def test_coins_and_counters_are_kept_in_words() -> None:
    village = Village()
    coins = (e.NoteOfCoins(100, 2), e.NoteOfCoins(50, 1))
    counted = e.CashCounted(1, 1, "close", "box", 250, coins, (village.members[1],), "torn note")
    entry = village.treasurer.record(counted)
    page = entry_page(village.book, entry.hex())
    assert page.text == "2 x 1.00, 1 x 0.50; counted by 2; torn note"
    with pytest.raises(ValueError, match="do not add up"):
        e.CashCounted(1, 1, "close", "box", 260, coins)
    stranger = village.treasurer.record(e.CashCounted(1, 1, "open", "box", 0, (), (bytes(17),)))
    assert entry_page(village.book, stranger.hex()).status == "void"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-300, 300), st.integers(0, 2)), max_size=25)
)
def test_expected_is_the_running_balance_of_the_pocket(moves: list[tuple[int, int, int]]) -> None:
    """An independent reckoning: every close of an honest box agrees, to the smallest unit."""
    village = Village()
    treasurer: Phone = village.treasurer
    box, lines = 0, 0
    for session in range(1, 5):
        if session > 1:
            treasurer.record(e.MeetingClosed(1, session - 1, ()))
            treasurer.record(e.MeetingOpened(1, session, f"2026-01-{7 * session:02}"))
        treasurer.record(e.CashCounted(1, session, "open", "box", max(0, box)))
        for place, (of_session, amount, which) in enumerate(moves):
            if of_session == session and amount:
                lines += 1
                box += amount
                if amount > 0:
                    member = village.members[which]
                    treasurer.record(e.SharePurchased(1, session, member, 1, amount, place + 1))
                else:
                    treasurer.record(e.ExpensePaid(1, session, "travel", -amount, "box", place + 1))
        treasurer.record(e.CashCounted(1, session, "close", "box", max(0, box)))
    expected = {
        (one.key[1], one.moment): one.expected_minor for one in compared_counts(village.book)
    }
    assert expected[4, "close"] == box == balance(village.book, "1010")
    differs = [one for one in compared_counts(village.book) if one.difference_minor]
    assert all(one.expected_minor < 0 for one in differs)  # a box can't hold less than nothing
