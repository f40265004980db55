"""A run: which inputs each target is fed, in children one after the other, and what came of it.

Rule: what is found is repeated alone before it counts, so no law about time or memory is broken by
a busy machine; and the same seed feeds the same inputs, however many children it took.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from simulations.fuzzing.corpus import keep, kept
from simulations.fuzzing.shrinking import shrunk
from simulations.fuzzing.target import Finding, Parser, Tally, Target, input_of
from simulations.fuzzing.worker import ALARM_S, Ended, Numbered, Watch, confirmed, run_child

SHARED_INPUTS: Final = 4000
"""What a target of weight 10 is fed in one turn of a long run."""

_AHEAD: Final = 4000
"""Inputs made at once, in the parent, for one child."""

Tell = Callable[[str], None]


class Effort(NamedTuple):
    """What is spent on faults."""

    children_max: int = 40
    """Of one portion of one target: one that needs more has a fault at every turn."""
    shrinking_s: float = 20.0
    """On one finding: a smaller input is a kindness, not a law."""
    alarm_s: float = ALARM_S


_WHOLE: Final = Effort()


class Report(NamedTuple):
    """What came of a run."""

    seed: int
    tallies: dict[str, Tally]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def executions(self) -> int:
        """Inputs of all targets."""
        return sum(tally.executions for tally in self.tallies.values())


class Campaign:
    """One run over some targets."""

    def __init__(
        self,
        targets: Sequence[Target],
        seed: int,
        folder: Path | None,
        exact: bool = True,
        effort: Effort = _WHOLE,
    ) -> None:
        """`folder` is where findings are kept; `exact` is whether time is judged by the law, or
        by the alarm alone."""
        self.targets = targets
        self.seed = seed
        self._folder = folder
        self._exact = exact
        self._effort = effort
        self._tallies: dict[str, Tally] = {}
        self._found: dict[tuple[str, str, str], Finding] = {}
        self._next: dict[str, int] = {}
        self._parsers: dict[str, Parser] = {}
        self._began = time.monotonic()

    def report(self) -> Report:
        """What came of it so far."""
        seconds = time.monotonic() - self._began
        return Report(self.seed, dict(self._tallies), tuple(self._found.values()), seconds)

    def run(self, executions: int, tell: Tell = lambda _line: None) -> Report:
        """So many inputs over all targets, by their weights; what was kept comes before them."""
        whole = sum(target.weight for target in self.targets)
        for target in self.targets:
            self.replay(target)
            self.portion(target, -(-executions * target.weight // whole))
            tell(self._line(target))
        return self.report()

    def run_for(self, seconds: float, tell: Tell = lambda _line: None) -> Report:
        """Turn after turn until the time is over."""
        for target in self.targets:
            self.replay(target)
        while True:
            for target in self.targets:
                self.portion(target, max(1, SHARED_INPUTS * target.weight // 10))
                if time.monotonic() - self._began >= seconds:
                    return self.report()
                tell(self._line(target))

    def replay(self, target: Target) -> None:
        """Feed what was kept of a target."""
        if self._folder is not None:
            again = [(-1, data) for data in kept(self._folder, target.name)]
            self._feed(target, iter(again))

    def portion(self, target: Target, count: int) -> None:
        """Feed a target its next so many inputs."""
        parser = self._parser(target)
        first = self._next.get(target.name, 0)
        self._next[target.name] = first + count
        numbers = range(first, first + count)
        self._feed(target, ((no, input_of(parser, target.name, self.seed, no)) for no in numbers))

    def _parser(self, target: Target) -> Parser:
        if target.name not in self._parsers:
            self._parsers[target.name] = target.make()
        return self._parsers[target.name]

    def _feed(self, target: Target, inputs: Iterator[Numbered]) -> None:
        """All of these, in as many children as it takes."""
        parser = self._parser(target)
        ahead = list(islice(inputs, _AHEAD))
        children = 0
        while ahead and children < self._effort.children_max:
            ended = run_child(
                target, parser, ahead, Watch(exact=self._exact, alarm_s=self._effort.alarm_s)
            )
            done = min(len(ahead), ended.tally.executions + (not ended.is_whole))
            self._count(target, parser, ended)
            ahead = ahead[done:] if not ended.is_whole else []
            children += not ended.is_whole
            ahead += islice(inputs, _AHEAD - len(ahead))

    def _count(self, target: Target, parser: Parser, ended: Ended) -> None:
        before = self._tallies.get(target.name, Tally())
        self._tallies[target.name] = before.plus(ended.tally)
        for finding in ended.findings:
            if finding.mark in self._found:
                continue
            sure = confirmed(target, parser, finding, self._exact, self._effort.alarm_s)
            if sure is not None and sure.mark not in self._found:
                small = self._shrunk(target, parser, sure)
                self._found[sure.mark] = small
                if self._folder is not None:
                    keep(self._folder, small)

    def _shrunk(self, target: Target, parser: Parser, finding: Finding) -> Finding:
        def still(data: bytes) -> bool:
            one = finding._replace(data=data)
            again = confirmed(target, parser, one, self._exact, self._effort.alarm_s)
            return again is not None and again.mark == finding.mark

        return shrunk(finding, still, self._effort.shrinking_s)

    def _line(self, target: Target) -> str:
        """How far a target is, for whoever watches."""
        tally = self._tallies.get(target.name, Tally())
        rate = self.report().executions / max(0.001, time.monotonic() - self._began)
        return (
            f"{target.name:24} {tally.executions:>9,} inputs  {tally.taken:>8,} taken  "
            f"{len(tally.refused):>2} codes  slowest {tally.slowest_ns / 1e6:6.1f} ms  "
            f"{len(self._found)} found  ({rate:,.0f}/s)"
        )
