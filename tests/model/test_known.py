"""Who ends a cycle sweeps what was known: the same, whatever stands before it in the order."""

from __future__ import annotations

from model import events as e
from model.accounts import FINES, RETAINED_SURPLUS
from model.journal import balance, entry_page
from tests.model.apart import Apart, told
from tests.model.laws import assert_balanced
from tests.strategies import Phone, Village

OWNERS = {"secretary": "Wanjiru", "treasurer": "Otieno"}


def ready_to_end(village: Village) -> None:
    """A fine of 50 was levied and paid, and the meeting is closed by two officers."""
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.treasurer.record(e.FinePaid(1, 1, village.members[0], 50, 1))
    village.meet()
    village.agree(village.secretary.record(e.MeetingClosed(1, 1, ())))


def ended_by(village: Village, first: Phone, second: Phone, asked: bytes) -> None:
    """All officers agree to end a cycle, one of them on a phone that his own never met."""
    other = Phone("second phone", OWNERS[second.name])
    for phone in (village.chairperson, other):
        phone.learns_from(first)
        phone.record(e.ApprovalGiven(asked, 1, 1))
        first = phone
    village.phones.append(other)
    assert balance(other.book, RETAINED_SURPLUS) == -50


def swept(village: Village, close: bytes) -> dict[str, int]:
    """What a wish to end the cycle would post, by account."""
    return {account: amount for account, _, amount in entry_page(told(village), close.hex()).held}


def test_two_who_end_a_cycle_apart_sweep_the_same_although_one_stands_before(apart: Apart) -> None:
    village, secretary, treasurer = apart
    ready_to_end(village)
    first, second = sorted((secretary, treasurer), key=lambda phone: phone.lamport)
    second.lamport += 100
    early = first.record(e.CycleClosed(1, "2026-12-31"))
    ended_by(village, first, second, early)
    late = second.record(e.CycleClosed(1, "2026-12-31"))  # knows of none of that
    assert swept(village, early) == swept(village, late) == {FINES: 50, RETAINED_SURPLUS: -50}
    assert_balanced(told(village))


def test_who_did_not_know_that_officers_agreed_sweeps_as_if_they_had_not(apart: Apart) -> None:
    village, secretary, treasurer = apart
    ready_to_end(village)
    asked = treasurer.record(e.CycleClosed(1, "2026-12-31"))
    village.meet()
    secretary.lamport += 100
    ended_by(village, treasurer, secretary, asked)
    again = secretary.record(e.CycleClosed(1, "2026-12-31"))
    assert swept(village, again) == swept(village, asked) == {FINES: 50, RETAINED_SURPLUS: -50}
    book = told(village)
    assert balance(book, FINES) == 0
    assert_balanced(book)


def test_who_knew_that_a_cycle_was_ended_has_nothing_to_sweep() -> None:
    village = Village()
    ready_to_end(village)
    asked = village.treasurer.record(e.CycleClosed(1, "2026-12-31"))
    village.agree(asked)
    again = village.secretary.record(e.CycleClosed(1, "2026-12-31"))
    assert swept(village, asked)[FINES] == 50
    assert FINES not in swept(village, again)


def test_of_a_meeting_that_is_open_only_what_was_known_is_swept(apart: Apart) -> None:
    """The next cycle has begun before officers end the last one."""
    village, secretary, treasurer = apart
    ready_to_end(village)
    secretary.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
    secretary.record(e.MeetingOpened(2, 1, "2027-01-07"))
    secretary.record(e.FineLevied(2, 1, village.members[1], "late", 30))
    secretary.record(e.FinePaid(2, 1, village.members[1], 30))
    village.meet()
    treasurer.record(e.FineLevied(2, 1, village.members[2], "late", 7))
    treasurer.record(e.FinePaid(2, 1, village.members[2], 7))
    asked = secretary.record(e.CycleClosed(1, "2026-12-31"))
    assert swept(village, asked) == {FINES: 80, RETAINED_SURPLUS: -80}
