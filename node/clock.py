"""The one file that reads the wall clock and randomness; everything else is given values.

The clock is a claim, never an order: it labels what was recorded. Randomness makes keys, salts
and one-time secrets, so it comes from the operating system.
"""

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # of Linux, and so of Android


def now_ms() -> int:
    """Milliseconds since 1970 as this phone believes; never below zero."""
    return max(0, time.time_ns() // 1_000_000)


def day_of(time_ms: int) -> str:
    """The ISO day, in UTC, of a time in milliseconds since 1970."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "9999-12-31"


def monotonic_ms() -> float:
    """A clock for durations only: it never jumps, and its zero means nothing."""
    return time.perf_counter_ns() / 1_000_000


def boot_ms() -> int:
    """Milliseconds since this device was started, time asleep included: nobody can set it.

    A system without such a clock gives one that may stand still while it sleeps.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def steady_ms() -> int:
    """Milliseconds since 1970, at least as many more as have passed since this process began.

    For how old something is: a wall clock that is set back makes nothing younger while the process
    lives. Across a restart only the wall clock is left.
    """
    return max(now_ms(), _STARTED_AT_MS + boot_ms() - _STARTED_BOOT_MS)


def boot_name() -> str:
    """What the system calls its present start, another after each; "" where it has no name."""
    try:
        return _BOOT_ID.read_text("ascii").strip()[:64]
    except (OSError, ValueError):
        return ""


def random_bytes(count: int) -> bytes:
    """Fresh secret bytes from the operating system."""
    return secrets.token_bytes(count)


_STARTED_AT_MS = now_ms()
_STARTED_BOOT_MS = boot_ms()
