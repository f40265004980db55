"""When changes go to a relay: an independent reckoning of the rule, and its corners."""

from hypothesis import given, settings
from hypothesis import strategies as st

from node.relay_timing import (
    ALONE_MAX_MS,
    ALONE_QUIET_MS,
    OTHERS_BLUR_MS,
    OTHERS_MS,
    OWN_MAX_MS,
    OWN_QUIET_MS,
    REFUSED_MAX_MS,
    REFUSED_MS,
    Timing,
    Unsent,
)


def test_nothing_unsent_is_never_due() -> None:
    timing = Timing(0.5)
    timing.noted(Unsent(), 5.0)
    assert timing.due() is None


def test_a_closed_meeting_goes_at_once() -> None:
    timing = Timing(0.0)
    timing.noted(Unsent(own=2), 1000.0)
    assert timing.due() == 1000.0 + OWN_QUIET_MS
    timing.noted(Unsent(own=3, closes=True), 4000.0)
    assert (timing.due() or 0) <= 4000.0


@given(st.lists(st.integers(1, OWN_QUIET_MS * 2), min_size=1, max_size=30))
@settings(max_examples=50)
def test_own_changes_go_after_quiet_and_some_minutes_at_the_latest(gaps: list[int]) -> None:
    timing, now, first = Timing(0.0), 0.0, 0.0
    for count, gap in enumerate(gaps, 1):
        now += gap
        first = first or now
        timing.noted(Unsent(own=count), now)
        timing.noted(Unsent(own=count), now + 1)  # looked at again: nothing new
        assert timing.due() == min(now + OWN_QUIET_MS, first + OWN_MAX_MS)


def test_a_phone_alone_waits_only_for_seconds_and_no_longer_than_that() -> None:
    timing = Timing(0.0)
    timing.noted(Unsent(own=1), 1000.0)
    timing.noted(Unsent(own=1, alone=True), 2000.0)  # the others left
    assert timing.due() == 1000.0 + ALONE_QUIET_MS
    for second in range(60):
        timing.noted(Unsent(own=2 + second, alone=True), 2000.0 + 1000 * second)
    assert timing.due() == 1000.0 + ALONE_MAX_MS


@given(st.floats(0, 1))
@settings(max_examples=20)
def test_what_others_wrote_waits_for_them(blur: float) -> None:
    timing = Timing(blur)
    timing.noted(Unsent(others=4), 100.0)
    timing.noted(Unsent(others=9), 50_000.0)
    due = timing.due()
    assert due is not None
    assert 100 + OTHERS_MS <= due <= 100 + OTHERS_MS + OTHERS_BLUR_MS
    timing.noted(Unsent(), 60_000.0)  # somebody brought it
    assert timing.due() is None


def test_a_refusal_makes_it_wait_longer_each_time_up_to_a_bound() -> None:
    timing, waits = Timing(0.0), []
    for _ in range(12):
        timing.noted(Unsent(own=1, closes=True), 0.0)
        timing.pushed(0.0, refused=True)
        waits.append(timing.due())
    assert waits[:3] == [REFUSED_MS, 2 * REFUSED_MS, 4 * REFUSED_MS]
    assert waits[-1] == REFUSED_MAX_MS
    timing.pushed(0.0, refused=True, retry_after_ms=2**31 - 1)  # a lie, or a mistake
    assert timing.due() == REFUSED_MAX_MS
    timing.pushed(1.0, refused=False)
    assert timing.due() is None
    timing.noted(Unsent(own=1, closes=True), 2.0)
    assert timing.due() == 2.0
