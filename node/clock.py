"""The one file that reads the wall clock and randomness; everything else is given values.

The clock is a claim, never an order: it labels what was recorded. Randomness makes keys, salts
and one-time secrets, so it comes from the operating system. Whoever plays several devices in one
process gives each a clock of its own (`CLOCK`); tasks that a device begins inherit it.
"""

import secrets
import time
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

_DAY_MS = 24 * 3600 * 1000
_DAY_1970 = date(1970, 1, 1).toordinal()
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # of Linux, and so of Android


class Clock:
    """What a device reads time and chance from: here the operating system."""

    def __init__(self) -> None:
        self._began_ms = self.wall_ms()
        self._began_boot_ms = self.boot_ms()

    def wall_ms(self) -> int:
        """Milliseconds since 1970 as the device believes; anything, even below zero."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        """Milliseconds since some moment, never backwards."""
        return time.perf_counter_ns() / 1_000_000

    def boot_ms(self) -> int:
        """Milliseconds since the device was started, time asleep included."""
        clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.clock_gettime_ns(clock) // 1_000_000

    def steady_ms(self) -> int:
        """The wall clock, but never younger than this process allows."""
        passed_ms = self.boot_ms() - self._began_boot_ms
        return max(0, self.wall_ms(), self._began_ms + passed_ms)

    def random_bytes(self, count: int) -> bytes:
        """Fresh secret bytes."""
        return secrets.token_bytes(count)


CLOCK: Final[ContextVar[Clock]] = ContextVar("clock", default=Clock())  # noqa: B039 (never changed)
"""The clock of the device whose task asks."""


def now_ms() -> int:
    """Milliseconds since 1970 as this phone believes; never below zero."""
    return max(0, CLOCK.get().wall_ms())


def day_of(time_ms: int) -> str:
    """The ISO day, in UTC, of a time in milliseconds since 1970."""
    return _day(time_ms // _DAY_MS)


@lru_cache(maxsize=64)  # asked with every message, and the answer is the same all day
def _day(days: int) -> str:
    try:
        return date.fromordinal(_DAY_1970 + days).isoformat()
    except (OverflowError, ValueError):
        return "9999-12-31"


def monotonic_ms() -> float:
    """A clock for durations only: it never jumps, and its zero means nothing."""
    return CLOCK.get().monotonic_ms()


def boot_ms() -> int:
    """Milliseconds since this device was started, time asleep included: nobody can set it.

    A system without such a clock gives one that may stand still while it sleeps.
    """
    return CLOCK.get().boot_ms()


def steady_ms() -> int:
    """Milliseconds since 1970, at least as many more as have passed since this process began.

    For how old something is: a wall clock that is set back makes nothing younger while the process
    lives. Across a restart only the wall clock is left.
    """
    return CLOCK.get().steady_ms()


def boot_name() -> str:
    """What the system calls its present start, another after each; "" where it has no name."""
    try:
        return _BOOT_ID.read_text("ascii").strip()[:64]
    except (OSError, ValueError):
        return ""


def random_bytes(count: int) -> bytes:
    """Fresh secret bytes from the operating system."""
    return CLOCK.get().random_bytes(count)
