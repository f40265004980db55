"""Real relay processes for the benchmarks, and what the kernel says of them.

Rule: what is measured runs in a process of its own, started by the commands an operator uses, so
that its memory and its processor time are its own. Limits that an operator sets against strangers
are lifted where a benchmark plays a thousand phones from one address; nothing else is changed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

UNLIMITED: Final[Mapping[str, str]] = {
    "address_connections_max": "100000",
    "strangers_max": "100000",
    "connections_max": "100000",
    "address_requests_per_second": "0",
    "requests_per_second": "0",
    "address_creates_per_hour": "0",
    "address_pull_bytes_per_second": "0",
    "mailbox_push_bytes_per_second": "0",
}
"""Rates and places that one network address has: here it plays many."""
_STOP_S_MAX: Final = 30.0
_KIB: Final = 1024
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Used(NamedTuple):
    """What a process has used so far."""

    memory_kib: int
    memory_peak_kib: int
    cpu_s: float


class Program:
    """A process of this interpreter that says where it listens in its first line."""

    def __init__(self, arguments: Sequence[str]) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        self.start_ms = (time.perf_counter() - began) * 1000
        """From the command to the first line."""
        if "http" not in first:
            self.stop()
            raise RuntimeError(f"{arguments} did not start: {first!r}")
        self.url = first.split()[-1]
        """Where devices connect."""

    def used(self) -> Used:
        """Memory and processor time, from /proc: Linux only."""
        folder = Path("/proc") / str(self._process.pid)
        lines = (folder / "status").read_text().splitlines()
        sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Used(int(sizes["VmRSS"]), int(sizes["VmHWM"]), ticks / _TICKS)

    def stop(self) -> None:
        """As an operator stops it: it finishes what it took, and is killed if that takes long."""
        with self._process as process:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running(arguments: Sequence[str]) -> Iterator[Program]:
    """A program until the block ends."""
    program = Program(arguments)
    try:
        yield program
    finally:
        program.stop()


def relay_arguments(state: Path, database: str = "") -> list[str]:
    """The command of a relay on a free port, with its state in this folder."""
    sets = [f"--set={name}={value}" for name, value in UNLIMITED.items()]
    named = ["--database", database] if database else []
    folder, quiet = ["--state", str(state)], ["--log-level", "warning"]
    return [
        "-m",
        "relay",
        "serve",
        *folder,
        "--port",
        "0",
        "--set=admin=false",
        *quiet,
        *named,
        *sets,
    ]


@contextmanager
def running_relays(state: Path, processes: int, database: str = "") -> Iterator[list[Program]]:
    """So many relay processes; more than one need a PostgreSQL database."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(relay_arguments(state, database))) for _ in range(processes)
        ]


def bytes_in(folder: Path) -> int:
    """What the files of a folder take on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def mib(kib: float) -> float:
    """Mebibytes of kibibytes."""
    return kib / _KIB
