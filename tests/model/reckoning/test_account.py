"""A loan's account: everything adds up at every moment, and time brings what was agreed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.days import add_days
from model.money import AMOUNT_MINOR_MAX
from model.reckoning.account import Account, AccountError, account
from model.reckoning.accrual import InterestRule
from model.reckoning.allocation import AllocationRule, Split, position
from model.reckoning.calendar import DuePlan
from model.reckoning.happenings import (
    Charge,
    Happening,
    Payment,
    Recovery,
    Reschedule,
    Waiver,
    WriteOff,
)
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import Fee, Grace, LoanTerms, TermsError
from model.reckoning.timed_interest import charged_months

# 900.00 at 10 % a month, equal principal: 390, 360, 330 on 28 Feb, 31 Mar, 30 Apr.
TERMS = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")
ACTUAL = InterestRule("opening_balance")
LATE = "2027-01-01"

days = st.integers(0, 200).map(lambda number: add_days("2026-01-31", number))
amounts = st.integers(0, 50_000)
facts = st.one_of(
    st.builds(Payment, days, amounts, st.just("")),
    st.builds(Payment, days, amounts, st.just("")),
    st.builds(
        Charge,
        days,
        st.sampled_from(["penalty", "fee"]),
        amounts,
        st.integers(0, 5),
        st.sampled_from(["", "a", "b"]),
        st.just(""),
    ),
    st.builds(
        Waiver,
        days,
        st.sampled_from(["penalty", "fee", "interest"]),
        amounts,
        st.integers(0, 3),
        st.just(""),
    ),
    st.builds(WriteOff, days, st.sampled_from([0, 10_000]), st.just("")),
    st.builds(Recovery, days, amounts, st.just("")),
)
loans = st.builds(
    lambda method, rate, fees: TERMS._replace(
        method=method, rate=percent(f"{rate} % a month"), fees=fees, instalment_minor=0
    ),
    st.sampled_from(
        [
            "flat",
            "reducing",
            "reducing_instalment",
            "interest_only",
            "bullet",
            "service_charge",
            "compound",
        ]
    ),
    st.integers(0, 20),
    st.sampled_from([(), (Fee(9_00, at="spread"),)]),
)
orders = st.permutations(("penalty", "fee", "interest", "principal")).map(tuple)
rules = st.builds(
    AllocationRule,
    orders,
    st.sampled_from(["instalment", "bucket"]),
    st.sampled_from(["next_instalment", "last_instalment", "reamortise"]),
    st.one_of(st.just(()), orders),
    st.sampled_from(["earlier", "last"]),
)
bases = st.builds(
    InterestRule,
    st.sampled_from(["schedule", "opening_balance", "daily_balance", "payment_day"]),
    st.booleans(),
    st.sampled_from(["full", "to_date", "to_period", "sum_of_digits"]),
    st.sampled_from(["first", "in_turn"]),
)


def in_sum(found: Account) -> int:
    """All that came in."""
    kinds = ("payment", "recovery")
    return sum(row.amount_minor for row in found.rows if row.kind in kinds)


@given(loans, st.lists(facts, max_size=12), rules, bases)
def test_asked_is_paid_waived_given_up_and_owed(
    terms: LoanTerms, happened: list[Happening], rule: AllocationRule, basis: InterestRule
) -> None:
    found = account(terms, happened, LATE, rule, basis)
    asked = sum(sum(row.asked) for row in found.instalments)
    given_up = found.written_off_minor + found.given_up_minor
    assert asked == sum(found.paid[:4]) + found.waived_minor + given_up + found.outstanding_minor
    assert in_sum(found) == sum(found.paid[:4]) + found.overpaid_minor + found.recovered_minor
    assert min(min(row.owed) for row in found.instalments) >= 0
    assert found.recovered_minor <= given_up
    assert sum(row.asked[3] for row in found.instalments) == terms.principal_minor
    if found.rows:
        assert found.rows[-1].outstanding_minor == found.outstanding_minor
        assert found.rows[-1].principal_outstanding_minor == found.principal_outstanding_minor


@given(loans, st.lists(st.tuples(days, amounts), max_size=8))
def test_with_payments_alone_the_account_is_the_sum_function(
    terms: LoanTerms, paid: list[tuple[str, int]]
) -> None:
    assume(terms.method not in ("service_charge", "compound"))
    paid = sorted(paid, key=lambda each: each[0])
    found = account(terms, [Payment(*each) for each in paid], LATE)
    now = position(terms, [amount for _, amount in paid])
    assert tuple(row.split for row in found.rows) == now.splits
    assert found.principal_outstanding_minor == now.principal_outstanding_minor
    assert found.overpaid_minor == now.overpaid_minor


@given(loans, st.lists(facts, max_size=10), rules, bases, st.data())
def test_a_fact_left_out_is_as_if_it_had_never_been(
    terms: LoanTerms,
    happened: list[Happening],
    rule: AllocationRule,
    basis: InterestRule,
    data: st.DataObject,
) -> None:
    """And the account of an earlier day knows nothing of later ones."""
    day = data.draw(days)
    whole = account(terms, happened, day, rule, basis)
    known = [fact for fact in happened if fact.on <= day]
    assert account(terms, known, day, rule, basis) == whole


@given(
    st.sampled_from(["reducing", "reducing_instalment", "interest_only"]),
    st.integers(0, 20),
    st.sampled_from(["opening_balance", "daily_balance", "payment_day"]),
)
def test_paid_in_time_the_actual_balance_costs_what_the_schedule_says(
    method: str, rate: int, basis: str
) -> None:
    terms = TERMS._replace(method=method, rate=percent(f"{rate} % a month"))  # type: ignore[arg-type]
    plan = schedule(terms)
    paid = [Payment(row.due_on, row.total_minor) for row in plan.instalments]
    found = account(terms, paid, LATE, interest=InterestRule(basis))  # type: ignore[arg-type]
    assert found.outstanding_minor == 0
    assert found.overpaid_minor == 0
    assert found.paid.interest_minor == plan.interest_minor


def test_paying_early_saves_interest_only_where_agreed() -> None:
    early = [Payment("2026-02-10", 600_00)]
    assert account(TERMS, early, LATE).outstanding_minor == 480_00
    actual = account(TERMS, early, LATE, interest=ACTUAL)
    # 90 for the first month (opening balance 900), then 10 % of 300 twice while nothing is paid.
    assert [row.amount_minor for row in actual.rows if row.kind == "interest"] == [
        90_00,
        30_00,
        30_00,
    ]
    daily = account(TERMS, early, LATE, interest=InterestRule("daily_balance"))
    # 900 for 10 nights and 300 for 18 of 28.
    first = next(row for row in daily.rows if row.kind == "interest")
    assert first.amount_minor == round((900_00 * 10 + 300_00 * 18) / 28 / 10)


def test_equal_instalments_on_the_actual_balance_stay_equal_and_end_sooner() -> None:
    terms = TERMS._replace(method="reducing_instalment", periods=6)
    level = schedule(terms).instalments[0].total_minor
    plan = schedule(terms).instalments
    paid = [Payment(row.due_on, level) for row in plan[:-1]]
    paid[0] = Payment(plan[0].due_on, level + 300_00)
    to_last = AllocationRule(advance="last_instalment")
    found = account(terms, paid, "2026-07-31", to_last, ACTUAL)
    totals = [sum(row.asked) for row in found.instalments]
    assert totals[1] == totals[2] == level
    # 300 paid early saves 10 % of it in month 2, and more of what that saves later.
    saved = sum(row.total_minor for row in plan) - sum(totals)
    assert saved > 30_00
    assert found.outstanding_minor == 0
    assert found.overpaid_minor == sum(fact.amount_minor for fact in paid) - sum(totals)


def test_interest_goes_on_after_the_term_where_agreed() -> None:
    going_on = InterestRule("opening_balance", after_term=True)
    found = account(TERMS, [], "2026-06-30", interest=going_on)
    assert sum(row.kind == "interest" for row in found.rows) == 5
    stopped = account(TERMS, [], "2026-06-30", interest=ACTUAL)
    assert sum(row.kind == "interest" for row in stopped.rows) == 3


def test_a_service_charge_counts_months_of_thirty_days_up_to_the_term() -> None:
    terms = TERMS._replace(method="service_charge", principal_due="at_end")
    for day, months in (("2026-03-01", 0), ("2026-03-02", 1), ("2026-04-01", 2), (LATE, 3)):
        found = account(terms, [], day)
        assert found.outstanding[2] == 90_00 * months
    at_once = account(terms._replace(first_month_at_once=True), [], "2026-01-31")
    assert at_once.outstanding[2] == 90_00
    repaid = account(terms, [Payment("2026-03-05", 990_00)], LATE)
    assert repaid.status == "repaid"
    halved = terms._replace(charge_on="balance")
    found = account(halved, [Payment("2026-03-05", 540_00)], LATE)
    assert [row.amount_minor for row in found.rows if row.kind == "interest"] == [
        90_00,
        45_00,
        45_00,
    ]


def test_months_of_a_service_charge_are_whole_ones() -> None:
    terms = TERMS._replace(method="service_charge")
    counted = [charged_months(terms, 3, days) for days in (-5, 0, 29, 30, 59, 60, 900)]
    assert counted == [0, 0, 0, 1, 1, 2, 3]
    at_once = terms._replace(first_month_at_once=True)
    assert [charged_months(at_once, 3, days) for days in (0, 59, 60)] == [1, 1, 2]


def test_compound_interest_joins_the_debt_that_is_left() -> None:
    terms = TERMS._replace(method="compound")
    assert account(terms, [], "2026-04-30").outstanding_minor == 1_197_90
    paid = account(terms, [Payment("2026-02-28", 490_00)], "2026-04-30")
    # 990 - 490 = 500; then 550; then 605.
    assert paid.outstanding_minor == 605_00
    for_ever = InterestRule(after_term=True)
    capped = account(terms._replace(in_duplum=True), [], "2030-01-01", interest=for_ever)
    assert capped.outstanding_minor == 1_800_00


def test_charges_waivers_and_their_keys() -> None:
    late = Charge("2026-03-05", "penalty", 10_00, 1, "late 1 0")
    happened: list[Happening] = [
        late,
        late,
        Waiver("2026-03-06", "penalty", 4_00),
        Payment("2026-03-07", 6_00),
    ]
    found = account(TERMS, happened, LATE)
    assert found.instalments[0].asked == (10_00, 0, 90_00, 300_00)
    assert found.rows[-1].split == Split(6_00)
    assert found.rows[1].done_minor == 0
    waived = account(TERMS, [Waiver("2026-03-01", "interest", 999_00)], LATE)
    assert waived.waived_minor == 180_00


def test_a_write_off_shrinks_to_what_is_left_and_money_after_it_is_a_recovery() -> None:
    happened: list[Happening] = [
        Payment("2026-03-01", 390_00),
        WriteOff("2026-05-01", 900_00),
        Payment("2026-06-01", 100_00),
    ]
    found = account(TERMS, happened, LATE)
    assert (found.written_off_minor, found.given_up_minor) == (600_00, 90_00)
    assert found.status == "written_off"
    assert (found.recovered_minor, found.overpaid_minor) == (100_00, 0)
    more = account(TERMS, [*happened, Recovery("2026-07-01", 700_00)], LATE)
    assert (more.recovered_minor, more.overpaid_minor) == (690_00, 110_00)
    # The repayment that was made elsewhere on the same day is kept; the write-off shrinks.
    both: list[Happening] = [WriteOff("2026-05-01", 900_00), Payment("2026-05-01", 200_00)]
    for order in (both, both[::-1]):
        kept = account(TERMS, order, LATE)
        assert kept.written_off_minor - kept.recovered_minor + kept.given_up_minor >= 0
        assert sum(kept.paid) + kept.recovered_minor == 200_00
    partly = account(TERMS, [WriteOff("2026-05-01", 400_00)], LATE)
    assert partly.principal_outstanding_minor == 500_00
    assert partly.outstanding[2] == 180_00


def test_a_new_agreement_replaces_what_is_to_come_and_history_is_kept() -> None:
    new = LoanTerms(1, "flat", percent("5 % a month"), 2, "", DuePlan("month", 2))
    happened: list[Happening] = [
        Payment("2026-02-28", 390_00),
        Reschedule("2026-03-15", 2, new),
    ]
    found = account(TERMS, happened, "2026-03-15")
    assert found.rescheduled
    assert found.versions[1].plan.principal_minor == 600_00
    assert [row.due_on for row in found.instalments] == ["2026-02-28", "2026-05-15", "2026-07-15"]
    assert [sum(row.owed) for row in found.instalments] == [0, 360_00, 360_00]
    assert found.principal_outstanding_minor == 600_00
    kept = account(TERMS, [Reschedule("2026-03-15", 2, new)], "2026-03-15")
    assert [row.owed_minor for row in kept.instalments] == [390_00, 360_00, 360_00]
    joined = account(TERMS, [Reschedule("2026-03-15", 2, new, "joined")], "2026-03-15")
    # 900 principal and 90 of unpaid interest become the new principal.
    assert joined.principal_outstanding_minor == 990_00
    with pytest.raises(TermsError, match="no instalment"):
        account(TERMS, [Reschedule("2026-03-15", 9, new)], LATE)
    repaid = Payment("2026-02-01", 2_000_00)
    with pytest.raises(TermsError, match="Nothing is left"):
        account(TERMS, [repaid, Reschedule("2026-03-15", 1, new)], LATE)


def test_a_new_agreement_that_cannot_be_may_be_passed_over() -> None:
    impossible = Reschedule("2026-03-15", 9, LoanTerms(1))
    lenient = account(TERMS, [impossible], LATE, strict=False)
    assert not lenient.rescheduled
    assert lenient.rows[0].done_minor == 0
    assert lenient.instalments == account(TERMS, [], LATE).instalments


def test_a_payment_that_settles_the_loan_spares_interest_where_agreed() -> None:
    to_date = InterestRule(early="to_date")
    settled = account(TERMS, [Payment("2026-02-14", 945_00)], LATE, interest=to_date)
    assert (settled.outstanding_minor, settled.overpaid_minor) == (0, 0)
    assert (settled.paid.interest_minor, settled.waived_minor) == (45_00, 135_00)
    short = account(TERMS, [Payment("2026-02-14", 944_99)], LATE, interest=to_date)
    assert short.outstanding_minor == 1_080_00 - 944_99
    too_much = account(TERMS, [Payment("2026-02-14", 1_000_00)], LATE, interest=to_date)
    assert too_much.overpaid_minor == 55_00


def test_status_and_overdue() -> None:
    assert account(TERMS, [], "2026-02-28").status == "active"  # due today is not late
    late = account(TERMS, [], "2026-03-01")
    assert (late.status, late.overdue_minor) == ("overdue", 390_00)
    assert account(TERMS, [Payment("2026-02-01", 5_000_00)], LATE).status == "repaid"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(AccountError, match="handed over"):
        account(TERMS._replace(disbursed_on=""), [], LATE)
    with pytest.raises(AccountError, match="2026-01-31"):
        account(TERMS, [], "someday")
    with pytest.raises(AccountError, match="has a day"):
        account(TERMS, [Payment("", 1)], LATE)
    with pytest.raises(AccountError, match="negative"):
        account(TERMS, [Payment("2026-03-01", -1)], LATE)
    with pytest.raises(AccountError, match="More happened"):
        account(TERMS, [Payment("2026-03-01", 1)] * 20_001, LATE)
    with pytest.raises(TermsError, match="deferred"):
        account(TERMS._replace(grace=Grace(interest=1)), [], LATE, interest=ACTUAL)


def test_the_largest_amount_that_can_be_true_is_taken_and_no_larger_one() -> None:
    paid = account(TERMS, [Payment("2026-02-28", AMOUNT_MINOR_MAX)], LATE)
    assert paid.outstanding_minor == 0
    assert paid.overpaid_minor == AMOUNT_MINOR_MAX - schedule(TERMS).total_minor
    with pytest.raises(AccountError, match="too large to be true"):
        account(TERMS, [Payment("2026-02-28", AMOUNT_MINOR_MAX + 1)], LATE)
