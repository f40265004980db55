"""The runner of small faults: what it plants, which tests it runs, and what it says of them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulations.mutation.choosing import Traces, choose
from simulations.mutation.cores import CORES, files_of
from simulations.mutation.interval import wilson_percent
from simulations.mutation.mutants import list_mutants, mutated
from simulations.mutation.trials import module_name

ROOT = Path(__file__).resolve().parents[2]
TEXT = '''"""A docstring."""

LEAST = 3


def shared(parts: list[int], least: int = LEAST, *, word: str = "a sentence") -> int:
    """Another."""
    kept = [part for part in parts if part > 0]
    total = 0
    for part in kept:
        total += part
        if not word:
            continue
    return total - 1 if total > least and "code" in word else len(kept)
'''


def test_a_file_holds_these_faults() -> None:
    whole = "total - 1 if total > least and 'code' in word else len(kept)"
    turned = "total - 1 if not (total > least and 'code' in word) else len(kept)"
    assert [mutant.change.partition(" ")[2] for mutant in list_mutants("x.py", TEXT)] == [
        "[constant] 3  ->  4",
        f"[returned] return {whole}  ->  return None",
        "[filter] [part for part in parts if part > 0]  ->  [part for part in parts]",
        "[constant] 0  ->  1",
        "[sum] total += part  ->  total -= part",
        "[left out] total += part  ->  pass",
        f"[condition] {whole}  ->  {turned}",
        "[sign] not word  ->  word",
        "[loop] continue  ->  break",
        "[logic] total > least and 'code' in word  ->  total > least or 'code' in word",
        "[sum] total - 1  ->  total + 1",
        "[comparison] part > 0  ->  part >= 0",
        "[comparison] part > 0  ->  part <= 0",
        "[comparison] total > least  ->  total >= least",
        "[comparison] total > least  ->  total <= least",
        "[comparison] 'code' in word  ->  'code' not in word",
        "[constant] 1  ->  2",
        "[constant] 0  ->  1",
        "[text] 'code'  ->  'code?'",
    ]


def test_each_fault_changes_one_place_and_can_be_run() -> None:
    plain = ast.dump(ast.parse(TEXT))
    seen = set()
    for mutant in list_mutants("x.py", TEXT):
        tree = mutated(TEXT, mutant)
        compile(tree, "x.py", "exec")
        seen.add(ast.dump(tree))
    assert len(seen) == len(list_mutants("x.py", TEXT))
    assert plain not in seen


def test_every_fault_of_the_cores_can_be_run() -> None:
    for path in files_of(ROOT, CORES["admission"])[:4]:
        text = (ROOT / path).read_text("utf-8")
        for mutant in list_mutants(path, text)[::9]:
            compile(mutated(text, mutant), path, "exec")


def test_a_core_is_what_its_first_files_import() -> None:
    admission = files_of(ROOT, CORES["admission"])
    assert {"replication/admission.py", "replication/council.py"} <= {*admission}
    reducer = files_of(ROOT, CORES["reducer"])
    assert "model/reckoning/schedules.py" in reducer
    assert not any(path.startswith(("model/wording", "model/reports", "node")) for path in reducer)
    assert "model/events/terms.py" in files_of(ROOT, CORES["codec"])


def test_tests_that_run_the_line_come_first_and_cost_no_more_than_the_budget() -> None:
    seconds = {"t/test_x.py::slow": 9.0, "t/test_x.py::own": 0.2, "t/other.py::quick": 0.1}
    seconds |= {"t/other.py::near": 0.3}
    lines = {8: frozenset(seconds), 13: frozenset({"t/other.py::near"})}
    traces = Traces.of(seconds, {"x.py": lines})
    tree = ast.parse(TEXT)
    mutants = {mutant.kind: mutant for mutant in list_mutants("x.py", TEXT)}
    assert choose(traces, mutants["filter"], tree, 20) == (
        "t/test_x.py::own",
        "t/other.py::quick",
        "t/other.py::near",
        "t/test_x.py::slow",
    )
    assert choose(traces, mutants["filter"], tree, 0.35) == (
        "t/test_x.py::own",
        "t/other.py::quick",
    )
    assert choose(traces, mutants["loop"], tree, 20)[0] == "t/other.py::near"


def test_those_that_run_the_most_for_their_time_come_before_others() -> None:
    seconds = {"t::narrow": 0.01, "t::wide": 0.02, "t::elsewhere": 0.01}
    every = frozenset({"t::narrow", "t::wide"})
    lines = {8: every, **{line: frozenset({"t::wide"}) for line in range(9, 13)}}
    traces = Traces.of(seconds, {"x.py": lines, "y.py": {1: frozenset({"t::elsewhere"})}})
    mutants = {mutant.kind: mutant for mutant in list_mutants("x.py", TEXT)}
    assert choose(traces, mutants["filter"], ast.parse(TEXT), 20) == ("t::wide", "t::narrow")


def test_a_file_that_only_runs_while_it_is_imported_is_every_test_s() -> None:
    traces = Traces.of({"t::one": 0.1, "t::other": 0.2}, {"y.py": {1: frozenset({"t::one"})}})
    text = "LEAST = 3"
    (fault,) = list_mutants("x.py", text)
    assert choose(traces, fault, ast.parse(text), 20) == ("t::one", "t::other")


def test_what_several_processes_traced_is_read_as_one(tmp_path: Path) -> None:
    for number, line in enumerate(("3", "4")):
        tests = [f"t::{number}"]
        seen = {"seconds": {tests[0]: 0.5}, "lines": {"x.py": {line: [0]}}, "tests": tests}
        (tmp_path / f"{number}.json").write_text(json.dumps(seen), "utf-8")
    traces = Traces.read(tmp_path)
    assert traces.seconds == {"t::0": 0.5, "t::1": 0.5}
    assert traces.running("x.py", 3, 3) == {"t::0"}
    assert traces.running("x.py", 1, 9) == {"t::0", "t::1"}


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(8, 10, 49.0, 94.3), (0, 10, 0.0, 27.8), (0, 0, 0.0, 100.0), (360, 400, 86.7, 92.6)],
)
def test_intervals_are_those_of_published_tables(
    successes: int, trials: int, low: float, high: float
) -> None:
    found = wilson_percent(successes, trials)
    assert [round(end, 1) for end in found] == [low, high]


SCRIPT = """
import ast, os, sys
from pathlib import Path
from simulations.mutation.mutants import list_mutants, mutated
from simulations.mutation.trials import start, verdict
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[1])
text = Path("counted.py").read_text()
trees = {"nothing": ast.parse(text)}
for one in list_mutants("counted.py", text):
    trees[f"{one.kind} {one.before}"] = mutated(text, one)
for what in ("nothing", "constant 7", "returned return [n]", "left out n -= 1"):
    child = start("counted.py", trees[what], ["test_counted.py"], 3)
    print(verdict(os.waitpid(child, 0)[1]))
"""


def test_a_fault_is_killed_survives_or_runs_out_of_time(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text(
        "def count(n):\n    while n:\n        n -= 1\n    return [n]\n\nSPARE = 7\n", "utf-8"
    )
    (tmp_path / "test_counted.py").write_text(
        "from counted import count\n\ndef test_it():\n    assert count(3) == [0]\n", "utf-8"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True, check=True, cwd=ROOT, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["survived", "survived", "killed", "timed", "out"]


def test_modules_have_the_names_that_they_are_imported_by() -> None:
    assert module_name("model/events/terms.py") == "model.events.terms"
    assert module_name("model/events/__init__.py") == "model.events"
