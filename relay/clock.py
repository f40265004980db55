"""The one file of the relay that reads the clock and randomness; everything else is given values.

The clock labels what came in and paces the limits; it never orders and never decides what is true.
"""

import secrets
import time


def now_ms() -> int:
    """Milliseconds since 1970 as this machine believes; never below zero."""
    return max(0, time.time_ns() // 1_000_000)


def monotonic_ms() -> int:
    """A clock for durations only, in milliseconds: it never jumps, and its zero means nothing."""
    return time.monotonic_ns() // 1_000_000


def random_bytes(count: int) -> bytes:
    """Fresh secret bytes from the operating system."""
    return secrets.token_bytes(count)
