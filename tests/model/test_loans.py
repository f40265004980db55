"""Schedules repay what was lent, agree with published tables, and no payment loses a cent."""

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.loans import (
    METHODS,
    Instalment,
    Method,
    Position,
    Split,
    Terms,
    TermsError,
    arrears,
    paid_split,
    position,
    schedule,
    split_payment,
)
from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Rounding, divide

# Every method, rounding and step; loans of village size, and absurd ones.
all_terms = st.builds(
    Terms,
    principal_minor=st.one_of(st.integers(1, 5_000_000), st.integers(1, AMOUNT_MINOR_MAX)),
    method=st.sampled_from(METHODS),
    rate_ppm=st.one_of(st.integers(0, 200_000), st.integers(0, 10_000_000)),
    periods=st.one_of(st.integers(1, 12), st.integers(1, 60)),
    period=st.sampled_from(["week", "month"]),
    step_minor=st.sampled_from([1, 1, 50, 100, 1_000]),
    rounding=st.sampled_from(ROUNDINGS),
)
payment_lists = st.lists(st.integers(0, 3_000_000), max_size=20)


def rows(terms: Terms) -> list[tuple[int, int]]:
    return [(row.principal_minor, row.interest_minor) for row in schedule(terms)]


def schedule_or_none(terms: Terms) -> tuple[Instalment, ...] | None:
    try:
        return schedule(terms)
    except TermsError:
        return None


# 12,000.00 at 2 % a month in 4 equal instalments, declining balance: the table that Apache
# Fineract asserts in ClientLoanIntegrationTest.verifyLoanRepaymentSchedule (Apache-2.0).
FINERACT_DECLINING = [(291_149, 24_000), (296_972, 18_177), (302_911, 12_238), (308_968, 6_179)]

# 1,000.00 at 2 % a month in 6 equal instalments of 178.53, of which the first two are printed at
# https://www.sapling.com/8703730/calculate-reducing-balance-interest-rate (the last takes the
# remainder: 178.51).
SAPLING_FIRST_TWO = [(15_853, 2_000), (16_170, 1_683)]

# 1,200.00 at 10 % a month flat over 3 months; and 900.00 with equal principal: by hand.
FLAT_BY_HAND = [(40_000, 12_000)] * 3
EQUAL_PRINCIPAL_BY_HAND = [(30_000, 9_000), (30_000, 6_000), (30_000, 3_000)]


def test_equal_instalments_agree_with_fineracts_table() -> None:
    terms = Terms(1_200_000, "reducing_instalment", 20_000, 4)
    assert rows(terms) == FINERACT_DECLINING
    assert {row.total_minor for row in schedule(terms)[:-1]} == {315_149}


def test_equal_instalments_agree_with_a_published_example() -> None:
    terms = Terms(100_000, "reducing_instalment", 20_000, 6)
    assert rows(terms)[:2] == SAPLING_FIRST_TWO
    assert [row.total_minor for row in schedule(terms)] == [17_853] * 5 + [17_851]


def test_flat_and_equal_principal_by_hand() -> None:
    assert rows(Terms(120_000, "flat", 100_000, 3)) == FLAT_BY_HAND
    assert rows(Terms(90_000, "reducing", 100_000, 3)) == EQUAL_PRINCIPAL_BY_HAND


def test_the_last_instalment_takes_the_remainder() -> None:
    assert rows(Terms(100, "flat", 33_300, 3)) == [(33, 3), (33, 3), (34, 4)]
    assert rows(Terms(100, "reducing", 0, 3)) == [(33, 0), (33, 0), (34, 0)]


def test_a_step_rounds_the_instalment_and_not_the_interest() -> None:
    terms = Terms(1_000_000, "flat", 15_150, 3, step_minor=10_000)
    assert rows(terms) == [(334_850, 15_150), (334_850, 15_150), (330_300, 15_150)]
    assert [row.total_minor % 10_000 for row in schedule(terms)[:-1]] == [0, 0]
    reducing = schedule(Terms(1_000_000, "reducing", 15_150, 3, step_minor=10_000))
    assert [row.total_minor for row in reducing[:-1]] == [350_000, 340_000]
    assert reducing[0].interest_minor == 15_150


def test_rounding_every_period_up_never_charges_more_than_the_whole_interest() -> None:
    # 0.5 of a unit a period, rounded up to 1, would be 12 instead of 6.
    terms = Terms(1, "flat", 500_000, 12, rounding="ceiling")
    assert [interest for _, interest in rows(terms)] == [1] * 6 + [0] * 6


@given(all_terms)
@example(Terms(1, "reducing", 100_000, 60, step_minor=1_000, rounding="ceiling"))
@example(Terms(AMOUNT_MINOR_MAX, "reducing_instalment", 1_000_000, 600))
def test_principal_adds_up_and_nothing_is_negative(terms: Terms) -> None:
    instalments = schedule_or_none(terms)
    if instalments is None:
        assert terms.method == "reducing_instalment"
        return
    assert [row.number for row in instalments] == list(range(1, terms.periods + 1))
    assert sum(row.principal_minor for row in instalments) == terms.principal_minor
    assert all(amount >= 0 for row in instalments for amount in row)


@given(all_terms)
def test_interest_is_what_the_method_says(terms: Terms) -> None:
    instalments = schedule_or_none(terms) or ()
    owed = terms.principal_minor
    if terms.method == "flat":
        whole = divide(owed * terms.rate_ppm * terms.periods, 1_000_000, terms.rounding)
        assert sum(row.interest_minor for row in instalments) == whole
        return
    for row in instalments:
        assert row.interest_minor == divide(owed * terms.rate_ppm, 1_000_000, terms.rounding)
        owed -= row.principal_minor


@given(all_terms.filter(lambda terms: terms.method == "reducing_instalment"))
def test_equal_instalments_are_equal_until_the_loan_is_repaid(terms: Terms) -> None:
    instalments = schedule_or_none(terms) or ()
    totals = [row.total_minor for row in instalments if row.principal_minor]
    assert len(set(totals[:-1])) <= 1


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (Terms(0, "flat", 100_000, 3), "larger than nothing"),
        (Terms(AMOUNT_MINOR_MAX + 1, "flat", 100_000, 3), "larger than nothing"),
        (Terms(100, "simple", 100_000, 3), "not known"),  # type: ignore[arg-type]
        (Terms(100, "flat", 1, 3, rounding="up"), "not known"),  # type: ignore[arg-type]
        (Terms(100, "flat", 1, 3, "day"), "week or a month"),  # type: ignore[arg-type]
        (Terms(100, "flat", -1, 3), "between 0 and 1000 percent"),
        (Terms(100, "flat", 10_000_001, 3), "between 0 and 1000 percent"),
        (Terms(100, "flat", 0, 0), "instalments"),
        (Terms(100, "flat", 0, 601), "instalments"),
        (Terms(100, "flat", 0, 3, step_minor=0), "smallest unit"),
        (Terms(1_000, "reducing_instalment", 100_000, 12, step_minor=1_000), "cover the interest"),
    ],
)
def test_terms_without_a_schedule_are_refused(terms: Terms, reason: str) -> None:
    with pytest.raises(TermsError, match=reason):
        schedule(terms)
    with pytest.raises(TermsError, match=reason):
        position(terms, [])


def poured(terms: Terms, payments: list[int]) -> list[Split]:
    """An independent reckoning: carry each payment from bucket to bucket, one by one."""
    buckets = [
        [kind, amount]
        for row in schedule(terms)
        for kind, amount in enumerate((0, 0, row.interest_minor, row.principal_minor))
    ]
    splits = []
    for payment in payments:
        went = [0, 0, 0, 0]
        for bucket in buckets:
            part = min(payment, bucket[1])
            bucket[1] -= part
            payment -= part
            went[bucket[0]] += part
        splits.append(Split(went[0], went[1], went[2], went[3], payment))
    return splits


@given(all_terms, payment_lists)
def test_payments_go_where_pouring_them_by_hand_puts_them(
    terms: Terms, payments: list[int]
) -> None:
    if schedule_or_none(terms) is not None:
        assert list(position(terms, payments).splits) == poured(terms, payments)


@given(all_terms, payment_lists)
def test_payments_are_conserved_and_debt_is_never_negative(
    terms: Terms, payments: list[int]
) -> None:
    instalments = schedule_or_none(terms)
    if instalments is None:
        return
    now = position(terms, payments)
    assert [sum(split) for split in now.splits] == payments
    assert all(amount >= 0 for split in now.splits for amount in split)
    paid = tuple(map(sum, zip(*now.splits, strict=True))) or (0, 0, 0, 0, 0)
    assert now.principal_outstanding_minor + paid[3] == terms.principal_minor
    assert now.interest_outstanding_minor + paid[2] == sum(
        row.interest_minor for row in instalments
    )
    assert now.outstanding_minor >= 0
    assert not (now.overpaid_minor and now.outstanding_minor)
    assert now.overpaid_minor == paid[4]


@given(all_terms, payment_lists, st.data())
def test_a_reversed_payment_re_allocates_the_later_ones(
    terms: Terms, payments: list[int], data: st.DataObject
) -> None:
    if schedule_or_none(terms) is None or not payments:
        return
    gone = data.draw(st.integers(0, len(payments) - 1))
    left = payments[:gone] + payments[gone + 1 :]
    after = position(terms, left)
    assert after.splits[:gone] == position(terms, payments).splits[:gone]
    assert list(after.splits) == poured(terms, left)


def test_what_is_owed_does_not_depend_on_the_order_of_payments() -> None:
    terms = Terms(90_000, "reducing", 100_000, 3)
    ends = {position(terms, order)[:5] for order in permutations([10_000, 39_000, 500])}
    assert len(ends) == 1


def test_paying_early_or_late_leaves_the_scheduled_interest() -> None:
    terms = Terms(90_000, "reducing", 100_000, 3)
    at_once = position(terms, [108_000])
    assert at_once == Position(0, 0, 0, 0, 0, (Split(0, 0, 18_000, 90_000, 0),))
    assert position(terms, [95_000]).outstanding_minor == 13_000


def test_an_excess_is_overpaid_and_stays_so() -> None:
    terms = Terms(1_000, "flat", 100_000, 1)
    now = position(terms, [1_000, 200, 50])
    assert now.splits[1:] == (Split(0, 0, 0, 100, 100), Split(0, 0, 0, 0, 50))
    assert (now.overpaid_minor, now.outstanding_minor) == (150, 0)


@given(all_terms, st.integers(0, 10**7), st.integers(0, 10**7))
def test_one_payment_at_a_time_is_the_whole_list(terms: Terms, before: int, amount: int) -> None:
    if schedule_or_none(terms) is None:
        return
    assert split_payment(terms, before, amount) == position(terms, [before, amount]).splits[1]
    assert sum(paid_split(terms, before)) == before


def test_a_negative_payment_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="negative"):
        position(Terms(100, "flat", 0, 1), [5, -1])


@pytest.mark.parametrize(
    ("paid_minor", "on", "overdue"),
    [
        (0, "2026-02-28", (0, 0)),  # due today is not late
        (0, "2026-03-01", (39_000, 1)),
        (39_000, "2026-03-15", (0, 0)),
        (38_999, "2026-03-15", (1, 15)),
        (0, "2026-04-01", (75_000, 32)),
        (39_000, "2026-04-01", (36_000, 1)),
        (0, "2030-01-01", (108_000, 1_403)),
        (200_000, "2030-01-01", (0, 0)),
    ],
)
def test_arrears_count_from_the_oldest_unpaid_instalment(
    paid_minor: int, on: str, overdue: tuple[int, int]
) -> None:
    terms = Terms(90_000, "reducing", 100_000, 3)  # due 28 February, 31 March, 30 April
    assert arrears(terms, "2026-01-31", paid_minor, on) == overdue


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_one_period_is_principal_and_its_interest(method: Method, rounding: Rounding) -> None:
    terms = Terms(10_000, method, 50_000, 1, rounding=rounding)
    assert rows(terms) == [(10_000, 500)]
