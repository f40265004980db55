"""A phone's small screen with a person before it: a real process on a terminal of forty columns."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from tests.node.test_cli import ROOT, program

COLUMNS = 40
WAIT_S = 40.0


class Screen:
    """One command on a terminal; what it shows is read as it comes."""

    def __init__(self, home: Path, *words: str) -> None:
        self._end, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        self._process = subprocess.Popen(
            program(*words, home=home),
            cwd=ROOT,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**kept, "MKUTANO_HOST": "127.0.0.1", "PYTHONFAULTHANDLER": "1"},
            start_new_session=True,
        )
        os.close(terminal)
        self.shown = ""

    def until(self, words: str) -> str:
        """What it shows up to these words, which it must come to."""
        deadline = time.monotonic() + WAIT_S
        while words not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self._read(1.0), self.shown
        return self.shown

    def answer(self, *, yes: bool) -> None:
        """Type y or n, and Enter."""
        os.write(self._end, b"y\n" if yes else b"n\n")

    def ended(self) -> int:
        """Its exit code; everything that it showed is in `shown` then."""
        deadline = time.monotonic() + WAIT_S
        while self._read(1.0):
            if time.monotonic() > deadline:
                self._process.send_signal(signal.SIGABRT)  # it says where it hangs
                self._read(1.0)
                raise AssertionError(self.shown)
        code = self._process.wait(WAIT_S)
        os.close(self._end)
        return code

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(WAIT_S)
        with contextlib.suppress(OSError):
            os.close(self._end)

    def _read(self, seconds: float) -> bool:
        """Take what there is; False at its end."""
        if not select.select([self._end], [], [], seconds)[0]:
            return self._process.poll() is None
        try:
            data = os.read(self._end, 4096)
        except OSError:  # the other end of the terminal is closed
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)
