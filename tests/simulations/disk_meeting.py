"""One meeting on simulated disks, played once for all tests of a process."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from node.marker import STATE_VARIABLE
from simulations.disk.meeting import SOONER, Meeting, hold_meeting

IN_MEMORY = Path("/dev/shm")
"""Homes lie here where the system has it: their lock files cost a real disk more than the rest."""

NORMAL = {"PRAGMA synchronous = FULL": "PRAGMA synchronous = NORMAL"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for homes, and markers of their own."""
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="disk-", dir=place) as found,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(STATE_VARIABLE, f"{found}/state")
        yield Path(found)


@pytest.fixture(scope="module")
def meeting(folder: Path) -> Meeting:
    """A meeting on a disk that keeps its promises."""
    return held(folder)


@cache
def held(folder: Path, careless: bool = False) -> Meeting:
    """Play one; `careless`: commits don't wait for the disk."""
    instead = {**SOONER, **NORMAL} if careless else SOONER
    return hold_meeting(folder / str(careless), instead, seed=2 if careless else 1)
