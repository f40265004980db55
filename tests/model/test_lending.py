"""Loans in the book: limits, charges, new plans, default, write-off, guarantees."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.journal import balance
from model.loan_account import loan_account
from model.loan_facts import PAYMENTS_MAX
from model.loan_ledger import derive_loan
from model.views import loans_view
from tests.strategies import CONSTITUTION, Phone, Village, findings, share, sums

TEN_PERCENT = 100_000


class Lender(Village):
    """A village that lent 900 to its first member, with interest of 10 % a month."""

    def __init__(self, rules: e.LoanRules | None = None, method: Any = "reducing") -> None:
        super().__init__()
        agreed = rules or e.LoanRules()
        for member in self.members:
            self.secretary.record(e.SharePurchased(1, 1, member, 5, 500))
        self.loan = self.secretary.record(
            e.LoanApplied(1, 1, self.members[0], 900, "a sewing machine", 3)
        )
        self.meet()
        self.chairperson.record(
            e.LoanApproved(1, 1, self.loan, 900, method, TEN_PERCENT, 3, rules=agreed)
        )
        self.meet()

    def lend(self, **held_back: Any) -> Lender:
        self.treasurer.record(e.LoanDisbursed(1, 1, self.loan, 900, **held_back))
        self.meet()
        return self

    def open(self, session: int, day: str) -> None:
        self.secretary.record(e.MeetingOpened(1, session, day))
        self.meet()

    def repay(self, session: int, amount: int, line: int = 1, **more: Any) -> bytes:
        entry = self.treasurer.record(e.LoanRepaid(1, session, self.loan, amount, line, **more))
        self.meet()
        return entry

    def decide(self, event: e.Event, by: int = 3) -> bytes:
        """A decision that so many officers agree to."""
        decision = self.treasurer.record(event)
        self.meet()
        for phone in (self.chairperson, self.secretary)[: by - 1]:
            phone.record(e.ApprovalGiven(decision, 1, 1))
        self.meet()
        return decision

    @property
    def view(self) -> dict[str, Any]:
        (view,) = (row for row in loans_view(self.book, every=True))
        return view

    def account(self, code: str) -> int:
        return sum(amount for (account, _), amount in self.book.accounts.rows() if account == code)


def checked(village: Village) -> Book:
    """The book: every entry balances, and the sub-ledger is the account."""
    book = village.book
    for _, page in book.entries.rows():
        assert sums(page.lines) == 0
    for name, loan in book.loans.rows():
        if loan.by_account:
            found = loan_account(book, name, loan, "2199-12-31")
            newest = loan_account(book, name, loan, max(loan.starts_on, "2030-01-01"))
            assert found is not None
            assert newest is not None
            assert balance(book, "1100", name) == newest.principal_outstanding_minor
    return book


# 300 principal each; interest 90, 60, 30; due 7 February, 7 March, 7 April.


def test_a_plain_loan_is_split_by_the_sum_paid() -> None:
    village = Lender().lend()
    village.repay(1, 400)
    book = checked(village)
    assert village.account("4010") == -100
    assert balance(book, "1100", village.loan.hex()) == 600
    assert not book.loans.find(village.loan.hex()).by_account  # type: ignore[union-attr]


def test_a_charge_counts_once_for_an_instalment_whoever_recorded_it() -> None:
    village = Lender().lend()
    village.open(2, "2026-02-20")
    charge = e.LoanCharged(village.loan, 1, 2, "penalty", 39, 1)
    village.secretary.record(charge)
    village.treasurer.record(charge)
    village.meet()
    assert findings(village.book, "corroborated")
    assert village.view["penalty_outstanding_minor"] == 39
    village.repay(2, 50)
    book = checked(village)
    assert village.account("4020") == -39
    assert village.account("4010") == -11
    again = e.LoanCharged(village.loan, 1, 2, "penalty", 5, 1, line=2)
    village.secretary.record(again)
    village.meet()
    # The later charge comes first in the order of the day's facts: the payment is split anew.
    assert village.account("4020") == -44
    assert balance(book, "1010") == balance(checked(village), "1010")


def test_a_waiver_waits_for_officers_and_never_takes_more_than_there_is() -> None:
    village = Lender().lend()
    waiver = village.treasurer.record(e.LoanWaived(village.loan, 1, 1, "interest", 1_000))
    village.meet()
    assert village.view["interest_outstanding_minor"] == 180
    assert findings(village.book, "waits_for_approval")
    village.chairperson.record(e.ApprovalGiven(waiver, 1, 1))
    village.meet()
    assert village.view["interest_outstanding_minor"] == 0
    village.repay(1, 900)
    assert village.view["state"] == "repaid"
    assert village.account("4010") == 0
    checked(village)


def test_a_new_plan_keeps_what_was_paid_and_moves_the_rest() -> None:
    village = Lender().lend()
    village.repay(1, 390)
    village.open(2, "2026-03-01")
    village.decide(e.LoanRescheduled(village.loan, 1, 2, 2, "flat", 50_000, 2, "month"))
    view = village.view
    assert view["rescheduled"]
    assert [row["due_on"] for row in view["instalments"]] == [
        "2026-02-07",
        "2026-04-01",
        "2026-05-01",
    ]
    assert [row["owed_minor"] for row in view["instalments"]] == [0, 330, 330]
    checked(village)


def test_unpaid_interest_that_joins_a_new_plan_is_income_and_lent_anew() -> None:
    village = Lender().lend()
    village.open(2, "2026-02-20")
    village.decide(
        e.LoanRescheduled(village.loan, 1, 2, 2, "flat", 0, 3, "month", arrears="joined")
    )
    book = checked(village)
    assert balance(book, "1100", village.loan.hex()) == 990
    assert village.account("4010") == -90


def test_terms_without_a_schedule_are_pointed_out() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 500))
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 1_000, "seed", 12))
    village.meet()
    step = e.LoanApproved(1, 1, loan, 1_000, "reducing_instalment", TEN_PERCENT, 12, "month", 1_000)
    village.chairperson.record(step)
    village.meet()
    assert findings(village.book, "loan_terms_impossible")
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 1_000))
    village.meet()
    assert findings(village.book, "loan_terms_impossible")
    assert loans_view(village.book)[0]["interest_outstanding_minor"] == 0


def test_a_new_plan_that_cannot_be_changes_nothing() -> None:
    village = Lender().lend()
    village.decide(e.LoanRescheduled(village.loan, 1, 1, 9, "flat", 0, 3, "month"))
    assert not village.view["rescheduled"]
    assert [row["owed_minor"] for row in village.view["instalments"]] == [390, 360, 330]
    assert findings(village.book, "new_plan_impossible")


def test_a_decision_bears_from_the_meeting_in_which_the_last_officer_agreed() -> None:
    village = Lender().lend()
    waiver = village.treasurer.record(e.LoanWaived(village.loan, 1, 1, "interest", 180))
    village.meet()
    village.open(2, "2026-02-07")
    village.repay(2, 390)
    village.open(3, "2026-02-14")
    village.chairperson.record(e.ApprovalGiven(waiver, 1, 3))
    village.meet()
    checked(village)
    # What was paid before keeps its split; the interest still to come is spared.
    assert village.account("4010") == -90
    assert village.view["interest_outstanding_minor"] == 0


def test_a_write_off_shrinks_to_what_a_repayment_elsewhere_left() -> None:
    village = Lender().lend()
    village.open(2, "2026-09-01")
    written = village.treasurer.record(e.LoanWrittenOff(village.loan, 1, 2, 900))
    paid = village.secretary.record(e.LoanRepaid(1, 2, village.loan, 490))  # knew nothing of it
    village.meet()
    for phone in (village.chairperson, village.secretary):
        phone.record(e.ApprovalGiven(written, 1, 2))
    village.meet()
    book = checked(village)
    # 490: 90 interest and 300, then 60 and 40; 560 of principal are lost.
    assert village.account("5020") == 560
    assert balance(book, "1100", village.loan.hex()) == 0
    assert village.view["state"] == "written_off"
    village.open(3, "2026-10-01")
    village.secretary.record(e.LoanRecovered(village.loan, 1, 3, 100))
    village.meet()
    assert village.account("4060") == -100
    assert village.view["recovered_minor"] == 100
    village.treasurer.record(e.EntryReversed(1, 3, paid, "never received"))
    village.meet()
    checked(village)
    assert village.account("5020") == 900


def test_money_for_a_loan_that_was_written_off_is_a_recovery_and_more_is_the_members() -> None:
    village = Lender().lend()
    village.open(2, "2026-09-01")
    village.decide(e.LoanWrittenOff(village.loan, 1, 2, 900))
    village.open(3, "2026-10-01")
    village.repay(3, 1_200)
    checked(village)
    assert village.account("4060") == -1_080  # 900 principal and 180 of interest given up
    assert village.account("2030") == -120
    (finding,) = findings(village.book, "overpaid_loan")
    assert finding.amounts == (120,)


def test_approved_here_and_refused_there_is_contested_and_no_money_is_expected() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(share(member, 500))
    loan = village.secretary.record(e.LoanApplied(1, 1, member, 100, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 100, "flat", TEN_PERCENT, 2))
    refusal = village.treasurer.record(e.LoanRefused(loan, 1, 1, "rejected"))
    village.meet()
    assert findings(village.book, "loan_contested")
    assert loans_view(village.book)[0]["state"] == "contested"
    village.secretary.record(e.EntryReversed(1, 1, refusal, "agreed after all"))
    village.meet()
    assert not findings(village.book, "loan_contested")
    assert loans_view(village.book)[0]["state"] == "approved"


def test_a_refusal_by_one_who_knew_the_approval_ends_the_request() -> None:
    village = Lender()
    village.treasurer.record(e.LoanRefused(village.loan, 1, 1, "cancelled"))
    village.meet()
    assert village.view["state"] == "cancelled"
    assert loans_view(village.book) == []
    village.chairperson.record(e.LoanApproved(1, 1, village.loan, 900, "reducing", TEN_PERCENT, 3))
    village.meet()
    assert village.view["state"] in ("cancelled", "approved")
    village.lend()
    assert findings(village.book, "loan_refused_but_paid") or village.view["state"] == "active"


def test_a_refusal_after_the_money_was_handed_over_has_no_effect() -> None:
    village = Lender().lend()
    village.chairperson.record(e.LoanRefused(village.loan, 1, 1, "rejected"))
    village.meet()
    assert findings(village.book, "loan_was_handed_over")
    assert village.view["state"] == "active"


def test_fees_and_interest_kept_back_are_income_at_once() -> None:
    rules = e.LoanRules(method="upfront", fee_minor=20)
    village = Lender(rules, "flat").lend(fee_minor=20, interest_minor=270)
    book = checked(village)
    assert balance(book, "1010") == 1_500 - (900 - 290)
    assert (village.account("4040"), village.account("4010")) == (-20, -270)
    assert [row["interest_minor"] for row in village.view["instalments"]] == [0, 0, 0]
    assert not findings(book, "loan_held_back_differs")
    less = Lender(rules, "flat").lend(interest_minor=270)
    (finding,) = findings(less.book, "loan_held_back_differs")
    assert finding.amounts == (270, 290)
    whole = Lender(rules, "flat").lend(fee_minor=900)
    assert findings(whole.book, "held_back_too_much")
    assert whole.view["state"] == "approved"


def test_what_the_social_fund_lends_earns_for_the_social_fund() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(e.SocialContributed(1, 1, village.members[1], 1_000))
    village.secretary.record(share(member, 500))
    loan = village.secretary.record(
        e.LoanApplied(1, 1, member, 300, "hospital", 1, fund="social_fund")
    )
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 300, "flat", TEN_PERCENT, 1))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 300, "social"))
    village.meet()
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 330, channel="social"))
    village.meet()
    book = checked(village)
    assert balance(book, "1020") == 1_030
    assert balance(book, "3010") == -1_030
    assert balance(book, "4010") == 0


def test_interest_by_time_stands_from_the_day_that_it_accrued() -> None:
    rules = e.LoanRules(method="service_charge", rate_per="month", principal_at_end=True)
    village = Lender(rules, "flat").lend()
    village.open(2, "2026-03-10")  # 62 days: two months
    assert village.view["interest_outstanding_minor"] == 180
    village.repay(2, 200)
    assert (village.account("4010"), village.view["principal_outstanding_minor"]) == (-180, 880)
    village.open(3, "2026-12-01")
    assert village.view["interest_outstanding_minor"] == 90  # the term was three months
    checked(village)


def test_paying_early_spares_interest_where_the_terms_say_so() -> None:
    village = Lender(e.LoanRules(early="to_period")).lend()
    village.open(2, "2026-01-20")
    village.repay(2, 990)
    checked(village)
    assert village.view["state"] == "repaid"
    assert village.account("4010") == -90
    assert not findings(village.book, "overpaid_loan")


def test_interest_of_all_late_instalments_comes_first_where_agreed() -> None:
    rules = e.LoanRules(bucket_by_bucket=True, allocation="interest_principal_penalty_fee")
    village = Lender(rules).lend()
    village.open(2, "2026-03-08")  # two instalments are late: 90 and 60 of interest
    village.repay(2, 160)
    checked(village)
    assert village.account("4010") == -150
    assert village.view["principal_outstanding_minor"] == 890


def test_a_guarantor_pays_out_of_own_savings() -> None:
    village = Lender().lend()
    borrower, guarantor, _ = village.members
    village.secretary.record(e.GuaranteeGiven(village.loan, guarantor, 400))
    village.open(2, "2026-06-01")
    village.decide(e.GuaranteeCalled(village.loan, 1, 2, guarantor, 400), by=2)
    (finding,) = findings(village.book, "guarantee_called")
    assert finding.subject == guarantor.hex()
    village.repay(2, 390, source="shares", payer=guarantor)
    book = checked(village)
    assert balance(book, "2010", guarantor.hex()) == -110
    assert balance(book, "2010", borrower.hex()) == -500
    stranger = village.members[2]
    village.treasurer.record(e.GuaranteeCalled(village.loan, 1, 2, stranger, 400))
    assert findings(village.treasurer.book, "no_guarantor")


def test_nobody_is_guarantor_of_an_own_loan() -> None:
    village = Village()
    member = village.members[0]
    own = (e.Guarantee(member, 50),)
    village.secretary.record(e.LoanApplied(1, 1, member, 100, "seed", 2, guarantors=own))
    assert findings(village.secretary.book, "own_guarantee")
    lent = Lender()
    lent.secretary.record(e.GuaranteeGiven(lent.loan, lent.members[0], 50))
    assert findings(lent.secretary.book, "own_guarantee")


def test_promises_beyond_the_cash_name_all_of_them() -> None:
    village = Lender()
    other = village.secretary.record(e.LoanApplied(1, 1, village.members[1], 800, "seed", 2))
    village.meet()
    assert not findings(village.book, "loans_unfunded")
    village.chairperson.record(e.LoanApproved(1, 1, other, 800, "reducing", TEN_PERCENT, 2))
    village.meet()
    (finding,) = findings(village.book, "loans_unfunded")
    assert finding.amounts == (1_700, 1_500)
    assert len(finding.entries) == 2
    village.lend()
    (left,) = findings(village.book, "loans_unfunded")
    assert left.amounts == (800, 600)


def test_requests_beyond_the_rules_say_by_how_much() -> None:
    founder = Phone("one phone", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(replace(CONSTITUTION, loans_open_max=1, guarantors_min=2, loan_periods_max=2))
    borrower = founder.record(e.MemberAdded(1, "2026-01-01"))
    guarantor = founder.record(e.MemberAdded(2, "2026-01-01"))
    founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
    founder.record(share(borrower, 100))
    founder.record(share(guarantor, 100))
    stands = (e.Guarantee(guarantor, 150),)
    founder.record(e.LoanApplied(1, 1, borrower, 400, "seed", 3, guarantors=stands))
    founder.record(e.MemberStatusSet(borrower, "suspended"))
    told = {
        code: findings(founder.book, code)[0].amounts
        for code in (
            "loan_over_savings",
            "loan_too_long",
            "guarantor_overcommitted",
            "guarantors_missing",
            "loan_of_inactive_member",
        )
    }
    assert told == {
        "loan_over_savings": (400, 300),
        "loan_too_long": (3, 2),
        "guarantor_overcommitted": (150, 100),
        "guarantors_missing": (1, 2),
        "loan_of_inactive_member": (400,),
    }


def test_late_loans_penalties_and_default_follow_the_newest_meeting() -> None:
    rules = e.LoanRules(penalty="percent", penalty_ppm=TEN_PERCENT)
    village = Lender(rules).lend()
    village.open(2, "2026-02-07")
    assert not findings(village.book, "loan_overdue")
    village.open(3, "2026-02-17")
    (late,) = findings(village.book, "loan_overdue")
    assert late.amounts == (390, 10, 1_080)
    (penalty,) = findings(village.book, "penalty_due")
    assert penalty.amounts == (39, 1, 10)
    village.secretary.record(e.LoanCharged(village.loan, 1, 3, "penalty", 39, 1))
    village.meet()
    assert not findings(village.book, "penalty_due")
    village.open(4, "2026-07-01")
    assert findings(village.book, "loan_default_due")
    village.decide(e.LoanDefaulted(village.loan, 1, 4), by=2)
    assert village.view["state"] == "defaulted"
    assert findings(village.book, "loan_in_default")
    village.repay(4, 2_000)
    assert village.view["state"] == "repaid"
    assert not findings(village.book, "loan_in_default")


def test_a_flood_of_payments_is_followed_only_so_far() -> None:
    village = Lender(e.LoanRules(method="service_charge", rate_per="month"), "flat").lend()
    for line in range(1, PAYMENTS_MAX + 11):
        village.treasurer.record(e.LoanRepaid(1, 1, village.loan, 1, line))
    village.meet()
    book = checked(village)
    loan = book.loans.find(village.loan.hex())
    assert loan is not None
    assert (loan.paid_minor, loan.set_aside_minor) == (PAYMENTS_MAX, 10)
    assert village.account("2030") == -10
    derive_loan(book, village.loan.hex())
    assert book.loans.find(village.loan.hex()) == loan


def test_who_floods_a_loan_with_charges_silences_no_other() -> None:
    village = Lender().lend()
    for line in range(1, 61):
        village.treasurer.record(e.LoanCharged(village.loan, 1, 1, "fee", 1, 1, line))
    village.meet()
    assert village.view["fee_outstanding_minor"] == 48
    village.secretary.record(e.LoanCharged(village.loan, 1, 1, "penalty", 7, 1))
    village.meet()
    assert village.view["penalty_outstanding_minor"] == 7
