"""`python -m simulations.bench.peers.worker`: one candidate in a process of its own.

Imports, memory and garbage of one candidate can't disturb another so. The first line of standard
input is its name and setting; then each line asks for one step, and each answer is one line. The
first answer says whether it is here at all.
"""

import gc
import json
import resource
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from node import interpreter
from simulations.bench.figures import count_processor_time, frozen
from simulations.bench.peers.candidate import Candidate, Missing, Setting

MEMORY_BYTES_MAX: Final = 8 * 1024**3
"""Some libraries take memory by the square of what they can't apply yet; the machine must live."""

_HERE: Final = "simulations.bench.peers."


class Known(NamedTuple):
    """Where a candidate is made, and what is said of it."""

    module: str
    maker: str
    says: str
    """What its figures include."""


OURS: Final = "mkutano"
CANDIDATES: Final[Mapping[str, Known]] = {
    OURS: Known("ours", "candidate", "signed, encrypted"),
    "mkutano, two phones": Known("ours_calling", "candidate", "real socket, stored"),
    "automerge": Known("automerge_peer", "candidate", "30 rows a change"),
    "automerge, single": Known("automerge_peer", "candidate_of_single_changes", "1 row a change"),
    "loro": Known("loro_peer", "candidate", ""),
    "pycrdt": Known("pycrdt_peer", "candidate", ""),
    "pycrdt-websocket": Known("websocket_peer", "candidate", "deflate, real socket"),
    "floor: rows, zstd": Known("floors", "rows_zstd", "level 19, bare insert"),
    "floor: rows, zlib": Known("floors", "rows_zlib", "level 9, bare insert"),
    "floor: columns, zlib": Known("floors", "columns_zlib", "deltas, level 9"),
    "floor: Ed25519": Known("floors", "Signatures", "100 bytes"),
}


def made(name: str, setting: Setting) -> Candidate:
    """The candidate of that name, set up. Raises Missing."""
    known = CANDIDATES[name]
    maker = getattr(import_module(_HERE + known.module), known.maker)
    candidate: Candidate = maker(setting)
    return candidate


def work(orders: TextIO, answers: TextIO) -> None:
    """Answer every order until there are no more."""

    def say(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    first = json.loads(orders.readline())
    setting = Setting(
        Path(first["folder"]), Path(first["workload"]), tuple(first["lengths"]), first["runs"],
        first["processor"],
    )  # fmt: skip
    if setting.processor:
        count_processor_time()
    try:
        candidate = made(first["name"], setting)
    except Missing as missing:
        say({"missing": str(missing)})
        return
    frozen()
    say({})
    for line in orders:
        order = json.loads(line)
        gc.collect()
        say(candidate.take(order["step"], order["length"], order["run"]))


if __name__ == "__main__":
    interpreter.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    work(sys.stdin, sys.stdout)
