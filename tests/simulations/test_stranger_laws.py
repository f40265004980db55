"""Laws of the book on logs of strangers; `python -m simulations.stranger_laws` goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from model import events as e
from simulations.stranger_laws import LAWS, check
from simulations.strangers import Strangers

MANY = range(30)


@pytest.mark.parametrize("name", LAWS)
def test_strangers_break_no_law(name: str) -> None:
    assert not [
        wrong for seed in MANY if (wrong := check(seed, LAWS[name], Strangers(seed).play()))
    ]


def test_strangers_write_every_kind() -> None:
    written = {type(entry.event) for seed in range(300) for entry in Strangers(seed).play(20)}
    assert {row.event_class for row in e.EVENTS} - written == set()


def test_a_broken_law_is_told_by_its_shortest_story() -> None:
    entries = Strangers(1).play()
    told = check(1, lambda log, _: "too long" if len(log) > 12 else "", entries)
    assert told.startswith("seed 1, <lambda>: too long\n")
    assert len(told.splitlines()) < len(entries)
    raised = check(1, lambda *_: str(1 // 0), entries)
    assert "ZeroDivisionError" in raised


def test_every_machine_comes_to_the_same_books() -> None:
    """Under any seed of Python's hashes: nothing hangs on the order of a set."""
    digests = []
    for hashes in ("0", "1", str(random.randrange(2**32))):
        command = [sys.executable, "-m", "simulations.stranger_laws", "--seeds", "0-5"]
        run = subprocess.run(
            [*command, "--law", "shows"],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.append(run.stdout.splitlines()[-1])
    assert len(set(digests)) == 1
    assert len(digests[0]) == 64
