"""`python -m simulations.bench.relay_year [--json] [--meetings N]`: a group's year, in bytes.

Thirty members, weekly meetings of about ninety entries, five officers' phones at one table, one
reader of summaries: what a relay stores and moves, padding, signatures and receipts included. The
blobs are made by the code that phones run (bundles, seals, slots, messages) and lie in a real
store; only time is played. At a table all phones hear each other, so whichever is due first pushes
all that the log lacks, and the others are given it live. Beside it: the bundles alone, the year as
one bundle, and the plain floor: the entries themselves, unsigned and in the open, compressed
together. Names of members and seals of meetings are left out: they are a few entries more.
"""

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from model.reports.indicator_shape import from_plain
from node import summary_form
from node.relay_log import content_of
from node.relay_timing import OWN_MAX_MS, OWN_QUIET_MS
from node.relay_view import NOTE_BYTES
from relay.facts import Kind
from replication.envelopes import Recipient
from replication.history import Admitted, MemoryHistory
from replication.key_slots import Door, Mailboxes, people_slot, seal_doors, seal_people
from replication.mailbox import Held
from replication.people import key_id_of, tag_key_id
from replication.replica import Replica
from replication.sealing import epoch_key_id, padded_length, seal_blob
from replication.wire import PersonKey
from simulations.bench.histories import KEYS, Grown, grown
from simulations.bench.relay_devices import new_group
from simulations.bench.relay_filling import Pushed, moved, stored_bytes

MEETINGS: Final = 52
PHONES: Final = 5
CARD_PAIRS: Final = 3
MEMBERS: Final = 30
JOIN_LATER: Final = 3
"""Members who come in the year: each changes the people slots of all phones."""
READERS_COME_AND_GO: Final = 2
"""One comes, one leaves: each changes the doors of all phones; the second also begins new keys."""
SIGNERS: Final = 2
"""Officers who sign a meeting's summary, as they sealed it."""

_FIGURES: Final = {
    "version": 1,
    "group": "Umoja",
    "kind": "vsla",
    "currency": "KES",
    "exponent": 2,
    "day": "2026-12-31",
    "first_day": "2026-01-07",
    "last_day": "2026-12-09",
    "members": 30,
    "members_at_start": 30,
    "shares_minor": 34270000,
    "savings_minor": 0,
    "social_minor": 6685000,
    "loans": 17,
    "loans_minor": 6670000,
    "late_loans": 17,
    "par0_minor": 6670000,
    "par30_minor": 3505000,
    "par90_minor": 1477500,
    "written_off_minor": 0,
    "collected_minor": 6645000,
    "due_minor": 10935001,
    "attended_last": 28,
    "expected_last": 30,
    "attended": 1344,
    "expected": 1470,
    "cash_minor": 35357000,
    "meetings": 49,
    "met_on": "2026-12-09",
    "meeting_cycle": 1,
    "meeting_session": 49,
    "meeting_state": "open",
    "cycle": 1,
    "cycle_starts_on": "2026-01-07",
    "cycle_ends_on": "2026-12-30",
    "health_version": 1,
    "score": 53,
    "band": "C",
    "health_facts": [49, 0, 0, 3, 1, 0, 0, 10935001, 6645000, 1470, 1316, 1344, 1, 1337, 0],
    "tasks": 6,
    "findings": {"loan_default_due": 6, "loan_overdue": 8},
}
"""Of a group of thirty at the end of its year."""


class Policy(NamedTuple):
    """When what was written goes to the relay, in milliseconds."""

    name: str
    quiet_ms: int
    """After so long with nothing new …"""
    age_ms: int
    """… or when the oldest has waited so long."""


_HOUR_MS: Final = 3_600_000
PHONES_OWN: Final = Policy("as phones do", OWN_QUIET_MS, OWN_MAX_MS)
POLICIES: Final = (
    Policy("each change at once", 0, 0),
    Policy("10 s old", _HOUR_MS, 10_000),
    Policy("10 s quiet, or 60 s old", 10_000, 60_000),
    Policy("60 s old", _HOUR_MS, 60_000),
    Policy("60 s quiet, or 3 min old", 60_000, 180_000),
    Policy("60 s quiet, or 5 min old", 60_000, 300_000),
    Policy("the whole meeting", 12 * _HOUR_MS, 24 * _HOUR_MS),
)


class Year(NamedTuple):
    """What the log of one year comes to."""

    policy: Policy
    events: int
    bundles: tuple[int, ...]
    """Bytes of each bundle before it was sealed."""
    blobs: tuple[Pushed, ...]


def pushed_year(history: Grown, changes: Sequence[Admitted], policy: Policy) -> Year:
    """Push these changes as a phone would, from the first to the last."""
    chance = random.Random(policy.name)
    key, mailbox = chance.randbytes(32), chance.randbytes(32)
    note = chance.randbytes(NOTE_BYTES)
    kept, held = MemoryHistory(), Held()
    bundles: list[int] = []
    blobs: list[Pushed] = []
    for stretch in stretches(changes, policy):
        kept.add(stretch)
        replica = Replica(history.group, KEYS["secretary"], kept, {}, bytes(8))
        while (packed := replica.pack(held)) is not None:
            content = content_of(packed.bundle, note)
            sealed = seal_blob(key, chance.randbytes(24), mailbox, content)
            bundles.append(len(packed.bundle))
            blobs.append(Pushed(sealed, len(content)))
            held = {**held, **packed.held}
    return Year(policy, len(changes), tuple(bundles), tuple(blobs))


def stretches(changes: Sequence[Admitted], policy: Policy) -> Iterator[Sequence[Admitted]]:
    """The changes that go together."""
    first = 0
    for number in range(1, len(changes) + 1):
        if number < len(changes):
            now_ms = changes[number].change.time_ms
            waited_ms = now_ms - changes[first].change.time_ms
            quiet_ms = now_ms - changes[number - 1].change.time_ms
            if 0 <= quiet_ms < policy.quiet_ms and waited_ms < policy.age_ms:
                continue
        yield changes[first:number]
        first = number


def padded_with(contents: Sequence[int], bytes_min: int) -> int:
    """Bytes of these contents padded as blobs are, but with another least length."""
    return sum(max(padded_length(content), bytes_min) for content in contents)


# The boxes


def door_slots() -> list[bytes]:
    """What five phones put into the box of doors over a year."""
    group = new_group(PHONES, 1, 4)
    cards = [device.public for device in new_group(2 * CARD_PAIRS, 0, 0).writers]
    pairs = list(zip(cards[::2], cards[1::2], strict=True))
    full: list[Recipient] = [*(device.public for device in group.writers), *pairs]
    lesser = [device.public for device in group.readers]
    slots = []
    for number in range(1 + READERS_COME_AND_GO):
        keys = [bytes([number, one]) * 16 for one in range(2 * max(number, 1))]
        named = [PersonKey(epoch_key_id(key), key) for key in keys]
        half = len(named) // 2
        door = Door(
            bytes(32), "Umoja", number, Mailboxes(*group.mailboxes),
            tuple(named[:half]), tuple(named[half:]),
        )  # fmt: skip
        slots += [seal_doors(door, one.public, full, lesser, bytes(32)) for one in group.writers]
    return slots


def people_slots() -> list[bytes]:
    """What they put into the box of people."""
    group = new_group(PHONES, 0, 4)
    mailbox = group.mailboxes[2]
    recipients = [device.public for device in group.writers]
    slots = []
    for more in range(1 + JOIN_LATER):
        keys = [bytes([1, one]) * 16 for one in range(MEMBERS + more)]
        box = {key_id_of(key): key for key in keys} | {tag_key_id(bytes(32)): bytes([9]) * 32}
        slot = people_slot(bytes(32), more, box)
        slots += [
            seal_people(slot, mailbox, one.public, recipients, bytes(32)) for one in group.writers
        ]
    return slots


def summary_blobs(meetings: int) -> list[bytes]:
    """The signed summaries of so many sealed meetings."""
    figures = from_plain(_FIGURES)
    chance = random.Random(3)
    key, mailbox = chance.randbytes(32), chance.randbytes(32)
    blobs = []
    for session in range(1, meetings + 1):
        content = summary_form.content_of((1, session), 0, bytes(17), "2026-12-09", 1, figures)
        for keys in list(KEYS.values())[:SIGNERS]:
            plain = summary_form.sign(keys, bytes(32), content)
            blobs.append(seal_blob(key, chance.randbytes(24), mailbox, plain))
    return blobs


# What is shown


class Line(NamedTuple):
    """One line of the table, in bytes."""

    name: str
    blobs: int
    blob_bytes: int
    """Sealed and padded, all that ever came."""
    disk_bytes: int
    """At the relay at the year's end: what is kept, with rows and indexes."""
    in_bytes: int
    """To the relay."""
    out_bytes: int
    """From it: receipts, and live news to everybody else who reads the mailbox."""


class Gathering(NamedTuple):
    """What the log comes to when changes are gathered so, in bytes."""

    policy: str
    blobs: int
    padded_256: int
    """All blobs, with least padded lengths of 256, as it is, 512 and 1,024."""
    padded_512: int
    padded_1024: int
    disk_bytes: int
    """At the relay, as padded now."""
    out_bytes: int
    """From it, to the four other phones."""


class Shown(NamedTuple):
    """A year at a relay."""

    events: int
    lines: tuple[Line, ...]
    bundles_bytes: int
    one_bundle_bytes: int
    floor_bytes: int
    median_blob_bytes: int
    policies: tuple["Gathering", ...]


def year_of(meetings: int, folder: Path) -> Shown:
    """A year of so many meetings."""
    history = grown(100 * meetings + 100)
    opened_next, _ = history.meetings[meetings]
    changes = history.changes[: opened_next - 1]
    year = pushed_year(history, changes, PHONES_OWN)
    years = [year, *(pushed_year(history, changes, policy) for policy in POLICIES)]
    doors, people, summaries = door_slots(), people_slots(), summary_blobs(meetings)
    lines = [
        _line(folder, "log", "log", [one.blob for one in year.blobs], PHONES - 1),
        _line(folder, "summary", "log", summaries, PHONES),
        _line(folder, "doors", "box", doors, PHONES),
        _line(folder, "people", "box", people, PHONES - 1),
    ]
    return Shown(
        len(changes), tuple(lines), sum(year.bundles), _one_bundle(history, changes),
        _floor(changes), round(median(len(one.blob) for one in year.blobs)),
        tuple(_gathering(year, folder / f"{number}.sqlite") for number, year in enumerate(years)),
    )  # fmt: skip


def _line(folder: Path, name: str, kind: Kind, blobs: Sequence[bytes], others: int) -> Line:
    disk = stored_bytes(folder / f"{name}.sqlite", kind, blobs, PHONES)
    incoming, outgoing = moved(blobs, others)
    return Line(name, len(blobs), sum(map(len, blobs)), disk, incoming, outgoing)


def _gathering(year: Year, path: Path) -> Gathering:
    contents = [one.content_bytes for one in year.blobs]
    blobs = [one.blob for one in year.blobs]
    overhead = len(contents) * (len(blobs[0]) - padded_length(contents[0]))
    now, more, most = (padded_with(contents, least) + overhead for least in (256, 512, 1024))
    assert sum(map(len, blobs)) == now, "the table reckons as phones pad"
    disk = stored_bytes(path, "log", blobs, PHONES)
    outgoing = moved(blobs, PHONES - 1)[1]
    return Gathering(year.policy.name, len(blobs), now, more, most, disk, outgoing)


def _one_bundle(history: Grown, changes: Sequence[Admitted]) -> int:
    """The whole year as a new phone gets it from another."""
    kept, held, total = MemoryHistory(), Held(), 0
    kept.add(changes)
    replica = Replica(history.group, KEYS["secretary"], kept, {}, bytes(8))
    while (packed := replica.pack(held)) is not None:
        total += len(packed.bundle)
        held = {**held, **packed.held}
    return total


def _floor(changes: Sequence[Admitted]) -> int:
    events = b"".join(event for one in changes for event in one.change.events)
    return len(zlib.compress(events, 9))


def table(shown: Shown) -> str:
    """A year as people read it."""
    log = shown.lines[0]
    rows = [
        f"{shown.events:,} entries, pushed after {OWN_QUIET_MS // 1000} s quiet or when "
        f"{OWN_MAX_MS // 1000} s old; median blob {shown.median_blob_bytes:,} B; "
        f"{log.blob_bytes / shown.events:.1f} B an entry",
        f"{'mailbox':10}{'blobs':>8}{'sealed B':>12}{'on disk B':>12}{'in B':>12}{'out B':>12}",
        *(
            f"{one.name:10}{one.blobs:8,}{one.blob_bytes:12,}{one.disk_bytes:12,}"
            f"{one.in_bytes:12,}{one.out_bytes:12,}"
            for one in (*shown.lines, total(shown.lines))
        ),
        "",
        f"the log's blobs {log.blob_bytes:,} B; beside it:",
        *(
            f"  {name:42}{size:12,} B  x {log.blob_bytes / size:.2f}"
            for name, size in (
                ("their bundles before sealing", shown.bundles_bytes),
                ("the year as one bundle", shown.one_bundle_bytes),
                ("plain floor: entries, open, unsigned, zlib", shown.floor_bytes),
            )
        ),
        "",
        f"{'the log, by policy':26}{'blobs':>8}{'pad 256':>12}{'512':>12}{'1024':>12}"
        f"{'on disk B':>12}{'out B':>12}",
        *(
            f"{name:26}{count:8,}" + "".join(f"{size:12,}" for size in sizes)
            for name, count, *sizes in shown.policies
        ),
    ]
    return "\n".join(rows)


def total(lines: Sequence[Line]) -> Line:
    """All mailboxes together."""
    sums = [sum(column) for column in zip(*(line[1:] for line in lines), strict=True)]
    return Line("together", *sums)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.option("--meetings", default=MEETINGS, show_default=True, type=click.IntRange(2, MEETINGS))
def main(as_json: bool, meetings: int) -> None:
    """A year of a group at a relay, in bytes."""
    with TemporaryDirectory(prefix="mkutano-year-") as folder:
        shown = year_of(meetings, Path(folder))
    if as_json:
        lines = [one._asdict() for one in shown.lines]
        policies = [one._asdict() for one in shown.policies]
        click.echo(json.dumps({**shown._asdict(), "lines": lines, "policies": policies}))
    else:
        click.echo(table(shown))


if __name__ == "__main__":
    main()
