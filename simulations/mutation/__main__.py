"""`python -m simulations.mutation --files admission --sample 400 --seed 1`: how many are noticed.

The first run traces the tests of the core (minutes) and keeps what it saw in a folder; give
`--traces` to use it again. The exit code is 1 when fewer than `--least` percent are noticed.
"""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from simulations.mutation.choosing import Traces, choose
from simulations.mutation.cores import CORES, files_of
from simulations.mutation.interval import wilson_percent
from simulations.mutation.mutants import Mutant, list_mutants, mutated
from simulations.mutation.tracing import FOLDER, TRACED
from simulations.mutation.trials import Verdict, start, verdict

ROOT: Final = Path(__file__).resolve().parents[2]
STARTING_SECONDS: Final = 20  # imports and collection, on a slow machine
TIMES_SLOWER_MAX: Final = 4  # a test that takes longer than so many times its own time hangs
CONTROL_EVERY: Final = 25  # one trial of so many has no fault in it: its tests must pass


@click.command()
@click.option("--files", "named", multiple=True, required=True, help="A core, or paths.")
@click.option("--sample", default=400, show_default=True, help="How many faults; 0: every one.")
@click.option("--seed", default=1, show_default=True, help="Which sample.")
@click.option("--budget", default=20.0, show_default=True, help="Seconds of tests a fault.")
@click.option("--workers", default=2, show_default=True, help="Trials at once.")
@click.option("--traces", type=click.Path(path_type=Path), help="A folder, to trace only once.")
@click.option("--least", default=0.0, help="Percent to notice; below it the exit code is 1.")
@click.option("--only", default="", help="Only faults whose report line has this in it.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a fault.")
def main(
    named: tuple[str, ...],
    sample: int,
    seed: int,
    budget: float,
    workers: int,
    traces: Path | None,
    least: float,
    only: str,
    as_json: bool,
) -> None:
    """Plant small faults in a core and see whether its tests notice them."""
    os.chdir(ROOT)
    folder = traces or Path(tempfile.mkdtemp(prefix="mkutano-traces-"))
    seen = Traces.read(folder)
    if not seen.seconds:
        _trace(folder, named)
        seen = Traces.read(folder)
    paths = [path for name in named for path in _paths(name)]
    every = [
        mutant for path in paths for mutant in list_mutants(path, (ROOT / path).read_text("utf-8"))
    ]
    every = [mutant for mutant in every if only in mutant.change]
    chance = random.Random(seed)
    drawn = chance.sample(every, min(sample, len(every))) if sample else every
    click.echo(
        f"{len(paths)} files hold {len(every):,} faults; {len(drawn):,} are tried.", err=True
    )
    counts: Counter[Verdict] = Counter()
    for mutant, what in _tried(drawn, seen, budget, workers):
        counts[what] += 1
        if as_json:
            click.echo(json.dumps({"verdict": what, **mutant._asdict()}))
        elif what != Verdict.KILLED:
            click.echo(f"{what:9} {mutant.change}")
    noticed = len(drawn) - counts[Verdict.SURVIVED]
    low, high = wilson_percent(noticed, len(drawn))
    click.echo(
        f"{counts[Verdict.KILLED]} killed, {counts[Verdict.TIMED_OUT]} timed out, "
        f"{counts[Verdict.SURVIVED]} survived: {100 * noticed / max(1, len(drawn)):.1f} % noticed "
        f"(95 %: {low:.1f} to {high:.1f} %; seed {seed}, {len(drawn)} of {len(every)})."
    )
    sys.exit(100 * noticed < least * len(drawn))


def _paths(name: str) -> list[str]:
    if name in CORES:
        return files_of(ROOT, CORES[name])
    if not (ROOT / name).is_file():
        raise click.UsageError(f"{name} is neither a core ({', '.join(CORES)}) nor a file here.")
    return [name]


def _trace(folder: Path, named: Sequence[str]) -> None:
    """Run the tests of the cores once and write who runs what."""
    folder.mkdir(parents=True, exist_ok=True)
    tests = {test for name in named for test in CORES.get(name, CORES["reducer"]).tests}
    click.echo(f"Tracing the tests in {', '.join(sorted(tests))}: some minutes.", err=True)
    packages = {path.partition("/")[0] for name in named for path in _paths(name)}
    traced = ",".join(f"{ROOT / package}/*" for package in sorted(packages))
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "simulations.mutation.tracing"),
            *("-n", "2", "--hypothesis-profile=ci", *sorted(tests)),
        ],
        env=os.environ | {FOLDER: str(folder.resolve()), TRACED: traced},
        stdout=sys.stderr,
        check=True,
    )


def _tried(
    drawn: Sequence[Mutant], seen: Traces, budget: float, workers: int
) -> Iterator[tuple[Mutant, Verdict]]:
    """Each fault with its verdict, as children end; some trials between them plant nothing."""
    running: dict[int, Mutant | None] = {}
    for number, mutant in enumerate(drawn):
        if number % CONTROL_EVERY == 0:
            yield from _ended(running, workers)
            running[_begin(mutant, seen, budget, planted=False)] = None
        yield from _ended(running, workers)
        tests = bool(_chosen(mutant, seen, budget))
        if tests:
            running[_begin(mutant, seen, budget, planted=True)] = mutant
        else:
            yield mutant, Verdict.SURVIVED  # no test comes near it
    yield from _ended(running, 1)


def _chosen(mutant: Mutant, seen: Traces, budget: float) -> tuple[str, ...]:
    return choose(seen, mutant, ast.parse((ROOT / mutant.path).read_text("utf-8")), budget)


def _begin(mutant: Mutant, seen: Traces, budget: float, planted: bool) -> int:
    text = (ROOT / mutant.path).read_text("utf-8")
    tests = _chosen(mutant, seen, budget)
    expected = sum(seen.seconds.get(test, 0.0) for test in tests)
    tree = mutated(text, mutant) if planted else ast.parse(text)
    return start(mutant.path, tree, tests, STARTING_SECONDS + TIMES_SLOWER_MAX * expected)


def _ended(running: dict[int, Mutant | None], room_for: int) -> Iterator[tuple[Mutant, Verdict]]:
    """Wait until fewer than so many children run."""
    while len(running) >= room_for:
        child, status = os.wait()
        mutant, what = running.pop(child), verdict(status)
        if mutant is not None:
            yield mutant, what
        elif what != Verdict.SURVIVED:
            raise click.ClickException(
                "Tests fail with no fault planted; mend them, or trace them again."
            )


if __name__ == "__main__":
    main()
