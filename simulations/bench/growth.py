"""`python -m simulations.bench.growth [--json]`: how each of our costs grows with the history.

One village, cut to several lengths; every figure of a longer history is held against the shortest.
What belongs to one meeting, one entry or one screen should stay as it is; what belongs to the whole
history is given for one event of it (`event_`) and should stay as it is, too. Beside milliseconds
stand Python function calls (`_calls`), which no busy machine disturbs: if they stay and the time
grows, it is the disk or the machine; if they grow, it is us, or the village has more to show (its
loans and findings grow for some years before they level out).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import click

from model.codec import encode
from node import interpreter
from node.answers import GroupRequest
from node.clock import now_ms
from node.home_files import LEDGER_FILE
from node.node import Node
from node.views import book, members
from simulations.bench.bootstrap import received
from simulations.bench.figures import (
    Figure,
    Measure,
    calls_of,
    count_processor_time,
    frozen,
    medians,
    table,
    timed,
)
from simulations.bench.fold import folding
from simulations.bench.histories import Grown, grown, tail
from simulations.bench.meeting import meet
from simulations.bench.memory import shown_kilobytes
from simulations.bench.phone import Phone, advancing, opening, show, writing
from simulations.bench.processes import apart, resident_kb
from simulations.bench.rejudging import Officer

LENGTHS: Final = (1_000, 10_000, 100_000)
QUICK_LENGTHS: Final = (100, 300)
WRITES_A_ROUND: Final = 20

RUNS: Final = 3
UNITS: Final = {"ms": "ms", "us": "us", "kb": "kB", "bytes": "B", "calls": "calls"}

Values = dict[str, float]
"""A figure by name, for one length; what begins with `event_` is for one event of the history."""


class Home:
    """A phone with so long a history, and everything that is asked of it."""

    def __init__(self, folder: Path, history: Grown, length: int) -> None:
        self.history = history
        self.length = length
        self.phone = Phone(folder / str(length), history, length)
        self._officer = Officer(history, "secretary", length)
        self._weeks = count()
        self.fixed = {**self._once(), **self._moved()}
        with self.phone.opened() as node:
            self._fold = folding(node.group(history.group)).fold

    def _once(self) -> Values:
        """What is the same however often it is looked at."""
        ledger = self.phone.folder / LEDGER_FILE
        with self.phone.opened() as node:
            pages_kb = shown_kilobytes(node, self.history.group)
        return {
            "event_filling_us": self.phone.filling_ms * 1000 / self.length,
            "event_at_rest_bytes": ledger.stat().st_size / self.length,
            "memory_pages_kb": pages_kb,
            "open_calls": calls_of(opening(self.phone)),
            **apart(_opened_in_memory, self.phone.folder),
        }

    def _moved(self) -> Values:
        """Bytes on the wire; one meeting's differ by a few."""
        meeting_bytes = [meet(self.history, self.length, run).total_bytes for run in range(RUNS)]
        return {
            "meeting_bytes": median(meeting_bytes),
            "event_bootstrap_bytes": received(self.history, self.length)[0] / self.length,
        }

    def reading(self) -> Mapping[str, Measure]:
        """Milliseconds, or microseconds for one event, of what leaves the phone as it is."""
        now = now_ms()
        return {
            "meeting_ms": lambda: meet(self.history, self.length, 0).ms,
            "event_bootstrap_us": lambda: self._of_an_event(received(self.history, self.length)[1]),
            "event_fold_us": lambda: self._of_an_event(timed(self._fold)),
            "open_ms": opening(self.phone),
            "advance_ms": advancing(self.phone),
            "page_book_ms": lambda: self._shown(lambda node: book(node, GroupRequest(), now)),
            "page_members_ms": lambda: self._shown(lambda node: members(node, GroupRequest(), now)),
        }

    def writing(self, node: Node) -> Mapping[str, Measure]:
        """Milliseconds of what adds to the phone, which is on."""
        node.open_documents()
        write = writing(self.phone, node)
        return {
            "append_ms": lambda: median(write() for _ in range(WRITES_A_ROUND)),
            "receive_ms": lambda: self._receive(node),
        }

    def counted(self, node: Node) -> Values:
        """Function calls of the same work on a phone that is on, which then holds a little more."""
        self._write_week()
        return {
            "page_book_calls": calls_of(lambda: book(node, GroupRequest(), now_ms())),
            "receive_calls": calls_of(lambda: self._officer.tell(node, self.history.group)),
            "append_calls": calls_of(writing(self.phone, node)),
        }

    def _of_an_event(self, ms: float) -> float:
        return ms * 1000 / self.length

    def _shown(self, ask: Callable[[Node], object]) -> float:
        with self.phone.opened() as node:
            return timed(lambda: ask(node))

    def _receive(self, node: Node) -> float:
        """A meeting that another phone wrote: judged, booked and stored."""
        self._write_week()
        return self._officer.tell(node, self.history.group)

    def _write_week(self) -> None:
        for entry in tail(self.history, "secretary", self.length, next(self._weeks)):
            self._officer.write(encode(entry.event), entry.time_ms)


def _opened_in_memory(folder: Path) -> Values:
    """What opening a home and showing its book adds to a process."""
    before = resident_kb()
    with Node.open(folder) as node:
        for group in node.groups.values():
            show(group)
        return {"memory_resident_kb": resident_kb() - before}


def figures(
    lengths: Sequence[int], rounds: int, folder: Path, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Every cost at every length, beside the same at the shortest."""
    say(f"Growth: a history of {lengths[-1]:,} events.")
    history = grown(lengths[-1])
    frozen()
    found: dict[int, Values] = {}
    homes = []
    for length in lengths:
        say(f"A phone with {length:,} events.")
        homes.append(Home(folder, history, length))
        found[length] = dict(homes[-1].fixed)
    say("Meeting, opening and reading, in turns.")
    _in_turns({home.length: home.reading() for home in homes}, rounds, found)
    say("Writing and receiving, in turns.")
    with ExitStack() as stack:
        nodes = {home.length: stack.enter_context(home.phone.opened()) for home in homes}
        measures = {home.length: home.writing(nodes[home.length]) for home in homes}
        _in_turns(measures, rounds, found)
        for home in homes:
            found[home.length] |= home.counted(nodes[home.length])
    shortest = lengths[0]
    for metric in sorted(found[shortest]):
        unit = UNITS[metric.rpartition("_")[2]]
        for length in lengths:
            values = found[length][metric], unit, found[shortest][metric]
            yield Figure(metric, length, *values, f"at {shortest:,}")


def _in_turns(
    measures: Mapping[int, Mapping[str, Measure]], rounds: int, found: dict[int, Values]
) -> None:
    """Add the medians of these, by length, to what was found."""
    flat = {(name, length): one for length, by in measures.items() for name, one in by.items()}
    for (name, length), value in medians(flat, rounds).items():
        found[length][name] = value


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a figure.")
@click.option("--quick", is_flag=True, help="Short histories, one round: that it runs at all.")
@click.option("--cpu", is_flag=True, help="Count processor time: on a machine with other work.")
@click.option("--rounds", default=5, show_default=True, help="Repetitions; medians are shown.")
def main(as_json: bool, quick: bool, cpu: bool, rounds: int) -> None:
    """How each of our costs grows with the history."""
    interpreter.prepare()
    if cpu:
        count_processor_time()
    lengths, rounds = (QUICK_LENGTHS, 1) if quick else (LENGTHS, rounds)
    with TemporaryDirectory(prefix="mkutano-bench-") as name:
        found = list(figures(lengths, rounds, Path(name), lambda text: click.echo(text, err=True)))
    if as_json:
        for figure in found:
            click.echo(figure.as_json())
    else:
        click.echo(table(found))


if __name__ == "__main__":
    main()
