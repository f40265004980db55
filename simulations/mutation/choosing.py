"""For a fault, the tests worth running: those that run its line, up to a budget of time.

First the tests that run a line of the fault; then, since what a fixture or a cache did once is
told of one test alone, those that run its function, and those of the file's own tests. What runs
only while the file is imported belongs to every test that enters the file at all; a file in which
nothing else runs, to every test there is. Among them those come first that run the most lines for
their time: what a fault spoils shows in many places.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from simulations.mutation.mutants import Mutant

_QUICK_SECONDS: Final = 0.4  # tests up to here come before others, whatever they test


class Traces(NamedTuple):
    """What the tests ran, as `tracing` wrote it."""

    seconds: dict[str, float]  # by test
    lines: dict[str, dict[int, frozenset[str]]]  # by file and line: tests
    reach: dict[str, int]  # by test: how many lines it runs

    @classmethod
    def read(cls, folder: Path) -> Traces:
        """The traces of all processes, as one."""
        seconds: dict[str, float] = {}
        lines: dict[str, dict[int, set[str]]] = {}
        for path in sorted(folder.glob("*.json")):
            seen = json.loads(path.read_text("utf-8"))
            seconds |= seen["seconds"]
            for name, by_line in seen["lines"].items():
                known = lines.setdefault(name, {})
                for line, tests in by_line.items():
                    known.setdefault(int(line), set()).update(seen["tests"][one] for one in tests)
        return cls.of(
            seconds,
            {
                name: {line: frozenset(tests) for line, tests in by_line.items()}
                for name, by_line in lines.items()
            },
        )

    @classmethod
    def of(cls, seconds: dict[str, float], lines: dict[str, dict[int, frozenset[str]]]) -> Traces:
        """From what each test took and ran."""
        reach = Counter(
            test for by_line in lines.values() for tests in by_line.values() for test in tests
        )
        return cls(seconds, lines, dict(reach))

    def running(self, path: str, first: int, last: int) -> frozenset[str]:
        """The tests that run one of these lines."""
        by_line = self.lines.get(path, {})
        return frozenset().union(*(by_line.get(line, ()) for line in range(first, last + 1)))


def choose(
    traces: Traces, mutant: Mutant, tree: ast.Module, budget_seconds: float
) -> tuple[str, ...]:
    """The tests to run against a fault; together they take about the budget at most."""
    path = mutant.path
    first, last = _header(tree, mutant)
    near = traces.running(path, first, last)
    around = traces.running(path, *_function(tree, mutant))
    anywhere = traces.running(path, 1, 10**6)
    chosen: dict[str, None] = {}
    left = budget_seconds
    rest = frozenset() if around else anywhere or frozenset(traces.seconds)
    for some in (near, around - near, rest - around):
        for test in _ordered(some, traces, path):
            cost = traces.seconds.get(test, 0.0)
            if cost <= left and test not in chosen:
                chosen[test] = None
                left -= cost
    return tuple(chosen)


def _ordered(tests: Iterable[str], traces: Traces, path: str) -> Iterator[str]:
    """The file's own quick tests, other quick ones, then the long ones."""
    own = f"test_{PurePosixPath(path).stem}"

    def rank(test: str) -> tuple[bool, bool, float, str]:
        seconds = traces.seconds.get(test, 0.0)
        for_each_line = seconds / traces.reach.get(test, 1)
        return seconds > _QUICK_SECONDS, own not in test, for_each_line, test

    return iter(sorted(tests, key=rank))


def _header(tree: ast.Module, mutant: Mutant) -> tuple[int, int]:
    """The lines of the fault; of a compound statement only those before its body."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.If | ast.While)
            and node.lineno == mutant.line
            and node.end_lineno == mutant.last_line
        ):
            return node.lineno, node.test.end_lineno or node.lineno
    return mutant.line, mutant.last_line


def _function(tree: ast.Module, mutant: Mutant) -> tuple[int, int]:
    """The lines of the body of the innermost function around the fault; none at a file's level."""
    spans = [
        (node.body[0].lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.lineno <= mutant.line
        and mutant.last_line <= (node.end_lineno or node.lineno)
    ]
    return max(spans, default=(0, 0))
