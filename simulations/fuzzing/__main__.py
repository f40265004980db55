"""The command: twenty thousand inputs as in CI, or as many as there are minutes."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from simulations.fuzzing import admission
from simulations.fuzzing.campaign import Campaign, Effort, Report
from simulations.fuzzing.corpus import FOLDER
from simulations.fuzzing.guided import guide
from simulations.fuzzing.planted import EXECUTIONS as PLANTED_EXECUTIONS
from simulations.fuzzing.planted import PLANTED
from simulations.fuzzing.table import TARGETS, chosen
from simulations.fuzzing.target import Finding

EXECUTIONS: Final = 20_000
_LITTLE: Final = Effort(children_max=1, shrinking_s=1.0, alarm_s=0.5)


@click.command()
@click.option("--minutes", type=float, default=0.0, help="Go on so long; the 50 ms law is exact.")
@click.option("--executions", type=int, default=EXECUTIONS, help="Inputs over all targets.")
@click.option("--target", "names", multiple=True, help="Only targets that begin with this name.")
@click.option("--seed", type=int, default=0, help="Another seed feeds other inputs.")
@click.option("--exact/--alarm", default=None, help="The 50 ms law, or the alarm of 2 s alone.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, help="What was found.")
@click.option(
    "--admission", "changes", type=int, default=0, help="So many nearly valid changes instead."
)
@click.option("--planted", is_flag=True, help="Find the faults that were planted for that.")
@click.option("--guided", is_flag=True, help="Guide by coverage, with atheris; one --target.")
@click.option("--list", "listing", is_flag=True, help="Name the targets.")
@click.option("--json", "as_json", is_flag=True, help="The report for programs.")
def main(
    minutes: float,
    executions: int,
    names: tuple[str, ...],
    seed: int,
    exact: bool | None,
    folder: Path,
    changes: int,
    planted: bool,
    guided: bool,
    listing: bool,
    as_json: bool,
) -> None:
    """Feed strangers' bytes to every parser; exit code 1 when one breaks a law."""
    if listing:
        click.echo("\n".join(f"{one.name:20} {one.make.__doc__}" for one in TARGETS))
        return
    tell = (lambda _line: None) if as_json else click.echo
    if planted:
        sys.exit(_find_planted(seed, tell))
    if changes:
        sys.exit(_admit(changes, seed, 60 * minutes, as_json, tell))
    try:
        targets = chosen(names)
    except KeyError as error:
        raise click.UsageError(f"There is no target {error}. See --list.") from error
    campaign = Campaign(targets, seed, folder, minutes > 0 if exact is None else exact)
    if guided:
        guide(targets[0], minutes)
        return
    report = campaign.run_for(60 * minutes, tell) if minutes else campaign.run(executions, tell)
    click.echo(json.dumps(_as_json(report)) if as_json else _in_words(report))
    sys.exit(1 if report.findings else 0)


def _find_planted(seed: int, tell: Callable[[str], None]) -> int:
    """0 when every planted fault is found as what it is."""
    missed = 0
    for target, kind in PLANTED:
        report = Campaign([target], seed, None, effort=_LITTLE).run(PLANTED_EXECUTIONS)
        kinds = {finding.kind for finding in report.findings}
        first = min((one.number for one in report.findings if one.kind == kind), default=-1)
        size = min((len(one.data) for one in report.findings if one.kind == kind), default=-1)
        missed += kind not in kinds
        words = f"found as {kind} by input {first}, {size} bytes" if kind in kinds else "MISSED"
        tell(f"{target.name:24} {words}")
    return 1 if missed else 0


def _admit(
    changes: int, seed: int, seconds: float, as_json: bool, tell: Callable[[str], None]
) -> int:
    found = admission.run(changes, seed, tell, seconds)
    if as_json:
        outcomes = [[*key, count] for key, count in sorted(found.outcomes.items())]
        click.echo(json.dumps({**found._asdict(), "outcomes": outcomes}))
    else:
        click.echo("\n".join(admission.in_words(found)))
    return 1 if found.faults else 0


def _as_json(report: Report) -> dict[str, object]:
    return {
        "seed": report.seed,
        "executions": report.executions,
        "seconds": round(report.seconds, 1),
        "targets": {name: one._asdict() for name, one in report.tallies.items()},
        "findings": [{**one._asdict(), "data": one.data[:4096].hex()} for one in report.findings],
    }


def _in_words(report: Report) -> str:
    lines = [
        f"{report.executions:,} inputs in {report.seconds:.0f} s "
        f"({report.executions / max(1e-3, report.seconds):,.0f}/s), seed {report.seed}, "
        f"{len(report.findings)} found."
    ]
    return "\n".join([*lines, *map(_told, report.findings)])


def _told(finding: Finding) -> str:
    shown = finding.data[:200].hex() + ("…" if len(finding.data) > 200 else "")
    return (
        f"! {finding.target} {finding.kind}: {finding.what}\n"
        f"  input {finding.number}, {len(finding.data)} bytes: {shown}"
    )


if __name__ == "__main__":
    os.environ.setdefault("RUST_BACKTRACE", "0")
    with tempfile.TemporaryDirectory(prefix="mkutano-fuzzing-") as tempfile.tempdir:
        main()  # children make folders and have no time to clear them away
