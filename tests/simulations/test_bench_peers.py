"""The bench beside the peers runs, asks everybody the same, and finds out who loses a row.

Peers that are not installed are left out by name, as on a machine that never made their
environment. No time is asserted: speed is what the bench itself is for.
"""

import io
import json
import zlib
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import cbor2
import pytest
from click.testing import CliRunner

from simulations.bench import growth
from simulations.bench.histories import Grown, grown
from simulations.bench.peers import floors, worker
from simulations.bench.peers.__main__ import main
from simulations.bench.peers.candidate import STEPS, Setting
from simulations.bench.peers.library import Library, LibraryCandidate, Met
from simulations.bench.peers.rows import KINDS, Row, Workload, balances, history_rows, workload
from simulations.bench.peers.running import Broken, Taken, started
from simulations.bench.peers.tables import tables

LENGTHS = (100, 300)
MEASURED = ("mkutano, two phones", "automerge", "pycrdt", "floor: rows, zlib", "floor: Ed25519")
PERHAPS = "loro"


@pytest.fixture(scope="module")
def history() -> Grown:
    return grown(LENGTHS[-1])


@pytest.fixture
def setting(history: Grown, tmp_path: Path) -> Setting:
    path = tmp_path / "workload.cbor"
    workload(history, LENGTHS, 1).save(path)
    return Setting(tmp_path, path, LENGTHS, 1)


def test_the_bench_measures_whoever_is_installed() -> None:
    only = [word for name in (*MEASURED, PERHAPS) for word in ("--only", name)]
    run = CliRunner().invoke(main, ["--quick", "--json", "--no-growth", *only])
    assert run.exit_code == 0, run.output
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    found = {(line["candidate"], line["figure"], line["history"]): line for line in lines}
    everybody = {line["candidate"] for line in lines}
    assert everybody - {PERHAPS} == {"mkutano", *MEASURED}
    assert PERHAPS in everybody or f"{PERHAPS} is left out" in run.stderr
    sizes = {
        name: found[name, "meeting_bytes", 300]["median"] for name in everybody - {MEASURED[4]}
    }
    assert sizes["mkutano"] < sizes["pycrdt"] < sizes["automerge"]
    assert sizes["floor: rows, zlib"] < sizes["mkutano"] <= sizes["mkutano, two phones"]
    for figure in ("bootstrap_ms", "durable_ms", "open_ms", "advance_ms", "at_rest_bytes"):
        assert all(found[name, figure, 300]["median"] > 0 for name in ("mkutano", "pycrdt"))


def test_how_our_costs_grow_is_shown_for_all_of_them(tmp_path: Path) -> None:
    figures = list(growth.figures(LENGTHS, 1, tmp_path, lambda _text: None))
    assert {figure.metric for figure in figures} == {
        *("meeting_bytes", "meeting_ms", "append_ms", "receive_ms", "open_ms", "advance_ms"),
        *("event_bootstrap_bytes", "event_bootstrap_us", "event_at_rest_bytes", "event_fold_us"),
        *("event_filling_us", "memory_pages_kb", "memory_resident_kb"),
        *("page_book_ms", "page_members_ms", "page_book_calls", "open_calls"),
        *("receive_calls", "append_calls"),
    }
    assert [figure.history for figure in figures] == [*LENGTHS] * (len(figures) // 2)
    assert all(figure.ratio == 1 for figure in figures if figure.history == LENGTHS[0])
    (meeting,) = (one for one in figures if (one.metric, one.history) == ("meeting_bytes", 300))
    assert meeting.ratio < 1.1


def test_rows_are_the_villages_deeds(history: Grown) -> None:
    rows = [Row(*cbor2.loads(row)) for row in history_rows(history, 300)]
    deeds = history.deeds[:300]
    assert [KINDS[row.kind] for row in rows] == [deed.kind if deed else KINDS[0] for deed in deeds]
    told = [deed for deed in deeds if deed]
    ins = ("bought", "gave", "paid fine", "repaid")
    paid_in = sum(deed.amount_minor for deed in told if deed.kind in ins)
    lent = sum(deed.amount_minor for deed in told if deed.kind == "took")
    assert sum(balances(history_rows(history, 300)).values()) == paid_in - lent
    assert [row.time_ms for row in rows] == [one.change.time_ms for one in history.changes[:300]]


def test_a_workload_is_read_as_it_was_written(setting: Setting, history: Grown) -> None:
    read = Workload.load(setting.workload)
    assert read == workload(history, LENGTHS, 1)
    assert all(len(rows) == 90 for both in read.tails.values() for rows in both)


def leb_differences(data: bytes, count: int) -> tuple[list[int], bytes]:
    """Read back what the columns hold: zigzag LEB128 differences."""
    values, before, at = [], 0, 0
    for _ in range(count):
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        before += value // 2 if value % 2 == 0 else -(value + 1) // 2
        values.append(before)
    return values, data[at:]


def test_the_floor_of_columns_leaves_nothing_out(history: Grown) -> None:
    packed = history_rows(history, 300)
    rest = zlib.decompress(floors.columns(packed, names_known=False))
    rows = [Row(*cbor2.loads(row)) for row in packed]
    names = sorted({row.member for row in rows} | {row.recorder for row in rows})
    assert rest.startswith(b"".join(names))
    rest = rest[16 * len(names) :]
    kinds, rest = list(rest[:300]), rest[300:]
    columns = []
    for _ in range(5):
        column, rest = leb_differences(rest, 300)
        columns.append(column)
    assert rest == b""
    members, amounts, meetings, times, recorders = columns
    read = [
        Row(kind, names[member], amount, meeting, time_ms, names[recorder])
        for kind, member, amount, meeting, time_ms, recorder in zip(
            kinds, members, amounts, meetings, times, recorders, strict=True
        )
    ]
    assert read == rows


class Replica:
    """A library that keeps rows in a list; `loses` is how many it forgets when it meets."""

    def __init__(self, parts: Sequence[bytes], author: int, loses: int = 0) -> None:
        self.loses = loses
        self.known: list[bytes] = [row for part in parts for row in cbor2.loads(part)]

    def append(self, rows: Sequence[bytes]) -> None:
        self.known += rows

    def append_kept(self, row: bytes) -> bytes:
        self.append([row])
        return cbor2.dumps([row])

    def saved(self) -> bytes:
        return cbor2.dumps(self.known)

    def rows(self, start: int = 0) -> list[bytes]:
        return self.known[start:]


def united(first: Replica, second: Replica) -> Met:
    pairs = zip(first.known, second.known, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    both = [*first.known, *second.known[shared:]]
    first.known = second.known = both[: len(both) - first.loses]
    return Met(len(second.saved()), 0.1, 0.1)


def test_a_library_is_asked_every_step(setting: Setting) -> None:
    candidate = LibraryCandidate(Library(Replica, united), setting, 50)
    found = {name for step in STEPS for name in candidate.take(step, 300, 0)}
    assert found == {
        *("meeting_bytes", "meeting_ms", "bootstrap_bytes", "bootstrap_ms", "at_rest_bytes"),
        *("durable_ms", "open_ms", "advance_ms"),
    }


@pytest.mark.parametrize("step", ["meeting", "bootstrap", "advance"])
def test_a_library_that_loses_a_row_is_found_out(setting: Setting, step: Any) -> None:
    library = Library(lambda parts, author: Replica(parts, author, loses=1), united)
    candidate = LibraryCandidate(library, setting, 50)
    with pytest.raises(AssertionError):
        candidate.take(step, 300, 0)


def test_who_is_not_installed_says_so(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "zstandard", None)
    first = {"folder": str(setting.folder), "workload": str(setting.workload)}
    order = {
        "name": "floor: rows, zstd",
        **first,
        "lengths": LENGTHS,
        "runs": 1,
        "processor": False,
    }
    answers = io.StringIO()
    worker.work(io.StringIO(json.dumps(order) + "\n"), answers)
    assert json.loads(answers.getvalue()) == {"missing": "the package zstandard"}


def test_a_process_that_breaks_down_is_named() -> None:
    with started("pycrdt") as one, pytest.raises(Broken, match="pycrdt stopped"):
        one.ask({"name": "nobody"})


def test_the_table_shows_each_figure_with_its_multiple_of_ours() -> None:
    taken = [
        Taken("mkutano", "meeting_bytes", 1_000, 3_000.0, 2_990.0, 3),
        Taken("pycrdt", "meeting_bytes", 1_000, 9_000.0, 9_000.0, 3),
        Taken("mkutano", "at_rest_bytes", 1_000, 500_000.0, 500_000.0, 3),
        Taken("floor: Ed25519", "sign_us", 1_000, 27.0, 26.0, 3),
        Taken("floor: Ed25519", "verify_us", 1_000, 71.0, 70.0, 3),
    ]
    lines = tables(taken).splitlines()
    assert lines[1].split() == ["history", "1k", "1k"]
    assert lines[2].split() == ["mkutano", "3,000", "500"]
    assert lines[3].split() == ["pycrdt", "9,000"]
    assert lines[4].split() == ["x3.00"]
    assert any("sign 27 us" in line for line in lines)
