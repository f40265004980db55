"""Phones as a village has them: separate processes, each with a home, driven by the real commands.

Nothing here looks inside a phone. What it knows it learned from `mkutano … --json`, as any other
program would.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

COMMAND_S_MAX = 120.0
START_S_MAX = 30.0
STOP_S_MAX = 15.0
LOOPBACK = "127.0.0.1"
STATE_VARIABLE = "MKUTANO_STATE"

Result = TypeVar("Result")


class CommandFailed(Exception):
    """A phone answered a command with an error."""

    def __init__(self, phone: str, arguments: tuple[str, ...], said: str) -> None:
        super().__init__(f"{phone}: mkutano {' '.join(arguments)}: {said}")
        self.said = said


class Answer(NamedTuple):
    """What a command printed."""

    code: int
    out: str
    err: str


class Phone:
    """One device: a home in a folder, and sometimes a process that holds it."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._address_file = home.with_suffix(".address")
        self._log_file = home.with_suffix(".log")
        self.program: tuple[str, ...] = (sys.executable, "-m", "node")
        """What is started, before its arguments."""
        self._environment = {**os.environ, STATE_VARIABLE: str(home.with_suffix(".state"))}
        """Each phone keeps its marker beside its home, not with whoever plays them."""

    def ask(self, *arguments: str, given: str = "") -> Answer:
        """Run one command to its end, whatever it says."""
        done = subprocess.run(
            [*self.program, "--home", str(self.home), *arguments],
            capture_output=True,
            env=self._environment,
            input=given.encode(),
            timeout=COMMAND_S_MAX,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def do(self, *arguments: str) -> str:
        """Run a command that must succeed; what it printed. Raises CommandFailed."""
        answer = self.ask(*arguments)
        if answer.code:
            raise CommandFailed(self.name, arguments, (answer.err or answer.out).strip())
        return answer.out

    def facts(self, *arguments: str) -> Any:
        """Run a command with --json; what it answered. Raises CommandFailed."""
        return json.loads(self.do(*arguments, "--json"))

    def digest(self) -> str:
        """The digest of the book, as this phone shows it."""
        return str(self.facts("book")["digest"])

    # The process

    @property
    def running(self) -> bool:
        """Whether the phone is on."""
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> str:
        """Where other phones reach it, while it is on."""
        return self._address_file.read_text("utf-8").strip()

    def start(self, *options: str) -> None:
        """Turn it on; returns when it answers. Raises CommandFailed."""
        self._address_file.unlink(missing_ok=True)
        where = ("--host", LOOPBACK, "--port", "0", "--address-file", str(self._address_file))
        arguments = ("run", *where, *options)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.program, "--home", str(self.home), *arguments],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: self._address_file.exists() or not self.running, START_S_MAX)
        if not self._address_file.exists():
            self.stop()
            raise CommandFailed(self.name, arguments, self.log())

    def stop(self) -> None:
        """Turn it off in good order; kill it when it doesn't obey."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Pull the battery."""
        self._end(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Freeze the running process, say, or let it go on."""
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self) -> str:
        """What the running process has said so far."""
        return self._log_file.read_text("utf-8", "replace") if self._log_file.exists() else ""


def at_once(work: Callable[[Phone], Result], phones: Sequence[Phone]) -> list[Result]:
    """Have several people do the same, each at a phone; what came of it, in their order."""
    with ThreadPoolExecutor(len(phones)) as pool:
        return list(pool.map(work, phones))


def wait_until(condition: Callable[[], bool], seconds: float, pause_s: float = 0.05) -> bool:
    """Whether the condition came true in time; looks again and again, without hurry."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
    return True
