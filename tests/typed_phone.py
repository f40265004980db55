"""Commands typed in this process, which cost no start of Python each; a phone that is on has one.

What a command of its own process does, the demo and tests/node/test_cli_running.py show.
"""

import io
import sys
from pathlib import Path

import pytest

from node import cli
from simulations.phones import STATE_VARIABLE, Answer, Phone


def typed(home: Path, *words: str, given: str = "") -> Answer:
    """What a command printed that was given this on its standard input, and its exit code."""
    streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8") for name in ("stdout", "stderr")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8"))
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as left:
            cli.main(["--home", str(home), *words])
    out, err = (_read(stream) for stream in streams.values())
    return Answer(int(left.value.code or 0), out, err)


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


class TypedPhone(Phone):
    """A phone whose commands are typed here; when it is turned on, it is a process of its own."""

    def ask(self, *arguments: str, given: str = "") -> Answer:
        """Run one command to its end, whatever it says."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(STATE_VARIABLE, self._environment[STATE_VARIABLE])
            return typed(self.home, *arguments, given=given)

    def ask_another_process(self, *arguments: str) -> Answer:
        """Run one command as a person does who opens another window."""
        return super().ask(*arguments)
