"""`python -m simulations`: tell many seeds' stories, and say what went wrong in them.

Exit code 0: nothing was wrong and every mark was reached. 1: a story ended wrong; its seed is
printed, and `--seed N` tells it again. 2: all was well, but the run tried too little.
"""

import contextlib
import json
import os
import sys
import time
from typing import Final

import click

from simulations.simulator.planted import PLANTED
from simulations.simulator.running import WEEKS, Told, Totals, many, one

MARKS_FROM_SEEDS: Final = 50
"""Fewer seeds need not reach every mark."""
FOREVER: Final = 10**9


@click.command(help=__doc__)
@click.option("--seeds", default="0-49", help="FIRST-LAST, or FIRST- for no end.")
@click.option("--seed", type=int, help="One seed, told line by line.")
@click.option("--weeks", default=WEEKS, show_default=True, help="Meetings of each group.")
@click.option("--minutes", type=float, help="Begin no story after so long.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True)
@click.option("--planted", default="", help=f"A fault to find: {', '.join(PLANTED)}; or all.")
@click.option("--faults-min", default=0, help="Fewer faults than this is a failed run.")
@click.option("--kinds-min", default=0, help="Fewer kinds of faults is a failed run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end.")
def main(
    seeds: str,
    seed: int | None,
    weeks: int,
    minutes: float | None,
    workers: int,
    planted: str,
    faults_min: int,
    kinds_min: int,
    as_json: bool,
) -> None:
    """See the module."""
    if seed is not None:
        sys.exit(_replay(seed, weeks, planted))
    first, last = _range(seeds)
    if planted:
        sys.exit(_find(planted, first, last, weeks, workers))
    until_s = time.monotonic() + minutes * 60 if minutes else float("inf")
    totals = Totals()
    with contextlib.suppress(KeyboardInterrupt):  # what was told until then counts
        for told in many(range(first, last + 1), weeks, workers, until_s):
            totals.add(told)
            _progress(totals, told)
    if as_json:
        click.echo(json.dumps(totals.as_json()))
    else:
        _report(totals)
    missed = totals.missed if totals.seeds >= MARKS_FROM_SEEDS else []
    too_calm = sum(totals.faults.values()) < faults_min or len(totals.faults) < kinds_min
    if too_calm:
        click.echo("Fewer faults than asked for: this run proves too little.", err=True)
    sys.exit(1 if totals.wrong else 2 if missed or too_calm else 0)


def _range(said: str) -> tuple[int, int]:
    first, dash, last = said.partition("-")
    try:
        return int(first), int(last) if last else FOREVER if dash else int(first)
    except ValueError:
        raise click.BadParameter("say them as FIRST-LAST, such as 0-499") from None


def _replay(seed: int, weeks: int, planted: str) -> int:
    told = one(seed, weeks, planted)
    for line in told.lines:
        click.echo(line)
    click.echo(f"seed {seed}: {told.digest}, {sum(told.faults.values())} faults")
    for wrong in told.wrong:
        click.echo(f"WRONG: {wrong}")
    return 1 if told.wrong else 0


def _progress(totals: Totals, told: Told) -> None:
    for wrong in told.wrong[:3]:
        click.echo(f"seed {told.seed}: {wrong}", err=True)
    if sys.stderr.isatty() or totals.seeds % 10 == 0:
        end = "\r" if sys.stderr.isatty() else "\n"
        faults = sum(totals.faults.values())
        said = f"{totals.seeds} seeds, {faults:,} faults, {len(totals.wrong)} wrong"
        click.echo(f"{said}{end}", err=True, nl=False)


def _report(totals: Totals) -> None:
    click.echo(
        f"{totals.seeds} seeds, {sum(totals.faults.values()):,} faults of "
        f"{len(totals.faults)} kinds:"
    )
    for kind, count in sorted(totals.faults.items()):
        click.echo(f"  {count:>9,}  {kind}")
    click.echo(f"{totals.group_years_per_cpu_hour:,.0f} group-years a CPU-hour")
    for mark in totals.missed:
        click.echo(f"not reached: {mark}")
    for told in totals.wrong:
        click.echo(f"WRONG: python -m simulations --seed {told.seed}   {told.wrong[0][:200]}")


def _find(planted: str, first: int, last: int, weeks: int, workers: int) -> int:
    """How many seeds it takes to find each planted fault."""
    missed = 0
    for name in PLANTED if planted == "all" else (planted,):
        stories = many(range(first, last + 1), weeks, workers, float("inf"), name)
        for count, told in enumerate(stories, 1):
            if told.wrong:
                said = f"(seed {told.seed}: {' '.join(told.wrong[0].split())[-120:]})"
                click.echo(f"{name}: found within {count} seeds {said}")
                break
        else:
            missed += 1
            click.echo(f"{name}: NOT FOUND in seeds {first}-{last}")
    return 1 if missed else 0


if __name__ == "__main__":
    main()
