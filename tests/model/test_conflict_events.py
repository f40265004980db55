"""What each kind of event does when officers write apart, in both orders of writing.

`apart` is a village and two phones of which one is ahead in the shared order: every test runs with
each of the two ahead. `told` folds what was written, and lets it arrive in other orders, too.
"""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from model.closing import state_of
from model.journal import balance
from model.meetings import jumped, plan_of
from model.offices import holder
from model.resolutions import resolutions_of
from tests.model.apart import Apart, status, told
from tests.strategies import CONSTITUTION, Phone, adopt, elect, findings, savings, share


def test_constitutions_adopted_apart_leave_the_one_before_them(apart: Apart) -> None:
    village, secretary, treasurer = apart
    terms = [replace(CONSTITUTION, version=2, social_fund_minor=value) for value in (10, 90)]
    proposals = [village.propose(one) for one in terms]
    for phone, proposal, one in zip((secretary, treasurer), proposals, terms, strict=True):
        adopt(phone, proposal, one)
    current = told(village).constitution.find("current")
    assert current is not None
    assert current.terms == CONSTITUTION
    assert findings(told(village), "contested_constitution")


def test_the_price_of_a_share_does_not_change_inside_a_cycle(apart: Apart) -> None:
    village, secretary, _ = apart
    dearer = village.adopt(replace(CONSTITUTION, version=2, share_value_minor=200), secretary)
    assert status(village, dearer) == "void"
    assert findings(told(village), "share_value_in_cycle")


def test_a_cycle_opened_with_other_days_takes_the_longer_span(apart: Apart) -> None:
    village, secretary, _ = apart
    old_phone = Phone("secretary's old phone", "Wanjiru")
    old_phone.learns_from(village.treasurer)
    old_phone.lamport = village.treasurer.lamport
    village.phones.append(old_phone)
    secretary.record(e.CycleOpened(2, "2027-01-01", "2027-11-30"))
    old_phone.record(e.CycleOpened(2, "2027-02-01", "2027-12-31"))
    cycle = told(village).cycles.find("2")
    assert cycle is not None
    assert (cycle.starts_on, cycle.ends_on) == ("2027-01-01", "2027-12-31")
    assert findings(told(village), "contested_cycle")


def test_a_cycle_is_not_closed_by_one_who_knows_of_an_open_meeting(apart: Apart) -> None:
    village, secretary, _ = apart
    closing = secretary.record(e.CycleClosed(1, "2026-12-31"))
    assert status(village, closing) == "void"
    assert findings(told(village), "meeting_still_open")


def test_of_elections_apart_none_holds(apart: Apart) -> None:
    village, secretary, _ = apart
    old_phone = Phone("secretary's old phone", "Wanjiru")
    old_phone.learns_from(village.treasurer)
    old_phone.lamport = village.treasurer.lamport
    village.phones.append(old_phone)
    ahead = max((secretary, old_phone), key=lambda phone: phone.lamport)
    proposals = [
        village.candidate("treasurer", Phone("", name).person) for name in ("Kamau", "Njeri")
    ]
    ahead.lamport += 100
    for phone, proposal in zip((secretary, old_phone), proposals, strict=True):
        elect(phone, proposal)
    assert holder(told(village), "treasurer") == village.treasurer.person.hex()
    assert findings(told(village), "contested_office")


def test_plans_that_differ_keep_the_earlier_day_until_one_takes_their_place(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(e.MeetingScheduled(1, 2, "2026-01-21"))
    treasurer.record(e.MeetingScheduled(1, 2, "2026-01-14"))
    plan = plan_of(told(village), (1, 2))
    assert plan is not None
    assert plan.planned_on == "2026-01-14"
    (finding,) = findings(told(village), "contested_schedule")
    assert "planned meeting 2 of cycle 1 differently" in finding.sentence
    assert "2026-01-14 (entry " in finding.sentence
    village.meet()
    secretary.record(e.MeetingScheduled(1, 2, "2026-01-28"))
    plan = plan_of(told(village), (1, 2))
    assert plan is not None
    assert plan.planned_on == "2026-01-28"
    assert not findings(told(village), "contested_schedule")


def test_two_openings_are_one_meeting_with_the_keys_of_both(apart: Apart) -> None:
    village, secretary, treasurer = apart
    wanted = replace(CONSTITUTION, version=2, keys_required=3)
    village.adopt(wanted)
    village.meet()
    first, second, third = village.members
    secretary.record(e.MeetingOpened(1, 2, "2026-01-14", "regular", "", (first, second)))
    assert findings(told(village), "too_few_keys")
    treasurer.record(e.MeetingOpened(1, 2, "2026-01-15", "special", "school", (second, third)))
    page = told(village).meetings.find((1, 2))
    assert page is not None
    assert (page.held_on, page.kind, page.place) == ("2026-01-14", "special", "school")
    assert page.keys == tuple(sorted(member.hex() for member in village.members))
    assert not findings(told(village), "too_few_keys")
    assert findings(told(village), "meeting_dates_differ")


def test_the_agenda_is_gone_through_on_all_phones_together(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(e.MeetingScheduled(1, 1, "2026-01-07", agenda=("shares", "loans", "close")))
    village.meet()
    treasurer.record(e.AgendaReached(1, 1, "loans"))
    assert jumped(told(village), (1, 1)) == ("shares",)
    assert findings(told(village), "agenda_jumped")
    secretary.record(e.AgendaReached(1, 1, "shares"))
    assert not findings(told(village), "agenda_jumped")


def test_attendance_marked_differently_takes_the_most_present(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    absent = secretary.record(e.AttendanceMarked(1, 1, amina, "absent"))
    came = treasurer.record(e.AttendanceMarked(1, 1, amina, "representative"))
    assert (status(village, absent), status(village, came)) == ("corroborating", "counted")
    assert findings(told(village), "disputed_attendance")


def test_two_counts_of_one_moment_are_both_shown_until_one_is_endorsed(apart: Apart) -> None:
    village, _, treasurer = apart
    counter = Phone("money counter", "Njeri")
    village.elect("money_counter", counter.person)
    village.phones.append(counter)
    village.meet()
    treasurer.record(share(village.members[0], 300))
    village.meet()
    right = treasurer.record(e.CashCounted(1, 1, "close", "box", 300))
    counter.record(e.CashCounted(1, 1, "close", "box", 250))
    assert findings(told(village), "disputed_count")
    village.meet()
    village.agree(village.secretary.record(e.ConflictResolved(right, 1, 1)), treasurer)
    assert not findings(told(village), "disputed_count")
    assert not findings(told(village), "cash_differs")


def test_one_variance_by_two_officers_is_posted_once(apart: Apart) -> None:
    village, secretary, treasurer = apart
    treasurer.record(share(village.members[0], 300))
    treasurer.record(e.CashCounted(1, 1, "close", "box", 250))
    assert findings(told(village), "cash_differs")
    village.meet()
    for phone in (secretary, treasurer):
        phone.record(e.VariancePosted(1, 1, "close", "box", "short", 50, "lost"))
    book = told(village)
    assert (balance(book, "5040"), balance(book, "1010")) == (50, 250)
    assert not findings(book, "cash_differs")


def test_one_member_has_one_vote(apart: Apart) -> None:
    village, secretary, treasurer = apart
    resolution = secretary.record(e.ResolutionRecorded(1, 1, 1, "rule", "Be on time.", 9, 0))
    village.meet()
    amina, baraka, _ = village.members
    secretary.record(e.BallotCast(1, 1, resolution, amina, "for"))
    treasurer.record(e.BallotCast(1, 1, resolution, amina, "for"))
    secretary.record(e.BallotCast(1, 1, resolution, baraka, "for"))
    treasurer.record(e.BallotCast(1, 1, resolution, baraka, "against"))
    (one,) = resolutions_of(told(village), (1, 1))
    assert (one.votes_for, one.votes_against, one.by_ballot) == (1, 0, True)
    assert findings(told(village), "contested_ballot")
    village.meet()
    treasurer.record(e.BallotCast(1, 1, resolution, baraka, "against"))
    (one,) = resolutions_of(told(village), (1, 1))
    assert (one.votes_for, one.votes_against, one.carried) == (1, 1, False)


def test_several_reversals_are_one_and_need_another_officer(apart: Apart) -> None:
    village, secretary, treasurer = apart
    entry = treasurer.record(share(village.members[0], 300))
    village.meet()
    own = treasurer.record(e.EntryReversed(1, 1, entry, ""))
    for phone in (secretary, village.chairperson):
        phone.record(e.EntryReversed(1, 1, entry, "not paid"))
    assert (balance(told(village), "1010"), status(village, own)) == (0, "void")


def test_an_objection_is_shown_until_it_or_its_target_is_reversed(apart: Apart) -> None:
    village, secretary, treasurer = apart
    entry = secretary.record(share(village.members[0], 300))
    village.meet()
    objection = treasurer.record(e.EntryDisputed(entry, 1, 1, village.members[0], "I paid more"))
    (finding,) = findings(told(village), "disputed_entry")
    assert finding.sentence.startswith("Member 1 objects") or "member 1" in finding.sentence
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, objection, "settled"))
    assert not findings(told(village), "disputed_entry")


def test_closes_apart_hold_what_either_covers(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(share(village.members[0], 300))
    treasurer.record(share(village.members[1], 200))
    for phone in (secretary, treasurer):
        phone.record(e.MeetingClosed(1, 1, ()))
    book = told(village)
    assert [savings(book, member) for member in village.members] == [300, 200, 0]
    assert findings(book, "contested_close")


def test_closes_apart_over_the_same_entries_are_one_and_an_officer_signs_one_of_them(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    closes = [phone.record(e.MeetingClosed(1, 1, ())) for phone in (secretary, treasurer)]
    page = told(village).meetings.find((1, 1))
    assert page is not None
    assert not findings(told(village), "contested_close")
    assert (state_of(page), set(page.closes)) == ("closed", {close.hex() for close in closes})
    village.agree(closes[0], treasurer)
    page = told(village).meetings.find((1, 1))
    assert page is not None
    assert (state_of(page), page.closes) == ("sealed", (closes[0].hex(),))


def test_a_second_officer_seals_a_close(apart: Apart) -> None:
    village, secretary, treasurer = apart
    close = secretary.record(e.MeetingClosed(1, 1, ()))
    page = told(village).meetings.find((1, 1))
    assert page is not None
    assert state_of(page) == "closed"
    village.agree(close, treasurer)
    page = told(village).meetings.find((1, 1))
    assert page is not None
    assert state_of(page) == "sealed"


def test_three_officers_open_a_meeting_again_until_it_is_closed_anew(apart: Apart) -> None:
    village, secretary, treasurer = apart
    amina = village.members[0]
    secretary.record(e.MeetingClosed(1, 1, ()))
    late = treasurer.record(share(amina, 300))
    village.meet()
    asked = secretary.record(e.MeetingReopened(1, 1, "forgot Amina"))
    village.agree(asked, treasurer)
    assert savings(told(village), amina) == 0
    village.agree(asked, village.chairperson)
    page = told(village).meetings.find((1, 1))
    assert page is not None
    assert state_of(page) == "reopened"
    assert (savings(told(village), amina), status(village, late)) == (300, "counted")
    again = treasurer.record(share(village.members[1], 100))
    treasurer.record(e.MeetingClosed(1, 1, ()))
    assert status(village, again) == "counted"
    after = secretary.record(share(village.members[2], 100))
    assert status(village, after) == "suspense"


def test_a_reopening_that_is_taken_back_closes_the_meeting_again(apart: Apart) -> None:
    village, secretary, treasurer = apart
    secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    asked = secretary.record(e.MeetingReopened(1, 1, "forgot Amina"))
    village.agree(asked)
    inside = treasurer.record(share(village.members[0], 300))
    village.meet()
    assert status(village, inside) == "counted"
    reversal = treasurer.record(e.EntryReversed(1, 1, asked, "no need"))
    village.agree(reversal, secretary)
    assert status(village, inside) == "counted"
    village.agree(reversal, village.chairperson)
    assert status(village, inside) == "suspense"


def test_a_meeting_is_opened_again_twice_by_two_requests(apart: Apart) -> None:
    village, secretary, treasurer = apart
    for phone in (secretary, treasurer):
        phone.record(e.MeetingClosed(1, 1, ()))
        village.meet()
        asked = phone.record(e.MeetingReopened(1, 1, "again"))
        assert not any(
            page.closings and not page.closes for _, page in told(village).meetings.rows()
        )
        village.agree(asked)
        page = told(village).meetings.find((1, 1))
        assert page is not None
        assert state_of(page) == "reopened"


def test_a_meeting_is_not_reopened_by_one_who_knows_that_a_later_one_is_closed(
    apart: Apart,
) -> None:
    village, secretary, treasurer = apart
    secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    treasurer.record(e.MeetingClosed(1, 2, ()))
    knowing = treasurer.record(e.MeetingReopened(1, 1, "too late"))
    assert status(village, knowing) == "void"
    asked = secretary.record(e.MeetingReopened(1, 1, "did not know"))
    village.agree(asked)
    assert findings(told(village), "reopened_behind")


def test_minutes_apart_are_pointed_out_until_one_holds_both(apart: Apart) -> None:
    village, secretary, _ = apart
    old_phone = Phone("secretary's old phone", "Wanjiru")
    old_phone.learns_from(village.treasurer)
    old_phone.lamport = village.treasurer.lamport
    village.phones.append(old_phone)
    secretary.record(e.MinutesRecorded(1, 1, "We saved."))
    old_phone.record(e.MinutesRecorded(1, 1, "We lent."))
    assert findings(told(village), "contested_minutes")
    village.meet()
    both = secretary.record(e.MinutesRecorded(1, 1, "We saved and lent."))
    assert not findings(told(village), "contested_minutes")
    assert status(village, both) == "counted"
