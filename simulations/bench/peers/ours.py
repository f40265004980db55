"""This project in the measures of the bench: replicas in memory for what moves, a phone on disk.

A meeting and a bootstrap are those of `make bench`: signed, sealed by Noise, admitted. The phone
keeps the whole ledger with its book; opening is opening the home and showing the book, and writing
is one signed entry, admitted, booked and committed.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from node.home_files import LEDGER_FILE
from simulations.bench.bootstrap import received
from simulations.bench.histories import grown
from simulations.bench.meeting import meet
from simulations.bench.peers.candidate import WRITES_A_ROUND, Answer, Setting, Step
from simulations.bench.peers.rows import workload
from simulations.bench.phone import Phone, advancing, opening, writing

DERIVED: Final = ("pages", "applied")
"""Tables of the ledger that `mkutano verify` can derive anew."""


class Candidate:
    """The history, and a phone that holds it. Writes the workload for everybody else."""

    def __init__(self, setting: Setting) -> None:
        self._history = grown(setting.lengths[-1])
        workload(self._history, setting.lengths, setting.runs).save(setting.workload)
        self._folder = setting.folder / "phone"
        self._phone = Phone(self._folder, self._history, setting.lengths[-1])
        ledger = self._folder / LEDGER_FILE
        self._at_rest = {
            "at_rest_bytes": float(ledger.stat().st_size),
            "signed_at_rest_bytes": float(_without_book(ledger, setting.folder / "signed.sqlite")),
        }
        self._opening, self._advancing = opening(self._phone), advancing(self._phone)

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Do this step once."""
        match step:
            case "meeting":
                moved = meet(self._history, length, run)
                return {"meeting_bytes": moved.total_bytes, "meeting_ms": moved.ms}
            case "bootstrap":
                moved_bytes, ms = received(self._history, length)
                return {"bootstrap_bytes": moved_bytes, "bootstrap_ms": ms}
            case "at_rest":
                return self._at_rest
            case "durable":
                return {"durable_ms": self._durable()}
            case "open":
                return {"open_ms": self._opening()}
            case "advance":
                return {"advance_ms": self._advancing()}

    def _durable(self) -> float:
        """The median of some entries, as a phone that is on writes them; they stay."""
        with self._phone.opened() as node:
            node.open_documents()
            write = writing(self._phone, node)
            return median(write() for _ in range(WRITES_A_ROUND))


def _without_book(ledger: Path, copy: Path) -> int:
    """Bytes of a ledger file that keeps the signed changes only; the book is derived from them."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as connection:
        for derived in DERIVED:
            connection.execute(f"DELETE FROM {derived}")
        connection.commit()
        connection.execute("VACUUM")
    return copy.stat().st_size


def candidate(setting: Setting) -> Candidate:
    """Replicas and a phone."""
    return Candidate(setting)
