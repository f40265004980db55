"""Facts are counted as a person with the meeting book would count them."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.accounts import ACCOUNTS
from model.days import add_days
from model.journal_entry import JournalEntry, Line
from model.reports.activity import activity_by_member
from model.reports.counts import meeting_counts, place_of, standings
from model.reports.ledger import daily_balances
from model.reports.measures import gather, health_of, ratios_of
from model.reports.periods import ReportPeriod, between, parse_period
from model.reports.reading import read
from tests.model.reports.season import Season

YEAR = parse_period("2026")


def test_the_register_in_counts() -> None:
    first, second = meeting_counts(read(Season().book))
    assert (len(first.expected), first.in_person, first.by_representative) == (5, 4, 0)
    assert (len(second.expected), second.in_person, second.by_representative) == (5, 2, 1)
    assert (len(first.saved), len(second.saved), len(first.social)) == (4, 2, 4)
    assert first.closed
    assert not first.keyed


def test_who_brought_three_keys_opened_the_meeting_with_three_keys() -> None:
    season = Season()
    keys = tuple(season.members[:3])
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11", keys=keys))
    season.secretary.record(e.MeetingOpened(1, 4, "2026-04-08", keys=keys[:2]))
    season.meet()
    assert [one.keyed for one in meeting_counts(read(season.book))] == [False, False, True, False]


def test_who_was_suspended_is_not_expected_afterwards_and_who_joins_later_is() -> None:
    season = Season()
    season.chairperson.record(e.MemberStatusSet(season.members[4], "suspended", "quarrel"))
    season.meet()
    new = season.secretary.record(e.MemberAdded(6, "2026-03-01"))
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.meet()
    reading = read(season.book)
    first, second, third = meeting_counts(reading)
    assert season.members[4].hex() in second.expected
    assert season.members[4].hex() not in third.expected
    assert new.hex() in third.expected
    assert new.hex() not in first.expected
    who = standings(reading)
    at_start = who.active("2026-01-07", place_of(reading, "2026-01-07"))
    assert at_start == {member.hex() for member in season.members}


def test_one_person_under_two_names_is_counted_once() -> None:
    season = Season()
    merge = season.secretary.record(e.MemberMerged(season.members[0], season.members[1], 1, 2, ""))
    season.meet()
    season.chairperson.record(e.ApprovalGiven(merge, 1, 2))
    season.meet()
    reading = read(season.book)
    kept = {member.hex() for member in season.members[:2]}
    gone = {name for name, page in reading.book.members.rows() if page.merged_into}
    assert len(gone & kept) == 1
    for meeting in meeting_counts(reading):
        for members in (meeting.expected, meeting.saved, meeting.social, meeting.register.keys()):
            assert not gone & set(members)
    assert not gone & activity_by_member(reading, YEAR).keys()
    assert len(gather(reading, YEAR).members) == 4


def test_a_repayment_that_was_taken_back_earned_nothing() -> None:
    season = Season()
    repaid = next(
        identity
        for identity, entry in season.treasurer.known.items()
        if isinstance(entry.event, e.LoanRepaid)
    )
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.meet()
    season.secretary.record(e.EntryReversed(1, 3, repaid, "of somebody else"))
    season.meet()
    reading = read(season.book)
    found = {row.code: row for row in ratios_of(reading, gather(reading, YEAR))}
    assert found["portfolio_yield"].numerator == 0
    assert found["average_outstanding_loan"].value == 600


def test_a_resolution_with_its_votes_is_a_decision() -> None:
    season = Season()
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.secretary.record(e.ResolutionRecorded(1, 3, 1, "rule", "Come in time.", 4, 1))
    season.secretary.record(e.ResolutionRecorded(1, 3, 2, "rule", "Nobody voted."))
    season.meet()
    reading = read(season.book)
    facts = health_of(reading, gather(reading, YEAR)).facts
    assert (facts.decisions, facts.decisions_agreed) == (2, 1)


def test_ratios_of_the_season_by_hand() -> None:
    reading = read(Season().book)
    found = {row.code: row.value for row in ratios_of(reading, gather(reading, YEAR))}
    # Registers: 4 of 5, then 2 of 5 in person and 1 of 5 by somebody else.
    assert found["attendance_in_person"] == Fraction(3, 5)
    assert found["attendance_by_representative"] == Fraction(1, 10)
    assert found["retention"] == 1
    assert found["women"] is None
    assert found["members_with_loan"] == Fraction(1, 5)
    assert found["savings_per_member"] == Fraction(2_400, 5)
    assert found["equity_per_member"] == Fraction(2_485, 5)
    assert found["social_fund_per_member"] == 10
    assert found["profit_per_member"] == 7
    assert found["share_out_per_share"] == Fraction(2_435, 24)
    assert found["share_out_per_member"] == 487
    assert found["fund_utilisation"] == Fraction(400, 400 + 2_035)
    assert found["average_loan_size"] == 600
    assert found["repayment_rate"] == 1
    assert found["portfolio_at_risk_0"] == 0
    # From the first day of the cycle to the newest meeting are 42 days. Savings at the end of the
    # day before and of each day: 7 days of 0, 35 of 2,000 and one of 2,400.
    average = Fraction(35 * 2_000 + 2_400, 43)
    assert found["return_on_savings"] == 35 * Fraction(365, 42) / average


def test_the_health_of_the_season_by_hand() -> None:
    reading = read(Season().book)
    facts = health_of(reading, gather(reading, YEAR)).facts
    assert (facts.meetings, facts.closed_meetings, facts.keyed_meetings) == (2, 2, 0)
    assert (facts.offices_filled, facts.constitution_in_force) == (3, True)
    assert (facts.expected, facts.saved, facts.attended, facts.social_paid) == (10, 6, 6, 4)
    # Of the instalment of 7 February 260 were due, and paid on the 11th.
    assert (facts.due_minor, facts.repaid_minor) == (260, 260)
    assert facts.social_fund_agreed
    assert facts.closed_ever == 2


def test_a_year_that_has_only_begun_is_not_diluted() -> None:
    reading = read(Season().book)
    facts = gather(reading, YEAR)
    assert (facts.days.first_day, facts.days.last_day) == ("2026-01-01", "2026-02-11")
    assert gather(reading, parse_period("2031")).days == parse_period("2031")


@given(
    moves=st.lists(st.tuples(st.integers(0, 40), st.integers(-(10**9), 10**9)), max_size=12),
    ends=st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted),
)
def test_daily_balances_are_those_of_each_day(
    moves: list[tuple[int, int]], ends: list[int]
) -> None:
    start = "2026-01-01"
    entries = [
        JournalEntry(
            "", add_days(start, day), "", "", (Line("1010", None, n), Line("2010", "m", -n))
        )
        for day, n in moves
    ]
    period: ReportPeriod = between(add_days(start, ends[0]), add_days(start, ends[1]))
    cash = ACCOUNTS["1010"]
    found = daily_balances(entries, period, lambda account: account == cash)
    assert found == [
        sum(n for day, n in moves if day <= end) for end in range(ends[0] - 1, ends[1] + 1)
    ]
