"""What is measured in a process of its own, and how much memory a process has in RAM."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

Work = Callable[[Path], dict[str, float]]
"""A function of a module; it is given a home and finds figures by name."""


def apart(work: Work, home: Path) -> dict[str, float]:
    """Do it in a process of its own, with nothing in memory from before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (home,))


def resident_kb() -> float:
    """Memory of this process that lies in RAM now, in kB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1000
