"""A short run of the relay's benchmarks, for the table of promised speeds.

The full ones have commands of their own: `relay_load.py`, `relay_growth.py`, `relay_year.py`. What
is promised here holds at any size: that many who listen cost less than passing bytes on one by one,
that a mailbox costs the same among many, and what sealing and padding add to a bundle.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from simulations.bench import relay_growth, relay_load, relay_year
from simulations.bench.figures import Figure, at_most

FAN_OUT_MAX: Final = 1.0
"""Times a server that passes bytes on: a relay tells what it stored together in one message."""
SEALED_MAX: Final = 2.5
"""Times a bundle: head, key id, nonce and tag (57 bytes), what the pusher was told (192), padding
to at least 256."""


class Size(NamedTuple):
    """How much a short run does."""

    devices: int
    subscribers: int
    mailboxes: tuple[int, ...]
    rounds: int
    meetings: int
    plan: relay_load.Plan


SHORT: Final = Size(100, 100, (100, 1_000), 100, 6, relay_load.Plan(20, 3, 100, 3, 1))
TINY: Final = Size(20, 5, (8, 16), 4, 2, relay_load.Plan(20, 0.2, 10, 1, 0.2))


def figures(size: Size, say: Callable[[str], None]) -> Iterator[Figure]:
    """Every relay figure of a short run."""
    say(f"A relay with {size.devices} devices, and one mailbox with {size.subscribers} readers.")
    commits = relay_load.bare_commits_per_second(size.rounds)
    for shape in relay_load.shapes(size.devices, size.subscribers):
        ours, bare = relay_load.measured(shape, size.plan)
        for figure in relay_load.figures(ours, bare, commits):
            is_mark = figure.metric == "relay_one_burst_p95_ms" and figure.compared == "bare"
            yield at_most(figure, FAN_OUT_MAX) if is_mark else figure
    say("Mailboxes on disk.")
    stores = relay_growth.grown_stores(size.mailboxes, False, size.rounds, lambda _text: None)
    yield from relay_growth.figures(asyncio.run(stores))
    say("A group's weeks at a relay.")
    yield from _year(size.meetings)


def _year(meetings: int) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="mkutano-year-") as folder:
        shown = relay_year.year_of(meetings, Path(folder))
    log = shown.lines[0]
    sealed = Figure("relay_year_sealed_bytes", shown.events, log.blob_bytes, "B",
                    shown.bundles_bytes, "bundles before sealing")  # fmt: skip
    yield at_most(sealed, SEALED_MAX)
    for name, value, reference, to in (
        ("one_bundle", log.blob_bytes, shown.one_bundle_bytes, "the same as one bundle"),
        ("disk", log.disk_bytes, log.blob_bytes, "sealed blobs"),
        ("out", log.out_bytes, log.in_bytes, "bytes to the relay"),
    ):
        yield Figure(f"relay_year_{name}_bytes", shown.events, value, "B", reference, to)
