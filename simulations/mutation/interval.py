"""How sure a share of a sample is: Wilson's score interval.

Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22 (1927), 209-212.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

Z_95: Final = 1.959964  # two sides of the normal distribution


def wilson_percent(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, in percent; of no trials, everything is possible."""
    if not trials:
        return 0.0, 100.0
    share, z2 = successes / trials, Z_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
