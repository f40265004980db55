"""`python -m simulations.compare --seeds 0-999`: the book beside the second reckoning.

Every seed gives four seasons, from tidy to full of mistakes; in the last one a phone is lost. Where
an account differs, the shortest story in which it still does is told; the exit code is 1.
"""

import random
import sys
from collections.abc import Iterator

import click

from model.entry import Entry
from model.reducer import fold
from simulations.seasons import Season
from simulations.second_reckoning import reckon
from simulations.smallest import smallest, story

SEASONS = ((0, 3, 3, False), (30, 3, 4, False), (60, 2, 5, False), (30, 3, 5, True))
"""Percent of mistakes, meetings, phones, and whether one of these is lost."""


def differences(entries: list[Entry]) -> dict[tuple[str, str], tuple[int, int]]:
    """Account and subject -> what the book says, and what the second reckoning says."""
    book, second = dict(fold(entries).accounts.rows()), reckon(entries)
    return {
        place: (book.get(place, 0), second.get(place, 0))
        for place in sorted({*book, *second})
        if book.get(place, 0) != second.get(place, 0)
    }


def seasons(seed: int) -> Iterator[list[Entry]]:
    """The seasons of a seed: the same on every run."""
    for mess, meetings, phones, stopped in SEASONS:
        season = Season(
            random.Random(seed),
            meetings=meetings,
            mess=mess,
            phones=phones,
            cycles=1 + seed % 2,
            stopped=stopped,
        )
        yield season.play()


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise click.BadParameter(f"“{text}” is no range of seeds, such as 0-999.")
    return range(int(first), int(last or first) + 1)


@click.command()
@click.option("--seeds", default="0-99", show_default=True, help="Which seeds, first and last.")
def main(seeds: str) -> None:
    """Play seasons, and compare every account of the book with the second reckoning."""
    played = differing = 0
    wanted = _seeds(seeds)
    with click.progressbar(wanted, label="Seasons", file=sys.stderr) as bar:
        for seed in bar:
            for entries in seasons(seed):
                played += 1
                if differences(entries):
                    differing += 1
                    short = smallest(entries, lambda fewer: bool(differences(fewer)))
                    click.echo(f"\nSeed {seed}: {differences(short)}\n{story(short)}")
    click.echo(f"{played} seasons, {differing} differ.")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
