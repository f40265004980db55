"""Which test runs which line, and for how long: a plugin for pytest that writes it into a folder.

Each process that runs tests writes one file, named after the process, into the folder that the
environment names. A line that runs only while a file is imported belongs to no test.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import coverage
import pytest

FOLDER: Final = "MKUTANO_TRACES"  # the environment's name for the folder
TRACED: Final = "MKUTANO_TRACED"  # packages or files, apart by commas

_seconds: dict[str, float] = {}
_coverage = coverage.Coverage(
    data_file=None, config_file=False, include=os.environ.get(TRACED, "").split(",")
)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Start before anything of the project is imported."""
    _coverage.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Give each test's lines its name; its time is the processor's, whoever else is busy."""
    _coverage.switch_context(item.nodeid)
    began = time.process_time()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = time.process_time() - began
        _coverage.switch_context("")


def pytest_unconfigure() -> None:
    """Write what was seen, if this process ran tests."""
    _coverage.stop()
    if not _seconds:
        return
    data = _coverage.get_data()
    root = Path.cwd()
    numbers = {test: number for number, test in enumerate(_seconds)}
    lines = {
        Path(path).relative_to(root).as_posix(): {
            line: [numbers[test] for test in tests if test in numbers]
            for line, tests in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }
    seen = {"tests": list(_seconds), "seconds": _seconds, "lines": lines}
    (Path(os.environ[FOLDER]) / f"{os.getpid()}.json").write_text(json.dumps(seen), "utf-8")
