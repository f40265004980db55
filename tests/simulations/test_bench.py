"""The benchmark measures everything that was promised, and the promises without a clock hold.

Bytes and turns don't depend on the machine, so they are asserted here; times are only looked at by
`make bench`.
"""

import json

import pytest
from click.testing import CliRunner

from simulations.bench.__main__ import main, measure
from simulations.bench.figures import Figure, at_most, below, medians, table
from simulations.bench.histories import grown, tail

PROMISED = {
    *("meeting", "bootstrap", "admission", "durable", "open"),
    *("advance", "rejudge", "fold", "memory"),
}


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return list(measure(5_000, 1, lambda _text: None))


def named(figures: list[Figure], metric: str) -> list[Figure]:
    return [figure for figure in figures if figure.metric == metric]


def test_every_promise_has_a_figure(figures: list[Figure]) -> None:
    assert {figure.metric.partition("_")[0] for figure in figures} == PROMISED
    assert all(figure.value > 0 for figure in figures)


def test_a_meeting_costs_under_4000_bytes_whatever_the_history(figures: list[Figure]) -> None:
    sizes = named(figures, "meeting_bytes")
    assert [figure.history for figure in sizes] == [100, 1_000, 5_000]
    assert all(figure.reached and figure.value < figure.reference for figure in sizes)
    assert all(figure.reached for figure in named(figures, "meeting_growth"))


def test_a_meeting_takes_one_and_a_half_round_trips(figures: list[Figure]) -> None:
    assert [figure.value for figure in named(figures, "meeting_round_trips")] == [1.5] * 3


def test_an_empty_phone_receives_at_most_8_bytes_an_event(figures: list[Figure]) -> None:
    (size,) = named(figures, "bootstrap_bytes_per_event")
    assert size.reached
    assert size.value <= 8


def test_the_same_length_gives_the_same_history() -> None:
    first, second = grown(300), grown(300)
    assert first.changes == second.changes
    assert len(first.changes) == 300
    assert tail(first, "secretary", 300, 0) == tail(second, "secretary", 300, 0)
    assert len(tail(first, "treasurer", 300, 0)) == 90


def test_a_figure_says_whether_its_target_was_reached() -> None:
    figure = Figure("open_ms", 50_000, 12.0, "ms", 8.0, "at 1,000")
    assert at_most(figure, 1.5).reached
    assert not at_most(figure, 1.4).reached
    assert not below(figure, 11).reached
    assert "MISSED" in table([below(figure, 11)])


def test_repetitions_are_taken_in_turns() -> None:
    calls: list[str] = []

    def measure_of(name: str, values: list[float]) -> float:
        calls.append(name)
        return values.pop(0)

    slow, quick = [9.0, 7.0, 8.0], [1.0, 3.0, 2.0]
    found = medians(
        {"slow": lambda: measure_of("slow", slow), "quick": lambda: measure_of("quick", quick)}, 3
    )
    assert found == {"slow": 8.0, "quick": 2.0}
    assert calls == ["slow", "quick"] * 3


def test_json_is_a_line_a_figure() -> None:
    run = CliRunner().invoke(main, ["--json", "--history", "2000", "--rounds", "1", "--no-relay"])
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert {"metric", "history", "value", "unit", "reference", "ratio"} <= set(lines[0])
    assert {line["metric"].partition("_")[0] for line in lines} == PROMISED
