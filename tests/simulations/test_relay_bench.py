"""The relay's benchmarks measure what they say, tried on a few devices, mailboxes and meetings."""

import asyncio
import time
from itertools import pairwise

import pytest

from relay.facts import Head, SignedHead
from relay.protocol import News, encode
from simulations.bench import relay_short, relay_year
from simulations.bench.figures import Figure
from simulations.bench.histories import grown
from simulations.bench.relay_crowd import percentile
from simulations.bench.relay_devices import Tally, due_of, stamped, told_of
from simulations.bench.relay_filling import framed, moved
from simulations.bench.relay_year import PHONES, Policy, Shown, stretches


@pytest.fixture(scope="module")
def short() -> dict[str, Figure]:
    """A run of everything, as small as it gets."""
    found = relay_short.figures(relay_short.TINY, lambda _text: None)
    return {figure.metric: figure for figure in found}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Two meetings of a group."""
    return relay_year.year_of(2, tmp_path_factory.mktemp("year"))


def test_every_push_reaches_every_other_member(short: dict[str, Figure]) -> None:
    for shape in ("groups", "one"):
        for step in ("paced", "burst"):
            assert short[f"relay_{shape}_{step}_missing"].value == 0
            assert short[f"relay_{shape}_{step}_p50_ms"].value > 0
    assert short["relay_groups_pushes_by_10"].value > 0
    assert short["relay_groups_memory"].value > 10


def test_growth_compares_the_most_mailboxes_with_the_fewest(short: dict[str, Figure]) -> None:
    for cost in ("append", "pull", "open", "find", "disk", "memory"):
        figure = short[f"relay_{cost}_growth"]
        assert (figure.history, figure.compared) == (16, "among 8")
        assert figure.value > 0
        assert figure.reference > 0


def test_a_delivery_that_never_comes_is_counted_as_missing() -> None:
    async def two_of_three() -> tuple[int, list[float]]:
        tally = Tally()
        tally.arrived((1_000_000,), 3_000_000)
        tally.arrived((1_000_000,), 2_000_000)
        return await tally.wait(3, 0), tally.take()

    assert asyncio.run(two_of_three()) == (1, [1.0, 2.0])


def test_a_blob_carries_the_moment_it_was_due() -> None:
    due_ns = time.perf_counter_ns()
    blob = stamped(due_ns, 489)
    assert len(blob) == 489
    assert due_of(blob) == due_ns
    assert stamped(due_ns, 489) != blob


def test_news_without_entries_say_where_the_log_stands() -> None:
    head = SignedHead(Head(bytes(16), 7, bytes(32), 1), bytes(64))
    told = told_of(encode(News(b"m" * 32, 1, (), head)))
    assert told == (b"m" * 32, 7, (), (), ())


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([], 95) == 0
    assert percentile([3.0], 50) == 3


# A year in bytes


def test_the_longer_a_phone_gathers_the_less_lies_at_the_relay(year: Shown) -> None:
    sizes = {one.policy: (one.blobs, one.padded_256) for one in year.policies}
    at_once, minute = sizes["each change at once"], sizes["60 s old"]
    meeting = sizes["the whole meeting"]
    assert at_once[0] == year.events
    assert at_once > minute > sizes["60 s quiet, or 5 min old"] > meeting
    for one in year.policies:
        assert one.padded_256 <= one.padded_512 <= one.padded_1024
        assert one.disk_bytes > one.padded_256


def test_nothing_of_a_year_is_left_out(year: Shown) -> None:
    log, summary, doors, people = year.lines
    assert log.blobs == year.policies[0].blobs
    assert log.blob_bytes > year.bundles_bytes > year.one_bundle_bytes > 0
    assert (summary.blobs, doors.blobs % PHONES, people.blobs % PHONES) == (4, 0, 0)
    assert all(line.disk_bytes > 0 and line.out_bytes > line.in_bytes for line in year.lines)
    assert log.disk_bytes > log.blob_bytes
    assert doors.disk_bytes > doors.blob_bytes / 3  # a newer slot takes the older one's place


def test_pushing_alone_moves_a_blob_in_and_a_receipt_out() -> None:
    incoming, receipt = moved([bytes(500)], 0)
    assert 500 < incoming < 700
    assert 200 < receipt < 500
    alone, with_two = moved([bytes(500)], 0)[1], moved([bytes(500)], 2)[1]
    assert with_two > alone + 2 * 500


@pytest.mark.parametrize(("size", "head"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_frames_have_the_heads_of_the_standard(size: int, head: int) -> None:
    assert framed(bytes(size), masked=False) == size + head
    assert framed(bytes(size), masked=True) == size + head + 4


def test_what_goes_together_was_close_together() -> None:
    history = grown(150)
    policy = Policy("tried", 20_000, 60_000)
    parts = list(stretches(history.changes, policy))
    assert [one for part in parts for one in part] == list(history.changes)
    for part in parts:
        times = [one.change.time_ms for one in part]
        assert max(times) - min(times) < policy.age_ms
        assert all(0 <= b - a < policy.quiet_ms for a, b in pairwise(times))
