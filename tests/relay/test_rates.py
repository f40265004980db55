"""Buckets: never more than was promised, a wait that is true, memory that is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from relay.rates import Rate, Rates

steps = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 50)), max_size=40)


@given(steps, st.integers(1, 20), st.integers(1, 60))
def test_nobody_gets_more_than_a_full_bucket_and_what_came_back(
    steps: list[tuple[int, int]], per_second: int, burst: int
) -> None:
    rates = Rates(Rate(per_second, burst))
    now_ms = spent = 0
    for passed_ms, cost in steps:
        now_ms += passed_ms
        if not rates.take("one", cost, now_ms):
            spent += min(cost, burst)
        assert spent <= burst + now_ms * per_second / 1000 + 1e-6


@given(steps, st.integers(1, 20), st.integers(1, 60))
def test_who_waits_as_told_is_served_and_not_before(
    steps: list[tuple[int, int]], per_second: int, burst: int
) -> None:
    rates = Rates(Rate(per_second, burst))
    now_ms = 0
    for passed_ms, cost in steps:
        now_ms += passed_ms
        wait_ms = rates.take("one", cost, now_ms)
        if wait_ms > 1:
            assert rates.take("one", cost, now_ms + wait_ms - 2)
        if wait_ms:
            now_ms += wait_ms + 1
            assert rates.take("one", cost, now_ms) == 0


@given(steps, st.integers(1, 20), st.integers(1, 60))
def test_what_was_had_before_it_was_paid_is_waited_out(
    steps: list[tuple[int, int]], per_second: int, burst: int
) -> None:
    rates = Rates(Rate(per_second, burst))
    now_ms = spent = last = 0
    for passed_ms, cost in steps:
        now_ms += passed_ms
        if not rates.take("one", 0, now_ms):
            rates.spend("one", cost, now_ms)
            spent, last = spent + cost, cost
        assert spent - last <= burst + now_ms * per_second / 1000 + 1e-6


def test_one_name_takes_nothing_from_another() -> None:
    rates = Rates(Rate(1, 5))
    assert rates.take("greedy", 1000, 0) == 0
    assert rates.take("greedy", 2, 0) == 2000
    rates.spend("greedy", 10, 0)
    assert rates.take("greedy", 2, 0) == 12_000
    assert rates.take("other", 1, 0) == 0


def test_a_flood_of_names_is_forgotten_oldest_first() -> None:
    rates = Rates(Rate(1, 5), names_max=100)
    rates.take("busy", 1000, 0)
    for number in range(1000):
        rates.take(number, 1, 0)
        assert rates.take("busy", 1, 0) > 0
        assert len(rates) <= 100


def test_no_rate_is_no_limit() -> None:
    rates = Rates(Rate(0, 1))
    assert [rates.take("one", 10**9, 0) for _ in range(3)] == [0, 0, 0]
    assert len(rates) == 0
