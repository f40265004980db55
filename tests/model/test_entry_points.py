"""The chapter of `model` lists what outsiders may call: its examples run, its modules exist."""

import ast
import doctest
import re
from pathlib import Path

import pytest

import model

ROOT = Path(__file__).resolve().parents[2] / "model"
CHAPTER = model.__doc__ or ""


def test_the_examples_give_what_they_say() -> None:
    found = doctest.testmod(model)
    assert found.attempted > 20
    assert not found.failed


def test_every_import_that_is_listed_works() -> None:
    lines = re.findall(r"^ {4}(from model\.[\w.]+ import \w+(?:, \w+)*)", CHAPTER, re.M)
    assert len(lines) >= 6
    for line in lines:
        exec(compile(line.strip(), "chapter", "exec"), {})


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"\b([a-z_]+\.py)\b", CHAPTER))
    there = {path.name for path in ROOT.rglob("*.py")}
    assert named <= there
    reckoning = {path.name for path in (ROOT / "reckoning").glob("*.py")} - {"__init__.py"}
    # The rest are the parts that these are made of.
    parts = {"amortisation.py", "timed_interest.py", "lines.py", "replay.py", "movements.py"}
    assert reckoning - parts - {"ratio.py"} <= named


@pytest.mark.parametrize("path", sorted((ROOT / "reckoning").glob("*.py")), ids=lambda p: p.name)
def test_every_public_function_says_what_it_does(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"
