"""What is fuzzed: a parser, the refusals that it documents, and honest inputs to begin from.

Rule: a target is made in the process that will fork the children, and only when it is asked for;
what it makes is never changed by an input, so that inputs don't depend on each other.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, Literal, NamedTuple

CPU_MS_MAX: Final = 50
"""What one input may take of the processor."""
MEMORY_BYTES_MAX: Final = 10 * 1024 * 1024
"""What one input may make a process grow by."""
INPUT_BYTES_MAX: Final = 2 * 1024 * 1024
"""No input is longer: twice the largest message that anything reads."""

_WORST_SHARE: Final = 0.03

Mutate = Callable[[Random, bytes, Sequence[bytes]], bytes]
"""Makes another input of one; the third is all honest ones, to take parts from."""


class Broken(Exception):
    """A parser took bytes and did not come to what they say: a fault by itself."""


class Parser(NamedTuple):
    """A target that is ready to be fed."""

    take: Callable[[bytes], object]
    """Feeds one input; Broken, or one of `refusals`, or a fault."""
    seeds: Sequence[bytes]
    """Honest inputs, made by the product's own encoders."""
    refusals: tuple[type[Exception], ...]
    """What the parser says that it raises."""
    mutate: Mutate
    worst: Sequence[bytes] = ()
    """Dishonest inputs made by hand: fed like the honest ones, and seldom changed."""
    codes: frozenset[str] | None = None
    """The codes that a refusal may carry; None: refusals of this parser carry none."""


FILE_BYTES_A_UNIT: Final = 16 * 1024


class Target(NamedTuple):
    """One parser that meets a stranger's bytes."""

    name: str
    make: Callable[[], Parser]
    weight: int = 10
    """Its share of a run's inputs; slow ones have less."""
    cpu_ms: int = CPU_MS_MAX
    bytes_a_unit: int = 0
    """Of a file, which its reader asked for: so many bytes may take `cpu_ms`, more take more. 0 for
    what a stranger sends: it takes no more than `cpu_ms`, however long it is."""
    limits_memory: bool = True
    """Whether this process is what it costs: not where a program of its own does the work."""

    def cpu_ms_for(self, data: bytes) -> int:
        """What this input may take."""
        units = max(1, -(-len(data) // self.bytes_a_unit)) if self.bytes_a_unit else 1
        return self.cpu_ms * units


Kind = Literal["exception", "broken", "code", "slow", "hang", "memory", "death"]


class Finding(NamedTuple):
    """An input that breaks a law, and how."""

    target: str
    kind: Kind
    what: str
    """The exception and the line that raised it, or how the child ended."""
    data: bytes
    number: int
    """Which input it was; -1: one that was kept earlier."""

    @property
    def mark(self) -> tuple[str, str, str]:
        """Findings with the same mark are one."""
        return self.target, self.kind, self.what


class Tally(NamedTuple):
    """What became of a target's inputs."""

    executions: int = 0
    taken: int = 0
    """Inputs that the parser took: a target that takes none is not reached."""
    refused: Mapping[str, int] = {}
    """Refusals by code, or by the exception's name."""
    slowest_ns: int = 0
    grown_bytes: int = 0
    """By how much the resident memory of the children grew, all inputs together, at most."""

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        refused = dict(self.refused)
        for code, count in other.refused.items():
            refused[code] = refused.get(code, 0) + count
        return Tally(
            self.executions + other.executions,
            self.taken + other.taken,
            refused,
            max(self.slowest_ns, other.slowest_ns),
            max(self.grown_bytes, other.grown_bytes),
        )


def input_of(parser: Parser, name: str, seed: int, number: int) -> bytes:
    """The input with this number: those made by hand first, then others made of them."""
    given = len(parser.seeds)
    if number < given:
        return parser.seeds[number]
    if number < given + len(parser.worst):
        return parser.worst[number - given]
    rng = Random(f"{name}/{seed}/{number}")
    by_worst = parser.worst and rng.random() < _WORST_SHARE
    made = parser.mutate(rng, rng.choice(parser.worst if by_worst else parser.seeds), parser.seeds)
    return made[:INPUT_BYTES_MAX]
