"""What settles a loan early, by each policy, and that paying the quote settles it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import add_days
from model.reckoning.account import account
from model.reckoning.accrual import EarlyPolicy, InterestRule
from model.reckoning.early_settlement import early_settlement
from model.reckoning.happenings import Payment, Waiver
from model.reckoning.rates import percent
from model.reckoning.terms import LoanTerms, TermsError

# 900.00 at 10 % a month: interest 90 (28 days), 60 (31 days), 30 (30 days).
TERMS = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")
ACTUAL = InterestRule("opening_balance")
POLICIES: tuple[EarlyPolicy, ...] = ("to_date", "to_period", "full")


@pytest.mark.parametrize(
    ("on", "policy", "interest", "saved"),
    [
        ("2026-01-31", "full", 180_00, 0),
        ("2026-01-31", "to_date", 0, 180_00),
        ("2026-01-31", "to_period", 0, 180_00),
        ("2026-02-14", "to_date", 45_00, 135_00),
        ("2026-02-14", "to_period", 90_00, 90_00),
        ("2026-02-28", "to_date", 90_00, 90_00),
        ("2026-02-28", "to_period", 90_00, 90_00),
        ("2026-03-01", "to_period", 150_00, 30_00),
        ("2026-03-01", "to_date", 90_00 + 194, 90_00 - 194),  # 1 of 31 nights: 1.935
        ("2026-12-31", "to_date", 180_00, 0),
    ],
)
def test_interest_by_policy(on: str, policy: str, interest: int, saved: int) -> None:
    quote = early_settlement(TERMS, [], on, policy)  # type: ignore[arg-type]
    assert (quote.interest_minor, quote.saved_minor) == (interest, saved)
    assert quote.total_minor == 900_00 + interest


def test_interest_paid_ahead_is_credited() -> None:
    paid = [Payment("2026-01-31", 750_00)]  # two instalments, 150 of interest with them
    quote = early_settlement(TERMS, paid, "2026-02-14", "to_date")
    assert (quote.principal_minor, quote.credit_minor, quote.total_minor) == (
        300_00,
        105_00,
        195_00,
    )


def test_on_the_actual_balance() -> None:
    to_date = early_settlement(TERMS, [], "2026-02-14", "to_date", interest=ACTUAL)
    assert to_date.interest_minor == 45_00
    to_period = early_settlement(TERMS, [], "2026-02-14", "to_period", interest=ACTUAL)
    assert to_period.interest_minor == 90_00
    full = early_settlement(TERMS, [], "2026-02-14", "full", interest=ACTUAL)
    assert full.interest_minor == 270_00
    charge = TERMS._replace(method="service_charge")
    assert early_settlement(charge, [], "2026-03-10", "to_date").interest_minor == 90_00
    compound = TERMS._replace(method="compound")
    assert early_settlement(compound, [], "2026-02-28", "to_date").total_minor == 990_00


@given(
    st.integers(0, 120).map(lambda number: add_days("2026-01-31", number)),
    st.sampled_from(["to_date", "to_period", "sum_of_digits", "full"]),
    st.lists(st.integers(0, 300_00), max_size=3),
)
def test_paying_the_quote_and_waiving_the_rest_settles_the_loan(
    on: str, policy: str, paid: list[int]
) -> None:
    before = [Payment("2026-01-31", amount) for amount in paid]
    quote = early_settlement(TERMS, before, on, policy)  # type: ignore[arg-type]
    waived = Waiver(on, "interest", max(0, quote.saved_minor))
    done = account(TERMS, [*before, waived, Payment(on, quote.total_minor)], on)
    if not quote.credit_minor:
        assert done.outstanding_minor == 0
        assert done.overpaid_minor == account(TERMS, before, on).overpaid_minor
    asked = [early_settlement(TERMS, before, on, each).total_minor for each in POLICIES]
    assert asked == sorted(asked)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(TermsError):
        early_settlement(TERMS, [], "2026-02-14", "today")  # type: ignore[arg-type]
