"""Payments are poured once, to the last unit, and the sum function is the replay."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.allocation import (
    BUCKETS,
    AllocationError,
    AllocationRule,
    Due,
    LoanDebt,
    LoanShare,
    Part,
    Position,
    Split,
    allocate,
    is_sum_function,
    owed,
    paid_split,
    position,
    share_over_loans,
    split_payment,
)
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import Fee, LoanTerms

amounts = st.integers(0, 3_000)
dues = st.lists(st.tuples(amounts, amounts, amounts, amounts), max_size=8).map(
    lambda drawn: [
        Due(number, f"2026-{number:02}-10", *each) for number, each in enumerate(drawn, 1)
    ]
)
orders = st.permutations(BUCKETS).map(tuple)
rules = st.builds(
    AllocationRule,
    order=orders,
    by=st.sampled_from(["instalment", "bucket"]),
    advance=st.sampled_from(["next_instalment", "last_instalment", "reamortise"]),
    advance_order=st.one_of(st.just(()), orders),
    odd_units=st.sampled_from(["earlier", "last"]),
)
days = st.integers(1, 12).flatmap(
    lambda month: st.integers(1, 28).map(lambda day: f"2026-{month:02}-{day:02}")
)
loans = st.builds(
    LoanTerms,
    principal_minor=st.integers(1, 100_000),
    method=st.sampled_from(["flat", "reducing", "upfront", "bullet", "interest_only"]),
    rate=st.integers(0, 30).map(lambda parts: percent(str(parts))),
    periods=st.integers(1, 12),
    disbursed_on=st.just("2026-01-10"),
    fees=st.sampled_from([(), (Fee(700, at="spread"),), (Fee(90, at="each"),)]),
    **{  # the rest as usual
        name: st.just(value)
        for name, value in LoanTerms._field_defaults.items()
        if name not in ("method", "rate", "periods", "disbursed_on", "fees")
    },
)
payments = st.lists(st.integers(0, 60_000), max_size=12)


@given(dues, st.integers(0, 80_000), days, rules)
def test_nothing_is_lost_and_nothing_goes_below_zero(
    owing: list[Due], amount: int, on: str, rule: AllocationRule
) -> None:
    done = allocate(owing, amount, on, rule)
    asked = sum(due.total_minor for due in owing)
    assert sum(done.split) == amount
    assert done.split.overpaid_minor == max(0, amount - asked)
    assert sum(due.total_minor for due in done.left) == max(0, asked - amount)
    assert all(min(due[2:]) >= 0 for due in done.left)
    assert sum(part.amount_minor for part in done.parts) == amount - done.split.overpaid_minor
    for bucket, total in zip(BUCKETS, done.split[:4], strict=True):
        assert total == sum(part.amount_minor for part in done.parts if part.bucket == bucket)


@given(dues, st.integers(0, 80_000), days, orders)
def test_interest_first_across_all_instalments_leaves_no_interest_when_principal_is_paid(
    owing: list[Due], amount: int, on: str, order: tuple[str, ...]
) -> None:
    rule = AllocationRule(order, by="bucket")  # type: ignore[arg-type]
    done = allocate(owing, amount, on, rule)
    past = [due for due in done.left if due.due_on < on]
    paid_last = any(part.bucket == order[-1] and part.number <= len(past) for part in done.parts)
    if paid_last:
        earlier = [BUCKETS.index(bucket) + 2 for bucket in order[:-1]]
        assert all(due[place] == 0 for due in past for place in earlier)


@given(dues, st.integers(0, 80_000), days, orders)
def test_by_instalment_the_oldest_is_finished_first(
    owing: list[Due], amount: int, on: str, order: tuple[str, ...]
) -> None:
    rule = AllocationRule(order)  # type: ignore[arg-type]
    left = allocate(owing, amount, on, rule).left
    changed = [k for k, (was, now) in enumerate(zip(owing, left, strict=True)) if was != now]
    if changed:
        assert all(due.total_minor == 0 for due in left[: changed[-1]])
    assert allocate(owing, amount, "2026-01-01", rule).left == left  # no day matters
    assert is_sum_function(rule)


DUES = [Due(k, f"2026-0{k}-10", 10, 20, 30, 40) for k in (1, 2, 3, 4)]


def test_orders_by_hand() -> None:
    by_instalment = allocate(DUES, 130, "2026-03-10")
    assert by_instalment.split == Split(20, 40, 30, 40, 0)
    rbi = AllocationRule(("interest", "principal", "fee", "penalty"), by="bucket")
    assert allocate(DUES, 100, "2026-03-10", rbi).split == Split(0, 0, 60, 40, 0)
    assert allocate(DUES, 230, "2026-03-10", rbi).parts[-1] == Part(3, "interest", 30)


def test_advances_go_where_it_was_agreed() -> None:
    early = "2026-01-01"
    last = allocate(DUES, 150, early, AllocationRule(advance="last_instalment"))
    assert [due.total_minor for due in last.left] == [100, 100, 50, 0]
    even = allocate(DUES, 150, early, AllocationRule(advance="reamortise"))
    assert [due.total_minor for due in even.left] == [62, 62, 63, 63]
    most = allocate(DUES, 450, early, AllocationRule(advance="reamortise"))
    assert most.split.overpaid_minor == 50
    odd = AllocationRule(advance="reamortise", odd_units="last")
    assert [due.total_minor for due in allocate(DUES, 151, early, odd).left] == [62, 62, 62, 63]
    assert [due.total_minor for due in allocate(DUES, 3, early, odd).left] == [99, 99, 99, 100]


@given(dues, st.integers(0, 80_000), days, orders, orders)
def test_an_order_for_advances_changes_advances_alone(
    owing: list[Due], amount: int, on: str, order: tuple[str, ...], ahead: tuple[str, ...]
) -> None:
    plain = AllocationRule(order)  # type: ignore[arg-type]
    rule = plain._replace(advance_order=ahead)  # type: ignore[arg-type]
    one, other = allocate(owing, amount, on, plain), allocate(owing, amount, on, rule)
    reached = {due.number for due in owing if due.due_on <= on}
    assert [part for part in one.parts if part.number in reached] == [
        part for part in other.parts if part.number in reached
    ]
    assert [due.total_minor for due in one.left] == [due.total_minor for due in other.left]
    swapped = allocate(owing, amount, "2026-01-01", rule)
    assert swapped == allocate(owing, amount, "2026-01-01", AllocationRule(ahead))  # type: ignore[arg-type]
    assert is_sum_function(rule) == (ahead == order)


@given(st.integers(0, 500), st.integers(1, 12))
def test_odd_units_differ_by_who_takes_them_alone(amount: int, count: int) -> None:
    owing = [Due(n, f"2026-{n:02}-10", principal_minor=1_000) for n in range(1, count + 1)]
    rule = AllocationRule(advance="reamortise", odd_units="last")
    done = allocate(owing, amount, "2026-01-01", rule)
    parts = [1_000 - due.principal_minor for due in done.left]
    assert sum(parts) == amount
    nearest = round(Fraction(amount, count))  # half to even
    assert all(0 <= part <= nearest for part in parts[:-1])
    if nearest * (count - 1) <= amount:
        assert parts[:-1] == [nearest] * (count - 1)


@pytest.mark.parametrize(
    "rule",
    [
        AllocationRule(("penalty", "fee", "interest", "interest")),
        AllocationRule(("principal",)),
        AllocationRule(by="day"),  # type: ignore[arg-type]
        AllocationRule(advance="back"),  # type: ignore[arg-type]
        AllocationRule(advance_order=("principal",)),
        AllocationRule(odd_units="first"),  # type: ignore[arg-type]
    ],
)
def test_unknown_rules_are_refused(rule: AllocationRule) -> None:
    with pytest.raises(AllocationError):
        allocate(DUES, 1, "2026-01-01", rule)


def test_a_negative_payment_is_refused() -> None:
    with pytest.raises(AllocationError):
        allocate(DUES, -1, "2026-01-01")
    with pytest.raises(AllocationError):
        position(LoanTerms(100), [5, -1])
    with pytest.raises(AllocationError):
        share_over_loans([], -1)


# The sum function.


def replayed(terms: LoanTerms, paid: list[int], order: tuple[str, ...]) -> list[Split]:
    """An independent reckoning: payment after payment through `allocate`."""
    rule = AllocationRule(order)  # type: ignore[arg-type]
    left = [
        Due(row.number, row.due_on, row.penalty_minor, row.fee_minor, *row[2:0:-1])
        for row in schedule(terms).instalments
    ]
    splits = []
    for amount in paid:
        done = allocate(left, amount, "2026-06-01", rule)
        splits.append(done.split)
        left = list(done.left)
    return splits


@given(loans, payments, orders)
def test_the_sum_function_is_the_replay(
    terms: LoanTerms, paid: list[int], order: tuple[str, ...]
) -> None:
    now = position(terms, paid, order)  # type: ignore[arg-type]
    assert list(now.splits) == replayed(terms, paid, order)
    assert [sum(split) for split in now.splits] == paid
    assert now.outstanding_minor == max(0, owed(terms) - sum(paid))
    assert not (now.overpaid_minor and now.outstanding_minor)


@given(loans, st.integers(0, 100_000), st.integers(0, 100_000))
def test_one_payment_at_a_time_is_the_whole_list(terms: LoanTerms, before: int, more: int) -> None:
    assert split_payment(terms, before, more) == position(terms, [before, more]).splits[1]
    assert sum(paid_split(terms, before)) == before


@given(loans, payments, st.data())
def test_a_payment_left_out_re_allocates_the_later_ones(
    terms: LoanTerms, paid: list[int], data: st.DataObject
) -> None:
    if not paid:
        return
    gone = data.draw(st.integers(0, len(paid) - 1))
    left = paid[:gone] + paid[gone + 1 :]
    after = position(terms, left)
    assert after.splits[:gone] == position(terms, paid).splits[:gone]
    assert list(after.splits) == replayed(terms, left, BUCKETS)


def test_what_is_owed_does_not_depend_on_the_order_of_payments() -> None:
    terms = LoanTerms(90_000, "reducing", percent("10"), 3)
    ends = {position(terms, list(order))[:5] for order in permutations([10_000, 39_000, 500])}
    assert len(ends) == 1
    at_once = position(terms, [108_000])
    assert at_once == Position(0, 0, 0, 0, 0, (Split(0, 0, 18_000, 90_000, 0),))


# Several loans.


def test_the_oldest_loan_is_paid_first() -> None:
    debts = [
        LoanDebt("b", "2026-02-01", 100),
        LoanDebt("a", "2026-02-01", 100),
        LoanDebt("z", "2026-01-01", 50),
    ]
    shares, left = share_over_loans(debts, 170)
    assert shares == (LoanShare("z", 50), LoanShare("a", 100), LoanShare("b", 20))
    assert left == 0
    assert share_over_loans(debts[::-1], 300)[1] == 50
