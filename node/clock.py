"""The one file that reads the wall clock and randomness; everything else is given values.

The clock is a claim, never an order: it labels what was recorded. Randomness makes keys, salts
and one-time secrets, so it comes from the operating system.
"""

import secrets
import time


def now_ms() -> int:
    """Milliseconds since 1970 as this phone believes; never below zero."""
    return max(0, time.time_ns() // 1_000_000)


def monotonic_ms() -> float:
    """A clock for durations only: it never jumps, and its zero means nothing."""
    return time.perf_counter_ns() / 1_000_000


def random_bytes(count: int) -> bytes:
    """Fresh secret bytes from the operating system."""
    return secrets.token_bytes(count)
