"""Whatever rules officers give a loan: cash is what was handed over, and every entry balances."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.structs import replace

from model import events as e
from model.journal import balance
from model.loan_account import loan_account
from model.loan_facts import guarantors_of
from model.loan_terms import (
    agreement_from,
    agreement_text,
    allocation_of,
    interest_of,
    order_of,
    penalty_of,
    terms_of,
)
from model.loan_watch import guaranteed_by, penalties_open
from model.reckoning.accrual import EarlyPolicy
from model.reckoning.allocation import check_rule
from model.reckoning.rates import DAY_COUNTS, percent
from model.reckoning.terms import LoanTerms, RoundingRule
from tests.model.apart import told
from tests.model.drawn_events import _value
from tests.model.laws import assert_balanced, assert_shown
from tests.model.test_lending import TEN_PERCENT, Lender, checked
from tests.strategies import CONSTITUTION, Phone, Village, findings, share

PAID_IN = 3 * 500  # shares, before anything is lent

RULES = (
    e.LoanRules(rate_per="period", day_count="actual_365", every=2),
    e.LoanRules(meeting_days=True),
    e.LoanRules(fee_ppm=20_000),
    e.LoanRules(fee_minor=2_000),  # more than the loan: no schedule has it
    e.LoanRules(penalty="percent", penalty_ppm=TEN_PERCENT, penalty_basis="principal_and_interest"),
    e.LoanRules(penalty="flat", penalty_minor=5, penalty_basis="principal"),
    e.LoanRules(method="interest_only", rate_per="year", day_count="30_360"),
    e.LoanRules(principal_grace=1, interest_free=1),
)


def lived(rules: e.LoanRules, **held_back: Any) -> Lender:
    """A loan of 900 with these rules, a charge, three payments, and half a year gone by."""
    village = Lender(rules).lend(**held_back)
    village.open(2, "2026-02-20")
    village.secretary.record(e.LoanCharged(village.loan, 1, 2, "fee", 30, 1))
    village.repay(2, 200)
    village.open(3, "2026-07-15")
    village.repay(3, 30)
    village.repay(3, 150, 2)
    return village


def assert_cash(village: Lender, kept_minor: int = 0) -> None:
    book = checked(village)
    assert balance(book, "1010") == PAID_IN - 900 + kept_minor + 380
    assert_balanced(book)
    assert_shown(book)


@pytest.mark.parametrize("rules", RULES, ids=repr)
def test_a_loan_by_rare_rules_moves_the_cash_that_moved(rules: e.LoanRules) -> None:
    village = lived(rules)
    assert_cash(village)
    assert village.account("4030") <= 0
    page = village.book.loans.find(village.loan.hex())
    assert page is not None
    assert page.paid_minor == 380
    basis = penalty_of(page).basis
    said = (page.rules or e.LoanRules()).penalty_basis
    assert basis == ("principal_interest" if said == "principal_and_interest" else said)


def test_a_fee_that_leaves_nothing_to_hand_over_is_pointed_out() -> None:
    village = Lender(e.LoanRules(fee_minor=2_000))
    (finding,) = findings(village.book, "loan_fee_impossible")
    assert "is KES 20.00" in finding.sentence
    assert "loan of KES 9.00" in finding.sentence
    village.lend()
    assert findings(told(village), "loan_fee_impossible")
    approval = next(
        identity
        for identity, entry in village.chairperson.known.items()
        if isinstance(entry.event, e.LoanApproved)
    )
    village.agree(village.secretary.record(e.EntryReversed(1, 1, approval, "too dear")))
    assert not findings(told(village), "loan_fee_impossible")


@pytest.mark.parametrize("fee", [0, 629, 630, 899, 900])
def test_a_fee_is_too_large_when_nothing_is_left_beside_interest_at_once(fee: int) -> None:
    """Interest of 270 is kept back from 900 when they are handed over, and so is the fee."""
    village = Lender(e.LoanRules(method="upfront", upfront="deducted", fee_minor=fee))
    assert bool(findings(village.book, "loan_fee_impossible")) is (fee >= 900)
    village.lend()
    assert bool(findings(village.book, "loan_fee_impossible")) is (fee + 270 >= 900)
    assert not findings(village.book, "loan_terms_impossible")
    assert_shown(village.book)


def drawn_rules() -> st.SearchStrategy[e.LoanRules]:
    """Any rules at all, by the types of their fields."""
    told_of = inspect.type_info(e.LoanRules)
    assert isinstance(told_of, inspect.StructType)
    return st.builds(e.LoanRules, **{field.name: _value(field.type) for field in told_of.fields})


@settings(max_examples=40, deadline=None)
@given(drawn_rules(), st.sampled_from([0, 10]))
def test_a_loan_by_any_rules_moves_the_cash_that_moved(rules: e.LoanRules, kept: int) -> None:
    assert_cash(lived(rules, fee_minor=kept), kept)


def test_a_rate_of_every_second_month_counted_by_days_is_that_of_one() -> None:
    rules = e.LoanRules(day_count="actual_365", every=2)
    ((_, loan),) = Lender(rules).lend().book.loans.rows()
    terms = terms_of(loan)
    assert terms is not None
    assert (terms.rate.numerator, terms.rate.denominator, terms.rate.per) == (
        TEN_PERCENT,
        2_000_000,
        "month",
    )


def test_a_first_due_day_moves_every_instalment() -> None:
    later = Lender.__new__(Lender)
    Village.__init__(later)
    later.loan = later.secretary.record(e.LoanApplied(1, 1, later.members[0], 900, "seed", 3))
    later.meet()
    approval = e.LoanApproved(
        1, 1, later.loan, 900, "reducing", TEN_PERCENT, 3, first_due_on="2026-03-09"
    )
    later.chairperson.record(approval)
    later.meet()
    later.lend()
    later.open(2, "2026-03-10")
    later.repay(2, 100)
    ((_, loan),) = later.book.loans.rows()
    terms = terms_of(loan)
    assert terms is not None
    assert terms.due.first_due_on == "2026-03-09"
    found = loan_account(later.book, *next(iter(later.book.loans.rows())), "2026-03-10")
    assert found is not None
    assert [row.due_on for row in found.instalments] == ["2026-03-09", "2026-04-09", "2026-05-09"]


def test_terms_that_differ_from_the_rules_are_told_apart() -> None:
    village = Lender()
    rules = e.LoanRules(fee_minor=5)
    approval = e.LoanApproved(1, 1, village.loan, 900, "flat", 50_000, 9, "week", rules=rules)
    village.chairperson.record(approval)
    sentences = " ".join(
        finding.sentence for finding in findings(village.chairperson.book, "terms_differ")
    )
    for words in (
        "lower interest",
        "instalments by the week",
        "more instalments",
        "other rules for fees, penalties or grace",
    ):
        assert words in sentences
    dearer = e.LoanApproved(1, 1, village.loan, 900, "reducing", 150_000, 3)
    village.secretary.record(dearer)


def test_guarantees_of_a_request_and_later_ones_are_what_members_answer_for() -> None:
    village = Village()
    for member in village.members:
        village.secretary.record(share(member, 500))
    first, second, third = village.members
    loans = [
        village.secretary.record(
            e.LoanApplied(1, 1, first, 400, "seed", 3, line, guarantors=(e.Guarantee(second, 150),))
        )
        for line in (1, 2)
    ]
    village.meet()
    village.secretary.record(e.GuaranteeGiven(loans[0], third, 70))
    village.meet()
    for loan in loans:
        village.chairperson.record(
            e.LoanApproved(1, 1, loan, 100 if loan == loans[1] else 400, "flat", 0, 3)
        )
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loans[0], 400))
    village.meet()
    book = told(village)
    said = dict(guarantors_of(book, loans[0].hex()))
    assert said == {second.hex(): 150, third.hex(): 70}
    # Of the second loan only 100 was approved: nobody answers for more than is owed.
    assert guaranteed_by(book, second.hex()) == 150 + 100
    assert guaranteed_by(book, second.hex(), without=loans[0].hex()) == 100
    assert guaranteed_by(book, third.hex()) == 70


def test_who_guarantees_a_loan_to_himself_is_no_finding_of_savings() -> None:
    founder = Phone("one phone", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(replace(CONSTITUTION, guarantors_min=1))
    borrower = founder.record(e.MemberAdded(1, "2026-01-01"))
    founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
    founder.record(share(borrower, 500))
    own = (e.Guarantee(borrower, 150),)
    founder.record(e.LoanApplied(1, 1, borrower, 400, "seed", 3, guarantors=own))
    assert not findings(founder.book, "guarantor_overcommitted")
    assert_shown(founder.book)


def test_a_guarantee_that_was_called_and_taken_back_is_shown_no_more() -> None:
    village = Village()
    village.secretary.record(share(village.members[1], 1_000))
    village.meet()
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    village.secretary.record(e.GuaranteeGiven(loan, village.members[1], 300))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
    village.meet()
    call = village.treasurer.record(e.GuaranteeCalled(loan, 1, 1, village.members[1], 200))
    village.agree(call)
    assert findings(village.book, "guarantee_called")
    taken_back = village.chairperson.record(e.EntryReversed(1, 1, call, "he paid"))
    village.agree(taken_back)
    assert not findings(village.book, "guarantee_called")


def test_a_loan_in_a_meeting_without_a_day_is_neither_late_nor_called() -> None:
    founder = Phone("one phone", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(CONSTITUTION)
    borrower = founder.record(e.MemberAdded(1, "2026-01-01"))
    loan = founder.record(e.LoanApplied(1, 1, borrower, 400, "seed", 3))
    founder.record(e.LoanApproved(1, 1, loan, 400, "flat", 0, 3))
    founder.record(e.LoanDisbursed(1, 1, loan, 400))
    book = founder.book
    assert not findings(book, "loan_overdue")
    ((name, page),) = book.loans.rows()
    assert loan_account(book, name, page, "2026-12-31") is None
    assert penalties_open(book, name, page, "2026-12-31") == []
    assert_shown(book)


def test_what_is_written_off_of_a_loan_that_is_paid_posts_nothing() -> None:
    village = Lender().lend()
    village.repay(1, 1_080)
    village.decide(e.LoanWrittenOff(village.loan, 1, 1, 100))
    book = checked(village)
    assert village.account("5020") == village.account("1100") == 0
    assert_balanced(book)


def test_a_loan_whose_fund_was_decided_later_moves_its_lines_there() -> None:
    """Two officers wrote one request for two funds; the choice among them moves the payout."""
    village = Village()
    for member in village.members:
        village.secretary.record(share(member, 500))
    village.meet()
    member = village.members[0]
    plain = village.secretary.record(e.LoanApplied(1, 1, member, 300, "seed", 2))
    village.treasurer.record(e.LoanApplied(1, 1, member, 300, "seed", 2, fund="social_fund"))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, plain, 300, "flat", TEN_PERCENT, 2))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, plain, 300, fee_minor=10))
    village.meet()
    social = next(
        identity
        for identity, entry in village.secretary.known.items()
        if isinstance(entry.event, e.LoanApplied) and entry.event.fund == "social_fund"
    )
    before = told(village)
    income = {code: balance(before, code) for code in ("2100", "4020", "4030", "4040")}
    choice = village.chairperson.record(e.ConflictResolved(social, 1, 1, "it was for a funeral"))
    village.agree(choice)
    after = told(village)
    assert_balanced(after)
    assert {code: balance(after, code) for code in income} != income


def test_a_new_agreement_is_read_as_it_was_written() -> None:
    old = LoanTerms(900, "flat", percent("10"), 3, "2026-01-31", rounding=RoundingRule("floor"))
    rules = e.LoanRules(rate_per="year", principal_grace=1, every=2)
    loan = bytes(17)
    for agreed, arrears in ((e.LoanRules(), "kept"), (rules, "joined")):
        written = e.LoanRescheduled(
            loan,
            1,
            2,
            2,
            "reducing",
            50_000,
            6,
            "week",
            "2026-03-02",
            agreed,
            arrears,  # type: ignore[arg-type]
        )
        said, terms = agreement_from(agreement_text(written), old)
        assert (said, terms.method, terms.periods) == (arrears, "reducing", 6)
        assert (terms.rate.numerator, terms.due.unit) == (50_000, "week")
        assert terms.due.first_due_on == "2026-03-02"
        assert terms.rounding == old.rounding
        assert (terms.rate.per, terms.due.every) == (agreed.rate_per, agreed.every)
        assert terms.grace.principal == agreed.principal_grace


def test_whatever_may_be_agreed_about_a_loan_has_a_meaning_for_the_reckoning() -> None:
    """Each choice that the rules of a loan offer is one that the reckoning knows."""
    told_of = inspect.type_info(e.LoanRules)
    assert isinstance(told_of, inspect.StructType)
    ((_, page),) = Lender().lend().book.loans.rows()
    choices = {
        field.name: field.type.values
        for field in told_of.fields
        if isinstance(field.type, inspect.LiteralType)
    }
    assert {"advance", "allocation", "day_count", "early"} <= choices.keys()
    for name, values in choices.items():
        for value in values:
            loan = replace(page, rules=replace(e.LoanRules(), **{name: value}))
            check_rule(allocation_of(loan))
            assert interest_of(loan).early in get_args(EarlyPolicy)
            terms = terms_of(loan)
            assert terms is not None
            assert terms.day_count in DAY_COUNTS
            assert order_of(loan) == allocation_of(loan).order
