"""What stands against a loan is said with its numbers; nothing is hidden behind a bare no."""

from model.reckoning.eligibility import (
    Borrower,
    Guarantor,
    LendingLimits,
    Reason,
    Request,
    most_to_borrow,
    most_to_guarantee,
    reasons_against,
)

LIMITS = LendingLimits(savings_multiplier=3, periods_max=3)


def test_three_times_savings_less_what_is_owed() -> None:
    assert most_to_borrow(Borrower(10_000, 12_000), LIMITS) == 18_000
    assert most_to_borrow(Borrower(1_000, 12_000), LIMITS) == 0
    assert most_to_borrow(Borrower(0), LendingLimits(savings_multiplier=None)) is None
    assert reasons_against(Request(30_000, 3), Borrower(10_000), LIMITS) == ()
    assert reasons_against(Request(30_001, 3), Borrower(10_000), LIMITS) == (
        Reason("multiple_of_savings", 30_000, 30_001),
    )


def test_every_rule_speaks_for_itself() -> None:
    request = Request(50_000, 4, "2026-12-31", 20_000, "2026-12-15")
    found = reasons_against(request, Borrower(10_000, 0, 1), LIMITS)
    assert [(reason.rule, reason.short) for reason in found] == [
        ("multiple_of_savings", 20_000),
        ("cash_available", 30_000),
        ("term", 1),
        ("cycle_end", 0),
        ("open_loan", 1),
    ]
    equal = Request(20_000, 3, "2026-12-15", 20_000, "2026-12-15")
    assert reasons_against(equal, Borrower(10_000), LIMITS) == ()  # all equal is allowed


def test_guarantors_stand_for_their_own_savings_only() -> None:
    amina = Guarantor("Amina", 10_000, guaranteed_minor=4_000, part_minor=6_001)
    assert most_to_guarantee(amina, LIMITS) == 6_000
    counting = LIMITS._replace(own_exposure_counts=True)
    assert most_to_guarantee(amina._replace(principal_outstanding_minor=9_000), counting) == 0
    himself = Guarantor("Juma", 90_000, part_minor=5_000, is_borrower=True)
    whole = LIMITS._replace(guarantee_part_ppm=500_000)
    found = reasons_against(Request(20_001, 1), Borrower(90_000), whole, [amina, himself])
    assert found == (
        Reason("guarantor_savings", 6_000, 6_001, "Amina"),
        Reason("guarantor_is_borrower", 0, 5_000, "Juma"),
        Reason("guarantee_short", 6_001, 10_001),
    )
