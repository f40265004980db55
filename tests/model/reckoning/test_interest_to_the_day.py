"""Interest to the day of each payment: the United States rule, the Merchants' rule, Fineract's.

The figures are those of school books and of Apache Fineract's own tests; beside them an independent
reckoning by fractions.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import add_days, days_between
from model.money import divide
from model.reckoning.account import Account, account
from model.reckoning.accrual import Accrual, InterestRule, broken_off
from model.reckoning.allocation import AllocationRule
from model.reckoning.calendar import DuePlan
from model.reckoning.early_settlement import early_settlement
from model.reckoning.happenings import Charge, Happening, Payment, Reschedule, WriteOff
from model.reckoning.rates import DAY_COUNTS, DayCount, percent
from model.reckoning.terms import LoanTerms, RoundingRule

US_RULE = InterestRule("payment_day")
IN_TURN = InterestRule("payment_day", paid="in_turn")
MERCHANTS = AllocationRule(("principal", "interest", "fee", "penalty"))


def note(
    principal: int, rate: str, first: str, last: str, day_count: DayCount = "days_365"
) -> LoanTerms:
    """Principal and interest in one payment on the last day."""
    return LoanTerms(
        principal,
        "interest_only",
        percent(rate, "year"),
        1,
        first,
        DuePlan(first_due_on=last),
        day_count,
        RoundingRule("half_up"),
    )


def interests(found: Account) -> list[int]:
    return [row.amount_minor for row in found.rows if row.kind == "interest"]


# The United States rule.


@pytest.mark.parametrize(
    ("terms", "paid", "interest", "due"),
    [
        # guidefoot.com/ask/62980729: 9 %, 120 days, ordinary interest.
        (
            note(12_500_00, "9", "2026-01-01", "2026-05-01", "days_360"),
            [("2026-02-15", 4_375_00), ("2026-03-17", 3_750_00)],
            [140_63, 61_99, 51_50],
            4_629_12,
        ),
        # mis.kyeop.go.ke/shelf/51708536: 7,000 at 11 %, 120 days, 1,200 on day 90.
        (
            note(7_000_00, "11", "2026-01-01", "2026-05-01", "days_360"),
            [("2026-04-01", 1_200_00)],
            [192_50, 54_93],
            6_047_43,
        ),
        # smartsolve.ai: 5,000 at 3 %, 15 July, 30 December, 1 February.
        (
            note(5_000_00, "3", "2025-07-15", "2026-02-01"),
            [("2025-12-30", 2_000_00)],
            [69_04, 8_32],
            3_077_36,
        ),
    ],
)
def test_partial_payments_of_school_books(
    terms: LoanTerms, paid: list[tuple[str, int]], interest: list[int], due: int
) -> None:
    last = terms.due.first_due_on
    found = account(terms, [Payment(*each) for each in paid], last, interest=US_RULE)
    assert interests(found) == interest
    assert found.outstanding_minor == due


@pytest.mark.parametrize("small_on", ["1975-08-02", "1975-11-02", "1976-02-02", "1976-05-23"])
def test_a_payment_smaller_than_the_interest_lowers_no_principal(small_on: str) -> None:
    # books.google.com jr8DAAAAQAAJ, article 555, by months of 30 days; a hundred years later here.
    # The 24.00 were less than the interest then due, whenever they came: it is the same.
    terms = note(600_00, "6", "1974-06-20", "1977-01-21", "30_360")
    paid = [
        Payment("1974-10-02", 110_20),
        Payment(small_on, 24_00),
        Payment("1976-05-23", 125_25),
        Payment("1976-12-11", 113_20),
    ]
    found = account(terms, paid, "1977-01-21", interest=US_RULE)
    assert [row.principal_outstanding_minor for row in found.rows if row.kind == "payment"] == [
        500_00,
        500_00,
        400_00,
        300_00,
    ]
    assert found.outstanding_minor == 302_00
    accrued = interests(found)
    assert (accrued[0], sum(accrued[1:-2]), accrued[-2:]) == (10_20, 49_25, [13_20, 2_00])


days = st.integers(0, 700).map(lambda number: add_days("2026-01-31", number))
payments = st.lists(st.tuples(days, st.integers(0, 60_000)), max_size=8).map(sorted)


@given(payments, st.sampled_from(["interest_only", "bullet", "reducing"]), st.integers(0, 60))
def test_interest_is_simple_interest_on_the_principal_of_each_day(
    paid: list[tuple[str, int]], method: str, rate: int
) -> None:
    """Independent: principal day by day, interest kept aside, each payment to interest first."""
    terms = LoanTerms(
        900_00,
        method,  # type: ignore[arg-type]
        percent(f"{rate} % a year"),
        12,
        "2026-01-31",
        DuePlan("month", 2),
        "days_365",
    )
    last = "2028-01-31"
    found = account(terms, [Payment(*each) for each in paid], last, interest=US_RULE)
    principal, aside, so_far, asked = 900_00, Fraction(0), "2026-01-31", Fraction(0)
    for day, amount in [*paid, (last, 0)]:
        grown = Fraction(principal * rate * days_between(so_far, day), 36_500)
        asked += grown
        aside += grown
        to_interest = min(aside, Fraction(amount))
        aside -= to_interest
        principal = max(0, principal - round(amount - to_interest))
        so_far = day
    roundings = len(paid) + 13
    assert abs(sum(interests(found)) - asked) <= roundings
    assert abs(found.principal_outstanding_minor - principal) <= roundings
    if paid:
        # Nothing is paid on principal while interest is owed.
        rows = [row for row in found.rows if row.kind == "payment"]
        for row in rows:
            interest_owed = row.outstanding_minor - row.principal_outstanding_minor
            assert not row.split.principal_minor or not interest_owed


@given(payments, days, st.sampled_from(DAY_COUNTS), st.sampled_from([US_RULE, IN_TURN]))
def test_paying_the_quote_of_the_day_ends_the_loan(
    paid: list[tuple[str, int]], on: str, day_count: DayCount, rule: InterestRule
) -> None:
    terms = LoanTerms(
        900_00, "reducing", percent("18 % a year"), 12, "2026-01-31", day_count=day_count
    )
    before = [Payment(*each) for each in paid if each[0] <= on]
    quote = early_settlement(terms, before, on, "to_date", interest=rule)
    done = account(terms, [*before, Payment(on, quote.total_minor)], "2030-01-01", interest=rule)
    assert done.outstanding_minor == 0
    assert done.overpaid_minor == account(terms, before, on, interest=rule).overpaid_minor


@given(days, st.sampled_from(DAY_COUNTS), st.integers(1, 59))
def test_an_accrual_that_is_broken_off_loses_nothing(
    first: str, day_count: DayCount, nights: int
) -> None:
    terms = LoanTerms(1, rate=percent("12 % a year"), day_count=day_count)
    whole = Accrual(add_days(first, 60), "payment_day", first, 1, 1, 55)
    part, rest = broken_off(terms, whole, add_days(first, nights))
    parts = [Fraction(each.numerator, each.denominator) for each in (part, rest)]
    assert sum(parts) == Fraction(1, 55)
    assert min(parts) >= 0
    assert (part.starts_on, part.on, rest.starts_on, rest.on) == (
        first,
        add_days(first, nights),
        add_days(first, nights),
        whole.on,
    )


def test_only_what_changes_principal_breaks_a_period() -> None:
    terms = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")
    happened: list[Happening] = [
        Charge("2026-02-07", "fee", 5_00),
        WriteOff("2026-02-14", 300_00),
    ]
    found = account(terms, happened, "2026-02-28", interest=US_RULE)
    # 90 for 14 of 28 nights on 900, then on 600.
    assert interests(found) == [45_00, 30_00]
    new = LoanTerms(1, "reducing", percent("10 % a month"), 2)
    late = [Reschedule("2026-03-14", 2, new)]
    kept = account(terms, late, "2026-03-14", interest=US_RULE)
    assert kept.instalments[0].owed == (0, 0, 90_00, 300_00)
    # The second instalment stays, with the interest of 14 of 31 nights until the new agreement.
    later = account(terms, [Reschedule("2026-03-14", 3, new)], "2026-03-14", interest=US_RULE)
    assert later.instalments[1].owed == (0, 0, 40_65, 300_00)


# The Merchants' rule.


def test_the_merchants_rule_credits_each_payment_with_interest() -> None:
    # books.google.com 7-HvY1LUCcoC, article 185, by months of 30 days: 841.60 less 310.20 and
    # 409.20. A hundred years later here.
    terms = note(800_00, "6", "1994-01-15", "1994-11-27", "30_360")
    paid = [Payment("1994-05-03", 300_00), Payment("1994-07-09", 400_00)]
    found = account(terms, paid, "1994-11-27", MERCHANTS, IN_TURN)
    assert found.outstanding_minor == 122_20
    # The United States rule asks for more of the same payments.
    assert account(terms, paid, "1994-11-27", interest=US_RULE).outstanding_minor > 122_20


@given(st.lists(st.tuples(st.integers(1, 299), st.integers(0, 20_000)), max_size=4))
def test_the_merchants_rule_by_its_own_formula(drawn: list[tuple[int, int]]) -> None:
    """Independent: the face with interest to the end, less each payment with interest to it."""
    terms = note(800_00, "12", "2026-01-01", add_days("2026-01-01", 300), "days_360")
    paid = [Payment(add_days("2026-01-01", day), amount) for day, amount in drawn]
    found = account(terms, paid, terms.due.first_due_on, MERCHANTS, IN_TURN)
    face = Fraction(800_00 * (3_000 + 300), 3_000)
    credited = sum(Fraction(amount * (3_000 + 300 - day), 3_000) for day, amount in drawn)
    assert abs(found.outstanding_minor - (face - credited)) <= len(drawn) + 1


# Apache Fineract: interest recalculated daily.

FINERACT = LoanTerms(
    1_000_00,
    "reducing_instalment",
    percent("7 % a year"),
    3,
    "2024-06-01",
    rounding=RoundingRule("half_even"),
)


def test_fineract_paid_some_days_before_the_day() -> None:
    # LoanDelinquency-Part2.feature, C3936: 400 on 25 June, 24 of 30 days of the first month.
    for rule in (US_RULE, IN_TURN):
        found = account(FINERACT, [Payment("2024-06-25", 400_00)], "2024-06-25", interest=rule)
        row = found.rows[-1]
        assert (row.split.principal_minor, row.split.interest_minor) == (395_33, 4_67)
        assert row.principal_outstanding_minor == 604_67
        # The rest of June's interest comes with the end of June; the instalment stays the same.
        july = account(FINERACT, [Payment("2024-06-25", 400_00)], "2024-07-01", interest=rule)
        assert interests(july) == [4_67, 71]
        assert sum(july.instalments[0].asked) == 337_23


def test_fineract_paid_late() -> None:
    # The same, C3937: one instalment on 15 August, the oldest first; and on 1 September.
    paid = [Payment("2024-08-15", 337_23)]
    found = account(FINERACT, paid, "2024-09-01", interest=IN_TURN)
    split = next(row.split for row in found.rows if row.kind == "payment")
    assert (split.principal_minor, split.interest_minor) == (331_40, 5_83)
    assert [row.asked[2:] for row in found.instalments] == [
        (5_83, 331_40),
        (5_83, 331_40),
        (4_77, 337_20),
    ]
    assert [row.owed_minor for row in found.instalments] == [0, 337_23, 341_97]
    # The United States rule takes all the interest that has accrued, 14.29, before principal.
    first = account(FINERACT, paid, "2024-08-15", interest=US_RULE).rows[-1].split
    august = divide(1_000_00 * 7 * 14, 1_200 * 31, "half_even")
    assert first.interest_minor == 5_83 + 5_83 + august
