"""Phones with a PIN for the tests: cheap guesses, a clock that the test turns, a power that goes.

`killed_at` runs a piece of work in a process of its own that dies right before its n-th change of
the folder: nothing after that point happens, no cleaning up either.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from model.events import GroupDescribed
from node import device_file, guesses, keeper, locking, pin
from node.home import read_record
from node.node import Node
from tests.node.phones import NOW_MS, SECRETARY, add_member, founded

PIN = "2580"
OTHER_PIN = "battery horse staple correct"
KILLED = 9
_CHANGES = ("open", "replace", "rename", "unlink", "fsync")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])  # read once, not for every death


def cheapen() -> None:
    """Guesses that cost a test nothing; the cost itself is tested on its own."""
    device_file.MEMORY_BYTES, device_file.PASSES = 8 * 1024 * 1024, 1  # type: ignore[misc]


class Clock:
    """The clock that counts from the phone's start."""

    def __init__(self, now: int = 3_600_000) -> None:
        self.now = now
        self._starts = 0
        self._is_named = True

    def __call__(self) -> int:
        return self.now

    def start(self) -> str:
        """What the system calls its start."""
        return f"start {self._starts}" if self._is_named else ""

    def restart(self, up_s: int, is_named: bool) -> None:
        """Start the phone anew, so long ago, on a system that has names for that or has not."""
        self.now, self._is_named = up_s * 1000, is_named
        self._starts += 1

    def pass_s(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@contextmanager
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of this test's own, with the short name that a socket needs.

    No keeper outlives it.
    """
    with TemporaryDirectory(prefix="mkutano-") as name:
        folder = Path(name)
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        try:
            yield folder
        finally:
            for socket in folder.rglob("*"):
                keeper.ask_at(socket, "end")


def with_a_book(path: Path, pin_of_it: str = "", encrypted: bool = False) -> tuple[Path, bytes]:
    """A secretary's phone with a group of two members; closed."""
    if pin_of_it:
        Node.create(path, "Secretary's phone", pin_of_it, encrypted).close()
        node = Node.open(path, pin=pin_of_it)
        group = node.found("Umoja", SECRETARY, NOW_MS)
        node.append(group, [GroupDescribed("Umoja", "KES", 2)], NOW_MS)
    else:
        node, group = founded(path)
    with node:
        add_member(node, group, 1)
        add_member(node, group, 2)
    return path, group


def digest(path: Path, pin_of_it: str | None = None) -> list[str]:
    """Open the home, look at every book, close it."""
    with Node.open(path, pin=pin_of_it) as node:
        return [group.book.digest() for group in node.groups.values()]


def contents(path: Path) -> bytes:
    """Every byte of every file of a folder."""
    return b"".join(file.read_bytes() for file in sorted(path.iterdir()))


def seed_of(path: Path, pin_of_it: str) -> bytes:
    record = locking.require_pin(read_record(path))
    return device_file.unseal(record, pin.spelt(pin_of_it)).seed


def failures(path: Path) -> int:
    found = guesses.read(path)
    assert found is not None
    return found.failures


def killed_at(number: int, work: Callable[..., Any], *values: Any) -> bool:
    """Do the work in another process, which dies at its n-th change; whether it died."""
    process = _context.Process(target=_mortal, args=(number, work, values))
    process.start()
    process.join(60)
    code = process.exitcode
    process.close()
    assert code in (0, KILLED), code
    return code == KILLED


def _mortal(number: int, work: Callable[..., Any], values: tuple[Any, ...]) -> None:
    cheapen()
    left = [number]

    def counting(change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if change is os_open and not args[1] & os.O_CREAT:
                return change(*args, **kwargs)
            left[0] -= 1
            if not left[0]:
                os._exit(KILLED)
            return change(*args, **kwargs)

        return counted

    os_open = os.open
    for name in _CHANGES:
        setattr(os, name, counting(getattr(os, name)))
    work(*values)
