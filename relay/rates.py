"""How fast somebody may ask: a bucket of tokens for each name, refilled as time goes by.

What is dearer than a whole bucket costs a whole bucket. What something cost may also be paid
afterwards, and is then waited out. A bucket that was not touched for longest is forgotten first,
so memory is bounded whatever names arrive.
"""

from collections import OrderedDict
from collections.abc import Hashable
from math import ceil
from typing import Final, NamedTuple

_NAMES_MAX: Final = 50_000


class Rate(NamedTuple):
    """Tokens that come back in a second, and how many a full bucket holds. 0: no limit."""

    per_second: float
    burst: float


class Rates:
    """Buckets of one kind."""

    def __init__(self, rate: Rate, names_max: int = _NAMES_MAX) -> None:
        self._rate = rate
        self._names_max = names_max
        self._buckets: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: Hashable, cost: float, now_ms: int) -> int:
        """Take so many tokens: 0 when there were as many, else milliseconds until there are.

        `now_ms` is of a clock that never goes back.
        """
        per_second, burst = self._rate
        if per_second <= 0:
            return 0
        level = self._level(name, now_ms)
        missing = min(cost, burst) - level
        if missing > 0:
            self._set(name, level, now_ms)
            return max(1, ceil(missing * 1000 / per_second))
        self._set(name, level - min(cost, burst), now_ms)
        return 0

    def spend(self, name: Hashable, cost: float, now_ms: int) -> None:
        """Pay for what was had already; the bucket may owe."""
        if self._rate.per_second > 0:
            self._set(name, self._level(name, now_ms) - cost, now_ms)

    def _level(self, name: Hashable, now_ms: int) -> float:
        per_second, burst = self._rate
        level, then_ms = self._buckets.get(name, (burst, now_ms))
        return min(burst, level + (now_ms - then_ms) * per_second / 1000)

    def _set(self, name: Hashable, level: float, now_ms: int) -> None:
        self._buckets[name] = (level, now_ms)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._names_max:
            self._buckets.popitem(last=False)
