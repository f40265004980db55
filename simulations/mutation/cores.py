"""Which files a core is made of: what its first file imports, and what that imports, and so on.

Read from the text, so a new module of a core is on trial from the day that something imports it.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Final, NamedTuple


class Core(NamedTuple):
    """A part of the product that is on trial as a whole."""

    roots: tuple[str, ...]  # files that it is entered by
    tests: tuple[str, ...]  # folders of the tests that answer for it
    left_out: tuple[str, ...] = ()  # beginnings of paths: another core's, or only sentences
    whole: bool = True  # with all that the roots import


def _named(files: str) -> tuple[str, ...]:
    """These files of `replication`."""
    return tuple(f"replication/{name}.py" for name in files.split())


CORES: Final = {
    "admission": Core(
        ("replication/admission.py", "replication/intake.py", "replication/forks.py"),
        ("tests/replication",),
        _named("bundle columns dictionaries drafts rows runs templates cbor vocabulary document"),
    ),
    "session": Core(
        _named(
            "session exchange wire frontier comparison "
            "bundle columns dictionaries drafts rows runs templates"
        ),
        ("tests/replication",),
        whole=False,
    ),
    "codec": Core(
        ("model/codec.py", "replication/cbor.py", "replication/control.py"),
        ("tests/model", "tests/replication"),
        ("model/pages", "model/book", "model/entry", "replication/change", "replication/cards"),
    ),
    "reducer": Core(
        ("model/reducer.py",), ("tests/model",), ("model/wording/", "model/events/", "model/codec")
    ),
}


def files_of(root: Path, core: Core) -> list[str]:
    """The files of a core, as paths from the project's folder."""
    found: set[str] = set()
    waiting = list(core.roots)
    while waiting:
        path = waiting.pop()
        if path in found or path.startswith(core.left_out):
            continue
        found.add(path)
        waiting += _imported(root, path) if core.whole else []
    return sorted(found)


def _imported(root: Path, path: str) -> list[str]:
    """The project's files that a file imports: modules, and what `from package import` names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((root / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    package = path.partition("/")[0]
    stems = [name.replace(".", "/") for name in names if name.partition(".")[0] == package]
    paths = [path for stem in stems for path in (f"{stem}.py", f"{stem}/__init__.py")]
    return [path for path in paths if (root / path).is_file()]


def main(names: list[str]) -> None:
    """Print the files of these cores, apart by commas, as `coverage report --include` has them."""
    root = Path(__file__).resolve().parents[2]
    every = {path for name in names for path in files_of(root, CORES[name])}
    sys.stdout.write(",".join(sorted(every)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
