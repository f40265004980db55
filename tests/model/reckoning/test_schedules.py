"""Schedules repay what was lent, keep the rounding that is agreed, and refuse what cannot be."""

from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, divide
from model.reckoning.calendar import DuePlan
from model.reckoning.rates import DAY_COUNTS, Rate, percent
from model.reckoning.schedules import Schedule, schedule
from model.reckoning.terms import METHODS, Fee, Grace, LoanTerms, RoundingRule, TermsError

rates = st.one_of(
    st.integers(0, 300_000).map(lambda parts: Rate(parts, 10**6)),
    st.tuples(st.integers(0, 4_000), st.sampled_from(["year", "month", "week"])).map(
        lambda drawn: Rate(drawn[0], 10_000, drawn[1])  # type: ignore[arg-type]
    ),
)


@st.composite
def drawn_terms(draw: st.DrawFn) -> LoanTerms:
    """Terms of village size and absurd ones; graces, steps, days and fees included."""
    rate = draw(rates)
    periods = draw(st.integers(1, 24))
    method = draw(st.sampled_from(METHODS))
    graced = method in ("flat", "reducing", "reducing_instalment", "interest_only")
    most = draw(st.sampled_from([0, min(3, periods - 1)])) if graced else 0
    on_balance = method in ("reducing", "reducing_instalment", "fixed_instalment") and not most
    grace = Grace(
        draw(st.integers(0, most)),
        draw(st.integers(0, most)),
        draw(st.integers(0, most)),
        draw(st.sampled_from(["at_end", "spread", "capitalised"])),
        draw(st.booleans()),
    )
    return LoanTerms(
        draw(st.one_of(st.integers(1, 5_000_000), st.integers(1, AMOUNT_MINOR_MAX))),
        method,
        rate,
        periods,
        draw(st.sampled_from(["", "2026-01-31", "2023-12-12"])),
        DuePlan(draw(st.sampled_from(["week", "fortnight", "half_month", "month", "quarter"]))),
        "nominal" if rate.per == "period" else draw(st.sampled_from(DAY_COUNTS)),
        RoundingRule(
            draw(st.sampled_from(ROUNDINGS)),
            draw(st.sampled_from([1, 1, 5, 100])),
            draw(st.sampled_from([1, 1, 50, 1_000])),
            "last",
            draw(st.sampled_from(["per_period", "cumulative"])),
        ),
        grace,
        draw(st.sampled_from([(), (Fee(500, at="spread"),), (Fee(rate=Rate(1, 50), at="each"),)])),
        instalment_minor=draw(st.integers(1, 500_000)) if method == "fixed_instalment" else 0,
        principal_due=draw(st.sampled_from(["spread", "at_end"])),
        flat_interest=draw(st.sampled_from(["equal", "by_period", "sum_of_digits"])),
        level_fit=draw(st.sampled_from(["formula", "closest"])),
        first_month_at_once=draw(st.booleans()),
        charge_on=draw(st.sampled_from(["principal", "balance"])),
        in_duplum=draw(st.booleans()),
        balloon_minor=draw(st.sampled_from([0, 0, 1_000])) * (method == "reducing_instalment"),
        balloon=draw(st.sampled_from(["added", "whole"])),
        pay_at=draw(st.sampled_from(["end", "start"])) if on_balance else "end",
        down_payment_minor=draw(st.sampled_from([0, 0, 500])) if graced else 0,
    )


def schedule_or_none(terms: LoanTerms) -> Schedule | None:
    try:
        return schedule(terms)
    except TermsError:
        return None


@given(drawn_terms())
@example(LoanTerms(1, "reducing", percent("10"), 60, rounding=RoundingRule("ceiling", 1, 1_000)))
@example(LoanTerms(AMOUNT_MINOR_MAX, "reducing_instalment", percent("100"), 600))
def test_principal_adds_up_and_nothing_is_negative(terms: LoanTerms) -> None:
    plan = schedule_or_none(terms)
    assume(plan is not None)
    assert plan is not None
    rows = plan.instalments
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert plan.principal_minor == terms.principal_minor + plan.capitalised_minor
    assert min(min(row[1:5]) for row in rows) >= 0
    assert plan.handed_over_minor <= terms.principal_minor
    owed = plan.principal_minor
    for row in rows:
        owed -= row.principal_minor
        assert row.balance_minor == owed
    assert owed == 0
    if terms.disbursed_on:
        assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
        assert rows[0].starts_on == terms.disbursed_on


@given(drawn_terms())
def test_interest_is_within_a_rounding_of_the_exact_sum(terms: LoanTerms) -> None:
    """Independent: interest of every period from fractions, on the balance that the rows tell."""
    plain = terms._replace(grace=Grace(), first_month_at_once=False, day_count="nominal")
    plain = plain._replace(first_period="full", pay_at="end", down_payment_minor=0)
    assume(plain.method in ("flat", "reducing", "reducing_instalment", "interest_only"))
    plan = schedule_or_none(plain)
    assume(plan is not None)
    assert plan is not None
    yearly = {"week": 52, "fortnight": 26, "half_month": 24, "month": 12, "quarter": 4, "year": 1}
    rate = plain.rate.value
    if plain.rate.per != "period":
        rate = rate * yearly[plain.rate.per] / yearly[plain.due.unit]
    owed, exact = Fraction(plain.principal_minor), Fraction(0)
    for row in plan.instalments:
        base = plain.principal_minor if plain.method == "flat" else owed
        exact += base * rate
        owed -= row.principal_minor
    cumulative = plain.rounding.interest == "cumulative" or plain.method == "flat"
    roundings = 1 if cumulative else len(plan.instalments)
    assert abs(plan.interest_minor - exact) <= roundings * plain.rounding.money_step


@given(st.integers(1, AMOUNT_MINOR_MAX), rates, st.integers(1, 60), st.sampled_from(ROUNDINGS))
def test_the_annuity_is_the_one_that_repays_exactly(
    principal: int, rate: Rate, periods: int, mode: str
) -> None:
    """Independent: with an unrounded instalment found by discounting, nothing would be left."""
    rounding = RoundingRule(mode)  # type: ignore[arg-type]
    terms = LoanTerms(principal, "reducing_instalment", rate, periods, rounding=rounding)
    plan = schedule_or_none(terms)
    assume(plan is not None and periods > 1)
    assert plan is not None
    per = (
        rate.value
        if rate.per == "period"
        else rate.value * {"year": 1, "month": 12, "week": 52}[rate.per] / 12
    )
    factor = sum((1 / (1 + per)) ** k for k in range(1, periods + 1))
    exact = Fraction(principal) / factor
    assert plan.instalments[0].total_minor == divide(
        exact.numerator, exact.denominator, rounding.mode
    )


@given(drawn_terms())
def test_equal_instalments_are_equal_until_the_loan_is_repaid(terms: LoanTerms) -> None:
    terms = terms._replace(method="reducing_instalment", grace=Grace(), fees=(), instalment_minor=0)
    terms = terms._replace(down_payment_minor=0)
    plan = schedule_or_none(terms._replace(principal_due="spread"))
    assume(plan is not None)
    assert plan is not None
    totals = [row.total_minor for row in plan.instalments if row.principal_minor]
    assert len(set(totals[:-1])) <= 1
    if terms.rounding.instalment_step > 1:
        assert all(total % terms.rounding.instalment_step == 0 for total in totals[:-1])


@given(drawn_terms())
def test_money_steps_hold_for_interest_and_all_but_the_last_principal(terms: LoanTerms) -> None:
    step = 100
    terms = terms._replace(
        in_duplum=False, rounding=RoundingRule("half_even", step), fees=(), instalment_minor=0
    )
    assume(terms.method != "fixed_instalment")
    plan = schedule_or_none(terms)
    assume(plan is not None)
    assert plan is not None
    assert all(row.interest_minor % step == 0 for row in plan.instalments)
    repaying = [row.principal_minor for row in plan.instalments if row.principal_minor]
    assert all(principal % step == 0 for principal in repaying[:-1])


# Graces, by hand: 900.00 at 10 % a period, 3 periods.

HAND = LoanTerms(900_00, "reducing", percent("10"), 3)


def rows(terms: LoanTerms) -> list[tuple[int, int]]:
    return [(row.principal_minor, row.interest_minor) for row in schedule(terms).instalments]


def test_principal_grace_goes_on_paying_interest() -> None:
    assert rows(HAND._replace(grace=Grace(principal=1))) == [
        (0, 90_00),
        (450_00, 90_00),
        (450_00, 45_00),
    ]
    added = HAND._replace(grace=Grace(principal=1, within_term=False))
    assert rows(added) == [(0, 90_00), (300_00, 90_00), (300_00, 60_00), (300_00, 30_00)]


def test_deferred_interest_is_collected_later_and_not_given_up() -> None:
    at_end = HAND._replace(grace=Grace(interest=1))
    assert rows(at_end) == [(300_00, 0), (300_00, 150_00), (300_00, 30_00)]
    spread = HAND._replace(grace=Grace(interest=1, collected="spread"))
    assert rows(spread) == [(300_00, 0), (300_00, 105_00), (300_00, 75_00)]
    moratorium = HAND._replace(grace=Grace(principal=1, interest=1))
    assert rows(moratorium) == [(0, 0), (450_00, 180_00), (450_00, 45_00)]


def test_capitalised_interest_bears_interest() -> None:
    plan = schedule(HAND._replace(grace=Grace(principal=1, interest=1, collected="capitalised")))
    assert plan.capitalised_minor == 90_00
    assert [(row.principal_minor, row.interest_minor) for row in plan.instalments] == [
        (0, 0),
        (495_00, 99_00),
        (495_00, 49_50),
    ]


def test_interest_free_periods_bear_none() -> None:
    assert rows(HAND._replace(grace=Grace(interest_free=1))) == [
        (300_00, 0),
        (300_00, 60_00),
        (300_00, 30_00),
    ]
    full = HAND._replace(grace=Grace(principal=1, interest_free=1))
    assert rows(full) == [(0, 0), (450_00, 90_00), (450_00, 45_00)]
    flat = HAND._replace(method="flat", grace=Grace(interest_free=1))
    assert rows(flat) == [(300_00, 0), (300_00, 90_00), (300_00, 90_00)]


@given(drawn_terms())
def test_a_deferral_moves_interest_and_changes_no_sum(terms: LoanTerms) -> None:
    assume(terms.method in ("flat", "reducing", "reducing_instalment", "interest_only"))
    assume(terms.grace.collected != "capitalised" and terms.rounding.instalment_step == 1)
    deferred = schedule_or_none(terms)
    plain = schedule_or_none(terms._replace(grace=terms.grace._replace(interest=0)))
    assume(deferred is not None and plain is not None)
    assert deferred is not None
    assert plain is not None
    assume(len(deferred.instalments) == len(plain.instalments))
    assert deferred.interest_minor == plain.interest_minor
    if terms.method == "flat" and terms.flat_interest == "sum_of_digits":
        return  # equal instalments, whatever of each is interest: see LoanTerms
    assert [row.principal_minor for row in deferred.instalments] == [
        row.principal_minor for row in plain.instalments
    ]


# The other methods, by hand.


def test_upfront_interest_is_paid_beside_the_money_or_held_back() -> None:
    # A Kenyan self-help group's way: 5 % when the money is handed over.
    terms = LoanTerms(1_000_00, "upfront", percent("5"), 2)
    paid = schedule(terms)
    assert (paid.interest_at_disbursement_minor, paid.handed_over_minor) == (100_00, 1_000_00)
    assert [row.total_minor for row in paid.instalments] == [500_00, 500_00]
    held_back = schedule(terms._replace(upfront_interest="deducted"))
    assert held_back.handed_over_minor == 900_00
    with pytest.raises(TermsError, match="hand over"):
        schedule(terms._replace(upfront_interest="deducted", rate=percent("50")))


def test_interest_only_and_bullet() -> None:
    assert rows(HAND._replace(method="interest_only")) == [(0, 90_00), (0, 90_00), (900_00, 90_00)]
    bullet = schedule(HAND._replace(method="bullet", disbursed_on="2026-01-31")).instalments
    assert [(row.principal_minor, row.interest_minor, row.due_on) for row in bullet] == [
        (900_00, 270_00, "2026-04-30")
    ]


def test_compound_interest_and_its_cap() -> None:
    compound = LoanTerms(1_000_00, "compound", percent("10"), 3)
    assert rows(compound) == [(1_000_00, 331_00)]
    for_long = compound._replace(periods=24)
    assert schedule(for_long).interest_minor > 1_000_00
    assert schedule(for_long._replace(in_duplum=True)).interest_minor == 1_000_00


def test_a_monthly_service_charge() -> None:
    # VSL: three months at 10 % a month, principal when the loan ends.
    charge = LoanTerms(50_000, "service_charge", percent("10 % a month"), 3, principal_due="at_end")
    assert rows(charge) == [(0, 5_000), (0, 5_000), (50_000, 5_000)]
    on_balance = charge._replace(principal_due="spread", charge_on="balance")
    assert [interest for _, interest in rows(on_balance)] == [5_000, 3_333, 1_667]
    weekly = charge._replace(due=DuePlan("week"), periods=12, month_days=28)
    assert sum(interest for _, interest in rows(weekly)) == 15_000


def test_a_fixed_instalment_until_nothing_is_left() -> None:
    fixed = LoanTerms(1_000_00, "fixed_instalment", percent("10"), instalment_minor=400_00)
    assert rows(fixed) == [(300_00, 100_00), (330_00, 70_00), (363_00, 37_00), (7_00, 70)]
    with pytest.raises(TermsError, match="cover the interest"):
        schedule(fixed._replace(instalment_minor=100_00))
    with pytest.raises(TermsError, match="600 instalments"):
        schedule(fixed._replace(instalment_minor=1_00, rate=Rate(0)))


def test_fees_where_they_were_agreed() -> None:
    fees = (
        Fee(5_00),
        Fee(rate=percent("2"), at="deducted"),
        Fee(1_00, at="first"),
        Fee(10_00, at="spread"),
        Fee(50, at="each"),
    )
    plan = schedule(HAND._replace(fees=fees))
    assert (plan.fee_at_disbursement_minor, plan.handed_over_minor) == (23_00, 882_00)
    assert [row.fee_minor for row in plan.instalments] == [4_83, 3_83, 3_84]


def test_the_first_instalment_may_take_the_residue() -> None:
    terms = LoanTerms(100, "flat", Rate(333, 10_000), 3)
    assert rows(terms) == [(33, 3), (33, 3), (34, 4)]
    first = terms._replace(rounding=RoundingRule(residue="first"))
    assert rows(first) == [(34, 4), (33, 3), (33, 3)]
    assert rows(first._replace(method="reducing", rate=Rate(0))) == [(34, 0), (33, 0), (33, 0)]


def test_a_step_rounds_the_instalment_and_not_the_interest() -> None:
    rounding = RoundingRule(instalment_step=10_000)
    terms = LoanTerms(1_000_000, "flat", Rate(1_515, 100_000), 3, rounding=rounding)
    assert rows(terms) == [(334_850, 15_150), (334_850, 15_150), (330_300, 15_150)]
    reducing = schedule(terms._replace(method="reducing")).instalments
    assert [row.total_minor for row in reducing[:-1]] == [350_000, 340_000]


def test_a_step_moves_no_more_than_itself_from_one_instalment_to_another() -> None:
    free = LoanTerms(1_580, "flat", percent("5"), 3, grace=Grace(interest_free=1))
    assert rows(free) == [(527, 0), (527, 79), (526, 79)]
    stepped = free._replace(rounding=RoundingRule(instalment_step=50))
    assert rows(stepped) == [(550, 0), (521, 79), (509, 79)]


def test_a_broken_first_period() -> None:
    terms = HAND._replace(
        rate=percent("12 % a year"),
        disbursed_on="2026-01-20",
        due=DuePlan(first_due_on="2026-02-05"),
    )
    first = schedule(terms).instalments[0]
    assert first.interest_minor == divide(900_00 * 16, 100 * 31, "half_even")
    full = schedule(terms._replace(first_period="full")).instalments[0]
    assert full.interest_minor == 9_00


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"principal_minor": 0}, "larger than nothing"),
        ({"principal_minor": AMOUNT_MINOR_MAX + 1}, "ordinary size"),
        ({"method": "simple"}, "not known"),
        ({"day_count": "moons"}, "not known"),
        ({"periods": 0}, "instalments"),
        ({"periods": 601}, "instalments"),
        ({"rate": Rate(11)}, "1000 percent"),
        ({"rate": Rate(-1)}, "ordinary size"),
        ({"rate": Rate(10**30, 10**30)}, "ordinary size"),
        ({"rounding": RoundingRule("up")}, "rounding is not known"),  # type: ignore[arg-type]
        ({"rounding": RoundingRule(money_step=0)}, "smallest unit"),
        ({"grace": Grace(principal=3)}, "before the last"),
        ({"grace": Grace(interest=-1)}, "shorter than nothing"),
        ({"grace": Grace(1), "method": "bullet"}, "no grace"),
        ({"fees": (Fee(1),) * 40}, "too many fees"),
        ({"fees": (Fee(rate=Rate(99)),)}, "1000 percent"),
        ({"method": "fixed_instalment"}, "how much each instalment"),
        ({"disbursed_on": "soon"}, "not a date"),
        ({"day_count": "days_365"}, "week, a month or a year"),
        ({"day_count": "days_365", "rate": percent("1", "year")}, "handed over"),
        ({"method": "compound", "rate": Rate(10), "periods": 600}, "every purse"),
        (
            {"method": "reducing_instalment", "rounding": RoundingRule(residue="first")},
            "the last one takes",
        ),
    ],
)
def test_terms_without_a_schedule_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TermsError, match=reason):
        schedule(HAND._replace(**changes))  # type: ignore[arg-type]


def test_an_instalment_that_would_not_cover_its_interest() -> None:
    terms = LoanTerms(
        1_000,
        "reducing_instalment",
        percent("10"),
        12,
        rounding=RoundingRule(instalment_step=1_000),
    )
    with pytest.raises(TermsError, match="cover the interest"):
        schedule(terms)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("day_count", DAY_COUNTS)
def test_the_largest_loans_are_reckoned_or_refused(method: str, day_count: str) -> None:
    terms = LoanTerms(
        AMOUNT_MINOR_MAX,
        method,  # type: ignore[arg-type]
        Rate(10**12 - 1, 10**12 - 11, "year"),
        600,
        "2199-12-31",
        day_count=day_count,  # type: ignore[arg-type]
        instalment_minor=AMOUNT_MINOR_MAX,
    )
    plan = schedule_or_none(terms)
    if plan is not None:
        assert plan.principal_minor == AMOUNT_MINOR_MAX
