"""A figure, what it is held against, and how repetitions are taken: interleaved, then the median.

Interleaved means that every round measures each candidate once, so that a machine that slows
down or speeds up meanwhile does so for all of them. The garbage collector stays on, as on a phone,
but what the benchmark itself holds is kept out of its sight (`frozen`).
"""

import cProfile
import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")

_clock: Callable[[], float] = time.perf_counter


class Figure(NamedTuple):
    """One measured figure. `ratio` is value / reference, both in `unit`."""

    metric: str
    """Begins with meeting, bootstrap, admission, durable, open, advance, rejudge, fold, memory
    or relay."""
    history: int
    """Events that were there before; for a relay, devices or mailboxes."""
    value: float
    unit: str
    reference: float
    compared: str
    """What the reference is, in words."""
    target: str = ""
    """What is to be reached, in words; empty for a figure that only informs."""
    reached: bool | None = None

    @property
    def ratio(self) -> float:
        """The value as a multiple of its reference."""
        return self.value / self.reference if self.reference else 0.0

    def as_json(self) -> str:
        """One line for machines."""
        return json.dumps({**self._asdict(), "ratio": round(self.ratio, 3)})


def at_most(figure: Figure, ratio_max: float) -> Figure:
    """The figure with its verdict: its ratio must not be above this."""
    return figure._replace(target=f"<= {ratio_max:g} x", reached=figure.ratio <= ratio_max)


def below(figure: Figure, value_max: float) -> Figure:
    """The figure with its verdict: its value must not be above this."""
    return figure._replace(
        target=f"<= {value_max:,g} {figure.unit}", reached=figure.value <= value_max
    )


Measure = Callable[[], float]
"""Does its work once and returns the milliseconds that counted."""


def medians(measures: Mapping[Name, Measure], rounds: int) -> dict[Name, float]:
    """The median milliseconds of each, measured in turns."""
    taken: dict[Name, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    return {name: median(values) for name, values in taken.items()}


class Stopwatch:
    """Adds up the milliseconds of the stretches that count."""

    def __init__(self) -> None:
        self.ms = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        start = _clock()
        try:
            yield
        finally:
            self.ms += (_clock() - start) * 1000


def count_processor_time() -> None:
    """From now on count this process's processor time: for a machine that does other work too.

    Waiting for a disk or a socket is not in it.
    """
    global _clock
    _clock = time.process_time


def frozen() -> None:
    """Keep everything that lives now out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    gc.collect()
    watch = Stopwatch()
    with watch.running():
        work()
    return watch.ms


def calls_of(work: Callable[[], object]) -> float:
    """Python function calls of some work, C functions too: the same on a busy machine."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return float(sum(one.callcount for one in profile.getstats()))


def table(figures: Sequence[Figure]) -> str:
    """The figures as people read them."""
    head = ("metric", "history", "value", "reference", "ratio", "target", "")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 3, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "reached", False: "MISSED", None: ""}[figure.reached]
    return (
        figure.metric,
        f"{figure.history:,}",
        f"{_number(figure.value)} {figure.unit}",
        f"{_number(figure.reference)} {figure.compared}" if figure.compared else "",
        f"{figure.ratio:.2f}" if figure.compared else "",
        figure.target,
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
