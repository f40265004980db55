"""`python -m simulations.bench.portfolio [--groups N]`: what following many groups costs.

A device of an organisation gets the books of N different groups (simulations/many_groups.py), each
really signed, over ordinary sessions. Then, each in a process of its own as a command would be:
figures of all groups for the first time, with nothing new, with ten groups that held a meeting;
the answer, the printed table, and the files. The same with a tenth of the groups stands beside it:
a refresh with nothing new looks at the ends of all chains and nothing else.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from node import interpreter
from node.cli_portfolio import shown
from node.clock import now_ms
from node.home_files import LEDGER_FILE
from node.marker import STATE_VARIABLE
from node.node import Node
from node.portfolio import REFRESHED_MAX, RefreshRequest, portfolio, refresh_portfolio
from node.portfolio_choice import PortfolioRequest
from node.portfolio_parquet import write_parquet
from node.portfolio_table import table_rows, to_csv
from simulations.bench.figures import Figure, table, timed
from simulations.bench.processes import apart, resident_kb
from simulations.many_groups import VillageGroup, village_groups

CHANGED = 10
ROUNDS = 5


class Filled(NamedTuple):
    """A home with so many groups, and a few of them that can hold one more meeting."""

    home: Path
    groups: int
    changes: int
    filling_s: float
    kept: list[VillageGroup]


def filled(home: Path, groups: int, say: Callable[[str], None]) -> Filled:
    """Hand so many groups' books to a new device."""
    changes, spent_s, kept = 0, 0.0, []
    with Node.create(home, "Organisation") as node:
        for number, group in enumerate(village_groups(groups, node.device), 1):
            begun_s = time.perf_counter()
            changes += group.give(node)
            spent_s += time.perf_counter() - begun_s
            if number <= CHANGED:
                kept.append(group)
            if number % 100 == 0:
                say(f"{number:,} of {groups:,} groups, {changes:,} changes.")
    return Filled(home, groups, changes, spent_s, kept)


def refreshed(home: Path) -> dict[str, float]:
    """Open the home, and work out what is new, in calls as a command makes them."""
    found: dict[str, float] = {}
    before = resident_kb()
    begun_s = time.perf_counter()
    node = Node.open(home)
    found["open_ms"] = (time.perf_counter() - begun_s) * 1000
    found["open_kb"] = resident_kb() - before
    with node:
        done, left, begun_s = 0, 1, time.perf_counter()
        while left:
            step = refresh_portfolio(node, RefreshRequest(most=REFRESHED_MAX), now_ms()).body
            done, left = done + step["done"], step["left"]
        found["refresh_ms"] = (time.perf_counter() - begun_s) * 1000
    found["worked_out"] = done
    found["refresh_kb"] = resident_kb() - before
    return found


def shown_and_written(home: Path) -> dict[str, float]:
    """What reading, printing and exporting cost, when nothing is new; the median of some rounds."""
    with Node.open(home) as node:

        def ask() -> Any:
            return portfolio(node, PortfolioRequest(), now_ms()).body

        answer, rows = ask(), table_rows(ask()["groups"])
        file = home.with_name("groups.parquet")
        works: dict[str, Callable[[], object]] = {
            "nothing_new_ms": lambda: refresh_portfolio(node, RefreshRequest(), now_ms()),
            "answer_ms": ask,
            "print_ms": lambda: shown(answer),
            "json_ms": lambda: json.dumps(answer),
            "csv_ms": lambda: to_csv(table_rows(answer["groups"])),
            "parquet_ms": lambda: write_parquet(file, rows),
        }
        found = {
            name: sorted(timed(work) for _ in range(ROUNDS))[ROUNDS // 2]
            for name, work in works.items()
        }
        found["csv_kb"] = len(to_csv(rows)) / 1000
        found["parquet_kb"] = file.stat().st_size / 1000
        figures = "SELECT avg(length(figures)), avg(length(ages)) FROM portfolio"
        ((found["figures_b"], found["ages_b"]),) = node.store.database.rows(figures)
    return found


def measured(one: Filled) -> dict[str, float]:
    """Every figure of one home, by name."""
    first = apart(refreshed, one.home)
    ledger = one.home / LEDGER_FILE
    found = {
        "filling_ms": one.filling_s * 1000,
        "disk_mb": ledger.stat().st_size / 1e6,
        "open_ms": first["open_ms"],
        "open_kb": first["open_kb"],
        "first_refresh_ms": first["refresh_ms"],
        "first_refresh_kb": first["refresh_kb"],
    }
    with Node.open(one.home) as node:
        for group in one.kept:
            group.meet()
            group.give(node)
    changed = apart(refreshed, one.home)
    assert changed["worked_out"] == len(one.kept), "only what changed is worked out"
    found["refresh_10_ms"] = changed["refresh_ms"]
    return found | apart(shown_and_written, one.home)


def figures(small: Filled, large: Filled) -> Iterator[Figure]:
    """Every figure of the large home, beside the same of the small one."""
    beside, found = measured(small), measured(large)
    for name, value in found.items():
        unit = name.rpartition("_")[2].replace("kb", "kB").replace("mb", "MB")
        yield Figure(name, large.groups, value, unit, beside[name], f"with {small.groups:,} groups")


@click.command()
@click.option("--groups", default=1000, show_default=True, help="Groups that are followed.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a figure.")
def main(groups: int, as_json: bool) -> None:
    """What it costs to follow so many groups, beside a tenth of them."""
    interpreter.prepare()
    with TemporaryDirectory(prefix="mkutano-bench-") as name:
        folder = Path(name)
        os.environ[STATE_VARIABLE] = str(folder / "state")
        homes = [
            filled(folder / str(count), count, lambda text: click.echo(text, err=True))
            for count in (max(1, groups // 10), groups)
        ]
        for one in homes:
            told = f"{one.groups:,} groups, {one.changes:,} changes in {one.filling_s:,.0f} s."
            click.echo(told, err=True)
        found = list(figures(*homes))
    if as_json:
        for figure in found:
            click.echo(figure.as_json())
    else:
        click.echo(table(found))


if __name__ == "__main__":
    main()
