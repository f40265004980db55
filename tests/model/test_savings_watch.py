"""What was expected at the newest closed meeting and did not come."""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from tests.model.test_savings import adopt
from tests.strategies import CONSTITUTION, Village, findings, share


def closed(village: Village, session: int = 1) -> None:
    """A meeting closed over everything."""
    village.meet()
    village.secretary.record(e.MeetingClosed(1, session, ()))
    village.meet()


def village_with(terms: e.ConstitutionAdopted) -> Village:
    """Umoja under other terms."""
    village = Village(members=4)
    adopt(village, terms)
    return village


def test_who_brought_less_than_agreed_is_named_once_the_meeting_is_closed() -> None:
    village = village_with(replace(CONSTITUTION, contribution_minor=300, social_fund_minor=20))
    one, two, three, _ = village.members
    village.secretary.record(share(one, 300))
    village.secretary.record(share(two, 100))
    village.secretary.record(e.SavingsDeposited(1, 1, two, 200))
    village.secretary.record(share(three, 200))
    for member, paid in ((one, 20), (two, 15)):
        village.secretary.record(e.SocialContributed(1, 1, member, paid))
    assert not findings(village.secretary.book, "contribution_missed")
    closed(village)
    (saved,) = findings(village.book, "contribution_missed")
    assert saved.sentence == (
        "In meeting 1 of cycle 1 less than the agreed KES 3.00 was saved by member 3 and member 4."
    )
    (social,) = findings(village.book, "social_missed")
    assert social.sentence.endswith("by member 2, member 3 and member 4.")


def test_who_is_not_expected_is_not_named() -> None:
    village = village_with(replace(CONSTITUTION, social_fund_minor=20))
    one, two, three, four = village.members
    village.chairperson.record(e.MemberStatusSet(two, "inactive"))
    village.secretary.record(e.MemberAdded(9, "2026-02-01"))  # joined after the meeting
    merger = village.secretary.record(e.MemberMerged(three, four, 1, 1))
    village.secretary.record(e.SocialContributed(1, 1, one, 20))
    village.secretary.record(e.SocialContributed(1, 1, four, 20))  # under the other name
    village.meet()
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    closed(village)
    assert not findings(village.book, "social_missed")


def test_only_the_newest_closed_meeting_is_told() -> None:
    village = village_with(replace(CONSTITUTION, social_fund_minor=20))
    closed(village)
    assert len(findings(village.book, "social_missed")) == 1
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    (told,) = findings(village.secretary.book, "social_missed")
    assert told.session == 1
    for member in village.members:
        village.secretary.record(e.SocialContributed(1, 2, member, 20))
    closed(village, 2)
    assert not findings(village.book, "social_missed")


def test_fewer_shares_than_the_least_are_told() -> None:
    village = village_with(replace(CONSTITUTION, shares_min=2, social_fund_minor=0))
    village.secretary.record(share(village.members[0], 100))
    village.secretary.record(share(village.members[1], 200))
    closed(village)
    (few,) = findings(village.book, "too_few_shares")
    assert few.sentence.endswith("the least at once, were bought by member 1.")


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    village = Village(members=12)
    closed(village)
    (told,) = findings(village.book, "social_missed")
    assert told.sentence.endswith("member 8 and 4 more.")
