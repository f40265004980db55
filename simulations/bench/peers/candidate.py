"""What every candidate is asked, and the names of the figures that it answers with.

A step does its work once and answers with figures by name: bytes, or milliseconds of what counted.
What a candidate can't do it leaves out of its answer; what is left out is blank in the table.
"""

from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, get_args

Step = Literal["meeting", "bootstrap", "at_rest", "durable", "open", "advance"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
Answer = dict[str, float]
"""Figures by name; the unit is the end of the name: `_bytes`, `_ms`, `_us`."""
WRITES_A_ROUND: Final = 20


class Missing(Exception):
    """What this candidate needs is not installed; the text says what."""


class Setting(NamedTuple):
    """What a candidate works with."""

    folder: Path
    """Its own, empty at first, on the disk that is measured."""
    workload: Path
    """The file of rows; ours writes it, everybody else reads it."""
    lengths: tuple[int, ...]
    """Lengths of the shared history, ascending; the last is all of it."""
    runs: int
    """How many meetings after each length the workload has."""
    processor: bool = False
    """Whether processor time is counted instead of the wall's."""


class Candidate(Protocol):
    """One who is measured. Setting up is done when it is made, outside every stopwatch."""

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Do this step once, on a history of that length."""
        ...
