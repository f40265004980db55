"""Files of kept results: what the rules of one number came to, beside what they come to today.

The first line says which rules a file was made by, and each of the others is a case with what it
gave. Another result under one number is refused; after a rise of the number the file is written
anew. Cases are chosen out of many that are drawn, by the ways that they go through the code.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import coverage

from model.reducer import REDUCER_VERSION

ROOT: Final = Path(__file__).resolve().parents[1]
TIMES: Final = 3  # each way through the code is gone by so many of the cases, where so many do
Result = TypeVar("Result")


def read_lines(path: Path) -> tuple[int, list[dict[str, Any]]]:
    """The version of the rules that a file of kept results was made by, and its lines."""
    head, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    return head["reducer_version"], lines


def write_lines(path: Path, kept: Iterable[dict[str, Any]]) -> None:
    """Keep results of the rules of today, a line each."""
    lines = [{"reducer_version": REDUCER_VERSION}, *kept]
    rows = (json.dumps(line, separators=(",", ":")) for line in lines)
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")


def must_be_written(changed: int, shown: int, version: int) -> bool:
    """Are the results to be written anew? Other ones under one number of rules end the program."""
    if changed and version == REDUCER_VERSION:
        click.echo("Another book needs another number: raise REDUCER_VERSION in model/reducer.py.")
        sys.exit(1)
    return bool(shown) or version != REDUCER_VERSION


def ways_through(folder: str, reckon: Callable[[], Result]) -> tuple[Result, set[object]]:
    """What is reckoned, and the ways that this goes through the files of a folder."""
    tracer = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[str(ROOT / folder / "*")]
    )
    with tracer.collect():
        result = reckon()
    data = tracer.get_data()
    return result, {(path, arc) for path in data.measured_files() for arc in data.arcs(path) or ()}


def places_chosen(ways: Sequence[set[object]], lengths: Sequence[int], keep: int) -> Iterator[int]:
    """Again and again the place that goes most ways that too few have gone, for its length."""
    gone: Counter[object] = Counter()

    def worth(place: int) -> float:
        return sum(1 / (1 + gone[way]) for way in ways[place] if gone[way] < TIMES) / lengths[place]

    left = [(-worth(place), place) for place in range(len(ways))]
    heapify(left)
    for _ in range(min(keep, len(left))):
        best = left[0][1]
        while (now := (-worth(best), best)) > left[0]:  # what a place is worth only ever falls
            heapreplace(left, now)
            best = left[0][1]
        heappop(left)
        gone.update(ways[best])
        yield best
