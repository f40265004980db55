"""Real cuts of the power under a real file system, and real small disks, where root may mount.

A file system in a file is mounted, and the program of simulations/disk/recorder.py works there,
homes and markers and all. Then the file system is shut down in the middle, without writing its own
log: ioctl FS_IOC_SHUTDOWN (0x8004587d, the XFS_IOC_GOINGDOWN of fs/xfs/libxfs/xfs_fs.h, which ext4
knows too) with flags 2, NOLOGFLUSH. What was only in memory is gone, as with the power. It is
mounted anew, which replays its log, and the phones are opened. Only what was acknowledged before
the cut began is owed.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final, Literal, get_args

from simulations.disk.kills import (
    RECORDER,
    Ended,
    ended_in_the_middle,
    phones_fault,
    state_in,
)
from simulations.disk.meeting import found_phones

FileSystem = Literal["ext4", "xfs"]
FILE_SYSTEMS: Final[tuple[FileSystem, ...]] = get_args(FileSystem)

_SHUTDOWN: Final = 0x8004587D
_WITHOUT_FLUSHING: Final = 2
_OF_ROOT: Final = ("/usr/sbin", "/sbin")
_MEGABYTES: Final[dict[FileSystem, int]] = {"ext4": 64, "xfs": 320}
_MAKE: Final[dict[FileSystem, tuple[str, ...]]] = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
}


class CannotMount(Exception):
    """This machine or this account mounts nothing; the message says what is missing."""


class LoopDisk:
    """A file system in a file, mounted in a folder."""

    def __init__(self, folder: Path, kind: FileSystem) -> None:
        self.place = folder / "mounted"
        self._file = folder / f"disk.{kind}"
        self._kind = kind
        _require_root(_MAKE[kind][0])
        self.place.mkdir()
        with self._file.open("wb") as file:
            file.truncate(_MEGABYTES[kind] * 2**20)
        _run(*_MAKE[kind], str(self._file))

    def mount(self) -> None:
        """Mount it; its log is replayed."""
        _run("mount", "-o", "loop", "-t", self._kind, str(self._file), str(self.place))

    def unmount(self) -> None:
        """Take it down; nobody may use it any more."""
        _run("umount", str(self.place))

    def cut(self, process: subprocess.Popen[str]) -> int:
        """The power goes; CLOCK_MONOTONIC just before. The program does not outlive it."""
        folder = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            at_ns = time.monotonic_ns()
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(folder)
            process.kill()
        return at_ns


@contextmanager
def loop_disk(kind: FileSystem) -> Iterator[LoopDisk]:
    """A mounted file system of its own, taken down at the end. CannotMount."""
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        disk = LoopDisk(Path(folder), kind)
        disk.mount()
        try:
            yield disk
        finally:
            disk.unmount()


@contextmanager
def small_disk(kibibytes: int) -> Iterator[Path]:
    """A folder with so much room and no more, in memory. CannotMount."""
    _require_root("mount")
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        _run("mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", folder)
        try:
            yield Path(folder)
        finally:
            _run("umount", folder)


def power_cuts(kind: FileSystem, cuts: int, seed: int) -> Iterator[tuple[Ended, str]]:
    """Cut after cut on one disk: what was acknowledged, and what is wrong, "" for nothing.

    CannotMount before the first.
    """
    with loop_disk(kind) as disk:
        with state_in(disk.place):
            founded = found_phones(disk.place)
        os.sync()  # what was there before the first program began is no part of the trial
        for number in range(cuts):
            chance = Random(f"{seed} {kind} {number}")
            ended = ended_in_the_middle(RECORDER, disk.place, chance, disk.cut)
            disk.unmount()
            disk.mount()
            fault = phones_fault(disk.place, founded.group, ended) if ended.said else ""
            yield ended, fault


def _require_root(program: str) -> None:
    if os.geteuid() != 0:
        raise CannotMount("mounting a disk of one's own needs root")
    if _found(program) is None:
        raise CannotMount(f"the program {program} is not installed")


def _found(program: str) -> str | None:
    """Where a program lies; those that make disks often lie where only root's shell looks."""
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *_OF_ROOT)))


def _run(program: str, *arguments: str) -> None:
    command = (_found(program) or program, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise CannotMount(f"{program}: {said}")
