"""`python -m simulations.bench [--json] [--history N]`: the table of promised speeds."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from node import interpreter
from simulations.bench import (
    admission,
    bootstrap,
    fold,
    meeting,
    memory,
    phone,
    rejudging,
    relay_short,
)
from simulations.bench.figures import Figure, frozen, table
from simulations.bench.histories import grown

HISTORY = 50_000


def measure(events: int, rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Every figure, for histories of this length and of a fiftieth and a fifth of it."""
    lengths = (events // 50, events // 5, events)
    say(f"Growing a history of {events:,} events.")
    history = grown(events)
    frozen()
    say("Meetings: 90 + 90 events, both ways, encrypted and signed.")
    yield from meeting.figures(history, lengths, rounds)
    say("Bootstrap: an empty phone gets everything.")
    yield from bootstrap.figures(history, rounds)
    say("Admission: ten officers, a new group and one of five years.")
    yield from admission.figures(rounds)
    with TemporaryDirectory(prefix="mkutano-bench-") as name:
        folder = Path(name)
        say("Filling two phones' ledgers on disk.")
        phones = [
            phone.Phone(folder / str(length), history, length) for length in (lengths[0], events)
        ]
        yield from phone.filling(phones)
        say("Fold: the whole history into the book.")
        with phones[-1].opened() as node:
            yield from fold.figures(node.group(history.group), rounds)
        yield from memory.figures(phones)
        say("Opening, advancing and writing.")
        yield from phone.figures(phones, folder, rounds)
        say("A phone is stopped: its last week is judged again.")
        yield from rejudging.figures(phones[-1], rounds)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a figure.")
@click.option("--history", default=HISTORY, show_default=True, help="Events in the long history.")
@click.option("--rounds", default=5, show_default=True, help="Repetitions; medians are shown.")
@click.option("--relay/--no-relay", default=True, show_default=True, help="Also a relay, in short.")
def main(as_json: bool, history: int, rounds: int, relay: bool) -> None:
    """Measure every promised speed beside its reference, in one run."""
    interpreter.prepare()
    figures: list[Figure] = []
    measured = [measure(history, rounds, _say)]
    if relay:
        measured.append(relay_short.figures(relay_short.SHORT, _say))
    for figure in chain.from_iterable(measured):
        figures.append(figure)
        if as_json:
            click.echo(figure.as_json())
    if not as_json:
        click.echo(table(figures))
    sys.exit(any(figure.reached is False for figure in figures))


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
