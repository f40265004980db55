"""One fault on trial: a forked child imports the project with the fault in it and runs some tests.

The parent has the libraries loaded and nothing of the project, so each child begins clean: what a
file does while it is imported is on trial too. The child's processor time and memory are limited;
its writing goes nowhere, and its hypothesis draws the same examples every time.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import os
import resource
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from types import ModuleType
from typing import Final

import hypothesis
import pytest

MEMORY_BYTES_MAX: Final = 4 << 30
PROFILE: Final = "mutation"
_OPTIONS: Final = (
    *("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # hypothesis is loaded already
)


class Verdict(StrEnum):
    """What became of a fault."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from a tree that we hold, instead of from its file."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        package = self._path.endswith("__init__.py")
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=self._path, is_package=package)
        if package and spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(os.path.dirname(self._path))
        spec.has_location = True
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, self._path, "exec", dont_inherit=True), module.__dict__)


def module_name(path: str) -> str:
    """`model/events/terms.py` is imported as `model.events.terms`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def start(path: str, tree: ast.Module, tests: Sequence[str], seconds_max: float) -> int:
    """A child that tries the tests with this tree as the file; its process id."""
    child = os.fork()
    if child:
        return child
    status = 3
    try:
        status = _try(path, tree, tests, seconds_max)
    finally:
        os._exit(status)


def verdict(wait_status: int) -> Verdict:
    """What the end of a child says."""
    if os.WIFSIGNALED(wait_status):
        out_of_time = os.WTERMSIG(wait_status) in {signal.SIGXCPU, signal.SIGKILL}
        return Verdict.TIMED_OUT if out_of_time else Verdict.KILLED
    return Verdict.KILLED if os.WEXITSTATUS(wait_status) else Verdict.SURVIVED


def _try(path: str, tree: ast.Module, tests: Sequence[str], seconds_max: float) -> int:
    os.setpgid(0, 0)
    limit = max(1, int(seconds_max))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.meta_path.insert(0, _Planted(module_name(path), os.path.abspath(path), tree))
    hypothesis.settings.register_profile(
        PROFILE,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile(PROFILE)
    return int(pytest.main([*_OPTIONS, *tests]))
