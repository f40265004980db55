"""Asks all candidates in turn, round after round; keeps the median and the least of each figure.

One works at a time. In every round each step is taken by all candidates one after the other, so a
machine that slows down does so for all of them. Candidates live from the first round to the last.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import click

from simulations.bench.peers.candidate import STEPS, Answer, Setting, Step
from simulations.bench.peers.worker import OURS

Say = Callable[[str], None]
PATIENCE_S: Final = 30.0
ROOT: Final = Path(__file__).resolve().parents[3]


class Taken(NamedTuple):
    """One figure of one candidate."""

    candidate: str
    figure: str
    """Its unit is the end of its name."""
    history: int
    """Events that were there before."""
    median: float
    least: float
    rounds: int


class Broken(click.ClickException):
    """A candidate's process ended before it had answered."""


class Running:
    """A candidate's process."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name = name
        self._process = process

    def ask(self, order: Mapping[str, Any]) -> Any:
        """Let it do something and wait for the answer. Raises Broken."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order, default=str) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._process.stdout.readline()
        if not line:
            raise Broken(
                f"{self.name} stopped while it was asked for {order}; its words are above."
            )
        return json.loads(line)

    def take(self, step: Step, length: int, run: int) -> Answer:
        """One step's figures."""
        answer: Answer = self.ask({"step": step, "length": length, "run": run})
        return answer


@contextmanager
def started(name: str) -> Iterator[Running]:
    """A process for one candidate; ended afterwards."""
    command = [sys.executable, "-m", "simulations.bench.peers.worker"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            yield Running(name, process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def measured(names: Sequence[str], setting: Setting, say: Say) -> list[Taken]:
    """Every figure of these candidates, each in a folder of its own inside that of the setting.

    Ours comes first, for it writes the workload.
    """
    assert names[0] == OURS
    with ExitStack() as stack:
        running = []
        for number, name in enumerate(names):
            say(f"{name}: setting up.")
            one = stack.enter_context(started(name))
            own = setting._replace(folder=setting.folder / str(number))
            own.folder.mkdir()
            answer = one.ask({"name": name, **own._asdict()})
            if "missing" in answer:
                say(f"{name} is left out: {answer['missing']} is not installed here.")
            else:
                running.append(one)
        return _rounds(running, setting.lengths, setting.runs, say)


def _rounds(
    running: Sequence[Running], lengths: tuple[int, ...], rounds: int, say: Say
) -> list[Taken]:
    values: dict[tuple[str, str, int], list[float]] = {}
    for run in range(rounds):
        say(f"Round {run + 1} of {rounds}.")
        for step in STEPS:
            for length in lengths if step == "meeting" else lengths[-1:]:
                for one in running:
                    for figure, value in one.take(step, length, run).items():
                        values.setdefault((one.name, figure, length), []).append(value)
    return [Taken(*key, median(taken), min(taken), len(taken)) for key, taken in values.items()]
