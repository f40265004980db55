"""`python -m simulations.bench.peers [--json] [--quick]`: we and the peers, and how we grow."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from node import interpreter
from simulations.bench import growth
from simulations.bench.figures import count_processor_time
from simulations.bench.figures import table as figure_table
from simulations.bench.peers.candidate import Setting
from simulations.bench.peers.running import Taken, measured
from simulations.bench.peers.tables import per_event, tables
from simulations.bench.peers.worker import CANDIDATES, OURS

LENGTHS: Final = (1_000, 10_000, 50_000)
QUICK_LENGTHS: Final = (100, 300)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a figure.")
@click.option("--quick", is_flag=True, help="Short histories, one round: that it runs at all.")
@click.option("--rounds", default=7, show_default=True, help="Repetitions; medians are shown.")
@click.option("--only", multiple=True, type=click.Choice([*CANDIDATES]), help="Us and these.")
@click.option("--cpu", is_flag=True, help="Count processor time: on a machine with other work.")
@click.option("--growth/--no-growth", "grow", default=True, help="Also how our costs grow.")
def main(
    as_json: bool, quick: bool, rounds: int, only: Sequence[str], cpu: bool, grow: bool
) -> None:
    """Measure us and the peers on the same workload, in turns, and us on longer histories."""
    interpreter.prepare()
    lengths, longer = (QUICK_LENGTHS, growth.QUICK_LENGTHS) if quick else (LENGTHS, growth.LENGTHS)
    rounds = 1 if quick else rounds
    names = [name for name in CANDIDATES if name == OURS or not only or name in only]
    with TemporaryDirectory(prefix="mkutano-bench-") as folder:
        path = Path(folder)
        taken = measured(names, Setting(path, path / "workload.cbor", lengths, rounds, cpu), _say)
    _show_taken(taken, as_json)
    if grow:
        if cpu:
            count_processor_time()
        with TemporaryDirectory(prefix="mkutano-bench-") as folder:
            figures = list(growth.figures(longer, min(rounds, 5), Path(folder), _say))
        text = "\n".join(one.as_json() for one in figures) if as_json else figure_table(figures)
        click.echo(text if as_json else f"\n{text}")


def _show_taken(taken: Sequence[Taken], as_json: bool) -> None:
    if not as_json:
        click.echo(tables(taken))
        return
    for one in taken:
        click.echo(json.dumps({**one._asdict(), "per_event": per_event(one)}))


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
