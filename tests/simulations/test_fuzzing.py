"""Strangers' bytes: no parser breaks a law, and every law is watched.

Everything that is fed runs in a process of its own, since it forks children that may die.
"""

import json
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from simulations.fuzzing.corpus import FOLDER, keep, kept
from simulations.fuzzing.nearly_valid import ODDITIES
from simulations.fuzzing.shrinking import shrunk
from simulations.fuzzing.table import TARGETS, chosen
from simulations.fuzzing.target import Finding, Tally

ROOT = Path(__file__).resolve().parents[2]
EXECUTIONS = 20_000
CHANGES = 5_000
TAKES_NOTHING_HARMLESS = {"relay-gate"}
"""Its best answer is 101, which is counted among the others."""
NEVER_REFUSES = {"event-fact", "relay-note", "proxy-header", "local-file", "marker-file"}
_DIGEST = """
import hashlib, sys
from simulations.fuzzing.table import TARGETS
from simulations.fuzzing.target import input_of
for target in TARGETS:
    if target.name not in {"local-api", "device-file", "local-file"}:  # these hold fresh secrets
        parser = target.make()
        made = [input_of(parser, target.name, 7, number) for number in range(80)]
        print(target.name, hashlib.sha256(b"|".join(made)).hexdigest())
"""


def fuzzing(*arguments: str, check: bool = True) -> str:
    """What the command says; its errors when it should have gone well."""
    run = subprocess.run(
        [sys.executable, "-m", "simulations.fuzzing", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert not check or run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    return run.stdout + run.stderr


@cache
def report() -> dict[str, Any]:
    """One run over all targets, judged by the alarm: the exact time is for quiet machines."""
    found: dict[str, Any] = json.loads(fuzzing("--executions", str(EXECUTIONS), "--json"))
    return found


def test_twenty_thousand_inputs_break_no_law() -> None:
    assert report()["findings"] == []
    assert report()["executions"] >= EXECUTIONS


def test_every_target_is_reached() -> None:
    """A parser that takes nothing, or refuses nothing, is fed the wrong things."""
    tallies = {name: Tally(**values) for name, values in report()["targets"].items()}
    assert tallies.keys() == {target.name for target in TARGETS}
    idle = {name for name, tally in tallies.items() if not tally.taken}
    assert idle <= TAKES_NOTHING_HARMLESS
    assert {name for name, tally in tallies.items() if not tally.refused} <= NEVER_REFUSES


def test_what_was_found_is_fed_again() -> None:
    """Files are only added: each was a fault once, and belongs to a target."""
    folders = [folder for folder in FOLDER.iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} <= {target.name for target in TARGETS}
    assert sum(1 for folder in folders for _ in kept(FOLDER, folder.name)) >= 8


def test_every_planted_fault_is_found() -> None:
    told = fuzzing("--planted")
    assert "MISSED" not in told
    assert told.count("found as") == 9


def test_the_same_seed_makes_the_same_inputs() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert len(digests) == 1


def test_nearly_valid_changes_end_as_they_must_and_what_is_admitted_holds() -> None:
    found = json.loads(fuzzing("--admission", str(CHANGES), "--json"))
    assert found["faults"] == []
    assert found["changes"] == CHANGES
    assert found["admitted"] > CHANGES // 4
    tried = {oddity for oddity, _told, _count in found["outcomes"]}
    assert tried >= ODDITIES.keys()


def test_a_wrong_expectation_of_admission_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run would notice: an honest change that should be refused is a fault."""
    from simulations.fuzzing import admission, nearly_valid

    odd = nearly_valid.ODDITIES["nothing"]._replace(codes=frozenset({"bad_time"}))
    monkeypatch.setitem(nearly_valid.ODDITIES, "nothing", odd)
    faults = admission.run(20, 0).faults
    assert {fault.oddity for fault in faults} == {"nothing"}


def test_a_finding_is_shrunk_and_kept_once(tmp_path: Path) -> None:
    finding = Finding("hello", "exception", "KeyError", bytes(range(200)), 3)
    small = shrunk(finding, lambda data: b"\x07" in data and b"\x90" in data, 60.0)
    assert small.data == b"\x07\x90"
    assert keep(tmp_path, small) == keep(tmp_path, small)
    assert [*kept(tmp_path, "hello")] == [b"\x07\x90"]


def test_an_unknown_target_is_named() -> None:
    assert [target.name for target in chosen(["sync-"])] == ["sync-message", "sync-replica"]
    assert "no target 'nonsense'" in fuzzing("--target", "nonsense", check=False)


@pytest.mark.skipif(find_spec("atheris") is not None, reason="atheris guides here")
def test_without_atheris_the_guided_run_says_so() -> None:
    assert "atheris is not installed" in fuzzing("--guided", "--target", "hello", check=False)
