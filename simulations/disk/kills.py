"""Real processes that end in the middle of their work: what they said is stored, is stored.

A program records on two phones and lets them exchange, or pushes to a relay's store; it is killed
with SIGKILL at some moment after some line of it was read. Then the homes are opened by the real
node: every acknowledged entry is there, `verify` finds no difference, and the phones agree after an
exchange. The same check serves after a cut of the power (simulations/disk/power.py).
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from node.errors import NodeError
from node.marker import STATE_VARIABLE
from node.node import Node
from node.payloads import ids_of
from node.verify import verify
from relay.facts import chain_next, chain_start
from relay.sqlite_store import open_sqlite
from relay.store import StoreError
from simulations.disk.mailboxes import NAMES, SALT, key
from simulations.disk.meeting import books_of, exchange
from simulations.disk.recorder import SECRETARY, TREASURER

LINES_MAX = 40
"""After at most so many lines the program is ended."""
_PAUSE_US_MAX = 3000
_ROOT = Path(__file__).resolve().parents[2]
RECORDER = "simulations.disk.recorder"
PUSHER = "simulations.disk.pusher"


class Ended(NamedTuple):
    """A program that was ended, and what it had said."""

    at_ns: int
    """CLOCK_MONOTONIC just before its end."""
    said: tuple[tuple[str, ...], ...]
    """The words of its lines after the time, of those said before `at_ns`."""
    complaint: str
    """What it wrote to stderr, if it ended by itself."""


@contextmanager
def state_in(folder: Path) -> Iterator[None]:
    """Keep the markers of all phones under this folder."""
    before = os.environ.get(STATE_VARIABLE)
    os.environ[STATE_VARIABLE] = str(folder / "state")
    try:
        yield
    finally:
        if before is None:
            del os.environ[STATE_VARIABLE]
        else:
            os.environ[STATE_VARIABLE] = before


def ended_in_the_middle(
    program: str, folder: Path, chance: Random, end: Callable[[subprocess.Popen[str]], int]
) -> Ended:
    """Start it, and after some lines and a moment have it ended by `end`, which says when."""
    command = [sys.executable, "-m", program, str(folder)]
    environment = {**os.environ, STATE_VARIABLE: str(folder / "state")}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=_ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(chance.randint(1, LINES_MAX))]
        _work_on(chance.randint(0, _PAUSE_US_MAX))
        at_ns = end(process)
        lines += process.stdout
        said = [line.split() for line in lines if line.endswith("\n")]
        process.wait()
        known = tuple(tuple(words[1:]) for words in said if int(words[0]) <= at_ns)
        return Ended(at_ns, known, process.stderr.read())


def kill(process: subprocess.Popen[str]) -> int:
    """SIGKILL. All that it said counts, whenever it did."""
    process.kill()
    return sys.maxsize


def _work_on(turns: int) -> None:
    """Let the program get a little further; how far is the machine's affair."""
    for _ in range(turns):
        pass


def phones_fault(folder: Path, group: bytes, ended: Ended) -> str:
    """What is wrong with both phones, or "" when every promise is kept."""
    if not ended.said:
        return f"the program recorded nothing: {ended.complaint[-300:]}"
    try:
        with (
            state_in(folder),
            Node.open(folder / SECRETARY) as node,
            Node.open(folder / TREASURER) as other,
        ):
            for name, one in ((SECRETARY, node), (TREASURER, other)):
                wanted = {words[1] for words in ended.said if words[0] == name}
                if wrong := _phone_fault(one, group, wanted):
                    return f"{name}: {wrong}"
            for refused in exchange(node, other, group):
                if refused:
                    return f"refused: {refused[0]}"
            if books_of(node, group) != books_of(other, group):
                return "the phones differ after an exchange"
    except NodeError as error:
        return f"{error.code}: {error.sentence}"
    return ""


def _phone_fault(node: Node, group: bytes, wanted: set[str]) -> str:
    held = node.group(group)
    changes = held.store.chains(held.row.group_no).everything()
    kept = {entry.hex() for one in changes for entry in ids_of([one])}
    if lost := wanted - kept:
        return f"{len(lost)} of {len(wanted)} acknowledged entries are lost"
    for checked in verify(node):
        if checked.differences:
            return checked.differences[0].sentence
    return ""


def relay_fault(folder: Path, ended: Ended) -> str:
    """What is wrong with the relay's file, or ""."""
    if not ended.said:
        return f"the program pushed nothing: {ended.complaint[-300:]}"
    try:
        return asyncio.run(_relay_fault(folder, set(ended.said)))
    except StoreError as error:
        return f"{error.code}: {error.detail}"


async def _relay_fault(folder: Path, said: set[tuple[str, ...]]) -> str:
    store = await open_sqlite(folder / "relay.sqlite", SALT)
    try:
        kept = set()
        for place, name in enumerate(NAMES):
            now, entries = await store.entries(key(name), 0, 10**9, 10**6)
            chain = chain_start(now.mailbox, now.log_id)
            for entry in entries:
                chain = chain_next(chain, entry)
                kept.add((str(place), str(entry.cursor), chain.hex()))
        lost = said - kept
        return f"{len(lost)} of {len(said)} acknowledged pushes are lost" if lost else ""
    finally:
        await store.close()
