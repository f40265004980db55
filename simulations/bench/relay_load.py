"""`python -m simulations.bench.relay_load`: a thousand devices on a relay, and five hundred on one
mailbox.

Real relay processes, real WebSockets on loopback, each device with its own keys, all played by one
other process (`relay_devices.py`). A *delivery* is a push that reached one other member; its delay
runs from the moment at which the push was due, through signing, the relay's checks and its disk,
to the member's socket. References in the same run: the same crowd at a server that only passes
bytes on (`relay_bare.py`), and a bare SQLite commit of the same bytes. The published marks for 500
subscribers and a burst of 300 are hocuspocus 335 ms and y-websocket 1,541 ms (p95), measured on
another machine; neither encrypts, signs, or waits for a disk.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from simulations.bench.figures import Figure, table
from simulations.bench.relay_crowd import Crowd, Delays, Rate
from simulations.bench.relay_devices import BLOB_BYTES, new_group
from simulations.bench.relay_filling import append_of, new_place
from simulations.bench.relay_growth import bare_commit, bare_table
from simulations.bench.relay_running import Program, mib, running, running_relays
from simulations.postgres_server import MISSING, postgres_programs, running_postgres

GROUP_DEVICES: Final = 10
PUSHERS: Final = (1, 10, 100, 1000)
MARKS_MS: Final = (("hocuspocus", 335.0), ("y-websocket", 1541.0))
MARKS_SUBSCRIBERS: Final = 500
_BARE_ROUNDS: Final = 200


class Plan(NamedTuple):
    """How much is done."""

    per_second: float
    paced_s: float
    burst: int
    bursts: int
    """How often; the one with the middle p95 is shown."""
    saturated_s: float


class Shape(NamedTuple):
    """Who shares what."""

    name: str
    groups: int
    writers: int
    readers: int
    mailboxes: int

    @property
    def devices(self) -> int:
        """All of them."""
        return self.groups * (self.writers + self.readers)


def shapes(devices: int, subscribers: int) -> tuple[Shape, Shape]:
    """Groups of ten officers' phones with four mailboxes each; one mailbox with many readers."""
    groups = max(devices // GROUP_DEVICES, 1)
    return (
        Shape("groups", groups, GROUP_DEVICES, 0, 4),
        Shape("one", 1, 1, subscribers, 1),
    )


class Loaded(NamedTuple):
    """What a crowd met."""

    shape: Shape
    connect_ms: float
    memory_mib: float
    """Of the servers together, with all connected."""
    memory_peak_mib: float
    paced: Delays
    burst: Delays
    burst_cpu_s: float
    """Of the servers, for one burst."""
    crowd_cpu_s: float
    """Of the process that plays the devices, for one burst."""
    rates: tuple[Rate, ...]
    rates_cpu: tuple[float, ...]
    """Processors that the servers used meanwhile."""


async def loaded(shape: Shape, servers: Sequence[Program], plan: Plan, bare: bool) -> Loaded:
    """Let a crowd of this shape at these servers."""
    urls = [server.url for server in servers]
    groups = [new_group(shape.writers, shape.readers, shape.mailboxes) for _ in range(shape.groups)]
    async with Crowd(groups, bare) as crowd:
        if not bare:
            await crowd.found(urls[0])
        connect_ms = await crowd.join(urls)
        memory = _memory(servers)
        paced = await crowd.paced(plan.per_second, plan.paced_s)
        bursts = [await _burst(crowd, servers, plan.burst) for _ in range(plan.bursts)]
        burst, *cpu = sorted(bursts, key=lambda one: one[0].p95_ms)[len(bursts) // 2]
        rates = [] if bare else [
            await _saturated(crowd, servers, pushers, plan.saturated_s)
            for pushers in PUSHERS if pushers <= len(crowd.pushers)
        ]  # fmt: skip
    peak = sum(mib(server.used().memory_peak_kib) for server in servers)
    of_rates = tuple(rate for rate, _ in rates), tuple(share for _, share in rates)
    return Loaded(shape, connect_ms, memory, peak, paced, burst, cpu[0], cpu[1], *of_rates)


async def _burst(
    crowd: Crowd, servers: Sequence[Program], count: int
) -> tuple[Delays, float, float]:
    used, own = _cpu_s(servers), time.process_time()
    delays = await crowd.burst(count)
    return delays, _cpu_s(servers) - used, time.process_time() - own


async def _saturated(
    crowd: Crowd, servers: Sequence[Program], pushers: int, seconds: float
) -> tuple[Rate, float]:
    used, began = _cpu_s(servers), time.perf_counter()
    rate = await crowd.saturated(pushers, seconds)
    share = (_cpu_s(servers) - used) / (time.perf_counter() - began)
    await crowd.settled()
    return rate, share


def _memory(servers: Sequence[Program]) -> float:
    return sum(mib(server.used().memory_kib) for server in servers)


def _cpu_s(servers: Sequence[Program]) -> float:
    return sum(server.used().cpu_s for server in servers)


# What is run


@contextmanager
def relays(processes: int, postgres: str, postgres_here: bool) -> Iterator[list[Program]]:
    """New relay processes, over SQLite or over a PostgreSQL that waits for its disk."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="mkutano-load-")))
        if postgres_here:
            programs = postgres_programs()
            if programs is None:
                raise click.ClickException(MISSING)
            postgres = stack.enter_context(running_postgres(programs, fsync=True)).new_database()
        yield stack.enter_context(running_relays(folder / "state", processes, postgres))


def measured(
    shape: Shape, plan: Plan, processes: int = 1, postgres: str = "", postgres_here: bool = False
) -> tuple[Loaded, Loaded]:
    """A crowd at relays, and the same crowd at the bare server."""
    with relays(processes, postgres, postgres_here) as servers:
        ours = asyncio.run(loaded(shape, servers, plan, bare=False))
    with running(["-m", "simulations.bench.relay_bare"]) as server:
        return ours, asyncio.run(loaded(shape, [server], plan, bare=True))


def bare_commits_per_second(rounds: int = _BARE_ROUNDS) -> float:
    """Commits of one blob each, one after the other, into SQLite with nothing around it."""
    place = new_place("log", 1)
    with TemporaryDirectory(prefix="mkutano-bare-") as folder:
        connection = bare_table(Path(folder) / "bare.sqlite")
        one = [append_of(place, 0, bytes(BLOB_BYTES))]
        ms = median(bare_commit(connection, one) for _ in range(rounds))
        connection.close()
    return 1000 / ms


def figures(ours: Loaded, bare: Loaded, commits_per_second: float) -> Iterator[Figure]:
    """Everything beside its reference."""
    devices, what = ours.shape.devices, f"relay_{ours.shape.name}"

    def beside(name: str, unit: str, value: float, reference: float, to: str = "bare") -> Figure:
        return Figure(f"{what}_{name}", devices, value, unit, reference, to)

    yield beside("connect_ms", "ms", ours.connect_ms, bare.connect_ms)
    yield beside("memory", "MiB", ours.memory_mib, bare.memory_mib)
    yield beside("memory_peak", "MiB", ours.memory_peak_mib, bare.memory_peak_mib)
    for name, one, other in (("paced", ours.paced, bare.paced), ("burst", ours.burst, bare.burst)):
        for share in ("p50", "p95", "p99"):
            values = (getattr(delays, f"{share}_ms") for delays in (one, other))
            yield beside(f"{name}_{share}_ms", "ms", *values)
        yield Figure(f"{what}_{name}_missing", devices, one.missing, "", 0, "")
    yield beside("burst_cpu", "s", ours.burst_cpu_s, bare.burst_cpu_s)
    yield beside("burst_crowd_cpu", "s", ours.crowd_cpu_s, bare.crowd_cpu_s)
    if ours.shape.readers >= MARKS_SUBSCRIBERS:
        for name, mark_ms in MARKS_MS:
            yield beside("burst_p95_ms", "ms", ours.burst.p95_ms, mark_ms, f"{name}, elsewhere")
    for rate, cpu in zip(ours.rates, ours.rates_cpu, strict=True):
        name = f"pushes_by_{rate.pushers}"
        to = "bare SQLite commits"
        yield beside(name, "/s", rate.pushes_per_second, commits_per_second, to)
        yield Figure(f"{what}_receipt_p95_by_{rate.pushers}", devices, rate.receipt_p95_ms,
                     "ms", 0, "")  # fmt: skip
        yield Figure(
            f"{what}_cpu_by_{rate.pushers}", devices, cpu, "cores", rate.cpu_share, "crowd"
        )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a figure.")
@click.option("--devices", default=1000, show_default=True, help="In groups of ten.")
@click.option("--subscribers", default=500, show_default=True, help="Of the one mailbox.")
@click.option("--per-second", default=20.0, show_default=True, help="Paced pushes.")
@click.option("--seconds", default=10.0, show_default=True, help="Of paced pushes.")
@click.option("--burst", default=300, show_default=True, help="Pushes at once.")
@click.option("--bursts", default=3, show_default=True, help="The middle one is shown.")
@click.option("--processes", default=1, show_default=True, help="Of the relay.")
@click.option("--postgres", default="", metavar="URL", help="An empty PostgreSQL database.")
@click.option("--postgres-here", is_flag=True, help="Start a PostgreSQL for it, fsync on.")
def main(
    as_json: bool,
    devices: int,
    subscribers: int,
    per_second: float,
    seconds: float,
    burst: int,
    bursts: int,
    processes: int,
    postgres: str,
    postgres_here: bool,
) -> None:
    """A thousand devices in groups of ten, then one mailbox with five hundred readers."""
    if processes > 1 and not (postgres or postgres_here):
        raise click.UsageError("Several processes need --postgres URL or --postgres-here.")
    plan = Plan(per_second, seconds, burst, bursts, max(seconds / 3, 0.5))
    click.echo(f"load average before: {os.getloadavg()[0]:.1f}", err=True)
    shown: list[Figure] = []
    for shape in shapes(devices, subscribers):
        click.echo(f"{shape.name}: {shape.devices:,} devices.", err=True)
        before = bare_commits_per_second()
        ours, bare = measured(shape, plan, processes, postgres, postgres_here)
        shown += figures(ours, bare, (before + bare_commits_per_second()) / 2)
    click.echo(f"load average after: {os.getloadavg()[0]:.1f}", err=True)
    if as_json:
        for figure in shown:
            click.echo(json.dumps({**figure._asdict(), "ratio": round(figure.ratio, 3)}))
    else:
        click.echo(table(shown))


if __name__ == "__main__":
    main()
