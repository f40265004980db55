"""Fines: the table of codes, payments, waivers, and money to be given back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.accounts import FINES, OVERPAYMENTS, SOCIAL_FUND
from model.journal import FINES_DUE, balance
from tests.strategies import CONSTITUTION, Phone, Village, findings


def waive(village: Village, fine: bytes, *, by: Phone | None = None) -> bytes:
    """Two officers let a member off a fine."""
    waiver = (by or village.chairperson).record(e.FineWaived(fine, 1, 1, "a funeral"))
    village.meet()
    village.secretary.record(e.ApprovalGiven(waiver, 1, 1))
    village.meet()
    return waiver


def due(village: Village, member: bytes) -> int:
    """What a member owes in fines."""
    return balance(village.book, FINES_DUE, member.hex())


def test_a_waived_fine_is_due_no_longer_and_due_again_when_that_is_taken_back() -> None:
    village = Village()
    one = village.members[0]
    fine = village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.meet()
    village.chairperson.record(e.FineWaived(fine, 1, 1))
    village.meet()
    assert due(village, one) == 50  # it waits for a second officer
    waiver = list(village.chairperson.known)[-1]
    village.secretary.record(e.ApprovalGiven(waiver, 1, 1))
    village.meet()
    assert due(village, one) == 0
    village.treasurer.record(e.EntryReversed(1, 1, waiver))
    village.meet()
    assert due(village, one) == 0  # what two decided, two take back
    back = list(village.treasurer.known)[-1]
    village.chairperson.record(e.ApprovalGiven(back, 1, 1))
    village.meet()
    assert due(village, one) == 50


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("paid", [20, 50, 70])
def test_waived_and_paid_apart_is_given_back(offset: int, paid: int) -> None:
    village = Village()
    one = village.members[0]
    fine = village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.meet()
    village.treasurer.lamport += offset
    village.treasurer.record(e.FinePaid(1, 1, one, paid))
    village.chairperson.record(e.FineWaived(fine, 1, 1))
    village.secretary.learns_from(village.chairperson)
    village.secretary.record(e.ApprovalGiven(list(village.chairperson.known)[-1], 1, 1))
    village.meet()
    book = village.book
    assert due(village, one) == 0
    assert balance(book, "4030") == 0
    assert balance(book, "2030", one.hex()) == -paid
    (refund,) = findings(book, "refund_due")
    assert refund.amounts == (min(paid, 50),)
    village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", paid))
    village.meet()
    assert not findings(village.book, "refund_due")
    assert not findings(village.book, "overpaid_fine")
    assert balance(village.book, "1010") == 0


def test_two_officers_who_waive_one_fine_by_different_receipts_agree() -> None:
    village = Village()
    one = village.members[0]
    first = village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    second = village.chairperson.record(e.FineLevied(1, 1, one, "late", 50))
    village.meet()
    village.secretary.record(e.FineWaived(first, 1, 1))
    village.chairperson.record(e.FineWaived(second, 1, 1))
    village.meet()
    assert due(village, one) == 0
    assert not findings(village.book, "waits_for_approval")


def test_only_that_fine_is_waived() -> None:
    village = Village()
    one = village.members[0]
    fine = village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.secretary.record(e.FineLevied(1, 1, one, "noise", 30))
    village.meet()
    waive(village, fine)
    assert due(village, one) == 30


def test_who_is_fined_does_not_decide_about_it() -> None:
    village = Village()
    one = village.members[0]
    village.elect("treasurer", village.treasurer.person, one)
    fine = village.secretary.record(e.FineLevied(1, 1, one, "late", 50))
    village.meet()
    village.chairperson.record(e.FineWaived(fine, 1, 1))
    village.meet()
    waiver = list(village.chairperson.known)[-1]
    village.treasurer.record(e.ApprovalGiven(waiver, 1, 1))
    village.meet()
    assert findings(village.book, "own_benefit")
    assert due(village, one) == 50


def test_what_is_no_fine_is_not_waived() -> None:
    village = Village()
    paid = village.treasurer.record(e.FinePaid(1, 1, village.members[0], 5))
    village.treasurer.record(e.FineWaived(paid, 1, 1))
    village.treasurer.record(e.FineWaived(bytes(17), 1, 1))
    assert village.treasurer.codes().count("unknown_reference") == 2


def test_fines_brought_over_from_paper_are_waived_too() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.OpeningBalanceSet(one, "fines", 80, 0, "2026-01-01"))
    village.meet()
    waive(village, list(village.secretary.known)[-1])
    assert due(village, one) == 0


def test_a_fine_of_another_amount_than_the_table_says_is_told() -> None:
    village = Village()
    one, two, _ = village.members
    village.secretary.record(e.FineLevied(1, 1, one, "late", 60))
    village.secretary.record(e.FineLevied(1, 1, two, "late", 50))
    village.secretary.record(e.FineLevied(1, 1, two, "noise", 60))
    (differs,) = findings(village.secretary.book, "fine_differs")
    assert differs.amounts == (60, 50)
    assert differs.subject == one.hex()


@given(st.integers(0, 2**32))
def test_every_coin_paid_is_income_or_kept_for_the_member(seed: int) -> None:
    """Against a reckoning of one member from the sums alone: due, income, kept."""
    chance = random.Random(seed)
    village = Village()
    one = village.members[0]
    fines: dict[str, int] = {}
    waived: set[str] = set()
    paid = 0
    for step in range(chance.randint(1, 12)):
        what = chance.choice(("levy", "pay", "pay", "waive"))
        if what == "levy":
            code, amount = f"code_{step}", chance.randint(1, 90)
            name = village.secretary.record(e.FineLevied(1, 1, one, code, amount))
            village.meet()
            fines[name.hex()] = amount
        elif what == "pay":
            amount = chance.randint(1, 90)
            village.treasurer.record(e.FinePaid(1, 1, one, amount, step + 1))
            paid += amount
        elif fines:
            fine = chance.choice(sorted(fines))
            waive(village, bytes.fromhex(fine))
            waived.add(fine)
    village.meet()
    owed = sum(amount for name, amount in fines.items() if name not in waived)
    book = village.book
    assert balance(book, "1010") == paid
    assert balance(book, "4030") == -min(paid, owed)
    assert balance(book, "2030", one.hex()) == -max(0, paid - owed)
    assert balance(book, FINES_DUE, one.hex()) == max(0, owed - paid)


def fines_to(village: Village, fund: str, version: int, by: Phone | None = None) -> None:
    """Everybody agrees to a constitution by which fines go elsewhere; known to its adopter."""
    terms = replace(CONSTITUTION, version=version, fines_to=fund)
    village.adopt(terms, by)


def income(village: Village) -> tuple[int, int]:
    """What fines brought the loan fund and the social fund."""
    return -balance(village.book, FINES), -balance(village.book, SOCIAL_FUND)


@pytest.mark.parametrize("opening", [False, True])
def test_a_fine_goes_where_the_constitution_said_when_it_was_levied(opening: bool) -> None:
    village = Village()
    member = village.members[0]
    if opening:
        brought = e.OpeningBalanceSet(member, "fines", 90, 0, "2026-01-01")
        village.secretary.record(brought)
    else:
        village.secretary.record(e.FineLevied(1, 1, member, "late", 90))
    fines_to(village, "social_fund", 2)
    village.meet()
    village.secretary.record(e.FinePaid(1, 1, member, 50))
    village.meet()
    assert income(village) == (50, 0)
    # What is levied under the new one is paid after it, and goes to the social fund.
    village.secretary.record(e.FineLevied(1, 1, member, "noise", 30))
    village.secretary.record(e.FinePaid(1, 1, member, 60, line=2))
    village.meet()
    assert income(village) == (90, 20)
    assert due(village, member) == 10


@pytest.mark.parametrize("offset", [0, 300])
def test_where_fines_go_does_not_depend_on_who_wrote_first(offset: int) -> None:
    village = Village()
    member = village.members[0]
    fines_to(village, "social_fund", 2)
    village.secretary.lamport += offset
    village.chairperson.lamport += 300 - offset
    village.chairperson.record(e.FineLevied(1, 1, member, "late", 50))  # knows the old one alone
    village.secretary.record(e.FineLevied(1, 1, member, "noise", 30))
    village.secretary.record(e.FinePaid(1, 1, member, 60))
    village.meet()
    assert income(village) == (50, 10)


@pytest.mark.parametrize("offset", [0, 300])
def test_one_fine_levied_under_two_constitutions_follows_the_older(offset: int) -> None:
    village = Village()
    member = village.members[0]
    fines_to(village, "social_fund", 2)
    village.secretary.lamport += offset
    village.chairperson.lamport += 300 - offset
    old = village.chairperson.record(e.FineLevied(1, 1, member, "late", 50))
    village.secretary.record(e.FineLevied(1, 1, member, "late", 50))
    village.secretary.record(e.FinePaid(1, 1, member, 50))
    village.treasurer.learns_from(village.chairperson)
    taken = village.treasurer.record(e.EntryReversed(1, 1, old))  # knows the older word alone
    village.secretary.learns_from(village.chairperson)
    assert -balance(village.secretary.book, FINES) == 50
    village.meet()
    assert income(village) == (0, 50)
    village.secretary.record(e.EntryReversed(1, 1, taken))
    village.meet()
    assert income(village) == (50, 0)


def test_who_levies_one_fine_over_and_over_makes_nobody_owe_more() -> None:
    village = Village()
    member = village.members[0]
    for _ in range(12):
        village.secretary.record(e.FineLevied(1, 1, member, "late", 50))
    village.secretary.record(e.FinePaid(1, 1, member, 100))
    village.meet()
    assert income(village) == (50, 0)
    assert balance(village.book, OVERPAYMENTS, member.hex()) == -50


def test_fines_paid_in_any_order_fill_what_was_levied_first() -> None:
    """Against a plain reckoning: fines by constitution, what was paid from the oldest on."""
    chance = random.Random(7)
    village = Village()
    member = village.members[0]
    levied: list[tuple[int, int]] = []  # place of the fund, amount
    paid, version, fund = 0, 1, 0
    for step in range(40):
        what = chance.choice(("levy", "levy", "pay", "pay", "change"))
        amount = chance.randrange(1, 60)
        if what == "levy":
            village.secretary.record(e.FineLevied(1, 1, member, f"code {step}", amount))
            levied.append((fund, amount))
        elif what == "pay":
            village.secretary.record(e.FinePaid(1, 1, member, amount, line=step + 1))
            paid += amount
        elif version < 4:
            version, fund = version + 1, 1 - fund
            fines_to(village, ("loan_fund", "social_fund")[fund], version)
    village.meet()
    went, left = [0, 0], paid
    for place, amount in levied:
        went[place] += min(left, amount)
        left -= min(left, amount)
    assert version > 2
    assert income(village) == tuple(went)
    assert balance(village.book, OVERPAYMENTS, member.hex()) == -left
