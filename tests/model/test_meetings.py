"""Meetings beside their money: plans, keys, quorum, agenda, votes, tasks, minutes, state."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from model import events as e
from model.actions import open_actions
from model.book import Book
from model.journal import entry_page
from model.proceedings import (
    constitutions_view,
    decisions_view,
    disputes_view,
    offices_view,
    open_actions_view,
    planned_view,
    proceedings_view,
)
from model.reducer import fold
from model.resolutions import resolutions_of
from tests.strategies import CONSTITUTION, Phone, Village, chance_history, findings, share


def with_rules(village: Village, **rules: object) -> None:
    village.adopt(replace(CONSTITUTION, version=2, **rules))
    village.meet()


def state(village: Village, session: int = 1) -> str:
    return str(proceedings_view(village.book, 1, session)["state"])


def test_a_meeting_goes_through_its_states() -> None:
    village = Village()
    village.secretary.record(e.MeetingScheduled(1, 2, "2026-01-14", "14:30", "school"))
    assert state(village, 2) == "scheduled"
    assert [one["session"] for one in planned_view(village.book)] == [2]
    assert not findings(village.book, "meeting_not_opened")
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    assert (state(village, 2), planned_view(village.book)) == ("open", [])
    close = village.secretary.record(e.MeetingClosed(1, 2, ()))
    assert state(village, 2) == "closed"
    village.agree(close, village.treasurer)
    assert state(village, 2) == "sealed"
    village.agree(village.secretary.record(e.MeetingReopened(1, 2, "a mistake")))
    assert state(village, 2) == "reopened"
    with pytest.raises(LookupError):
        proceedings_view(village.book, 1, 9)


def test_the_constitution_may_ask_for_a_sealed_close() -> None:
    village = Village()
    with_rules(village, approvals={"meeting.closed": 3})
    close = village.secretary.record(e.MeetingClosed(1, 1, ()))
    (finding,) = findings(village.book, "not_sealed")
    assert "waits until 2 officers more sign it" in finding.sentence
    village.agree(close)
    assert not findings(village.book, "not_sealed")


def elected(village: Village, *members: bytes) -> None:
    for phone, title, member in zip(
        village.phones, ("secretary", "treasurer"), members, strict=False
    ):
        village.elect(title, phone.person, member)  # type: ignore[arg-type]
    village.meet()


def test_three_officers_keys_or_five_members_or_all_open_a_meeting() -> None:
    village = Village(members=8)
    with_rules(village, keys_required=2)
    first, second, *others = village.members
    elected(village, first, second)

    def missing(session: int, *keys: bytes) -> bool:
        village.secretary.record(e.MeetingOpened(1, session, "2026-02-01", "regular", "", keys))
        return any(one.session == session for one in findings(village.book, "too_few_keys"))

    assert not missing(2, first, second)  # as many officers as the rule asks for
    assert missing(3, first, others[0])
    assert missing(4, *others[:3])
    assert not missing(5, *others[:4])  # or two more members


def test_every_member_of_a_small_group_opens_a_meeting() -> None:
    village = Village(members=2)
    with_rules(village, keys_required=3)
    elected(village, village.members[0])
    keys = tuple(village.members)
    village.secretary.record(e.MeetingOpened(1, 2, "2026-02-01", "regular", "", keys[:1]))
    assert findings(village.book, "too_few_keys")
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-02-01", "regular", "", keys[1:]))
    assert not findings(village.book, "too_few_keys")


def test_a_key_of_nobody_opens_nothing() -> None:
    village = Village()
    entry = village.secretary.record(e.MeetingOpened(1, 2, "2026-02-01", keys=(bytes(17),)))
    assert entry_page(village.book, entry.hex()).status == "void"
    assert village.book.meetings.find((1, 2)) is None


def test_what_is_decided_without_a_quorum_is_named() -> None:
    village = Village(members=3)
    with_rules(village, quorum_percent=60)
    first, second, third = village.members
    village.secretary.record(e.MeetingOpened(1, 2, "2026-02-01"))
    village.secretary.record(e.AttendanceMarked(1, 2, first, "present"))
    assert not findings(village.book, "no_quorum")
    village.secretary.record(e.AttendanceMarked(1, 2, second, "representative"))
    village.secretary.record(e.ResolutionRecorded(1, 2, 1, "rule", "Be on time.", 1))
    (finding,) = findings(village.book, "no_quorum")
    assert finding.amounts == (1, 2)  # 60 % of 3 members is 1.8
    village.secretary.record(e.AttendanceMarked(1, 2, third, "late"))
    assert not findings(village.book, "no_quorum")


def test_more_votes_than_members_are_named() -> None:
    village = Village()
    for member in village.members:
        village.secretary.record(e.AttendanceMarked(1, 1, member, "present"))
    village.secretary.record(e.ResolutionRecorded(1, 1, 1, "rule", "Be on time.", 2, 1))
    assert not findings(village.book, "votes_exceed_present")
    village.secretary.record(e.ResolutionRecorded(1, 1, 2, "rule", "Pay in coins.", 3, 1))
    (finding,) = findings(village.book, "votes_exceed_present")
    assert finding.amounts == (4, 3)


def test_members_votes_are_the_count_and_a_tie_carries_nothing() -> None:
    village = Village()
    rule = village.secretary.record(e.ResolutionRecorded(1, 1, 1, "rule", "Be on time.", 3))
    choices = dict(zip(village.members, ("for", "against", "abstain"), strict=True))
    for member, choice in choices.items():
        village.secretary.record(e.BallotCast(1, 1, rule, member, choice))  # type: ignore[arg-type]
    (one,) = resolutions_of(village.book, (1, 1))
    assert (one.votes_for, one.votes_against, one.abstained, one.carried) == (1, 1, 1, False)
    village.secretary.record(e.BallotCast(1, 1, rule, village.members[2], "for"))
    (one,) = resolutions_of(village.book, (1, 1))
    assert (one.votes_for, one.carried) == (2, True)


def test_two_resolutions_on_one_line_are_in_dispute_and_their_votes_stay_apart() -> None:
    village = Village()
    rules = [
        phone.record(e.ResolutionRecorded(1, 1, 1, "rule", text, 2))
        for phone, text in (
            (village.secretary, "Be on time."),
            (village.treasurer, "Pay in coins."),
        )
    ]
    village.meet()
    for rule, member in zip(rules, village.members, strict=False):
        village.secretary.record(e.BallotCast(1, 1, rule, member, "for"))
    assert findings(village.book, "disputed_resolution")
    (one,) = resolutions_of(village.book, (1, 1))
    assert one.votes == 1


def test_a_task_is_open_until_it_is_done_or_taken_back() -> None:
    village = Village()
    asked = village.secretary.record(
        e.ActionAssigned(1, 1, 1, "buy a lock", village.members[0], "2026-01-10")
    )
    village.treasurer.record(
        e.ActionAssigned(1, 1, 1, "buy a lock", village.members[0], "2026-01-10")
    )
    assert len(open_actions(village.book)) == 1
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    (finding,) = findings(village.book, "action_overdue")
    assert "What member 1 was asked to do until 2026-01-10 is not done" in finding.sentence
    done = village.treasurer.record(e.ActionDone(asked, 1, 2))
    assert open_actions(village.book) == []
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 2, done, "not done at all"))
    assert [one.name for one in open_actions(village.book)] == [asked.hex()]
    village.chairperson.record(e.EntryReversed(1, 2, asked, "not needed"))
    assert open_actions(village.book) == []


def test_attendance_keeps_times_and_who_came_instead() -> None:
    village = Village()
    marked = village.secretary.record(
        e.AttendanceMarked(
            1, 1, village.members[0], "representative", "14:40", "16:00", "paid all", "her son"
        )
    )
    page = entry_page(village.book, marked.hex())
    assert page.text == "came 14:40; left 16:00; represented by her son; paid all"


def test_a_close_that_leaves_an_entry_out_is_compared_without_it() -> None:
    village = Village()
    village.treasurer.record(share(village.members[0], 200))
    village.secretary.record(share(village.members[1], 300))
    village.secretary.lamport += 50
    village.secretary.record(e.MeetingClosed(1, 1, (), shares_minor=300))
    assert not findings(village.book, "close_differs")


@pytest.mark.parametrize("ahead", [0, 50])
def test_each_of_two_closes_is_compared_with_what_its_author_knew(ahead: int) -> None:
    village = Village()
    village.treasurer.lamport += ahead
    for phone in (village.secretary, village.treasurer):
        phone.record(share(village.members[0], 100))  # the same, by both
    village.secretary.record(share(village.members[1], 300))
    village.treasurer.record(share(village.members[2], 200))
    village.secretary.record(e.MeetingClosed(1, 1, (), shares_minor=400))
    village.treasurer.record(e.MeetingClosed(1, 1, (), shares_minor=300))
    assert findings(village.book, "contested_close")
    assert not findings(village.book, "close_differs")


def test_what_lies_between_two_items_of_the_agenda_is_jumped() -> None:
    village = Village()
    agenda = ("shares", "loans", "close")
    village.secretary.record(e.MeetingScheduled(1, 1, "2026-01-07", agenda=agenda))
    for item in ("shares", "close"):
        village.secretary.record(e.AgendaReached(1, 1, item))
    (finding,) = findings(village.book, "agenda_jumped")
    assert "went on without coming to: loans." in finding.sentence


def test_rules_that_were_agreed_to_apart_wait_to_be_put_in_force() -> None:
    village = Village()
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = village.propose(terms)
    (finding,) = findings(village.book, "not_adopted")
    assert "mkutano approve" in finding.sentence
    village.secretary.record(replace(terms, proposal=proposal))
    assert not findings(village.book, "not_adopted")
    village.propose(replace(CONSTITUTION, version=3, share_value_minor=900))
    assert not findings(village.book, "not_adopted")  # not while a cycle is open


def test_a_proposal_that_nobody_agreed_to_is_not_put_in_force() -> None:
    village = Village()
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = village.secretary.record(e.ConstitutionProposed(terms))
    village.secretary.record(replace(terms, proposal=proposal))
    assert findings(village.book, "needs_approval")
    current = village.book.constitution.find("current")
    assert current is not None
    assert current.terms == CONSTITUTION


def test_the_rules_tell_what_each_version_changed() -> None:
    village = Village()
    with_rules(village, fines={"late": 75}, netting=False)
    first, second = constitutions_view(village.book)
    assert (first["version"], first["in_force"], first["changes"]) == (1, False, [])
    told = {one["field"]: (one["before"], one["after"]) for one in second["changes"]}
    assert told == {"fines.late": ("KES 0.50", "KES 0.75"), "netting": ("yes", "no")}


def test_who_held_an_office_is_told_in_order() -> None:
    village = Village()
    deputy = Phone("deputy", "Kamau")
    village.elect("treasurer", deputy.person, village.members[1])
    (office,) = (row for row in offices_view(village.book) if row["office"] == "treasurer")
    assert office["holder"] == deputy.person.hex()
    assert [(one["person"], one["member"]) for one in office["elections"]] == [
        (village.treasurer.person.hex(), ""),
        (deputy.person.hex(), village.members[1].hex()),
    ]


def test_a_key_holder_outside_the_committee_is_better() -> None:
    village = Village()
    village.elect("key_holder", village.treasurer.person, seat=2)
    (finding,) = findings(village.book, "key_holder_in_committee")
    assert finding.sentence.startswith("The key holder 2 also holds another office")
    village.elect("key_holder", Phone("", "Kamau").person, seat=2)
    assert not findings(village.book, "key_holder_in_committee")


def test_what_waits_says_who_asked_who_agreed_and_what_it_changes() -> None:
    village = Village()
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    village.secretary.record(e.ConstitutionProposed(terms, "more to save"))
    (row,) = decisions_view(village.book)
    assert (row["kind"], row["missing"], row["reason"]) == (
        "constitution.proposed",
        1,
        "more to save",
    )
    assert row["agreed"] == [village.secretary.person.hex()]
    assert [one["label"] for one in row["changes"]] == ["how many shares a member may buy"]


@pytest.mark.parametrize("ahead", [0, 50])
def test_the_count_says_which_of_two_entries_is_right(ahead: int) -> None:
    village = Village()
    village.treasurer.lamport += ahead
    amina = village.members[0]
    village.secretary.record(share(amina, 300))
    village.treasurer.record(share(amina, 200))
    (dispute,) = disputes_view(village.book)
    assert {one["difference_minor"] for one in dispute["ways"]} == {None}
    village.treasurer.record(e.CashCounted(1, 1, "close", "box", 200))
    (dispute,) = disputes_view(village.book)
    said = {
        one["amount_minor"]: (one["counts"], one["difference_minor"]) for one in dispute["ways"]
    }
    assert said == {300: (True, -100), 200: (False, 0)}


def test_the_same_rules_proposed_by_two_are_one_proposal() -> None:
    village = Village()
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposals = [phone.record(e.ConstitutionProposed(terms)) for phone in village.phones[:3]]
    village.meet()
    village.secretary.record(replace(terms, proposal=proposals[1]))
    current = village.book.constitution.find("current")
    assert current is not None
    assert current.terms.shares_max == 7


def test_rules_that_were_agreed_to_once_are_not_put_in_force_again_later() -> None:
    village = Village()
    older = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = village.propose(older)
    village.secretary.record(replace(older, proposal=proposal))
    village.adopt(replace(CONSTITUTION, version=3, shares_max=9))
    again = village.secretary.record(replace(older, proposal=proposal))
    assert entry_page(village.book, again.hex()).reasons == ("constitution_moved_on",)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_recorded_can_be_shown(seed: int) -> None:
    book: Book = fold(chance_history(seed, 120))
    for key, _ in book.meetings.rows():
        json.dumps(proceedings_view(book, *key))
    for view in (
        disputes_view,
        planned_view,
        decisions_view,
        open_actions_view,
        constitutions_view,
        offices_view,
    ):
        json.dumps(view(book))
