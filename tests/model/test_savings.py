"""Shares and voluntary savings: what counts, where it comes from, and what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.journal import balance
from tests.strategies import CONSTITUTION, Phone, Village, findings, savings, share


def adopt(village: Village, terms: e.ConstitutionAdopted) -> None:
    """Propose terms, let three officers agree, and put them in force."""
    village.meet()
    proposal = village.secretary.record(e.ConstitutionProposed(replace(terms, version=2)))
    village.meet()
    for phone in (village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(proposal, 1, 1))
    village.meet()
    village.secretary.record(replace(terms, version=2, proposal=proposal))
    village.meet()


def voluntary(village: Village, member: bytes) -> int:
    """Voluntary savings in minor units."""
    return -balance(village.book, "2020", member.hex())


def test_savings_go_in_and_out_beside_the_shares() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.SavingsDeposited(1, 1, one, 700))
    village.secretary.record(share(one, 300))
    village.meet()
    village.treasurer.record(e.SavingsWithdrawn(1, 1, one, 200))
    village.meet()
    assert voluntary(village, one) == 500
    assert savings(village.book, one) == 300
    assert balance(village.book, "1010") == 800
    assert not findings(village.book, "source_too_small")


def test_who_takes_more_than_there_is_owes_it_until_it_is_there() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.SavingsDeposited(1, 1, one, 100))
    village.secretary.record(share(village.members[1], 500))
    village.meet()
    village.treasurer.record(e.SavingsWithdrawn(1, 1, one, 250))
    village.meet()
    (short,) = findings(village.book, "source_too_small")
    assert short.amounts == (150,)
    assert "the voluntary savings of member 1" in short.sentence
    village.secretary.record(e.SavingsDeposited(1, 1, one, 150, 2))
    village.meet()
    assert not findings(village.book, "source_too_small")


@given(st.permutations(range(4)), st.sampled_from((0, 300)))
def test_what_is_short_does_not_depend_on_who_wrote_first(order: list[int], offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.lamport += offset
    facts: list[tuple[Phone, e.Event]] = [
        (village.secretary, e.SavingsDeposited(1, 1, one, 300)),
        (village.treasurer, e.SavingsWithdrawn(1, 1, one, 200)),
        (village.treasurer, e.SavingsWithdrawn(1, 1, one, 150, 2)),
        (village.secretary, replace(share(one, 100), source="savings")),
    ]
    for at in order:
        facts[at][0].record(facts[at][1])
    village.meet()
    (short,) = findings(village.book, "source_too_small")
    assert short.amounts == (150,)
    assert savings(village.book, one) == 100


def test_the_constitution_may_ask_for_officers_over_a_limit() -> None:
    village = Village()
    one = village.members[0]
    rules = {"savings.withdrawn": 2, "social.paid_out": 2, "claim.paid": 2}
    adopt(village, replace(CONSTITUTION, approvals=rules, approval_limit_minor=200))
    village.secretary.record(e.SavingsDeposited(1, 1, one, 900))
    village.secretary.record(e.SocialContributed(1, 1, one, 900))
    village.meet()
    village.treasurer.record(e.SavingsWithdrawn(1, 1, one, 199))
    village.treasurer.record(e.SocialPaidOut(1, 1, one, 199, "ill"))
    assert not findings(village.treasurer.book, "needs_word")
    village.treasurer.record(e.SavingsWithdrawn(1, 1, one, 200, 2))
    village.treasurer.record(e.SocialPaidOut(1, 1, one, 200, "ill", 2))
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", 200))
    village.meet()
    asked = findings(village.book, "needs_word")
    assert len(asked) == 3
    assert voluntary(village, one) == 501  # it left the box, so it counts meanwhile
    for finding in asked:
        entry = bytes.fromhex(finding.entries[0])
        village.chairperson.record(e.ApprovalGiven(entry, 1, 1))
    assert not findings(village.chairperson.book, "needs_word")


def test_what_pays_into_itself_has_no_effect() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.SavingsDeposited(1, 1, one, 100, 1, "box", "savings"))
    village.secretary.record(replace(share(one, 100), source="shares"))
    assert village.secretary.codes() == ["same_source", "same_source"]
    assert not any(
        village.secretary.book.accounts.find(key) for key in (("1010", ""), ("2010", ""))
    )


# Limits of shares. Each row: what was bought in meeting 1, and whether it is too much.


@pytest.mark.parametrize(
    ("lines", "too_much"), [((5,), False), ((6,), True), ((3, 2), False), ((3, 2, 1), True)]
)
def test_the_limit_is_over_all_purchases_of_a_meeting(
    lines: tuple[int, ...], too_much: bool
) -> None:
    village = Village()
    for line, shares in enumerate(lines, 1):
        village.secretary.record(share(village.members[0], shares * 100, line))
    assert bool(findings(village.secretary.book, "cap_exceeded")) is too_much


def test_free_amounts_have_no_limit() -> None:
    village = Village()
    free = replace(CONSTITUTION, share_value_minor=1)
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Tumaini", "UGX", 0))
    phone.record(free)
    member = phone.record(e.MemberAdded(1, "2026-01-01"))
    phone.record(e.MeetingOpened(1, 1, "2026-01-07"))
    phone.record(e.SharePurchased(1, 1, member, 12_345_678, 12_345_678))
    assert phone.codes() == []
    assert savings(phone.book, member) == 12_345_678
    assert village.secretary.codes() == []


@pytest.mark.parametrize("offset", [0, 300])
def test_a_limit_is_the_one_that_the_author_knew(offset: int) -> None:
    village = Village()
    one, two, _ = village.members
    village.treasurer.record(share(two, 500, 1))
    village.treasurer.lamport += offset
    before = village.treasurer.record(share(one, 500))  # knew the old limit of 5
    lower = replace(CONSTITUTION, shares_max=3)
    proposal = village.secretary.record(e.ConstitutionProposed(replace(lower, version=2)))
    village.chairperson.learns_from(village.secretary)
    village.chairperson.record(e.ApprovalGiven(proposal, 1, 1))
    village.meet()
    village.treasurer.record(e.ApprovalGiven(proposal, 1, 1))
    village.meet()
    village.secretary.record(replace(lower, version=2, proposal=proposal))
    village.secretary.record(share(village.members[2], 400))
    village.meet()
    (over,) = findings(village.book, "cap_exceeded")
    assert over.subject == village.members[2].hex()
    assert over.amounts == (4, 3)
    assert before.hex() not in over.entries


@pytest.mark.parametrize(
    ("bought", "too_much"),
    [((5, 15), False), ((5, 16), True), ((10, 10), False), ((6, 15), True)],
)
def test_a_late_joiner_may_catch_up(bought: tuple[int, int], too_much: bool) -> None:
    """Two meetings of five shares each were missed: ten more than five and five."""
    village = Village()
    adopt(village, replace(CONSTITUTION, late_join="catch_up"))
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    late = village.secretary.record(e.MemberAdded(9, "2026-01-15"))
    for session, shares in enumerate(bought, 3):
        village.secretary.record(e.MeetingOpened(1, session, f"2026-02-0{session}"))
        village.secretary.record(share(late, shares * 100, 1, session))
        old = village.members[0]
        village.secretary.record(share(old, 500, 1, session))
    book = village.secretary.book
    assert bool(findings(book, "cap_exceeded")) is too_much


def test_who_was_there_from_the_start_has_nothing_to_catch_up() -> None:
    village = Village()
    adopt(village, replace(CONSTITUTION, late_join="catch_up"))
    village.secretary.record(share(village.members[0], 600))
    assert len(findings(village.secretary.book, "cap_exceeded")) == 1


def test_a_purchase_too_much_that_is_taken_back_is_no_longer_told() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 500))
    second = village.secretary.record(share(village.members[0], 100, 2))
    village.meet()
    assert len(findings(village.book, "cap_exceeded")) == 1
    village.treasurer.record(e.EntryReversed(1, 1, second))
    assert not findings(village.treasurer.book, "cap_exceeded")
