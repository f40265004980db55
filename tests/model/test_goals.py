"""Goals and consent: latest by who knew what, never by who wrote first; progress is derived."""

from __future__ import annotations

import pytest

from model import events as e
from model.goals import goals_view, has_consented
from tests.strategies import Village, findings, share


def test_progress_follows_from_the_books() -> None:
    village = Village()
    one, two, _ = village.members
    village.secretary.record(e.GoalSet(one, "savings", "School fees", 1000, 50, "2026-03-04"))
    village.secretary.record(share(one, 300))
    village.secretary.record(share(two, 500))
    village.secretary.record(e.SavingsDeposited(1, 1, one, 150))
    (goal,) = goals_view(village.secretary.book, one.hex())
    assert (goal["progress"], goal["missing"], goal["each_meeting"]) == (450, 550, 50)
    assert goal["state"] == "open"
    village.secretary.record(e.GoalSet(b"", "savings", "A cow", 5000))
    village.secretary.record(e.GoalSet(b"", "membership", "More of us", 25))
    village.secretary.record(e.GoalSet(b"", "project", "A well", 1))
    progress = {goal["title"]: goal["progress"] for goal in goals_view(village.secretary.book)}
    assert progress == {"A cow": 950, "More of us": 3, "A well": None}


def test_what_each_meeting_has_to_bring_is_rounded_up() -> None:
    """Eight weeks from 7 January to 4 March: 1000 over 8 meetings is 125, 1001 is 126."""
    village = Village()
    one = village.members[0]
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 1000, 0, "2026-03-04"))
    village.secretary.record(e.GoalSet(one, "savings", "Door", 1001, 0, "2026-03-04"))
    village.secretary.record(e.GoalSet(one, "savings", "Past", 1000, 0, "2025-03-04"))
    village.secretary.record(e.GoalSet(one, "savings", "Some day", 1000))
    rows = {goal["title"]: goal["each_meeting"] for goal in goals_view(village.book, one.hex())}
    assert rows == {"Roof": 125, "Door": 126, "Past": 1000, "Some day": None}


@pytest.mark.parametrize("offset", [0, 300])
def test_a_goal_set_anew_replaces_and_the_lower_of_two_apart_holds(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.lamport += offset
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 1000))
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 2000))
    village.treasurer.record(e.GoalSet(one, "savings", "Roof", 1500))
    village.meet()
    (goal,) = goals_view(village.book, one.hex())
    assert goal["target"] == 1500
    assert findings(village.book, "contested_goal")
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 1800))
    (goal,) = goals_view(village.secretary.book, one.hex())
    assert goal["target"] == 1800
    assert not findings(village.secretary.book, "contested_goal")


@pytest.mark.parametrize("offset", [0, 300])
def test_a_goal_ends_and_begins_again(offset: int) -> None:
    village = Village()
    one = village.members[0]
    first = village.secretary.record(e.GoalSet(one, "savings", "Roof", 1000))
    village.meet()
    village.treasurer.lamport += offset
    village.treasurer.record(e.GoalEnded(first, "reached"))
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 900))
    village.meet()
    (goal,) = goals_view(village.book, one.hex())
    assert goal["state"] == "reached"  # apart from each other: it is ended
    village.secretary.record(e.GoalSet(one, "savings", "Roof", 900))
    (goal,) = goals_view(village.secretary.book, one.hex())
    assert (goal["state"], goal["target"]) == ("open", 900)


def test_a_goal_that_is_taken_back_is_gone() -> None:
    village = Village()
    goal = village.secretary.record(e.GoalSet(village.members[0], "savings", "Roof", 1000))
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, goal))
    assert not goals_view(village.treasurer.book, village.members[0].hex())


def test_goals_of_nobody_are_refused() -> None:
    village = Village()
    village.secretary.record(e.GoalSet(bytes(17), "savings", "Roof", 1000))
    village.secretary.record(e.GoalEnded(village.members[0], "reached"))
    village.secretary.record(e.ConsentRecorded(bytes(17), "sms", True))
    village.secretary.record(e.ConsentRecorded(village.members[0], "sms", True, bytes(17)))
    assert village.secretary.codes() == ["unknown_reference"] * 4


@pytest.mark.parametrize("offset", [0, 300])
def test_no_wins_over_a_yes_that_did_not_know_of_it(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.lamport += offset
    assert not has_consented(village.book, one.hex(), "sms")
    village.secretary.record(e.ConsentRecorded(one, "sms", True))
    assert has_consented(village.secretary.book, one.hex(), "sms")
    village.treasurer.record(e.ConsentRecorded(one, "sms", False))
    village.meet()
    assert not has_consented(village.book, one.hex(), "sms")
    assert not has_consented(village.book, one.hex(), "photo")
    assert findings(village.book, "contested_consent")
    village.secretary.record(e.ConsentRecorded(one, "sms", True))
    assert has_consented(village.secretary.book, one.hex(), "sms")
    village.secretary.record(e.ConsentRecorded(one, "sms", False))
    assert not has_consented(village.secretary.book, one.hex(), "sms")


def test_no_under_either_name_of_one_person_is_no() -> None:
    village = Village()
    one, two, _ = village.members
    village.secretary.record(e.ConsentRecorded(one, "sms", False))
    village.secretary.record(e.ConsentRecorded(two, "sms", True))
    merger = village.secretary.record(e.MemberMerged(two, one, 1, 1))
    village.meet()
    assert has_consented(village.book, two.hex(), "sms")
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    assert not has_consented(village.chairperson.book, two.hex(), "sms")
