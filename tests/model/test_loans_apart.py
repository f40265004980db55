"""Loans when officers write apart: late approvals, facts of one day, two names, charges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Literal

import pytest

from model import events as e
from model.accounts import (
    CASH_BOX,
    LOAN_INTEREST,
    LOANS,
    MEMBER_SAVINGS,
    OVERPAYMENTS,
    PENALTIES,
)
from model.journal import balance, entry_page
from model.loan_watch import borrower_of
from model.reckoning.account import account
from model.reckoning.happenings import Charge, Payment
from model.reckoning.terms import LoanTerms
from tests.strategies import Village, findings, share, sums

TEN_PERCENT = 100_000


def asked(village: Village, member: bytes, amount: int = 1_000) -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, member, amount, "seed", 4))
    village.meet()
    return loan


def lent(village: Village, member: bytes, amount: int = 1_000) -> bytes:
    """A loan of 4 months at 10 % flat, handed over: 1000 and 400 of interest."""
    loan = asked(village, member, amount)
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", TEN_PERCENT, 4))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, amount))
    village.meet()
    return loan


def income(village: Village) -> int:
    return -balance(village.book, LOAN_INTEREST)


def judge(village: Village, event: e.Event) -> None:
    """Two officers say the same about a late entry, in the next meeting."""
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    verdict = village.secretary.record(event)
    village.meet()
    village.treasurer.record(e.ApprovalGiven(verdict, 1, 2))
    village.meet()


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("verdict", ["accepted", "rejected"])
def test_a_late_approval_waits_until_officers_accept_it(offset: int, verdict: str) -> None:
    village = Village()
    loan = asked(village, village.members[0])
    village.treasurer.lamport += offset
    village.chairperson.lamport += 300 - offset
    late = village.chairperson.record(e.LoanApproved(1, 1, loan, 1_000, "flat", TEN_PERCENT, 4))
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 1_000))
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 350))
    village.secretary.learns_from(village.treasurer)
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    assert income(village) == 0
    assert balance(village.book, LOANS, loan.hex()) == 650
    (item,) = findings(village.book, "late_entry")
    assert item.entries == (late.hex(),)
    assert "approval" in item.sentence
    assert findings(village.book, "loan_not_approved")
    if verdict == "accepted":
        judge(village, e.LateEntryAccepted(late, 1, 2))
    else:
        judge(village, e.LateEntryRejected(late, 1, 2))
    assert income(village) == (100 if verdict == "accepted" else 0)
    assert not findings(village.book, "late_entry")


def test_a_late_refusal_holds_money_back_at_once() -> None:
    village = Village()
    loan = asked(village, village.members[0])
    village.chairperson.record(e.LoanRefused(loan, 1, 1, "rejected"))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    page = village.book.loans.find(loan.hex())
    assert page is not None
    assert page.refused
    assert not findings(village.book, "late_entry")


@pytest.mark.parametrize("paid", [1_340, 1_450])
@pytest.mark.parametrize("order", list(permutations(("waive", "agree", "pay"))))
def test_in_one_meeting_what_was_waived_is_not_paid(paid: int, order: tuple[str, ...]) -> None:
    village = Village()
    loan = lent(village, village.members[0])
    waiver = b""

    def waive() -> None:
        nonlocal waiver
        waiver = village.chairperson.record(e.LoanWaived(loan, 1, 1, "interest", 60))

    deeds: dict[str, Callable[[], object]] = {
        "waive": waive,
        "agree": lambda: village.secretary.record(e.ApprovalGiven(waiver, 1, 1)),
        "pay": lambda: village.treasurer.record(e.LoanRepaid(1, 1, loan, paid)),
    }
    if order.index("agree") < order.index("waive"):
        order = tuple(reversed(order))
    for deed in order:
        deeds[deed]()
        village.meet()
    assert income(village) == 340
    assert balance(village.book, LOANS, loan.hex()) == 0
    assert balance(village.book, OVERPAYMENTS, village.members[0].hex()) == 1_340 - paid


@pytest.mark.parametrize("order", list(permutations(("charge", "waive", "pay"))))
def test_in_one_meeting_a_penalty_is_charged_then_waived_then_paid(order: tuple[str, ...]) -> None:
    village = Village()
    loan = lent(village, village.members[0])
    deeds: dict[str, Callable[[], object]] = {
        "charge": lambda: village.treasurer.record(e.LoanCharged(loan, 1, 1, "penalty", 40, 1)),
        "waive": lambda: village.agree(
            village.chairperson.record(e.LoanWaived(loan, 1, 1, "penalty", 15)), village.secretary
        ),
        "pay": lambda: village.treasurer.record(e.LoanRepaid(1, 1, loan, 100)),
    }
    for deed in order:
        deeds[deed]()
        village.meet()
    assert balance(village.book, PENALTIES) == -25
    assert income(village) == 75


def charged(instalment: int, write_off: bool) -> tuple[Village, bytes]:
    """A loan of 3002 from paper, in one instalment, charged 45 of interest."""
    village = Village()
    opening = e.OpeningBalanceSet(village.members[0], "loan", 3_002, 0, "2025-12-31")
    loan = village.treasurer.record(opening)
    village.meet()
    village.treasurer.record(e.LoanCharged(loan, 1, 1, "interest", 45, instalment))
    village.meet()
    for session, day in ((2, "2026-01-14"), (3, "2026-01-21")):
        village.secretary.record(e.MeetingOpened(1, session, day))
        village.meet()
    if write_off:
        village.agree(village.treasurer.record(e.LoanWrittenOff(loan, 1, 2, 858)))
    return village, loan


@pytest.mark.parametrize("write_off", [False, True])
@pytest.mark.parametrize("instalment", [0, 1, 2, 600])
def test_a_charge_has_one_place_and_a_wrong_instalment_is_pointed_out(
    instalment: int, write_off: bool
) -> None:
    village, loan = charged(instalment, write_off)
    village.treasurer.record(e.LoanRepaid(1, 2, loan, 717))
    village.treasurer.record(e.LoanRepaid(1, 3, loan, 896))
    village.meet()
    assert income(village) == 45
    assert balance(village.book, LOANS, loan.hex()) == 3_002 - 858 * write_off - (717 + 896 - 45)
    found = findings(village.book, "charge_misplaced")
    assert bool(found) is (instalment > 1)
    if found:
        assert len(found[0].entries) == 1
        village.chairperson.record(e.EntryReversed(1, 3, bytes.fromhex(found[0].entries[0])))
        village.meet()
        assert not findings(village.book, "charge_misplaced")
        assert income(village) == 0


def test_a_charge_beyond_the_last_instalment_is_asked_for_with_the_last() -> None:
    terms = LoanTerms(300, "flat", disbursed_on="2026-01-07", periods=3)
    for paid in ((), (Payment("2026-01-08", 150),)):
        charge = Charge("2026-01-09", "fee", 20, 9)
        found = account(terms, (*paid, charge), "2026-01-10")
        assert [row.asked[1] for row in found.instalments] == [0, 0, 20]


def merged(village: Village, keep: bytes, drop: bytes) -> Iterator[None]:
    """Two officers agree that two members are one person; a step in between."""
    merger = village.secretary.record(e.MemberMerged(keep, drop, 1, 1))
    village.meet()
    yield
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    village.meet()
    yield


@pytest.mark.parametrize("before", [False, True])
def test_what_is_paid_from_savings_is_posted_under_the_name_it_was_written_with(
    before: bool,
) -> None:
    village = Village()
    keep, drop, _ = village.members
    village.secretary.record(e.SavingsDeposited(1, 1, drop, 500))
    loan = lent(village, drop)
    steps = merged(village, keep, drop)
    next(steps)
    if before:
        next(steps)
    payment = village.treasurer.record(e.LoanRepaid(1, 1, loan, 350, source="savings"))
    village.meet()
    if not before:
        next(steps)
    lines = entry_page(village.book, payment.hex()).lines
    assert lines[0] == (MEMBER_SAVINGS, drop.hex(), 350)
    assert sums(lines) == 0
    assert balance(village.book, MEMBER_SAVINGS, keep.hex()) == -150


def test_loans_under_both_names_are_one_borrowers_loans() -> None:
    village = Village()
    keep, drop, _ = village.members
    village.secretary.record(share(drop, 300))
    lent(village, drop)
    lent(village, keep, 500)
    list(merged(village, keep, drop))
    expected = (300, 1_500, 2)
    for name in (keep, drop):
        borrower = borrower_of(village.book, name.hex())
        assert tuple(borrower) == expected


@pytest.mark.parametrize("status", ["suspended", "inactive", "exited"])
def test_a_loan_handed_to_a_member_who_is_known_not_to_be_active_counts_and_is_said(
    status: Literal["suspended", "inactive", "exited"],
) -> None:
    village = Village()
    member = village.members[0]
    loan = asked(village, member)
    village.chairperson.record(e.LoanApproved(1, 1, loan, 1_000, "flat", 0, 4))
    village.meet()
    if status == "exited":
        village.agree(village.secretary.record(e.MemberExited(1, 1, member, "left", 0, 0)))
    else:
        village.chairperson.record(e.MemberStatusSet(member, status, "as agreed"))
        village.meet()
    assert findings(village.book, "loan_of_inactive_member")
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 1_000))
    village.meet()
    (item,) = findings(village.book, "not_active")
    assert item.amounts == (1_000,)
    assert balance(village.book, CASH_BOX) == -1_000
