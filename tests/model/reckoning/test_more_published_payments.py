"""Where payments go and who is late, as the tests and pages of others print it.

Apache Fineract's figures are what its own tests assert (github.com/apache/fineract): those of its
strategy "due penalty, fee, interest, principal; in advance principal, penalty, fee, interest", of
AdvancedPaymentAllocationLoanRepaymentScheduleTest and of its installment level delinquency.
"""

from fractions import Fraction

import pytest

from model.reckoning.account import account
from model.reckoning.allocation import (
    AllocationRule,
    Due,
    Split,
    allocate,
    is_sum_function,
    position,
)
from model.reckoning.arrears import LatePart, Standing, ageing, standing
from model.reckoning.calendar import DuePlan
from model.reckoning.happenings import Payment
from model.reckoning.loan_ratios import repayment_rate
from model.reckoning.penalties import PenaltyRule, penalties_due
from model.reckoning.rates import Rate, percent
from model.reckoning.terms import LoanTerms

# One instalment (principal, interest, fee, penalty), what is paid, and where it goes.
IN_ADVANCE = AllocationRule(
    ("penalty", "fee", "interest", "principal"),
    advance_order=("principal", "penalty", "fee", "interest"),
)


def split_of(asked: str, paid: int, on: str) -> str:
    """The split of a payment into principal, interest, fee and penalty as the source lists them."""
    principal, interest, fee, penalty = map(int, asked.split())
    due = Due(1, "2023-07-31", penalty, fee, interest, principal)
    split = allocate([due], paid, on, IN_ADVANCE).split
    return " ".join(
        map(str, (split.principal_minor, split.interest_minor, split.fee_minor, split[0]))
    )


@pytest.mark.parametrize("on", ["2023-07-31", "2023-08-11"])
@pytest.mark.parametrize(
    ("asked", "paid", "went"),
    [
        ("3 2 2 4", 1, "0 0 0 1"),
        ("3 2 2 4", 5, "0 0 1 4"),
        ("3 2 2 4", 7, "0 1 2 4"),
        ("3 2 2 4", 10, "2 2 2 4"),
        ("3 0 2 6", 10, "2 0 2 6"),
        ("3 0 4 0", 5, "1 0 4 0"),
    ],
)
def test_penalties_and_fees_first_once_it_is_due(asked: str, paid: int, went: str, on: str) -> None:
    assert split_of(asked, paid, on) == went


@pytest.mark.parametrize(
    ("asked", "paid", "went"),
    [
        ("5 0 0 5", 10, "5 0 0 5"),
        ("3 0 2 6", 10, "3 0 1 6"),
        ("3 2 2 4", 10, "3 1 2 4"),
        ("3 2 2 4", 2, "2 0 0 0"),
        ("3 2 2 4", 4, "3 0 0 1"),
    ],
)
def test_principal_first_when_it_is_paid_in_advance(asked: str, paid: int, went: str) -> None:
    assert split_of(asked, paid, "2023-07-11") == went
    assert not is_sum_function(IN_ADVANCE)
    same = AllocationRule(advance_order=AllocationRule().order)
    assert is_sum_function(same)


# 500 in four of 125, the first paid at once.
FOUR = [
    Due(1, "2023-01-01"),
    Due(2, "2023-01-16", principal_minor=125_00),
    Due(3, "2023-01-31", principal_minor=125_00),
    Due(4, "2023-02-15", principal_minor=125_00),
]
UNPAID = [Due(1, "2023-01-01", principal_minor=125_00), *FOUR[1:]]


def left_after(dues: list[Due], rule: AllocationRule, *paid: tuple[str, int]) -> list[int]:
    """What each instalment still asks for after payments, and what was overpaid."""
    overpaid = 0
    for on, amount in paid:
        done = allocate(dues, amount, on, rule)
        dues, overpaid = list(done.left), overpaid + done.split.overpaid_minor
    return [due.total_minor for due in dues] + [overpaid]


def test_an_advance_goes_on_to_the_next_instalment() -> None:
    # Use case 2: 150 in time, then 125 each time: 25 stay over at the end.
    rule = AllocationRule()
    first = ("2023-01-16", 150_00)
    second, third = ("2023-01-31", 125_00), ("2023-02-15", 125_00)
    assert left_after(FOUR, rule, first) == [0, 0, 100_00, 125_00, 0]
    assert left_after(FOUR, rule, first, second) == [0, 0, 0, 100_00, 0]
    assert left_after(FOUR, rule, first, second, third) == [0, 0, 0, 0, 25_00]


def test_an_advance_goes_to_the_last_instalment() -> None:
    # Use case 3: a goodwill credit of 150 on the second due day.
    rule = AllocationRule(advance="last_instalment")
    assert left_after(FOUR, rule, ("2023-01-16", 150_00)) == [0, 0, 125_00, 100_00, 0]


def test_late_payments_go_to_the_oldest_instalment() -> None:
    # Use case 4: nothing paid at first; 100, 40 and 360 later.
    paid = ("2023-01-20", 100_00), ("2023-01-31", 40_00), ("2023-02-15", 360_00)
    rule = AllocationRule()
    assert left_after(UNPAID, rule, *paid[:1]) == [25_00, 125_00, 125_00, 125_00, 0]
    assert left_after(UNPAID, rule, *paid[:2]) == [0, 110_00, 125_00, 125_00, 0]
    assert left_after(UNPAID, rule, *paid) == [0, 0, 0, 0, 0]


def test_an_advance_is_divided_over_all_that_are_to_come() -> None:
    # Use case 5: 300 on 8 January: 125 for the first, 58.33, 58.33 and 58.34 for the others.
    fineract = AllocationRule(advance="reamortise", odd_units="last")
    assert left_after(UNPAID, fineract, ("2023-01-08", 300_00)) == [0, 66_67, 66_67, 66_66, 0]
    ours = AllocationRule(advance="reamortise")
    assert left_after(UNPAID, ours, ("2023-01-08", 300_00)) == [0, 66_66, 66_67, 66_67, 0]


def test_what_is_paid_after_everything_is_overpaid() -> None:
    # Fineract C2464: 5,000 lent without interest, 5,000 and then 100 paid.
    found = position(LoanTerms(5_000_00), [5_000_00, 100_00])
    assert found.splits == (Split(0, 0, 0, 5_000_00, 0), Split(0, 0, 0, 0, 100_00))
    assert (found.outstanding_minor, found.overpaid_minor) == (0, 100_00)


def test_published_penalties() -> None:
    # cimbbank.com.kh, charges for late repayment: 500 at 8 + 3 % over 360 days, 7 days late.
    month = LoanTerms(500_00, "flat", Rate(0), 1, "2026-01-01")
    late = account(month, [], "2026-02-08")
    rule = PenaltyRule("percent", rate=Rate(11, 100 * 360, "day"), once_per="period", unit="day")
    whole = rule._replace(rounded="cumulative")
    assert sum(due.amount_minor for due in penalties_due(late, whole)) == 1_07
    assert {due.amount_minor for due in penalties_due(late, rule)} == {15}
    # equiruswealth.com, late charges on 100,000: 2 % once, or 0.05 % a day for 30 days.
    lakh = account(month._replace(principal_minor=100_000_00), [], "2026-03-03")
    once = PenaltyRule("percent", rate=percent("2"))
    assert [due.amount_minor for due in penalties_due(lakh, once)] == [2_000_00]
    daily = PenaltyRule("percent", rate=percent("0.05"), once_per="period", unit="day")
    assert sum(due.amount_minor for due in penalties_due(lakh, daily)) == 1_500_00


# Fineract's loan of 1,250: four instalments, one every 30 days from 1 January 2023.
DELINQUENT = LoanTerms(
    1_250,
    "reducing",
    Rate(0),
    4,
    "2023-01-01",
    DuePlan("day", 30),
    principal_minor_each=312,
)


def stands(on: str, *paid: int) -> Standing:
    return standing(account(DELINQUENT, [Payment("2023-05-31", n) for n in paid], on))


@pytest.mark.parametrize(
    ("on", "days", "overdue"), [("2023-02-01", 1, 312), ("2023-02-02", 2, 312)]
)
def test_the_first_days_of_lateness(on: str, days: int, overdue: int) -> None:
    found = stands(on)
    assert (found.days_past_due, found.overdue_minor) == (days, overdue)


@pytest.mark.parametrize(
    ("paid", "days", "overdue", "bands"),
    [
        ((), 120, 1_250, {11: 314, 31: 312, 61: 624}),
        ((626,), 60, 624, {11: 314, 31: 310}),
        ((626, 100), 60, 524, {11: 314, 31: 210}),
        ((1_250,), 0, 0, {}),
    ],
)
def test_delinquency_by_instalment(
    paid: tuple[int, ...], days: int, overdue: int, bands: dict[int, int]
) -> None:
    found = stands("2023-05-31", *paid)
    assert (found.days_past_due, found.overdue_minor) == (days, overdue)
    table = ageing([found], "instalment", bounds=(3, 10, 30, 60))
    assert {band.first: band.amount_minor for band in table[1:] if band.amount_minor} == bands


@pytest.mark.parametrize(
    ("paid", "days", "overdue", "bands"),
    [((), 120, 1_250, (626, 624)), ((313,), 90, 937, (626, 311))],
)
def test_delinquency_in_two_bands(
    paid: tuple[int, ...], days: int, overdue: int, bands: tuple[int, int]
) -> None:
    found = stands("2023-05-31", *paid)
    assert (found.days_past_due, found.overdue_minor) == (days, overdue)
    table = ageing([found], "instalment", bounds=(60,))
    assert tuple(band.amount_minor for band in table[1:]) == bands


def test_a_published_ageing_of_receivables() -> None:
    # training.lheonconsulting.com, unit 7586: bills by days late, 153,000,000 altogether
    # (the days are the first and last ones of its columns).
    printed = {0: 122_200_000, 1: 11_250_000, 31: 2_340_000, 61: 14_850_000, 91: 2_360_000}
    bills = [
        Standing("not due", 109_500_000, 109_500_000, 109_500_000, ()),
        Standing("due today", 12_700_000, 12_700_000, 12_700_000, ()),
    ]
    for days, amount in ((30, 11_250_000), (31, 2_340_000), (90, 14_850_000), (91, 2_360_000)):
        part = LatePart(1, "2026-01-01", days, amount, 0, 0)
        bills.append(Standing(str(days), amount, amount, amount, (part,)))
    table = ageing(bills, bounds=(30, 60, 90))
    assert {band.first: band.amount_minor for band in table} == printed
    assert sum(band.amount_minor for band in table) == 153_000_000


def test_a_published_repayment_rate() -> None:
    # Sa-Dhan, technical guide, p. 85: 387,700 collected, 7,500 of it ahead, 381,500 due: 99.66 %.
    rate = repayment_rate(387_700 - 7_500, 381_500).value
    assert rate is not None
    assert abs(rate - Fraction(9_966, 10_000)) < Fraction(1, 20_000)
