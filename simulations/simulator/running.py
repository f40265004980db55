"""Many stories, one after the other or in several processes, and what they add up to.

Each story runs in an empty folder that is thrown away. A process that dies (a library that aborts,
say) is a finding of its seed, not the end of the run. What is counted is CPU time, because the
machine is shared.
"""

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulations.simulator import adversaries, marks
from simulations.simulator.mark_list import MARKS, PROBES
from simulations.simulator.nemesis import OFTEN
from simulations.simulator.plan import plan_of
from simulations.simulator.planted import plant
from simulations.simulator.story import tell

WEEKS: Final = 13
"""A quarter of a year: twice the seeds show more than twice the weeks."""
YEAR_WEEKS: Final = 52
GARBAGE_LOOKS_MIN: Final = 20_000
"""Python looks for cycles after so many new objects, not 700: a twentieth of a story's time."""
STORY_S_MAX: Final = 600
"""Real seconds that one story may take before it is called endless."""


_NONE: Final[Mapping[str, int]] = {}


class Told(NamedTuple):
    """What came of one seed."""

    seed: int
    digest: str = ""
    faults: Mapping[str, int] = _NONE
    marks: Mapping[str, int] = _NONE
    wrong: tuple[str, ...] = ()
    group_weeks: int = 0
    cpu_s: float = 0.0
    lines: tuple[str, ...] = ()


class Totals:
    """What a run adds up to."""

    def __init__(self) -> None:
        self.seeds = 0
        self.faults: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()
        self.wrong: list[Told] = []
        self.group_weeks = 0
        self.cpu_s = 0.0

    def add(self, told: Told) -> None:
        """One more story."""
        self.seeds += 1
        self.faults.update(told.faults)
        self.marks.update(told.marks)
        self.marks.update({f"fault:{kind}": count for kind, count in told.faults.items()})
        self.group_weeks += told.group_weeks
        self.cpu_s += told.cpu_s
        if told.wrong:
            self.wrong.append(told)

    @property
    def missed(self) -> list[str]:
        """Marks that no story reached."""
        return [mark for mark in MARKS if not self.marks[mark]]

    @property
    def group_years_per_cpu_hour(self) -> float:
        """Speed, whatever the machine's load was."""
        return self.group_weeks / YEAR_WEEKS / (self.cpu_s / 3600) if self.cpu_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "seeds": self.seeds,
            "faults": dict(sorted(self.faults.items())),
            "marks": {mark: self.marks[mark] for mark in MARKS},
            "missed": self.missed,
            "failed": [told._asdict() for told in self.wrong],
            "group_years": self.group_weeks / YEAR_WEEKS,
            "group_years_per_cpu_hour": round(self.group_years_per_cpu_hour),
        }


def one(seed: int, weeks: int = WEEKS, planted: str = "") -> Told:
    """Tell one seed's story in this process. Whatever it raises is in `wrong`."""
    install()
    marks.begin()
    began_s = time.process_time()
    plan = plan_of(seed, weeks, OFTEN, adversaries.KINDS)
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder, plant(planted):
        try:
            ending = tell(plan, Path(folder))
        except Exception:
            text = traceback.format_exc(limit=-8)
            return Told(seed, wrong=(text,), cpu_s=time.process_time() - began_s)
    return Told(
        seed,
        ending.digest,
        ending.faults,
        marks.reached(),
        ending.wrong,
        ending.weeks * ending.groups,
        time.process_time() - began_s,
        ending.lines if ending.wrong else (),
    )


def install() -> None:
    """Listen at the product, once in a process."""
    if not _INSTALLED:
        _INSTALLED.append(True)
        marks.install(PROBES)
        logging.disable(logging.WARNING)


_INSTALLED: Final[list[bool]] = []


def _memory_folder() -> str | None:
    """A folder that is no disk, where there is one: fsync costs nothing there."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def many(
    seeds: Iterable[int], weeks: int, workers: int, until_s: float, planted: str = ""
) -> Iterator[Told]:
    """The stories of these seeds, as they end; none is begun after `until_s` (monotonic)."""
    waiting = iter(seeds)
    running: dict[Connection, _Worker] = {}
    try:
        while True:
            while len(running) < workers and time.monotonic() < until_s:
                seed = next(waiting, None)
                if seed is None:
                    break
                worker = _Worker(seed, weeks, planted)
                running[worker.end] = worker
            if not running:
                return
            for end in wait(list(running), timeout=5.0):
                yield running.pop(end).result()  # type: ignore[call-overload]
            for end, worker in list(running.items()):
                if time.monotonic() - worker.began_s > STORY_S_MAX:
                    yield running.pop(end).endless()
    finally:
        for worker in running.values():
            worker.endless()


class _Worker:
    """A process that tells one story."""

    def __init__(self, seed: int, weeks: int, planted: str) -> None:
        self.seed = seed
        self.began_s = time.monotonic()
        self.end, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_tell, args=(theirs, seed, weeks, planted))
        self._process.start()
        theirs.close()

    def result(self) -> Told:
        """What it told, or how it died."""
        with contextlib.suppress(EOFError):
            told: Told = self.end.recv()
            self._process.join()
            return told
        self._process.join()
        code = self._process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Told(self.seed, wrong=(f"the process died: {how}",))

    def endless(self) -> Told:
        """It takes too long: kill it."""
        self._process.kill()
        self._process.join()
        return Told(self.seed, wrong=(f"no end after {STORY_S_MAX} s",))


def _tell(end: Connection, seed: int, weeks: int, planted: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (for the rest of this process)
    gc.freeze()  # one story is this process's whole life: rarely is there much to find
    gc.set_threshold(GARBAGE_LOOKS_MIN, 20, 20)
    try:
        told = one(seed, weeks, planted)
    except BaseException:  # of the simulator's own
        told = Told(seed, wrong=(traceback.format_exc(limit=-8),))
    end.send(told)
    end.close()
