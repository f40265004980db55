"""The one file of the relay that reads the clock and randomness; everything else is given values.

The clock labels what came in and paces the limits; it never orders and never decides what is true.
Whoever plays a relay among others in one process gives it a clock of its own (`CLOCK`).
"""

import secrets
import time
from contextvars import ContextVar
from typing import Final


class Clock:
    """What a relay reads time and chance from: here the operating system."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 as the machine believes."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        """Milliseconds since some moment, never backwards."""
        return time.monotonic_ns() / 1_000_000

    def random_bytes(self, count: int) -> bytes:
        """Fresh secret bytes."""
        return secrets.token_bytes(count)


CLOCK: Final[ContextVar[Clock]] = ContextVar("clock", default=Clock())  # noqa: B039 (never changed)
"""The clock of the relay whose task asks."""


def now_ms() -> int:
    """Milliseconds since 1970 as this machine believes; never below zero."""
    return max(0, CLOCK.get().wall_ms())


def monotonic_ms() -> int:
    """A clock for durations only, in milliseconds: it never jumps, and its zero means nothing."""
    return int(CLOCK.get().monotonic_ms())


def random_bytes(count: int) -> bytes:
    """Fresh secret bytes from the operating system."""
    return CLOCK.get().random_bytes(count)
