"""Logs whose books are frozen: from one version to the next, equal entries give equal books.

Phones of one `REDUCER_VERSION` must agree to the byte, and one that brings another rule under the
old number would not fold its history anew. Each line of `tests/vectors/books.jsonl` is a log with
a check of every table of its book, and of what people are shown of it; the first line says which
rules they were made by.

    python -m simulations.kept_books               check them, and write new checks in their place
                                                   after a rise of REDUCER_VERSION, or where only
                                                   what is shown is another
    python -m simulations.kept_books --draw 4000   choose other logs, that together go many ways
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

import cbor2
import click

from model.book import Book
from model.codec import Unreadable, decode, encode
from model.entry import Entry
from model.events import Event
from model.history import audit_view, journal
from model.loan_views import loans_view
from model.reducer import fold
from model.statements import meeting_view, passbook_view
from model.suspense_view import suspense_view
from model.views import book_view
from simulations.keeping import (
    ROOT,
    must_be_written,
    places_chosen,
    read_lines,
    ways_through,
    write_lines,
)
from simulations.seasons import Season
from simulations.strangers import Strangers, in_seal_order, with_names

FILE: Final = ROOT / "tests" / "vectors" / "books.jsonl"
SHOWN: Final = "shown"  # beside the tables: it may change under the same number of rules
_CLOCKS_MS: Final = (0, 4_102_444_800_000, 1_767_254_400_000)  # wrong ones: no rule reads them


class Kept(NamedTuple):
    """A log, and its book as it was."""

    name: str
    entries: list[Entry]
    checks: dict[str, str]  # by table


def checks(book: Book) -> dict[str, str]:
    """A check sum of each table that holds anything, over its keys and pages, to the byte.

    And one of all that is shown of the book without being stored in it.
    """
    told = {SHOWN: f"{zlib.crc32(repr(_shown(book)).encode()):08x}"}
    for name, table in book.tables.items():
        total = 0
        for key, page in table.rows():
            row = table.key_text(key).encode() + b"=" + (table.dump(page) or b"") + b"\n"
            total = zlib.crc32(row, total)
        if total:
            told[name] = f"{total:08x}"
    return told


def _shown(book: Book) -> list[object]:
    return [
        book_view(book),
        loans_view(book, every=True),
        audit_view(book),
        suspense_view(book, every=True),
        [passbook_view(book, member) for member, _ in book.members.rows()],
        [meeting_view(book, *key) for key, _ in book.meetings.rows()],
        [*journal(book)],
    ]


def read() -> tuple[int, list[Kept]]:
    """The version of the rules that the file was made by, and what it keeps."""
    version, lines = read_lines(FILE)
    return version, [Kept(line["log"], list(_entries(line)), line["tables"]) for line in lines]


# One log as a line: devices and people by number, an entry's name by its place, and of its past
# only the newest, which knew the rest


def _line(kept: Kept) -> dict[str, Any]:
    devices = list(dict.fromkeys(entry.device.hex() for entry in kept.entries))
    people = list(dict.fromkeys(entry.person.hex() for entry in kept.entries))
    places = {entry.id: place for place, entry in enumerate(kept.entries)}
    rows = [
        [
            devices.index(entry.device.hex()),
            people.index(entry.person.hex()),
            _newest([places[known] for known in _past(entry)], kept.entries),
            _said(entry, places),
            *[1] * entry.held,
        ]
        for entry in kept.entries
    ]
    return {
        "log": kept.name, "devices": devices, "people": people,
        "entries": rows, "tables": kept.checks,
    }  # fmt: skip


def _newest(past: list[int], entries: list[Entry]) -> list[int]:
    """Of these places the ones that no other of them knew."""
    told = frozenset[bytes]().union(*(_past(entries[place]) for place in past))
    return sorted(place for place in past if entries[place].id not in told)


def _past(entry: Entry) -> frozenset[bytes]:
    return cast(frozenset[bytes], entry.past)


def _said(entry: Entry, places: dict[bytes, int]) -> list[Any]:
    """The event as it is signed, with #7 for the log's entry 7 and 0x… for other bytes."""

    def shown(value: Any) -> Any:
        match value:
            case bytes():
                return f"#{places[value]}" if value in places else f"0x{value.hex()}"
            case list():
                return [shown(part) for part in value]
            case _:
                return value

    event = entry.event
    if isinstance(event, Unreadable):
        return [event.compartment, event.kind, event.reason]
    return cast(list[Any], shown(cbor2.loads(encode(event))))


def _entries(line: dict[str, Any]) -> Iterator[Entry]:
    log: list[Entry] = []
    for device, person, newest, said, *held in line["entries"]:
        known = [log[place] for place in newest]
        log.append(
            Entry(
                _name(line["log"], len(log)),
                1 + max((entry.lamport for entry in known), default=0),
                bytes.fromhex(line["devices"][device]),
                bytes.fromhex(line["people"][person]),
                _CLOCKS_MS[len(log) % len(_CLOCKS_MS)],
                _event(line["log"], len(log), said),
                frozenset({entry.id for entry in known}.union(*map(_past, known))),
                bool(held),
            )
        )
    return iter(in_seal_order(log))


def _event(log: str, place: int, said: list[Any]) -> Event | Unreadable:
    def meant(value: Any) -> Any:
        match value:
            case list():
                return [meant(part) for part in value]
            case str() if value.startswith("#"):
                return _name(log, int(value[1:]))
            case str() if value.startswith("0x"):
                return bytes.fromhex(value[2:])
            case _:
                return value

    match said:
        case [compartment, kind, ("unknown" | "malformed") as reason]:
            return Unreadable(kind, reason, compartment)
    return decode(cbor2.dumps(meant(said), canonical=True), _name(log, place)[:16])


def _name(log: str, place: int) -> bytes:
    return hashlib.sha256(f"{log} {place}".encode()).digest()[:16] + b"\0"


# Choosing logs


def _drawn(seed: int) -> Kept:
    """A log of strangers, or a season of a village."""
    if seed % 4:
        name, entries = f"strangers {seed}", Strangers(seed).play()
    else:
        chance = random.Random(seed)
        season = Season(
            chance, meetings=chance.randint(1, 3), phones=chance.randint(3, 5),
            mess=chance.choice((30, 60)), cycles=chance.choice((1, 1, 2)),
            deeds_a_meeting=chance.choice((6, 12)), stopped=chance.random() < 0.3,
        )  # fmt: skip
        name, entries = f"season {seed}", season.play()
    names = {entry.id: _name(name, place) for place, entry in enumerate(entries)}
    again = [
        entry._replace(
            id=names[entry.id],
            event=with_names(entry.event, lambda told: names.get(told, told)),
            past=frozenset(names[known] for known in _past(entry)),
        )
        for entry in entries
    ]
    return Kept(name, again, {})


def _ways(entries: list[Entry]) -> set[object]:
    """Which ways through the model this log goes, and what kinds of lines and findings it makes."""
    book, ways = ways_through("model", lambda: fold(entries))
    for _, page in book.entries.rows():
        ways.add((page.kind, page.status))
        ways |= {(page.kind, account, amount > 0) for account, _, amount in page.lines}
    ways |= {code for (code, _), _ in book.findings.rows()}
    return ways


def _chosen(seeds: range, keep: int) -> Iterator[Kept]:
    drawn, ways = [], []
    for seed in seeds:
        kept = _drawn(seed)
        line = _line(kept)  # as it will be read: its times and lamports are the file's own
        drawn.append(Kept(kept.name, list(_entries(line)), {}))
        ways.append(_ways(drawn[-1].entries))
        if len(drawn) % 100 == 0:
            click.echo(f"{len(drawn)} logs drawn", err=True)
    lengths = [20 + len(kept.entries) for kept in drawn]
    return (drawn[place] for place in places_chosen(ways, lengths, keep))


@click.command()
@click.option("--draw", default=0, help="Choose other logs, out of so many.")
@click.option("--keep", default=150, show_default=True, help="How many logs to choose.")
def main(draw: int, keep: int) -> None:
    """Hold the kept logs against the rules of today."""
    if draw:
        chosen = _chosen(range(draw), keep)
        again = (kept._replace(checks=checks(fold(kept.entries))) for kept in chosen)
        write_lines(FILE, map(_line, again))
        return
    version, every = read()
    now = [kept._replace(checks=checks(fold(kept.entries))) for kept in every]
    both = [(kept.checks, new.checks) for kept, new in zip(every, now, strict=True)]
    changed = sum({**old, SHOWN: ""} != {**new, SHOWN: ""} for old, new in both)
    shown = sum(old[SHOWN] != new[SHOWN] for old, new in both)
    click.echo(f"{changed} of {len(every)} logs give another book than by rules {version}.")
    click.echo(f"{shown} are shown otherwise.")
    if must_be_written(changed, shown, version):
        write_lines(FILE, map(_line, now))


if __name__ == "__main__":
    main()
