"""The smallest input that breaks the same law in the same way, as far as a few hundred tries go.

Rule: only bytes are taken away, or put to zero; every try runs in a child of its own, since the
input may end it.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from simulations.fuzzing.target import Finding

TRIES_MAX: Final = 400

Still = Callable[[bytes], bool]
"""Whether these bytes do the same."""


def shrunk(finding: Finding, still: Still, seconds: float) -> Finding:
    """The finding with a smaller input, after so many seconds at most."""
    best, tries = finding.data, 0
    begun_s, improved = time.monotonic(), True
    while improved:
        improved = False
        for candidate in _smaller(best):
            tries += 1
            if tries > TRIES_MAX or time.monotonic() - begun_s > seconds:
                return finding._replace(data=best)
            if still(candidate):
                best, improved = candidate, True
                break
    return finding._replace(data=best)


def _smaller(data: bytes) -> Iterator[bytes]:
    """Without large parts first, then without small ones, then with zeros."""
    size = len(data) // 2
    while size:
        for at in range(0, len(data), size):
            yield data[:at] + data[at + size :]
        size //= 2
    for at in range(min(len(data), 64)):
        if data[at]:
            yield data[:at] + b"\0" + data[at + 1 :]
