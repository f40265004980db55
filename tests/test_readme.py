"""What the README names exists: every test behind its threat table, every command it tells of."""

import ast
import re
from functools import cache
from pathlib import Path

import click
import pytest

from node.cli import cli

TESTS = Path(__file__).parent
README = (TESTS.parent / "README.md").read_text("utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
TYPED = re.compile(r"`(?:mkutano )?([a-z][^`/]*)`")
NO_COMMAND = "sealed"  # an extra of the package
ROW = re.compile(r"^\| (?!who \|)[^|\n]+ \| [^|\n]+ \| [^|\n]+ \| ([^|\n]+) \|$", re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the tests in a file under tests/; none when there is no such file."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    nodes = ast.parse(file.read_text("utf-8")).body
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def missing(text: str) -> list[str]:
    """Tests that a text names and that do not exist."""
    return [f"{path}::{name}" for path, name in NAMED.findall(text) if name not in names_in(path)]


def test_every_test_that_is_named_exists() -> None:
    assert missing(README) == []


def test_each_row_of_the_threat_table_names_what_shows_it() -> None:
    rows = ROW.findall(README[README.index("### Who can do what") :])
    assert len(rows) == 17
    assert all(len(NAMED.findall(row)) >= 2 for row in rows)


@pytest.mark.parametrize(
    "text", ["`test_readme.py::test_that_is_not_there`", "`node/test_nothing.py::test_x`"]
)
def test_what_is_not_there_is_missed(text: str) -> None:
    assert missing(text) == [text.strip("`")]
    assert missing("`test_readme.py::test_every_test_that_is_named_exists`") == []


def faults(typed: str) -> list[str]:
    """What of this can't be typed: the command itself, a word after it, or an option."""
    first, *words = typed.split()
    context = click.Context(cli)
    command = cli.get_command(context, first)
    if command is None:
        return [first]
    found = []
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            command = command.get_command(context, word) or command
            found += [word] * (command.name != word)
        elif word.startswith("-"):
            found += [word] * all(word not in one.opts for one in command.params)
    return found


def test_what_to_type_when_something_goes_wrong_can_be_typed() -> None:
    begin, end = "## When something goes wrong", "### Who can do what"
    typed = set(TYPED.findall(README[README.index(begin) : README.index(end)])) - {NO_COMMAND}
    assert len(typed) >= 15
    assert {one: faults(one) for one in typed if faults(one)} == {}


@pytest.mark.parametrize("typed", ["rescue", "suspend treasurer --forever", "propose nonsense"])
def test_what_can_not_be_typed_is_seen(typed: str) -> None:
    assert faults(typed)


def idle_targets(makefile: str, told: str) -> set[str]:
    """What `make NAME` is told of for, and does nothing: make passes it over in silence."""
    made = set(re.findall(r"^([a-z-]+):[^=\n]*\n\t", makefile, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    return (phony | set(re.findall(r"\bmake ([a-z-]+)", told))) - made


def test_every_target_of_make_that_is_told_of_does_something() -> None:
    makefile = (TESTS.parent / "Makefile").read_text("utf-8")
    gate = (TESTS.parent / ".ci" / "run").read_text("utf-8")
    in_code = " ".join(re.findall(r"`make [^`]*`|^make .*$|^ +make .*$", README, re.MULTILINE))
    assert idle_targets(makefile, in_code + " ".join(re.findall(r"^make .*$", gate, re.M))) == set()
    without = re.sub(r"^simulate:.*\n(\t.*\n)+", "", makefile, flags=re.MULTILINE)
    assert idle_targets(without, "") == {"simulate"}
