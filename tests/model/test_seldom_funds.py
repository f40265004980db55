"""Receipts, rotations, verdicts and payouts where they are rare: shared, repeated, beyond count."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from model import events as e
from model.claims import said
from model.journal import balance, entry_page
from model.known import known_to_count
from model.receipts import SHARED_MAX
from model.reckoning.allocation import LoanDebt, share_over_loans
from model.reckoning.arrears import standing_by_sum
from model.reckoning.eligibility import (
    Borrower,
    Guarantor,
    LendingLimits,
    Request,
    reasons_against,
)
from model.reckoning.lines import interest_due
from model.reckoning.rates import Rate, percent
from model.reckoning.schedules import schedule
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Capital, Fund, Saver, ShareOutRules
from model.reckoning.terms import Fee, Grace, LoanTerms, RoundingRule
from model.shareouts import shareout_of
from model.standing import CLAIMS_EACH, CLAIMS_MAX
from model.stopped import VERDICTS_EACH
from tests.model.apart import lent, status, told
from tests.model.laws import assert_balanced, assert_prefix, assert_shown
from tests.model.stopped_phones import Stolen
from tests.model.test_one_too_many import copies
from tests.model.test_receipts import MOBILE, UNALLOCATED, receipt
from tests.model.test_shareouts import agree, confirmed, earned
from tests.strategies import Phone, Village, findings, savings, share

# Receipts


def test_one_entry_is_the_purpose_of_as_many_receipts_as_are_followed() -> None:
    village = Village()
    names = [
        village.treasurer.record(receipt(10, f"R{number}")) for number in range(SHARED_MAX + 1)
    ]
    saved = village.treasurer.record(e.SavingsDeposited(1, 1, village.members[0], 10, 1, "mobile"))
    said_so = [village.treasurer.record(e.PaymentMatched(name, saved, 1, 1)) for name in names]
    book = village.treasurer.book
    pages = [entry_page(book, name.hex()) for name in said_so]
    assert [page.status for page in pages] == ["counted"] * SHARED_MAX + ["void"]
    assert findings(book, "too_many")
    assert_balanced(book)
    assert_shown(book)


def test_an_entry_that_draws_from_two_receipts_takes_of_each_its_part() -> None:
    village = Village()
    names = [
        village.treasurer.record(receipt(amount, reference))
        for amount, reference in ((300, "QX1"), (200, "QX2"))
    ]
    drawn = e.SavingsDeposited(1, 1, village.members[0], 400, 1, "mobile", "receipts")
    saved = village.treasurer.record(drawn)
    for name in names:
        village.treasurer.record(e.PaymentMatched(name, saved, 1, 1))
    book = village.treasurer.book
    left = sorted(page.left_minor for _, page in book.receipts.rows())
    assert sum(left) == 100
    assert left[0] == 0
    assert balance(book, MOBILE) == 500
    assert balance(book, UNALLOCATED) == -100
    assert_balanced(book)


def test_an_entry_with_a_receipt_is_not_offered_for_another() -> None:
    village = Village()
    member = village.members[0]
    saved = village.treasurer.record(e.SavingsDeposited(1, 1, member, 500, 1, "mobile"))
    village.treasurer.record(e.ExpensePaid(1, 1, "airtime", 20, "mobile"))
    first = village.treasurer.record(receipt(500, "QX1"))
    assert findings(village.treasurer.book, "receipt_maybe_known")
    village.treasurer.record(e.PaymentMatched(first, saved, 1, 1))
    village.treasurer.record(receipt(500, "QX2"))
    book = village.treasurer.book
    assert not findings(book, "receipt_maybe_known")
    assert findings(book, "unmatched_receipt")


def test_one_reference_under_two_kinds_of_entries_is_pointed_out() -> None:
    village = Village()
    first, second, _ = village.members
    loans = [
        village.secretary.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
        for member in (first, second)
    ]
    village.meet()
    for loan in loans:
        village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    village.meet()
    for loan in loans:
        village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
        village.treasurer.record(e.LoanRepaid(1, 1, loan, 100, 1, "mobile", "QX9"))
    book = village.treasurer.book
    assert_prefix(book)
    assert_balanced(book)
    assert_shown(book)


# Rotations and share-outs


def test_who_holds_every_slot_forgoes_nothing_to_others() -> None:
    village = Village()
    member = village.members[0]
    rotation = village.secretary.record(e.RotationStarted(1, 1, 100, (member, member), "bid"))
    village.agree(rotation)
    paid = e.RotationPaidOut(rotation, 1, 1, 1, member, 180, discount_minor=20, sharers="others")
    entry = village.treasurer.record(paid)
    book = village.treasurer.book
    assert_prefix(book)
    assert_balanced(book)
    assert entry_page(book, entry.hex()).kind == "rotation.paid_out"


def test_a_share_out_is_none_until_officers_agree() -> None:
    village = Village()
    earned(village, (3, 2, 1), 61)
    target = confirmed(village)
    assert shareout_of(village.book, 1) == ""
    agree(village, target)
    assert shareout_of(village.book, 1) == target.hex()


# Reversals


def test_reversals_of_one_entry_are_followed_up_to_a_number() -> None:
    village = Village()
    bought = village.treasurer.record(share(village.members[0], 300))
    village.meet()
    reversals = [
        copy.record(e.EntryReversed(1, 1, bought, "not so"))
        for copy in copies(village, CLAIMS_MAX + 1)
    ]
    book = village.book
    pages = [entry_page(book, one.hex()) for one in reversals]
    assert pages[-1].reasons == ("too_many",)
    assert savings(book, village.members[0]) == 0
    assert_balanced(book)


def test_a_stopped_phone_leaves_room_for_reversals_of_others() -> None:
    world = Stolen("secretary")
    village = world.village
    bought = village.treasurer.record(share(village.members[0], 300))
    village.meet()
    world.spared = set(world.thief.known)
    held = [
        world.thief.record(e.EntryReversed(1, 1, bought, "mine now"))
        for _ in range(CLAIMS_EACH + 2)
    ]
    village.meet()
    assert savings(world.book, village.members[0]) == 300
    assert world.page(held[-1]).status == "void"
    own = village.chairperson.record(e.EntryReversed(1, 1, bought, "truly"))
    village.meet()
    assert world.page(own).status != "void"


# Verdicts on a stopped phone


def test_verdicts_of_one_officer_are_followed_up_to_a_number() -> None:
    world = Stolen()
    village = world.village
    entry = world.thief.record(share(village.members[0], 300))
    village.meet()
    verdicts = [
        village.secretary.record(kind(world.thief.device, (entry,), 1, 1))
        for _ in range(VERDICTS_EACH // 2 + 2)
        for kind in (e.SuspenseRatified, e.SuspenseRejected)
    ]
    village.meet()
    assert world.page(verdicts[-1]).status == "void"
    assert "too_many" in world.page(verdicts[-1]).reasons
    assert_shown(world.book)


def test_a_verdict_on_one_phone_says_nothing_of_another() -> None:
    world = Stolen()
    village = world.village
    entry = world.thief.record(share(village.members[0], 300))
    village.meet()
    verdict = village.secretary.record(
        e.SuspenseRatified(village.chairperson.device, (entry,), 1, 1)
    )
    village.meet()
    page = world.page(verdict)
    assert (page.status, page.reasons) == ("void", ("other_device",))


# What an author knew


def test_who_ends_a_cycle_sweeps_what_was_known_to_count() -> None:
    """Ratified or not, known or not, of a meeting or of none: each way once."""
    world = Stolen()
    village = world.village
    fine = e.FinePaid(1, 1, village.members[0], 50, 1)
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.meet()
    world.spared = set(world.thief.known)
    held = world.thief.record(fine)
    world.ratified(held)
    past = frozenset(village.secretary.known)
    book = world.book
    assert known_to_count(book, held.hex(), past)
    assert not known_to_count(book, held.hex(), frozenset())
    own = village.secretary.record(e.FineLevied(1, 1, village.members[1], "late", 50))
    past = frozenset(village.secretary.known)
    village.meet()
    assert known_to_count(world.book, own.hex(), past)
    village.agree(village.secretary.record(e.MeetingClosed(1, 1, ())))
    apart = Phone("apart", "Achieng")
    apart.learns_from(village.chairperson)
    village.phones.append(apart)
    asked = apart.record(e.CycleClosed(1, "2026-12-31"))
    village.treasurer.record(e.MemberProfileSet(village.members[0], 1, "female", 1990))
    village.agree(asked)
    village.meet()
    assert_balanced(world.book)


# Plain reckoning


def test_a_loan_that_is_paid_takes_no_part_of_a_payment() -> None:
    debts = [LoanDebt("a", "2026-01-01", 0), LoanDebt("b", "2026-02-01", 300)]
    shares, left = share_over_loans(debts, 500)
    assert [(one.name, one.amount_minor) for one in shares] == [("b", 300)]
    assert left == 200


def test_a_guarantor_who_has_enough_is_no_reason_against() -> None:
    limits = LendingLimits(savings_multiplier=3, periods_max=3, guarantee_part_ppm=500_000)
    amina = Guarantor("Amina", 10_000, part_minor=10_000)
    assert reasons_against(Request(20_000, 3), Borrower(10_000), limits, [amina]) == ()


def test_a_schedule_says_what_its_fees_are_together() -> None:
    terms = LoanTerms(
        90_000, "flat", percent("10"), 3, "2026-01-31",
        fees=(Fee(100, at="deducted"), Fee(30, at="each"), Fee(60, at="first")),
    )  # fmt: skip
    plan = schedule(terms)
    assert plan.fee_minor == 100 + 3 * 30 + 60
    assert plan.fee_minor == plan.fee_at_disbursement_minor + sum(
        row.fee_minor for row in plan.instalments
    )


def test_what_two_say_of_one_thing_is_compared_by_all_that_matters() -> None:
    village = Village()
    one = village.secretary.record(share(village.members[0], 300))
    other = village.treasurer.record(share(village.members[0], 300))
    book = told(village)
    assert said(entry_page(book, one.hex())) == said(entry_page(book, other.hex()))
    assert {status(village, one), status(village, other)} == {"counted", "corroborating"}


@pytest.mark.parametrize("capital", get_args(Capital))
def test_of_nothing_nobody_gets_anything(capital: Any) -> None:
    savers = [Saver(1, "Amina", 3, 0), Saver(2, "Baraka", 0, 0)]
    out = share_out(Fund(0), savers, ShareOutRules(capital=capital))
    assert [row.gross_minor for row in out.rows] == [0, 0]


@pytest.mark.parametrize("residue", ["first", "last"])
@pytest.mark.parametrize("free", [0, 1])
@pytest.mark.parametrize("step", [1, 50])
@pytest.mark.parametrize("method", ["flat", "reducing", "interest_only", "fixed_instalment"])
def test_wherever_rounding_goes_the_principal_is_repaid(
    method: Any, step: int, free: int, residue: Any
) -> None:
    terms = LoanTerms(
        1_000_01, method, percent("7"), 5, "2026-01-31",
        grace=Grace(interest_free=free),
        rounding=RoundingRule("half_even", 1, step, residue=residue),
        instalment_minor=30_000 if method == "fixed_instalment" else 0,
    )  # fmt: skip
    rows = schedule(terms).instalments
    assert sum(row.principal_minor for row in rows) == 1_000_01
    assert min(row.principal_minor for row in rows) >= 0
    assert rows[-1].balance_minor == 0


def test_an_instalment_of_nothing_is_never_late() -> None:
    terms = LoanTerms(900, "reducing", percent("0"), 3, "2026-01-31", grace=Grace(principal=2))
    stands = standing_by_sum(terms, 0, "2026-03-30")
    assert stands.late == ()
    assert len(standing_by_sum(terms, 0, "2026-05-30").late) == 1


def test_of_no_lines_no_interest_is_due() -> None:
    terms = LoanTerms(900, "reducing", percent("1"), 3, "2026-01-31")
    assert interest_due(terms, [], "2026-02-01", "sum_of_digits") == []


# Receipts that are shared


def test_of_what_is_drawn_no_part_is_of_a_receipt_that_was_matched_anew() -> None:
    village = Village()
    treasurer, member = village.treasurer, village.members[0]
    names = [
        treasurer.record(receipt(amount, reference))
        for amount, reference in ((300, "QX1"), (200, "QX2"), (100, "QX3"))
    ]
    drawn, other = (
        treasurer.record(e.SavingsDeposited(1, 1, member, amount, line, "mobile", "receipts"))
        for line, amount in ((1, 400), (2, 200))
    )
    for name in names:
        treasurer.record(e.PaymentMatched(name, drawn, 1, 1))
    treasurer.record(e.PaymentMatched(names[1], other, 1, 1))
    book = treasurer.book
    assert {page.left_minor for _, page in book.receipts.rows()} == {0}
    assert balance(book, UNALLOCATED) == 0
    assert_balanced(book)


def test_an_entry_that_names_the_reference_draws_on_its_receipt() -> None:
    village = Village()
    loan = lent(village)
    village.treasurer.record(receipt(300, "QX1"))
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 200, 1, "mobile", "qx 1", source="receipts"))
    book = village.treasurer.book
    ((_, page),) = book.receipts.rows()
    assert (page.state, page.left_minor) == ("matched", 100)
    assert balance(book, UNALLOCATED) == -100
    assert_balanced(book)


@pytest.mark.parametrize("told_of", ["", "before", "after"])
def test_two_kinds_of_money_under_one_reference_are_pointed_out(told_of: str) -> None:
    """Unless the provider told of it, before or after, and what came is the sum of both."""
    village = Village()
    loan = lent(village)
    treasurer = village.treasurer
    if told_of == "before":
        treasurer.record(receipt(170, "QX9"))
    treasurer.record(e.LoanRepaid(1, 1, loan, 100, 1, "mobile", "QX9"))
    treasurer.record(e.LoanRecovered(loan, 1, 1, 70, channel="mobile", provider_ref="QX9"))
    if told_of == "after":
        treasurer.record(receipt(170, "QX9"))
    book = treasurer.book
    assert bool(findings(book, "reference_twice")) is (not told_of)
    assert balance(book, MOBILE) == 170
    assert_balanced(book)
    assert_shown(book)


# Requests to pay out


def test_what_a_stopped_phone_paid_bars_nobody_from_calling_it_off() -> None:
    world = Stolen()
    village = world.village
    asked = village.secretary.record(
        e.WithdrawalRequested(1, 1, 600, "savings", village.members[0])
    )
    village.meet()
    world.spared = set(world.thief.known)
    world.thief.record(e.WithdrawalPaid(asked, 1, 1))
    village.meet()
    cancelled = village.secretary.record(e.WithdrawalCancelled(asked, 1, 1, "he was robbed"))
    village.meet()
    assert world.page(cancelled).status == "counted"
    ((_, page),) = world.book.withdrawals.rows()
    assert page.state == "cancelled"


def test_a_payment_that_stands_by_says_the_amount_that_was_asked_for_too() -> None:
    village = Village()
    secretary, treasurer, chairperson = village.phones[:3]
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    secretary.lamport += 50
    asked = chairperson.record(e.WithdrawalRequested(1, 1, 600, "savings", village.members[0]))
    for phone in (treasurer, old_phone):
        phone.learns_from(chairperson)
    payments = [phone.record(e.WithdrawalPaid(asked, 1, 1)) for phone in (treasurer, old_phone)]
    # The record keeper asked for less, apart from all that.
    secretary.record(e.WithdrawalRequested(1, 1, 500, "savings", village.members[0]))
    book = told(village)
    pages = [entry_page(book, one.hex()) for one in payments]
    assert sorted(page.status for page in pages) == ["corroborating", "counted"]
    assert {page.amount for page in pages} == {500}
    assert balance(book, "1010") == -500
    assert_balanced(book)


# Plain reckoning of what is rare


def test_an_instalment_of_nothing_after_an_unpaid_one_is_not_late() -> None:
    terms = LoanTerms(
        900, "reducing", percent("0"), 3, "2026-01-31",
        grace=Grace(principal=2), fees=(Fee(30, at="first"),),
    )  # fmt: skip
    assert [row.number for row in standing_by_sum(terms, 0, "2026-04-01").late] == [1]
    assert standing_by_sum(terms, 30, "2026-04-01").late == ()


@pytest.mark.parametrize(
    ("lent_minor", "rate", "periods", "rounding"),
    [
        (60_421, Rate(213_411, 10**6), 7, RoundingRule("floor", 1, 50)),
        (59_723, Rate(17_744, 10**6), 215, RoundingRule("ceiling", 5, 1)),
        (532_374_342, Rate(122_203, 10**6), 114, RoundingRule("ceiling", 1, 1)),
    ],
)
def test_a_level_that_is_moved_brings_the_last_instalment_nearer_to_the_others(
    lent_minor: int, rate: Rate, periods: int, rounding: RoundingRule
) -> None:
    """It is moved once, three times, or as long as an instalment covers its interest."""
    off = {}
    for fit in get_args(LoanTerms.__annotations__["level_fit"]):
        terms = LoanTerms(
            lent_minor, "reducing_instalment", rate, periods, "2026-01-31",
            rounding=rounding, level_fit=fit,
        )  # fmt: skip
        rows = schedule(terms).instalments
        assert sum(row.principal_minor for row in rows) == lent_minor
        off[fit] = abs(rows[-1].total_minor - rows[0].total_minor)
    assert off["closest"] <= off["formula"]


def test_a_provider_that_paid_takes_its_fee_beside_what_was_asked_for() -> None:
    village = Village()
    asked = village.secretary.record(
        e.WithdrawalRequested(1, 1, 600, "savings", village.members[0])
    )
    village.meet()
    village.treasurer.record(e.PayoutAttempted(asked, "R1", "mpesa", 1, 1))
    village.treasurer.record(e.PayoutResult(asked, "R1", "success", 1, 1, fee_minor=9))
    for _ in range(2):  # it is stated anew with every word about it, and stays what it is
        book = told(village)
        assert (balance(book, "5060"), balance(book, MOBILE)) == (9, -609)
        assert_balanced(book)
        village.treasurer.record(e.PayoutResult(asked, "R1", "unknown", 1, 1))
